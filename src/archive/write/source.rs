//! Where entries and their bytes come from: a directory tree, a tar, or a program.

use super::data::Data;
use crate::archive::ArchiveError;
use crate::archive::tarball::{OpenPart, TarPart};
use crate::entry::{Metadata, Segment};
use crate::tree;
use std::sync::Arc;

/// Something to be archived.
pub(in crate::archive) type Found = tree::Found<Source>;

/// Where the bytes of a regular file are; can be opened any number of times.
#[derive(Clone, Debug)]
pub(in crate::archive) enum Source {
    /// In a file of a tree.
    Tree(tree::Source),
    /// Within a tar.
    Tar(TarPart),
    /// Given by a program.
    Data(Data),
    /// With holes between the data of its segments.
    Sparse { pieces: Arc<[Data]>, size: u64, segments: Arc<[Segment]> },
}

impl Source {
    /// Size in bytes when it was found, holes included.
    pub fn size(&self) -> u64 {
        match self {
            Source::Tree(source) => source.size(),
            Source::Tar(part) => part.size(),
            Source::Data(data) => data.size(),
            Source::Sparse { size, .. } => *size,
        }
    }

    /// Opens it for reading from its start.
    ///
    /// # Errors
    /// As [`tree::Source::open`]; none for a tar and for data, which are open.
    pub fn open(&self) -> Result<OpenSource, ArchiveError> {
        Ok(match self {
            Source::Tree(source) => OpenSource::Tree(Box::new(source.open()?)),
            Source::Tar(part) => OpenSource::Tar(part.open()),
            Source::Data(data) => OpenSource::Data(data.clone(), 0),
            Source::Sparse { pieces, size, segments } => {
                let (pieces, segments) = (Arc::clone(pieces), Arc::clone(segments));
                OpenSource::Sparse(Pieces { pieces, size: *size, segments, next: (0, 0) })
            }
        })
    }
}

/// A file being read: its data segments in file order, holes left out.
#[derive(Debug)]
pub(in crate::archive) enum OpenSource {
    Tree(Box<tree::OpenSource>),
    Tar(OpenPart),
    /// With the place of the next byte.
    Data(Data, u64),
    Sparse(Pieces),
}

/// The data of the segments of a file with holes.
#[derive(Debug)]
pub(in crate::archive) struct Pieces {
    pieces: Arc<[Data]>,
    size: u64,
    segments: Arc<[Segment]>,
    /// The piece with the next byte, and its place there.
    next: (usize, u64),
}

impl Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
        while let Some(piece) = self.pieces.get(self.next.0) {
            match piece.read_at(self.next.1, buffer)? {
                0 if !buffer.is_empty() => self.next = (self.next.0 + 1, 0),
                length => {
                    self.next.1 += length as u64;
                    return Ok(length);
                }
            }
        }
        Ok(0)
    }
}

impl OpenSource {
    /// Size in bytes, holes included.
    pub fn size(&self) -> u64 {
        match self {
            OpenSource::Tree(open) => open.size(),
            OpenSource::Tar(open) => open.part().size(),
            OpenSource::Data(data, _) => data.size(),
            OpenSource::Sparse(pieces) => pieces.size,
        }
    }

    /// Data segments if the file has holes.
    pub fn segments(&self) -> Option<&[Segment]> {
        match self {
            OpenSource::Tree(open) => open.segments(),
            OpenSource::Tar(open) => open.part().segments(),
            OpenSource::Data(..) => None,
            OpenSource::Sparse(pieces) => Some(&pieces.segments),
        }
    }

    /// Whether it is the file that was found; one of a tar or a program always is.
    pub fn is_same(&self) -> bool {
        match self {
            OpenSource::Tree(open) => open.is_same(),
            OpenSource::Tar(_) | OpenSource::Data(..) | OpenSource::Sparse(_) => true,
        }
    }

    /// Metadata, if they are not those that were found.
    ///
    /// # Errors
    /// As [`tree::OpenSource::new_metadata`].
    pub fn new_metadata(&self) -> Result<Option<Metadata>, ArchiveError> {
        match self {
            OpenSource::Tree(open) => Ok(open.new_metadata()?),
            OpenSource::Tar(_) | OpenSource::Data(..) | OpenSource::Sparse(_) => Ok(None),
        }
    }

    /// Takes no more than the first `cap` bytes of a file in a tree.
    pub fn cut(&mut self, cap: u64) {
        if let OpenSource::Tree(open) = self {
            open.cut(cap);
        }
    }

    /// How many bytes [`OpenSource::read`] will yield in all.
    pub fn data_length(&self) -> u64 {
        match self {
            OpenSource::Tree(open) => open.data_length(),
            OpenSource::Tar(open) => open.part().data_length(),
            OpenSource::Data(data, _) => data.size(),
            OpenSource::Sparse(pieces) => pieces.pieces.iter().map(Data::size).sum(),
        }
    }

    /// Reads the next bytes of data; 0 only at the end or for an empty buffer.
    ///
    /// # Errors
    /// If the system cannot read it.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
        match self {
            OpenSource::Tree(open) => Ok(open.read(buffer)?),
            OpenSource::Tar(open) => open.read(buffer),
            OpenSource::Sparse(pieces) => pieces.read(buffer),
            OpenSource::Data(data, position) => {
                let length = data.read_at(*position, buffer)?;
                *position += length as u64;
                Ok(length)
            }
        }
    }

    /// Says whether what was read is the file that was found. A tar is looked at
    /// as a whole, once all was read.
    ///
    /// # Errors
    /// As [`tree::OpenSource::finish`].
    pub fn finish(self) -> Result<(), ArchiveError> {
        match self {
            OpenSource::Tree(open) => Ok(open.finish()?),
            OpenSource::Tar(_) | OpenSource::Data(..) | OpenSource::Sparse(_) => Ok(()),
        }
    }
}
