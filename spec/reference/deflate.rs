//! Transform deflate, written from recipes.md §3 alone. Which tokens a stream has is told by
//! the crate that the text names.

#[path = "huffman.rs"]
mod huffman;

use super::{Result, Table, need};
use huffman::{Bits, Codes, END, Reader, Token, read_trees, written, zlib_trees};
use preflate_rs::{
    PreflateConfig, PreflateStreamProcessor, RecreateStreamProcessor, TokenPredictorParameters,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// §3.2
struct Block {
    form: u64,
    count: usize,
    trees: Vec<u8>,
}

/// The output of a step.
pub fn run(parameters: &[u8], inputs: &[&[u8]]) -> Result<Vec<u8>> {
    let (corrections, plain) = inputs.split_last().ok_or("3: no corrections")?;
    let plain = plain.concat();
    // §3.1
    let mut table = Table(parameters);
    let most = table.within(0..=(1 << 24).min(plain.len() as u64), "3.1: Most_Block")?;
    let mut part = Part { is_last: true, ..Part::default() };
    let (head, end) = match table.byte()? {
        0 => (Vec::new(), Vec::new()),
        1 => (table.bytes(2)?.to_vec(), adler32(&plain).to_be_bytes().to_vec()),
        2 => {
            let length = plain.len() as u32;
            (Vec::new(), [crc32fast::hash(&plain).to_le_bytes(), length.to_le_bytes()].concat())
        }
        3 => {
            part = Part::read(&mut table, plain.len() as u64)?;
            (Vec::new(), Vec::new())
        }
        other => return Err(format!("3.1: Wrapper {other}")),
    };
    table.end()?;
    let mut table = Table(corrections);
    let blocks = read_blocks(&mut table, most)?;
    let tokens = read_tokens(&mut table, &plain)?;
    table.end()?;
    need(part.context <= tokens.len(), "3.6: a match in the context")?;
    let (context, tokens) = tokens.split_at(part.context);
    let literal = |token: &Token| matches!(token, Token::Literal(_));
    need(context.iter().all(literal), "3.6: a match in the context")?;
    Ok([head, write(&part, &blocks, tokens)?, end].concat())
}

/// §3.6
#[derive(Default)]
struct Part {
    lead_count: u32,
    lead: u32,
    is_last: bool,
    context: usize,
}

impl Part {
    fn read(table: &mut Table, plain: u64) -> Result<Part> {
        let (begin, lead) = (table.byte()?, table.byte()?);
        let context = table.within(0..=plain.min(32_768), "3.6: Context")? as usize;
        need(begin < 16, "3.6: Begin")?;
        let lead_count = u32::from(begin % 8);
        need(u32::from(lead) < 1 << lead_count, "3.6: Lead")?;
        Ok(Part { lead_count, lead: lead.into(), is_last: begin >= 8, context })
    }
}

/// RFC 1950 §8.2
fn adler32(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (1, 0);
    for &byte in bytes {
        low = (low + u32::from(byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    high << 16 | low
}

/// §3.2, item 1
fn read_blocks(table: &mut Table, most: u64) -> Result<Vec<Block>> {
    let count = table.count()?;
    let block = |_| {
        let head = table.varint()?;
        let (form, count) = (head & 3, head >> 2);
        let most = if form == 0 { most.min(65_535) } else { most };
        need(count <= most, "3.2: a block of too many tokens")?;
        let trees = if form == 3 { table.counted()? } else { Vec::new() };
        Ok(Block { form, count: count as usize, trees })
    };
    (0..count).map(block).collect()
}

/// §3.2: the stream, or a part of it
fn write(part: &Part, blocks: &[Block], tokens: &[Token]) -> Result<Vec<u8>> {
    let (mut bits, mut left) = (Bits::default(), tokens);
    bits.put(part.lead, part.lead_count);
    for (number, block) in blocks.iter().enumerate() {
        need(block.count <= left.len(), "3.2: too few tokens")?;
        let (tokens, rest) = left.split_at(block.count);
        left = rest;
        bits.put(u32::from(part.is_last && number + 1 == blocks.len()), 1);
        bits.put(block.form.min(2) as u32, 2);
        let codes = match block.form {
            0 => {
                write_stored(&mut bits, tokens)?;
                continue;
            }
            1 => Codes::fixed(),
            2 => {
                let (literals, distances) = zlib_trees(tokens);
                bits.append(&written(&literals, &distances)?)?;
                Codes::of(&literals, &distances)?
            }
            _ => {
                let mut trees = Reader { bytes: &block.trees, at: 0 };
                let codes = read_trees(&mut trees)?;
                let used = trees.at;
                need(trees.left() < 8 && trees.take(trees.left())? == 0, "3.2: behind Trees")?;
                bits.append(&Bits { bytes: block.trees.clone(), count: used })?;
                codes
            }
        };
        tokens.iter().try_for_each(|&token| codes.put(token, &mut bits))?;
        codes.literals.put(END, &mut bits)?;
    }
    need(left.is_empty(), "3.2: too many tokens")?;
    if !part.is_last {
        bits.bytes.truncate(bits.count / 8);
    }
    Ok(bits.bytes)
}

fn write_stored(bits: &mut Bits, tokens: &[Token]) -> Result<()> {
    let length = tokens.len() as u32;
    bits.count = bits.bytes.len() * 8;
    bits.put(length, 16);
    bits.put(!length & 0xFFFF, 16);
    for token in tokens {
        let Token::Literal(byte) = *token else {
            return Err("3.2: a match in a stored block".to_owned());
        };
        bits.put(byte.into(), 8);
    }
    Ok(())
}

/// §3.3: the tokens that the chunks give
fn read_tokens(table: &mut Table, plain: &[u8]) -> Result<Vec<Token>> {
    let primer = table.byte()?;
    need(primer <= 4, "3.2: Primer")?;
    let (mut recreator, mut carrier) = (RecreateStreamProcessor::new(), Vec::new());
    let (mut left, is_primed) = (plain, primer > 0 && !plain.is_empty());
    if is_primed {
        let (text, corrections) = primed(primer)?;
        carrier = recompress(&mut recreator, &text, &corrections)?;
    }
    let mut is_first = !is_primed;
    while !left.is_empty() {
        let most = 5_276_164.min(left.len() as u64);
        let length = table.within(1..=most, "3.3: Chunk_Length")?;
        let corrections = table.counted()?;
        check(&corrections, is_first)?;
        let (chunk, rest) = left.split_at(length as usize);
        carrier.extend(recompress(&mut recreator, chunk, &corrections)?);
        (left, is_first) = (rest, false);
    }
    let (mut bits, codes, mut tokens) =
        (Reader { bytes: &carrier, at: 0 }, Codes::fixed(), Vec::new());
    let mut skipped = 0;
    while bits.left() >= 8 {
        let _last = bits.take(1)?;
        need(bits.take(2)? == 1, "3.3: a carrier with other blocks")?;
        while let Some(token) = codes.take(&mut bits)? {
            tokens.push(token);
        }
        // §3.4: the block of the primer is the first one.
        if is_primed && skipped == 0 {
            skipped = tokens.len();
        }
    }
    need(bits.take(bits.left())? == 0, "3.3: bits behind the carrier")?;
    Ok(tokens.split_off(skipped))
}

/// Runs the crate; a panic is damage too.
fn caught<T>(make: impl FnOnce() -> Option<T>) -> Result<T> {
    let made = catch_unwind(AssertUnwindSafe(make)).ok().flatten();
    made.ok_or("3.3: preflate-rs fails".to_owned())
}

fn recompress(
    recreator: &mut RecreateStreamProcessor,
    mut text: &[u8],
    corrections: &[u8],
) -> Result<Vec<u8>> {
    caught(|| recreator.recompress(&mut text, corrections).ok()).map(|(bytes, _)| bytes)
}

/// What the crate encodes with bitcode for the first chunk.
#[derive(bitcode::Decode)]
struct First {
    parameters: TokenPredictorParameters,
    corrections: Vec<u8>,
}

/// §3.3: what a reader must refuse
fn check(corrections: &[u8], is_first: bool) -> Result<()> {
    if !is_first {
        return check_flags(corrections);
    }
    let First { parameters, corrections } = caught(|| bitcode::decode(corrections).ok())?;
    need(parameters.max_token_count >= 127, "3.3: max_token_count")?;
    need(parameters.max_chain <= 4_096, "3.3: max_chain")?;
    check_flags(&corrections)
}

/// The marker bit and the flags of 17 kinds, in the range code of VP8 (RFC 6386 §7).
fn check_flags(corrections: &[u8]) -> Result<()> {
    let bit = |at: usize| corrections.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    let (mut range, mut at) = (255_u32, 8);
    let mut value = (0..8).fold(0, |value, at| value << 1 | u32::from(bit(at)));
    let mut flag = |zeros: u32, all: u32| {
        let split = 1 + (((range - 1) * (256 * zeros / all)) >> 8);
        let is_set = value >= split;
        (value, range) = if is_set { (value - split, range - split) } else { (value, split) };
        while range < 128 {
            (value, range) = (value << 1 | u32::from(bit(at)), range << 1);
            at += 1;
        }
        is_set
    };
    flag(1, 2);
    let mut zeros = 1;
    for kind in 0..17 {
        let is_set = flag(zeros, kind + 2);
        need(!is_set || matches!(kind, 2..=4 | 13 | 15 | 16), "3.3: a kind of correction")?;
        zeros += u32::from(!is_set);
    }
    Ok(())
}

/// §3.4: text and corrections of a primer
fn primed(primer: u8) -> Result<(Vec<u8>, Vec<u8>)> {
    let mut tokens = [0xF6, 0xF7, 0xF8, 0xF9].map(Token::Literal).to_vec();
    tokens.extend([Token::Literal(0xF5); 2_100]);
    run_of(&mut tokens, if primer < 3 { 4_200 - 2_100 } else { 28_000 - 2_100 });
    let chain = if primer % 2 == 1 { 128 } else { 4_096 };
    tokens.extend([Token::Match(5, 100), Token::Match(5, chain)]);
    tokens.extend([0xFA, 0xFB, 0xFC, 0xF5].map(Token::Literal));
    run_of(&mut tokens, 4_091);
    tokens.push(Token::Match(3, 4_095));
    if primer >= 3 {
        tokens.push(Token::Literal(0xF5));
        let length = text(&tokens).len() as u32;
        tokens.push(Token::Match(4, length - 1));
    }
    let (mut bits, codes) = (Bits::default(), Codes::fixed());
    bits.put(0, 1);
    bits.put(1, 2);
    tokens.iter().try_for_each(|&token| codes.put(token, &mut bits))?;
    codes.literals.put(END, &mut bits)?;
    let mut processor = PreflateStreamProcessor::new(&PreflateConfig::default());
    let corrections = caught(|| processor.decompress(&bits.bytes).ok())?.corrections;
    Ok((text(&tokens), corrections))
}

/// run(n) of §3.4
fn run_of(tokens: &mut Vec<Token>, mut bytes: u32) {
    while bytes > 0 {
        let length = match bytes {
            259 | 260 => 250,
            other => other.min(258),
        };
        tokens.push(Token::Match(length, 1));
        bytes -= length;
    }
}

/// What tokens say.
fn text(tokens: &[Token]) -> Vec<u8> {
    let mut text = Vec::new();
    for token in tokens {
        match *token {
            Token::Literal(byte) => text.push(byte),
            Token::Match(length, distance) => {
                (0..length).for_each(|_| text.push(text[text.len() - distance as usize]));
            }
        }
    }
    text
}
