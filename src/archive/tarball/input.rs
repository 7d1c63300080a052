//! The tar that is read: a file, or a pipe copied into a file.

use super::block::{BLOCK, Bytes};
use super::unpack::{Failure, Format, unpack};
use super::{TarEnd, TarFault};
use crate::archive::error::failed;
use crate::archive::{ArchiveError, Control, Limits};
use crate::tree::FileId;
use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A tar with random access: a compressed one is unpacked into a file.
#[derive(Clone, Debug)]
pub struct Tar {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    file: File,
    /// Its name in messages.
    name: PathBuf,
    length: u64,
    found: Stamp,
    /// The named file, which may be compressed.
    identity: Option<FileId>,
}

/// Bytes of a pipe moved at a time.
const STEP: usize = 1 << 18;

/// Values that change when the file changes.
type Stamp = (u64, i64, i64);

fn stamp(metadata: &Metadata) -> Stamp {
    (metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

impl Tar {
    /// Opens a tar in a regular file. A compressed tar is unpacked into a nameless file
    /// in `directory`.
    ///
    /// # Errors
    /// [`ArchiveError::Io`]; [`ArchiveError::Tar`] if its compression is not supported,
    /// is damaged, or needs more memory than `limits` allow; [`ArchiveError::Limit`] if
    /// it unpacks to more than [`output_bytes`](Limits::output_bytes);
    /// [`ArchiveError::Interrupted`].
    pub fn new(
        file: File,
        name: &Path,
        directory: &Path,
        limits: &Limits,
        control: &Control,
    ) -> Result<Tar, ArchiveError> {
        let packed = Tar::plain(file, name)?;
        let mut start = vec![0; packed.length().min(BLOCK) as usize];
        packed.read_exact_at(&mut start, 0, "its first header")?;
        let Some(format) = Format::of(&start).map_err(at_start)? else { return Ok(packed) };
        let mut spool = Spool::new(name, directory, control)?;
        spool.unpack(format, &packed.shared.file, limits)?;
        packed.check_unchanged()?;
        spool.finish(packed.identity())
    }

    /// Copies a tar from a pipe, compressed or not, into a nameless file in
    /// `directory`, because it is read twice: once for the names and once for the
    /// contents.
    ///
    /// # Errors
    /// As [`Tar::new`].
    pub fn spool(
        mut pipe: impl Read,
        name: &Path,
        directory: &Path,
        limits: &Limits,
        control: &Control,
    ) -> Result<Tar, ArchiveError> {
        let mut spool = Spool::new(name, directory, control)?;
        let mut start = [0; BLOCK as usize];
        let length = fill(&mut pipe, &mut start).map_err(|error| spool.unread(error))?;
        let start = &start[..length];
        match Format::of(start).map_err(at_start)? {
            Some(format) => spool.unpack(format, start.chain(pipe), limits)?,
            None => {
                let mut buffer = vec![0; STEP];
                spool.take(start)?;
                loop {
                    let length = fill(&mut pipe, &mut buffer);
                    match length.map_err(|error| spool.unread(error))? {
                        0 => break,
                        length => spool.take(&buffer[..length])?,
                    }
                }
            }
        }
        spool.finish(None)
    }

    /// Opens a tar that is not compressed.
    fn plain(file: File, name: &Path) -> Result<Tar, ArchiveError> {
        let found = file.metadata().map_err(failed(name, "read the attributes"))?;
        let (length, found) = (found.len(), stamp(&found));
        let identity = FileId::of(&file).ok();
        let shared = Shared { file, name: name.to_owned(), length, found, identity };
        Ok(Tar { shared: Arc::new(shared) })
    }

    /// Returns its name.
    pub fn name(&self) -> &Path {
        &self.shared.name
    }

    /// Returns the length of the tar in bytes.
    pub(super) fn length(&self) -> u64 {
        self.shared.length
    }

    /// Returns the identity of the named file.
    pub(super) fn identity(&self) -> Option<FileId> {
        self.shared.identity
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

    /// Reads bytes that must be present.
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
            _ => failed(self.name(), "read")(source),
        })
    }

    /// Returns the offset of the first byte from `offset` to `end` that is not zero.
    pub(super) fn find_bytes(
        &self,
        mut offset: u64,
        end: u64,
    ) -> Result<Option<u64>, ArchiveError> {
        let mut buffer = vec![0; end.saturating_sub(offset).min(1 << 16) as usize];
        while offset < end {
            let length = (buffer.len() as u64).min(end - offset) as usize;
            self.read_exact_at(&mut buffer[..length], offset, "padding")?;
            if let Some(place) = buffer[..length].iter().position(|&byte| byte != 0) {
                return Ok(Some(offset + place as u64));
            }
            offset += length as u64;
        }
        Ok(None)
    }

    /// Fails if the file has changed.
    pub(super) fn check_unchanged(&self) -> Result<(), ArchiveError> {
        let now = self.shared.file.metadata();
        let now = now.map_err(failed(self.name(), "read the attributes"))?;
        match stamp(&now) == self.shared.found {
            true => Ok(()),
            false => Err(ArchiveError::Tar { offset: 0, fault: TarFault::Changed }),
        }
    }
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

fn at_start(fault: TarFault) -> ArchiveError {
    ArchiveError::Tar { offset: 0, fault }
}

/// A nameless file that a tar is copied into.
struct Spool<'a> {
    file: File,
    name: &'a Path,
    directory: &'a Path,
    control: &'a Control<'a>,
    length: u64,
}

