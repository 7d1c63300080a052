//! The tokens of a stream ⇄ corrections to what `preflate-rs` guesses from the plain text.
//!
//! The crate gets and gives the tokens as a deflate stream of fixed codes, the *carrier*,
//! in blocks of [`BLOCK`] tokens. Chunks of the carrier bound its memory. Its corrections
//! are checked before it sees them: it would go on for ever with empty blocks if they
//! told it so.

use super::bits::{BitReader, BitWriter};
use super::damaged;
use super::primer;
use super::tokens::{Coder, Decoders, Token, length};
use crate::arith::panics::caught;
use crate::bytes::{Cursor, put_bytes, put_varint};
use crate::recipe::error::RecipeError;
use preflate_rs::{
    PreflateConfig, PreflateStreamProcessor, RecreateStreamProcessor, TokenPredictorParameters,
};
use std::sync::LazyLock;

/// Tokens of a block of the carrier: what zlib writes by default,
const BLOCK: usize = 16_383;
/// and what the crate takes for granted where there are no matches.
const BLOCK_OF_LITERALS: usize = 16_386;
/// A chunk ends with the first block that reaches this many bytes of plain text,
const CHUNK: usize = 1 << 20;
/// or this many tokens.
const CHUNK_TOKENS: usize = 1 << 18;
/// Blocks that may be the crate's first look at a stream.
const CHUNK_BLOCKS: usize = 16;
/// Corrections that are short enough: some bytes, and this share of the plain text.
const GOOD: usize = 12;
const GOOD_SHARE: usize = 1_000;
/// Most bytes of plain text of a chunk: one block more than [`CHUNK`].
const MOST_CHUNK: usize = CHUNK + BLOCK_OF_LITERALS * 258;
/// Most entries of a hash chain that the crate may look at for one token.
const MOST_CHAIN: u32 = 4_096;

/// Bytes of memory that guessing takes beside the plain text.
pub(super) fn memory(plain: u64) -> u64 {
    // Of a chunk: its text twice, a token for each byte twice as a vector grows, the
    // carrier twice; and the hash tables.
    (1 << 21) + 16 * plain.min(MOST_CHUNK as u64)
}

/// What the first corrections of a stream are: as the crate writes them.
#[derive(bitcode::Encode, bitcode::Decode)]
struct First {
    parameters: TokenPredictorParameters,
    corrections: Vec<u8>,
}

/// Appends the number of the primer, and the chunks: for each its bytes of plain text and
/// its corrections. Takes the primer that makes them shortest. `None` if the crate fails.
pub(super) fn correct(tokens: &[Token], plain: &[u8], out: &mut Vec<u8>) -> Option<()> {
    if tokens.is_empty() {
        out.push(0);
        return Some(());
    }
    let mut best: Option<Vec<u8>> = None;
    for primer in primer::candidates(plain.len()).into_iter().chain([0]) {
        if let Some(corrected) = correct_behind(primer, tokens, plain)
            && best.as_ref().is_none_or(|best| corrected.len() < best.len())
        {
            best = Some(corrected);
        }
        if best.as_ref().is_some_and(|best| best.len() <= GOOD + plain.len() / GOOD_SHARE) {
            break;
        }
    }
    out.extend(best?);
    Some(())
}

/// The same with this primer.
fn correct_behind(primer: usize, tokens: &[Token], plain: &[u8]) -> Option<Vec<u8>> {
    let block = if primer > 0 { primer::BLOCK } else { first_block(tokens) };
    let primed = &PRIMED[primer];
    let mut bits = primed.bits.clone();
    let chunks = carrier(&mut bits, tokens, block);
    bits.align();
    let carrier = bits.bytes;
    let mut out = vec![primer as u8];
    caught(|| {
        let mut processor = processor();
        let mut from = 0;
        if primer > 0 {
            from = processor
                .decompress(&carrier[..primed.bits.position().div_ceil(8)])
                .ok()?
                .compressed_size;
            processor.shrink_to_dictionary();
        }
        let mut done = 0;
        for chunk in chunks {
            let result = processor.decompress(&carrier[from..chunk.end_bit.div_ceil(8)]).ok()?;
            let text = processor.plain_text().text();
            (text == plain.get(done..done + chunk.plain)?).then_some(())?;
            check(&result.corrections, primer == 0 && done == 0).ok()?;
            put_varint(&mut out, chunk.plain as u64);
            put_bytes(&mut out, &result.corrections);
            from += result.compressed_size;
            done += chunk.plain;
            processor.shrink_to_dictionary();
        }
        (done == plain.len()).then_some(())
    })??;
    Some(out)
}

fn processor() -> PreflateStreamProcessor {
    PreflateStreamProcessor::new(&PreflateConfig {
        max_chain_length: MOST_CHAIN,
        plain_text_limit: MOST_CHUNK + (1 << 16),
        verify_compression: false,
    })
}

