//! The sixteen lanes on AVX2 (two registers) and AVX-512 (one).
//!
//! Both types have a private field, so only `Isa::run_lanes` can make a value, after
//! detection. A value is what makes each call below sound.

use super::lanes::Simd;
use core::arch::x86_64::*;

/// AVX2: two registers of eight lanes.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

/// AVX-512 with F, VL, BW, DQ and CD: one register of sixteen lanes.
#[derive(Clone, Copy, Debug)]
pub struct Avx512(());

impl Avx2 {
    /// # Safety
    /// The CPU must have AVX2.
    #[inline(always)]
    pub(super) unsafe fn new() -> Avx2 {
        Avx2(())
    }
}

impl Avx512 {
    /// # Safety
    /// The CPU must have AVX-512 F, VL, BW, DQ and CD.
    #[inline(always)]
    pub(super) unsafe fn new() -> Avx512 {
        Avx512(())
    }
}

/// Applies each operation of one register to the two halves.
macro_rules! halves {
    ($($name:ident($($a:ident: $t:ident),+) -> $r:ident = $f:ident;)*) => {$(
        #[inline(always)]
        fn $name(self, $($a: Self::$t),+) -> Self::$r {
            // SAFETY: `self` exists, so the CPU has AVX2; the operation only
            // touches registers.
            unsafe { ($f($($a.0),+), $f($($a.1),+)) }
        }
    )*};
}

/// Operations on sixteen short integers in one register of 256 bits.
macro_rules! short_integers {
    ($($name:ident($($a:ident),+) = $f:ident;)*) => {
        $(#[inline(always)]
        fn $name(self, $($a: __m256i),+) -> __m256i {
            // SAFETY: `self` exists, so the CPU has AVX2; registers only.
            unsafe { $f($($a),+) }
        })*

        #[inline(always)]
        fn load_h(self, from: &[i16; 16]) -> __m256i {
            // SAFETY: AVX2 by `self`; sixteen short integers are behind the pointer.
            unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
        }
        #[inline(always)]
        fn store_h(self, to: &mut [i16; 16], x: __m256i) {
            // SAFETY: AVX2 by `self`; sixteen short integers are behind the pointer.
            unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), x) }
        }
        #[inline(always)]
        fn splat_h(self, x: i16) -> __m256i {
            // SAFETY: AVX2 by `self`; registers only.
            unsafe { _mm256_set1_epi16(x) }
        }
        #[inline(always)]
        fn half_h(self, a: __m256i) -> __m256i {
            // SAFETY: AVX2 by `self`; registers only.
            unsafe { _mm256_srai_epi16::<1>(a) }
        }
        #[inline(always)]
        fn top_h(self, a: __m256i) -> __m256i {
            // SAFETY: AVX2 by `self`; registers only.
            unsafe { _mm256_srli_epi16::<12>(a) }
        }
        #[inline(always)]
        fn lookup_h(self, table: &[i8; 16], index: __m256i) -> __m256i {
            // SAFETY: AVX2 by `self`; sixteen bytes are behind the pointer. The shuffle
            // reads the low four bits of each byte of the index; its highest bit, set in
            // the low byte of each lane, makes that byte 0.
            unsafe {
                let table = _mm256_broadcastsi128_si256(_mm_loadu_si128(table.as_ptr().cast()));
                let index = _mm256_slli_epi16::<8>(index);
                _mm256_shuffle_epi8(table, _mm256_or_si256(index, _mm256_set1_epi16(0x80)))
            }
        }
    };
}

/// The list of those operations.
macro_rules! short_operations {
    () => {
        short_integers! {
            add_h(a, b) = _mm256_add_epi16;
            add_saturating_h(a, b) = _mm256_adds_epi16;
            sub_h(a, b) = _mm256_sub_epi16;
            and_h(a, b) = _mm256_and_si256;
            or_h(a, b) = _mm256_or_si256;
            scale_h(a, b) = _mm256_mulhrs_epi16;
            above_h(a, b) = _mm256_cmpgt_epi16;
        }
    };
}

impl Simd for Avx2 {
    type F = (__m256, __m256);
    type I = (__m256i, __m256i);
    type H = __m256i;

    short_operations!();

