//! The ENTRY payload: a batch of groups, and the entries whose contents begin there. It
//! is complete in itself, so archives can be extracted from a pipe and salvaged without
//! their index. Normative text: spec/container.md §6.

use super::batch::{Batch, Frame};
use super::budget::{self, Left};
use super::columns::{Columns, pack, unpack};
use super::{ContainerError, Limits, contents, table};
use crate::bytes::put_varint;
use crate::checksum::Digest;
use crate::entry::{Content, Entry, Kind};

pub use super::contents::{Again, Row, Sparse, content_digest};

/// Most groups of a batch.
pub const BATCH_GROUPS: u64 = 4096;

/// Bits of Part_Flags.
const CONTINUED: u64 = 1;
const OPEN: u64 = 2;
const REMOVING: u64 = 4;

/// A row whose file goes on in the next batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// The row.
    pub row: u64,
    /// Bytes of data still to come, not 0. Fewer may come if all entries of the file are
    /// revoked then.
    pub following: u64,
}

/// The contents of one ENTRY section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Whether the first row continues the file that the part before left open.
    pub continued: bool,
    /// The file that goes on in the next part.
    pub open: Option<Open>,
    /// Files announced for the continued row that turned out not to hold its content,
    /// or not to be readable: counted from 0 in the order of their paths, ascending. A
    /// reader drops them and the hard links to them; they may be announced again.
    pub revoked: Vec<u64>,
    /// Paths of earlier generations that are gone with all below them, in their order.
    pub removed: Vec<Vec<u8>>,
    /// Bytes of each group of the batch.
    pub group_lengths: Vec<u64>,
    /// Bytes that end a span of small rows; 0 without rows.
    pub join: u64,
    /// The contents of the batch, in order and without gaps.
    pub rows: Vec<Row>,
    /// Digests of the spans, as stored.
    pub span_digests: Vec<u8>,
    /// Digests of the files that end here and are in several groups.
    pub file_digests: Vec<Digest>,
    /// Entries whose first row is in this batch, or that need no data, in the order of
    /// their paths. Files have no extents: these follow from the place of the batch.
    pub entries: Vec<Entry>,
    /// The row of every file among `entries`, in the same order.
    pub file_rows: Vec<u64>,
}

impl Part {
    /// Returns the number of bytes of the batch that the rows fill.
    pub fn length(&self) -> u64 {
        self.rows.iter().fold(0, |sum, row| sum.saturating_add(row.length))
    }

    /// Takes out what is said of the groups; the entries stay.
    pub fn take_batch(&mut self) -> Batch {
        let frame = Frame {
            continued: self.continued,
            open: self.open,
            group_lengths: std::mem::take(&mut self.group_lengths),
            join: self.join,
        };
        let mut batch = Batch::new(frame, std::mem::take(&mut self.rows));
        let digests = (&mut self.span_digests, &mut self.file_digests);
        batch.set_digests(std::mem::take(digests.0), std::mem::take(digests.1));
        batch
    }

    /// Fills in what follows from the decoded groups: their lengths, Join, and the digests
    /// of spans.
    ///
    /// # Panics
    /// If the rows are longer than the groups.
    pub fn seal(&mut self, groups: &[&[u8]], join: u64) {
        self.group_lengths = groups.iter().map(|raw| raw.len() as u64).collect();
        self.join = if self.rows.is_empty() { 0 } else { join };
        let batch = Part { entries: Vec::new(), ..self.clone() }.take_batch();
        let digests = groups.iter().enumerate().map(|(group, raw)| {
            super::digest_group(&batch.fragments(group), &self.rows, self.join, raw)
        });
        self.span_digests = digests.flatten().collect();
    }
}

