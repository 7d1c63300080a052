//! Codec `bpe`: a group as blocks of byte pairs. Normative text: spec/bpe.md §5.

use super::codecs::{Encoded, GroupCodec, no_parameters};
use super::{CodecError, CodecOptions, Partial};
use crate::bpe::{BpeError, Decoder, Learner, MAX_BLOCK};
use crate::bytes::{BytesError, Cursor, put_varint};
use std::borrow::Cow;

/// Codec `bpe`: byte-pair encoding.
#[derive(Clone, Copy, Debug)]
pub struct Bpe;

impl GroupCodec for Bpe {
    const NUMBER: u8 = 2;
    const NAME: &'static str = "bpe";
    const ABOUT: &'static str = "Byte pairs: light, with a tiny decoder";

    fn parse(filter: u8, model: u16) -> Result<Self, CodecError> {
        no_parameters(Bpe, filter, model)
    }

    fn encode(raw: Cow<'_, [u8]>, options: &CodecOptions) -> Result<Encoded<Self>, CodecError> {
        Ok(Encoded::Payload(Bpe, encode(&raw, options.level)))
    }

    /// Decodes block by block. A block that cannot be decoded is zeros, and the blocks
    /// behind it are decoded. Faults are [`CodecError::Damaged`] and
    /// [`CodecError::Bpe`].
    fn decode(self, payload: &[u8], raw_length: usize, wanted: usize) -> Partial {
        decode(payload, raw_length, wanted)
    }

    /// At worst 60 bytes for each byte of the largest block, and the payloads of the
    /// other block sizes.
    fn encode_memory(options: &CodecOptions, raw_length: u64) -> u64 {
        let sizes = block_sizes(options.level);
        let largest = sizes.iter().copied().max().unwrap_or(0) as u64;
        largest.min(raw_length) * 60 + raw_length * (sizes.len() as u64 - 1) + (8 << 20)
    }

    /// One block and a table.
    fn decode_memory(self, raw_length: u64) -> u64 {
        raw_length.min(MAX_BLOCK as u64) + (4 << 20)
    }

    fn decode_seconds(self, raw_length: u64) -> f64 {
        raw_length as f64 / 500e6
    }
}

/// Smallest block size: smaller ones would need a table for every few bytes.
const MIN_BLOCK: usize = 1 << 12;

/// Block sizes to try, by level. With 1 MiB the decoder's table stays in the cache of
/// a core; 4 MiB gives smaller payloads on homogeneous data and takes longer to learn.
fn block_sizes(level: u8) -> &'static [usize] {
    if level < 7 { &[1 << 20] } else { &[1 << 20, 1 << 22] }
}

/// Codes a group; the smallest of the block sizes of `level` wins.
fn encode(raw: &[u8], level: u8) -> Vec<u8> {
    let mut learner = Learner::new();
    let codings = block_sizes(level).iter().map(|&size| encode_blocks(raw, size, &mut learner));
    codings.min_by_key(Vec::len).expect("every level has a block size")
}

fn encode_blocks(raw: &[u8], block_size: usize, learner: &mut Learner) -> Vec<u8> {
    let mut payload = Vec::new();
    put_varint(&mut payload, block_size as u64);
    for block in raw.chunks(block_size) {
        let coded = learner.encode_block(block);
        let stored = if coded.len() < block.len() { &coded } else { block };
        put_varint(&mut payload, stored.len() as u64);
        payload.extend_from_slice(stored);
    }
    payload
}

fn decode(payload: &[u8], raw_length: usize, wanted: usize) -> Partial {
    let mut decoded = Partial { raw: Vec::with_capacity(wanted), fault: None };
    if let Err(error) = decode_blocks(payload, raw_length, wanted, &mut decoded) {
        decoded.fault.get_or_insert(error);
    }
    decoded.raw.truncate(wanted);
    decoded
}

/// The error is what makes it impossible to find the next block.
fn decode_blocks(
    payload: &[u8],
    raw_length: usize,
    wanted: usize,
    Partial { raw, fault }: &mut Partial,
) -> Result<(), CodecError> {
    let mut cursor = Cursor::new(payload);
    let block_size = cursor.varint().map_err(|error| damaged(&cursor, error))? as usize;
    if !(MIN_BLOCK..=MAX_BLOCK).contains(&block_size) {
        let cause = "the block size is out of range";
        return Err(CodecError::Damaged { codec: "bpe", offset: 0, cause });
    }
    while raw.len() < wanted {
        let length = block_size.min(raw_length - raw.len());
        let coded_length = cursor.varint().map_err(|error| damaged(&cursor, error))?;
        let coded = cursor.take(coded_length).map_err(|error| damaged(&cursor, error))?;
        let offset = (cursor.position() - coded.len()) as u64;
        if coded.len() == length {
            raw.extend_from_slice(coded);
            continue;
        }
        match decode_block(coded, length) {
            Ok(block) => raw.extend_from_slice(&block),
            Err(source) => {
                fault.get_or_insert(CodecError::Bpe { offset, source });
                raw.resize(raw.len() + length, 0);
            }
        }
    }
    if raw.len() == raw_length && cursor.left() > 0 {
        let offset = cursor.position() as u64;
        return Err(CodecError::Damaged { codec: "bpe", offset, cause: "bytes left over" });
    }
    Ok(())
}

fn decode_block(coded: &[u8], length: usize) -> Result<Vec<u8>, BpeError> {
    let decoder = Decoder::parse(coded)?;
    decoder.decode(&coded[decoder.table_length()..], length)
}

fn damaged(cursor: &Cursor, error: BytesError) -> CodecError {
    let cause = match error {
        BytesError::Short { .. } => "payload ends too early",
        _ => "length",
    };
    CodecError::Damaged { codec: "bpe", offset: cursor.position() as u64, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(length: usize) -> Vec<u8> {
        let line = |i: usize| format!("line {} of {}\n", i * i % 1009, i % 7).into_bytes();
        (0..).flat_map(line).take(length).collect()
    }

    #[test]
    fn groups_come_back_whole_and_from_the_front() {
        for length in [0, 1, 4096, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_000] {
            let raw = text(length);
            for level in [1, 9] {
                let payload = encode(&raw, level);
                for wanted in [0, length / 3, length] {
                    assert!(decode(&payload, length, wanted).whole().unwrap() == raw[..wanted]);
                }
            }
        }
    }

    #[test]
    fn blocks_that_do_not_shrink_are_stored() {
        let raw = (0..=255).collect::<Vec<u8>>();
        let payload = encode(&raw, 5);
        assert_eq!(payload.len(), raw.len() + 5);
        assert_eq!(decode(&payload, raw.len(), raw.len()).whole().unwrap(), raw);
    }

    #[test]
    fn damage_is_an_error() {
        let raw = text(50_000);
        let payload = encode(&raw, 5);
        for cut in 0..200.min(payload.len()) {
            assert!(decode(&payload[..cut], raw.len(), raw.len()).fault.is_some(), "cut at {cut}");
        }
        let longer = [&payload[..], &[0]].concat();
        assert!(decode(&longer, raw.len(), raw.len()).fault.is_some());
        for block_size in [0, MIN_BLOCK - 1, MAX_BLOCK + 1, usize::MAX] {
            let mut bad = Vec::new();
            put_varint(&mut bad, block_size as u64);
            bad.extend_from_slice(&payload[3..]);
            assert!(decode(&bad, raw.len(), raw.len()).fault.is_some(), "block size {block_size}");
        }
    }
}
