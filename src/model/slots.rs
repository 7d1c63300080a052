//! Hashed slots: one per context and nibble, sixteen bytes, four to a line.
//!
//! Byte 0 of a slot is a check of the context; bytes 1 ..= 15 are the bit
//! histories of the nibble's fifteen inner nodes, as in a binary heap. A slot is
//! copied out while its nibble is coded and written back after it.
//!
//! Normative text: spec/codec.md §5.3.

use crate::arith::memory::Table;
use bytemuck::Zeroable;

/// A slot: check and fifteen bit histories.
pub type Slot = [u8; 16];

/// Four slots, one cache line.
#[derive(Clone, Copy, Debug, Zeroable)]
#[repr(C, align(64))]
pub struct Line([Slot; 4]);

/// The table all contexts share.
#[derive(Debug)]
pub struct Slots {
    lines: Table<Line>,
}

/// Where a slot was found: its line and its place in the line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    line: u32,
    slot: u32,
}

impl Slots {
    /// A table of `2^log2_bytes` bytes, at least one line.
    pub fn new(log2_bytes: u32) -> Slots {
        Slots { lines: Table::new(log2_bytes.max(6) - 6) }
    }

    /// Starts fetching the line of `hash`.
    #[inline(always)]
    pub fn prefetch(&self, hash: u32) {
        self.lines.prefetch(hash as usize);
    }

    /// Finds the slot of `hash` and `check`, or the one that is worth least.
    ///
    /// Returns its place and its content; on a miss the content is empty but
    /// for the check.
    #[inline(always)]
    pub fn find(&self, hash: u32, check: u8) -> (Place, Slot) {
        let line = self.lines.at(hash as usize);
        let mut best = u32::MAX;
        for (index, slot) in line.0.iter().enumerate() {
            // A hit sorts before every miss; misses sort by what they know.
            let miss = (slot[0] != check) as u32;
            let key = miss * (4 + 4 * slot[1] as u32) + index as u32;
            best = best.min(key);
        }
        let place = Place { line: hash, slot: best & 3 };
        let keep = if best < 4 { u128::MAX } else { 0 };
        let content = u128::from_le_bytes(line.0[(best & 3) as usize]) & keep & !0xFF;
        (place, (content | check as u128).to_le_bytes())
    }

    /// Writes a slot back where it was found.
    #[inline(always)]
    pub fn put(&mut self, place: Place, slot: Slot) {
        self.lines.at_mut(place.line as usize).0[(place.slot & 3) as usize] = slot;
    }
}
