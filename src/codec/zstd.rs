//! Codec `zstd`. Normative text: spec/codec.md §2.2.

use super::codecs::{Encoded, GroupCodec, no_parameters};
use super::{CodecError, CodecOptions, Partial, damaged};
use ::zstd::{bulk, stream::read, zstd_safe};
use std::borrow::Cow;
use std::io::Read;

/// Codec `zstd`: Zstandard (RFC 8878), one frame.
#[derive(Clone, Copy, Debug)]
pub struct Zstd;

/// Levels of zstd for the levels 1 to 9.
const LEVELS: [i32; 9] = [1, 3, 6, 9, 12, 15, 17, 19, 19];

impl GroupCodec for Zstd {
    const NUMBER: u8 = 1;
    const NAME: &'static str = "zstd";
    const ABOUT: &'static str = "Zstandard: fast";

    fn parse(filter: u8, model: u16) -> Result<Self, CodecError> {
        no_parameters(Zstd, filter, model)
    }

    fn encode(raw: Cow<'_, [u8]>, options: &CodecOptions) -> Result<Encoded<Self>, CodecError> {
        let level = LEVELS[usize::from(options.level.clamp(1, 9)) - 1];
        let payload = bulk::compress(&raw, level)
            .map_err(|source| CodecError::Library { codec: Self::NAME, source })?;
        Ok(match payload.len() < raw.len() {
            true => Encoded::Payload(Zstd, payload),
            false => Encoded::NotSmaller(raw.into_owned()),
        })
    }

    /// Decodes one frame at once. If that fails, decodes block by block: the blocks
    /// before the damage are not lost.
    fn decode(self, payload: &[u8], raw_length: usize, wanted: usize) -> Partial {
        let fault = match decode_whole(payload, raw_length) {
            Ok(mut raw) => {
                let differs = raw.len() != raw_length;
                raw.truncate(wanted);
                return Partial {
                    raw,
                    fault: differs.then(|| damaged(Self::NAME, "the decoded length is wrong")),
                };
            }
            Err(error) => error,
        };
        Partial { raw: decode_blocks(payload, raw_length, wanted), fault: Some(fault) }
    }

    fn encode_memory(_: &CodecOptions, raw_length: u64) -> u64 {
        raw_length * 9 + (16 << 20)
    }

    fn decode_memory(self, raw_length: u64) -> u64 {
        raw_length + (1 << 20)
    }

    fn decode_seconds(self, raw_length: u64) -> f64 {
        raw_length as f64 / 500e6
    }
}

fn decode_whole(payload: &[u8], raw_length: usize) -> Result<Vec<u8>, CodecError> {
    // The library decodes several frames, and skips frames that are marked so.
    if zstd_safe::find_frame_compressed_size(payload) != Ok(payload.len()) {
        return Err(damaged(Zstd::NAME, "the payload is not one frame"));
    }
    bulk::decompress(payload, raw_length)
        .map_err(|_| damaged(Zstd::NAME, "the frame does not decode"))
}

/// At most `wanted` bytes of the blocks before the first one that is damaged.
fn decode_blocks(payload: &[u8], raw_length: usize, wanted: usize) -> Vec<u8> {
    // A frame asks for a window before its first byte: no more than the group is
    // allowed.
    let window = raw_length.next_power_of_two().ilog2().clamp(10, 31);
    let decoder = read::Decoder::with_buffer(payload).and_then(|mut decoder| {
        decoder.window_log_max(window)?;
        Ok(decoder.single_frame())
    });
    let Ok(mut decoder) = decoder else { return Vec::new() };
    let mut raw = vec![0; wanted];
    let mut filled = 0;
    while filled < wanted {
        match decoder.read(&mut raw[filled..]) {
            Ok(0) | Err(_) => break,
            Ok(count) => filled += count,
        }
    }
    raw.truncate(filled);
    raw
}
