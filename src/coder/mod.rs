//! Entropy coding of single bits.

mod binary;

pub use binary::{Decoder, Encoder};
