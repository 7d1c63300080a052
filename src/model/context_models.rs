//! The contexts' part of the engine: slots, StateMaps and direct counters of all contexts.
//!
//! Normative text: spec/codec.md §5.3 and §5.4.

use super::array::Array;
use super::counters::Counters;
use super::hash_table::{Counts, HashTable, NibbleSlots, Place, occupied};
use super::layout::{Inputs, LANES, Part};
use super::size::Size;
use super::state_map::StateMaps;
use crate::arith::Simd;
#[cfg(test)]
use crate::model::engine::digest::{Digests, digest};

impl<C: Size> Part<C> for StateMaps {
    const INPUTS: Inputs = Inputs::vectors(C::SIZE.contexts);
}

impl<C: Size> Part<C> for Counters {
    const INPUTS: Inputs = Inputs::vectors(C::SIZE.counters);
}

/// What the contexts look up, and what they learn.
#[derive(Clone)]
pub struct ContextModels<C: Size> {
    hash_table: HashTable,
    /// Hash of each context.
    hashes: C::PerContext<u32>,
    /// Where the slot of each context was found.
    places: C::PerContext<Place>,
    /// The slots of the nibble, for sixteen contexts at a time.
    slots: C::PerContextVector<NibbleSlots>,
    state_maps: C::PerContextVector<StateMaps>,
    /// The direct counters of the slots, for each context that has them.
    counts: C::PerCounter<Counts>,
    counters: C::PerCounterVector<Counters>,
    /// Node of the nibble: its bits so far behind a leading one.
    node: usize,
    /// How many of the contexts 1 ..= 6 found an occupied slot when the nibble began.
    seen: usize,
}

impl<C: Size> ContextModels<C> {
    /// Contexts of the class.
    const CONTEXTS: usize = C::SIZE.contexts;
    /// Contexts that have direct counters.
    const COUNTERS: usize = C::SIZE.counters;
    /// Vectors of the contexts' inputs.
    const VECTORS: usize = C::SIZE.contexts.div_ceil(LANES);

    /// Makes contexts with a hash table of `2^log2_bytes` bytes.
    pub fn new<S: Simd>(simd: S, log2_bytes: u32) -> ContextModels<C> {
        const { assert!(C::SIZE.contexts.is_multiple_of(8)) };
        const { assert!(C::SIZE.counters.is_multiple_of(LANES)) };
        const { assert!(C::LAYOUT.contexts.vector == 0) };
        ContextModels {
            hash_table: HashTable::new(log2_bytes, Self::COUNTERS > 0),
            hashes: Array::from_fn(|_| 0),
            places: Array::from_fn(|_| Place::default()),
            slots: Array::from_fn(|_| NibbleSlots::default()),
            state_maps: Array::from_fn(|_| StateMaps::new(simd)),
            counts: Array::from_fn(|_| [0; 16]),
            counters: Array::from_fn(|_| Counters::default()),
            node: 1,
            seen: 0,
        }
    }

    /// The hashes of the contexts, to be set before a symbol.
    #[inline(always)]
    pub fn hashes(&mut self) -> &mut [u32] {
        self.hashes.as_mut()
    }

    /// How many of the contexts 1 ..= 6 found an occupied slot when the nibble began.
    #[inline(always)]
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// Starts fetching the buckets of the nibble whose number, as in `select`, is
    /// `2 * half` or `2 * half + 1`.
    #[inline(always)]
    pub fn prefetch(&self, half: u32) {
        for hash in self.hashes.iter() {
            self.hash_table.prefetch(hash ^ half);
        }
    }

    /// Writes the slots of the last nibble back and finds those of the next: `nibble` is 0
    /// for the first one of a symbol, for the second the first with a leading one.
    #[inline(always)]
    pub fn select(&mut self, nibble: u32) {
        for i in 0..Self::CONTEXTS {
            let slots = &mut self.slots[i / LANES];
            self.hash_table.put(self.places[i], slots.slot(i % LANES));
            if i < Self::COUNTERS {
                self.hash_table.put_counts(self.places[i], self.counts[i]);
            }
            let hash = self.hashes[i];
            let checksum = (hash >> 24) as u8 ^ (nibble.wrapping_mul(0x9D)) as u8;
            let (place, slot) = self.hash_table.find(hash ^ nibble >> 1, checksum);
            self.places[i] = place;
            slots.load(i % LANES, slot);
            if i < Self::COUNTERS {
                self.hash_table.prefetch_counts(place);
            }
        }
        for i in 0..Self::COUNTERS {
            let occupied = occupied(&self.slots[i / LANES].slot(i % LANES));
            self.counts[i] = self.hash_table.counts(self.places[i], occupied);
        }
        self.node = 1;
        self.seen = (1..7).filter(|&i| occupied(&self.slots[0].slot(i))).count();
    }

    /// Writes what contexts and counters predict to their inputs.
    #[inline(always)]
    pub fn predict<S: Simd>(&mut self, simd: S, inputs: &mut C::Inputs) {
        let node = self.node & 15;
        for v in 0..Self::VECTORS {
            let logistic = match Self::CONTEXTS - LANES * v {
                LANES.. => self.look_up::<S, 16>(simd, v, node),
                _ => self.look_up::<S, 8>(simd, v, node),
            };
            simd.store(&mut inputs[v].0, logistic);
        }
        for (v, counters) in self.counters.iter_mut().enumerate() {
            let cells = core::array::from_fn(|i| self.counts[LANES * v + i][node]);
            counters.predict(simd, &cells, &mut inputs[C::LAYOUT.counters.vector + v]);
        }
    }

    /// Teaches the bit to contexts and counters.
    #[inline(always)]
    pub fn update<S: Simd>(&mut self, simd: S, bit: u32) {
        let node = self.node & 15;
        for v in 0..Self::VECTORS {
            match Self::CONTEXTS - LANES * v {
                LANES.. => self.learn::<S, 16>(simd, v, node, bit),
                _ => self.learn::<S, 8>(simd, v, node, bit),
            }
        }
        for (v, counters) in self.counters.iter_mut().enumerate() {
            let new = counters.update(simd, bit);
            for (counts, new) in self.counts.as_mut()[LANES * v..].iter_mut().zip(new) {
                counts[node] = new;
            }
        }
        self.node = self.node << 1 | bit as usize;
    }

    /// Looks up the first `M` contexts of vector `v`.
    #[inline(always)]
    fn look_up<S: Simd, const M: usize>(&mut self, simd: S, v: usize, node: usize) -> S::F {
        let states = self.slots[v].states(simd, node);
        self.state_maps[v].predict::<S, M>(simd, states)
    }

    /// Trains the first `M` contexts of vector `v`.
    #[inline(always)]
    fn learn<S: Simd, const M: usize>(&mut self, simd: S, v: usize, node: usize, bit: u32) {
        self.state_maps[v].update::<S, M>(simd, bit);
        self.slots[v].update::<S, M>(simd, node, bit);
    }
}

#[cfg(test)]
impl<C: Size> ContextModels<C> {
    /// Digests of the contexts' parts.
    pub fn digests(&self) -> Digests {
        let ContextModels {
            hash_table,
            hashes,
            places,
            slots,
            state_maps,
            counts,
            counters,
            node,
            seen,
        } = self;
        vec![
            ("hashes of the contexts", digest(hashes.as_ref())),
            ("hash table", digest(hash_table)),
            ("slots", digest((places.as_ref(), slots.as_ref(), node, seen))),
            ("StateMaps", digest(state_maps.as_ref())),
            ("direct counters", digest((counts.as_ref(), counters.as_ref()))),
        ]
    }
}
