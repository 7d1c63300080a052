//! Byte-pair encoding: frequent pairs of symbols are replaced by unused byte values.
//!
//! ```text
//! learn.rs       which pairs to merge
//! candidates.rs  which symbols get a code, and of how many bytes
//! sequence.rs    a block as symbols; replaces a pair wherever it occurs
//! pairs.rs       the pairs that may be merged, by their symbols
//! queue.rs       the same, by count
//! table.rs       merges and codes; encoding; the wire form
//! bits.rs        the bits of the wire form
//! decode.rs      the decoder: wire form → expansions → bytes
//! ```
//!
//! A *symbol* is a literal (a byte value of the data) or a *token* (the merge
//! of two earlier symbols). The most used symbols are coded as one byte, the
//! others as a prefix and a byte. So the 256 byte values limit neither the number of
//! tokens nor that of literals: data that uses all of them still compresses. A token
//! that is rarely used has no code; its two halves are coded instead.
//!
//! Normative text: spec/bpe.md.

mod bits;
mod candidates;
mod decode;
mod learn;
mod pairs;
mod queue;
mod sequence;
mod table;

pub use decode::Decoder;
pub use learn::{Learner, byte_values, learn, learn_short};
pub use table::MergeTable;

/// Most symbols: literals and tokens together, and the sentinel. All
/// indices of pairs are then below 2^30.
const SYMBOLS: usize = 1 << 15;

/// Stands before and behind a block. The last symbol; never merged.
const SENTINEL: u16 = SYMBOLS as u16 - 1;

/// Most bytes that a token may stand for.
pub const MAX_EXPANSION: usize = 4096;

/// Most bytes of all expansions of a table together.
pub const MAX_EXPANSIONS: usize = 1 << 20;

/// Most bytes of a block.
pub const MAX_BLOCK: usize = 1 << 26;

/// Number of prefixes that give `symbols` symbols a code. Each takes one of the 256
/// short codes and gives 256 long ones.
fn prefixes(symbols: usize) -> usize {
    symbols.saturating_sub(256).div_ceil(255)
}

/// Why coded pairs could not be decoded, or bytes could not be encoded.
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
    /// The bits that fill the last byte of the merge table are not zero.
    #[error("the padding of the merge table is not zero")]
    TablePadding,
    /// More symbols than codes, short or long.
    #[error("the table defines more codes than it has room for ({symbols} symbols)")]
    TableCrowded {
        /// Symbols to be coded.
        symbols: usize,
    },
    /// A token stands for too many bytes, or all of them together do.
    #[error("a token stands for {found} bytes; at most {limit} are allowed")]
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
    /// The symbols stand for fewer or more bytes than expected.
    #[error("the symbols do not stand for the expected {expected} bytes")]
    LengthDiffers {
        /// Bytes there should be.
        expected: usize,
    },
    /// A byte value that is not among the literals of the table.
    #[error("byte value {value} is not among the literals of the merge table")]
    ForeignByte {
        /// The value.
        value: u8,
    },
}
