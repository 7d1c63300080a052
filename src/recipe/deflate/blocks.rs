//! Tokens in their blocks, written again.

use super::bits::{BitReader, BitWriter};
use super::tokens::{Block, Coder, Decoders, Form, Token, predict};
use super::wrapper::Wrapper;
use super::{damaged, trees};
use crate::recipe::error::RecipeError;

/// Writes the tokens of a stream block by block.
pub(super) struct Writer<I> {
    /// The blocks that are not yet begun.
    blocks: I,
    /// The block that is being filled; `None` after the last one.
    block: Option<Block>,
    /// Whether another block follows it.
    next: Option<Block>,
    tokens: Vec<Token>,
    out: BitWriter,
    /// Most bytes of the stream.
    most: usize,
    /// Whether the last block of the stream is among them.
    is_last: bool,
}

impl<I: Iterator<Item = Result<Block, RecipeError>>> Writer<I> {
    /// Makes a writer of a stream of at most `most` bytes, the head of the wrapper included.
    pub fn new(mut blocks: I, wrapper: &Wrapper, most: usize) -> Result<Self, RecipeError> {
        let block = blocks.next().transpose()?;
        let next = blocks.next().transpose()?;
        let mut out = BitWriter::with_capacity(most + 8);
        out.put_bytes(wrapper.head());
        let mut is_last = true;
        if let Wrapper::Part(part) = wrapper {
            out.put(part.lead.into(), part.lead_count);
            is_last = part.is_last;
        }
        let mut writer = Writer { blocks, block, next, tokens: Vec::new(), out, most, is_last };
        writer.write_full()?;
        Ok(writer)
    }

    /// Takes the next token.
    #[inline]
    pub fn put(&mut self, token: Token) -> Result<(), RecipeError> {
        self.tokens.push(token);
        match &self.block {
            Some(block) if self.tokens.len() < block.count => Ok(()),
            Some(_) => self.write_full(),
            None => Err(damaged("more tokens than its blocks have")),
        }
    }

    /// The whole stream, or the whole bytes of a part of it.
    pub fn finish(mut self) -> Result<Vec<u8>, RecipeError> {
        if self.block.is_some() {
            return Err(damaged("fewer tokens than its blocks have"));
        }
        let whole = self.out.position() / 8;
        self.out.align();
        if !self.is_last {
            // The next part begins with the bits that fill no byte.
            self.out.bytes.truncate(whole);
        }
        Ok(self.out.bytes)
    }

    /// Writes the block if it is full, and those behind it that are empty.
    fn write_full(&mut self) -> Result<(), RecipeError> {
        while let Some(block) = self.block.take_if(|block| block.count == self.tokens.len()) {
            self.out.put((self.is_last && self.next.is_none()).into(), 1);
            self.write(&block)?;
            self.tokens.clear();
            if self.out.bytes.len() > self.most {
                return Err(damaged("more bytes than its output has"));
            }
            let next = self.blocks.next().transpose()?;
            self.block = std::mem::replace(&mut self.next, next);
        }
        Ok(())
    }

    fn write(&mut self, block: &Block) -> Result<(), RecipeError> {
        let uncoded = || damaged("a token that has no code");
        let made;
        let coder = match &block.form {
            Form::Stored => return self.write_stored(),
            Form::Fixed => {
                self.out.put(1, 2);
                Coder::fixed()
            }
            Form::Predicted => {
                self.out.put(2, 2);
                let trees = predict(&self.tokens);
                trees::write(&trees, &mut self.out);
                made = Coder::new(&trees.literals, &trees.distances);
                &made
            }
            Form::Written(bits) => {
                self.out.put(2, 2);
                made = self.write_trees(bits)?;
                &made
            }
        };
        for &token in &self.tokens {
            coder.put(token, &mut self.out).ok_or_else(uncoded)?;
        }
        coder.end(&mut self.out).ok_or_else(uncoded)
    }

    fn write_stored(&mut self) -> Result<(), RecipeError> {
        self.out.put(0, 2);
        self.out.align();
        let length = self.tokens.len() as u16;
        self.out.put_bytes(&length.to_le_bytes());
        self.out.put_bytes(&(!length).to_le_bytes());
        for &token in &self.tokens {
            let byte = u8::try_from(token).map_err(|_| damaged("a match in a stored block"))?;
            self.out.put_bytes(&[byte]);
        }
        Ok(())
    }

    /// Writes trees bit for bit as they are.
    fn write_trees(&mut self, bits: &[u8]) -> Result<Coder, RecipeError> {
        let bad = || damaged("trees that cannot be");
        let mut reader = BitReader::new(bits);
        let trees = trees::read(&mut reader).ok_or_else(bad)?;
        // Codes that no inflater could tell apart.
        Decoders::new(&trees.literals, &trees.distances).ok_or_else(bad)?;
        let length = reader.position();
        if length.div_ceil(8) != bits.len() || reader.align() != Some(0) {
            return Err(bad());
        }
        let mut reader = BitReader::new(bits);
        for at in (0..length).step_by(16) {
            let count = (length - at).min(16) as u32;
            self.out.put(reader.take(count).ok_or_else(bad)?, count);
        }
        Ok(Coder::new(&trees.literals, &trees.distances))
    }
}
