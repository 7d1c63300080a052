//! Codec `audio`: samples by a model of their own. Normative text: spec/codec.md §2.6.
//!
//! ```text
//! segments.rs   the table of a payload: where samples are, and how they lie
//! coded.rs      the range code of samples and of what lies between them
//! values.rs     numbers of samples for values that are used
//! formats.rs    segments by the headers of files
//! bare.rs       samples without a header
//! ```

mod bare;
mod coded;
mod formats;
mod segments;
mod values;

use super::codecs::{Encoded, GroupCodec};
use super::pear::Pear;
use super::{Choice, Codec, CodecError, CodecOptions, Partial, damaged, samples};
use crate::arith::Isa;
use crate::model::Contexts;
use crate::model::audio::Class;
use segments::{MOST_SEGMENTS, Segment};
use std::borrow::Cow;

/// Codec `audio`: PCM samples, each predicted from those before it.
#[derive(Clone, Copy, Debug)]
pub struct Audio {
    class: Class,
}

/// First bytes of the digest of the self-test's payloads.
const KNOWN_ANSWER: [u8; 8] = [28, 27, 215, 9, 232, 253, 165, 187];

/// Bytes of a group that are coded twice to see which codec suits it: so many windows of so
/// many bytes.
const WINDOWS: usize = 3;
/// See [`WINDOWS`].
const WINDOW: usize = 1 << 14;

/// Whether a file that begins so is of samples: by its header.
pub(super) fn is_audio(start: &[u8]) -> bool {
    formats::segment(start, 0).is_some()
}

/// Whether codec `audio` makes a group smaller than codec `pear`, as far as a part of it
/// tells. Groups without samples pass at the speed of memory.
pub(super) fn pays(raw: &[u8]) -> bool {
    let found = found(raw);
    let length: usize = found.iter().map(|segment| segment.length()).sum();
    // Small ones among other data do not make it audio.
    length >= 64 && length >= raw.len() / 2 && is_smaller(raw, &found)
}

/// The segments of a group: by headers, or else by the looks of the bytes.
fn found(raw: &[u8]) -> Vec<Segment> {
    let found = formats::segments(raw);
    // Text has no samples, and is not to pay for the search.
    match found.is_empty() && samples::contexts(raw) == Contexts::Binary {
        true => bare::segment(raw).into_iter().collect(),
        false => found,
    }
}

/// Codes parts of the longest segment by both codecs, at their fastest.
fn is_smaller(raw: &[u8], found: &[Segment]) -> bool {
    let mut start = 0;
    let mut longest = None;
    for segment in found {
        start += segment.gap;
        if longest.is_none_or(|(_, other): (usize, &Segment)| other.length() < segment.length()) {
            longest = Some((start, segment));
        }
        start += segment.length();
    }
    let Some((start, segment)) = longest else { return false };
    let frame = segment.frame();
    let most = segment.frames.min(WINDOW / frame);
    let (mut audio, mut pear) = (0, 0);
    let options =
        CodecOptions { choice: Choice::Only(Codec::Pear), level: 1, ..Default::default() };
    for window in 0..WINDOWS.min(segment.length().div_ceil(2 * WINDOW)) {
        let from = start + (segment.frames - most) * window / WINDOWS * frame;
        let bytes = &raw[from..from + most * frame];
        let part = Segment { gap: 0, frames: most, mapped: false, ..*segment };
        audio += coded::encode(bytes, &[part], Class::Fast, options.isa).len();
        pear += match Pear::encode_anew(bytes.to_vec(), &options, None).0 {
            Encoded::Payload(_, payload) => payload.len(),
            Encoded::NotSmaller(raw) => raw.len(),
        };
    }
    audio < pear
}

impl GroupCodec for Audio {
    const NUMBER: u8 = 8;
    const NAME: &'static str = "audio";
    const ABOUT: &'static str = "Uncompressed sound: WAV, AIFF, AU, soundfonts, raw samples";

    fn parse(filter: u8, model: u16) -> Result<Self, CodecError> {
        let known = Class::ALL.into_iter().find(|class| class.id() == model);
        match (filter, known) {
            (0, Some(class)) => Ok(Audio { class }),
            (0, None) => Err(CodecError::UnknownModel { codec: Self::NAME, model }),
            _ => Err(CodecError::UnknownFilter { filter }),
        }
    }

    fn model(self) -> u16 {
        self.class.id()
    }

    fn encode(raw: Cow<'_, [u8]>, options: &CodecOptions) -> Result<Encoded<Self>, CodecError> {
        let class = Class::of_level(options.level);
        let payload = coded::encode(&raw, &found(&raw), class, options.isa);
        Ok(match payload.len() < raw.len() {
            true => Encoded::Payload(Audio { class }, payload),
            false => Encoded::NotSmaller(raw.into_owned()),
        })
    }

    fn decode(self, payload: &[u8], raw_length: usize, wanted: usize) -> Partial {
        let isa = Isa::best();
        let (raw, fault) = coded::decode(payload, self.class, raw_length, wanted, isa);
        Partial { raw, fault: fault.map(|cause| damaged(Self::NAME, cause)) }
    }

    fn encode_memory(options: &CodecOptions, raw_length: u64) -> u64 {
        Audio { class: Class::of_level(options.level) }.decode_memory(raw_length) + raw_length
    }

    fn decode_memory(self, raw_length: u64) -> u64 {
        let segments = (raw_length / 2).min(MOST_SEGMENTS as u64) * size_of::<Segment>() as u64;
        self.class.memory(raw_length) + 2 * segments + (2 << 20)
    }

    fn decode_seconds(self, raw_length: u64) -> f64 {
        let bytes_per_second = match self.class {
            Class::Fast => 2.2e6,
            Class::Standard => 1e6,
            Class::Best => 0.2e6,
        };
        raw_length as f64 / bytes_per_second
    }

    /// Codes a chord by each class; the digest of the payloads is part of the specification
    /// (spec/codec.md §9.10).
    fn self_test(isa: Isa) -> Result<(), CodecError> {
        let sample = |n: u32| {
            let tooth = |period: u32, height: u32| n * height / period % (2 * height);
            let noise = n.wrapping_mul(2_654_435_761) >> 27;
            (tooth(50, 900) + tooth(63, 700) + noise) as i16 - 1600
        };
        let bytes: Vec<u8> = (0..1200).flat_map(|n| sample(n).to_le_bytes()).collect();
        let raw = [&b"a chord"[..], &bytes, &b"behind it"[..]].concat();
        let segment = Segment { gap: 7, frames: 300, channels: 2, bytes: 2, ..Segment::default() };
        let mono = Segment { gap: 0, frames: 600, channels: 1, bytes: 2, ..Segment::default() };
        let mut hasher = blake3::Hasher::new();
        for class in Class::ALL {
            hasher.update(&coded::encode(&raw, &[segment, mono], class, isa));
        }
        match hasher.finalize().as_bytes()[..8] == KNOWN_ANSWER {
            true => Ok(()),
            false => Err(CodecError::SelfTest { what: Self::NAME, isa: isa.name() }),
        }
    }
}

#[cfg(test)]
mod tests;
