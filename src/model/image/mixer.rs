//! Mixing in two layers: several mixers, each with weights that its context selects, and a
//! last one that mixes what they predict.
//!
//! Normative text: spec/codec.md §8.7.

use crate::arith::{Simd, Vector, math};

/// Largest magnitude of a mixed prediction.
const CLAMP: f32 = 11.5;
/// Learning rate of the last mixer.
const LAST_RATE: f32 = 0.002;

/// Mixers of `V` vectors of inputs, `K` of them, at most sixteen.
pub struct Mixer<const V: usize, const K: usize> {
    weights: Vec<[Vector; V]>,
    first: [usize; K],
    selected: [usize; K],
    /// Weights of the last mixer, by its context.
    last: Vec<Vector>,
    last_selected: usize,
    /// What each mixer predicts, in the logistic domain and as a probability.
    outputs: Vector,
    probabilities: Vector,
    /// The mixed probability.
    p: f32,
}

impl<const V: usize, const K: usize> Mixer<V, K> {
    /// Makes mixers with `sizes[k]` weight sets, and a last one with `last` of them.
    pub fn new(sizes: [usize; K], last: usize, initial: f32) -> Self {
        let first = core::array::from_fn(|k| sizes[..k].iter().sum());
        let mut share = Vector::ZERO;
        share.0[..K].fill(1.0 / K as f32);
        Mixer {
            weights: vec![[Vector([initial; 16]); V]; sizes.iter().sum()],
            first,
            selected: [0; K],
            last: vec![share; last],
            last_selected: 0,
            outputs: Vector::ZERO,
            probabilities: Vector::ZERO,
            p: 0.5,
        }
    }

    /// Mixes `inputs` with the weight sets `selected`; the last mixer's is `last`.
    #[inline(always)]
    pub fn mix<S: Simd>(
        &mut self,
        simd: S,
        inputs: &[Vector; V],
        selected: [usize; K],
        last: usize,
    ) -> f32 {
        for k in 0..K {
            self.selected[k] = self.first[k] + selected[k];
            let weights = &self.weights[self.selected[k]];
            let mut sum = simd.mul(simd.load(&inputs[0].0), simd.load(&weights[0].0));
            for v in 1..V {
                let product = simd.mul(simd.load(&inputs[v].0), simd.load(&weights[v].0));
                sum = simd.add(sum, product);
            }
            self.outputs.0[k] = simd.sum(sum).clamp(-CLAMP, CLAMP);
        }
        let outputs = simd.load(&self.outputs.0);
        simd.store(&mut self.probabilities.0, math::squash(simd, outputs));
        self.last_selected = last;
        let weighted = simd.mul(outputs, simd.load(&self.last[last].0));
        let x = simd.sum(weighted).clamp(-CLAMP, CLAMP);
        self.p = simd.first(math::squash(simd, simd.splat(x)));
        x
    }

    /// Returns the mixed probability.
    #[inline(always)]
    pub fn p(&self) -> f32 {
        self.p
    }

    /// Trains the selected weights; each mixer by its own error.
    #[inline(always)]
    pub fn update<S: Simd>(&mut self, simd: S, inputs: &[Vector; V], bit: u32, rate: f32) {
        let bit = bit as f32;
        let step = simd.splat((bit - self.p) * LAST_RATE);
        let weights = &mut self.last[self.last_selected].0;
        let change = simd.mul(step, simd.load(&self.outputs.0));
        simd.store(weights, simd.add(simd.load(weights), change));
        for k in 0..K {
            let step = simd.splat((bit - self.probabilities.0[k]) * rate);
            let weights = &mut self.weights[self.selected[k]];
            for v in 0..V {
                let change = simd.mul(step, simd.load(&inputs[v].0));
                let w = &mut weights[v].0;
                simd.store(w, simd.add(simd.load(w), change));
            }
        }
    }
}