/// Encodes a part; returns the codec, the payload and its decoded length.
///
/// # Errors
/// [`ContainerError::Invalid`] if entries are out of order.
pub fn encode_part(part: &Part) -> Result<(u8, Vec<u8>, u64), ContainerError> {
    let mut raw = Vec::new();
    let flag = |set, bit| if set { bit } else { 0 };
    let removing = flag(!part.removed.is_empty(), REMOVING);
    let flags = flag(part.continued, CONTINUED) | flag(part.open.is_some(), OPEN) | removing;
    put_varint(&mut raw, flags);
    put_varint(&mut raw, part.group_lengths.len() as u64);
    let all_but_last = part.group_lengths.split_last().map_or(&[][..], |(_, others)| others);
    all_but_last.iter().for_each(|&length| put_varint(&mut raw, length));
    if let Some(Open { row, following }) = part.open {
        put_varint(&mut raw, row);
        put_varint(&mut raw, following);
    }
    if part.continued {
        put_varint(&mut raw, part.revoked.len() as u64);
        part.revoked.iter().for_each(|&ordinal| put_varint(&mut raw, ordinal));
    }
    if !part.removed.is_empty() {
        put_varint(&mut raw, part.removed.len() as u64);
        table::encode_paths(&mut raw, part.removed.iter().map(|path| &path[..]))?;
    }
    contents::encode(&mut raw, &part.rows, part.join);
    raw.extend(&part.span_digests);
    part.file_digests.iter().for_each(|digest| raw.extend(digest));
    table::encode(&mut raw, &part.entries, &part.file_rows)?;
    let (codec, payload) = pack(&raw)?;
    Ok((codec, payload, raw.len() as u64))
}

/// Reads a part of `raw_length` decoded bytes.
///
/// # Errors
/// As [`super::decode_index`]; [`ContainerError::UnsafePath`].
pub fn decode_part(
    codec: u8,
    payload: &[u8],
    raw_length: u64,
    limits: &Limits,
) -> Result<Part, ContainerError> {
    let raw = unpack(codec, payload, raw_length, limits, "ENTRY")?;
    let mut columns = Columns::new(&raw, "Part");
    let held = (raw.len() + payload.len()) as u64;
    let mut part = decode_head(&mut columns, held, limits)?;
    let held =
        part.removed.iter().map(|path| budget::path_memory(path)).fold(held, u64::saturating_add);
    let needed = budget::contents(&mut columns.clone(), limits)?;
    budget::check_memory(needed, held, limits)?;
    (part.rows, part.join) = contents::decode(&mut columns, part.continued, part.open, limits)?;
    let rows = part.rows.len();
    let mut batch = decode_digests(&mut columns, &mut part, limits)?;
    let tables = needed.saturating_add(batch.memory()).saturating_add(held);
    let needed = budget::table(&mut columns.clone(), limits)?;
    let left = budget::check_memory(needed, tables, limits)?;
    (part.entries, part.file_rows) = table::decode(&mut columns, rows, limits)?;
    columns.finish()?;
    if part.continued && part.file_rows.contains(&0) {
        return Err(columns.invalid(0, "an entry starts with a continued row"));
    }
    let digests = batch.row_digests();
    part.rows = std::mem::take(&mut batch.rows);
    fill_contents(part, &digests, limits, left)
}

/// Reads what stands before Content_Table. The last group length follows from the rows.
fn decode_head(columns: &mut Columns, held: u64, limits: &Limits) -> Result<Part, ContainerError> {
    let flags = columns.flags(CONTINUED | OPEN | REMOVING, "Part_Flags")?;
    let groups = columns.varint()?;
    if groups > BATCH_GROUPS {
        return Err(columns.invalid(0, "a batch has more than 4,096 groups"));
    }
    let mut group_lengths = columns.varints(groups.saturating_sub(1) as usize)?;
    if group_lengths.contains(&0) {
        return Err(columns.invalid(0, "Group_Length is 0"));
    }
    group_lengths.resize(groups as usize, 0);
    let open = match flags & OPEN {
        0 => None,
        _ => Some(Open { row: columns.varint()?, following: columns.varint()? }),
    };
    if open.is_some_and(|open| open.following == 0) {
        return Err(columns.invalid(0, "Following is 0"));
    }
    let continued = flags & CONTINUED != 0;
    let mut revoked = Vec::new();
    if continued {
        let count = columns.count("entries", limits.entries, 1)?;
        revoked = columns.varints(count)?;
    }
    if !revoked.is_sorted_by(|one, next| one < next) {
        return Err(columns.invalid(0, "Revoked is out of order"));
    }
    let removed = match flags & REMOVING {
        0 => Vec::new(),
        _ => decode_removed(columns, held, limits)?,
    };
    Ok(Part { continued, open, revoked, removed, group_lengths, ..Part::default() })
}

