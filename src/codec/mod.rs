//! A decode group ⇄ its payload: choice of filter and codec.
//!
//! Normative text: spec/codec.md. A group is coded alone, or behind a base: another group,
//! from whose end it goes on. Nothing else passes from one group to the next, so groups
//! are coded in any order and on any thread.
//!
//! ```text
//! codecs.rs     the list of codecs; numbers of a section header ⇄ `Coding`
//! shipped.rs    bases in the program, for small groups
//! store.rs      codec `store`
//! zstd.rs       codec `zstd`
//! base.rs       groups behind a base
//! bpe.rs        codec `bpe`
//! pear.rs       codec `pear`
//! paper.rs      codec `pear-paper`
//! jpeg.rs       codec `jpeg`
//! audio.rs      codec `audio`
//! filter/       the list of filters of `pear`, and the filters
//! symbols.rs    the range code of a group's symbols
//! samples.rs    the kind of content, judged by samples
//! tested.rs     known-answer tests at the first use of a codec
//! ```

mod audio;
mod base;
mod bpe;
mod codecs;
mod error;
mod filter;
mod image;
mod jpeg;
#[cfg_attr(not(feature = "paper"), path = "paper_absent.rs")]
mod paper;
mod pear;
mod samples;
mod shipped;
mod store;
mod symbols;
mod tested;
mod zstd;

pub use base::*;
pub use codecs::*;
pub use error::CodecError;
pub use filter::Filter;
pub use samples::is_jpeg;
pub use shipped::*;
pub use tested::{self_test, test_once};

use crate::arith::Isa;
use std::borrow::Cow;

/// Most bytes of a group.
pub const MOST_BYTES: usize = u32::MAX as usize;

/// Which codec the user asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// Samples decide.
    #[default]
    Auto,
    /// Always this codec.
    Only(Codec),
}

impl Choice {
    /// Whether groups can go on from a base.
    pub fn goes_on(self) -> bool {
        matches!(self, Choice::Auto | Choice::Only(Codec::Pear))
    }
}

/// What decides the payload of a group, together with its bytes. The same options and
/// bytes give the same payload on every machine.
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

/// The kind of a file's bytes. Files of one kind share groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContentKind {
    /// Letters, sources, markup.
    Text,
    /// Machine code and other structured binary data.
    Binary,
    /// Pictures that are not compressed.
    Image,
    /// Uncompressed sound.
    Audio,
    /// JPEG files.
    Jpeg,
    /// Already compressed or encrypted.
    Incompressible,
}

impl ContentKind {
    /// All kinds, in their order; as an integer, a kind is its place.
    pub const ALL: [ContentKind; 6] = [
        ContentKind::Text,
        ContentKind::Binary,
        ContentKind::Image,
        ContentKind::Audio,
        ContentKind::Jpeg,
        ContentKind::Incompressible,
    ];
}

/// Guesses the kind of a file from its first bytes (64 KiB are enough). Deterministic;
/// costs one pass over the sample.
///
/// A JPEG starts as one; pictures that are not compressed and uncompressed sound have a header
/// that says so; other data is incompressible when its order-0 entropy is above 7.9
/// bits per byte, and text when control bytes are rare.
pub fn sniff(sample: &[u8]) -> ContentKind {
    if samples::is_jpeg(sample) {
        ContentKind::Jpeg
    } else if image::layout::is_picture(sample) {
        ContentKind::Image
    } else if audio::is_audio(sample) {
        ContentKind::Audio
    } else {
        samples::sniff(sample)
    }
}

/// Codes one group. Frees owned bytes as soon as they are no longer needed; copies
/// borrowed ones if the codec changes them.
///
/// # Errors
/// [`CodecError::TooLarge`] above [`MOST_BYTES`]; [`CodecError::Library`] if zstd fails;
/// [`CodecError::SelfTest`] from [`test_once`]; [`CodecError::NotBuiltIn`].
pub fn encode_group<'a>(
    raw: impl Into<Cow<'a, [u8]>>,
    options: &CodecOptions,
) -> Result<EncodedGroup, CodecError> {
    let raw = raw.into();
    check_length(raw.len() as u64)?;
    if options.choice == Choice::Auto
        && !samples::is_jpeg(&raw)
        && let Some(pictures) = image::Pictures::filling(&raw)
    {
        return image::encode_if_smaller(raw, &pictures, options);
    }
    let codec = chosen(&raw, options);
    test_once(codec, options.isa)?;
    let group = codec.encode(raw, options)?;
    let special = matches!(codec, Codec::Jpeg | Codec::Audio);
    if options.choice == Choice::Auto && special && group.coding.codec() != codec {
        // JPEGs of a sort that their codec does not take, or samples that it does not shrink.
        return samples::codec(&group.payload).encode(group.payload.into(), options);
    }
    Ok(group)
}

