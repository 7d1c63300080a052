//! Putting entries back, without ever leaving the destination.

use std::path::Path;

use super::TreeError;
use crate::entry::{Entry, Metadata};

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
pub struct Restorer {}

impl Restorer {
    /// Opens the destination, which must exist.
    ///
    /// # Errors
    /// [`TreeError::Io`] if it cannot be opened or is no directory.
    pub fn new(destination: &Path, options: RestoreOptions) -> Result<Restorer, TreeError> {
        let _ = (destination, options);
        todo!()
    }

    /// Whether something other than a directory stands where `path` would be
    /// restored; lets a caller refuse before anything is written.
    ///
    /// # Errors
    /// [`TreeError::Unsafe`] as for restoring, [`TreeError::Io`] if it cannot
    /// be told.
    pub fn occupied(&self, path: &[u8]) -> Result<bool, TreeError> {
        let _ = path;
        todo!()
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
        let _ = (path, metadata, size);
        todo!()
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
        let _ = entry;
        todo!()
    }

    /// Makes hard links (only to files restored by this restorer), then
    /// symbolic links, then sets owners, attributes, modes and times of
    /// directories, deepest first. Returns everything that went wrong since
    /// [`Restorer::new`] and was not returned before: failed links, owners or
    /// attributes that could not be set. Call it even after a failure, so that
    /// directories get their modes.
    pub fn finish(self) -> Vec<TreeError> {
        todo!()
    }
}

/// A regular file being restored: under a temporary name and readable by its
/// owner only until [`FileWriter::commit`]. Dropping it removes the file.
pub struct FileWriter {}

impl FileWriter {
    /// Writes bytes at an offset; what is never written stays a hole.
    ///
    /// # Errors
    /// [`TreeError::Io`] if the disk is full or fails.
    ///
    /// # Panics
    /// If the bytes reach beyond the size given to [`Restorer::file`].
    pub fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), TreeError> {
        let _ = (offset, bytes);
        todo!()
    }

    /// Sets size, owner, attributes, mode and time, and gives the file its
    /// name. Call it only when the digest of what was written is right.
    ///
    /// # Errors
    /// [`TreeError::Io`], or [`TreeError::Exists`] if something took the name
    /// meanwhile and the policy keeps it.
    pub fn commit(self) -> Result<(), TreeError> {
        todo!()
    }
}
