//! The one function that makes entries of ENTRY sections, for every way of reading.
//! Normative text: spec/container.md §8.

use super::batch::Batch;
use super::limits::check;
use super::{ContainerError, Limits, Part, Section, allocation, entry_memory};
use crate::entry::{Entry, Extent, Kind, compare_paths};
use std::sync::Arc;

/// The entries that ENTRY sections announce, in the order of the sections.
#[derive(Debug)]
pub struct Catalog {
    /// Bytes of memory that it uses, and may use.
    memory: (u64, u64),
    entries: Vec<Announced>,
    batches: Vec<Placed>,
    /// The content that the last part left open.
    open: Option<Open>,
    /// Number of parts so far.
    parts: u32,
    /// Group that the next batch starts with.
    groups: u64,
    /// The first rule that was broken.
    fault: Option<ContainerError>,
}

/// A batch and its place.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Sequence of its ENTRY section.
    pub sequence: u64,
    /// Number of its first group.
    pub first: u64,
    /// What is known of its contents.
    pub batch: Arc<Batch>,
}

/// What an archive holds.
#[derive(Debug, Default)]
pub struct Contents {
    /// Every entry, in the order of [`crate::entry::compare_paths`].
    pub entries: Vec<Entry>,
    /// The batches, in the order of their groups.
    pub batches: Vec<Placed>,
    /// Number of entries that are incomplete.
    pub cut: u64,
    /// The first rule that the sections break together.
    pub fault: Option<ContainerError>,
    /// Bytes of memory that all of it takes.
    pub memory: u64,
}

#[derive(Debug)]
struct Announced {
    entry: Entry,
    /// The part that announced it, and the one that revoked it.
    part: u32,
    revoked: Option<u32>,
    /// Whether its rest was not found.
    lost: bool,
}

#[derive(Debug)]
struct Open {
    /// Numbers of the files, in the order of their paths, and their rows.
    files: Vec<(u64, usize)>,
    /// Rows of the hard links to each of them.
    links: Vec<Vec<usize>>,
    /// Bytes still to come.
    left: u64,
}

/// Returns the bytes of memory that an entry takes here: its row, its first extent, and the
/// spare capacity of the list.
fn memory_of(entry: &Entry) -> u64 {
    let row = 2 * size_of::<Announced>() as u64;
    entry_memory(entry) + row + allocation(size_of::<Extent>() as u64)
}

impl Catalog {
    /// Makes an empty catalog that may use `memory` bytes.
    pub fn new(memory: u64) -> Catalog {
        let (entries, batches, open, fault) = Default::default();
        let memory = (0, memory);
        Catalog { memory, entries, batches, open, parts: 0, groups: 0, fault }
    }

    /// Returns the memory that it uses, in bytes.
    pub fn memory(&self) -> u64 {
        self.memory.0
    }

    /// Notes a broken rule; the first one counts.
    fn broken(&mut self, section: &Section, cause: &'static str) {
        let (structure, offset) = ("ENTRY", section.offset);
        self.fault.get_or_insert(ContainerError::Damaged { structure, offset, cause });
    }

