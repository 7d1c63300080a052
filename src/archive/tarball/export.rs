//! Making a tar from an archive.

use super::layout::{Layout, Placed, output_error};
use crate::archive::read::extract::file_error;
use crate::archive::read::sink::Target;
use crate::archive::write::create::name_output;
use crate::archive::write::output::Output;
use crate::archive::{
    Archive, ArchiveError, Control, ErrorKind, Event, ExtractSummary, GivenBases,
};
use crate::container::{At, ReadAt};
use crate::entry::{Content, Entry, Kind, compare_paths};
use crate::tree::Patterns;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use std::cell::Cell;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::Path;
use std::sync::Arc;

/// Options for making a tar from an archive.
#[derive(Clone, Debug, Default)]
pub struct ExportOptions {
    /// Patterns that select entries; none means all.
    pub patterns: Patterns,
    /// Worker threads, 0 for one per processor. Never changes the bytes.
    pub jobs: usize,
    /// Whether a tar that lacks damaged files may replace an existing file.
    pub keep_incomplete: bool,
    /// Bases that are not in the archive, if it comes from a pipe. One that is open has those
    /// of [`Archive::with_bases`].
    pub bases: GivenBases,
    /// Which generation, if the archive comes from a pipe. It can be the first alone, and must be
    /// said if others follow it.
    pub generation: At,
}

impl<S: ReadAt> Archive<S> {
    /// Writes the selected entries as the tar `path`, which appears completely or not
    /// at all. Damage is reported as warnings, and damaged files are left out. In that
    /// case an existing file stays, unless `keep_incomplete` is set.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`] for a pattern that selects nothing,
    /// [`ArchiveError::Limit`], [`ArchiveError::Io`],
    /// [`ArchiveError::Incomplete`], [`ArchiveError::Interrupted`].
    pub fn export(
        &self,
        path: &Path,
        options: &ExportOptions,
        control: &Control,
    ) -> Result<ExtractSummary, ArchiveError> {
        self.check_memory(self.wanted(&options.patterns)?.iter())?;
        let output = Output::new(path)?;
        let summary = self.export_into(output.file(), options, control);
        let summary = summary.map_err(|error| name_output(error, path))?;
        replace(output, path, summary, options, control)
    }

    /// Writes the tar to a pipe. It is first put into a nameless file in the directory
    /// for temporary files, because groups hold files in another order.
    ///
    /// # Errors
    /// As [`Archive::export`].
    pub fn export_stream(
        &self,
        mut output: impl Write,
        options: &ExportOptions,
        control: &Control,
    ) -> Result<ExtractSummary, ArchiveError> {
        let path = std::env::temp_dir();
        let failed = |operation| {
            let path = path.clone();
            move |source| ArchiveError::Io { path, operation, source }
        };
        let mut spool = tempfile::tempfile_in(&path).map_err(failed("create a file there"))?;
        let summary = self.export_into(&spool, options, control)?;
        spool.rewind().map_err(failed("read a file there"))?;
        io::copy(&mut spool, &mut output).and_then(|_| output.flush()).map_err(output_error)?;
        Ok(summary)
    }

    /// Writes the tar into an empty file.
    fn export_into(
        &self,
        file: &File,
        options: &ExportOptions,
        control: &Control,
    ) -> Result<ExtractSummary, ArchiveError> {
        let mut summary = self.summary();
        let mut lost = HashSet::new();
        let mut layout = Layout::default();
        for entry in self.wanted(&options.patterns)? {
            let path = entry.path.clone();
            if let Err(what) = layout.push(entry) {
                lost.insert(path.clone());
                summary.fail(control, ArchiveError::NotKept { path, more: 0, what });
            }
        }
        let (found, limit) = (layout.length(), self.limits.output_bytes);
        if found > limit {
            return Err(ArchiveError::Limit { field: "output bytes", found, limit });
        }
        reserve(file, found)?;
        let complete = vec![Cell::new(false); layout.members().len()];
        self.export_files(&layout, file, &complete, options.jobs, control, &mut summary)?;
        for (member, complete) in layout.members().iter().zip(&complete) {
            settle(&member.entry, complete, &mut lost, control, &mut summary);
        }
        let layout = layout.keep(file, |number| complete[number].get()).map_err(output_error)?;
        layout.finish(file).map_err(output_error)?;
        Ok(summary)
    }

    /// Writes the data of all files to their places.
    fn export_files(
        &self,
        layout: &Layout,
        file: &File,
        complete: &[Cell<bool>],
        jobs: usize,
        control: &Control,
        summary: &mut ExtractSummary,
    ) -> Result<(), ArchiveError> {
        let members = layout.members();
        let is_file = |member: &&Placed| matches!(member.entry.kind, Kind::File(_));
        let files = members.iter().filter(is_file).map(|member| member.entry.clone());
        let files = files.collect::<Vec<_>>().into();
        let open = |entry: &Entry, _: &Content| {
            let place =
                members.binary_search_by(|member| compare_paths(&member.entry.path, &entry.path));
            Ok(place
                .ok()
                .map(|place| Target::Member(members[place].target(file, &complete[place]))))
        };
        self.run(files, jobs, control, Box::new(open), summary)
    }
}

/// Decides whether an entry without data is kept: a hard link is kept if its file is.
fn settle(
    entry: &Entry,
    complete: &Cell<bool>,
    lost: &mut HashSet<Vec<u8>>,
    control: &Control,
    summary: &mut ExtractSummary,
) {
    match &entry.kind {
        Kind::File(_) => {
            if !complete.get() {
                lost.insert(entry.path.clone());
            }
            return; // reported when its data came
        }
        Kind::HardLink { target } if lost.contains(target) => {
            summary.fail(control, file_error(&entry.path, Arc::new(ArchiveError::Missing)));
            return;
        }
        _ => complete.set(true),
    }
    summary.entries += 1;
    control.events.event(Event::Entry { path: &entry.path });
}

/// Gives a finished tar its name, unless it is incomplete and would replace something.
///
/// # Errors
/// [`ArchiveError::Incomplete`], [`ArchiveError::Io`], [`ArchiveError::Interrupted`].
pub(super) fn replace(
    output: Output,
    path: &Path,
    summary: ExtractSummary,
    options: &ExportOptions,
    control: &Control,
) -> Result<ExtractSummary, ArchiveError> {
    control.check()?;
    // Failures of the archive or of this version count, not entries that no tar can
    // hold.
    let kinds = summary.failures.iter();
    let lost = kinds.filter(|(kind, _)| **kind != ErrorKind::Environment);
    let lost = lost.map(|(_, count)| count).sum();
    if lost > 0 && output.replaces_content() && !options.keep_incomplete {
        return Err(ArchiveError::Incomplete { path: path.to_owned(), lost });
    }
    output.commit()?;
    Ok(summary)
}

/// Reserves the space for the tar, so that a full disk is found before hours of
/// decoding. Not every file system supports it.
fn reserve(file: &File, length: u64) -> Result<(), ArchiveError> {
    match fallocate(file, FallocateFlags::empty(), 0, length) {
        Err(Errno::NOSPC | Errno::FBIG | Errno::DQUOT) => {
            let source = io::Error::from(Errno::NOSPC);
            Err(output_error(source))
        }
        _ => Ok(()),
    }
}
