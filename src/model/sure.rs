//! Sure symbols: one decision for a whole symbol inside a long match.
//!
//! Where a match is long and such matches have held, the next symbol is asked
//! about as a whole before any of its bits: is it the expected one? If so, that
//! one decision is all it costs, in bits and in time, and the experts do not even
//! look. If not, it is coded bit by bit like any other.
//!
//! Normative text: spec/codec.md §5.10.

/// Shortest match that may be sure of the next symbol.
pub const SURE_LENGTH: u32 = 16;
/// Least probability, in 1/2^16, at which it is asked.
const SURE_PROBABILITY: u16 = 65_350;
/// The probabilities at first.
const SURE_FIRST: u16 = 60_000;
/// The probabilities move by 1/2^5 of an error.
const SURE_SHIFT: u32 = 5;

/// How often long matches have held.
#[derive(Clone, Debug)]
pub struct Sure {
    /// Probability that the match holds, in 1/2^16, `[length 0..8, agreement 0..4]`.
    holds: [u16; 32],
    /// The cell of the current match.
    cell: usize,
}

impl Default for Sure {
    fn default() -> Sure {
        Sure { holds: [SURE_FIRST; 32], cell: 0 }
    }
}

impl Sure {
    /// The probability, in 1/2^16, that a match of `length` holds, if it is high
    /// enough to ask. `agreement`, 0 ..= 3, says what else expects the symbol.
    #[inline(always)]
    pub fn probability(&mut self, length: u32, agreement: usize) -> Option<u32> {
        let class = (length / SURE_LENGTH).max(1).ilog2().min(7) as usize;
        self.cell = class * 4 + agreement;
        let p = self.holds[self.cell];
        (p >= SURE_PROBABILITY).then_some(p as u32)
    }

    /// Learns whether the match held.
    #[inline(always)]
    pub fn learn(&mut self, held: bool) {
        let cell = &mut self.holds[self.cell];
        let target = held as i32 * 65_535;
        *cell = (*cell as i32 + ((target - *cell as i32) >> SURE_SHIFT)) as u16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_is_trusted_after_many_hits_and_doubted_after_one_miss() {
        let mut sure = Sure::default();
        assert_eq!(sure.probability(40, 3), None);
        (0..200).for_each(|_| sure.learn(true));
        assert!(sure.probability(40, 3).is_some_and(|p| p < 65_536));
        sure.learn(false);
        assert_eq!(sure.probability(40, 3), None);
        assert_eq!(sure.probability(40, 2), None, "each agreement learns for itself");
    }
}
