//! Reads files of an archive: whole, or at any place as `Read + Seek`.

use super::groups::Decoded;
use super::index::Archive;
use super::making::{Making, Piece, making_memory};
use super::suggest::not_found;
use crate::archive::memory::check_cost;
use crate::archive::{ArchiveError, ErrorKind};
use crate::arith::refusal;
use crate::checksum::Hasher;
use crate::container::{ReadAt, content_digest};
use crate::entry::{Content, Entry, FileDigest, Kind, Segment};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

impl<S: ReadAt> Archive<S> {
    /// Reads the whole content of a file, holes as zeros, and checks its digest. A hard
    /// link gives the content of its file. Groups are decoded on the calling thread and
    /// kept for the next call; [`Archive::cat`] decodes those of a large file in
    /// parallel.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`], [`ArchiveError::NotAFile`]; damage, of kind
    /// [`ErrorKind::Integrity`]; [`ArchiveError::Limit`] if the file is larger than the
    /// memory allowed.
    pub fn read(&self, path: impl AsRef<[u8]>) -> Result<Vec<u8>, ArchiveError> {
        let path = path.as_ref();
        let entry = self.entry(path).ok_or_else(|| not_found(path, self.entries()))?;
        let mut reader = self.reader(entry)?;
        let size = reader.size();
        check_cost(self.tables.saturating_add(size), self.limits.memory)?;
        refusal::probe(size)?;
        let mut bytes = Vec::with_capacity(size as usize);
        match reader.read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => Err(archive_error(path, error)),
        }
    }

    /// Opens a file of this archive for reading at any place. A hard link gives the
    /// content of its file. Nothing is decoded yet.
    ///
    /// # Errors
    /// [`ArchiveError::NotAFile`] if the entry has no content, [`ArchiveError::File`]
    /// if it is known that a part of it is missing, [`ArchiveError::Limit`].
    pub fn reader<'a>(&'a self, entry: &'a Entry) -> Result<FileReader<'a, S>, ArchiveError> {
        let file = match &entry.kind {
            Kind::HardLink { target } => self.entry(target).unwrap_or(entry),
            _ => entry,
        };
        match &file.kind {
            Kind::File(content) => FileReader::new(self, entry, content),
            _ => Err(ArchiveError::NotAFile { path: entry.path.clone() }),
        }
    }
}

/// A run of data: where it stands in the file, and where in a group.
#[derive(Clone, Copy, Debug)]
struct Run {
    at: u64,
    length: u64,
    group: u64,
    offset: u64,
}

/// A file of an archive, open for reading at any place. Made by [`Archive::reader`].
///
/// Decoded bytes are compared with a digest before they are used. A file that lies in several
/// groups has a digest of its own besides, which is checked if it is read from the first byte
/// to the last: the read that reaches the end fails if the digest is wrong. Errors of reading hold an [`ArchiveError`], which
/// [`std::io::Error::downcast`] gives back.
pub struct FileReader<'a, S> {
    archive: &'a Archive<S>,
    path: &'a [u8],
    content: &'a Content,
    /// Ascending; what lies between them is a hole.
    runs: Vec<Run>,
    /// Bytes of each group up to the last that the file has in it.
    wanted: BTreeMap<u64, u64>,
    position: u64,
    /// The group that was read last.
    current: Option<(u64, Arc<Decoded>)>,
    /// Of the data up to `hashed`.
    hasher: Hasher,
    hashed: u64,
    /// The piece that was made last: where it starts in the file, and its bytes.
    made: Option<(u64, Vec<u8>)>,
}

impl<S> fmt::Debug for FileReader<'_, S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { content, position, .. } = self;
        formatter
            .debug_struct("FileReader")
            .field("path", &crate::tree::printable(self.path))
            .field("size", &content.size)
            .field("position", position)
            .finish_non_exhaustive()
    }
}

impl<'a, S: ReadAt> FileReader<'a, S> {
    fn new(
        archive: &'a Archive<S>,
        entry: &'a Entry,
        content: &'a Content,
    ) -> Result<Self, ArchiveError> {
        let path = &entry.path[..];
        let segments = content.segments.as_deref().map_or(1, <[_]>::len);
        let row = size_of::<Run>() + 3 * size_of::<(u64, u64)>();
        let most = (content.extents.len() + segments) as u64 * row as u64;
        check_cost(archive.tables.saturating_add(most), archive.limits.memory)?;
        let runs = if content.is_made() { Some(Vec::new()) } else { runs(content) };
        let Some(runs) = runs else {
            let cause = Arc::new(ArchiveError::Missing);
            return Err(ArchiveError::File { path: path.to_vec(), cause });
        };
        let mut wanted: BTreeMap<u64, u64> = BTreeMap::new();
        for run in &runs {
            let most = wanted.entry(run.group).or_default();
            *most = (*most).max(run.offset + run.length);
        }
        let (hasher, hashed, current, made) = (Hasher::new(), 0, None, None);
        Ok(FileReader {
            archive,
            path,
            content,
            runs,
            wanted,
            position: 0,
            current,
            hasher,
            hashed,
            made,
        })
    }

