//! Numbers of samples: sounds that were made louder, or of fewer bits, use some values only.
//!
//! Normative text: spec/codec.md §2.6.

use super::segments::{LEAST_MAPPED, Segment};

/// Values that a segment uses, and their numbers.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// Used values in ascending order; empty if each value is its own number.
    values: Vec<i32>,
}

impl Values {
    /// The values of those that are `used`; the first of them is that of `low`.
    pub fn of_used(used: &[bool], low: i64) -> Values {
        let used = used.iter().zip(low..).filter(|(used, _)| **used);
        Values { values: used.map(|(_, value)| value as i32).collect() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// The number of the least value.
    fn first(&self) -> i64 {
        -(self.values.len() as i64 / 2)
    }

    /// The least and the greatest number.
    pub fn range(&self) -> (i64, i64) {
        (self.first(), self.first() + self.values.len() as i64 - 1)
    }

    /// The number of a value that is used.
    pub fn number(&self, value: i64) -> i64 {
        self.values.partition_point(|&other| (other as i64) < value) as i64 + self.first()
    }

    /// The value of a number in range.
    pub fn value(&self, number: i64) -> i64 {
        self.values[(number - self.first()) as usize] as i64
    }
}

/// Low bits that are 0 in all samples of these bytes, fewer than a sample has.
pub(super) fn unused_bits(bytes: &[u8], segment: &Segment) -> u32 {
    let mut all = 0;
    for sample in bytes.chunks_exact(segment.bytes) {
        all |= segment.sample(sample);
        if all & 1 == 1 {
            return 0;
        }
    }
    if all == 0 { 0 } else { all.trailing_zeros() }
}

/// Which values these samples use, if so few that a table of them pays.
pub(super) fn used(bytes: &[u8], segment: &Segment) -> Option<Vec<bool>> {
    let samples = bytes.len() / segment.bytes;
    if segment.bytes > 2 || samples < LEAST_MAPPED {
        return None;
    }
    let (low, high) = segment.range();
    let mut counts = vec![0u32; (high - low + 1) as usize];
    for sample in bytes.chunks_exact(segment.bytes) {
        counts[(segment.sample(sample) - low) as usize] += 1;
    }
    // The middle half of the samples: at the ends, values are rare anyway.
    let (mut before, mut width, mut distinct, mut inside) = (0, 0, 0, 0);
    for &count in &counts {
        let middle = before + count as usize > samples / 4 && before < samples - samples / 4;
        if middle {
            width += 1;
            distinct += usize::from(count > 0);
            inside += count as usize;
        }
        before += count as usize;
    }
    let gaps = distinct * 10 <= width * 7 && inside >= 4 * width;
    let few = distinct * 6 <= width && inside >= 8 * distinct;
    (gaps || few).then(|| counts.iter().map(|&count| count > 0).collect())
}
