//! Counters of nibbles: a slot of fifteen direct counters for each context and nibble.
//!
//! A slot is a vector: lane 0 is the checksum, lanes 1 ..= 15 are the counters of the
//! nibble's nodes, as in a binary heap. So the counters of all nodes are read, and those
//! on the path of the nibble learn, in a few operations. Two slots make a cache line.
//!
//! A counter has sixteen bits: a probability in 1/2^12, counted from one half, and in the
//! low four bits a count, which sets the rate.
//!
//! Normative text: spec/codec.md §5.12.

use crate::arith::Simd;
use crate::arith::memory::Table;
use bytemuck::Zeroable;

/// A checksum and fifteen counters.
pub type Slot = [i16; 16];

/// Two slots, one cache line.
#[derive(Clone, Copy, Debug, Zeroable)]
#[cfg_attr(test, derive(Hash))]
#[repr(C, align(64))]
pub struct SlotPair([Slot; 2]);

/// Where a slot is: its cache line and its place there, 0 or 1.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(test, derive(Hash))]
pub struct SlotPlace {
    line: u32,
    slot: u32,
}

/// The share of the error by which a counter moves, by its count, in 1/2^7.
pub static NIBBLE_RATE: [i8; 16] = [95, 58, 40, 31, 25, 21, 18, 15, 12, 10, 8, 7, 6, 5, 4, 4];
/// Chance that a bit raises the count, in 1/2^7.
pub static NIBBLE_RAISE: [i8; 16] =
    [127, 127, 127, 127, 127, 127, 127, 64, 64, 42, 32, 26, 18, 13, 9, 0];
/// What is added to each lane of the dither for each nibble.
pub const DITHER_STEP: i16 = -0x61C9;

/// What each node is, for one nibble.
struct Path {
    /// −1 for a node on the path, else 0.
    visited: Slot,
    /// Half of the counter that a node on the path moves to.
    goal: Slot,
}

/// The path of each nibble through the fifteen nodes.
static PATHS: [Path; 16] = {
    const NOWHERE: Path = Path { visited: [0; 16], goal: [0; 16] };
    let mut paths = [NOWHERE; 16];
    let mut nibble = 0;
    while nibble < 16 {
        let mut node = 1;
        while node < 16 {
            let bit = next_bit(nibble, node);
            paths[nibble].visited[node] = -1;
            paths[nibble].goal[node] = if bit == 1 { 16_383 } else { -16_384 };
            node = 2 * node + bit;
        }
        nibble += 1;
    }
    paths
};

/// The bit of `nibble` that is coded at `node`, which is on its path.
pub const fn next_bit(nibble: usize, node: usize) -> usize {
    nibble >> (3 - node.ilog2()) & 1
}

/// The table that all contexts share, and the dither of the counters.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(Hash))]
pub struct NibbleTable {
    slots: Table<SlotPair>,
    dither: Slot,
}

impl NibbleTable {
    /// Makes a table of `2^log2_bytes` bytes, at least one cache line.
    pub fn new(log2_bytes: u32) -> NibbleTable {
        let dither = core::array::from_fn(|lane| DITHER_STEP.wrapping_mul(lane as i16));
        NibbleTable { slots: Table::new(log2_bytes.max(6) - 6), dither }
    }

    /// Starts fetching the slots of `line`.
    #[inline(always)]
    pub fn prefetch(&self, line: u32) {
        self.slots.prefetch(line as usize);
    }

    /// Finds the slot with `checksum` in `line`, or the one that has seen less. Returns its
    /// place and its content; on a miss the content is fresh except for the checksum.
    #[inline(always)]
    pub fn find(&self, line: u32, checksum: i16) -> (SlotPlace, Slot) {
        let [first, second] = &self.slots.at(line as usize).0;
        let (at_first, at_second) = (first[0] == checksum, second[0] == checksum);
        // The count of the first node says how much a slot has seen.
        let less = second[1] & 15 < first[1] & 15;
        let slot = (!at_first & (at_second | less)) as u32;
        let keep = -((at_first | at_second) as i16);
        let found = if slot == 0 { first } else { second };
        let mut content = found.map(|counter| counter & keep);
        content[0] = checksum;
        (SlotPlace { line, slot }, content)
    }

