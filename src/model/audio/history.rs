//! The last samples of a channel.

/// Samples that are kept at least.
const REACH: usize = 32;
/// Room for them, and for as many more before they are moved.
const ROOM: usize = 32 * REACH;

/// The last samples of a channel, the newest last. Before the first one there are zeros.
#[derive(Clone, Debug)]
pub struct History {
    samples: Vec<f64>,
    at: usize,
}

impl Default for History {
    fn default() -> History {
        History { samples: vec![0.0; ROOM], at: REACH }
    }
}

impl History {
    /// Takes in a sample.
    #[inline(always)]
    pub fn push(&mut self, sample: f64) {
        if self.at == ROOM {
            self.samples.copy_within(ROOM - REACH.., 0);
            self.at = REACH;
        }
        self.samples[self.at] = sample;
        self.at += 1;
    }

    /// Returns the last `count` samples, at most 32.
    #[inline(always)]
    pub fn last(&self, count: usize) -> &[f64] {
        &self.samples[self.at - count..self.at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_samples_are_there_before_and_after_they_move() {
        let mut history = History::default();
        for n in 0..5000 {
            history.push(n as f64);
            let expected: Vec<f64> = (n - 31..=n).map(|n| n.max(0) as f64).collect();
            assert_eq!(history.last(32), expected);
        }
    }
}
