//! The symbols of a group, and of its base before them; the model sees those that were
//! coded.
//!
//! An encoder has the whole group. Its symbols become the past one by one in place, so
//! coding needs no second copy of them.

use std::ops::Deref;

/// The symbols coded so far, as a slice; in an encoder, those still to come are behind
/// them.
#[derive(Clone, Debug)]
pub struct Past {
    symbols: Vec<u8>,
    /// How many were coded.
    coded: usize,
    /// Where the group begins: behind the symbols of its base.
    start: usize,
}

impl Past {
    /// Makes a past that will be `symbols`: for encoders.
    pub fn of(symbols: Vec<u8>) -> Past {
        Past { symbols, coded: 0, start: 0 }
    }

    /// Makes room for `length` symbols that are not known yet: for decoders.
    pub fn unknown(length: usize) -> Past {
        // The system gives the pages as they are written.
        Past::of(vec![0; length])
    }

    /// Begins a group behind what was coded: its symbols are `next`.
    pub fn follow(&mut self, next: Past) {
        self.symbols.truncate(self.coded);
        self.symbols.reserve_exact(next.symbols.len());
        self.symbols.extend_from_slice(&next.symbols);
        self.start = self.coded;
    }

    /// Symbols of the whole group, without its base.
    pub fn group_length(&self) -> usize {
        self.symbols.len() - self.start
    }

    /// The next symbol that an encoder has to code.
    #[inline(always)]
    pub fn next(&self) -> Option<u8> {
        self.symbols.get(self.coded).copied()
    }

    /// Takes in the symbol just coded: in an encoder, the one that is there.
    #[inline(always)]
    pub fn push(&mut self, symbol: u8) {
        self.symbols[self.coded] = symbol;
        self.coded += 1;
    }

    /// Returns the symbols of the group that were coded.
    pub fn group(&self) -> &[u8] {
        &self.symbols[self.start..self.coded]
    }

    /// Returns the symbols of the group that were coded, without a copy.
    pub fn into_group(mut self) -> Vec<u8> {
        self.symbols.truncate(self.coded);
        self.symbols.drain(..self.start);
        self.symbols
    }
}

impl Deref for Past {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        &self.symbols[..self.coded]
    }
}
