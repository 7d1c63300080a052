//! Writing the contents of many files, one after the other, to one output.
//!
//! Groups hold files in another order than they are asked for. A group is decoded
//! once, when a file first needs it, and bytes for a later file wait.

use super::aside::Aside;
use super::extract::{ExtractSummary, file_size};
use super::extraction::Extraction;
use super::index::{Archive, data_length, written_length};
use super::sink::{Target, output_error, write_zeros};
use super::suggest::not_found;
use crate::archive::{ArchiveError, Control};
use crate::container::ReadAt;
use crate::entry::{Content, Entry, Kind};
use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Write;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;

/// Most bytes that wait in memory; the rest waits in a nameless temporary file.
pub(super) const WAITING: u64 = 64 << 20;

/// What a piece takes of memory besides its bytes.
const NOTE: u64 = 64;

impl<S: ReadAt> Archive<S> {
    /// Writes the contents of files in the order of `paths`, holes as zeros. A hard
    /// link stands for its file. Every group is decoded once.
    ///
    /// A file is written when its digest was found right, so that a damaged one is
    /// left out and reported as a warning. Only a file of more than 64 MiB whose
    /// groups are all undamaged as stored is written while it is decoded.
    ///
    /// Cost: up to 64 MiB, but at most a sixteenth of the memory allowed, for what
    /// waits for its turn; beyond it, a nameless file in the directory for temporary
    /// files. The groups of files above that size are read twice.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`] and [`ArchiveError::NotAFile`] before anything is
    /// written, [`ArchiveError::Limit`], [`ArchiveError::Io`],
    /// [`ArchiveError::Interrupted`].
    pub fn cat_all<'a>(
        &'a self,
        paths: &[&[u8]],
        output: &'a mut (dyn Write + 'a),
        jobs: usize,
        control: &'a Control<'a>,
    ) -> Result<ExtractSummary, ArchiveError> {
        let files = paths.iter().map(|path| self.file(path)).collect::<Result<Vec<_>, _>>()?;
        self.check_memory(files.iter())?;
        let found = files.iter().map(written_length).fold(0, u64::saturating_add);
        let limit = self.limits.output_bytes;
        if found > limit {
            return Err(ArchiveError::Limit { field: "output bytes", found, limit });
        }
        let room = WAITING.min(self.limits.memory / 16);
        let mut queue = Queue::new(output, control.cancel, room);
        for file in &files {
            let streams = data_length(file) > room && self.is_undamaged(file, control)?;
            queue.files.push(Queued::new(file_size(file), streams));
        }
        let queue = Rc::new(RefCell::new(queue));
        let open = Box::new(opener(&files, &queue));
        let mut run = Extraction::new(self, files.into(), open, control);
        run.order_by_files();
        let mut summary = self.summary();
        run.finish(jobs, &mut summary)?;
        queue.borrow_mut().drain()?;
        Ok(summary)
    }

    /// The regular file of this path, or the one that a hard link there stands for.
    fn file(&self, path: &[u8]) -> Result<Entry, ArchiveError> {
        let mut entry = self.entry(path);
        if let Some(Entry { kind: Kind::HardLink { target }, .. }) = entry {
            entry = self.entry(target);
        }
        let entry = entry.ok_or_else(|| not_found(path, self.entries()))?;
        match entry.kind {
            Kind::File(_) => Ok(entry.clone()),
            _ => Err(ArchiveError::NotAFile { path: path.to_vec() }),
        }
    }

    /// Whether all groups of a file are as they were written. Decodes nothing.
    fn is_undamaged(&self, file: &Entry, control: &Control) -> Result<bool, ArchiveError> {
        let Kind::File(content) = &file.kind else { return Ok(true) };
        let mut last = None;
        for extent in &content.extents {
            control.check()?;
            if last.replace(extent.group) != Some(extent.group)
                && self.reader.read_section(&self.group(extent.group)).is_err()
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Gives each file its place in the queue. A file that is asked for twice has two.
fn opener<'a>(
    files: &[Entry],
    queue: &Rc<RefCell<Queue<'a>>>,
) -> impl FnMut(&Entry, &Content) -> Result<Option<Target<'a>>, ArchiveError> + use<'a> {
    let mut places: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    for (number, file) in files.iter().enumerate() {
        places.entry(file.path.clone()).or_default().push(number);
    }
    let queue = Rc::clone(queue);
    move |entry, _| {
        let number = places.get_mut(&entry.path).and_then(Vec::pop);
        let queue = Rc::clone(&queue);
        Ok(number.map(|number| Target::Turn(Turn { queue, number })))
    }
}

/// The files to be written, and what waits for them.
pub(super) struct Queue<'a> {
    output: &'a mut (dyn Write + 'a),
    cancel: &'a AtomicBool,
    files: Vec<Queued>,
    /// The file whose turn it is.
    first: usize,
    /// Bytes that may yet wait in memory.
    room: u64,
    /// Where the rest waits.
    aside: Aside,
}

