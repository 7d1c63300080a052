//! The tar that is read: a file, or a pipe put into one.

use super::TarFault;
use super::block::{self, BLOCK, Bytes};
use crate::archive::{ArchiveError, Control};
use crate::entry::Segment;
use crate::tree::FileId;
use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// First bytes of what a tar may be compressed with.
const COMPRESSIONS: [(&[u8], &str); 8] = [
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bzip2"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"LZIP", "lzip"),
    (b"BZ3v1", "bzip3"),
    (b"\x1f\x9d", "compress"),
];

/// An uncompressed tar that can be read anywhere.
#[derive(Clone, Debug)]
pub struct Tar {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    file: File,
    /// What messages call it.
    name: PathBuf,
    length: u64,
    found: Stamp,
}

/// What changes when a file does.
type Stamp = (u64, i64, i64);

fn stamp(metadata: &Metadata) -> Stamp {
    (metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

impl Tar {
    /// A tar in a regular file.
    ///
    /// # Errors
    /// [`ArchiveError::Io`]; [`ArchiveError::Tar`] if it is compressed.
    pub fn new(file: File, name: &Path) -> Result<Tar, ArchiveError> {
        let found = file.metadata().map_err(|source| failed(name, "look at", source))?;
        let (length, found) = (found.len(), stamp(&found));
        let shared = Shared { file, name: name.to_owned(), length, found };
        let tar = Tar { shared: Arc::new(shared) };
        let mut start = vec![0; length.min(BLOCK) as usize];
        tar.read_exact_at(&mut start, 0, "its first header")?;
        refuse_compressed(&start)?;
        Ok(tar)
    }

    /// A tar from a pipe, put into a nameless file in `directory` first: it is read
    /// twice, once for the names and once for the contents.
    ///
    /// # Errors
    /// As [`Tar::new`]; [`ArchiveError::Interrupted`].
    pub fn spool(
        mut pipe: impl Read,
        name: &Path,
        directory: &Path,
        control: &Control,
    ) -> Result<Tar, ArchiveError> {
        let mut spool = tempfile::tempfile_in(directory)
            .map_err(|source| failed(directory, "create a file there", source))?;
        let mut buffer = vec![0; 1 << 18];
        let mut begun = false;
        loop {
            control.check()?;
            let length = fill(&mut pipe, &mut buffer).map_err(|error| match control.check() {
                Err(interrupted) => interrupted,
                Ok(()) => failed(name, "read", error),
            })?;
            if length == 0 {
                break;
            }
            if !begun {
                refuse_compressed(&buffer[..length])?;
            }
            begun = true;
            let written = spool.write_all(&buffer[..length]);
            written.map_err(|source| failed(directory, "write a file there", source))?;
        }
        Tar::new(spool, name)
    }

    /// What it is called.
    pub fn name(&self) -> &Path {
        &self.shared.name
    }

    /// Bytes of the tar.
    pub(super) fn length(&self) -> u64 {
        self.shared.length
    }

    /// Which file it is.
    pub(super) fn identity(&self) -> Option<FileId> {
        FileId::of(&self.shared.file).ok()
    }

    /// Reads the block at `offset`; `None` at the end.
    pub(super) fn block(&self, offset: u64) -> Result<Option<Bytes>, ArchiveError> {
        let mut bytes = [0; BLOCK as usize];
        if offset >= self.length() {
            return Ok(None);
        }
        self.read_exact_at(&mut bytes, offset, "a header")?;
        Ok(Some(bytes))
    }

    /// Reads bytes that must be there.
    pub(super) fn read_exact_at(
        &self,
        buffer: &mut [u8],
        offset: u64,
        structure: &'static str,
    ) -> Result<(), ArchiveError> {
        self.shared.file.read_exact_at(buffer, offset).map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => {
                ArchiveError::Tar { offset, fault: TarFault::Truncated { structure } }
            }
            _ => failed(self.name(), "read", source),
        })
    }

    /// Where the first byte at `offset` or behind it is that is no zero.
    pub(super) fn find_bytes(&self, mut offset: u64) -> Result<Option<u64>, ArchiveError> {
        let mut buffer = vec![0; 1 << 16];
        while offset < self.length() {
            let length = buffer.len().min((self.length() - offset) as usize);
            self.read_exact_at(&mut buffer[..length], offset, "what follows its end")?;
            if let Some(place) = buffer[..length].iter().position(|&byte| byte != 0) {
                return Ok(Some(offset + place as u64));
            }
            offset += length as u64;
        }
        Ok(None)
    }

    /// Fails if the file is not what it was.
    pub(super) fn check_unchanged(&self) -> Result<(), ArchiveError> {
        let now = self.shared.file.metadata();
        let now = now.map_err(|source| failed(self.name(), "look at", source))?;
        match stamp(&now) == self.shared.found {
            true => Ok(()),
            false => Err(ArchiveError::Tar { offset: 0, fault: TarFault::Changed }),
        }
    }
}

fn failed(path: &Path, operation: &'static str, source: io::Error) -> ArchiveError {
    ArchiveError::Io { path: path.to_owned(), operation, source }
}

/// Reads until the buffer is full or the pipe ends.
fn fill(pipe: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match pipe.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn refuse_compressed(start: &[u8]) -> Result<(), ArchiveError> {
    // A name may begin like that, too: then the block is a header.
    let header = start.first_chunk().is_some_and(|bytes| block::header(bytes).is_ok());
    let found = COMPRESSIONS.iter().find(|(magic, _)| !header && start.starts_with(magic));
    match found {
        Some(&(_, format)) => {
            Err(ArchiveError::Tar { offset: 0, fault: TarFault::Compressed { format } })
        }
        None => Ok(()),
    }
}

/// The data of one file within a tar.
#[derive(Clone, Debug)]
pub(in crate::archive) struct TarPart {
    tar: Tar,
    /// Where the data begin.
    offset: u64,
    /// Bytes of the file, holes included.
    size: u64,
    segments: Option<Arc<[Segment]>>,
}

impl TarPart {
    /// The data at `offset`, which were found to lie within the tar.
    pub(super) fn new(tar: &Tar, offset: u64, size: u64, segments: Option<Vec<Segment>>) -> Self {
        TarPart { tar: tar.clone(), offset, size, segments: segments.map(Arc::from) }
    }

    /// Bytes of the file, holes included.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Data segments if the file has holes.
    pub fn segments(&self) -> Option<&[Segment]> {
        self.segments.as_deref()
    }

    /// Bytes of data.
    pub fn data_length(&self) -> u64 {
        match &self.segments {
            Some(segments) => segments.iter().map(|segment| segment.length).sum(),
            None => self.size,
        }
    }

    /// Reads it from its start.
    pub fn open(&self) -> OpenPart {
        OpenPart { part: self.clone(), done: 0 }
    }
}

/// The data of a file within a tar, being read.
#[derive(Debug)]
pub(in crate::archive) struct OpenPart {
    part: TarPart,
    done: u64,
}

impl OpenPart {
    /// What is being read.
    pub fn part(&self) -> &TarPart {
        &self.part
    }

    /// Reads the next bytes; 0 only at the end or for an empty buffer.
    ///
    /// # Errors
    /// [`ArchiveError::Io`]; [`ArchiveError::Tar`] if the tar was cut meanwhile.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
        let left = self.part.data_length() - self.done;
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let offset = self.part.offset + self.done;
        self.part.tar.read_exact_at(&mut buffer[..length], offset, "the data of a file")?;
        self.done += length as u64;
        Ok(length)
    }
}
