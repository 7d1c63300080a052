//! Reading the bytes of a file that the walk found.

use rustix::fd::OwnedFd;
use rustix::fs::{FileType, OFlags, SeekFrom, Stat, fstat, seek};
use rustix::io::Errno;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::owners::Owners;
use super::reach::Reach;
use super::{Change, FileId, TreeError, stat};
use crate::entry::{Metadata, Segment, Timestamp};

/// Most bytes that are read of a file that holds more than its size says.
const ENDLESS: u64 = 64 << 20;

/// A regular file as the walk saw it; it can be opened any number of times.
#[derive(Clone, Debug)]
pub struct Source {
    pub(super) path: PathBuf,
    pub(super) id: FileId,
    pub(super) size: u64,
    pub(super) modified: Timestamp,
    pub(super) changed: Timestamp,
}

impl Source {
    /// Returns its place on disk.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the size in bytes that the walk saw.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Opens the file that is there now and maps its holes. Never blocks on a pipe and
    /// never follows a link put in its place. If a file holds more than its size says,
    /// as in `/proc`, up to 64 MiB of it are held in memory.
    ///
    /// # Errors
    /// [`TreeError::Changed`] if no regular file is there any more, [`TreeError::Io`]
    /// if it vanished or may not be read.
    pub fn open(&self) -> Result<OpenSource, TreeError> {
        let failed = |error| TreeError::io(&self.path, "open", error);
        let changed = || TreeError::Changed { path: self.path.clone(), how: Change::Kind };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let descriptor =
            match Reach::new(&self.path).and_then(|reach| reach.open(flags | OFlags::CLOEXEC)) {
                // There is now a link, or a pipe or device that cannot be opened.
                Err(Errno::LOOP | Errno::NXIO) => return Err(changed()),
                Err(Errno::AGAIN) => self.wait_for_lease(flags)?,
                other => other.map_err(failed)?,
            };
        let status = fstat(&descriptor).map_err(failed)?;
        let regular = FileType::from_raw_mode(status.st_mode) == FileType::RegularFile;
        if !regular {
            return Err(changed());
        }
        let file = File::from(descriptor);
        let segments = data_segments(&file, &status).map_err(failed)?;
        let size = status.st_size.max(0) as u64;
        let (source, how, held) = (self.clone(), None, Vec::new());
        let mut open =
            OpenSource { file, source, status, size, how, held, segments, current: 0, done: 0 };
        if size == 0 || open.goes_on() {
            open.hold()?;
        }
        Ok(open)
    }

    /// Opens a file on which another process has a lease. That process gives up the
    /// lease when asked; the kernel bounds how long that takes. The kind is checked
    /// first, because opening a pipe would block.
    fn wait_for_lease(&self, flags: OFlags) -> Result<OwnedFd, TreeError> {
        let found = FileType::from_raw_mode(stat::stat(&self.path)?.st_mode);
        if found != FileType::RegularFile {
            return Err(TreeError::Changed { path: self.path.clone(), how: Change::Kind });
        }
        let flags = flags.difference(OFlags::NONBLOCK) | OFlags::CLOEXEC;
        let opened = Reach::new(&self.path).and_then(|reach| reach.open(flags));
        opened.map_err(|error| TreeError::io(&self.path, "open", error))
    }
}

