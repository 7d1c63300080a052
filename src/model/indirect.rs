//! Indirect contexts: the last two symbols that followed a few short contexts.
//!
//! Normative text: spec/codec.md §5.1.5; the contexts are in `contexts::lists`.

use super::layout::{Inputs, Part};
use super::size::Size;
use crate::arith::memory::Table;

/// Indirect contexts in a list: a size class uses the first ones.
pub const MOST: usize = 7;

impl<C: Size> Part<C> for IndirectContexts {
    const INPUTS: Inputs = Inputs::lanes(C::SIZE.indirect);
}

/// The history of each indirect context: the symbol that followed it last in the low
/// byte, the one before in the high byte.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(Hash))]
pub struct IndirectContexts {
    /// `[contexts, 2^16 hashes]`
    cells: Table<u16>,
    count: usize,
    /// Hash of each context as it is now.
    hashes: [u16; MOST],
}

impl IndirectContexts {
    /// Makes the first `count` contexts, 3 ..= `MOST`, with empty histories.
    pub fn new(count: usize) -> IndirectContexts {
        debug_assert!((3..=MOST).contains(&count));
        let log2 = 16 + count.next_power_of_two().ilog2();
        IndirectContexts { cells: Table::new(log2), count, hashes: [0; MOST] }
    }

    /// Takes in `symbol`, which follows the contexts as they are now.
    #[inline(always)]
    pub fn update(&mut self, symbol: u8) {
        for k in 0..self.count {
            let last_two = self.cells.at_mut(self.cell(k));
            *last_two = *last_two << 8 | symbol as u16;
        }
    }

    /// Changes the contexts to those of these hashes.
    #[inline(always)]
    pub fn set_hashes(&mut self, hashes: [u16; MOST]) {
        self.hashes = hashes;
    }

    /// Hashes of the contexts.
    pub fn hashes(&self) -> &[u16] {
        &self.hashes[..self.count]
    }

    /// The history of context `k`.
    #[inline(always)]
    pub fn history(&self, k: usize) -> u16 {
        *self.cells.at(self.cell(k))
    }

    /// The history of each context.
    #[inline(always)]
    pub fn histories(&self) -> impl Iterator<Item = u16> {
        (0..self.count).map(|k| self.history(k))
    }

    /// The cell of context `k`.
    #[inline(always)]
    fn cell(&self, k: usize) -> usize {
        k << 16 | self.hashes[k] as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_remembers_the_last_two_symbols_and_no_other_contexts() {
        let mut histories = IndirectContexts::new(3);
        histories.set_hashes([1, 2, 3, 0, 0, 0, 0]);
        for symbol in [7, 8, 9] {
            histories.update(symbol);
        }
        histories.set_hashes([1, 1, 3, 0, 0, 0, 0]);
        assert_eq!(histories.histories().collect::<Vec<_>>(), [0x0809, 0, 0x0809]);
        assert_eq!([0, 1, 2].map(|k| histories.history(k)), [0x0809, 0, 0x0809]);
    }
}