/// Tokens of a block of the carrier without a primer: such as the crate then expects.
fn first_block(tokens: &[Token]) -> usize {
    let literals = tokens.iter().take(BLOCK_OF_LITERALS * CHUNK_BLOCKS).all(|&token| token < 256);
    if literals { BLOCK_OF_LITERALS } else { BLOCK }
}

/// A primer, ready.
#[derive(Default)]
struct Primed {
    /// The carrier so far.
    bits: BitWriter,
    plain: Vec<u8>,
    /// What the crate says of it.
    corrections: Vec<u8>,
}

/// All primers, made when the first one is used. What the crate says of them is the same on
/// every machine.
static PRIMED: LazyLock<[Primed; primer::PRIMERS]> = LazyLock::new(|| {
    std::array::from_fn(|number| {
        if number == 0 {
            return Primed::default();
        }
        let tokens = primer::tokens(number);
        let mut bits = BitWriter::default();
        put_block(&mut bits, &tokens, false);
        // The crate takes whole blocks, and leaves the bits behind the last one.
        let mut carrier = bits.clone();
        carrier.align();
        let mut processor = processor();
        let result = processor.decompress(&carrier.bytes).expect("a primer is a stream");
        let plain = processor.plain_text().text().to_vec();
        Primed { bits, plain, corrections: result.corrections }
    })
});

/// A part of the carrier.
struct Chunk {
    end_bit: usize,
    plain: usize,
}

/// Writes the tokens with fixed codes, in blocks of `most`.
fn carrier(out: &mut BitWriter, tokens: &[Token], most: usize) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let (mut plain, mut in_chunk) = (0, 0);
    let count = tokens.len().div_ceil(most);
    for (index, block) in tokens.chunks(most).enumerate() {
        let last = index + 1 == count;
        put_block(out, block, last);
        plain += block.iter().map(|&token| length(token) as usize).sum::<usize>();
        in_chunk += block.len();
        if plain >= CHUNK || in_chunk >= CHUNK_TOKENS || last {
            chunks.push(Chunk { end_bit: out.position(), plain });
            (plain, in_chunk) = (0, 0);
        }
    }
    chunks
}

fn put_block(out: &mut BitWriter, tokens: &[Token], last: bool) {
    let coder = Coder::fixed();
    let coded = "all symbols have fixed codes";
    out.put(last.into(), 1);
    out.put(1, 2);
    tokens.iter().for_each(|&token| coder.put(token, out).expect(coded));
    coder.end(out).expect(coded);
}

/// Gives the tokens of a stream, in order, to `take`.
pub(super) fn tokens(
    plain: &[&[u8]],
    chunks: &[u8],
    mut take: impl FnMut(Token) -> Result<(), RecipeError>,
) -> Result<(), RecipeError> {
    let bad = |_| damaged("corrections that cannot be");
    let mut left: usize = plain.iter().map(|piece| piece.len()).sum();
    let mut pieces = Pieces { pieces: plain, offset: 0 };
    let mut chunks = Cursor::new(chunks);
    let primer = chunks.u8().ok().map(usize::from).filter(|&primer| primer < primer::PRIMERS);
    let primer = primer.ok_or_else(|| damaged("no primer"))?;
    let mut recreator = RecreateStreamProcessor::new();
    let mut carrier = Carrier::default();
    if primer > 0 && left > 0 {
        let Primed { plain, corrections, .. } = &PRIMED[primer];
        let bytes = caught(|| recreator.recompress(&mut &plain[..], corrections).ok()).flatten();
        let bytes = bytes.expect("a primer is given again").0;
        carrier.read(&bytes, &mut |_| Ok(()))?;
    }
    let mut first = primer == 0;
    while left > 0 {
        let length = chunks.varint().map_err(bad)?;
        let corrections = chunks.bytes().map_err(bad)?;
        if length == 0 || length > left.min(MOST_CHUNK) as u64 {
            return Err(damaged("a chunk of another length"));
        }
        check(corrections, first)?;
        let text = pieces.take(length as usize);
        let bytes = caught(|| recreator.recompress(&mut &text[..], corrections).ok())
            .flatten()
            .ok_or_else(|| damaged("corrections that do not fit the plain text"))?
            .0;
        carrier.read(&bytes, &mut take)?;
        left -= length as usize;
        first = false;
    }
    carrier.finish()?;
    chunks.finish().map_err(bad)
}

/// Plain text in pieces.
struct Pieces<'a> {
    pieces: &'a [&'a [u8]],
    offset: usize,
}

impl Pieces<'_> {
    /// The next `length` bytes, of which there are so many.
    fn take(&mut self, length: usize) -> Vec<u8> {
        let mut text = Vec::with_capacity(length);
        while text.len() < length {
            let piece = &self.pieces[0][self.offset..];
            let part = piece.len().min(length - text.len());
            text.extend_from_slice(&piece[..part]);
            self.offset += part;
            if part == piece.len() {
                (self.pieces, self.offset) = (&self.pieces[1..], 0);
            }
        }
        text
    }
}

