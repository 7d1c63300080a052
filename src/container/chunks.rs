//! CHUNKS: digests of bytes of the stream, for a writer that adds a generation. Normative text:
//! spec/container.md §4.4.

use super::columns::{Columns, pack, unpack};
use super::{ContainerError, Limits};
use crate::bytes::put_varint;
use crate::checksum::Digest;

/// Bytes of the stream, and their digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Where they start in the stream.
    pub position: u64,
    /// Bytes, not 0.
    pub length: u64,
    /// Their digest.
    pub digest: Digest,
}

/// Most chunks that a section of this writer has.
pub(super) const SECTION_CHUNKS: usize = 1 << 16;

/// Bytes of a row at least: Gap, Chunk_Length and Digest.
const ROW_MINIMUM: u64 = 34;

/// Encodes chunks, in the order of the stream, for a section that stands where `end` bytes of
/// the stream are. Returns the codec, the payload and its decoded length.
///
/// # Errors
/// [`ContainerError::Io`] if zstd fails.
///
/// # Panics
/// If there are none, or they overlap or end behind `end`.
pub fn encode_chunks(chunks: &[Chunk], end: u64) -> Result<(u8, Vec<u8>, u64), ContainerError> {
    let mut raw = Vec::new();
    put_varint(&mut raw, chunks.len() as u64);
    let mut before = chunks[0].position;
    put_varint(&mut raw, end - before);
    for chunk in chunks {
        put_varint(&mut raw, chunk.position - before);
        before = chunk.position + chunk.length;
    }
    chunks.iter().for_each(|chunk| put_varint(&mut raw, chunk.length));
    chunks.iter().for_each(|chunk| raw.extend(chunk.digest));
    assert!(before <= end, "chunks stand before their section");
    let (codec, payload) = pack(&raw)?;
    Ok((codec, payload, raw.len() as u64))
}

/// Reads the chunks of a section that stands where `end` bytes of the stream are.
///
/// # Errors
/// As [`super::decode_index`].
pub fn decode_chunks(
    codec: u8,
    payload: &[u8],
    raw_length: u64,
    end: u64,
    limits: &Limits,
) -> Result<Vec<Chunk>, ContainerError> {
    let raw = unpack(codec, payload, raw_length, limits, "CHUNKS")?;
    let mut columns = Columns::new(&raw, "CHUNKS");
    let count = columns.count("chunks", u64::MAX, ROW_MINIMUM)?;
    let memory = (count as u64).saturating_mul(2 * size_of::<Chunk>() as u64);
    super::limits::check("memory", memory, limits.memory)?;
    let start = end.checked_sub(columns.varint()?);
    let start = start.filter(|_| count > 0);
    let mut at = start.ok_or_else(|| columns.invalid(0, "a chunk starts before the stream"))?;
    let gaps = columns.varints(count)?;
    let mut chunks = Vec::with_capacity(count);
    for (row, gap) in gaps.into_iter().enumerate() {
        let length = columns.varint()?;
        let position = at.checked_add(gap).filter(|_| length > 0);
        let next = position.and_then(|position| position.checked_add(length));
        let (Some(position), Some(next)) = (position, next.filter(|&next| next <= end)) else {
            return Err(columns.invalid(row, "a chunk is empty, or ends behind its section"));
        };
        chunks.push(Chunk { position, length, digest: Digest::default() });
        at = next;
    }
    for chunk in &mut chunks {
        chunk.digest = columns.array()?;
    }
    columns.finish()?;
    Ok(chunks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks() -> Vec<Chunk> {
        let chunk = |(position, length)| {
            let digest = crate::checksum::digest(&[length as u8]);
            Chunk { position, length, digest }
        };
        [(7, 100), (107, 5), (1000, 1), (1 << 40, 1 << 30)].map(chunk).to_vec()
    }

    const END: u64 = 1 << 41;

    #[test]
    fn chunks_come_back() {
        let (codec, payload, length) = encode_chunks(&chunks(), END).unwrap();
        let found = decode_chunks(codec, &payload, length, END, &Limits::default()).unwrap();
        assert_eq!(found, chunks());
    }

    #[test]
    fn chunks_that_are_not_before_their_section_are_refused() {
        let (codec, payload, length) = encode_chunks(&chunks(), END).unwrap();
        let at = |end| decode_chunks(codec, &payload, length, end, &Limits::default());
        assert_eq!(at(END + 1).unwrap()[0].position, 8);
        for end in [0, END - 8, (1 << 40) + 5] {
            assert!(at(end).is_err(), "{end}");
        }
    }

    #[test]
    fn any_changed_byte_gives_an_error_or_other_chunks() {
        let (_, payload, _) = encode_chunks(&chunks(), END).unwrap();
        for at in 0..payload.len() {
            for flip in [1, 0x80] {
                let mut wrong = payload.clone();
                wrong[at] ^= flip;
                let length = wrong.len() as u64;
                let found = decode_chunks(0, &wrong, length, END, &Limits::default());
                assert!(found.is_err() || found.unwrap() != chunks(), "{at}");
            }
            let cut = decode_chunks(0, &payload[..at], at as u64, END, &Limits::default());
            assert!(cut.is_err(), "cut at {at}");
        }
    }
}
