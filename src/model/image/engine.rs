//! The engine of the image model: predicts and learns the bytes of pixels.
//!
//! Normative text: spec/codec.md §8.

use super::cells::{CLASSES, Cells, SETS};
use super::class::Class;
use super::contexts::{Before, Chosen, Known};
use super::linear::{Linear, Stencil};
use super::mixer::Mixer;
use super::rows::{Rows, Samples, Shape};
use crate::arith::Simd;
use crate::model::apm::Apm;
use crate::model::predictor::BitCoder;

/// First weight of each input of the mixers.
const FIRST_WEIGHT: f32 = 0.15;
/// Learning rate of the mixers in the end, and what it is more at first.
const RATE: f32 = 0.002;
/// See [`RATE`].
const RATE_FIRST: f32 = 0.02;
/// Bytes after which half of [`RATE_FIRST`] is left.
const RATE_HALF: f32 = 8192.0;
/// Share of the APM stages in the probability.
const APM_WEIGHT: f32 = 0.5;
/// A probability that is a byte of padding is learnt by this share, log2.
const PADDING_RATE: u32 = 4;

/// The predictor of a group, for one instruction set: `V` vectors of inputs and `K` mixers
/// of them, as its class has them.
pub struct Engine<S: Simd, const V: usize, const K: usize> {
    simd: S,
    rows: Rows,
    linear: Vec<[Linear; 2]>,
    cells: Cells,
    mixer: Mixer<V, K>,
    apms: [Apm; 2],
    /// Probabilities of bytes of padding, in 1/2^16, by the bits before.
    padding: [u32; 256],
    /// Bytes coded.
    count: u32,
}

impl<S: Simd, const V: usize, const K: usize> Engine<S, V, K> {
    const CLASS: Class = Class::of_inputs(V);

    /// Makes an engine that has learnt nothing.
    pub fn new(simd: S) -> Self {
        let linear = Self::CLASS.keep.map(|keep| Linear::new(keep, Self::CLASS.every));
        let sizes = [SETS * 16 * 8, SETS * 256, CLASSES * 8, SETS * 8, 64 * 8, SETS * 16 * 8];
        Engine {
            simd,
            rows: Rows::new(Shape { width: 1, planes: 1, samples: Samples::Index }),
            linear: vec![linear; SETS],
            cells: Cells::new(&Self::CLASS),
            mixer: Mixer::new(core::array::from_fn(|k| sizes[k]), SETS * 8, FIRST_WEIGHT),
            apms: [Apm::new(11), Apm::new(12)],
            padding: [1 << 15; 256],
            count: 0,
        }
    }

    /// Begins a picture. What was learnt stays.
    pub fn begin(&mut self, shape: Shape) {
        self.rows = Rows::new(shape);
    }

    /// Ends a row.
    #[inline(always)]
    pub fn end_row(&mut self) {
        self.rows.next_row();
    }

    /// Codes a byte behind the pixels of a row, which contexts do not see.
    #[inline(always)]
    pub fn pad(&mut self, coder: &mut impl BitCoder) -> u8 {
        let mut partial = 1;
        for _ in 0..8 {
            let p = &mut self.padding[partial as usize & 255];
            let bit = coder.code(*p);
            let target = if bit == 1 { 65_535 } else { 1 };
            *p = (*p as i32 + ((target - *p as i32) >> PADDING_RATE)) as u32;
            partial = partial << 1 | bit;
        }
        partial as u8
    }

