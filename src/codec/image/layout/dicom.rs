//! Pictures of DICOM files (PS3.10) whose pixels are not compressed, lowest byte first.

use super::super::segments::Segment;
use super::headers::{Found, number, picture};
use crate::model::image::Samples;

/// What stands before the elements, behind 128 bytes of anything.
pub const MAGIC: &[u8] = b"DICM";
pub const PREAMBLE: usize = 128;

/// Most elements that are looked at.
const MOST_ELEMENTS: usize = 4096;

/// The length of what ends with a delimiter.
const UNDEFINED: usize = 0xFFFF_FFFF;

const ITEM: usize = 0xFFFE_E000;
const ITEM_END: usize = 0xFFFE_E00D;
const SEQUENCE_END: usize = 0xFFFE_E0DD;

/// An element: its tag, and where its value begins; its bytes, or [`UNDEFINED`].
struct Element {
    tag: usize,
    start: usize,
    length: usize,
}

/// Reads the element at `at`. With `explicit`, its kind is named before its length.
fn element(data: &[u8], at: usize, explicit: bool) -> Option<Element> {
    let two = |at: usize| number::<2>(data, at, false);
    let tag = two(at)? << 16 | two(at + 2)?;
    let kind = data.get(at + 4..at + 6)?;
    let is_long = [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR"]
        .iter()
        .chain(&[b"UT", b"UV"])
        .any(|name| kind == *name);
    let (start, length) = match (explicit && tag >> 16 != 0xFFFE, is_long) {
        (false, _) => (at + 8, number::<4>(data, at + 4, false)?),
        (true, true) => (at + 12, number::<4>(data, at + 8, false)?),
        (true, false) => (at + 8, two(at + 6)?),
    };
    Some(Element { tag, start, length })
}

/// What the elements say of the pixels.
struct Fields {
    explicit: bool,
    samples: usize,
    apart: usize,
    frames: usize,
    rows: usize,
    width: usize,
    bits: usize,
    is_index: bool,
}

impl Fields {
    /// Takes the value of an element. `None` if the pixels are not as they must be.
    fn take(&mut self, data: &[u8], element: &Element) -> Option<()> {
        let value = data.get(element.start..element.start.checked_add(element.length)?)?;
        let text = || std::str::from_utf8(value).ok().map(|text| text.trim_matches(['\0', ' ']));
        let short = || number::<2>(value, 0, false);
        match element.tag {
            0x0002_0010 => match text()? {
                "1.2.840.10008.1.2" => self.explicit = false,
                "1.2.840.10008.1.2.1" => self.explicit = true,
                _ => return None,
            },
            0x0028_0002 => self.samples = short()?,
            0x0028_0004 => self.is_index = text()? == "PALETTE COLOR",
            0x0028_0006 => self.apart = short()?,
            0x0028_0008 => self.frames = text()?.parse().ok()?,
            0x0028_0010 => self.rows = short()?,
            0x0028_0011 => self.width = short()?,
            0x0028_0100 => self.bits = short()?,
            _ => {}
        }
        Some(())
    }

    /// The picture of `length` bytes that these fields describe.
    fn picture(&self, length: usize) -> Option<Segment> {
        let kind = match (self.bits, self.is_index) {
            (8, true) => Samples::Index,
            (8, false) => Samples::Light,
            (16, false) => Samples::Deep,
            _ => return None,
        };
        let (planes, times) = if self.apart == 1 { (1, self.samples) } else { (self.samples, 1) };
        let rows = self.rows.checked_mul(times)?.checked_mul(self.frames)?;
        let mut found = picture(self.width, planes, kind, rows);
        found.big = false;
        let fits = (1..=4).contains(&planes) && found.length()? <= length;
        fits.then_some(found)
    }
}

/// The pictures of a file whose magic is at the front of `data`; they need not be there.
pub fn dicom(data: &[u8]) -> Option<Found> {
    let mut fields = Fields {
        explicit: true,
        samples: 1,
        apart: 0,
        frames: 1,
        rows: 0,
        width: 0,
        bits: 0,
        is_index: false,
    };
    let (mut at, mut depth) = (MAGIC.len(), 0u32);
    for _ in 0..MOST_ELEMENTS {
        // The elements of group 2 name their kinds always.
        let is_meta = number::<2>(data, at, false)? == 2;
        let element = element(data, at, is_meta || fields.explicit)?;
        if element.tag == 0x7FE0_0010 && depth == 0 {
            return Some((element.start, fields.picture(element.length)?));
        }
        at = element.start;
        match (element.tag, element.length) {
            // What is in a sequence says nothing of the pixels.
            (ITEM_END | SEQUENCE_END, _) => depth = depth.checked_sub(1)?,
            (_, UNDEFINED) => depth += 1,
            (ITEM, length) => at = at.checked_add(length)?,
            (_, length) => {
                if depth == 0 {
                    fields.take(data, &element)?;
                }
                at = at.checked_add(length)?;
            }
        }
    }
    None
}
