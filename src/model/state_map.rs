//! StateMaps: the probability of a one after each bit history, learnt for each context.
//!
//! A cell holds a probability in 1/2^22, how often it was used, and the probability in
//! the logistic domain, kept up to date so that predicting is a look-up. Contexts are
//! handled sixteen at a time.
//!
//! Normative text: spec/codec.md §5.4.1.

use super::history;
use crate::arith::{Simd, math};

/// The first cell of each context.
static FIRST: [i32; 16] = {
    let mut first = [0; 16];
    let mut context = 0;
    while context < 16 {
        first[context] = 256 * context as i32;
        context += 1;
    }
    first
};
/// Most uses that a cell counts: its rate falls to 1/1021.5.
pub const STATE_MAP_LIMIT: i32 = 1020;
/// One, in the fixed point of the probabilities.
const ONE: f32 = 4_194_304.0;

/// StateMaps of at most sixteen contexts.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(Hash))]
pub struct StateMaps {
    /// `[16 contexts, 256 states, 2]`: the bits of `ln(p / (1 − p))`; then `p · 2^22`
    /// in the high 22 bits and uses in the low 10.
    table: Box<[i32; 8192]>,
    /// Cells looked up for the current bit: their numbers, and what they hold.
    index: [i32; 16],
    cells: [i32; 16],
}

impl StateMaps {
    /// Makes StateMaps with the prior of each state.
    pub fn new<S: Simd>(simd: S) -> StateMaps {
        let mut table = Box::new([0; 8192]);
        for state in 0..history::COUNT {
            let prior = history::prior(state as u8);
            let p = simd.splat(prior as f32 / 65536.0);
            let stretch = simd.first(math::stretch(simd, p));
            for context in 0..16 {
                let at = 512 * context + 2 * state;
                table[at] = stretch.to_bits() as i32;
                table[at + 1] = (prior as i32) << 16;
            }
        }
        StateMaps { table, index: [0; 16], cells: [0; 16] }
    }

    /// Looks up the states of the first `M` contexts, 8 or 16. Returns their predictions
    /// in the logistic domain, 0 in the lanes beyond.
    #[inline(always)]
    pub fn predict<S: Simd, const M: usize>(&mut self, simd: S, states: S::I) -> S::F {
        let index = simd.add_i(states, simd.load_i(&FIRST));
        simd.store_i(&mut self.index, index);
        let at = simd.shl::<1>(index);
        let stretch = simd.gather::<M, 8192>(&self.table, at);
        let cells = simd.gather::<M, 8192>(&self.table, simd.add_i(at, simd.splat_i(1)));
        simd.store_i(&mut self.cells, cells);
        simd.with_bits(stretch)
    }

    /// Moves the cells of the first `M` contexts towards `bit`, by `1 / (uses + 1.5)` of
    /// the difference.
    #[inline(always)]
    pub fn update<S: Simd, const M: usize>(&mut self, simd: S, bit: u32) {
        let cells = simd.load_i(&self.cells);
        let uses = simd.and_i(cells, simd.splat_i(1023));
        let p = simd.to_float(simd.shr::<10>(cells));
        let rate = simd.div(simd.splat(1.0), simd.add(simd.to_float(uses), simd.splat(1.5)));
        let target = simd.splat(bit as f32 * ONE);
        let p = simd.add(p, simd.mul(simd.sub(target, p), rate));
        let p = simd.min(simd.max(p, simd.splat(256.0)), simd.splat(ONE - 256.0));
        let uses = simd.min_i(simd.add_i(uses, simd.splat_i(1)), simd.splat_i(STATE_MAP_LIMIT));
        let packed = simd.or_i(simd.shl::<10>(simd.truncate(p)), uses);
        let new = math::ln(simd, simd.div(p, simd.sub(simd.splat(ONE), p)));
        let (mut stretch, mut cells) = ([0; 16], [0; 16]);
        simd.store_i(&mut stretch, simd.bits(new));
        simd.store_i(&mut cells, packed);
        for context in 0..M {
            let at = 2 * (self.index[context] as usize & 4095);
            self.table[at] = stretch[context];
            self.table[at + 1] = cells[context];
        }
    }
}
