//! The experts' side of the engine: slots, maps and counters of all contexts.
//!
//! Normative text: spec/codec.md §5.3 and §5.4.

use super::{Engine, MAP_LIMIT};
use crate::arith::Simd;
use crate::model::slots::known;

impl<
    S: Simd,
    const N: usize,
    const W: usize,
    const K: usize,
    const B: usize,
    const M: usize,
    const C: usize,
    const DEEP: bool,
> Engine<S, N, W, K, B, M, C, DEEP>
{
    /// Writes the slots back and finds those of the next nibble.
    #[inline(always)]
    pub(super) fn select(&mut self, nibble: u32) {
        for i in 0..N {
            let held = &mut self.held[i / 16];
            self.slots.put(self.places[i], held.slot(i % 16));
            if i < C {
                self.slots.put_counts(self.places[i], self.counts[i]);
            }
            let hash = self.hashes[i];
            let check = (hash >> 24) as u8 ^ (nibble.wrapping_mul(0x9D)) as u8;
            let (place, slot) = self.slots.find(hash ^ nibble >> 1, check);
            self.places[i] = place;
            held.hold(i % 16, slot);
            if i < C {
                self.slots.prefetch_counts(place);
            }
        }
        for i in 0..C {
            let known = known(&self.held[i / 16].slot(i % 16));
            self.counts[i] = self.slots.counts(self.places[i], known);
        }
        self.node = 1;
        self.seen = (1..7).filter(|&i| known(&self.held[0].slot(i))).count();
    }

    /// Looks up the experts.
    #[inline(always)]
    pub(super) fn experts(&mut self) {
        let node = self.node & 15;
        for group in 0..Self::GROUPS {
            match N - 16 * group {
                16.. => self.experts_of::<16>(group, node),
                _ => self.experts_of::<8>(group, node),
            }
        }
        self.count(node);
    }

    /// Teaches the bit to the experts.
    #[inline(always)]
    pub(super) fn learn_experts(&mut self, bit: u32) {
        let node = self.node & 15;
        for group in 0..Self::GROUPS {
            match N - 16 * group {
                16.. => self.train::<16>(group, node, bit),
                _ => self.train::<8>(group, node, bit),
            }
        }
        self.recount(node, bit);
    }

    /// Looks up the experts of a group of `E`.
    #[inline(always)]
    fn experts_of<const E: usize>(&mut self, group: usize, node: usize) {
        let states = self.held[group].states(self.simd, node);
        let logistic = self.maps[group].predict::<S, E>(self.simd, states);
        self.simd.store(&mut self.inputs[group].0, logistic);
    }

    /// Trains the experts of a group of `E`.
    #[inline(always)]
    fn train<const E: usize>(&mut self, group: usize, node: usize, bit: u32) {
        self.maps[group].update::<S, E>(self.simd, bit, MAP_LIMIT);
        self.held[group].update::<S, E>(self.simd, node, bit);
    }

    /// What the direct counters predict.
    #[inline(always)]
    fn count(&mut self, node: usize) {
        for (group, counters) in self.counters.iter_mut().enumerate() {
            let cells = core::array::from_fn(|i| self.counts[16 * group + i][node]);
            counters.predict(self.simd, &cells, &mut self.inputs[Self::COUNTED + group]);
        }
    }

    /// Trains the direct counters.
    #[inline(always)]
    fn recount(&mut self, node: usize, bit: u32) {
        for (group, counters) in self.counters.iter_mut().enumerate() {
            let new = counters.update(self.simd, bit);
            for (counts, new) in self.counts[16 * group..].iter_mut().zip(new) {
                counts[node] = new;
            }
        }
    }
}
