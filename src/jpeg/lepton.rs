//! One JPEG ⇄ its header and its scans as Lepton codes them.
//!
//! A file of the crate is: 28 bytes, of which the JPEG's length is the only part that is
//! not the same for all; the header, compressed by zlib; `CMP`; the coded scans; and its
//! own length. The header is: `HDR` and the JPEG's segments; and what else it takes to
//! write the same bytes again, each part with a marker.

use super::markers::{Frame, frame_of_segments, whole};
use crate::arith::panics::caught;
use crate::bytes::{Bounded, Cursor};
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use lepton_jpeg::{EnabledFeatures, SingleThreadPool, decode_lepton, encode_lepton};
use std::io::{self, Read, Write};

/// Bytes of the crate's fixed header.
const FIXED: usize = 28;
/// The version of the crate that wrote these files, as it writes it: 0.5.8.
const VERSION: u8 = 58;
/// Most bytes by which a header is longer than its JPEG.
pub(super) const MOST_EXTRA: u64 = 1 << 10;
/// Most scans of a JPEG.
const MOST_SCANS: u64 = 100;
/// Most bytes of the coefficients of a JPEG: for each of its bytes, and beside that.
const COEFFICIENTS: u64 = 32;
const FIRST_COEFFICIENTS: u64 = 1 << 22;
const MOST_COEFFICIENTS: u64 = 1 << 29;

/// Bytes of memory that coding a JPEG of `raw` bytes takes, decoding it again included.
pub(super) fn encoding_memory(raw: u64) -> u64 {
    // Coefficients; what is written of them is the JPEG; the model.
    most_coefficients(raw) + 6 * raw + (1 << 24)
}

/// Bytes of memory that decoding a JPEG of `raw` bytes takes beside its input and output.
pub(super) fn memory(raw: u64) -> u64 {
    // Coefficients; what is written of them, in the worst case; the model.
    3 * most_coefficients(raw) + 4 * raw + (1 << 24)
}

fn most_coefficients(raw: u64) -> u64 {
    (COEFFICIENTS * raw + FIRST_COEFFICIENTS).min(MOST_COEFFICIENTS)
}

/// Whether memory and time for a JPEG of `raw` bytes with this frame are bounded.
fn bounded(Frame { blocks, scans }: Frame, raw: usize) -> bool {
    128 * blocks <= most_coefficients(raw as u64) && scans <= MOST_SCANS
}

/// Bounds are not the crate's but those of [`bounded`]. One partition: more would cost
/// bytes, and groups are what runs at once.
fn features() -> EnabledFeatures {
    EnabledFeatures {
        max_jpeg_width: 1 << 16,
        max_jpeg_height: 1 << 16,
        max_partitions: 1,
        max_processor_threads: 1,
        ..EnabledFeatures::compat_lepton_vector_write()
    }
}

/// Codes a JPEG as header and scans. `None` if the crate refuses it, if it does not come
/// back, or is not smaller.
pub(super) fn encode(jpeg: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    bounded(whole(jpeg)?.1, jpeg.len()).then_some(())?;
    let coded = caught(|| {
        let mut coded = io::Cursor::new(Vec::new());
        let pool = SingleThreadPool::default();
        let result = encode_lepton(&mut io::Cursor::new(jpeg), &mut coded, &features(), &pool);
        result.ok().map(|_| coded.into_inner())
    })??;
    let zlib = u32::from_le_bytes(coded.get(24..FIXED)?.try_into().ok()?) as usize;
    let mut header = Vec::new();
    ZlibDecoder::new(coded.get(FIXED..FIXED + zlib)?).read_to_end(&mut header).ok()?;
    let behind = coded.get(FIXED + zlib..coded.len().checked_sub(4)?)?;
    let scan = behind.strip_prefix(b"CMP")?.to_vec();
    let smaller = header.len() + scan.len() < jpeg.len() + MOST_EXTRA as usize;
    (smaller && decode(&header, &scan, jpeg.len())? == jpeg).then_some((header, scan))
}

/// Decodes a JPEG of `raw` bytes. Never panics.
pub(super) fn decode(header: &[u8], scan: &[u8], raw: usize) -> Option<Vec<u8>> {
    let segments = check(header)?;
    bounded(frame_of_segments(segments)?, raw).then_some(())?;
    let file = file(header, scan, raw)?;
    let mut out = Bounded::new(raw);
    let pool = SingleThreadPool::default();
    let result = caught(|| decode_lepton(&mut &file[..], &mut out, &features(), &pool).is_ok());
    (result? && out.bytes.len() == raw).then_some(out.bytes)
}

/// A file as the crate writes it.
fn file(header: &[u8], scan: &[u8], raw: usize) -> Option<Vec<u8>> {
    let mut file = vec![0xCF, 0x84, 1, b'Z', 1, 0, 0, 0, b'M', b'S'];
    file.extend_from_slice(&u32::try_from(header.len()).ok()?.to_le_bytes());
    // Both estimates with 16 bits, as the crate writes by default.
    file.extend_from_slice(&[0x83, VERSION, 0, 0, 0, 0]);
    file.extend_from_slice(&u32::try_from(raw).ok()?.to_le_bytes());
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::none());
    zlib.write_all(header).ok()?;
    let zlib = zlib.finish().ok()?;
    file.extend_from_slice(&u32::try_from(zlib.len()).ok()?.to_le_bytes());
    file.extend_from_slice(&zlib);
    file.extend_from_slice(b"CMP");
    file.extend_from_slice(scan);
    let length = u32::try_from(file.len() + 4).ok()?;
    file.extend_from_slice(&length.to_le_bytes());
    Some(file)
}

/// Checks all lengths in a header, and that there is one partition. Gives the JPEG's
/// segments.
fn check(header: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(header);
    (cursor.take(3).ok()? == b"HDR").then_some(())?;
    let length = cursor.u32().ok()?;
    let segments = cursor.take(length.into()).ok()?;
    let mut partitions = 0;
    while cursor.left() > 0 {
        let marker = cursor.array::<3>().ok()?;
        let length = match &marker {
            b"P0D" => 1,
            b"HH\x01" => {
                partitions += 1;
                16
            }
            b"CRS" => 4 * u64::from(cursor.u32().ok()?),
            b"FRS" | b"GRB" => cursor.u32().ok()?.into(),
            b"EEE" => 28,
            _ => return None,
        };
        cursor.take(length).ok()?;
    }
    (partitions == 1).then_some(segments)
}
