//! Adaptive probabilities, looked up and moved sixteen at a time.
//!
//! Normative text: spec/codec.md §9.7.

use crate::arith::{Simd, math};

/// One, in the fixed point of the probabilities.
const ONE: f32 = 4_194_304.0;
/// Most uses that a cell counts.
const LIMIT: i32 = 255;

/// Cells of adaptive probabilities.
#[derive(Clone, Debug)]
pub struct Maps {
    /// `p · 2^22` in the high 22 bits and uses in the low 10.
    cells: Vec<u32>,
    /// The cells looked up last.
    found: [i32; 16],
}

impl Maps {
    /// Makes `count` cells of one half.
    pub fn new(count: usize) -> Maps {
        Maps { cells: vec![1 << 31; count], found: [i32::MIN; 16] }
    }

    /// Looks up the cells `at`, 16 at most. Returns what they predict, in the logistic
    /// domain; 0 in the lanes beyond.
    #[inline(always)]
    pub fn predict<S: Simd, const M: usize>(&mut self, simd: S, at: &[usize; M]) -> S::F {
        for lane in 0..M {
            self.found[lane] = self.cells[at[lane]] as i32;
        }
        let p = simd.to_float(simd.shr::<10>(simd.load_i(&self.found)));
        math::ln(simd, simd.div(p, simd.sub(simd.splat(ONE), p)))
    }

    /// Moves the cells `at`, which were looked up last, towards `bit` by `1 / (uses + 1.5)`
    /// of the difference.
    #[inline(always)]
    pub fn update<S: Simd, const M: usize>(&mut self, simd: S, at: &[usize; M], bit: u32) {
        let cells = simd.load_i(&self.found);
        let uses = simd.and_i(cells, simd.splat_i(1023));
        let p = simd.to_float(simd.shr::<10>(cells));
        let rate = simd.div(simd.splat(1.0), simd.add(simd.to_float(uses), simd.splat(1.5)));
        let target = simd.splat(bit as f32 * ONE);
        let p = simd.add(p, simd.mul(simd.sub(target, p), rate));
        let p = simd.min(simd.max(p, simd.splat(256.0)), simd.splat(ONE - 256.0));
        let uses = simd.min_i(simd.add_i(uses, simd.splat_i(1)), simd.splat_i(LIMIT));
        let mut new = [0; 16];
        simd.store_i(&mut new, simd.or_i(simd.shl::<10>(simd.truncate(p)), uses));
        for lane in 0..M {
            self.cells[at[lane]] = new[lane] as u32;
        }
    }
}
