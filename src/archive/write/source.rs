//! Where entries and their bytes come from: a directory tree, a tar, or a program.

use super::data::Data;
use crate::archive::ArchiveError;
use crate::archive::tarball::{OpenPart, TarPart};
use crate::entry::{Entry, Metadata, Segment};
use crate::tree;

/// Something to be archived.
#[derive(Clone, Debug)]
pub(in crate::archive) struct Input {
    /// The entry with all its metadata; see [`tree::Found::entry`].
    pub entry: Entry,
    /// Where the bytes are; see [`tree::Found::source`].
    pub source: Option<Source>,
}

impl From<tree::Found> for Input {
    fn from(found: tree::Found) -> Self {
        Input { entry: found.entry, source: found.source.map(Source::Tree) }
    }
}

/// Where the bytes of a regular file are; can be opened any number of times.
#[derive(Clone, Debug)]
pub(in crate::archive) enum Source {
    /// In a file of a tree.
    Tree(tree::Source),
    /// Within a tar.
    Tar(TarPart),
    /// Given by a program.
    Data(Data),
}

impl Source {
    /// Size in bytes when it was found, holes included.
    pub fn size(&self) -> u64 {
        match self {
            Source::Tree(source) => source.size(),
            Source::Tar(part) => part.size(),
            Source::Data(data) => data.size(),
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
}

impl OpenSource {
    /// Size in bytes, holes included.
    pub fn size(&self) -> u64 {
        match self {
            OpenSource::Tree(open) => open.size(),
            OpenSource::Tar(open) => open.part().size(),
            OpenSource::Data(data, _) => data.size(),
        }
    }

    /// Data segments if the file has holes.
    pub fn segments(&self) -> Option<&[Segment]> {
        match self {
            OpenSource::Tree(open) => open.segments(),
            OpenSource::Tar(open) => open.part().segments(),
            OpenSource::Data(..) => None,
        }
    }

    /// Whether it is the file that was found; one of a tar or a program always is.
    pub fn is_same(&self) -> bool {
        match self {
            OpenSource::Tree(open) => open.is_same(),
            OpenSource::Tar(_) | OpenSource::Data(..) => true,
        }
    }

    /// Metadata, if they are not those that were found.
    ///
    /// # Errors
    /// As [`tree::OpenSource::new_metadata`].
    pub fn new_metadata(&self) -> Result<Option<Metadata>, ArchiveError> {
        match self {
            OpenSource::Tree(open) => Ok(open.new_metadata()?),
            OpenSource::Tar(_) | OpenSource::Data(..) => Ok(None),
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
            OpenSource::Tar(_) | OpenSource::Data(..) => Ok(()),
        }
    }
}
