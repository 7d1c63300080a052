//! Transform `idat`: bytes as the IDAT chunks of a PNG, with lengths, names and CRC.

use super::error::RecipeError;
use crate::bytes::{Cursor, put_varint};

/// Name for people.
pub(super) const NAME: &str = "idat";

const CHUNK: &[u8; 4] = b"IDAT";
/// Bytes of a chunk beside its data.
const AROUND: usize = 12;

fn damaged(cause: &'static str) -> RecipeError {
    RecipeError::Damaged { transform: NAME, cause }
}

/// Parameters: runs of chunks of one length, as length and number.
fn parameters(lengths: &[usize]) -> Vec<u8> {
    let mut out = Vec::new();
    for run in lengths.chunk_by(|one, next| one == next) {
        put_varint(&mut out, run[0] as u64);
        put_varint(&mut out, run.len() as u64);
    }
    out
}

/// Writes the chunks, of which there are `output` bytes.
pub(super) fn run(
    parameters: &[u8],
    pieces: &[&[u8]],
    output: usize,
) -> Result<Vec<u8>, RecipeError> {
    let data = pieces.concat();
    let mut left = &data[..];
    let mut out = Vec::with_capacity(output);
    let mut cursor = Cursor::new(parameters);
    while cursor.left() > 0 {
        let mut number = || cursor.varint().map_err(|_| damaged("parameters that cannot be"));
        let (length, count) = (number()?, number()?);
        for _ in 0..count {
            if length > left.len() as u64 {
                return Err(damaged("chunks longer than the data"));
            }
            let (chunk, rest) = left.split_at(length as usize);
            if out.len() + AROUND + chunk.len() > output {
                return Err(RecipeError::Length { transform: NAME, expected: output as u64 });
            }
            put_chunk(&mut out, chunk);
            left = rest;
        }
    }
    if left.is_empty() { Ok(out) } else { Err(damaged("chunks shorter than the data")) }
}

fn put_chunk(out: &mut Vec<u8>, data: &[u8]) {
    out.extend((data.len() as u32).to_be_bytes());
    let start = out.len();
    out.extend(CHUNK);
    out.extend_from_slice(data);
    let crc = crc32fast::hash(&out[start..]);
    out.extend(crc.to_be_bytes());
}

/// IDAT chunks that follow one another.
pub(super) struct Found {
    /// Bytes of the chunks.
    pub length: usize,
    pub parameters: Vec<u8>,
    /// Their data, end to end.
    pub data: Vec<u8>,
}

/// Takes the IDAT chunks at the front of `bytes`. `None` if there is none whose CRC is
/// right.
pub(super) fn take(bytes: &[u8]) -> Option<Found> {
    let (mut at, mut lengths, mut data) = (0, Vec::new(), Vec::new());
    while let Some(chunk) = chunk(&bytes[at..]) {
        lengths.push(chunk.len());
        data.extend_from_slice(chunk);
        at += AROUND + chunk.len();
    }
    let found = Found { length: at, parameters: parameters(&lengths), data };
    (!lengths.is_empty()).then_some(found)
}

/// The data of the IDAT chunk at the front.
fn chunk(bytes: &[u8]) -> Option<&[u8]> {
    let length = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let name_and_data = bytes.get(4..length.checked_add(8)?)?;
    let crc = bytes.get(8 + length..AROUND + length)?;
    let right = crc32fast::hash(name_and_data).to_be_bytes() == crc;
    (right && name_and_data.starts_with(CHUNK)).then(|| &name_and_data[4..])
}
