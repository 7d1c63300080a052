//! Merges and the codes of the symbols: the encoder's side of a table.

use std::collections::HashSet;

use super::bits::BitWriter;
use super::sequence::Sequence;
use super::{BARRIER, BpeError, Decoder, prefixes};

/// Bytes encoded at once by [`Table::encode`]; tokens do not cross the seam.
const CHUNK: usize = 1 << 20;

/// What becomes of a symbol in the coded data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Coded as one byte.
    Short,
    /// Coded as a prefix and a byte.
    Long,
    /// A token coded as its two halves.
    Spelled,
    /// As `Spelled`, and no other token needs it: not in the table.
    Dropped,
}

/// What learning a block ends in. Symbols are the literals, then the tokens
/// in the order they were learnt.
pub(super) struct Lesson {
    /// Byte values of the literals, ascending.
    pub(super) literals: Vec<u8>,
    /// The two halves of each token.
    pub(super) merges: Vec<(u16, u16)>,
    /// What becomes of each symbol.
    pub(super) standings: Vec<Standing>,
}

/// A merge table to encode with.
///
/// Learnt on one block or sample, it encodes any data that has no other byte
/// values than it was told of. Its wire form is read by [`Decoder::parse`].
pub struct Table {
    literals: Vec<u8>,
    merges: Vec<(u16, u16)>,
    /// The coded bytes of each symbol.
    spellings: Vec<Vec<u8>>,
    wire: Vec<u8>,
    decoder: Decoder,
}

impl Table {
    pub(super) fn new(lesson: Lesson) -> Self {
        let order = WireOrder::of(&lesson);
        let wire = order.write(&lesson);
        let decoder = Decoder::parse(&wire).expect("the learner stays within every limit");
        let spellings = order.spell(&lesson);
        let Lesson { literals, merges, .. } = lesson;
        Table { literals, merges, spellings, wire, decoder }
    }

    /// The wire form of the table, as spec/bpe.md §3 has it.
    pub fn wire(&self) -> &[u8] {
        &self.wire
    }

    /// The decoder of what this table encodes.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// The byte values of the data, ascending; the first symbols.
    pub fn literals(&self) -> &[u8] {
        &self.literals
    }

    /// The two halves of each token, in the order they were learnt: the
    /// symbols behind the literals. Merges that did not pay in the end are
    /// among them.
    pub fn merges(&self) -> &[(u16, u16)] {
        &self.merges
    }

    /// The coded bytes of a symbol.
    ///
    /// # Panics
    /// If there is no such symbol.
    pub fn spelling(&self, symbol: u16) -> &[u8] {
        &self.spellings[symbol as usize]
    }

    /// Encodes `raw`: replaces the pairs in the order they were learnt. The
    /// bytes it was learnt on, up to 1 MiB, give the same symbols again.
    ///
    /// Works in chunks of 1 MiB; about 16 MiB of memory beside the result.
    ///
    /// # Errors
    /// [`BpeError::ForeignByte`] for a byte value the table was not told of.
    pub fn encode(&self, raw: &[u8]) -> Result<Vec<u8>, BpeError> {
        let ids = literal_ids(&self.literals);
        if let Some(&value) = raw.iter().find(|&&byte| ids[byte as usize] == BARRIER) {
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
            self.spell_into(&sequence, &mut symbols);
        }
        Ok(symbols)
    }

    /// Appends the coded bytes of a sequence of this table's symbols.
    pub(super) fn spell_into(&self, sequence: &Sequence, symbols: &mut Vec<u8>) {
        sequence.for_each(|symbol| match self.spellings[symbol as usize][..] {
            [value] => symbols.push(value),
            ref several => symbols.extend_from_slice(several),
        });
    }
}

/// `[256]`: the symbol of each byte value, [`BARRIER`] for other values.
pub(super) fn literal_ids(literals: &[u8]) -> [u16; 256] {
    let mut ids = [BARRIER; 256];
    for (id, &byte) in (0..).zip(literals) {
        ids[byte as usize] = id;
    }
    ids
}

/// The order of the wire form: the literals, then waves of tokens, each as
/// early as its halves allow, by index of their pair.
struct WireOrder {
    waves: Vec<Vec<u16>>,
    /// The place of each symbol in wire order.
    rank: Vec<u32>,
}

