//! Reading the bytes of a file the walk found.

use rustix::fs::{FileType, Mode, OFlags, SeekFrom, Stat, fstat, open, seek};
use rustix::io::Errno;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::{FileId, TreeError, stat};
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
        let failed = |error| TreeError::io(&self.path, "open", error);
        let changed = || TreeError::Changed { path: self.path.clone() };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let descriptor = match open(&self.path, flags | OFlags::CLOEXEC, Mode::empty()) {
            // A link, or a pipe or device that cannot be opened, stands there now.
            Err(Errno::LOOP | Errno::NXIO) => return Err(changed()),
            other => other.map_err(failed)?,
        };
        let status = fstat(&descriptor).map_err(failed)?;
        let regular = FileType::from_raw_mode(status.st_mode) == FileType::RegularFile;
        if !regular || FileId::from_stat(&status) != self.id {
            return Err(changed());
        }
        let file = File::from(descriptor);
        let segments = data_segments(&file, &status).map_err(failed)?;
        let size = status.st_size.max(0) as u64;
        Ok(OpenSource { file, source: self.clone(), size, segments, current: 0, done: 0 })
    }
}

/// Data segments of a sparse file; `None` if it has no holes or the file
/// system cannot tell. Cost: two system calls per segment of files with holes,
/// one for others. Blocks say nothing: room reserved behind the end counts too.
fn data_segments(file: &File, status: &Stat) -> rustix::io::Result<Option<Vec<Segment>>> {
    let size = status.st_size.max(0) as u64;
    match seek(file, SeekFrom::Hole(0)) {
        Ok(hole) if hole < size => {}
        // Full, empty, or on a file system that does not know its holes.
        Ok(_) | Err(Errno::NXIO | Errno::INVAL | Errno::NOTSUP) => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut segments: Vec<Segment> = Vec::new();
    let mut position = 0;
    while position < size {
        let offset = match seek(file, SeekFrom::Data(position)) {
            Ok(offset) => offset,
            Err(Errno::NXIO) => break, // a hole up to the end
            Err(Errno::INVAL | Errno::NOTSUP) => return Ok(None),
            Err(error) => return Err(error),
        };
        if offset >= size {
            break;
        }
        // The file may have grown meanwhile; what lies beyond is not ours.
        position = seek(file, SeekFrom::Hole(offset))?.clamp(offset + 1, size);
        let length = position - offset;
        match segments.last_mut() {
            Some(last) if last.offset + last.length == offset => last.length += length,
            _ => segments.push(Segment { offset, length }),
        }
    }
    let whole = [Segment { offset: 0, length: size }];
    Ok((segments != whole).then_some(segments))
}

/// An open file. Reads its data segments in file order, holes left out.
#[derive(Debug)]
pub struct OpenSource {
    file: File,
    source: Source,
    size: u64,
    segments: Option<Vec<Segment>>,
    /// Segment being read.
    current: usize,
    /// Bytes of it already read.
    done: u64,
}

impl OpenSource {
    /// Size in bytes when it was opened, holes included.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Data segments if the file has holes, as [`crate::entry::Content`] has them.
    pub fn segments(&self) -> Option<&[Segment]> {
        self.segments.as_deref()
    }

    /// How many bytes [`OpenSource::read`] will yield in all.
    pub fn data_length(&self) -> u64 {
        match &self.segments {
            Some(segments) => segments.iter().map(|segment| segment.length).sum(),
            None => self.size,
        }
    }

    /// Reads the next bytes of data; 0 only at the end or for an empty buffer.
    /// Exactly [`OpenSource::data_length`] bytes come, whatever happens to the
    /// file meanwhile: if it shrinks the rest is zeros, if it grows the rest is
    /// not read, and [`OpenSource::finish`] tells.
    ///
    /// # Errors
    /// [`TreeError::Io`] if the system cannot read it.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, TreeError> {
        let Some(segment) = self.segment() else { return Ok(0) };
        let left = segment.length - self.done;
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let buffer = &mut buffer[..wanted];
        let length = loop {
            match self.file.read_at(buffer, segment.offset + self.done) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => {
                    break other
                        .map_err(|error| TreeError::io(&self.source.path, "read", error))?;
                }
            }
        };
        let length = if length == 0 {
            buffer.fill(0); // the file shrank
            wanted
        } else {
            length
        };
        self.done += length as u64;
        if self.done == segment.length {
            (self.current, self.done) = (self.current + 1, 0);
        }
        Ok(length)
    }

    /// The segment being read, `None` at the end.
    fn segment(&self) -> Option<Segment> {
        match &self.segments {
            Some(segments) => segments.get(self.current).copied(),
            None if self.current == 0 && self.size > 0 => {
                Some(Segment { offset: 0, length: self.size })
            }
            None => None,
        }
    }

    /// Says whether what was read is the file the walk saw.
    ///
    /// # Errors
    /// [`TreeError::Changed`] if size or modification time differ from the
    /// walk's; the bytes read are then a mixture, or do not fit the metadata.
    pub fn finish(self) -> Result<(), TreeError> {
        let path = &self.source.path;
        let status = fstat(&self.file).map_err(|error| TreeError::io(path, "look at", error))?;
        let same_size = status.st_size.max(0) as u64 == self.source.size;
        if same_size && stat::modified(&status) == self.source.modified {
            Ok(())
        } else {
            Err(TreeError::Changed { path: path.clone() })
        }
    }
}
