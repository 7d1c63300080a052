//! What differs between an archive and a directory, or between two archives.

use super::write::changed::Known;
use super::write::plan::{Node, join_names};
use super::write::source::Source;
use super::{Archive, ArchiveError, Control};
use crate::entry::{Content, Entry, FileDigest, Kind, compare_paths};
use crate::tree::{WalkOptions, walk};
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A difference between two sides, of which the first is an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Path in the archive.
    pub path: Vec<u8>,
    /// What differs.
    pub how: DifferenceKind,
}

/// How something differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    /// It is on the first side alone.
    Removed,
    /// It is on the second side alone.
    Added,
    /// It is on both sides, and these properties differ: `kind`, `size`, `content`, `target`,
    /// `device`, `mode`, `owner`, `modified`, `attributes`.
    Changed(Vec<&'static str>),
}

/// Compares an archive with what is on disk below `directory`: all that is below the names at
/// its top. Files are compared by size and time, or by what is in them if `checksum` is set.
/// The times of directories are not compared. `tell` takes the differences in path order;
/// their number is returned.
///
/// # Errors
/// [`ArchiveError::Interrupted`]; what `tell` returns. What cannot be read on disk is reported
/// as a warning and counts as not there.
pub fn diff_directory(
    archive: &Archive,
    directory: &Path,
    checksum: bool,
    control: &Control,
    mut tell: impl FnMut(Difference) -> Result<(), ArchiveError>,
) -> Result<u64, ArchiveError> {
    let nodes = find(archive.entries(), directory, control)?;
    let known = Known::of(archive);
    let mut others: Vec<(Entry, &Node)> = Vec::new();
    for node in &nodes {
        others.extend(node.entries(node.kind()).map(|entry| (entry, node)));
    }
    others.sort_by(|one, other| compare_paths(&one.0.path, &other.0.path));
    let compare = |entry: &Entry, other: &(Entry, &Node)| {
        let mut differs = metadata(entry, &other.0);
        if checksum
            && let (Kind::File(content), Kind::File(_)) = (&entry.kind, &other.0.kind)
            && content.size == other.1.size()
            && !known.holds(content, &entry.path, other.1, control)?
        {
            differs.push("content");
        }
        Ok(differs)
    };
    merge(archive.entries(), &others, |other| &other.0, compare, &mut tell)
}

/// Compares two archives, as [`diff_directory`] an archive and a directory.
///
/// # Errors
/// As [`diff_directory`]; damage of a file whose content is compared.
pub fn diff_archives(
    archive: &Archive,
    other: &Archive,
    checksum: bool,
    control: &Control,
    mut tell: impl FnMut(Difference) -> Result<(), ArchiveError>,
) -> Result<u64, ArchiveError> {
    let compare = |entry: &Entry, with: &Entry| {
        control.check()?;
        let mut differs = metadata(entry, with);
        if checksum
            && let (Kind::File(one), Kind::File(two)) = (&entry.kind, &with.kind)
            && one.size == two.size
            && !is_same(archive, other, (&entry.path, one), two)?
        {
            differs.push("content");
        }
        Ok(differs)
    };
    merge(archive.entries(), other.entries(), |entry| entry, compare, &mut tell)
}

/// Returns whether two contents of one size are the same.
fn is_same(
    archive: &Archive,
    other: &Archive,
    (path, one): (&[u8], &Content),
    two: &Content,
) -> Result<bool, ArchiveError> {
    if one.segments != two.segments {
        return Ok(false);
    }
    match (one.digest, two.digest) {
        (FileDigest::Short(one), FileDigest::Short(two)) => Ok(one == two),
        (one, two) if one.whole().is_some() && two.whole().is_some() => {
            Ok(one.whole() == two.whole())
        }
        // Only short contents have no whole digest.
        _ => Ok(archive.read(path)? == other.read(path)?),
    }
}

