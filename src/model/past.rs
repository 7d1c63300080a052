//! The symbols of a group; the model sees those that were coded.
//!
//! An encoder has the whole group. Its symbols become the past one by one in place, so
//! coding needs no second copy of them.

use std::ops::Deref;

/// The symbols coded so far, as a slice; in an encoder, those still to come are behind
/// them.
#[derive(Debug)]
pub struct Past {
    symbols: Vec<u8>,
    /// How many were coded.
    coded: usize,
}

impl Past {
    /// Makes a past that will be `symbols`: for encoders.
    pub fn of(symbols: Vec<u8>) -> Past {
        Past { symbols, coded: 0 }
    }

    /// Makes room for `length` symbols that are not known yet: for decoders.
    pub fn unknown(length: usize) -> Past {
        // The system gives the pages as they are written.
        Past { symbols: vec![0; length], coded: 0 }
    }

    /// Symbols of the whole group.
    pub fn group_length(&self) -> usize {
        self.symbols.len()
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

    /// Returns the symbols coded.
    pub fn into_symbols(mut self) -> Vec<u8> {
        self.symbols.truncate(self.coded);
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
