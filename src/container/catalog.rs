//! The one function that makes entries of ENTRY sections, for every way of reading.
//! Normative text: spec/container.md §8.

use super::batch::Batch;
use super::budget::path_memory;
use super::index::State;
use super::limits::check;
use super::runs::{Layout, Stream};
use super::{ContainerError, Limits, Part, Section, allocation, entries_memory};
use crate::entry::{Content, Entry, Extent, Extents, Kind, Recipe, compare_paths};
use merge::Removals;
use named::Contents as NamedContents;
use rows::{Mark, Rows};
use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Arc;

mod leads;
mod merge;
mod named;
mod rows;

pub use merge::{Origin, SectionUse};

/// The entries that ENTRY sections announce, in the order of the sections.
#[derive(Debug)]
pub struct Catalog {
    /// Bytes of memory that it uses, and may use.
    memory: (u64, u64),
    rows: Rows,
    batches: Vec<Placed>,
    /// Contents that later sections may name.
    named: NamedContents,
    removed: Removals,
    /// Where the groups lie in the stream.
    stream: Arc<Stream>,
    /// What is known of the ENTRY sections, by Sequence.
    sections: BTreeMap<u64, SectionUse>,
    /// Segments and extents of contents that were named.
    unfolded: u64,
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
    /// Where each of the entries was announced, and where its content is.
    pub origins: Vec<Origin>,
    /// The batches, in the order of their groups.
    pub batches: Vec<Placed>,
    /// The ENTRY sections that are not dead, by Sequence.
    pub sections: BTreeMap<u64, SectionUse>,
    /// Number of entries that are incomplete.
    pub cut: u64,
    /// The first rule that the sections break together.
    pub fault: Option<ContainerError>,
    /// Bytes of memory that all of it takes.
    pub memory: u64,
}

#[derive(Debug)]
struct Open {
    /// Numbers of the files, in the order of their paths, and their rows.
    files: Vec<(u64, usize)>,
    /// Rows of the hard links to each of them.
    links: Vec<Vec<usize>>,
    /// Bytes still to come.
    left: u64,
    /// Whether it is made by recipes.
    made: bool,
}

/// Returns the bytes of memory that entries take here: their rows, and the spare capacity of the
/// lists of rows.
fn memory_of(entries: &[Entry]) -> u64 {
    let row = size_of::<Entry>() + 2 * size_of::<Mark>();
    entries_memory(entries).saturating_add(entries.len() as u64 * row as u64)
}

/// Returns the bytes of memory that a list of so many extents takes.
fn extents_memory(count: u64) -> u64 {
    match count {
        0 | 1 => 0,
        _ => allocation(count * size_of::<Extent>() as u64),
    }
}

/// An ENTRY section, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'a> {
    pub section: &'a Section,
    pub state: State,
    /// Number of its generation.
    pub generation: u32,
}

