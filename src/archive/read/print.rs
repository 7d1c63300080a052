//! Giving out the files of an archive that comes from a pipe, in the order of the archive:
//! printed, or to whatever takes them.

use super::cat::WAITING;
use super::deliver::Deliver;
use super::extract::{ExtractOptions, ExtractSummary};
use super::incoming::Incoming;
use super::sink::{Target, output_error};
use super::stream::stream;
use crate::archive::{ArchiveError, Control, GivenBases, Limits};
use crate::container::StreamReader;
use crate::entry::Entry;
use crate::tree::Patterns;
use std::cell::RefCell;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::SpooledTempFile;

/// Takes the entries of a piped archive.
pub(in crate::archive) trait Outlet<'a> {
    /// Begins a file; `None` passes over it.
    ///
    /// # Errors
    /// Why it cannot be taken, which is reported.
    fn file(&mut self, entry: &Entry) -> Result<Option<Target<'a>>, ArchiveError>;

    /// Takes an entry that is no regular file.
    ///
    /// # Errors
    /// As [`Outlet::file`]; [`ArchiveError::Io`] ends the reading.
    fn other(&mut self, entry: &Entry) -> Result<(), ArchiveError>;

    /// Returns whether a hard link to a file is given out as a file.
    fn links_are_files(&self) -> bool;
}

/// Reads a piped archive and gives the selected entries to `outlet`.
///
/// # Errors
/// As [`super::extract_stream`]; [`ArchiveError::Io`] if the outlet takes no more.
pub(in crate::archive) fn read_piped<'a>(
    input: impl Read,
    outlet: Box<dyn Outlet<'a> + 'a>,
    options: &'a ExtractOptions,
    limits: &'a Limits,
    control: &'a Control<'a>,
) -> Result<ExtractSummary, ArchiveError> {
    let sections = StreamReader::new(input, limits)?;
    let incoming = Incoming::new(None, options, limits, control)?.into_outlet(outlet);
    stream(sections, incoming, false, options.jobs)
}

/// Writes the contents of files as they come from a piped archive, each when it is
/// complete and its checksum was found right, holes as zeros. `patterns` select the files:
/// one must match the file's own path, not only a directory above. A file waits in
/// memory up to 64 MiB or a sixteenth of the memory allowed, then in a nameless
/// temporary file.
///
/// # Errors
/// [`ArchiveError::NotFound`] and [`ArchiveError::NotAFile`] for a pattern that selects no
/// file, known at the end only; [`ArchiveError::Io`] if `output` cannot be written;
/// otherwise as [`super::extract_stream`].
pub fn cat_stream(
    input: impl Read,
    patterns: &Patterns,
    output: &mut dyn Write,
    jobs: usize,
    bases: &GivenBases,
    limits: &Limits,
    control: &Control,
) -> Result<ExtractSummary, ArchiveError> {
    let (patterns, bases) = (patterns.clone(), bases.clone());
    let options = ExtractOptions { jobs, patterns, bases, ..ExtractOptions::default() };
    cat_stream_with(input, &options, output, limits, control)
}

/// Does the same as [`cat_stream`] with the patterns, jobs, bases and generation of the options.
///
/// # Errors
/// As [`cat_stream`]; [`ArchiveError::FromPipe`].
pub fn cat_stream_with(
    input: impl Read,
    options: &ExtractOptions,
    output: &mut dyn Write,
    limits: &Limits,
    control: &Control,
) -> Result<ExtractSummary, ArchiveError> {
    let patterns = &options.patterns;
    let printed = RefCell::new(vec![false; patterns.len()]);
    let printer = Printer {
        output: Rc::new(RefCell::new(output)),
        patterns,
        printed: &printed,
        room: Spool::room(limits),
        cancel: control.cancel,
    };
    let summary = read_piped(input, Box::new(printer), options, limits, control)?;
    match printed.borrow().iter().position(|printed| !printed) {
        Some(index) if summary.is_complete() => {
            Err(ArchiveError::NotAFile { path: patterns.given(index).to_vec() })
        }
        _ => Ok(summary),
    }
}

