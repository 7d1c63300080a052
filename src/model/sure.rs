//! Sure symbols: one decision for a whole symbol inside a long match.
//!
//! Where a match is long and such matches have held, the next symbol is asked
//! about as a whole before any of its bits: is it the expected one? If so, that
//! one decision is all it costs, in bits and in time, and the experts do not even
//! look. If not, it is coded bit by bit like any other.
//!
//! Normative text: spec/codec.md §5.10.

/// The probabilities at first.
const SURE_FIRST: u16 = 60_000;
/// The probabilities move by 1/2^5 of an error.
const SURE_SHIFT: u32 = 5;

/// When a match is sure enough of the next symbol.
#[derive(Clone, Copy, Debug)]
pub struct Certainty {
    /// Shortest match that is believed.
    pub length: u32,
    /// Least probability, in 1/2^16, at which it is asked.
    pub probability: u16,
}

/// How often long matches have held.
#[derive(Clone, Debug)]
pub struct Sure {
    enough: Certainty,
    /// Probability that the match holds, in 1/2^16, `[length 0..6, agreement 0..4]`:
    /// a length class for each doubling of the least length.
    holds: [u16; 24],
    /// The symbol that a long match expects next, and its cell.
    expected: Option<(u8, usize)>,
}

impl Sure {
    /// Nothing has been learnt yet; a symbol is asked about where it is certain
    /// `enough`.
    pub fn new(enough: Certainty) -> Sure {
        Sure { enough, holds: [SURE_FIRST; 24], expected: None }
    }

    /// Whether to ask about `symbol`, which a match of `length` expects: the
    /// probability, in 1/2^16, that it is that one. `agreement`, 0 ..= 3, tells
    /// what else expects it.
    #[inline(always)]
    pub fn ask(
        &mut self,
        symbol: u8,
        length: u32,
        agreement: impl FnOnce() -> usize,
    ) -> Option<u32> {
        self.expected = None;
        if length < self.enough.length {
            return None;
        }
        let class = (length / self.enough.length).ilog2() as usize;
        let cell = class * 4 + agreement();
        self.expected = Some((symbol, cell));
        let p = self.holds[cell];
        (p >= self.enough.probability).then_some(p as u32)
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

    const EARLY: Certainty = Certainty { length: 8, probability: 60_500 };
    const LATE: Certainty = Certainty { length: 16, probability: 65_350 };

    #[test]
    fn a_match_is_trusted_after_many_hits_and_doubted_after_one_miss() {
        let mut sure = Sure::new(LATE);
        assert_eq!(sure.ask(7, 40, || 3), None);
        (0..200).for_each(|_| sure.learn(7));
        assert!(sure.ask(7, 40, || 3).is_some_and(|p| p < 65_536));
        sure.learn(8);
        assert_eq!(sure.ask(7, 40, || 3), None);
        assert_eq!(sure.ask(7, 40, || 2), None, "each agreement learns for itself");
    }

    #[test]
    fn lengths_are_told_apart_up_to_the_longest() {
        let mut sure = Sure::new(EARLY);
        for length in [8, 16, 32, 64, 128, 256] {
            assert_eq!(sure.ask(7, length, || 0), None, "not yet at {length}");
            (0..200).for_each(|_| sure.learn(7));
        }
        assert!(
            [15, 31, 63, 127, 255, 400].iter().all(|&length| sure.ask(7, length, || 0).is_some())
        );
        assert_eq!(sure.ask(7, 7, || 0), None);
    }
}