    #[inline(always)]
    fn widen(self, a: __m256i) -> Self::I {
        // SAFETY: AVX2 by `self`; registers only.
        unsafe {
            let high = _mm256_extracti128_si256::<1>(a);
            (_mm256_cvtepi16_epi32(_mm256_castsi256_si128(a)), _mm256_cvtepi16_epi32(high))
        }
    }

    halves! {
        add(a: F, b: F) -> F = _mm256_add_ps;
        sub(a: F, b: F) -> F = _mm256_sub_ps;
        mul(a: F, b: F) -> F = _mm256_mul_ps;
        div(a: F, b: F) -> F = _mm256_div_ps;
        min(a: F, b: F) -> F = _mm256_min_ps;
        max(a: F, b: F) -> F = _mm256_max_ps;
        add_i(a: I, b: I) -> I = _mm256_add_epi32;
        sub_i(a: I, b: I) -> I = _mm256_sub_epi32;
        and_i(a: I, b: I) -> I = _mm256_and_si256;
        or_i(a: I, b: I) -> I = _mm256_or_si256;
        min_i(a: I, b: I) -> I = _mm256_min_epi32;
        bits(a: F) -> I = _mm256_castps_si256;
        with_bits(a: I) -> F = _mm256_castsi256_ps;
        to_float(a: I) -> F = _mm256_cvtepi32_ps;
        truncate(a: F) -> I = _mm256_cvttps_epi32;
    }

    #[inline(always)]
    fn load(self, from: &[f32; 16]) -> Self::F {
        let from = from.as_ptr();
        // SAFETY: AVX2 by `self`; sixteen floats are behind the pointer.
        unsafe { (_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))) }
    }
    #[inline(always)]
    fn store(self, to: &mut [f32; 16], x: Self::F) {
        let to = to.as_mut_ptr();
        // SAFETY: AVX2 by `self`; sixteen floats are behind the pointer.
        unsafe {
            _mm256_storeu_ps(to, x.0);
            _mm256_storeu_ps(to.add(8), x.1);
        }
    }
    #[inline(always)]
    fn load_i(self, from: &[i32; 16]) -> Self::I {
        let from = from.as_ptr().cast::<__m256i>();
        // SAFETY: AVX2 by `self`; sixteen integers are behind the pointer.
        unsafe { (_mm256_loadu_si256(from), _mm256_loadu_si256(from.add(1))) }
    }
    #[inline(always)]
    fn store_i(self, to: &mut [i32; 16], x: Self::I) {
        let to = to.as_mut_ptr().cast::<__m256i>();
        // SAFETY: AVX2 by `self`; sixteen integers are behind the pointer.
        unsafe {
            _mm256_storeu_si256(to, x.0);
            _mm256_storeu_si256(to.add(1), x.1);
        }
    }
    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        // SAFETY: AVX2 by `self`; registers only.
        unsafe { (_mm256_set1_ps(x), _mm256_set1_ps(x)) }
    }
    #[inline(always)]
    fn splat_i(self, x: i32) -> Self::I {
        // SAFETY: AVX2 by `self`; registers only.
        unsafe { (_mm256_set1_epi32(x), _mm256_set1_epi32(x)) }
    }
    #[inline(always)]
    fn shl<const BITS: u32>(self, a: Self::I) -> Self::I {
        self.shl_by(a, BITS)
    }
    #[inline(always)]
    fn shr<const BITS: u32>(self, a: Self::I) -> Self::I {
        self.shr_by(a, BITS)
    }
    #[inline(always)]
    fn lookup(self, table: &[f32; 16], index: Self::I) -> Self::F {
        let (low, high) = self.load(table);
        // SAFETY: AVX2 by `self`; registers only. The permutation reads the low
        // three bits of an index; the fourth, moved to the sign, chooses the half.
        unsafe {
            let one = |index: __m256i| {
                let (a, b) =
                    (_mm256_permutevar8x32_ps(low, index), _mm256_permutevar8x32_ps(high, index));
                _mm256_blendv_ps(a, b, _mm256_castsi256_ps(_mm256_slli_epi32::<28>(index)))
            };
            (one(index.0), one(index.1))
        }
    }
    #[inline(always)]
    fn shl_by(self, a: Self::I, bits: u32) -> Self::I {
        // SAFETY: AVX2 by `self`; registers only.
        unsafe {
            let count = _mm_cvtsi32_si128(bits as i32);
            (_mm256_sll_epi32(a.0, count), _mm256_sll_epi32(a.1, count))
        }
    }
    #[inline(always)]
    fn shr_by(self, a: Self::I, bits: u32) -> Self::I {
        // SAFETY: AVX2 by `self`; registers only.
        unsafe {
            let count = _mm_cvtsi32_si128(bits as i32);
            (_mm256_srl_epi32(a.0, count), _mm256_srl_epi32(a.1, count))
        }
    }
    #[inline(always)]
    fn gather<const M: usize, const LENGTH: usize>(
        self,
        table: &[i32; LENGTH],
        index: Self::I,
    ) -> Self::I {
        const { assert!(LENGTH.is_power_of_two() && LENGTH < 1 << 31 && M <= 16) };
        // SAFETY: AVX2 by `self`; masked by a power of two less one, an index is
        // not negative and below the table's length.
        unsafe {
            let mask = _mm256_set1_epi32(LENGTH as i32 - 1);
            let one =
                |index| _mm256_i32gather_epi32::<4>(table.as_ptr(), _mm256_and_si256(index, mask));
            let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let below = |count: i32| _mm256_cmpgt_epi32(_mm256_set1_epi32(count), lanes);
            let (low, high) = (below(M as i32), below(M as i32 - 8));
            let second = if M > 8 { one(index.1) } else { high };
            (_mm256_and_si256(one(index.0), low), _mm256_and_si256(second, high))
        }
    }
    #[inline(always)]
    fn first(self, a: Self::F) -> f32 {
        // SAFETY: AVX2 by `self`; registers only.
        unsafe { _mm256_cvtss_f32(a.0) }
    }
    #[inline(always)]
    fn sum(self, a: Self::F) -> f32 {
        // SAFETY: AVX2 by `self`; registers only.
        unsafe { sum_eight(_mm256_add_ps(a.0, a.1)) }
    }
}

