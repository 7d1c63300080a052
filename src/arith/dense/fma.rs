//! The fused multiply-add, the one operation an instruction set may replace.

use super::super::isa::{Isa, Kernel, Kind};
use super::matmul::Matrix;
use super::pack::{self, Line, Square};
use super::tile::{Tile, tile_body, tile_of_pairs_body};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m256, __m512, _MM_HINT_ET0, _mm_prefetch, _mm256_add_ps, _mm256_fmadd_ps, _mm256_load_ps,
    _mm256_loadu_ps, _mm256_set1_ps, _mm256_storeu_ps, _mm512_add_ps, _mm512_fmadd_ps,
    _mm512_load_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_permutex2var_ps, _mm512_set1_ps,
    _mm512_storeu_ps,
};
use std::marker::PhantomData;
use std::ops::Range;

/// A fused multiply-add, `a * b + c` rounded once, and the shape of the register tile
/// that suits its instructions. The shape cannot change a result.
pub trait Fma: 'static {
    /// Rows of the register tile.
    const ROWS: usize;
    /// Columns of the register tile, in lines of sixteen.
    const LINES: usize;

    /// Computes `a * b + c`, rounded once.
    fn fma(a: f32, b: f32, c: f32) -> f32;

    /// Sixteen sums, in registers if they fit.
    type Sums: Copy;

    /// Makes sums that start from `values`.
    fn sums(values: &[f32; 16]) -> Self::Sums;

    /// Returns the values of sums.
    fn values(sums: Self::Sums) -> [f32; 16];

    /// Computes `sums[i] = fma(a, b[i], sums[i])`.
    fn accumulate(a: f32, b: &Line, sums: Self::Sums) -> Self::Sums;

    /// Computes `a[i] + b[i]`.
    fn add(a: Self::Sums, b: Self::Sums) -> Self::Sums;

    /// Hints that the cache line of `place` will be written soon.
    #[inline(always)]
    fn will_write(place: &f32) {
        let _ = place;
    }

    /// Computes `acc[m, n] = fma(a[k, m], b[k, n], acc[m, n])` for ascending `k`.
    ///
    /// - `a`: `[K, ROWS]` packed, `b`: `[K, LINES]` lines.
    fn tile(a: &[f32], b: &[Line], tile: Tile<'_>);

    /// Computes `acc[m, n] += even + odd` for each block of 32 `k`, with the chains of
    /// fused multiply-adds over the even and over the odd `k` of the block.
    ///
    /// - `a`: `[K, ROWS]` packed, `b`: `[K, LINES]` lines.
    fn tile_of_pairs(a: &[f32], b: &[Line], tile: Tile<'_>);

    /// Transposes a square of numbers.
    #[inline(always)]
    fn transpose(square: &mut Square) {
        pack::transpose(square);
    }

    /// Copies rows of `a` into panels of [`Fma::ROWS`].
    fn pack_rows(packed: &mut Vec<f32>, a: &Matrix<'_>, rows: Range<usize>, inner: Range<usize>);

    /// Copies columns of `b` into panels of [`Fma::LINES`] lines.
    fn pack_columns(
        packed: &mut Vec<Line>,
        b: &Matrix<'_>,
        inner: Range<usize>,
        columns: Range<usize>,
    );
}

/// The members of [`Fma`] that follow from the shape of its register tile.
macro_rules! register_tile {
    ($rows:literal, $lines:literal) => {
        const ROWS: usize = $rows;
        const LINES: usize = $lines;
        #[inline(always)]
        fn tile(a: &[f32], b: &[Line], tile: Tile<'_>) {
            tile_body::<Self, $rows, $lines>(a, b, tile)
        }
        #[inline(always)]
        fn tile_of_pairs(a: &[f32], b: &[Line], tile: Tile<'_>) {
            tile_of_pairs_body::<Self, $rows, $lines>(a, b, tile)
        }
        #[inline(always)]
        fn pack_rows(
            packed: &mut Vec<f32>,
            a: &Matrix<'_>,
            rows: Range<usize>,
            inner: Range<usize>,
        ) {
            pack::pack_rows::<Self, $rows>(packed, a, rows, inner)
        }
        #[inline(always)]
        fn pack_columns(
            packed: &mut Vec<Line>,
            b: &Matrix<'_>,
            inner: Range<usize>,
            columns: Range<usize>,
        ) {
            pack::pack_columns::<Self, $lines>(packed, b, inner, columns)
        }
    };
}

/// A computation built on fused multiply-adds, written once for every
/// instruction set. `run` must be `#[inline(always)]`.
pub trait FusedKernel {
    /// What the computation returns.
    type Output;
    /// Does the work with `F` as the fused multiply-add.
    fn run<F: Fma>(self) -> Self::Output;
}

struct With<F, K>(K, PhantomData<F>);

impl<F: Fma, K: FusedKernel> Kernel for With<F, K> {
    type Output = K::Output;
    #[inline(always)]
    fn run(self) -> K::Output {
        self.0.run::<F>()
    }
}

impl Isa {
    /// Runs `kernel` compiled for this instruction set, with its fused multiply-add:
    /// the instruction if there is one, else [`fma_soft`].
    #[inline]
    pub fn run_fused<K: FusedKernel>(self, kernel: K) -> K::Output {
        match self.kind() {
            Kind::Scalar => self.run(With::<Baseline, K>(kernel, PhantomData)),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => self.run(With::<Ymm, K>(kernel, PhantomData)),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 | Kind::Amx => self.run(With::<Zmm, K>(kernel, PhantomData)),
        }
    }
}

/// The instructions that every CPU of the target has.
struct Baseline;
// Arrays in place of the register types put tiles in memory, up to ten times slower:
// this is the only place where intrinsics are worth it.

/// Sixteen registers of eight.
#[cfg(target_arch = "x86_64")]
struct Ymm;
/// Thirty-two registers of sixteen.
#[cfg(target_arch = "x86_64")]
struct Zmm;

impl Fma for Baseline {
    register_tile!(4, 1);
    type Sums = [f32; 16];
    #[inline(always)]
    fn sums(values: &[f32; 16]) -> [f32; 16] {
        *values
    }
    #[inline(always)]
    fn values(sums: [f32; 16]) -> [f32; 16] {
        sums
    }
    #[inline(always)]
    fn accumulate(a: f32, b: &Line, mut sums: [f32; 16]) -> [f32; 16] {
        for (sum, &b) in sums.iter_mut().zip(&b.0) {
            *sum = Self::fma(a, b, *sum);
        }
        sums
    }
    #[inline(always)]
    fn add(mut a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        a
    }
    #[inline(always)]
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        // AArch64 always has the instruction. x86-64 may lack it, and the math library's
        // replacement is neither ours nor fast.
        if cfg!(target_arch = "aarch64") { a.mul_add(b, c) } else { fma_soft(a, b, c) }
    }
}

#[cfg(target_arch = "x86_64")]
impl Fma for Ymm {
    register_tile!(6, 1);
    #[inline(always)]
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn will_write(place: &f32) {
        // SAFETY: a hint that reads and writes nothing, on a valid address.
        unsafe { _mm_prefetch::<_MM_HINT_ET0>(std::ptr::from_ref(place).cast()) }
    }

    type Sums = [__m256; 2];
    #[inline(always)]
    fn sums(values: &[f32; 16]) -> [__m256; 2] {
        // SAFETY: `Ymm` is private and named only by `Isa::run_fused`, for CPUs
        // seen to have AVX2 and FMA; both pointers are good for eight reads.
        unsafe { [_mm256_loadu_ps(values.as_ptr()), _mm256_loadu_ps(values[8..].as_ptr())] }
    }
    #[inline(always)]
    fn values([low, high]: [__m256; 2]) -> [f32; 16] {
        let mut values = [0.0; 16];
        // SAFETY: as above, for eight writes each.
        unsafe {
            _mm256_storeu_ps(values.as_mut_ptr(), low);
            _mm256_storeu_ps(values[8..].as_mut_ptr(), high);
        }
        values
    }
    #[inline(always)]
    fn accumulate(a: f32, b: &Line, [low, high]: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: as above; a `Line` is sixteen numbers on 64 bytes of their own.
        unsafe {
            let a = _mm256_set1_ps(a);
            [
                _mm256_fmadd_ps(a, _mm256_load_ps(b.0.as_ptr()), low),
                _mm256_fmadd_ps(a, _mm256_load_ps(b.0[8..].as_ptr()), high),
            ]
        }
    }
    #[inline(always)]
    fn add(a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: as above.
        unsafe { [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])] }
    }
}

