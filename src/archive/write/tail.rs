//! What is written behind the end of an archive, in place: whole or not at all.

use crate::archive::volumes::Volumes;
use crate::archive::volumes::names::{directory, volume};
use crate::tree::{Registration, register};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// A writer behind the end of an archive. Fills the last volume, then makes new ones. Unless it
/// is committed, all that it wrote is removed again.
#[derive(Debug)]
pub(super) struct Tail {
    undo: Arc<Undo>,
    /// The name of the archive and the number of the last volume; `None` if it is a file.
    volume: Option<(PathBuf, u64)>,
    /// What is written to, and the offset of its first byte.
    file: File,
    start: u64,
    /// Where the next byte goes.
    at: u64,
    /// Most bytes of a volume.
    size: u64,
    committed: bool,
    _registration: Registration,
}

/// How to remove what was written.
#[derive(Debug)]
struct Undo {
    /// The file in which the archive ends, and its length.
    file: File,
    length: u64,
    /// New volumes.
    made: Mutex<Vec<PathBuf>>,
}

impl Undo {
    /// Removes the new volumes, the last of them first, then cuts the file.
    fn run(&self) {
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        made.iter().rev().for_each(|path| drop(fs::remove_file(path)));
        let _ = self.file.set_len(self.length);
    }
}

impl Tail {
    /// Cuts off what stands behind `end`. `size` is the most that a volume takes.
    ///
    /// # Errors
    /// What the system says. Nothing in front of `end` has changed.
    pub fn new(volumes: &Volumes, end: u64, size: u64) -> io::Result<Tail> {
        let files: Vec<(PathBuf, u64)> =
            volumes.files().map(|(path, start, _)| (path.to_owned(), start)).collect();
        let last = files.iter().rposition(|&(_, start)| start < end).unwrap_or(0);
        let (path, start) = &files[last];
        let file = File::options().read(true).write(true).open(path)?;
        for (path, _) in files[last + 1..].iter().rev() {
            fs::remove_file(path)?;
        }
        file.set_len(end - start)?;
        let volume = volumes.name().map(|name| (name.to_owned(), last as u64 + 1));
        let made = Mutex::default();
        let undo = Arc::new(Undo { file: file.try_clone()?, length: end - start, made });
        let again = Arc::clone(&undo);
        let _registration = register(move || again.run());
        let (start, committed) = (*start, false);
        Ok(Tail { undo, volume, file, start, at: end, size, committed, _registration })
    }

    /// Makes what was written durable, and keeps it.
    pub fn commit(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        self.sync_names()?;
        self.committed = true;
        Ok(())
    }

    /// Goes on in a new volume, once the last one is durable: what is found later lies behind
    /// whole volumes.
    fn next(&mut self) -> io::Result<()> {
        let full = || io::Error::from(io::ErrorKind::FileTooLarge);
        let (name, number) = self.volume.as_mut().ok_or_else(full)?;
        self.file.sync_all()?;
        *number += 1;
        let path = volume(name, *number);
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        self.undo.made.lock().unwrap_or_else(PoisonError::into_inner).push(path);
        if let Ok(metadata) = self.file.metadata() {
            // Failing to give it the permissions of the others is no reason to fail.
            let _ = file.set_permissions(metadata.permissions());
        }
        (self.file, self.start) = (file, self.at);
        Ok(())
    }

    /// Makes the names of new volumes durable.
    fn sync_names(&self) -> io::Result<()> {
        let made = self.undo.made.lock().unwrap_or_else(PoisonError::into_inner);
        match made.first() {
            Some(path) => File::open(directory(path))?.sync_all(),
            None => Ok(()),
        }
    }
}

impl Write for Tail {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.at - self.start >= self.size {
            self.next()?;
        }
        let room = usize::try_from(self.size - (self.at - self.start)).unwrap_or(usize::MAX);
        let bytes = &bytes[..bytes.len().min(room)];
        let written = self.file.write_at(bytes, self.at - self.start)?;
        self.at += written as u64;
        Ok(written)
    }

    /// Makes the bytes so far durable: the footer must not be on the disk before what it
    /// stands for.
    fn flush(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        self.sync_names()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        if !self.committed {
            self.undo.run();
        }
    }
}
