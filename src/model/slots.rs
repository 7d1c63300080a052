//! Hashed slots: one per context and nibble, sixteen bytes, four to a line.
//!
//! Byte 0 of a slot is a check of the context; bytes 1 ..= 15 are the bit
//! histories of the nibble's fifteen inner nodes, as in a binary heap. A slot is
//! copied out while its nibble is coded and written back after it.
//!
//! Normative text: spec/codec.md §5.3.

use crate::arith::memory::{Table, prefetch};
use bytemuck::Zeroable;

/// A slot: check and fifteen bit histories.
pub type Slot = [u8; 16];

/// Four slots, one cache line.
#[derive(Clone, Copy, Debug, Zeroable)]
#[repr(C, align(64))]
pub struct Line([Slot; 4]);

/// The direct counters of a slot's nodes; number 0 is unused.
pub type Counts = [i16; 16];

/// The counters of a line's four slots.
#[derive(Clone, Copy, Debug, Zeroable)]
#[repr(C, align(64))]
pub struct CountLines([Counts; 4]);

/// The table all contexts share.
#[derive(Debug)]
pub struct Slots {
    lines: Table<Line>,
    /// One cell where the model has no direct counters.
    counts: Table<CountLines>,
}

/// Where a slot was found: its line and its place in the line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    line: u32,
    slot: u32,
}

impl Slots {
    /// A table of `2^log2_bytes` bytes of slots, at least one line, and twice as
    /// many bytes of counters if the model has them.
    pub fn new(log2_bytes: u32, counted: bool) -> Slots {
        let log2 = log2_bytes.max(6) - 6;
        Slots { lines: Table::new(log2), counts: Table::new(if counted { log2 } else { 0 }) }
    }

    /// Starts fetching the line of `hash`.
    #[inline(always)]
    pub fn prefetch(&self, hash: u32) {
        self.lines.prefetch(hash as usize);
    }

    /// Starts fetching the counters of the slot at `place`.
    #[inline(always)]
    pub fn prefetch_counts(&self, place: Place) {
        let counts = self.counts.at(place.line as usize);
        prefetch(&counts.0[(place.slot & 3) as usize]);
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

    /// The counters of the slot at `place`: all fresh unless the slot was `known`.
    #[inline(always)]
    pub fn counts(&self, place: Place, known: bool) -> Counts {
        let counts = self.counts.at(place.line as usize).0[(place.slot & 3) as usize];
        let keep = -(known as i16);
        counts.map(|count| count & keep)
    }

    /// Writes counters back where they were found.
    #[inline(always)]
    pub fn put_counts(&mut self, place: Place, counts: Counts) {
        self.counts.at_mut(place.line as usize).0[(place.slot & 3) as usize] = counts;
    }

    /// Writes a slot back where it was found.
    #[inline(always)]
    pub fn put(&mut self, place: Place, slot: Slot) {
        self.lines.at_mut(place.line as usize).0[(place.slot & 3) as usize] = slot;
    }
}
