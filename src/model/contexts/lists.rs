//! Values of the contexts, by kind of data, most useful first.
//!
//! Normative text: spec/codec.md §5.1.2.

use super::{ContextState, MULTIPLIER};
use crate::model::indirect::MOST as MOST_INDIRECT;
use crate::model::size::Contexts;

/// Most contexts any model has.
const MOST: usize = 56;

impl ContextState {
    /// Fills one hash per context.
    #[inline(always)]
    pub fn hashes<const N: usize>(&self, past: &[u8], contexts: Contexts, hashes: &mut [u32; N]) {
        let values = match contexts {
            Contexts::Text => self.text(past),
            Contexts::Tokens => self.tokens(past),
            Contexts::Binary => self.binary(past),
        };
        for (index, hash) in hashes.iter_mut().enumerate() {
            let seeded = values[index].wrapping_add(1).wrapping_mul(MULTIPLIER)
                ^ (index as u64 + 1).wrapping_mul(0xD6E8_FEB8_6659_FD93);
            *hash = (seeded.wrapping_mul(0xC2B2_AE3D_27D4_EB4F) >> 32) as u32;
        }
    }

    /// Values of the contexts for text, most useful first.
    #[inline(always)]
    fn text(&self, past: &[u8]) -> [u64; MOST] {
        let r = self.recent;
        let word = self.word as u64;
        let [w1, w2, w3] = self.words.map(u64::from);
        let c1 = r & 255;
        let [f1, f2, f3] = [0, 1, 2].map(|k| self.indirect.history(k) as u64);
        let above = self.above(past);
        let column = self.column.min(255) as u64;
        let indent = self.indent as u64;
        let classes = self.classes;
        let tag = self.tags[self.depth & 15] as u64;
        let parent = self.tags[self.depth.wrapping_sub(1) & 15] as u64;
        let line = self.line_start as u64;
        let folded = r & 0xDFDF_DFDF_DFDF_DFDF;
        [
            r & 0xFF,
            r & 0xFFFF,
            r & 0xFF_FFFF,
            r & 0xFFFF_FFFF,
            r & 0xFFFF_FFFF_FFFF,
            word << 8,
            (word ^ w1 << 20) + c1,
            r & 0xFF_FFFF_FFFF,
            // 16 contexts
            f2,
            word ^ w2 << 24,
            above << 16 | c1 << 8 | column << 32,
            r & 0xFF_FFFF_FFFF_FFFF,
            r >> 8 & 0xFFFF,
            r >> 8 & 0xFF_FFFF,
            f1 << 8 | c1,
            classes & 0xFFFF_FFFF,
            // 24 contexts
            word ^ w1.wrapping_mul(MULTIPLIER) ^ w2 << 36,
            w1 << 16 | r & 0xFFFF,
            tag << 16 ^ word,
            (classes & 0xFFF) << 24 | r & 0xFFFF,
            indent | above << 16 | (classes & 0xFFF) << 32,
            f2 << 8 | c1,
            above << 24 | r & 0xFF_FFFF,
            r & 0xFF00_FFFF,
            // 56 contexts
            r,
            r & 0xFF00FF,
            r & 0xFFFF_0000,
            r & 0xFF_FFFF_0000,
            r & 0xFFFF_FFFF_FF00,
            r & 0xF0F0_F0F0_F0F0,
            folded & 0xFF_FFFF_FFFF,
            folded >> 8 & 0xFFFF_FFFF,
            f1 << 16 | r & 0xFFFF,
            w1 ^ w2 << 24,
            word ^ w3 << 24,
            (word ^ w1 << 20) ^ w3.wrapping_mul(MULTIPLIER),
            w1 << 8 | c1,
            w2 << 8 | c1,
            tag << 24 | r & 0xFF_FFFF,
            tag ^ parent << 20 ^ (word << 40),
            parent << 16 | r & 0xFFFF,
            line << 8 | c1,
            line ^ word << 32,
            column << 8 | c1,
            column << 16 | above << 8 | indent,
            above << 8 | self.diagonal(past) << 16,
            above << 16 | r & 0xFFFF,
            classes & 0xFFFF_FFFF_FFFF,
            (classes & 0xFF_FFFF) << 24 | f1,
            classes & 0xF_FFFF | word << 24,
            (classes >> 4 & 0xFFFF_FFFF) << 8 | c1,
            self.number as u64 | (classes & 0xFF) << 32,
            f3 | (r & 0xFF) << 16,
            f3 | (r & 0xFF_FFFF) << 16,
            word << 8 | self.quote as u64,
            0,
        ]
    }

    /// Values of the contexts for text in byte pairs: as for text, but some orders
    /// count the bytes that the symbols stand for.
    #[inline(always)]
    fn tokens(&self, past: &[u8]) -> [u64; MOST] {
        let mut values = self.text(past);
        let bytes = |count: u32| self.spelt & (u64::MAX >> (64 - 8 * count)) | 1 << 63;
        values[3] = bytes(3);
        values[4] = bytes(5);
        values[7] = bytes(4);
        values[11] = bytes(6);
        values[12] = self.recent & 0xFFFF_FFFF;
        values[13] = bytes(2);
        values
    }

