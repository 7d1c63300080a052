//! The merge table: merges, code words of the symbols, encoding, wire form.

use std::collections::HashSet;

use super::bits::BitWriter;
use super::sequence::Sequence;
use super::{BpeError, Decoder, SENTINEL, prefixes};

/// Bytes encoded at once by [`MergeTable::encode`]; no token crosses the border of a
/// chunk.
const CHUNK: usize = 1 << 20;

/// The code that is assigned to a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assignment {
    /// Coded as one byte.
    Short,
    /// Coded as a prefix and a byte.
    Long,
    /// None: the two halves of the token are coded instead.
    Uncoded,
    /// As `Uncoded`, and no other token needs it: not in the table.
    Dropped,
}

/// What was learned from a block. Symbols are the literals, then the tokens
/// in the order they were learned.
pub(super) struct Learned {
    /// Byte values of the literals, ascending.
    pub(super) literals: Vec<u8>,
    /// The two halves of each token.
    pub(super) merges: Vec<(u16, u16)>,
    /// The code of each symbol.
    pub(super) assignments: Vec<Assignment>,
}

/// A merge table to encode with.
///
/// Learned from one block or sample, it encodes any data whose byte values are among
/// its literals. Its wire form is read by [`Decoder::parse`].
pub struct MergeTable {
    literals: Vec<u8>,
    merges: Vec<(u16, u16)>,
    /// The code word of each symbol: those of its halves if it has none itself.
    code_words: Vec<Vec<u8>>,
    wire: Vec<u8>,
    decoder: Decoder,
}

impl MergeTable {
    pub(super) fn new(learned: Learned) -> Self {
        let order = WireOrder::of(&learned);
        let wire = order.write(&learned);
        let decoder = Decoder::parse(&wire).expect("the learner stays within every limit");
        let code_words = order.code_words(&learned);
        let Learned { literals, merges, .. } = learned;
        MergeTable { literals, merges, code_words, wire, decoder }
    }

    /// The wire form of the table, as spec/bpe.md §3 has it.
    pub fn wire(&self) -> &[u8] {
        &self.wire
    }

    /// The decoder of what this table encodes.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// The byte values of the data, ascending: the first symbols.
    pub fn literals(&self) -> &[u8] {
        &self.literals
    }

    /// The two halves of each token, in the order they were learned: the symbols
    /// behind the literals. Includes merges whose tokens got no code.
    pub fn merges(&self) -> &[(u16, u16)] {
        &self.merges
    }

    /// The code word of a symbol, or those of its halves: 1 byte or more.
    ///
    /// # Panics
    /// If there is no such symbol.
    pub fn code_word(&self, symbol: u16) -> &[u8] {
        &self.code_words[symbol as usize]
    }

    /// Encodes `raw`: replaces the pairs in the order they were learned. The
    /// bytes it was learned from, up to 1 MiB, give the same symbols again.
    ///
    /// Works in chunks of 1 MiB; about 16 MiB of memory beside the result.
    ///
    /// # Errors
    /// [`BpeError::ForeignByte`] for a byte value that is not a literal.
    pub fn encode(&self, raw: &[u8]) -> Result<Vec<u8>, BpeError> {
        let ids = literal_ids(&self.literals);
        if let Some(&value) = raw.iter().find(|&&byte| ids[byte as usize] == SENTINEL) {
            return Err(BpeError::ForeignByte { value });
        }
        let merged = self.merges.iter().copied().collect::<HashSet<_>>();
        let wanted = |left, right, _| merged.contains(&(left, right));
        let mut sequence = Sequence::new();
        let mut symbols = Vec::with_capacity(raw.len() / 2);
        for chunk in raw.chunks(CHUNK) {
            sequence.load(chunk, &ids, wanted);
            for (token, &(left, right)) in (self.literals.len() as u16..).zip(&self.merges) {
                if let Some(pair) = sequence.pairs().find(left, right) {
                    sequence.merge(pair, token, wanted);
                }
            }
            self.write_code_words(&sequence, &mut symbols);
        }
        Ok(symbols)
    }

    /// Appends the code words of a sequence of this table's symbols.
    pub(super) fn write_code_words(&self, sequence: &Sequence, symbols: &mut Vec<u8>) {
        sequence.for_each(|symbol| match self.code_words[symbol as usize][..] {
            [value] => symbols.push(value),
            ref several => symbols.extend_from_slice(several),
        });
    }
}

/// `[256]`: the symbol of each byte value, [`SENTINEL`] for other values.
pub(super) fn literal_ids(literals: &[u8]) -> [u16; 256] {
    let mut ids = [SENTINEL; 256];
    for (id, &byte) in (0..).zip(literals) {
        ids[byte as usize] = id;
    }
    ids
}

/// The order of the wire form: the literals, then waves of tokens, each as
/// early as its halves allow, ordered by the index of its pair.
struct WireOrder {
    waves: Vec<Vec<u16>>,
    /// The place of each symbol in wire order.
    rank: Vec<u32>,
}

