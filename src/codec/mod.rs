//! A decode group ⇄ its payload: choice of filter and codec.
//!
//! Normative text: spec/codec.md. A group is coded alone: nothing passes from
//! one group to the next, so groups are coded in any order and on any thread.

mod choose;
mod error;
mod pairs;
#[cfg_attr(not(feature = "paper"), path = "paper_absent.rs")]
mod paper;
mod pear;
mod tested;
mod tokens;

pub use error::CodecError;
pub use tested::{self_test, test_once};

use crate::arith::Isa;
use crate::filter::x86;
use crate::model::{Contexts, Model, Spelling};
use std::borrow::Cow;

/// Most bytes of a group.
pub const MOST_BYTES: usize = u32::MAX as usize;

/// How a payload is coded, as the section header stores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Coding {
    /// Number of the codec, see [`Codec`].
    pub codec: u8,
    /// Number of the filter applied before the codec, see [`Filter`].
    pub filter: u8,
    /// Registered model id; 0 for codecs without models.
    pub model: u16,
}

/// Codecs and their numbers in the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Codec {
    /// Bytes as they are.
    Store = 0,
    /// Zstandard.
    Zstd = 1,
    /// Byte-pair encoding.
    Bpe = 2,
    /// The PEAR engine.
    Pear = 3,
    /// The published PEAR network.
    PearPaper = 4,
}

/// Filters and their numbers in the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Filter {
    /// Bytes as they are.
    None = 0,
    /// Byte pairs replaced by tokens.
    Bpe = 1,
    /// x86 call and jump targets made absolute.
    X86 = 2,
    /// Differences at a fixed distance.
    Delta = 3,
}

/// Which codec the user asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// Samples decide.
    #[default]
    Auto,
    /// Always this codec.
    Only(Codec),
}

/// What decides the payload of a group. The same options and bytes give the
/// same payload on every machine.
#[derive(Clone, Debug)]
pub struct CodecOptions {
    /// Which codec.
    pub choice: Choice,
    /// 1 (fast) to 9 (small).
    pub level: u8,
    /// Lanes of `pear-paper`.
    pub lanes: u32,
    /// Instruction set; never changes the bytes.
    pub isa: Isa,
}

impl Default for CodecOptions {
    fn default() -> Self {
        CodecOptions { choice: Choice::Auto, level: 5, lanes: 512, isa: Isa::best() }
    }
}

/// A coded group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedGroup {
    /// How it is coded.
    pub coding: Coding,
    /// The payload of the DATA section.
    pub payload: Vec<u8>,
}

/// What a file's bytes look like; files of one kind share groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContentKind {
    /// Letters, sources, markup.
    Text,
    /// Machine code and other structured binary data.
    Binary,
    /// Already compressed or encrypted.
    Incompressible,
}

/// Guesses the kind of a file from its first bytes (64 KiB are plenty).
/// Deterministic; costs one pass over the sample.
///
/// Data is incompressible when its order-0 entropy is above 7.9 bits per byte,
/// and text when control bytes are rare.
pub fn sniff(sample: &[u8]) -> ContentKind {
    choose::sniff(sample)
}

/// Codes one group. Bytes given away are freed when they are no longer needed;
/// borrowed ones are copied.
///
/// # Errors
/// [`CodecError::TooLarge`] above 4 GiB − 1; [`CodecError::Library`] if zstd fails;
/// [`CodecError::SelfTest`] from [`test_once`].
pub fn encode_group<'a>(
    raw: impl Into<Cow<'a, [u8]>>,
    options: &CodecOptions,
) -> Result<EncodedGroup, CodecError> {
    let raw = raw.into();
    check_length(raw.len() as u64)?;
    let codec = match options.choice {
        Choice::Only(codec) => codec,
        Choice::Auto => choose::codec(&raw),
    };
    match codec {
        Codec::Store => Ok(stored(raw.into_owned())),
        Codec::Zstd => compressed(raw.into_owned(), options.level),
        Codec::Bpe => Ok(plain(Codec::Bpe, pairs::encode(&raw, options.level))),
        Codec::Pear => {
            test_once(codec as u8, options.isa)?;
            Ok(pear_group(raw.into_owned(), options))
        }
        Codec::PearPaper => {
            test_once(codec as u8, options.isa)?;
            paper::encode(&raw, options)
        }
    }
}

/// Refuses a group longer than any codec takes, before anything is computed from
/// its length.
fn check_length(found: u64) -> Result<(), CodecError> {
    let limit = MOST_BYTES as u64;
    if found > limit { Err(CodecError::TooLarge { found, limit }) } else { Ok(()) }
}

fn plain(codec: Codec, payload: Vec<u8>) -> EncodedGroup {
    EncodedGroup { coding: Coding { codec: codec as u8, filter: 0, model: 0 }, payload }
}

