//! Learning: which pairs to merge, and which symbols deserve a code.
//!
//! Pairs are merged by falling count as long as an occurrence could save
//! something. Then the tokens are judged from the last to the first: one that
//! saves less than its entry in the table and the code it takes from another
//! symbol is spelled as its halves. The most used symbols get the codes of
//! one byte.

use super::queue::PairQueue;
use super::sequence::Sequence;
use super::table::{Lesson, Standing, Table, literal_ids};
use super::{BARRIER, MAX_BLOCK, MAX_EXPANSION, MAX_EXPANSIONS, prefixes};

/// Fewest occurrences of a pair that can pay for its entry in the table: an
/// entry takes less than two bytes.
const LEAST_COUNT: u32 = 2;

/// Most rounds of judging; each one sees the codes that the last one freed.
/// Two or three settle text, noise takes more.
const MOST_ROUNDS: usize = 16;

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
pub fn learn(sample: &[u8], present: &[bool; 256], most_merges: usize) -> Table {
    Learner::new().learn(sample, present, most_merges)
}

/// Learns tables, block after block, in the same memory.
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
    /// A learner; takes about 25 bytes per byte of the longest block, 60 at worst.
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
    pub fn learn(&mut self, sample: &[u8], present: &[bool; 256], most_merges: usize) -> Table {
        assert!(sample.len() <= MAX_BLOCK, "a sample of {} bytes", sample.len());
        let literals = (0..=255).filter(|&byte| present[byte as usize]).collect::<Vec<u8>>();
        let ids = literal_ids(&literals);
        assert!(sample.iter().all(|&byte| ids[byte as usize] != BARRIER), "a value not present");
        let mut counts = [0; 256];
        sample.iter().for_each(|&byte| counts[ids[byte as usize] as usize] += 1);
        let mut draft = Draft::new(&counts[..literals.len()]);
        self.queue.clear();
        self.sequence.load(sample, &ids, |_, _, count| count >= LEAST_COUNT);
        self.merge_all(&mut draft, most_merges);
        draft.settle(sample.len());
        Table::new(Lesson { literals, merges: draft.merges, standings: draft.standings })
    }

    /// Learns a table from a block and encodes it: the table's wire form,
    /// then the symbols.
    ///
    /// # Panics
    /// If the block is longer than [`MAX_BLOCK`].
    pub fn encode_block(&mut self, raw: &[u8]) -> Vec<u8> {
        let table = self.learn(raw, &byte_values(raw), usize::MAX);
        let mut coded = table.wire().to_vec();
        table.spell_into(&self.sequence, &mut coded);
        coded
    }

    fn merge_all(&mut self, draft: &mut Draft, most_merges: usize) {
        let Learner { sequence, queue } = self;
        let mut expansions = draft.literals;
        queue.extend(sequence.pairs());
        while draft.merges.len() < most_merges && draft.uses.len() < BARRIER as usize {
            let Some(index) = queue.pop(sequence.pairs()) else {
                return;
            };
            let pair = *sequence.pairs().get(index);
            expansions += sequence.length(pair.left) + sequence.length(pair.right);
            if pair.count < LEAST_COUNT || expansions > MAX_EXPANSIONS - MAX_EXPANSION {
                return;
            }
            let token = draft.uses.len() as u16;
            let merged = sequence.merge(index, token, |_, _, count| count >= LEAST_COUNT);
            debug_assert_eq!(merged, pair.count, "counts are exact");
            draft.add(pair.left, pair.right, merged);
            queue.extend(sequence.pairs());
        }
    }
}

/// The symbols of a block while their codes are decided.
struct Draft {
    literals: usize,
    /// The two halves of each token.
    merges: Vec<(u16, u16)>,
    /// Occurrences of each symbol, those in spellings included.
    uses: Vec<u32>,
    standings: Vec<Standing>,
}

impl Draft {
    fn new(counts: &[u32]) -> Self {
        Draft {
            literals: counts.len(),
            merges: Vec::new(),
            uses: counts.to_vec(),
            standings: vec![Standing::Short; counts.len()],
        }
    }

