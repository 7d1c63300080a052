//! Reading and writing the columns of a table.
//!
//! A table is a number of rows, then one column after the other. Columns of similar
//! values stand together, so zstd finds repetitions. Normative text: spec/container.md
//! §2.2.

use super::limits::check;
use super::{ContainerError, Limits};
use crate::bytes::{BytesError, Cursor, put_signed};
use std::borrow::Cow;

/// Returns the level of the zstd frames that hold tables: the highest that is not slow,
/// and a faster one for tables too long for that.
fn level(raw_length: usize) -> i32 {
    if raw_length <= 16 << 20 { 19 } else { 9 }
}

/// Bytes of memory that zstd needs to decompress a frame at once.
const ZSTD_CONTEXT: u64 = 200 << 10;

/// Codec number of sections whose payload is stored as it is.
pub(super) const CODEC_RAW: u8 = 0;

/// Codec number of sections whose payload is one zstd frame.
pub(super) const CODEC_ZSTD: u8 = 1;

/// A cursor that knows which table it is in.
#[derive(Clone)]
pub(super) struct Columns<'a> {
    cursor: Cursor<'a>,
    table: &'static str,
}

impl<'a> Columns<'a> {
    pub fn new(bytes: &'a [u8], table: &'static str) -> Self {
        Columns { cursor: Cursor::new(bytes), table }
    }

    /// Sets the name of the table that starts here.
    pub fn enter(&mut self, table: &'static str) {
        self.table = table;
    }

    /// Returns the error for a broken rule of the format in `row`.
    pub fn invalid(&self, row: usize, cause: &'static str) -> ContainerError {
        ContainerError::Invalid { table: self.table, row: row as u64, cause }
    }

    /// Reads a number of rows, at most `limit`. Each row takes `minimum` bytes or more,
    /// so a count that the remaining bytes cannot hold is refused before anything is
    /// allocated for it.
    pub fn count(
        &mut self,
        field: &'static str,
        limit: u64,
        minimum: u64,
    ) -> Result<usize, ContainerError> {
        let count = self.varint()?;
        check(field, count, limit)?;
        self.rows(count, minimum)
    }

    /// Returns a number of rows, if the bytes left can hold them.
    pub fn rows(&self, count: u64, minimum: u64) -> Result<usize, ContainerError> {
        match count.checked_mul(minimum) {
            Some(bytes) if bytes <= self.cursor.left() as u64 => Ok(count as usize),
            _ => Err(self.invalid(0, "the row count is larger than the remaining bytes allow")),
        }
    }

    pub fn u8(&mut self) -> Result<u8, ContainerError> {
        let value = self.cursor.u8();
        self.lift(value)
    }

    /// Reads a byte that is 0 or 1.
    pub fn flag(&mut self, row: usize) -> Result<bool, ContainerError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.invalid(row, "a flag is neither 0 nor 1")),
        }
    }

    /// Reads bits of which only `known` are defined.
    pub fn flags(&mut self, known: u64, structure: &'static str) -> Result<u64, ContainerError> {
        let flags = self.varint()?;
        match flags & !known {
            0 => Ok(flags),
            unknown => Err(ContainerError::UnsupportedPart { structure, number: unknown }),
        }
    }

    pub fn varint(&mut self) -> Result<u64, ContainerError> {
        let value = self.cursor.varint();
        self.lift(value)
    }

    pub fn varint_u32(&mut self) -> Result<u32, ContainerError> {
        let value = self.cursor.varint_u32();
        self.lift(value)
    }

    pub fn signed(&mut self) -> Result<i64, ContainerError> {
        let value = self.cursor.signed();
        self.lift(value)
    }

    pub fn take(&mut self, count: u64) -> Result<&'a [u8], ContainerError> {
        let value = self.cursor.take(count);
        self.lift(value)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ContainerError> {
        let value = self.cursor.array();
        self.lift(value)
    }

    /// Reads length-prefixed bytes, at most `limit`.
    pub fn bytes(&mut self, field: &'static str, limit: u64) -> Result<&'a [u8], ContainerError> {
        let length = self.varint()?;
        check(field, length, limit)?;
        self.take(length)
    }

    /// Skips `count` varints.
    pub fn skip(&mut self, count: u64) -> Result<(), ContainerError> {
        (0..count).try_for_each(|_| self.varint().map(drop))
    }

    /// Reads a column of `count` varints.
    pub fn varints(&mut self, count: usize) -> Result<Vec<u64>, ContainerError> {
        (0..count).map(|_| self.varint()).collect()
    }

    /// Reads a column of `count` differences, each to the value before.
    pub fn differences(&mut self, count: usize) -> Result<Vec<u64>, ContainerError> {
        let mut value = 0u64;
        let next = |_| {
            value = value.wrapping_add(self.signed()? as u64);
            Ok(value)
        };
        (0..count).map(next).collect()
    }

    /// Checks that nothing is left over.
    pub fn finish(&self) -> Result<(), ContainerError> {
        self.lift(self.cursor.finish())
    }

    fn lift<T>(&self, result: Result<T, BytesError>) -> Result<T, ContainerError> {
        result.map_err(|source| ContainerError::Bytes { table: self.table, source })
    }
}

