//! Binary range coder: 32-bit interval, 16-bit probabilities.
//!
//! Encoder and decoder keep the interval `low ..= high`. Invariant between bits: the
//! top bytes of `low` and `high` differ, so `low < high`. A bit splits the interval in
//! proportion to its probability; top bytes that become equal are shifted out. All
//! arithmetic is on integers, so nothing depends on rounding.
//!
//! Normative text: spec/codec.md §4.

/// The last value of the interval that stands for a one of probability `p / 2^16`,
/// 0 < p < 2^16.
#[inline(always)]
fn split(low: u32, high: u32, p: u32) -> u32 {
    let range = (high - low) as u64;
    low + ((range * p as u64) >> 16) as u32
}

/// The part of the interval that `bit` selects: `low ..= middle` for a one, the
/// rest for a zero.
#[inline(always)]
fn narrow(low: u32, high: u32, p: u32, bit: u32) -> (u32, u32) {
    let middle = split(low, high, p);
    let one = bit.wrapping_neg();
    (low & one | (middle + 1) & !one, middle & one | high & !one)
}

/// Shifts `settled` top bytes (0 ..= 4) out of both ends of the interval.
#[inline(always)]
fn shift_out(low: u32, high: u32, settled: u32) -> (u32, u32) {
    let ones = (1u64 << (8 * settled)) - 1;
    let shift = |end: u32| (end as u64) << (8 * settled);
    (shift(low) as u32, (shift(high) | ones) as u32)
}

/// Most bytes that are reserved behind the settled ones.
const MOST_ROOM: usize = 1 << 16;

/// Codes bits into bytes.
#[derive(Debug)]
pub struct Encoder {
    low: u32,
    high: u32,
    /// `filled` settled bytes, then room for the next ones.
    out: Vec<u8>,
    filled: usize,
}

impl Default for Encoder {
    fn default() -> Self {
        Encoder { low: 0, high: u32::MAX, out: Vec::new(), filled: 0 }
    }
}

impl Encoder {
    /// Codes `bit`, whose probability of being one is `p / 2^16`.
    ///
    /// Has no branch on the bit: well-predicted by the model means unpredictable for
    /// the CPU.
    #[inline(always)]
    pub fn encode(&mut self, bit: u32, p: u32) {
        debug_assert!(p > 0 && p < 1 << 16 && bit < 2);
        (self.low, self.high) = narrow(self.low, self.high, p, bit);
        // Equal top bytes are settled.
        let settled = (self.low ^ self.high).leading_zeros() / 8;
        if self.out.len() < self.filled + 4 {
            // `resize` writes the room, which takes its memory pages: keep it small.
            self.out.resize(self.filled + (self.filled + 64).min(MOST_ROOM), 0);
        }
        self.out[self.filled..self.filled + 4].copy_from_slice(&self.high.to_be_bytes());
        self.filled += settled as usize;
        (self.low, self.high) = shift_out(self.low, self.high, settled);
    }

    /// Ends the code with one or four bytes that identify the interval.
    pub fn finish(mut self) -> Vec<u8> {
        self.out.truncate(self.filled);
        // One byte is enough if it stays inside the interval whatever bytes follow.
        let byte = (self.low >> 24) + 1;
        if byte << 24 > self.low && (byte << 24 | 0x00FF_FFFF) <= self.high {
            self.out.push(byte as u8);
        } else {
            self.out.extend_from_slice(&self.high.to_be_bytes());
        }
        self.out
    }
}

/// Decodes bits. Past the end of the input it reads zeros.
#[derive(Debug)]
pub struct Decoder<'a> {
    low: u32,
    high: u32,
    code: u32,
    input: &'a [u8],
    at: usize,
}

impl<'a> Decoder<'a> {
    /// Starts at the beginning of `input`.
    pub fn new(input: &'a [u8]) -> Decoder<'a> {
        let mut decoder = Decoder { low: 0, high: u32::MAX, code: 0, input, at: 0 };
        decoder.code = decoder.near_end();
        decoder.at = 4;
        decoder
    }

    /// Decodes a bit whose probability of being one is `p / 2^16`.
    #[inline(always)]
    pub fn decode(&mut self, p: u32) -> u32 {
        let bit = (self.code <= split(self.low, self.high, p)) as u32;
        (self.low, self.high) = narrow(self.low, self.high, p, bit);
        let settled = (self.low ^ self.high).leading_zeros() / 8;
        let next = match self.input.get(self.at..self.at + 4) {
            Some(bytes) => u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]),
            None => self.near_end(),
        };
        self.at += settled as usize;
        (self.low, self.high) = shift_out(self.low, self.high, settled);
        let joined = (self.code as u64) << 32 | next as u64;
        self.code = (joined << (8 * settled) >> 32) as u32;
        bit
    }

    /// The next four bytes; zeros past the end of the input.
    #[cold]
    fn near_end(&self) -> u32 {
        let byte = |k: usize| self.input.get(self.at + k).copied().unwrap_or(0);
        u32::from_be_bytes([byte(0), byte(1), byte(2), byte(3)])
    }

    /// Bytes consumed, the four read ahead included: more than the input has if it was
    /// cut short.
    pub fn position(&self) -> usize {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_comes_back_at_small_large_and_middle_probabilities() {
        let mut seed = 1u32;
        let mut random = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed >> 8
        };
        for length in [0, 1, 2, 7, 8, 63, 10_000] {
            let script: Vec<(u32, u32)> = (0..length)
                .map(|_| match random() % 4 {
                    0 => (random() & 1, 1),
                    1 => (random() & 1, 65_535),
                    _ => (random() & 1, random() % 65_535 + 1),
                })
                .collect();
            let mut encoder = Encoder::default();
            script.iter().for_each(|&(bit, p)| encoder.encode(bit, p));
            let bytes = encoder.finish();
            let mut decoder = Decoder::new(&bytes);
            for (index, &(bit, p)) in script.iter().enumerate() {
                assert_eq!(decoder.decode(p), bit, "bit {index} of {length}");
            }
        }
    }

    #[test]
    fn likely_bits_cost_next_to_nothing() {
        let mut encoder = Encoder::default();
        (0..80_000).for_each(|_| encoder.encode(1, 65_535));
        assert!(encoder.finish().len() < 8);
    }
}
