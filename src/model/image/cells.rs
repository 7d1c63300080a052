//! The cells of a bit: where they are, what they predict, and what they learn.
//!
//! Normative text: spec/codec.md §8.6.

use super::bank::Bank;
use super::class::Class;
use super::contexts::{CONTEXTS, Chosen, DISTANCES, HASHES};
use super::slots::Slots;
use crate::arith::memory::Table;
use crate::arith::{Simd, Vector};

/// Sets of statistics.
pub const SETS: usize = 8;
/// Classes of the distance from a prediction.
pub const CLASSES: usize = 64;
/// Least distances, in 1/8, of the classes on either side.
const EDGES: [i32; 31] = [
    1, 3, 5, 7, 10, 13, 17, 21, 26, 32, 38, 45, 53, 62, 72, 84, 98, 114, 132, 152, 176, 204, 240,
    280, 330, 390, 470, 570, 700, 900, 1200,
];
/// Input that never changes.
const BIAS: f32 = 0.4;
/// What probabilities are multiplied by as inputs.
const SCALE: f32 = 4.0;
/// Most uses that a meaning counts.
const MEANING_LIMIT: i32 = 1000;

/// Cells by distance, cells of hashed contexts, and what the latter mean.
pub struct Cells {
    /// The class of each distance, from −2048 to 2047 in 1/8.
    classes: Box<[u8; 4096]>,
    /// `[DISTANCES, SETS, CONTEXTS, 8 bits, CLASSES]`.
    distances: Table<i32>,
    slots: Slots,
    /// `[SETS, HASHES, 256]`.
    meanings: Vec<i32>,
    near: Bank,
    hashed: Bank,
    meant: Bank,
    /// Of the current bit: the class of the distance from the first prediction.
    nearest: usize,
    /// Hashed contexts that were seen before.
    seen: usize,
    node: usize,
    near_at: [usize; 16],
    near_cells: [i32; 16],
    hashed_cells: [i32; 16],
    meant_at: [usize; 16],
}

/// Returns an upper bound of the bytes that the cells of a class take.
pub fn memory(class: &Class) -> u64 {
    let distances = if class.full { DISTANCES } else { DISTANCES / 2 };
    let cells = distances * SETS * CONTEXTS * 8 * CLASSES + SETS * HASHES * 256;
    4 * cells as u64 + (64 << class.slots)
}

impl Cells {
    /// Makes cells that were never used.
    pub fn new(class: &Class) -> Cells {
        let mut classes = Box::new([0; 4096]);
        for (place, class) in classes.iter_mut().enumerate() {
            let distance = place as i32 - 2048;
            let side = EDGES.iter().filter(|&&edge| distance.abs() >= edge).count() as u8;
            *class = if distance < 0 { 31 - side } else { 32 + side };
        }
        let distances = if class.full { DISTANCES } else { DISTANCES / 2 };
        let cells = distances * SETS * CONTEXTS * 8 * CLASSES;
        Cells {
            classes,
            distances: Table::new(cells.ilog2()),
            slots: Slots::new(class.slots),
            meanings: vec![0; SETS * HASHES * 256],
            near: Bank::new(class.limit),
            hashed: Bank::new(class.limit),
            meant: Bank::new(MEANING_LIMIT),
            nearest: 0,
            seen: 0,
            node: 0,
            near_at: [0; 16],
            near_cells: [0; 16],
            hashed_cells: [0; 16],
            meant_at: [0; 16],
        }
    }

    /// Fetches the slots of a byte; changes nothing.
    #[inline(always)]
    pub fn prefetch(&self, class: &Class, chosen: &Chosen) {
        let likely = 16 | (chosen.predictions[0] >> 7) as u32;
        for &hash in &chosen.hashes[..if class.full { HASHES } else { HASHES / 2 }] {
            self.slots.prefetch(hash, likely);
        }
    }

