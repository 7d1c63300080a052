//! Restoring entries, without ever leaving the destination.
//!
//! Every operation names one component in an open directory. Directories are opened
//! beneath the destination without following links (`resolve`). Files get their names
//! only when they are complete (`file`, `place`). Links come after all files, and
//! directory metadata comes last (`finish`), so that nothing restored can redirect or
//! hinder what follows.

mod acl;
mod attributes;
mod file;
mod finish;
mod object;
mod place;
mod resolve;
mod special;
mod staged;
mod temporary;

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, fstat, statat};
use rustix::io::Errno;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use self::attributes::{Attributes, Failures};
pub use self::file::FileWriter;
use self::file::OpenFiles;
use self::place::Place;
use self::resolve::Root;
pub use self::staged::MadeFile;
use self::staged::Staged;
use super::names::{check_path, split_last};
use super::{FileId, Property, Registration, TreeError, register, remove_leftovers};
use crate::entry::{Entry, Kind, Metadata};

/// What to do if something exists at an entry's path.
///
/// Under every policy, a directory is never replaced by something else, and an existing
/// directory is always used for a directory entry. The policies that replace things
/// also replace other files by a directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overwrite {
    /// Refuse the entry with [`TreeError::Exists`].
    #[default]
    Refuse,
    /// Keep what exists, silently.
    Never,
    /// Replace it.
    Always,
    /// Replace it if the entry was modified later.
    Newer,
    /// Restore under a new name: `notes.txt` becomes `notes.txt.1`.
    Rename,
}

/// How paths are resolved beneath the destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resolution {
    /// Uses `openat2` if the kernel has it, else resolves component by component. Files
    /// have no name until they are complete, if the file system supports that.
    #[default]
    Automatic,
    /// Always resolves component by component with `O_NOFOLLOW` and gives unfinished
    /// files temporary names, as on systems that support nothing better.
    Components,
}

/// Options for restoring entries.
#[derive(Clone, Debug, Default)]
pub struct RestoreOptions {
    /// What to do with existing files.
    pub overwrite: Overwrite,
    /// `-p`: keep setuid, setgid and sticky bits and all extended attributes,
    /// and (as root) create device nodes.
    pub preserve: bool,
    /// Restore owners by number even if this system knows the name.
    pub numeric_owner: bool,
    /// Leading components to remove; entries with no more than that are skipped.
    pub strip_components: usize,
    /// How to resolve paths.
    pub resolution: Resolution,
}

/// A restorer of entries beneath one directory.
///
/// Nothing is resolved through a symbolic link or out of the directory, whatever exists
/// there or is put there meanwhile. Threads can share it, and entries may come in any
/// order.
#[derive(Debug)]
pub struct Restorer {
    shared: Arc<Shared>,
}

/// The state that a restorer and its open files share.
#[derive(Debug)]
struct Shared {
    options: RestoreOptions,
    root: Root,
    attributes: Attributes,
    open_files: OpenFiles,
    /// Whether files wait for [`Restorer::install`].
    staging: AtomicBool,
    /// Whether files are made without a name, once that was tried.
    unnamed: OnceLock<bool>,
    state: Mutex<State>,
    _registration: Registration,
}

/// Files on disk, with the property of each that could not be set.
type NotSet = Vec<(PathBuf, Property)>;

/// State of a restorer. Paths are below the destination, after stripping, unless stated
/// otherwise.
#[derive(Debug, Default)]
struct State {
    /// The directory used last, because entries of one directory come together.
    recent: Option<(Vec<u8>, Arc<OwnedFd>)>,
    /// Directories to finish at the end.
    directories: BTreeMap<Vec<u8>, Directory>,
    /// Every file that a hard link can lead to, by its path in the archive; `None`
    /// until it is restored.
    written: BTreeMap<Vec<u8>, Option<Written>>,
    /// Complete files that wait for their names, by their paths in the archive.
    staged: BTreeMap<Vec<u8>, Staged>,
    /// Unfinished files, under their temporary names.
    temporaries: HashSet<Vec<u8>>,
    /// Directories that were searched for leftovers of killed runs.
    swept: HashSet<Vec<u8>>,
    /// Whether they were removed because the process ends.
    abandoned: bool,
    /// By their paths in the archive.
    hard_links: BTreeMap<Vec<u8>, HardLink>,
    symlinks: BTreeMap<Vec<u8>, Symlink>,
    /// Properties that could not be set, by the class of the property and the number of
    /// the system's error.
    not_set: BTreeMap<(Vec<u8>, i32), NotSet>,
    /// Files removed to make room for directories, by their paths on disk.
    removed: Vec<PathBuf>,
}

/// A directory that gets its metadata at the end.
#[derive(Debug)]
struct Directory {
    /// Its identity when it was made or found: by the end, another directory may have
    /// its name.
    id: FileId,
    /// Whether this run made it.
    made: bool,
    /// `None` if no entry describes it.
    metadata: Option<Metadata>,
}

/// A file this restorer made.
#[derive(Clone, Debug)]
struct Written {
    path: Vec<u8>,
    id: FileId,
    /// What the caller knows its content by.
    content: Option<ContentKey>,
}