    fn add(&mut self, left: u16, right: u16, count: u32) {
        self.uses[left as usize] -= count;
        self.uses[right as usize] -= count;
        self.uses.push(count);
        self.merges.push((left, right));
        self.standings.push(Standing::Short);
    }

    fn is_coded(&self, symbol: usize) -> bool {
        matches!(self.standings[symbol], Standing::Short | Standing::Long)
    }

    /// Gives the short codes to the most used symbols. Returns what a short
    /// code is worth: the uses of the first symbol without.
    fn rank(&mut self) -> u32 {
        let mut coded =
            (0..self.uses.len()).filter(|&symbol| self.is_coded(symbol)).collect::<Vec<_>>();
        coded.sort_by_key(|&symbol| std::cmp::Reverse(self.uses[symbol]));
        let short = (256 - prefixes(coded.len())).min(coded.len());
        for (place, &symbol) in coded.iter().enumerate() {
            self.standings[symbol] = if place < short { Standing::Short } else { Standing::Long };
        }
        coded.get(short).map_or(0, |&symbol| self.uses[symbol])
    }

    /// Decides the standing of every symbol.
    fn settle(&mut self, raw_length: usize) {
        for _ in 0..MOST_ROUNDS {
            if !self.judge() {
                break;
            }
        }
        self.rank();
        if self.coded_length() >= raw_length as u64 {
            // Together the tokens do not even pay for their prefixes.
            self.standings[self.literals..].fill(Standing::Dropped);
            self.rank();
        }
    }

    /// Spells the tokens that do not pay, the last one first; false if all do.
    fn judge(&mut self) -> bool {
        let mut changed = false;
        let short_value = u64::from(self.rank());
        let lengths = self.coded_lengths();
        let entry_bits = self.entry_bits();
        let mut references = vec![0u32; self.uses.len()];
        for token in (self.literals..self.uses.len()).rev() {
            let (left, right) = self.merges[token - self.literals];
            let (left, right) = (left as usize, right as usize);
            if self.is_coded(token) {
                let shorter = u64::from(lengths[left] + lengths[right] - lengths[token]);
                let saved = u64::from(self.uses[token]) * shorter * 8;
                let code = if lengths[token] == 1 { short_value * 8 } else { 0 };
                let entry = if references[token] == 0 { entry_bits } else { 0 };
                if saved <= code + entry {
                    changed = true;
                    self.standings[token] = Standing::Spelled;
                    let uses = std::mem::take(&mut self.uses[token]);
                    self.uses[left] += uses;
                    self.uses[right] += uses;
                }
            } else {
                let uses = std::mem::take(&mut self.uses[token]);
                self.uses[left] += uses;
                self.uses[right] += uses;
            }
            if !self.is_coded(token) && references[token] == 0 {
                self.standings[token] = Standing::Dropped;
            } else {
                references[left] += 1;
                references[right] += 1;
            }
        }
        changed
    }

    /// Bits of an entry in the table: a subset of `k` of `n * n` pairs takes
    /// about `log2(n * n / k) + 1.5` bits each, and `k` is most of `n`.
    fn entry_bits(&self) -> u64 {
        let symbols = self.standings.iter().filter(|&&standing| standing != Standing::Dropped);
        u64::from(symbols.count().max(1).ilog2()) + 2
    }

    /// Bytes of the symbols and, about, of the table.
    fn coded_length(&self) -> u64 {
        let lengths = self.coded_lengths();
        let uses = self.uses.iter().zip(&lengths);
        let symbols = uses.map(|(&uses, &length)| u64::from(uses) * u64::from(length));
        let tokens = self.standings[self.literals..].iter();
        let entries = tokens.filter(|&&standing| standing != Standing::Dropped).count() as u64;
        symbols.sum::<u64>() + entries * self.entry_bits() / 8
    }

    /// Coded bytes of each symbol.
    fn coded_lengths(&self) -> Vec<u32> {
        let mut lengths = Vec::with_capacity(self.uses.len());
        for (symbol, standing) in self.standings.iter().enumerate() {
            lengths.push(match standing {
                Standing::Short => 1,
                Standing::Long => 2,
                _ => {
                    let (left, right) = self.merges[symbol - self.literals];
                    lengths[left as usize] + lengths[right as usize]
                }
            });
        }
        lengths
    }
}
