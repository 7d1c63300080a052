//! Content_Table: rows of file data laid end to end over the groups of a batch.
//!
//! A row has no stored position: it starts where the row before it ends. So overlaps and
//! gaps cannot be expressed. Normative text: spec/container.md §6.1.

use super::columns::{Columns, put_differences};
use super::part::Open;
use super::recipes::{self, Streams};
use super::runs::{self, Run};
use super::spans::JOIN_MOST;
use super::{ContainerError, Limits};
use crate::bytes::put_varint;
use crate::checksum::{Context, Digest, Hasher};
use crate::entry::{Recipe, Segment};
use std::sync::Arc;
use thin_vec::ThinVec;

pub(super) const TABLE: &str = "Content_Table";

/// The Form of a row of runs; 1 more with holes.
pub(super) const RUNS: u8 = 2;

/// The Form of a row that is made by a recipe.
pub(super) const RECIPE: u8 = 4;

/// The Form of a row that names a content of an earlier section.
pub(super) const AGAIN: u8 = 5;

/// Least bytes of a row: its form, and its length or its recipe.
pub(super) const ROW_MINIMUM: u64 = 2;

/// Size and data segments of a sparse file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sparse {
    /// Size in bytes, holes included.
    pub size: u64,
    /// Data segments, ascending and disjoint.
    pub segments: Vec<Segment>,
}

/// One file's data: all of it, or the part in one batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Bytes of the batch.
    pub length: u64,
    /// Places of the holes; `None` for a file without holes and for a row that continues
    /// a file.
    pub sparse: Option<Box<Sparse>>,
    /// How the file is made from other rows; the row has no bytes of its own then.
    pub recipe: Option<Arc<Recipe>>,
    /// The content of an earlier section that it is; the row has no bytes of its own then.
    pub again: Option<Box<Again>>,
    /// Where the file's data are, if not all of them are the row's bytes; otherwise empty.
    pub runs: ThinVec<Run>,
}

/// A content of an earlier section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    /// By how much the Sequence of that section is less.
    pub back: u64,
    /// Its row.
    pub row: u64,
}

impl Row {
    /// Makes a row of so many bytes, without holes.
    pub fn of(length: u64) -> Row {
        Row { length, ..Row::default() }
    }

    /// Returns whether it has bytes of the batch, or may have: its Form is 0 to 3.
    fn has_length(&self) -> bool {
        self.recipe.is_none() && self.again.is_none()
    }

    /// Returns the bytes of its file's data that it gives; 0 if another section has them.
    pub fn data(&self) -> u64 {
        match &self.recipe {
            Some(recipe) => recipe.size(),
            None if self.runs.is_empty() => self.length,
            None => self.runs.iter().fold(0, |sum, run| sum.saturating_add(run.length)),
        }
    }
}

/// Computes the digest of a file of `size` bytes whose data hashes to `data`, as
/// spec/container.md §2.3 defines it: `data` itself for a file without holes, and a
/// derived hash of the map and `data` for one with holes. Cost: that of the map; holes
/// cost nothing.
pub fn content_digest(data: Digest, size: u64, segments: Option<&[Segment]>) -> Digest {
    let Some(segments) = segments else { return data };
    let mut hasher = Hasher::derived(Context::SparseFile);
    hasher.update(&size.to_le_bytes());
    hasher.update(&(segments.len() as u64).to_le_bytes());
    for segment in segments {
        hasher.update(&segment.offset.to_le_bytes());
        hasher.update(&segment.length.to_le_bytes());
    }
    hasher.update(&data);
    hasher.digest()
}

/// Appends the rows, without digests.
pub(super) fn encode(out: &mut Vec<u8>, rows: &[Row], join: u64) {
    put_varint(out, rows.len() as u64);
    if rows.is_empty() {
        return;
    }
    put_varint(out, join);
    out.extend(rows.iter().map(|row| match (&row.recipe, &row.again) {
        (Some(_), _) => RECIPE,
        (_, Some(_)) => AGAIN,
        _ => row.sparse.is_some() as u8 + if row.runs.is_empty() { 0 } else { RUNS },
    }));
    let with_length = rows.iter().filter(|row| row.has_length());
    put_differences(out, with_length.map(|row| row.length));
    runs::encode(out, rows);
    for sparse in rows.iter().filter_map(|row| row.sparse.as_ref()) {
        put_varint(out, sparse.size);
        put_varint(out, sparse.segments.len() as u64);
        let mut end = 0;
        for segment in &sparse.segments {
            put_varint(out, segment.offset - end);
            put_varint(out, segment.length);
            end = segment.offset + segment.length;
        }
    }
    recipes::encode(out, rows);
    for Again { back, row } in rows.iter().filter_map(|row| row.again.as_deref()) {
        put_varint(out, *back);
        put_varint(out, *row);
    }
}

