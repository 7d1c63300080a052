//! Putting entries back, without ever leaving the destination.
//!
//! Every operation names one component in an open directory; directories are
//! opened beneath the destination without following links (`resolve`). Files
//! appear under their name only when they are complete (`file`, `place`).
//! Links come after all files and directory metadata last (`finish`), so that
//! nothing restored can redirect or hinder what follows.

mod attributes;
mod file;
mod finish;
mod place;
mod resolve;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, fstat, makedev, mknodat, openat, statat, unlinkat,
};
use rustix::io::Errno;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use self::attributes::{Attributes, Failures};
pub use self::file::FileWriter;
use self::file::OpenFiles;
use self::place::Place;
use self::resolve::Root;
use super::abandon::lock_soon;
use super::names::{check_path, disk_path, split_last};
use super::{FileId, Registration, TreeError, register};
use crate::entry::{Entry, Kind, Metadata};

/// What to do when something stands where an entry goes.
///
/// Whatever the policy, a directory is never replaced by something else, and
/// an existing directory is always used for a directory entry.
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
    /// `openat2` where the kernel has it, else component by component.
    #[default]
    Automatic,
    /// Always component by component with `O_NOFOLLOW`.
    Components,
}

/// How entries are restored.
#[derive(Clone, Debug, Default)]
pub struct RestoreOptions {
    /// What to do with existing files.
    pub overwrite: Overwrite,
    /// `-p`: keep setuid, setgid and sticky bits and all extended attributes,
    /// and (as root) create device nodes.
    pub preserve: bool,
    /// Restore owners by number even where this system knows the name.
    pub numeric_owner: bool,
    /// Leading components to drop; entries with no more than that are skipped.
    pub strip_components: usize,
    /// How to resolve paths.
    pub resolution: Resolution,
}

/// Restores entries beneath one directory.
///
/// Nothing is resolved through a symbolic link or out of the directory,
/// whatever stands there or is put there meanwhile. Can be shared by threads;
/// entries may come in any order.
#[derive(Debug)]
pub struct Restorer {
    shared: Arc<Shared>,
}

/// What a restorer and its open files share.
#[derive(Debug)]
struct Shared {
    options: RestoreOptions,
    root: Root,
    attributes: Attributes,
    open_files: OpenFiles,
    state: Mutex<State>,
    _registration: Registration,
}

/// Paths are below the destination, after stripping, unless said otherwise.
#[derive(Debug, Default)]
struct State {
    /// The directory used last: entries of one directory come together.
    recent: Option<(Vec<u8>, Arc<OwnedFd>)>,
    /// Directories to be finished; `None` for those no entry speaks of.
    directories: BTreeMap<Vec<u8>, Option<Metadata>>,
    /// Files tried, by their path in the archive; `None` until restored.
    written: HashMap<Vec<u8>, Option<Written>>,
    /// Unfinished files, under their temporary names.
    temporaries: HashSet<Vec<u8>>,
    /// Set when they were removed because the process ends.
    abandoned: bool,
    hard_links: Vec<HardLink>,
    symlinks: Vec<Symlink>,
    warnings: Vec<TreeError>,
}