fn stored(raw: Vec<u8>) -> EncodedGroup {
    plain(Codec::Store, raw)
}

/// zstd, or the bytes as they are when zstd does not win.
fn compressed(raw: Vec<u8>, level: u8) -> Result<EncodedGroup, CodecError> {
    let zstd_level = [1, 3, 6, 9, 12, 15, 17, 19, 19][usize::from(level.clamp(1, 9)) - 1];
    let payload = zstd::bulk::compress(&raw, zstd_level)
        .map_err(|source| CodecError::Library { codec: "zstd", source })?;
    Ok(if payload.len() < raw.len() { plain(Codec::Zstd, payload) } else { stored(raw) })
}

/// The filter that pays, then the model of the level. The group is in memory
/// once: as bytes, then as symbols, which the engine takes for its past.
fn pear_group(raw: Vec<u8>, options: &CodecOptions) -> EncodedGroup {
    let length = raw.len();
    let contexts = choose::contexts(&raw);
    let prepared = choose::filter(&raw, contexts, options.level, options.isa);
    let (filter, contexts) = prepared.kind(contexts);
    let model = Model::of_level(options.level, contexts);
    let (payload, symbols) = prepared.code(prepared.apply(raw), model, options.isa);
    if payload.len() >= length {
        return stored(prepared.undo(symbols, length));
    }
    let coding = Coding { codec: Codec::Pear as u8, filter: filter as u8, model: model.id };
    EncodedGroup { coding, payload }
}

/// Decodes the first `wanted` bytes of a group of `raw_length` bytes (all of
/// it when `wanted == raw_length`). Codecs that decode from the front stop
/// early; the result has exactly `wanted` bytes.
///
/// # Errors
/// [`CodecError::TooLarge`] above [`MOST_BYTES`], [`CodecError::Damaged`],
/// [`CodecError::Pairs`] and the `Unknown…` kinds; never panics on any payload.
///
/// # Panics
/// If `wanted > raw_length`.
pub fn decode_group(
    coding: Coding,
    payload: &[u8],
    raw_length: usize,
    wanted: usize,
) -> Result<Vec<u8>, CodecError> {
    assert!(wanted <= raw_length);
    decode_damaged(coding, payload, raw_length, wanted).whole()
}

/// What could be decoded of a group.
#[derive(Debug)]
pub struct Partial {
    /// The first bytes of the group, at most as many as were wanted. If the
    /// payload is damaged any of them may be wrong.
    pub raw: Vec<u8>,
    /// Why there are not more, or what is wrong with the payload.
    pub fault: Option<CodecError>,
}

impl Partial {
    fn nothing(fault: CodecError) -> Partial {
        Partial { raw: Vec::new(), fault: Some(fault) }
    }

    fn whole(self) -> Result<Vec<u8>, CodecError> {
        self.fault.map_or(Ok(self.raw), Err)
    }
}

/// Decodes as much as can be decoded of the first `wanted` bytes of a group
/// whose payload is damaged or cut short. The bytes are to be checked against a
/// digest before they are used. Costs what [`decode_group`] costs; never
/// panics on any payload.
///
/// # Panics
/// If `wanted > raw_length`.
pub fn decode_damaged(coding: Coding, payload: &[u8], raw_length: usize, wanted: usize) -> Partial {
    assert!(wanted <= raw_length);
    if let Err(error) = check_length(raw_length as u64) {
        return Partial::nothing(error);
    }
    if coding.codec != Codec::Pear as u8 && coding.filter != Filter::None as u8 {
        return Partial::nothing(CodecError::UnknownFilter { filter: coding.filter });
    }
    match coding.codec {
        0 => {
            let raw = payload[..wanted.min(payload.len())].to_vec();
            let differs = payload.len() != raw_length;
            Partial { raw, fault: differs.then(|| damaged("store", "length differs")) }
        }
        1 => unzstd(payload, raw_length, wanted),
        2 => pairs::decode(payload, raw_length, wanted),
        3 => decode_pear(coding, payload, raw_length, wanted),
        4 => paper::decode(coding, payload, raw_length, wanted),
        codec => Partial::nothing(CodecError::UnknownCodec { codec }),
    }
}

fn damaged(codec: &'static str, cause: &'static str) -> CodecError {
    CodecError::Damaged { codec, offset: 0, cause }
}

