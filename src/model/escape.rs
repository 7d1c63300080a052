//! Escape flag: one bit for a whole symbol in a long match.
//!
//! In a long match, if such matches were right often enough, one flag codes "the next
//! symbol is the predicted one". If it is set, the symbol's eight bits are not coded, and
//! the contexts do not learn. If not, the symbol is coded bit by bit like any other.
//!
//! Normative text: spec/codec.md §5.10.

/// Probability, in 1/2^16, that a long match is right, at first.
pub const ESCAPE_FIRST: u16 = 60_000;
/// That probability moves by 1/2^5 of an error.
pub const ESCAPE_SHIFT: u32 = 5;

/// Rows of the probabilities: how often the shortest length can double.
pub const DOUBLINGS: usize = 6;

/// When an escape flag is coded.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(test, derive(Hash))]
pub struct EscapeThreshold {
    /// Shortest match.
    pub length: u32,
    /// Least probability, in 1/2^16, that the match is right.
    pub probability: u16,
}

/// How often the predicted symbols of long matches were right.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(Hash))]
pub struct Escape {
    threshold: EscapeThreshold,
    /// Probability that the predicted symbol is right, in 1/2^16,
    /// `[DOUBLINGS, agreement 0..4]`: a row for each doubling of the shortest length.
    probabilities: [u16; 4 * DOUBLINGS],
    /// The symbol that a long match predicts next, and its cell.
    expected: Option<(u8, usize)>,
}

impl Escape {
    /// Makes probabilities that have learnt nothing yet.
    pub fn new(threshold: EscapeThreshold) -> Escape {
        Escape { threshold, probabilities: [ESCAPE_FIRST; 4 * DOUBLINGS], expected: None }
    }

    /// Returns the probability, in 1/2^16, that the next symbol is `symbol`, which a match
    /// of `length` predicts; `None` if no flag is to be coded. `agreement`, 0 ..= 3, says
    /// which indirect contexts predict it too.
    #[inline(always)]
    pub fn offer(
        &mut self,
        symbol: u8,
        length: u32,
        agreement: impl FnOnce() -> usize,
    ) -> Option<u32> {
        self.expected = None;
        if length < self.threshold.length {
            return None;
        }
        let doublings = (length / self.threshold.length).ilog2() as usize;
        let cell = doublings * 4 + agreement();
        self.expected = Some((symbol, cell));
        let p = self.probabilities[cell];
        (p >= self.threshold.probability).then_some(p as u32)
    }

    /// Takes in the symbol that came after `offer`, with or without a flag.
    #[inline(always)]
    pub fn learn(&mut self, symbol: u8) {
        if let Some((expected, cell)) = self.expected {
            let target = (expected == symbol) as i32 * 65_535;
            let cell = &mut self.probabilities[cell];
            *cell = (*cell as i32 + ((target - *cell as i32) >> ESCAPE_SHIFT)) as u16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: EscapeThreshold = EscapeThreshold { length: 8, probability: 60_500 };
    const LONG: EscapeThreshold = EscapeThreshold { length: 16, probability: 65_350 };

    #[test]
    fn many_right_symbols_bring_a_flag_and_one_wrong_one_ends_it() {
        let mut escape = Escape::new(LONG);
        assert_eq!(escape.offer(7, 40, || 3), None);
        (0..200).for_each(|_| escape.learn(7));
        assert!(escape.offer(7, 40, || 3).is_some_and(|p| p < 65_536));
        escape.learn(8);
        assert_eq!(escape.offer(7, 40, || 3), None);
        assert_eq!(escape.offer(7, 40, || 2), None, "each agreement learns for itself");
    }

    #[test]
    fn lengths_are_told_apart_up_to_the_longest() {
        let mut escape = Escape::new(SHORT);
        for length in [8, 16, 32, 64, 128, 256] {
            assert_eq!(escape.offer(7, length, || 0), None, "not yet at {length}");
            (0..200).for_each(|_| escape.learn(7));
        }
        assert!(
            [15, 31, 63, 127, 255, 400]
                .iter()
                .all(|&length| escape.offer(7, length, || 0).is_some())
        );
        assert_eq!(escape.offer(7, 7, || 0), None);
    }
}
