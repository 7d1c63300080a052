//! Hashed contexts: a slot of fifteen cells for each context and half of a byte.
//!
//! Normative text: spec/codec.md §8.6.2.

use crate::arith::memory::Table;
use crate::model::hash::{GOLDEN, SECOND};
use bytemuck::Zeroable;

/// A slot: its check, then a cell for each node of the tree of four bits.
#[derive(Clone, Copy, Debug, Zeroable)]
#[repr(C, align(64))]
struct Slot([i32; 16]);

/// Slots of hashed contexts, found by hash.
pub struct Slots {
    table: Table<Slot>,
    /// The slot of each context for this half of the byte.
    selected: [usize; 16],
}

impl Slots {
    /// Makes `2^log2` slots.
    pub fn new(log2: u32) -> Slots {
        Slots { table: Table::new(log2), selected: [0; 16] }
    }

    /// Fetches the slots of a byte whose higher half is likely to be that of `likely`, behind
    /// a one; changes nothing.
    #[inline(always)]
    pub fn prefetch(&self, hash: u32, likely: u32) {
        self.table.prefetch((half(hash, 1) >> 8) as usize);
        self.table.prefetch((half(hash, likely) >> 8) as usize);
    }

    /// Selects the slot of a half of a byte for `lane`; `partial` is the bits before it,
    /// behind a one. Of the two slots where it may be: the one that has its check, else the
    /// one that was used less, emptied.
    #[inline(always)]
    pub fn select(&mut self, lane: usize, hash: u32, partial: u32) {
        let hash = half(hash, partial);
        let first = (hash >> 8) as usize;
        let check = (hash.wrapping_mul(GOLDEN) | 1) as i32;
        let mut at = first;
        if self.table.at(first).0[0] != check {
            let second = first ^ 1;
            at = second;
            if self.table.at(second).0[0] != check {
                let uses = |slot: &Slot| slot.0[1] & 1023;
                if uses(self.table.at(first)) <= uses(self.table.at(second)) {
                    at = first;
                }
                let slot = self.table.at_mut(at);
                *slot = Slot([0; 16]);
                slot.0[0] = check;
            }
        }
        self.selected[lane] = at;
    }

    /// Returns the cell of `node`, 1 ..= 15, in the selected slot of `lane`.
    #[inline(always)]
    pub fn cell(&self, lane: usize, node: usize) -> i32 {
        self.table.at(self.selected[lane]).0[node & 15]
    }

    /// Stores the cell of `node`.
    #[inline(always)]
    pub fn store(&mut self, lane: usize, node: usize, cell: i32) {
        self.table.at_mut(self.selected[lane]).0[node & 15] = cell;
    }
}

/// Returns the hash of a half of a byte.
#[inline(always)]
fn half(hash: u32, partial: u32) -> u32 {
    hash.wrapping_add(partial.wrapping_mul(SECOND as u32)).wrapping_mul(GOLDEN)
}
