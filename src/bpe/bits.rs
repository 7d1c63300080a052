//! The bits of a merge table: gamma numbers and subsets.
//!
//! Bits fill bytes from the least significant one. Normative text:
//! spec/bpe.md §3.

use super::BpeError;

/// Writes bits into bytes.
#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits in the last byte, 0 to 7; 0 means a byte boundary.
    used: u32,
}

impl BitWriter {
    /// Appends the `count` low bits of `value`, the lowest first.
    pub(super) fn bits(&mut self, value: u32, count: u32) {
        for index in 0..count {
            if self.used == 0 {
                self.bytes.push(0);
            }
            let last = self.bytes.last_mut().expect("a byte was pushed at the boundary");
            *last |= (((value >> index) & 1) as u8) << self.used;
            self.used = (self.used + 1) % 8;
        }
    }

    /// Appends `value`, 1 or more, as an Elias gamma number.
    pub(super) fn gamma(&mut self, value: u32) {
        let low_bits = value.ilog2();
        self.bits(0, low_bits);
        self.bits(1, 1);
        self.bits(value, low_bits);
    }

    /// Appends an ascending set of numbers below `universe`.
    pub(super) fn subset(&mut self, members: &[u32], universe: u32) {
        self.gamma(members.len() as u32 + 1);
        let low_bits = rice_bits(members.len() as u32, universe);
        let mut least = 0;
        for &member in members {
            let gap = member - least;
            for _ in 0..gap >> low_bits {
                self.bits(0, 1);
            }
            self.bits(1, 1);
            self.bits(gap, low_bits);
            least = member + 1;
        }
    }

    /// The bytes; the last one is filled up with zeros.
    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Low bits of the Rice code that suits `count` members of `universe`: the
/// gaps are about geometric with mean `universe / count`.
fn rice_bits(count: u32, universe: u32) -> u32 {
    (universe / count.max(1)).max(1).ilog2()
}

/// Reads what [`BitWriter`] wrote, and nothing behind its end.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Bits taken; at most those of `bytes` between calls that succeed.
    taken: usize,
}

impl<'a> BitReader<'a> {
    /// Starts at the first bit of `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        BitReader { bytes, taken: 0 }
    }

    /// The next 57 bits or more, as if zeros followed the end.
    #[inline]
    fn peek(&self) -> u64 {
        let rest = &self.bytes[self.bytes.len().min(self.taken / 8)..];
        let word = match rest.first_chunk::<8>() {
            Some(word) => u64::from_le_bytes(*word),
            None => rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
        };
        word >> (self.taken % 8)
    }

    fn take(&mut self, count: u32) -> Result<(), BpeError> {
        self.taken += count as usize;
        if self.taken > self.bytes.len() * 8 { Err(BpeError::TableTruncated) } else { Ok(()) }
    }

    /// Takes `count` bits, at most 31, the lowest first.
    fn bits(&mut self, count: u32) -> Result<u32, BpeError> {
        let value = self.peek() & ((1 << count) - 1);
        self.take(count)?;
        Ok(value as u32)
    }

    /// Takes zeros and the one behind them; at most `most` zeros.
    fn zeros(&mut self, most: u32) -> Result<u32, BpeError> {
        let mut zeros = 0;
        loop {
            let more = self.peek().trailing_zeros().min(56);
            self.take(more)?;
            zeros += more;
            if zeros > most {
                return Err(self.out_of_range());
            }
            if more < 56 {
                self.take(1)?;
                return Ok(zeros);
            }
        }
    }

    /// Takes an Elias gamma number below 2^17.
    pub(super) fn gamma(&mut self) -> Result<u32, BpeError> {
        let low_bits = self.zeros(16)?;
        Ok((1 << low_bits) | self.bits(low_bits)?)
    }

    /// Takes an ascending set of at most `most` numbers below `universe`,
    /// which is at most 2^30.
    pub(super) fn subset(&mut self, universe: u32, most: usize) -> Result<Vec<u32>, BpeError> {
        let count = self.gamma()? - 1;
        if count as usize > most || count > universe {
            return Err(self.out_of_range());
        }
        let low_bits = rice_bits(count, universe);
        let mut members = Vec::with_capacity(count as usize);
        let mut least = 0;
        for _ in 0..count {
            let high = self.zeros((universe - least) >> low_bits)? << low_bits;
            let member = least + high + self.bits(low_bits)?;
            if member >= universe {
                return Err(self.out_of_range());
            }
            members.push(member);
            least = member + 1;
        }
        Ok(members)
    }

    /// The error of a number out of its range.
    pub(super) fn out_of_range(&self) -> BpeError {
        BpeError::TableNumber { offset: self.taken / 8 }
    }

    /// Bytes taken so far, the last one perhaps in part.
    ///
    /// # Errors
    /// [`BpeError::TablePadding`] unless the rest of the last byte is zero.
    pub(super) fn finish(self) -> Result<usize, BpeError> {
        let length = self.taken.div_ceil(8);
        let padding = length * 8 - self.taken;
        if padding > 0 && self.bytes[length - 1] >> (8 - padding) != 0 {
            return Err(BpeError::TablePadding);
        }
        Ok(length)
    }
}
