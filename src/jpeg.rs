//! Codec `jpeg`: whole JPEG files by Lepton, and what lies between them.
//!
//! A payload has a table of segments, one zstd frame with all that Lepton does not code
//! (other bytes, and the headers of the JPEGs), and the coded scans. Normative text:
//! spec/codec.md §2.4.
//!
//! `lepton_jpeg` gets and gives files of its own format. Their headers hold the version
//! of the program that built them, and are compressed by whatever zlib it was built with;
//! so the headers are taken apart and only what decides the JPEG is kept. The same JPEG
//! has the same payload whatever the program was built with.
//!
//! Headers are checked before the crate sees them, for what would take memory or time
//! that the length of the JPEG does not bound.

mod lepton;
mod markers;

pub use markers::whole_jpeg;

use crate::bytes::{BytesError, Cursor, put_varint};

/// Shortest JPEG that is coded by Lepton.
const LEAST: usize = 256;
/// Longest JPEG that is coded by Lepton.
const MOST: usize = 1 << 26;
/// Level of zstd for the other bytes.
const ZSTD_LEVEL: i32 = 19;

/// Why a payload could not be decoded to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault(pub &'static str);

impl From<BytesError> for Fault {
    fn from(_: BytesError) -> Self {
        Fault("a table of segments that cannot be")
    }
}

/// A piece of the group, as the table has it.
#[derive(Clone, Copy, Debug)]
enum Segment {
    /// Bytes as they are.
    Other { raw: usize },
    /// A JPEG.
    Jpeg { raw: usize, header: usize, scan: usize },
}

/// Bytes of memory that decoding takes beside payload and output.
pub fn decode_memory(raw_length: u64) -> u64 {
    // The other bytes, headers included, stand beside the output; one JPEG at a time.
    lepton::memory(raw_length.min(MOST as u64)) + 2 * raw_length
}

/// Bytes of memory that coding takes beside input and payload.
pub fn encode_memory(raw_length: u64) -> u64 {
    lepton::encoding_memory(raw_length.min(MOST as u64)) + 2 * raw_length
}

/// Codes a group. `None` if it holds no JPEG that Lepton makes smaller. Every JPEG is
/// decoded again and compared. About 5 MB/s.
pub fn encode(raw: &[u8]) -> Option<Vec<u8>> {
    let (mut segments, mut rest, mut scans) = (Vec::new(), Vec::new(), Vec::new());
    let mut other = 0..0;
    while other.end < raw.len() {
        let left = &raw[other.end..];
        let jpeg = whole_jpeg(left).filter(|&length| (LEAST..=MOST).contains(&length));
        let coded = jpeg.and_then(|length| Some((length, lepton::encode(&left[..length])?)));
        let Some((length, (header, scan))) = coded else {
            // Where a JPEG could not be coded, one inside it may be.
            other.end += 1 + next_start(&left[1..]);
            continue;
        };
        put_other(&mut segments, &mut rest, &raw[other.clone()]);
        segments.push(Segment::Jpeg { raw: length, header: header.len(), scan: scan.len() });
        rest.extend_from_slice(&header);
        scans.extend_from_slice(&scan);
        other = other.end + length..other.end + length;
    }
    if scans.is_empty() {
        return None;
    }
    put_other(&mut segments, &mut rest, &raw[other]);
    payload(&segments, &rest, &scans).filter(|payload| payload.len() < raw.len())
}

/// Bytes before the next one that may begin a JPEG.
fn next_start(bytes: &[u8]) -> usize {
    memchr::memmem::find(bytes, &[0xFF, 0xD8, 0xFF]).unwrap_or(bytes.len())
}

fn put_other(segments: &mut Vec<Segment>, rest: &mut Vec<u8>, bytes: &[u8]) {
    if !bytes.is_empty() {
        segments.push(Segment::Other { raw: bytes.len() });
        rest.extend_from_slice(bytes);
    }
}

