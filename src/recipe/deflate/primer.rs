//! Primers: texts that tell `preflate-rs` which compressor wrote a stream.
//!
//! The crate finds the parameters of the compressor in the first tokens it is given. In a
//! short stream they do not show, and they take some 25 bytes. So it is given a text
//! before the stream whose tokens show those of zlib at level 6 or 9. Neither the text nor
//! what the crate says of it is stored. The text's bytes are such as few texts begin with.

use super::tokens::Token;

/// Number of primers; primer 0 is none.
pub(super) const PRIMERS: usize = 5;
/// Tokens of a block of the carrier behind a primer: what the crate takes for zlib's number
/// after a block of 2,048 to 4,095 tokens.
pub(super) const BLOCK: usize = 4_095;

/// The byte of all runs.
const RUN: Token = 0xF5;
/// Literals with which the text begins: one that no match may reach, and three to be found
/// again from far away.
const FIRST: [Token; 4] = [0xF6, 0xF7, 0xF8, 0xF9];
/// Three more, to be found again from as far as zlib takes three bytes.
const NEAR: [Token; 3] = [0xFA, 0xFB, 0xFC];
const NEAR_DISTANCE: u32 = 4_095;
/// Literals of the run, for the length of the block.
const LITERALS: usize = 2_100;

/// Most bytes of a stream's text for which a primer that does not reach far will do.
pub(super) const SHORT: usize = 7_000;

/// Candidates for a text of `plain` bytes, the most frequent first.
pub(super) fn candidates(plain: usize) -> [usize; 2] {
    if plain <= SHORT { [1, 2] } else { [3, 4] }
}

/// The tokens of a primer, which is one of 1 to 4.
pub(super) fn tokens(primer: usize) -> Vec<Token> {
    // Entries of the hash chain that level 6 or 9 looks at, less one.
    let chain = if primer % 2 == 1 { 127 } else { 4_095 };
    let far = primer > 2;
    let mut tokens = FIRST.to_vec();
    tokens.extend([RUN; LITERALS]);
    let before = if far { 28_000 } else { 4_200 };
    run(&mut tokens, before - LITERALS as u32);
    // Into the inside of a match too: all of its places are in the chains.
    tokens.extend([5 << 16 | 100, 5 << 16 | (chain + 1)]);
    tokens.extend(NEAR);
    tokens.push(RUN);
    run(&mut tokens, NEAR_DISTANCE - 4);
    tokens.push(3 << 16 | NEAR_DISTANCE);
    if far {
        tokens.push(RUN);
        let reached: u32 = tokens.iter().map(|&token| super::tokens::length(token)).sum();
        // Behind the first literal.
        tokens.push(4 << 16 | (reached - 1));
    }
    tokens
}

/// Goes on with the byte before for `length` bytes.
fn run(tokens: &mut Vec<Token>, mut length: u32) {
    while length > 0 {
        // No rest of one or two bytes.
        let part = if length > 258 && length < 261 { 250 } else { length.min(258) };
        tokens.push(part << 16 | 1);
        length -= part;
    }
}
