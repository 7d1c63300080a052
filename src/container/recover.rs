//! Finding what is left of an archive that is not whole. Normative text:
//! spec/container.md §10.

use super::findings::Findings;
use super::reader::{read_footer, read_preface, read_tables, walk};
use super::{ArchiveId, ContainerError, FOOTER_LENGTH, Limits, ReadAt, Reader, StreamReader};
use crate::checksum::Digest;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is known of an archive that is not whole, beside its entries.
#[derive(Debug)]
pub struct Recovery {
    /// What is wrong with the archive.
    pub fault: Arc<ContainerError>,
    /// Whether the index was found. If not, ENTRY sections say what the archive
    /// holds, and files have no digests.
    pub index: bool,
    /// Bytes that are missing, of how many; without the index the fewest there
    /// can be.
    pub missing: Option<(u64, u64)>,
    /// Groups whose sections are lost or damaged, and why.
    pub spoiled: BTreeMap<u64, &'static str>,
    /// Digests of the groups by their ENTRY sections; only without the index.
    pub digests: BTreeMap<u64, Digest>,
    /// Entries that are not whole by what the ENTRY sections say.
    pub cut: u64,
}

/// What opening an archive found.
#[derive(Debug)]
pub enum Condition {
    /// It is whole.
    Whole,
    /// It is whole, but bytes follow its end, from this offset on.
    Behind(u64),
    /// It is not whole.
    Recovered(Box<Recovery>),
}

impl<S: ReadAt> Reader<S> {
    /// Opens an archive whatever its state. If it is whole this costs what
    /// [`Reader::open`] costs, if bytes follow its end a read for every section,
    /// else the archive is read once from front to back.
    ///
    /// # Errors
    /// As [`Reader::open`] if nothing of an archive is found, or it is for a newer
    /// version or over a limit; [`ContainerError::Io`] of kind
    /// [`io::ErrorKind::Interrupted`] if `cancel` was set.
    pub fn open_any(
        source: S,
        limits: &Limits,
        cancel: &AtomicBool,
    ) -> Result<(Self, Condition), ContainerError> {
        let length = source.length()?;
        let error = match read_tables(&source, length, limits) {
            Ok((preface, footer, index)) => {
                let ends = Some((preface, footer));
                let reader = Reader::new(source, limits, preface.archive_id, index, ends);
                return Ok((reader, Condition::Whole));
            }
            Err(error) => error,
        };
        if !error.is_salvageable() {
            return Err(error);
        }
        let stoppable = Stoppable { source: &source, cancel };
        if let Ok(end) = walk(&stoppable, length)
            && end < length
            && let Ok((preface, footer, index)) = read_tables(&source, end, limits)
        {
            let ends = Some((preface, footer));
            let reader = Reader::new(source, limits, preface.archive_id, index, ends);
            return Ok((reader, Condition::Behind(end)));
        }
        Self::recover(source, limits, cancel, Some(error))
    }

    /// Searches an archive for what is intact. `fault` is why it must be.
    ///
    /// # Errors
    /// As [`Reader::open_any`].
    pub fn recover(
        source: S,
        limits: &Limits,
        cancel: &AtomicBool,
        fault: Option<ContainerError>,
    ) -> Result<(Self, Condition), ContainerError> {
        let length = source.length()?;
        let preface = read_preface(&source, length).map(|preface| preface.archive_id);
        let footer = || read_footer_anywhere(&source, length);
        let known = preface.ok().or_else(footer);
        let stoppable = Stoppable { source: &source, cancel };
        let sequential = Sequential { source: &stoppable, position: 0, length };
        let mut sections = StreamReader::of_archive(sequential, limits, known)?;
        let mut found = Findings::new(limits, fault);
        loop {
            match sections.next_section() {
                Ok(None) => break,
                Ok(Some(section)) => found.take(section)?,
                Err(ContainerError::Io(error)) => return Err(error.into()),
                Err(error) => found.blame(error),
            }
        }
        let (index, mut recovery) = found.finish(length);
        let archive_id = sections.archive_id();
        drop(sections);
        let reader = Reader::new(source, limits, archive_id, index, None);
        // Those whose headers are damaged were not found, but the index knows them.
        recovery.spoiled.retain(|&group, _| {
            let section = reader.group(group);
            !recovery.index || !section.is_some_and(|section| reader.is_intact(section))
        });
        Ok((reader, Condition::Recovered(Box::new(recovery))))
    }
}

