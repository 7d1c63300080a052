//! The tokens of a deflate stream: literals and matches.

use super::bits::{BitReader, BitWriter};
use super::codes::{
    Code, DISTANCES, Decoder, END, LENGTHS, LITERALS, OFFSETS, codes, distance_symbol,
    fixed_lengths, length_symbol,
};
use super::trees::{self, Trees};
use std::sync::LazyLock;

/// A literal byte, or `length << 16 | distance`.
pub(super) type Token = u32;

/// Length of a token's match; 1 for a literal.
#[inline]
pub(super) fn length(token: Token) -> u32 {
    if token < 256 { 1 } else { token >> 16 }
}

/// How a block is coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Bytes as they are.
    Stored,
    /// The fixed codes.
    Fixed,
    /// Codes whose trees zlib would make of the block's tokens.
    Predicted,
    /// Codes whose trees are written as these bits.
    Written(Vec<u8>),
}

/// A block of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub form: Form,
    /// Tokens in it; bytes if it is stored.
    pub count: usize,
}

/// A stream, or a part of one, as its blocks and their tokens.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub blocks: Vec<Block>,
    /// Tokens of all blocks; a stored byte is a literal. The context of a part comes first, as
    /// literals.
    pub tokens: Vec<Token>,
    /// The same as bytes.
    pub plain: Vec<u8>,
    /// Whole bytes of the stream.
    pub used: usize,
    /// Bits behind them that belong to the last block; not 0 only in a part that is not the last.
    pub bits: u32,
    /// Whether the last block of the stream is there.
    pub is_last: bool,
}

/// The decoders of both codes of a block.
pub(super) struct Decoders {
    literals: Decoder,
    distances: Decoder,
}

impl Decoders {
    pub fn new(literals: &[u8], distances: &[u8]) -> Option<Self> {
        // A block without its end would never end.
        (literals[END] > 0).then_some(())?;
        Some(Decoders { literals: Decoder::new(literals)?, distances: Decoder::new(distances)? })
    }

    /// Those of the fixed codes, made once.
    pub fn fixed() -> &'static Self {
        static FIXED: LazyLock<Decoders> = LazyLock::new(|| {
            let (literals, distances) = fixed_lengths();
            Decoders::new(&literals, &distances).expect("the fixed codes are complete")
        });
        &FIXED
    }

    /// Reads a token; `Some(None)` at the end of the block; `None` if there is none.
    #[inline]
    pub fn token(&self, bits: &mut BitReader) -> Option<Option<Token>> {
        let symbol = self.literals.read(bits)?;
        if symbol <= END {
            return Some((symbol < END).then_some(symbol as Token));
        }
        let &(base, extra) = LENGTHS.get(symbol - END - 1)?;
        let length = u32::from(base) + bits.take(extra.into())?;
        // 258 has a symbol of its own; nothing writes it the other way.
        if length == 258 && extra > 0 {
            return None;
        }
        let &(base, extra) = OFFSETS.get(self.distances.read(bits)?)?;
        let distance = u32::from(base) + bits.take(extra.into())?;
        Some(Some(length << 16 | distance))
    }
}

/// Takes a stream apart that gives at most `most` bytes. If it is not valid, is longer, or
/// has bits that no writer would set: the bytes that it gave until then.
pub(super) fn parse(stream: &[u8], most: usize) -> Result<Parsed, usize> {
    let mut parsed = Parsed::default();
    match parse_into(&mut parsed, stream, most) {
        Some(()) => Ok(parsed),
        None => Err(parsed.plain.len()),
    }
}

fn parse_into(parsed: &mut Parsed, stream: &[u8], most: usize) -> Option<()> {
    let mut bits = BitReader::new(stream);
    while !read_block(&mut bits, parsed, most)? {}
    end(&mut bits, parsed)
}

/// Takes blocks at the front of `part` apart, whose first `bits` bits belong to the block before,
/// until they have `enough` bytes; the last `context` bytes before them may be matched. They have
/// at most `most` bytes. `None` if no block is whole.
pub(super) fn parse_part(
    part: &[u8],
    bits: u32,
    context: &[u8],
    enough: usize,
    most: usize,
) -> Option<Parsed> {
    let mut parsed = Parsed { plain: context.to_vec(), ..Parsed::default() };
    parsed.tokens.extend(context.iter().map(|&byte| Token::from(byte)));
    let (enough, most) = (enough.saturating_add(context.len()), most.saturating_add(context.len()));
    let mut reader = BitReader::new(part);
    reader.take(bits)?;
    loop {
        let before = (parsed.tokens.len(), parsed.plain.len());
        match read_block(&mut reader, &mut parsed, most) {
            Some(true) => {
                end(&mut reader, &mut parsed)?;
                return Some(parsed);
            }
            Some(false) => {
                let position = reader.position();
                (parsed.used, parsed.bits) = (position / 8, position as u32 % 8);
            }
            None => {
                parsed.tokens.truncate(before.0);
                parsed.plain.truncate(before.1);
                return (!parsed.blocks.is_empty()).then_some(parsed);
            }
        }
        if parsed.plain.len() >= enough {
            return Some(parsed);
        }
    }
}

/// Reads what fills the last byte of a stream.
fn end(bits: &mut BitReader, parsed: &mut Parsed) -> Option<()> {
    (bits.align()? == 0).then_some(())?;
    (parsed.used, parsed.bits, parsed.is_last) = (bits.position() / 8, 0, true);
    Some(())
}

