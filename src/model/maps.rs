//! Adaptive maps: what a bit history has meant so far.
//!
//! For every context and history state: a probability in 1/2^22, how often it
//! was used, and the probability in the logistic domain, kept up to date so
//! that predicting is a look-up. Contexts are handled sixteen at a time.
//!
//! Normative text: spec/codec.md §5.4.1.

use super::history;
use crate::arith::{Block, Simd, math};

/// Scale of the linear input beside the logistic one.
const LINEAR: f32 = 4.0;
/// A cell of one half that was never used: what lanes of no context hold.
const FRESH: i32 = i32::MIN;
/// One, in the fixed point of the probabilities.
const ONE: f32 = 4_194_304.0;

/// What one history of one context has meant.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    /// `ln(p / (1 − p))`.
    stretch: f32,
    /// `p · 2^22` in the high 22 bits, uses in the low 10.
    packed: u32,
}

/// Maps of at most sixteen contexts.
#[derive(Clone, Debug)]
pub struct Maps {
    /// `[16, 256]`.
    table: Box<[[Cell; 256]; 16]>,
    /// States looked up for the current bit.
    states: [u8; 16],
    /// Cells looked up for the current bit.
    cells: [i32; 16],
}

impl Maps {
    /// Maps with the prior of each state.
    pub fn new<S: Simd>(simd: S) -> Maps {
        let mut maps = Maps {
            table: Box::new([[Cell::default(); 256]; 16]),
            states: [0; 16],
            cells: [FRESH; 16],
        };
        for state in 0..history::COUNT {
            let prior = history::prior(state as u8);
            let mut lanes = [0.0; 16];
            let p = simd.splat(prior as f32 / 65536.0);
            simd.store(&mut lanes, math::stretch(simd, p));
            for map in maps.table.iter_mut() {
                map[state] = Cell { stretch: lanes[0], packed: (prior as u32) << 16 };
            }
        }
        maps
    }

    /// Looks up the states of the first `M` contexts: their predictions in the
    /// logistic domain. Lanes beyond are left alone.
    #[inline(always)]
    pub fn predict<const M: usize>(&mut self, states: &[u8; M], stretch: &mut [f32; 16]) {
        for context in 0..M {
            let state = states[context];
            self.states[context] = state;
            let cell = self.table[context][state as usize];
            stretch[context] = cell.stretch;
            self.cells[context] = cell.packed as i32;
        }
    }

    /// The distances of the looked-up probabilities from one half.
    #[inline(always)]
    pub fn linear<S: Simd>(&self, simd: S, to: &mut Block) {
        let p = simd.to_float(simd.shr::<10>(simd.load_i(&self.cells)));
        let p = simd.sub(simd.mul(p, simd.splat(LINEAR / ONE)), simd.splat(0.5 * LINEAR));
        simd.store(&mut to.0, p);
    }

    /// Moves the cells of the first `M` contexts towards `bit`: by
    /// `1 / (uses + 1.5)`, with uses counted up to `limit`.
    #[inline(always)]
    pub fn update<S: Simd, const M: usize>(&mut self, simd: S, bit: u32, limit: i32) {
        let cells = simd.load_i(&self.cells);
        let uses = simd.and_i(cells, simd.splat_i(1023));
        let p = simd.to_float(simd.shr::<10>(cells));
        let rate = simd.div(simd.splat(1.0), simd.add(simd.to_float(uses), simd.splat(1.5)));
        let target = simd.splat(bit as f32 * ONE);
        let p = simd.add(p, simd.mul(simd.sub(target, p), rate));
        let p = simd.min(simd.max(p, simd.splat(256.0)), simd.splat(ONE - 256.0));
        let uses = simd.min_i(simd.add_i(uses, simd.splat_i(1)), simd.splat_i(limit));
        let packed = simd.or_i(simd.shl::<10>(simd.truncate(p)), uses);
        let new = math::ln(simd, simd.div(p, simd.sub(simd.splat(ONE), p)));
        let mut stretch = [0.0; 16];
        simd.store(&mut stretch, new);
        let mut cells = [0; 16];
        simd.store_i(&mut cells, packed);
        for context in 0..M {
            let state = self.states[context] as usize;
            self.table[context][state] =
                Cell { stretch: stretch[context], packed: cells[context] as u32 };
        }
    }
}
