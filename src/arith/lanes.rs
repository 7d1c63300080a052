//! Sixteen virtual lanes: the vector of the specification.
//!
//! Every body of the engine is written over vectors of sixteen `f32` or `i32`, whatever
//! the CPU has: one `zmm`, two `ymm` or a plain array. Each operation is one IEEE-754
//! or two's-complement operation per lane. [`Simd::sum`] is the only reduction, a fixed
//! tree. So all implementations agree bit for bit.
//!
//! Normative text: spec/arithmetic.md §2.

/// Sixteen floats on their own cache line.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Zeroable)]
#[repr(C, align(64))]
pub struct Vector(pub [f32; 16]);

impl Vector {
    /// Sixteen zeros.
    pub const ZERO: Vector = Vector([0.0; 16]);
}

/// By the bits: for digests of state.
#[cfg(test)]
impl std::hash::Hash for Vector {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.map(f32::to_bits).hash(state);
    }
}

/// Operations over sixteen lanes. A value of an implementing type is a proof
/// that the CPU has the instructions.
pub trait Simd: Copy + Send + Sync + 'static {
    /// Sixteen `f32`.
    type F: Copy;
    /// Sixteen `i32`.
    type I: Copy;
    /// Sixteen `i16`.
    type H: Copy;

    /// Loads sixteen floats.
    fn load(self, from: &[f32; 16]) -> Self::F;
    /// Stores sixteen floats.
    fn store(self, to: &mut [f32; 16], x: Self::F);
    /// Loads sixteen integers.
    fn load_i(self, from: &[i32; 16]) -> Self::I;
    /// Stores sixteen integers.
    fn store_i(self, to: &mut [i32; 16], x: Self::I);
    /// Returns the same float in every lane.
    fn splat(self, x: f32) -> Self::F;
    /// Returns the same integer in every lane.
    fn splat_i(self, x: i32) -> Self::I;
    /// Computes `a + b`.
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    /// Computes `a − b`.
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    /// Computes `a · b`.
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    /// Computes `a / b`.
    fn div(self, a: Self::F, b: Self::F) -> Self::F;
    /// Computes `a < b ? a : b`; `b` if either is NaN.
    fn min(self, a: Self::F, b: Self::F) -> Self::F;
    /// Computes `a > b ? a : b`; `b` if either is NaN.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// Computes `a + b`, wrapping.
    fn add_i(self, a: Self::I, b: Self::I) -> Self::I;
    /// Computes `a − b`, wrapping.
    fn sub_i(self, a: Self::I, b: Self::I) -> Self::I;
    /// Computes the bitwise and.
    fn and_i(self, a: Self::I, b: Self::I) -> Self::I;
    /// Computes the bitwise or.
    fn or_i(self, a: Self::I, b: Self::I) -> Self::I;
    /// Returns the smaller of two signed integers.
    fn min_i(self, a: Self::I, b: Self::I) -> Self::I;
    /// Shifts left.
    fn shl<const BITS: u32>(self, a: Self::I) -> Self::I;
    /// Shifts right, filling with zeros.
    fn shr<const BITS: u32>(self, a: Self::I) -> Self::I;
    /// Returns the bits of the floats.
    fn bits(self, a: Self::F) -> Self::I;
    /// Returns the floats with these bits.
    fn with_bits(self, a: Self::I) -> Self::F;
    /// Returns the nearest float of each integer.
    fn to_float(self, a: Self::I) -> Self::F;
    /// Returns the integer part of each float; the caller keeps them within `i32`.
    fn truncate(self, a: Self::F) -> Self::I;
    /// Returns, in each lane, the float of `table` that `index`, 0 ..= 15, selects.
    fn lookup(self, table: &[f32; 16], index: Self::I) -> Self::F;
    /// Shifts all lanes left by `bits`, 0 ..= 31.
    fn shl_by(self, a: Self::I, bits: u32) -> Self::I;
    /// Shifts all lanes right by `bits`, 0 ..= 31, filling with zeros.
    fn shr_by(self, a: Self::I, bits: u32) -> Self::I;
    /// Returns, in each of the first `M` lanes, 1 ..= 16, the element of `table` that
    /// `index mod LENGTH` selects; 0 in the lanes beyond. `LENGTH` is a power of two.
    fn gather<const M: usize, const LENGTH: usize>(
        self,
        table: &[i32; LENGTH],
        index: Self::I,
    ) -> Self::I;
    /// Loads sixteen short integers.
    fn load_h(self, from: &[i16; 16]) -> Self::H;
    /// Stores sixteen short integers.
    fn store_h(self, to: &mut [i16; 16], x: Self::H);
    /// Returns the same short integer in every lane.
    fn splat_h(self, x: i16) -> Self::H;
    /// Computes `a + b`, wrapping.
    fn add_h(self, a: Self::H, b: Self::H) -> Self::H;
    /// Computes `a + b`; what is out of range becomes the nearest number in range.
    fn add_saturating_h(self, a: Self::H, b: Self::H) -> Self::H;
    /// Computes `a − b`, wrapping.
    fn sub_h(self, a: Self::H, b: Self::H) -> Self::H;
    /// Computes the bitwise and.
    fn and_h(self, a: Self::H, b: Self::H) -> Self::H;
    /// Computes the bitwise or.
    fn or_h(self, a: Self::H, b: Self::H) -> Self::H;
    /// Computes `a / 2`, rounded down.
    fn half_h(self, a: Self::H) -> Self::H;
    /// Returns the highest four bits as 0 ..= 15.
    fn top_h(self, a: Self::H) -> Self::H;
    /// Computes `a · b / 2^15`, rounded to nearest, halves up; not both are −2^15.
    fn scale_h(self, a: Self::H, b: Self::H) -> Self::H;
    /// Returns −1 where `a > b`, else 0.
    fn above_h(self, a: Self::H, b: Self::H) -> Self::H;
    /// Returns, in each lane, 2^8 times the element of `table` that `index`, 0 ..= 15,
    /// selects.
    fn lookup_h(self, table: &[i8; 16], index: Self::H) -> Self::H;
    /// Converts to sixteen `i32`.
    fn widen(self, a: Self::H) -> Self::I;
    /// Returns the float in lane 0.
    fn first(self, a: Self::F) -> f32;
    /// Sums the lanes by a fixed tree: lanes 8 apart, then 4, 2, 1.
    fn sum(self, a: Self::F) -> f32;
}

