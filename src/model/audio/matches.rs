//! Samples that came before in the same order: loops, copies of a sound, silence.
//!
//! Normative text: spec/codec.md §9.5.

/// Multiplier of the running hash; its two low bits are 0, so that the last sixteen samples
/// decide it.
const MULTIPLIER: u32 = 0x2F0B_4C44;
/// Fewest samples of a match.
const LEAST: usize = 16;
/// Most samples that are compared to begin one.
const MOST: usize = 32;
/// Log2 of most samples kept.
const MOST_LOG2: u32 = 22;

/// The last samples of all segments, and where in them the present ones stand.
#[derive(Clone, Debug)]
pub struct Matches {
    /// A ring.
    samples: Vec<i32>,
    /// Where each hash was seen last; 0: nowhere.
    seen: Vec<u32>,
    /// Samples so far.
    count: usize,
    hash: u32,
    /// The sample that comes next in the match.
    next: usize,
    /// Samples of the match, 0 without one.
    length: usize,
}

/// Log2 of the samples that are kept of a group of `bytes`.
pub fn ring_log2(bytes: usize) -> u32 {
    bytes.max(1).ilog2().clamp(10, MOST_LOG2)
}

impl Matches {
    /// Makes one for a group of `bytes`.
    pub fn new(bytes: usize) -> Matches {
        let log2 = ring_log2(bytes);
        let (samples, seen) = (vec![0; 1 << log2], vec![0; 1 << (log2 - 2)]);
        Matches { samples, seen, count: 0, hash: 0, next: 0, length: 0 }
    }

    #[inline(always)]
    fn at(&self, place: usize) -> i32 {
        self.samples[place & (self.samples.len() - 1)]
    }

    /// Returns the sample that comes next, if it is as it was, and how many were.
    #[inline(always)]
    pub fn expected(&self) -> Option<(i32, usize)> {
        (self.length > 0).then(|| (self.at(self.next), self.length))
    }

    /// Takes in a sample.
    #[inline(always)]
    pub fn push(&mut self, sample: i32) {
        if self.length > 0 && self.at(self.next) == sample {
            self.length += 1;
            self.next += 1;
        } else {
            self.length = 0;
        }
        let ring = self.samples.len();
        self.samples[self.count & (ring - 1)] = sample;
        self.count += 1;
        self.hash = self.hash.wrapping_add(sample as u32 ^ 1).wrapping_mul(MULTIPLIER);
        let shift = 32 - self.seen.len().ilog2();
        let cell = (self.hash >> shift) as usize;
        if self.length == 0 {
            self.find(self.seen[cell] as usize);
        }
        self.seen[cell] = self.count as u32;
    }

    /// Begins a match at `place`, if the samples before it are those before the present one.
    #[inline(always)]
    fn find(&mut self, place: usize) {
        if place == 0 || self.count - place > self.samples.len() - MOST {
            return;
        }
        let most = MOST.min(place);
        let same = |&back: &usize| self.at(place - back) == self.at(self.count - back);
        let length = (1..=most).take_while(same).count();
        if length >= LEAST {
            (self.next, self.length) = (place, length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_expected_and_its_end_is_seen() {
        let mut matches = Matches::new(4096);
        let wave = |n: i32| n * n % 997;
        for n in 0..300 {
            matches.push(wave(n % 100));
            let expected = matches.expected().map(|(sample, _)| sample);
            match n {
                0..114 => assert_eq!(expected, None, "{n}"),
                _ if n >= 116 => assert_eq!(expected, Some(wave((n + 1) % 100)), "{n}"),
                _ => {}
            }
        }
        matches.push(-5);
        assert_eq!(matches.expected(), None);
    }

    #[test]
    fn the_ring_is_written_over() {
        let mut matches = Matches::new(1);
        for n in 0..100_000i32 {
            matches.push(n.wrapping_mul(n) >> 3);
        }
        (0..5000).for_each(|_| matches.push(0));
        assert_eq!(matches.expected().map(|(sample, _)| sample), Some(0));
    }
}
