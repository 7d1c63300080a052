//! Finding the remains of a damaged archive. Normative text: spec/container.md §10.

use super::findings::Findings;
use super::reader::{read_footer, read_preface, read_tables, walk};
use super::{ArchiveId, ContainerError, FOOTER_LENGTH, Limits, ReadAt, Reader, StreamReader};
use crate::checksum::Digest;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is known of a damaged archive, besides its entries.
#[derive(Debug)]
pub struct Recovery {
    /// The fault of the archive.
    pub fault: Arc<ContainerError>,
    /// Whether the index was found. If not, ENTRY sections say what the archive holds,
    /// and files have no digests.
    pub index: bool,
    /// Bytes that are missing, and of how many; without the index, the minimum.
    pub missing: Option<(u64, u64)>,
    /// Groups whose sections are lost or damaged, with the cause.
    pub spoiled: BTreeMap<u64, &'static str>,
    /// Digests of the groups from their ENTRY sections; only without the index.
    pub digests: BTreeMap<u64, Digest>,
    /// Number of entries that are incomplete according to the ENTRY sections.
    pub cut: u64,
}

/// The result of opening an archive.
#[derive(Debug)]
pub enum Condition {
    /// The archive is intact.
    Whole,
    /// The archive is intact, but other bytes follow it from this offset on.
    Behind(u64),
    /// The archive is damaged.
    Recovered(Box<Recovery>),
}

impl<S: ReadAt> Reader<S> {
    /// Opens an archive in any state. Cost: if it is intact, that of [`Reader::open`];
    /// if bytes follow its end, also a read for every section; otherwise the archive is
    /// read once from front to back.
    ///
    /// # Errors
    /// As [`Reader::open`] if no part of an archive is found, or if the archive is for
    /// a newer version or over a limit; [`ContainerError::Io`] of kind
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

    /// Searches an archive for intact sections. `fault` is the reason for the search.
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
        // Groups with damaged headers were not found, but the index knows them.
        recovery.spoiled.retain(|&group, _| {
            let section = reader.group(group);
            !recovery.index || !section.is_some_and(|section| reader.is_intact(section))
        });
        Ok((reader, Condition::Recovered(Box::new(recovery))))
    }
}

impl Reader<Gone> {
    /// Reads from a pipe what an archive holds. Nothing can be decoded.
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

/// Returns the id of the archive that the last bytes name, if they are a footer.
fn read_footer_anywhere(source: &impl ReadAt, length: u64) -> Option<ArchiveId> {
    // The footer contains its own offset, which may be wrong here.
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

/// A source that is read from front to back. An unreadable sector counts as zeros; the
/// hashes reveal it.
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

/// Replaces a pipe that has been read: only its length is left.
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