impl Catalog {
    /// Makes an empty catalog of an archive with this stream, that may use `memory` bytes.
    pub(super) fn new(memory: u64, stream: Stream) -> Catalog {
        let (rows, batches, open, fault) = Default::default();
        let (named, removed, sections) = Default::default();
        Catalog {
            memory: (stream.memory(), memory),
            rows,
            batches,
            named,
            removed,
            stream: Arc::new(stream),
            sections,
            unfolded: 0,
            open,
            parts: 0,
            groups: 0,
            fault,
        }
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

    /// Passes over groups that nothing is said of; `groups` is the number of the next.
    pub fn skip_to(&mut self, groups: u64) {
        self.groups = self.groups.max(groups);
    }

    /// Adds what an ENTRY section says. Broken rules are noted.
    ///
    /// # Errors
    /// [`ContainerError::TooLarge`] if that does not fit into the allowed memory; nothing
    /// is added then.
    pub fn take(
        &mut self,
        counted: Counted,
        mut part: Part,
        limits: &Limits,
    ) -> Result<(), ContainerError> {
        let Counted { section, state, generation } = counted;
        let batch = Arc::new(part.take_batch());
        let ends = batch.group_ends();
        let starts = batch.row_starts();
        let group = section.header.group;
        let layout = Layout {
            batch: &batch,
            first: group,
            ends: &ends,
            starts: &starts,
            stream: &Arc::clone(&self.stream),
        };
        let count = |row: u64| layout.count(row as usize);
        // Each file that goes on gets more extents, in a list with room for as many again.
        let going_on = self.open.as_ref().map_or(0, |open| open.files.len() as u64 + 1);
        let first = if going_on > 0 && !batch.rows.is_empty() { count(0) } else { 0 };
        let opened = batch.open.map_or(0, |open| count(open.row));
        let extents = part.file_rows.iter().map(|&row| extents_memory(count(row))).sum::<u64>();
        let extents = extents + extents_memory(opened);
        let extents = extents + going_on * extents_memory(2 * (first + 1));
        // With the least that a list grows by.
        let extents = extents + going_on * allocation(6 * size_of::<Arc<Recipe>>() as u64);
        let needed = memory_of(&part.entries).saturating_add(extents);
        let paths = part.removed.iter().map(|path| path_memory(path));
        let needed = paths.fold(needed, u64::saturating_add);
        let needed = needed.saturating_add(self.memory.0).saturating_add(batch.memory());
        check("memory", needed, self.memory.1)?;
        let held = (self.rows.entries.len() + part.entries.len()) as u64;
        check("entries", held, limits.entries)?;
        self.memory.0 = needed;
        let first = section.header.group;
        if first != self.groups {
            self.broken(section, "its batch does not follow the batch before");
        }
        if generation == 0 && !part.removed.is_empty() {
            self.broken(section, "the first generation removes entries");
        }
        self.groups = first.saturating_add(ends.len() as u64);
        if state == State::Contents {
            (part.entries, part.file_rows, part.removed) = Default::default();
        }
        let sequence = section.header.sequence;
        let of = SectionUse { generation, removes: !part.removed.is_empty(), ..Default::default() };
        self.sections.insert(sequence, of);
        self.take_runs(section, &part, &layout, limits)?;
        let removed = std::mem::take(&mut part.removed);
        self.removed.add(removed, generation);
        let aside = batch.is_aside();
        if !aside {
            self.go_on(section, &part, &layout);
        }
        let open = self.announce(&counted, part, &layout, limits)?;
        if !aside {
            self.leave_open(&batch, open);
        }
        self.named.add(sequence, &layout, &batch);
        if !ends.is_empty() {
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
                self.rows.marks[row].lost = true;
            }
        }
    }

    /// Adds the entries of a part; returns those whose content goes on in the next.
    fn announce(
        &mut self,
        counted: &Counted,
        part: Part,
        layout: &Layout,
        limits: &Limits,
    ) -> Result<Open, ContainerError> {
        let (&Counted { section, generation, .. }, batch) = (counted, layout.batch);
        let sequence = section.header.sequence;
        let left = batch.open.map_or(0, |open| open.following);
        let row = batch.open.map_or(0, |open| open.row as usize);
        let made = batch.rows.get(row).is_some_and(|row| row.recipe.is_some());
        let mut open = Open { files: Vec::new(), links: Vec::new(), left, made };
        let mut numbers = part.file_rows.iter();
        let base = self.rows.entries.len();
        let mut entries = part.entries;
        for at in 0..entries.len() {
            let (before, rest) = entries.split_at_mut(at);
            let row = base + at;
            let mut origin = Origin::of(sequence, sequence, 0);
            let mut lost = false;
            match &mut rest[0].kind {
                Kind::File(content) => {
                    let number = numbers.next().map_or(0, |&number| number as usize);
                    origin = Origin::of(sequence, sequence, number as u64);
                    if let Some(again) = &batch.rows[number].again {
                        let target = sequence.checked_sub(again.back).unwrap_or(sequence);
                        origin = Origin::of(sequence, target, again.row);
                        lost = !self.name(section, origin, content, limits)?;
                    } else {
                        // A group that is not known costs the files that need it.
                        let extents = layout.extents(number);
                        lost = extents.is_err();
                        content.extents = extents.unwrap_or_default();
                    }
                    if batch.open.is_some_and(|open| open.row == number as u64) {
                        open.files.push((open.files.len() as u64, row));
                        open.links.push(Vec::new());
                    }
                }
                Kind::HardLink { target } if !open.files.is_empty() => {
                    let found = before.binary_search_by(|one| compare_paths(&one.path, target));
                    let place = found.ok().and_then(|at| {
                        open.files.binary_search_by_key(&(base + at), |&(_, row)| row).ok()
                    });
                    place.into_iter().for_each(|place| open.links[place].push(row));
                }
                _ => {}
            }
            let (part, revoked) = (self.parts, None);
            self.rows.marks.push(Mark { origin, generation, part, revoked, lost });
        }
        self.rows.append(entries);
        Ok(open)
    }

