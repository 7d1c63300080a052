//! Reading tables (§2.1, §2.2).

use super::{Result, need};

/// A cursor over tables (§2.1, §2.2).
pub struct Table<'a>(pub &'a [u8]);

impl<'a> Table<'a> {
    pub fn bytes(&mut self, count: u64) -> Result<&'a [u8]> {
        need(count <= self.0.len() as u64, "a table is cut off")?;
        let (bytes, rest) = self.0.split_at(count as usize);
        self.0 = rest;
        Ok(bytes)
    }

    pub fn byte(&mut self) -> Result<u8> {
        Ok(self.bytes(1)?[0])
    }

    pub fn flag(&mut self) -> Result<bool> {
        let byte = self.byte()?;
        need(byte <= 1, "a flag is neither 0 nor 1")?;
        Ok(byte == 1)
    }

    pub fn varint(&mut self) -> Result<u64> {
        let (mut value, mut shift) = (0u128, 0);
        loop {
            let byte = self.byte()?;
            value |= u128::from(byte & 127) << shift;
            shift += 7;
            if byte < 128 {
                need(byte > 0 || shift == 7, "a varint is not in its shortest form")?;
                return u64::try_from(value).map_err(|_| "a varint is too large".to_owned());
            }
            need(shift < 70, "a varint is too long")?;
        }
    }

    /// A varint of the stated range.
    pub fn within(&mut self, range: std::ops::RangeInclusive<u64>, field: &str) -> Result<u64> {
        let value = self.varint()?;
        need(range.contains(&value), field)?;
        Ok(value)
    }

    /// The count of rows of a table, each of which takes a byte or more.
    pub fn count(&mut self) -> Result<usize> {
        let count = self.varint()?;
        need(count <= self.0.len() as u64, "more rows than bytes")?;
        Ok(count as usize)
    }

    pub fn signed(&mut self) -> Result<i64> {
        let zigzag = self.varint()?;
        Ok(((zigzag >> 1) ^ (zigzag & 1).wrapping_neg()) as i64)
    }

    pub fn varints(&mut self, count: usize) -> Result<Vec<u64>> {
        (0..count).map(|_| self.varint()).collect()
    }

    pub fn differences(&mut self, count: usize) -> Result<Vec<u64>> {
        let mut value = 0u64;
        let mut next = || {
            value = value.wrapping_add(self.signed()? as u64);
            Ok(value)
        };
        (0..count).map(|_| next()).collect()
    }

    pub fn counted(&mut self) -> Result<Vec<u8>> {
        let count = self.varint()?;
        Ok(self.bytes(count)?.to_vec())
    }

    pub fn end(&self) -> Result<()> {
        need(self.0.is_empty(), "bytes are left over")
    }
}