/// Returns what is on disk below the names at the top of an archive.
fn find(entries: &[Entry], directory: &Path, control: &Control) -> Result<Vec<Node>, ArchiveError> {
    let top = |entry: &Entry| entry.path.split(|&byte| byte == b'/').next().map(<[u8]>::to_vec);
    let tops: BTreeSet<Vec<u8>> = entries.iter().filter_map(top).collect();
    let paths = tops.iter().map(|name| PathBuf::from(OsStr::from_bytes(name)));
    let there = |path: &PathBuf| directory.join(path).symlink_metadata().is_ok();
    let operands: Vec<PathBuf> = paths.filter(there).collect();
    let walking = WalkOptions { base: directory.to_owned(), ..WalkOptions::default() };
    let mut all = Vec::new();
    for found in walk(&operands, walking)? {
        control.check()?;
        match found {
            Ok(found) => all.push(found.map(Source::Tree)),
            Err(error) => control.warn(error),
        }
    }
    all.sort_by(|one, other| compare_paths(&one.entry.path, &other.entry.path));
    Ok(join_names(all))
}

/// Goes through two sides in path order.
fn merge<T>(
    entries: &[Entry],
    others: &[T],
    entry_of: impl Fn(&T) -> &Entry,
    compare: impl Fn(&Entry, &T) -> Result<Vec<&'static str>, ArchiveError>,
    tell: &mut impl FnMut(Difference) -> Result<(), ArchiveError>,
) -> Result<u64, ArchiveError> {
    let (mut one, mut two, mut count) = (0, 0, 0);
    while one < entries.len() || two < others.len() {
        let order = match (entries.get(one), others.get(two)) {
            (Some(entry), Some(other)) => compare_paths(&entry.path, &entry_of(other).path),
            (Some(_), None) => Ordering::Less,
            _ => Ordering::Greater,
        };
        let difference = match order {
            Ordering::Less => Some((&entries[one].path, DifferenceKind::Removed)),
            Ordering::Greater => Some((&entry_of(&others[two]).path, DifferenceKind::Added)),
            Ordering::Equal => {
                let differs = compare(&entries[one], &others[two])?;
                let changed = DifferenceKind::Changed(differs);
                let none = changed == DifferenceKind::Changed(Vec::new());
                (!none).then_some((&entries[one].path, changed))
            }
        };
        if let Some((path, how)) = difference {
            count += 1;
            tell(Difference { path: path.clone(), how })?;
        }
        one += usize::from(order != Ordering::Greater);
        two += usize::from(order != Ordering::Less);
    }
    Ok(count)
}

/// Returns what differs besides contents.
fn metadata(one: &Entry, two: &Entry) -> Vec<&'static str> {
    let mut differs = Vec::new();
    let kinds = (&one.kind, &two.kind);
    match kinds {
        (Kind::File(one), Kind::File(two)) if one.size != two.size => differs.push("size"),
        (Kind::File(_), Kind::File(_)) => {}
        (Kind::Symlink { .. }, Kind::Symlink { .. })
        | (Kind::HardLink { .. }, Kind::HardLink { .. })
            if one.kind != two.kind =>
        {
            differs.push("target");
        }
        (one, two) if std::mem::discriminant(one) != std::mem::discriminant(two) => {
            differs.push("kind");
        }
        (one, two) if one != two => differs.push("device"),
        _ => {}
    }
    let (one, two) = (&one.metadata, &two.metadata);
    let owner = |of: &crate::entry::Metadata| (of.uid, of.gid);
    let times = one.modified != two.modified && *kinds.0 != Kind::Directory;
    let found = [
        (one.mode != two.mode, "mode"),
        (owner(one) != owner(two), "owner"),
        (times, "modified"),
        (one.xattrs != two.xattrs, "attributes"),
    ];
    differs.extend(found.into_iter().filter(|(is, _)| *is).map(|(_, name)| name));
    differs
}