impl Reader<Gone> {
    /// Learns from a pipe what an archive holds. Nothing can be decoded.
    ///
    /// # Errors
    /// As [`StreamReader::new`], and [`ContainerError::Io`].
    pub fn of_stream(
        input: impl Read,
        limits: &Limits,
    ) -> Result<(Self, Condition), ContainerError> {
        let mut sections = StreamReader::new(input, limits)?;
        let mut found = Findings::new(limits, None);
        let mut behind = None;
        loop {
            match sections.next_section() {
                Ok(None) => break,
                Ok(Some(section)) => found.take(section)?,
                Err(ContainerError::Behind { offset }) => behind = Some(offset),
                Err(ContainerError::Io(error)) => return Err(error.into()),
                Err(error) => found.blame(error),
            }
        }
        let (length, archive_id) = (sections.offset(), sections.archive_id());
        let whole = found.is_whole();
        let (index, recovery) = found.finish(length);
        let reader = Reader::new(Gone(length), limits, archive_id, index, None);
        let condition = match (whole, behind) {
            (true, None) => Condition::Whole,
            (true, Some(offset)) => Condition::Behind(offset),
            (false, _) => Condition::Recovered(Box::new(recovery)),
        };
        Ok((reader, condition))
    }
}

/// The archive that the last bytes name, if they are a footer.
fn read_footer_anywhere(source: &impl ReadAt, length: u64) -> Option<ArchiveId> {
    // The footer says of itself where it stands; here that may be wrong.
    let offset = length.checked_sub(FOOTER_LENGTH as u64)?;
    let mut bytes = [0; FOOTER_LENGTH];
    source.read_exact_at(&mut bytes, offset).ok()?;
    let footer = super::Footer::parse(&bytes, offset).ok();
    footer.or_else(|| read_footer(source, length).ok()).map(|footer| footer.archive_id)
}

/// A source that fails once it is to stop.
struct Stoppable<'a, S> {
    source: &'a S,
    cancel: &'a AtomicBool,
}

impl<S: ReadAt> ReadAt for Stoppable<'_, S> {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match self.cancel.load(Ordering::Relaxed) {
            true => Err(io::Error::other("interrupted")),
            false => self.source.read_exact_at(buffer, offset),
        }
    }

    fn length(&self) -> io::Result<u64> {
        self.source.length()
    }
}

/// Reads a source from front to back. A sector that cannot be read is zeros: the
/// hashes tell.
struct Sequential<'a, S> {
    source: &'a Stoppable<'a, S>,
    position: u64,
    length: u64,
}

const SECTOR: u64 = 4096;

impl<S: ReadAt> Read for Sequential<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.length.saturating_sub(self.position).min(buffer.len() as u64);
        let buffer = &mut buffer[..left as usize];
        if left == 0 || self.source.read_exact_at(buffer, self.position).is_ok() {
            self.position += left;
            return Ok(left as usize);
        }
        if self.source.cancel.load(Ordering::Relaxed) {
            return Err(io::Error::other("interrupted"));
        }
        let sector = left.min(SECTOR - self.position % SECTOR) as usize;
        let buffer = &mut buffer[..sector];
        if self.source.read_exact_at(buffer, self.position).is_err() {
            buffer.fill(0);
        }
        self.position += sector as u64;
        Ok(sector)
    }
}

/// Stands for a pipe that has been read: only its length is left.
#[derive(Debug)]
pub struct Gone(u64);

impl ReadAt for Gone {
    fn read_exact_at(&self, _: &mut [u8], _: u64) -> io::Result<()> {
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.0)
    }
}
