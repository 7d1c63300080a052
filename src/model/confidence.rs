//! Confidence in predicted symbols: one rule for match models and indirect contexts.
//!
//! Normative text: spec/codec.md §5.5 and §5.11.

use crate::arith::Simd;

/// How far confidence moves towards 1 for a right bit, towards 0 for a wrong one.
pub const CONFIDENCE_RATE: f32 = 0.006;
/// Confidence at first.
pub const CONFIDENCE_FIRST: f32 = 0.75;
/// Its `stretch`.
pub const CONFIDENCE_STRETCH: f32 = 1.098_612_3;

/// Returns the confidence after a symbol that was predicted with confidence `p`: it rises
/// a step for each of the `right` bits before the first wrong one, and falls a step if
/// there was a wrong one (`wrong` = 1, else 0).
#[inline(always)]
pub fn moved<S: Simd>(simd: S, p: S::F, right: S::F, wrong: S::F) -> S::F {
    let (rate, one) = (simd.splat(CONFIDENCE_RATE), simd.splat(1.0));
    let p = simd.add(p, simd.mul(simd.sub(one, p), simd.mul(right, rate)));
    let p = simd.sub(p, simd.mul(simd.mul(p, wrong), rate));
    simd.min(simd.max(p, simd.splat(0.01)), simd.splat(0.9998))
}
