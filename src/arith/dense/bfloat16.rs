//! Products of matrices whose operands are rounded to bfloat16, summed in single precision.
//!
//! A third of the digits is enough for the operands of gradients (Micikevicius et al.
//! 2018, "Mixed Precision Training"), and CPUs with matrix tiles multiply such numbers
//! ten times as fast. The result of the tiles is the definition. On CPUs without tiles,
//! fused multiply-adds compute the same bits, a sixth slower than [`matmul`].
//!
//! Operands must be 0 or at least 2⁻⁵⁰: products are then multiples of 2⁻¹¹⁴, and so is
//! every sum of them. None is subnormal, so it does not matter that tiles treat
//! subnormal numbers as zero.

use super::matmul::{self, Init, Matrix, matmul};
use crate::arith::Isa;

/// How the operands of a product are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// They are not rounded.
    Single,
    /// They are rounded to bfloat16: [`matmul_bfloat16`].
    Bfloat16,
}

impl Precision {
    /// Computes `out = a · b`: [`matmul`] from zero or [`matmul_bfloat16`].
    ///
    /// # Panics
    /// As these functions do.
    pub fn matmul(self, isa: Isa, out: &mut [f32], a: Matrix<'_>, b: Matrix<'_>) {
        match self {
            Precision::Single => matmul(isa, out, a, b, Init::Zero),
            Precision::Bfloat16 => matmul_bfloat16(isa, out, a, b),
        }
    }
}

/// Returns the bfloat16 nearest to `x`, ties to even; 0 if `x` is nearer to 0 than
/// 2⁻⁵⁰.
#[inline(always)]
pub fn bfloat16(x: f32) -> f32 {
    /// Bits of 2⁻⁵⁰.
    const LEAST: u32 = (127 - 50) << 23;
    let bits = x.to_bits();
    let near = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) & 0xffff_0000;
    f32::from_bits(if bits & 0x7fff_ffff < LEAST { 0 } else { near })
}

/// Computes `out[m, n] = Σ a[m, k] · b[k, n]` of operands rounded by [`bfloat16`]. For
/// each block of 32 `k`, ascending, one chain of fused multiply-adds runs over the even
/// `k` of the block and one over the odd ones, both ascending and from zero; their sum
/// is added to `out`.
///
/// - `out`: `[M, N]`, overwritten; `a`: `[M, K]`, `b`: `[K, N]`.
///
/// Cost: `2·M·N·K` operations; with tiles, scratch memory of `2·K·(M + N)` bytes, kept.
///
/// # Panics
/// If the shapes do not fit together or `K` is zero.
pub fn matmul_bfloat16(isa: Isa, out: &mut [f32], a: Matrix<'_>, b: Matrix<'_>) {
    matmul::check(out, &a, &b);
    if out.is_empty() {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if super::tiled::matmul(isa, out, a, b) {
        return;
    }
    matmul::by_chunks::<true>(isa, out, a, b, Init::Zero);
}