    /// Codes pixel `x` of the row: its planes one after the other, of deep samples the high
    /// byte first. Returns the samples.
    #[inline(always)]
    pub fn pixel(&mut self, x: usize, coder: &mut impl BitCoder) -> [u16; 4] {
        let Shape { planes, samples, .. } = self.rows.shape();
        let most = if samples == Samples::Deep { 65_535.0 } else { 255.0 };
        let (mut pixel, mut before) = ([0; 4], [Before::default(); 3]);
        for plane in 0..planes {
            let (near, errors) = self.rows.around(x, plane);
            let set = match (samples, planes) {
                (Samples::Index, _) => 5,
                (Samples::Light, 1) => 4,
                _ => plane,
            };
            let stencil = Stencil::new(&near, &before, plane);
            let models = &mut self.linear[set];
            let mut linear = [stencil.predict(self.simd, &models[0]).clamp(0.0, most); 2];
            if Self::CLASS.full {
                linear[1] = stencil.predict(self.simd, &models[1]).clamp(0.0, most);
            }
            let eighths = linear.map(|linear| (linear * 8.0) as i32);
            let known = Known { set, plane, near, errors, before, linear: eighths };
            let sample = match samples {
                Samples::Deep => self.deep(&known, coder),
                _ => self.byte(&known, coder) as i32,
            };
            let models = &mut self.linear[set];
            stencil.learn(self.simd, &mut models[0], sample);
            if Self::CLASS.full {
                stencil.learn(self.simd, &mut models[1], sample);
            }
            let residual = sample - (linear[0] + 0.5) as i32;
            self.rows.set(x, plane, sample, residual.abs());
            before = [Before { near, value: sample, residual }, before[0], before[1]];
            pixel[plane] = sample as u16;
        }
        pixel
    }

    /// Codes a sample of 16 bits: each byte as if it were a sample of 8.
    #[inline(always)]
    fn deep(&mut self, known: &Known, coder: &mut impl BitCoder) -> i32 {
        let high = self.byte(&known.high(), coder) as i32;
        let low = self.byte(&known.low(high << 8), coder) as i32;
        high << 8 | low
    }

    /// Codes a byte.
    #[inline(always)]
    fn byte(&mut self, known: &Known, coder: &mut impl BitCoder) -> u8 {
        let chosen =
            if Self::CLASS.full { known.choose::<true>() } else { known.choose::<false>() };
        self.cells.prefetch(&Self::CLASS, &chosen);
        let early = RATE_HALF / (RATE_HALF + self.count as f32);
        let rate = RATE + RATE_FIRST * early;
        let mut partial = 1;
        for bit in 0..8 {
            let value = self.bit(known.set, &chosen, (bit, partial), rate, coder);
            partial = partial << 1 | value;
        }
        self.count = self.count.saturating_add(1);
        partial as u8
    }

    /// Codes bit `bit` of a byte; `partial` is the bits before it, behind a one.
    #[inline(always)]
    fn bit(
        &mut self,
        set: usize,
        chosen: &Chosen,
        (bit, partial): (usize, u32),
        rate: f32,
        coder: &mut impl BitCoder,
    ) -> u32 {
        let simd = self.simd;
        let so_far = partial as usize & 255;
        self.cells.find(&Self::CLASS, set, chosen, (bit, partial));
        let inputs = self.cells.predict::<S, V>(simd, set);
        let selections = [
            (set * 16 + chosen.energy) * 8 + bit,
            set * 256 + so_far,
            self.cells.nearest() * 8 + bit,
            set * 8 + bit,
            chosen.others * 8 + bit,
            (set * 16 + self.cells.seen()) * 8 + bit,
        ];
        let selected = core::array::from_fn(|k| selections[k]);
        let x = self.mixer.mix(simd, &inputs, selected, set * 8 + bit);
        self.apms[0].select(set * 256 + so_far);
        self.apms[1].select((set * CLASSES + self.cells.nearest()) * 8 + bit);
        let refined = self.apms[0].refine(x) + self.apms[1].refine(x);
        let p = self.mixer.p() * (1.0 - APM_WEIGHT) + refined * (APM_WEIGHT / 2.0);
        let value = coder.code(((p * 65536.0) as u32).clamp(1, 65535));
        self.mixer.update(simd, &inputs, value, rate);
        self.apms.iter_mut().for_each(|apm| apm.update(value));
        self.cells.update::<S, V>(simd, value);
        value
    }
}
