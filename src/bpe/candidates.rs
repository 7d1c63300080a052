//! Which symbols get a code, and of how many bytes.
//!
//! Codec `bpe` prunes the tokens from the last to the first: a token loses its code if
//! it saves less than its entry in the table and the code it takes from another symbol.
//! The most used symbols get the codes of one byte. Filter `bpe` gives every symbol a
//! code of one byte and keeps the tokens that save the most symbols.

use super::prefixes;
use super::table::{Assignment, Learned};

/// Most rounds of pruning; each one sees the codes that the last one freed.
/// Text takes two or three, noise takes more.
const MOST_ROUNDS: usize = 16;

/// The symbols of a block while their codes are decided.
pub(super) struct Candidates {
    /// Byte values of the literals, ascending.
    values: Vec<u8>,
    literals: usize,
    /// The two halves of each token.
    merges: Vec<(u16, u16)>,
    /// Occurrences of each symbol, those inside uncoded tokens included.
    uses: Vec<u32>,
    assignments: Vec<Assignment>,
}

impl Candidates {
    /// The literals `values`, ascending, and how often each occurs.
    pub(super) fn new(values: Vec<u8>, counts: &[u32; 256]) -> Self {
        Candidates {
            literals: values.len(),
            merges: Vec::new(),
            uses: counts[..values.len()].to_vec(),
            assignments: vec![Assignment::Short; values.len()],
            values,
        }
    }

    /// What was learned.
    pub(super) fn into_learned(self) -> Learned {
        Learned { literals: self.values, merges: self.merges, assignments: self.assignments }
    }

    /// Byte values of the literals, ascending.
    pub(super) fn values(&self) -> &[u8] {
        &self.values
    }

    /// Number of symbols.
    fn symbols(&self) -> usize {
        self.uses.len()
    }

    /// Number of merges.
    pub(super) fn merges(&self) -> usize {
        self.merges.len()
    }

    /// Adds the token of a pair merged `count` times.
    pub(super) fn add(&mut self, left: u16, right: u16, count: u32) {
        self.uses[left as usize] -= count;
        self.uses[right as usize] -= count;
        self.uses.push(count);
        self.merges.push((left, right));
        self.assignments.push(Assignment::Short);
    }

    fn is_coded(&self, symbol: usize) -> bool {
        matches!(self.assignments[symbol], Assignment::Short | Assignment::Long)
    }

    /// Gives the short codes to the most used symbols. Returns what a short
    /// code is worth: the uses of the first symbol without one.
    fn assign_short(&mut self) -> u32 {
        let mut coded =
            (0..self.uses.len()).filter(|&symbol| self.is_coded(symbol)).collect::<Vec<_>>();
        coded.sort_by_key(|&symbol| std::cmp::Reverse(self.uses[symbol]));
        let short = (256 - prefixes(coded.len())).min(coded.len());
        for (place, &symbol) in coded.iter().enumerate() {
            self.assignments[symbol] =
                if place < short { Assignment::Short } else { Assignment::Long };
        }
        coded.get(short).map_or(0, |&symbol| self.uses[symbol])
    }

    /// Decides the code of every symbol.
    pub(super) fn assign_codes(&mut self, raw_length: usize) {
        for _ in 0..MOST_ROUNDS {
            if !self.prune() {
                break;
            }
        }
        self.assign_short();
        if self.coded_length() >= raw_length as u64 {
            // Together the tokens do not even pay for their prefixes.
            self.assignments[self.literals..].fill(Assignment::Dropped);
            self.assign_short();
        }
    }

    /// Gives codes to the literals and to at most `most` tokens that save
    /// `least_saved` symbols each: takes the code of the token that saves the fewest,
    /// again and again.
    pub(super) fn keep_best(&mut self, most: usize, least_saved: u32) {
        let mut coded = (self.literals..self.symbols()).collect::<Vec<_>>();
        let mut lengths = self.coded_lengths();
        loop {
            let saved = |token: usize| {
                let (left, right) = self.halves(token);
                u64::from(self.uses[token]) * u64::from(lengths[left] + lengths[right] - 1)
            };
            let worst = (0..coded.len()).min_by_key(|&place| saved(coded[place]));
            match worst {
                Some(place) if coded.len() > most || saved(coded[place]) < least_saved.into() => {
                    self.remove_code(coded.remove(place));
                }
                _ => break,
            }
            lengths = self.coded_lengths();
        }
        self.drop_unused();
        self.assign_short();
    }

