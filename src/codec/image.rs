//! Codec `image`: pixels by the image model. Normative text: spec/codec.md §8.
//!
//! The encoder looks for pictures ([`layout`]) and writes where they are
//! ([`segments`]); the decoder reads it and looks for nothing. What is around them is
//! coded by the same engine, as rows of bytes.

pub(super) mod layout;
mod segments;
#[cfg(test)]
mod tests;

use super::codecs::{Encoded, GroupCodec};
use super::pear::Pear;
use super::{Choice, Codec, CodecError, CodecOptions, Coding, EncodedGroup, Partial, damaged};
use crate::arith::{Isa, LaneKernel, Simd};
use crate::coder::{BitDecoder, BitEncoder};
use crate::model::BitCoder;
use crate::model::image::{Engine, FAST, FULL, Model, Samples, Shape};
use segments::{Segment, padded};
use std::borrow::Cow;

/// Codec `image`: pictures that are not compressed, by a model of pixels.
#[derive(Clone, Copy, Debug)]
pub struct Image {
    /// The registered model.
    pub model: Model,
}

/// First bytes of the digest of the self-test's payloads.
const KNOWN_ANSWER: [u8; 8] = [2, 174, 127, 101, 203, 20, 104, 66];

/// Orders in which the planes of a pixel are coded, by their number: what lies last, which
/// is green or how opaque it is, comes first where others follow from it.
const ORDERS: [&[usize]; 4] = [&[0], &[1, 0], &[1, 0, 2], &[3, 1, 0, 2]];

/// Bytes of a picture that are coded twice to see which codec suits it.
const TRIAL: usize = 1 << 16;

/// The pictures of a group.
pub(super) struct Pictures(Vec<Segment>);

impl Pictures {
    /// Returns those of a group that they fill for the most part.
    pub fn filling(raw: &[u8]) -> Option<Pictures> {
        let found = layout::find(raw);
        let inside: usize = found.iter().filter_map(Segment::length).sum();
        (inside > raw.len() / 2).then_some(Pictures(found))
    }
}

/// Codes a group in which the pictures are known.
fn encode_pictures(raw: Vec<u8>, pictures: &Pictures, options: &CodecOptions) -> Encoded<Image> {
    let model = Model::of_level(options.level);
    let (raw, payload) = encode(raw, &pictures.0, model, options.isa);
    match payload.len() < raw.len() {
        true => Encoded::Payload(Image { model }, payload),
        false => Encoded::NotSmaller(raw),
    }
}

/// Codes a group of pictures by this codec; by codec pear where that is smaller, as for drawings
/// that repeat. Both are tried unless a part of a picture says clearly that this one is smaller.
///
/// # Errors
/// Those of both codecs.
pub(super) fn encode_if_smaller(
    raw: Cow<'_, [u8]>,
    pictures: &Pictures,
    options: &CodecOptions,
) -> Result<EncodedGroup, CodecError> {
    let own = |raw: Cow<'_, [u8]>| encode_pictures(raw.into_owned(), pictures, options);
    super::test_once(Codec::Image, options.isa)?;
    let clearly = is_clearly_smaller(&raw, &pictures.0);
    if clearly == Some(true) {
        return Ok(own(raw).into_group(Coding::Image));
    }
    super::test_once(Codec::Pear, options.isa)?;
    if clearly == Some(false) {
        return Codec::Pear.encode(raw, options);
    }
    let group = own(Cow::Borrowed(&raw)).into_group(Coding::Image);
    let other = Codec::Pear.encode(raw, options)?;
    Ok(if other.payload.len() < group.payload.len() { other } else { group })
}

/// Codes rows in the middle of the longest picture by both codecs, at their fastest. `None` if
/// they differ by less than a tenth.
fn is_clearly_smaller(raw: &[u8], pictures: &[Segment]) -> Option<bool> {
    let (start, segment) = longest(pictures)?;
    let row = segment.length()? / segment.rows.max(1);
    let rows = (TRIAL / row.max(1)).clamp(1, segment.rows.max(1));
    let from = start + (segment.rows - rows) / 2 * row;
    let bytes = raw.get(from..from + rows * row)?.to_vec();
    let options =
        CodecOptions { choice: Choice::Only(Codec::Pear), level: 1, ..Default::default() };
    let part = Segment { gap: 0, rows, ..segment };
    let (bytes, payload) = encode(bytes, &[part], Model::of_level(1), options.isa);
    let (image, length) = (payload.len(), bytes.len());
    let pear = match Pear::encode_anew(bytes, &options, None).0 {
        Encoded::Payload(_, payload) => payload.len(),
        Encoded::NotSmaller(_) => length,
    };
    match () {
        () if image * 10 < pear * 9 => Some(true),
        () if pear * 10 < image * 9 => Some(false),
        () => None,
    }
}

