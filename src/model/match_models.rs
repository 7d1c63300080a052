//! The match models of a size class, each with its own minimum length.
//!
//! Normative text: spec/codec.md §5.5.

use super::array::Array;
use super::layout::{Inputs, Part};
use super::match_model::MatchModel;
use super::size::Size;
use crate::arith::Simd;

/// Minimum lengths of the match models.
pub const MATCH_LENGTHS: [u32; 3] = [5, 8, 3];

impl<C: Size> Part<C> for MatchModel {
    const INPUTS: Inputs = Inputs::lanes(C::SIZE.match_models);
}

/// All match models of a class.
#[derive(Clone)]
pub struct MatchModels<C: Size>(C::PerMatchModel<MatchModel>);

/// What the match models say about the next bit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected {
    /// The symbol that the last active model expects, 0 if none is active.
    pub symbol: usize,
    /// The symbol that the last model of all expects, 0 if it is not active.
    pub other: usize,
    /// 1 and the largest length bucket of the active models, 0 if none is active.
    pub strength: usize,
}

impl<C: Size> MatchModels<C> {
    /// Makes models with tables of `2^log2` cells each.
    pub fn new(log2: u32) -> MatchModels<C> {
        MatchModels(Array::from_fn(|k| MatchModel::new(MATCH_LENGTHS[k], log2)))
    }

    /// Takes in the last symbol of `past`, which is not empty; `recent` holds its last
    /// eight, the newest lowest.
    #[inline(always)]
    pub fn advance<S: Simd>(&mut self, simd: S, past: &[u8], recent: u64) {
        for model in self.0.iter_mut() {
            model.prefetch(past.len(), recent);
            model.advance(simd, past);
        }
    }

    /// Looks for matches: after `advance`, before the next symbol is predicted.
    #[inline(always)]
    pub fn find(&mut self, past: &[u8]) {
        for model in self.0.iter_mut() {
            model.find(past);
        }
    }

    /// Length of the first model's match and the symbol it expects: after `advance`,
    /// before `find`.
    #[inline(always)]
    pub fn first_expected(&self, past: &[u8]) -> (u32, u8) {
        self.0[0].expected_next(past)
    }

    /// The symbol that each model predicts, behind a leading one, or 0 for none; and the
    /// input of a prediction.
    #[inline(always)]
    pub fn predictions(&self) -> impl Iterator<Item = (u32, f32)> {
        self.0.iter().map(MatchModel::prediction)
    }

    /// What the models expect, if the symbol's first `bit_index` bits are those of
    /// `partial`.
    #[inline(always)]
    pub fn expected(&self, partial: u32, bit_index: u32) -> Expected {
        let mut expected = Expected::default();
        for model in self.0.iter() {
            let symbol = model.expected_symbol(partial, bit_index);
            expected.other = symbol.unwrap_or(0) as usize;
            if let Some(symbol) = symbol {
                expected.symbol = symbol as usize;
                expected.strength = expected.strength.max(1 + model.length_bucket());
            }
        }
        expected
    }
}

#[cfg(test)]
impl<C: Size> std::hash::Hash for MatchModels<C> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.as_ref().hash(state);
    }
}