    /// Steps the dither: once for each nibble, before its slots learn.
    #[inline(always)]
    pub fn step<S: Simd>(&mut self, simd: S) {
        let dither = simd.load_h(&self.dither);
        simd.store_h(&mut self.dither, simd.add_h(dither, simd.splat_h(DITHER_STEP)));
    }

    /// Teaches `nibble` to the slot whose content was `slot`, and writes it back.
    #[inline(always)]
    pub fn learn<S: Simd>(&mut self, simd: S, place: SlotPlace, slot: &Slot, nibble: usize) {
        let Path { visited, goal } = &PATHS[nibble & 15];
        let (old, dither) = (simd.load_h(slot), simd.load_h(&self.dither));
        let count = simd.and_h(old, simd.splat_h(15));
        let counter = simd.sub_h(old, count);
        let error = simd.sub_h(simd.load_h(goal), simd.half_h(counter));
        let step = simd.scale_h(error, simd.lookup_h(&NIBBLE_RATE, count));
        // The step is half of the change. What rounding drops, the dither replaces.
        let moved = simd.add_saturating_h(simd.add_saturating_h(counter, step), step);
        let moved = simd.add_saturating_h(moved, simd.top_h(dither));
        let moved = simd.and_h(moved, simd.splat_h(-16));
        let chance = simd.and_h(dither, simd.splat_h(0x7FFF));
        let raised = simd.above_h(simd.lookup_h(&NIBBLE_RAISE, count), chance);
        let new = simd.or_h(moved, simd.sub_h(count, raised));
        let change = simd.and_h(simd.sub_h(new, old), simd.load_h(visited));
        let to = &mut self.slots.at_mut(place.line as usize).0[(place.slot & 1) as usize];
        simd.store_h(to, simd.add_h(old, change));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::lanes::Scalar;

    /// The slot after these nibbles.
    fn after(nibbles: impl Iterator<Item = usize>) -> Slot {
        let mut table = NibbleTable::new(14);
        for nibble in nibbles {
            let (place, slot) = table.find(77, 5);
            table.step(Scalar);
            table.learn(Scalar, place, &slot, nibble);
        }
        table.find(77, 5).1
    }

    fn share(counter: i16) -> f32 {
        ((counter >> 4) as f32 + 2048.5) / 4096.0
    }

    #[test]
    fn only_the_nodes_on_the_path_of_a_nibble_learn() {
        let slot = after([0b1010].into_iter());
        let moved: Vec<usize> = (1..16).filter(|&node| slot[node] != 0).collect();
        assert_eq!(moved, [1, 0b11, 0b110, 0b1101]);
        let ones = [1, 0b11, 0b110, 0b1101].map(|node| share(slot[node]) > 0.5);
        assert_eq!(ones, [true, false, true, false]);
        assert_eq!(slot[0], 5, "the checksum stays");
    }

    #[test]
    fn rounding_does_not_stop_a_slow_counter_short_of_its_goal() {
        assert!(share(after((0..4000).map(|_| 15))[1]) > 0.998);
        assert!(share(after((0..4000).map(|_| 0))[1]) < 0.002);
        let rare = share(after((0..4000).map(|i| if i % 50 == 0 { 8 } else { 0 }))[1]);
        assert!((0.005..0.05).contains(&rare), "{rare}");
    }

    #[test]
    fn a_line_keeps_two_contexts_and_gives_up_the_one_that_has_seen_less() {
        let mut table = NibbleTable::new(14);
        let mut learn = |checksum| {
            let (place, slot) = table.find(3, checksum);
            let known = slot[1] != 0;
            table.learn(Scalar, place, &slot, 9);
            known
        };
        assert_eq!([1, 1, 2, 1, 2].map(&mut learn), [false, true, false, true, true]);
        assert_eq!([1, 1, 3, 2, 1].map(&mut learn), [true, true, false, false, true]);
    }
}