/// Reads a block; returns whether it is the last one.
fn read_block(bits: &mut BitReader, parsed: &mut Parsed, most: usize) -> Option<bool> {
    let last = bits.take(1)? == 1;
    let first = parsed.tokens.len();
    let form = match bits.take(2)? {
        0 => {
            read_stored(bits, parsed, most)?;
            Form::Stored
        }
        1 => {
            read_tokens(bits, Decoders::fixed(), parsed, most)?;
            Form::Fixed
        }
        2 => {
            let start = bits.clone();
            let trees = trees::read(bits)?;
            let length = bits.position() - start.position();
            let decoders = Decoders::new(&trees.literals, &trees.distances)?;
            read_tokens(bits, &decoders, parsed, most)?;
            form_of_trees(start, length, &parsed.tokens[first..])?
        }
        _ => return None,
    };
    parsed.blocks.push(Block { form, count: parsed.tokens.len() - first });
    Some(last)
}

fn read_stored(bits: &mut BitReader, parsed: &mut Parsed, most: usize) -> Option<()> {
    (bits.align()? == 0).then_some(())?;
    let length = bits.take(16)?;
    (bits.take(16)? == length ^ 0xFFFF).then_some(())?;
    let bytes = bits.bytes(length as usize)?;
    (parsed.plain.len() + bytes.len() <= most).then_some(())?;
    parsed.plain.extend_from_slice(bytes);
    parsed.tokens.extend(bytes.iter().map(|&byte| Token::from(byte)));
    Some(())
}

fn read_tokens(
    bits: &mut BitReader,
    decoders: &Decoders,
    parsed: &mut Parsed,
    most: usize,
) -> Option<()> {
    while let Some(token) = decoders.token(bits)? {
        (parsed.plain.len() + length(token) as usize <= most).then_some(())?;
        copy(&mut parsed.plain, token)?;
        parsed.tokens.push(token);
    }
    Some(())
}

/// Appends the bytes of a token. `None` if its distance leads before the first byte.
#[inline]
fn copy(plain: &mut Vec<u8>, token: Token) -> Option<()> {
    if token < 256 {
        plain.push(token as u8);
        return Some(());
    }
    let (length, distance) = ((token >> 16) as usize, (token & 0xFFFF) as usize);
    let start = plain.len().checked_sub(distance)?;
    if distance >= length {
        plain.extend_from_within(start..start + length);
    } else {
        (start..start + length).for_each(|at| plain.push(plain[at]));
    }
    Some(())
}

/// Whether the `length` bits of trees at `start` are those that zlib writes for a block.
fn form_of_trees(mut start: BitReader, length: usize, tokens: &[Token]) -> Option<Form> {
    let mut written = BitWriter::default();
    for at in (0..length).step_by(16) {
        let count = (length - at).min(16) as u32;
        written.put(start.take(count)?, count);
    }
    written.align();
    let mut predicted = BitWriter::default();
    trees::write(&predict(tokens), &mut predicted);
    let same = predicted.position() == length;
    predicted.align();
    let same = same && predicted.bytes == written.bytes;
    Some(if same { Form::Predicted } else { Form::Written(written.bytes) })
}

/// The trees that zlib makes for these tokens.
pub(super) fn predict(tokens: &[Token]) -> Trees {
    let (mut literals, mut distances) = ([0u32; LITERALS], [0u32; DISTANCES]);
    literals[END] = 1;
    for &token in tokens {
        if token < 256 {
            literals[token as usize] += 1;
        } else {
            literals[END + 1 + length_symbol(token >> 16)] += 1;
            distances[distance_symbol(token & 0xFFFF)] += 1;
        }
    }
    trees::of_counts(&literals, &distances)
}

/// Codes ready to write the tokens of a block.
pub(super) struct Coder {
    literals: Vec<Code>,
    distances: Vec<Code>,
}

impl Coder {
    pub fn new(literals: &[u8], distances: &[u8]) -> Self {
        let all = |lengths: &[u8], symbols: usize| {
            let mut codes = codes(lengths);
            codes.resize(symbols, (0, 0));
            codes
        };
        Coder { literals: all(literals, LITERALS), distances: all(distances, DISTANCES) }
    }

    /// That of the fixed codes, made once.
    pub fn fixed() -> &'static Self {
        static FIXED: LazyLock<Coder> = LazyLock::new(|| {
            let (literals, distances) = fixed_lengths();
            Coder::new(&literals, &distances)
        });
        &FIXED
    }

    /// Writes a token. `None` if it has no code.
    #[inline]
    pub fn put(&self, token: Token, out: &mut BitWriter) -> Option<()> {
        if token < 256 {
            return put_code(self.literals[token as usize], out);
        }
        let (length, distance) = (token >> 16, token & 0xFFFF);
        let symbol = length_symbol(length);
        put_code(self.literals[END + 1 + symbol], out)?;
        let (base, extra) = LENGTHS[symbol];
        out.put(length - u32::from(base), extra.into());
        let symbol = distance_symbol(distance);
        put_code(self.distances[symbol], out)?;
        let (base, extra) = OFFSETS[symbol];
        out.put(distance - u32::from(base), extra.into());
        Some(())
    }

    /// Writes the end of the block. `None` if it has no code.
    pub fn end(&self, out: &mut BitWriter) -> Option<()> {
        put_code(self.literals[END], out)
    }
}

#[inline]
fn put_code((code, length): Code, out: &mut BitWriter) -> Option<()> {
    out.put(code.into(), length.into());
    (length > 0).then_some(())
}