    /// Gives a file the content of a row of an earlier section; `false` if there is none.
    fn name(
        &mut self,
        section: &Section,
        origin: Origin,
        content: &mut Content,
        limits: &Limits,
    ) -> Result<bool, ContainerError> {
        let stream = Arc::clone(&self.stream);
        let named = self.named.find(origin.sequence.into(), origin.row.into(), &stream);
        let (found, more) = match named {
            Ok(found) => found,
            Err(cause) => {
                self.broken(section, cause);
                return Ok(false);
            }
        };
        let segments = found.segments.as_deref().map_or(0, <[_]>::len);
        self.unfolded += (segments + found.extents.len() + found.recipes.len()) as u64;
        check("extents", self.unfolded, limits.extents)?;
        let extents = found.extents.len() * size_of::<Extent>();
        let lists = extents + size_of_val(&found.recipes[..]);
        let held = (segments * size_of::<crate::entry::Segment>() + lists) as u64 + more;
        self.memory.0 = self.memory.0.saturating_add(held);
        check("memory", self.memory.0, self.memory.1)?;
        *content = found;
        let announced = u64::from(origin.announced);
        if let Some(of) = self.sections.get_mut(&announced) {
            of.names.insert(origin.sequence.into());
        }
        Ok(true)
    }

    /// Continues the content left open, without the files that the part revokes.
    fn go_on(&mut self, section: &Section, part: &Part, layout: &Layout) {
        let batch = layout.batch;
        self.named.go_on(layout);
        let Some(open) = self.open.take() else {
            if batch.continued {
                self.broken(section, "it continues a content that was not left open");
            }
            return;
        };
        let again = batch.open.filter(|one| one.row == 0).map_or(0, |one| one.following);
        let recipe = batch.rows.first().and_then(|row| row.recipe.as_ref());
        let data = batch.rows.first().map_or(0, |row| row.data());
        let fits = batch.continued
            && data.checked_add(again) == Some(open.left)
            && recipe.is_some() == open.made;
        let known = |number: &u64| open.files.binary_search_by_key(number, |one| one.0).is_ok();
        let revoked = |number: u64| batch.continued && part.revoked.binary_search(&number).is_ok();
        let kept = open.files.iter().any(|&(number, _)| !revoked(number));
        if (!fits && kept) || !part.revoked.iter().all(known) {
            self.broken(section, "it does not go on as the section before says");
        }
        let digest = batch.file_digest(0);
        let extents = batch.rows.first().map_or(Ok(Extents::new()), |_| layout.extents(0));
        let fits = fits && extents.is_ok();
        let extents = extents.unwrap_or_default();
        let made = open.made;
        let mut kept = Open { files: Vec::new(), links: Vec::new(), left: again, made };
        for ((number, row), links) in open.files.into_iter().zip(open.links) {
            if revoked(number) {
                for row in links.into_iter().chain([row]) {
                    self.rows.marks[row].revoked = NonZero::new(self.parts);
                }
                continue;
            }
            self.rows.marks[row].lost |= !fits;
            if let Kind::File(content) = &mut self.rows.entries[row].kind
                && fits
            {
                content.extents.extend_from_slice(&extents);
                content.recipes.extend(recipe.cloned());
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
    /// the number of DATA sections, if INDEX is known. If it is not, entries of one path that
    /// nothing tells apart are given out under names that say so.
    pub fn finish(mut self, groups: Option<u64>) -> Contents {
        let damaged = |cause| ContainerError::Damaged { structure: "ENTRY", offset: 0, cause };
        if let Some(open) = self.open.take() {
            self.fault.get_or_insert(damaged("the archive ends with a content left open"));
            open.files.into_iter().for_each(|(_, row)| self.rows.marks[row].lost = true);
        }
        if groups.is_some_and(|groups| groups != self.groups) {
            self.fault.get_or_insert(damaged("there are groups that belong to no batch"));
        }
        let (batches, mut sections) = (self.batches, self.sections);
        let mut fault = self.fault;
        let mut all = self.rows;
        let (cut, broken) = merge::entries(&mut all, self.removed, groups.is_some());
        fault = fault.or(broken.map(damaged));
        let count = all.entries.len();
        merge::retain_reachable(&mut all);
        if all.entries.len() < count {
            let cause = "an entry is below one that is not a directory, or a link without target";
            fault.get_or_insert(damaged(cause));
        }
        let Rows { entries, marks } = all;
        let origins: Vec<Origin> = marks.into_iter().map(|mark| mark.origin).collect();
        for origin in &origins {
            if let Some(of) = sections.get_mut(&u64::from(origin.announced)) {
                of.entries += 1;
            }
        }
        let tables = batches.iter().map(|one| one.batch.memory()).sum::<u64>();
        let origin = size_of::<Origin>() as u64;
        let memory = tables + entries_memory(&entries) + origin * entries.len() as u64;
        Contents { entries, origins, batches, sections, cut, fault, memory }
    }
}
