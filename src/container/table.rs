//! Entry_Table: names and metadata in columns. Normative text:
//! spec/container.md §6.5.

use super::classes::{self, decode_owners_and_sets};
use super::columns::{Columns, put_differences};
use super::limits::check;
use super::{ContainerError, Limits};
use crate::bytes::{put_bytes, put_signed, put_varint};
use crate::entry::{Entry, Kind, check_path, compare_paths, is_below};
use std::cmp::Ordering;

pub(super) const TABLE: &str = "Entry_Table";

/// Minimum bytes of a row: one in each of the five columns that all rows have.
pub(super) const ROW_MINIMUM: u64 = 5;

/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

/// Most extra columns.
const EXTRAS: u64 = 16;

/// Appends the rows, which are in the order of their paths. `contents` has, in the same
/// order, the row of Content_Table of every file.
///
/// # Errors
/// [`ContainerError::Invalid`] if the order is wrong or a hard link's target is
/// not an earlier row.
pub(super) fn encode(
    out: &mut Vec<u8>,
    entries: &[Entry],
    contents: &[u64],
) -> Result<(), ContainerError> {
    put_varint(out, entries.len() as u64);
    if entries.is_empty() {
        return Ok(());
    }
    encode_paths(out, entries.iter().map(|entry| &entry.path[..]))?;
    classes::encode(out, entries);
    put_differences(out, entries.iter().map(|entry| entry.metadata.modified.seconds as u64));
    let mut before = 0;
    for entry in entries {
        let nanoseconds = u64::from(entry.metadata.modified.nanoseconds);
        put_varint(out, (nanoseconds + SECOND - before) % SECOND);
        before = nanoseconds;
    }
    let mut next = 0u64;
    for &content in contents {
        put_signed(out, content.wrapping_sub(next) as i64);
        next = content + 1;
    }
    encode_kinds(out, entries)?;
    put_varint(out, 0); // Extra_Count
    Ok(())
}

/// Appends the columns Shared, Suffix_Length and the suffixes of paths.
pub(super) fn encode_paths<'p>(
    out: &mut Vec<u8>,
    paths: impl Iterator<Item = &'p [u8]>,
) -> Result<(), ContainerError> {
    let mut previous: &[u8] = b"";
    let mut suffixes = Vec::new();
    for (row, path) in paths.enumerate() {
        if row > 0 && compare_paths(previous, path) != Ordering::Less {
            return Err(invalid(row, "paths are not in order"));
        }
        let shared = shared_length(previous, path);
        put_varint(out, shared as u64);
        suffixes.push(&path[shared..]);
        previous = path;
    }
    suffixes.iter().for_each(|suffix| put_varint(out, suffix.len() as u64));
    suffixes.iter().for_each(|suffix| out.extend_from_slice(suffix));
    Ok(())
}

fn encode_kinds(out: &mut Vec<u8>, entries: &[Entry]) -> Result<(), ContainerError> {
    for entry in entries {
        if let Kind::Symlink { target } = &entry.kind {
            put_bytes(out, target);
        }
    }
    for (row, entry) in entries.iter().enumerate() {
        if let Kind::HardLink { target } = &entry.kind {
            let found = entries[..row].binary_search_by(|one| compare_paths(&one.path, target));
            let cause = "a hard link's target is not an earlier entry";
            let number = found.map_err(|_| invalid(row, cause))?;
            put_varint(out, (row - number) as u64);
        }
    }
    for entry in entries {
        if let Kind::CharacterDevice { major, minor } | Kind::BlockDevice { major, minor } =
            entry.kind
        {
            put_varint(out, u64::from(major));
            put_varint(out, u64::from(minor));
        }
    }
    Ok(())
}

/// Reads the rows. Files have an empty content; the second value has the row of
/// Content_Table of every file, each below `content_count`.
pub(super) fn decode(
    columns: &mut Columns,
    content_count: usize,
    limits: &Limits,
) -> Result<(Vec<Entry>, Vec<u64>), ContainerError> {
    columns.enter(TABLE);
    let count = columns.count("entries", limits.entries, ROW_MINIMUM)?;
    if count == 0 {
        return Ok((Vec::new(), Vec::new()));
    }
    let paths = decode_paths(columns, count, limits)?;
    let shared = decode_owners_and_sets(columns, limits)?;
    let mut entries = Vec::with_capacity(count);
    let numbers = classes::decode_column(columns, shared.count(), count)?;
    for (path, class) in paths.into_iter().zip(numbers) {
        let (kind, metadata) = shared.unfold(class)?;
        entries.push(Entry { path, kind, metadata });
    }
    decode_times(columns, &mut entries)?;
    let contents = decode_contents(columns, &entries, content_count as u64)?;
    decode_kinds(columns, &mut entries, limits)?;
    decode_extras(columns)?;
    check_parents(columns, &entries)?;
    Ok((entries, contents))
}