/// What a caller knows a content by: two numbers of its own.
pub type ContentKey = (u64, u64);

#[derive(Debug)]
struct HardLink {
    path: Vec<u8>,
    /// Path in the archive.
    target: Vec<u8>,
    metadata: Metadata,
}

#[derive(Debug)]
struct Symlink {
    path: Vec<u8>,
    target: Vec<u8>,
    metadata: Metadata,
}

impl Restorer {
    /// Opens the destination, which must exist, and removes leftovers of killed runs
    /// from it. Directories below are cleaned before the first temporary name is used
    /// in them.
    ///
    /// # Errors
    /// [`TreeError::Io`] if it cannot be opened or is no directory.
    pub fn new(destination: &Path, options: RestoreOptions) -> Result<Restorer, TreeError> {
        let root = Root::open(destination, options.resolution)?;
        remove_leftovers(destination);
        let attributes = Attributes::new(options.preserve, options.numeric_owner);
        let (open_files, state) = (OpenFiles::new(), Mutex::default());
        let shared = Arc::new_cyclic(|shared: &Weak<Shared>| {
            let shared = Weak::clone(shared);
            let abandon = move || shared.upgrade().iter().for_each(|shared| shared.abandon());
            let unnamed = OnceLock::new();
            let _registration = register(abandon);
            let staging = AtomicBool::new(false);
            Shared { options, root, attributes, open_files, staging, unnamed, state, _registration }
        });
        Ok(Restorer { shared })
    }

    /// Returns whether something other than a directory exists where `path` would be
    /// restored, so that a caller can refuse before anything is written. A name that
    /// the file system cannot hold does not exist: restoring it fails, but hinders
    /// nothing else.
    ///
    /// # Errors
    /// [`TreeError::Unsafe`] as for restoring, [`TreeError::Io`] if the system cannot
    /// tell.
    pub fn occupied(&self, path: &[u8]) -> Result<bool, TreeError> {
        let Some(path) = self.shared.destination(path)? else { return Ok(false) };
        let (parent, name) = split_last(path);
        let parent = match self.shared.root.directory(parent) {
            Err(TreeError::Io { source, .. }) if is_absent(&source) => return Ok(false),
            other => other?,
        };
        match statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(status) => Ok(FileType::from_raw_mode(status.st_mode) != FileType::Directory),
            Err(error) if is_absent(&error.into()) => Ok(false),
            Err(error) => {
                Err(TreeError::io(self.shared.root.shown(path), "read the attributes", error))
            }
        }
    }

    /// Returns the paths on disk of files that were removed, since the last call, to
    /// make room for directories.
    pub fn take_removed(&self) -> Vec<PathBuf> {
        std::mem::take(&mut self.shared.state().removed)
    }

    /// Starts a regular file of `size` bytes. `None` if the policy or
    /// `strip_components` skips it.
    ///
    /// # Errors
    /// [`TreeError::Unsafe`], [`TreeError::Exists`], [`TreeError::Io`].
    pub fn file(
        &self,
        path: &[u8],
        metadata: &Metadata,
        size: u64,
    ) -> Result<Option<FileWriter>, TreeError> {
        if self.shared.staging.load(Ordering::Relaxed) {
            return self.shared.staged_file(path, metadata, size);
        }
        self.shared.state().written.insert(path.to_vec(), None);
        let Some(below) = self.shared.destination(path)? else { return Ok(None) };
        let admitted = self.shared.admitted(path, metadata)?;
        Ok(admitted.map(|_| FileWriter::new(&self.shared, path, below, metadata, size)))
    }

    /// Restores an entry that is not a regular file. Directories and special files are
    /// made at once; links are checked now and made by [`Restorer::finish`]. Returns
    /// `false` if the policy or `strip_components` skips the entry.
    ///
    /// # Errors
    /// [`TreeError::Unsafe`], [`TreeError::Exists`], [`TreeError::Io`];
    /// [`TreeError::LeftOut`] for a device node this user may not make.
    ///
    /// # Panics
    /// If the entry is a regular file.
    pub fn other(&self, entry: &Entry) -> Result<bool, TreeError> {
        let shared = &self.shared;
        let metadata = || entry.metadata.clone();
        let Some(path) = shared.destination(&entry.path)?.map(<[u8]>::to_vec) else {
            return Ok(false);
        };
        match &entry.kind {
            Kind::File(_) => panic!("regular files are restored by Restorer::file"),
            Kind::Directory => return shared.directory(&path, &entry.metadata).map(|()| true),
            Kind::Symlink { target } => {
                shared.state().written.insert(entry.path.clone(), None);
                if shared.admitted(&entry.path, &entry.metadata)?.is_none() {
                    return Ok(false);
                }
                let link = Symlink { path, target: target.clone(), metadata: metadata() };
                shared.state().symlinks.insert(entry.path.clone(), link);
            }
            Kind::HardLink { target } => {
                check_path(target)?;
                if shared.admitted(&entry.path, &entry.metadata)?.is_none() {
                    return Ok(false);
                }
                let link = HardLink { path, target: target.clone(), metadata: metadata() };
                shared.state().hard_links.insert(entry.path.clone(), link);
            }
            Kind::Fifo => return shared.special(entry, FileType::Fifo, 0, 0),
            &Kind::CharacterDevice { major, minor } => {
                return shared.special(entry, FileType::CharacterDevice, major, minor);
            }
            &Kind::BlockDevice { major, minor } => {
                return shared.special(entry, FileType::BlockDevice, major, minor);
            }
        }
        Ok(true)
    }
}

