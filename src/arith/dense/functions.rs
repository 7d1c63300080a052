//! `exp`, `erf` and `ln` by fixed polynomials, and the reduction tree.
//!
//! The coefficients were fitted for this project by weighted least squares in extended
//! precision and then rounded to single precision. The values here are the definition.
//! Branches are written as selections, so that loops over these functions become vector
//! code.

use super::fma::Fma;

/// Computes `p(x)`, coefficients from the highest power down, one fused multiply-add
/// each.
#[inline(always)]
fn polynomial<F: Fma, const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    let mut sum = coefficients[0];
    for &coefficient in &coefficients[1..] {
        sum = F::fma(sum, x, coefficient);
    }
    sum
}

/// Limits `x` to `low..=high`; not-a-number stays what it is.
#[inline(always)]
fn clamp(x: f32, low: f32, high: f32) -> f32 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// 1.5 · 2^23: adding it rounds a small number to an integer, kept in the low
/// bits of the sum.
const ROUNDER: f32 = 12_582_912.0;

/// Computes `e^x` for `x` limited to −87 ..= 88, within 2 units in the last place.
///
/// `x = n·ln 2 + r`, `|r| ≤ ln 2 / 2`; a polynomial of degree 6 for `e^r`; `n`
/// goes into the exponent.
#[inline(always)]
pub fn exp<F: Fma>(x: f32) -> f32 {
    let x = clamp(x, -87.0, 88.0);
    let shifted = F::fma(x, std::f32::consts::LOG2_E, ROUNDER);
    let n = shifted - ROUNDER;
    // ln 2 as the sum of two numbers: the remainder then keeps all its digits.
    let r = F::fma(n, -std::f32::consts::LN_2, x);
    let r = F::fma(n, 1.904_654_3e-9, r);
    let power = polynomial::<F, 7>(
        r,
        [0.001_383_673_7, 0.008_374_899, 0.041_668_233, 0.166_664_2, 0.499_999_9, 1.0, 1.0],
    );
    let exponent = shifted.to_bits().wrapping_sub(ROUNDER.to_bits()).wrapping_add(127);
    power * f32::from_bits(exponent.wrapping_shl(23))
}

/// Computes the error function, within 4e-7.
///
/// `x · P(x²) / Q(x²)` for `x` limited to ±3.92, beyond which the nearest `f32`
/// is ±1; the quotient is limited to ±1.
#[inline(always)]
pub fn erf<F: Fma>(x: f32) -> f32 {
    let x = clamp(x, -3.92, 3.92);
    let square = x * x;
    let above = polynomial::<F, 6>(
        square,
        [
            2.046_547_7e-6,
            2.848_416_e-4,
            0.003_771_470_2,
            0.052_766_08,
            0.190_565_66,
            std::f32::consts::FRAC_2_SQRT_PI,
        ],
    );
    let below = polynomial::<F, 6>(
        square,
        [3.805_303_3e-5, 0.001_163_636_5, 0.014_981_031, 0.114_171_56, 0.502_217_2, 1.0],
    );
    clamp(x * above / below, -1.0, 1.0)
}

/// Computes the natural logarithm of a positive normal number, within 2e-7 relative or
/// 1e-7 absolute.
///
/// `x = 2^n · m`, `√½ ≤ m < √2`; `ln m = 2·artanh((m − 1) / (m + 1))` by the
/// first five terms of its series.
#[inline(always)]
pub fn ln<F: Fma>(x: f32) -> f32 {
    // Bits of √½: subtracting them puts the boundary between exponents there.
    const CUT: u32 = 0x3f35_04f3;
    let offset = x.to_bits().wrapping_sub(CUT);
    let n = ((offset as i32) >> 23) as f32;
    let mantissa = f32::from_bits((offset & 0x007f_ffff).wrapping_add(CUT));
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let series = polynomial::<F, 5>(s * s, [2.0 / 9.0, 2.0 / 7.0, 2.0 / 5.0, 2.0 / 3.0, 2.0]);
    F::fma(n, std::f32::consts::LN_2, s * series)
}

/// Folds `step` over a row on sixteen virtual lanes: lane `i` takes the
/// elements `i`, `i + 16`, … in ascending order, starting from `start`; then
/// lane `i` joins lane `i + 8`, the first four of these the next four, and so
/// on: `join(join(join(join(0, 8), join(4, 12)), …))`.
///
/// # Panics
/// If the row is not a multiple of 16 long.
#[inline(always)]
pub fn reduce(
    row: &[f32],
    start: f32,
    step: impl Fn(f32, f32, usize) -> f32,
    join: impl Fn(f32, f32) -> f32,
) -> f32 {
    assert!(row.len().is_multiple_of(16), "a row is a multiple of 16 wide");
    let mut lanes = [start; 16];
    for (group, values) in row.chunks_exact(16).enumerate() {
        for lane in 0..16 {
            lanes[lane] = step(lanes[lane], values[lane], group * 16 + lane);
        }
    }
    let mut half = 8;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] = join(lanes[lane], lanes[lane + half]);
        }
        half /= 2;
    }
    lanes[0]
}
