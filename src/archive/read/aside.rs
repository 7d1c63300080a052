//! Bytes that wait in a nameless file.

use crate::archive::ArchiveError;
use crate::archive::error::failed;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// A nameless file, which is made when the first bytes come.
#[derive(Debug)]
pub(super) struct Aside {
    directory: PathBuf,
    file: Option<File>,
    /// Where bytes are appended.
    length: u64,
}

impl Aside {
    /// Nothing waits. The file is made in `directory`, or in that for temporary files.
    pub fn new(directory: Option<PathBuf>) -> Aside {
        let directory = directory.unwrap_or_else(std::env::temp_dir);
        Aside { directory, file: None, length: 0 }
    }

    /// Appends bytes; returns where they are.
    ///
    /// # Errors
    /// [`ArchiveError::Io`].
    pub fn put(&mut self, bytes: &[u8]) -> Result<u64, ArchiveError> {
        let at = self.length;
        self.write_at(bytes, at)?;
        self.length += bytes.len() as u64;
        Ok(at)
    }

    /// Writes bytes at a place.
    ///
    /// # Errors
    /// [`ArchiveError::Io`].
    pub fn write_at(&mut self, bytes: &[u8], at: u64) -> Result<(), ArchiveError> {
        let failed = |operation| failed(&self.directory, operation);
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let made = tempfile::tempfile_in(&self.directory);
                none.insert(made.map_err(failed("create a file there"))?)
            }
        };
        file.write_all_at(bytes, at).map_err(failed("write a file there"))
    }

    /// Reads bytes that were written.
    ///
    /// # Errors
    /// [`ArchiveError::Io`]; [`ArchiveError::Missing`] if nothing was written.
    pub fn read_at(&self, buffer: &mut [u8], at: u64) -> Result<(), ArchiveError> {
        let file = self.file.as_ref().ok_or(ArchiveError::Missing)?;
        file.read_exact_at(buffer, at).map_err(failed(&self.directory, "read a file there"))
    }
}
