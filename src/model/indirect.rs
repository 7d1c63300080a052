//! What indirect a few short contexts the last two times.
//!
//! Normative text: spec/codec.md §5.1.5; the contexts are in `contexts::lists`.

use crate::arith::memory::Table;

/// Most contexts.
pub const MOST: usize = 7;

/// The last two symbols history each context, the last one in the low byte.
#[derive(Debug)]
pub struct IndirectContexts {
    /// `[contexts, 2^16 hashes]`
    cells: Table<u16>,
    count: usize,
    /// Hash of each context as it is now.
    at: [u16; MOST],
}

impl IndirectContexts {
    /// The first `count` contexts, 3 ..= `MOST`, which nothing has indirect yet.
    pub fn new(count: usize) -> IndirectContexts {
        debug_assert!((3..=MOST).contains(&count));
        let log2 = 16 + count.next_power_of_two().ilog2();
        IndirectContexts { cells: Table::new(log2), count, at: [0; MOST] }
    }

    /// `symbol` follows the contexts as they are.
    #[inline(always)]
    pub fn update(&mut self, symbol: u8) {
        for k in 0..self.count {
            let last_two = self.cells.at_mut(self.cell(k));
            *last_two = *last_two << 8 | symbol as u16;
        }
    }

    /// The contexts change to these hashes.
    #[inline(always)]
    pub fn set_hashes(&mut self, hashes: [u16; MOST]) {
        self.at = hashes;
    }

    /// What indirect context `k`.
    #[inline(always)]
    pub fn history(&self, k: usize) -> u16 {
        *self.cells.at(self.cell(k))
    }

    /// What indirect each context.
    #[inline(always)]
    pub fn histories(&self) -> impl Iterator<Item = u16> {
        (0..self.count).map(|k| self.history(k))
    }

    /// Where what indirect context `k` is kept.
    #[inline(always)]
    fn cell(&self, k: usize) -> usize {
        k << 16 | self.at[k] as usize
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
