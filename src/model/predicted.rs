//! Predicted symbols: whole symbols that match models and indirect contexts expect.
//!
//! A predicted symbol is an input of the mixer: how strongly it is expected, with the
//! sign of its next bit, and 0 once a bit has contradicted it. All are handled at once,
//! a lane each.
//!
//! Normative text: spec/codec.md §5.11.

use super::confidence::{self, CONFIDENCE_FIRST, CONFIDENCE_STRETCH};
use crate::arith::{Simd, Vector, math};

/// Sixteen integers.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(test, derive(Hash))]
#[repr(align(64))]
struct Integers([i32; 16]);

/// At most sixteen predicted symbols.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(Hash))]
pub struct PredictedSymbols {
    /// The symbol each lane predicts, behind a leading one; 0 for none.
    symbols: Integers,
    /// How strongly it is expected; 0 once a bit has contradicted it.
    strengths: Vector,
    /// −1 if an indirect context was followed by the symbol twice in succession, else 0.
    repeated: Integers,
    /// Probability that the next bit of an indirect context's symbol is right, and the
    /// same in the logistic domain: `[not repeated, repeated]`.
    confidence: [Vector; 2],
    stretched: [Vector; 2],
}

impl Default for PredictedSymbols {
    fn default() -> PredictedSymbols {
        PredictedSymbols {
            symbols: Integers::default(),
            strengths: Vector::ZERO,
            repeated: Integers::default(),
            confidence: [Vector([CONFIDENCE_FIRST; 16]); 2],
            stretched: [Vector([CONFIDENCE_STRETCH; 16]); 2],
        }
    }
}

impl PredictedSymbols {
    /// Sets a lane to `symbol`, behind a leading one, or 0 for none, and how strongly it is
    /// expected, in the logistic domain.
    #[inline(always)]
    pub fn set(&mut self, lane: usize, symbol: u32, strength: f32) {
        self.symbols.0[lane] = symbol as i32;
        self.strengths.0[lane] = if symbol > 0 { strength } else { 0.0 };
    }

    /// Sets the lanes from `first` on to the symbols that followed the indirect contexts
    /// last: a history has that symbol in the low byte, the one before in the high byte.
    #[inline(always)]
    pub fn set_indirect(&mut self, first: usize, histories: impl Iterator<Item = u16>) {
        for (k, last_two) in histories.enumerate() {
            let lane = first + k;
            let (last, before) = (last_two & 255, last_two >> 8);
            let repeated = last == before;
            self.repeated.0[lane] = -(repeated as i32);
            self.set(lane, 256 | last as u32, self.stretched[repeated as usize].0[lane]);
        }
    }

    /// Returns the symbol that a lane predicts, and how strongly it is expected.
    #[inline(always)]
    pub fn of_lane(&self, lane: usize) -> (usize, f32) {
        (self.symbols.0[lane] as usize, self.strengths.0[lane])
    }

    /// Returns the inputs for bit `bit_index` of the symbol.
    #[inline(always)]
    pub fn predict<S: Simd>(&self, simd: S, bit_index: u32) -> S::F {
        let bits = self.expected(simd, bit_index);
        let signs = simd.to_float(simd.sub_i(simd.add_i(bits, bits), simd.splat_i(1)));
        simd.mul(simd.load(&self.strengths.0), signs)
    }

    /// Takes in bit `bit_index`: predictions that it contradicts become 0 until the next
    /// symbol.
    #[inline(always)]
    pub fn update<S: Simd>(&mut self, simd: S, bit_index: u32, bit: u32) {
        let one = simd.splat_i(1);
        let differs = simd.sub_i(self.expected(simd, bit_index), simd.splat_i(bit as i32));
        let kept = simd.sub_i(simd.and_i(differs, one), one);
        let strengths = simd.bits(simd.load(&self.strengths.0));
        simd.store(&mut self.strengths.0, simd.with_bits(simd.and_i(strengths, kept)));
    }

    /// Bit `bit_index` of each predicted symbol.
    #[inline(always)]
    fn expected<S: Simd>(&self, simd: S, bit_index: u32) -> S::I {
        simd.and_i(simd.shr_by(simd.load_i(&self.symbols.0), 7 - bit_index), simd.splat_i(1))
    }

