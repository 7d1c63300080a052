//! Brings an archive up to what is on disk: what changed is archived anew, in a generation
//! behind the others.

use super::amend::{Amending, Amendment, Changes};
use super::changed::{Known, Orphans, Sameness};
use super::create::CreateOptions;
use super::plan::{Node, check_paths, join_names};
use super::source::{Found, Source};
use crate::archive::memory::{check_cost, creation_memory};
use crate::archive::{ArchiveError, Control, Limits};
use crate::entry::{compare_paths, is_within};
use crate::tree::{Excludes, TreeError, WalkOptions, archive_path, walk};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// What is done with a name that is in the archive already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// If what is on disk differs, it is archived in its place.
    #[default]
    Replace,
    /// What is in the archive stays.
    Keep,
    /// If it is no directory, the archive is not changed at all.
    Refuse,
}

/// How an archive is updated.
#[derive(Clone, Debug, Default)]
pub struct UpdateOptions {
    /// How new contents are written.
    pub create: CreateOptions,
    /// What is accepted of the archive.
    pub limits: Limits,
    /// What is done with names that are there.
    pub existing: Existing,
    /// Whether files are compared by their contents, not by size and time.
    pub checksum: bool,
    /// Whether what is gone from disk below the given paths is forgotten.
    pub mirror: bool,
    /// The date of the generation, in seconds since 1970; `None` for none.
    pub date: Option<i64>,
}

/// What a change did to an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateSummary {
    /// Number of the generation that was written; `None` if there was nothing to change.
    pub generation: Option<u64>,
    /// Entries that are new.
    pub added: u64,
    /// Entries that took the place of others.
    pub replaced: u64,
    /// Entries that are gone.
    pub removed: u64,
    /// Entries that were looked at and stay.
    pub unchanged: u64,
    /// Bytes of new contents, holes left out.
    pub bytes: u64,
    /// Bytes that the archive has more.
    pub stored: u64,
    /// BLAKE3 over the preface and the list of all sections with their digests.
    pub root_hash: Option<[u8; 32]>,
}

impl UpdateSummary {
    /// Adds what was written.
    pub(super) fn written(mut self, amendment: Amendment) -> UpdateSummary {
        let Amendment { generation, bytes, stored, root_hash } = amendment;
        (self.generation, self.root_hash) = (Some(generation), Some(root_hash));
        (self.bytes, self.stored) = (bytes, stored);
        self
    }
}

/// Updates the archive `path` with `operands`, in place: what is new or changed is written as
/// another generation behind the last, and nothing before it is touched. Unchanged files are
/// neither read nor coded, and contents of 64 KiB and more that are stored already are not
/// stored again. If it fails or is stopped, the archive is as it was.
///
/// # Errors
/// [`ArchiveError::Locked`] if another run is changing the archive,
/// [`ArchiveError::NotWhole`] if it is damaged, [`ArchiveError::InArchive`]; otherwise as
/// [`super::create`]. Files that cannot be read are reported as warnings and stay as they are.
pub fn update(
    path: &Path,
    operands: &[PathBuf],
    walking: WalkOptions,
    options: &UpdateOptions,
    control: &Control,
) -> Result<UpdateSummary, ArchiveError> {
    let amending = Amending::open(path, &options.limits, control)?;
    let scope = Scope::of(operands, walking.excludes.clone())?;
    bring_up(amending, scope, operands, walking, options, control)
}

/// Does the same with an archive that is open; what `scope` has and is gone is forgotten if that
/// is asked for. An archive that was incomplete is complete then.
///
/// # Errors
/// As [`update`].
pub(super) fn bring_up(
    amending: Amending,
    scope: Scope,
    operands: &[PathBuf],
    mut walking: WalkOptions,
    options: &UpdateOptions,
    control: &Control,
) -> Result<UpdateSummary, ArchiveError> {
    walking.leave_out.extend(amending.identities());
    let (found, whole) = find(operands, walking, amending.archive.tables, options, control)?;
    let mut work = Work::new(&amending, options, control);
    let found = work.without_existing(found)?;
    if options.mirror && (whole || scope.is_all) {
        work.forget(scope, &found);
    } else if options.mirror {
        control.warn(ArchiveError::NothingForgotten);
    }
    work.compare(join_names(found))?;
    let (mut changes, summary) = work.finish();
    let incomplete = amending.archive.is_incomplete();
    changes.incomplete = incomplete && options.existing != Existing::Replace;
    if changes.is_empty() && changes.incomplete == incomplete {
        return Ok(summary);
    }
    let amendment = amending.write(changes, &options.create, options.date, control)?;
    Ok(summary.written(amendment))
}

/// Returns all that is on disk, in path order, and whether everything could be looked at.
fn find(
    operands: &[PathBuf],
    walking: WalkOptions,
    held: u64,
    options: &UpdateOptions,
    control: &Control,
) -> Result<(Vec<Found>, bool), ArchiveError> {
    let (mut all, mut held, mut whole) = (Vec::new(), held, true);
    for found in walk(operands, walking)? {
        control.check()?;
        match found {
            Ok(found) => {
                held += creation_memory(&found.entry);
                check_cost(held, options.create.memory)?;
                all.push(found.map(Source::Tree));
            }
            Err(error) => {
                let harmless = matches!(
                    error,
                    TreeError::Unmatched { .. }
                        | TreeError::Leftover { .. }
                        | TreeError::Socket { .. }
                );
                whole &= harmless;
                control.warn(error);
            }
        }
    }
    all.sort_by(|one, other| compare_paths(&one.entry.path, &other.entry.path));
    check_paths(&all)?;
    Ok((all, whole))
}

