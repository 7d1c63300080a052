//! Little-endian values, minimal varints and a bounded cursor.
//!
//! Everything read from an archive passes through [`Cursor`], which returns an error
//! instead of panicking. Normative text: spec/container.md §2.

use std::io;

/// Why bytes could not be read as the requested value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BytesError {
    /// Fewer bytes are left than the value takes.
    #[error("needs {wanted} bytes at byte {offset}, only {left} are left")]
    Short {
        /// Byte offset in the cursor's slice.
        offset: usize,
        /// Bytes the value takes.
        wanted: u64,
        /// Bytes left.
        left: usize,
    },
    /// A varint is not in its shortest form.
    #[error("the integer at byte {offset} is not in its shortest form")]
    NotMinimal {
        /// Byte offset in the cursor's slice.
        offset: usize,
    },
    /// An integer does not fit its type.
    #[error("the integer at byte {offset} is too large")]
    Overflow {
        /// Byte offset in the cursor's slice.
        offset: usize,
    },
    /// Bytes are left after the last value.
    #[error("{left} bytes left over at byte {offset}")]
    Trailing {
        /// Byte offset in the cursor's slice.
        offset: usize,
        /// Bytes left.
        left: usize,
    },
}

/// Longest varint in bytes: ten groups of seven bits hold 64.
pub const VARINT_MAX: usize = 10;

