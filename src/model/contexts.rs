//! Context state: what is remembered of the past, from which contexts are computed.
//!
//! Normative text: spec/codec.md §5.1.1; the values of the contexts are in `lists`.

mod lists;

pub use lists::MOST;

use super::hash::{MULTIPLIER, SMALL, THIRD};
use super::indirect::IndirectContexts;
use super::instructions::InstructionParser;
use super::network::NGRAMS;
use super::size::Contexts;

/// What each symbol stands for: itself, or a byte pair's expansion.
#[derive(Clone, Debug)]
pub struct Spelling {
    bytes: Vec<u8>,
    starts: Vec<u32>,
}

impl Default for Spelling {
    /// Every symbol is its own byte.
    fn default() -> Spelling {
        Spelling { bytes: (0..=255).collect(), starts: (0..=256).collect() }
    }
}

impl Spelling {
    /// Makes a spelling in which symbol `v` stands for `expansion(v)`.
    pub fn new<'a>(expansion: impl Fn(u8) -> &'a [u8]) -> Spelling {
        let mut spelling = Spelling { bytes: Vec::new(), starts: vec![0] };
        for symbol in 0..=255 {
            spelling.bytes.extend_from_slice(expansion(symbol));
            spelling.starts.push(spelling.bytes.len() as u32);
        }
        spelling
    }

    /// The bytes of a symbol.
    #[inline(always)]
    pub fn of(&self, symbol: u8) -> &[u8] {
        let index = symbol as usize;
        &self.bytes[self.starts[index] as usize..self.starts[index + 1] as usize]
    }
}

/// What is remembered of the symbols so far.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(Hash))]
pub struct ContextState {
    /// Last eight symbols, the newest lowest.
    pub recent: u64,
    /// Last eight bytes that the symbols stand for, the newest lowest.
    spelt: u64,
    /// Hash of the letters of the word being written; 0 between words.
    pub word: u32,
    /// The words before it, newest first.
    pub words: [u32; 3],
    /// Symbols since the line began.
    pub column: u32,
    /// Where in the past the line above and this line begin.
    above: usize,
    line: usize,
    /// Character classes of the last bytes, four bits each.
    pub classes: u64,
    /// The indirect contexts.
    pub indirect: IndirectContexts,
    /// Hashes of the names of open tags of markup, and how many are open.
    tags: [u32; 16],
    depth: usize,
    /// Hash of the name of a tag, while it is read.
    in_tag: Option<u32>,
    /// Hash of the first bytes of the line.
    line_start: u32,
    /// Shape of the number being read: two bits for each digit and separator.
    number: u32,
    /// The quotation mark that is open, 0 for none.
    quote: u8,
    /// White space that the line begins with.
    pub indent: u32,
    /// Where in an x86 instruction the next byte stands.
    pub parser: InstructionParser,
    /// Position after the last occurrence of each byte, and its distance to the one
    /// before.
    last_seen: Box<[u32; 256]>,
    last_gap: Box<[u32; 256]>,
    /// A distance that has repeated, its votes, and the last distance that repeated.
    votes: [u32; 3],
    /// Distance at which records repeat.
    pub stride: usize,
}

impl ContextState {
    /// Makes the state before the first symbol, with `indirect` indirect contexts.
    pub fn new(indirect: usize) -> ContextState {
        ContextState {
            recent: 0,
            spelt: 0,
            word: 0,
            words: [0; 3],
            column: 0,
            above: 0,
            line: 0,
            classes: 0,
            indirect: IndirectContexts::new(indirect),
            tags: [0; 16],
            depth: 0,
            in_tag: None,
            line_start: 0,
            number: 0,
            quote: 0,
            indent: 0,
            parser: InstructionParser::default(),
            last_seen: Box::new([0; 256]),
            last_gap: Box::new([0; 256]),
            votes: [0; 3],
            stride: 4,
        }
    }
}

/// The character class of a byte.
#[inline(always)]
fn class(byte: u8) -> u64 {
    match byte {
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        b'0'..=b'9' => 3,
        b' ' => 4,
        b'\n' => 5,
        b'.' | b',' | b';' | b':' | b'!' | b'?' => 6,
        b'"' | b'\'' => 7,
        b'(' | b'[' | b'{' | b'<' => 8,
        b')' | b']' | b'}' | b'>' => 9,
        0 => 10,
        128..=191 => 11,
        192..=254 => 12,
        255 => 13,
        1..=31 => 14,
        _ => 15,
    }
}