/// Appends a column of differences, each to the value before, the first to 0.
pub(super) fn put_differences(out: &mut Vec<u8>, values: impl IntoIterator<Item = u64>) {
    let mut before = 0u64;
    for value in values {
        put_signed(out, value.wrapping_sub(before) as i64);
        before = value;
    }
}

/// Codes tables by the codec that makes them shorter; returns its number and the payload.
///
/// # Errors
/// [`ContainerError::Io`] if zstd fails, which happens only without memory.
pub(super) fn pack(raw: &[u8]) -> Result<(u8, Vec<u8>), ContainerError> {
    let frame = zstd::bulk::compress(raw, level(raw.len()))?;
    Ok(match frame.len() < raw.len() {
        true => (CODEC_ZSTD, frame),
        false => (CODEC_RAW, raw.to_vec()),
    })
}

/// Decodes a payload of tables, which take `raw_length` bytes.
///
/// # Errors
/// [`ContainerError::TooLarge`] before allocating; [`ContainerError::Invalid`] for another
/// codec, and unless the payload is exactly one frame of that length.
pub(super) fn unpack<'a>(
    codec: u8,
    payload: &'a [u8],
    raw_length: u64,
    limits: &Limits,
    table: &'static str,
) -> Result<Cow<'a, [u8]>, ContainerError> {
    check("index bytes", raw_length, limits.index_bytes)?;
    let invalid = |cause| ContainerError::Invalid { table, row: 0, cause };
    if codec == CODEC_RAW {
        return match payload.len() as u64 == raw_length {
            true => Ok(Cow::Borrowed(payload)),
            false => Err(invalid("Raw_Length is not the length of the payload")),
        };
    }
    if codec != CODEC_ZSTD {
        return Err(invalid("the payload does not have codec 0 or 1"));
    }
    let held = (payload.len() as u64).saturating_add(raw_length);
    check("memory", held.saturating_add(ZSTD_CONTEXT), limits.memory)?;
    // zstd would continue with a second frame; the format allows one.
    match zstd::zstd_safe::find_frame_compressed_size(payload) {
        Ok(length) if length == payload.len() => {}
        _ => return Err(invalid("the payload is not one zstd frame")),
    }
    if zstd::zstd_safe::get_dict_id_from_frame(payload).is_some() {
        return Err(invalid("the zstd frame needs a dictionary"));
    }
    let raw = zstd::bulk::decompress(payload, raw_length as usize)
        .map_err(|_| invalid("the zstd frame does not decode"))?;
    if raw.len() as u64 != raw_length {
        return Err(invalid("Raw_Length is not the length of the decoded payload"));
    }
    Ok(Cow::Owned(raw))
}
