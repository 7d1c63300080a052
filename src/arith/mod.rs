//! Deterministic numerics and instruction-set dispatch: the only unsafe code.
//!
//! The determinism rule (spec/arithmetic.md): every result is the same, bit for bit, on
//! every CPU. Bodies are written once, over 16 virtual lanes, in plain IEEE-754 single
//! precision, and compiled once per instruction set. No body uses a math library, and
//! no reduction depends on the width of a register.

pub mod closed;
pub mod dense;
mod isa;
pub mod lanes;
pub mod math;
pub mod memory;
pub mod panics;
pub mod refusal;
#[cfg(target_arch = "x86_64")]
mod tiles;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use isa::{Isa, Kernel, LaneKernel};
pub use lanes::{Simd, Vector};