impl ContextState {
    /// Takes in the symbol just coded, the last of `past`, which stands for the bytes
    /// `spelling`. Contexts of symbols use the symbol, contexts of letters the bytes.
    #[inline(always)]
    pub fn push(&mut self, past: &[u8], spelling: &[u8], contexts: Contexts) {
        let symbol = past[past.len() - 1];
        self.indirect.update(symbol);
        self.recent = self.recent << 8 | symbol as u64;
        if contexts == Contexts::Binary {
            self.parser.push(symbol);
            self.find_stride(symbol, past.len() as u32);
        }
        let indenting = self.column == self.indent;
        self.column += 1;
        for &byte in spelling {
            if contexts != Contexts::Binary {
                self.read_markup(byte);
            }
            self.read(byte, past.len());
        }
        if indenting && (symbol == b' ' || symbol == b'\t') {
            self.indent += 1;
        }
        self.set_indirect_contexts(contexts);
    }

    /// Takes in a byte for words and lines; `next` is the position of the next symbol.
    #[inline(always)]
    fn read(&mut self, byte: u8, next: usize) {
        self.spelt = self.spelt << 8 | byte as u64;
        self.classes = self.classes << 4 | class(byte);
        if byte.is_ascii_alphabetic() || byte >= 128 {
            let letter = byte.to_ascii_lowercase() as u32 + 1;
            self.word = self.word.wrapping_add(letter).wrapping_mul(SMALL).rotate_left(9);
        } else if self.word != 0 {
            self.words = [self.word, self.words[0], self.words[1]];
            self.word = 0;
        }
        if byte == b'\n' {
            (self.above, self.line) = (self.line, next);
            (self.column, self.indent, self.line_start) = (0, 0, 0);
        }
    }

    /// Takes in a byte for tags, quotation marks, numbers and the start of the line.
    #[inline(always)]
    fn read_markup(&mut self, byte: u8) {
        match (self.in_tag, byte) {
            (None, b'<') => self.in_tag = Some(0),
            (Some(0), b'/') => {
                self.depth = self.depth.wrapping_sub(1);
                self.in_tag = None;
            }
            (Some(name), b'A'..=b'z' | b'0'..=b'9' | b':' | b'-') => {
                self.in_tag = Some(name.wrapping_add(byte as u32 + 1).wrapping_mul(SMALL));
            }
            (Some(name), _) => {
                if name != 0 {
                    self.depth = self.depth.wrapping_add(1);
                    self.tags[self.depth & 15] = name;
                }
                self.in_tag = None;
            }
            (None, _) => {}
        }
        self.number = match byte {
            b'0'..=b'9' => self.number << 2 | 1,
            b'.' | b',' | b':' | b'-' | b'/' if self.number != 0 => self.number << 2 | 2,
            _ => 0,
        };
        if byte == b'"' || byte == b'\n' {
            self.quote = if self.quote == 0 && byte == b'"' { byte } else { 0 };
        }
        if self.column < 4 {
            self.line_start = self.line_start.wrapping_add(byte as u32 + 1).wrapping_mul(SMALL);
        }
    }

    /// Looks for the distance at which records repeat: a gap that repeats for the same
    /// byte is a vote for it.
    #[inline(always)]
    fn find_stride(&mut self, byte: u8, position: u32) {
        let gap = position - self.last_seen[byte as usize];
        self.last_seen[byte as usize] = position;
        let same = gap == self.last_gap[byte as usize];
        self.last_gap[byte as usize] = gap;
        if same && gap > 2 && gap < 512 {
            if gap == self.votes[0] {
                self.votes[1] += 1;
                if self.votes[1] > 15 {
                    self.stride = gap as usize;
                    self.votes[1] = 0;
                }
            } else if gap == self.votes[2] {
                self.votes[0] = gap;
                self.votes[1] = 2;
            }
            self.votes[2] = gap;
        }
    }

    /// Which indirect contexts predict `symbol`: 1 for the last two symbols, 2 for the last
    /// three, 3 for both.
    #[inline(always)]
    pub fn agreement(&self, symbol: u8) -> usize {
        let pair = self.indirect.history(1) as u8 == symbol;
        let triple = self.indirect.history(2) as u8 == symbol;
        pair as usize | (triple as usize) << 1
    }

    /// Where in an x86 instruction the next byte stands, below 256.
    #[inline(always)]
    pub fn position(&self) -> usize {
        self.parser.position() as usize & 255
    }

    /// Hashes of the network's n-grams: orders 2, 3, 4, 6 and the word.
    #[inline(always)]
    pub fn ngrams(&self) -> [u32; NGRAMS] {
        let r = self.recent;
        let hash = |value: u64, index: u64| {
            let mixed = (value + index).wrapping_mul(MULTIPLIER).rotate_left(31);
            (mixed.wrapping_mul(THIRD + 2 * index) >> 32) as u32
        };
        [
            hash(r & 0xFFFF, 1),
            hash(r & 0xFF_FFFF, 2),
            hash(r & 0xFFFF_FFFF, 3),
            hash(r & 0xFFFF_FFFF_FFFF, 4),
            hash(self.word as u64 | (r & 255) << 32, 5),
        ]
    }
}
