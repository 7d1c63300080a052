//! Multipliers of all hashes of the model: odd numbers with random-looking bits.
//!
//! Normative text: spec/codec.md §5.1.

/// 2^64 divided by the golden ratio.
pub const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
/// For a second multiplication in one hash.
pub const SECOND: u64 = 0xC2B2_AE3D_27D4_EB4F;
/// For a third one.
pub const THIRD: u64 = 0xD6E8_FEB8_6659_FD93;
/// For running hashes of 32 bits.
pub const SMALL: u32 = 0x2F0B_4C47;
/// 2^32 divided by the golden ratio.
pub const GOLDEN: u32 = 0x9E37_79B1;

/// A hash of `BITS` bits.
#[inline(always)]
pub fn hashed<const BITS: u32>(value: u32) -> usize {
    (value.wrapping_mul(GOLDEN) >> (32 - BITS)) as usize
}