/// Reads the rows and Join, which is 0 without rows. Digests come behind.
pub(super) fn decode(
    columns: &mut Columns,
    continued: bool,
    open: Option<Open>,
    limits: &Limits,
) -> Result<(Vec<Row>, u64), ContainerError> {
    columns.enter(TABLE);
    let count = columns.count("contents", limits.entries, ROW_MINIMUM)?;
    if count == 0 {
        return Ok((Vec::new(), 0));
    }
    let join = columns.varint()?;
    if join == 0 || join > JOIN_MOST {
        return Err(columns.invalid(0, "Join is not 1 to 65,536"));
    }
    let forms = columns.take(count as u64)?;
    let goes_on =
        |row: usize| (continued && row == 0) || open.is_some_and(|open| open.row == row as u64);
    for (number, &form) in forms.iter().enumerate() {
        check_form(columns, number, form, goes_on(number))?;
    }
    let with_length = forms.iter().filter(|&&form| form < RECIPE).count();
    let mut lengths = columns.differences(with_length)?.into_iter();
    let mut extents = limits.extents;
    let mut rows = Vec::with_capacity(count);
    for number in 0..count {
        if forms[number] >= RECIPE {
            rows.push(Row::default());
            continue;
        }
        rows.push(Row::of(lengths.next().unwrap_or_default()));
    }
    for number in (0..count).filter(|&row| forms[row] & !1 == RUNS) {
        let runs = runs::decode(columns, number, rows[number].length, &mut extents)?;
        rows[number].runs = runs.into();
    }
    for number in (0..count).filter(|&row| forms[row] < RECIPE) {
        let following = open.filter(|open| open.row == number as u64);
        let data = rows[number].data().checked_add(following.map_or(0, |open| open.following));
        let data =
            data.ok_or_else(|| columns.invalid(number, "a content is longer than 2^64 bytes"))?;
        if forms[number] & 1 == 1 {
            let sparse = decode_sparse(columns, number, &mut extents)?;
            check_sparse(columns, number, &sparse, data)?;
            rows[number].sparse = Some(Box::new(sparse));
        }
    }
    if forms.contains(&RECIPE) {
        let is_stream = |row: usize| forms[row] == 0 && !goes_on(row);
        let streams = Streams::of(columns, &rows, &is_stream)?;
        let mut steps = recipes::SECTION_STEPS;
        for number in (0..count).filter(|&row| forms[row] == RECIPE) {
            let recipe = recipes::decode(columns, number, &streams, &mut steps)?;
            let following = open.filter(|open| open.row == number as u64);
            let rest = following.map_or(0, |open| open.following);
            if recipe.size().checked_add(rest).is_none() {
                return Err(columns.invalid(number, "a content is longer than 2^64 bytes"));
            }
            rows[number].recipe = Some(Arc::new(recipe));
        }
    }
    for number in (0..count).filter(|&row| forms[row] == AGAIN) {
        let again = Again { back: columns.varint()?, row: columns.varint()? };
        if again.back == 0 {
            return Err(columns.invalid(number, "Sequence_Back is 0"));
        }
        rows[number].again = Some(Box::new(again));
    }
    Ok((rows, join))
}

/// Refuses a Form that this build does not read, by its name.
fn check_form(
    columns: &Columns,
    row: usize,
    form: u8,
    goes_on: bool,
) -> Result<(), ContainerError> {
    let structure = match form {
        0..=RECIPE => return Ok(()),
        AGAIN if !goes_on => return Ok(()),
        AGAIN => return Err(columns.invalid(row, "a content of another section goes on")),
        _ => "an unknown Form",
    };
    Err(ContainerError::UnsupportedPart { structure, number: u64::from(form) })
}

fn decode_sparse(
    columns: &mut Columns,
    row: usize,
    budget: &mut u64,
) -> Result<Sparse, ContainerError> {
    let size = columns.varint()?;
    let count = columns.count("extents", *budget, 2)?;
    *budget -= count as u64;
    let mut segments = Vec::with_capacity(count);
    let mut end = 0u64;
    for index in 0..count {
        let (gap, length) = (columns.varint()?, columns.varint()?);
        if length == 0 || (gap == 0 && index > 0) {
            return Err(columns.invalid(row, "a data segment is empty or touches the one before"));
        }
        let offset = end.checked_add(gap);
        let (Some(offset), Some(next)) = (offset, offset.and_then(|from| from.checked_add(length)))
        else {
            return Err(columns.invalid(row, "a data segment ends beyond 2^64"));
        };
        segments.push(Segment { offset, length });
        end = next;
    }
    if end > size {
        return Err(columns.invalid(row, "a data segment ends after the end of its file"));
    }
    Ok(Sparse { size, segments })
}

/// Checks that the segments hold the data, and that there is a hole.
fn check_sparse(
    columns: &Columns,
    row: usize,
    sparse: &Sparse,
    data: u64,
) -> Result<(), ContainerError> {
    // Segments are disjoint and end at or before `size`: the sum fits 64 bits.
    let sum = sparse.segments.iter().map(|segment| segment.length).sum::<u64>();
    if sum != data {
        return Err(columns.invalid(row, "data segments and Length disagree"));
    }
    if sum == sparse.size {
        return Err(columns.invalid(row, "a file without holes has a map of holes"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::digest;

    #[test]
    fn the_digest_of_a_file_with_holes_is_over_data_and_map() {
        let data = digest(b"data");
        let segment = |offset| [Segment { offset, length: 4 }];
        let all = [
            content_digest(data, 4, None),
            content_digest(data, 9, Some(&segment(0))),
            content_digest(data, 9, Some(&segment(5))),
            content_digest(data, 10, Some(&segment(5))),
            content_digest(digest(b"dara"), 10, Some(&segment(5))),
        ];
        assert_eq!(all[0], data, "b3sum gives the same");
        for (number, one) in all.iter().enumerate() {
            assert!(!all[..number].contains(one), "{number}");
        }
    }
}