/// Adds lanes 4 apart, then 2, then 1.
///
/// # Safety
/// The CPU must have AVX2.
#[inline(always)]
unsafe fn sum_eight(a: __m256) -> f32 {
    // SAFETY: AVX2 is the caller's promise; registers only.
    unsafe {
        let a = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
        let a = _mm_add_ps(a, _mm_movehl_ps(a, a));
        let a = _mm_add_ss(a, _mm_shuffle_ps::<1>(a, a));
        _mm_cvtss_f32(a)
    }
}

/// Defines each operation of one register.
macro_rules! whole {
    ($($name:ident($($a:ident: $t:ident),+) -> $r:ident = $f:ident;)*) => {$(
        #[inline(always)]
        fn $name(self, $($a: Self::$t),+) -> Self::$r {
            // SAFETY: `self` exists, so the CPU has AVX-512; registers only.
            unsafe { $f($($a),+) }
        }
    )*};
}

impl Simd for Avx512 {
    type F = __m512;
    type I = __m512i;
    type H = __m256i;

    short_operations!();

    #[inline(always)]
    fn widen(self, a: __m256i) -> __m512i {
        // SAFETY: AVX-512 by `self`; registers only.
        unsafe { _mm512_cvtepi16_epi32(a) }
    }

    whole! {
        add(a: F, b: F) -> F = _mm512_add_ps;
        sub(a: F, b: F) -> F = _mm512_sub_ps;
        mul(a: F, b: F) -> F = _mm512_mul_ps;
        div(a: F, b: F) -> F = _mm512_div_ps;
        min(a: F, b: F) -> F = _mm512_min_ps;
        max(a: F, b: F) -> F = _mm512_max_ps;
        add_i(a: I, b: I) -> I = _mm512_add_epi32;
        sub_i(a: I, b: I) -> I = _mm512_sub_epi32;
        and_i(a: I, b: I) -> I = _mm512_and_si512;
        or_i(a: I, b: I) -> I = _mm512_or_si512;
        min_i(a: I, b: I) -> I = _mm512_min_epi32;
        bits(a: F) -> I = _mm512_castps_si512;
        with_bits(a: I) -> F = _mm512_castsi512_ps;
        to_float(a: I) -> F = _mm512_cvtepi32_ps;
        truncate(a: F) -> I = _mm512_cvttps_epi32;
    }

