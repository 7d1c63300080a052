//! The archive file: whole under its name, or not there at all.

use super::ArchiveError;
use crate::tree::{FileId, Registration, register};
use std::fs::{self, File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file written beside its final name. Dropping it removes it and leaves
/// what had the name before untouched.
pub(super) struct Output {
    file: NamedTempFile,
    path: PathBuf,
    replaced: Option<Metadata>,
    registration: Registration,
}

impl Output {
    /// Starts a file that will replace `path`, or what `path` links to.
    ///
    /// # Errors
    /// [`ArchiveError::Io`] if the directory cannot be written to, or if
    /// something other than a regular file has the name.
    pub fn new(path: &Path) -> Result<Output, ArchiveError> {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let replaced = fs::metadata(&path).ok();
        if replaced.as_ref().is_some_and(|replaced| !replaced.is_file()) {
            let source = io::Error::other("not a regular file");
            return Err(failed(&path, "replace", source));
        }
        // The umask still takes its part of this.
        let permissions = Permissions::from_mode(0o666);
        let file = tempfile::Builder::new()
            .prefix(".pear-archive-")
            .suffix(".partial")
            .permissions(permissions)
            .tempfile_in(directory(&path))
            // The source says again where it was.
            .map_err(|source| {
                failed(directory(&path), "create a file there", source.kind().into())
            })?;
        let temporary = file.path().to_owned();
        let registration = register(move || drop(fs::remove_file(&temporary)));
        Ok(Output { file, path, replaced, registration })
    }

    /// The file to write to.
    pub fn file(&self) -> &File {
        self.file.as_file()
    }

    /// What must not be archived: the file itself, and the one it replaces.
    pub fn identities(&self) -> Vec<FileId> {
        let written = self.file().metadata().ok();
        let both = [written.as_ref(), self.replaced.as_ref()].into_iter().flatten();
        both.map(|file| FileId { device: file.dev(), inode: file.ino() }).collect()
    }

    /// Makes the bytes durable, then gives them their name, then makes the
    /// name durable.
    ///
    /// # Errors
    /// [`ArchiveError::Io`]; before the renaming nothing has changed.
    pub fn commit(self) -> Result<(), ArchiveError> {
        let Output { file, path, replaced, registration } = self;
        file.as_file().sync_all().map_err(|source| failed(&path, "write", source))?;
        if let Some(replaced) = replaced {
            // Failing to keep the old permissions is no reason to fail.
            let _ = file.as_file().set_permissions(replaced.permissions());
        }
        file.persist(&path).map_err(|error| failed(&path, "rename to", error.error))?;
        drop(registration);
        let synced = File::open(directory(&path)).and_then(|directory| directory.sync_all());
        synced.map_err(|source| failed(directory(&path), "write", source))
    }
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn failed(path: &Path, operation: &'static str, source: io::Error) -> ArchiveError {
    ArchiveError::Io { path: path.to_owned(), operation, source }
}