/// Returns whether nothing has a name, or nothing can have it: it is too long, or has
/// bytes that the file system refuses.
fn is_absent(error: &std::io::Error) -> bool {
    let absent = [Errno::NOENT, Errno::NAMETOOLONG, Errno::INVAL, Errno::ILSEQ];
    error.raw_os_error().is_some_and(|number| absent.contains(&Errno::from_raw_os_error(number)))
}

impl Shared {
    /// Locks the state. Nothing done under the lock can panic half way, so a poisoned
    /// lock is sound.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the path below the destination; `None` if nothing is left after
    /// stripping.
    fn destination<'a>(&self, path: &'a [u8]) -> Result<Option<&'a [u8]>, TreeError> {
        check_path(path)?;
        let mut rest = path;
        for _ in 0..self.options.strip_components {
            match rest.iter().position(|&byte| byte == b'/') {
                Some(slash) => rest = &rest[slash + 1..],
                None => return Ok(None),
            }
        }
        Ok(Some(rest))
    }

    /// Returns the place of an entry that the policy admits, after making the
    /// directories above.
    fn admitted(&self, path: &[u8], metadata: &Metadata) -> Result<Option<Place>, TreeError> {
        let Some(path) = self.destination(path)? else { return Ok(None) };
        let place = self.place(path)?;
        let admitted = place.admits(self.options.overwrite, metadata.modified)?;
        Ok(admitted.then_some(place))
    }

    /// Returns the place of a path below the destination, after making the directories
    /// above.
    fn place(&self, path: &[u8]) -> Result<Place, TreeError> {
        let (parent, name) = split_last(path);
        let recent = match &self.state().recent {
            Some((recent, descriptor)) if recent == parent => Some(Arc::clone(descriptor)),
            _ => None,
        };
        let parent = match recent {
            Some(parent) => parent,
            None => {
                let descriptor = Arc::new(self.open_or_make(parent)?);
                self.state().recent = Some((parent.to_vec(), Arc::clone(&descriptor)));
                descriptor
            }
        };
        let directory = split_last(path).0.to_vec();
        Ok(Place { parent, name: name.to_vec(), directory, shown: self.root.shown(path) })
    }

    fn open_or_make(&self, path: &[u8]) -> Result<OwnedFd, TreeError> {
        self.root.make_directory(path, &mut |made, directory| {
            if let Ok(status) = fstat(directory) {
                let id = FileId::from_stat(&status);
                let made_now = Directory { id, made: true, metadata: None };
                self.state().directories.insert(made.to_vec(), made_now);
            }
        })
    }

    /// Makes or adopts a directory. An existing directory keeps its metadata unless the
    /// policy replaces things.
    fn directory(&self, path: &[u8], metadata: &Metadata) -> Result<(), TreeError> {
        let place = self.place(path)?;
        if place.make_way(self.options.overwrite, metadata.modified)? {
            self.state().removed.push(place.shown.clone());
        }
        let directory = self.open_or_make(path)?;
        let status =
            fstat(&directory).map_err(|error| place.failed("read the attributes", error))?;
        let id = FileId::from_stat(&status);
        let replaces = matches!(self.options.overwrite, Overwrite::Always | Overwrite::Newer);
        let mut state = self.state();
        match state.directories.get_mut(path) {
            Some(known) => known.metadata = Some(metadata.clone()),
            None if replaces => {
                let (made, metadata) = (false, Some(metadata.clone()));
                state.directories.insert(path.to_vec(), Directory { id, made, metadata });
            }
            None => {}
        }
        Ok(())
    }

    /// Records a file, so that hard links to it can be made.
    fn written(
        &self,
        entry: &[u8],
        place: &Place,
        name: &[u8],
        id: FileId,
        content: Option<ContentKey>,
    ) {
        let written = Written { path: place.below(name), id, content };
        self.state().written.insert(entry.to_vec(), Some(written));
    }

    /// Records what could not be set, to be reported once for each cause.
    fn note(&self, path: &Path, failures: Failures) {
        for (property, error) in failures {
            let cause = (property.class().to_vec(), error.raw_os_error());
            let mut state = self.state();
            state.not_set.entry(cause).or_default().push((path.to_owned(), property));
        }
    }

    fn not_set(&self) -> Vec<TreeError> {
        let all = std::mem::take(&mut self.state().not_set).into_iter();
        let error = |((_, number), entries)| {
            let source = std::io::Error::from_raw_os_error(number);
            TreeError::NotSet { entries, source }
        };
        all.map(error).collect()
    }
}