    #[inline(always)]
    fn load(self, from: &[f32; 16]) -> Self::F {
        // SAFETY: AVX-512 by `self`; sixteen floats are behind the pointer.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }
    #[inline(always)]
    fn store(self, to: &mut [f32; 16], x: Self::F) {
        // SAFETY: AVX-512 by `self`; sixteen floats are behind the pointer.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), x) }
    }
    #[inline(always)]
    fn load_i(self, from: &[i32; 16]) -> Self::I {
        // SAFETY: AVX-512 by `self`; sixteen integers are behind the pointer.
        unsafe { _mm512_loadu_epi32(from.as_ptr()) }
    }
    #[inline(always)]
    fn store_i(self, to: &mut [i32; 16], x: Self::I) {
        // SAFETY: AVX-512 by `self`; sixteen integers are behind the pointer.
        unsafe { _mm512_storeu_epi32(to.as_mut_ptr(), x) }
    }
    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        // SAFETY: AVX-512 by `self`; registers only.
        unsafe { _mm512_set1_ps(x) }
    }
    #[inline(always)]
    fn splat_i(self, x: i32) -> Self::I {
        // SAFETY: AVX-512 by `self`; registers only.
        unsafe { _mm512_set1_epi32(x) }
    }
    #[inline(always)]
    fn shl<const BITS: u32>(self, a: Self::I) -> Self::I {
        // SAFETY: AVX-512 by `self`; registers only.
        unsafe { _mm512_slli_epi32::<BITS>(a) }
    }
    #[inline(always)]
    fn shr<const BITS: u32>(self, a: Self::I) -> Self::I {
        // SAFETY: AVX-512 by `self`; registers only.
        unsafe { _mm512_srli_epi32::<BITS>(a) }
    }
    #[inline(always)]
    fn lookup(self, table: &[f32; 16], index: Self::I) -> Self::F {
        // SAFETY: AVX-512 by `self`; registers only, and the permutation reads the
        // low four bits of an index.
        unsafe { _mm512_permutexvar_ps(index, self.load(table)) }
    }
    #[inline(always)]
    fn shl_by(self, a: Self::I, bits: u32) -> Self::I {
        // SAFETY: AVX-512 by `self`; registers only.
        unsafe { _mm512_sll_epi32(a, _mm_cvtsi32_si128(bits as i32)) }
    }
    #[inline(always)]
    fn shr_by(self, a: Self::I, bits: u32) -> Self::I {
        // SAFETY: AVX-512 by `self`; registers only.
        unsafe { _mm512_srl_epi32(a, _mm_cvtsi32_si128(bits as i32)) }
    }
    #[inline(always)]
    fn gather<const M: usize, const LENGTH: usize>(
        self,
        table: &[i32; LENGTH],
        index: Self::I,
    ) -> Self::I {
        const { assert!(LENGTH.is_power_of_two() && LENGTH < 1 << 31 && M <= 16) };
        // SAFETY: AVX-512 with VL by `self`; masked by a power of two less one, an
        // index is not negative and below the table's length.
        unsafe {
            let index = _mm512_and_si512(index, _mm512_set1_epi32(LENGTH as i32 - 1));
            let lanes = (1u32 << M).wrapping_sub(1) as u16;
            if M > 8 {
                let found = _mm512_i32gather_epi32::<4>(index, table.as_ptr());
                return _mm512_maskz_mov_epi32(lanes, found);
            }
            let half = _mm512_castsi512_si256(index);
            let found = _mm256_i32gather_epi32::<4>(table.as_ptr(), half);
            _mm512_maskz_mov_epi32(lanes, _mm512_zextsi256_si512(found))
        }
    }
    #[inline(always)]
    fn first(self, a: Self::F) -> f32 {
        // SAFETY: AVX-512 by `self`; registers only.
        unsafe { _mm512_cvtss_f32(a) }
    }
    #[inline(always)]
    fn sum(self, a: Self::F) -> f32 {
        // SAFETY: AVX-512 by `self`; registers only.
        unsafe {
            sum_eight(_mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps::<1>(a)))
        }
    }
}
