//! Filter `bpe`: byte pairs become symbols, and the engine codes the symbols.
//!
//! Fewer symbols are fewer predictions, so this is what trades size for speed. Contexts
//! of letters look at the bytes that a symbol stands for (`model::Spelling`).
//!
//! Normative text: spec/codec.md §3.1.

use super::foreign::{self, Foreign};
use super::{Coded, GroupFilter, Origin, Prepared, State, judge};
use crate::arith::Isa;
use crate::bpe::{Decoder, MergeTable, byte_values, learn_short};
use crate::bytes::{Cursor, put_varint};
use crate::codec::{CodecError, Partial, symbols};
use crate::model::{Contexts, Model, Spelling};
use std::borrow::Cow;
use std::sync::Arc;

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

    /// Only behind a group that was coded here: from a merge table that was read, the
    /// order in which pairs are replaced is not known.
    fn prepare_behind(&self, raw: &[u8], state: &State) -> Option<Box<dyn Prepared>> {
        let Some(Pairs::Learned(tokens)) = &state.pairs else { return None };
        let foreign = foreign::find(raw, tokens.table.literals())?;
        Some(Box::new(Behind { tokens: tokens.clone(), foreign }))
    }

    fn decode(
        &self,
        payload: &[u8],
        from: Origin,
        raw_length: usize,
        wanted: usize,
        keep: bool,
    ) -> (Partial, Option<State>) {
        let parsed = match from {
            Origin::Anew(..) => parse(payload),
            Origin::Behind(state) => parse_behind(state, payload, raw_length),
        };
        let want = Want { raw_length, wanted, keep };
        match parsed {
            Ok(parsed) => decode(parsed, payload.len(), from, want),
            Err(error) => (Partial::nothing(error), None),
        }
    }
}

/// The byte pairs of a group that others are coded behind.
#[derive(Clone)]
pub(super) enum Pairs {
    /// Learned here.
    Learned(Tokens),
    /// Read: the table, and the code of each symbol.
    Read(Arc<(Decoder, [u8; 256])>),
}

impl Pairs {
    fn read(decoder: Decoder) -> Pairs {
        let codes = sorted(&decoder);
        Pairs::Read(Arc::new((decoder, codes)))
    }

    fn decoder(&self) -> &Decoder {
        match self {
            Pairs::Learned(tokens) => tokens.table.decoder(),
            Pairs::Read(read) => &read.0,
        }
    }

    fn codes(&self) -> &[u8; 256] {
        match self {
            Pairs::Learned(tokens) => &tokens.codes,
            Pairs::Read(read) => &read.1,
        }
    }

    fn spelling(&self) -> Spelling {
        Spelling::new(|symbol| self.decoder().expansion(self.codes()[symbol as usize]))
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

    /// A group behind this one may have byte values that this one has not.
    fn for_others(self: Box<Self>, raw: &[u8]) -> Box<dyn Prepared> {
        Box::new(Tokens::of(raw, &values_of_others(byte_values(raw))))
    }

    /// Payload: merge table, number of symbols, range code of the symbols.
    fn encode(&self, symbols: Vec<u8>, from: Origin, keep: bool) -> Coded {
        self.encode_behind(self.table.wire().to_vec(), symbols, from, keep)
    }
}

/// The tokens of a base, and the foreign bytes of a group behind it.
struct Behind {
    tokens: Tokens,
    foreign: Vec<(usize, u8)>,
}

impl Prepared for Behind {
    fn apply(&self, mut raw: Vec<u8>) -> Vec<u8> {
        let literals = self.tokens.table.literals();
        let stands_in = if literals.contains(&b' ') { b' ' } else { literals[0] };
        self.foreign.iter().for_each(|&(place, _)| raw[place] = stands_in);
        self.tokens.symbols(&raw)
    }

    fn undo(&self, symbols: Vec<u8>, length: usize) -> Vec<u8> {
        let mut raw = self.tokens.bytes(symbols, length);
        self.foreign.iter().for_each(|&(place, value)| raw[place] = value);
        raw
    }

    fn for_others(self: Box<Self>, _: &[u8]) -> Box<dyn Prepared> {
        self
    }