    /// Takes the code of a token away: its halves, or their halves, are used more.
    fn remove_code(&mut self, token: usize) {
        self.assignments[token] = Assignment::Uncoded;
        let uses = std::mem::take(&mut self.uses[token]);
        let mut uncoded = vec![token];
        while let Some(token) = uncoded.pop() {
            let (left, right) = self.halves(token);
            for half in [left, right] {
                if self.is_coded(half) {
                    self.uses[half] += uses;
                } else {
                    uncoded.push(half);
                }
            }
        }
    }

    /// Drops the tokens without a code that no other token needs.
    fn drop_unused(&mut self) {
        let mut needed = vec![false; self.symbols()];
        for token in (self.literals..self.symbols()).rev() {
            if self.is_coded(token) || needed[token] {
                let (left, right) = self.halves(token);
                (needed[left], needed[right]) = (true, true);
            } else {
                self.assignments[token] = Assignment::Dropped;
            }
        }
    }

    /// The two symbols a token is made of.
    fn halves(&self, token: usize) -> (usize, usize) {
        let (left, right) = self.merges[token - self.literals];
        (left as usize, right as usize)
    }

    /// Takes the codes of the tokens that cost more than they save, the last one first.
    /// Returns whether there were any.
    fn prune(&mut self) -> bool {
        let mut changed = false;
        let short_value = u64::from(self.assign_short());
        let lengths = self.coded_lengths();
        let entry_bits = self.entry_bits();
        let mut references = vec![0u32; self.uses.len()];
        for token in (self.literals..self.uses.len()).rev() {
            let (left, right) = self.halves(token);
            if self.is_coded(token) {
                let shorter = u64::from(lengths[left] + lengths[right] - lengths[token]);
                let saved = u64::from(self.uses[token]) * shorter * 8;
                let code = if lengths[token] == 1 { short_value * 8 } else { 0 };
                let entry = if references[token] == 0 { entry_bits } else { 0 };
                if saved <= code + entry {
                    changed = true;
                    self.assignments[token] = Assignment::Uncoded;
                    let uses = std::mem::take(&mut self.uses[token]);
                    self.uses[left] += uses;
                    self.uses[right] += uses;
                }
            } else {
                let uses = std::mem::take(&mut self.uses[token]);
                self.uses[left] += uses;
                self.uses[right] += uses;
            }
            if !self.is_coded(token) && references[token] == 0 {
                self.assignments[token] = Assignment::Dropped;
            } else {
                references[left] += 1;
                references[right] += 1;
            }
        }
        changed
    }

    /// Bits of an entry in the table: a subset of `k` of `n * n` pairs takes
    /// about `log2(n * n / k) + 1.5` bits each, and `k` is most of `n`.
    fn entry_bits(&self) -> u64 {
        let symbols =
            self.assignments.iter().filter(|&&assignment| assignment != Assignment::Dropped);
        u64::from(symbols.count().max(1).ilog2()) + 2
    }

    /// Bytes of the symbols and, about, of the table.
    fn coded_length(&self) -> u64 {
        let lengths = self.coded_lengths();
        let uses = self.uses.iter().zip(&lengths);
        let symbols = uses.map(|(&uses, &length)| u64::from(uses) * u64::from(length));
        let tokens = self.assignments[self.literals..].iter();
        let entries =
            tokens.filter(|&&assignment| assignment != Assignment::Dropped).count() as u64;
        symbols.sum::<u64>() + entries * self.entry_bits() / 8
    }

    /// Coded bytes of each symbol.
    fn coded_lengths(&self) -> Vec<u32> {
        let mut lengths = Vec::with_capacity(self.uses.len());
        for (symbol, assignment) in self.assignments.iter().enumerate() {
            lengths.push(match assignment {
                Assignment::Short => 1,
                Assignment::Long => 2,
                _ => {
                    let (left, right) = self.halves(symbol);
                    lengths[left] + lengths[right]
                }
            });
        }
        lengths
    }
}
