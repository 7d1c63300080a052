//! The place of an entry, and what happens to an existing file there.

use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, FileType, RenameFlags};
use rustix::fs::{linkat, renameat, renameat_with, statat, unlinkat};
use rustix::io::Errno;
use std::path::PathBuf;
use std::sync::Arc;

use super::super::stat::modified;
use super::{Overwrite, TreeError};
use crate::entry::Timestamp;

/// How many names [`Overwrite::Rename`] tries.
const MOST_NAMES: u32 = 100_000;

/// A name in an open directory.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) parent: Arc<OwnedFd>,
    pub(super) name: Vec<u8>,
    /// Path of the directory below the destination.
    pub(super) directory: Vec<u8>,
    /// On disk, for messages.
    pub(super) shown: PathBuf,
}

impl Place {
    /// Returns whether the policy lets an entry be put here; `false` skips it silently.
    ///
    /// # Errors
    /// [`TreeError::Exists`], [`TreeError::Io`].
    pub(super) fn admits(&self, policy: Overwrite, time: Timestamp) -> Result<bool, TreeError> {
        let status = match statat(&self.parent, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(true),
            other => other.map_err(|error| self.failed("read the attributes", error))?,
        };
        let directory = FileType::from_raw_mode(status.st_mode) == FileType::Directory;
        match policy {
            Overwrite::Rename => Ok(true),
            Overwrite::Never => Ok(false),
            Overwrite::Newer if !directory => Ok(time > modified(&status)),
            Overwrite::Always if !directory => Ok(true),
            _ => Err(TreeError::Exists { path: self.shown.clone() }),
        }
    }

    /// Renames a temporary file of the same directory to this name, or to a similar
    /// one. On success the temporary name is gone. Returns `None` if the policy keeps a
    /// file that came here meanwhile.
    ///
    /// # Errors
    /// [`TreeError::Exists`], [`TreeError::Io`].
    pub(super) fn install(
        &self,
        temporary: &[u8],
        policy: Overwrite,
    ) -> Result<Option<Vec<u8>>, TreeError> {
        let outcome = match policy {
            Overwrite::Always | Overwrite::Newer => {
                let renamed = renameat(&self.parent, temporary, &self.parent, &self.name);
                // Renaming one name of a file to another of its names does nothing.
                renamed.inspect(|()| self.remove(temporary))
            }
            Overwrite::Refuse | Overwrite::Never => self.claim(temporary, &self.name),
            Overwrite::Rename => {
                return self.first_free(|name| self.claim(temporary, name)).map(Some);
            }
        };
        match outcome {
            Ok(()) => {}
            Err(Errno::EXIST) if policy == Overwrite::Never => {
                self.remove(temporary);
                return Ok(None);
            }
            Err(Errno::EXIST | Errno::ISDIR | Errno::NOTEMPTY) => {
                return Err(TreeError::Exists { path: self.shown.clone() });
            }
            Err(error) => return Err(self.failed("rename", error)),
        }
        Ok(Some(self.name.clone()))
    }

    /// Tries this name, then this name with a number, until one is free.
    fn first_free(
        &self,
        claim: impl Fn(&[u8]) -> rustix::io::Result<()>,
    ) -> Result<Vec<u8>, TreeError> {
        let mut name = self.name.clone();
        for number in 1..=MOST_NAMES {
            match claim(&name) {
                Ok(()) => return Ok(name),
                Err(Errno::EXIST) => {
                    name = [&self.name[..], format!(".{number}").as_bytes()].concat()
                }
                Err(error) => return Err(self.failed("rename", error)),
            }
        }
        Err(TreeError::Exists { path: self.shown.clone() })
    }

