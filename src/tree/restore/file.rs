//! Regular files, from an empty unnamed or temporary file to the finished one.

use rustix::fd::AsFd;
use rustix::fs::{Mode, OFlags, fstat, ftruncate, openat};
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::object::Object;
use super::place::{Place, below, link_unnamed};
use super::{ContentKey, Overwrite, Resolution, Shared, TreeError};
use crate::entry::Metadata;
use crate::tree::FileId;
use crate::tree::names::split_last;

/// A regular file being restored. Until [`FileWriter::commit`] it has no name or a
/// temporary one, and only its owner can read it. Dropping it removes the file.
///
/// Nothing is made before the first write, and there may be any number of writers:
/// those beyond the number of files that the process may hold open reopen their file
/// for each write.
#[derive(Debug)]
pub struct FileWriter {
    pub(super) shared: Arc<Shared>,
    /// Path in the archive; hard links refer to it.
    pub(super) entry: Vec<u8>,
    /// Path below the destination.
    pub(super) path: Vec<u8>,
    pub(super) metadata: Metadata,
    size: u64,
    /// What the caller knows the content by.
    pub(super) content: Option<ContentKey>,
    /// For a file that waits for its name: the directory that it is made in.
    pub(super) waits_in: Option<Vec<u8>>,
    /// End of the furthest write.
    end: u64,
    /// The file, from its creation until it has its name.
    pub(super) made: Option<Made>,
    open: Option<Opened>,
    /// Whether the file is one of those that may stay open.
    stays_open: bool,
}

/// How a file that was made is found again.
#[derive(Debug)]
pub(super) enum Made {
    /// By its temporary name; verified by its identity.
    Named { name: Vec<u8>, id: FileId },
    /// Only through its descriptor: it vanishes with the process.
    Unnamed,
}