/// Returns the longest picture, and where it begins.
fn longest(segments: &[Segment]) -> Option<(usize, Segment)> {
    let mut end = 0;
    let places = segments.iter().map(|segment| {
        let start = end + segment.gap;
        end = start + segment.length().unwrap_or(0);
        (start, *segment)
    });
    places.max_by_key(|(_, segment)| segment.length())
}

impl GroupCodec for Image {
    const NUMBER: u8 = 7;
    const NAME: &'static str = "image";
    const ABOUT: &'static str = "Pictures that are not compressed: a model of pixels";

    fn parse(filter: u8, model: u16) -> Result<Self, CodecError> {
        match (filter, Model::of_id(model)) {
            (0, Some(model)) => Ok(Image { model }),
            (0, None) => Err(CodecError::UnknownModel { codec: Self::NAME, model }),
            (filter, _) => Err(CodecError::UnknownFilter { filter }),
        }
    }

    fn model(self) -> u16 {
        self.model.id
    }

    fn encode(raw: Cow<'_, [u8]>, options: &CodecOptions) -> Result<Encoded<Self>, CodecError> {
        let raw = raw.into_owned();
        let pictures = Pictures(layout::find(&raw));
        Ok(encode_pictures(raw, &pictures, options))
    }

    fn decode(self, payload: &[u8], raw_length: usize, wanted: usize) -> Partial {
        let Some((segments, length)) = segments::read(payload, raw_length) else {
            return Partial::nothing(damaged(Self::NAME, "the list of segments is wrong"));
        };
        let code = &payload[length..];
        let side = Decode { code, coder: BitDecoder::new(code) };
        let walk = Walk { raw: vec![0; wanted], segments: &segments, raw_length, side };
        let (raw, done, side) = walk.run(self.model, Isa::best());
        let fault = match done {
            false => Some("cut short"),
            true if wanted == raw_length && !side.is_at_end(raw_length) => {
                Some("bytes missing or left over after the last one")
            }
            true => None,
        };
        Partial { raw, fault: fault.map(|cause| damaged(Self::NAME, cause)) }
    }

    fn encode_memory(options: &CodecOptions, raw_length: u64) -> u64 {
        Model::of_level(options.level).memory() + segments::memory(raw_length) + raw_length
    }

    fn decode_memory(self, raw_length: u64) -> u64 {
        self.model.memory() + segments::memory(raw_length)
    }

    fn decode_seconds(self, raw_length: u64) -> f64 {
        raw_length as f64 / self.model.bytes_per_second()
    }

    /// Codes small pictures by all models; the digest of the payloads is part of the
    /// specification (spec/codec.md §6).
    fn self_test(isa: Isa) -> Result<(), CodecError> {
        let (raw, segments) = sample();
        let mut hasher = blake3::Hasher::new();
        for id in [1, 2] {
            let model = Model::of_id(id).expect("these models are registered");
            hasher.update(&encode(raw.clone(), &segments, model, isa).1);
        }
        match hasher.finalize().as_bytes()[..8] == KNOWN_ANSWER {
            true => Ok(()),
            false => Err(CodecError::SelfTest { what: Self::NAME, isa: isa.name() }),
        }
    }
}

/// The pictures of the self-test: one of each kind of samples, 16 pixels wide, and bytes
/// around them.
fn sample() -> (Vec<u8>, Vec<Segment>) {
    let kinds = [
        (Samples::Light, 3, false),
        (Samples::Light, 1, false),
        (Samples::Index, 1, false),
        (Samples::Deep, 2, true),
    ];
    let (mut raw, mut segments) = (Vec::new(), Vec::new());
    for (samples, planes, big) in kinds {
        raw.extend(b"before");
        let shape = Shape { width: 16, planes, samples };
        segments.push(Segment { gap: 6, shape, big, padding: 1, rows: 12 });
        for y in 0..12u32 {
            for k in 0..(16 * shape.pixel()) as u32 {
                let noise = k.wrapping_add(97 * y).wrapping_mul(2_654_435_761) >> 29;
                raw.push((3 * k + y * y + noise) as u8);
            }
            raw.push(0);
        }
    }
    raw.extend(b"and behind");
    (raw, segments)
}

/// Codes a group, which is given back, with the payload.
fn encode(raw: Vec<u8>, segments: &[Segment], model: Model, isa: Isa) -> (Vec<u8>, Vec<u8>) {
    let mut payload = segments::write(segments);
    let raw_length = raw.len();
    let side = Encode { coder: BitEncoder::default(), rest: 0 };
    let (raw, _, side) = Walk { raw, segments, raw_length, side }.run(model, isa);
    payload.extend(side.coder.finish());
    (raw, payload)
}

/// A direction of coding.
trait Side: BitCoder {
    /// Takes the bytes that are coded next, in the order of coding, from the highest on.
    fn give(&mut self, bytes: u64);
    /// Whether there is no code any more.
    fn is_over(&self) -> bool;
}

struct Encode {
    coder: BitEncoder,
    rest: u64,
}

