//! Entropy coding of single bits: a binary range coder.

mod binary;

pub use binary::{Decoder, Encoder};