#[derive(Debug)]
pub(super) struct Opened {
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
        let (end, made, open, stays_open) = (0, None, None, false);
        let (content, waits_in) = (None, None);
        FileWriter {
            shared,
            entry,
            path,
            metadata,
            size,
            content,
            waits_in,
            end,
            made,
            open,
            stays_open,
        }
    }

    /// Says what the caller knows the content by, for [`super::Restorer::open_made`].
    pub fn of_content(mut self, content: ContentKey) -> FileWriter {
        self.content = Some(content);
        self
    }

    /// Writes bytes at an offset; bytes that are never written stay a hole.
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
        let written = written.map_err(|error| TreeError::io(&opened.place.shown, "write", error));
        self.stays_open = self.stays_open || self.shared.open_files.claim();
        if self.stays_open {
            // Even after a failure: without a name it could not be opened again.
            self.open = Some(opened);
        }
        written?;
        self.end = self.end.max(end);
        Ok(())
    }

    /// Sets size, owner, attributes, mode and time, and gives the file its name, or keeps it
    /// for [`super::Restorer::install`]. Call it only if the digest of the written bytes is
    /// right.
    ///
    /// # Errors
    /// [`TreeError::Io`], or [`TreeError::Exists`] if something took the name
    /// meanwhile and the policy keeps it.
    pub fn commit(mut self) -> Result<(), TreeError> {
        if self.waits_in.is_some() {
            return self.stage(false);
        }
        let opened = self.take_open()?;
        let id = self.describe(&opened)?;
        if let Some(name) = self.install(&opened, self.shared.options.overwrite)? {
            self.shared.written(&self.entry, &opened.place, &name, id, self.content);
        }
        Ok(())
    }

    /// Gives a file with wrong or missing bytes a free name that says so: its own name
    /// followed by `.damaged`. Nothing is replaced.
    ///
    /// # Errors
    /// As [`FileWriter::commit`].
    pub fn keep_damaged(mut self) -> Result<(), TreeError> {
        if self.waits_in.is_some() {
            return self.stage(true);
        }
        let mut opened = self.take_open()?;
        self.describe(&opened)?;
        opened.place.name.extend(b".damaged");
        self.install(&opened, Overwrite::Rename).map(drop)
    }

    /// Sets everything but the name, and returns the file's identity.
    pub(super) fn describe(&self, opened: &Opened) -> Result<FileId, TreeError> {
        let Opened { place, file } = opened;
        if self.end < self.size {
            ftruncate(file, self.size).map_err(|error| place.failed("set the size", error))?;
        }
        let parent = place.parent.as_fd();
        let object = Object::Open(file.as_fd());
        let failures = self.shared.attributes.apply(&object, parent, &self.metadata);
        self.shared.note(&place.shown, failures);
        let status = fstat(file).map_err(|error| place.failed("read the attributes", error))?;
        Ok(FileId::from_stat(&status))
    }

    /// Gives the file its name; returns `None` if the policy keeps what is there.
    fn install(
        &mut self,
        opened: &Opened,
        policy: Overwrite,
    ) -> Result<Option<Vec<u8>>, TreeError> {
        let Opened { place, file } = opened;
        if matches!(self.made, Some(Made::Unnamed)) {
            if self.shared.is_abandoned() {
                return Err(place.failed("create", Errno::INTR));
            }
            let Some(installed) = place.install_unnamed(file.as_fd(), policy)? else {
                // An existing file is replaced by a rename, which needs a name.
                let link = |name: &[u8]| link_unnamed(file.as_fd(), place.parent.as_fd(), name);
                let (name, ()) = self.shared.make_named(place, "link", link)?;
                let id = FileId::from_stat(
                    &fstat(file).map_err(|error| place.failed("read the attributes", error))?,
                );
                self.made = Some(Made::Named { name, id });
                return self.install(opened, policy);
            };
            self.made = None;
            return Ok(installed);
        }
        let Some(Made::Named { name, .. }) = &self.made else {
            unreachable!("an open file was made")
        };
        let installed = place.install(name, policy)?;
        self.forget();
        Ok(installed)
    }

    /// Returns the open file, after making or reopening it if necessary.
    pub(super) fn take_open(&mut self) -> Result<Opened, TreeError> {
        if let Some(opened) = self.open.take() {
            return Ok(opened);
        }
        let place = self.place()?;
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let Some(Made::Named { name, id }) = &self.made else { return self.make(place, flags) };
        let file = openat(&place.parent, name, flags, Mode::empty());
        let file = file.map_err(|error| place.failed("open", error))?;
        let status = fstat(&file).map_err(|error| place.failed("read the attributes", error))?;
        if FileId::from_stat(&status) != *id {
            return Err(place.failed("find again", Errno::STALE));
        }
        Ok(Opened { place, file: file.into() })
    }

    /// Makes the file: without a name if it stays open and the file system supports
    /// that, else under a temporary name.
    fn make(&mut self, place: Place, flags: OFlags) -> Result<Opened, TreeError> {
        let mode = Mode::RUSR | Mode::WUSR;
        self.stays_open = self.stays_open || self.shared.open_files.claim();
        if self.stays_open && self.waits_in.is_none() && self.shared.leaves_unnamed(&place) {
            match openat(&place.parent, ".", flags | OFlags::TMPFILE, mode) {
                Ok(file) => {
                    if self.shared.is_abandoned() {
                        return Err(place.failed("create", Errno::INTR));
                    }
                    self.made = Some(Made::Unnamed);
                    return Ok(Opened { place, file: file.into() });
                }
                // Another file system may be mounted here.
                Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => {}
                Err(error) => return Err(place.failed("create", error)),
            }
        }
        let flags = flags | OFlags::CREATE | OFlags::EXCL;
        let make = |name: &[u8]| openat(&place.parent, name, flags, mode);
        let (name, file) = self.shared.make_named(&place, "create", make)?;
        let status = fstat(&file).map_err(|error| place.failed("read the attributes", error));
        let id = status.as_ref().map_or(FileId { device: 0, inode: 0 }, FileId::from_stat);
        self.made = Some(Made::Named { name, id });
        status?;
        Ok(Opened { place, file: file.into() })
    }

    /// Records that the temporary file no longer exists.
    fn forget(&mut self) {
        if let Some(Made::Named { name, .. }) = self.made.take() {
            let directory = self.waits_in.as_deref().unwrap_or(split_last(&self.path).0);
            self.shared.forget(&below(directory, &name));
        }
    }

    /// Returns the place that the file is made in.
    fn place(&self) -> Result<Place, TreeError> {
        match &self.waits_in {
            Some(directory) => self.shared.waiting_place(&self.path, directory),
            None => self.shared.place(&self.path),
        }
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        let open = self.open.take();
        if self.stays_open {
            self.shared.open_files.release();
        }
        if let Some(Made::Named { name, .. }) = &self.made {
            let place = open.map_or_else(|| self.place(), |opened| Ok(opened.place));
            if let Ok(place) = place {
                place.remove(name);
            }
        }
        self.forget();
    }
}

impl Shared {
    /// Returns whether files are made without a name. This is tried once, in the
    /// directory of the first file, because a file that cannot get a name later would
    /// be lost. Needs `O_TMPFILE`, hard links and `/proc`.
    fn leaves_unnamed(&self, place: &Place) -> bool {
        *self.unnamed.get_or_init(|| {
            let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
            let parent = place.parent.as_fd();
            let tried = match self.options.resolution {
                Resolution::Automatic => openat(parent, ".", flags, Mode::RUSR | Mode::WUSR),
                Resolution::Components => Err(Errno::OPNOTSUPP),
            };
            tried.is_ok_and(|file| {
                let link = |name: &[u8]| link_unnamed(file.as_fd(), parent, name);
                self.temporary(place, "link", link).is_ok() // removed at once
            })
        })
    }
}

/// The number of files that a restorer keeps open.
#[derive(Debug)]
pub(super) struct OpenFiles {
    count: AtomicU64,
    limit: u64,
}

impl OpenFiles {
    /// Allows a quarter of what this process may open: each file may also hold its
    /// directory open, and the rest of the program needs some descriptors.
    pub(super) fn new() -> OpenFiles {
        let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX) / 4;
        OpenFiles { count: AtomicU64::new(0), limit: limit.min(1024) }
    }

    /// Returns whether one more file may stay open, and counts it.
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