    /// Takes in the symbol: confidence in the predictions of `set_indirect` learns.
    #[inline(always)]
    pub fn learn<S: Simd>(&mut self, simd: S, symbol: u8) {
        let (predicted, came) = (simd.load_i(&self.symbols.0), simd.splat_i(256 | symbol as i32));
        let differ = simd.sub_i(simd.or_i(predicted, came), simd.and_i(predicted, came));
        // The exponent of 2 d + 1 counts the bits from the first that differs on.
        let odd = simd.add_i(simd.add_i(differ, differ), simd.splat_i(1));
        let exponent = simd.shr::<23>(simd.bits(simd.to_float(odd)));
        let right = simd.to_float(simd.sub_i(simd.splat_i(127 + 8), exponent));
        let wrong = simd.to_float(simd.min_i(differ, simd.splat_i(1)));
        let repeated = simd.load_i(&self.repeated.0);
        let once = simd.sub_i(simd.splat_i(-1), repeated);
        let [was_once, was_twice] = &self.confidence;
        let p = pick(simd, (simd.load(&was_once.0), once), (simd.load(&was_twice.0), repeated));
        let p = confidence::moved(simd, p, right, wrong);
        let x = math::stretch(simd, p);
        for (k, new, old) in [(0, once, repeated), (1, repeated, once)] {
            let confidence = pick(simd, (p, new), (simd.load(&self.confidence[k].0), old));
            simd.store(&mut self.confidence[k].0, confidence);
            let stretched = pick(simd, (x, new), (simd.load(&self.stretched[k].0), old));
            simd.store(&mut self.stretched[k].0, stretched);
        }
    }
}

/// In each lane the one of `a` and `b` whose mask is −1; the other's mask is 0.
#[inline(always)]
fn pick<S: Simd>(simd: S, a: (S::F, S::I), b: (S::F, S::I)) -> S::F {
    let (a, b) = (simd.and_i(simd.bits(a.0), a.1), simd.and_i(simd.bits(b.0), b.1));
    simd.with_bits(simd.or_i(a, b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::lanes::Scalar;
    use crate::model::confidence::CONFIDENCE_RATE;

    /// Inputs of lane 3 for the bits of `symbol`, after the history `last_two`.
    fn inputs(predicted: &mut PredictedSymbols, last_two: u16, symbol: u8) -> [f32; 8] {
        predicted.set_indirect(3, [last_two].into_iter());
        core::array::from_fn(|index| {
            let input = predicted.predict(Scalar, index as u32)[3];
            predicted.update(Scalar, index as u32, (symbol >> (7 - index) & 1) as u32);
            input
        })
    }

    #[test]
    fn a_predicted_symbol_is_an_input_until_a_bit_contradicts_it() {
        let mut predicted = PredictedSymbols::default();
        let signs = inputs(&mut predicted, 0x00A5, 0xA7).map(|x| x / CONFIDENCE_STRETCH);
        assert_eq!(signs, [1.0, -1.0, 1.0, -1.0, -1.0, 1.0, -1.0, 0.0]);
    }

    #[test]
    fn confidence_is_learnt_separately_for_repeated_symbols() {
        let mut predicted = PredictedSymbols::default();
        for _ in 0..200 {
            predicted.set_indirect(3, [0x4141].into_iter());
            predicted.learn(Scalar, 0x41);
            predicted.set_indirect(3, [0x0041].into_iter());
            predicted.learn(Scalar, 0xC1);
        }
        assert!(inputs(&mut predicted, 0x4141, 0)[1] > 5.0);
        assert!(inputs(&mut predicted, 0x0041, 0)[1] < -1.0);
        assert_eq!(inputs(&mut predicted, 0x0041, 0)[2], 0.0);
    }

    #[test]
    fn each_right_bit_before_the_first_wrong_one_counts_for_a_predicted_symbol() {
        for (symbol, right, wrong) in [(0x41, 8.0, 0.0), (0x40, 7.0, 1.0), (0xC1, 0.0, 1.0)] {
            let mut predicted = PredictedSymbols::default();
            predicted.set_indirect(0, [0x0041].into_iter());
            predicted.learn(Scalar, symbol);
            let p = CONFIDENCE_FIRST + (1.0 - CONFIDENCE_FIRST) * (right * CONFIDENCE_RATE);
            assert_eq!(
                predicted.confidence[0].0[0],
                p - p * wrong * CONFIDENCE_RATE,
                "{symbol:#x}"
            );
            assert_eq!(predicted.confidence[1].0[0], CONFIDENCE_FIRST);
        }
    }

    #[test]
    fn no_predicted_symbol_is_no_input() {
        let mut predicted = PredictedSymbols::default();
        predicted.set(0, 0, 5.0);
        predicted.set(1, 256 | 0x80, 5.0);
        let inputs = predicted.predict(Scalar, 0);
        assert_eq!(inputs[..2], [0.0, 5.0]);
    }
}
