//! Resolving paths beneath a directory handle.
//!
//! If the kernel has `openat2`, it resolves a path in one call. A path that it refuses
//! is resolved again component by component: the answer is the same, and shows which
//! component was wrong.

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags};
use rustix::fs::{mkdirat, openat, openat2, statat, sync, syncfs};
use rustix::io::Errno;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::names::{and_above, disk_path, split_last};
use super::{Resolution, TreeError};

/// Opens directories for look-ups only; never follows a link as the last component.
const DIRECTORY: OFlags =
    OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

const BENEATH: ResolveFlags =
    ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);

/// Handles a missing component, given the open directory and the path so far; returns
/// whether it was made.
type Missing<'a> = dyn FnMut(&OwnedFd, &[u8]) -> Result<bool, TreeError> + 'a;

/// The destination directory.
#[derive(Debug)]
pub(super) struct Root {
    descriptor: OwnedFd,
    path: PathBuf,
    /// Set once the kernel is known to lack `openat2`.
    by_components: AtomicBool,
}

impl Root {
    /// Opens the destination. Links in its own path are followed, because the user
    /// named it.
    pub(super) fn open(path: &Path, resolution: Resolution) -> Result<Root, TreeError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let descriptor = rustix::fs::open(path, flags, Mode::empty())
            .map_err(|error| TreeError::io(path, "open the directory", error))?;
        let by_components = AtomicBool::new(resolution == Resolution::Components);
        Ok(Root { descriptor, path: path.to_owned(), by_components })
    }

    /// Writes all changes of the destination's file system to the disk.
    ///
    /// # Errors
    /// [`TreeError::Io`]: restored files may not be on the disk.
    pub(super) fn sync(&self) -> Result<(), TreeError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match openat(&self.descriptor, ".", flags, Mode::empty()) {
            Ok(directory) => {
                syncfs(directory).map_err(|error| TreeError::io(&self.path, "sync", error))
            }
            Err(_) => {
                sync(); // the directory is writable but not readable
                Ok(())
            }
        }
    }

    /// Returns the place of a path on disk, for messages.
    pub(super) fn shown(&self, path: &[u8]) -> PathBuf {
        self.path.join(disk_path(path))
    }

    /// Opens an existing directory; `path` is a checked path, empty for the root.
    ///
    /// # Errors
    /// [`TreeError::Unsafe`] if there is a link in the path, [`TreeError::Io`].
    pub(super) fn directory(&self, path: &[u8]) -> Result<OwnedFd, TreeError> {
        match self.directly(path) {
            Some(descriptor) => Ok(descriptor),
            None => {
                let mut missing = |_: &OwnedFd, prefix: &[u8]| {
                    let missing = std::io::Error::from(Errno::NOENT);
                    Err(TreeError::io(self.shown(prefix), "open the directory", missing))
                };
                self.by_components(path, &mut missing, &mut |_, _| {})
            }
        }
    }

    /// Opens the deepest directory of a path that is there, and returns it with its path.
    ///
    /// # Errors
    /// [`TreeError::Io`] if the destination itself cannot be opened.
    pub(super) fn deepest<'a>(&self, path: &'a [u8]) -> Result<(OwnedFd, &'a [u8]), TreeError> {
        if let Some(descriptor) = self.directly(path) {
            return Ok((descriptor, path));
        }
        let mut current = openat(&self.descriptor, ".", DIRECTORY, Mode::empty())
            .map_err(|error| TreeError::io(&self.path, "open the directory", error))?;
        let mut there = &path[..0];
        for prefix in and_above(path) {
            match openat(&current, split_last(prefix).1, DIRECTORY, Mode::empty()) {
                Ok(opened) => (current, there) = (opened, prefix),
                Err(_) => break,
            }
        }
        Ok((current, there))
    }

    /// Opens a directory, after making it and those above it with mode 0700 if they are
    /// missing; `made` is called for each one made, with its handle.
    pub(super) fn make_directory(
        &self,
        path: &[u8],
        made: &mut dyn FnMut(&[u8], &OwnedFd),
    ) -> Result<OwnedFd, TreeError> {
        if let Some(descriptor) = self.directly(path) {
            return Ok(descriptor);
        }
        let mut missing = |parent: &OwnedFd, prefix: &[u8]| {
            match mkdirat(parent, split_last(prefix).1, Mode::RWXU) {
                Ok(()) => Ok(true),
                Err(Errno::EXIST) => Ok(false), // another thread was faster
                Err(error) => Err(TreeError::io(self.shown(prefix), "make the directory", error)),
            }
        };
        self.by_components(path, &mut missing, made)
    }

    /// Resolves with one `openat2`; returns `None` if that failed for any reason.
    fn directly(&self, path: &[u8]) -> Option<OwnedFd> {
        if self.by_components.load(Ordering::Relaxed) {
            return None;
        }
        let path = if path.is_empty() { b"." } else { path };
        match openat2(&self.descriptor, path, DIRECTORY, Mode::empty(), BENEATH) {
            Ok(descriptor) => Some(descriptor),
            Err(error) => {
                if error == Errno::NOSYS {
                    self.by_components.store(true, Ordering::Relaxed);
                }
                None
            }
        }
    }

    /// Opens one component after the other without following links. Checked paths have
    /// no `..`, so this cannot leave the root. After `missing` returns, the component
    /// is tried once more, and `made` is called if it was made.
    fn by_components(
        &self,
        path: &[u8],
        missing: &mut Missing<'_>,
        made: &mut dyn FnMut(&[u8], &OwnedFd),
    ) -> Result<OwnedFd, TreeError> {
        let mut current = openat(&self.descriptor, ".", DIRECTORY, Mode::empty())
            .map_err(|error| TreeError::io(&self.path, "open the directory", error))?;
        let mut start = 0;
        while start < path.len() {
            let length = path[start..].iter().position(|&byte| byte == b'/');
            let end = length.map_or(path.len(), |length| start + length);
            let (name, prefix) = (&path[start..end], &path[..end]);
            let mut opened = openat(&current, name, DIRECTORY, Mode::empty());
            let mut is_new = false;
            if matches!(opened, Err(Errno::NOENT)) {
                is_new = missing(&current, prefix)?;
                opened = openat(&current, name, DIRECTORY, Mode::empty());
            }
            current = opened.map_err(|error| self.refused(&current, name, prefix, error))?;
            if is_new {
                made(prefix, &current);
            }
            start = end + 1;
        }
        Ok(current)
    }

    /// Returns the error for a component that is not a directory.
    fn refused(&self, parent: &OwnedFd, name: &[u8], prefix: &[u8], error: Errno) -> TreeError {
        let status = statat(parent.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW);
        let is_link =
            status.is_ok_and(|status| FileType::from_raw_mode(status.st_mode) == FileType::Symlink);
        if is_link {
            let cause = "a symbolic link is in the place of a directory";
            return TreeError::Unsafe { path: self.shown(prefix), cause };
        }
        TreeError::io(self.shown(prefix), "open the directory", error)
    }
}