/// A file this restorer made.
#[derive(Clone, Debug)]
struct Written {
    path: Vec<u8>,
    id: FileId,
}

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
    /// Opens the destination, which must exist.
    ///
    /// # Errors
    /// [`TreeError::Io`] if it cannot be opened or is no directory.
    pub fn new(destination: &Path, options: RestoreOptions) -> Result<Restorer, TreeError> {
        let root = Root::open(destination, options.resolution)?;
        let attributes = Attributes::new(options.preserve, options.numeric_owner);
        let (open_files, state) = (OpenFiles::new(), Mutex::default());
        let shared = Arc::new_cyclic(|shared: &Weak<Shared>| {
            let shared = Weak::clone(shared);
            let abandon = move || shared.upgrade().iter().for_each(|shared| shared.abandon());
            let registration = register(abandon);
            Shared { options, root, attributes, open_files, state, _registration: registration }
        });
        Ok(Restorer { shared })
    }

    /// Whether something other than a directory stands where `path` would be
    /// restored; lets a caller refuse before anything is written.
    ///
    /// # Errors
    /// [`TreeError::Unsafe`] as for restoring, [`TreeError::Io`] if it cannot
    /// be told.
    pub fn occupied(&self, path: &[u8]) -> Result<bool, TreeError> {
        let Some(path) = self.shared.destination(path)? else { return Ok(false) };
        let (parent, name) = split_last(path);
        let parent = match self.shared.root.directory(parent) {
            Err(TreeError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Ok(false);
            }
            other => other?,
        };
        match statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(status) => Ok(FileType::from_raw_mode(status.st_mode) != FileType::Directory),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(TreeError::io(self.shared.root.shown(path), "look at", error)),
        }
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
        self.shared.state().written.insert(path.to_vec(), None);
        let Some(below) = self.shared.destination(path)? else { return Ok(None) };
        let admitted = self.shared.admitted(path, metadata)?;
        Ok(admitted.map(|_| FileWriter::new(&self.shared, path, below, metadata, size)))
    }

    /// Restores an entry that is no regular file. Directories and special
    /// files are made at once; links are checked now and made by
    /// [`Restorer::finish`]. `false` if the policy or `strip_components` skips it.
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
                if shared.admitted(&entry.path, &entry.metadata)?.is_none() {
                    return Ok(false);
                }
                let link = Symlink { path, target: target.clone(), metadata: metadata() };
                shared.state().symlinks.push(link);
            }
            Kind::HardLink { target } => {
                check_path(target)?;
                if shared.admitted(&entry.path, &entry.metadata)?.is_none() {
                    return Ok(false);
                }
                let link = HardLink { path, target: target.clone(), metadata: metadata() };
                shared.state().hard_links.push(link);
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

impl Shared {
    /// Nothing done under the lock can panic half way, so a poisoned one is sound.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The path below the destination; `None` if nothing is left after stripping.
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

    /// The place of an entry that the policy admits, directories above made.
    fn admitted(&self, path: &[u8], metadata: &Metadata) -> Result<Option<Place>, TreeError> {
        let Some(path) = self.destination(path)? else { return Ok(None) };
        let place = self.place(path)?;
        let admitted = place.admits(self.options.overwrite, metadata.modified)?;
        Ok(admitted.then_some(place))
    }

    /// The place of a path below the destination, directories above made.
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
        Ok(Place { parent, name: name.to_vec(), shown: self.root.shown(path) })
    }

    fn open_or_make(&self, path: &[u8]) -> Result<OwnedFd, TreeError> {
        self.root.make_directory(path, &mut |made| {
            self.state().directories.insert(made.to_vec(), None);
        })
    }

    /// Makes or adopts a directory. One that was there before keeps its
    /// metadata unless the policy replaces things.
    fn directory(&self, path: &[u8], metadata: &Metadata) -> Result<(), TreeError> {
        self.open_or_make(path)?;
        let replaces = matches!(self.options.overwrite, Overwrite::Always | Overwrite::Newer);
        let mut state = self.state();
        if replaces || state.directories.contains_key(path) {
            state.directories.insert(path.to_vec(), Some(metadata.clone()));
        }
        Ok(())
    }

    /// Makes a fifo or device node.
    fn special(
        &self,
        entry: &Entry,
        kind: FileType,
        major: u32,
        minor: u32,
    ) -> Result<bool, TreeError> {
        self.state().written.insert(entry.path.clone(), None);
        if kind != FileType::Fifo && !self.attributes.devices() {
            let cause = "device nodes are made only by root and with --preserve";
            return Err(TreeError::LeftOut { path: disk_path(&entry.path), cause });
        }
        let Some(place) = self.admitted(&entry.path, &entry.metadata)? else { return Ok(false) };
        let (temporary, ()) = place.temporary("create", |name| {
            mknodat(&place.parent, name, kind, Mode::RUSR | Mode::WUSR, makedev(major, minor))
        })?;
        self.complete(&place, &temporary, kind, &entry.path, &entry.metadata)
    }

    /// Gives something just made under a temporary name its metadata and name.
    fn complete(
        &self,
        place: &Place,
        temporary: &[u8],
        kind: FileType,
        entry: &[u8],
        metadata: &Metadata,
    ) -> Result<bool, TreeError> {
        let parent = place.parent.as_fd();
        let failures = self.attributes.apply_unopened(parent, temporary, kind, metadata);
        self.note(&place.shown, failures);
        let installed = place.install(temporary, self.options.overwrite);
        let Some(name) = installed.inspect_err(|_| place.remove(temporary))? else {
            return Ok(false);
        };
        if kind != FileType::Symlink {
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let made = openat(parent, &name, flags, Mode::empty());
            let made = made.map_err(|error| place.failed("look at", error))?;
            self.written(entry, place, &name, made.as_fd())?;
        }
        Ok(true)
    }

    /// Remembers a file, so that hard links to it can be made.
    fn written(
        &self,
        entry: &[u8],
        place: &Place,
        name: &[u8],
        file: BorrowedFd<'_>,
    ) -> Result<(), TreeError> {
        let status = fstat(file).map_err(|error| place.failed("look at", error))?;
        // The path is the entry's, stripped, with the name it really got.
        let stripped = self.destination(entry)?.expect("a stripped-away entry is never written");
        let mut path = split_last(stripped).0.to_vec();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        let written = Written { path, id: FileId::from_stat(&status) };
        self.state().written.insert(entry.to_vec(), Some(written));
        Ok(())
    }

    /// Removes all unfinished files, and keeps new ones from being made.
    fn abandon(&self) {
        let Some(mut state) = lock_soon(&self.state) else { return };
        state.abandoned = true;
        for path in state.temporaries.drain() {
            let (parent, name) = split_last(&path);
            if let Ok(parent) = self.root.directory(parent) {
                let _ = unlinkat(parent, name, AtFlags::empty());
            }
        }
    }

    /// Keeps what could not be set as warnings.
    fn note(&self, path: &Path, failures: Failures) {
        if !failures.is_empty() {
            let warnings = failures
                .into_iter()
                .map(|(operation, error)| TreeError::io(path, operation, error));
            self.state().warnings.extend(warnings);
        }
    }
}
