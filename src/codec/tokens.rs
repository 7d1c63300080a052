//! Filter `bpe` before `pear`: byte pairs become symbols, symbols are modelled.
//!
//! Fewer symbols are fewer predictions: the speed dial. Experts of letters see
//! through the tokens (`model::Spelling`).
//!
//! Normative text: spec/codec.md §3.1.

use super::{CodecError, pear};
use crate::arith::Isa;
use crate::bpe::{Decoder, Table, byte_values, learn_short};
use crate::bytes::{Cursor, put_varint};
use crate::model::{Model, Spelling};

/// Pieces the table is learnt from, spread over the group.
const PIECES: usize = 16;
/// Bytes of a piece.
const PIECE: usize = 1 << 16;

/// Symbols that a token must save. Fewer do not make up for what the model has to
/// learn about it.
const LEAST_SAVED: u32 = 200;

/// Learns the tokens of a group from [`PIECES`] pieces of it.
pub(super) fn learn(raw: &[u8]) -> Table {
    learn_short(&pieces(raw, PIECES, PIECE), &byte_values(raw), LEAST_SAVED, joins)
}

/// Whether a token may hold `right` behind `left`: white space only begins a
/// token, so that tokens keep to words, and digits stand alone.
fn joins(left: u8, right: u8) -> bool {
    let ends = !left.is_ascii_whitespace() && right.is_ascii_whitespace();
    !ends && !left.is_ascii_digit() && !right.is_ascii_digit()
}

/// Payload: merge table, number of symbols, pear's stream of symbols.
pub(super) fn encode(raw: &[u8], table: &Table, model: Model, isa: Isa) -> Vec<u8> {
    let symbols = symbols(raw, table);
    let mut payload = table.wire().to_vec();
    put_varint(&mut payload, symbols.len() as u64);
    payload.extend(code(&symbols, table, model, isa));
    payload
}

/// The symbols of `raw`, which has no other byte values than the group that the
/// table was learnt from.
pub(super) fn symbols(raw: &[u8], table: &Table) -> Vec<u8> {
    let mut symbol_of = [0; 256];
    for (symbol, code) in (0..=255).zip(sorted(table.decoder())) {
        symbol_of[code as usize] = symbol;
    }
    let mut symbols = table.encode(raw).expect("all values of the group were told");
    symbols.iter_mut().for_each(|symbol| *symbol = symbol_of[*symbol as usize]);
    symbols
}

/// pear's stream of `symbols`.
pub(super) fn code(symbols: &[u8], table: &Table, model: Model, isa: Isa) -> Vec<u8> {
    let codes = sorted(table.decoder());
    let spelling = Spelling::new(|symbol| table.decoder().expansion(codes[symbol as usize]));
    pear::encode(symbols, model, spelling, isa)
}

/// The code of each symbol of the engine: codes by what they stand for, so that
/// symbols with the same first bits begin alike.
fn sorted(decoder: &Decoder) -> [u8; 256] {
    let mut codes = core::array::from_fn(|code| code as u8);
    codes.sort_by_key(|&code| {
        let expansion = decoder.expansion(code);
        let is_word = |&byte: &u8| byte.is_ascii_alphanumeric() || byte >= 128;
        (expansion.is_empty(), expansion.first().is_some_and(is_word), expansion)
    });
    codes
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
    let codes = sorted(&decoder);
    let spelling = Spelling::new(|symbol| decoder.expansion(codes[symbol as usize]));
    let stream = &payload[decoder.table_length() + cursor.position()..];
    let mut symbols = pear::decode(stream, model, spelling, isa, count as usize, wanted)?;
    symbols.iter_mut().for_each(|symbol| *symbol = codes[*symbol as usize]);
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

/// `count` pieces of `length` bytes, spread over the group; all of a small one.
pub(super) fn pieces(raw: &[u8], count: usize, length: usize) -> Vec<u8> {
    if raw.len() <= count * length {
        return raw.to_vec();
    }
    let step = raw.len() / count;
    (0..count).flat_map(|k| &raw[k * step..k * step + length]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Contexts;

    fn text(length: usize) -> Vec<u8> {
        let line =
            |i: usize| format!("The year {} in the garden\n  kept", i * i % 9973).into_bytes();
        (0..).flat_map(line).take(length).collect()
    }

    #[test]
    fn groups_come_back_whole_and_from_the_front() {
        let (raw, isa) = (text(20_000), Isa::best());
        let table = learn(&raw);
        for level in [1, 5, 8, 9] {
            let model = Model::of_level(level, Contexts::Tokens);
            let payload = encode(&raw, &table, model, isa);
            for wanted in [0, 1, 7_001, raw.len()] {
                let front = decode(&payload, model, isa, raw.len(), wanted).unwrap();
                assert!(front == raw[..wanted], "{wanted} bytes at level {level}");
            }
        }
    }

    #[test]
    fn tokens_keep_to_words_and_numbers_have_none() {
        let table = learn(&text(50_000));
        let expansions = (0..=255).map(|code| table.decoder().expansion(code));
        let tokens: Vec<_> = expansions.filter(|expansion| expansion.len() > 1).collect();
        assert!(tokens.contains(&&b" garden"[..]), "{tokens:?}");
        for token in tokens {
            assert!(token.iter().all(|byte| !byte.is_ascii_digit()));
            assert!(!token.trim_ascii_start().contains(&b' '));
        }
    }

    #[test]
    fn symbols_are_ordered_by_what_they_stand_for() {
        let table = learn(&text(50_000));
        let codes = sorted(table.decoder());
        let place = |wanted: &[u8]| {
            codes.iter().position(|&code| table.decoder().expansion(code) == wanted).unwrap()
        };
        let order: Vec<_> =
            ["\n", " ", " garden", "0", "T", "a", "p"].map(|bytes| place(bytes.as_bytes())).into();
        assert!(order.is_sorted(), "{order:?}");
        assert!(table.decoder().expansion(codes[255]).is_empty(), "what is unused comes last");
    }
}
