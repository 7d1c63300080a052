//! Extracts through the index; decodes only the groups of the wanted files.

use super::extraction::{Extraction, Opener};
use super::index::{Archive, data_length, find, written_length};
use super::links::StandIns;
use super::sink::Target;
use super::suggest::not_found;
use crate::archive::{ArchiveError, Control, ErrorKind, Event, GivenBases};
use crate::container::{At, ReadAt};
use crate::entry::{Content, Entry, Kind};
use crate::tree::{Patterns, RestoreOptions, Restorer};
use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How an archive is extracted.
#[derive(Clone, Debug, Default)]
pub struct ExtractOptions {
    /// Which entries; none means all.
    pub patterns: Patterns,
    /// How they are restored.
    pub restore: RestoreOptions,
    /// Worker threads, 0 for one per processor. With 1 all work is done on the calling
    /// thread, for which rayon starts no other threads from then on.
    pub jobs: usize,
    /// Whether files that are damaged are kept under another name: `.damaged` is
    /// put behind their own, and what is lost of them reads as zeros.
    pub keep_damaged: bool,
    /// Bases that are not in the archive, if it comes from a pipe or is opened by the
    /// operation. One that is open has those of [`Archive::with_bases`].
    pub bases: GivenBases,
    /// Which generation, if the archive comes from a pipe or is opened by the operation. From a
    /// pipe it cannot be given by its date, and contents are given out of the first alone, and
    /// of none if others follow it, unless it is meant; files are restored of any.
    pub generation: At,
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
    /// Returns whether all that was selected was done without a failure.
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty()
    }

    /// Returns the number of failures of one kind.
    pub fn failed(&self, kind: ErrorKind) -> u64 {
        self.failures.get(&kind).copied().unwrap_or(0)
    }

    /// As [`ExtractSummary::fail`], unless no further entry could do better.
    ///
    /// # Errors
    /// [`ArchiveError::Refused`].
    pub(super) fn fail_or_end(
        &mut self,
        control: &Control,
        error: impl Into<ArchiveError>,
    ) -> Result<(), ArchiveError> {
        match error.into() {
            ArchiveError::Tree(cause) if cause.ends_run() => Err(ArchiveError::Refused { cause }),
            other => {
                self.fail(control, other);
                Ok(())
            }
        }
    }

    /// Counts and reports a failure that does not end the operation.
    pub(in crate::archive) fn fail(&mut self, control: &Control, error: impl Into<ArchiveError>) {
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
    /// if the destination cannot be opened, or what was restored not be written
    /// to the disk, [`ArchiveError::Interrupted`].
    pub fn extract(
        &self,
        destination: impl AsRef<Path>,
        options: &ExtractOptions,
        control: &Control,
    ) -> Result<ExtractSummary, ArchiveError> {
        let selected = self.wanted(&options.patterns)?;
        self.check_memory(selected.iter())?;
        let restorer = Restorer::new(destination.as_ref(), options.restore.clone())?;
        let mut summary = self.summary();
        let mut files = Vec::new();
        for entry in selected {
            match &entry.kind {
                Kind::File(_) => files.push(entry),
                _ => restore_other(&restorer, &entry, &mut summary, control)?,
            }
        }
        let open = |entry: &Entry, content: &Content| {
            let writer = restorer.file(&entry.path, &entry.metadata, content.size)?;
            Ok(writer.map(|writer| Target::File(Box::new(writer))))
        };
        let aside = Some(destination.as_ref().to_owned());
        let files = Files { keep_damaged: options.keep_damaged, aside, ..files.into() };
        let run = self.run(files, options.jobs, control, Box::new(open), &mut summary);
        let refused = end(&restorer, run.is_ok(), &mut summary, control);
        run.and(refused)?;
        restorer.sync()?;
        Ok(summary)
    }

    /// Writes the content of one file, holes as zeros. Its digest is known
    /// only at the end: on an error, what was written is to be discarded.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`], [`ArchiveError::NotAFile`], damage,
    /// failures of writing, [`ArchiveError::Interrupted`].
    pub fn cat<'a>(
        &'a self,
        path: impl AsRef<[u8]>,
        output: &'a mut (dyn Write + 'a),
        jobs: usize,
        control: &'a Control<'a>,
    ) -> Result<ExtractSummary, ArchiveError> {
        let path = path.as_ref();
        let mut entry = self.entry(path);
        if let Some(Entry { kind: Kind::HardLink { target }, .. }) = entry {
            entry = self.entry(target);
        }
        let entry = entry.ok_or_else(|| not_found(path, self.entries()))?;
        if !matches!(entry.kind, Kind::File(_)) {
            return Err(ArchiveError::NotAFile { path: path.to_vec() });
        }
        let mut output = Some(output);
        let open = move |_: &Entry, _: &Content| Ok(output.take().map(Target::Output));
        let mut summary = self.summary();
        let mut first = None;
        let mut run = Extraction::new(self, vec![entry.clone()].into(), Box::new(open), control);
        run.failure = Some(&mut first);
        run.finish(jobs, &mut summary)?;
        first.map_or(Ok(summary), Err)
    }

    /// The entries the patterns select, in path order, to be restored. A hard link whose
    /// file is not among them becomes the file; links to the same file follow it.
    ///
    /// # Errors
    /// As [`Archive::select`].
    pub(in crate::archive) fn wanted(
        &self,
        patterns: &Patterns,
    ) -> Result<Vec<Entry>, ArchiveError> {
        let mut wanted: Vec<Entry> = Vec::new();
        let mut stand_ins = StandIns::default();
        for stored in self.select(patterns)? {
            let mut entry = stored.clone();
            if let Kind::HardLink { target } = &stored.kind
                && find(&wanted, target).is_none()
                && let Some(original) = self.entry(target)
            {
                entry.kind = stand_ins.resolve(stored, original);
            }
            wanted.push(entry);
        }
        Ok(wanted)
    }

    /// Returns a summary with what opening the archive found wrong.
    pub(in crate::archive) fn summary(&self) -> ExtractSummary {
        let mut summary = ExtractSummary::default();
        if let Some(kind) = self.failure() {
            summary.failures.insert(kind, 1);
        }
        summary
    }

    /// Decodes the groups of `files` and gives each file's bytes to what
    /// `open` makes for it.
    pub(in crate::archive) fn run<'a>(
        &'a self,
        files: Files,
        jobs: usize,
        control: &'a Control<'a>,
        open: Opener<'a>,
        summary: &mut ExtractSummary,
    ) -> Result<(), ArchiveError> {
        self.check_memory_with(files.held, files.files.iter())?;
        // Files may share a content, so only this sum is not bounded by the groups.
        let bytes = files.files.iter().map(data_length).fold(0, u64::saturating_add);
        let output = files.files.iter().map(written_length).fold(0, u64::saturating_add);
        let limit = self.limits.output_bytes;
        if output > limit {
            return Err(ArchiveError::Limit { field: "output bytes", found: output, limit });
        }
        control.events.event(Event::Total { entries: files.files.len() as u64, bytes });
        Extraction::new(self, files, open, control).finish(jobs, summary)
    }
}

