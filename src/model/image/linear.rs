//! Online least squares: a linear predictor of a sample from sixteen neighbours.
//!
//! Normative text: spec/codec.md §8.4.

use super::contexts::Before;
use super::rows::Near;
use crate::arith::{Simd, Vector};

/// What is added to the diagonal.
const RIDGE: f32 = 2.0;
/// Least pivot.
const PIVOT: f32 = 1e-3;
/// Weights are smaller than this.
const MOST: f32 = 100.0;

/// The inputs of a sample: neighbours and planes coded before, less what is usual near them.
pub struct Stencil {
    inputs: Vector,
    /// The mean of the neighbours to the left and above, from which the sample counts.
    base: f32,
}

/// Returns the mean of the neighbours to the left and above.
#[inline(always)]
fn usual(near: &Near) -> f32 {
    (near.w + near.n) as f32 * 0.5
}

impl Stencil {
    /// Makes the inputs of plane `plane` from its neighbours and the planes before.
    #[inline(always)]
    pub fn new(o: &Near, before: &[Before; 3], plane: usize) -> Stencil {
        let mut inputs = [0.0; 16];
        let base = usual(o);
        let own = [o.w, o.n, o.nw, o.ne, o.ww, o.nn, o.nne, o.nee, o.nww, o.nnw, o.www, o.neee];
        // A plane that follows one or two has its nearest neighbours alone.
        let count = [12, 9, 6, 6][plane];
        for k in 0..count {
            inputs[k] = own[k] as f32 - base;
        }
        for k in 0..plane.min(2) {
            let Before { near, value, .. } = &before[k];
            let base = usual(near);
            let first = count + 5 * k;
            let others = [*value, near.w, near.n, near.nw, near.ne, near.ww, near.nn];
            for k in 0..if plane == 1 { 7 } else { 5 } {
                inputs[first + k] = others[k] as f32 - base;
            }
        }
        Stencil { inputs: Vector(inputs), base }
    }

    /// Returns what `model` predicts.
    #[inline(always)]
    pub fn predict<S: Simd>(&self, simd: S, model: &Linear) -> f32 {
        self.base + simd.sum(simd.mul(simd.load(&self.inputs.0), simd.load(&model.weights.0)))
    }

    /// Lets `model` learn the sample.
    #[inline(always)]
    pub fn learn<S: Simd>(&self, simd: S, model: &mut Linear, sample: i32) {
        model.update(simd, &self.inputs, sample as f32 - self.base);
    }
}

/// A linear predictor. Past samples count by their age: each takes a share from those
/// before it.
#[derive(Clone)]
pub struct Linear {
    /// Products of neighbours with one another, and of each with the sample.
    products: [Vector; 16],
    answers: Vector,
    weights: Vector,
    /// What is left of what was learnt when a sample comes.
    keep: f32,
    /// Samples until the weights are solved for again.
    left: u32,
    every: u32,
}

impl Linear {
    /// Makes a predictor of zeros.
    pub fn new(keep: f32, every: u32) -> Linear {
        Linear {
            products: [Vector::ZERO; 16],
            answers: Vector::ZERO,
            weights: Vector::ZERO,
            keep,
            left: every,
            every,
        }
    }

    /// Learns the sample that came.
    #[inline(always)]
    fn update<S: Simd>(&mut self, simd: S, inputs: &Vector, sample: f32) {
        let keep = simd.splat(self.keep);
        let lanes = simd.load(&inputs.0);
        let add = |to: &mut Vector, by: f32| {
            let product = simd.mul(lanes, simd.splat(by));
            let old = simd.mul(simd.load(&to.0), keep);
            simd.store(&mut to.0, simd.add(old, product));
        };
        for i in 0..16 {
            add(&mut self.products[i], inputs.0[i]);
        }
        add(&mut self.answers, sample);
        self.left -= 1;
        if self.left == 0 {
            self.left = self.every;
            self.solve(simd);
        }
    }

    /// Solves for the weights: elimination without pivots, on a matrix made safe by its
    /// diagonal.
    #[inline(always)]
    fn solve<S: Simd>(&mut self, simd: S) {
        let mut rows = self.products;
        let mut right = self.answers.0;
        for i in 0..16 {
            rows[i].0[i] += RIDGE;
        }
        let mut inverse = [0.0; 16];
        for k in 0..16 {
            let pivot = rows[k].0[k];
            if pivot.is_nan() || pivot <= PIVOT {
                return;
            }
            inverse[k] = 1.0 / pivot;
            let row = simd.load(&rows[k].0);
            let answer = right[k];
            for i in k + 1..16 {
                let factor = rows[i].0[k] * inverse[k];
                let taken = simd.mul(simd.splat(factor), row);
                let left = simd.sub(simd.load(&rows[i].0), taken);
                simd.store(&mut rows[i].0, left);
                right[i] -= factor * answer;
            }
        }
        // Rows are symmetric: column k above the diagonal is row k.
        let mut weights = [0.0; 16];
        for k in (0..16).rev() {
            let mut value = right[k];
            for j in k + 1..16 {
                value -= rows[k].0[j] * weights[j];
            }
            weights[k] = value * inverse[k];
        }
        if weights.iter().all(|w| w.abs() < MOST) {
            self.weights = Vector(weights);
        }
    }
}
