//! The decoder: a merge table becomes expansions, symbols become bytes.
//!
//! Tokens are built from earlier ones only, so a table cannot contain a cycle,
//! and an expansion is refused before it is built too long. Normative text:
//! spec/bpe.md §3 and §4.

use super::bits::BitReader;
use super::{BpeError, MAX_EXPANSION, MAX_EXPANSIONS, SYMBOLS, prefixes};

/// Bytes copied at once; nearly every expansion is shorter.
const WIDE: usize = 16;

/// What a code stands for.
#[derive(Clone, Copy)]
struct Meaning {
    /// First bytes of the expansion; what lies behind its end is not used.
    head: [u8; WIDE],
    /// Bytes of the expansion; 0 for prefixes and undefined codes.
    length: u32,
    /// Where the expansion lies in `Decoder::expansions`; for a prefix, where
    /// the codes behind it lie in `Decoder::meanings`.
    offset: u32,
}

/// Length and offset 0: no code.
const UNDEFINED: Meaning = Meaning { head: [0; WIDE], length: 0, offset: 0 };

/// A merge table ready to decode with.
pub struct Decoder {
    /// `[1 + prefixes, 256]`: the short codes, then those behind each prefix.
    meanings: Vec<Meaning>,
    /// The expansions of all symbols, one behind the other.
    expansions: Vec<u8>,
    table_length: usize,
}

impl Decoder {
    /// Reads the merge table at the front of `bytes`.
    ///
    /// Cost: about 20 ns per token; memory below 3 MiB whatever the bytes are.
    ///
    /// # Errors
    /// The `MergeTable…` kinds and [`BpeError::TokenTooLong`].
    pub fn parse(bytes: &[u8]) -> Result<Self, BpeError> {
        let mut bits = BitReader::new(bytes);
        let mut symbols = Symbols::default();
        let literals = symbols.read_literals(&mut bits)?;
        symbols.read_tokens(&mut bits)?;
        let tokens = symbols.spans.len() - literals;
        let mut is_coded = vec![true; symbols.spans.len()];
        for token in bits.subset(tokens as u32, tokens)? {
            is_coded[literals + token as usize] = false;
        }
        let coded = (0..is_coded.len()).filter(|&symbol| is_coded[symbol]).collect::<Vec<_>>();
        let prefixes = prefixes(coded.len());
        let mut is_short = vec![prefixes == 0; is_coded.len()];
        if prefixes > 0 {
            for rank in bits.subset(coded.len() as u32, coded.len())? {
                is_short[coded[rank as usize]] = true;
            }
        }
        let table_length = bits.finish()?;
        let meanings = symbols
            .assign(literals, &coded, &is_short, prefixes)
            .ok_or(BpeError::TableCrowded { symbols: coded.len() })?;
        Ok(Decoder { meanings, expansions: symbols.expansions, table_length })
    }

    /// Bytes of the merge table.
    pub fn table_length(&self) -> usize {
        self.table_length
    }

    /// Whether some symbols have codes of two bytes.
    pub fn has_long_codes(&self) -> bool {
        self.meanings.len() > 256
    }

    /// The bytes a short code stands for; none for prefixes and undefined codes.
    pub fn expansion(&self, value: u8) -> &[u8] {
        self.expansion_of(&self.meanings[value as usize])
    }

    fn expansion_of(&self, meaning: &Meaning) -> &[u8] {
        if meaning.length == 0 {
            return &[];
        }
        &self.expansions[meaning.offset as usize..][..meaning.length as usize]
    }

