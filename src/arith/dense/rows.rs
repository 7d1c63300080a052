//! Functions of whole rows: layer normalisation, softmax, cross-entropy.

use super::functions::{exp, ln, reduce};
use super::{Fma, FusedKernel, TASK};
use crate::arith::Isa;
use rayon::prelude::*;

/// Added to the variance, as published.
pub const LAYER_NORM_EPSILON: f32 = 1e-5;

/// Returns the rows per task for rows of `width`.
fn rows_per_task(width: usize) -> usize {
    TASK.div_ceil(width)
}

/// Returns the mean of a row and the reciprocal of its standard deviation.
#[inline(always)]
fn moments<F: Fma>(row: &[f32]) -> (f32, f32) {
    let width = row.len() as f32;
    let mean = reduce(row, 0.0, |sum, x, _| sum + x, |a, b| a + b) / width;
    let squares = |sum, x, _| F::fma(x - mean, x - mean, sum);
    let variance = reduce(row, 0.0, squares, |a, b| a + b) / width;
    (mean, 1.0 / (variance + LAYER_NORM_EPSILON).sqrt())
}

struct LayerNorm<'a> {
    out: &'a mut [f32],
    x: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
}

impl FusedKernel for LayerNorm<'_> {
    type Output = ();
    #[inline(always)]
    fn run<F: Fma>(self) {
        let width = self.weight.len();
        for (out, x) in self.out.chunks_exact_mut(width).zip(self.x.chunks_exact(width)) {
            let (mean, scale) = moments::<F>(x);
            for (((out, &x), &w), &b) in out.iter_mut().zip(x).zip(self.weight).zip(self.bias) {
                *out = F::fma((x - mean) * scale, w, b);
            }
        }
    }
}

/// Computes `out = (x − mean) / √(variance + ε) · weight + bias`, per row.
///
/// - `out`, `x`: `[M, D]`; `weight`, `bias`: `[D]`, `D` a multiple of 16.
///
/// # Panics
/// If the shapes do not fit, as in all functions of this file.
pub fn layer_norm(isa: Isa, out: &mut [f32], x: &[f32], weight: &[f32], bias: &[f32]) {
    let width = weight.len();
    assert!(out.len() == x.len() && bias.len() == width && x.len().is_multiple_of(width));
    let task = rows_per_task(width) * width;
    out.par_chunks_mut(task).zip(x.par_chunks(task)).for_each(|(out, x)| {
        isa.run_fused(LayerNorm { out, x, weight, bias });
    });
}

/// A kernel that overwrites `x_gradient`, and `normal` with `gradient · (x − mean) ·
/// scale`, whose column sums are the weight's gradient.
struct LayerNormBackward<'a> {
    x_gradient: &'a mut [f32],
    normal: &'a mut [f32],
    x: &'a [f32],
    weight: &'a [f32],
    gradient: &'a [f32],
}

impl FusedKernel for LayerNormBackward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<F: Fma>(self) {
        let width = self.weight.len();
        let rows = self.x_gradient.chunks_exact_mut(width).zip(self.normal.chunks_exact_mut(width));
        let inputs = self.x.chunks_exact(width).zip(self.gradient.chunks_exact(width));
        for ((out, normal), (x, gradient)) in rows.zip(inputs) {
            let (mean, scale) = moments::<F>(x);
            for (normal, &x) in normal.iter_mut().zip(x) {
                *normal = (x - mean) * scale;
            }
            for ((out, &g), &w) in out.iter_mut().zip(gradient).zip(self.weight) {
                *out = g * w;
            }
            let share = 1.0 / width as f32;
            let along = |sum, g, i: usize| F::fma(g, normal[i], sum);
            let along = reduce(out, 0.0, along, |a, b| a + b) * share;
            let mean = reduce(out, 0.0, |sum, g, _| sum + g, |a, b| a + b) * share;
            for ((out, normal), &g) in out.iter_mut().zip(normal).zip(gradient) {
                *out = F::fma(-*normal, along, *out - mean) * scale;
                *normal *= g;
            }
        }
    }
}

