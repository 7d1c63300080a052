//! Functions of single elements, each forward function beside its backward function.

use super::TASK;
use super::fma::{Fma, FusedKernel};
use super::functions::{erf, exp};
use crate::arith::Isa;
use rayon::prelude::*;

/// 1/√2.
const HALF_ROOT: f32 = std::f32::consts::FRAC_1_SQRT_2;
/// 1/√(2π).
const NORMAL_PEAK: f32 = 0.398_942_3;

/// A function of `x` and the element's old value. Backward functions turn the gradient
/// of a result into that of the argument, in place.
trait Function: Copy + Send + Sync {
    fn apply<F: Fma>(x: f32, before: f32) -> f32;
}

struct Map<'a, T> {
    out: &'a mut [f32],
    x: &'a [f32],
    function: std::marker::PhantomData<T>,
}

impl<T: Function> FusedKernel for Map<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<F: Fma>(self) {
        for (out, &x) in self.out.iter_mut().zip(self.x) {
            *out = T::apply::<F>(x, *out);
        }
    }
}

fn map<T: Function>(isa: Isa, _: T, out: &mut [f32], x: &[f32]) {
    assert_eq!(out.len(), x.len());
    let function = std::marker::PhantomData::<T>;
    out.par_chunks_mut(TASK)
        .zip(x.par_chunks(TASK))
        .for_each(|(out, x)| isa.run_fused(Map { out, x, function }));
}

#[derive(Clone, Copy)]
struct Sigmoid;
impl Function for Sigmoid {
    #[inline(always)]
    fn apply<F: Fma>(x: f32, _: f32) -> f32 {
        1.0 / (1.0 + exp::<F>(-x))
    }
}

/// Computes `out = 1 / (1 + e^−x)`.
///
/// # Panics
/// If the lengths differ, as in all functions of this file.
pub fn sigmoid(isa: Isa, out: &mut [f32], x: &[f32]) {
    map(isa, Sigmoid, out, x);
}

#[derive(Clone, Copy)]
struct SigmoidBackward;
impl Function for SigmoidBackward {
    #[inline(always)]
    fn apply<F: Fma>(y: f32, gradient: f32) -> f32 {
        gradient * (y * (1.0 - y))
    }
}

/// Computes `gradient *= y · (1 − y)`, with `y` the result of [`sigmoid`].
pub fn sigmoid_backward(isa: Isa, gradient: &mut [f32], y: &[f32]) {
    map(isa, SigmoidBackward, gradient, y);
}

#[derive(Clone, Copy)]
struct Gelu;
impl Function for Gelu {
    #[inline(always)]
    fn apply<F: Fma>(x: f32, _: f32) -> f32 {
        (0.5 * x) * (1.0 + erf::<F>(x * HALF_ROOT))
    }
}

/// Computes `out = x · Φ(x)`, `Φ` the normal distribution: the exact GELU of Hendrycks
/// and Gimpel (2016), not its tanh approximation.
pub fn gelu(isa: Isa, out: &mut [f32], x: &[f32]) {
    map(isa, Gelu, out, x);
}

#[derive(Clone, Copy)]
struct GeluBackward;
impl Function for GeluBackward {
    #[inline(always)]
    fn apply<F: Fma>(x: f32, gradient: f32) -> f32 {
        let below = 0.5 * (1.0 + erf::<F>(x * HALF_ROOT));
        let density = NORMAL_PEAK * exp::<F>((-0.5 * x) * x);
        gradient * F::fma(x, density, below)
    }
}

/// Computes `gradient *= Φ(x) + x · φ(x)`, with `x` the input of [`gelu`].
pub fn gelu_backward(isa: Isa, gradient: &mut [f32], x: &[f32]) {
    map(isa, GeluBackward, gradient, x);
}
