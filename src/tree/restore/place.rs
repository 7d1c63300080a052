//! Where an entry goes, and what happens to what stands there.

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, RenameFlags};
use rustix::fs::{linkat, renameat, renameat_with, statat, unlinkat};
use rustix::io::Errno;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
    /// On disk, for messages.
    pub(super) shown: PathBuf,
}

impl Place {
    /// Whether the policy lets an entry be put here; `false` skips it silently.
    ///
    /// # Errors
    /// [`TreeError::Exists`], [`TreeError::Io`].
    pub(super) fn admits(&self, policy: Overwrite, time: Timestamp) -> Result<bool, TreeError> {
        let status = match statat(&self.parent, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(true),
            other => other.map_err(|error| self.failed("look at", error))?,
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

    /// Gives what stands under a temporary name in the same directory this
    /// name, or one like it. The temporary name is gone if this succeeds.
    /// `None` if the policy keeps what came here meanwhile.
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
                // Renaming one name of a file over another of it does nothing.
                renamed.inspect(|()| self.remove(temporary))
            }
            Overwrite::Refuse | Overwrite::Never => self.claim(temporary, &self.name),
            Overwrite::Rename => return self.install_renamed(temporary).map(Some),
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

    fn install_renamed(&self, temporary: &[u8]) -> Result<Vec<u8>, TreeError> {
        let mut name = self.name.clone();
        for number in 1..=MOST_NAMES {
            match self.claim(temporary, &name) {
                Ok(()) => return Ok(name),
                Err(Errno::EXIST) => {
                    name = [&self.name[..], format!(".{number}").as_bytes()].concat()
                }
                Err(error) => return Err(self.failed("rename", error)),
            }
        }
        Err(TreeError::Exists { path: self.shown.clone() })
    }

    /// Renames only if the name is free. File systems that cannot do that in
    /// one step link and unlink instead; those without links (FAT) look first.
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

    /// Makes something under a fresh temporary name.
    ///
    /// # Errors
    /// What `make` says, unless it says that the name is taken.
    pub(super) fn temporary<T>(
        &self,
        operation: &'static str,
        make: impl Fn(&[u8]) -> rustix::io::Result<T>,
    ) -> Result<(Vec<u8>, T), TreeError> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let name = format!(".pear-archive-{}-{number}", std::process::id()).into_bytes();
            match make(&name) {
                Ok(made) => return Ok((name, made)),
                Err(Errno::EXIST) => {} // left by a killed run with our number
                Err(error) => return Err(self.failed(operation, error)),
            }
        }
    }

    /// Removes a temporary name, if it is still there.
    pub(super) fn remove(&self, temporary: &[u8]) {
        let _ = unlinkat(&self.parent, temporary, AtFlags::empty());
    }

    pub(super) fn failed(&self, operation: &'static str, error: Errno) -> TreeError {
        TreeError::io(&self.shown, operation, error)
    }
}
