//! Changes names in an archive: a generation of metadata only.

use super::amend::{Amending, Changes};
use super::changed::{Known, Orphans};
use super::create::CreateOptions;
use super::plan::Node;
use super::source::Found;
use super::update::{UpdateSummary, topmost};
use crate::archive::{ArchiveError, Control, Limits};
use crate::container::Origin;
use crate::entry::{Content, Entry, Kind, check_path, compare_paths, is_below, is_within};
use crate::tree::{Patterns, TreeError};
use std::collections::BTreeSet;
use std::path::Path;

/// How names in an archive are changed.
#[derive(Clone, Debug, Default)]
pub struct RenameOptions {
    /// What is accepted of the archive.
    pub limits: Limits,
    /// The date of the generation, in seconds since 1970; `None` for none.
    pub date: Option<i64>,
}

/// Removes the entries that patterns select from the newest generation of an archive, in
/// place. Earlier generations keep them, and their contents stay until the archive is repacked.
///
/// # Errors
/// [`ArchiveError::NotFound`] for a pattern that selects nothing; otherwise as
/// [`super::update`].
pub fn delete(
    path: &Path,
    patterns: &Patterns,
    options: &RenameOptions,
    control: &Control,
) -> Result<UpdateSummary, ArchiveError> {
    let amending = Amending::open(path, &options.limits, control)?;
    let selected = amending.archive.select(patterns)?;
    let removed = topmost(selected.into_iter().map(|entry| entry.path.clone()).collect());
    let known = Known::of(&amending.archive);
    let gone = |entry: &&Entry| removed.iter().any(|path| is_within(&entry.path, path));
    let removes = known.entries().iter().filter(gone).count() as u64;
    let Orphans { again, found } = known.orphans(&removed, std::iter::empty());
    let unchanged = known.entries().len() as u64 - removes;
    let summary = UpdateSummary { removed: removes, unchanged, ..UpdateSummary::default() };
    let mut changes = Changes { found, ..Changes::default() };
    (changes.amended.removed, changes.amended.again) = (removed, again);
    write(amending, changes, summary, options, control)
}

/// Gives an entry of the newest generation of an archive another name, with all below it, in
/// place.
///
/// # Errors
/// [`ArchiveError::NotFound`], [`ArchiveError::InArchive`] if the new name is taken,
/// [`ArchiveError::Unfit`] if it is below the old one or below what is no directory,
/// [`ArchiveError::Tree`] if no archive may hold it; otherwise as [`super::update`].
pub fn rename(
    path: &Path,
    old: &[u8],
    new: &[u8],
    options: &RenameOptions,
    control: &Control,
) -> Result<UpdateSummary, ArchiveError> {
    if let Err(fault) = check_path(new) {
        let path = Entry::file(new).as_path().to_owned();
        return Err(TreeError::UnsafePath { path, fault }.into());
    }
    let amending = Amending::open(path, &options.limits, control)?;
    let known = Known::of(&amending.archive);
    check_new(&known, old, new)?;
    let start = known.number(old).unwrap_or(0);
    let all = known.entries();
    let moved = all[start..].iter().take_while(|one| is_within(&one.path, old));
    let moved = start..start + moved.count();
    let name = |path: &[u8]| match is_within(path, old) {
        true => [new, &path[old.len()..]].concat(),
        false => path.to_vec(),
    };
    // A file is announced with all its names: links stand in the section of their target.
    let mut files: BTreeSet<usize> = BTreeSet::new();
    for number in moved.clone() {
        let target = match &all[number].kind {
            Kind::HardLink { target } => known.number(target),
            _ => None,
        };
        files.insert(target.unwrap_or(number));
    }
    let mut changes = Changes::default();
    for number in files {
        let (node, origin) = renamed(&known, number, name);
        match origin {
            Some(origin) => changes.amended.again.push((node, origin)),
            None => changes.found.extend(node.names),
        }
    }
    changes.amended.removed = vec![old.to_vec()];
    let replaced = moved.len() as u64;
    let unchanged = all.len() as u64 - replaced;
    let summary = UpdateSummary { replaced, unchanged, ..UpdateSummary::default() };
    write(amending, changes, summary, options, control)
}

/// Checks that one name can take the place of another.
fn check_new(known: &Known, old: &[u8], new: &[u8]) -> Result<(), ArchiveError> {
    if known.entry(old).is_none() {
        return Err(crate::archive::not_found(old, known.entries()));
    }
    let unfit = |cause| Err(ArchiveError::Unfit { path: new.to_vec(), cause });
    if is_below(new, old) {
        return unfit("it is below the name that it is to replace");
    }
    if known.entry(new).is_some() || known.entries().iter().any(|one| is_below(&one.path, new)) {
        return Err(ArchiveError::InArchive { path: new.to_vec(), more: 0 });
    }
    let mut above = memchr::memchr_iter(b'/', new).map(|end| known.entry(&new[..end]));
    match above.any(|entry| entry.is_some_and(|entry| !entry.is_directory())) {
        true => unfit("it is below what is no directory"),
        false => Ok(()),
    }
}

/// Returns an entry with all its names, renamed, and where its content is if it is a file.
fn renamed(
    known: &Known,
    number: usize,
    name: impl Fn(&[u8]) -> Vec<u8>,
) -> (Node, Option<Origin>) {
    let original = &known.entries()[number];
    let links = known.links_to(&original.path).iter().map(|&link| &known.entries()[link]);
    let names = [original].into_iter().chain(links).map(|entry| {
        let path = name(&entry.path);
        Found { entry: Entry { path, ..entry.clone() }, source: None }
    });
    let mut names: Vec<Found> = names.collect();
    names.sort_by(|one, other| compare_paths(&one.entry.path, &other.entry.path));
    let kind = match &original.kind {
        Kind::File(_) => Kind::File(Content::default()),
        other => other.clone(),
    };
    let target = names[0].entry.path.clone();
    names[0].entry.kind = kind;
    for other in &mut names[1..] {
        other.entry.kind = Kind::HardLink { target: target.clone() };
    }
    let origin = original.is_file().then(|| known.origin(number));
    (Node { names }, origin)
}

fn write(
    amending: Amending,
    mut changes: Changes,
    summary: UpdateSummary,
    options: &RenameOptions,
    control: &Control,
) -> Result<UpdateSummary, ArchiveError> {
    let memory = options.limits.memory;
    // What was not archived yet is still to come.
    changes.incomplete = amending.archive.is_incomplete();
    let create = CreateOptions { memory, jobs: 1, ..CreateOptions::default() };
    Ok(summary.written(amending.write(changes, &create, options.date, control)?))
}