#[cfg(target_arch = "x86_64")]
impl Fma for Zmm {
    register_tile!(12, 2);
    #[inline(always)]
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn will_write(place: &f32) {
        // SAFETY: a hint that reads and writes nothing, on a valid address.
        unsafe { _mm_prefetch::<_MM_HINT_ET0>(std::ptr::from_ref(place).cast()) }
    }

    type Sums = __m512;
    #[inline(always)]
    fn sums(values: &[f32; 16]) -> __m512 {
        // SAFETY: `Zmm` is private and named only by `Isa::run_fused`, for CPUs
        // seen to have AVX-512; the pointer is good for sixteen reads.
        unsafe { _mm512_loadu_ps(values.as_ptr()) }
    }
    #[inline(always)]
    fn values(sums: __m512) -> [f32; 16] {
        let mut values = [0.0; 16];
        // SAFETY: as above, for sixteen writes.
        unsafe { _mm512_storeu_ps(values.as_mut_ptr(), sums) };
        values
    }
    #[inline(always)]
    fn accumulate(a: f32, b: &Line, sums: __m512) -> __m512 {
        // SAFETY: as above; a `Line` is sixteen numbers on 64 bytes of their own.
        unsafe { _mm512_fmadd_ps(_mm512_set1_ps(a), _mm512_load_ps(b.0.as_ptr()), sums) }
    }
    #[inline(always)]
    fn add(a: __m512, b: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    fn transpose(square: &mut Square) {
        // Each pass exchanges the numbers at `distance` from the diagonal blocks, between
        // rows that are `distance` apart.
        for distance in [1, 2, 4, 8] {
            let keep = |lane: usize| lane & distance == 0;
            let low = |lane| if keep(lane) { lane } else { 16 + lane - distance } as i32;
            let high = |lane| if keep(lane) { lane + distance } else { 16 + lane } as i32;
            let (low, high) = (std::array::from_fn(low), std::array::from_fn(high));
            for row in (0..16).filter(|row| row & distance == 0) {
                let (a, b) = (square[row], square[row + distance]);
                // SAFETY: as above; arrays of sixteen numbers.
                let (a, b) = unsafe { exchange(&a, &b, &low, &high) };
                (square[row], square[row + distance]) = (a, b);
            }
        }
    }
}

/// Makes two selections from the 32 numbers of `a` and `b`.
///
/// # Safety
/// The CPU has AVX-512.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f")]
fn exchange(
    a: &[f32; 16],
    b: &[f32; 16],
    low: &[i32; 16],
    high: &[i32; 16],
) -> ([f32; 16], [f32; 16]) {
    let select = |index: &[i32; 16]| {
        let mut values = [0.0; 16];
        // SAFETY: all five pointers are good for sixteen numbers.
        unsafe {
            let index = _mm512_loadu_si512(index.as_ptr().cast());
            let (a, b) = (_mm512_loadu_ps(a.as_ptr()), _mm512_loadu_ps(b.as_ptr()));
            _mm512_storeu_ps(values.as_mut_ptr(), _mm512_permutex2var_ps(a, index, b));
        }
        values
    };
    (select(low), select(high))
}

/// Computes `a * b + c`, rounded once, without an instruction for it.
///
/// The product of two `f32` is exact in `f64` (24 + 24 ≤ 53 bits). The sum is
/// rounded to odd: 53 bits are more than 24 + 2, so the last rounding, to
/// `f32`, is then the only one that counts (Boldo and Melquiond 2008).
#[inline(always)]
pub fn fma_soft(a: f32, b: f32, c: f32) -> f32 {
    let product = f64::from(a) * f64::from(b);
    let addend = f64::from(c);
    let sum = product + addend;
    // The rounding error of the addition, exactly (Knuth's two-sum).
    let part = sum - product;
    let lost = (product - (sum - part)) + (addend - part);
    let bits = sum.to_bits();
    // An inexact, finite sum with an even last digit moves one step towards the true
    // value. A zero sum of inexact parts does not occur in this range.
    let step = lost.is_finite() && lost != 0.0 && bits & 1 == 0;
    let outwards = (lost > 0.0) == (sum > 0.0);
    let odd = if outwards { bits.wrapping_add(1) } else { bits.wrapping_sub(1) };
    f64::from_bits(if step { odd } else { bits }) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: u64) -> impl FnMut() -> u32 {
        let mut state = seed;
        move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 32) as u32
        }
    }

    #[test]
    fn the_soft_fma_rounds_once() {
        let mut next = noise(1);
        let near =
            |bits: u32| f32::from_bits((bits & 0x807f_ffff) | (((bits >> 23 & 31) + 112) << 23));
        for _ in 0..1_000_000 {
            let words = [next(), next(), next()];
            for [a, b, c] in [words.map(f32::from_bits), words.map(near)] {
                let (hard, soft) = (a.mul_add(b, c), fma_soft(a, b, c));
                let same = hard.to_bits() == soft.to_bits() || (hard.is_nan() && soft.is_nan());
                assert!(same, "{a:e} {b:e} {c:e}: {hard:e} {soft:e}");
            }
        }
    }
}
