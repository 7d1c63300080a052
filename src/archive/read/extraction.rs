//! Decodes the groups of files and hands each file its bytes.

use super::extract::{ExtractSummary, Files, file_error};
use super::groups::{Decoded, ends_run};
use super::index::{Archive, data_length};
use super::sink::{FileSink, Target};
use super::tally::Tallies;
use crate::archive::pipeline::{self, Stages, Task};
use crate::archive::threads;
use crate::archive::{ArchiveError, Control, ErrorKind, Event};
use crate::container::{ReadAt, Section};
use crate::entry::{Content, Entry, FileDigest, Kind};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

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
        Files { files, all_groups, keep_damaged, held }: Files,
        open: Opener<'a>,
        control: &'a Control<'a>,
    ) -> Self {
        let all = archive.reader.groups().iter().map(|section| section.header.group);
        let groups = runs_by_group(&files, all.filter(|_| all_groups));
        let wanted = |entry: Entry| {
            let left =
                if let Kind::File(content) = &entry.kind { content.extents.len() } else { 0 };
            Wanted { entry, left, state: State::Waiting, doubt: None, lost: None }
        };
        let files = files.into_iter().map(wanted).collect();
        Extraction {
            archive,
            control,
            open,
            files,
            groups,
            all_groups,
            keep_damaged,
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
        for Wanted { entry, .. } in &self.files {
            let Kind::File(content) = &entry.kind else { continue };
            wanted.extend(content.extents.iter().map(|extent| extent.group));
            for pair in content.extents.windows(2) {
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
        for file in 0..self.files.len() {
            if self.files[file].left == 0 {
                self.take(file, 0, Ok(&[]), None);
                self.broken.take().map_or(Ok(()), Err)?;
            }
        }
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
        let left = limits.memory.saturating_sub(held.saturating_add(self.held));
        let groups = self.groups.as_slice();
        let costs = groups.iter().map(|(group, _)| self.archive.cost(&self.archive.group(*group)));
        let (decode, state) =
            costs.fold((0, 0), |(a, b), cost| (cost.decode.max(a), cost.state.max(b)));
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

    /// Gives a file its next `length` bytes, and ends it after the last. `doubtful` are wrong
    /// bytes in place of right ones.
    fn take(
        &mut self,
        file: usize,
        length: usize,
        bytes: Result<&[u8], &Arc<ArchiveError>>,
        doubtful: Option<&[u8]>,
    ) {
        self.begin(file);
        let wanted = &mut self.files[file];
        wanted.left = wanted.left.saturating_sub(1);
        let State::Open(sink) = &mut wanted.state else { return };
        let result = match bytes {
            Err(cause) if self.keep_damaged => {
                wanted.lost.get_or_insert_with(|| Arc::clone(cause));
                match doubtful {
                    Some(bytes) => sink.write(bytes).map_err(Arc::new),
                    None => {
                        sink.lose(length as u64);
                        Ok(())
                    }
                }
            }
            Err(cause) => Err(Arc::clone(cause)),
            Ok(bytes) => sink.write(bytes).map_err(Arc::new),
        };
        if result.is_err() || wanted.left == 0 {
            self.end(file, result);
        }
    }

    /// Opens a file of which no byte has come yet.
    fn begin(&mut self, file: usize) {
        let wanted = &mut self.files[file];
        let (State::Waiting, Kind::File(content)) = (&wanted.state, &wanted.entry.kind) else {
            return;
        };
        wanted.state = match (self.open)(&wanted.entry, content) {
            Ok(Some(target)) => {
                // Others are proven by the digests of their spans.
                let digest = match content.digest {
                    FileDigest::File(digest) => Some(digest),
                    _ => None,
                };
                let (segments, cancel) = (content.segments.as_deref(), self.control.cancel);
                let sink = FileSink::new(target, content.size, segments, digest, cancel);
                State::Open(Box::new(sink))
            }
            Ok(None) => State::Dropped,
            Err(error) => {
                wanted.state = State::Dropped;
                let path = wanted.entry.path.clone();
                return self.fail(&path, None, Arc::new(error));
            }
        };
    }

    /// Ends a file: checks its digest and gives it its name, or drops it, which
    /// removes it.
    fn end(&mut self, file: usize, result: Result<(), Arc<ArchiveError>>) {
        let Wanted { entry, state, doubt, lost, .. } = &mut self.files[file];
        let State::Open(mut sink) = std::mem::replace(state, State::Dropped) else { return };
        let checked = result.and_then(|()| lost.take().map_or(Ok(()), Err));
        let checked = checked.and_then(|()| sink.check().map_err(Arc::new));
        let ended = match checked {
            Ok(()) => sink.finish().map_err(Arc::new),
            Err(cause) => {
                let damage = cause.kind() == ErrorKind::Integrity;
                match self.keep_damaged && damage {
                    true => sink.keep_damaged().map_err(Arc::new).and(Err(cause)),
                    false => Err(cause),
                }
            }
        };
        match ended {
            Ok(()) => {
                self.summary.entries += 1;
                self.summary.bytes += data_length(entry);
                self.control.events.event(Event::Entry { path: &entry.path });
            }
            Err(cause) => {
                let (path, doubt) = (entry.path.clone(), *doubt);
                self.fail(&path, doubt, cause);
            }
        }
    }

    /// Reports that a file failed, or counts it for the group that it is lost by.
    fn fail(&mut self, path: &[u8], doubt: Option<u64>, cause: Arc<ArchiveError>) {
        let system = matches!(*cause, ArchiveError::Tree(_) | ArchiveError::Io { .. });
        let doubt = doubt.filter(|_| !system);
        if self.failure.is_none() && self.tallies.lose(doubt, path, self.control) {
            return;
        }
        // The group says more than that a digest is wrong.
        let cause = self.tallies.cause(doubt).map_or(cause, Arc::clone);
        let error = file_error(path, cause);
        match &mut self.failure {
            // Files of their own fail with errors of the tree.
            _ if matches!(error, ArchiveError::Io { .. }) => self.broken = Some(error),
            Some(first) => **first = first.take().or(Some(error)),
            None => {
                let went_on = self.summary.fail_or_end(self.control, error);
                self.broken = self.broken.take().or(went_on.err());
            }
        }
    }
}

/// The parts of each group that files want, in the order of the groups; `all` are groups
/// that are wanted in any case.
fn runs_by_group(
    files: &[Entry],
    all: impl Iterator<Item = u64>,
) -> std::vec::IntoIter<(u64, Vec<Run>)> {
    let mut groups: BTreeMap<u64, Vec<Run>> = all.map(|group| (group, Vec::new())).collect();
    for (file, entry) in files.iter().enumerate() {
        let Kind::File(content) = &entry.kind else { continue };
        for extent in &content.extents {
            // The container checked that extents lie in their groups, whose lengths are
            // bounded by memory before use.
            let (offset, length) = (extent.offset as usize, extent.length as usize);
            groups.entry(extent.group).or_default().push(Run { file, offset, length });
        }
    }
    groups.into_iter().collect::<Vec<_>>().into_iter()
}

/// A group to be decoded.
pub(super) struct DecodeJob<'a, S> {
    archive: &'a Archive<S>,
    section: Section,
    wanted: usize,
    /// The group, if it was decoded before.
    kept: Option<Arc<Decoded>>,
}

impl<'a, S: ReadAt> Stages for Extraction<'a, '_, S> {
    type Job = DecodeJob<'a, S>;
    type Kept = (Section, Vec<Run>, bool);
    type Output = Arc<Decoded>;

    fn next(&mut self) -> Result<Option<Task<Self::Job, Self::Kept>>, ArchiveError> {
        let Some((group, runs)) = self.groups.next() else { return Ok(None) };
        let section = self.archive.group(group);
        let (cache, whole) = (&self.archive.cache, section.header.raw_length);
        let wanted = runs.iter().map(|run| run.offset + run.length).max().unwrap_or(0);
        let wanted = if self.all_groups { whole as usize } else { wanted };
        let wanted = self.archive.span_end(group, wanted);
        let kept = cache.get(group, wanted);
        let keeps = kept.is_none() && self.keeps(&section, &runs);
        let wanted = if keeps { whole as usize } else { wanted };
        let cost = if kept.is_some() { 0 } else { self.archive.cost(&section).decode };
        let job = DecodeJob { archive: self.archive, section, wanted, kept };
        Ok(Some(Task { job, kept: (section, runs, keeps), cost }))
    }

    fn work(job: DecodeJob<'a, S>) -> Arc<Decoded> {
        let DecodeJob { archive, section, wanted, kept } = job;
        kept.unwrap_or_else(|| archive.decode(&section, wanted))
    }

    fn memory(&self) -> u64 {
        self.memory.0
    }

    fn done(
        &mut self,
        (section, runs, keeps): (Section, Vec<Run>, bool),
        output: Arc<Decoded>,
    ) -> Result<(), ArchiveError> {
        ends_run(&output)?;
        let group = section.header.group;
        if keeps {
            self.archive.cache.put(group, &output);
            self.archive.cache.shrink(self.memory.1);
        }
        if let Some(cause) = &output.fault {
            self.tallies.damaged(group, section.offset, cause);
        }
        let missing = Arc::new(ArchiveError::Missing);
        let mut bytes = 0;
        for run in runs {
            if self.broken.is_some() {
                break; // the next file would fail in the same way
            }
            bytes += run.length as u64;
            let given = output.right(run.offset, run.length);
            if given.is_none() {
                self.files[run.file].doubt.get_or_insert(group);
            }
            let given = given.ok_or(output.fault.as_ref().unwrap_or(&missing));
            let doubtful = output.bytes(run.offset, run.length);
            self.take(run.file, run.length, given, doubtful);
        }
        let stored = section.header.stored_length;
        self.control.events.event(Event::Progress { bytes, stored });
        self.broken.take().map_or(Ok(()), Err)
    }
}
