//! Entry_Table: names and metadata in columns. Normative text:
//! spec/container.md §5.3.

use super::columns::{Columns, put_differences};
use super::limits::check;
use super::{ContainerError, Limits};
use crate::bytes::{put_bytes, put_varint};
use crate::entry::{Content, Entry, Kind, Metadata, Timestamp, check_path, compare_paths};
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

pub(super) const TABLE: &str = "Entry_Table";

/// Minimum bytes of a row: one in each of the nine columns that all rows have.
pub(super) const ROW_MINIMUM: u64 = 9;

/// Distinct owners: uid, gid, user, group.
type Owner<'a> = (u32, u32, &'a [u8], &'a [u8]);

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
    encode_paths(out, entries)?;
    out.extend(entries.iter().map(|entry| kind_number(&entry.kind)));
    entries.iter().for_each(|entry| put_varint(out, u64::from(entry.metadata.mode)));
    encode_owners(out, entries);
    put_differences(out, entries.iter().map(|entry| entry.metadata.modified.seconds as u64));
    let nanoseconds = |entry: &Entry| u64::from(entry.metadata.modified.nanoseconds);
    entries.iter().for_each(|entry| put_varint(out, nanoseconds(entry)));
    entries.iter().for_each(|entry| put_varint(out, entry.metadata.xattrs.len() as u64));
    for (name, value) in entries.iter().flat_map(|entry| &entry.metadata.xattrs) {
        put_bytes(out, name);
        put_bytes(out, value);
    }
    contents.iter().for_each(|&content| put_varint(out, content));
    encode_kinds(out, entries)
}

fn encode_paths(out: &mut Vec<u8>, entries: &[Entry]) -> Result<(), ContainerError> {
    let mut previous: &[u8] = b"";
    let mut suffixes = Vec::with_capacity(entries.len());
    for (row, entry) in entries.iter().enumerate() {
        if row > 0 && compare_paths(previous, &entry.path) != Ordering::Less {
            return Err(invalid(row, "paths are not in order"));
        }
        let shared = shared_length(previous, &entry.path);
        put_varint(out, shared as u64);
        suffixes.push(&entry.path[shared..]);
        previous = &entry.path;
    }
    suffixes.iter().for_each(|suffix| put_varint(out, suffix.len() as u64));
    suffixes.iter().for_each(|suffix| out.extend_from_slice(suffix));
    Ok(())
}

fn encode_owners(out: &mut Vec<u8>, entries: &[Entry]) {
    let mut owners: Vec<Owner> = Vec::new();
    let mut numbers: HashMap<Owner, u64> = HashMap::new();
    let mut column = Vec::with_capacity(entries.len());
    for Entry { metadata, .. } in entries {
        let owner = (metadata.uid, metadata.gid, &metadata.user[..], &metadata.group[..]);
        let number = *numbers.entry(owner).or_insert_with(|| {
            owners.push(owner);
            owners.len() as u64 - 1
        });
        column.push(number);
    }
    put_varint(out, owners.len() as u64);
    for (uid, gid, user, group) in owners {
        put_varint(out, u64::from(uid));
        put_varint(out, u64::from(gid));
        put_bytes(out, user);
        put_bytes(out, group);
    }
    column.into_iter().for_each(|number| put_varint(out, number));
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
            put_varint(out, number as u64);
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
    let paths = decode_paths(columns, count, limits)?;
    let kinds = columns.take(count as u64)?;
    let mut metadata = decode_modes(columns, count)?;
    decode_owners(columns, &mut metadata, limits)?;
    decode_times(columns, &mut metadata)?;
    decode_xattrs(columns, &mut metadata, limits)?;
    let rows = paths.into_iter().zip(kinds).zip(metadata);
    let mut entries = Vec::with_capacity(count);
    for (row, ((path, &kind), metadata)) in rows.enumerate() {
        let kind = empty_kind(kind).ok_or_else(|| columns.invalid(row, "unknown kind"))?;
        entries.push(Entry { path, kind, metadata });
    }
    let contents = decode_contents(columns, &entries, content_count as u64)?;
    decode_kinds(columns, &mut entries, limits)?;
    check_parents(columns, &entries)?;
    Ok((entries, contents))
}

