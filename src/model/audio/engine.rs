//! The model of a group: samples and bytes in their order.
//!
//! Normative text: spec/codec.md §9.

use super::bins::Coding;
use super::bytes::ByteModel;
use super::channel::Channel;
use super::class::{Class, Plan};
use super::decision::{Around, Decision};
use super::matches::{Matches, ring_log2};
use super::shapes::MEDIUM;
use super::{Bits, MOST_CHANNELS};
use crate::arith::Simd;

/// How the samples of a segment lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Channels, 1 ..= 8.
    pub channels: usize,
    /// The least and the greatest number that a sample can be.
    pub range: (i64, i64),
}

/// The model of a group, for one instruction set; `N` is the number of inputs of the first
/// predictor.
pub struct Engine<S: Simd, const N: usize> {
    simd: S,
    plan: Plan,
    layout: Layout,
    channels: Vec<Channel<N>>,
    decision: Decision,
    matches: Matches,
    bytes: ByteModel,
    /// Cells of used values, by the last twelve.
    used: Vec<u16>,
}

impl Class {
    /// Returns an upper bound of the bytes of an engine for a group of `length` bytes.
    pub fn memory(self, length: u64) -> u64 {
        let ring = 1u64 << ring_log2(usize::try_from(length).unwrap_or(usize::MAX));
        // Tables; and the channels, of the segment before as well.
        ring * 5 + (14 << 20)
    }
}

impl<S: Simd, const N: usize> Engine<S, N> {
    /// Makes an engine for a group of `length` bytes.
    pub fn new(simd: S, class: Class, length: usize) -> Self {
        Engine {
            simd,
            plan: class.plan(),
            layout: Layout { channels: 0, range: (0, 0) },
            channels: Vec::new(),
            decision: Decision::default(),
            matches: Matches::new(length),
            bytes: ByteModel::default(),
            used: vec![1 << 15; 1 << 12],
        }
    }

    /// Codes a byte that is no sample.
    #[inline(always)]
    pub fn byte(&mut self, bits: &mut impl Bits, byte: u8) -> u8 {
        self.bytes.code(self.simd, bits, byte)
    }

    /// Begins a segment. The predictors begin anew; what the bits of samples are like stays.
    pub fn begin(&mut self, layout: Layout) {
        debug_assert!((1..=MOST_CHANNELS).contains(&layout.channels));
        self.bytes.segment();
        self.layout = layout;
        self.channels.clear();
        self.channels.resize_with(layout.channels, || Channel::new(&self.plan));
    }

    /// Codes which of the numbers up to `used.len()` are values of samples.
    pub fn used(&mut self, bits: &mut impl Bits, used: &mut [bool]) {
        let mut recent = 0;
        for used in used {
            let cell = &mut self.used[recent];
            let bit = bits.code((*cell as u32).clamp(1, 65535), *used as u32);
            let target = if bit == 1 { 65535 } else { 0 };
            *cell = (*cell as i32 + ((target - *cell as i32) >> 5)) as u16;
            recent = (recent << 1 | bit as usize) & 0xFFF;
            *used = bit == 1;
        }
    }

    /// Codes the samples of a frame, one for each channel.
    #[inline(always)]
    pub fn frame(&mut self, bits: &mut impl Bits, samples: &mut [i64]) {
        let Layout { channels, range } = self.layout;
        for own in 0..channels {
            // The first one sees the past of the second; the others the sample of the one
            // before them.
            let other = match own {
                0 => (channels > 1).then_some(1),
                _ => Some(own - 1),
            };
            samples[own] = self.sample(bits, (own, other), samples[own], range);
        }
    }

    #[inline(always)]
    fn sample(
        &mut self,
        bits: &mut impl Bits,
        (own, other): (usize, Option<usize>),
        sample: i64,
        range: (i64, i64),
    ) -> i64 {
        let simd = self.simd;
        let (mut of_other, second) = ((0.0, 1.0), own > 0);
        let (channel, past) = match other {
            None => (&mut self.channels[own], None),
            Some(other) => {
                let both = self.channels.get_disjoint_mut([own, other]);
                let [own, other] = both.expect("two channels");
                let (last, mean) = (other.errors.last[0], other.errors.means.0[MEDIUM]);
                of_other = (last, mean);
                (own, Some(&other.history))
            }
        };
        let expected = self.matches.expected();
        let predictions = channel.predict(simd, past, expected.map(|(sample, _)| sample), range);
        let matched = expected.map_or(0, |(_, length)| length);
        let around = Around { other: of_other, second, matched };
        let mut coding = Coding { simd, bits, decision: &mut self.decision };
        let sample = coding.sample(&predictions, &mut channel.errors, &around, range, sample);
        channel.update(simd, sample as f64);
        self.matches.push(sample as i32);
        sample
    }
}