    /// Finds the cells of bit `bit` of a byte; `partial` is the bits before it, behind a one.
    #[inline(always)]
    pub fn find(
        &mut self,
        class: &Class,
        set: usize,
        chosen: &Chosen,
        (bit, partial): (usize, u32),
    ) {
        let half = bit & 3;
        if half == 0 {
            let hashes = if class.full { HASHES } else { HASHES / 2 };
            for lane in 0..hashes {
                self.slots.select(lane, chosen.hashes[lane], partial);
            }
        }
        // The least value with a one here, less one half.
        let middle = (((partial << (8 - bit)) & 255) + (128 >> bit)) as i32 * 8 - 4;
        let distances = if class.full { DISTANCES } else { DISTANCES / 2 };
        for lane in 0..distances {
            let distance = (middle - chosen.predictions[lane] + 2048) as usize & 4095;
            let context = (lane * SETS + set) * CONTEXTS + chosen.contexts[lane] as usize;
            let at = (context * 8 + bit) * CLASSES + self.classes[distance] as usize;
            self.near_at[lane] = at;
            self.near_cells[lane] = *self.distances.at(at);
        }
        self.nearest = self.near_at[0] & (CLASSES - 1);
        self.node = (1 << half | (partial & ((1 << half) - 1))) as usize;
        if class.full {
            for lane in 0..HASHES {
                self.hashed_cells[lane] = self.slots.cell(lane, self.node);
            }
        } else {
            for lane in 0..HASHES / 2 {
                self.near_cells[8 + lane] = self.slots.cell(lane, self.node);
            }
        }
    }

    /// Returns the class of the distance from the first prediction.
    #[inline(always)]
    pub fn nearest(&self) -> usize {
        self.nearest
    }

    /// Returns how many hashed contexts were seen before, at most 15.
    #[inline(always)]
    pub fn seen(&self) -> usize {
        self.seen.min(15)
    }

    /// Returns the inputs of the mixers.
    #[inline(always)]
    pub fn predict<S: Simd, const V: usize>(&mut self, simd: S, set: usize) -> [Vector; V] {
        let mut inputs = [Vector::ZERO; V];
        let scale = simd.splat(SCALE);
        let (stretched, p) = self.near.predict(simd, &self.near_cells);
        simd.store(&mut inputs[0].0, stretched);
        simd.store(&mut inputs[1].0, simd.mul(p, scale));
        if V == 5 {
            let (stretched, _) = self.hashed.predict(simd, &self.hashed_cells);
            simd.store(&mut inputs[2].0, stretched);
            let classes = self.hashed.classes(simd);
            let mut cells = [0; 16];
            self.seen = 0;
            for lane in 0..HASHES {
                let class = classes[lane] as usize & 255;
                self.seen += (class >= 32) as usize;
                self.meant_at[lane] = (set * HASHES + lane) * 256 + class;
                cells[lane] = self.meanings[self.meant_at[lane]];
            }
            let (stretched, p) = self.meant.predict(simd, &cells);
            simd.store(&mut inputs[3].0, stretched);
            simd.store(&mut inputs[4].0, simd.mul(p, scale));
        }
        inputs[V - 1].0[15] = BIAS;
        inputs
    }

    /// Learns the bit.
    #[inline(always)]
    pub fn update<S: Simd, const V: usize>(&mut self, simd: S, bit: u32) {
        let near = self.near.update(simd, bit);
        let lanes = if V == 5 { DISTANCES } else { DISTANCES / 2 };
        for lane in 0..lanes {
            *self.distances.at_mut(self.near_at[lane]) = near[lane];
        }
        if V == 5 {
            let hashed = self.hashed.update(simd, bit);
            let meant = self.meant.update(simd, bit);
            for lane in 0..HASHES {
                self.slots.store(lane, self.node, hashed[lane]);
                self.meanings[self.meant_at[lane]] = meant[lane];
            }
        } else {
            for lane in 0..HASHES / 2 {
                self.slots.store(lane, self.node, near[8 + lane]);
            }
        }
    }
}
