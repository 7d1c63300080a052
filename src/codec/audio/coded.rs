//! The range code of samples and of what lies between them.
//!
//! Normative text: spec/codec.md §2.6.

use super::segments::{Segment, put_segments, segments};
use super::values::{Values, unused_bits, used};
use crate::arith::{Isa, LaneKernel, Simd};
use crate::bytes::Cursor;
use crate::coder::{BitDecoder, BitEncoder};
use crate::model::audio::{Bits, Class, Engine, Layout, MOST_CHANNELS};

/// Bits that are written.
impl Bits for BitEncoder {
    #[inline(always)]
    fn code(&mut self, p: u32, bit: u32) -> u32 {
        self.encode(bit, p);
        bit
    }
}

/// Bits that are read.
impl Bits for BitDecoder<'_> {
    #[inline(always)]
    fn code(&mut self, p: u32, _: u32) -> u32 {
        self.decode(p)
    }
}

/// Codes a group: the table, then the range code. `found` are the segments, in which
/// [`Segment::shift`] and [`Segment::mapped`] are still to be found out.
pub(super) fn encode(raw: &[u8], found: &[Segment], class: Class, isa: Isa) -> Vec<u8> {
    let mut segments = found.to_vec();
    let mut start = 0;
    for segment in &mut segments {
        let bytes = &raw[start + segment.gap..][..segment.length()];
        segment.mapped = used(bytes, segment).is_some();
        segment.shift = if segment.mapped { 0 } else { unused_bits(bytes, segment) };
        start += segment.gap + segment.length();
    }
    let mut payload = Vec::new();
    put_segments(&mut payload, &segments);
    let code = match class {
        Class::Fast => isa.run_lanes(Encode::<16> { raw, segments: &segments, class }),
        _ => isa.run_lanes(Encode::<32> { raw, segments: &segments, class }),
    };
    payload.extend_from_slice(&code);
    payload
}

/// Decodes the first `wanted` of `raw_length` bytes: all of them, or those before a fault.
pub(super) fn decode(
    payload: &[u8],
    class: Class,
    raw_length: usize,
    wanted: usize,
    isa: Isa,
) -> (Vec<u8>, Option<&'static str>) {
    let mut cursor = Cursor::new(payload);
    let segments = match segments(&mut cursor, raw_length) {
        Ok(segments) => segments,
        Err(cause) => return (Vec::new(), Some(cause)),
    };
    let code = &payload[cursor.position()..];
    let lengths = (raw_length, wanted);
    let (mut raw, fault) = match class {
        Class::Fast => isa.run_lanes(Decode::<16> { code, segments: &segments, class, lengths }),
        _ => isa.run_lanes(Decode::<32> { code, segments: &segments, class, lengths }),
    };
    raw.truncate(wanted);
    (raw, fault)
}

/// What the model is told of a segment.
fn layout(segment: &Segment, values: &Values) -> Layout {
    let range = if segment.mapped { values.range() } else { segment.range() };
    Layout { channels: segment.channels, range }
}

struct Encode<'a, const N: usize> {
    raw: &'a [u8],
    segments: &'a [Segment],
    class: Class,
}

impl<const N: usize> LaneKernel for Encode<'_, N> {
    type Output = Vec<u8>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Vec<u8> {
        let mut bits = BitEncoder::default();
        let mut engine = Engine::<S, N>::new(simd, self.class, self.raw.len());
        let mut left = self.raw;
        for segment in self.segments {
            let (gap, rest) = left.split_at(segment.gap);
            gap.iter().for_each(|&byte| _ = engine.byte(&mut bits, byte));
            let (bytes, rest) = rest.split_at(segment.length());
            left = rest;
            let mut values = Values::default();
            if segment.mapped {
                let mut used = used(bytes, segment).unwrap_or_default();
                engine.used(&mut bits, &mut used);
                values = Values::of_used(&used, segment.range().0);
            }
            engine.begin(layout(segment, &values));
            let mut samples = [0; MOST_CHANNELS];
            for frame in bytes.chunks_exact(segment.frame()) {
                for (sample, bytes) in samples.iter_mut().zip(frame.chunks_exact(segment.bytes)) {
                    *sample = segment.sample(bytes);
                    if segment.mapped {
                        *sample = values.number(*sample);
                    }
                }
                engine.frame(&mut bits, &mut samples[..segment.channels]);
            }
        }
        left.iter().for_each(|&byte| _ = engine.byte(&mut bits, byte));
        bits.finish()
    }
}

