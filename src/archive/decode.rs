//! Decoding the groups of files, and handing each file its bytes.

use super::extract::{ExtractSummary, file_error};
use super::open::{Archive, Decoded, data_length, decode_cost, ends_run, in_group};
use super::pool::{self, Stages, Task};
use super::sink::{Sink, Target};
use super::{ArchiveError, Control, Event};
use crate::checksum::{self, Digest};
use crate::container::{ReadAt, Section};
use crate::entry::{Content, Entry, Kind};
use crate::tree::TreeError;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Makes the place a file's bytes go to; `None` to skip the file.
pub(super) type Opener<'a> =
    Box<dyn FnMut(&Entry, &Content) -> Result<Option<Target<'a>>, TreeError> + 'a>;

/// A file being extracted.
struct Wanted<'a> {
    entry: Entry,
    /// Extents not yet seen.
    left: usize,
    state: State<'a>,
}

enum State<'a> {
    /// No byte has come.
    Waiting,
    /// Boxed: few files are open at a time, but all are listed.
    Open(Box<Sink<'a>>),
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
    groups: std::collections::btree_map::IntoIter<u64, Vec<Run>>,
    /// Digests of groups that are to be decoded whole and compared.
    pub digests: BTreeMap<u64, Digest>,
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
        files: Vec<Entry>,
        open: Opener<'a>,
        control: &'a Control<'a>,
    ) -> Self {
        let mut groups: BTreeMap<u64, Vec<Run>> = BTreeMap::new();
        for (file, entry) in files.iter().enumerate() {
            let Kind::File(content) = &entry.kind else { continue };
            for extent in &content.extents {
                // The container checked that extents lie in their groups,
                // whose lengths are bounded by memory before use.
                let (offset, length) = (extent.offset as usize, extent.length as usize);
                groups.entry(extent.group).or_default().push(Run { file, offset, length });
            }
        }
        let wanted = |entry: Entry| {
            let left =
                if let Kind::File(content) = &entry.kind { content.extents.len() } else { 0 };
            Wanted { entry, left, state: State::Waiting }
        };
        let files = files.into_iter().map(wanted).collect();
        let (groups, digests) = (groups.into_iter(), BTreeMap::new());
        let summary = ExtractSummary::default();
        Extraction {
            archive,
            control,
            open,
            files,
            groups,
            digests,
            summary,
            failure: None,
            broken: None,
        }
    }

    /// Decodes everything, and adds what was done to `summary`.
    pub fn finish(mut self, jobs: usize, summary: &mut ExtractSummary) -> Result<(), ArchiveError> {
        for file in 0..self.files.len() {
            if self.files[file].left == 0 {
                self.take(file, Ok(&[]));
                self.broken.take().map_or(Ok(()), Err)?;
            }
        }
        let held = self.archive.held(self.files.iter().map(|file| &file.entry));
        let (memory, control) = (self.archive.limits.memory.saturating_sub(held), self.control);
        let result = pool::run(&mut self, pool::workers(jobs), memory, control);
        summary.entries += self.summary.entries;
        summary.bytes += self.summary.bytes;
        summary.groups_decoded += self.summary.groups_decoded;
        for (kind, count) in self.summary.failures {
            *summary.failures.entry(kind).or_default() += count;
        }
        result.and(self.broken.map_or(Ok(()), Err))
    }

    /// Gives a file its next bytes, and ends it after the last.
    fn take(&mut self, file: usize, bytes: Result<&[u8], &Arc<ArchiveError>>) {
        self.begin(file);
        let wanted = &mut self.files[file];
        wanted.left = wanted.left.saturating_sub(1);
        let State::Open(sink) = &mut wanted.state else { return };
        let result = match bytes {
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
                let sink = Sink::new(
                    target,
                    content.size,
                    content.segments.as_deref(),
                    Some((content.digest, self.control.cancel)),
                );
                State::Open(Box::new(sink))
            }
            Ok(None) => State::Dropped,
            Err(error) => {
                let went_on = self.summary.fail_or_end(self.control, error);
                self.broken = self.broken.take().or(went_on.err());
                State::Dropped
            }
        };
    }

    /// Ends a file: checks its digest and gives it its name, or drops it, which
    /// removes it.
    fn end(&mut self, file: usize, result: Result<(), Arc<ArchiveError>>) {
        let Wanted { entry, state, .. } = &mut self.files[file];
        let State::Open(sink) = std::mem::replace(state, State::Dropped) else { return };
        match result.and_then(|()| sink.finish().map_err(Arc::new)) {
            Ok(()) => {
                self.summary.entries += 1;
                self.summary.bytes += data_length(entry);
                self.control.events.event(Event::Entry { path: &entry.path });
            }
            Err(cause) => {
                let error = file_error(&entry.path, cause);
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
    }
}

/// A group to be decoded.
pub(super) struct DecodeJob<'a, S> {
    archive: &'a Archive<S>,
    section: Section,
    wanted: usize,
    digest: Option<Digest>,
}

impl<'a, S: ReadAt> Stages for Extraction<'a, '_, S> {
    type Job = DecodeJob<'a, S>;
    type Kept = (Section, Vec<Run>);
    type Output = Decoded;

    fn next(&mut self) -> Result<Option<Task<Self::Job, Self::Kept>>, ArchiveError> {
        let Some((group, runs)) = self.groups.next() else { return Ok(None) };
        let section = *self.archive.group(group);
        let wanted = runs.iter().map(|run| run.offset + run.length).max().unwrap_or(0);
        let digest = self.digests.get(&group).copied();
        let job = DecodeJob { archive: self.archive, section, wanted, digest };
        Ok(Some(Task { job, kept: (section, runs), cost: decode_cost(&section) }))
    }

    fn work(job: DecodeJob<'a, S>) -> Decoded {
        let DecodeJob { archive, section, wanted, digest } = job;
        let Some(digest) = digest else { return archive.decode(&section, wanted) };
        let raw = archive.decode(&section, section.header.raw_length as usize)?;
        match checksum::digest(&raw) == digest {
            true => Ok(raw),
            false => Err(Arc::new(in_group(&section, ArchiveError::Digest))),
        }
    }

    fn done(
        &mut self,
        (section, runs): (Section, Vec<Run>),
        mut output: Decoded,
    ) -> Result<(), ArchiveError> {
        output = ends_run(output)?;
        self.summary.groups_decoded += 1;
        let mut bytes = 0;
        for Run { file, offset, length } in runs {
            if self.broken.is_some() {
                break; // the next file would fail in the same way
            }
            bytes += length as u64;
            match &output {
                Ok(raw) => self.take(file, Ok(&raw[offset..offset + length])),
                Err(cause) => self.take(file, Err(cause)),
            }
        }
        let stored = section.header.stored_length;
        self.control.events.event(Event::Progress { bytes, stored });
        self.broken.take().map_or(Ok(()), Err)
    }
}
