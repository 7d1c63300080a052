//! Confidence in predicted symbols: one rule for match models and indirect contexts.
//!
//! Normative text: spec/codec.md §5.5 and §5.11.

use crate::arith::Simd;

/// How fast confidence moves, for each bit.
pub const CONFIDENCE_RATE: f32 = 0.006;
/// Confidence at first.
pub const CONFIDENCE_FIRST: f32 = 0.75;
/// Its `stretch`.
pub const CONFIDENCE_STRETCH: f32 = 1.098_612_3;

/// Confidence `p` after a symbol: a step up for each of the `right` bits before the
/// first wrong one, a step down if there was one (`wrong` = 1, else 0).
#[inline(always)]
pub fn moved<S: Simd>(simd: S, p: S::F, right: S::F, wrong: S::F) -> S::F {
    let (rate, one) = (simd.splat(CONFIDENCE_RATE), simd.splat(1.0));
    let p = simd.add(p, simd.mul(simd.sub(one, p), simd.mul(right, rate)));
    let p = simd.sub(p, simd.mul(simd.mul(p, wrong), rate));
    simd.min(simd.max(p, simd.splat(0.01)), simd.splat(0.9998))
}
