//! Content_Table: runs of file data laid end to end over the decode groups.
//!
//! A content has no stored position: it starts where the content before it ends. So
//! overlaps and gaps cannot be expressed. Normative text: spec/container.md §5.2.

use super::columns::{Columns, put_differences};
use super::{ContainerError, Limits};
use crate::bytes::put_varint;
use crate::checksum::{Context, Digest, Hasher};
use crate::entry::Segment;

pub(super) const TABLE: &str = "Content_Table";

/// Size and data segments of a sparse file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sparse {
    /// Size in bytes, holes included.
    pub size: u64,
    /// Data segments, ascending and disjoint.
    pub segments: Vec<Segment>,
}

/// A run of one file's data: all of it, or the part in one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Bytes of data.
    pub length: u64,
    /// Places of the holes; `None` for a file without holes and for a piece that
    /// continues a file.
    pub sparse: Option<Sparse>,
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

/// Appends the rows.
pub(super) fn encode(out: &mut Vec<u8>, pieces: &[Piece]) {
    put_varint(out, pieces.len() as u64);
    put_differences(out, pieces.iter().map(|piece| piece.length));
    out.extend(pieces.iter().map(|piece| piece.sparse.is_some() as u8));
    for sparse in pieces.iter().filter_map(|piece| piece.sparse.as_ref()) {
        put_varint(out, sparse.size);
        put_varint(out, sparse.segments.len() as u64);
        let mut end = 0;
        for segment in &sparse.segments {
            put_varint(out, segment.offset - end);
            put_varint(out, segment.length);
            end = segment.offset + segment.length;
        }
    }
}

/// Reads the rows; `following` bytes of data of the last row's file are in other
/// groups.
pub(super) fn decode(
    columns: &mut Columns,
    following: u64,
    limits: &Limits,
) -> Result<Vec<Piece>, ContainerError> {
    columns.enter(TABLE);
    let count = columns.count("contents", limits.entries, 2)?;
    if following > 0 && count == 0 {
        return Err(columns.invalid(0, "Following is set, but no row continues"));
    }
    let lengths = columns.differences(count)?;
    let flags = (0..count).map(|row| columns.flag(row)).collect::<Result<Vec<_>, _>>()?;
    let mut extents = limits.extents;
    let mut pieces = Vec::with_capacity(count);
    for row in 0..count {
        let length = lengths[row];
        let rest = if row + 1 == count { following } else { 0 };
        let data = length.checked_add(rest);
        let data =
            data.ok_or_else(|| columns.invalid(row, "a content is longer than 2^64 bytes"))?;
        let sparse = match flags[row] {
            true => Some(decode_sparse(columns, row, &mut extents)?),
            false => None,
        };
        if let Some(sparse) = &sparse {
            check_sparse(columns, row, sparse, data)?;
        }
        pieces.push(Piece { length, sparse });
    }
    Ok(pieces)
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
        return Err(columns.invalid(row, "Sparse is set for a file without holes"));
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