/// The specification: arrays and loops.
#[derive(Clone, Copy, Debug)]
pub struct Scalar;

macro_rules! lanewise {
    ($($name:ident($($a:ident: $t:ty),+) -> $r:ty = $f:expr;)*) => {$(
        #[inline(always)]
        fn $name(self, $($a: $t),+) -> $r {
            let f = $f;
            core::array::from_fn(|lane| f($($a[lane]),+))
        }
    )*};
}

impl Simd for Scalar {
    type F = [f32; 16];
    type I = [i32; 16];
    type H = [i16; 16];

    lanewise! {
        add(a: [f32; 16], b: [f32; 16]) -> [f32; 16] = |a: f32, b: f32| a + b;
        sub(a: [f32; 16], b: [f32; 16]) -> [f32; 16] = |a: f32, b: f32| a - b;
        mul(a: [f32; 16], b: [f32; 16]) -> [f32; 16] = |a: f32, b: f32| a * b;
        div(a: [f32; 16], b: [f32; 16]) -> [f32; 16] = |a: f32, b: f32| a / b;
        min(a: [f32; 16], b: [f32; 16]) -> [f32; 16] = |a: f32, b: f32| if a < b { a } else { b };
        max(a: [f32; 16], b: [f32; 16]) -> [f32; 16] = |a: f32, b: f32| if a > b { a } else { b };
        add_i(a: [i32; 16], b: [i32; 16]) -> [i32; 16] = i32::wrapping_add;
        sub_i(a: [i32; 16], b: [i32; 16]) -> [i32; 16] = i32::wrapping_sub;
        and_i(a: [i32; 16], b: [i32; 16]) -> [i32; 16] = |a: i32, b: i32| a & b;
        or_i(a: [i32; 16], b: [i32; 16]) -> [i32; 16] = |a: i32, b: i32| a | b;
        min_i(a: [i32; 16], b: [i32; 16]) -> [i32; 16] = i32::min;
        bits(a: [f32; 16]) -> [i32; 16] = |a: f32| a.to_bits() as i32;
        with_bits(a: [i32; 16]) -> [f32; 16] = |a: i32| f32::from_bits(a as u32);
        to_float(a: [i32; 16]) -> [f32; 16] = |a: i32| a as f32;
        truncate(a: [f32; 16]) -> [i32; 16] = |a: f32| a as i32;
        add_h(a: [i16; 16], b: [i16; 16]) -> [i16; 16] = i16::wrapping_add;
        add_saturating_h(a: [i16; 16], b: [i16; 16]) -> [i16; 16] = i16::saturating_add;
        sub_h(a: [i16; 16], b: [i16; 16]) -> [i16; 16] = i16::wrapping_sub;
        and_h(a: [i16; 16], b: [i16; 16]) -> [i16; 16] = |a: i16, b: i16| a & b;
        or_h(a: [i16; 16], b: [i16; 16]) -> [i16; 16] = |a: i16, b: i16| a | b;
        half_h(a: [i16; 16]) -> [i16; 16] = |a: i16| a >> 1;
        top_h(a: [i16; 16]) -> [i16; 16] = |a: i16| (a as u16 >> 12) as i16;
        scale_h(a: [i16; 16], b: [i16; 16]) -> [i16; 16] =
            |a: i16, b: i16| ((a as i32 * b as i32 + (1 << 14)) >> 15) as i16;
        above_h(a: [i16; 16], b: [i16; 16]) -> [i16; 16] = |a: i16, b: i16| -((a > b) as i16);
        widen(a: [i16; 16]) -> [i32; 16] = |a: i16| a as i32;
    }