    /// Values of the contexts for machine code and records, most useful first.
    #[inline(always)]
    fn binary(&self, past: &[u8]) -> [u64; MOST] {
        let r = self.recent;
        let c1 = r & 255;
        let [f1, f2, f3] = [0, 1, 2].map(|k| self.indirect.history(k) as u64);
        let back = |n: usize| if past.len() >= n { past[past.len() - n] as u64 } else { 0 };
        let stride = self.stride;
        let (up, up2) = (back(stride), back(2 * stride));
        let place = (past.len() % stride) as u64 | (stride as u64) << 16;
        let record = (stride as u64) << 32;
        let quad = past.len() as u64 & 3;
        let [at, instruction, so_far, one, two] = self.code();
        let [b0, b1, b2, b3] = self.parser.before.map(u64::from);
        let three = two ^ b2.wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
        let opcodes = (b0 >> 8) << 32 ^ (b1 >> 8) << 44 ^ (b2 >> 8).wrapping_mul(MULTIPLIER);
        [
            r & 0xFF,
            r & 0xFFFF,
            r & 0xFF_FFFF,
            r & 0xFFFF_FFFF,
            r & 0xFFFF_FFFF_FFFF,
            so_far,
            so_far ^ one,
            up << 8 | c1 | record,
            // 16 contexts
            r & 0xFF_FFFF_FFFF,
            so_far ^ two,
            instruction ^ opcodes,
            r >> 8 & 0xFFFF,
            r >> 8 & 0xFF_FFFF,
            up << 8 | up2 | record,
            f1 << 8 | c1,
            f2,
            // 24 contexts
            so_far ^ three,
            r & 0xFF00FF,
            r & 0xFF00_FFFF,
            r & 0xFFFF_0000,
            up << 16 | r & 0xFFFF | record,
            place | c1 << 32,
            instruction ^ opcodes ^ (b3 >> 8).wrapping_mul(0xC2B2_AE3D_27D4_EB4F),
            r & 0xFF_FFFF_FFFF_FFFF,
            // 56 contexts
            r,
            self.word as u64,
            r & 0xF0F0_F0F0,
            r & 0xF0F0_F0F0_F0F0_F0F0,
            r & 0xFFF0_F0F0,
            place,
            place | up << 32,
            up << 8 | up2 << 24 | c1 | record,
            up << 24 | r & 0xFF_FFFF | record,
            up << 8 | back(stride - 1) << 16 | c1 << 24 | record,
            back(stride + 1) << 8 | up | record,
            (up.wrapping_sub(up2).wrapping_add(up)) & 255 | record,
            back(4) << 8 | back(8) | quad << 16,
            back(4) << 8 | c1 | quad << 16,
            back(8) << 8 | c1,
            back(16) << 8 | c1 | quad << 16,
            c1 | quad << 8,
            r & 0xFFFF | quad << 16,
            r & 0xFF_FFFF | quad << 24,
            f2 << 8 | c1,
            f1 << 16 | r & 0xFFFF,
            f3 | (r & 0xFF_FFFF) << 16,
            instruction | c1 << 40,
            instruction ^ (b0 >> 8) << 40,
            instruction ^ one,
            at | opcodes << 8,
            so_far ^ (b1 << 40),
            so_far ^ opcodes.wrapping_mul(MULTIPLIER),
            r & 0xFFFF_FF00_0000,
            r & 0xFF00_0000_FFFF,
            r >> 16 & 0xFFFF_FFFF,
            0,
        ]
    }

    /// Chooses the contexts of which is remembered what indirect.
    #[inline(always)]
    pub(super) fn set_indirect_contexts(&mut self, contexts: Contexts) {
        let values = match contexts {
            Contexts::Binary => self.indirect_in_binary(),
            _ => self.indirect_in_text(),
        };
        let hash = |value: u64| (value.wrapping_mul(MULTIPLIER) >> 48) as u16;
        self.indirect.set_hashes(values.map(hash));
    }

    /// Values of the indirect contexts for text, most useful first.
    #[inline(always)]
    fn indirect_in_text(&self) -> [u64; MOST_INDIRECT] {
        let r = self.recent;
        let c1 = r & 255;
        let word = self.word as u64;
        let [w1, w2, _] = self.words.map(u64::from);
        let tag = self.tags[self.depth & 15] as u64;
        [
            r & 0xFF,
            r & 0xFFFF,
            r & 0xFF_FFFF,
            (word ^ w1 << 20) + c1,
            tag << 8 ^ c1,
            word ^ w2 << 24,
            r & 0xFF_FF00,
        ]
    }

    /// Values of the indirect contexts for machine code and records, most useful first.
    #[inline(always)]
    fn indirect_in_binary(&self) -> [u64; MOST_INDIRECT] {
        let r = self.recent;
        let [_, instruction, so_far, one, two] = self.code();
        [
            r & 0xFF,
            r & 0xFFFF,
            r & 0xFF_FFFF,
            so_far ^ one,
            instruction,
            so_far ^ two,
            r & 0xFF_FF00,
        ]
    }

    /// Where in an instruction the next byte stands, with the opcode, and with the bytes
    /// so far; the one instruction before, and two.
    #[inline(always)]
    fn code(&self) -> [u64; 5] {
        let parser = &self.parser;
        let at = parser.position() as u64;
        let instruction = at | (parser.instruction() as u64) << 8;
        let so_far = at | (parser.so_far as u64) << 8;
        let [b0, b1, ..] = parser.before.map(u64::from);
        let one = b0 << 40;
        [at, instruction, so_far, one, one ^ b1.wrapping_mul(MULTIPLIER)]
    }

    /// The byte above, in the line before; 0 where that line is shorter.
    #[inline(always)]
    fn above(&self, past: &[u8]) -> u64 {
        let at = self.above + self.column as usize;
        if at < self.line { past[at] as u64 } else { 0 }
    }

    /// The byte left of the one above.
    #[inline(always)]
    fn diagonal(&self, past: &[u8]) -> u64 {
        let at = self.above + self.column as usize;
        if at < self.line && self.column > 0 { past[at - 1] as u64 } else { 0 }
    }
}
