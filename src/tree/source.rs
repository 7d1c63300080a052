//! Reading the bytes of a file the walk found.

use std::path::{Path, PathBuf};

use super::{FileId, TreeError};
use crate::entry::{Segment, Timestamp};

/// A regular file as the walk saw it; can be opened any number of times.
#[derive(Clone, Debug)]
pub struct Source {
    pub(super) path: PathBuf,
    pub(super) id: FileId,
    pub(super) size: u64,
    pub(super) modified: Timestamp,
}

impl Source {
    /// Where it lies on disk.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Size in bytes when the walk saw it.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Opens the file and maps its holes. Never blocks on a pipe and never
    /// follows a link put in its place.
    ///
    /// # Errors
    /// [`TreeError::Changed`] if another file stands there by now,
    /// [`TreeError::Io`] if it vanished or may not be read.
    pub fn open(&self) -> Result<OpenSource, TreeError> {
        todo!()
    }
}

/// An open file. Reads its data segments in file order, holes left out.
#[derive(Debug)]
pub struct OpenSource {}

impl OpenSource {
    /// Size in bytes when it was opened, holes included.
    pub fn size(&self) -> u64 {
        todo!()
    }

    /// Data segments if the file has holes, as [`crate::entry::Content`] has them.
    pub fn segments(&self) -> Option<&[Segment]> {
        todo!()
    }

    /// How many bytes [`OpenSource::read`] will yield in all.
    pub fn data_length(&self) -> u64 {
        todo!()
    }

    /// Reads the next bytes of data; 0 only at the end or for an empty buffer.
    /// Exactly [`OpenSource::data_length`] bytes come, whatever happens to the
    /// file meanwhile: if it shrinks the rest is zeros, if it grows the rest is
    /// not read, and [`OpenSource::finish`] tells.
    ///
    /// # Errors
    /// [`TreeError::Io`] if the system cannot read it.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, TreeError> {
        let _ = buffer;
        todo!()
    }

    /// Says whether what was read is the file the walk saw.
    ///
    /// # Errors
    /// [`TreeError::Changed`] if size or modification time differ from the
    /// walk's; the bytes read are then a mixture, or do not fit the metadata.
    pub fn finish(self) -> Result<(), TreeError> {
        todo!()
    }
}