    /// Reads bytes of a file that recipes make, at the position. A piece is made as a whole.
    fn read_made(&mut self, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
        let holds = |&(start, ref bytes): &(u64, Vec<u8>)| {
            (start..start + bytes.len() as u64).contains(&self.position)
        };
        let (start, made) = match self.made.take().filter(holds) {
            Some(made) => made,
            None => match self.make()? {
                Some(made) => made,
                None => return Ok(0),
            },
        };
        let within = (self.position - start) as usize;
        let length = buffer.len().min(made.len() - within);
        buffer[..length].copy_from_slice(&made[within..within + length]);
        self.made = Some((start, made));
        // One piece was compared when it was made.
        match self.content.recipes.len() {
            1 => self.position += length as u64,
            _ => self.pass(&buffer[..length], true)?,
        }
        Ok(length)
    }

    /// Makes the piece at the position; `None` behind the last one. Returns where it starts too.
    fn make(&self) -> Result<Option<(u64, Vec<u8>)>, ArchiveError> {
        let mut end = 0u64;
        let found = self.content.pieces().enumerate().find(|(_, (recipe, _))| {
            end = end.saturating_add(recipe.size());
            self.position < end
        });
        let Some((number, (recipe, extents))) = found else { return Ok(None) };
        let archive = self.archive;
        // How much of each group is wanted.
        let mut groups: BTreeMap<u64, u64> = BTreeMap::new();
        for extent in extents {
            let wanted = groups.entry(extent.group).or_default();
            *wanted = (*wanted).max(extent.offset + extent.length);
        }
        let sections = groups.keys().map(|&group| archive.group(group));
        let (kept, most) = sections.fold((0u64, 0u64), |(kept, most), section| {
            let whole = archive.cost(&section).whole();
            (kept.saturating_add(section.header.raw_length), most.max(whole))
        });
        let making = making_memory(recipe).saturating_add(recipe.size());
        let needed = archive.tables.saturating_add(kept).saturating_add(most.max(making));
        check_cost(needed, archive.limits.memory)?;
        let mut pieces = Vec::with_capacity(extents.len());
        let mut last: Option<(u64, Arc<Decoded>)> = None;
        for extent in extents {
            let group = match last.take().filter(|(group, _)| *group == extent.group) {
                Some((_, decoded)) => decoded,
                None => archive.group_bytes(extent.group, groups[&extent.group] as usize)?,
            };
            let piece = Piece::of(&group, extent.offset as usize, extent.length as usize);
            pieces.push(piece.ok_or_else(|| self.failed_by(super::making::lack_of(&group)))?);
            last = Some((extent.group, group));
        }
        refusal::probe(making)?;
        let made = refusal::attempt(|| Making::of(self.content, number, pieces).map(Making::make))?;
        let made =
            made.unwrap_or(Err(ArchiveError::Missing)).map_err(|cause| self.failed(cause))?;
        let made = match <[Vec<u8>; 1]>::try_from(made) {
            Ok([whole]) => whole,
            Err(pieces) => pieces.concat(),
        };
        Ok(Some((end - recipe.size(), made)))
    }

    /// Returns the size of the file in bytes, holes included.
    pub fn size(&self) -> u64 {
        self.content.size
    }

    /// The group of a run, with all that the file has in it.
    fn group(&mut self, run: usize) -> Result<Arc<Decoded>, ArchiveError> {
        let group = self.runs[run].group;
        if let Some((number, decoded)) = &self.current
            && *number == group
        {
            return Ok(Arc::clone(decoded));
        }
        let wanted = self.wanted.get(&group).copied().unwrap_or_default();
        // The group before may be given up for this one.
        self.current = None;
        let decoded = self.archive.group_bytes(group, wanted as usize)?;
        self.current = Some((group, Arc::clone(&decoded)));
        Ok(decoded)
    }