impl WireOrder {
    fn of(lesson: &Lesson) -> Self {
        let literals = lesson.literals.len();
        let mut wave_of = vec![0; literals];
        for &(left, right) in &lesson.merges {
            wave_of.push(1 + wave_of[left as usize].max(wave_of[right as usize]));
        }
        let mut waves = vec![Vec::new(); wave_of.iter().copied().max().unwrap_or(0)];
        for token in literals..wave_of.len() {
            // A half of a token in the table is in the table.
            if lesson.standings[token] != Standing::Dropped {
                waves[wave_of[token] - 1].push(token as u16);
            }
        }
        waves.retain(|wave| !wave.is_empty());
        let mut order = WireOrder { waves: Vec::new(), rank: (0..literals as u32).collect() };
        order.rank.resize(wave_of.len(), 0);
        let mut known = literals as u32;
        for mut wave in waves {
            wave.sort_by_key(|&token| order.pair_index(lesson, token, known));
            for &token in &wave {
                order.rank[token as usize] = known;
                known += 1;
            }
            order.waves.push(wave);
        }
        order
    }

    /// The number by which the table knows a token's pair.
    fn pair_index(&self, lesson: &Lesson, token: u16, known: u32) -> u32 {
        let (left, right) = lesson.merges[token as usize - lesson.literals.len()];
        self.rank[left as usize] * known + self.rank[right as usize]
    }

    /// Symbols with a code, in wire order.
    fn coded(&self, lesson: &Lesson) -> Vec<u16> {
        let literals = 0..lesson.literals.len() as u16;
        literals
            .chain(self.waves.iter().flatten().copied())
            .filter(|&symbol| lesson.standings[symbol as usize] != Standing::Spelled)
            .collect()
    }

    fn write(&self, lesson: &Lesson) -> Vec<u8> {
        let literals = lesson.literals.len() as u32;
        let mut bits = BitWriter::default();
        write_literals(&mut bits, &lesson.literals);
        let mut known = literals;
        for wave in &self.waves {
            let pairs = wave.iter().map(|&token| self.pair_index(lesson, token, known));
            bits.subset(&pairs.collect::<Vec<_>>(), known * known);
            known += wave.len() as u32;
        }
        bits.subset(&[], known * known);
        let tokens = self.waves.iter().flatten().copied();
        bits.subset(&ranks(lesson, tokens, Standing::Spelled), known - literals);
        let coded = self.coded(lesson);
        if prefixes(coded.len()) > 0 {
            let universe = coded.len() as u32;
            bits.subset(&ranks(lesson, coded.into_iter(), Standing::Short), universe);
        }
        bits.finish()
    }

    /// The coded bytes of each symbol.
    fn spell(&self, lesson: &Lesson) -> Vec<Vec<u8>> {
        let Lesson { literals, merges, standings } = lesson;
        let mut spellings = vec![Vec::new(); standings.len()];
        let mut is_free = [true; 256];
        for (literal, &byte) in literals.iter().enumerate() {
            if standings[literal] == Standing::Short {
                is_free[byte as usize] = false;
                spellings[literal].push(byte);
            }
        }
        let coded = self.coded(lesson);
        let mut free = (0..=255u8).filter(|&value| is_free[value as usize]);
        let prefixes = free.by_ref().take(prefixes(coded.len())).collect::<Vec<_>>();
        let mut long = 0;
        for symbol in coded {
            let spelling = &mut spellings[symbol as usize];
            if standings[symbol as usize] == Standing::Long {
                spelling.extend([prefixes[long / 256], (long % 256) as u8]);
                long += 1;
            } else if spelling.is_empty() {
                spelling.extend(free.next());
            }
        }
        for (token, &(left, right)) in (literals.len()..).zip(merges) {
            if spellings[token].is_empty() {
                let halves = [&spellings[left as usize][..], &spellings[right as usize]];
                spellings[token] = halves.concat();
            }
        }
        spellings
    }
}

/// Places of the symbols of one standing among `symbols`.
fn ranks(lesson: &Lesson, symbols: impl Iterator<Item = u16>, standing: Standing) -> Vec<u32> {
    (0..)
        .zip(symbols)
        .filter(|&(_, symbol)| lesson.standings[symbol as usize] == standing)
        .map(|(rank, _)| rank)
        .collect()
}

fn write_literals(bits: &mut BitWriter, literals: &[u8]) {
    let mut is_present = [false; 256];
    literals.iter().for_each(|&byte| is_present[byte as usize] = true);
    // The first run tells absent values and may be empty: one more.
    let mut extra = 1;
    if is_present[0] {
        bits.gamma(1);
        extra = 0;
    }
    for run in is_present.chunk_by(|first, second| first == second) {
        bits.gamma(run.len() as u32 + std::mem::take(&mut extra));
    }
}
