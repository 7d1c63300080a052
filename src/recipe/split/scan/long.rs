//! Deflate streams that are longer than a piece of a file: a piece ends between two blocks.

use super::{Packed, Part, Scan, compare, worth};
use crate::recipe::deflate::{Inflated, Wrapper};
use crate::recipe::run::DEFLATE;
use crate::recipe::split::pieces::kind_of;

/// Where in a deflate stream a piece of a file ends, for the piece that follows.
#[derive(Clone, Debug, Default)]
pub struct Midway {
    /// Bits of the byte behind the piece that belong to its last block.
    bits: u32,
    /// The end of the plain text of the piece.
    before: Vec<u8>,
}

/// Least bytes that a stream must have given before it is cut.
const LEAST_PLAIN: usize = 1 << 13;

/// Most bytes of plain text that a byte of a part may stand for, as of a file.
const EXPANSION: usize = 64;

impl Scan {
    /// The first part of a stream that gave `in_vain` bytes and is then too long, or not whole:
    /// its bytes and what makes them.
    pub(super) fn first_part(
        &mut self,
        stream: &[u8],
        in_vain: usize,
        depth: u32,
    ) -> Option<(usize, Part)> {
        let wanted = self.front.filter(|_| self.level == 0 && in_vain >= LEAST_PLAIN)?;
        let enough = wanted.saturating_sub(self.unpacked).max(wanted / 3);
        self.part(stream, &Midway::default(), enough, depth)
    }

    /// The next part of a stream.
    pub(super) fn next_part(
        &mut self,
        bytes: &[u8],
        midway: &Midway,
        depth: u32,
    ) -> Option<(usize, Part)> {
        self.part(bytes, midway, self.front.unwrap_or(usize::MAX), depth)
    }

    /// The part at the front of `bytes`, of blocks that give `enough` bytes if there are.
    fn part(
        &mut self,
        bytes: &[u8],
        midway: &Midway,
        enough: usize,
        depth: u32,
    ) -> Option<(usize, Part)> {
        let most = self.left(bytes.len()).min(self.work);
        let Midway { bits, before } = midway;
        let (inflated, part) = Inflated::part(bytes, *bits, before, enough.min(most), most)?;
        let (length, context) = (inflated.used(), part.context);
        let plain = inflated.plain().len();
        self.work = self.work.saturating_sub(plain);
        let fits =
            plain <= self.left(length) && plain - context <= length.saturating_mul(EXPANSION);
        (length > 0 && fits).then_some(())?;
        let (parameters, corrections) = inflated.corrections(Wrapper::Part(part))?;
        worth(&inflated.plain()[context..], length, corrections.len()).then_some(())?;
        let bits = inflated.bits();
        let plain = inflated.into_plain();
        if self.careful {
            compare(&parameters, &plain, &corrections, &bytes[..length])?;
        }
        self.work = self.work.saturating_add(plain.len());
        self.spend(plain.len() + corrections.len(), length)?;
        self.midway = (!part.is_last).then(|| {
            let before = plain[plain.len().saturating_sub(1 << 15)..].to_vec();
            Midway { bits, before }
        });
        let parts = self.parts_behind(&plain, context, depth - 1);
        let corrections = Some(corrections);
        let packed =
            Packed { transform: DEFLATE, parameters, output: length, plain, parts, corrections };
        Some((length, Part::Packed(Box::new(packed))))
    }

    /// The parts of the plain text of a part, which begins behind `context` bytes and need not
    /// begin where a member of a tar does.
    fn parts_behind(&mut self, plain: &[u8], context: usize, depth: u32) -> Vec<Part> {
        let parts = self.nested_anywhere(&plain[context..], depth);
        let before = Part::Piece { range: 0..context, kind: kind_of(&plain[..context]) };
        [before].into_iter().chain(parts.into_iter().map(|part| part.moved(context))).collect()
    }
}