/// Returns the data segments of a sparse file; `None` if it has no holes or the file
/// system cannot tell. Cost: two system calls per segment for files with holes, one
/// call for others. The number of blocks is not used, because it includes space
/// reserved after the end.
pub(super) fn data_segments(
    file: &File,
    status: &Stat,
) -> rustix::io::Result<Option<Vec<Segment>>> {
    let size = status.st_size.max(0) as u64;
    match seek(file, SeekFrom::Hole(0)) {
        Ok(hole) if hole < size => {}
        // The file is full or empty, or the file system does not know its holes.
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
        // The file may have grown meanwhile; the growth is not archived.
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

/// An open file. Reads its data segments in file order, without holes.
#[derive(Debug)]
pub struct OpenSource {
    file: File,
    source: Source,
    /// Result of `fstat` when the file was opened.
    status: Stat,
    size: u64,
    /// Change that was found while reading.
    how: Option<Change>,
    /// Content of a file that holds more than its size says.
    held: Vec<u8>,
    segments: Option<Vec<Segment>>,
    /// Segment being read.
    current: usize,
    /// Bytes of it already read.
    done: u64,
}

impl OpenSource {
    /// Returns whether the name led to the file that the walk saw; the content may
    /// differ.
    pub fn is_same(&self) -> bool {
        FileId::from_stat(&self.status) == self.source.id
    }

    /// Returns the metadata of the open file, if it differs from what the walk saw.
    ///
    /// # Errors
    /// [`TreeError::Io`] if the extended attributes cannot be read.
    pub fn new_metadata(&self) -> Result<Option<Metadata>, TreeError> {
        // A change of mode or owner changes neither size nor time of modification.
        let unchanged = stat::changed(&self.status) == self.source.changed;
        if self.is_same() && !self.differs(&self.status) && unchanged {
            return Ok(None);
        }
        let mut metadata = stat::metadata(&self.status, &Owners::of_this_system());
        metadata.xattrs = stat::open_xattrs(&self.file, &self.source.path)?;
        Ok(Some(metadata))
    }

    /// Returns whether size or time differ from the walk's.
    fn differs(&self, status: &Stat) -> bool {
        let size = status.st_size.max(0) as u64;
        (size, stat::modified(status)) != (self.source.size, self.source.modified)
    }

    /// Limits the file to its first `cap` bytes.
    pub fn cut(&mut self, cap: u64) {
        if cap < self.size {
            self.how = Some(Change::Shorter { read: cap, size: self.size });
            self.end_at(cap);
        }
    }

    /// Ends the file at `end`, which is less than its size.
    fn end_at(&mut self, end: u64) {
        if let Some(segments) = &mut self.segments {
            segments.retain(|segment| segment.offset < end);
            if let Some(last) = segments.last_mut() {
                last.length = last.length.min(end - last.offset);
            }
            if *segments == [Segment { offset: 0, length: end }] || end == 0 {
                self.segments = None;
            }
        }
        self.size = end;
        self.held.truncate(end as usize);
    }

    /// Returns whether there is data after the end that the system reported and still
    /// reports: a file that grows meanwhile is taken as it was.
    fn goes_on(&self) -> bool {
        let beyond = matches!(self.file.read_at(&mut [0], self.size), Ok(1..));
        beyond && fstat(&self.file).is_ok_and(|status| status.st_size == self.status.st_size)
    }

    /// Reads to its end a file that holds more than its size says.
    fn hold(&mut self) -> Result<(), TreeError> {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let at = self.held.len() as u64;
            match self.read_at(&mut buffer, at)? {
                0 => break,
                length => self.held.extend_from_slice(&buffer[..length]),
            }
            if self.held.len() as u64 >= ENDLESS {
                self.held.truncate(ENDLESS as usize);
                self.how = Some(Change::Endless { read: ENDLESS });
                break;
            }
        }
        self.size = self.held.len() as u64;
        Ok(())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, TreeError> {
        loop {
            match self.file.read_at(buffer, offset) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => {
                    return other.map_err(|error| TreeError::io(&self.source.path, "read", error));
                }
            }
        }
    }

    /// Returns the size in bytes, holes included: the size when it was opened, or the
    /// end that was found.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the data segments if the file has holes, as in
    /// [`crate::entry::Content`].
    pub fn segments(&self) -> Option<&[Segment]> {
        self.segments.as_deref()
    }

    /// Returns how many bytes [`OpenSource::read`] will yield in total.
    pub fn data_length(&self) -> u64 {
        match &self.segments {
            Some(segments) => segments.iter().map(|segment| segment.length).sum(),
            None => self.size,
        }
    }

    /// Reads the next bytes of data; returns 0 only at the end or for an empty buffer.
    /// If the file ends too early, size and segments are cut there. If it grows, the
    /// rest is not read. [`OpenSource::finish`] reports both.
    ///
    /// # Errors
    /// [`TreeError::Io`] if the system cannot read it.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, TreeError> {
        let Some(segment) = self.segment() else { return Ok(0) };
        let left = segment.length - self.done;
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let buffer = &mut buffer[..wanted];
        let at = segment.offset + self.done;
        let length = match self.held.get(at as usize..) {
            Some(held) if !held.is_empty() => {
                let length = held.len().min(wanted);
                buffer[..length].copy_from_slice(&held[..length]);
                length
            }
            _ => self.read_at(buffer, at)?,
        };
        if length == 0 && wanted > 0 {
            self.ended(at)?;
            return Ok(0);
        }
        self.done += length as u64;
        if self.done == segment.length {
            (self.current, self.done) = (self.current + 1, 0);
        }
        Ok(length)
    }

    /// Handles a file that ended at `at` or before, although more data was expected.
    fn ended(&mut self, at: u64) -> Result<(), TreeError> {
        let path = &self.source.path;
        let status =
            fstat(&self.file).map_err(|error| TreeError::io(path, "read the attributes", error))?;
        // It may have been cut within the hole before this segment.
        let end = match self.done {
            0 => {
                let before = self.current.checked_sub(1);
                let before = before.and_then(|index| Some(self.segments.as_ref()?[index]));
                let least = before.map_or(0, |segment| segment.offset + segment.length);
                (status.st_size.max(0) as u64).clamp(least, at)
            }
            _ => at,
        };
        self.how = Some(Change::Shorter { read: end, size: self.size });
        self.end_at(end);
        self.current = self.segments.as_ref().map_or(1, Vec::len);
        self.done = 0;
        Ok(())
    }

    /// Returns the segment being read, `None` at the end.
    fn segment(&self) -> Option<Segment> {
        match &self.segments {
            Some(segments) => segments.get(self.current).copied(),
            None if self.current == 0 && self.size > 0 => {
                Some(Segment { offset: 0, length: self.size })
            }
            None => None,
        }
    }

    /// Checks whether the bytes read are those of the file that the walk saw.
    ///
    /// # Errors
    /// [`TreeError::Changed`] if size or modification time differ from the walk's, or
    /// if the file did not end at its size. The bytes read are archived.
    pub fn finish(self) -> Result<(), TreeError> {
        let path = &self.source.path;
        let status =
            fstat(&self.file).map_err(|error| TreeError::io(path, "read the attributes", error))?;
        let times = |status: &Stat| (status.st_size, stat::modified(status));
        let how = match self.how {
            Some(how) => how,
            None if times(&status) != times(&self.status) => Change::WhileRead,
            None if self.differs(&self.status) => Change::SinceListed,
            None => return Ok(()),
        };
        Err(TreeError::Changed { path: path.clone(), how })
    }
}

#[cfg(test)]
mod tests {
    use crate::tree::{WalkOptions, walk};
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    #[test]
    fn a_change_of_mode_before_a_file_is_read_is_archived() {
        let at = tempfile::tempdir().unwrap();
        let path = at.path().join("a");
        fs::write(&path, "a").unwrap();
        let changed = |path| fs::metadata(path).map(|it| (it.ctime(), it.ctime_nsec())).unwrap();
        let before = changed(&path);
        let found = walk(std::slice::from_ref(&path), WalkOptions::default()).unwrap().next();
        let found = found.unwrap().unwrap();
        let open = || found.source.as_ref().unwrap().open().unwrap();
        assert_eq!(open().new_metadata().unwrap(), None);
        // The time of change has the resolution of the clock's ticks.
        while changed(&path) == before {
            fs::set_permissions(&path, Permissions::from_mode(0o604)).unwrap();
        }
        let mut expected = found.entry.metadata.clone();
        expected.mode = 0o604;
        assert_eq!(open().new_metadata().unwrap(), Some(expected));
        open().finish().unwrap();
    }
}