impl WireOrder {
    fn of(learned: &Learned) -> Self {
        let literals = learned.literals.len();
        let mut wave_of = vec![0; literals];
        for &(left, right) in &learned.merges {
            wave_of.push(1 + wave_of[left as usize].max(wave_of[right as usize]));
        }
        let mut waves = vec![Vec::new(); wave_of.iter().copied().max().unwrap_or(0)];
        for token in literals..wave_of.len() {
            // A half of a token in the table is in the table.
            if learned.assignments[token] != Assignment::Dropped {
                waves[wave_of[token] - 1].push(token as u16);
            }
        }
        waves.retain(|wave| !wave.is_empty());
        let mut order = WireOrder { waves: Vec::new(), rank: (0..literals as u32).collect() };
        order.rank.resize(wave_of.len(), 0);
        let mut known = literals as u32;
        for mut wave in waves {
            wave.sort_by_key(|&token| order.pair_index(learned, token, known));
            for &token in &wave {
                order.rank[token as usize] = known;
                known += 1;
            }
            order.waves.push(wave);
        }
        order
    }

    /// The index of a token's pair among the pairs of the `known` symbols.
    fn pair_index(&self, learned: &Learned, token: u16, known: u32) -> u32 {
        let (left, right) = learned.merges[token as usize - learned.literals.len()];
        self.rank[left as usize] * known + self.rank[right as usize]
    }

    /// Symbols with a code, in wire order.
    fn coded(&self, learned: &Learned) -> Vec<u16> {
        let literals = 0..learned.literals.len() as u16;
        literals
            .chain(self.waves.iter().flatten().copied())
            .filter(|&symbol| learned.assignments[symbol as usize] != Assignment::Uncoded)
            .collect()
    }

    fn write(&self, learned: &Learned) -> Vec<u8> {
        let literals = learned.literals.len() as u32;
        let mut bits = BitWriter::default();
        write_literals(&mut bits, &learned.literals);
        let mut known = literals;
        for wave in &self.waves {
            let pairs = wave.iter().map(|&token| self.pair_index(learned, token, known));
            bits.subset(&pairs.collect::<Vec<_>>(), known * known);
            known += wave.len() as u32;
        }
        bits.subset(&[], known * known);
        let tokens = self.waves.iter().flatten().copied();
        bits.subset(&ranks(learned, tokens, Assignment::Uncoded), known - literals);
        let coded = self.coded(learned);
        if prefixes(coded.len()) > 0 {
            let universe = coded.len() as u32;
            bits.subset(&ranks(learned, coded.into_iter(), Assignment::Short), universe);
        }
        bits.finish()
    }

    /// The code word of each symbol.
    fn code_words(&self, learned: &Learned) -> Vec<Vec<u8>> {
        let Learned { literals, merges, assignments } = learned;
        let mut code_words = vec![Vec::new(); assignments.len()];
        let mut is_free = [true; 256];
        for (literal, &byte) in literals.iter().enumerate() {
            if assignments[literal] == Assignment::Short {
                is_free[byte as usize] = false;
                code_words[literal].push(byte);
            }
        }
        let coded = self.coded(learned);
        let mut free = (0..=255u8).filter(|&value| is_free[value as usize]);
        let prefixes = free.by_ref().take(prefixes(coded.len())).collect::<Vec<_>>();
        let mut long = 0;
        for symbol in coded {
            let code_word = &mut code_words[symbol as usize];
            if assignments[symbol as usize] == Assignment::Long {
                code_word.extend([prefixes[long / 256], (long % 256) as u8]);
                long += 1;
            } else if code_word.is_empty() {
                code_word.extend(free.next());
            }
        }
        for (token, &(left, right)) in (literals.len()..).zip(merges) {
            if code_words[token].is_empty() {
                let halves = [&code_words[left as usize][..], &code_words[right as usize]];
                code_words[token] = halves.concat();
            }
        }
        code_words
    }
}

/// Places among `symbols` of those with this assignment.
fn ranks(
    learned: &Learned,
    symbols: impl Iterator<Item = u16>,
    assignment: Assignment,
) -> Vec<u32> {
    (0..)
        .zip(symbols)
        .filter(|&(_, symbol)| learned.assignments[symbol as usize] == assignment)
        .map(|(rank, _)| rank)
        .collect()
}

fn write_literals(bits: &mut BitWriter, literals: &[u8]) {
    let mut is_present = [false; 256];
    literals.iter().for_each(|&byte| is_present[byte as usize] = true);
    // The first run is of absent values and may be empty: its length is coded plus one.
    let mut extra = 1;
    if is_present[0] {
        bits.gamma(1);
        extra = 0;
    }
    for run in is_present.chunk_by(|first, second| first == second) {
        bits.gamma(run.len() as u32 + std::mem::take(&mut extra));
    }
}
