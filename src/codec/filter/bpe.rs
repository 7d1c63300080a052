//! Filter `bpe`: byte pairs become symbols, and the engine codes the symbols.
//!
//! Fewer symbols are fewer predictions, so this is what trades size for speed. Contexts
//! of letters look at the bytes that a symbol stands for (`model::Spelling`).
//!
//! Normative text: spec/codec.md §3.1.

use super::{GroupFilter, Prepared, judge};
use crate::arith::Isa;
use crate::bpe::{Decoder, MergeTable, byte_values, learn_short};
use crate::bytes::{Cursor, put_varint};
use crate::codec::{CodecError, Partial, symbols};
use crate::model::{Contexts, Model, Spelling};

/// Filter `bpe`.
pub(super) static BPE: Bpe = Bpe;

/// See [`BPE`].
pub(super) struct Bpe;

impl GroupFilter for Bpe {
    fn number(&self) -> u8 {
        1
    }

    fn name(&self) -> &'static str {
        "bpe"
    }

    fn prepare(
        &self,
        raw: &[u8],
        contexts: Contexts,
        level: u8,
        isa: Isa,
    ) -> Option<Box<dyn Prepared>> {
        if contexts != Contexts::Text {
            return None;
        }
        judge::tokens(raw, level, isa).map(|tokens| Box::new(tokens) as Box<dyn Prepared>)
    }

    fn decode(&self, payload: &[u8], model: Model, raw_length: usize, wanted: usize) -> Partial {
        decode(payload, model, Isa::best(), raw_length, wanted)
    }
}

impl Prepared for Tokens {
    fn contexts(&self, _: Contexts) -> Contexts {
        Contexts::Tokens
    }

    fn apply(&self, raw: Vec<u8>) -> Vec<u8> {
        self.symbols(&raw)
    }

    fn undo(&self, symbols: Vec<u8>, length: usize) -> Vec<u8> {
        self.bytes(symbols, length)
    }

    /// Payload: merge table, number of symbols, range code of the symbols.
    fn encode(&self, symbols: Vec<u8>, model: Model, isa: Isa) -> (Vec<u8>, Vec<u8>) {
        let (code, symbols) = self.code(symbols, model, isa);
        let mut payload = self.table.wire().to_vec();
        put_varint(&mut payload, symbols.len() as u64);
        payload.extend(code);
        (payload, symbols)
    }
}

/// Number of chunks the table is learned from, spread over the group.
const CHUNKS: usize = 16;
/// Bytes of a chunk.
const CHUNK: usize = 1 << 16;

/// Symbols that a token must save. If it saves fewer, the model loses more by having to
/// learn about it.
const LEAST_SAVED: u32 = 200;

/// The tokens of a group, and the order of the engine's symbols.
pub(super) struct Tokens {
    table: MergeTable,
    codes: [u8; 256],
}

impl Tokens {
    /// Learns the tokens of a group from [`CHUNKS`] chunks of it.
    pub fn learn(raw: &[u8]) -> Tokens {
        let sample = sample(raw, CHUNKS, CHUNK);
        let table = learn_short(&sample, &byte_values(raw), LEAST_SAVED, joins);
        let codes = sorted(table.decoder());
        Tokens { table, codes }
    }

    /// The merge table, which stands in front of the payload.
    pub fn table(&self) -> &MergeTable {
        &self.table
    }

    /// The symbols of `raw`, whose byte values all occur in the group that the tokens
    /// were learned from.
    pub fn symbols(&self, raw: &[u8]) -> Vec<u8> {
        let mut symbol_of = [0; 256];
        for (symbol, code) in (0..=255).zip(self.codes) {
            symbol_of[code as usize] = symbol;
        }
        let mut symbols =
            self.table.encode(raw).expect("all byte values of the group are literals");
        symbols.iter_mut().for_each(|symbol| *symbol = symbol_of[*symbol as usize]);
        symbols
    }

    /// The `length` bytes of which [`Tokens::symbols`] made these symbols.
    pub fn bytes(&self, mut symbols: Vec<u8>, length: usize) -> Vec<u8> {
        symbols.iter_mut().for_each(|symbol| *symbol = self.codes[*symbol as usize]);
        self.table.decoder().decode(&symbols, length).expect("the table made these symbols")
    }

    /// The range code of `symbols`, and the symbols again.
    pub fn code(&self, symbols: Vec<u8>, model: Model, isa: Isa) -> (Vec<u8>, Vec<u8>) {
        let decoder = self.table.decoder();
        let spelling = Spelling::new(|symbol| decoder.expansion(self.codes[symbol as usize]));
        symbols::encode(symbols, model, spelling, isa)
    }
}

/// Whether a token may have `right` behind `left`. White space only begins a token, so
/// that tokens do not span words; digits are in no token.
fn joins(left: u8, right: u8) -> bool {
    let ends = !left.is_ascii_whitespace() && right.is_ascii_whitespace();
    !ends && !left.is_ascii_digit() && !right.is_ascii_digit()
}

/// The code of each symbol of the engine: codes ordered by the bytes they stand for, so
/// that symbols with the same first bits begin alike.
fn sorted(decoder: &Decoder) -> [u8; 256] {
    let mut codes = core::array::from_fn(|code| code as u8);
    codes.sort_by_key(|&code| {
        let expansion = decoder.expansion(code);
        let is_word = |&byte: &u8| byte.is_ascii_alphanumeric() || byte >= 128;
        (expansion.is_empty(), expansion.first().is_some_and(is_word), expansion)
    });
    codes
}

