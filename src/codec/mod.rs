//! A decode group ⇄ its payload: choice of filter and codec.
//!
//! Normative text: spec/codec.md. A group is coded alone: nothing passes from
//! one group to the next, so groups are coded in any order and on any thread.

mod error;
mod pairs;
#[cfg_attr(not(feature = "paper"), path = "paper_absent.rs")]
mod paper;

pub use error::CodecError;

use crate::arith::Isa;

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
pub fn sniff(sample: &[u8]) -> ContentKind {
    let mut counts = [0u32; 256];
    sample.iter().for_each(|&byte| counts[byte as usize] += 1);
    let control = counts[..9].iter().chain(&counts[14..32]).sum::<u32>() as usize;
    let distinct_floor = sample.len() as u32 / 512;
    if sample.len() >= 4096 && counts.iter().all(|&count| count >= distinct_floor) {
        ContentKind::Incompressible
    } else if control * 50 > sample.len() {
        ContentKind::Binary
    } else {
        ContentKind::Text
    }
}

/// Codes one group.
///
/// # Errors
/// [`CodecError::TooLarge`] above 4 GiB − 1; [`CodecError::Library`] if zstd fails.
pub fn encode_group(raw: &[u8], options: &CodecOptions) -> Result<EncodedGroup, CodecError> {
    let plain = |codec: Codec| Coding { codec: codec as u8, filter: 0, model: 0 };
    if options.choice == Choice::Only(Codec::Store) {
        return Ok(EncodedGroup { coding: plain(Codec::Store), payload: raw.to_vec() });
    }
    if options.choice == Choice::Only(Codec::Bpe) {
        let payload = pairs::encode(raw, options.level);
        return Ok(EncodedGroup { coding: plain(Codec::Bpe), payload });
    }
    if options.choice == Choice::Only(Codec::PearPaper) {
        return paper::encode(raw, options);
    }
    let payload = zstd::bulk::compress(raw, 19)
        .map_err(|source| CodecError::Library { codec: "zstd", source })?;
    Ok(EncodedGroup { coding: plain(Codec::Zstd), payload })
}

/// Decodes the first `wanted` bytes of a group of `raw_length` bytes (all of
/// it when `wanted == raw_length`). Codecs that decode from the front stop
/// early; the result has exactly `wanted` bytes.
///
/// # Errors
/// [`CodecError::Damaged`] and the `Unknown…` kinds; never panics on any payload.
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
    let damaged = |codec, cause| CodecError::Damaged { codec, offset: 0, cause };
    match coding.codec {
        0 if payload.len() != raw_length => Err(damaged("store", "length differs")),
        0 => Ok(payload[..wanted].to_vec()),
        1 => {
            let mut raw = zstd::bulk::decompress(payload, raw_length)
                .map_err(|source| CodecError::Library { codec: "zstd", source })?;
            if raw.len() != raw_length {
                return Err(damaged("zstd", "length differs"));
            }
            raw.truncate(wanted);
            Ok(raw)
        }
        2 => pairs::decode(payload, raw_length, wanted),
        4 => paper::decode(coding, payload, raw_length, wanted),
        codec => Err(CodecError::UnknownCodec { codec }),
    }
}

/// Bytes of memory decoding takes beside payload and output, known before
/// anything is allocated.
///
/// # Errors
/// The `Unknown…` kinds.
pub fn decode_memory(coding: Coding, raw_length: u64) -> Result<u64, CodecError> {
    match coding.codec {
        0 => Ok(0),
        1 => Ok(raw_length + (1 << 20)),
        2 => Ok(pairs::decode_memory(raw_length)),
        4 => paper::decode_memory(coding, raw_length),
        codec => Err(CodecError::UnknownCodec { codec }),
    }
}

/// Bytes of memory coding a group takes beside input and payload.
pub fn encode_memory(options: &CodecOptions, raw_length: u64) -> u64 {
    if options.choice == Choice::Only(Codec::PearPaper) {
        return paper::encode_memory(options, raw_length);
    }
    if options.choice == Choice::Only(Codec::Bpe) {
        return pairs::encode_memory(options.level, raw_length);
    }
    raw_length * 4 + (16 << 20)
}

/// Rough seconds of one core to decode a group, for `info` and `--verbose`.
pub fn decode_seconds(coding: Coding, raw_length: u64) -> f64 {
    if coding.codec == Codec::PearPaper as u8 {
        return paper::decode_seconds(coding, raw_length);
    }
    let bytes_per_second = if coding.codec <= 1 { 500e6 } else { 300e3 };
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

/// Known-answer test of every computation that decides bytes; milliseconds.
/// Run once before the first group is coded or decoded.
///
/// # Errors
/// [`CodecError::SelfTest`] if this CPU does not follow spec/arithmetic.md.
pub fn self_test(isa: Isa) -> Result<(), CodecError> {
    paper::self_test(isa)
}
