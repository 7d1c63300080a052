//! Extracts to a sink or a closure of a program.

use super::extract::{ExtractOptions, ExtractSummary, Files};
use super::file::archive_error;
use super::index::Archive;
use super::sink::{Target, write_zeros};
use crate::archive::{ArchiveError, Control, Event};
use crate::container::ReadAt;
use crate::entry::{Content, Entry, Kind};
use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::atomic::AtomicBool;

/// Takes the entries of an archive; see [`Archive::extract_to`].
pub trait Sink {
    /// Takes the bytes of one file. Holes are written as zeros.
    type File: Write;

    /// Begins an entry; `None` skips it. Only regular files are written to. Several files can
    /// be open at a time: those with bytes in several groups.
    ///
    /// # Errors
    /// An error ends the extraction.
    fn begin(&mut self, entry: &Entry) -> io::Result<Option<Self::File>>;

    /// Ends an entry of which all bytes came and were found right.
    ///
    /// # Errors
    /// An error ends the extraction.
    fn finish(&mut self, entry: &Entry, file: Self::File) -> io::Result<()>;

    /// Drops a file that is damaged or was cut short by an error; the bytes written so far
    /// must not be used. The default does nothing else.
    fn discard(&mut self, entry: &Entry, file: Self::File) {
        let _ = (entry, file);
    }
}

impl<S: ReadAt> Archive<S> {
    /// Gives the selected entries to a sink: first what is no regular file, in the order
    /// of the paths, then the files, as their groups are decoded. Damage is reported as
    /// warnings and spoils only the files it hits. How entries are restored on disk
    /// (`options.restore`) does not matter here.
    ///
    /// # Errors
    /// What the sink returns, as [`ArchiveError::Io`]; otherwise as
    /// [`Archive::extract`].
    pub fn extract_to<K: Sink>(
        &self,
        sink: &mut K,
        options: &ExtractOptions,
        control: &Control,
    ) -> Result<ExtractSummary, ArchiveError> {
        self.deliver(sink, options, 0, control)
    }

    /// Calls a closure with each selected regular file and its whole content, once that
    /// was found right. Holes are zeros. Files come as their groups are decoded, not in
    /// the order of their paths.
    ///
    /// # Errors
    /// [`ArchiveError::Limit`] if the largest file does not fit into the memory
    /// allowed; otherwise as [`Archive::extract_to`].
    pub fn for_each_file(
        &self,
        options: &ExtractOptions,
        control: &Control,
        work: impl FnMut(&Entry, Vec<u8>) -> io::Result<()>,
    ) -> Result<ExtractSummary, ArchiveError> {
        let selected = self.wanted(&options.patterns)?;
        let largest = selected.iter().map(super::extract::file_size).max().unwrap_or(0);
        let room = largest.max(self.limits.memory / 8);
        self.deliver(&mut Whole { work, room }, options, room, control)
    }

    /// `held` are the bytes of memory that the sink takes.
    fn deliver<K: Sink>(
        &self,
        sink: &mut K,
        options: &ExtractOptions,
        held: u64,
        control: &Control,
    ) -> Result<ExtractSummary, ArchiveError> {
        let selected = self.wanted(&options.patterns)?;
        let mut summary = self.summary();
        let mut files = Vec::new();
        for entry in selected {
            if let Kind::File(_) = entry.kind {
                files.push(entry);
                continue;
            }
            let failed = |error| archive_error(&entry.path, error);
            if let Some(begun) = sink.begin(&entry).map_err(failed)? {
                sink.finish(&entry, begun).map_err(failed)?;
                summary.entries += 1;
                control.events.event(Event::Entry { path: &entry.path });
            }
        }
        let sink = Rc::new(RefCell::new(sink));
        let open = move |entry: &Entry, _: &Content| {
            let begun = sink.borrow_mut().begin(entry);
            let begun = begun.map_err(|error| archive_error(&entry.path, error))?;
            Ok(begun.map(|file| {
                let (sink, entry) = (Rc::clone(&sink), entry.clone());
                Target::Delivery(Box::new(Delivery { sink, entry, file: Some(file) }))
            }))
        };
        let files = Files { held, ..files.into() };
        self.run(files, options.jobs, control, Box::new(open), &mut summary)?;
        Ok(summary)
    }
}

/// A file on its way to a sink, whatever the sink is.
pub(in crate::archive) trait Deliver {
    /// Takes the next bytes of the file.
    ///
    /// # Errors
    /// [`ArchiveError::Io`].
    fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError>;

    /// Takes a hole. Writes zeros unless it is implemented.
    ///
    /// # Errors
    /// [`ArchiveError::Io`]; [`ArchiveError::Interrupted`] if `cancel` is set meanwhile.
    fn hole(&mut self, length: u64, cancel: Option<&AtomicBool>) -> Result<(), ArchiveError> {
        write_zeros(length, cancel, |zeros| self.write(zeros))
    }

    /// Ends the file: all its bytes came, and were found right.
    ///
    /// # Errors
    /// [`ArchiveError::Io`].
    fn finish(self: Box<Self>) -> Result<(), ArchiveError>;
}

/// A file on its way to a sink. Dropped before its end it is discarded.
struct Delivery<'a, K: Sink> {
    sink: Rc<RefCell<&'a mut K>>,
    entry: Entry,
    file: Option<K::File>,
}

impl<K: Sink> Deliver for Delivery<'_, K> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(bytes).map_err(|error| archive_error(&self.entry.path, error))
    }

    fn finish(mut self: Box<Self>) -> Result<(), ArchiveError> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let finished = self.sink.borrow_mut().finish(&self.entry, file);
        finished.map_err(|error| archive_error(&self.entry.path, error))
    }
}

impl<K: Sink> Drop for Delivery<'_, K> {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            self.sink.borrow_mut().discard(&self.entry, file);
        }
    }
}

/// Collects whole files for a closure.
struct Whole<F> {
    work: F,
    /// Bytes that may be held yet.
    room: u64,
}

impl<F: FnMut(&Entry, Vec<u8>) -> io::Result<()>> Sink for Whole<F> {
    type File = Vec<u8>;

    fn begin(&mut self, entry: &Entry) -> io::Result<Option<Vec<u8>>> {
        if !entry.is_file() {
            return Ok(None);
        }
        let (found, limit) = (entry.size(), self.room);
        // Files that share a content are open at the same time.
        let Some(room) = limit.checked_sub(found) else {
            return Err(ArchiveError::Limit { field: "memory", found, limit }.into());
        };
        self.room = room;
        Ok(Some(Vec::with_capacity(found as usize)))
    }

    fn finish(&mut self, entry: &Entry, content: Vec<u8>) -> io::Result<()> {
        self.room += entry.size();
        (self.work)(entry, content)
    }

    fn discard(&mut self, entry: &Entry, _: Vec<u8>) {
        self.room += entry.size();
    }
}
