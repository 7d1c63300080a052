//! What selects weight sets of the mixer and contexts of the APM stages, for each bit.
//!
//! A line of `mixer_contexts!` is one mixer context: how many weight sets it has, and
//! which of them it selects. A size class uses the first lines. Their order is part of
//! the format, because the selected weights are added in it; so they stand in one list,
//! not in the parts whose values they use.
//!
//! Normative text: spec/codec.md §5.7 and §5.8.

use super::array::Array;
use super::contexts::ContextState;
use super::hash::hashed;
use super::match_models::Expected;

/// What is known before a bit.
pub struct BitState<'a> {
    /// The symbol's bits so far, behind a leading one.
    pub partial: usize,
    /// How many they are, 0 ..= 7.
    pub bit: usize,
    /// How many of the contexts 1 ..= 6 found an occupied slot when the nibble began.
    pub seen: usize,
    /// What the match models expect.
    pub expected: Expected,
    /// The symbols before.
    pub state: &'a ContextState,
}

impl BitState<'_> {
    /// The `n`-th symbol back, 1 for the last one.
    #[inline(always)]
    fn symbol(&self, n: u32) -> usize {
        (self.state.recent >> (8 * (n - 1)) & 255) as usize
    }

    /// The last two symbols.
    #[inline(always)]
    fn pair(&self) -> u32 {
        self.state.recent as u32 & 0xFFFF
    }

    /// 0 without an active match, 1 with a short one, 2 with a long one.
    #[inline(always)]
    fn certainty(&self) -> usize {
        (self.expected.strength > 0) as usize + (self.expected.strength > 9) as usize
    }
}

/// Declares the mixer contexts: `weight sets => the one selected`.
macro_rules! mixer_contexts {
    ($at:ident: $($(#[$doc:meta])* $sets:expr => $selected:expr;)*) => {
        /// Weight sets of each mixer context.
        pub const WEIGHT_SETS: [usize; [$($sets),*].len()] = [$($sets),*];

        /// The weight set that each mixer context selects.
        #[inline(always)]
        pub fn weight_sets($at: &BitState) -> [usize; WEIGHT_SETS.len()] {
            [$($selected),*]
        }
    };
}

mixer_contexts! { at:
    // The symbol's bits so far.
    256 => at.partial;
    // The last symbol, and how long a match is.
    3 * 256 => at.symbol(1) + 256 * at.certainty();
    // How many short contexts are known, and how long a match is.
    2048 => at.seen * 256 + at.expected.strength.min(15) * 8 + at.bit;
    // Character classes of the last two bytes.
    2048 => (at.state.classes & 255) as usize * 8 + at.bit;
    // The symbol before the last.
    256 => at.symbol(2);
    // The symbol that a match expects.
    2048 => at.expected.symbol * 8 + at.bit;
    // Where in an x86 instruction the symbol stands.
    2048 => at.state.position() * 8 + at.bit;
    // The third symbol back.
    256 => at.symbol(3);
    // The word so far.
    4096 => hashed::<12>(at.state.word);
    // The last two symbols.
    4096 => hashed::<12>(at.pair());
    // The symbol that the last match model expects.
    2048 => at.expected.other * 8 + at.bit;
    // The word before.
    4096 => hashed::<12>(at.state.words[0]);
}

/// The context of each APM stage, modulo the contexts that a stage has.
#[inline(always)]
pub fn apm_contexts(at: &BitState) -> impl Array<usize> {
    [
        // The last symbol.
        at.partial | at.symbol(1) << 8,
        // The symbol that a match expects.
        at.expected.symbol | at.partial << 8,
        // The last two symbols.
        hashed::<16>(at.pair() | (at.partial as u32) << 16),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::size::Contexts;

    #[test]
    fn a_mixer_context_selects_one_of_its_sets() {
        let mut state = ContextState::new(3);
        let mut past = Vec::new();
        for n in 0..3000u32 {
            let symbol = (n.wrapping_mul(2_654_435_761) >> 24) as u8;
            past.push(symbol);
            state.push(&past, &[symbol], Contexts::Binary);
            let expected = Expected { symbol: 255, other: 255, strength: 13 };
            let at = BitState { partial: 255, bit: 7, seen: 6, expected, state: &state };
            for (selected, sets) in weight_sets(&at).into_iter().zip(WEIGHT_SETS) {
                assert!(selected < sets, "{selected} of {sets} after {n} symbols");
            }
        }
    }
}
