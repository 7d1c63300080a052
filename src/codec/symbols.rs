//! The range code of the symbols of one group, with the engine's probabilities.
//!
//! Normative text: spec/codec.md §4 and §5.

#[cfg(test)]
mod tests;

use super::{CodecError, Partial};
use crate::arith::lanes::Scalar;
use crate::arith::{Isa, LaneKernel, Simd};
use crate::coder::{BitDecoder, BitEncoder};
use crate::model::{BitCoder, Model, Past, Predictor, Size, SizeKernel, Spelling};
use core::any::Any;
use core::marker::PhantomData;

/// The engine behind a group, whatever its size class and instruction set.
pub(super) struct Behind {
    /// An engine of the model's class and of `isa`.
    engine: Box<dyn Any + Send + Sync>,
    model: Model,
    isa: Isa,
    /// Symbols of its past.
    length: usize,
}

impl Behind {
    /// Symbols that were coded before, those of an earlier base included.
    pub fn length(&self) -> usize {
        self.length
    }
}

/// Where the coding of a group begins.
pub(super) enum Begin<'a> {
    /// With a fresh engine.
    Anew {
        /// Its model.
        model: Model,
        /// The bytes that symbols stand for.
        spelling: Spelling,
        /// Its instruction set.
        isa: Isa,
        /// For how many symbols it has tables; `None`: for those of the group.
        tables: Option<usize>,
    },
    /// With a copy of an engine that has coded another group.
    Behind(&'a Behind),
}

impl Begin<'_> {
    fn model(&self) -> Model {
        match self {
            Begin::Anew { model, .. } => *model,
            Begin::Behind(behind) => behind.model,
        }
    }

    fn isa(&self) -> Isa {
        match self {
            Begin::Anew { isa, .. } => *isa,
            Begin::Behind(behind) => behind.isa,
        }
    }

    /// The engine for the group of `past`. It is not inlined into the loops of symbols,
    /// and neither is what it calls.
    fn engine<S: Simd, E: Predictor<S>>(self, simd: S, past: Past) -> E {
        match self {
            Begin::Anew { model, spelling, tables, .. } => {
                let length = tables.unwrap_or(past.group_length());
                E::new(simd, model, spelling, past, length)
            }
            Begin::Behind(behind) => {
                let engine = behind.engine.downcast_ref::<E>();
                let mut engine =
                    engine.expect("the engine has the class and the set of its state").clone();
                engine.follow(past);
                engine
            }
        }
    }
}

/// The state of `engine`, which has ended a symbol and runs on `isa`.
fn state<S: Simd>(engine: impl Predictor<S>, model: Model, isa: Isa) -> Behind {
    let length = engine.past().len();
    Behind { engine: Box::new(engine), model, isa, length }
}

/// A group that was coded.
pub(super) struct Coded {
    /// The range code.
    pub code: Vec<u8>,
    /// The symbols.
    pub symbols: Vec<u8>,
    /// The engine behind them, if it was to be kept.
    pub behind: Option<Behind>,
}

/// Codes all `symbols`; `spelling` tells the bytes they stand for. Returns the code and
/// the symbols, which the engine took for its past.
pub(super) fn encode(
    symbols: Vec<u8>,
    model: Model,
    spelling: Spelling,
    isa: Isa,
) -> (Vec<u8>, Vec<u8>) {
    let begin = Begin::Anew { model, spelling, isa, tables: None };
    let coded = encode_from(symbols, begin, false);
    (coded.code, coded.symbols)
}

/// Codes all `symbols` from `begin` on.
pub(super) fn encode_from(symbols: Vec<u8>, begin: Begin, keep: bool) -> Coded {
    let (class, isa) = (begin.model().class, begin.isa());
    class.run(Compiled(Encode { symbols, begin, keep }, isa))
}

