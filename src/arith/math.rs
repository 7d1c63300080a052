//! Logistic functions by fixed polynomials; no math library.
//!
//! Normative text: spec/arithmetic.md §3.

use super::lanes::Simd;

/// Computes the natural logarithm of each lane; lanes must be normal and positive.
///
/// The mantissa `1 + t` is scaled to [√½, √2); `ln(1 + t) / t` is a polynomial of
/// degree 4 in Horner's order. The error is below 3e-5, far less than a probability of
/// 16 bits can represent.
#[inline(always)]
pub fn ln<S: Simd>(s: S, x: S::F) -> S::F {
    // Relative to √½, the exponent counts whole octaves.
    let origin = s.splat_i(0x3F35_04F3);
    let above = s.sub_i(s.bits(x), origin);
    let octave = s.sub_i(s.shr::<23>(s.add_i(above, s.splat_i(0x4000_0000))), s.splat_i(128));
    let mantissa = s.with_bits(s.add_i(s.and_i(above, s.splat_i(0x007F_FFFF)), origin));
    let t = s.sub(mantissa, s.splat(1.0));
    let mut sum = s.splat(0.177_214_77);
    for coefficient in [-0.271_105_92, 0.336_324_75, -0.499_441_12, 0.999_967_1] {
        sum = s.add(s.mul(sum, t), s.splat(coefficient));
    }
    s.add(s.mul(sum, t), s.mul(s.to_float(octave), s.splat(core::f32::consts::LN_2)))
}

/// Computes `e^x` of each lane; lanes must be in −80 ..= 80.
///
/// `x · log₂ e` is split into the nearest integer, by a magic addend, and a remainder
/// in −½ ..= ½, whose power of two is a polynomial of degree 4. The relative error is
/// below 1e-5.
#[inline(always)]
pub fn exp<S: Simd>(s: S, x: S::F) -> S::F {
    let magic = s.splat(12_582_912.0); // 1.5 · 2^23: the low bits of the sum are the integer
    let power = s.mul(x, s.splat(core::f32::consts::LOG2_E));
    let shifted = s.add(power, magic);
    let rest = s.sub(power, s.sub(shifted, magic));
    // (1 + c₁r) + r²·((c₂ + c₃r) + c₄r²): two short chains instead of a long one.
    let square = s.mul(rest, rest);
    let low = s.add(s.mul(rest, s.splat(0.693_121)), s.splat(1.0));
    let high = s.add(s.mul(rest, s.splat(5.592_203_5e-2)), s.splat(0.240_221_07));
    let high = s.add(s.mul(square, s.splat(9.676_037e-3)), high);
    let sum = s.add(s.mul(square, high), low);
    s.with_bits(s.add_i(s.bits(sum), s.shl::<23>(s.bits(shifted))))
}

/// Computes `ln(p / (1 − p))` of each lane; lanes must be strictly between 0 and 1.
#[inline(always)]
pub fn stretch<S: Simd>(s: S, p: S::F) -> S::F {
    ln(s, s.div(p, s.sub(s.splat(1.0), p)))
}

/// Computes `1 / (1 + e^−x)` of each lane; lanes must be in −80 ..= 80.
#[inline(always)]
pub fn squash<S: Simd>(s: S, x: S::F) -> S::F {
    let e = exp(s, s.sub(s.splat(0.0), x));
    s.div(s.splat(1.0), s.add(s.splat(1.0), e))
}
