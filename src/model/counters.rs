//! Direct counters: an adaptive probability for each node of a slot.
//!
//! A counter has sixteen bits: a probability in 1/2^12, counted from one half, and in
//! the low four bits a count, which sets the rate. Both are too coarse for slow rates,
//! so updates round stochastically, with a deterministic dither.
//!
//! Bit histories (`history`) tell what was seen lately, counters what was seen on the
//! whole. Contexts are handled sixteen at a time.
//!
//! Normative text: spec/codec.md §5.4.2.

use super::hash::GOLDEN;
use crate::arith::{Simd, Vector, math};

/// A probability of one half.
const HALF: i32 = 1 << 15;
/// The share of the error by which a counter moves, by its count.
pub static RATE_OF: [f32; 16] = [
    0.666_666_7,
    0.4,
    0.285_714_3,
    0.222_222_22,
    0.181_818_18,
    0.153_846_15,
    0.133_333_33,
    0.117_647_06,
    0.095_238_1,
    0.08,
    0.064_516_13,
    0.051_282_05,
    0.040_816_33,
    0.031_746_03,
    0.024_096_386,
    0.018_018_018,
];
/// Chance that a bit raises the count.
pub static RAISE: [f32; 16] =
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.332, 0.25, 0.2, 0.145, 0.1, 0.07, 0.0];

/// Counters of sixteen contexts.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(Hash))]
pub struct Counters {
    /// Counters looked up for the current bit, plus `HALF`.
    cells: [i32; 16],
    /// The dither of each lane: uniform bits.
    dither: [i32; 16],
}

impl Default for Counters {
    fn default() -> Counters {
        let dither = core::array::from_fn(|lane| GOLDEN.wrapping_mul(lane as u32 + 1) as i32);
        Counters { cells: [HALF; 16], dither }
    }
}

impl Counters {
    /// Looks up the counters `cells` of sixteen contexts; writes what they predict, in
    /// the logistic domain.
    #[inline(always)]
    pub fn predict<S: Simd>(&mut self, simd: S, cells: &[i16; 16], to: &mut Vector) {
        self.cells = cells.map(|cell| cell as i32 + HALF);
        let p = simd.to_float(simd.shr::<4>(simd.load_i(&self.cells)));
        let p = simd.mul(simd.add(p, simd.splat(0.5)), simd.splat(1.0 / 4096.0));
        simd.store(&mut to.0, math::stretch(simd, p));
    }

    /// Returns the counters after `bit`.
    #[inline(always)]
    pub fn update<S: Simd>(&mut self, simd: S, bit: u32) -> [i16; 16] {
        let cells = simd.load_i(&self.cells);
        let count = simd.and_i(cells, simd.splat_i(15));
        let p = simd.to_float(simd.shr::<4>(cells));
        let dither = simd.load_i(&self.dither);
        let fraction = |bits| simd.mul(simd.to_float(bits), simd.splat(1.0 / 256.0));
        let high = fraction(simd.shr::<24>(dither));
        let low = fraction(simd.and_i(simd.shr::<16>(dither), simd.splat_i(255)));
        let next = simd.add_i(dither, simd.splat_i(GOLDEN.wrapping_mul(16) as i32));
        simd.store_i(&mut self.dither, next);
        let target = simd.splat(bit as f32 * 4096.0 - 0.5);
        let step = simd.mul(simd.sub(target, p), simd.lookup(&RATE_OF, count));
        let p = simd.add(simd.add(p, step), high);
        let p = simd.truncate(simd.min(simd.max(p, simd.splat(0.0)), simd.splat(4095.0)));
        let raised = simd.add(simd.lookup(&RAISE, count), low);
        let count = simd.add_i(count, simd.truncate(raised));
        let mut packed = [0; 16];
        let cells = simd.or_i(simd.shl::<4>(p), count);
        simd.store_i(&mut packed, simd.sub_i(cells, simd.splat_i(HALF)));
        packed.map(|cell| cell as i16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::lanes::Scalar;

    fn after(bits: impl Iterator<Item = u32>) -> i16 {
        let mut counters = Counters::default();
        let (mut cell, mut vector) = ([0i16; 16], Vector::ZERO);
        for bit in bits {
            counters.predict(Scalar, &cell, &mut vector);
            cell = counters.update(Scalar, bit);
        }
        cell[3]
    }

    #[test]
    fn a_fresh_counter_is_zero_and_predicts_nothing() {
        let mut vector = Vector::ZERO;
        Counters::default().predict(Scalar, &[0i16; 16], &mut vector);
        assert!(vector.0.iter().all(|x| x.abs() < 0.001));
    }

    #[test]
    fn rounding_does_not_stop_a_slow_counter_short_of_its_goal() {
        let share = |p: i16| ((p >> 4) as f32 + 2048.5) / 4096.0;
        let rare = share(after((0..4000).map(|i| (i % 50 == 0) as u32)));
        assert!((0.008..0.045).contains(&rare), "{rare}");
        assert!(share(after((0..4000).map(|_| 1))) > 0.998);
    }
}
