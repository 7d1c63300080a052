//! Sure symbols: one decision for a whole symbol inside a long match.
//!
//! Where a match is long and such matches have held, the next symbol is asked
//! about as a whole before any of its bits: is it the expected one? If so, that
//! one decision is all it costs, in bits and in time, and the experts do not even
//! look. If not, it is coded bit by bit like any other.
//!
//! Normative text: spec/codec.md §5.10.

/// Shortest match that may be sure of the next symbol.
const SURE_LENGTH: u32 = 16;
/// Least probability, in 1/2^16, at which it is asked.
const SURE_PROBABILITY: u16 = 65_350;
/// The probabilities at first.
const SURE_FIRST: u16 = 60_000;
/// The probabilities move by 1/2^5 of an error.
const SURE_SHIFT: u32 = 5;

/// How often long matches have held.
#[derive(Clone, Debug)]
pub struct Sure {
    /// Probability that the match holds, in 1/2^16, `[length 0..5, agreement 0..4]`:
    /// lengths from 16, 32, 64, 128 and 256 on.
    holds: [u16; 20],
    /// The symbol that a long match expects next, and its cell.
    expected: Option<(u8, usize)>,
}

impl Default for Sure {
    fn default() -> Sure {
        Sure { holds: [SURE_FIRST; 20], expected: None }
    }
}

impl Sure {
    /// Whether to ask about `symbol`, which a match of `length` expects: the
    /// probability, in 1/2^16, that it is that one. `agreement`, 0 ..= 3, says
    /// what else expects it.
    #[inline(always)]
    pub fn ask(&mut self, symbol: u8, length: u32, agreement: usize) -> Option<u32> {
        self.expected = None;
        if length < SURE_LENGTH {
            return None;
        }
        let class = (length / SURE_LENGTH).ilog2() as usize;
        let cell = class * 4 + agreement;
        self.expected = Some((symbol, cell));
        let p = self.holds[cell];
        (p >= SURE_PROBABILITY).then_some(p as u32)
    }

    /// Learns whether the match held, where one was long enough.
    #[inline(always)]
    pub fn learn(&mut self, symbol: u8) {
        if let Some((expected, cell)) = self.expected {
            let target = (expected == symbol) as i32 * 65_535;
            let cell = &mut self.holds[cell];
            *cell = (*cell as i32 + ((target - *cell as i32) >> SURE_SHIFT)) as u16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_is_trusted_after_many_hits_and_doubted_after_one_miss() {
        let mut sure = Sure::default();
        assert_eq!(sure.ask(7, 40, 3), None);
        (0..200).for_each(|_| sure.learn(7));
        assert!(sure.ask(7, 40, 3).is_some_and(|p| p < 65_536));
        sure.learn(8);
        assert_eq!(sure.ask(7, 40, 3), None);
        assert_eq!(sure.ask(7, 40, 2), None, "each agreement learns for itself");
    }

    #[test]
    fn lengths_are_told_apart_up_to_the_longest() {
        let mut sure = Sure::default();
        for length in [16, 32, 64, 128, 256] {
            assert_eq!(sure.ask(7, length, 0), None, "not yet at {length}");
            (0..200).for_each(|_| sure.learn(7));
        }
        assert!([31, 63, 127, 255, 400].iter().all(|&length| sure.ask(7, length, 0).is_some()));
        assert_eq!(sure.ask(7, 15, 0), None);
    }
}