impl<'a> Spool<'a> {
    fn new(
        name: &'a Path,
        directory: &'a Path,
        control: &'a Control<'a>,
    ) -> Result<Spool<'a>, ArchiveError> {
        let file =
            tempfile::tempfile_in(directory).map_err(failed(directory, "create a file there"))?;
        Ok(Spool { file, name, directory, control, length: 0 })
    }

    /// Appends bytes.
    fn take(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.control.check()?;
        self.length += bytes.len() as u64;
        let written = self.file.write_all(bytes);
        written.map_err(failed(self.directory, "write a file there"))
    }

    /// Converts an error of reading; an interrupt makes pipes fail.
    fn unread(&self, error: io::Error) -> ArchiveError {
        match self.control.check() {
            Err(interrupted) => interrupted,
            Ok(()) => failed(self.name, "read")(error),
        }
    }

    /// Appends the decoded form of compressed bytes.
    fn unpack(
        &mut self,
        format: Format,
        input: impl Read,
        limits: &Limits,
    ) -> Result<(), ArchiveError> {
        let limit = limits.output_bytes;
        let behind = unpack(format, input, limits.memory, |bytes| {
            let found = self.length + bytes.len() as u64;
            match found > limit {
                true => Err(ArchiveError::Limit { field: "bytes of the tar", found, limit }),
                false => self.take(bytes),
            }
        });
        match behind {
            Ok(None) => Ok(()),
            Ok(Some(offset)) => {
                let end = TarEnd::BehindPacked { format: format.name(), offset };
                self.control.warn(ArchiveError::TarEnd(end));
                Ok(())
            }
            Err(Failure::Read(error)) => Err(self.unread(error)),
            Err(Failure::Tar(fault)) => Err(at_start(fault)),
            Err(Failure::Taken(error)) => Err(error),
        }
    }

    /// Returns the tar, once it is complete.
    fn finish(self, identity: Option<FileId>) -> Result<Tar, ArchiveError> {
        let mut tar = Tar::plain(self.file, self.name)?;
        let mut start = vec![0; tar.length().min(BLOCK) as usize];
        tar.read_exact_at(&mut start, 0, "its first header")?;
        // A tar that is compressed twice is refused too.
        if let Some(format) = Format::of(&start).map_err(at_start)? {
            return Err(at_start(TarFault::Twice { format: format.name() }));
        }
        if let Some(shared) = Arc::get_mut(&mut tar.shared) {
            shared.identity = identity;
        }
        Ok(tar)
    }
}
