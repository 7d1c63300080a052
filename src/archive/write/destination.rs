//! Where an archive is written to: a file, or volumes.

use super::output::{Output, Temporary, followed, temporary};
use crate::archive::ArchiveError;
use crate::archive::error::failed;
use crate::archive::volumes::names::{MOST_VOLUMES, directory, numbers, split};
use crate::archive::volumes::{Volumes, switch};
use crate::tree::{FileId, claim, remove_leftovers};
use rustix::fs::{CWD, Mode, OFlags, openat};
use std::fs::{File, Permissions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// How many unfinished volumes stay open. While they are, no run on another machine takes them
/// for leftovers.
const MOST_OPEN: usize = 128;

/// The file or the volumes of an archive that is written. It appears whole under its name or
/// not at all; dropping it leaves nothing.
#[derive(Debug)]
pub(in crate::archive) enum Destination {
    File(Output),
    Volumes(Split),
}

impl Destination {
    /// Starts an archive that will be the file `path`, or volumes of this name.
    ///
    /// # Errors
    /// As [`Output::new`] and [`Destination::in_volumes`].
    pub fn new(path: &Path, volume_size: Option<u64>) -> Result<Destination, ArchiveError> {
        Destination::File(Output::new(path)?).in_volumes(volume_size)
    }

    /// Makes volumes of a file to which nothing was written yet, if they are to have a size.
    ///
    /// # Errors
    /// [`ArchiveError::Io`] if the name is that of a volume, or if an archive of the name is
    /// there in the other form: nobody could tell which of them is meant;
    /// [`ArchiveError::Locked`] if volumes of the name are being changed.
    pub fn in_volumes(self, volume_size: Option<u64>) -> Result<Destination, ArchiveError> {
        let Destination::File(output) = self else { return Ok(self) };
        let path = output.path().to_owned();
        let refused = |cause| Err(failed(&path, "replace")(io::Error::other(cause)));
        let first = |name: &Path| switch::first(name).is_some();
        let numbered = split(&path);
        let beside = |(name, number): &(PathBuf, u64)| is_beside_others(name, *number);
        match volume_size {
            None if numbered.as_ref().is_some_and(beside) => {
                refused("it is a volume of another archive: name another file")
            }
            None if first(&path) => refused(
                "an archive of this name is there in volumes: remove them, or name another file",
            ),
            None => Ok(Destination::File(output)),
            Some(_) if numbered.is_some() => {
                refused("it is the name of a volume: leave the number out")
            }
            Some(_) if path.exists() => refused(
                "it is one file, which would hide the volumes: remove it, or name another archive",
            ),
            Some(size) => Ok(Destination::Volumes(Split::new(&path, size.max(1))?)),
        }
    }

    /// Returns what must not be archived: what is written, and what it replaces.
    pub fn identities(&self) -> Vec<FileId> {
        match self {
            Destination::File(output) => output.identities(),
            Destination::Volumes(split) => split.identities(),
        }
    }

    /// Keeps others from changing an archive that this takes the place of, as long as `source`
    /// lives: what they write meanwhile would be lost.
    ///
    /// # Errors
    /// [`ArchiveError::Locked`] if others have done so, or have changed it since it was opened;
    /// [`ArchiveError::Io`].
    pub fn hold(&self, source: &Volumes) -> Result<(), ArchiveError> {
        let replaced = self.identities();
        if !source.identities().iter().any(|id| replaced.contains(id)) {
            return Ok(());
        }
        match self {
            Destination::File(_) => source.lock(),
            // They are locked.
            Destination::Volumes(_) if source.is_current() => Ok(()),
            Destination::Volumes(_) => Err(ArchiveError::Locked),
        }
    }

    /// Makes the bytes durable, then gives them their names.
    ///
    /// # Errors
    /// As [`Output::commit`] and [`Split::commit`].
    pub fn commit(self) -> Result<(), ArchiveError> {
        match self {
            Destination::File(output) => output.commit(),
            Destination::Volumes(split) => split.commit(),
        }
    }
}

/// Returns whether there are other volumes beside that of this number.
fn is_beside_others(name: &Path, number: u64) -> bool {
    let others = |found: Vec<u64>| found.iter().any(|&other| other != number);
    numbers(name).is_ok_and(|numbers| others(numbers.there) || !numbers.pending.is_empty())
}

impl Write for &Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Destination::File(output) => output.file().write(bytes),
            Destination::Volumes(split) => {
                split.writing.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Volumes that are written under temporary names.
#[derive(Debug)]
pub(in crate::archive) struct Split {
    name: PathBuf,
    old: Option<Volumes>,
    writing: Mutex<Writing>,
}

/// The volumes so far.
#[derive(Debug)]
struct Writing {
    directory: PathBuf,
    size: u64,
    permissions: Option<Permissions>,
    made: Vec<Made>,
    /// Bytes of the last one.
    at: u64,
}

/// An unfinished volume. It is removed when this is dropped, unless it has another name.
#[derive(Debug)]
struct Made {
    temporary: Temporary,
    file: Option<File>,
}

impl Split {
    /// Starts volumes of the archive `name`, of `size` bytes each. The volumes that are there
    /// are locked; what killed runs left is removed.
    fn new(name: &Path, size: u64) -> Result<Split, ArchiveError> {
        let name = followed(name);
        let replaced = failed(&name, "replace");
        remove_leftovers(directory(&name));
        switch::settle(&name).map_err(replaced)?;
        let old = switch::first(&name).map(|_| Volumes::of(&name)).transpose().map_err(replaced)?;
        old.as_ref().map_or(Ok(()), Volumes::lock)?;
        let permissions = old.as_ref().and_then(Volumes::permissions);
        let (directory, made) = (directory(&name).to_owned(), Vec::new());
        let mut writing = Writing { directory, size, permissions, made, at: 0 };
        writing.next().map_err(failed(&writing.directory, "create a file there"))?;
        Ok(Split { name, old, writing: Mutex::new(writing) })
    }

    fn identities(&self) -> Vec<FileId> {
        let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let files = writing.made.iter().filter_map(|made| made.file.as_ref());
        let made = files.filter_map(|file| FileId::of(file).ok());
        made.chain(self.old.iter().flat_map(Volumes::identities)).collect()
    }

    /// Makes the volumes durable and puts them in the place of the old ones.
    ///
    /// # Errors
    /// [`ArchiveError::Locked`] if others put volumes there meanwhile; [`ArchiveError::Io`].
    /// What is there afterwards is the old archive or the new one.
    fn commit(self) -> Result<(), ArchiveError> {
        let Split { name, old, writing } = self;
        let mut writing = writing.into_inner().unwrap_or_else(PoisonError::into_inner);
        let replaced = failed(&name, "replace");
        writing.finish().map_err(failed(&name, "write"))?;
        let paths: Vec<&Path> = writing.made.iter().map(|made| made.temporary.path()).collect();
        let first = old.as_ref().and_then(|old| old.identities().first().copied());
        switch::replace(&name, &paths, first).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => ArchiveError::Locked,
            _ => replaced(error),
        })
    }
}

