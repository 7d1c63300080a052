//! The ENTRY payload: the contents of the group that follows. It is written before the
//! index can be known, so that archives can be extracted from a pipe and salvaged
//! without their index. Normative text: spec/container.md §6.

use super::budget::{self, Left};
use super::columns::{Columns, pack, unpack};
use super::index::files_mut;
use super::{ContainerError, Limits, contents, table};
use crate::bytes::put_varint;
use crate::checksum::Digest;
use crate::entry::Entry;

pub use super::contents::{Piece, Sparse, content_digest};

/// The contents of one ENTRY section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Whether the first piece continues the file that the part before left open.
    pub continued: bool,
    /// Files announced for the continued piece that turned out not to hold its content,
    /// or not to be readable: counted from 0 in the order of their paths, ascending. A
    /// reader drops them and the hard links to them; they may be announced again.
    pub revoked: Vec<u64>,
    /// Bytes of data of the last piece's file that follow in later groups; 0 if it ends
    /// here. Fewer may come if all its entries are revoked then.
    pub following: u64,
    /// BLAKE3 of the decoded group; of nothing if there is none.
    pub group_digest: Digest,
    /// The contents of the group, in order and without gaps.
    pub pieces: Vec<Piece>,
    /// Entries whose first piece is in this group, or that need no data, in the order
    /// of their paths. Extents and digests of files are empty: they are in the index.
    pub entries: Vec<Entry>,
    /// The piece of every file among `entries`, in the same order.
    pub file_pieces: Vec<u64>,
}

impl Part {
    /// Returns the number of bytes of the group that the pieces fill.
    pub fn length(&self) -> u64 {
        self.pieces.iter().fold(0, |sum, piece| sum.saturating_add(piece.length))
    }
}

/// Encodes a part; returns the payload and its decoded length.
///
/// # Errors
/// [`ContainerError::Invalid`] if entries are out of order.
pub fn encode_part(part: &Part) -> Result<(Vec<u8>, u64), ContainerError> {
    let mut raw = vec![part.continued as u8];
    put_varint(&mut raw, part.following);
    raw.extend(part.group_digest);
    put_varint(&mut raw, part.revoked.len() as u64);
    part.revoked.iter().for_each(|&ordinal| put_varint(&mut raw, ordinal));
    contents::encode(&mut raw, &part.pieces);
    table::encode(&mut raw, &part.entries, &part.file_pieces)?;
    Ok((pack(&raw)?, raw.len() as u64))
}

/// Reads a part of `raw_length` decoded bytes.
///
/// # Errors
/// As [`super::decode_index`].
pub fn decode_part(
    payload: &[u8],
    raw_length: u64,
    limits: &Limits,
) -> Result<Part, ContainerError> {
    let raw = unpack(payload, raw_length, limits, "ENTRY")?;
    let mut columns = Columns::new(&raw, "Part");
    let continued = columns.flag(0)?;
    let following = columns.varint()?;
    let group_digest = columns.array()?;
    let count = columns.count("entries", limits.entries, 1)?;
    let revoked = columns.varints(count)?;
    if !revoked.is_sorted_by(|one, next| one < next) || (!continued && count > 0) {
        return Err(columns.invalid(0, "Revoked is out of order, or nothing is continued"));
    }
    let needed = budget::part(&mut columns.clone(), limits)?;
    let left = budget::check_memory(needed, &raw, payload, limits)?;
    let pieces = contents::decode(&mut columns, following, limits)?;
    if continued && pieces.first().is_none_or(|first| first.sparse.is_some()) {
        return Err(columns.invalid(0, "the continued piece is missing or marked sparse"));
    }
    let (entries, file_pieces) = table::decode(&mut columns, pieces.len(), limits)?;
    columns.finish()?;
    if continued && file_pieces.contains(&0) {
        return Err(columns.invalid(0, "an entry starts with a continued piece"));
    }
    let part = Part { continued, revoked, following, group_digest, pieces, entries, file_pieces };
    fill_contents(part, limits, left)
}

/// Gives every file the values of its piece. Digests of files are in the index.
fn fill_contents(mut part: Part, limits: &Limits, mut left: Left) -> Result<Part, ContainerError> {
    let mut unfolded = 0;
    let last = part.pieces.len().wrapping_sub(1) as u64;
    for (content, &number) in files_mut(&mut part.entries).zip(&part.file_pieces) {
        let piece = &part.pieces[number as usize];
        unfolded += piece.sparse.as_ref().map_or(0, |sparse| sparse.segments.len()) as u64;
        super::limits::check("extents", unfolded, limits.extents)?;
        left.unfold(piece.sparse.as_ref().map_or(0, |sparse| sparse.segments.len()), 0)?;
        let data = piece.length + if number == last { part.following } else { 0 };
        content.size = piece.sparse.as_ref().map_or(data, |sparse| sparse.size);
        content.segments = piece.sparse.as_ref().map(|sparse| sparse.segments.clone());
    }
    Ok(part)
}
