//! Which of the entries that generations announce are those of the last one.

use super::Announced;
use crate::entry::{Kind, compare_paths};
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
    fn of(mut self, all: &[Announced]) -> Vec<bool> {
        self.0.sort_by(|one, other| compare_paths(&one.0, &other.0));
        let mut coming = self.0.into_iter().peekable();
        // Those above the entry, and the last generation that removes one of them.
        let mut above: Vec<(Vec<u8>, u32)> = Vec::new();
        let removed = |one: &Announced| {
            let path = &one.entry.path;
            let before = |next: &(Vec<u8>, u32)| compare_paths(&next.0, path) != Ordering::Greater;
            while let Some((next, generation)) = coming.next_if(before) {
                above.truncate(leading(&above, &next));
                let last = above.last().map_or(0, |one| one.1).max(generation);
                above.push((next, last));
            }
            above.truncate(leading(&above, path));
            above.last().is_some_and(|&(_, generation)| generation > one.generation)
        };
        all.iter().map(removed).collect()
    }
}

/// Returns how many of the paths, each of which is above the next, are above `path` or it.
fn leading(above: &[(Vec<u8>, u32)], path: &[u8]) -> usize {
    let holds = |one: &(Vec<u8>, u32)| {
        let rest = path.strip_prefix(&one.0[..]);
        rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
    };
    above.iter().rposition(holds).map_or(0, |last| last + 1)
}

/// Returns the entries that count, in path order, the number of those that are incomplete, and
/// the rule that is broken.
pub(super) fn entries(
    mut all: Vec<Announced>,
    removals: Removals,
) -> (Vec<Announced>, u64, Option<&'static str>) {
    all.sort_by(|one, other| compare_paths(&one.entry.path, &other.entry.path));
    let mut broken = None;
    for pair in all.windows(2) {
        let anew = pair[0].revoked.is_some_and(|revoked| revoked <= pair[1].part);
        let same = pair[0].generation == pair[1].generation;
        if same && pair[0].entry.path == pair[1].entry.path && !anew {
            broken = Some("a path is announced twice without being revoked");
        }
    }
    all.retain(|one| one.revoked.is_none());
    let replaced = |pair: &[Announced]| {
        pair[0].entry.path == pair[1].entry.path && pair[0].generation < pair[1].generation
    };
    let mut gone: Vec<bool> = all.windows(2).map(replaced).collect();
    gone.resize(all.len(), false);
    if !removals.0.is_empty() {
        let removed = removals.of(&all);
        gone.iter_mut().zip(removed).for_each(|(gone, removed)| *gone |= removed);
    }
    retain(&mut all, gone.into_iter().map(|gone| !gone));
    let cut = all.iter().filter(|one| one.lost).count() as u64;
    all.retain(|one| !one.lost);
    all.dedup_by(|next, before| next.entry.path == before.entry.path);
    (all, cut, broken)
}

/// Drops entries below something that is not a directory, and links without the file that
/// their section announces.
pub(super) fn retain_reachable(all: &mut Vec<Announced>) {
    let mut above: Option<Vec<u8>> = None;
    all.retain(|Announced { entry, .. }| {
        let below = above.as_ref().is_some_and(|above| {
            entry.path.starts_with(above) && entry.path.get(above.len()) == Some(&b'/')
        });
        if !below && entry.kind != Kind::Directory {
            let path = above.get_or_insert_default();
            path.clear();
            path.extend_from_slice(&entry.path);
        } else if !below {
            above = None;
        }
        !below
    });
    let target_is_there = |link: &Announced| match &link.entry.kind {
        Kind::HardLink { target } => {
            let found = all.binary_search_by(|one| compare_paths(&one.entry.path, target));
            found.is_ok_and(|row| all[row].origin.announced == link.origin.announced)
        }
        _ => true,
    };
    let kept: Vec<bool> = all.iter().map(target_is_there).collect();
    retain(all, kept.into_iter());
}

fn retain<T>(all: &mut Vec<T>, mut kept: impl Iterator<Item = bool>) {
    all.retain(|_| kept.next().unwrap_or(false));
}