/// Decodes exactly one frame at once, or, if that fails, block by block: the
/// blocks before the damage are not lost.
fn unzstd(payload: &[u8], raw_length: usize, wanted: usize) -> Partial {
    // The library would go on with a second frame, and skip what is marked so.
    let frame = zstd::zstd_safe::find_frame_compressed_size(payload);
    let first = match frame == Ok(payload.len()) {
        false => damaged("zstd", "the payload is not one frame"),
        true => match zstd::bulk::decompress(payload, raw_length) {
            Ok(mut raw) => {
                let differs = raw.len() != raw_length;
                raw.truncate(wanted);
                return Partial { raw, fault: differs.then(|| damaged("zstd", "length differs")) };
            }
            Err(_) => damaged("zstd", "the frame does not decode"),
        },
    };
    // A frame asks for a window before its first byte: no more than the group
    // is allowed.
    let window = raw_length.next_power_of_two().ilog2().clamp(10, 31);
    let decoder = zstd::stream::read::Decoder::with_buffer(payload).and_then(|mut decoder| {
        decoder.window_log_max(window)?;
        Ok(decoder.single_frame())
    });
    let mut decoder = match decoder {
        Ok(decoder) => decoder,
        Err(_) => return Partial::nothing(first),
    };
    let mut raw = vec![0; wanted];
    let mut filled = 0;
    while filled < wanted {
        match std::io::Read::read(&mut decoder, &mut raw[filled..]) {
            Ok(0) | Err(_) => break,
            Ok(count) => filled += count,
        }
    }
    raw.truncate(filled);
    Partial { raw, fault: Some(first) }
}

fn decode_pear(coding: Coding, payload: &[u8], raw_length: usize, wanted: usize) -> Partial {
    let model = match registered(coding) {
        Ok(model) => model,
        Err(error) => return Partial::nothing(error),
    };
    let isa = Isa::best();
    match coding.filter {
        0 => pear::decode(payload, model, Spelling::default(), isa, raw_length, wanted),
        1 => tokens::decode(payload, model, isa, raw_length, wanted),
        2 => {
            // The filter looks a few bytes ahead.
            let some = raw_length.min(wanted + x86::WINDOW - 1);
            let spelling = Spelling::default();
            let mut decoded = pear::decode(payload, model, spelling, isa, raw_length, some);
            x86::inverse(&mut decoded.raw);
            decoded.raw.truncate(wanted);
            decoded
        }
        filter => Partial::nothing(CodecError::UnknownFilter { filter }),
    }
}

fn registered(coding: Coding) -> Result<Model, CodecError> {
    Model::of_id(coding.model)
        .ok_or(CodecError::UnknownModel { codec: "pear", model: coding.model })
}

/// Bytes of memory decoding takes beside payload and output, known before
/// anything is allocated.
///
/// # Errors
/// [`CodecError::TooLarge`] above [`MOST_BYTES`], and the `Unknown…` kinds.
pub fn decode_memory(coding: Coding, raw_length: u64) -> Result<u64, CodecError> {
    check_length(raw_length)?;
    match coding.codec {
        0 => Ok(0),
        1 => Ok(raw_length + (1 << 20)),
        2 => Ok(pairs::decode_memory(raw_length)),
        3 => Ok(registered(coding)?.memory(raw_length as usize) + raw_length),
        4 => paper::decode_memory(coding, raw_length),
        codec => Err(CodecError::UnknownCodec { codec }),
    }
}

/// Bytes of memory coding a group takes beside input and payload.
pub fn encode_memory(options: &CodecOptions, raw_length: u64) -> u64 {
    let model = Model::of_level(options.level, Contexts::Text);
    match options.choice {
        Choice::Only(Codec::Store) => raw_length,
        Choice::Only(Codec::Zstd) => raw_length * 9 + (16 << 20),
        Choice::Only(Codec::Bpe) => pairs::encode_memory(options.level, raw_length),
        Choice::Only(Codec::PearPaper) => paper::encode_memory(options, raw_length),
        // Once more for the symbols while the bytes are still there; the engine, which
        // takes the symbols as they are, comes after that.
        _ => model.memory(raw_length as usize) + raw_length,
    }
}

/// Rough seconds of one core to decode a group, for `info` and `--verbose`.
pub fn decode_seconds(coding: Coding, raw_length: u64) -> f64 {
    if coding.codec == Codec::PearPaper as u8 {
        return paper::decode_seconds(coding, raw_length);
    }
    let bytes_per_second = match coding.codec {
        0 => 2e9,
        1 => 500e6,
        2 => 500e6,
        3 => Model::of_id(coding.model).map_or(1e5, |model| model.class.size().bytes_per_second),
        _ => 1e3,
    };
    raw_length as f64 / bytes_per_second
}

/// Name of a codec number, for people.
pub fn codec_name(codec: u8) -> &'static str {
    ["store", "zstd", "bpe", "pear", "pear-paper"].get(codec as usize).copied().unwrap_or("?")
}

/// Name of a filter number, for people.
pub fn filter_name(filter: u8) -> &'static str {
    ["none", "bpe", "x86", "delta"].get(filter as usize).copied().unwrap_or("?")
}

/// First bytes of the digest of the self-test's payloads.
const KNOWN_ANSWER: [u8; 8] = [107, 65, 216, 215, 26, 185, 144, 56];
