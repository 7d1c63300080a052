//! Writes the bytes of one file to its target and checks its digest.

use super::cat::Turn;
use super::deliver::Deliver;
use crate::archive::ArchiveError;
use crate::archive::tarball::MemberFile;
use crate::checksum::{Digest, Hasher};
use crate::container::content_digest;
use crate::entry::Segment;
use crate::tree::FileWriter;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

/// Zeros from which holes are written.
static ZEROS: [u8; 1 << 18] = [0; 1 << 18];

/// What receives the bytes.
pub(in crate::archive) enum Target<'a> {
    /// A file, which gets its name only when the digest is right.
    File(Box<FileWriter>),
    /// A member of a tar.
    Member(MemberFile<'a>),
    /// A stream; holes are written as zeros.
    Output(&'a mut dyn Write),
    /// A file of a program's sink; holes are written as zeros.
    Delivery(Box<dyn Deliver + 'a>),
    /// A stream that takes one file after the other.
    Turn(Turn<'a>),
    /// Nothing: the digest is all that is wanted.
    Nowhere,
}

/// Takes the data of one file in order. If the digest of the file is known, it
/// hashes the data; holes cost nothing, the digest has them in its map.
pub(super) struct FileSink<'a> {
    target: Target<'a>,
    /// Hash of the data so far and what the digest must become, if that is known.
    check: Option<Box<(Hasher, Option<Digest>)>>,
    size: u64,
    /// All data segments, if the file has holes.
    map: Option<Vec<Segment>>,
    /// Segments still to come, the first perhaps begun.
    segments: std::vec::IntoIter<Segment>,
    current: Segment,
    /// Bytes of the file passed so far.
    position: u64,
    /// Set to stop writing a hole.
    cancel: Option<&'a AtomicBool>,
}

impl<'a> FileSink<'a> {
    /// A sink for a file of `size` bytes with these data segments. `digest` is what its
    /// digest must be; `None` if the bytes are checked already. `cancel` stops writing
    /// holes.
    pub fn new(
        target: Target<'a>,
        size: u64,
        segments: Option<&[Segment]>,
        digest: Option<Digest>,
        cancel: &'a AtomicBool,
    ) -> Self {
        let map = segments.map(<[Segment]>::to_vec);
        let whole = [Segment { offset: 0, length: size }];
        let segments = segments.unwrap_or(&whole).to_vec().into_iter();
        let current = Segment { offset: 0, length: 0 };
        let check = digest.map(|digest| Box::new((Hasher::new(), Some(digest))));
        let cancel = Some(cancel);
        FileSink { target, check, size, map, segments, current, position: 0, cancel }
    }

    /// Hashes what comes, though it is not known yet what the digest must be.
    pub fn hashing(mut self) -> Self {
        self.check = Some(Box::new((Hasher::new(), None)));
        self
    }

    /// Returns the bytes of memory that it takes beside its target.
    pub fn memory(&self) -> u64 {
        let segments = self.map.as_ref().map_or(1, |map| 2 * map.len());
        let hasher = self.check.as_ref().map_or(0, |_| size_of::<(Hasher, Option<Digest>)>());
        (size_of::<Self>() + hasher + segments * size_of::<Segment>()) as u64
    }

    /// Says what the digest of a file must be that is being hashed.
    pub fn expect(&mut self, digest: Digest) {
        self.check.iter_mut().for_each(|check| check.1 = Some(digest));
    }

    /// The digest of a file that came to its end; `None` if it was not hashed.
    fn digest(&self) -> Option<Digest> {
        let check = self.check.as_ref()?;
        Some(content_digest(check.0.digest(), self.size, self.map.as_deref()))
    }

    /// Takes the next data.
    ///
    /// # Errors
    /// [`ArchiveError::Digest`] if it is more than the segments hold; failures
    /// of writing.
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<(), ArchiveError> {
        while !bytes.is_empty() {
            if self.current.length == 0 {
                self.current = self.segments.next().ok_or(ArchiveError::Digest)?;
                self.skip_to(self.current.offset)?;
            }
            let length = self.current.length.min(bytes.len() as u64);
            let (piece, rest) = bytes.split_at(length as usize);
            if let Some(check) = &mut self.check {
                check.0.update(piece);
            }
            match &mut self.target {
                Target::File(writer) => writer.write_at(self.current.offset, piece)?,
                Target::Member(member) => member.write_at(self.current.offset, piece)?,
                Target::Turn(turn) => turn.write_at(self.current.offset, piece)?,
                Target::Output(output) => output.write_all(piece).map_err(output_error)?,
                Target::Delivery(file) => file.write(piece)?,
                Target::Nowhere => {}
            }
            self.current.offset += length;
            self.current.length -= length;
            self.position = self.current.offset;
            bytes = rest;
        }
        Ok(())
    }

    /// Passes over data that is lost.
    pub fn lose(&mut self, mut length: u64) {
        while length > 0 {
            if self.current.length == 0 {
                match self.segments.next() {
                    Some(next) => self.current = next,
                    None => return,
                }
            }
            let step = self.current.length.min(length);
            self.current.offset += step;
            self.current.length -= step;
            length -= step;
        }
        // The digest is wrong now, whatever comes.
        self.position = self.current.offset;
    }

    /// Checks that all data came and that the digest is right.
    ///
    /// # Errors
    /// [`ArchiveError::Missing`] if data is missing, [`ArchiveError::Digest`] if it is
    /// wrong.
    pub fn check(&mut self) -> Result<(), ArchiveError> {
        if self.current.length > 0 || self.segments.any(|segment| segment.length > 0) {
            return Err(ArchiveError::Missing);
        }
        self.skip_to(self.size)?;
        let expected = self.check.as_ref().and_then(|check| check.1);
        match expected.is_some() && self.digest() != expected {
            true => Err(ArchiveError::Digest),
            false => Ok(()),
        }
    }

    /// Gives the file a name that says that it is damaged; `false` if the target
    /// is no file.
    ///
    /// # Errors
    /// Failures of writing.
    pub fn keep_damaged(self) -> Result<bool, ArchiveError> {
        match self.target {
            Target::File(writer) => writer.keep_damaged().map(|()| true).map_err(Into::into),
            _ => Ok(false),
        }
    }

    /// Ends the file, checks it and, if it is right, gives it its name.
    ///
    /// # Errors
    /// As [`FileSink::check`], and failures of writing.
    pub fn finish(mut self) -> Result<(), ArchiveError> {
        self.check()?;
        match self.target {
            Target::File(writer) => Ok(writer.commit()?),
            Target::Member(member) => {
                member.finish();
                Ok(())
            }
            Target::Turn(turn) => turn.finish(),
            Target::Delivery(file) => file.finish(),
            Target::Output(_) | Target::Nowhere => Ok(()),
        }
    }

    /// Passes over a hole that ends at `offset`. Only a stream is written.
    fn skip_to(&mut self, offset: u64) -> Result<(), ArchiveError> {
        let hole = offset.saturating_sub(self.position);
        match &mut self.target {
            Target::Output(output) => write_zeros(hole, self.cancel, |zeros| {
                output.write_all(zeros).map_err(output_error)
            })?,
            Target::Delivery(file) if hole > 0 => file.hole(hole, self.cancel)?,
            _ => {}
        }
        self.position = offset;
        Ok(())
    }
}

/// Writes a hole in steps: a few bytes of an archive can stand for one that takes
/// hours.
///
/// # Errors
/// What `write` returns; [`ArchiveError::Interrupted`] if `cancel` is set meanwhile.
pub(super) fn write_zeros(
    mut length: u64,
    cancel: Option<&AtomicBool>,
    mut write: impl FnMut(&[u8]) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    while length > 0 {
        let step = length.min(ZEROS.len() as u64);
        write(&ZEROS[..step as usize])?;
        length -= step;
        if cancel.is_some_and(|cancel| cancel.load(Ordering::Relaxed)) {
            return Err(ArchiveError::Interrupted);
        }
    }
    Ok(())
}

/// Wraps a failure of writing to the stream that the caller passed.
pub(super) fn output_error(source: std::io::Error) -> ArchiveError {
    ArchiveError::Io { path: "standard output".into(), operation: "write", source }
}