/// What the given paths stand for in the archive.
pub(super) struct Scope {
    /// Whether it is everything, whether or not it could be looked at.
    is_all: bool,
    /// Names of the operands; an empty one means everything.
    names: Vec<Vec<u8>>,
    excludes: Excludes,
}

impl Scope {
    fn of(operands: &[PathBuf], excludes: Excludes) -> Result<Scope, ArchiveError> {
        let name = |path: &PathBuf| Ok(archive_path(path)?.0);
        let names = operands.iter().map(name).collect::<Result<_, TreeError>>()?;
        Ok(Scope { is_all: false, names, excludes })
    }

    /// Returns the scope of everything.
    pub fn all() -> Scope {
        Scope { is_all: true, names: vec![Vec::new()], excludes: Excludes::default() }
    }

    /// Returns whether an entry is meant, and not left out.
    fn has(&mut self, path: &[u8], is_directory: bool) -> bool {
        let holds = |name: &Vec<u8>| name.is_empty() || is_within(path, name);
        self.names.iter().any(holds) && !self.excludes.excludes_or_above(path, is_directory)
    }
}

/// An update that is being found out.
struct Work<'a> {
    known: Known<'a>,
    options: &'a UpdateOptions,
    control: &'a Control<'a>,
    changes: Changes,
    summary: UpdateSummary,
}

impl<'a> Work<'a> {
    fn new(amending: &'a Amending, options: &'a UpdateOptions, control: &'a Control<'a>) -> Self {
        let known = Known::of(&amending.archive);
        let (changes, summary) = Default::default();
        Work { known, options, control, changes, summary }
    }

    /// Leaves out what is in the archive already, if that is to stay.
    fn without_existing(&mut self, found: Vec<Found>) -> Result<Vec<Found>, ArchiveError> {
        if self.options.existing == Existing::Replace {
            return Ok(found);
        }
        let known = &self.known;
        let is_there = |found: &Found| known.entry(&found.entry.path).is_some();
        let (there, new): (Vec<Found>, Vec<Found>) = found.into_iter().partition(is_there);
        self.summary.unchanged += there.len() as u64;
        if self.options.existing == Existing::Refuse {
            let mut refused = there.iter().filter(|found| !found.entry.is_directory());
            if let Some(first) = refused.next() {
                let (path, more) = (first.entry.path.clone(), refused.count() as u64);
                return Err(ArchiveError::InArchive { path, more });
            }
        }
        Ok(new)
    }

    /// Forgets what is in the archive but no longer on disk.
    fn forget(&mut self, mut scope: Scope, found: &[Found]) {
        let found: HashSet<&[u8]> = found.iter().map(|found| &found.entry.path[..]).collect();
        let mut kept: HashSet<&[u8]> = HashSet::new();
        let entries = self.known.entries();
        let mut gone = vec![false; entries.len()];
        for (number, entry) in entries.iter().enumerate() {
            let path = &entry.path[..];
            gone[number] = !found.contains(path) && scope.has(path, entry.is_directory());
            if !gone[number] {
                let ends = memchr::memchr_iter(b'/', path);
                kept.extend(ends.map(|end| &path[..end]));
            }
        }
        let removed = entries
            .iter()
            .zip(gone)
            .filter(|(entry, gone)| *gone && !kept.contains(&entry.path[..]));
        let removed: Vec<Vec<u8>> = removed.map(|(entry, _)| entry.path.clone()).collect();
        self.summary.removed += removed.len() as u64;
        self.changes.amended.removed = topmost(removed);
    }

    /// Compares what was found with what is in the archive.
    fn compare(&mut self, nodes: Vec<Node>) -> Result<(), ArchiveError> {
        let (options, control) = (self.options, self.control);
        let mut anew: Vec<(Node, Sameness)> = Vec::new();
        for node in nodes {
            control.check()?;
            match self.known.compare(&node, options.checksum, control)? {
                Sameness::Whole => self.summary.unchanged += node.names.len() as u64,
                other => anew.push((node, other)),
            }
        }
        self.known.find_contents(&mut anew, options.create.jobs, control)?;
        for (node, sameness) in anew {
            for name in &node.names {
                match self.known.entry(&name.entry.path) {
                    Some(_) => self.summary.replaced += 1,
                    None => self.summary.added += 1,
                }
            }
            match sameness {
                Sameness::Content(origin) => self.changes.amended.again.push((node, origin)),
                _ => self.changes.found.extend(node.names),
            }
        }
        Ok(())
    }

    /// Adds what follows: what cannot stay beside what is new, and links whose file goes.
    fn finish(mut self) -> (Changes, UpdateSummary) {
        let again = self.changes.amended.again.iter().flat_map(|(node, _)| &node.names);
        let announced = again
            .chain(&self.changes.found)
            .map(|found| (found.entry.path.clone(), found.entry.is_directory()));
        let announced: Vec<(Vec<u8>, bool)> = announced.collect();
        let displaced = self.known.displaced(&announced);
        self.summary.removed += displaced.1;
        let removed = &mut self.changes.amended.removed;
        removed.extend(displaced.0);
        *removed = topmost(std::mem::take(removed));
        let Orphans { again, found } =
            self.known.orphans(removed, announced.iter().map(|(path, _)| &path[..]));
        self.changes.amended.again.extend(again);
        self.changes.found.extend(found);
        (self.changes, self.summary)
    }
}

/// Returns the paths that are not below others of them, in their order.
pub(super) fn topmost(mut paths: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    paths.sort_by(|one, other| compare_paths(one, other));
    paths.dedup_by(|path, above| is_within(path, above));
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_a_removed_directory_is_not_removed_again() {
        let paths = ["b", "a/b", "a-b", "a", "a/b/c", "a"].map(|path| path.as_bytes().to_vec());
        assert_eq!(topmost(paths.to_vec()), [&b"a"[..], b"a-b", b"b"]);
    }
}