    /// Copies data from a run, starting `within` bytes behind its start.
    fn copy(&mut self, number: usize, within: u64, buffer: &mut [u8]) -> Result<(), ArchiveError> {
        let decoded = self.group(number)?;
        let run = self.runs[number];
        let bytes = decoded.right(run.offset as usize, run.length as usize);
        match bytes {
            Some(bytes) => {
                let within = within as usize;
                buffer.copy_from_slice(&bytes[within..within + buffer.len()]);
                Ok(())
            }
            _ => Err(decoded.fault.as_ref().map_or_else(
                || self.failed(ArchiveError::Missing),
                |fault| ArchiveError::File { path: self.path.to_vec(), cause: Arc::clone(fault) },
            )),
        }
    }

    fn failed(&self, cause: ArchiveError) -> ArchiveError {
        self.failed_by(Arc::new(cause))
    }

    fn failed_by(&self, cause: Arc<ArchiveError>) -> ArchiveError {
        ArchiveError::File { path: self.path.to_vec(), cause }
    }

    /// Passes over bytes that were read at the position, and hashes data that comes in order.
    /// At the end of a file that was read in order, checks its digest.
    fn pass(&mut self, bytes: &[u8], data: bool) -> Result<(), ArchiveError> {
        let end = self.position + bytes.len() as u64;
        if self.hashed == self.position {
            if data {
                self.hasher.update(bytes);
            }
            self.hashed = end;
            let Content { size, digest, segments, .. } = self.content;
            // Others are proven by the digests of their spans.
            if end == *size
                && let FileDigest::File(digest) = digest
                && content_digest(self.hasher.digest(), *size, segments.as_deref()) != *digest
            {
                return Err(self.failed(ArchiveError::Digest));
            }
        }
        self.position = end;
        Ok(())
    }
}

impl<S: ReadAt> Read for FileReader<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.content.is_made() {
            return Ok(self.read_made(buffer)?);
        }
        let left = self.size().saturating_sub(self.position);
        let next = self.runs.partition_point(|run| run.at + run.length <= self.position);
        let run = self.runs.get(next).copied();
        let (most, within) = match run {
            Some(run) if run.at <= self.position => {
                let within = self.position - run.at;
                (run.length - within, Some(within))
            }
            Some(run) => (run.at - self.position, None),
            None => (left, None),
        };
        let length = usize::try_from(most.min(left)).unwrap_or(usize::MAX).min(buffer.len());
        let buffer = &mut buffer[..length];
        if length == 0 {
            return Ok(0);
        }
        match within {
            Some(within) => self.copy(next, within, buffer)?,
            None => buffer.fill(0),
        }
        self.pass(buffer, within.is_some())?;
        Ok(length)
    }
}

impl<S: ReadAt> Seek for FileReader<'_, S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => self.size().checked_add_signed(offset),
        };
        let outside = || io::Error::new(io::ErrorKind::InvalidInput, "seek before the first byte");
        self.position = position.ok_or_else(outside)?;
        Ok(self.position)
    }
}

/// The runs of a file's data; `None` if some of it is in no group.
fn runs(content: &Content) -> Option<Vec<Run>> {
    let whole = [Segment { offset: 0, length: content.size }];
    let segments = content.segments.as_deref().unwrap_or(&whole);
    let mut extents = content.extents.iter().copied();
    let mut extent = crate::entry::Extent { group: 0, offset: 0, length: 0 };
    let mut runs = Vec::with_capacity(content.extents.len() + segments.len());
    for segment in segments {
        let (mut at, end) = (segment.offset, segment.offset + segment.length);
        while at < end {
            if extent.length == 0 {
                extent = extents.next()?;
            }
            let length = extent.length.min(end - at);
            runs.push(Run { at, length, group: extent.group, offset: extent.offset });
            at += length;
            (extent.offset, extent.length) = (extent.offset + length, extent.length - length);
        }
    }
    Some(runs)
}

impl From<ArchiveError> for io::Error {
    /// Wraps the error; [`std::io::Error::downcast`] gives it back.
    fn from(error: ArchiveError) -> io::Error {
        let kind = match error.kind() {
            ErrorKind::Integrity => io::ErrorKind::InvalidData,
            ErrorKind::Unsupported => io::ErrorKind::Unsupported,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

/// The error that one of reading holds, or that one itself, about `path`.
pub(in crate::archive) fn archive_error(path: &[u8], error: io::Error) -> ArchiveError {
    error.downcast().unwrap_or_else(|source| {
        let path = crate::tree::printable(path).into();
        ArchiveError::Io { path, operation: "read", source }
    })
}
