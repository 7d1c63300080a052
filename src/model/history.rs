//! Bit histories: what a context has seen, in one byte.
//!
//! A history is a pair of bounded counts `(zeros, ones)`, with the order of the first
//! bits, and the last bit while it still matters. When a bit contradicts a count above
//! two, that count falls: recent bits weigh more. States are numbered by how much they
//! have seen, so the number is the priority with which a slot is kept.
//!
//! Normative text: spec/codec.md §5.2.

/// A history, before it is numbered.
#[derive(Clone, Copy, PartialEq, Eq)]
struct History {
    /// Count of zeros and of ones, after discounting.
    counts: [u8; 2],
    /// For totals up to [`EXACT`]: the bits themselves, oldest highest.
    /// Above: the last bit.
    tail: u8,
}

/// Up to this many bits the exact sequence is kept.
const EXACT: u8 = 3;
/// Largest larger count for each smaller count.
const LIMIT: [u8; 7] = [41, 24, 12, 7, 5, 5, 6];

const fn allowed(a: u8, b: u8) -> bool {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    small < 6 && large <= LIMIT[small as usize]
}

impl History {
    const fn next(self, bit: u8) -> History {
        let same = bit as usize;
        let other = 1 - same;
        let mut counts = self.counts;
        counts[same] += 1;
        if counts[other] > 2 {
            counts[other] = discounted(counts[other]);
        }
        while !allowed(counts[0], counts[1]) {
            // Too many to count: the larger count falls.
            let larger = if counts[0] > counts[1] { 0 } else { 1 };
            counts[larger] -= 1;
        }
        let total = counts[0] + counts[1];
        let seen = self.counts[0] + self.counts[1];
        let tail = if total <= EXACT && seen < total { self.tail << 1 | bit } else { bit };
        History { counts, tail }.canonical()
    }

    /// Forgets what the tail does not say: in a long history of one value, the last bit.
    const fn canonical(self) -> History {
        let total = self.counts[0] + self.counts[1];
        let tail = if total > EXACT && (self.counts[0] == 0 || self.counts[1] == 0) {
            (self.counts[1] > 0) as u8
        } else if total <= EXACT {
            self.tail & ((1 << total) - 1)
        } else {
            self.tail & 1
        };
        History { counts: self.counts, tail }
    }
}

/// What is left of a count that a bit contradicts.
const fn discounted(count: u8) -> u8 {
    match count {
        0..=2 => count,
        3..=4 => 3,
        5..=7 => 4,
        8..=15 => 5,
        16..=31 => 6,
        _ => 7,
    }
}

struct States {
    list: [History; 256],
    count: usize,
}

/// Every history reachable from the empty one, fewest bits first.
const fn enumerate() -> States {
    let empty = History { counts: [0, 0], tail: 0 };
    let mut states = States { list: [empty; 256], count: 1 };
    let mut found = [empty; 512];
    let mut found_count = 1;
    let mut at = 0;
    while at < found_count {
        let mut bit = 0;
        while bit < 2 {
            let next = found[at].next(bit);
            if !contains(&found, found_count, next) {
                found[found_count] = next;
                found_count += 1;
            }
            bit += 1;
        }
        at += 1;
    }
    // Counting sort by total, stable in order of discovery.
    let mut total = 1;
    while total < 64 {
        let mut i = 0;
        while i < found_count {
            if found[i].counts[0] + found[i].counts[1] == total {
                states.list[states.count] = found[i];
                states.count += 1;
            }
            i += 1;
        }
        total += 1;
    }
    states
}

const fn contains(list: &[History; 512], count: usize, wanted: History) -> bool {
    let mut i = 0;
    while i < count {
        if same(list[i], wanted) {
            return true;
        }
        i += 1;
    }
    false
}

const fn same(a: History, b: History) -> bool {
    a.counts[0] == b.counts[0] && a.counts[1] == b.counts[1] && a.tail == b.tail
}

const STATES: States = enumerate();

const fn number(wanted: History) -> u8 {
    let mut i = 0;
    while i < STATES.count {
        if same(STATES.list[i], wanted) {
            return i as u8;
        }
        i += 1;
    }
    panic!("every successor was enumerated")
}

const fn successors() -> [i32; 512] {
    let mut next = [0; 512];
    let mut i = 0;
    while i < STATES.count {
        next[2 * i] = number(STATES.list[i].next(0)) as i32;
        next[2 * i + 1] = number(STATES.list[i].next(1)) as i32;
        i += 1;
    }
    next
}

/// The state after a bit: `NEXT[2 · state + bit]`.
pub static NEXT: [i32; 512] = successors();

/// Number of states in use.
pub const COUNT: usize = STATES.count;

/// The counts of zeros and ones of a state.
pub const fn counts(state: u8) -> [u8; 2] {
    STATES.list[state as usize].counts
}

/// Probability of a one, in 1/2^16, that a StateMap gives to `state` at first.
///
/// An estimate like that of Krichevsky and Trofimov, but surer after histories of one
/// value.
pub const fn prior(state: u8) -> u16 {
    let [zeros, ones] = counts(state);
    let (zeros, ones) = (zeros as u32, ones as u32);
    let spread = if zeros == 0 || ones == 0 { 5 } else { 8 };
    let numerator = (ones * 16 + spread) << 16;
    (numerator / ((zeros + ones) * 16 + 2 * spread)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_states_fit_a_byte_and_the_empty_one_is_zero() {
        const { assert!(COUNT > 128 && COUNT <= 256) };
        assert_eq!(counts(0), [0, 0]);
    }

    #[test]
    fn zeros_and_ones_are_treated_alike() {
        let mirror = |state: u8| {
            let [zeros, ones] = counts(state);
            (0..COUNT).filter(move |&s| counts(s as u8) == [ones, zeros]).count()
        };
        for state in 0..COUNT {
            let own = (0..COUNT).filter(|&s| counts(s as u8) == counts(state as u8)).count();
            assert_eq!(mirror(state as u8), own);
        }
    }

    #[test]
    fn many_equal_bits_are_counted_and_one_other_discounts_them() {
        let after = |state: u8, bit: usize| NEXT[2 * state as usize + bit] as u8;
        let run = (0..60).fold(0, |state, _| after(state, 1));
        assert_eq!(counts(run), [0, 41]);
        assert_eq!(counts(after(run, 0)), [1, 7]);
    }
}
