//! Byte-pair encoding: frequent pairs of symbols give way to byte values.
//!
//! ```text
//! learn.rs     which pairs to merge
//! draft.rs     which symbols get a code, and of how many bytes
//! sequence.rs  a block as symbols; replaces a pair wherever it occurs
//! pairs.rs     the pairs worth watching, by their symbols
//! queue.rs     the same, by count
//! table.rs     merges and codes; encoding; the wire form
//! bits.rs      the bits of the wire form
//! decode.rs    the decoder: wire form → expansions → bytes
//! ```
//!
//! A *symbol* is a literal (a byte value of the data) or a *token* (the merge
//! of two earlier symbols). The most used symbols are coded as one byte, the
//! others as a prefix and a byte, so neither the number of tokens nor that of
//! literals is limited by the 256 byte values: data that uses all of them
//! still compresses. A rarely used token is spelled as its two halves.
//!
//! Normative text: spec/bpe.md.

mod bits;
mod decode;
mod draft;
mod learn;
mod pairs;
mod queue;
mod sequence;
mod table;

pub use decode::Decoder;
pub use learn::{Learner, byte_values, learn, learn_short};
pub use table::Table;

/// Symbols there can be, literals and tokens together, and the barrier. All
/// indices of pairs are then below 2^30.
const SYMBOLS: usize = 1 << 15;

/// Stands before and behind a block; the last symbol, never merged.
const BARRIER: u16 = SYMBOLS as u16 - 1;

/// Most bytes a token may expand to.
pub const MAX_EXPANSION: usize = 4096;

/// Most bytes the expansions of a table may take together.
pub const MAX_EXPANSIONS: usize = 1 << 20;

/// Most bytes of a block that is learnt from at once.
pub const MAX_BLOCK: usize = 1 << 26;

/// Prefixes that give `symbols` symbols a code. Each takes one of the 256
/// short codes and gives 256 long ones.
fn prefixes(symbols: usize) -> usize {
    symbols.saturating_sub(256).div_ceil(255)
}

/// Why coded pairs could not be decoded, or bytes not be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BpeError {
    /// The merge table ends too early.
    #[error("merge table ends too early")]
    TableTruncated,
    /// A number of the merge table is out of its range.
    #[error("merge table has a number out of range at byte {offset}")]
    TableNumber {
        /// Byte of the table, behind the number.
        offset: usize,
    },
    /// The bits that fill up the merge table are not zero.
    #[error("merge table is padded with other bits than zero")]
    TablePadding,
    /// More symbols than codes, short or long.
    #[error("{symbols} symbols do not fit the codes the table gives them")]
    TableCrowded {
        /// Symbols to be coded.
        symbols: usize,
    },
    /// A token stands for too many bytes, or all of them together do.
    #[error("a token of {found} bytes is more than the {limit} left to it")]
    TokenTooLong {
        /// Bytes of its expansion.
        found: usize,
        /// Most bytes it could have.
        limit: usize,
    },
    /// A code that stands for nothing.
    #[error("undefined code before byte {at} of the decoded data")]
    UndefinedCode {
        /// Bytes decoded before it.
        at: usize,
    },
    /// A prefix without its byte.
    #[error("the symbols end in a prefix")]
    PrefixAtEnd,
    /// The symbols stand for another number of bytes than they should.
    #[error("the symbols stand for another number of bytes than the {expected} expected")]
    LengthDiffers {
        /// Bytes there should be.
        expected: usize,
    },
    /// A byte the table was not made for.
    #[error("byte value {value} is none of the values this table was learnt for")]
    ForeignByte {
        /// The value.
        value: u8,
    },
}
