//! The instruction set for which a kernel is compiled.
//!
//! A [`Kernel`] is written once and marked `#[inline(always)]`; [`Isa::run`]
//! inlines it into a function compiled for the chosen instruction set, so a
//! whole group loop is monomorphised, not each call. Rust never contracts
//! `a * b + c` into a fused operation, so the results cannot differ.

use super::lanes::{Scalar, Simd};
#[cfg(target_arch = "x86_64")]
use super::tiles::{self, Tiles};
#[cfg(target_arch = "x86_64")]
use super::x86::{Avx2, Avx512};

/// A computation that can be compiled for several instruction sets.
/// `run` must be `#[inline(always)]`, as must every hot function it calls. Otherwise
/// the result is still right, but compiled for the baseline.
pub trait Kernel {
    /// What the computation returns.
    type Output;
    /// Runs the computation. Implementations are `#[inline(always)]`.
    fn run(self) -> Self::Output;
}

/// A computation over sixteen lanes, see [`Simd`].
///
/// Like [`Kernel`]: written once, inlined whole into each instruction set.
pub trait LaneKernel {
    /// What the computation returns.
    type Output;
    /// Runs the computation. Implementations are `#[inline(always)]`.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// AVX-512 and tiles of bfloat16.
    #[cfg(target_arch = "x86_64")]
    Amx,
}

/// An instruction set this CPU has. A value exists only if it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(Kind);

impl Isa {
    /// The baseline of the target: the specification itself.
    pub const SCALAR: Isa = Isa(Kind::Scalar);

    /// Returns every instruction set that this machine can run, the baseline first, the
    /// widest last.
    pub fn available() -> Vec<Isa> {
        #[allow(unused_mut)]
        let mut found = vec![Isa::SCALAR];
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("fma")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("lzcnt")
                && is_x86_feature_detected!("popcnt");
            if avx2 {
                found.push(Isa(Kind::Avx2));
            }
            if avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512cd")
            {
                found.push(Isa(Kind::Avx512));
                if tiles::available() {
                    found.push(Isa(Kind::Amx));
                }
            }
        }
        found
    }

    /// Returns the widest instruction set of this machine.
    pub fn best() -> Isa {
        *Isa::available().last().expect("the baseline is always available")
    }

    /// Returns the instruction set that suits a kernel with this many of the sixteen
    /// lanes: for eight, AVX2 instead of AVX-512, because half registers divide in a
    /// third of the time.
    pub fn for_lanes(self, lanes: usize) -> Isa {
        match self.0 {
            // AVX-512 is detected only if AVX2 is, see `available`.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 | Kind::Amx if lanes <= 8 => Isa(Kind::Avx2),
            _ => self,
        }
    }

    /// Returns the name that users know: `scalar`, `avx2`, `avx512`, `amx`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Kind::Amx => "amx",
        }
    }

    pub(super) fn kind(self) -> Kind {
        self.0
    }

    /// Returns the tiles of this instruction set, configured for this thread.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn tiles(self) -> Option<Tiles> {
        // SAFETY: an `Isa` of this kind is made only by `available`, after `tiles::available`.
        (self.0 == Kind::Amx).then(|| unsafe { Tiles::new() })
    }

    /// Runs `kernel` compiled for this instruction set.
    #[inline]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            Kind::Scalar => kernel.run(),
            // SAFETY: an `Isa` of this kind is made only by `available`, after
            // the CPU was seen to have every feature the function enables.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { run_avx2(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 | Kind::Amx => unsafe { run_avx512(kernel) },
        }
    }

    /// Runs `kernel` over the sixteen lanes of this instruction set.
    #[inline]
    pub fn run_lanes<K: LaneKernel>(self, kernel: K) -> K::Output {
        match self.0 {
            Kind::Scalar => kernel.run(Scalar),
            // SAFETY: an `Isa` of this kind exists only if the CPU has AVX2.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => self.run(WithLanes(kernel, unsafe { Avx2::new() })),
            // SAFETY: an `Isa` of this kind exists only if the CPU has AVX-512.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 | Kind::Amx => self.run(WithLanes(kernel, unsafe { Avx512::new() })),
        }
    }
}

/// A lane kernel with its lanes, as a plain kernel.
#[cfg(target_arch = "x86_64")]
struct WithLanes<K, S>(K, S);

#[cfg(target_arch = "x86_64")]
impl<K: LaneKernel, S: Simd> Kernel for WithLanes<K, S> {
    type Output = K::Output;
    #[inline(always)]
    fn run(self) -> K::Output {
        self.0.run(self.1)
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(
    enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512cd,avx2,fma,bmi1,bmi2,lzcnt,popcnt"
)]
fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}