fn decode_paths(
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

fn decode_modes(columns: &mut Columns, count: usize) -> Result<Vec<Metadata>, ContainerError> {
    let mut rows = Vec::with_capacity(count);
    for row in 0..count {
        let mode = columns.varint_u32()?;
        if mode > 0o7777 {
            return Err(columns.invalid(row, "Mode has more than twelve bits"));
        }
        rows.push(Metadata { mode, ..Metadata::default() });
    }
    Ok(rows)
}

fn decode_owners(
    columns: &mut Columns,
    rows: &mut [Metadata],
    limits: &Limits,
) -> Result<(), ContainerError> {
    let count = columns.count("entries", limits.entries, 4)?;
    let mut owners: Vec<Owner> = Vec::with_capacity(count);
    for _ in 0..count {
        let (uid, gid) = (columns.varint_u32()?, columns.varint_u32()?);
        let user = columns.bytes("owner name", limits.path_length)?;
        owners.push((uid, gid, user, columns.bytes("owner name", limits.path_length)?));
    }
    if owners.iter().collect::<HashSet<_>>().len() != count {
        return Err(columns.invalid(0, "an owner is listed twice"));
    }
    let (mut used, mut unfolded) = (0, 0);
    for (row, metadata) in rows.iter_mut().enumerate() {
        let number = columns.varint()?;
        if number > used || number >= count as u64 {
            return Err(columns.invalid(row, "owners are not in the order of their first use"));
        }
        used = used.max(number + 1);
        let (uid, gid, user, group) = owners[number as usize];
        unfolded += (user.len() + group.len()) as u64;
        check("index bytes", unfolded, limits.index_bytes)?;
        (metadata.uid, metadata.gid) = (uid, gid);
        (metadata.user, metadata.group) = (user.to_vec(), group.to_vec());
    }
    if used != count as u64 {
        return Err(columns.invalid(0, "an owner is not used"));
    }
    Ok(())
}

fn decode_times(columns: &mut Columns, rows: &mut [Metadata]) -> Result<(), ContainerError> {
    let seconds = columns.differences(rows.len())?;
    for (metadata, seconds) in rows.iter_mut().zip(seconds) {
        metadata.modified.seconds = seconds as i64;
    }
    for (row, metadata) in rows.iter_mut().enumerate() {
        let Timestamp { nanoseconds, .. } = &mut metadata.modified;
        *nanoseconds = columns.varint_u32()?;
        if *nanoseconds >= 1_000_000_000 {
            return Err(columns.invalid(row, "Nanoseconds is not below 1,000,000,000"));
        }
    }
    Ok(())
}

fn decode_xattrs(
    columns: &mut Columns,
    rows: &mut [Metadata],
    limits: &Limits,
) -> Result<(), ContainerError> {
    let counts = columns.varints(rows.len())?;
    for (row, (metadata, count)) in rows.iter_mut().zip(counts).enumerate() {
        let mut left = limits.xattr_bytes;
        for _ in 0..count {
            let name = columns.bytes("extended attributes", left)?;
            left -= name.len() as u64;
            let value = columns.bytes("extended attributes", left)?;
            left -= value.len() as u64;
            let after = metadata.xattrs.last().is_none_or(|(before, _)| before[..] < *name);
            if name.is_empty() || name.contains(&0) || !after {
                return Err(columns.invalid(row, "attribute names are empty or out of order"));
            }
            metadata.xattrs.push((name.to_vec(), value.to_vec()));
        }
    }
    Ok(())
}

fn decode_contents(
    columns: &mut Columns,
    entries: &[Entry],
    content_count: u64,
) -> Result<Vec<u64>, ContainerError> {
    let mut contents = Vec::new();
    for (row, entry) in entries.iter().enumerate() {
        if let Kind::File(_) = entry.kind {
            contents.push(columns.varint()?);
            if contents.last() >= Some(&content_count) {
                return Err(columns.invalid(row, "Content is not a row of Content_Table"));
            }
        }
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
            let earlier = usize::try_from(columns.varint()?).ok().and_then(|row| before.get(row));
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

/// Checks that nothing is below an entry that is not a directory. In path order,
/// everything below an entry follows it at once.
fn check_parents(columns: &Columns, entries: &[Entry]) -> Result<(), ContainerError> {
    for (row, pair) in entries.windows(2).enumerate() {
        let under = pair[1].path.strip_prefix(&pair[0].path[..]);
        let under = under.is_some_and(|rest| rest.starts_with(b"/"));
        if under && pair[0].kind != Kind::Directory {
            return Err(columns.invalid(row + 1, "the parent is not a directory"));
        }
    }
    Ok(())
}

fn kind_number(kind: &Kind) -> u8 {
    match kind {
        Kind::File(_) => 0,
        Kind::Directory => 1,
        Kind::Symlink { .. } => 2,
        Kind::HardLink { .. } => 3,
        Kind::Fifo => 4,
        Kind::CharacterDevice { .. } => 5,
        Kind::BlockDevice { .. } => 6,
    }
}

/// Returns a kind by its number, with its fields not yet read.
fn empty_kind(number: u8) -> Option<Kind> {
    Some(match number {
        0 => Kind::File(Content::default()),
        1 => Kind::Directory,
        2 => Kind::Symlink { target: Vec::new() },
        3 => Kind::HardLink { target: Vec::new() },
        4 => Kind::Fifo,
        5 => Kind::CharacterDevice { major: 0, minor: 0 },
        6 => Kind::BlockDevice { major: 0, minor: 0 },
        _ => return None,
    })
}

fn shared_length(left: &[u8], right: &[u8]) -> usize {
    left.iter().zip(right).take_while(|(one, other)| one == other).count()
}

fn invalid(row: usize, cause: &'static str) -> ContainerError {
    ContainerError::Invalid { table: TABLE, row: row as u64, cause }
}