/// Decodes symbols, `length` in all, until they stand for `wanted` bytes. If the engine
/// behind them is to be kept, `wanted` is all bytes of the group. The fault is
/// [`CodecError::Damaged`] if the code ends before the symbols do, or after. The engine is
/// returned if all symbols were decoded, even if bytes are left over.
pub(super) fn decode_from(
    code: &[u8],
    begin: Begin,
    length: usize,
    wanted: usize,
    keep: bool,
) -> (Partial, Option<Behind>) {
    let (class, isa) = (begin.model().class, begin.isa());
    class.run(Compiled(Decode { code, begin, length, wanted, keep }, isa))
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
        let isa = self.1.for_lanes(<C::Engine<Scalar> as Predictor<Scalar>>::LANES);
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

struct Encode<'a> {
    symbols: Vec<u8>,
    begin: Begin<'a>,
    keep: bool,
}

impl Direction for Encode<'_> {
    type Output = Coded;

    #[inline(always)]
    fn run<S: Simd, C: Size>(self, simd: S) -> Self::Output {
        let (model, isa) = (self.begin.model(), self.begin.isa());
        let mut engine: C::Engine<S> = self.begin.engine(simd, Past::of(self.symbols));
        let mut coder = BitEncoder::default();
        while let Some(byte) = engine.past().next() {
            if let Some((expected, probability)) = engine.begin_symbol() {
                coder.encode((byte == expected) as u32, probability);
                if byte == expected {
                    engine.accept(byte);
                    #[cfg(test)]
                    tests::after_symbol(&engine);
                    continue;
                }
            }
            engine.code(&mut Bits { coder: &mut coder, rest: byte });
            #[cfg(test)]
            tests::after_symbol(&engine);
        }
        let code = coder.finish();
        if self.keep {
            let symbols = engine.past().group().to_vec();
            return Coded { code, symbols, behind: Some(state(engine, model, isa)) };
        }
        Coded { code, symbols: engine.into_group(), behind: None }
    }
}

/// Codes the bits of a symbol that is known, highest first.
struct Bits<'a> {
    coder: &'a mut BitEncoder,
    /// The bits that are left, from the highest on.
    rest: u8,
}

impl BitCoder for Bits<'_> {
    #[inline(always)]
    fn code(&mut self, p: u32) -> u32 {
        let bit = (self.rest >> 7) as u32;
        self.rest <<= 1;
        self.coder.encode(bit, p);
        bit
    }
}

impl BitCoder for BitDecoder<'_> {
    #[inline(always)]
    fn code(&mut self, p: u32) -> u32 {
        self.decode(p)
    }
}

struct Decode<'a> {
    code: &'a [u8],
    begin: Begin<'a>,
    length: usize,
    wanted: usize,
    keep: bool,
}

impl Direction for Decode<'_> {
    type Output = (Partial, Option<Behind>);

    #[inline(always)]
    fn run<S: Simd, C: Size>(self, simd: S) -> Self::Output {
        let (model, isa) = (self.begin.model(), self.begin.isa());
        let mut engine: C::Engine<S> = self.begin.engine(simd, Past::unknown(self.length));
        let mut coder = BitDecoder::new(self.code);
        let offset = self.code.len() as u64;
        let damaged = |cause| Some(CodecError::Damaged { codec: "pear", offset, cause });
        let (mut symbols, mut bytes, mut fault) = (0, 0, None);
        // If the engine is kept, symbols for more bytes than there are end it too.
        let enough = self.wanted + self.keep as usize;
        while symbols < self.length && bytes < enough {
            match engine.begin_symbol() {
                Some((expected, probability)) if coder.decode(probability) == 1 => {
                    engine.accept(expected);
                }
                _ => engine.code(&mut coder),
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
        let decoded = fault.is_none() && symbols == self.length;
        if decoded && self.length > 0 && ahead != 0 && ahead != 3 {
            fault = damaged("bytes missing or left over after the last symbol");
        }
        if self.keep && decoded {
            let raw = engine.past().group().to_vec();
            return (Partial { raw, fault }, Some(state(engine, model, isa)));
        }
        (Partial { raw: engine.into_group(), fault }, None)
    }
}