    /// Payload: foreign bytes, number of symbols, range code of the symbols.
    fn encode(&self, symbols: Vec<u8>, from: Origin, keep: bool) -> Coded {
        let mut payload = Vec::new();
        foreign::write(&self.foreign, &mut payload);
        self.tokens.encode_behind(payload, symbols, from, keep)
    }
}

/// Byte values that are literals if others are coded behind a group that has the values
/// `present`: those of ASCII text too. What it has not is rare behind it.
fn values_of_others(mut present: [bool; 256]) -> [bool; 256] {
    for value in [b'\t', b'\n', b'\r'].into_iter().chain(b' '..=b'~') {
        present[value as usize] = true;
    }
    present
}

/// Number of chunks the table is learned from, spread over the group.
const CHUNKS: usize = 16;
/// Bytes of a chunk.
const CHUNK: usize = 1 << 16;

/// Symbols that a token must save. If it saves fewer, the model loses more by having to
/// learn about it.
const LEAST_SAVED: u32 = 200;

/// The tokens of a group, and the order of the engine's symbols.
#[derive(Clone)]
pub(super) struct Tokens {
    table: Arc<MergeTable>,
    codes: Arc<[u8; 256]>,
}

impl Tokens {
    /// Learns the tokens of a group from [`CHUNKS`] chunks of it.
    pub fn learn(raw: &[u8]) -> Tokens {
        Tokens::of(raw, &byte_values(raw))
    }

    /// As [`Tokens::learn`], with the literals `values`, all those of `raw` among them.
    fn of(raw: &[u8], values: &[bool; 256]) -> Tokens {
        let sample = sample(raw, CHUNKS, CHUNK);
        let table = Arc::new(learn_short(&sample, values, LEAST_SAVED, joins));
        let codes = Arc::new(sorted(table.decoder()));
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
        for (symbol, code) in (0..=255).zip(*self.codes) {
            symbol_of[code as usize] = symbol;
        }
        let mut symbols =
            self.table.encode(raw).expect("all byte values of the group are literals");
        symbols.iter_mut().for_each(|symbol| *symbol = symbol_of[*symbol as usize]);
        symbols
    }

    /// The payload that `head` begins, with the number of symbols and their range code.
    fn encode_behind(&self, head: Vec<u8>, symbols: Vec<u8>, from: Origin, keep: bool) -> Coded {
        let pairs = Pairs::Learned(self.clone());
        let coded = symbols::encode_from(symbols, from.begin(|| pairs.spelling()), keep);
        let mut payload = head;
        put_varint(&mut payload, coded.symbols.len() as u64);
        payload.extend(coded.code);
        let state = coded.behind.map(|engine| State { engine, pairs: Some(pairs) });
        Coded { payload, symbols: coded.symbols, state }
    }

    /// The `length` bytes of which [`Tokens::symbols`] made these symbols.
    pub fn bytes(&self, mut symbols: Vec<u8>, length: usize) -> Vec<u8> {
        symbols.iter_mut().for_each(|symbol| *symbol = self.codes[*symbol as usize]);
        self.table.decoder().decode(&symbols, length).expect("the table made these symbols")
    }

    /// The range code of `symbols`, and the symbols again.
    pub fn code(&self, symbols: Vec<u8>, model: Model, isa: Isa) -> (Vec<u8>, Vec<u8>) {
        let spelling = Pairs::Learned(self.clone()).spelling();
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

/// What stands before the number of symbols, and what follows it.
struct Parsed<'a> {
    pairs: Cow<'a, Pairs>,
    foreign: Foreign<'a>,
    rest: &'a [u8],
}

/// Reads the merge table that begins the payload.
fn parse(payload: &[u8]) -> Result<Parsed<'_>, CodecError> {
    let decoder =
        Decoder::parse(payload).map_err(|source| CodecError::Bpe { offset: 0, source })?;
    let length = decoder.table_length();
    if decoder.has_long_codes() {
        return Err(damaged(length, "the merge table has codes of two bytes"));
    }
    let pairs = Cow::Owned(Pairs::read(decoder));
    Ok(Parsed { pairs, foreign: Foreign::NONE, rest: &payload[length..] })
}

/// Takes the byte pairs of the base; reads the foreign bytes that begin the payload.
fn parse_behind<'a>(
    state: &'a State,
    payload: &'a [u8],
    raw_length: usize,
) -> Result<Parsed<'a>, CodecError> {
    let Some(pairs) = &state.pairs else {
        return Err(damaged(0, "the base has no byte pairs"));
    };
    let (foreign, rest) = Foreign::parse(payload, raw_length)
        .ok_or_else(|| damaged(0, "the foreign bytes are invalid"))?;
    Ok(Parsed { pairs: Cow::Borrowed(pairs), foreign, rest })
}

