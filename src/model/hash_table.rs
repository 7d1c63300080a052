//! Hash table of bit histories: a slot for each context and nibble, four to a bucket.
//!
//! A slot has sixteen bytes. Byte 0 is a checksum of the context; bytes 1 ..= 15 are the
//! bit histories of the nibble's fifteen inner nodes, as in a binary heap. A slot is
//! copied out while its nibble is coded and written back after it; meanwhile word `w` of
//! sixteen contexts' slots is one vector ([`NibbleSlots`]).
//!
//! Normative text: spec/codec.md §5.3.

use super::history::NEXT;
use crate::arith::Simd;
use crate::arith::memory::{Table, prefetch};
use bytemuck::Zeroable;

/// A slot: checksum and fifteen bit histories, four to a word, the first lowest.
pub type Slot = [u32; 4];

/// Whether a slot is in use: the history of its first node is not empty.
#[inline(always)]
pub fn occupied(slot: &Slot) -> bool {
    slot[0] >> 8 & 255 != 0
}

/// Four slots, one cache line.
#[derive(Clone, Copy, Debug, Zeroable)]
#[cfg_attr(test, derive(Hash))]
#[repr(C, align(64))]
pub struct Bucket([Slot; 4]);

/// The direct counters of a slot's nodes; number 0 is unused.
pub type Counts = [i16; 16];

/// The counters of a bucket's four slots.
#[derive(Clone, Copy, Debug, Zeroable)]
#[cfg_attr(test, derive(Hash))]
#[repr(C, align(64))]
pub struct CountBuckets([Counts; 4]);

/// The table that all contexts share.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(Hash))]
pub struct HashTable {
    buckets: Table<Bucket>,
    /// One cell if the class has no direct counters.
    counts: Table<CountBuckets>,
}

/// Where a slot was found: its bucket and its place in the bucket.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(test, derive(Hash))]
pub struct Place {
    bucket: u32,
    slot: u32,
}

impl HashTable {
    /// Makes a table of `2^log2_bytes` bytes of slots, at least one bucket, and twice as
    /// many bytes of counters if the class has them.
    pub fn new(log2_bytes: u32, counted: bool) -> HashTable {
        let log2 = log2_bytes.max(6) - 6;
        HashTable { buckets: Table::new(log2), counts: Table::new(if counted { log2 } else { 0 }) }
    }

    /// Starts fetching the bucket of `hash`.
    #[inline(always)]
    pub fn prefetch(&self, hash: u32) {
        self.buckets.prefetch(hash as usize);
    }

    /// Starts fetching the counters of the slot at `place`.
    #[inline(always)]
    pub fn prefetch_counts(&self, place: Place) {
        let counts = self.counts.at(place.bucket as usize);
        prefetch(&counts.0[(place.slot & 3) as usize]);
    }

    /// Finds the slot of `hash` and `checksum`, or the one of its bucket that has seen
    /// least.
    ///
    /// Returns its place and its content; on a miss the content is empty except for the
    /// checksum.
    #[inline(always)]
    pub fn find(&self, hash: u32, checksum: u8) -> (Place, Slot) {
        let bucket = self.buckets.at(hash as usize);
        let mut best = u32::MAX;
        for (index, slot) in bucket.0.iter().enumerate() {
            // A hit sorts before every miss; misses sort by how much they have seen.
            let miss = (slot[0] as u8 != checksum) as u32;
            let key = miss * (4 + 4 * (slot[0] >> 8 & 255)) + index as u32;
            best = best.min(key);
        }
        let place = Place { bucket: hash, slot: best & 3 };
        let keep = if best < 4 { u32::MAX } else { 0 };
        let mut content = bucket.0[(best & 3) as usize].map(|word| word & keep);
        content[0] = content[0] & !0xFF | checksum as u32;
        (place, content)
    }

    /// Returns the counters of the slot at `place`, all fresh unless it is `occupied`.
    #[inline(always)]
    pub fn counts(&self, place: Place, occupied: bool) -> Counts {
        let counts = self.counts.at(place.bucket as usize).0[(place.slot & 3) as usize];
        let keep = -(occupied as i16);
        counts.map(|count| count & keep)
    }

    /// Writes counters back where they were found.
    #[inline(always)]
    pub fn put_counts(&mut self, place: Place, counts: Counts) {
        self.counts.at_mut(place.bucket as usize).0[(place.slot & 3) as usize] = counts;
    }

    /// Writes a slot back where it was found.
    #[inline(always)]
    pub fn put(&mut self, place: Place, slot: Slot) {
        self.buckets.at_mut(place.bucket as usize).0[(place.slot & 3) as usize] = slot;
    }
}

/// The slots of at most sixteen contexts while their nibble is coded: word `w` of
/// all of them. `[4 words, 16 contexts]`.
#[derive(Clone, Debug, Default)]
#[cfg_attr(test, derive(Hash))]
#[repr(C, align(64))]
pub struct NibbleSlots([[i32; 16]; 4]);

impl NibbleSlots {
    /// Takes the slot of `context`.
    #[inline(always)]
    pub fn load(&mut self, context: usize, slot: Slot) {
        for (word_of_all, word) in self.0.iter_mut().zip(slot) {
            word_of_all[context] = word as i32;
        }
    }

    /// The slot of `context` as it is now.
    #[inline(always)]
    pub fn slot(&self, context: usize) -> Slot {
        core::array::from_fn(|word| self.0[word][context] as u32)
    }

    /// The histories of `node`, 1 ..= 15.
    #[inline(always)]
    pub fn states<S: Simd>(&self, simd: S, node: usize) -> S::I {
        let words = simd.load_i(&self.0[node >> 2 & 3]);
        simd.and_i(simd.shr_by(words, 8 * (node as u32 & 3)), simd.splat_i(255))
    }

    /// Takes `bit` into the histories of `node` of the first `M` contexts.
    #[inline(always)]
    pub fn update<S: Simd, const M: usize>(&mut self, simd: S, node: usize, bit: u32) {
        let old = self.states(simd, node);
        let next = simd.add_i(simd.shl::<1>(old), simd.splat_i(bit as i32));
        let new = simd.gather::<M, 512>(&NEXT, next);
        let words = &mut self.0[node >> 2 & 3];
        // Wrapping arithmetic replaces the byte: the old one out, the new one in.
        let change = simd.shl_by(simd.sub_i(new, old), 8 * (node as u32 & 3));
        let changed = simd.add_i(simd.load_i(words), change);
        simd.store_i(words, changed);
    }
}
