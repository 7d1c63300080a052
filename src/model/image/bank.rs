//! Banks: sixteen adaptive probabilities, one from each of sixteen tables.
//!
//! A cell holds a probability in 1/2^22 and how often it was used. Zero is a cell that was
//! never used, so that tables start as zeroed memory.
//!
//! Normative text: spec/codec.md §8.6.1.

use crate::arith::{Simd, math};

/// What a cell is stored with: one half, never used.
const FRESH: i32 = i32::MIN;
/// One, in the fixed point of the probabilities.
const ONE: f32 = 4_194_304.0;
/// Uses of a cell, its low ten bits.
const USES: i32 = 1023;

/// The cells that sixteen tables selected for the current bit.
#[derive(Clone, Debug)]
pub struct Bank {
    /// Most uses that a cell counts.
    limit: i32,
    /// The cells, as numbers: probability and uses.
    cells: [i32; 16],
}

impl Bank {
    /// Makes a bank whose cells count uses up to `limit`.
    pub fn new(limit: i32) -> Bank {
        Bank { limit, cells: [FRESH; 16] }
    }

    /// Takes the cells `stored`; returns what they predict in the logistic domain, and
    /// their probabilities less one half.
    #[inline(always)]
    pub fn predict<S: Simd>(&mut self, simd: S, stored: &[i32; 16]) -> (S::F, S::F) {
        let cells = simd.add_i(simd.load_i(stored), simd.splat_i(FRESH));
        simd.store_i(&mut self.cells, cells);
        let p = simd.add(simd.to_float(simd.shr::<10>(cells)), simd.splat(0.5));
        let p = simd.mul(p, simd.splat(1.0 / ONE));
        (math::stretch(simd, p), simd.sub(p, simd.splat(0.5)))
    }

    /// Returns a number below 256 for each cell, made of its uses and its probability: what
    /// a cell of few uses predicts is learnt by it.
    #[inline(always)]
    pub fn classes<S: Simd>(&self, simd: S) -> [i32; 16] {
        let cells = simd.load_i(&self.cells);
        let uses = simd.to_float(simd.and_i(cells, simd.splat_i(USES)));
        let log = simd.shr::<22>(simd.bits(simd.add(uses, simd.splat(1.0))));
        let log = simd.min_i(simd.sub_i(log, simd.splat_i(254)), simd.splat_i(7));
        let mut classes = [0; 16];
        let p = simd.shr::<27>(cells);
        simd.store_i(&mut classes, simd.or_i(simd.shl::<5>(log), p));
        classes
    }

    /// Returns the cells after `bit`, as they are stored. A cell moves by
    /// `1 / (uses + 1.5)` of the difference.
    #[inline(always)]
    pub fn update<S: Simd>(&self, simd: S, bit: u32) -> [i32; 16] {
        let cells = simd.load_i(&self.cells);
        let uses = simd.and_i(cells, simd.splat_i(USES));
        let p = simd.to_float(simd.shr::<10>(cells));
        let rate = simd.div(simd.splat(1.0), simd.add(simd.to_float(uses), simd.splat(1.5)));
        let target = simd.splat(bit as f32 * ONE);
        let p = simd.add(p, simd.mul(simd.sub(target, p), rate));
        let p = simd.min(simd.max(p, simd.splat(64.0)), simd.splat(ONE - 64.0));
        let uses = simd.min_i(simd.add_i(uses, simd.splat_i(1)), simd.splat_i(self.limit));
        let packed = simd.or_i(simd.shl::<10>(simd.truncate(p)), uses);
        let mut stored = [0; 16];
        simd.store_i(&mut stored, simd.sub_i(packed, simd.splat_i(FRESH)));
        stored
    }
}
