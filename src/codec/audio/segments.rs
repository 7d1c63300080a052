//! The table of a payload: where samples are, and how they lie.
//!
//! Normative text: spec/codec.md §2.6.

use crate::bytes::{Cursor, put_varint};
use crate::model::audio::MOST_CHANNELS;

/// Most segments of a group.
pub(super) const MOST_SEGMENTS: usize = 1 << 16;
/// Fewest samples of a segment that has a table of the values that are used.
pub(super) const LEAST_MAPPED: usize = 1 << 12;

/// Samples that lie one behind the other, and what is between them and those before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Segment {
    /// Bytes before it, since the end of the segment before.
    pub gap: usize,
    /// Samples of each channel.
    pub frames: usize,
    /// Channels, 1 ..= 8, whose samples take turns.
    pub channels: usize,
    /// Bytes of a sample, 1 ..= 4.
    pub bytes: usize,
    /// Whether samples count from 0, not from their middle.
    pub unsigned: bool,
    /// Whether the highest byte of a sample is its first.
    pub big_endian: bool,
    /// Whether only some values are used, of which there is a table.
    pub mapped: bool,
    /// Low bits that are 0 in every sample.
    pub shift: u32,
}

impl Segment {
    /// Bytes of a frame.
    pub fn frame(&self) -> usize {
        self.channels * self.bytes
    }

    /// Bytes of the samples.
    pub fn length(&self) -> usize {
        self.frames * self.frame()
    }

    /// The least and the greatest number of a sample.
    pub fn range(&self) -> (i64, i64) {
        let half = 1i64 << (8 * self.bytes - 1);
        (-half >> self.shift, (half - 1) >> self.shift)
    }

    /// Reads a sample.
    pub fn sample(&self, bytes: &[u8]) -> i64 {
        let mut wide = [0; 4];
        for (k, &byte) in bytes.iter().enumerate() {
            wide[if self.big_endian { k } else { self.bytes - 1 - k }] = byte;
        }
        let mut value = u32::from_be_bytes(wide);
        if self.unsigned {
            value ^= 1 << 31;
        }
        (value as i32 >> (32 - 8 * self.bytes)) as i64 >> self.shift
    }

    /// Writes a sample, which is in range.
    pub fn put(&self, out: &mut Vec<u8>, sample: i64) {
        let mut value = ((sample << self.shift) as u32) << (32 - 8 * self.bytes);
        if self.unsigned {
            value ^= 1 << 31;
        }
        let wide = value.to_be_bytes();
        let byte = |k: usize| wide[if self.big_endian { k } else { self.bytes - 1 - k }];
        out.extend((0..self.bytes).map(byte));
    }
}

/// Writes the table.
pub(super) fn put_segments(out: &mut Vec<u8>, segments: &[Segment]) {
    put_varint(out, segments.len() as u64);
    for segment in segments {
        put_varint(out, segment.gap as u64);
        put_varint(out, segment.frames as u64);
        let [unsigned, big, mapped] =
            [segment.unsigned, segment.big_endian, segment.mapped].map(u8::from);
        let shape = (segment.channels - 1) as u8 | ((segment.bytes - 1) as u8) << 3;
        out.push(shape | unsigned << 5 | big << 6 | mapped << 7);
        out.push(segment.shift as u8);
    }
}

/// Reads the table. Gaps and segments are together no longer than the group.
pub(super) fn segments(
    cursor: &mut Cursor,
    raw_length: usize,
) -> Result<Vec<Segment>, &'static str> {
    let short = |_| "a table of segments that cannot be";
    let count = cursor.varint().map_err(short)?;
    if count > MOST_SEGMENTS as u64 {
        return Err("too many segments");
    }
    let mut left = raw_length as u64;
    let mut segments = Vec::new();
    for _ in 0..count {
        let (gap, frames) = (cursor.varint().map_err(short)?, cursor.varint().map_err(short)?);
        let (shape, shift) = (cursor.u8().map_err(short)?, cursor.u8().map_err(short)?);
        let (channels, bytes) = ((shape & 7) as usize + 1, (shape >> 3 & 3) as usize + 1);
        debug_assert!(channels <= MOST_CHANNELS);
        let length = frames.saturating_mul((channels * bytes) as u64);
        if frames == 0 || gap.saturating_add(length) > left {
            return Err("segments longer than the group");
        }
        left -= gap + length;
        let segment = Segment {
            gap: gap as usize,
            frames: frames as usize,
            channels,
            bytes,
            unsigned: shape & 0x20 != 0,
            big_endian: shape & 0x40 != 0,
            mapped: shape & 0x80 != 0,
            shift: shift as u32,
        };
        let samples = segment.frames * channels;
        if segment.mapped && (bytes > 2 || shift > 0 || samples < LEAST_MAPPED) {
            return Err("a table of values where there is none");
        }
        if segment.shift as usize >= 8 * bytes {
            return Err("samples without bits");
        }
        segments.push(segment);
    }
    Ok(segments)
}
