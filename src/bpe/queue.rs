//! Pairs by count: a bucket queue that is updated lazily, when it is read.
//!
//! The count of a pair only falls once it is queued, and a new pair never
//! counts more than the pair that was merged to make it. So the largest count
//! only falls, too: the highest bucket in use moves down once, and a pair whose
//! count has fallen is moved to its true bucket when it comes up. All operations on a
//! block of `n` bytes cost O(n) together.

use super::pairs::Pairs;

const NONE: u32 = u32::MAX;

/// A queue of pairs by their numbers in [`Pairs`], largest count first.
#[derive(Default)]
pub(super) struct PairQueue {
    /// First and last pair of each bucket; the index is a count.
    buckets: Vec<(u32, u32)>,
    /// Next pair in the same bucket, for every pair queued so far.
    next: Vec<u32>,
}

impl PairQueue {
    /// Forgets all pairs.
    pub(super) fn clear(&mut self) {
        self.buckets.clear();
        self.next.clear();
    }

    /// Adds the pairs that have been listed since the last call.
    pub(super) fn extend(&mut self, pairs: &Pairs) {
        for pair in self.next.len()..pairs.len() {
            self.next.push(NONE);
            self.push(pair, pairs.get(pair).count);
        }
    }

    fn push(&mut self, pair: usize, count: u32) {
        let count = count as usize;
        if count >= self.buckets.len() {
            self.buckets.resize(count + 1, (NONE, NONE));
        }
        self.next[pair] = NONE;
        let (first, last) = &mut self.buckets[count];
        match *first {
            NONE => *first = pair as u32,
            _ => self.next[*last as usize] = pair as u32,
        }
        *last = pair as u32;
    }

    /// Takes the pair with the largest count. Among equals it takes the one that came
    /// first to its count, so that all tokens grow evenly.
    pub(super) fn pop(&mut self, pairs: &Pairs) -> Option<usize> {
        while let Some(&(first, _)) = self.buckets.last() {
            if first == NONE {
                self.buckets.pop();
                continue;
            }
            let (pair, bucket) = (first as usize, self.buckets.len() - 1);
            self.buckets[bucket].0 = self.next[pair];
            let present = pairs.get(pair).count;
            if present as usize == bucket {
                return Some(pair);
            }
            if present > 0 {
                self.push(pair, present);
            }
        }
        None
    }
}