/// Reads the columns Shared, Suffix_Length and the suffixes of `count` paths.
pub(super) fn decode_paths(
    columns: &mut Columns,
    count: usize,
    limits: &Limits,
) -> Result<Vec<Vec<u8>>, ContainerError> {
    let shared = columns.varints(count)?;
    let suffixes = columns.varints(count)?;
    let mut paths: Vec<Vec<u8>> = Vec::with_capacity(count);
    // With shared prefixes a few bytes stand for many, so the restored length is
    // bounded like the table itself.
    let mut unfolded = 0;
    for row in 0..count {
        let previous = paths.last().map_or(&b""[..], |path| path);
        if shared[row] > previous.len() as u64 {
            return Err(columns.invalid(row, "Shared is longer than the path before"));
        }
        let (head, suffix) = (&previous[..shared[row] as usize], suffixes[row]);
        check("path length", (head.len() as u64).saturating_add(suffix), limits.path_length)?;
        let path = [head, columns.take(suffix)?].concat();
        unfolded += path.len() as u64;
        check("index bytes", unfolded, limits.index_bytes)?;
        if shared_length(previous, &path) != head.len() {
            return Err(columns.invalid(row, "Shared is not the longest common prefix"));
        }
        check_path(&path)
            .map_err(|fault| ContainerError::UnsafePath { path: path.clone(), fault })?;
        let depth = path.iter().filter(|&&byte| byte == b'/').count() as u64 + 1;
        check("path depth", depth, limits.path_depth)?;
        if row > 0 && compare_paths(previous, &path) != Ordering::Less {
            return Err(columns.invalid(row, "the path repeats or is out of order"));
        }
        paths.push(path);
    }
    Ok(paths)
}

fn decode_times(columns: &mut Columns, entries: &mut [Entry]) -> Result<(), ContainerError> {
    let seconds = columns.differences(entries.len())?;
    for (entry, seconds) in entries.iter_mut().zip(seconds) {
        entry.metadata.modified.seconds = seconds as i64;
    }
    let mut nanoseconds = 0;
    for (row, entry) in entries.iter_mut().enumerate() {
        let difference = columns.varint()?;
        if difference >= SECOND {
            return Err(columns.invalid(row, "Nanoseconds is not below 1,000,000,000"));
        }
        nanoseconds = (nanoseconds + difference) % SECOND;
        entry.metadata.modified.nanoseconds = nanoseconds as u32;
    }
    Ok(())
}

fn decode_contents(
    columns: &mut Columns,
    entries: &[Entry],
    content_count: u64,
) -> Result<Vec<u64>, ContainerError> {
    let (mut contents, mut next) = (Vec::new(), 0u64);
    for (row, _) in entries.iter().enumerate().filter(|(_, entry)| entry.is_file()) {
        let content = next.wrapping_add(columns.signed()? as u64);
        if content >= content_count {
            return Err(columns.invalid(row, "Content is not a row of Content_Table"));
        }
        next = content + 1;
        contents.push(content);
    }
    Ok(contents)
}

fn decode_kinds(
    columns: &mut Columns,
    entries: &mut [Entry],
    limits: &Limits,
) -> Result<(), ContainerError> {
    for (row, entry) in entries.iter_mut().enumerate() {
        if let Kind::Symlink { target } = &mut entry.kind {
            *target = columns.bytes("link length", limits.path_length)?.to_vec();
            if target.is_empty() || target.contains(&0) {
                return Err(columns.invalid(row, "a link's text is empty or has a NUL byte"));
            }
        }
    }
    for row in 0..entries.len() {
        let (before, rest) = entries.split_at_mut(row);
        if let Kind::HardLink { target } = &mut rest[0].kind {
            let back = usize::try_from(columns.varint()?).ok().filter(|&back| back > 0);
            let earlier = back.and_then(|back| row.checked_sub(back)).map(|row| &before[row]);
            match earlier.map(|entry| (&entry.kind, &entry.path)) {
                None => {
                    return Err(
                        columns.invalid(row, "a hard link's target is not an earlier entry")
                    );
                }
                Some((Kind::Directory | Kind::HardLink { .. }, _)) => {
                    return Err(
                        columns.invalid(row, "a hard link's target is a directory or a hard link")
                    );
                }
                Some((_, path)) => *target = path.clone(),
            }
        }
    }
    for entry in entries.iter_mut() {
        if let Kind::CharacterDevice { major, minor } | Kind::BlockDevice { major, minor } =
            &mut entry.kind
        {
            (*major, *minor) = (columns.varint_u32()?, columns.varint_u32()?);
        }
    }
    Ok(())
}

/// Reads extra columns: none is known here, and some must be.
fn decode_extras(columns: &mut Columns) -> Result<(), ContainerError> {
    let count = columns.varint()?;
    if count > EXTRAS {
        return Err(columns.invalid(0, "there are more than 16 extra columns"));
    }
    let mut before = 0;
    for _ in 0..count {
        let number = columns.varint()?;
        if number <= before {
            return Err(columns.invalid(0, "Extra_Id does not ascend"));
        }
        if number % 2 == 1 {
            let structure = "an unknown required column";
            return Err(ContainerError::UnsupportedPart { structure, number });
        }
        let length = columns.varint()?;
        columns.take(length)?;
        before = number;
    }
    Ok(())
}

/// Checks that nothing is below an entry that is not a directory. In path order,
/// everything below an entry follows it at once.
fn check_parents(columns: &Columns, entries: &[Entry]) -> Result<(), ContainerError> {
    for (row, pair) in entries.windows(2).enumerate() {
        if is_below(&pair[1].path, &pair[0].path) && pair[0].kind != Kind::Directory {
            return Err(columns.invalid(row + 1, "the parent is not a directory"));
        }
    }
    Ok(())
}

fn shared_length(left: &[u8], right: &[u8]) -> usize {
    left.iter().zip(right).take_while(|(one, other)| one == other).count()
}

fn invalid(row: usize, cause: &'static str) -> ContainerError {
    ContainerError::Invalid { table: TABLE, row: row as u64, cause }
}
