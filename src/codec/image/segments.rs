//! Where pixels are in a group: the list at the start of a payload.
//!
//! Normative text: spec/codec.md §8.2.

use crate::bytes::{Cursor, put_varint};
use crate::model::image::{MOST_SAMPLES, Samples, Shape};

/// Most segments of a group.
pub const MOST_SEGMENTS: usize = 1 << 16;
/// Most bytes behind the pixels of a row.
pub const MOST_PADDING: usize = 1 << 16;
/// Bytes of a row of what is around pictures.
const ROW: usize = 4096;

/// A picture in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Bytes before it, from the end of the picture before.
    pub gap: usize,
    /// Its shape.
    pub shape: Shape,
    /// Whether deep samples have their high byte first.
    pub big: bool,
    /// Bytes behind the pixels of each row.
    pub padding: usize,
    /// Its rows.
    pub rows: usize,
}

impl Segment {
    /// Returns the bytes of a row; the fields are within their bounds.
    pub fn row(&self) -> usize {
        self.shape.width * self.shape.pixel() + self.padding
    }

    /// Returns its bytes without the gap; `None` if the fields are not within their bounds.
    pub fn length(&self) -> Option<usize> {
        let Shape { width, planes, .. } = self.shape;
        let fits = width > 0
            && width.checked_mul(planes)? <= MOST_SAMPLES
            && self.padding <= MOST_PADDING
            && self.rows > 0;
        if fits { self.row().checked_mul(self.rows) } else { None }
    }
}

/// Returns an upper bound of the bytes that a list takes for a group of `raw_length` bytes.
pub fn memory(raw_length: u64) -> u64 {
    (raw_length.min(MOST_SEGMENTS as u64) + 1) * size_of::<Segment>() as u64 * 2
}

/// Writes the list of `segments`.
pub fn write(segments: &[Segment]) -> Vec<u8> {
    let mut list = Vec::new();
    put_varint(&mut list, segments.len() as u64);
    for Segment { gap, shape, big, padding, rows } in segments {
        put_varint(&mut list, *gap as u64);
        list.push(match (shape.samples, big) {
            (Samples::Light, _) => 0,
            (Samples::Index, _) => 1,
            (Samples::Deep, false) => 2,
            (Samples::Deep, true) => 3,
        });
        for number in [shape.planes, shape.width, *padding, *rows] {
            put_varint(&mut list, number as u64);
        }
    }
    list
}

/// Reads a list for a group of `raw_length` bytes; returns it and its length. `None` if it is
/// wrong.
pub fn read(payload: &[u8], raw_length: usize) -> Option<(Vec<Segment>, usize)> {
    let mut reader = Cursor::new(payload);
    let mut number = || -> Option<usize> { usize::try_from(reader.varint().ok()?).ok() };
    let count = number()?;
    // Each takes six bytes or more, and one of the group.
    if count > MOST_SEGMENTS.min(payload.len() / 6).min(raw_length) {
        return None;
    }
    let mut segments = Vec::with_capacity(count);
    let mut left = raw_length;
    for _ in 0..count {
        let gap = number()?;
        let (samples, big) = match number()? {
            0 => (Samples::Light, false),
            1 => (Samples::Index, false),
            2 => (Samples::Deep, false),
            3 => (Samples::Deep, true),
            _ => return None,
        };
        let planes = number()?;
        let most = if samples == Samples::Index { 1 } else { 4 };
        if !(1..=most).contains(&planes) {
            return None;
        }
        let shape = Shape { width: number()?, planes, samples };
        let segment = Segment { gap, shape, big, padding: number()?, rows: number()? };
        left = left.checked_sub(gap)?.checked_sub(segment.length()?)?;
        segments.push(segment);
    }
    Some((segments, reader.position()))
}

/// Returns the segments of a group of `raw_length` bytes with what is around them, each
/// without a gap: that is coded as rows of 4,096 bytes, then a row of those that are left.
pub fn padded(segments: &[Segment], raw_length: usize) -> impl Iterator<Item = Segment> {
    let inside: usize =
        segments.iter().map(|segment| segment.gap + segment.length().unwrap_or(0)).sum();
    let pictures = segments.iter().flat_map(|segment| {
        let picture = Segment { gap: 0, ..*segment };
        around(segment.gap).into_iter().chain([picture])
    });
    pictures.chain(around(raw_length - inside)).filter(|segment| segment.rows > 0)
}

/// Returns the rows of `length` bytes around pictures.
fn around(length: usize) -> [Segment; 2] {
    let rows = |width: usize, rows: usize| {
        let shape = Shape { width: width.max(1), planes: 1, samples: Samples::Index };
        Segment { gap: 0, shape, big: false, padding: 0, rows }
    };
    [rows(ROW, length / ROW), rows(length % ROW, usize::from(!length.is_multiple_of(ROW)))]
}