/// Computes the gradients of [`layer_norm`].
///
/// - `x_gradient`: `[M, D]`, `weight_gradient`, `bias_gradient`: `[D]`, overwritten.
/// - `x`, `gradient` (of the output): `[M, D]`; `weight`: `[D]`.
///
/// Allocates `[M, D]`.
pub fn layer_norm_backward(
    isa: Isa,
    (x_gradient, weight_gradient, bias_gradient): (&mut [f32], &mut [f32], &mut [f32]),
    x: &[f32],
    weight: &[f32],
    gradient: &[f32],
) {
    let width = weight.len();
    assert!(x_gradient.len() == x.len() && gradient.len() == x.len());
    assert!(weight_gradient.len() == width && bias_gradient.len() == width);
    let task = rows_per_task(width) * width;
    let mut normal = vec![0.0; x.len()];
    let outputs = x_gradient.par_chunks_mut(task).zip(normal.par_chunks_mut(task));
    outputs.zip(x.par_chunks(task)).zip(gradient.par_chunks(task)).for_each(
        |(((x_gradient, normal), x), gradient)| {
            isa.run_fused(LayerNormBackward { x_gradient, normal, x, weight, gradient });
        },
    );
    super::column_sums(weight_gradient, &normal);
    super::column_sums(bias_gradient, gradient);
}

struct Softmax<'a> {
    out: &'a mut [f32],
    logits: &'a [f32],
    width: usize,
}

impl FusedKernel for Softmax<'_> {
    type Output = ();
    #[inline(always)]
    fn run<F: Fma>(self) {
        let rows = self.out.chunks_exact_mut(self.width).zip(self.logits.chunks_exact(self.width));
        for (out, logits) in rows {
            let (_, sum) = exponentials::<F>(out, logits);
            for out in out {
                *out /= sum;
            }
        }
    }
}

/// Computes `out = e^(logit − maximum)`; returns the maximum and the sum.
#[inline(always)]
fn exponentials<F: Fma>(out: &mut [f32], logits: &[f32]) -> (f32, f32) {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let most = reduce(logits, logits[0], |most, x, _| larger(most, x), larger);
    for (out, &logit) in out.iter_mut().zip(logits) {
        *out = exp::<F>(logit - most);
    }
    (most, reduce(out, 0.0, |sum, x, _| sum + x, |a, b| a + b))
}

/// Computes the probabilities of each row: `e^(logit − maximum)` over their sum.
///
/// - `out`, `logits`: `[M, V]`, `V` a multiple of 16. A row with an infinite or
///   undefined logit gives no usable probabilities; the caller checks.
pub fn softmax(isa: Isa, out: &mut [f32], logits: &[f32], width: usize) {
    assert!(out.len() == logits.len() && out.len().is_multiple_of(width));
    let task = rows_per_task(width) * width;
    out.par_chunks_mut(task).zip(logits.par_chunks(task)).for_each(|(out, logits)| {
        isa.run_fused(Softmax { out, logits, width });
    });
}

struct CrossEntropy<'a> {
    logits: &'a [f32],
    targets: &'a [u8],
}

impl FusedKernel for CrossEntropy<'_> {
    type Output = f32;
    #[inline(always)]
    fn run<F: Fma>(self) -> f32 {
        let width = self.logits.len() / self.targets.len();
        let mut powers = vec![0.0; width];
        let mut sum = 0.0;
        for (logits, &target) in self.logits.chunks_exact(width).zip(self.targets) {
            let (most, total) = exponentials::<F>(&mut powers, logits);
            sum += (most - logits[usize::from(target)]) + ln::<F>(total);
        }
        sum / self.targets.len() as f32
    }
}

/// Computes the mean over the rows of `−ln p[target]`.
///
/// - `logits`: `[M, V]`, `V ≥ 256` a multiple of 16; `targets`: `[M]`.
pub fn cross_entropy(isa: Isa, logits: &[f32], targets: &[u8]) -> f32 {
    assert!(logits.len().is_multiple_of(targets.len()) && logits.len() >= 256 * targets.len());
    isa.run_fused(CrossEntropy { logits, targets })
}

/// Computes the gradient of [`cross_entropy`] in the logits, times `scale`: `(p − [v =
/// target]) · (scale / M)`.
pub fn cross_entropy_backward(
    isa: Isa,
    out: &mut [f32],
    logits: &[f32],
    targets: &[u8],
    scale: f32,
) {
    assert!(logits.len().is_multiple_of(targets.len()) && logits.len() >= 256 * targets.len());
    let width = logits.len() / targets.len();
    softmax(isa, out, logits, width);
    let share = scale / targets.len() as f32;
    for (out, &target) in out.chunks_exact_mut(width).zip(targets) {
        out[usize::from(target)] -= 1.0;
        out.iter_mut().for_each(|out| *out *= share);
    }
}
