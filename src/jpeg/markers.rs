//! The markers of a JPEG (ITU-T T.81, annex B).

/// Marker codes.
const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;

/// What decides how much memory and time Lepton takes for a JPEG.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    /// Blocks of 64 coefficients, those of partly filled units included.
    pub blocks: u64,
    /// Scans begun.
    pub scans: u64,
}

/// Bytes of the whole JPEG at the front of `bytes`, from SOI to EOI, that Lepton may code:
/// baseline, extended or progressive with Huffman codes. A JPEG inside a segment, such as
/// a preview, is passed over with its segment.
pub fn whole_jpeg(bytes: &[u8]) -> Option<usize> {
    whole(bytes).map(|(length, _)| length)
}

/// The same, and its frame.
pub(super) fn whole(bytes: &[u8]) -> Option<(usize, Frame)> {
    (bytes.get(..3)? == [0xFF, SOI, 0xFF]).then_some(())?;
    let mut at = 2;
    let mut found = None;
    let mut scans = 0;
    loop {
        let marker = marker(bytes, &mut at)?;
        match marker {
            EOI => return found.map(|found| (at, Frame { scans, ..found })),
            // TEM, restarts and a second start have no segment and do not stand here.
            0x00..=0x01 | 0xD0..=SOI => return None,
            _ => {}
        }
        let length = segment(bytes, at)?;
        match marker {
            0xC0..=0xC2 => {
                found = Some(frame(&bytes[at..at + length])?);
            }
            // Lossless, hierarchical, arithmetic.
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCF => return None,
            _ => {}
        }
        at += length;
        if marker == SOS {
            found?;
            scans += 1;
            at = scan_end(bytes, at)?;
        }
    }
}

/// Reads the frame and counts the scans of a JPEG's segments alone, which begin behind
/// SOI. `None` without one frame of a kind that Lepton takes.
pub(super) fn frame_of_segments(bytes: &[u8]) -> Option<Frame> {
    let mut found: Option<Frame> = None;
    let (mut at, mut scans) = (0, 0);
    while at < bytes.len() {
        let marker = marker(bytes, &mut at)?;
        if marker == EOI {
            break;
        }
        let length = segment(bytes, at)?;
        if matches!(marker, 0xC0..=0xC2) {
            found.is_none().then_some(())?;
            found = Some(frame(&bytes[at..at + length])?);
        }
        scans += u64::from(marker == SOS);
        at += length;
    }
    found.map(|frame| Frame { scans, ..frame })
}

/// Reads a marker and steps behind it; fill bytes may stand before it.
fn marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    (*bytes.get(*at)? == 0xFF).then_some(())?;
    while *bytes.get(*at)? == 0xFF {
        *at += 1;
    }
    *at += 1;
    Some(bytes[*at - 1])
}

/// Bytes of the segment at `at`, all of which are there.
fn segment(bytes: &[u8], at: usize) -> Option<usize> {
    let length = usize::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    (length >= 2 && at + length <= bytes.len()).then_some(length)
}

/// Where the marker behind the coded bytes of a scan stands.
fn scan_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr(0xFF, bytes.get(at..)?)?;
        match *bytes.get(at + 1)? {
            0x00 | 0xD0..=0xD7 => at += 2,
            0xFF => at += 1,
            _ => return Some(at),
        }
    }
}

/// Reads a frame header, its length first.
fn frame(segment: &[u8]) -> Option<Frame> {
    let number =
        |at: usize| Some(u64::from(u16::from_be_bytes([*segment.get(at)?, *segment.get(at + 1)?])));
    let (height, width) = (number(3)?, number(5)?);
    let count = usize::from(*segment.get(7)?);
    let components = segment.get(8..8 + 3 * count)?;
    let sampling = || {
        components
            .chunks(3)
            .map(|component| (u64::from(component[1] >> 4), u64::from(component[1] & 15)))
    };
    let valid = sampling().all(|(h, v)| (1..=4).contains(&h) && (1..=4).contains(&v));
    if !valid || count == 0 || count > 4 || height == 0 || width == 0 || segment[2] != 8 {
        return None;
    }
    let most_h = sampling().map(|(h, _)| h).max()?;
    let most_v = sampling().map(|(_, v)| v).max()?;
    let units = width.div_ceil(8 * most_h) * height.div_ceil(8 * most_v);
    Some(Frame { blocks: units * sampling().map(|(h, v)| h * v).sum::<u64>(), scans: 0 })
}
