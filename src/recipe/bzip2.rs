//! Transform `bzip2`: a bzip2 stream of its plain text.

use super::error::RecipeError;
use crate::bytes::Bounded;
use bzip2::{Compression, read::BzDecoder, write::BzEncoder};
use std::io::{Read, Write};

/// Name for people.
pub(super) const NAME: &str = "bzip2";

/// Bytes of memory beside plain text and output.
pub(super) const MEMORY: u64 = 1 << 23;

/// Writes a stream of at most `output` bytes.
pub(super) fn run(
    parameters: &[u8],
    pieces: &[&[u8]],
    output: usize,
) -> Result<Vec<u8>, RecipeError> {
    let &[level @ 1..=9] = parameters else {
        return Err(RecipeError::Damaged { transform: NAME, cause: "parameters that cannot be" });
    };
    let too_long = |_| RecipeError::Length { transform: NAME, expected: output as u64 };
    let mut encoder = BzEncoder::new(Bounded::new(output), Compression::new(level.into()));
    for piece in pieces {
        encoder.write_all(piece).map_err(too_long)?;
    }
    encoder.finish().map(|out| out.bytes).map_err(too_long)
}

/// A stream that was decoded.
pub(super) struct Found {
    /// Bytes of the stream.
    pub length: usize,
    pub parameters: Vec<u8>,
    pub plain: Vec<u8>,
}

/// Takes the stream at the front of `bytes`, which gives at most `most` bytes. `None` if
/// encoding does not give it again.
pub(super) fn take(bytes: &[u8], most: usize) -> Option<Found> {
    let level = bytes.get(3)?.checked_sub(b'0')?;
    (bytes.starts_with(b"BZh") && (1..=9).contains(&level)).then_some(())?;
    (bytes.get(4..10)? == [0x31, 0x41, 0x59, 0x26, 0x53, 0x59]).then_some(())?;
    let mut decoder = BzDecoder::new(bytes);
    let mut plain = Vec::new();
    decoder.by_ref().take(most as u64 + 1).read_to_end(&mut plain).ok()?;
    (plain.len() <= most).then_some(())?;
    let length = decoder.total_in() as usize;
    let parameters = vec![level];
    let same = run(&parameters, &[&plain], length).ok()? == bytes[..length];
    same.then_some(Found { length, parameters, plain })
}
