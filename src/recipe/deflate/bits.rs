//! Bits of a deflate stream, the lowest of a byte first (RFC 1951 §3.1.1).

/// A reader of bits that never panics; behind the end it says so.
#[derive(Clone, Debug)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    next: usize,
    buffer: u64,
    count: u32,
}

impl<'a> BitReader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        BitReader { bytes, next: 0, buffer: 0, count: 0 }
    }

    /// Bits read so far.
    pub fn position(&self) -> usize {
        self.next * 8 - self.count as usize
    }

    /// Makes 56 bits ready, or all that are left.
    #[inline]
    fn fill(&mut self) {
        if let Some(eight) = self.bytes.get(self.next..self.next + 8) {
            let eight = u64::from_le_bytes(eight.try_into().expect("eight bytes"));
            self.buffer |= eight << self.count;
            let taken = (63 - self.count) / 8;
            self.next += taken as usize;
            self.count += taken * 8;
            // Bits above `count` are those of bytes not yet counted: drop them.
            self.buffer &= (1u64 << self.count) - 1;
            return;
        }
        while self.count <= 55 && self.next < self.bytes.len() {
            self.buffer |= u64::from(self.bytes[self.next]) << self.count;
            self.next += 1;
            self.count += 8;
        }
    }

    /// The next bits without reading them, zeros behind the end.
    #[inline]
    pub fn peek(&mut self) -> u64 {
        if self.count < 48 {
            self.fill();
        }
        self.buffer
    }

    /// Reads `count` bits that [`Self::peek`] has shown; `None` behind the end.
    #[inline]
    pub fn skip(&mut self, count: u32) -> Option<()> {
        self.count = self.count.checked_sub(count)?;
        self.buffer >>= count;
        Some(())
    }

    /// Reads a number of at most 32 bits.
    #[inline]
    pub fn take(&mut self, count: u32) -> Option<u32> {
        let value = (self.peek() & ((1u64 << count) - 1)) as u32;
        self.skip(count)?;
        Some(value)
    }

    /// Reads the bits that are left of a byte.
    pub fn align(&mut self) -> Option<u32> {
        self.take(self.count % 8)
    }

    /// Reads whole bytes at a byte border.
    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let start = self.position() / 8;
        let bytes = self.bytes.get(start..start.checked_add(count)?)?;
        (self.next, self.buffer, self.count) = (start + count, 0, 0);
        Some(bytes)
    }
}

/// A writer of bits.
#[derive(Clone, Debug, Default)]
pub(super) struct BitWriter {
    pub bytes: Vec<u8>,
    buffer: u64,
    count: u32,
}

impl BitWriter {
    pub fn with_capacity(bytes: usize) -> Self {
        BitWriter { bytes: Vec::with_capacity(bytes), ..BitWriter::default() }
    }

    /// Bits written so far.
    pub fn position(&self) -> usize {
        self.bytes.len() * 8 + self.count as usize
    }

    /// Writes the lowest `count` bits of `value`, which has no others; at most 32.
    #[inline]
    pub fn put(&mut self, value: u32, count: u32) {
        self.buffer |= u64::from(value) << self.count;
        self.count += count;
        if self.count >= 32 {
            self.bytes.extend_from_slice(&(self.buffer as u32).to_le_bytes());
            self.buffer >>= 32;
            self.count -= 32;
        }
    }

    /// Fills the last byte with zeros and moves all bits into `bytes`.
    pub fn align(&mut self) {
        while self.count > 0 {
            self.bytes.push(self.buffer as u8);
            self.buffer >>= 8;
            self.count = self.count.saturating_sub(8);
        }
    }

    /// Writes whole bytes, after [`Self::align`].
    pub fn put_bytes(&mut self, bytes: &[u8]) {
        debug_assert_eq!(self.count, 0);
        self.bytes.extend_from_slice(bytes);
    }
}