/// The files of one operation.
pub(in crate::archive) struct Files {
    pub files: Vec<Entry>,
    /// Whether all groups are decoded to their ends, those of no file too.
    pub all_groups: bool,
    /// Whether damaged files are kept under another name.
    pub keep_damaged: bool,
    /// Bytes of memory that the outputs take.
    pub held: u64,
    /// Directory in which bytes wait that files need later; that for temporary files if none
    /// is said.
    pub aside: Option<PathBuf>,
}

impl From<Vec<Entry>> for Files {
    fn from(files: Vec<Entry>) -> Files {
        Files { files, all_groups: false, keep_damaged: false, held: 0, aside: None }
    }
}

/// Ends a run: makes links, and sets modes and times of directories, even after a failure.
///
/// # Errors
/// As [`ExtractSummary::fail_or_end`].
pub(super) fn end(
    restorer: &Restorer,
    whole: bool,
    summary: &mut ExtractSummary,
    control: &Control,
) -> Result<(), ArchiveError> {
    let failures = if whole { restorer.finish() } else { restorer.finish_early() };
    let mut refused = Ok(());
    for error in failures {
        refused = refused.and(summary.fail_or_end(control, error));
    }
    refused
}

/// Restores what has no content; failure is reported.
///
/// # Errors
/// As [`ExtractSummary::fail_or_end`].
pub(super) fn restore_other(
    restorer: &Restorer,
    entry: &Entry,
    summary: &mut ExtractSummary,
    control: &Control,
) -> Result<(), ArchiveError> {
    let restored = restorer.other(entry);
    for path in restorer.take_removed() {
        control.events.event(Event::Removed { path: &path });
    }
    match restored {
        Ok(true) => {
            summary.entries += 1;
            control.events.event(Event::Entry { path: &entry.path });
        }
        Ok(false) => {}
        Err(error) => return summary.fail_or_end(control, error),
    }
    Ok(())
}

/// Names the file a failure hit, unless it says so itself.
pub(in crate::archive) fn file_error(path: &[u8], cause: Arc<ArchiveError>) -> ArchiveError {
    match Arc::try_unwrap(cause) {
        Ok(error @ (ArchiveError::Tree(_) | ArchiveError::Io { .. })) => error,
        Ok(error) => ArchiveError::File { path: path.to_vec(), cause: Arc::new(error) },
        Err(cause) => ArchiveError::File { path: path.to_vec(), cause },
    }
}

/// Bytes of a file, holes included.
pub(super) fn file_size(entry: &Entry) -> u64 {
    match &entry.kind {
        Kind::File(content) => content.size,
        _ => 0,
    }
}
