//! A deflate stream ⇄ its plain text and what else it takes to make it again.
//!
//! The stream is a row of tokens in blocks. Which tokens a compressor chose is foretold
//! from the plain text by `preflate-rs`, whose corrections are kept; the blocks, and trees
//! that are not zlib's, are kept beside. Normative text: spec/recipes.md §3.
//!
//! ```text
//! bits.rs     bits of a stream
//! codes.rs    Huffman codes
//! trees.rs    the trees of a dynamic block, foretold as zlib makes them
//! tokens.rs   a stream ⇄ its blocks and tokens
//! guess.rs    the tokens ⇄ corrections to preflate's guess
//! primer.rs   texts before a stream that tell it the compressor
//! blocks.rs   tokens in their blocks, written again
//! wrapper.rs  what stands around a stream and follows from its plain text
//! ```
//!
//! `preflate-rs` is given the tokens in blocks of its own making, all alike. So what it
//! reads from an archive can be checked to say nothing of blocks, which bounds its loops.

mod bits;
mod blocks;
mod codes;
mod guess;
mod primer;
mod tokens;
mod trees;
mod wrapper;

use super::error::RecipeError;
use crate::bytes::{Cursor, put_bytes, put_varint};
pub(super) use wrapper::{Part, Wrapper};

use tokens::{Block, Form, Parsed, Token};

/// Most tokens of a block; compressors end them much sooner.
const MOST_BLOCK: usize = 1 << 24;

/// Name for people.
pub(super) const NAME: &str = "deflate";

fn damaged(cause: &'static str) -> RecipeError {
    RecipeError::Damaged { transform: NAME, cause }
}

/// A stream that was inflated, not yet looked at more closely.
pub(super) struct Inflated(Parsed);

impl Inflated {
    /// Inflates the stream at the front of `bytes`, which gives at most `most` bytes. If
    /// there is none: the bytes that were inflated in vain.
    pub fn new(bytes: &[u8], most: usize) -> Result<Self, usize> {
        tokens::parse(bytes, most).map(Inflated)
    }

    /// Inflates whole blocks at the front of `bytes`, whose first `bits` bits belong to the block
    /// before, until they give `enough` bytes, and at most `most`. `before` is the plain text
    /// before them, or its end. `None` if there is no whole block.
    pub fn part(
        bytes: &[u8],
        bits: u32,
        before: &[u8],
        enough: usize,
        most: usize,
    ) -> Option<(Self, Part)> {
        let context = &before[before.len().saturating_sub(wrapper::CONTEXT)..];
        let parsed = tokens::parse_part(bytes, bits, context, enough, most)?;
        let lead = bytes[0] & ((1u32 << bits) - 1) as u8;
        let (lead_count, is_last, context) = (bits, parsed.is_last, context.len());
        Some((Inflated(parsed), Part { lead_count, lead, is_last, context }))
    }

    /// Bytes of the stream, or whole ones of the part.
    pub fn used(&self) -> usize {
        self.0.used
    }

    /// Where a part ends that is not the last: bits behind its whole bytes.
    pub fn bits(&self) -> u32 {
        self.0.bits
    }

    /// What it inflates to; the context of a part comes first.
    pub fn plain(&self) -> &[u8] {
        &self.0.plain
    }

    /// What the transform needs beside the plain text to make the stream in its wrapper:
    /// parameters and corrections. `None` if `preflate-rs` finds no parameters, or fails.
    pub fn corrections(&self, wrapper: Wrapper) -> Option<(Vec<u8>, Vec<u8>)> {
        let Inflated(parsed) = self;
        let mut corrections = Vec::new();
        put_varint(&mut corrections, parsed.blocks.len() as u64);
        parsed.blocks.iter().for_each(|block| put_block(&mut corrections, block));
        guess::correct(&parsed.tokens, &parsed.plain, &mut corrections)?;
        let most_block = parsed.blocks.iter().map(|block| block.count).max().unwrap_or(0);
        (most_block <= MOST_BLOCK).then_some(())?;
        let mut parameters = Vec::new();
        put_varint(&mut parameters, most_block as u64);
        wrapper.put(&mut parameters);
        Some((parameters, corrections))
    }

