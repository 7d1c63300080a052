//! What stands around a deflate stream and follows from its plain text.

use crate::bytes::Cursor;
use std::iter::once;

/// The wrapper of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::recipe) enum Wrapper {
    /// None.
    Bare,
    /// zlib (RFC 1950): these two bytes before it, Adler-32 behind it.
    Zlib([u8; 2]),
    /// The end of a gzip member (RFC 1952): CRC-32 and length.
    Gzip,
}

impl Wrapper {
    pub(super) fn put(self, parameters: &mut Vec<u8>) {
        match self {
            Wrapper::Bare => parameters.push(0),
            Wrapper::Zlib(head) => parameters.extend(once(1).chain(head)),
            Wrapper::Gzip => parameters.push(2),
        }
    }

    pub(super) fn take(parameters: &mut Cursor) -> Option<Self> {
        Some(match parameters.u8().ok()? {
            0 => Wrapper::Bare,
            1 => Wrapper::Zlib(parameters.array().ok()?),
            2 => Wrapper::Gzip,
            _ => return None,
        })
    }

    /// What stands before the stream.
    pub(super) fn head(&self) -> &[u8] {
        match self {
            Wrapper::Zlib(head) => head,
            Wrapper::Bare | Wrapper::Gzip => &[],
        }
    }

    /// Appends what stands behind a stream of this plain text.
    pub(in crate::recipe) fn end(&self, plain: &[&[u8]], out: &mut Vec<u8>) {
        match self {
            Wrapper::Bare => {}
            Wrapper::Zlib(_) => out.extend(adler32(plain).to_be_bytes()),
            Wrapper::Gzip => {
                let mut crc = crc32fast::Hasher::new();
                plain.iter().for_each(|piece| crc.update(piece));
                let length: usize = plain.iter().map(|piece| piece.len()).sum();
                out.extend(crc.finalize().to_le_bytes());
                out.extend((length as u32).to_le_bytes());
            }
        }
    }
}

fn adler32(pieces: &[&[u8]]) -> u32 {
    const PRIME: u32 = 65_521;
    // Most bytes whose sums fit 32 bits.
    const RUN: usize = 5_552;
    let (mut sum, mut sums) = (1, 0);
    for run in pieces.iter().flat_map(|piece| piece.chunks(RUN)) {
        for &byte in run {
            sum += u32::from(byte);
            sums += sum;
        }
        (sum, sums) = (sum % PRIME, sums % PRIME);
    }
    sums << 16 | sum
}
