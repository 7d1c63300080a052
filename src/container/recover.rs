//! Finding the remains of a damaged archive. Normative text: spec/container.md §14.

use super::catalog::Contents;
use super::findings::Findings;
use super::parity::Patched;
use super::reader::{read_footer, read_preface};
use super::tables::{Tables, read_contents, read_tables, read_tables_at, walk};
use super::{ArchiveId, At, ContainerError, FOOTER_LENGTH, Limits, ReadAt, Reader, StreamReader};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is known of a damaged archive, besides its entries.
#[derive(Debug)]
pub struct Recovery {
    /// The fault of the archive.
    pub fault: Arc<ContainerError>,
    /// Whether the index was found.
    pub index: bool,
    /// Bytes that are missing, and of how many; without the index, the minimum.
    pub missing: Option<(u64, u64)>,
    /// Groups whose sections are lost or damaged, with the cause.
    pub spoiled: BTreeMap<u64, &'static str>,
    /// Batches whose ENTRY section is lost: nobody knows what they hold.
    pub lost_batches: Vec<LostBatch>,
    /// Number of entries that are incomplete according to the ENTRY sections.
    pub cut: u64,
}

/// A batch whose ENTRY section is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostBatch {
    /// Offset of the ENTRY section.
    pub offset: u64,
    /// Number of its groups.
    pub groups: u64,
    /// Bytes of these, decoded.
    pub bytes: u64,
}

/// The result of opening an archive.
#[derive(Debug)]
pub enum Condition {
    /// The archive is intact.
    Whole,
    /// The archive is intact, but other bytes follow it.
    Behind {
        /// Where they start.
        offset: u64,
        /// Number of the last generation.
        generation: u64,
        /// How many they are, if that is known.
        bytes: Option<u64>,
    },
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
        at: At,
    ) -> Result<(Self, Condition), ContainerError> {
        let length = source.length()?;
        let error = match open_at(&source, length, limits, at) {
            Ok((tables, contents)) => {
                return Ok((Reader::whole(source, limits, tables, contents), Condition::Whole));
            }
            Err(error) => error,
        };
        // What is unsupported in one ENTRY section hides nothing of the others.
        let partly = matches!(error, ContainerError::UnsupportedPart { .. })
            && read_tables(&source, length, limits).is_ok();
        if !error.is_salvageable() && !partly {
            return Err(error);
        }
        let stoppable = Stoppable { source: &source, cancel };
        if let Ok(end) = walk(&stoppable, length)
            && end < length
            && let Ok(newest) = read_tables(&source, end, limits)
        {
            let (offset, bytes) = (end, Some(length - end));
            let generation = newest.index.generations.len() as u64;
            match open_at(&source, end, limits, at) {
                Ok((tables, contents)) => {
                    let reader = Reader::whole(source, limits, tables, contents);
                    return Ok((reader, Condition::Behind { offset, generation, bytes }));
                }
                Err(error) if !error.is_salvageable() => return Err(error),
                Err(_) => {}
            }
        }
        Self::recover(source, limits, cancel, Some(error), at)
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
        at: At,
    ) -> Result<(Self, Condition), ContainerError> {
        let (mut found, mut archive_id) = search(&source, limits, cancel, fault, at)?;
        if found.lacks_tables() && !found.parity.is_empty() {
            let parity = std::mem::take(&mut found.parity);
            let repair = parity.iter().flat_map(|(place, one)| one.repair(&source, *place));
            let patches: Vec<_> = repair.collect();
            if !patches.is_empty() {
                let fault = found.into_fault();
                let patched = Patched { source: &source, patches };
                (found, archive_id) = search(&patched, limits, cancel, fault, at)?;
            }
        }
        let (index, contents, mut recovery, whole) = found.finish(source.length()?)?;
        let reader = Reader::new(source, limits, archive_id, index, contents, None);
        if whole {
            return Ok((reader, Condition::Whole));
        }
        // Groups with damaged headers were not found, but the index knows them.
        recovery.spoiled.retain(|&group, _| {
            let section = reader.group(group);
            !recovery.index || !section.is_some_and(|section| reader.is_intact(section))
        });
        Ok((reader, Condition::Recovered(Box::new(recovery))))
    }
}

/// Reads everything but the groups of an archive that ends at `length`.
fn open_at(
    source: &impl ReadAt,
    length: u64,
    limits: &Limits,
    at: At,
) -> Result<(Tables, Contents), ContainerError> {
    let tables = read_tables_at(source, length, limits, at)?;
    let contents = read_contents(source, &tables, limits)?;
    Ok((tables, contents))
}

/// Reads an archive from front to back, whatever its state.
fn search(
    source: &impl ReadAt,
    limits: &Limits,
    cancel: &AtomicBool,
    fault: Option<ContainerError>,
    at: At,
) -> Result<(Findings, ArchiveId), ContainerError> {
    let length = source.length()?;
    let preface = read_preface(source, length).map(|preface| preface.archive_id);
    let footer = || read_footer_anywhere(source, length);
    let known = preface.ok().or_else(footer);
    let stoppable = Stoppable { source, cancel };
    let sequential = Sequential { source: &stoppable, position: 0, length };
    let mut sections = StreamReader::of_archive(sequential, limits, known)?;
    let mut found = Findings::new(limits, fault, at);
    loop {
        match sections.next_section() {
            Ok(None) => break,
            Ok(Some(section)) => found.take(section)?,
            Err(ContainerError::Io(error)) => return Err(error.into()),
            Err(error) => found.blame(error),
        }
    }
    found.fill(source)?;
    Ok((found, sections.archive_id()))
}

impl Reader<Gone> {
    /// Reads from a pipe what an archive holds. Nothing can be decoded.
    ///
    /// # Errors
    /// As [`StreamReader::new`], and [`ContainerError::Io`].
    pub fn of_stream(
        input: impl Read,
        limits: &Limits,
        at: At,
    ) -> Result<(Self, Condition), ContainerError> {
        let mut sections = StreamReader::new(input, limits)?;
        let mut found = Findings::new(limits, None, at);
        let mut behind = None;
        loop {
            match sections.next_section() {
                Ok(None) => break,
                Ok(Some(section)) => found.take(section)?,
                Err(ContainerError::Behind { offset, generation, bytes }) => {
                    behind = Some(Condition::Behind { offset, generation, bytes });
                }
                Err(ContainerError::Io(error)) => return Err(error.into()),
                Err(error) => found.blame(error),
            }
        }
        if let Some(Err(error)) = found.index().map(|(at, index)| sections.compare(index, at)) {
            found.blame(error);
        }
        found.check_wanted()?;
        let (length, archive_id) = (sections.offset(), sections.archive_id());
        let (index, contents, recovery, whole) = found.finish(length)?;
        let reader = Reader::new(Gone(length), limits, archive_id, index, contents, None);
        let condition = match (whole, behind) {
            (true, None) => Condition::Whole,
            (true, Some(behind)) => behind,
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
    let footer = super::Footer::parse(&bytes).ok();
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

    fn missing(&self, offset: u64) -> u64 {
        self.source.missing(offset)
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
        let sector = SECTOR - self.position % SECTOR;
        let sector = left.min(sector.max(self.source.missing(self.position))) as usize;
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