impl Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.at == self.size {
            self.finish()?;
            self.next()?;
        }
        let room = usize::try_from(self.size - self.at).unwrap_or(usize::MAX);
        let bytes = &bytes[..bytes.len().min(room)];
        let last = self.made.last_mut().and_then(|made| made.file.as_mut());
        let written = last.ok_or(io::ErrorKind::NotFound)?.write(bytes)?;
        self.at += written as u64;
        Ok(written)
    }

    /// Begins another volume.
    fn next(&mut self) -> io::Result<()> {
        if self.made.len() as u64 >= MOST_VOLUMES {
            return Err(io::Error::other(format!("more than {MOST_VOLUMES} volumes")));
        }
        let (temporary, file) = temporary(&self.directory, |name| {
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            openat(CWD, name, flags, Mode::from_raw_mode(0o666))
        })?;
        claim(&file);
        self.made.push(Made { temporary, file: Some(file.into()) });
        self.at = 0;
        Ok(())
    }

    /// Makes the last volume durable.
    fn finish(&mut self) -> io::Result<()> {
        let many = self.made.len() > MOST_OPEN;
        let Some(made) = self.made.last_mut() else { return Ok(()) };
        if let Some(file) = &made.file {
            if let Some(permissions) = &self.permissions {
                // Failing to keep the old permissions is no reason to fail.
                let _ = file.set_permissions(permissions.clone());
            }
            file.sync_all()?;
        }
        if many {
            made.file = None;
        }
        Ok(())
    }
}

impl Volumes {
    /// Keeps others from changing the volumes, as long as this lives.
    ///
    /// # Errors
    /// [`ArchiveError::Locked`] if others have done so, or have changed them since they were
    /// opened; [`ArchiveError::Io`].
    pub(super) fn lock(&self) -> Result<(), ArchiveError> {
        let Some(first) = self.first_file().filter(|_| self.locked.get().is_none()) else {
            return Ok(());
        };
        let path = self.files().next().map(|(path, ..)| path.to_owned()).unwrap_or_default();
        // NFS locks a file for one alone only if it is open for writing.
        let opened = File::options().read(true).write(true).open(&path);
        let file = opened.or_else(|_| first.try_clone()).map_err(failed(&path, "open"))?;
        lock(&file, &path)?;
        let _ = self.locked.set(file);
        if self.is_current() { Ok(()) } else { Err(ArchiveError::Locked) }
    }

    fn permissions(&self) -> Option<Permissions> {
        Some(self.first_file()?.metadata().ok()?.permissions())
    }
}

/// Locks a file that is to be changed, as long as it is open.
///
/// # Errors
/// [`ArchiveError::Locked`]; [`ArchiveError::Io`].
pub(super) fn lock(file: &File, path: &Path) -> Result<(), ArchiveError> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(ArchiveError::Locked),
        // A file system without locks leaves that to its users.
        Err(TryLockError::Error(source)) if source.kind() != io::ErrorKind::Unsupported => {
            Err(failed(path, "lock")(source))
        }
        _ => Ok(()),
    }
}
