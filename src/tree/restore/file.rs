//! Regular files, from an empty temporary one to the finished one.

use rustix::fd::AsFd;
use rustix::fs::ftruncate;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::place::Place;
use super::{Shared, TreeError};
use crate::entry::Metadata;

/// A regular file being restored: under a temporary name and readable by its
/// owner only until [`FileWriter::commit`]. Dropping it removes the file.
#[derive(Debug)]
pub struct FileWriter {
    pub(super) shared: Arc<Shared>,
    pub(super) place: Place,
    /// Name it has until then; empty once it is gone.
    pub(super) temporary: Vec<u8>,
    pub(super) file: File,
    /// Path in the archive; hard links ask for it.
    pub(super) entry: Vec<u8>,
    pub(super) metadata: Metadata,
    pub(super) size: u64,
    /// End of the furthest write.
    pub(super) end: u64,
}

impl FileWriter {
    /// Writes bytes at an offset; what is never written stays a hole.
    ///
    /// # Errors
    /// [`TreeError::Io`] if the disk is full or fails.
    ///
    /// # Panics
    /// If the bytes reach beyond the size given to [`super::Restorer::file`].
    pub fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), TreeError> {
        let end = offset.checked_add(bytes.len() as u64).filter(|&end| end <= self.size);
        let end = end.expect("a write stays within the size of its file");
        self.file
            .write_all_at(bytes, offset)
            .map_err(|error| TreeError::io(&self.place.shown, "write", error))?;
        self.end = self.end.max(end);
        Ok(())
    }

    /// Sets size, owner, attributes, mode and time, and gives the file its
    /// name. Call it only when the digest of what was written is right.
    ///
    /// # Errors
    /// [`TreeError::Io`], or [`TreeError::Exists`] if something took the name
    /// meanwhile and the policy keeps it.
    pub fn commit(mut self) -> Result<(), TreeError> {
        if self.end < self.size {
            ftruncate(&self.file, self.size)
                .map_err(|error| self.place.failed("set the size of", error))?;
        }
        let failures = self.shared.attributes.apply(self.file.as_fd(), &self.metadata);
        self.shared.note(&self.place.shown, failures);
        let installed = self.place.install(&self.temporary, self.shared.options.overwrite)?;
        self.temporary.clear();
        if let Some(name) = installed {
            self.shared.written(&self.entry, &self.place, &name, self.file.as_fd())?;
        }
        Ok(())
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        if !self.temporary.is_empty() {
            self.place.remove(&self.temporary);
        }
    }
}