struct Decode<'a, const N: usize> {
    code: &'a [u8],
    segments: &'a [Segment],
    class: Class,
    /// Bytes of the group, and those that are wanted.
    lengths: (usize, usize),
}

impl<const N: usize> LaneKernel for Decode<'_, N> {
    type Output = (Vec<u8>, Option<&'static str>);

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let (length, wanted) = self.lengths;
        let mut reader = Reader {
            engine: Engine::<S, N>::new(simd, self.class, length),
            bits: BitDecoder::new(self.code),
            end: self.code.len(),
            raw: Vec::with_capacity(wanted + 4 * MOST_CHANNELS),
            wanted,
        };
        for segment in self.segments {
            let read = match reader.bytes(segment.gap) {
                Ok(true) => reader.segment(segment),
                other => other,
            };
            match read {
                Ok(true) => {}
                Ok(false) => return reader.finish(length),
                Err(cause) => return (reader.raw, Some(cause)),
            }
        }
        let rest = length - reader.raw.len();
        match reader.bytes(rest) {
            Ok(_) => reader.finish(length),
            Err(cause) => (reader.raw, Some(cause)),
        }
    }
}

/// A group that is being decoded.
struct Reader<'a, S: Simd, const N: usize> {
    engine: Engine<S, N>,
    bits: BitDecoder<'a>,
    /// Bytes of the range code.
    end: usize,
    raw: Vec<u8>,
    wanted: usize,
}

impl<S: Simd, const N: usize> Reader<'_, S, N> {
    /// Whether more is wanted. Four bytes of the range code are read ahead; anything more
    /// was never written.
    #[inline(always)]
    fn goes_on(&self) -> Result<bool, &'static str> {
        match self.bits.position() > self.end + 4 {
            true => Err("cut short"),
            false => Ok(self.raw.len() < self.wanted),
        }
    }

    #[inline(always)]
    fn bytes(&mut self, count: usize) -> Result<bool, &'static str> {
        for _ in 0..count {
            if !self.goes_on()? {
                return Ok(false);
            }
            let byte = self.engine.byte(&mut self.bits, 0);
            self.raw.push(byte);
        }
        self.goes_on()
    }

    #[inline(always)]
    fn segment(&mut self, segment: &Segment) -> Result<bool, &'static str> {
        let mut values = Values::default();
        let (low, high) = segment.range();
        if segment.mapped {
            let mut used = vec![false; (high - low + 1) as usize];
            self.engine.used(&mut self.bits, &mut used);
            values = Values::of_used(&used, low);
            if values.len() == 0 {
                return Err("samples without values");
            }
        }
        self.engine.begin(layout(segment, &values));
        let mut samples = [0; MOST_CHANNELS];
        let samples = &mut samples[..segment.channels];
        for _ in 0..segment.frames {
            if !self.goes_on()? {
                return Ok(false);
            }
            samples.fill(0);
            self.engine.frame(&mut self.bits, samples);
            for &sample in &*samples {
                let sample = if segment.mapped { values.value(sample) } else { sample };
                segment.put(&mut self.raw, sample);
            }
        }
        self.goes_on()
    }

    /// Checks the end, if it was reached: it is written as one byte or as four, and read as
    /// four.
    fn finish(self, length: usize) -> (Vec<u8>, Option<&'static str>) {
        let ahead = self.bits.position().wrapping_sub(self.end);
        let whole = self.raw.len() == length && length > 0;
        let fault = (whole && ahead != 0 && ahead != 3)
            .then_some("bytes missing or left over after the last sample");
        (self.raw, fault)
    }
}