    /// Adds what an ENTRY section says. Broken rules are noted.
    ///
    /// # Errors
    /// [`ContainerError::TooLarge`] if that does not fit into the allowed memory; nothing
    /// is added then.
    pub fn take(
        &mut self,
        section: &Section,
        mut part: Part,
        limits: &Limits,
    ) -> Result<(), ContainerError> {
        let batch = Arc::new(part.take_batch());
        let ends = batch.group_ends();
        let starts = batch.row_starts();
        let count = |row: u64| spanned(&batch, &ends, &starts, row as usize);
        // Each file that goes on gets more extents, in a list with room for as many again.
        let going_on = self.open.as_ref().map_or(0, |open| open.files.len() as u64);
        let first = if going_on > 0 && !batch.rows.is_empty() { count(0) } else { 0 };
        let extents = part.file_rows.iter().map(|&row| count(row)).sum::<u64>();
        let extents = (extents + 2 * going_on * first) * size_of::<Extent>() as u64;
        let needed = part.entries.iter().map(memory_of).fold(extents, u64::saturating_add);
        let needed = needed.saturating_add(self.memory.0).saturating_add(batch.memory());
        check("memory", needed, self.memory.1)?;
        let held = (self.entries.len() + part.entries.len()) as u64;
        check("entries", held, limits.entries)?;
        self.memory.0 = needed;
        let first = section.header.group;
        if first != self.groups {
            self.broken(section, "its batch does not follow the batch before");
        }
        self.groups = first.saturating_add(ends.len() as u64);
        if !batch.is_aside() {
            self.go_on(section, &part, &batch, first, &ends);
            let open = self.announce(part, &batch, first, (&ends, &starts));
            self.leave_open(&batch, open);
        } else {
            self.announce(part, &batch, first, (&ends, &starts));
        }
        if !ends.is_empty() {
            let sequence = section.header.sequence;
            self.batches.push(Placed { sequence, first, batch });
        }
        self.parts += 1;
        Ok(())
    }

    /// Remembers the files that begin in a part and go on in the next. Those that go on once
    /// more were opened again before.
    fn leave_open(&mut self, batch: &Batch, open: Open) {
        if batch.open.is_some_and(|one| !(batch.continued && one.row == 0)) {
            let before = self.open.replace(open);
            for (_, row) in before.into_iter().flat_map(|open| open.files) {
                self.entries[row].lost = true;
            }
        }
    }

    /// Adds the entries of a part; returns those whose content goes on in the next.
    fn announce(
        &mut self,
        part: Part,
        batch: &Batch,
        first: u64,
        (ends, starts): (&[u64], &[u64]),
    ) -> Open {
        let left = batch.open.map_or(0, |open| open.following);
        let mut open = Open { files: Vec::new(), links: Vec::new(), left };
        let mut numbers = part.file_rows.iter();
        let base = self.entries.len();
        for mut entry in part.entries {
            let row = self.entries.len();
            match &mut entry.kind {
                Kind::File(content) => {
                    let number = numbers.next().map_or(0, |&number| number as usize);
                    let (at, end) = (starts[number], starts[number + 1]);
                    content.extents = match &content.recipe {
                        Some(recipe) => batch.places(recipe, first),
                        None => Batch::extents(ends, first, at, end),
                    };
                    if batch.open.is_some_and(|open| open.row == number as u64) {
                        open.files.push((open.files.len() as u64, row));
                        open.links.push(Vec::new());
                    }
                }
                Kind::HardLink { target } if !open.files.is_empty() => {
                    let found = self.entries[base..]
                        .binary_search_by(|one| compare_paths(&one.entry.path, target));
                    let place = found.ok().and_then(|at| {
                        open.files.binary_search_by_key(&(base + at), |&(_, row)| row).ok()
                    });
                    place.into_iter().for_each(|place| open.links[place].push(row));
                }
                _ => {}
            }
            let (part, revoked, lost) = (self.parts, None, false);
            self.entries.push(Announced { entry, part, revoked, lost });
        }
        open
    }

    /// Continues the content left open, without the files that the part revokes.
    fn go_on(&mut self, section: &Section, part: &Part, batch: &Batch, first: u64, ends: &[u64]) {
        let Some(open) = self.open.take() else {
            if batch.continued {
                self.broken(section, "it continues a content that was not left open");
            }
            return;
        };
        let again = batch.open.filter(|one| one.row == 0).map_or(0, |one| one.following);
        let length = batch.rows.first().map_or(0, |row| row.length);
        let fits = batch.continued && length.checked_add(again) == Some(open.left);
        let known = |number: &u64| open.files.binary_search_by_key(number, |one| one.0).is_ok();
        let revoked = |number: u64| batch.continued && part.revoked.binary_search(&number).is_ok();
        let kept = open.files.iter().any(|&(number, _)| !revoked(number));
        if (!fits && kept) || !part.revoked.iter().all(known) {
            self.broken(section, "it does not go on as the section before says");
        }
        let digest = batch.file_digest(0);
        let extents = Batch::extents(ends, first, 0, length);
        let mut kept = Open { files: Vec::new(), links: Vec::new(), left: again };
        for ((number, row), links) in open.files.into_iter().zip(open.links) {
            if revoked(number) {
                for row in links.into_iter().chain([row]) {
                    self.entries[row].revoked = Some(self.parts);
                }
                continue;
            }
            self.entries[row].lost |= !fits;
            if let Kind::File(content) = &mut self.entries[row].entry.kind
                && fits
            {
                content.extents.extend_from_slice(&extents);
                content.digest = digest.map_or(content.digest, crate::entry::FileDigest::File);
            }
            kept.files.push((number, row));
            kept.links.push(links);
        }
        if fits && again > 0 {
            self.open = Some(kept);
        }
    }

