//! The Adam step (Kingma and Ba 2015) with L2 decay added to the gradient.

use super::TASK;
use super::fma::{Fma, FusedKernel};
use crate::arith::Isa;
use rayon::prelude::*;

/// The state that one step of the optimiser uses for every weight.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    rate: f64,
    warm_up: u32,
    decay: f32,
    /// Steps begun.
    steps: u32,
    /// Powers of β₁ and β₂, which give `1 − β₁ᵗ` and `1 − β₂ᵗ` of the next step.
    powers: [f64; 2],
    step_size: f32,
    root_scale: f32,
}

/// β₁ and β₂.
const BETAS: [f64; 2] = [0.9, 0.999];
/// ε, added to the root.
const EPSILON: f32 = 1e-8;

impl Adam {
    /// Makes an optimiser before its first step, with the published β and ε. The rate
    /// is reached in `warm_up` equal steps; 1 means at once.
    pub fn new(rate: f64, warm_up: u32, decay: f32) -> Self {
        Adam { rate, warm_up, decay, steps: 0, powers: [1.0; 2], step_size: 0.0, root_scale: 0.0 }
    }

    /// Begins a step: call once, then [`Adam::apply`] for every tensor.
    ///
    /// The corrections are computed in double precision by repeated products, because
    /// no power function is the same everywhere.
    pub fn begin_step(&mut self) {
        self.powers = [self.powers[0] * BETAS[0], self.powers[1] * BETAS[1]];
        self.steps = self.steps.saturating_add(1);
        let warmth = (f64::from(self.steps) / f64::from(self.warm_up)).min(1.0);
        self.step_size = (self.rate * warmth / (1.0 - self.powers[0])) as f32;
        self.root_scale = (1.0 / (1.0 - self.powers[1]).sqrt()) as f32;
    }

    /// Moves `weights` against `gradient`, with `g = gradient + decay · w`:
    /// `m += (1 − β₁)(g − m)`, `v = β₂ v + (1 − β₂) g²`,
    /// `w −= (rate · min(1, t / warm_up) / (1 − β₁ᵗ)) · m / (√v / √(1 − β₂ᵗ) + ε)`.
    ///
    /// All slices have the length of `weights`. Cost: limited by memory bandwidth, 28
    /// bytes moved per weight.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn apply(&self, isa: Isa, weights: &mut [f32], moments: &mut Moments, gradient: &[f32]) {
        let length = weights.len();
        assert!(moments.first.len() == length && gradient.len() == length);
        let state = moments.first.par_chunks_mut(TASK).zip(moments.second.par_chunks_mut(TASK));
        let tasks = weights.par_chunks_mut(TASK).zip(gradient.par_chunks(TASK)).zip(state);
        tasks.for_each(|((weights, gradient), (first, second))| {
            isa.run_fused(Step { adam: *self, weights, gradient, first, second });
        });
    }
}

/// Running means of the gradient and of its square, one each per weight.
#[derive(Clone, Debug)]
pub struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Moments {
    /// Makes moments of zero for `length` weights.
    pub fn new(length: usize) -> Self {
        Moments { first: vec![0.0; length], second: vec![0.0; length] }
    }
}

struct Step<'a> {
    adam: Adam,
    weights: &'a mut [f32],
    gradient: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
}

impl FusedKernel for Step<'_> {
    type Output = ();
    #[inline(always)]
    fn run<F: Fma>(self) {
        let Adam { decay, step_size, root_scale, .. } = self.adam;
        let share = [(1.0 - BETAS[0]) as f32, (1.0 - BETAS[1]) as f32];
        let keep = BETAS[1] as f32;
        let state = self.first.iter_mut().zip(self.second);
        for ((weight, &gradient), (first, second)) in
            self.weights.iter_mut().zip(self.gradient).zip(state)
        {
            let gradient = F::fma(decay, *weight, gradient);
            *first = F::fma(gradient - *first, share[0], *first);
            *second = F::fma(gradient * share[1], gradient, *second * keep);
            let root = F::fma(second.sqrt(), root_scale, EPSILON);
            *weight = F::fma(-step_size, *first / root, *weight);
        }
    }
}