/// The number of symbols, and their range code.
fn parse_count(rest: &[u8], raw_length: usize) -> Result<(usize, &[u8]), &'static str> {
    let mut cursor = Cursor::new(rest);
    let count = cursor.varint().map_err(|_| "the number of symbols is invalid")?;
    // Every symbol stands for at least one byte.
    if count > raw_length as u64 {
        return Err("more symbols than bytes");
    }
    Ok((count as usize, &rest[cursor.position()..]))
}

/// A fault at byte `offset`.
fn damaged(offset: usize, cause: &'static str) -> CodecError {
    CodecError::Damaged { codec: "pear", offset: offset as u64, cause }
}

/// What is to be decoded of a group.
#[derive(Clone, Copy)]
struct Want {
    raw_length: usize,
    wanted: usize,
    keep: bool,
}

/// Decodes the first `wanted` bytes, or all that are needed for the state behind the
/// group. The payload has `length` bytes. Faults are [`CodecError::Bpe`] and
/// [`CodecError::Damaged`].
fn decode(
    Parsed { pairs, foreign, rest }: Parsed,
    length: usize,
    from: Origin,
    Want { raw_length, wanted, keep }: Want,
) -> (Partial, Option<State>) {
    let damaged = |cause| damaged(length - rest.len(), cause);
    let (count, code) = match parse_count(rest, raw_length) {
        Ok(parsed) => parsed,
        Err(cause) => return (Partial::nothing(damaged(cause)), None),
    };
    let (decoder, codes) = (pairs.decoder(), pairs.codes());
    let begin = from.begin(|| pairs.spelling());
    let (Partial { raw: mut symbols, mut fault }, behind) =
        symbols::decode_from(code, begin, count, if keep { raw_length } else { wanted }, keep);
    symbols.iter_mut().for_each(|symbol| *symbol = codes[*symbol as usize]);
    let nothing = |&symbol: &u8| decoder.expansion(symbol).is_empty();
    if let Some(end) = symbols.iter().position(nothing) {
        symbols.truncate(end);
        fault = fault.or(Some(damaged("undefined symbol")));
    }
    let length = symbols.iter().map(|&symbol| decoder.expansion(symbol).len()).sum::<usize>();
    let all = wanted == raw_length || keep;
    let wrong = if all { length != raw_length || symbols.len() < count } else { length < wanted };
    if wrong || length > raw_length {
        fault = fault.or(Some(damaged("the decoded length is wrong")));
    }
    let state = behind
        .filter(|_| !wrong)
        .map(|engine| State { engine, pairs: Some(pairs.clone().into_owned()) });
    match decoder.decode(&symbols, length) {
        Ok(mut raw) => {
            foreign.put(&mut raw);
            raw.truncate(wanted);
            (Partial { raw, fault }, state)
        }
        Err(source) => {
            let fault = fault.unwrap_or(CodecError::Bpe { offset: 0, source });
            (Partial::nothing(fault), None)
        }
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
            let from = Origin::Anew(model, isa, None);
            let Coded { payload, symbols, .. } = tokens.encode(tokens.symbols(&raw), from, false);
            assert!(tokens.bytes(symbols, raw.len()) == raw);
            for wanted in [0, 1, 7_001, raw.len()] {
                let (front, _) = BPE.decode(&payload, from, raw.len(), wanted, false);
                let front = front.whole().unwrap();
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
        let from = Origin::Anew(model, isa, None);
        let error = BPE.decode(&payload, from, 0, 0, false).0.fault.unwrap();
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