    /// Returns what the archive holds: all completely announced entries, in the order of
    /// the paths. Entries below something that is not a directory are left out. `groups` is
    /// the number of DATA sections, if it is known.
    pub fn finish(mut self, groups: Option<u64>) -> Contents {
        let damaged = |cause| ContainerError::Damaged { structure: "ENTRY", offset: 0, cause };
        if let Some(open) = self.open.take() {
            self.fault.get_or_insert(damaged("the archive ends with a content left open"));
            open.files.into_iter().for_each(|(_, row)| self.entries[row].lost = true);
        }
        if groups.is_some_and(|groups| groups != self.groups) {
            self.fault.get_or_insert(damaged("there are groups that belong to no batch"));
        }
        let (mut all, batches) = (self.entries, self.batches);
        all.sort_by(|one, other| compare_paths(&one.entry.path, &other.entry.path));
        let mut fault = self.fault;
        for pair in all.windows(2) {
            let anew = pair[0].revoked.is_some_and(|revoked| revoked <= pair[1].part);
            if pair[0].entry.path == pair[1].entry.path && !anew {
                fault.get_or_insert(damaged("a path is announced twice without being revoked"));
            }
        }
        all.retain(|one| one.revoked.is_none());
        let cut = all.iter().filter(|one| one.lost).count() as u64;
        let mut entries: Vec<Entry> = Vec::with_capacity(all.len());
        for one in all.into_iter().filter(|one| !one.lost) {
            if entries.last().is_none_or(|before| before.path != one.entry.path) {
                entries.push(one.entry);
            }
        }
        let count = entries.len();
        retain_reachable(&mut entries);
        if entries.len() < count {
            fault.get_or_insert(damaged("an entry is below one that is not a directory"));
        }
        let tables = batches.iter().map(|one| one.batch.memory()).sum::<u64>();
        let memory = tables + entries.iter().map(entry_memory).sum::<u64>();
        Contents { entries, batches, cut, fault, memory }
    }
}

/// Returns in how many pieces a row, or what its recipe uses, lies in groups.
fn spanned(batch: &Batch, ends: &[u64], starts: &[u64], row: usize) -> u64 {
    let group = |at: u64| ends.partition_point(|&end| end <= at) as u64;
    let pieces = |at: u64, end: u64| if at == end { 0 } else { group(end - 1) - group(at) + 1 };
    match &batch.rows[row].recipe {
        Some(recipe) => recipe.parts.iter().map(|part| pieces(part.start, part.end)).sum(),
        None => pieces(starts[row], starts[row + 1]),
    }
}

/// Drops entries below something that is not a directory, and links without their file.
fn retain_reachable(entries: &mut Vec<Entry>) {
    let mut above: Option<Vec<u8>> = None;
    entries.retain(|entry| {
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
    let known =
        |path: &[u8]| entries.binary_search_by(|entry| compare_paths(&entry.path, path)).is_ok();
    let links: Vec<bool> = entries
        .iter()
        .map(|entry| match &entry.kind {
            Kind::HardLink { target } => known(target),
            _ => true,
        })
        .collect();
    let mut links = links.into_iter();
    entries.retain(|_| links.next().unwrap_or(false));
}