    /// Decodes the symbols of a block of `raw_length` bytes.
    ///
    /// Expansions are copied in a fixed width, the excess overwritten by the
    /// next one: one bounds check per symbol.
    ///
    /// # Errors
    /// [`BpeError::UndefinedCode`], [`BpeError::PrefixAtEnd`],
    /// [`BpeError::LengthDiffers`].
    pub fn decode(&self, symbols: &[u8], raw_length: usize) -> Result<Vec<u8>, BpeError> {
        let differs = BpeError::LengthDiffers { expected: raw_length };
        // The slack lets the last symbols be copied as widely as the others.
        let mut raw = vec![0; raw_length + WIDE];
        let mut at = 0;
        let mut rest = symbols.iter();
        while let Some(&code) = rest.next() {
            let mut meaning = &self.meanings[code as usize];
            if meaning.length == 0 && meaning.offset > 0 {
                let low = *rest.next().ok_or(BpeError::PrefixAtEnd)?;
                meaning = &self.meanings[meaning.offset as usize + low as usize];
            }
            let room = raw.get_mut(at..at + WIDE).ok_or(differs)?;
            room.copy_from_slice(&meaning.head);
            let length = meaning.length as usize;
            if length > WIDE {
                let room = raw.get_mut(at..at + length).ok_or(differs)?;
                room.copy_from_slice(self.expansion_of(meaning));
            } else if length == 0 {
                return Err(BpeError::UndefinedCode { at });
            }
            at += length;
        }
        raw.truncate(raw_length);
        if at == raw_length { Ok(raw) } else { Err(differs) }
    }
}

/// The symbols of a table while it is read.
#[derive(Default)]
struct Symbols {
    /// The expansions, one behind the other.
    expansions: Vec<u8>,
    /// Offset and length of each symbol's expansion.
    spans: Vec<(u32, u32)>,
}

impl Symbols {
    /// Reads the literals: lengths of runs of byte values, in turn absent and present,
    /// until all 256 are covered. Returns the number of literals.
    fn read_literals(&mut self, bits: &mut BitReader) -> Result<usize, BpeError> {
        // Only the first run may be empty: its length is coded plus one.
        let mut value = bits.gamma()? - 1;
        let mut present = false;
        while value < 256 {
            present = !present;
            let run = bits.gamma()?;
            if present {
                for literal in value..(value + run).min(256) {
                    self.spans.push((self.expansions.len() as u32, 1));
                    self.expansions.push(literal as u8);
                }
            }
            value += run;
        }
        if value == 256 { Ok(self.spans.len()) } else { Err(bits.out_of_range()) }
    }

    /// Reads the tokens, wave by wave; each is a pair of symbols known before
    /// its wave.
    fn read_tokens(&mut self, bits: &mut BitReader) -> Result<(), BpeError> {
        loop {
            let known = self.spans.len();
            let pairs = bits.subset((known * known) as u32, SYMBOLS - 1 - known)?;
            if pairs.is_empty() {
                return Ok(());
            }
            for pair in pairs {
                let halves = [pair as usize / known, pair as usize % known];
                let found = halves.iter().map(|&half| self.spans[half].1).sum::<u32>() as usize;
                let limit = (MAX_EXPANSIONS - self.expansions.len()).min(MAX_EXPANSION);
                if found > limit {
                    return Err(BpeError::TokenTooLong { found, limit });
                }
                self.spans.push((self.expansions.len() as u32, found as u32));
                for half in halves {
                    let (offset, length) = self.spans[half];
                    let (first, end) = (offset as usize, (offset + length) as usize);
                    self.expansions.extend_from_within(first..end);
                }
            }
        }
    }

    /// Gives every coded symbol its code; `None` if there are not enough.
    fn assign(
        &self,
        literals: usize,
        coded: &[usize],
        is_short: &[bool],
        prefixes: usize,
    ) -> Option<Vec<Meaning>> {
        let mut is_free = [true; 256];
        for literal in (0..literals).filter(|&literal| is_short[literal]) {
            is_free[self.expansions[literal] as usize] = false;
        }
        let mut free = (0..256).filter(|&value| is_free[value]);
        let mut meanings = vec![UNDEFINED; (1 + prefixes) * 256];
        for page in 1..=prefixes {
            meanings[free.next()?].offset = page as u32 * 256;
        }
        let mut long = 256..meanings.len();
        for &symbol in coded {
            let code = match is_short[symbol] {
                true if symbol < literals => self.expansions[symbol] as usize,
                true => free.next()?,
                false => long.next()?,
            };
            meanings[code] = self.meaning(symbol);
        }
        Some(meanings)
    }

    fn meaning(&self, symbol: usize) -> Meaning {
        let (offset, length) = self.spans[symbol];
        let rest = &self.expansions[offset as usize..];
        let mut head = [0; WIDE];
        let filled = rest.len().min(WIDE);
        head[..filled].copy_from_slice(&rest[..filled]);
        Meaning { head, length, offset }
    }
}