    /// Renames only if the name is free. File systems that cannot do that in one step
    /// link and unlink; on those without links (FAT) the name is checked first.
    fn claim(&self, temporary: &[u8], name: &[u8]) -> rustix::io::Result<()> {
        let parent = self.parent.as_fd();
        match renameat_with(parent, temporary, parent, name, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS) => {}
            other => return other,
        }
        match linkat(parent, temporary, parent, name, AtFlags::empty()) {
            Ok(()) => unlinkat(parent, temporary, AtFlags::empty()),
            Err(Errno::PERM | Errno::NOTSUP) => {
                match statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(_) => Err(Errno::EXIST),
                    Err(_) => renameat(parent, temporary, parent, name),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the path below the destination of a name in the same directory.
    pub(super) fn below(&self, name: &[u8]) -> Vec<u8> {
        below(&self.directory, name)
    }

    /// Gives an open file that has no name this name, or a similar one. Returns `None`
    /// if that needs renaming because the policy replaces an existing file, and
    /// `Some(None)` if the policy keeps it.
    ///
    /// # Errors
    /// [`TreeError::Exists`], [`TreeError::Io`].
    pub(super) fn install_unnamed(
        &self,
        file: BorrowedFd<'_>,
        policy: Overwrite,
    ) -> Result<Option<Option<Vec<u8>>>, TreeError> {
        let link = |name: &[u8]| link_unnamed(file, self.parent.as_fd(), name);
        match (link(&self.name), policy) {
            (Ok(()), _) => Ok(Some(Some(self.name.clone()))),
            (Err(Errno::EXIST), Overwrite::Always | Overwrite::Newer) => Ok(None),
            (Err(Errno::EXIST), Overwrite::Never) => Ok(Some(None)),
            (Err(Errno::EXIST), Overwrite::Rename) => {
                self.first_free(link).map(|name| Some(Some(name)))
            }
            (Err(Errno::EXIST), Overwrite::Refuse) => {
                Err(TreeError::Exists { path: self.shown.clone() })
            }
            (Err(error), _) => Err(self.failed("create", error)),
        }
    }

    /// Removes a temporary name, if it is still there.
    pub(super) fn remove(&self, temporary: &[u8]) {
        let _ = unlinkat(&self.parent, temporary, AtFlags::empty());
    }

    /// Removes an existing file other than a directory from the place of a directory;
    /// returns `false` if there is none.
    ///
    /// # Errors
    /// [`TreeError::Exists`] if the policy keeps it, [`TreeError::Io`].
    pub(super) fn make_way(&self, policy: Overwrite, time: Timestamp) -> Result<bool, TreeError> {
        let status = match statat(&self.parent, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(false),
            other => other.map_err(|error| self.failed("read the attributes", error))?,
        };
        let kind = FileType::from_raw_mode(status.st_mode);
        if kind == FileType::Directory {
            return Ok(false);
        }
        let replaces = match policy {
            Overwrite::Always => true,
            Overwrite::Newer => time > modified(&status),
            _ => false,
        };
        match (replaces, kind) {
            (true, _) => {}
            (false, FileType::Symlink) => return Ok(false), // opening it fails as unsafe
            (false, _) => return Err(TreeError::Exists { path: self.shown.clone() }),
        }
        let removed = unlinkat(&self.parent, &self.name, AtFlags::empty());
        removed.map_err(|error| self.failed("remove", error)).map(|()| true)
    }

    pub(super) fn failed(&self, operation: &'static str, error: Errno) -> TreeError {
        TreeError::io(&self.shown, operation, error)
    }
}

/// Returns the path below the destination of a name in a directory (empty at the top).
pub(super) fn below(directory: &[u8], name: &[u8]) -> Vec<u8> {
    let slash: &[u8] = if directory.is_empty() { b"" } else { b"/" };
    [directory, slash, name].concat()
}

/// Gives a name to an open file that has none. Needs `/proc`: without it, only root
/// could do that.
pub(super) fn link_unnamed(
    file: BorrowedFd<'_>,
    parent: BorrowedFd<'_>,
    name: &[u8],
) -> rustix::io::Result<()> {
    let itself = format!("/proc/self/fd/{}", file.as_raw_fd());
    linkat(CWD, itself, parent, name, AtFlags::SYMLINK_FOLLOW)
}
