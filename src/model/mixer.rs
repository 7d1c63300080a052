//! Gated mixing of predictions in the logistic domain.
//!
//! `K` mixer contexts each select one of their weight sets. The weights
//! of an input are the sum of its weights in the selected sets: what holds
//! everywhere is learnt by all of them, what holds in one context by that one.
//! Inputs and weights are in vectors of sixteen.
//!
//! Normative text: spec/codec.md §5.7.

use crate::arith::{Simd, Vector};

/// Lane, in one vector of inputs, of the input that is ready late.
pub const LATE: usize = 15;
/// Largest magnitude of a mixed prediction.
pub const CLAMP: f32 = 11.5;

/// `K` mixer contexts over `W` vectors of inputs, each with its own weight sets.
#[derive(Clone, Debug)]
pub struct Mixer<const W: usize, const K: usize> {
    weights: Vec<[Vector; W]>,
    /// First weight set of each mixer context.
    base: [usize; K],
    /// Weight sets selected for the current bit.
    chosen: [usize; K],
}

impl<const W: usize, const K: usize> Mixer<W, K> {
    /// `sizes[k]` weight sets for mixer context `k`; the weights of an input sum to
    /// `initial`.
    pub fn new(sizes: &[usize; K], initial: f32) -> Self {
        let mut base = [0; K];
        let mut total = 0;
        for (base, size) in base.iter_mut().zip(sizes) {
            *base = total;
            total += size;
        }
        let weights = vec![[Vector([initial / K as f32; 16]); W]; total];
        Mixer { weights, base, chosen: [0; K] }
    }

    /// Mixes `inputs` and one input that is ready late, `late`, whose weight
    /// lies in lane `LATE` of vector `vector` (where `inputs` holds 0), under one
    /// weight set of each mixer context: the sum of their products with the weights.
    #[inline(always)]
    pub fn mix<S: Simd>(
        &mut self,
        simd: S,
        inputs: &[Vector; W],
        (vector, late): (usize, f32),
        selected: &[usize; K],
    ) -> f32 {
        self.chosen = core::array::from_fn(|k| self.base[k] + selected[k]);
        let mut sum = self.product(simd, inputs, 0);
        for w in 1..W {
            sum = simd.add(sum, self.product(simd, inputs, w));
        }
        let mut weight = self.weights[self.chosen[0]][vector].0[LATE];
        for &set in &self.chosen[1..] {
            weight += self.weights[set][vector].0[LATE];
        }
        (simd.sum(sum) + late * weight).clamp(-CLAMP, CLAMP)
    }

    /// The inputs of vector `w` times their weights. A method, not a closure: what the
    /// compiler does not inline runs without the caller's instruction set.
    #[inline(always)]
    fn product<S: Simd>(&self, simd: S, inputs: &[Vector; W], w: usize) -> S::F {
        let mut weights = simd.load(&self.weights[self.chosen[0]][w].0);
        for &set in &self.chosen[1..] {
            weights = simd.add(weights, simd.load(&self.weights[set][w].0));
        }
        simd.mul(simd.load(&inputs[w].0), weights)
    }

    /// Trains the selected sets, all alike; `step` is `bit − p`, times the rate.
    #[inline(always)]
    pub fn update<S: Simd>(&mut self, simd: S, inputs: &[Vector; W], step: f32) {
        let step = simd.splat(step);
        for w in 0..W {
            let change = simd.mul(step, simd.load(&inputs[w].0));
            for &set in &self.chosen {
                let weights = &mut self.weights[set][w].0;
                simd.store(weights, simd.add(simd.load(weights), change));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::lanes::Scalar;

    const INPUTS: [Vector; 1] = [Vector([0.5; 16])];

    fn mix(mixer: &mut Mixer<1, 2>, selected: [usize; 2]) -> f32 {
        mixer.mix(Scalar, &INPUTS, (0, 0.0), &selected)
    }

    #[test]
    fn the_weights_of_the_selectors_add_up_to_the_first_ones() {
        let mut mixer = Mixer::new(&[2, 3], 0.25);
        assert_eq!(mix(&mut mixer, [1, 2]), 16.0 * 0.5 * 0.25);
        assert_eq!(mixer.mix(Scalar, &INPUTS, (0, 4.0), &[0, 0]), 2.0 + 4.0 * 0.25);
    }

    #[test]
    fn what_a_set_learns_shows_wherever_it_is_chosen_and_nowhere_else() {
        let mut mixer = Mixer::new(&[2, 3], 0.25);
        let fresh = mix(&mut mixer, [0, 1]);
        mixer.update(Scalar, &INPUTS, 0.125);
        let one = 16.0 * 0.5 * 0.5 * 0.125;
        for (selected, sets) in [([0, 1], 2.0), ([0, 0], 1.0), ([1, 1], 1.0), ([1, 2], 0.0)] {
            assert_eq!(mix(&mut mixer, selected), fresh + sets * one, "{selected:?}");
        }
    }

    #[test]
    fn a_mixed_prediction_stays_within_the_clamp() {
        let mut mixer = Mixer::new(&[1, 1], 0.25);
        assert_eq!(mixer.mix(Scalar, &INPUTS, (0, 1e9), &[0, 0]), CLAMP);
        assert_eq!(mixer.mix(Scalar, &INPUTS, (0, -1e9), &[0, 0]), -CLAMP);
    }
}
