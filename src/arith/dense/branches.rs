//! A mix of a lane's branches: a convolution of kernel size one, plus skip.

use super::fma::{Fma, FusedKernel};
use super::functions::reduce;
use crate::arith::Isa;
use rayon::prelude::*;

/// Lanes per task.
const LANES: usize = 16;

struct Mix<'a> {
    out: &'a mut [f32],
    x: &'a [f32],
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
    /// Distance in `weight` from one output to the next and one input to the next.
    strides: (usize, usize),
    branches: usize,
}

impl FusedKernel for Mix<'_> {
    type Output = ();
    #[inline(always)]
    fn run<F: Fma>(self) {
        let width = self.x.len() / self.branches;
        for (to, out) in self.out.chunks_exact_mut(width).enumerate() {
            out.fill(self.bias.map_or(0.0, |bias| bias[to]));
            for (from, x) in self.x.chunks_exact(width).enumerate() {
                let weight = self.weight[to * self.strides.0 + from * self.strides.1];
                out.iter_mut().zip(x).for_each(|(out, &x)| *out = F::fma(weight, x, *out));
            }
            let skip = &self.x[to * width..][..width];
            out.iter_mut().zip(skip).for_each(|(out, &x)| *out += x);
        }
    }
}

/// Computes `out[b, o, d] = (bias[o] + Σᵢ weight[o, i] · x[b, i, d]) + x[b, o, d]`, `i`
/// ascending.
///
/// - `out`, `x`: `[B, S, D]`; `weight`: `[S, S]`; `bias`: `[S]`.
///
/// # Panics
/// If the shapes do not fit, as in all functions of this file.
pub fn mix_branches(
    isa: Isa,
    out: &mut [f32],
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    width: usize,
) {
    let branches = bias.len();
    assert_eq!(weight.len(), branches * branches);
    each_lane(isa, out, x, weight, Some(bias), (branches, 1), branches * width);
}

fn each_lane(
    isa: Isa,
    out: &mut [f32],
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    strides: (usize, usize),
    lane: usize,
) {
    assert!(out.len() == x.len() && x.len().is_multiple_of(lane));
    let branches = strides.0.max(strides.1);
    let tasks = out.par_chunks_mut(lane * LANES).zip(x.par_chunks(lane * LANES));
    tasks.for_each(|(out, x)| {
        for (out, x) in out.chunks_exact_mut(lane).zip(x.chunks_exact(lane)) {
            isa.run_fused(Mix { out, x, weight, bias, strides, branches });
        }
    });
}

/// Sums over the lanes, ascending, of the products of one output branch.
struct MixWeights<'a> {
    /// `[S]`: the row of the weight's gradient, then its bias's in the last place.
    out: &'a mut [f32],
    x: &'a [f32],
    gradient: &'a [f32],
    branch: usize,
    width: usize,
}

impl FusedKernel for MixWeights<'_> {
    type Output = ();
    #[inline(always)]
    fn run<F: Fma>(self) {
        let (branches, width) = (self.out.len() - 1, self.width);
        let lane = branches * width;
        for (x, gradient) in self.x.chunks_exact(lane).zip(self.gradient.chunks_exact(lane)) {
            let gradient = &gradient[self.branch * width..][..width];
            for (out, x) in self.out.iter_mut().zip(x.chunks_exact(width)) {
                let product = |sum, g, d: usize| F::fma(g, x[d], sum);
                *out += reduce(gradient, 0.0, product, |a, b| a + b);
            }
            self.out[branches] += reduce(gradient, 0.0, |sum, g, _| sum + g, |a, b| a + b);
        }
    }
}

/// Computes the gradients of [`mix_branches`]: of `x`, of `weight` and of `bias`.
///
/// - `x`, `gradient` (of the output): `[B, S, D]`, `D` a multiple of 16.
///
/// The weight's gradient is a sum over lanes, ascending, of row products.
pub fn mix_branches_backward(
    isa: Isa,
    x: &[f32],
    weight: &[f32],
    gradient: &[f32],
    width: usize,
) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let branches = weight.len().isqrt();
    assert!(branches > 0 && branches * branches == weight.len() && gradient.len() == x.len());
    let mut x_gradient = vec![0.0; x.len()];
    each_lane(isa, &mut x_gradient, gradient, weight, None, (1, branches), branches * width);
    let mut sums = vec![0.0; branches * (branches + 1)];
    sums.par_chunks_mut(branches + 1).enumerate().for_each(|(branch, out)| {
        isa.run_fused(MixWeights { out, x, gradient, branch, width });
    });
    let rows = sums.chunks_exact(branches + 1);
    let weight_gradient = rows.clone().flat_map(|row| &row[..branches]).copied().collect();
    (x_gradient, weight_gradient, rows.map(|row| row[branches]).collect())
}
