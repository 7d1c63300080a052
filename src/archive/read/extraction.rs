//! Decodes the groups of files and hands each file its bytes.

use super::extract::{ExtractSummary, Files};
use super::index::Archive;
use super::making::made_content;
use super::sink::{FileSink, Target};
use super::tally::Tallies;
use crate::archive::pipeline;
use crate::archive::threads;
use crate::archive::{ArchiveError, Control};
use crate::container::{ReadAt, Section};
use crate::entry::{Content, Entry, Kind};
use recipes::{Collecting, Ready, batches_of, firsts, others};
use stash::{Stash, Turns, turns_memory};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

mod give;
mod recipes;
mod stages;
mod stash;

/// Makes the place a file's bytes go to; `None` to skip the file.
pub(super) type Opener<'a> =
    Box<dyn FnMut(&Entry, &Content) -> Result<Option<Target<'a>>, ArchiveError> + 'a>;

/// A file being extracted.
struct Wanted<'a> {
    entry: Entry,
    /// Extents not yet seen.
    left: usize,
    state: State<'a>,
    /// The first damaged group it has bytes in.
    doubt: Option<u64>,
    /// Why a file that is kept all the same has lost bytes.
    lost: Option<Arc<ArchiveError>>,
    making: Option<Collecting>,
    /// Set if its bytes do not come in the order of the groups.
    turns: Option<Box<Turns>>,
}

enum State<'a> {
    /// No byte has come.
    Waiting,
    /// Boxed: few files are open at a time, but all are listed.
    Open(Box<FileSink<'a>>),
    /// Skipped, or failed and reported.
    Dropped,
}

/// Part of a group that a file wants.
pub(super) struct Run {
    file: usize,
    /// Number of the extent.
    extent: usize,
    offset: usize,
    length: usize,
}

/// The files of one operation, and the groups they lie in.
pub(super) struct Extraction<'a, 'f, S> {
    archive: &'a Archive<S>,
    control: &'a Control<'a>,
    open: Opener<'a>,
    files: Vec<Wanted<'a>>,
    /// Those still to be decoded, in their order.
    groups: std::vec::IntoIter<(u64, Vec<Run>)>,
    /// Whether groups are decoded to their ends.
    all_groups: bool,
    keep_damaged: bool,
    /// Pieces of files of which everything came that they are made of.
    ready: VecDeque<Ready>,
    /// How many pieces of each batch are not made yet, and of which of these batches groups
    /// were decoded.
    unmade: BTreeMap<u64, usize>,
    begun: BTreeSet<u64>,
    /// Bytes that files with turns need later.
    stash: Stash,
    /// Bytes of memory that the outputs take.
    held: u64,
    /// Bytes of memory for the groups under way, and for those that are kept.
    memory: (u64, u64),
    /// Damaged groups so far.
    tallies: Tallies,
    summary: ExtractSummary,
    /// Where the first failure goes instead of being reported.
    pub failure: Option<&'f mut Option<ArchiveError>>,
    /// Why no file can go on: the one output of all cannot be written, or the
    /// system refused what all files need.
    broken: Option<ArchiveError>,
}

impl<'a, 'f, S: ReadAt> Extraction<'a, 'f, S> {
    /// Nothing is decoded yet.
    pub fn new(
        archive: &'a Archive<S>,
        Files { files, all_groups, keep_damaged, held, aside }: Files,
        open: Opener<'a>,
        control: &'a Control<'a>,
    ) -> Self {
        let all = archive.reader.groups().iter().map(|section| section.header.group);
        let firsts = firsts(&files);
        // Nothing is known of what is in a dead group.
        let known = |group: &u64| all_groups && archive.reader.batch(*group).is_some();
        let groups = runs_by_group(&files, &firsts, all.filter(known));
        let wanted = |(number, entry): (usize, Entry)| {
            let left = match &entry.kind {
                Kind::File(content) if firsts[number] == number => content.extents.len(),
                _ => 0,
            };
            let made = made_content(&entry).filter(|_| firsts[number] == number);
            let making = made.map(Collecting::of);
            let (state, doubt, lost, turns) = (State::Waiting, None, None, None);
            Wanted { entry, left, state, doubt, lost, making, turns }
        };
        let mut files: Vec<Wanted> = files.into_iter().enumerate().map(wanted).collect();
        let mut unmade = BTreeMap::new();
        for (number, &first) in firsts.iter().enumerate() {
            if let Some(making) = files[first].making.as_mut().filter(|_| first != number) {
                making.others.push(number);
            } else if files[number].making.is_some() {
                for batch in batches_of(archive, &files[number]).into_iter().flatten() {
                    *unmade.entry(batch).or_default() += 1;
                }
            }
        }
        Extraction {
            archive,
            control,
            open,
            files,
            groups,
            all_groups,
            keep_damaged,
            ready: VecDeque::new(),
            unmade,
            begun: BTreeSet::new(),
            stash: Stash::in_directory(aside),
            held,
            memory: (0, 0),
            tallies: Tallies::default(),
            summary: ExtractSummary::default(),
            failure: None,
            broken: None,
        }
    }