/// A file to be written.
struct Queued {
    /// Bytes, holes included.
    size: u64,
    /// Whether it may be written before its digest is known to be right.
    streams: bool,
    /// Bytes written.
    written: u64,
    /// What waits, in the order of the offsets.
    pieces: Vec<Piece>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Bytes are still to come.
    Coming,
    /// All came and are right.
    Whole,
    /// Damaged: nothing is written of it.
    Lost,
}

/// Data of a file.
struct Piece {
    /// Where in the file it belongs.
    offset: u64,
    place: Place,
}

enum Place {
    Memory(Vec<u8>),
    Aside { offset: u64, length: u64 },
}

impl Queued {
    fn new(size: u64, streams: bool) -> Self {
        Queued { size, streams, written: 0, pieces: Vec::new(), state: State::Coming }
    }
}

impl<'a> Queue<'a> {
    fn new(output: &'a mut (dyn Write + 'a), cancel: &'a AtomicBool, room: u64) -> Self {
        let (files, first) = Default::default();
        Queue { output, cancel, files, first, room, aside: Aside::new(None) }
    }

    /// Writes all files whose turn has come.
    fn drain(&mut self) -> Result<(), ArchiveError> {
        while let Some(file) = self.files.get(self.first) {
            match file.state {
                State::Coming => return Ok(()),
                State::Whole => {
                    self.write_waiting()?;
                    let file = &mut self.files[self.first];
                    let hole = file.size - file.written;
                    self.write_hole(hole)?;
                }
                State::Lost => self.forget(),
            }
            self.first += 1;
        }
        Ok(())
    }

    /// Drops what waits for a file that is lost.
    fn forget(&mut self) {
        for piece in std::mem::take(&mut self.files[self.first].pieces) {
            if let Place::Memory(bytes) = piece.place {
                self.room += bytes.len() as u64 + NOTE;
            }
        }
    }

    /// Writes what waits for the file whose turn it is.
    fn write_waiting(&mut self) -> Result<(), ArchiveError> {
        for Piece { offset, place } in std::mem::take(&mut self.files[self.first].pieces) {
            match place {
                Place::Memory(bytes) => {
                    self.room += bytes.len() as u64 + NOTE;
                    self.write(offset, &bytes)?;
                }
                Place::Aside { offset: start, length } => {
                    let mut buffer = vec![0; length.min(1 << 18) as usize];
                    let mut done = 0;
                    while done < length {
                        let step = (length - done).min(buffer.len() as u64) as usize;
                        self.aside.read_at(&mut buffer[..step], start + done)?;
                        self.write(offset + done, &buffer[..step])?;
                        done += step as u64;
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes data of the file whose turn it is.
    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), ArchiveError> {
        let file = &mut self.files[self.first];
        let hole = offset - file.written;
        file.written = offset + bytes.len() as u64;
        self.write_hole(hole)?;
        self.output.write_all(bytes).map_err(output_error)
    }

    fn write_hole(&mut self, length: u64) -> Result<(), ArchiveError> {
        let output = &mut *self.output;
        let write = |zeros: &[u8]| output.write_all(zeros).map_err(output_error);
        write_zeros(length, Some(self.cancel), write)
    }

    /// Takes data of a file.
    fn take(&mut self, number: usize, offset: u64, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.drain()?;
        if number == self.first && self.files[number].streams {
            self.write_waiting()?;
            return self.write(offset, bytes);
        }
        let length = bytes.len() as u64;
        let place = match self.room.checked_sub(length + NOTE) {
            Some(room) => {
                self.room = room;
                Place::Memory(bytes.to_vec())
            }
            None => Place::Aside { offset: self.aside.put(bytes)?, length },
        };
        self.files[number].pieces.push(Piece { offset, place });
        Ok(())
    }
}

/// The place of a file in the queue. Dropped before the end, the file is lost.
pub(in crate::archive) struct Turn<'a> {
    queue: Rc<RefCell<Queue<'a>>>,
    number: usize,
}

impl Turn<'_> {
    /// Takes data of the file at `offset`, which does not go back.
    ///
    /// # Errors
    /// [`ArchiveError::Io`], [`ArchiveError::Interrupted`] within a hole.
    pub fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.queue.borrow_mut().take(self.number, offset, bytes)
    }

    /// All data came, and were found right.
    ///
    /// # Errors
    /// As [`Turn::write_at`].
    pub fn finish(self) -> Result<(), ArchiveError> {
        let mut queue = self.queue.borrow_mut();
        queue.files[self.number].state = State::Whole;
        queue.drain()
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let file = &mut self.queue.borrow_mut().files[self.number];
        if file.state == State::Coming {
            file.state = State::Lost;
        }
    }
}
