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
    // Sections are in two lists: that of sections and that of groups. Each may be an extent
    // more, in a list with capacity for as many again.
    let row = 8 * size::<u64>() + 2 * size::<Section>() + 2 * size::<Extent>();
    let sections = sections as u64 * row;
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
/// Returns the rest of the allowed memory, in bytes.
///
/// # Errors
/// [`ContainerError::TooLarge`].
pub(super) fn check_memory(
    needed: u64,
    raw: &[u8],
    payload: &[u8],
    limits: &Limits,
) -> Result<Left, ContainerError> {
    let held = (raw.len() + payload.len()) as u64;
    let used = needed.saturating_add(held);
    check("memory", used, limits.memory)?;
    Ok(Left { used, limit: limits.memory })
}

/// The memory that a table may take beyond what follows from its counts: files that share
/// a content have their own lists of its extents and segments.
pub(super) struct Left {
    used: u64,
    limit: u64,
}

impl Left {
    /// Charges the memory of a file's lists, without the one extent that was counted.
    ///
    /// # Errors
    /// [`ContainerError::TooLarge`].
    pub fn unfold(&mut self, segments: usize, extents: usize) -> Result<(), ContainerError> {
        let lists = allocation(segments as u64 * size::<Segment>())
            + allocation(extents.saturating_sub(1) as u64 * size::<Extent>());
        self.used = self.used.saturating_add(lists);
        check("memory", self.used, self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::{ErrorKind, SectionHeader, SectionType, decode_index, encode_index};
    use crate::container::{Index, PREFACE_LENGTH};

    /// Makes an index of `files` files that share one content over `groups` groups.
    fn shared(files: usize, groups: u64) -> (Index, Vec<u8>, u64) {
        let mut sections = Vec::new();
        let mut offset = PREFACE_LENGTH as u64;
        for group in 0..groups {
            let section_type = SectionType::Data as u16;
            let (flags, codec, filter, model) = (0, 0, 0, 0);
            let (sequence, stored_length, raw_length) = (group, 10, 10);
            let header = SectionHeader {
                sequence,
                section_type,
                flags,
                codec,
                filter,
                model,
                group,
                stored_length,
                raw_length,
            };
            sections.push(Section { header, offset });
            offset = sections[group as usize].end();
        }
        let extents = (0..groups).map(|group| Extent { group, offset: 0, length: 10 }).collect();
        let content = Content { size: 10 * groups, digest: [7; 32], segments: None, extents };
        let entries = (0..files)
            .map(|number| {
                let kind = Kind::File(content.clone());
                Entry { kind, ..Entry::file(format!("{number:06}")) }
            })
            .collect();
        let index = Index { sections, entries };
        let (payload, raw_length) = encode_index(&index).unwrap();
        (index, payload, raw_length)
    }

    /// Returns the least memory with which an index is read.
    fn least(payload: &[u8], raw_length: u64) -> u64 {
        let reads = |memory| {
            let limits = Limits { memory, ..Limits::default() };
            match decode_index(payload, raw_length, &limits) {
                Ok(_) => true,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
                    false
                }
            }
        };
        let (mut refused, mut read) = (0, 1 << 30);
        assert!(reads(read));
        while read - refused > 1 {
            let middle = refused + (read - refused) / 2;
            if reads(middle) { read = middle } else { refused = middle }
        }
        read
    }

    #[test]
    fn a_shared_content_is_charged_for_every_file_that_has_it() {
        for (files, groups) in [(1, 1), (300, 1), (1, 300), (300, 300)] {
            let (index, payload, raw_length) = shared(files, groups);
            let entries: u64 = index.entries.iter().map(entry_memory).sum();
            let sections = index.sections.len() as u64 * size::<Section>();
            let least = least(&payload, raw_length);
            // The bytes of the table itself and the memory of zstd come on top.
            assert!(least >= entries + sections + raw_length, "{files} {groups}: {least}");
            let most = 4 * (entries + sections + raw_length) + (300 << 10);
            assert!(least <= most, "{files} {groups}: {least} of {most}");
        }
    }
}
