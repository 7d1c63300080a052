//! Range coder over frequency tables; integers only.
//!
//! `low` and `range` describe the interval. Invariant between symbols: `range ≥ 2^32`,
//! so that a table's total, below 2^24, always fits. Four bytes are written at a time.
//! A carry out of `low` runs back through the bytes already written: they are in memory,
//! and a run of `0xff` is rare.
//! Normative text: spec/pear-paper.md §5.

/// If the range is below this, four bytes are written.
const SMALL: u64 = 1 << 32;

/// Codes symbols.
pub struct RangeEncoder {
    low: u64,
    range: u64,
    bytes: Vec<u8>,
}

impl RangeEncoder {
    /// An encoder that has written nothing.
    pub fn new() -> Self {
        RangeEncoder { low: 0, range: u64::MAX, bytes: Vec::new() }
    }

    /// Codes `symbol` with the table `frequencies`: none zero, sum below 2^24.
    pub fn encode(&mut self, frequencies: &[u32], symbol: u8) {
        let before: u32 = frequencies[..usize::from(symbol)].iter().sum();
        let total: u32 = frequencies.iter().sum();
        let unit = self.range / u64::from(total);
        let (low, carry) = self.low.overflowing_add(unit * u64::from(before));
        self.low = low;
        if carry {
            self.carry();
        }
        self.range = unit * u64::from(frequencies[usize::from(symbol)]);
        while self.range < SMALL {
            self.bytes.extend_from_slice(&((self.low >> 32) as u32).to_be_bytes());
            self.low <<= 32;
            self.range <<= 32;
        }
    }

    /// Adds one to the number that the bytes written so far form. The first byte never
    /// overflows, because the code as a whole is a fraction below one.
    fn carry(&mut self) {
        for byte in self.bytes.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                return;
            }
        }
    }

    /// Ends the code with the shortest number in the interval. Leaves out zero bytes at
    /// the end, which the decoder supplies.
    pub fn finish(mut self) -> Vec<u8> {
        let last = u128::from(self.low) + u128::from(self.range) - 1;
        for count in 0..=8 {
            // The multiple of 2^(64 − 8·count) next above `low`.
            let step = 1u128 << (64 - 8 * count);
            let code = u128::from(self.low).next_multiple_of(step);
            if code <= last {
                if code >> 64 != 0 {
                    self.carry();
                }
                self.bytes.extend_from_slice(&(code as u64).to_be_bytes());
                break;
            }
        }
        let length = self.bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        self.bytes.truncate(length);
        self.bytes
    }
}

/// Decodes symbols.
pub struct RangeDecoder<'a> {
    code: u64,
    range: u64,
    bytes: &'a [u8],
}

impl<'a> RangeDecoder<'a> {
    /// Starts at the beginning of a code from [`RangeEncoder::finish`].
    pub fn new(bytes: &'a [u8]) -> Self {
        let mut decoder = RangeDecoder { code: 0, range: u64::MAX, bytes };
        decoder.code = u64::from(decoder.word()) << 32;
        decoder.code |= u64::from(decoder.word());
        decoder
    }

    /// Reads the next four bytes; zeros after the last.
    fn word(&mut self) -> u32 {
        let mut word = [0; 4];
        let count = self.bytes.len().min(4);
        let (now, rest) = self.bytes.split_at(count);
        word[..count].copy_from_slice(now);
        self.bytes = rest;
        u32::from_be_bytes(word)
    }

    /// The next symbol by the table `frequencies`, see [`RangeEncoder::encode`].
    /// `None` if the code lies outside the table, which no code of the encoder does.
    pub fn decode(&mut self, frequencies: &[u32]) -> Option<u8> {
        let total: u32 = frequencies.iter().sum();
        let unit = self.range / u64::from(total);
        let place = self.code / unit;
        let mut before = 0u64;
        for (symbol, &frequency) in frequencies.iter().enumerate() {
            let after = before + u64::from(frequency);
            if place < after {
                self.code -= unit * before;
                self.range = unit * u64::from(frequency);
                while self.range < SMALL {
                    self.code = self.code << 32 | u64::from(self.word());
                    self.range <<= 32;
                }
                return u8::try_from(symbol).ok();
            }
            before = after;
        }
        None
    }

    /// Returns whether all bytes were read.
    pub fn is_finished(&self) -> bool {
        self.bytes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::parameters::splitmix64;
    use super::*;

    fn table(seed: u64, steep: u32) -> Vec<u32> {
        (0..256)
            .map(|i| (splitmix64(seed * 256 + i) as u32 & 0xffff) >> (steep * (i as u32 & 3)) | 1)
            .collect()
    }

    #[test]
    fn every_symbol_comes_back() {
        for (seed, length) in [(1, 0), (2, 1), (3, 2), (4, 3), (5, 100), (6, 5000)] {
            let tables: Vec<_> =
                (0..length).map(|i| table(seed * 10_000 + i, (i % 6) as u32)).collect();
            let symbols: Vec<u8> = (0..length).map(|i| splitmix64(seed << 20 | i) as u8).collect();
            let mut encoder = RangeEncoder::new();
            tables.iter().zip(&symbols).for_each(|(table, &symbol)| encoder.encode(table, symbol));
            let bytes = encoder.finish();
            let mut decoder = RangeDecoder::new(&bytes);
            for (table, &symbol) in tables.iter().zip(&symbols) {
                assert_eq!(decoder.decode(table), Some(symbol));
            }
            assert!(decoder.is_finished());
        }
    }

    #[test]
    fn a_carry_runs_back_through_the_bytes() {
        // The last symbol of a steep table keeps `low` at the top, so carries are frequent.
        let mut steep = vec![1u32; 256];
        steep[255] = 10_000_000;
        steep[0] = 5_000_000;
        let symbols: Vec<u8> = (0..20_000u64)
            .map(|i| if splitmix64(i).is_multiple_of(5000) { 254 } else { 255 })
            .collect();
        let mut encoder = RangeEncoder::new();
        symbols.iter().for_each(|&symbol| encoder.encode(&steep, symbol));
        let bytes = encoder.finish();
        let mut decoder = RangeDecoder::new(&bytes);
        assert!(symbols.iter().all(|&symbol| decoder.decode(&steep) == Some(symbol)));
    }

    #[test]
    fn certain_symbols_cost_nothing() {
        let mut certain = vec![1u32; 256];
        certain[7] = 10_000_000;
        let mut encoder = RangeEncoder::new();
        (0..1000).for_each(|_| encoder.encode(&certain, 7));
        assert!(encoder.finish().len() <= 6);
    }
}
