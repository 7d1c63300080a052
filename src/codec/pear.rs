//! Codec `pear`: predictor and range coder over one group.
//!
//! Normative text: spec/codec.md §5.

use super::CodecError;
use crate::arith::{Isa, LaneKernel, Simd};
use crate::coder::{Decoder, Encoder};
use crate::model::{Class, Engine, Model, Past, Spelling};

/// Runs `$run!` with the engine constants of a class:
/// contexts, vectors of inputs, selectors, network vectors, match models, contexts
/// with counters, deep.
macro_rules! with_class {
    ($class:expr, $run:ident) => {
        match $class {
            Class::Fast => $run!(8, 1, 7, 1, 1, 0, false),
            Class::Standard => $run!(16, 2, 12, 2, 2, 0, false),
            Class::Thorough => $run!(24, 2, 12, 2, 2, 0, false),
            Class::Strong => $run!(24, 3, 12, 2, 2, 16, false),
            Class::Best => $run!(56, 7, 12, 2, 3, 48, true),
        }
    };
}

/// Codes all `symbols`, which `spelling` explains. Gives the payload and hands
/// the symbols back: the engine took them for its past.
pub(super) fn encode(
    symbols: Vec<u8>,
    model: Model,
    spelling: Spelling,
    isa: Isa,
) -> (Vec<u8>, Vec<u8>) {
    macro_rules! run {
        ($n:expr, $w:expr, $k:expr, $b:expr, $m:expr, $c:expr, $deep:expr) => {
            isa.for_lanes($n).run_lanes(Encode::<$n, $w, $k, $b, $m, $c, $deep> {
                symbols,
                model,
                spelling,
            })
        };
    }
    with_class!(model.class, run)
}

/// Decodes symbols, `length` in all, until they stand for `wanted` bytes.
///
/// # Errors
/// [`CodecError::Damaged`] when the payload ends before the bytes do.
pub(super) fn decode(
    payload: &[u8],
    model: Model,
    spelling: Spelling,
    isa: Isa,
    length: usize,
    wanted: usize,
) -> Result<Vec<u8>, CodecError> {
    macro_rules! run {
        ($n:expr, $w:expr, $k:expr, $b:expr, $m:expr, $c:expr, $deep:expr) => {
            isa.for_lanes($n).run_lanes(Decode::<$n, $w, $k, $b, $m, $c, $deep> {
                payload,
                model,
                spelling,
                length,
                wanted,
            })
        };
    }
    with_class!(model.class, run)
}

struct Encode<
    const N: usize,
    const W: usize,
    const K: usize,
    const B: usize,
    const M: usize,
    const C: usize,
    const DEEP: bool,
> {
    symbols: Vec<u8>,
    model: Model,
    spelling: Spelling,
}

impl<
    const N: usize,
    const W: usize,
    const K: usize,
    const B: usize,
    const M: usize,
    const C: usize,
    const DEEP: bool,
> LaneKernel for Encode<N, W, K, B, M, C, DEEP>
{
    type Output = (Vec<u8>, Vec<u8>);

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let past = Past::of(self.symbols);
        let mut engine =
            Engine::<S, N, W, K, B, M, C, DEEP>::new(simd, self.model, self.spelling, past);
        let mut coder = Encoder::default();
        while let Some(byte) = engine.next_symbol() {
            if let Some((expected, probability)) = engine.begin_symbol() {
                coder.encode((byte == expected) as u32, probability);
                if byte == expected {
                    engine.accept(byte);
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
        }
        (coder.finish(), engine.into_past())
    }
}

struct Decode<
    'a,
    const N: usize,
    const W: usize,
    const K: usize,
    const B: usize,
    const M: usize,
    const C: usize,
    const DEEP: bool,
> {
    payload: &'a [u8],
    model: Model,
    spelling: Spelling,
    length: usize,
    wanted: usize,
}

impl<
    const N: usize,
    const W: usize,
    const K: usize,
    const B: usize,
    const M: usize,
    const C: usize,
    const DEEP: bool,
> LaneKernel for Decode<'_, N, W, K, B, M, C, DEEP>
{
    type Output = Result<Vec<u8>, CodecError>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let past = Past::unknown(self.length);
        let mut engine =
            Engine::<S, N, W, K, B, M, C, DEEP>::new(simd, self.model, self.spelling, past);
        let mut coder = Decoder::new(self.payload);
        let offset = self.payload.len() as u64;
        let damaged = |cause| Err(CodecError::Damaged { codec: "pear", offset, cause });
        let (mut symbols, mut bytes) = (0, 0);
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
            symbols += 1;
            bytes += engine.last_length();
            // Four bytes are read ahead; anything more was never written.
            if coder.position() > self.payload.len() + 4 {
                return damaged("cut short");
            }
        }
        // The end is written as one byte or as four, and read as four.
        let ahead = coder.position().wrapping_sub(self.payload.len());
        if symbols == self.length && self.length > 0 && ahead != 0 && ahead != 3 {
            return damaged("its end is not where its symbols end");
        }
        Ok(engine.into_past())
    }
}