impl BitCoder for Encode {
    #[inline(always)]
    fn code(&mut self, p: u32) -> u32 {
        let bit = (self.rest >> 63) as u32;
        self.rest <<= 1;
        self.coder.encode(bit, p);
        bit
    }
}

impl Side for Encode {
    #[inline(always)]
    fn give(&mut self, bytes: u64) {
        self.rest = bytes;
    }

    #[inline(always)]
    fn is_over(&self) -> bool {
        false
    }
}

struct Decode<'a> {
    code: &'a [u8],
    coder: BitDecoder<'a>,
}

impl Decode<'_> {
    /// Whether the code ends where the group does: its end is written as one byte or as
    /// four, and read as four.
    fn is_at_end(&self, raw_length: usize) -> bool {
        let ahead = self.coder.position().wrapping_sub(self.code.len());
        raw_length == 0 || ahead == 0 || ahead == 3
    }
}

impl BitCoder for Decode<'_> {
    #[inline(always)]
    fn code(&mut self, p: u32) -> u32 {
        self.coder.decode(p)
    }
}

impl Side for Decode<'_> {
    #[inline(always)]
    fn give(&mut self, _: u64) {}

    #[inline(always)]
    fn is_over(&self) -> bool {
        // Four bytes are read ahead; anything more was never written.
        self.coder.position() > self.code.len() + 4
    }
}

/// A group that is coded from its first byte on.
struct Walk<'a, D> {
    /// The bytes that are wanted: those of the group, or room for them.
    raw: Vec<u8>,
    segments: &'a [Segment],
    raw_length: usize,
    side: D,
}

impl<D: Side> Walk<'_, D> {
    /// Codes all bytes of `raw`; returns them, and whether there was code for them: else
    /// they end before.
    fn run(self, model: Model, isa: Isa) -> (Vec<u8>, bool, D) {
        match model.full {
            true => isa.run_lanes(Run::<D, { FULL.0 }, { FULL.1 }>(self)),
            false => isa.run_lanes(Run::<D, { FAST.0 }, { FAST.1 }>(self)),
        }
    }

    /// Codes the pictures and what is around them, up to the last wanted byte.
    #[inline(always)]
    fn code<S: Simd, const V: usize, const K: usize>(mut self, simd: S) -> (Vec<u8>, bool, D) {
        let mut engine = Engine::<S, V, K>::new(simd);
        let mut at = 0;
        for segment in padded(self.segments, self.raw_length) {
            if at >= self.raw.len() {
                break;
            }
            engine.begin(segment.shape);
            for _ in 0..segment.rows {
                if at >= self.raw.len() {
                    break;
                }
                if self.side.is_over() {
                    self.raw.truncate(at);
                    return (self.raw, false, self.side);
                }
                at = self.row(&mut engine, &segment, at);
            }
        }
        let done = !self.side.is_over();
        (self.raw, done, self.side)
    }

    /// Codes a row from `at` on; returns where it ends.
    #[inline(always)]
    fn row<S: Simd, const V: usize, const K: usize>(
        &mut self,
        engine: &mut Engine<S, V, K>,
        segment: &Segment,
        at: usize,
    ) -> usize {
        let Shape { width, planes, .. } = segment.shape;
        let (depth, pixel) = (segment.shape.depth(), segment.shape.pixel());
        let order = ORDERS[planes - 1];
        let mut places = [0; 8];
        for (k, place) in places[..pixel].iter_mut().enumerate() {
            let byte = k % depth;
            *place = order[k / depth] * depth + if segment.big { byte } else { depth - 1 - byte };
        }
        for x in 0..width {
            let start = at + x * pixel;
            if start >= self.raw.len() {
                return start;
            }
            let mut bytes = 0;
            for k in 0..pixel {
                let byte = self.raw.get(start + places[k]).copied().unwrap_or(0);
                bytes |= (byte as u64) << (56 - 8 * k);
            }
            self.side.give(bytes);
            let samples = engine.pixel(x, &mut self.side);
            for k in 0..pixel {
                let sample = samples[k / depth];
                let byte = if k % depth + 1 == depth { sample } else { sample >> 8 };
                if let Some(place) = self.raw.get_mut(start + places[k]) {
                    *place = byte as u8;
                }
            }
        }
        engine.end_row();
        let end = at + width * pixel;
        for at in end..end + segment.padding {
            let byte = self.raw.get(at).copied().unwrap_or(0);
            self.side.give((byte as u64) << 56);
            let byte = engine.pad(&mut self.side);
            if let Some(place) = self.raw.get_mut(at) {
                *place = byte;
            }
        }
        end + segment.padding
    }
}

/// A walk with an engine of `V` vectors of inputs and `K` mixers.
struct Run<'a, D, const V: usize, const K: usize>(Walk<'a, D>);

impl<D: Side, const V: usize, const K: usize> LaneKernel for Run<'_, D, V, K> {
    type Output = (Vec<u8>, bool, D);

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        self.0.code::<S, V, K>(simd)
    }
}