fn payload(segments: &[Segment], rest: &[u8], scans: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    put_varint(&mut out, segments.len() as u64);
    for segment in segments {
        match *segment {
            Segment::Other { raw } => {
                put_varint(&mut out, (raw as u64) << 1);
            }
            Segment::Jpeg { raw, header, scan } => {
                put_varint(&mut out, (raw as u64) << 1 | 1);
                put_varint(&mut out, header as u64);
                put_varint(&mut out, scan as u64);
            }
        }
    }
    let frame = zstd::bulk::compress(rest, ZSTD_LEVEL).ok()?;
    put_varint(&mut out, frame.len() as u64);
    out.extend_from_slice(&frame);
    out.extend_from_slice(scans);
    Some(out)
}

/// Decodes from the front until there are `wanted` bytes, and gives those: all of them, or
/// those before a fault. Never panics; memory is bounded by [`decode_memory`].
///
/// # Panics
/// If `wanted > raw_length`.
pub fn decode(payload: &[u8], raw_length: usize, wanted: usize) -> (Vec<u8>, Option<Fault>) {
    assert!(wanted <= raw_length);
    let mut out = Vec::new();
    let fault = decode_into(&mut out, payload, raw_length, wanted).err();
    out.truncate(wanted);
    (out, fault)
}

fn decode_into(
    out: &mut Vec<u8>,
    payload: &[u8],
    raw_length: usize,
    wanted: usize,
) -> Result<(), Fault> {
    let mut cursor = Cursor::new(payload);
    let segments = segments(&mut cursor, raw_length)?;
    let frame = cursor.bytes()?;
    let rest_length = segments
        .iter()
        .map(|segment| match *segment {
            Segment::Other { raw } => raw,
            Segment::Jpeg { header, .. } => header,
        })
        .sum();
    let rest = zstd::bulk::decompress(frame, rest_length).unwrap_or_default();
    if rest.len() != rest_length {
        return Err(Fault("a zstd frame that does not decode to its length"));
    }
    let mut rest = Cursor::new(&rest);
    for segment in segments {
        if out.len() >= wanted {
            return Ok(());
        }
        match segment {
            Segment::Other { raw } => out.extend_from_slice(rest.take(raw as u64)?),
            Segment::Jpeg { raw, header, scan } => {
                let header = rest.take(header as u64)?;
                let scan = cursor.take(scan as u64)?;
                let jpeg = lepton::decode(header, scan, raw);
                out.extend_from_slice(&jpeg.ok_or(Fault("a JPEG that does not decode"))?);
            }
        }
    }
    Ok(cursor.finish()?)
}

/// Reads the table of segments. They are together as long as the group.
fn segments(cursor: &mut Cursor, raw_length: usize) -> Result<Vec<Segment>, Fault> {
    let count = cursor.varint()?;
    let mut segments = Vec::new();
    let (mut left, mut headers_left) = (raw_length as u64, raw_length as u64 + (1 << 12));
    for _ in 0..count {
        let head = cursor.varint()?;
        let raw = head >> 1;
        if raw == 0 || raw > left {
            return Err(Fault("segments longer than the group"));
        }
        left -= raw;
        if head & 1 == 0 {
            segments.push(Segment::Other { raw: raw as usize });
            continue;
        }
        let (header, scan) = (cursor.varint()?, cursor.varint()?);
        if raw > MOST as u64 || header > headers_left.min(raw + lepton::MOST_EXTRA) {
            return Err(Fault("a JPEG that is too long"));
        }
        headers_left -= header;
        let scan = usize::try_from(scan).map_err(|_| Fault("a JPEG that is too long"))?;
        segments.push(Segment::Jpeg { raw: raw as usize, header: header as usize, scan });
    }
    if left > 0 { Err(Fault("segments shorter than the group")) } else { Ok(segments) }
}

#[cfg(test)]
pub(crate) mod tests;
