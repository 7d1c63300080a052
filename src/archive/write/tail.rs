//! What is written behind the end of an archive, in place: whole or not at all.

use crate::archive::volumes::Volumes;
use crate::archive::volumes::names::{directory, volume};
use crate::tree::{Registration, register};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What a generation is written on: a file, or in tests one that fails.
pub(super) trait Disk: Send + Sync + Sized + 'static {
    /// Makes a file that is not there yet.
    fn create(&self, path: &Path) -> io::Result<Self>;

    fn set_len(&self, length: u64) -> io::Result<()>;

    /// Writes some of the bytes; returns how many.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Makes what was written durable.
    fn sync(&self) -> io::Result<()>;

    /// Returns the same file once more.
    fn again(&self) -> io::Result<Self>;
}

impl Disk for File {
    /// Gives it the permissions of this file.
    fn create(&self, path: &Path) -> io::Result<File> {
        let file = File::options().read(true).write(true).create_new(true).open(path)?;
        if let Ok(metadata) = self.metadata() {
            // Failing to give it the permissions of the others is no reason to fail.
            let _ = file.set_permissions(metadata.permissions());
        }
        Ok(file)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        File::set_len(self, length)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        FileExt::write_at(self, bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_all()
    }

    fn again(&self) -> io::Result<File> {
        self.try_clone()
    }
}

/// A writer behind the end of an archive. Fills the last volume, then makes new ones. Unless it
/// is committed, what it wrote is removed again, but for checkpoints.
#[derive(Debug)]
pub(super) struct Tail<D: Disk> {
    undo: Arc<Undo<D>>,
    /// The name of the archive and the number of the last volume; `None` if it is a file.
    volume: Option<(PathBuf, u64)>,
    /// What is written to, and the offset of its first byte.
    disk: D,
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
struct Undo<D> {
    /// The file in which the archive ended, and the offset of its first byte.
    disk: D,
    start: u64,
    /// Where the archive ends, with its checkpoints.
    kept: Arc<AtomicU64>,
    /// New volumes, and the offsets of their first bytes.
    made: Mutex<Vec<(PathBuf, u64)>>,
}

impl<D: Disk> Undo<D> {
    /// Removes the new volumes behind the end, the last of them first, then cuts the file in
    /// which it lies.
    fn run(&self) {
        let kept = self.kept.load(Ordering::Relaxed);
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        let stays = made.partition_point(|&(_, start)| start < kept);
        made[stays..].iter().rev().for_each(|(path, _)| drop(fs::remove_file(path)));
        let _ = match made[..stays].last() {
            Some((path, start)) => {
                File::options().write(true).open(path).and_then(|file| file.set_len(kept - start))
            }
            None => self.disk.set_len(kept - self.start),
        };
    }
}

impl Tail<File> {
    /// Cuts off what stands behind `end`. `size` is the most that a volume takes.
    ///
    /// # Errors
    /// What the system says. Nothing in front of `end` has changed.
    pub fn new(volumes: &Volumes, end: u64, size: u64) -> io::Result<Self> {
        let files: Vec<(PathBuf, u64)> =
            volumes.files().map(|(path, start, _)| (path.to_owned(), start)).collect();
        let last = files.iter().rposition(|&(_, start)| start < end).unwrap_or(0);
        let (path, start) = &files[last];
        let file = File::options().read(true).write(true).open(path)?;
        for (path, _) in files[last + 1..].iter().rev() {
            fs::remove_file(path)?;
        }
        let volume = volumes.name().map(|name| (name.to_owned(), last as u64 + 1));
        Tail::of(file, *start, end, volume, size)
    }
}

impl<D: Disk> Tail<D> {
    /// Writes on a file that is a whole archive, and cuts off what stands behind `end`.
    ///
    /// # Errors
    /// What the system says.
    pub fn on(disk: D, end: u64) -> io::Result<Self> {
        Tail::of(disk, 0, end, None, u64::MAX)
    }

    fn of(
        disk: D,
        start: u64,
        end: u64,
        volume: Option<(PathBuf, u64)>,
        size: u64,
    ) -> io::Result<Self> {
        let again = disk.again()?;
        disk.set_len(end - start)?;
        let (kept, made) = (Arc::new(AtomicU64::new(end)), Mutex::default());
        let undo = Arc::new(Undo { disk: again, start, kept, made });
        let again = Arc::clone(&undo);
        let _registration = register(move || again.run());
        let committed = false;
        Ok(Tail { undo, volume, disk, start, at: end, size, committed, _registration })
    }

    /// Returns where the archive ends that stays if the tail is cut off. A checkpoint moves it.
    pub fn end(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.undo.kept)
    }

    /// Makes what was written durable, and keeps it.
    pub fn commit(mut self) -> io::Result<()> {
        self.flush()?;
        self.committed = true;
        Ok(())
    }

    /// Goes on in a new volume, once the last one is durable: what is found later lies behind
    /// whole volumes.
    fn next(&mut self) -> io::Result<()> {
        let full = || io::Error::from(io::ErrorKind::FileTooLarge);
        let (name, number) = self.volume.as_mut().ok_or_else(full)?;
        self.disk.sync()?;
        *number += 1;
        let path = volume(name, *number);
        let disk = self.disk.create(&path)?;
        let mut made = self.undo.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.push((path, self.at));
        (self.disk, self.start) = (disk, self.at);
        Ok(())
    }

    /// Makes the names of new volumes durable.
    fn sync_names(&self) -> io::Result<()> {
        let made = self.undo.made.lock().unwrap_or_else(PoisonError::into_inner);
        match made.first() {
            Some((path, _)) => File::open(directory(path))?.sync_all(),
            None => Ok(()),
        }
    }
}

impl<D: Disk> Write for Tail<D> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.at - self.start >= self.size {
            self.next()?;
        }
        let room = usize::try_from(self.size - (self.at - self.start)).unwrap_or(usize::MAX);
        let bytes = &bytes[..bytes.len().min(room)];
        let written = self.disk.write_at(bytes, self.at - self.start)?;
        self.at += written as u64;
        Ok(written)
    }

    /// Makes the bytes so far durable: the footer must not be on the disk before what it
    /// stands for.
    fn flush(&mut self) -> io::Result<()> {
        self.disk.sync()?;
        self.sync_names()
    }
}

impl<D: Disk> Drop for Tail<D> {
    fn drop(&mut self) {
        if !self.committed {
            self.undo.run();
        }
    }
}
