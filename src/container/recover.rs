//! Finding the remains of a damaged archive. Normative text: spec/container.md §10.

use super::catalog::Catalog;
use super::reader::{NOWHERE, read_footer, read_preface, read_tables, walk};
use super::{ArchiveId, ContainerError, ErrorKind, FOOTER_LENGTH, Index, Limits, NO_GROUP};
use super::{ReadAt, Reader, Section, SectionType, StreamReader, StreamSection};
use super::{decode_index, decode_part};
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

/// Bytes of memory that a section takes while it is remembered, and again in the index
/// that is made from it.
const SECTION: u64 = 3 * size_of::<(u64, Section, bool)>() as u64;

/// The results of reading from front to back.
struct Findings {
    limits: Limits,
    fault: Option<ContainerError>,
    /// Sections found, by Sequence, and whether their payload is intact.
    sections: BTreeMap<u64, (Section, bool)>,
    index: Option<(Section, Index)>,
    catalog: Catalog,
    digests: BTreeMap<u64, Digest>,
    /// End of the furthest section according to its header.
    reach: u64,
}

impl Findings {
    fn new(limits: &Limits, fault: Option<ContainerError>) -> Findings {
        Findings {
            limits: limits.clone(),
            fault,
            sections: BTreeMap::new(),
            index: None,
            catalog: Catalog::new(limits.memory),
            digests: BTreeMap::new(),
            reach: 0,
        }
    }

    /// Records a fault. That the archive ends too early is more informative than any
    /// other fault.
    fn blame(&mut self, error: ContainerError) {
        let ends = |error: &ContainerError| matches!(error, ContainerError::Truncated { .. });
        match &self.fault {
            Some(first) if ends(first) || !ends(&error) => {}
            _ => self.fault = Some(error),
        }
    }

    /// Records the fault of a table; an unsafe table ends the search.
    fn refuse(&mut self, error: ContainerError) -> Result<(), ContainerError> {
        match error.kind() {
            ErrorKind::Unsafe => Err(error),
            _ => {
                self.blame(error);
                Ok(())
            }
        }
    }

    fn is_whole(&self) -> bool {
        self.fault.is_none() && self.index.is_some()
    }

    /// Returns the limits, with the memory that is left besides everything held already.
    ///
    /// # Errors
    /// [`ContainerError::TooLarge`] if nothing is left.
    fn left(&self) -> Result<Limits, ContainerError> {
        let sections = (self.sections.len() + self.digests.len()) as u64 * SECTION;
        let held = sections.saturating_add(self.catalog.memory());
        super::limits::check("memory", held, self.limits.memory)?;
        Ok(Limits { memory: self.limits.memory - held, ..self.limits.clone() })
    }

    fn take(&mut self, found: StreamSection) -> Result<(), ContainerError> {
        let section = found.section;
        let header = section.header;
        self.reach = self.reach.max(section.end());
        super::limits::check("sections", self.sections.len() as u64, self.limits.extents)?;
        let limits = self.left()?;
        let known = header.known_type();
        if known == Some(SectionType::Data) {
            let intact = found.fault.is_none();
            found.fault.into_iter().for_each(|fault| self.blame(fault));
            let kept = self.sections.entry(header.sequence).or_insert((section, intact));
            if intact && !kept.1 {
                *kept = (section, true);
            }
            return Ok(());
        }
        let payload = match found.intact() {
            Ok(payload) => payload,
            Err(fault) => {
                self.blame(fault);
                return Ok(());
            }
        };
        let first = self.sections.insert(header.sequence, (section, true)).is_none();
        match known {
            Some(SectionType::Entry) if self.index.is_none() && first => {
                match decode_part(&payload, header.raw_length, &limits) {
                    Ok(part) => {
                        if header.group != NO_GROUP {
                            self.digests.insert(header.group, part.group_digest);
                        }
                        self.catalog.take(part, header.group, &limits)?;
                    }
                    Err(error) => self.refuse(error)?,
                }
            }
            Some(SectionType::Index) => match decode_index(&payload, header.raw_length, &limits) {
                Ok(index) => self.index = Some((section, index)),
                Err(error) => self.refuse(error)?,
            },
            _ => {}
        }
        Ok(())
    }

    /// Returns the index as found or reconstructed, and what else is known.
    fn finish(self, length: u64) -> (Index, Recovery) {
        let fault = self.fault.unwrap_or(ContainerError::Lost { structure: "INDEX" });
        let mut recovery = Recovery {
            fault: Arc::new(fault),
            index: self.index.is_some(),
            missing: None,
            spoiled: BTreeMap::new(),
            digests: BTreeMap::new(),
            cut: 0,
        };
        let index = match self.index {
            Some((section, mut index)) => {
                let whole = place(&mut index, section, &self.sections);
                recovery.missing = whole.checked_sub(length).map(|missing| (missing, whole));
                index
            }
            None => {
                let (entries, cut) = self.catalog.finish();
                (recovery.cut, recovery.digests) = (cut, self.digests);
                let whole = self.reach.saturating_add(FOOTER_LENGTH as u64);
                recovery.missing = whole.checked_sub(length).map(|missing| (missing, whole));
                let found = self.sections.values().map(|&(section, _)| section);
                // Groups ascend, except in a forged archive.
                let mut next = 0;
                let ascends = |section: &Section| {
                    let header = &section.header;
                    let data = header.known_type() == Some(SectionType::Data);
                    let ascends = !data || header.group >= next;
                    next = if data && ascends { header.group.saturating_add(1) } else { next };
                    ascends
                };
                Index { sections: found.filter(ascends).collect(), entries }
            }
        };
        let intact: BTreeMap<u64, bool> = self
            .sections
            .values()
            .filter(|(section, _)| section.header.known_type() == Some(SectionType::Data))
            .map(|(section, intact)| (section.header.group, *intact))
            .collect();
        let named = index.entries.iter().flat_map(|entry| match &entry.kind {
            crate::entry::Kind::File(content) => &content.extents[..],
            _ => &[],
        });
        for extent in named {
            match intact.get(&extent.group) {
                Some(true) => {}
                Some(false) => drop(recovery.spoiled.insert(extent.group, "damaged")),
                None => drop(recovery.spoiled.insert(extent.group, "lost")),
            }
        }
        recovery.missing = recovery.missing.filter(|(missing, _)| *missing > 0);
        (index, recovery)
    }
}

/// Gives the sections of an index the offsets at which they were found; returns the
/// original length of the archive. A section that was not found is where it should be
/// relative to INDEX, or nowhere.
fn place(index: &mut Index, found: Section, sections: &BTreeMap<u64, (Section, bool)>) -> u64 {
    let end = index.sections.last().map_or(super::PREFACE_LENGTH as u64, Section::end);
    for section in &mut index.sections {
        let expected = (section.offset + found.offset).checked_sub(end);
        section.offset = match sections.get(&section.header.sequence) {
            Some((place, _)) if place.header == section.header => place.offset,
            _ => expected.unwrap_or(NOWHERE),
        };
    }
    end.saturating_add(found.header.section_length()).saturating_add(FOOTER_LENGTH as u64)
}

/// A source that fails once it must stop.
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
