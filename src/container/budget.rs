//! The memory that tables take, computed before they are built.
//!
//! A table is read once without keeping anything. Its counts and lengths give the
//! memory that building it takes.

use super::columns::Columns;
use super::contents::Piece;
use super::limits::check;
use super::table::{ROW_MINIMUM, TABLE};
use super::{ContainerError, Limits, Section, contents};
use crate::checksum::Digest;
use crate::entry::{Content, Entry, Extent, Kind, Metadata, Segment};

/// Returns the bytes that an allocation of `bytes` takes: the allocator uses a few
/// itself.
pub fn allocation(bytes: u64) -> u64 {
    match bytes {
        0 => 0,
        _ => (bytes.saturating_add(8 + 15) & !15).max(32),
    }
}

fn size<T>() -> u64 {
    size_of::<T>() as u64
}

/// Returns the bytes of memory that an entry takes, including everything it holds.
pub fn entry_memory(entry: &Entry) -> u64 {
    let bytes = |bytes: &Vec<u8>| allocation(bytes.len() as u64);
    let Metadata { user, group, xattrs, .. } = &entry.metadata;
    let kind = match &entry.kind {
        Kind::File(Content { segments, extents, .. }) => {
            let segments = segments.as_ref().map_or(0, Vec::len) as u64;
            allocation(segments * size::<Segment>())
                + allocation(extents.len() as u64 * size::<Extent>())
        }
        Kind::Symlink { target } | Kind::HardLink { target } => bytes(target),
        _ => 0,
    };
    let pairs = allocation(xattrs.len() as u64 * size::<(Vec<u8>, Vec<u8>)>());
    let texts: u64 = xattrs.iter().map(|(name, value)| bytes(name) + bytes(value)).sum();
    size::<Entry>() + bytes(&entry.path) + bytes(user) + bytes(group) + kind + pairs + texts
}

/// Returns the peak memory, in bytes, of building an index; `columns` are those of the
/// whole payload. Cost: one pass over them, and eight bytes for each row.
///
/// # Errors
/// [`ContainerError::TooLarge`] for counts and [`ContainerError::Bytes`] as in
/// [`super::decode_index`], whose other checks are not made here.
pub(super) fn index(mut columns: Columns, limits: &Limits) -> Result<u64, ContainerError> {
    let sections = columns.count("sections", limits.extents, 8)?;
    columns.skip(8 * sections as u64)?;
    let pieces = pieces(&mut columns, limits)?;
    columns.take(pieces.count.saturating_mul(size::<Digest>()))?;
    let content = size::<Digest>() + size::<Content>() + allocation(size::<Extent>());
    // Sections are in two lists: that of sections and that of groups.
    let sections = sections as u64 * (8 * size::<u64>() + 2 * size::<Section>());
    let entries = table(&mut columns, limits)?;
    let contents = pieces.memory.saturating_mul(2).saturating_add(pieces.count * content);
    Ok(sections.saturating_add(contents).saturating_add(entries))
}

/// Returns the peak memory, in bytes, of building a part; `columns` starts at its
/// pieces.
///
/// # Errors
/// As [`index`].
pub(super) fn part(columns: &mut Columns, limits: &Limits) -> Result<u64, ContainerError> {
    let pieces = pieces(columns, limits)?;
    Ok(pieces.memory.saturating_add(table(columns, limits)?))
}

struct Pieces {
    count: u64,
    memory: u64,
}

fn pieces(columns: &mut Columns, limits: &Limits) -> Result<Pieces, ContainerError> {
    columns.enter(contents::TABLE);
    let count = columns.count("contents", limits.entries, 2)? as u64;
    columns.skip(count)?;
    let sparse = columns.take(count)?.iter().filter(|&&flag| flag == 1).count();
    let mut memory = count * (size::<u64>() + 1 + size::<Piece>());
    for _ in 0..sparse {
        columns.varint()?;
        let segments = columns.count("extents", limits.extents, 2)? as u64;
        columns.skip(2 * segments)?;
        memory += allocation(segments * size::<Segment>());
    }
    Ok(Pieces { count, memory })
}

fn table(columns: &mut Columns, limits: &Limits) -> Result<u64, ContainerError> {
    columns.enter(TABLE);
    let count = columns.count("entries", limits.entries, ROW_MINIMUM)?;
    let rows = count as u64;
    let row = size::<Vec<u8>>() + size::<Metadata>() + size::<Entry>() + 3 * size::<u64>();
    let mut memory = rows * row;
    let mut add = |bytes: u64| memory = memory.saturating_add(bytes);
    let mut lengths = columns.varints(count)?;
    let mut suffixes = 0u64;
    for length in &mut lengths {
        let suffix = columns.varint()?;
        suffixes = suffixes.saturating_add(suffix);
        *length = length.saturating_add(suffix).min(limits.path_length);
        add(allocation(*length));
    }
    columns.take(suffixes)?;
    let kinds = columns.take(rows)?;
    columns.skip(rows)?; // modes
    owners(columns, count, limits, &mut add)?;
    columns.skip(2 * rows)?; // seconds and nanoseconds
    xattrs(columns, count, limits, &mut add)?;
    let of = |wanted: u8| kinds.iter().filter(|&&kind| kind == wanted).count() as u64;
    let files = of(0);
    add(files * (allocation(size::<Extent>()) + size::<u64>()));
    columns.skip(files)?;
    for _ in 0..of(2) {
        add(allocation(columns.bytes("link length", limits.path_length)?.len() as u64));
    }
    for _ in 0..of(3) {
        let row = usize::try_from(columns.varint()?).ok();
        add(row.and_then(|row| lengths.get(row)).map_or(0, |&length| allocation(length)));
    }
    columns.skip(2 * (of(5) + of(6)))?;
    columns.finish()?;
    Ok(memory)
}

fn owners(
    columns: &mut Columns,
    rows: usize,
    limits: &Limits,
    add: &mut impl FnMut(u64),
) -> Result<(), ContainerError> {
    let count = columns.count("entries", limits.entries, 4)?;
    let mut owners = Vec::with_capacity(count);
    for _ in 0..count {
        columns.skip(2)?;
        let user = columns.bytes("owner name", limits.path_length)?.len() as u64;
        let group = columns.bytes("owner name", limits.path_length)?.len() as u64;
        owners.push(allocation(user) + allocation(group));
    }
    for _ in 0..rows {
        let number = usize::try_from(columns.varint()?).ok();
        add(number.and_then(|number| owners.get(number)).copied().unwrap_or(0));
    }
    Ok(())
}

fn xattrs(
    columns: &mut Columns,
    rows: usize,
    limits: &Limits,
    add: &mut impl FnMut(u64),
) -> Result<(), ContainerError> {
    for count in columns.varints(rows)? {
        for _ in 0..count {
            for _ in 0..2 {
                let text = columns.bytes("extended attributes", limits.xattr_bytes)?;
                // The list of pairs may have capacity for as many again.
                add(allocation(text.len() as u64) + 2 * size::<Vec<u8>>());
            }
        }
        add(if count > 0 { 4 * size::<(Vec<u8>, Vec<u8>)>() } else { 0 });
    }
    Ok(())
}

/// Checks the memory of a table of `raw` bytes together with these and its `payload`.
///
/// # Errors
/// [`ContainerError::TooLarge`].
pub(super) fn check_memory(
    needed: u64,
    raw: &[u8],
    payload: &[u8],
    limits: &Limits,
) -> Result<(), ContainerError> {
    let held = (raw.len() + payload.len()) as u64;
    check("memory", needed.saturating_add(held), limits.memory)
}