/// The merge table, the number of symbols, and their range code.
fn parse(payload: &[u8], raw_length: usize) -> Result<(Decoder, usize, &[u8]), CodecError> {
    let decoder =
        Decoder::parse(payload).map_err(|source| CodecError::Bpe { offset: 0, source })?;
    let damaged = |cause| damaged(&decoder, cause);
    if decoder.has_long_codes() {
        return Err(damaged("the merge table has codes of two bytes"));
    }
    let rest = &payload[decoder.table_length()..];
    let mut cursor = Cursor::new(rest);
    let count = cursor.varint().map_err(|_| damaged("the number of symbols is invalid"))?;
    // Every symbol stands for at least one byte.
    if count > raw_length as u64 {
        return Err(damaged("more symbols than bytes"));
    }
    Ok((decoder, count as usize, &rest[cursor.position()..]))
}

/// A fault behind the merge table.
fn damaged(decoder: &Decoder, cause: &'static str) -> CodecError {
    CodecError::Damaged { codec: "pear", offset: decoder.table_length() as u64, cause }
}

/// Decodes the first `wanted` of `raw_length` bytes. Faults are
/// [`CodecError::Bpe`] and [`CodecError::Damaged`].
fn decode(payload: &[u8], model: Model, isa: Isa, raw_length: usize, wanted: usize) -> Partial {
    let (decoder, count, code) = match parse(payload, raw_length) {
        Ok(parsed) => parsed,
        Err(error) => return Partial::nothing(error),
    };
    let damaged = |cause| damaged(&decoder, cause);
    let codes = sorted(&decoder);
    let spelling = Spelling::new(|symbol| decoder.expansion(codes[symbol as usize]));
    let Partial { raw: mut symbols, mut fault } =
        symbols::decode(code, model, spelling, isa, count, wanted);
    symbols.iter_mut().for_each(|symbol| *symbol = codes[*symbol as usize]);
    let nothing = |&symbol: &u8| decoder.expansion(symbol).is_empty();
    if let Some(end) = symbols.iter().position(nothing) {
        symbols.truncate(end);
        fault = fault.or(Some(damaged("undefined symbol")));
    }
    let length = symbols.iter().map(|&symbol| decoder.expansion(symbol).len()).sum::<usize>();
    let all = wanted == raw_length;
    if length < wanted || length > raw_length || (all && symbols.len() < count) {
        fault = fault.or(Some(damaged("the decoded length is wrong")));
    }
    match decoder.decode(&symbols, length) {
        Ok(mut raw) => {
            raw.truncate(wanted);
            Partial { raw, fault }
        }
        Err(source) => Partial::nothing(fault.unwrap_or(CodecError::Bpe { offset: 0, source })),
    }
}

/// `count` chunks of `length` bytes, spread over the group; all of a small one.
pub(super) fn sample(raw: &[u8], count: usize, length: usize) -> Vec<u8> {
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
        let tokens = Tokens::learn(&raw);
        for level in [1, 5, 8, 9] {
            let model = Model::of_level(level, Contexts::Tokens);
            let (payload, symbols) = tokens.encode(tokens.symbols(&raw), model, isa);
            assert!(tokens.bytes(symbols, raw.len()) == raw);
            for wanted in [0, 1, 7_001, raw.len()] {
                let front = decode(&payload, model, isa, raw.len(), wanted).whole().unwrap();
                assert!(front == raw[..wanted], "{wanted} bytes at level {level}");
            }
        }
    }

    #[test]
    fn a_merge_table_with_codes_of_two_bytes_is_refused_even_if_none_is_used() {
        let (isa, model) = (Isa::best(), Model::of_level(1, Contexts::Tokens));
        let raw = text(400_000);
        let coded = crate::bpe::Learner::new().encode_block(&raw);
        let decoder = Decoder::parse(&coded).unwrap();
        assert!(decoder.has_long_codes());
        let mut payload = coded[..decoder.table_length()].to_vec();
        put_varint(&mut payload, 0);
        let error = decode(&payload, model, isa, 0, 0).fault.unwrap();
        assert!(error.to_string().contains("codes of two bytes"), "{error}");
    }

    #[test]
    fn tokens_keep_to_words_and_numbers_have_none() {
        let learned = Tokens::learn(&text(50_000));
        let decoder = learned.table().decoder();
        let expansions = (0..=255).map(|code| decoder.expansion(code));
        let tokens: Vec<_> = expansions.filter(|expansion| expansion.len() > 1).collect();
        assert!(tokens.contains(&&b" garden"[..]), "{tokens:?}");
        for token in tokens {
            assert!(token.iter().all(|byte| !byte.is_ascii_digit()));
            assert!(!token.trim_ascii_start().contains(&b' '));
        }
    }

    #[test]
    fn symbols_are_ordered_by_what_they_stand_for() {
        let Tokens { table, codes } = Tokens::learn(&text(50_000));
        let place = |wanted: &[u8]| {
            codes.iter().position(|&code| table.decoder().expansion(code) == wanted).unwrap()
        };
        let order: Vec<_> =
            ["\n", " ", " garden", "0", "T", "a", "p"].map(|bytes| place(bytes.as_bytes())).into();
        assert!(order.is_sorted(), "{order:?}");
        assert!(table.decoder().expansion(codes[255]).is_empty(), "what is unused comes last");
    }
}
