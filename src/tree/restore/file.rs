//! Regular files, from an empty temporary one to the finished one.

use rustix::fd::AsFd;
use rustix::fs::{Mode, OFlags, fstat, ftruncate, openat};
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::place::Place;
use super::{Overwrite, Shared, TreeError};
use crate::entry::Metadata;
use crate::tree::FileId;
use crate::tree::names::split_last;

/// A regular file being restored: under a temporary name and readable by its
/// owner only until [`FileWriter::commit`]. Dropping it removes the file.
///
/// Nothing is made before the first write, and there may be any number of
/// writers: those beyond what the system lets a process hold open reopen their
/// file for each write.
#[derive(Debug)]
pub struct FileWriter {
    shared: Arc<Shared>,
    /// Path in the archive; hard links ask for it.
    entry: Vec<u8>,
    /// Path below the destination.
    path: Vec<u8>,
    metadata: Metadata,
    size: u64,
    /// End of the furthest write.
    end: u64,
    /// The file, once it was made, until it has its name.
    made: Option<Made>,
    open: Option<Opened>,
}

/// What a file made is known by while it is not open.
#[derive(Debug)]
struct Made {
    name: Vec<u8>,
    id: FileId,
}

#[derive(Debug)]
struct Opened {
    place: Place,
    file: File,
}

impl FileWriter {
    pub(super) fn new(
        shared: &Arc<Shared>,
        entry: &[u8],
        path: &[u8],
        metadata: &Metadata,
        size: u64,
    ) -> FileWriter {
        let (shared, metadata) = (Arc::clone(shared), metadata.clone());
        let (entry, path) = (entry.to_vec(), path.to_vec());
        FileWriter { shared, entry, path, metadata, size, end: 0, made: None, open: None }
    }

    /// Writes bytes at an offset; what is never written stays a hole.
    ///
    /// # Errors
    /// [`TreeError::Io`] if the file cannot be made or the disk is full or
    /// fails.
    ///
    /// # Panics
    /// If the bytes reach beyond the size given to [`super::Restorer::file`].
    pub fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), TreeError> {
        let end = offset.checked_add(bytes.len() as u64).filter(|&end| end <= self.size);
        let end = end.expect("a write stays within the size of its file");
        let opened = self.take_open()?;
        let written = opened.file.write_all_at(bytes, offset);
        written.map_err(|error| TreeError::io(&opened.place.shown, "write", error))?;
        self.end = self.end.max(end);
        if self.shared.open_files.claim() {
            self.open = Some(opened);
        }
        Ok(())
    }

    /// Sets size, owner, attributes, mode and time, and gives the file its
    /// name. Call it only when the digest of what was written is right.
    ///
    /// # Errors
    /// [`TreeError::Io`], or [`TreeError::Exists`] if something took the name
    /// meanwhile and the policy keeps it.
    pub fn commit(mut self) -> Result<(), TreeError> {
        let Opened { place, file } = self.take_open()?;
        let result = self.complete(&place, &file);
        if result.is_ok() {
            self.forget();
        }
        result
    }

    /// Gives a file of which not every byte is right a free name that says so:
    /// `.damaged` is put behind its own. Nothing is replaced.
    ///
    /// # Errors
    /// As [`FileWriter::commit`].
    pub fn keep_damaged(mut self) -> Result<(), TreeError> {
        let Opened { mut place, file } = self.take_open()?;
        if self.end < self.size {
            let cut = ftruncate(&file, self.size);
            cut.map_err(|error| place.failed("set the size of", error))?;
        }
        let failures = self.shared.attributes.apply(file.as_fd(), &self.metadata);
        self.shared.note(&place.shown, failures);
        let made = self.made.as_ref().expect("an open file was made");
        place.name.extend(b".damaged");
        place.install(&made.name, Overwrite::Rename)?;
        self.forget();
        Ok(())
    }

    fn complete(&self, place: &Place, file: &File) -> Result<(), TreeError> {
        if self.end < self.size {
            ftruncate(file, self.size).map_err(|error| place.failed("set the size of", error))?;
        }
        let failures = self.shared.attributes.apply(file.as_fd(), &self.metadata);
        self.shared.note(&place.shown, failures);
        let made = self.made.as_ref().expect("an open file was made");
        let installed = place.install(&made.name, self.shared.options.overwrite)?;
        if let Some(name) = installed {
            self.shared.written(&self.entry, place, &name, file.as_fd())?;
        }
        Ok(())
    }

    /// The open file: made, or opened again, if it must be.
    fn take_open(&mut self) -> Result<Opened, TreeError> {
        if let Some(opened) = self.open.take() {
            self.shared.open_files.release();
            return Ok(opened);
        }
        let place = self.shared.place(&self.path)?;
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let Some(made) = &self.made else { return self.make(place, flags) };
        let file = openat(&place.parent, &made.name, flags, Mode::empty());
        let file = file.map_err(|error| place.failed("open", error))?;
        let status = fstat(&file).map_err(|error| place.failed("look at", error))?;
        if FileId::from_stat(&status) != made.id {
            return Err(place.failed("find again", Errno::STALE));
        }
        Ok(Opened { place, file: file.into() })
    }

    /// Makes the file under a temporary name.
    fn make(&mut self, place: Place, flags: OFlags) -> Result<Opened, TreeError> {
        let flags = flags | OFlags::CREATE | OFlags::EXCL;
        let (name, file) = place.temporary("create", |name| {
            openat(&place.parent, name, flags, Mode::RUSR | Mode::WUSR)
        })?;
        let status = fstat(&file).map_err(|error| place.failed("look at", error))?;
        self.made = Some(Made { name, id: FileId::from_stat(&status) });
        let mut state = self.shared.state();
        state.temporaries.extend(self.temporary_path());
        if state.abandoned {
            return Err(place.failed("create", Errno::INTR)); // dropping removes it
        }
        drop(state);
        Ok(Opened { place, file: file.into() })
    }

    /// Path of the temporary file below the destination.
    fn temporary_path(&self) -> Option<Vec<u8>> {
        let made = self.made.as_ref()?;
        let parent = split_last(&self.path).0;
        let slash: &[u8] = if parent.is_empty() { b"" } else { b"/" };
        Some([parent, slash, &made.name].concat())
    }

    /// The temporary file is no more.
    fn forget(&mut self) {
        if let Some(path) = self.temporary_path() {
            self.shared.state().temporaries.remove(&path);
        }
        self.made = None;
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        let open = self.open.take();
        if open.is_some() {
            self.shared.open_files.release();
        }
        let Some(made) = &self.made else { return };
        let place = open.map_or_else(|| self.shared.place(&self.path), |opened| Ok(opened.place));
        if let Ok(place) = place {
            place.remove(&made.name);
        }
        self.forget();
    }
}

/// How many files a restorer keeps open.
#[derive(Debug)]
pub(super) struct OpenFiles {
    count: AtomicU64,
    limit: u64,
}

impl OpenFiles {
    /// A quarter of what this process may open: each file may hold its
    /// directory open too, and the rest of the program needs some.
    pub(super) fn new() -> OpenFiles {
        let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX) / 4;
        OpenFiles { count: AtomicU64::new(0), limit: limit.min(1024) }
    }

    /// Whether one more may stay open.
    fn claim(&self) -> bool {
        let claimed = self.count.fetch_add(1, Ordering::Relaxed) < self.limit;
        if !claimed {
            self.release();
        }
        claimed
    }

    fn release(&self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}
