//! Extracting through the index: only the groups of the wanted files.

use super::links::StandIns;
use super::open::{Archive, Decoded, data_length, decode_cost, find, in_group};
use super::pool::{self, Stages, Task};
use super::sink::{Sink, Target};
use super::{ArchiveError, Control, ErrorKind, Event};
use crate::arith::Isa;
use crate::checksum::{self, Digest};
use crate::container::{ReadAt, Section};
use crate::entry::{Content, Entry, Kind};
use crate::tree::{Patterns, RestoreOptions, Restorer, TreeError};
use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// How an archive is extracted.
#[derive(Clone, Debug, Default)]
pub struct ExtractOptions {
    /// Which entries; none means all.
    pub patterns: Patterns,
    /// How they are restored.
    pub restore: RestoreOptions,
    /// Worker threads, 0 for one per processor.
    pub jobs: usize,
}

/// What was done, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtractSummary {
    /// Entries restored.
    pub entries: u64,
    /// Bytes of file data restored, holes not counted.
    pub bytes: u64,
    /// Groups decoded.
    pub groups_decoded: u64,
    /// Failures reported as warnings, by what they mean.
    pub failures: HashMap<ErrorKind, u64>,
}

impl ExtractSummary {
    /// Failures of one kind.
    pub fn failed(&self, kind: ErrorKind) -> u64 {
        self.failures.get(&kind).copied().unwrap_or(0)
    }

    /// Counts and reports a failure that does not end the operation.
    pub(super) fn fail(&mut self, control: &Control, error: impl Into<ArchiveError>) {
        let error = error.into();
        *self.failures.entry(error.kind()).or_default() += 1;
        control.warn(error);
    }
}

impl<S: ReadAt> Archive<S> {
    /// Extracts the selected entries into `destination`, which must exist.
    /// Damage is reported as warnings and spoils only the files it hits.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`] for a pattern that selects nothing (before
    /// anything is written), [`ArchiveError::Limit`], [`ArchiveError::Tree`]
    /// if the destination cannot be opened, [`ArchiveError::Interrupted`].
    pub fn extract(
        &self,
        destination: &Path,
        options: &ExtractOptions,
        control: &Control,
    ) -> Result<ExtractSummary, ArchiveError> {
        let selected = self.select(&options.patterns)?;
        let restorer = Restorer::new(destination, options.restore.clone())?;
        let mut summary = ExtractSummary::default();
        let mut files = Vec::new();
        for entry in selected {
            match &entry.kind {
                Kind::File(_) => files.push(entry),
                _ => restore_other(&restorer, &entry, &mut summary, control),
            }
        }
        let open = |entry: &Entry, content: &Content| {
            let writer = restorer.file(&entry.path, &entry.metadata, content.size)?;
            Ok(writer.map(|writer| Target::File(Box::new(writer))))
        };
        let run =
            self.run(files, options.jobs, control, Box::new(open), BTreeMap::new(), &mut summary);
        // Directories get their modes and times even after a failure.
        for error in restorer.finish() {
            summary.fail(control, error);
        }
        run.map(|()| summary)
    }

    /// Writes the content of one file, holes as zeros. Its digest is known
    /// only at the end: on an error, what was written is to be discarded.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`], [`ArchiveError::NotAFile`], damage,
    /// failures of writing, [`ArchiveError::Interrupted`].
    pub fn cat<'a>(
        &'a self,
        path: &[u8],
        output: &'a mut (dyn Write + 'a),
        jobs: usize,
        control: &'a Control<'a>,
    ) -> Result<ExtractSummary, ArchiveError> {
        let mut entry = self.entry(path);
        if let Some(Entry { kind: Kind::HardLink { target }, .. }) = entry {
            entry = self.entry(target);
        }
        let entry = entry.ok_or_else(|| ArchiveError::NotFound { pattern: path.to_vec() })?;
        if !matches!(entry.kind, Kind::File(_)) {
            return Err(ArchiveError::NotAFile { path: path.to_vec() });
        }
        let mut output = Some(output);
        let open = move |_: &Entry, _: &Content| Ok(output.take().map(Target::Output));
        let mut summary = ExtractSummary::default();
        let mut first = None;
        let mut run = Extraction::new(self, vec![entry.clone()], Box::new(open), control);
        run.failure = Some(&mut first);
        run.finish(jobs, &mut summary)?;
        first.map_or(Ok(summary), Err)
    }

    /// The entries the patterns select, in path order. A hard link whose file
    /// is not among them becomes the file; links to the same file follow it.
    fn select(&self, patterns: &Patterns) -> Result<Vec<Entry>, ArchiveError> {
        let mut used = vec![patterns.is_empty(); patterns.len()];
        let mut selected: Vec<Entry> = Vec::new();
        let mut stand_ins = StandIns::default();
        for stored in self.entries() {
            let mut wanted = patterns.is_empty();
            for pattern in patterns.matching(&stored.path) {
                (used[pattern], wanted) = (true, true);
            }
            if !wanted {
                continue;
            }
            let mut entry = stored.clone();
            if let Kind::HardLink { target } = &stored.kind
                && find(&selected, target).is_none()
                && let Some(original) = self.entry(target)
            {
                entry.kind = stand_ins.resolve(stored, original);
            }
            selected.push(entry);
        }
        match used.iter().position(|used| !used) {
            Some(index) => Err(ArchiveError::NotFound { pattern: patterns.given(index).to_vec() }),
            None => Ok(selected),
        }
    }

    /// Decodes the groups of `files` and gives each file's bytes to what
    /// `open` makes for it. Groups whose digest is given are decoded whole and
    /// compared with it.
    pub(super) fn run<'a>(
        &'a self,
        files: Vec<Entry>,
        jobs: usize,
        control: &'a Control<'a>,
        open: Opener<'a>,
        digests: BTreeMap<u64, Digest>,
        summary: &mut ExtractSummary,
    ) -> Result<(), ArchiveError> {
        let bytes = files.iter().map(data_length).sum();
        let output = files.iter().map(file_size).fold(0, u64::saturating_add);
        let limit = self.limits.output_bytes;
        if output > limit {
            return Err(ArchiveError::Limit { field: "output bytes", found: output, limit });
        }
        control.events.event(Event::Total { entries: files.len() as u64, bytes });
        let mut run = Extraction::new(self, files, open, control);
        run.digests = digests;
        run.finish(jobs, summary)
    }
}