/// The codec that the options or, if they leave it open, samples of the group say. It is no
/// group of pictures.
fn chosen(raw: &[u8], options: &CodecOptions) -> Codec {
    match options.choice {
        Choice::Only(codec) => codec,
        Choice::Auto if samples::is_jpeg(raw) => Codec::Jpeg,
        Choice::Auto if audio::pays(raw) => Codec::Audio,
        Choice::Auto => samples::codec(raw),
    }
}

/// Refuses a group longer than any codec takes, before anything is computed from
/// its length.
fn check_length(found: u64) -> Result<(), CodecError> {
    let limit = MOST_BYTES as u64;
    if found > limit { Err(CodecError::TooLarge { found, limit }) } else { Ok(()) }
}

/// Decodes the first `wanted` bytes of a group of `raw_length` bytes (all of
/// it when `wanted == raw_length`). Codecs that decode from the front stop
/// early; the result has exactly `wanted` bytes.
///
/// # Errors
/// [`CodecError::TooLarge`] above [`MOST_BYTES`], [`CodecError::Damaged`],
/// [`CodecError::Bpe`]; never panics on any payload.
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
/// whose payload is damaged or cut short. Compare the bytes with a digest before you use
/// them. Costs what [`decode_group`] costs; never panics on any payload.
///
/// # Panics
/// If `wanted > raw_length`.
pub fn decode_damaged(coding: Coding, payload: &[u8], raw_length: usize, wanted: usize) -> Partial {
    assert!(wanted <= raw_length);
    if let Err(error) = check_length(raw_length as u64) {
        return Partial::nothing(error);
    }
    coding.decode(payload, raw_length, wanted)
}

fn damaged(codec: &'static str, cause: &'static str) -> CodecError {
    CodecError::Damaged { codec, offset: 0, cause }
}

/// Bytes of memory decoding takes beside payload and output, known before
/// anything is allocated.
///
/// # Errors
/// [`CodecError::TooLarge`] above [`MOST_BYTES`].
pub fn decode_memory(coding: Coding, raw_length: u64) -> Result<u64, CodecError> {
    check_length(raw_length)?;
    Ok(coding.decode_memory(raw_length))
}

/// Bytes of memory coding a group takes beside input and payload. `jpeg` says whether the
/// group starts as a JPEG.
pub fn encode_memory(options: &CodecOptions, raw_length: u64, jpeg: bool) -> u64 {
    // Those that take most of those that it chooses from.
    let chosen: &[Codec] = match &options.choice {
        Choice::Only(codec) => &[*codec],
        Choice::Auto if jpeg => &[Codec::Pear, Codec::Image, Codec::Audio, Codec::Jpeg],
        Choice::Auto => &[Codec::Pear, Codec::Image, Codec::Audio],
    };
    let memory = |codec: &Codec| codec.encode_memory(options, raw_length);
    chosen.iter().map(memory).max().unwrap_or(0)
}

/// Rough seconds of one core to decode a group, for `info` and `--verbose`.
pub fn decode_seconds(coding: Coding, raw_length: u64) -> f64 {
    coding.decode_seconds(raw_length)
}

/// Name of a codec number, for people; `?` if this version does not know it.
pub fn codec_name(codec: u8) -> &'static str {
    match Codec::of_number(codec) {
        Some(codec) => codec.name(),
        // The base of other groups, which is no codec (spec/container.md §4.3).
        None if codec == 5 => "given",
        None => "?",
    }
}

/// Name of a filter number, for people; `?` if this version does not know it.
pub fn filter_name(filter: u8) -> &'static str {
    Filter::parse(filter).map_or("?", Filter::name)
}