/// Prints files.
struct Printer<'a> {
    output: Rc<RefCell<&'a mut dyn Write>>,
    patterns: &'a Patterns,
    /// Which patterns a file was begun for.
    printed: &'a RefCell<Vec<bool>>,
    /// Bytes of a file that wait in memory.
    room: usize,
    cancel: &'a AtomicBool,
}

impl<'a> Outlet<'a> for Printer<'a> {
    fn file(&mut self, entry: &Entry) -> Result<Option<Target<'a>>, ArchiveError> {
        let mut printed = self.printed.borrow_mut();
        let mut meant = false;
        for pattern in self.patterns.matching_here(&entry.path) {
            (printed[pattern], meant) = (true, true);
        }
        let spool = Spool::new(self.room, self.cancel);
        let file = Waiting { spool, output: Rc::clone(&self.output) };
        Ok(meant.then(|| Target::Delivery(Box::new(file))))
    }

    fn other(&mut self, _: &Entry) -> Result<(), ArchiveError> {
        Ok(())
    }

    fn links_are_files(&self) -> bool {
        true
    }
}

/// A file to be printed, which waits until all of it came.
struct Waiting<'a> {
    spool: Spool<'a>,
    output: Rc<RefCell<&'a mut dyn Write>>,
}

impl Deliver for Waiting<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.spool.write(bytes)
    }

    fn hole(&mut self, length: u64, _: Option<&AtomicBool>) -> Result<(), ArchiveError> {
        self.spool.skip(length)
    }

    fn finish(mut self: Box<Self>) -> Result<(), ArchiveError> {
        let mut output = self.output.borrow_mut();
        let length = self.spool.length;
        self.spool.copy(0, length, |bytes| output.write_all(bytes).map_err(output_error))
    }
}

/// A place where a file waits: memory, then a nameless temporary file. Holes take no room
/// in the file.
pub(in crate::archive) struct Spool<'a> {
    waiting: SpooledTempFile,
    cancel: &'a AtomicBool,
    /// Bytes so far, the last hole included.
    length: u64,
}

impl<'a> Spool<'a> {
    /// Returns the bytes that may wait in memory.
    pub fn room(limits: &Limits) -> usize {
        WAITING.min(limits.memory / 16) as usize
    }

    /// An empty place with `room` bytes of memory.
    pub fn new(room: usize, cancel: &'a AtomicBool) -> Self {
        Spool { waiting: tempfile::spooled_tempfile(room), cancel, length: 0 }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`ArchiveError::Io`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.length += bytes.len() as u64;
        self.waiting.write_all(bytes).map_err(aside_error)
    }

    /// Takes a hole.
    ///
    /// # Errors
    /// [`ArchiveError::Io`].
    pub fn skip(&mut self, length: u64) -> Result<(), ArchiveError> {
        self.length += length;
        self.waiting.seek(SeekFrom::Start(self.length)).map(drop).map_err(aside_error)
    }

    /// Gives `length` bytes from `offset` on to `write`.
    ///
    /// # Errors
    /// [`ArchiveError::Io`], [`ArchiveError::Interrupted`], and those of `write`.
    pub fn copy(
        &mut self,
        offset: u64,
        mut length: u64,
        mut write: impl FnMut(&[u8]) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        // A hole at the end has no byte that would make the file as long.
        self.waiting.set_len(self.length).map_err(aside_error)?;
        self.waiting.seek(SeekFrom::Start(offset)).map_err(aside_error)?;
        let mut buffer = vec![0; length.min(1 << 18) as usize];
        while length > 0 {
            let step = length.min(buffer.len() as u64) as usize;
            self.waiting.read_exact(&mut buffer[..step]).map_err(aside_error)?;
            write(&buffer[..step])?;
            length -= step as u64;
            if self.cancel.load(Ordering::Relaxed) {
                return Err(ArchiveError::Interrupted);
            }
        }
        Ok(())
    }
}

/// A failure of the directory for temporary files.
fn aside_error(source: io::Error) -> ArchiveError {
    ArchiveError::Io { path: std::env::temp_dir(), operation: "keep a file there", source }
}
