//! Mixing of predictions in the logistic domain, with weights selected by context.
//!
//! Each mixer context selects one of its weight sets. The weight of an input is the
//! sum of its weights in the selected sets: what holds everywhere is learnt by all of
//! them, what holds in one context by that one. Inputs and weights are in vectors of
//! sixteen.
//!
//! Normative text: spec/codec.md §5.7.

use super::array::Array;
use super::layout::Lanes;
use super::size::{Contexts, SizeClass};
use crate::arith::{Simd, Vector};

/// Largest magnitude of a mixed prediction.
pub const CLAMP: f32 = 11.5;
/// At the first symbol the rate on binary data is higher by this many rates.
pub const BINARY_WARM_UP: f32 = 2.0;
/// The same on text.
pub const TEXT_WARM_UP: f32 = 5.0;
/// Symbols after which half of the warm-up is over.
pub const WARM_UP_HALF: f32 = 20_000.0;
/// Symbols of text after which the rate itself has fallen to 1/√2.
pub const DECAY: f32 = 1_000_000.0;

impl SizeClass {
    /// Returns the learning rate of the mixer after `length` symbols. It begins with a
    /// warm-up; on text, which is alike for long, it then falls with the square root of
    /// the symbols seen.
    #[inline(always)]
    pub fn mixer_rate(&self, contexts: Contexts, length: usize) -> f32 {
        let length = length as f32;
        let early = WARM_UP_HALF / (WARM_UP_HALF + length);
        if contexts == Contexts::Binary {
            return self.binary_rate * (1.0 + BINARY_WARM_UP * early);
        }
        self.text_rate * (1.0 + TEXT_WARM_UP * early) * (DECAY / (DECAY + length)).sqrt()
    }
}

/// A mixer of the inputs `I`, with the mixer contexts `K`.
#[derive(Clone, Debug)]
pub struct Mixer<I, K> {
    /// All weight sets; a set is a weight for each input.
    weights: Vec<I>,
    /// First weight set of each mixer context.
    first: K,
    /// The weight set that each mixer context selects for the current bit.
    selected: K,
}

impl<I: Array<Vector> + Copy, K: Array<usize> + Copy> Mixer<I, K> {
    /// Makes `sizes[k]` weight sets for mixer context `k`; the weights of an input sum to
    /// `initial`.
    pub fn new(sizes: &K, initial: f32) -> Self {
        let weight = initial / sizes.as_ref().len() as f32;
        let set = I::from_fn(|_| Vector([weight; 16]));
        let first = K::from_fn(|k| sizes.iter().take(k).sum());
        let weights = vec![set; sizes.iter().sum()];
        Mixer { weights, first, selected: K::from_fn(|_| 0) }
    }

    /// Mixes `inputs` and one input that is known late, `late`: the sum of their
    /// products with the weights in the sets `selected[k]` of each mixer context `k`.
    /// In `inputs`, the lane of the late one holds 0.
    #[inline(always)]
    pub fn mix<S: Simd>(
        &mut self,
        simd: S,
        inputs: &I,
        (Lanes { vector, lane, .. }, late): (Lanes, f32),
        selected: &K,
    ) -> f32 {
        self.selected = K::from_fn(|k| self.first[k] + selected[k]);
        let mut sum = self.product(simd, inputs, 0);
        for v in 1..inputs.as_ref().len() {
            sum = simd.add(sum, self.product(simd, inputs, v));
        }
        let mut weight = self.weights[self.selected[0]][vector].0[lane];
        for &set in &self.selected.as_ref()[1..] {
            weight += self.weights[set][vector].0[lane];
        }
        (simd.sum(sum) + late * weight).clamp(-CLAMP, CLAMP)
    }

    /// The inputs of vector `v` times their weights. A method, not a closure: what the
    /// compiler does not inline runs without the caller's instruction set.
    #[inline(always)]
    fn product<S: Simd>(&self, simd: S, inputs: &I, v: usize) -> S::F {
        let mut weights = simd.load(&self.weights[self.selected[0]][v].0);
        for &set in &self.selected.as_ref()[1..] {
            weights = simd.add(weights, simd.load(&self.weights[set][v].0));
        }
        simd.mul(simd.load(&inputs[v].0), weights)
    }

    /// Trains the selected sets, all alike; `step` is `bit − p`, times the rate.
    #[inline(always)]
    pub fn update<S: Simd>(&mut self, simd: S, inputs: &I, step: f32) {
        let step = simd.splat(step);
        for (v, input) in inputs.iter().enumerate() {
            let change = simd.mul(step, simd.load(&input.0));
            for &set in self.selected.iter() {
                let weights = &mut self.weights[set][v].0;
                simd.store(weights, simd.add(simd.load(weights), change));
            }
        }
    }
}

#[cfg(test)]
impl<I: Array<Vector>, K: Array<usize>> std::hash::Hash for Mixer<I, K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let Mixer { weights, first, selected } = self;
        weights.iter().for_each(|set| set.as_ref().hash(state));
        (first.as_ref(), selected.as_ref()).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::lanes::Scalar;
    use crate::model::size::Class;

    const INPUTS: [Vector; 1] = [Vector([0.5; 16])];
    const LATE: Lanes = Lanes { vector: 0, lane: 15, count: 1 };

    fn mix(mixer: &mut Mixer<[Vector; 1], [usize; 2]>, selected: [usize; 2]) -> f32 {
        mixer.mix(Scalar, &INPUTS, (LATE, 0.0), &selected)
    }

    #[test]
    fn the_first_weights_of_the_mixer_contexts_sum_to_the_initial_one() {
        let mut mixer = Mixer::new(&[2, 3], 0.25);
        assert_eq!(mix(&mut mixer, [1, 2]), 16.0 * 0.5 * 0.25);
        assert_eq!(mixer.mix(Scalar, &INPUTS, (LATE, 4.0), &[0, 0]), 2.0 + 4.0 * 0.25);
    }

    #[test]
    fn what_a_set_learns_shows_wherever_it_is_selected_and_nowhere_else() {
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
        assert_eq!(mixer.mix(Scalar, &INPUTS, (LATE, 1e9), &[0, 0]), CLAMP);
        assert_eq!(mixer.mix(Scalar, &INPUTS, (LATE, -1e9), &[0, 0]), -CLAMP);
    }

    #[test]
    fn the_rate_decays_on_text_and_not_on_binary_data() {
        for class in Class::ALL {
            let size = class.size();
            for (contexts, warm_up, falls) in
                [(Contexts::Text, 5.0, 0.5f32.sqrt()), (Contexts::Binary, 2.0, 1.0)]
            {
                let [first, half, settled, late] = [0, 20_000, 1_000_000, usize::MAX]
                    .map(|length| size.mixer_rate(contexts, length));
                let rate = first / (1.0 + warm_up);
                assert!((half / rate - (1.0 + warm_up / 2.0)).abs() < 0.04, "{class:?}");
                assert!((settled / rate - falls).abs() < 0.08, "{class:?}");
                let kept = contexts == Contexts::Binary;
                let expected =
                    if kept { (late / rate - 1.0).abs() < 1e-6 } else { late < rate / 100.0 };
                assert!(expected, "{class:?}");
            }
        }
    }
}
