//! Segments by the headers of files: WAV (RIFF, RF64), soundfonts, AIFF, AU.
//!
//! Nothing here is normative: any segments decode.

use super::segments::{MOST_SEGMENTS, Segment};
use crate::model::audio::MOST_CHANNELS;
use memchr::memmem;

/// What the files begin with.
const MAGICS: [&[u8; 4]; 4] = [b"RIFF", b"RF64", b"FORM", b".snd"];
/// Most chunks that are looked through for samples.
const CHUNKS: usize = 64;

/// All segments of a group, in their order.
pub(super) fn segments(raw: &[u8]) -> Vec<Segment> {
    let mut found = Vec::new();
    let mut next = MAGICS.map(|magic| memmem::find(raw, magic));
    let mut end = 0;
    while found.len() < MOST_SEGMENTS {
        let Some(at) = next.iter().flatten().copied().min() else { break };
        let mut after = at + 1;
        if let Some((start, mut segment)) = segment(raw, at) {
            segment.gap = start - end;
            end = start + segment.length();
            after = end;
            found.push(segment);
        }
        for (next, magic) in next.iter_mut().zip(MAGICS) {
            if next.is_some_and(|next| next < after) {
                *next = memmem::find(&raw[after..], magic).map(|place| after + place);
            }
        }
    }
    found
}

/// The samples of the file that begins at `at`, and where they begin.
pub(super) fn segment(raw: &[u8], at: usize) -> Option<(usize, Segment)> {
    let file = raw.get(at..)?;
    let (start, segment) = match file.get(..4)? {
        b"RIFF" | b"RF64" => match file.get(8..12)? {
            b"WAVE" => wave(file),
            b"sfbk" => soundfont(file),
            _ => None,
        },
        b"FORM" => aiff(file),
        b".snd" => sun(file),
        _ => None,
    }?;
    Some((at + start, segment))
}

fn u16_le(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?) as usize)
}

fn u32_le(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize)
}

fn u16_be(bytes: &[u8], at: usize) -> Option<usize> {
    u16_le(bytes, at).map(|value| (value as u16).swap_bytes() as usize)
}

fn u32_be(bytes: &[u8], at: usize) -> Option<usize> {
    u32_le(bytes, at).map(|value| (value as u32).swap_bytes() as usize)
}

/// The samples in `length` bytes from `start` on, as far as they are there.
fn samples(
    file: &[u8],
    start: usize,
    length: usize,
    mut segment: Segment,
) -> Option<(usize, Segment)> {
    let there = file.len().checked_sub(start)?;
    // A length that is not known is 0 or the greatest.
    let length = if length == 0 { there } else { length.min(there) };
    let fits = (1..=MOST_CHANNELS).contains(&segment.channels) && (1..=4).contains(&segment.bytes);
    segment.frames = if fits { length / segment.frame() } else { 0 };
    (segment.frames > 0).then_some((start, segment))
}

/// Goes through the chunks from `at` on; `look` gets the name, the place of the content and
/// its length, until it returns something.
fn chunks<T>(
    file: &[u8],
    mut at: usize,
    length: fn(&[u8], usize) -> Option<usize>,
    mut look: impl FnMut(&[u8], usize, usize) -> Option<T>,
) -> Option<T> {
    for _ in 0..CHUNKS {
        let (name, length) = (file.get(at..at + 4)?, length(file, at + 4)?);
        if let Some(found) = look(name, at + 8, length) {
            return Some(found);
        }
        at = at.checked_add(8)?.checked_add(length)?.checked_add(length & 1)?;
    }
    None
}

fn wave(file: &[u8]) -> Option<(usize, Segment)> {
    let mut format = None;
    chunks(file, 12, u32_le, |name, at, length| match name {
        b"fmt " => {
            format = wave_format(file, at, length);
            None
        }
        b"data" => Some((at, length)),
        _ => None,
    })
    .and_then(|(start, length)| samples(file, start, length, format?))
}

fn wave_format(file: &[u8], at: usize, length: usize) -> Option<Segment> {
    let (tag, channels, block) = (u16_le(file, at)?, u16_le(file, at + 2)?, u16_le(file, at + 12)?);
    // WAVE_FORMAT_EXTENSIBLE has the tag in its longer part.
    let tag = if tag == 0xFFFE && length >= 40 { u16_le(file, at + 24)? } else { tag };
    let bits = u16_le(file, at + 14)?;
    let whole = tag == 1 && channels > 0 && block % channels == 0;
    let bytes = if whole { block / channels } else { return None };
    let fits = bits <= 8 * bytes && bits > 8 * (bytes.max(1) - 1);
    let segment = Segment { channels, bytes, unsigned: bytes == 1, ..Segment::default() };
    fits.then_some(segment)
}

fn soundfont(file: &[u8]) -> Option<(usize, Segment)> {
    let list = |name: &[u8], at: usize, _: usize| {
        (name == b"LIST" && file.get(at..at + 4) == Some(b"sdta")).then_some(at + 4)
    };
    let inside = chunks(file, 12, u32_le, list)?;
    let sample = |name: &[u8], at, length| (name == b"smpl").then_some((at, length));
    let (start, length) = chunks(file, inside, u32_le, sample)?;
    samples(file, start, length, Segment { channels: 1, bytes: 2, ..Segment::default() })
}

fn aiff(file: &[u8]) -> Option<(usize, Segment)> {
    let compressed = match file.get(8..12)? {
        b"AIFF" => false,
        b"AIFC" => true,
        _ => return None,
    };
    let mut format = None;
    chunks(file, 12, u32_be, |name, at, length| match name {
        b"COMM" => {
            format = aiff_format(file, at, compressed);
            None
        }
        b"SSND" => Some((at, length)),
        _ => None,
    })
    .and_then(|(at, length)| {
        let offset = u32_be(file, at)?;
        let start = at.checked_add(8)?.checked_add(offset)?;
        samples(file, start, length.checked_sub(8)?.checked_sub(offset)?.max(1), format?)
    })
}

fn aiff_format(file: &[u8], at: usize, compressed: bool) -> Option<Segment> {
    let (channels, bits) = (u16_be(file, at)?, u16_be(file, at + 6)?);
    let coding = if compressed { file.get(at + 18..at + 22)? } else { b"NONE" };
    let big_endian = match coding {
        b"NONE" | b"twos" => true,
        b"sowt" => false,
        _ => return None,
    };
    Some(Segment { channels, bytes: bits.div_ceil(8), big_endian, ..Segment::default() })
}

fn sun(file: &[u8]) -> Option<(usize, Segment)> {
    let (start, length) = (u32_be(file, 4)?, u32_be(file, 8)?);
    // 2 to 5 are integers of one to four bytes.
    let bytes = u32_be(file, 12)?.checked_sub(1)?;
    let channels = u32_be(file, 20)?;
    let fits = start >= 24 && (1..=4).contains(&bytes);
    let segment = Segment { channels, bytes, big_endian: true, ..Segment::default() };
    if fits { samples(file, start, length, segment) } else { None }
}
