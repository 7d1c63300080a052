//! Match model: predicts the symbol that followed an earlier occurrence of the newest ones.
//!
//! A table of hashes of the last symbols finds a candidate. It is compared symbol by
//! symbol, so a hash collision costs nothing. After a miss the pointer is kept for a
//! while: differences inside copies are often single.
//!
//! Normative text: spec/codec.md §5.5.

use super::confidence;
use super::hash::{MULTIPLIER, THIRD};
use crate::arith::memory::Table;
use crate::arith::{Simd, math};

/// Match lengths are counted up to this.
pub const LONGEST: u32 = 400;
/// Length buckets.
const BUCKETS: usize = 16;

/// One match model with its own minimum length.
#[derive(Clone, Debug)]
pub struct MatchModel {
    /// Position after the last occurrence of each hash, 0 for none.
    table: Table<u32>,
    /// Cells of the table, log2.
    log2: u32,
    /// Hash of the last symbols.
    hash: usize,
    /// Shortest match.
    minimum: u32,
    /// Position in the past of the predicted symbol, 0 without a match.
    pointer: u32,
    /// Length of the match, compared.
    length: u32,
    /// Misses since the match began.
    misses: u32,
    /// The symbol predicted now, behind a leading one; 0 for none.
    symbol: u32,
    /// Probability that a bit of the prediction is right, `[misses 0..4, length bucket]`.
    confidence: [f32; 4 * BUCKETS],
    /// The same in the logistic domain.
    stretched: [f32; 4 * BUCKETS],
    /// The cell of these that the prediction has now.
    cell: usize,
}

/// Length bucket: exact to 8, then coarser.
#[inline(always)]
fn length_bucket(length: u32) -> usize {
    match length {
        0..=7 => (length / 2) as usize,
        8..=15 => 4 + (length / 4 - 2) as usize,
        16..=31 => 6 + (length / 8 - 2) as usize,
        32..=399 => 8 + (length.ilog2() - 5) as usize,
        _ => 12,
    }
}

impl MatchModel {
    /// Makes a model that looks for `minimum` equal symbols, with `2^log2` table cells.
    pub fn new(minimum: u32, log2: u32) -> MatchModel {
        MatchModel {
            table: Table::new(log2),
            log2,
            hash: 0,
            minimum,
            pointer: 0,
            length: 0,
            misses: 0,
            symbol: 0,
            confidence: [confidence::CONFIDENCE_FIRST; 4 * BUCKETS],
            stretched: [confidence::CONFIDENCE_STRETCH; 4 * BUCKETS],
            cell: 0,
        }
    }

    /// Hashes the last symbols and starts fetching the table cell.
    #[inline(always)]
    pub fn prefetch(&mut self, position: usize, recent: u64) {
        if position >= self.minimum as usize {
            let hash = (recent << (64 - 8 * self.minimum)).wrapping_mul(MULTIPLIER);
            let hash = (hash ^ hash >> 29).wrapping_mul(THIRD);
            self.hash = (hash >> (64 - self.log2)) as usize;
            self.table.prefetch(self.hash);
        }
    }

    /// Takes in the last symbol of `past`: the match goes on or is broken.
    #[inline(always)]
    pub fn advance<S: Simd>(&mut self, simd: S, past: &[u8]) {
        if self.pointer > 0 {
            let predicted = past[self.pointer as usize];
            let last = past[past.len() - 1];
            self.learn(simd, predicted, last);
            self.pointer += 1;
            if predicted == last {
                self.length = (self.length + 1).min(LONGEST);
            } else {
                self.length = 0;
                self.misses += 1;
                if self.misses > 8 {
                    self.pointer = 0;
                }
            }
        }
    }

    /// Stores where `past` ends, looks for a match if there is none, and predicts the
    /// symbol after `past`.
    #[inline(always)]
    pub fn find(&mut self, past: &[u8]) {
        if past.len() >= self.minimum as usize {
            let cell = self.table.at_mut(self.hash);
            let candidate = *cell;
            *cell = past.len() as u32;
            if candidate > 0 && self.length < self.minimum {
                let length = common_tail(past, candidate as usize);
                if length >= self.minimum && length > self.length {
                    self.pointer = candidate;
                    self.length = length;
                    self.misses = 0;
                }
            }
        }
        self.cell = (self.misses.min(3) as usize) * BUCKETS + length_bucket(self.length);
        self.symbol = if self.pointer > 0 { past[self.pointer as usize] as u32 | 256 } else { 0 };
    }

    /// Learns from a whole symbol: one step for each bit up to the first that
    /// contradicts the prediction.
    #[inline(always)]
    fn learn<S: Simd>(&mut self, simd: S, predicted: u8, last: u8) {
        let right = (predicted ^ last).leading_zeros() as f32;
        let wrong = (predicted != last) as u32 as f32;
        let p = simd.splat(self.confidence[self.cell]);
        let p = confidence::moved(simd, p, simd.splat(right), simd.splat(wrong));
        self.confidence[self.cell] = simd.first(p);
        self.stretched[self.cell] = simd.first(math::stretch(simd, p));
    }

    /// The predicted symbol behind a leading one, or 0 for none, and how strongly it is
    /// expected, in the logistic domain.
    #[inline(always)]
    pub fn prediction(&self) -> (u32, f32) {
        (self.symbol, self.stretched[self.cell])
    }

    /// The predicted symbol, if there is one and its first `bit_index` bits are those of
    /// `partial`.
    #[inline(always)]
    pub fn expected_symbol(&self, partial: u32, bit_index: u32) -> Option<u32> {
        (self.symbol >> (8 - bit_index) == partial).then_some(self.symbol & 255)
    }

    /// Length of the match and the symbol it predicts: after `advance`, before `find`.
    #[inline(always)]
    pub fn expected_next(&self, past: &[u8]) -> (u32, u8) {
        let at = self.pointer as usize;
        if at > 0 { (self.length, past[at]) } else { (0, 0) }
    }

    /// Length bucket of the current match, 0 ..= 12; 0 without one.
    #[inline(always)]
    pub fn length_bucket(&self) -> usize {
        if self.pointer > 0 { length_bucket(self.length) } else { 0 }
    }
}

/// How many symbols before `candidate` equal the last ones of `past`.
#[inline(always)]
fn common_tail(past: &[u8], candidate: usize) -> u32 {
    // Most candidates differ early: eight symbols at once.
    if let (Some(recent), Some(older)) = (past.last_chunk::<8>(), past[..candidate].last_chunk()) {
        let differ = u64::from_le_bytes(*recent) ^ u64::from_le_bytes(*older);
        if differ != 0 {
            return differ.leading_zeros() / 8;
        }
    }
    let recent = past.iter().rev();
    let older = past[..candidate].iter().rev();
    recent.zip(older).take(LONGEST as usize).take_while(|(a, b)| a == b).count() as u32
}

#[cfg(test)]
impl std::hash::Hash for MatchModel {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let MatchModel {
            table,
            log2,
            hash,
            minimum,
            pointer,
            length,
            misses,
            symbol,
            confidence,
            stretched,
            cell,
        } = self;
        (table, log2, hash, minimum, pointer, length, misses, symbol, cell).hash(state);
        [confidence, stretched].map(|p| p.map(f32::to_bits)).hash(state);
    }
}
