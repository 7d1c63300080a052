//! An archive that comes from a pipe, as a tar, in the order of the archive.

use super::NotKept;
use super::block::BLOCK;
use super::export::{ExportOptions, replace};
use super::layout::{RECORD, output_error};
use super::write::{headers, stored_runs};
use crate::archive::read::{Deliver, Outlet, Spool, Target, file_error, read_piped};
use crate::archive::write::create::name_output;
use crate::archive::write::output::Output;
use crate::archive::{ArchiveError, Control, ExtractOptions, ExtractSummary, Limits};
use crate::entry::{Entry, Kind, Segment};
use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{Read, Write};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Writes the selected entries of a piped archive as the tar `path`, which appears
/// complete or not at all. Damage is reported as in
/// [`Archive::export`](crate::archive::Archive::export).
///
/// # Errors
/// As [`export_piped_stream`]; [`ArchiveError::Incomplete`].
pub fn export_piped(
    input: impl Read,
    path: &Path,
    options: &ExportOptions,
    limits: &Limits,
    control: &Control,
) -> Result<ExtractSummary, ArchiveError> {
    let output = Output::new(path)?;
    let mut buffered = std::io::BufWriter::with_capacity(1 << 20, output.file());
    let summary = export_piped_stream(input, &mut buffered, options, limits, control);
    let flushed = buffered.flush().map_err(output_error);
    drop(buffered);
    let summary = summary.and_then(|summary| flushed.map(|()| summary));
    let summary = summary.map_err(|error| name_output(error, path))?;
    replace(output, path, summary, options, control)
}

/// Writes the selected entries of a piped archive as a tar, front to back. Members come in
/// the order of the archive, each file when it is whole and its checksum was found right.
/// A file waits in memory up to 64 MiB or a sixteenth of the memory allowed, then in a
/// nameless temporary file.
///
/// # Errors
/// [`ArchiveError::NotFound`] for a pattern that selects nothing, known at the end only;
/// [`ArchiveError::Limit`], [`ArchiveError::Io`], [`ArchiveError::Interrupted`].
pub fn export_piped_stream(
    input: impl Read,
    output: &mut dyn Write,
    options: &ExportOptions,
    limits: &Limits,
    control: &Control,
) -> Result<ExtractSummary, ArchiveError> {
    let extracting = ExtractOptions {
        jobs: options.jobs,
        patterns: options.patterns.clone(),
        bases: options.bases.clone(),
        generation: options.generation,
        ..ExtractOptions::default()
    };
    let tar = Rc::new(RefCell::new(Tar { output, length: 0, missing: HashSet::new() }));
    let outlet =
        TarOutlet { tar: Rc::clone(&tar), room: Spool::room(limits), cancel: control.cancel };
    let summary = read_piped(input, Box::new(outlet), &extracting, limits, control)?;
    let mut tar = tar.borrow_mut();
    let end = (tar.length + 2 * BLOCK).next_multiple_of(RECORD);
    let zeros = vec![0; (end - tar.length) as usize];
    tar.write(&zeros)?;
    tar.output.flush().map_err(output_error)?;
    Ok(summary)
}

/// A tar under way.
struct Tar<'a> {
    output: &'a mut dyn Write,
    length: u64,
    /// Paths of files and symbolic links that are not in the tar, or not yet.
    missing: HashSet<Vec<u8>>,
}

impl Tar<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.length += bytes.len() as u64;
        self.output.write_all(bytes).map_err(output_error)
    }
}

/// Makes members of entries.
struct TarOutlet<'a> {
    tar: Rc<RefCell<Tar<'a>>>,
    room: usize,
    cancel: &'a AtomicBool,
}

fn not_kept(entry: &Entry, what: NotKept) -> ArchiveError {
    ArchiveError::NotKept { path: entry.path.clone(), more: 0, what }
}

impl<'a> Outlet<'a> for TarOutlet<'a> {
    fn file(&mut self, entry: &Entry) -> Result<Option<Target<'a>>, ArchiveError> {
        let Kind::File(content) = &entry.kind else { return Ok(None) };
        self.tar.borrow_mut().missing.insert(entry.path.clone());
        let segments = content.segments.as_deref();
        let runs = segments.and_then(|segments| stored_runs(segments, content.size));
        let whole = || vec![Segment { offset: 0, length: content.size }];
        let stored = runs.clone().unwrap_or_else(whole);
        let data = stored.iter().map(|run| run.length).sum();
        let header = headers(entry, data, runs.as_deref()).map_err(|what| not_kept(entry, what))?;
        let path = entry.path.clone();
        let spool = Spool::new(self.room, self.cancel);
        let tar = Rc::clone(&self.tar);
        Ok(Some(Target::Delivery(Box::new(Member { path, header, stored, spool, tar }))))
    }

    fn other(&mut self, entry: &Entry) -> Result<(), ArchiveError> {
        let mut tar = self.tar.borrow_mut();
        if let Kind::HardLink { target } = &entry.kind
            && tar.missing.contains(target)
        {
            return Err(file_error(&entry.path, Arc::new(ArchiveError::Missing)));
        }
        match headers(entry, 0, None) {
            Ok(header) => tar.write(&header),
            Err(what) => {
                tar.missing.insert(entry.path.clone());
                Err(not_kept(entry, what))
            }
        }
    }

    fn links_are_files(&self) -> bool {
        false
    }
}

/// A file that becomes a member once all of it came.
struct Member<'a> {
    path: Vec<u8>,
    header: Vec<u8>,
    /// What of it the tar stores.
    stored: Vec<Segment>,
    spool: Spool<'a>,
    tar: Rc<RefCell<Tar<'a>>>,
}

impl Deliver for Member<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.spool.write(bytes)
    }

    fn hole(&mut self, length: u64, _: Option<&AtomicBool>) -> Result<(), ArchiveError> {
        self.spool.skip(length)
    }

    fn finish(mut self: Box<Self>) -> Result<(), ArchiveError> {
        let mut tar = self.tar.borrow_mut();
        tar.write(&self.header)?;
        for run in &self.stored {
            self.spool.copy(run.offset, run.length, |bytes| tar.write(bytes))?;
        }
        let padding = tar.length.next_multiple_of(BLOCK) - tar.length;
        tar.write(&vec![0; padding as usize])?;
        tar.missing.remove(&self.path);
        Ok(())
    }
}
