//! The contexts' side of the engine: slots, StateMaps and counters of all contexts.
//!
//! Normative text: spec/codec.md §5.3 and §5.4.

use super::{Engine, STATE_MAP_LIMIT};
use crate::arith::Simd;
use crate::model::hash_table::occupied;

impl<
    S: Simd,
    const CONTEXTS: usize,
    const VECTORS: usize,
    const MIXER_CONTEXTS: usize,
    const WIDTH: usize,
    const MATCH_MODELS: usize,
    const COUNTERS: usize,
    const APM_STAGES: usize,
    const RESIDUAL: bool,
>
    Engine<
        S,
        CONTEXTS,
        VECTORS,
        MIXER_CONTEXTS,
        WIDTH,
        MATCH_MODELS,
        COUNTERS,
        APM_STAGES,
        RESIDUAL,
    >
{
    /// Writes the hash_table back and finds those of the next nibble.
    #[inline(always)]
    pub(super) fn select(&mut self, nibble: u32) {
        for i in 0..CONTEXTS {
            let nibble_slots = &mut self.nibble_slots[i / 16];
            self.hash_table.put(self.places[i], nibble_slots.slot(i % 16));
            if i < COUNTERS {
                self.hash_table.put_counts(self.places[i], self.counts[i]);
            }
            let hash = self.hashes[i];
            let checksum = (hash >> 24) as u8 ^ (nibble.wrapping_mul(0x9D)) as u8;
            let (place, slot) = self.hash_table.find(hash ^ nibble >> 1, checksum);
            self.places[i] = place;
            nibble_slots.load(i % 16, slot);
            if i < COUNTERS {
                self.hash_table.prefetch_counts(place);
            }
        }
        for i in 0..COUNTERS {
            let occupied = occupied(&self.nibble_slots[i / 16].slot(i % 16));
            self.counts[i] = self.hash_table.counts(self.places[i], occupied);
        }
        self.node = 1;
        self.seen = (1..7).filter(|&i| occupied(&self.nibble_slots[0].slot(i))).count();
    }

    /// Looks up the contexts.
    #[inline(always)]
    pub(super) fn predict_slots(&mut self) {
        let node = self.node & 15;
        for row in 0..Self::LAYOUT.context_vectors {
            match CONTEXTS - 16 * row {
                16.. => self.predict_contexts::<16>(row, node),
                _ => self.predict_contexts::<8>(row, node),
            }
        }
        self.predict_counters(node);
    }

    /// Teaches the bit to the contexts.
    #[inline(always)]
    pub(super) fn learn_contexts(&mut self, bit: u32) {
        let node = self.node & 15;
        for row in 0..Self::LAYOUT.context_vectors {
            match CONTEXTS - 16 * row {
                16.. => self.train_contexts::<16>(row, node, bit),
                _ => self.train_contexts::<8>(row, node, bit),
            }
        }
        self.train_counters(node, bit);
    }

    /// Looks up the contexts of a row of `E`.
    #[inline(always)]
    fn predict_contexts<const E: usize>(&mut self, row: usize, node: usize) {
        let states = self.nibble_slots[row].states(self.simd, node);
        let logistic = self.state_maps[row].predict::<S, E>(self.simd, states);
        self.simd.store(&mut self.inputs[row].0, logistic);
    }

    /// Trains the contexts of a row of `E`.
    #[inline(always)]
    fn train_contexts<const E: usize>(&mut self, row: usize, node: usize, bit: u32) {
        self.state_maps[row].update::<S, E>(self.simd, bit, STATE_MAP_LIMIT);
        self.nibble_slots[row].update::<S, E>(self.simd, node, bit);
    }

    /// What the direct counters predict.
    #[inline(always)]
    fn predict_counters(&mut self, node: usize) {
        for (row, counters) in self.counters.iter_mut().enumerate() {
            let cells = core::array::from_fn(|i| self.counts[16 * row + i][node]);
            counters.predict(self.simd, &cells, &mut self.inputs[Self::LAYOUT.counters + row]);
        }
    }

    /// Trains the direct counters.
    #[inline(always)]
    fn train_counters(&mut self, node: usize, bit: u32) {
        for (row, counters) in self.counters.iter_mut().enumerate() {
            let new = counters.update(self.simd, bit);
            for (counts, new) in self.counts[16 * row..].iter_mut().zip(new) {
                counts[node] = new;
            }
        }
    }
}