/// Appends `value` as a varint: seven bits per byte, lowest first, the high bit set on
/// all bytes but the last. Only the shortest form exists.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed value as the varint of its zigzag form (0, −1, 1, −2, …).
pub fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// Appends a varint length and the bytes.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A bounded reader of values at the front of a slice; never panics.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    /// Makes a cursor at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Cursor { bytes, position: 0 }
    }

    /// Returns the number of bytes read so far.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Returns the number of bytes not yet read.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// Reads the next `count` bytes.
    ///
    /// # Errors
    /// [`BytesError::Short`] if fewer are left; nothing is consumed then.
    pub fn take(&mut self, count: u64) -> Result<&'a [u8], BytesError> {
        let left = self.left();
        if count > left as u64 {
            return Err(BytesError::Short { offset: self.position, wanted: count, left });
        }
        let start = self.position;
        self.position += count as usize;
        Ok(&self.bytes[start..self.position])
    }

    /// Reads the next `N` bytes as an array.
    ///
    /// # Errors
    /// [`BytesError::Short`].
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], BytesError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N as u64)?);
        Ok(array)
    }

    /// Reads one byte.
    ///
    /// # Errors
    /// [`BytesError::Short`].
    pub fn u8(&mut self) -> Result<u8, BytesError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Reads two bytes, little-endian.
    ///
    /// # Errors
    /// [`BytesError::Short`].
    pub fn u16(&mut self) -> Result<u16, BytesError> {
        self.array().map(u16::from_le_bytes)
    }

    /// Reads four bytes, little-endian.
    ///
    /// # Errors
    /// [`BytesError::Short`].
    pub fn u32(&mut self) -> Result<u32, BytesError> {
        self.array().map(u32::from_le_bytes)
    }

    /// Reads eight bytes, little-endian.
    ///
    /// # Errors
    /// [`BytesError::Short`].
    pub fn u64(&mut self) -> Result<u64, BytesError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Reads a varint in its shortest form.
    ///
    /// # Errors
    /// [`BytesError::Short`], [`BytesError::NotMinimal`], and
    /// [`BytesError::Overflow`] above 64 bits.
    pub fn varint(&mut self) -> Result<u64, BytesError> {
        let offset = self.position;
        let mut value = 0u64;
        for index in 0..VARINT_MAX {
            let byte = self.u8()?;
            // The tenth byte has room for one bit only.
            if index == VARINT_MAX - 1 && byte > 1 {
                return Err(BytesError::Overflow { offset });
            }
            value |= u64::from(byte & 0x7F) << (7 * index);
            if byte & 0x80 == 0 {
                let minimal = byte != 0 || index == 0;
                return if minimal { Ok(value) } else { Err(BytesError::NotMinimal { offset }) };
            }
        }
        Err(BytesError::Overflow { offset })
    }

    /// Reads a varint that fits 32 bits.
    ///
    /// # Errors
    /// As [`Cursor::varint`].
    pub fn varint_u32(&mut self) -> Result<u32, BytesError> {
        let offset = self.position;
        u32::try_from(self.varint()?).map_err(|_| BytesError::Overflow { offset })
    }

    /// Reads a signed varint in zigzag form.
    ///
    /// # Errors
    /// As [`Cursor::varint`].
    pub fn signed(&mut self) -> Result<i64, BytesError> {
        self.varint().map(|value| (value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// Reads a varint length and that many bytes.
    ///
    /// # Errors
    /// As [`Cursor::varint`] and [`Cursor::take`].
    pub fn bytes(&mut self) -> Result<&'a [u8], BytesError> {
        let count = self.varint()?;
        self.take(count)
    }

    /// Checks that every byte was read.
    ///
    /// # Errors
    /// [`BytesError::Trailing`].
    pub fn finish(&self) -> Result<(), BytesError> {
        match self.left() {
            0 => Ok(()),
            left => Err(BytesError::Trailing { offset: self.position, left }),
        }
    }
}

/// A buffer that is written to, and refuses more than so many bytes.
#[derive(Debug)]
pub struct Bounded {
    /// What was written.
    pub bytes: Vec<u8>,
    most: usize,
}

impl Bounded {
    /// Makes an empty buffer for at most `most` bytes, which are allocated.
    pub fn new(most: usize) -> Bounded {
        Bounded { bytes: Vec::with_capacity(most), most }
    }
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.most - self.bytes.len() {
            return Err(io::Error::other("longer than allowed"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Formats a number of bytes with about three digits: `12.3 MiB`.
pub fn show_size(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    // 999.5 would be shown as 1000, which is longer than 0.98 of the next unit.
    while value >= 999.5 && unit + 1 < units.len() {
        (value, unit) = (value / 1024.0, unit + 1);
    }
    match unit {
        0 => format!("{bytes} B"),
        _ if value < 9.95 => format!("{value:.2} {}", units[unit]),
        _ if value < 99.95 => format!("{value:.1} {}", units[unit]),
        _ => format!("{value:.0} {}", units[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_varint_has_one_form_and_comes_back() {
        for shift in 0..64 {
            for value in [1u64 << shift, (1u64 << shift) - 1, u64::MAX >> shift] {
                let mut out = Vec::new();
                put_varint(&mut out, value);
                let mut cursor = Cursor::new(&out);
                assert_eq!(cursor.varint(), Ok(value));
                assert_eq!(cursor.finish(), Ok(()));
                // One more group, which is empty, gives the same number in a longer form.
                let last = out.len() - 1;
                out[last] |= 0x80;
                out.push(0);
                assert!(Cursor::new(&out).varint().is_err());
            }
        }
    }

    #[test]
    fn signed_values_come_back() {
        for value in [0, -1, 1, i64::MIN, i64::MAX, -1_000_000_007] {
            let mut out = Vec::new();
            put_signed(&mut out, value);
            assert_eq!(Cursor::new(&out).signed(), Ok(value));
        }
    }

    #[test]
    fn the_cursor_refuses_instead_of_panicking() {
        let short = |offset, wanted, left| BytesError::Short { offset, wanted, left };
        assert_eq!(Cursor::new(&[1]).u64(), Err(short(0, 8, 1)));
        assert_eq!(Cursor::new(&[3, 1]).bytes(), Err(short(1, 3, 1)));
        assert_eq!(Cursor::new(&[]).take(u64::MAX), Err(short(0, u64::MAX, 0)));
        assert_eq!(Cursor::new(&[0x80; 3]).varint(), Err(short(3, 1, 0)));
        assert_eq!(Cursor::new(&[0xFF; 11]).varint(), Err(BytesError::Overflow { offset: 0 }));
        assert_eq!(Cursor::new(&[9]).finish(), Err(BytesError::Trailing { offset: 0, left: 1 }));
    }

    #[test]
    fn sizes_are_shown_in_few_digits() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "0.98 KiB"),
            (1024, "1.00 KiB"),
            (12_345_678, "11.8 MiB"),
            (u64::MAX, "16.0 EiB"),
        ];
        for (size, text) in cases {
            assert_eq!(show_size(size), text);
        }
    }
}