    /// The plain text, without a copy.
    pub fn into_plain(self) -> Vec<u8> {
        self.0.plain
    }
}

fn put_block(out: &mut Vec<u8>, block: &Block) {
    let form = match block.form {
        Form::Stored => 0,
        Form::Fixed => 1,
        Form::Predicted => 2,
        Form::Written(_) => 3,
    };
    put_varint(out, (block.count as u64) << 2 | form);
    if let Form::Written(bits) = &block.form {
        put_bytes(out, bits);
    }
}

/// Reads the next block of a list. Any count is within `most_block`.
fn take_block(list: &mut Cursor, most_block: u64) -> Result<Block, RecipeError> {
    let bad = |_| damaged("a block that cannot be");
    let head = list.varint().map_err(bad)?;
    let form = match head & 3 {
        0 => Form::Stored,
        1 => Form::Fixed,
        2 => Form::Predicted,
        _ => Form::Written(list.bytes().map_err(bad)?.to_vec()),
    };
    let most = if form == Form::Stored { most_block.min(0xFFFF) } else { most_block };
    if head >> 2 > most {
        return Err(damaged("a block of too many tokens"));
    }
    Ok(Block { form, count: (head >> 2) as usize })
}

/// What the parameters say: the most tokens of a block, and the wrapper.
fn parse(parameters: &[u8], plain: u64) -> Result<(u64, Wrapper), RecipeError> {
    let bad = || damaged("parameters that cannot be");
    let mut cursor = Cursor::new(parameters);
    let most = cursor.varint().map_err(|_| bad())?;
    let wrapper = Wrapper::take(&mut cursor).ok_or_else(bad)?;
    let fits = wrapper.context() as u64 <= plain;
    if !fits || most > plain.min(MOST_BLOCK as u64) || cursor.left() > 0 {
        Err(bad())
    } else {
        Ok((most, wrapper))
    }
}

/// Bytes of memory beside plain text, corrections and output.
pub(super) fn memory(parameters: &[u8], plain: u64) -> Result<u64, RecipeError> {
    let tokens = size_of::<Token>() as u64 * parse(parameters, plain)?.0;
    // Two copies of a vector that grows, in the worst case.
    Ok(3 * tokens + guess::memory(plain))
}

/// Makes a stream in its wrapper, of `output` bytes, from the plain text, which is in
/// pieces.
pub(super) fn run(
    parameters: &[u8],
    plain: &[&[u8]],
    corrections: &[u8],
    output: usize,
) -> Result<Vec<u8>, RecipeError> {
    let length: usize = plain.iter().map(|piece| piece.len()).sum();
    let (most_block, wrapper) = parse(parameters, length as u64)?;
    let mut context = wrapper.context();
    let mut list = Cursor::new(corrections);
    let count = list.varint().map_err(|_| damaged("no list of blocks"))?;
    // The blocks are read as they are needed; here only their end is found.
    let mut chunks = list.clone();
    for _ in 0..count {
        take_block(&mut chunks, most_block)?;
    }
    let blocks = (0..count).map(move |_| take_block(&mut list, most_block));
    let mut writer = blocks::Writer::new(blocks, &wrapper, output)?;
    guess::tokens(plain, &corrections[chunks.position()..], |token| {
        if context == 0 {
            return writer.put(token);
        }
        context -= 1;
        if token < 256 { Ok(()) } else { Err(damaged("a match in the text before a part")) }
    })?;
    let mut stream = writer.finish()?;
    wrapper.end(plain, &mut stream);
    Ok(stream)
}

#[cfg(test)]
mod tests;
