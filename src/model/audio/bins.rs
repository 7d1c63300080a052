//! The bits of a sample: on which side of the prediction it is, in which bin, and where in
//! the bin.
//!
//! Normative text: spec/codec.md §9.6.

use super::Bits;
use super::decision::{Around, Decision};
use super::shapes::{Errors, MATCHED, MEDIUM, PREDICTIONS, Shapes, centres};
use crate::arith::Simd;

/// Bins that are one unit wide. Behind them the width doubles with every third bin.
const NARROW: u32 = 6;
/// Behind so many bins there is none: no sample is that far away.
const BINS: u32 = 120;
/// Bits within a bin that are mixed, the highest ones. The others are as likely as not.
const MIXED: u32 = 3;
/// The unit is the mean error times this, rounded down to a power of two.
const UNIT: f32 = 0.6;
/// First node of the bins, and of the bits within them.
const BIN_NODE: usize = 1;
/// See [`BIN_NODE`].
const INSIDE_NODE: usize = 24;
/// Rounds to the nearest integer when it is added and taken away.
const MAGIC: f64 = 6_755_399_441_055_744.0;

/// What a sample is coded with.
pub struct Coding<'a, S, B> {
    /// The instruction set.
    pub simd: S,
    /// Where the bits go, or come from.
    pub bits: &'a mut B,
    /// What says how likely they are.
    pub decision: &'a mut Decision,
}

/// Where the sample and the match are, as distances on one side.
#[derive(Clone, Copy)]
struct Wanted {
    distance: i64,
    /// The distance of the match, if it is on this side.
    matched: Option<i64>,
}

impl Wanted {
    /// The bit that says whether the distance is `at` or more, and the one that is expected.
    #[inline(always)]
    fn reaches(&self, at: i64) -> (u32, usize) {
        let expected = self.matched.map_or(0, |matched| 1 + (matched >= at) as usize);
        ((self.distance >= at) as u32, expected)
    }
}

/// A bin: its first distance, log2 of its width, and its number.
#[derive(Clone, Copy)]
struct Bin {
    from: i64,
    log2: u32,
    number: u32,
}

impl<S: Simd, B: Bits> Coding<'_, S, B> {
    /// Codes `sample`, which lies in `range`, and learns it. Returns what was coded.
    #[inline(always)]
    pub fn sample(
        &mut self,
        predictions: &[f64; PREDICTIONS],
        errors: &mut Errors,
        around: &Around,
        range: (i64, i64),
        sample: i64,
    ) -> i64 {
        let simd = self.simd;
        let origin = (predictions[0] + MAGIC - MAGIC) as i64;
        let centres = centres(predictions, origin);
        let unit = (errors.means.0[MEDIUM] * UNIT).to_bits() >> 23;
        let unit = (unit as i32 - 127).clamp(0, 30) as u32;
        let is_matched = around.matched > 0;
        self.decision.begin(unit, &centres, errors, around);
        let mut shapes = Shapes::new(simd, &centres, errors, is_matched);
        let target = sample.wrapping_sub(origin);
        let matched = is_matched.then(|| predictions[MATCHED] as i64 - origin);
        let side = Wanted { distance: target, matched };
        let (bit, expected) = side.reaches(0);
        let share = shapes.beyond(simd, -0.5);
        let above = self.decision.bit(simd, self.bits, (0, expected), share, bit) == 1;
        shapes.on_side(simd, above);
        let on_side = |target: i64| if above { target } else { !target };
        let matched = matched.map(on_side).filter(|&matched| matched >= 0);
        let wanted = Wanted { distance: on_side(target), matched };
        let coded = on_side(self.distance(&shapes, unit, wanted));
        let sample = origin.wrapping_add(coded).clamp(range.0, range.1);
        errors.learn(simd, &centres, sample - origin, is_matched);
        sample
    }

    /// Codes a distance: the bin, one bit for each that is passed, and the place in it.
    #[inline(always)]
    fn distance(&mut self, shapes: &Shapes<S>, unit: u32, wanted: Wanted) -> i64 {
        let simd = self.simd;
        let mut bin = Bin { from: 0, log2: unit, number: 0 };
        let mut beyond = shapes.beyond(simd, 0.0);
        while bin.number < BINS {
            let end = bin.from + (1i64 << bin.log2);
            let next = shapes.beyond(simd, end as f32);
            let share = simd.div(next, beyond);
            let node = BIN_NODE + bin.number.min(22) as usize;
            let (bit, expected) = wanted.reaches(end);
            if self.decision.bit(simd, self.bits, (node, expected), share, bit) == 0 {
                return self.inside(shapes, bin, (beyond, next), wanted);
            }
            (bin.from, beyond) = (end, next);
            bin.number += 1;
            if bin.number >= NARROW && bin.number.is_multiple_of(3) && bin.log2 < 40 {
                bin.log2 += 1;
            }
        }
        0
    }

    /// Codes the place in a bin, the highest bit first. `above` and `below` are the shares
    /// beyond the beginning and the end of what is left.
    #[inline(always)]
    fn inside(
        &mut self,
        shapes: &Shapes<S>,
        bin: Bin,
        (mut above, mut below): (S::F, S::F),
        wanted: Wanted,
    ) -> i64 {
        let simd = self.simd;
        let first = INSIDE_NODE + 4 * bin.number.min(9) as usize;
        let (mut from, mut node) = (bin.from, first);
        for depth in 0..bin.log2 {
            let middle = from + (1i64 << (bin.log2 - 1 - depth));
            let (bit, expected) = wanted.reaches(middle);
            let up = if depth < MIXED {
                let half = shapes.beyond(simd, middle as f32);
                let all = simd.add(simd.sub(above, below), simd.splat(1e-12));
                let share = simd.div(simd.sub(half, below), all);
                let up = self.decision.bit(simd, self.bits, (node, expected), share, bit);
                (above, below) = if up == 1 { (half, below) } else { (above, half) };
                node = if depth == 0 { first + 1 + up as usize } else { first + 3 };
                up
            } else {
                self.bits.code(1 << 15, bit)
            };
            if up == 1 {
                from = middle;
            }
        }
        from
    }
}
