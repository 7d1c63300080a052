//! The range code of the symbols of one group, with the engine's probabilities.
//!
//! Normative text: spec/codec.md §4 and §5.

#[cfg(test)]
mod tests;

use super::{CodecError, Partial};
use crate::arith::{Isa, LaneKernel, Simd};
use crate::coder::{BitDecoder, BitEncoder};
use crate::model::{Engine, Model, Past, Size, SizeKernel, Spelling};
use core::marker::PhantomData;

/// Codes all `symbols`; `spelling` tells the bytes they stand for. Returns the code and
/// the symbols, which the engine took for its past.
pub(super) fn encode(
    symbols: Vec<u8>,
    model: Model,
    spelling: Spelling,
    isa: Isa,
) -> (Vec<u8>, Vec<u8>) {
    model.class.run(Compiled(Encode { symbols, model, spelling }, isa))
}

/// Decodes symbols, `length` in all, until they stand for `wanted` bytes. The
/// fault is [`CodecError::Damaged`] if the code ends before the symbols do, or after.
pub(super) fn decode(
    code: &[u8],
    model: Model,
    spelling: Spelling,
    isa: Isa,
    length: usize,
    wanted: usize,
) -> Partial {
    model.class.run(Compiled(Decode { code, model, spelling, length, wanted }, isa))
}

/// A direction of coding.
trait Direction {
    type Output;
    /// Codes with an engine of one size class. Implementations are `#[inline(always)]`.
    fn run<S: Simd, C: Size>(self, simd: S) -> Self::Output;
}

/// A direction, compiled for every size class and instruction set.
struct Compiled<D>(D, Isa);

impl<D: Direction> SizeKernel for Compiled<D> {
    type Output = D::Output;

    fn run<C: Size>(self) -> D::Output {
        let isa = self.1.for_lanes(C::SIZE.contexts);
        isa.run_lanes(SizedRun::<D, C>(self.0, PhantomData))
    }
}

/// A direction for one size class.
struct SizedRun<D, C>(D, PhantomData<C>);

impl<D: Direction, C: Size> LaneKernel for SizedRun<D, C> {
    type Output = D::Output;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> D::Output {
        self.0.run::<S, C>(simd)
    }
}

struct Encode {
    symbols: Vec<u8>,
    model: Model,
    spelling: Spelling,
}

impl Direction for Encode {
    type Output = (Vec<u8>, Vec<u8>);

    #[inline(always)]
    fn run<S: Simd, C: Size>(self, simd: S) -> Self::Output {
        let past = Past::of(self.symbols);
        let mut engine = Engine::<S, C>::new(simd, self.model, self.spelling, past);
        let mut coder = BitEncoder::default();
        while let Some(byte) = engine.next_symbol() {
            if let Some((expected, probability)) = engine.begin_symbol() {
                coder.encode((byte == expected) as u32, probability);
                if byte == expected {
                    engine.accept(byte);
                    #[cfg(test)]
                    tests::after_symbol(&engine);
                    continue;
                }
            }
            engine.prepare();
            for shift in (0..8).rev() {
                let bit = (byte >> shift & 1) as u32;
                coder.encode(bit, engine.predict());
                engine.update(bit);
            }
            engine.end_symbol();
            #[cfg(test)]
            tests::after_symbol(&engine);
        }
        (coder.finish(), engine.into_past())
    }
}

struct Decode<'a> {
    code: &'a [u8],
    model: Model,
    spelling: Spelling,
    length: usize,
    wanted: usize,
}

impl Direction for Decode<'_> {
    type Output = Partial;

    #[inline(always)]
    fn run<S: Simd, C: Size>(self, simd: S) -> Self::Output {
        let past = Past::unknown(self.length);
        let mut engine = Engine::<S, C>::new(simd, self.model, self.spelling, past);
        let mut coder = BitDecoder::new(self.code);
        let offset = self.code.len() as u64;
        let damaged = |cause| Some(CodecError::Damaged { codec: "pear", offset, cause });
        let (mut symbols, mut bytes, mut fault) = (0, 0, None);
        while symbols < self.length && bytes < self.wanted {
            match engine.begin_symbol() {
                Some((expected, probability)) if coder.decode(probability) == 1 => {
                    engine.accept(expected);
                }
                _ => {
                    engine.prepare();
                    for _ in 0..8 {
                        let bit = coder.decode(engine.predict());
                        engine.update(bit);
                    }
                    engine.end_symbol();
                }
            }
            #[cfg(test)]
            tests::after_symbol(&engine);
            symbols += 1;
            bytes += engine.last_length();
            // Four bytes are read ahead; anything more was never written.
            if coder.position() > self.code.len() + 4 {
                fault = damaged("cut short");
                break;
            }
        }
        // The end is written as one byte or as four, and read as four.
        let ahead = coder.position().wrapping_sub(self.code.len());
        let decoded = fault.is_none() && symbols == self.length && self.length > 0;
        if decoded && ahead != 0 && ahead != 3 {
            fault = damaged("bytes missing or left over after the last symbol");
        }
        Partial { raw: engine.into_past(), fault }
    }
}
