//! Learning: which pairs to merge.
//!
//! Merges the most frequent pair, again and again, as long as a merge could save
//! something. Which symbols get a code is decided afterwards (candidates.rs).

use super::candidates::Candidates;
use super::pairs::Pair;
use super::queue::PairQueue;
use super::sequence::Sequence;
use super::table::{MergeTable, literal_ids};
use super::{MAX_BLOCK, MAX_EXPANSION, MAX_EXPANSIONS, SENTINEL};

/// Fewest occurrences of a pair that can make up for its entry in the table: an
/// entry takes less than two bytes.
const LEAST_COUNT: u32 = 2;

/// Merges that [`learn_short`] tries for each value that is free.
const TRIED: usize = 4;

/// The byte values that occur in `raw`.
pub fn byte_values(raw: &[u8]) -> [bool; 256] {
    let mut values = [false; 256];
    raw.iter().for_each(|&byte| values[byte as usize] = true);
    values
}

/// Learns at most `most_merges` merges from `sample` for data that holds the
/// byte values `present`. See [`Learner::learn`].
///
/// # Panics
/// If the sample is longer than [`MAX_BLOCK`] or has other values than `present`.
pub fn learn(sample: &[u8], present: &[bool; 256], most_merges: usize) -> MergeTable {
    Learner::new().learn(sample, present, most_merges)
}

/// Learns a table whose symbols all have codes of one byte, for a model that
/// predicts the symbols: as many tokens as there are free byte values, if each saves
/// `least_saved` symbols of the sample. Merges two symbols only if `joins` allows the
/// last byte of the left one and the first byte of the right one side by side.
///
/// Tries four times as many merges and keeps the tokens that save the most symbols;
/// the others get no code.
///
/// # Panics
/// As [`learn`].
pub fn learn_short(
    sample: &[u8],
    present: &[bool; 256],
    least_saved: u32,
    joins: impl Fn(u8, u8) -> bool,
) -> MergeTable {
    let free = present.iter().filter(|&&present| !present).count();
    let mut candidates = Learner::new().merge_pairs(sample, present, free * TRIED, joins);
    candidates.keep_best(free, least_saved);
    MergeTable::new(candidates.into_learned())
}

/// Learns tables block by block in the same memory.
pub struct Learner {
    sequence: Sequence,
    queue: PairQueue,
}

impl Default for Learner {
    fn default() -> Self {
        Learner::new()
    }
}

impl Learner {
    /// A learner. It takes about 25 bytes per byte of the longest block, 60 at worst.
    pub fn new() -> Self {
        Learner { sequence: Sequence::new(), queue: PairQueue::default() }
    }

    /// Learns at most `most_merges` merges from `sample` for data that holds
    /// the byte values `present`. The table has no long codes while literals
    /// and merges together are at most 256.
    ///
    /// O(n) for `n` bytes; the same sample gives the same table everywhere.
    ///
    /// # Panics
    /// If the sample is longer than [`MAX_BLOCK`] or has other values than `present`.
    pub fn learn(
        &mut self,
        sample: &[u8],
        present: &[bool; 256],
        most_merges: usize,
    ) -> MergeTable {
        let mut candidates = self.merge_pairs(sample, present, most_merges, |_, _| true);
        candidates.assign_codes(sample.len());
        MergeTable::new(candidates.into_learned())
    }

    /// Learns a table from a block and encodes it: the table's wire form,
    /// then the symbols.
    ///
    /// # Panics
    /// If the block is longer than [`MAX_BLOCK`].
    pub fn encode_block(&mut self, raw: &[u8]) -> Vec<u8> {
        let table = self.learn(raw, &byte_values(raw), usize::MAX);
        let mut coded = table.wire().to_vec();
        table.write_code_words(&self.sequence, &mut coded);
        coded
    }

    /// Merges at most `most_merges` pairs. All symbols still have short codes.
    fn merge_pairs(
        &mut self,
        sample: &[u8],
        present: &[bool; 256],
        most_merges: usize,
        joins: impl Fn(u8, u8) -> bool,
    ) -> Candidates {
        assert!(sample.len() <= MAX_BLOCK, "a sample of {} bytes", sample.len());
        let literals = (0..=255).filter(|&byte| present[byte as usize]).collect::<Vec<u8>>();
        let ids = literal_ids(&literals);
        assert!(sample.iter().all(|&byte| ids[byte as usize] != SENTINEL), "a value not present");
        let mut counts = [0; 256];
        sample.iter().for_each(|&byte| counts[ids[byte as usize] as usize] += 1);
        self.sequence.load(sample, &ids, |left, right, count| {
            count >= LEAST_COUNT && joins(literals[left as usize], literals[right as usize])
        });
        self.queue.clear();
        self.queue.extend(self.sequence.pairs());
        let mut candidates = Candidates::new(literals, &counts);
        self.merge_all(&mut candidates, most_merges, joins);
        candidates
    }

    fn merge_all(
        &mut self,
        candidates: &mut Candidates,
        most_merges: usize,
        joins: impl Fn(u8, u8) -> bool,
    ) {
        let Learner { sequence, queue } = self;
        // First and last byte of every symbol.
        let mut ends = candidates.values().iter().map(|&byte| (byte, byte)).collect::<Vec<_>>();
        let mut expansions = ends.len();
        while candidates.merges() < most_merges && ends.len() < SENTINEL as usize {
            let Some(index) = queue.pop(sequence.pairs()) else {
                return;
            };
            let Pair { left, right, count, .. } = *sequence.pairs().get(index);
            expansions += sequence.length(left) + sequence.length(right);
            if count < LEAST_COUNT || expansions > MAX_EXPANSIONS - MAX_EXPANSION {
                return;
            }
            let token = ends.len() as u16;
            ends.push((ends[left as usize].0, ends[right as usize].1));
            let merged = sequence.merge(index, token, |left, right, count| {
                count >= LEAST_COUNT && joins(ends[left as usize].1, ends[right as usize].0)
            });
            debug_assert_eq!(merged, count, "counts are exact");
            candidates.add(left, right, merged);
            queue.extend(sequence.pairs());
        }
    }
}
