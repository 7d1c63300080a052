//! What stands around a deflate stream and follows from its plain text.

use crate::bytes::Cursor;
use crate::bytes::put_varint;
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
    /// None, of a part of a stream.
    Part(Part),
}

/// A part of a stream that begins or ends between two of its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::recipe) struct Part {
    /// How many bits of its first byte belong to the block before, 0 to 7,
    pub lead_count: u32,
    /// and these bits.
    pub lead: u8,
    /// Whether it has the last block.
    pub is_last: bool,
    /// How many bytes of the plain text stand before the part.
    pub context: usize,
}

/// Most bytes of the plain text before a part: as far as a match reaches.
pub(super) const CONTEXT: usize = 1 << 15;

/// Bit of the first byte of a part's parameters: it has the last block.
const LAST: u8 = 1 << 3;

impl Wrapper {
    pub(super) fn put(self, parameters: &mut Vec<u8>) {
        match self {
            Wrapper::Bare => parameters.push(0),
            Wrapper::Zlib(head) => parameters.extend(once(1).chain(head)),
            Wrapper::Gzip => parameters.push(2),
            Wrapper::Part(part) => {
                let last = if part.is_last { LAST } else { 0 };
                parameters.extend([3, part.lead_count as u8 | last, part.lead]);
                put_varint(parameters, part.context as u64);
            }
        }
    }

    pub(super) fn take(parameters: &mut Cursor) -> Option<Self> {
        Some(match parameters.u8().ok()? {
            0 => Wrapper::Bare,
            1 => Wrapper::Zlib(parameters.array().ok()?),
            2 => Wrapper::Gzip,
            3 => Wrapper::Part(Part::take(parameters)?),
            _ => return None,
        })
    }

    /// Bytes of the plain text that stand before a part.
    pub(super) fn context(&self) -> usize {
        match self {
            Wrapper::Part(part) => part.context,
            _ => 0,
        }
    }

    /// What stands before the stream.
    pub(super) fn head(&self) -> &[u8] {
        match self {
            Wrapper::Zlib(head) => head,
            Wrapper::Bare | Wrapper::Gzip | Wrapper::Part(_) => &[],
        }
    }

    /// Appends what stands behind a stream of this plain text.
    pub(in crate::recipe) fn end(&self, plain: &[&[u8]], out: &mut Vec<u8>) {
        match self {
            Wrapper::Bare | Wrapper::Part(_) => {}
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

impl Part {
    fn take(parameters: &mut Cursor) -> Option<Self> {
        let (begin, lead) = (parameters.u8().ok()?, parameters.u8().ok()?);
        let context = parameters.varint().ok()?;
        let (lead_count, is_last) = (u32::from(begin & 7), begin & LAST > 0);
        let can_be = begin < 2 * LAST && lead >> lead_count == 0 && context <= CONTEXT as u64;
        can_be.then_some(Part { lead_count, lead, is_last, context: context as usize })
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