/// Restores what has no content; failure is reported.
pub(super) fn restore_other(
    restorer: &Restorer,
    entry: &Entry,
    summary: &mut ExtractSummary,
    control: &Control,
) {
    match restorer.other(entry) {
        Ok(true) => {
            summary.entries += 1;
            control.events.event(Event::Entry { path: &entry.path });
        }
        Ok(false) => {}
        Err(error) => summary.fail(control, error),
    }
}

fn file_size(entry: &Entry) -> u64 {
    match &entry.kind {
        Kind::File(content) => content.size,
        _ => 0,
    }
}

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
struct Run {
    file: usize,
    offset: usize,
    length: usize,
}

struct Extraction<'a, 'f, S> {
    archive: &'a Archive<S>,
    control: &'a Control<'a>,
    open: Opener<'a>,
    files: Vec<Wanted<'a>>,
    groups: std::collections::btree_map::IntoIter<u64, Vec<Run>>,
    digests: BTreeMap<u64, Digest>,
    summary: ExtractSummary,
    /// Where the first failure goes instead of being reported.
    failure: Option<&'f mut Option<ArchiveError>>,
}

impl<'a, 'f, S: ReadAt> Extraction<'a, 'f, S> {
    fn new(
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
        Extraction { archive, control, open, files, groups, digests, summary, failure: None }
    }

    fn finish(mut self, jobs: usize, summary: &mut ExtractSummary) -> Result<(), ArchiveError> {
        pool::self_test(Isa::best())?;
        for file in 0..self.files.len() {
            if self.files[file].left == 0 {
                self.take(file, Ok(&[]));
            }
        }
        let (memory, control) = (self.archive.limits.memory, self.control);
        let result = pool::run(&mut self, pool::workers(jobs), memory, control);
        summary.entries += self.summary.entries;
        summary.bytes += self.summary.bytes;
        summary.groups_decoded += self.summary.groups_decoded;
        for (kind, count) in self.summary.failures {
            *summary.failures.entry(kind).or_default() += count;
        }
        result
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
                self.summary.fail(self.control, error);
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
                    Some(first) => **first = first.take().or(Some(error)),
                    None => self.summary.fail(self.control, error),
                }
            }
        }
    }
}

/// Names the file a failure hit, unless it says so itself.
pub(super) fn file_error(path: &[u8], cause: Arc<ArchiveError>) -> ArchiveError {
    match Arc::try_unwrap(cause) {
        Ok(error @ (ArchiveError::Tree(_) | ArchiveError::Io { .. })) => error,
        Ok(error) => ArchiveError::File { path: path.to_vec(), cause: Arc::new(error) },
        Err(cause) => ArchiveError::File { path: path.to_vec(), cause },
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
        output: Decoded,
    ) -> Result<(), ArchiveError> {
        self.summary.groups_decoded += 1;
        let mut bytes = 0;
        for Run { file, offset, length } in runs {
            bytes += length as u64;
            match &output {
                Ok(raw) => self.take(file, Ok(&raw[offset..offset + length])),
                Err(cause) => self.take(file, Err(cause)),
            }
        }
        let stored = section.header.stored_length;
        self.control.events.event(Event::Progress { bytes, stored });
        Ok(())
    }
}
