//! Huffman codes of deflate (RFC 1951 §3.2): lengths to codes, codes to symbols.

use super::bits::BitReader;

/// Most bits of a code.
pub(super) const MOST_BITS: usize = 15;
/// Symbols for literals, the end of a block and lengths, the two unused ones included.
pub(super) const LITERALS: usize = 288;
/// Symbols for distances, the two unused ones included.
pub(super) const DISTANCES: usize = 32;
/// Symbol that ends a block.
pub(super) const END: usize = 256;

/// Base and extra bits of the lengths, from symbol 257 on.
pub(super) const LENGTHS: [(u16, u8); 29] = {
    let mut table = [(0, 0); 29];
    let (mut k, mut base) = (0, 3);
    while k < 28 {
        let extra = if k < 8 { 0 } else { (k / 4 - 1) as u8 };
        table[k] = (base, extra);
        base += 1 << extra;
        k += 1;
    }
    table[28] = (258, 0);
    table
};

/// Base and extra bits of the distances.
pub(super) const OFFSETS: [(u16, u8); 30] = {
    let mut table = [(0, 0); 30];
    let (mut k, mut base) = (0, 1u32);
    while k < 30 {
        let extra = if k < 4 { 0 } else { (k / 2 - 1) as u8 };
        table[k] = (base as u16, extra);
        base += 1 << extra;
        k += 1;
    }
    table
};

/// The symbol of a length, less 257.
#[inline]
pub(super) fn length_symbol(length: u32) -> usize {
    static SYMBOLS: [u8; 259] = {
        let mut table = [0; 259];
        let mut k = 0;
        while k < 28 {
            let mut at = LENGTHS[k].0 as usize;
            let end = at + (1 << LENGTHS[k].1);
            while at < end {
                table[at] = k as u8;
                at += 1;
            }
            k += 1;
        }
        table[258] = 28;
        table
    };
    SYMBOLS[length as usize].into()
}

/// The symbol of a distance, from 1 to 32,768.
#[inline]
pub(super) fn distance_symbol(distance: u32) -> usize {
    let less = distance - 1;
    if less < 4 {
        return less as usize;
    }
    let top = 31 - less.leading_zeros();
    (2 * top + (less >> (top - 1) & 1)) as usize
}

/// A code ready to write: bits as they are written, and their number.
pub(super) type Code = (u16, u8);

/// The codes that the lengths of all symbols give, bits reversed for writing.
pub(super) fn codes(lengths: &[u8]) -> Vec<Code> {
    let mut next = [0u16; MOST_BITS + 2];
    for &length in lengths.iter().filter(|&&length| length > 0) {
        next[length as usize + 1] += 1;
    }
    for bits in 1..=MOST_BITS {
        next[bits] = next[bits].wrapping_add(next[bits - 1]) << 1;
    }
    let code = |&length: &u8| {
        if length == 0 {
            return (0, 0);
        }
        let code = next[length as usize];
        next[length as usize] = code.wrapping_add(1);
        (code.reverse_bits() >> (16 - length), length)
    };
    lengths.iter().map(code).collect()
}

/// Bits that the table of a [`Decoder`] resolves at once.
const FAST: u32 = 10;

/// Decodes the symbols of one code.
pub(super) struct Decoder {
    /// Symbol and length for each value of the next `FAST` bits; length 0 for longer codes.
    fast: Vec<(u16, u8)>,
    /// Number of codes of each length.
    counts: [u16; MOST_BITS + 1],
    /// Symbols in the order of their codes.
    symbols: Vec<u16>,
}

impl Decoder {
    /// Makes the decoder of a code. `None` if the lengths give more codes than there are,
    /// or fewer, unless there is only one code or none.
    pub fn new(lengths: &[u8]) -> Option<Self> {
        let mut counts = [0u16; MOST_BITS + 1];
        lengths.iter().for_each(|&length| counts[length as usize] += 1);
        counts[0] = 0;
        let mut left = 1i32;
        for &count in &counts[1..] {
            left = 2 * left - i32::from(count);
            if left < 0 {
                return None;
            }
        }
        let used: u16 = counts.iter().sum();
        if left > 0 && (used > 1 || counts[1] != used) {
            return None;
        }
        let mut fast = vec![(0, 0); 1 << FAST];
        for (symbol, &(code, length)) in codes(lengths).iter().enumerate() {
            if length > 0 && u32::from(length) <= FAST {
                let places = (code as usize..1 << FAST).step_by(1 << length);
                places.for_each(|place| fast[place] = (symbol as u16, length));
            }
        }
        let mut symbols: Vec<u16> =
            (0..lengths.len() as u16).filter(|&symbol| lengths[symbol as usize] > 0).collect();
        symbols.sort_by_key(|&symbol| lengths[symbol as usize]);
        Some(Decoder { fast, counts, symbols })
    }

    /// Reads a symbol. `None` behind the end, or if no symbol has the code.
    #[inline]
    pub fn read(&self, bits: &mut BitReader) -> Option<usize> {
        let ahead = bits.peek();
        let (symbol, length) = self.fast[(ahead & ((1 << FAST) - 1)) as usize];
        if length > 0 {
            bits.skip(length.into())?;
            return Some(symbol.into());
        }
        self.read_long(bits, ahead)
    }

    fn read_long(&self, bits: &mut BitReader, ahead: u64) -> Option<usize> {
        let (mut code, mut first, mut place) = (0i32, 0i32, 0i32);
        for length in 1..=MOST_BITS {
            code |= (ahead >> (length - 1) & 1) as i32;
            let count = i32::from(self.counts[length]);
            if code - first < count {
                bits.skip(length as u32)?;
                return Some(self.symbols[(place + code - first) as usize].into());
            }
            place += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}

/// Lengths of the fixed codes (RFC 1951 §3.2.6).
pub(super) fn fixed_lengths() -> ([u8; LITERALS], [u8; DISTANCES]) {
    let mut literals = [8; LITERALS];
    literals[144..256].fill(9);
    literals[256..280].fill(7);
    (literals, [5; DISTANCES])
}