/// Reads Removed_Table.
fn decode_removed(
    columns: &mut Columns,
    held: u64,
    limits: &Limits,
) -> Result<Vec<Vec<u8>>, ContainerError> {
    columns.enter("Removed_Table");
    let count = columns.count("entries", limits.entries, 2)?;
    if count == 0 {
        return Err(columns.invalid(0, "Removed_Count is 0"));
    }
    let needed = budget::paths(&mut columns.clone(), count, limits)?;
    budget::check_memory(needed, held, limits)?;
    table::decode_paths(columns, count, limits)
}

/// Checks rows and groups against each other, moves the rows into a batch, and reads the
/// digests.
fn decode_digests(
    columns: &mut Columns,
    part: &mut Part,
    limits: &Limits,
) -> Result<Batch, ContainerError> {
    let invalid = |columns: &Columns, cause| Err(columns.invalid(0, cause));
    if part.continued && part.rows.first().is_none_or(|first| first.sparse.is_some()) {
        return invalid(columns, "the continued row is missing or has holes");
    }
    if part.open.is_some_and(|open| open.row >= part.rows.len() as u64) {
        return invalid(columns, "Open_Row is not a row");
    }
    let sum = |mut lengths: Box<dyn Iterator<Item = u64> + '_>| {
        lengths.try_fold(0u64, |sum, length| sum.checked_add(length))
    };
    let Some(length) = sum(Box::new(part.rows.iter().map(|row| row.length))) else {
        return invalid(columns, "the batch is longer than 2^64 bytes");
    };
    let stored = sum(Box::new(part.group_lengths.iter().copied()));
    match (part.group_lengths.last_mut(), stored) {
        (Some(last), Some(stored)) if stored < length => *last = length - stored,
        (None, _) if length == 0 => {}
        _ => return invalid(columns, "the rows are not as long as the groups"),
    }
    let frame = Frame {
        continued: part.continued,
        open: part.open,
        group_lengths: part.group_lengths.clone(),
        join: part.join,
    };
    let mut batch = Batch::new(frame, std::mem::take(&mut part.rows));
    let (spans, files) = batch.digest_lengths();
    part.span_digests = columns.take(spans as u64)?.to_vec();
    super::limits::check("contents", files as u64, limits.entries)?;
    part.file_digests = (0..files).map(|_| columns.array()).collect::<Result<_, _>>()?;
    batch.set_digests(part.span_digests.clone(), part.file_digests.clone());
    Ok(batch)
}

/// Gives every file the values of its row.
fn fill_contents(
    mut part: Part,
    digests: &[crate::entry::FileDigest],
    limits: &Limits,
    mut left: Left,
) -> Result<Part, ContainerError> {
    let mut unfolded = 0;
    for (content, &number) in files_mut(&mut part.entries).zip(&part.file_rows) {
        let row = &part.rows[number as usize];
        let segments = row.sparse.as_ref().map_or(0, |sparse| sparse.segments.len());
        unfolded += segments as u64;
        super::limits::check("extents", unfolded, limits.extents)?;
        left.unfold(segments)?;
        let open = part.open.filter(|open| open.row == number);
        let data = row.data() + open.map_or(0, |open| open.following);
        content.size = row.sparse.as_ref().map_or(data, |sparse| sparse.size);
        content.segments = row.sparse.as_ref().map(|sparse| sparse.segments[..].into());
        content.digest = digests[number as usize];
        content.recipes = row.recipe.iter().cloned().collect();
    }
    Ok(part)
}

/// Returns the contents of the files among `entries`, in order.
pub(super) fn files_mut(entries: &mut [Entry]) -> impl Iterator<Item = &mut Content> {
    entries.iter_mut().filter_map(|entry| match &mut entry.kind {
        Kind::File(content) => Some(content),
        _ => None,
    })
}

#[cfg(test)]
#[path = "part_tests.rs"]
mod tests;
