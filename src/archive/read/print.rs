//! Printing files of an archive that comes from a pipe, in the order of the archive.

use super::cat::WAITING;
use super::deliver::Deliver;
use super::extract::{ExtractOptions, ExtractSummary};
use super::incoming::Incoming;
use super::sink::{Target, output_error};
use super::stream::stream;
use crate::archive::{ArchiveError, Control, Limits};
use crate::container::StreamReader;
use crate::entry::Entry;
use crate::tree::Patterns;
use std::cell::RefCell;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::SpooledTempFile;

/// Writes the contents of files as they come from a piped archive, each when it is
/// whole and its checksum was found right, holes as zeros. Which ones `patterns` decide:
/// a file is meant if one matches its own path, not only a directory above. A file waits
/// in memory up to 64 MiB or a sixteenth of the memory allowed, then in a nameless
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
    limits: &Limits,
    control: &Control,
) -> Result<ExtractSummary, ArchiveError> {
    let sections = StreamReader::new(input, limits)?;
    let options = ExtractOptions { jobs, patterns: patterns.clone(), ..ExtractOptions::default() };
    let printed = RefCell::new(vec![false; patterns.len()]);
    let printer = Printer {
        output: Rc::new(RefCell::new(output)),
        patterns,
        printed: &printed,
        room: WAITING.min(limits.memory / 16) as usize,
        cancel: control.cancel,
    };
    let incoming = Incoming::new(None, &options, limits, control)?.printing(printer);
    let summary = stream(sections, incoming, None, jobs)?;
    match printed.into_inner().iter().position(|printed| !printed) {
        Some(index) if summary.is_complete() => {
            Err(ArchiveError::NotAFile { path: patterns.given(index).to_vec() })
        }
        _ => Ok(summary),
    }
}

/// Prints files.
pub(super) struct Printer<'a> {
    output: Rc<RefCell<&'a mut dyn Write>>,
    patterns: &'a Patterns,
    /// Which patterns a file was begun for.
    printed: &'a RefCell<Vec<bool>>,
    /// Bytes of a file that wait in memory.
    room: usize,
    cancel: &'a AtomicBool,
}

impl<'a> Printer<'a> {
    /// Begins a file; `None` if it is not to be printed.
    pub fn begin(&mut self, entry: &Entry) -> Option<Target<'a>> {
        let mut printed = self.printed.borrow_mut();
        let mut meant = false;
        for pattern in self.patterns.matching_here(&entry.path) {
            (printed[pattern], meant) = (true, true);
        }
        let waiting = tempfile::spooled_tempfile(self.room);
        let (output, cancel) = (Rc::clone(&self.output), self.cancel);
        let file = Waiting { waiting, output, cancel, length: 0 };
        meant.then(|| Target::Delivery(Box::new(file)))
    }
}

/// A file that waits until all of it came.
struct Waiting<'a> {
    waiting: SpooledTempFile,
    output: Rc<RefCell<&'a mut dyn Write>>,
    cancel: &'a AtomicBool,
    /// Bytes so far, the last hole included.
    length: u64,
}

/// A failure of the directory for temporary files.
fn aside_error(source: io::Error) -> ArchiveError {
    ArchiveError::Io { path: std::env::temp_dir(), operation: "keep a file there", source }
}

impl Deliver for Waiting<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.length += bytes.len() as u64;
        self.waiting.write_all(bytes).map_err(aside_error)
    }

    fn hole(&mut self, length: u64, _: Option<&AtomicBool>) -> Result<(), ArchiveError> {
        self.length += length;
        self.waiting.seek(SeekFrom::Start(self.length)).map(drop).map_err(aside_error)
    }

    fn finish(mut self: Box<Self>) -> Result<(), ArchiveError> {
        // A hole at the end has no byte that would make the file as long.
        self.waiting.set_len(self.length).map_err(aside_error)?;
        self.waiting.rewind().map_err(aside_error)?;
        let mut buffer = vec![0; 1 << 18];
        let mut output = self.output.borrow_mut();
        loop {
            let count = self.waiting.read(&mut buffer).map_err(aside_error)?;
            if count == 0 {
                return Ok(());
            }
            output.write_all(&buffer[..count]).map_err(output_error)?;
            if self.cancel.load(Ordering::Relaxed) {
                return Err(ArchiveError::Interrupted);
            }
        }
    }
}
