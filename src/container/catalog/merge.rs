//! Which of the entries that generations announce are those of the last one.

use super::rows::{Mark, Rows};
use crate::entry::{Entry, Kind, compare_paths, is_below, is_within};
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// Where an entry was announced, and where its content is: two numbers of sections, and a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Sequence of the ENTRY section that announces the entry.
    pub announced: u32,
    /// Sequence of the ENTRY section that has the content; the same unless it is named again.
    pub sequence: u32,
    /// Row of the content there.
    pub row: u32,
}

impl Origin {
    /// Takes numbers that have 32 bits.
    pub(super) fn of(announced: u64, sequence: u64, row: u64) -> Origin {
        let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Origin { announced: narrow(announced), sequence: narrow(sequence), row: narrow(row) }
    }
}

/// What is known of an ENTRY section that is not dead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SectionUse {
    /// Number of its generation.
    pub generation: u32,
    /// How many of the entries of the last generation it announces.
    pub entries: u64,
    /// Whether it removes entries of earlier generations.
    pub removes: bool,
    /// Sequences of the sections whose contents it names.
    pub names: BTreeSet<u64>,
}

/// Paths that generations remove, with all below them.
#[derive(Debug, Default)]
pub(super) struct Removals(Vec<(Vec<u8>, u32)>);

impl Removals {
    pub fn add(&mut self, paths: Vec<Vec<u8>>, generation: u32) {
        self.0.extend(paths.into_iter().map(|path| (path, generation)));
    }

    /// Returns for each of the entries, which are in path order, whether a later generation
    /// removes it.
    fn of(mut self, all: &Rows) -> Vec<bool> {
        self.0.sort_by(|one, other| compare_paths(&one.0, &other.0));
        let mut coming = self.0.into_iter().peekable();
        // Those above the entry, and the last generation that removes one of them.
        let mut above: Vec<(Vec<u8>, u32)> = Vec::new();
        let removed = |(entry, mark): (&Entry, &Mark)| {
            let path = &entry.path;
            let before = |next: &(Vec<u8>, u32)| compare_paths(&next.0, path) != Ordering::Greater;
            while let Some((next, generation)) = coming.next_if(before) {
                above.truncate(leading(&above, &next));
                let last = above.last().map_or(0, |one| one.1).max(generation);
                above.push((next, last));
            }
            above.truncate(leading(&above, path));
            above.last().is_some_and(|&(_, generation)| generation > mark.generation)
        };
        all.iter().map(removed).collect()
    }
}

/// Returns how many of the paths, each of which is above the next, are above `path` or it.
fn leading(above: &[(Vec<u8>, u32)], path: &[u8]) -> usize {
    above.iter().rposition(|one| is_within(path, &one.0)).map_or(0, |last| last + 1)
}

/// Keeps the entries that count, in path order. Unless generations are `told_apart`, those of one
/// path get names that say which section announced them. Returns the number of those that are
/// incomplete, and the rule that is broken.
pub(super) fn entries(
    all: &mut Rows,
    removals: Removals,
    told_apart: bool,
) -> (u64, Option<&'static str>) {
    all.sort();
    let mut broken = None;
    for [(before, of_before), (entry, of_entry)] in all.pairs() {
        let anew = of_before.revoked.is_some_and(|revoked| revoked.get() <= of_entry.part);
        let same = of_before.generation == of_entry.generation;
        if same && before.path == entry.path && !anew {
            broken = Some("a path is announced twice without being revoked");
        }
    }
    retain(all, |rows| rows.marks.iter().map(|mark| mark.revoked.is_none()).collect());
    let mut gone: Vec<bool> = all.pairs().map(replaced).collect();
    gone.resize(all.entries.len(), false);
    if !removals.0.is_empty() {
        let removed = removals.of(all);
        gone.iter_mut().zip(removed).for_each(|(gone, removed)| *gone |= removed);
    }
    retain(all, |_| gone.iter().map(|gone| !gone).collect());
    let cut = all.marks.iter().filter(|mark| mark.lost).count() as u64;
    retain(all, |rows| rows.marks.iter().map(|mark| !mark.lost).collect());
    if !told_apart {
        rename_doubles(all);
    }
    // Of those of one path the first counts.
    retain(all, |rows| {
        let others = rows.pairs().map(|[(before, _), (entry, _)]| before.path != entry.path);
        std::iter::once(true).chain(others).collect()
    });
    (cut, broken)
}

/// Gives entries of one path, but for directories, names that say which section announced them:
/// which of them is newer is not known. Hard links follow what they lead to.
fn rename_doubles(all: &mut Rows) {
    let mut doubles = BTreeSet::new();
    for [(before, of_before), (entry, of_entry)] in all.pairs() {
        if before.path == entry.path {
            for (entry, mark) in [(before, of_before), (entry, of_entry)] {
                if !entry.is_directory() {
                    doubles.insert((entry.path.clone(), mark.origin.announced));
                }
            }
        }
    }
    if doubles.is_empty() {
        return;
    }
    let rename = |path: &mut Vec<u8>, section: u32| {
        if doubles.contains(&(path.clone(), section)) {
            path.extend(format!(".section-{section}").bytes());
        }
    };
    for (entry, mark) in all.entries.iter_mut().zip(&all.marks) {
        let section = mark.origin.announced;
        if let Kind::HardLink { target } = &mut entry.kind {
            rename(target, section);
        }
        if !entry.is_directory() {
            rename(&mut entry.path, section);
        }
    }
    all.sort();
}

/// Drops entries below something that is not a directory, and links without the file that
/// their section announces.
pub(super) fn retain_reachable(all: &mut Rows) {
    let mut above: Option<Vec<u8>> = None;
    let reachable = |entry: &Entry| {
        let below = above.as_ref().is_some_and(|above| is_below(&entry.path, above));
        if !below && entry.kind != Kind::Directory {
            let path = above.get_or_insert_default();
            path.clear();
            path.extend_from_slice(&entry.path);
        } else if !below {
            above = None;
        }
        !below
    };
    retain(all, |rows| rows.entries.iter().map(reachable).collect());
    retain(all, |rows| rows.iter().map(|row| target_is_there(rows, row)).collect());
}

/// Returns whether a hard link's section announces its target; `true` for what is no link.
fn target_is_there(all: &Rows, (entry, mark): (&Entry, &Mark)) -> bool {
    let Kind::HardLink { target } = &entry.kind else { return true };
    let found = all.entries.binary_search_by(|one| compare_paths(&one.path, target));
    found.is_ok_and(|row| all.marks[row].origin.announced == mark.origin.announced)
}

/// Returns whether the second of two neighbours takes the place of the first.
fn replaced([(before, of_before), (entry, of_entry)]: [(&Entry, &Mark); 2]) -> bool {
    before.path == entry.path && of_before.generation < of_entry.generation
}

/// Keeps those that `kept` says; does nothing if that is all.
fn retain(all: &mut Rows, kept: impl FnOnce(&Rows) -> Vec<bool>) {
    let kept = kept(all);
    if kept.contains(&false) {
        all.retain(kept.iter().copied());
    }
}
