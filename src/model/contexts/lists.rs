//! Values of the contexts, by kind of data, most useful first.
//!
//! Normative text: spec/codec.md §5.1.2.

use super::ContextState;
use crate::model::hash::{MULTIPLIER, SECOND, THIRD};
use crate::model::indirect::MOST as MOST_INDIRECT;
use crate::model::size::{Class, Contexts};

/// Contexts in a list: as many as the largest size class uses.
pub const MOST: usize = Class::MOST_CONTEXTS;

impl ContextState {
    /// Computes the hash of each context: of the first ones, as many as `hashes` has.
    #[inline(always)]
    pub fn hashes(&self, past: &[u8], contexts: Contexts, hashes: &mut [u32]) {
        let values = match contexts {
            Contexts::Text => self.text(past),
            Contexts::Tokens => self.tokens(past),
            Contexts::Binary => self.binary(past),
        };
        for (index, hash) in hashes.iter_mut().enumerate() {
            let seeded = values[index].wrapping_add(1).wrapping_mul(MULTIPLIER)
                ^ (index as u64 + 1).wrapping_mul(THIRD);
            *hash = (seeded.wrapping_mul(SECOND) >> 32) as u32;
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
            // The last byte.
            r & 0xFF,
            // Two bytes.
            r & 0xFFFF,
            // Three bytes.
            r & 0xFF_FFFF,
            // Four bytes.
            r & 0xFFFF_FFFF,
            // Six bytes.
            r & 0xFFFF_FFFF_FFFF,
            // The word so far.
            word << 8,
            // The word so far, after the word before it.
            (word ^ w1 << 20) + c1,
            // Five bytes.
            r & 0xFF_FFFF_FFFF,
            // Symbols that followed the last two bytes: repeats in a history of two.
            f2,
            // The word so far and the word before the last: skips one word.
            word ^ w2 << 24,
            // Column, byte above and last byte: tables.
            above << 16 | c1 << 8 | column << 32,
            // Seven bytes.
            r & 0xFF_FFFF_FFFF_FFFF,
            // Two bytes, the last one skipped: it may be a variation.
            r >> 8 & 0xFFFF,
            // Three bytes, the last one skipped.
            r >> 8 & 0xFF_FFFF,
            // Symbols that followed the last byte, with it.
            f1 << 8 | c1,
            // Classes of eight bytes: shape of the text.
            classes & 0xFFFF_FFFF,
            // The word so far and both words before it.
            word ^ w1.wrapping_mul(MULTIPLIER) ^ w2 << 36,
            // Last word and two bytes: endings after a word.
            w1 << 16 | r & 0xFFFF,
            // Open tag and word: markup repeats words by element.
            tag << 16 ^ word,
            // Two bytes and classes of three: shape behind a few letters.
            (classes & 0xFFF) << 24 | r & 0xFFFF,
            // Indentation, byte above and classes: starts of lines.
            indent | above << 16 | (classes & 0xFFF) << 32,
            // Symbols that followed two bytes, with the last byte.
            f2 << 8 | c1,
            // Byte above and three bytes: records in columns.
            above << 24 | r & 0xFF_FFFF,
            // Bytes 1, 2 and 4: one byte may differ.
            r & 0xFF00_FFFF,
            // Eight bytes.
            r,
            // Bytes 1 and 3: one byte may differ.
            r & 0xFF00FF,
            // Bytes 3 and 4: what stands before two variable bytes.
            r & 0xFFFF_0000,
            // Bytes 3 to 5, two skipped.
            r & 0xFF_FFFF_0000,
            // Five bytes, the last one skipped.
            r & 0xFFFF_FFFF_FF00,
            // High halves of six bytes: rough shape.
            r & 0xF0F0_F0F0_F0F0,
            // Five bytes without letter case.
            folded & 0xFF_FFFF_FFFF,
            // Four bytes without case, the last one skipped.
            folded >> 8 & 0xFFFF_FFFF,
            // Symbols that followed the last byte, with two bytes.
            f1 << 16 | r & 0xFFFF,
            // The two words before, in any word.
            w1 ^ w2 << 24,
            // The word so far and the third word before.
            word ^ w3 << 24,
            // The word so far, with the first and third words before.
            (word ^ w1 << 20) ^ w3.wrapping_mul(MULTIPLIER),
            // Last word and last byte.
            w1 << 8 | c1,
            // The word before the last, and the last byte.
            w2 << 8 | c1,
            // Open tag and three bytes.
            tag << 24 | r & 0xFF_FFFF,
            // Open tag, its parent and the word: place in a document.
            tag ^ parent << 20 ^ (word << 40),
            // Parent tag and two bytes.
            parent << 16 | r & 0xFFFF,
            // Start of the line and last byte: kinds of lines.
            line << 8 | c1,
            // Start of the line and word.
            line ^ word << 32,
            // Column and last byte: fixed columns.
            column << 8 | c1,
            // Column, byte above and indentation.
            column << 16 | above << 8 | indent,
            // Byte above and the one left of it.
            above << 8 | self.diagonal(past) << 16,
            // Byte above and two bytes.
            above << 16 | r & 0xFFFF,
            // Classes of twelve bytes: long shape.
            classes & 0xFFFF_FFFF_FFFF,
            // Classes of six bytes, and symbols that followed the last byte.
            (classes & 0xFF_FFFF) << 24 | f1,
            // Classes of five bytes, and the word.
            classes & 0xF_FFFF | word << 24,
            // Classes of eight bytes before the last, and the last byte.
            (classes >> 4 & 0xFFFF_FFFF) << 8 | c1,
            // Shape of the number: digits and separators.
            self.number as u64 | (classes & 0xFF) << 32,
            // Symbols that followed three bytes, with the last byte.
            f3 | (r & 0xFF) << 16,
            // Symbols that followed three bytes, with three bytes.
            f3 | (r & 0xFF_FFFF) << 16,
            // The word so far and the open quotation mark.
            word << 8 | self.quote as u64,
            // No context: order 0.
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
        let three = two ^ b2.wrapping_mul(SECOND);
        let opcodes = (b0 >> 8) << 32 ^ (b1 >> 8) << 44 ^ (b2 >> 8).wrapping_mul(MULTIPLIER);
        [
            // The last byte.
            r & 0xFF,
            // Two bytes.
            r & 0xFFFF,
            // Three bytes.
            r & 0xFF_FFFF,
            // Four bytes.
            r & 0xFFFF_FFFF,
            // Six bytes.
            r & 0xFFFF_FFFF_FFFF,
            // The instruction so far.
            so_far,
            // The instruction so far, after the one before.
            so_far ^ one,
            // Byte above in the record, and the last byte.
            up << 8 | c1 | record,
            // Five bytes.
            r & 0xFF_FFFF_FFFF,
            // The instruction so far, after two instructions.
            so_far ^ two,
            // Opcode so far, after three opcodes: order of operations.
            instruction ^ opcodes,
            // Two bytes, the last one skipped.
            r >> 8 & 0xFFFF,
            // Three bytes, the last one skipped.
            r >> 8 & 0xFF_FFFF,
            // The two bytes above in the records.
            up << 8 | up2 | record,
            // Symbols that followed the last byte, with it.
            f1 << 8 | c1,
            // Symbols that followed the last two bytes.
            f2,
            // The instruction so far, after three instructions.
            so_far ^ three,
            // Bytes 1 and 3: one byte may differ.
            r & 0xFF00FF,
            // Bytes 1, 2 and 4: one byte may differ.
            r & 0xFF00_FFFF,
            // Bytes 3 and 4: what stands before two variable bytes.
            r & 0xFFFF_0000,
            // Byte above and two bytes.
            up << 16 | r & 0xFFFF | record,
            // Place in the record and last byte.
            place | c1 << 32,
            // Opcode so far, after four opcodes.
            instruction ^ opcodes ^ (b3 >> 8).wrapping_mul(SECOND),
            // Seven bytes.
            r & 0xFF_FFFF_FFFF_FFFF,
            // Eight bytes.
            r,
            // The letters so far: strings in programs.
            self.word as u64,
            // High halves of four bytes: sizes of numbers.
            r & 0xF0F0_F0F0,
            // High halves of eight bytes.
            r & 0xF0F0_F0F0_F0F0_F0F0,
            // The fourth byte back, high halves behind it.
            r & 0xFFF0_F0F0,
            // Place in the record.
            place,
            // Place in the record and byte above.
            place | up << 32,
            // Both bytes above and the last byte.
            up << 8 | up2 << 24 | c1 | record,
            // Byte above and three bytes.
            up << 24 | r & 0xFF_FFFF | record,
            // Byte above, the one right of it, and the last byte.
            up << 8 | back(stride - 1) << 16 | c1 << 24 | record,
            // Byte above and the one left of it.
            back(stride + 1) << 8 | up | record,
            // The byte that goes on the series of the two above.
            (up.wrapping_sub(up2).wrapping_add(up)) & 255 | record,
            // Bytes 4 and 8 back: words of 32 bits.
            back(4) << 8 | back(8) | quad << 16,
            // Byte 4 back and the last byte, by alignment.
            back(4) << 8 | c1 | quad << 16,
            // Byte 8 back and the last byte: words of 64 bits.
            back(8) << 8 | c1,
            // Byte 16 back and the last byte, by alignment.
            back(16) << 8 | c1 | quad << 16,
            // The last byte, by alignment.
            c1 | quad << 8,
            // Two bytes, by alignment.
            r & 0xFFFF | quad << 16,
            // Three bytes, by alignment.
            r & 0xFF_FFFF | quad << 24,
            // Symbols that followed two bytes, with the last byte.
            f2 << 8 | c1,
            // Symbols that followed the last byte, with two bytes.
            f1 << 16 | r & 0xFFFF,
            // Symbols that followed three bytes, with three bytes.
            f3 | (r & 0xFF_FFFF) << 16,
            // Opcode so far and the last byte.
            instruction | c1 << 40,
            // Opcode so far, after the opcode before.
            instruction ^ (b0 >> 8) << 40,
            // Opcode so far, after the instruction before.
            instruction ^ one,
            // Place in the instruction, after three opcodes.
            at | opcodes << 8,
            // The instruction so far, after the instruction before the last.
            so_far ^ (b1 << 40),
            // The instruction so far, after three opcodes.
            so_far ^ opcodes.wrapping_mul(MULTIPLIER),
            // Bytes 4 to 6, three skipped: after a displacement.
            r & 0xFFFF_FF00_0000,
            // Bytes 1, 2 and 6: a field between may differ.
            r & 0xFF00_0000_FFFF,
            // Bytes 3 to 6, two skipped.
            r >> 16 & 0xFFFF_FFFF,
            // No context: order 0.
            0,
        ]
    }

    /// Sets the indirect contexts for the next symbol.
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
            // The last byte.
            r & 0xFF,
            // Two bytes.
            r & 0xFFFF,
            // Three bytes.
            r & 0xFF_FFFF,
            // The word so far, after the word before it.
            (word ^ w1 << 20) + c1,
            // Open tag and last byte.
            tag << 8 ^ c1,
            // The word so far and the word before the last.
            word ^ w2 << 24,
            // Bytes 2 and 3, the last one skipped.
            r & 0xFF_FF00,
        ]
    }

    /// Values of the indirect contexts for machine code and records, most useful first.
    #[inline(always)]
    fn indirect_in_binary(&self) -> [u64; MOST_INDIRECT] {
        let r = self.recent;
        let [_, instruction, so_far, one, two] = self.code();
        [
            // The last byte.
            r & 0xFF,
            // Two bytes.
            r & 0xFFFF,
            // Three bytes.
            r & 0xFF_FFFF,
            // The instruction so far, after the one before.
            so_far ^ one,
            // Opcode so far.
            instruction,
            // The instruction so far, after two instructions.
            so_far ^ two,
            // Bytes 2 and 3, the last one skipped.
            r & 0xFF_FF00,
        ]
    }

    /// Where in an instruction the next byte stands; the same with the opcode; the same
    /// with the bytes so far; the instruction before; the two instructions before.
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

    /// The byte above, in the line before; 0 if that line is shorter.
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
