//! Deflate streams that are longer than a piece of a file: a piece ends between two blocks.

use super::{Packed, Part, Scan, compare, worth};
use crate::recipe::deflate::{Inflated, Part as Cut, Wrapper};
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

/// Bytes before a part that may be matched.
const MOST_CONTEXT: usize = 1 << 15;

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
        let wanted = self.front.filter(|_| self.level == 0)?;
        let enough = wanted.saturating_sub(self.unpacked).max(wanted / 3);
        // A shorter one is damaged, or begins behind much else: it may go on in the next piece.
        (in_vain >= enough).then_some(())?;
        let (inflated, part) = self.inflate(stream, &Midway::default(), enough)?;
        let midway = midway_of(&inflated, part);
        let found = self.unpack(inflated, part, stream, depth)?;
        self.midway = midway;
        Some(found)
    }

    /// The next part of a stream. One that is not worth it is copied, so that those behind it
    /// are found.
    pub(super) fn next_part(
        &mut self,
        bytes: &[u8],
        midway: &Midway,
        depth: u32,
    ) -> Option<(usize, Part)> {
        let (inflated, part) = self.inflate(bytes, midway, self.front.unwrap_or(usize::MAX))?;
        let length = inflated.used();
        self.midway = midway_of(&inflated, part);
        let copied = || Part::Piece { range: 0..length, kind: kind_of(&bytes[..length]) };
        let found = self.unpack(inflated, part, bytes, depth);
        Some(found.unwrap_or_else(|| (length, copied())))
    }

    /// Inflates blocks at the front of `bytes` that give `enough` bytes, if there are.
    fn inflate(&mut self, bytes: &[u8], midway: &Midway, enough: usize) -> Option<(Inflated, Cut)> {
        let most = self.left(bytes.len()).min(self.work);
        let Midway { bits, before } = midway;
        let (inflated, part) = Inflated::part(bytes, *bits, before, enough.min(most), most)?;
        self.work = self.work.saturating_sub(inflated.plain().len());
        (inflated.used() > 0).then_some((inflated, part))
    }

    /// What makes a part, if it is worth it.
    fn unpack(
        &mut self,
        inflated: Inflated,
        part: Cut,
        bytes: &[u8],
        depth: u32,
    ) -> Option<(usize, Part)> {
        let (length, context) = (inflated.used(), part.context);
        let text = &inflated.plain()[context..];
        let fits = inflated.plain().len() <= self.left(length)
            && text.len() <= length.saturating_mul(EXPANSION);
        fits.then_some(())?;
        let (parameters, corrections) = inflated.corrections(Wrapper::Part(part))?;
        // Files of several kinds may lie in it.
        let is_worth =
            |quarter| worth(&text[text.len() / 4 * quarter..], length, corrections.len());
        (0..4).any(is_worth).then_some(())?;
        let plain = inflated.into_plain();
        if self.careful {
            compare(&parameters, &plain, &corrections, &bytes[..length])?;
        }
        self.work = self.work.saturating_add(plain.len());
        self.spend(plain.len() + corrections.len(), length)?;
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

/// Where a part ends; `None` if its stream ends there too.
fn midway_of(inflated: &Inflated, part: Cut) -> Option<Midway> {
    let plain = inflated.plain();
    let before = || plain[plain.len().saturating_sub(MOST_CONTEXT)..].to_vec();
    (!part.is_last).then(|| Midway { bits: inflated.bits(), before: before() })
}
