//! What every engine offers to the codec: the symbols of a group, one after the other.
//!
//! Normative text: spec/codec.md §5.

#[cfg(test)]
use super::engine::digest::Digests;
use super::{Model, Past, Spelling};
use crate::arith::Simd;

/// What codes the bits that a predictor gives probabilities for.
pub trait BitCoder {
    /// Codes a bit whose probability of being one is `p / 2^16`; returns the bit.
    /// Implementations are `#[inline(always)]`.
    fn code(&mut self, p: u32) -> u32;
}

/// An engine of a size class.
///
/// The calls for each symbol: [`begin_symbol`](Predictor::begin_symbol), then either
/// [`accept`](Predictor::accept) or [`code`](Predictor::code).
pub trait Predictor<S: Simd>: Clone + Send + Sync + 'static {
    /// Lanes of a vector that the engine uses: 8 or 16.
    const LANES: usize;

    /// Makes an engine for the group of `past`, of which nothing was coded yet, with
    /// tables for `length` symbols.
    fn new(simd: S, model: Model, spelling: Spelling, past: Past, length: usize) -> Self;

    /// Goes on with the group of `next`, of which nothing was coded yet, between two
    /// symbols: all that was learnt stays, and what was coded is the past.
    fn follow(&mut self, next: Past);

    /// Returns the symbols coded so far, those of a base before the group included.
    fn past(&self) -> &Past;

    /// Returns the symbols of the group that were coded.
    fn into_group(self) -> Vec<u8>;

    /// Returns the length in bytes of what the last symbol stands for.
    fn last_length(&self) -> usize;

    /// Begins a symbol. If an escape flag is to be coded, returns the predicted symbol and
    /// the probability, in 1/2^16, that it is the one that comes. If the flag says so,
    /// `accept` follows, else `code`.
    fn begin_symbol(&mut self) -> Option<(u8, u32)>;

    /// Takes in the predicted symbol after its flag.
    fn accept(&mut self, symbol: u8);

    /// Codes the eight bits of a symbol, highest first, and learns them.
    fn code(&mut self, coder: &mut impl BitCoder);

    /// Returns digests of all parts, as they are between two symbols.
    #[cfg(test)]
    fn digests(&self) -> Digests;
}