    #[inline(always)]
    fn load(self, from: &[f32; 16]) -> [f32; 16] {
        *from
    }
    #[inline(always)]
    fn store(self, to: &mut [f32; 16], x: [f32; 16]) {
        *to = x;
    }
    #[inline(always)]
    fn load_i(self, from: &[i32; 16]) -> [i32; 16] {
        *from
    }
    #[inline(always)]
    fn store_i(self, to: &mut [i32; 16], x: [i32; 16]) {
        *to = x;
    }
    #[inline(always)]
    fn load_h(self, from: &[i16; 16]) -> [i16; 16] {
        *from
    }
    #[inline(always)]
    fn store_h(self, to: &mut [i16; 16], x: [i16; 16]) {
        *to = x;
    }
    #[inline(always)]
    fn splat_h(self, x: i16) -> [i16; 16] {
        [x; 16]
    }
    #[inline(always)]
    fn lookup_h(self, table: &[i8; 16], index: [i16; 16]) -> [i16; 16] {
        index.map(|index| (table[index as usize & 15] as i16) << 8)
    }
    #[inline(always)]
    fn splat(self, x: f32) -> [f32; 16] {
        [x; 16]
    }
    #[inline(always)]
    fn splat_i(self, x: i32) -> [i32; 16] {
        [x; 16]
    }
    #[inline(always)]
    fn shl<const BITS: u32>(self, a: [i32; 16]) -> [i32; 16] {
        a.map(|a| a << BITS)
    }
    #[inline(always)]
    fn shr<const BITS: u32>(self, a: [i32; 16]) -> [i32; 16] {
        a.map(|a| (a as u32 >> BITS) as i32)
    }
    #[inline(always)]
    fn lookup(self, table: &[f32; 16], index: [i32; 16]) -> [f32; 16] {
        index.map(|index| table[index as usize & 15])
    }
    #[inline(always)]
    fn shl_by(self, a: [i32; 16], bits: u32) -> [i32; 16] {
        a.map(|a| a << (bits & 31))
    }
    #[inline(always)]
    fn shr_by(self, a: [i32; 16], bits: u32) -> [i32; 16] {
        a.map(|a| (a as u32 >> (bits & 31)) as i32)
    }
    #[inline(always)]
    fn gather<const M: usize, const LENGTH: usize>(
        self,
        table: &[i32; LENGTH],
        index: [i32; 16],
    ) -> [i32; 16] {
        const { assert!(LENGTH.is_power_of_two() && M <= 16) };
        let mut found = [0; 16];
        for lane in 0..M {
            found[lane] = table[index[lane] as usize & (LENGTH - 1)];
        }
        found
    }
    #[inline(always)]
    fn first(self, a: [f32; 16]) -> f32 {
        a[0]
    }
    #[inline(always)]
    fn sum(self, mut a: [f32; 16]) -> f32 {
        for half in [8, 4, 2, 1] {
            for lane in 0..half {
                a[lane] += a[lane + half];
            }
        }
        a[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::{Isa, LaneKernel};

    /// A kernel that runs every operation over the same lanes and returns the bits of
    /// all results.
    struct Operations {
        floats: [[f32; 16]; 2],
        integers: [[i32; 16]; 2],
        table: Box<[i32; 512]>,
    }

    impl LaneKernel for Operations {
        type Output = Vec<[i32; 16]>;

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> Self::Output {
            let [a, b] = self.floats.map(|x| simd.load(&x));
            let [i, j] = self.integers.map(|x| simd.load_i(&x));
            let small = simd.and_i(i, simd.splat_i(15));
            let table = core::array::from_fn(|k| 1.5 * k as f32);
            let floats = [
                simd.add(a, b),
                simd.sub(a, b),
                simd.mul(a, b),
                simd.div(a, b),
                simd.min(a, b),
                simd.max(a, b),
                simd.to_float(i),
                simd.lookup(&table, small),
                simd.splat(simd.first(a)),
                simd.splat(simd.sum(a)),
            ];
            let integers = [
                simd.add_i(i, j),
                simd.sub_i(i, j),
                simd.and_i(i, j),
                simd.or_i(i, j),
                simd.min_i(i, j),
                simd.shl::<3>(i),
                simd.shr::<10>(i),
                simd.shl_by(i, 0),
                simd.shl_by(i, 24),
                simd.shr_by(i, 0),
                simd.shr_by(i, 31),
                simd.truncate(a),
                simd.gather::<6, 512>(&self.table, i),
                simd.gather::<8, 512>(&self.table, i),
                simd.gather::<13, 512>(&self.table, i),
                simd.gather::<16, 512>(&self.table, i),
            ];
            let mut results = Vec::new();
            for x in floats.map(|x| simd.bits(x)).into_iter().chain(integers) {
                let mut lanes = [0; 16];
                simd.store_i(&mut lanes, x);
                results.push(lanes);
            }
            results
        }
    }

    #[test]
    fn every_operation_gives_the_same_bits_on_every_instruction_set() {
        let mut seed = 1u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed as i32 ^ (seed >> 15) as i32
        };
        for _ in 0..50 {
            let integers = [(); 2].map(|()| [(); 16].map(|()| next()));
            let floats = [(); 2].map(|()| [(); 16].map(|()| next() as f32 / 65_536.0));
            let table: Box<[i32; 512]> = Box::new([(); 512].map(|()| next()));
            let run =
                |isa: Isa| isa.run_lanes(Operations { floats, integers, table: table.clone() });
            let expected = run(Isa::SCALAR);
            assert_eq!(expected[22][..6], integers[0].map(|i| table[i as usize & 511])[..6]);
            assert_eq!(expected[22][6..], [0; 10], "lanes that were not asked for are 0");
            for isa in Isa::available() {
                for (k, (got, want)) in run(isa).iter().zip(&expected).enumerate() {
                    assert_eq!(got, want, "operation {k} with {isa:?}");
                }
            }
        }
    }
}
