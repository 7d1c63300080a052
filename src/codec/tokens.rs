//! Filter `bpe` before `pear`: byte pairs become symbols, symbols are modelled.
//!
//! Fewer symbols are fewer predictions: the speed dial. Experts of letters see
//! through the tokens (`model::Spelling`).
//!
//! Normative text: spec/codec.md §3.1.

use super::{CodecError, pear};
use crate::arith::Isa;
use crate::bpe::{Decoder, byte_values, learn};
use crate::bytes::{Cursor, put_varint};
use crate::model::{Model, Spelling};

/// Pieces the table is learnt from, spread over the group.
const PIECES: usize = 16;
/// Bytes of a piece.
const PIECE: usize = 1 << 16;

/// Payload: merge table, number of symbols, pear's stream of symbols.
///
/// As many merges as there are byte values free, so that every symbol is one
/// byte and every literal keeps its own value.
pub(super) fn encode(raw: &[u8], model: Model, isa: Isa) -> Result<Vec<u8>, CodecError> {
    let present = byte_values(raw);
    let free = present.iter().filter(|&&present| !present).count();
    let table = learn(&sample(raw), &present, free);
    let pairs = |source| CodecError::Pairs { offset: 0, source };
    let symbols = table.encode(raw).map_err(pairs)?;
    let spelling = Spelling::new(|symbol| table.decoder().expansion(symbol));
    let mut payload = table.wire().to_vec();
    put_varint(&mut payload, symbols.len() as u64);
    payload.extend(pear::encode(&symbols, model, spelling, isa));
    Ok(payload)
}

/// Decodes the first `wanted` of `raw_length` bytes.
///
/// # Errors
/// [`CodecError::Pairs`] and [`CodecError::Damaged`].
pub(super) fn decode(
    payload: &[u8],
    model: Model,
    isa: Isa,
    raw_length: usize,
    wanted: usize,
) -> Result<Vec<u8>, CodecError> {
    let pairs = |source| CodecError::Pairs { offset: 0, source };
    let decoder = Decoder::parse(payload).map_err(pairs)?;
    let offset = decoder.table_length() as u64;
    let damaged = |cause| CodecError::Damaged { codec: "pear", offset, cause };
    let mut cursor = Cursor::new(&payload[decoder.table_length()..]);
    let count = cursor.varint().map_err(|_| damaged("number of symbols"))?;
    // Every symbol stands for at least one byte.
    if count > raw_length as u64 {
        return Err(damaged("more symbols than bytes"));
    }
    let spelling = Spelling::new(|symbol| decoder.expansion(symbol));
    let stream = &payload[decoder.table_length() + cursor.position()..];
    let symbols = pear::decode(stream, model, spelling, isa, count as usize, wanted)?;
    if symbols.iter().any(|&symbol| decoder.expansion(symbol).is_empty()) {
        return Err(damaged("a symbol that stands for nothing"));
    }
    let length = symbols.iter().map(|&symbol| decoder.expansion(symbol).len()).sum::<usize>();
    let all = wanted == raw_length;
    if length < wanted || length > raw_length || (all && symbols.len() < count as usize) {
        return Err(damaged("length differs"));
    }
    let mut raw = decoder.decode(&symbols, length).map_err(pairs)?;
    raw.truncate(wanted);
    Ok(raw)
}

/// The bytes to learn from: all of a small group, else pieces of it.
fn sample(raw: &[u8]) -> Vec<u8> {
    if raw.len() <= PIECES * PIECE {
        return raw.to_vec();
    }
    let step = raw.len() / PIECES;
    (0..PIECES).flat_map(|k| &raw[k * step..k * step + PIECE]).copied().collect()
}
