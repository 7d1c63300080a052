//! Gated mixing of predictions in the logistic domain.
//!
//! Every weight set is chosen by a context and trained online. The first layer
//! mixes all inputs under several contexts at once; the second mixes the first
//! layer's outputs. Inputs and weights are in blocks of sixteen.
//!
//! Normative text: spec/codec.md §5.7.

use crate::arith::{Block, Simd, math};

/// Lane, in the last block of inputs, of the input that is ready late.
pub const LATE: usize = 15;
/// Largest magnitude of a mixed prediction.
pub const CLAMP: f32 = 11.5;
/// How much faster than the rate, in rates, a fresh weight set learns.
const EAGER: f32 = 4.0;
/// Share of its square that each use takes of it: 4 / (1 + uses / 1000).
const EAGER_FALL: f32 = 0.000_25;

/// The first layer: `K` selectors over `W` blocks of inputs, each with its own
/// weight sets.
#[derive(Clone, Debug)]
pub struct Mixer<const W: usize, const K: usize> {
    weights: Vec<[Block; W]>,
    /// How much faster than the rate, in rates, each set learns.
    eager: Vec<f32>,
    /// First weight set of each selector.
    base: [usize; K],
    /// Weight sets chosen for the current bit.
    chosen: [usize; K],
    /// Each selector's output in the logistic domain; in lane `LATE` the late input;
    /// 0 elsewhere.
    pub outputs: Block,
    /// The outputs as probabilities.
    chances: Block,
}

impl<const W: usize, const K: usize> Mixer<W, K> {
    /// `sizes[k]` weight sets for selector `k`, all weights `initial`.
    pub fn new(sizes: &[usize; K], initial: f32) -> Self {
        const { assert!(K <= 16) };
        let mut base = [0; K];
        let mut total = 0;
        for (base, size) in base.iter_mut().zip(sizes) {
            *base = total;
            total += size;
        }
        let weights = vec![[Block([initial; 16]); W]; total];
        let eager = vec![EAGER; total];
        Mixer { weights, eager, base, chosen: [0; K], outputs: Block::ZERO, chances: Block::ZERO }
    }

    /// The errors `bit − p` of all sixteen outputs.
    #[inline(always)]
    pub fn errors<S: Simd>(&self, simd: S, bit: u32) -> [f32; 16] {
        let p = simd.load(&self.chances.0);
        let mut errors = [0.0; 16];
        simd.store(&mut errors, simd.sub(simd.splat(bit as f32), p));
        errors
    }

    /// Mixes `inputs` and one input that is ready late, `late`, whose weight
    /// lies in lane `LATE` of block `block` (where `inputs` holds 0), under one
    /// weight set of each selector.
    ///
    /// The outputs are put together in registers, for a vector load of lanes stored one
    /// by one would wait for them, and become probabilities at once: the weights of
    /// the next bit wait for the errors.
    #[inline(always)]
    pub fn mix<S: Simd>(
        &mut self,
        simd: S,
        inputs: &[Block; W],
        (block, late): (usize, f32),
        selected: &[usize; K],
    ) {
        let mut outputs = [0.0; 16];
        for k in 0..K {
            self.chosen[k] = self.base[k] + selected[k];
            let weights = &self.weights[self.chosen[k]];
            let mut sum = simd.mul(simd.load(&inputs[0].0), simd.load(&weights[0].0));
            for w in 1..W {
                let product = simd.mul(simd.load(&inputs[w].0), simd.load(&weights[w].0));
                sum = simd.add(sum, product);
            }
            let x = simd.sum(sum) + late * weights[block].0[LATE];
            outputs[k] = x.clamp(-CLAMP, CLAMP);
        }
        outputs[LATE] = late;
        let outputs = simd.load(&outputs);
        simd.store(&mut self.outputs.0, outputs);
        simd.store(&mut self.chances.0, math::squash(simd, outputs));
    }

    /// Trains the chosen sets; `errors` are `bit − p` of the outputs.
    #[inline(always)]
    pub fn update<S: Simd>(&mut self, simd: S, inputs: &[Block; W], errors: &[f32; 16], rate: f32) {
        let steps = self.steps(simd, errors, rate);
        for k in 0..K {
            let step = simd.splat(steps[k]);
            let weights = &mut self.weights[self.chosen[k]];
            for w in 0..W {
                let change = simd.mul(step, simd.load(&inputs[w].0));
                let new = simd.add(simd.load(&weights[w].0), change);
                simd.store(&mut weights[w].0, new);
            }
        }
    }

