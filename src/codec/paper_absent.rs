//! Stands in for codec `pear-paper` where the cargo feature `paper` is off.

use super::{CodecError, CodecOptions, Coding, EncodedGroup, Partial};
use crate::arith::Isa;

const ABSENT: CodecError = CodecError::NotBuiltIn { codec: "pear-paper", feature: "paper" };

/// Refuses.
pub fn encode(_: &[u8], _: &CodecOptions) -> Result<EncodedGroup, CodecError> {
    Err(ABSENT)
}

/// Refuses.
pub fn decode(_: Coding, _: &[u8], _: usize, _: usize) -> Partial {
    Partial::nothing(ABSENT)
}

/// Refuses.
pub fn decode_memory(_: Coding, _: u64) -> Result<u64, CodecError> {
    Err(ABSENT)
}

/// Nothing is coded, so nothing is needed.
pub fn encode_memory(_: &CodecOptions, _: u64) -> u64 {
    0
}

/// Nothing is decoded, so no time is taken.
pub fn decode_seconds(_: Coding, _: u64) -> f64 {
    0.0
}

/// Nothing is there to be tested.
pub fn self_test(_: Isa) -> Result<(), CodecError> {
    Ok(())
}
