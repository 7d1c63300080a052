//! The probability of a bit: what the distributions say and what contexts have seen, mixed.
//!
//! Normative text: spec/codec.md §9.8.

use super::Bits;
use super::maps::Maps;
use super::shapes::{Errors, FAST, MEDIUM, SLOW};
use crate::arith::{Simd, Vector, math};
use crate::model::apm::Apm;
use crate::model::layout::Lanes;
use crate::model::mixer::Mixer;

/// Nodes: places of a bit among those of a sample.
pub const NODES: usize = 64;
/// Contexts that have probabilities of their own.
const CONTEXTS: usize = 12;
/// Values of a context.
const VALUES: usize = 512;
/// The input that never changes.
const BIAS: f32 = 0.3;
/// Its lane.
const BIAS_LANE: Lanes = Lanes { vector: 1, lane: 15, count: 1 };
/// First weight of every input.
const FIRST_WEIGHT: f32 = 0.1;
/// Learning rate of the mixer in the long run, and what is added at first.
const RATE: f32 = 0.0005;
/// See [`RATE`].
const FIRST_RATE: f32 = 0.005;
/// Samples after which half of [`FIRST_RATE`] is left.
const RATE_HALF: f32 = 256.0;
/// What a distribution says lies within this and one minus this.
const LEAST_SHARE: f32 = 0.0005;

/// What is known around a sample.
#[derive(Clone, Copy, Debug)]
pub struct Around {
    /// Error of the last sample of the other channel, and its mean error.
    pub other: (f32, f32),
    /// Whether the other channel's sample of this frame is known.
    pub second: bool,
    /// Samples of the match, 0 without one.
    pub matched: usize,
}

/// The mixer of the bits of samples, and the contexts of the present sample.
#[derive(Clone)]
pub struct Decision {
    mixer: Mixer<[Vector; 2], [usize; 4]>,
    maps: Maps,
    apms: [Apm; 2],
    inputs: [Vector; 2],
    contexts: [usize; CONTEXTS - 1],
    /// Scale with channel, and how the mean errors compare.
    sets: [usize; 2],
    /// Logarithm of the length of the match.
    matched: usize,
    /// Learning rate of the mixer.
    rate: f32,
    /// Samples so far.
    samples: u32,
}

/// Logarithm of a positive number, in quarters of an octave.
#[inline(always)]
fn quarters(x: f32) -> i32 {
    ((x + 0.001).to_bits() >> 21) as i32 - (127 << 2)
}

/// `x` within bounds, counted from the lower one.
#[inline(always)]
fn bounded(x: i32, low: i32, high: i32) -> usize {
    (x.clamp(low, high) - low) as usize
}

/// Sign of `x`, and its size against `mean` in eight steps of half an octave.
#[inline(always)]
fn relative(x: f32, mean: f32) -> usize {
    let size = if x < 0.0 { -x } else { x };
    let level = bounded(quarters(size / (mean + 0.01)) >> 1, -4, 3);
    level << 1 | (x < 0.0) as usize
}

impl Default for Decision {
    fn default() -> Decision {
        Decision {
            mixer: Mixer::new(&[NODES, 512, 256, 64], FIRST_WEIGHT * 4.0),
            maps: Maps::new(CONTEXTS * VALUES * NODES),
            apms: [Apm::new(10), Apm::new(10)],
            inputs: [Vector::ZERO; 2],
            contexts: [0; CONTEXTS - 1],
            sets: [0; 2],
            matched: 0,
            rate: 0.0,
            samples: 0,
        }
    }
}

impl Decision {
    /// Begins a sample whose first bin has `2^unit` values.
    #[inline(always)]
    pub fn begin(&mut self, unit: u32, centres: &[f32; 16], errors: &Errors, around: &Around) {
        let mean = errors.means.0[MEDIUM];
        let against = |lane: usize| quarters(errors.means.0[lane]) - quarters(mean);
        let (fast, slow) = (bounded(against(FAST), -8, 7), bounded(against(SLOW), -8, 7));
        let fine = (mean.to_bits() >> 20) as usize & 7;
        let unit = (unit as usize).min(15);
        let [newest, before] = errors.last.map(|error| relative(error, mean));
        let other = relative(around.other.0, around.other.1);
        let [first, filtered, last] = [6, 8, 12].map(|lane| relative(centres[lane], mean));
        let fraction = ((centres[0] + 0.5) * 8.0) as usize & 7;
        let second = around.second as usize;
        self.contexts = [
            fine << 5 | unit << 1 | (mean < 0.5) as usize,
            fine << 4 | fast,
            fine << 4 | slow,
            newest << 3 | fine,
            newest << 4 | before,
            second << 7 | other << 3 | fine,
            first << 4 | newest,
            filtered << 4 | first,
            fraction << 3 | unit.min(7),
            other << 4 | newest,
            last << 4 | fast,
        ];
        self.sets = [unit << 1 | second, fast << 4 | slow];
        self.matched = (around.matched + 1).ilog2().min(15) as usize;
        self.samples = self.samples.saturating_add(1);
        let early = RATE_HALF / (RATE_HALF + self.samples as f32);
        self.rate = RATE + FIRST_RATE * early;
    }

    /// Codes a bit. In each lane of `share` is what a distribution says of a one;
    /// `expected` is 1 more than the bit that the match expects, or 0.
    #[inline(always)]
    pub fn bit<S: Simd>(
        &mut self,
        simd: S,
        bits: &mut impl Bits,
        (node, expected): (usize, usize),
        share: S::F,
        bit: u32,
    ) -> u32 {
        let share = simd.max(share, simd.splat(LEAST_SHARE));
        let share = simd.min(share, simd.splat(1.0 - LEAST_SHARE));
        simd.store(&mut self.inputs[0].0, math::stretch(simd, share));
        let matched = self.matched << 2 | expected;
        let cells: [usize; CONTEXTS] = core::array::from_fn(|context| {
            let value = if context < CONTEXTS - 1 { self.contexts[context] } else { matched };
            (context * VALUES + value) * NODES + node
        });
        let seen = self.maps.predict(simd, &cells);
        simd.store(&mut self.inputs[1].0, seen);
        self.inputs[1].0[BIAS_LANE.lane] = BIAS;
        let [scale, trend] = self.sets;
        let selected = [node, scale << 4 | node.min(15), trend, matched];
        let x = self.mixer.mix(simd, &self.inputs, (BIAS_LANE, 0.0), &selected);
        let mixed = simd.first(math::squash(simd, simd.splat(x)));
        self.apms[0].select(node << 4 | trend >> 4);
        self.apms[1].select(node << 4 | scale >> 1);
        let refined = self.apms[0].refine(x) + self.apms[1].refine(x);
        let p = mixed * 0.5 + refined * 0.25;
        let bit = bits.code(((p * 65536.0) as u32).clamp(1, 65535), bit);
        self.mixer.update(simd, &self.inputs, (bit as f32 - mixed) * self.rate);
        self.maps.update(simd, &cells, bit);
        self.apms[0].update(bit);
        self.apms[1].update(bit);
        bit
    }
}