    /// How far each chosen set moves; counts their use.
    #[inline(always)]
    fn steps<S: Simd>(&mut self, simd: S, errors: &[f32; 16], rate: f32) -> [f32; 16] {
        let mut eager = [0.0; 16];
        for k in 0..K {
            eager[k] = self.eager[self.chosen[k]];
        }
        let now = simd.load(&eager);
        let fall = simd.mul(simd.mul(now, now), simd.splat(EAGER_FALL));
        simd.store(&mut eager, simd.sub(now, fall));
        for k in 0..K {
            self.eager[self.chosen[k]] = eager[k];
        }
        let rates = simd.mul(simd.add(now, simd.splat(1.0)), simd.splat(rate));
        let mut steps = [0.0; 16];
        simd.store(&mut steps, simd.mul(simd.load(errors), rates));
        steps
    }
}

/// The second layer: one or more weight sets of sixteen over the first layer.
#[derive(Clone, Debug)]
pub struct FinalMixer {
    weights: Vec<Block>,
    /// How much faster than the rate, in rates, each set learns.
    eager: Vec<f32>,
    chosen: usize,
}

impl FinalMixer {
    /// `sets` weight sets that start as an average of the first `inputs` outputs.
    pub fn new(sets: usize, inputs: usize) -> FinalMixer {
        let mut initial = Block::ZERO;
        initial.0[..inputs].fill(1.0 / inputs as f32);
        FinalMixer { weights: vec![initial; sets], eager: vec![EAGER; sets], chosen: 0 }
    }

    /// Mixes the first `K` outputs and `late` under weight set `set`: a sum of
    /// products in pairs, (0 + 1) + (2 + 3) …, then `late`.
    #[inline(always)]
    pub fn mix<const K: usize>(&mut self, outputs: &Block, late: f32, set: usize) -> f32 {
        self.chosen = set;
        let w = &self.weights[set].0;
        let mut products = [0.0; 16];
        for k in 0..K {
            products[k] = w[k] * outputs.0[k];
        }
        let mut sum = late * w[LATE];
        for pair in products[..K.next_multiple_of(2)].chunks_exact(2) {
            sum += pair[0] + pair[1];
        }
        sum.clamp(-CLAMP, CLAMP)
    }

    /// Trains the chosen set; `error` is `bit − p`, times the rate.
    #[inline(always)]
    pub fn update<S: Simd>(&mut self, simd: S, inputs: &Block, error: f32) {
        let eager = &mut self.eager[self.chosen];
        let error = error * (*eager + 1.0);
        *eager -= *eager * *eager * EAGER_FALL;
        let w = &mut self.weights[self.chosen].0;
        let new = simd.add(simd.load(w), simd.mul(simd.splat(error), simd.load(&inputs.0)));
        simd.store(w, new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::lanes::Scalar;

    const INPUTS: [Block; 1] = [Block([0.5; 16])];
    const RATE: f32 = 0.001;

    /// The first weight of `set` moves by this when `bit` was wholly unexpected.
    fn step(mixer: &mut Mixer<1, 1>, set: usize) -> f32 {
        mixer.mix(Scalar, &INPUTS, (0, 0.0), &[set]);
        let before = mixer.weights[set][0].0[0];
        mixer.update(Scalar, &INPUTS, &[1.0; 16], RATE);
        mixer.weights[set][0].0[0] - before
    }

    #[test]
    fn a_fresh_set_learns_faster_than_a_used_one() {
        let mut mixer = Mixer::<1, 1>::new(&[2], 0.0);
        let first = step(&mut mixer, 0);
        (1..1_000).for_each(|_| _ = step(&mut mixer, 0));
        assert!((first / (0.5 * RATE) - (EAGER + 1.0)).abs() < 0.001);
        assert!((mixer.eager[0] - EAGER / 2.0).abs() < 0.01, "{}", mixer.eager[0]);
        let (used, fresh) = (step(&mut mixer, 0), step(&mut mixer, 1));
        assert!((fresh / used - (EAGER + 1.0) / (EAGER / 2.0 + 1.0)).abs() < 0.01);
    }

    #[test]
    fn the_second_layer_settles_by_use_in_the_same_way() {
        let mut first = Mixer::<1, 1>::new(&[2], 0.0);
        let mut last = FinalMixer::new(2, 1);
        last.mix::<1>(&INPUTS[0], 0.0, 0);
        last.update(Scalar, &INPUTS[0], RATE);
        assert!((last.weights[0].0[1] / (0.5 * RATE) - (EAGER + 1.0)).abs() < 0.001);
        step(&mut first, 0);
        assert_eq!(last.eager[0].to_bits(), first.eager[0].to_bits());
        assert_eq!(last.eager[1], EAGER);
    }
}
