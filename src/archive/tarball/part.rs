//! The data of one file within a tar.

use super::input::Tar;
use crate::archive::ArchiveError;
use crate::entry::Segment;
use std::sync::Arc;

/// The data of one file within a tar.
#[derive(Clone, Debug)]
pub(in crate::archive) struct TarPart {
    tar: Tar,
    /// Offset of the data.
    offset: u64,
    /// Bytes of the file, holes included.
    size: u64,
    segments: Option<Arc<[Segment]>>,
    /// Stored runs of the file, if they are more than its segments. Every segment lies
    /// within one of these.
    stored: Option<Arc<[Segment]>>,
}

/// Which bytes of a file are data, and which bytes a tar stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// Bytes of the file, holes included.
    pub size: u64,
    /// Data segments if the file has holes.
    pub segments: Option<Vec<Segment>>,
    /// Stored runs, if they are more.
    pub stored: Option<Vec<Segment>>,
}

impl TarPart {
    /// Makes a part from the data at `offset`, which was found to be within the tar.
    pub(super) fn new(tar: &Tar, offset: u64, extent: Extent) -> Self {
        let Extent { size, segments, stored } = extent;
        let (segments, stored) = (segments.map(Arc::from), stored.map(Arc::from));
        TarPart { tar: tar.clone(), offset, size, segments, stored }
    }

    /// Returns the size of the file in bytes, holes included.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the data segments if the file has holes.
    pub fn segments(&self) -> Option<&[Segment]> {
        self.segments.as_deref()
    }

    /// Returns the bytes of data.
    pub fn data_length(&self) -> u64 {
        match &self.segments {
            Some(segments) => segments.iter().map(|segment| segment.length).sum(),
            None => self.size,
        }
    }

    /// Opens it at its start.
    pub fn open(&self) -> OpenPart {
        OpenPart { part: self.clone(), done: 0, place: Place::default() }
    }
}

/// The data of a file within a tar, being read.
#[derive(Debug)]
pub(in crate::archive) struct OpenPart {
    part: TarPart,
    done: u64,
    place: Place,
}

/// The position of reading if more is stored than segments.
#[derive(Debug, Default)]
struct Place {
    segment: usize,
    /// Bytes of the segment that were read.
    within: u64,
    run: usize,
    /// Bytes of the runs before that.
    before: u64,
}

impl Place {
    /// Returns the position of the next byte in the stored bytes, and how many bytes
    /// follow it in its segment.
    fn next(&mut self, segments: &[Segment], runs: &[Segment]) -> (u64, u64) {
        while segments.get(self.segment).is_some_and(|segment| segment.length == self.within) {
            (self.segment, self.within) = (self.segment + 1, 0);
        }
        let Some(segment) = segments.get(self.segment) else { return (0, 0) };
        let offset = segment.offset + self.within;
        while let Some(run) = runs.get(self.run).filter(|run| run.offset + run.length <= offset) {
            (self.run, self.before) = (self.run + 1, self.before + run.length);
        }
        let begin = runs.get(self.run).map_or(offset, |run| run.offset);
        (self.before + (offset - begin), segment.length - self.within)
    }
}

impl OpenPart {
    /// Returns the part that is read.
    pub fn part(&self) -> &TarPart {
        &self.part
    }

    /// Reads the next bytes; returns 0 only at the end or for an empty buffer.
    ///
    /// # Errors
    /// [`ArchiveError::Io`]; [`ArchiveError::Tar`] if the tar was cut meanwhile.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
        let (offset, left) = match (&self.part.segments, &self.part.stored) {
            (Some(segments), Some(stored)) => self.place.next(segments, stored),
            _ => (self.done, self.part.data_length() - self.done),
        };
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let offset = self.part.offset + offset;
        self.part.tar.read_exact_at(&mut buffer[..length], offset, "the data of a file")?;
        self.done += length as u64;
        self.place.within += length as u64;
        Ok(length)
    }
}