    /// Sorts the groups by the first file that needs them, but keeps the groups of each file
    /// in order.
    pub fn order_by_files(&mut self) {
        // What a file needs before a group, besides what comes first for others.
        let mut before: HashMap<u64, Vec<u64>> = HashMap::new();
        let mut wanted = Vec::new();
        // Groups that files are made of are kept until all files of their batch are made, so
        // they come together.
        let mut batches: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for (group, runs) in self.groups.as_slice() {
            let makes = |run: &Run| self.files[run.file].making.is_some();
            if runs.iter().any(makes) {
                batches.entry(self.archive.batch_of(*group)).or_default().push(*group);
            }
        }
        for pair in batches.values().flat_map(|groups| groups.windows(2)) {
            before.entry(pair[1]).or_default().push(pair[0]);
        }
        for file in &self.files {
            let Kind::File(content) = &file.entry.kind else { continue };
            wanted.extend(content.extents.iter().map(|extent| extent.group));
            if content.is_made() {
                // Pieces are made in their order.
                let own = batches_of(self.archive, file).into_iter().flatten();
                let own: Vec<&Vec<u64>> = own.filter_map(|batch| batches.get(&batch)).collect();
                for pair in own.windows(2) {
                    if let (Some(&last), Some(&first)) = (pair[0].last(), pair[1].first()) {
                        before.entry(first).or_default().push(last);
                    }
                }
                wanted.extend(own.into_iter().flatten());
                continue;
            }
            // What comes too early waits, so only the other order is kept.
            for pair in content.extents.windows(2).filter(|pair| pair[0].group < pair[1].group) {
                before.entry(pair[1].group).or_default().push(pair[0].group);
            }
        }
        let mut groups: HashMap<u64, Vec<Run>> = self.groups.by_ref().collect();
        let mut ordered = Vec::with_capacity(groups.len());
        for group in wanted {
            let mut path = vec![group];
            while let Some(&last) = path.last() {
                match before.get_mut(&last).and_then(Vec::pop) {
                    Some(earlier) if groups.contains_key(&earlier) => path.push(earlier),
                    Some(_) => {}
                    None => {
                        ordered.extend(groups.remove(&last).map(|runs| (last, runs)));
                        path.pop();
                    }
                }
            }
        }
        self.groups = ordered.into_iter();
    }

    /// Decodes everything, and adds what was done to `summary`.
    pub fn finish(mut self, jobs: usize, summary: &mut ExtractSummary) -> Result<(), ArchiveError> {
        let followers: BTreeSet<usize> = self.files.iter().flat_map(others).copied().collect();
        for file in 0..self.files.len() {
            if self.files[file].making.is_some() {
                // It may begin with a piece that is made of nothing.
                self.advance(file);
            } else if self.files[file].left == 0 && !followers.contains(&file) {
                self.take(file, 0, Ok(&[]), None);
                self.broken.take().map_or(Ok(()), Err)?;
            }
        }
        self.find_turns();
        self.memory = self.room();
        let control = self.control;
        let before = self.archive.groups_decoded();
        let result = pipeline::run(&mut self, threads::workers(jobs), control);
        self.summary.groups_decoded = self.archive.groups_decoded() - before;
        // A file that failed has said so of its group.
        if self.failure.as_ref().is_none_or(|first| first.is_none()) {
            self.tallies.report(&mut self.summary, self.control);
        }
        summary.entries += self.summary.entries;
        summary.bytes += self.summary.bytes;
        summary.groups_decoded += self.summary.groups_decoded;
        for (kind, count) in self.summary.failures {
            *summary.failures.entry(kind).or_default() += count;
        }
        result.and(self.broken.map_or(Ok(()), Err))
    }

    /// Returns the bytes of memory for groups under way and for kept groups: what is allowed,
    /// less what entries and outputs take. Kept groups give way to the largest group.
    fn room(&self) -> (u64, u64) {
        let Archive { limits, cache, .. } = self.archive;
        let held = self.archive.held(self.files.iter().map(|file| &file.entry));
        let turns = self.files.iter().map(|file| turns_memory(&file.entry)).sum();
        let held = held.saturating_add(turns);
        let making = self.archive.making_cost(self.files.iter().map(|file| &file.entry));
        let held = held.saturating_add(self.held).saturating_add(making.kept);
        let left = limits.memory.saturating_sub(held);
        let groups = self.groups.as_slice();
        let costs = groups.iter().map(|(group, _)| self.archive.cost(&self.archive.group(*group)));
        let (decode, state) =
            costs.fold((0, 0), |(a, b), cost| (cost.decode.max(a), cost.state.max(b)));
        let decode = decode.max(making.make);
        let left = left.saturating_sub(self.archive.bases.reserve(left / 4, state));
        let room = left.saturating_sub(decode);
        let keeps = |(group, runs): &(u64, Vec<Run>)| self.keeps(&self.archive.group(*group), runs);
        let kept = match groups.iter().any(keeps) {
            true => cache.budget().min(room),
            false => cache.shrink(room),
        };
        cache.shrink(kept);
        (left.saturating_sub(kept), kept)
    }

    /// Whether a group is kept for the next call, which may ask for what these runs leave
    /// of it.
    fn keeps(&self, section: &Section, runs: &[Run]) -> bool {
        let whole = section.header.raw_length;
        let used = runs.iter().fold(0, |sum: u64, run| sum.saturating_add(run.length as u64));
        used < whole && self.archive.cache.takes(whole)
    }
}

/// The parts of each group that files want, in the order of the groups; `all` are groups
/// that are wanted in any case.
fn runs_by_group(
    files: &[Entry],
    firsts: &[usize],
    all: impl Iterator<Item = u64>,
) -> std::vec::IntoIter<(u64, Vec<Run>)> {
    let mut groups: BTreeMap<u64, Vec<Run>> = all.map(|group| (group, Vec::new())).collect();
    for (file, entry) in files.iter().enumerate().filter(|(file, _)| firsts[*file] == *file) {
        let Kind::File(content) = &entry.kind else { continue };
        for (number, extent) in content.extents.iter().enumerate() {
            // The container checked that extents lie in their groups, whose lengths are
            // bounded by memory before use.
            let (offset, length) = (extent.offset as usize, extent.length as usize);
            groups.entry(extent.group).or_default().push(Run {
                file,
                extent: number,
                offset,
                length,
            });
        }
    }
    groups.into_iter().collect::<Vec<_>>().into_iter()
}