/// Reads the tokens of the carrier, which comes in parts.
#[derive(Default)]
struct Carrier {
    /// Bytes that are not yet used up.
    rest: Vec<u8>,
    /// Bits of the first of them that are.
    bit: u32,
    in_block: bool,
}

impl Carrier {
    fn read(
        &mut self,
        bytes: &[u8],
        take: &mut impl FnMut(Token) -> Result<(), RecipeError>,
    ) -> Result<(), RecipeError> {
        self.rest.extend_from_slice(bytes);
        let decoders = Decoders::fixed();
        let mut bits = BitReader::new(&self.rest);
        let _ = bits.take(self.bit);
        let used = loop {
            let before = bits.position();
            if !self.in_block {
                match bits.take(3) {
                    // Bit 0 says that it is the last one.
                    Some(2 | 3) => self.in_block = true,
                    _ => break before,
                }
                continue;
            }
            match decoders.token(&mut bits) {
                Some(Some(token)) => take(token)?,
                Some(None) => self.in_block = false,
                None => break before,
            }
        };
        self.rest.drain(..used / 8);
        self.bit = used as u32 % 8;
        // What is left is the begin of a token: 7 + 5 + 5 + 13 bits.
        if self.rest.len() > 8 { Err(damaged("corrections that give no tokens")) } else { Ok(()) }
    }

    /// Refuses what is left of the carrier, but for zeros that fill its last byte.
    fn finish(&self) -> Result<(), RecipeError> {
        let filled = match self.rest[..] {
            [] => true,
            [last] => self.bit > 0 && last >> self.bit == 0,
            _ => false,
        };
        if filled && !self.in_block {
            Ok(())
        } else {
            Err(damaged("corrections that give no tokens"))
        }
    }
}

/// Refuses corrections that could make the crate go on for ever: those of the number of
/// tokens in a block, and of the end of a chunk.
fn check(corrections: &[u8], first: bool) -> Result<(), RecipeError> {
    let bad = || damaged("corrections that cannot be");
    if !first {
        return if only_tokens(corrections) { Ok(()) } else { Err(bad()) };
    }
    let First { parameters, corrections } =
        caught(|| bitcode::decode(corrections).ok()).flatten().ok_or_else(bad)?;
    // Blocks of no tokens would make no progress.
    let bounded = parameters.max_token_count >= 127 && parameters.max_chain <= MOST_CHAIN;
    if bounded && only_tokens(&corrections) { Ok(()) } else { Err(bad()) }
}

/// Whether corrections say nothing of blocks that bounds them. They begin with one flag for each kind of
/// correction, whether there are any, coded with one adaptive probability.
fn only_tokens(corrections: &[u8]) -> bool {
    /// Kinds in the crate: lengths, distances, distances after lengths, the last block
    /// (wrong at the end of each chunk but the last), and which of literal and match it is.
    const ALLOWED: u32 = 1 << 2 | 1 << 3 | 1 << 4 | 1 << 13 | 1 << 15 | 1 << 16;
    const KINDS: u32 = 17;
    let mut flags = Flags::new(corrections);
    // A marker comes first, with a probability of its own.
    flags.read();
    (flags.zeros, flags.ones) = (1, 1);
    (0..KINDS).all(|kind| !flags.read() || ALLOWED >> kind & 1 == 1)
}

/// Reads the first bits of the range code that the crate uses, that of VP8.
struct Flags<'a> {
    bytes: &'a [u8],
    /// Bits taken into `value`.
    next: usize,
    value: u32,
    range: u32,
    zeros: u32,
    ones: u32,
}

impl<'a> Flags<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let value = bytes.first().copied().unwrap_or(0).into();
        Flags { bytes, next: 8, value, range: 255, zeros: 1, ones: 1 }
    }

    fn read(&mut self) -> bool {
        let probability = (self.zeros << 8) / (self.zeros + self.ones);
        let split = 1 + (((self.range - 1) * probability) >> 8);
        let bit = self.value >= split;
        if bit {
            self.value -= split;
            self.range -= split;
            self.ones += 1;
        } else {
            self.range = split;
            self.zeros += 1;
        }
        while self.range < 128 && self.range > 0 {
            let byte = self.bytes.get(self.next / 8).copied().unwrap_or(0);
            self.value = self.value << 1 | u32::from(byte >> (7 - self.next % 8) & 1);
            self.range <<= 1;
            self.next += 1;
        }
        bit
    }
}

/// What the crate reads out of a primer.
#[cfg(test)]
pub(super) fn parameters(number: usize) -> TokenPredictorParameters {
    bitcode::decode::<First>(&PRIMED[number].corrections).expect("own corrections").parameters
}
