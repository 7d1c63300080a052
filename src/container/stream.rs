//! Reading a container front to back, from a pipe or from a file whose index is lost.
//! Normative text: spec/container.md §13 and §14.
//!
//! Damage does not end the reading. If there is no section where one should be, the
//! reader searches for the next intact header.

use super::bases::Bases;
use super::input::Input;
use super::limits::check;
use super::{ArchiveId, ContainerError, FOOTER_LENGTH, Footer, HEADER_LENGTH, Limits};
use super::{PREFACE_LENGTH, SYNC, Section, SectionHeader, SectionType};
use crate::checksum::{Digest, Hasher, digest};
use std::collections::{BTreeMap, VecDeque};
use std::io::Read;

mod ends;
mod repair;
mod rows;

use rows::hash_row;

/// Limit of bytes that are read a second time, in addition to twice the bytes read so
/// far. Beyond it, damaged sections are no longer searched for other sections. An
/// archive that was not forged to waste time stays far below the limit.
const AGAIN: u64 = 16 << 20;

/// Most faults behind a footer that wait for what follows.
const HELD: usize = 1024;

/// A section with its payload.
#[derive(Debug)]
pub struct StreamSection {
    /// Header and position, and the digest of the payload if it is intact.
    pub section: Section,
    /// The payload as far as it is present. If `fault` is set, any byte may be wrong.
    pub payload: Vec<u8>,
    /// The fault of the payload.
    pub fault: Option<ContainerError>,
}

impl StreamSection {
    /// Returns the payload if it is intact.
    ///
    /// # Errors
    /// The fault.
    pub fn intact(self) -> Result<Vec<u8>, ContainerError> {
        self.fault.map_or(Ok(self.payload), Err)
    }

    /// Returns whether the input ends in it.
    fn ends_early(&self) -> bool {
        matches!(self.fault, Some(ContainerError::Truncated { .. }))
    }
}

/// A reader of the sections of an archive in order.
pub struct StreamReader<R: Read> {
    input: Input<R>,
    limits: Limits,
    archive_id: ArchiveId,
    /// Sequence of the next section.
    sequence: u64,
    /// DATA sections so far.
    groups: u64,
    bases: Bases,
    /// Hash of the headers and digests so far; `None` once something was lost.
    rows: Option<Hasher>,
    /// INDEX of the generation and the digest of its payload, if that is intact; `None` before
    /// it comes.
    index: Option<(Section, Option<Digest>)>,
    /// For each INDEX by Sequence, the hash of all that came before it.
    listed: BTreeMap<u64, Digest>,
    /// Where the last generation ended, and how many there were.
    ended: Option<(u64, u64)>,
    /// Whether the footer of the generation that comes was there and right.
    closed: bool,
    /// Faults behind a footer, which count only if another follows.
    held: Vec<ContainerError>,
    /// Bytes that were read again because of damaged sections.
    again: u64,
    repairs: repair::Repairs,
    /// Faults to report before the next section.
    faults: VecDeque<ContainerError>,
    next: Next,
}

/// What is read next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// A section starts here.
    Section,
    /// No section is known here; the next one must be searched for.
    Search,
    /// A section that stands behind INDEX, or a footer.
    Closing,
    Nothing,
}

impl<R: Read> StreamReader<R> {
    /// Starts with the preface. If it is lost, the first section whose header and
    /// payload are intact gives the archive id.
    ///
    /// # Errors
    /// As [`super::Preface::from_bytes`] if no section is found either;
    /// [`ContainerError::UnsupportedVersion`],
    /// [`ContainerError::UnsupportedFeatures`], [`ContainerError::Io`].
    pub fn new(input: R, limits: &Limits) -> Result<Self, ContainerError> {
        Self::of_archive(input, limits, None)
    }

    /// Does the same as [`StreamReader::new`] if the archive id is already known.
    ///
    /// # Errors
    /// As [`StreamReader::new`].
    pub fn of_archive(
        input: R,
        limits: &Limits,
        known: Option<ArchiveId>,
    ) -> Result<Self, ContainerError> {
        let mut reader = StreamReader {
            input: Input::new(input),
            limits: limits.clone(),
            archive_id: ArchiveId::default(),
            sequence: 0,
            groups: 0,
            bases: Bases::default(),
            rows: Some(Hasher::new()),
            index: None,
            listed: BTreeMap::new(),
            ended: None,
            closed: false,
            held: Vec::new(),
            again: 0,
            repairs: repair::Repairs::default(),
            faults: VecDeque::new(),
            next: Next::Section,
        };
        match reader.read_preface() {
            Ok(preface) => {
                reader.archive_id = preface.archive_id;
                reader.input.pass(PREFACE_LENGTH);
            }
            Err(error) if error.is_salvageable() => {
                match known.map_or_else(|| reader.first_archive(), |id| Ok(Some(id)))? {
                    Some(id) => reader.archive_id = id,
                    None => return Err(error),
                }
                reader.faults.push_back(error);
                reader.next = Next::Search;
            }
            Err(error) => return Err(error),
        }
        Ok(reader)
    }

    /// Returns the offset of what comes next.
    pub fn offset(&self) -> u64 {
        self.input.offset()
    }

    /// Returns the id of the archive that is read.
    pub fn archive_id(&self) -> ArchiveId {
        self.archive_id
    }

    /// Returns the next section; `None` once the last footer has been read or the input has
    /// ended.
    ///
    /// # Errors
    /// Every [`ContainerError`]. Errors of kind [`super::ErrorKind::Integrity`],
    /// [`super::ErrorKind::Unsupported`] or [`super::ErrorKind::Limit`], and
    /// [`ContainerError::Behind`], report what was skipped: call again for what
    /// follows. After any other error only `None` follows.
    pub fn next_section(&mut self) -> Result<Option<StreamSection>, ContainerError> {
        loop {
            let result = match self.faults.pop_front() {
                Some(fault) => Err(fault),
                None => self.read_next(),
            };
            // What an interrupted update left is no damage.
            let unfinished = self.ended.filter(|_| self.index.is_none());
            match (result, unfinished) {
                (Err(error), Some(_)) if error.is_salvageable() && self.held.len() < HELD => {
                    self.held.push(error);
                }
                (Ok(Some(section)), Some(_)) if section.ends_early() => {
                    self.held.extend(section.fault);
                }
                (Ok(None), Some((offset, generations))) => {
                    self.held.clear();
                    self.ended = None;
                    let (generation, bytes) = (generations - 1, None);
                    return Err(ContainerError::Behind { offset, generation, bytes });
                }
                (result, _) => return result,
            }
        }
    }

    fn read_next(&mut self) -> Result<Option<StreamSection>, ContainerError> {
        let result = match self.next {
            Next::Nothing => Ok(None),
            Next::Section => self.read_section().map(Some),
            Next::Search => self.search(),
            Next::Closing => self.read_closing(),
        };
        if let Err(ContainerError::Io(_)) = &result {
            self.next = Next::Nothing;
        }
        result
    }

    /// Returns the number of generations that have ended so far.
    pub fn generations(&self) -> u64 {
        self.ended.map_or(0, |(_, generations)| generations)
    }

    /// Returns whether the generation whose sections came last has its footer, so that it
    /// counts.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Searches for the next section.
    fn search(&mut self) -> Result<Option<StreamSection>, ContainerError> {
        self.rows = None;
        while self.input.find(&SYNC)? {
            if let Some((header, _)) = self.header_here(Some(self.archive_id))? {
                (self.sequence, self.groups) = (header.sequence, header.group);
                let closing = header.known_type().is_some_and(SectionType::is_closing);
                if !closing {
                    self.index = None;
                }
                self.next = if closing { Next::Closing } else { Next::Section };
                return self.read_section().map(Some);
            }
            self.input.pass(1);
        }
        self.next = Next::Nothing;
        Ok(None)
    }

    /// Returns the header at this place, if it is of this archive and the format allows
    /// it.
    fn header_here(
        &mut self,
        archive: Option<ArchiveId>,
    ) -> Result<Option<(SectionHeader, ArchiveId)>, ContainerError> {
        let bytes = self.input.peek(HEADER_LENGTH)?;
        let Ok(bytes) = <&[u8; HEADER_LENGTH]>::try_from(&bytes[..bytes.len().min(HEADER_LENGTH)])
        else {
            return Ok(None);
        };
        let parsed = SectionHeader::parse(bytes).ok();
        Ok(parsed.filter(|(header, found)| {
            archive.is_none_or(|archive| archive == *found)
                && header.check_place(header.group).is_ok()
        }))
    }

    fn read_section(&mut self) -> Result<StreamSection, ContainerError> {
        let offset = self.input.offset();
        let header = self.read_header().inspect_err(|error| {
            let ended = matches!(error, ContainerError::Truncated { .. });
            self.next = if ended { Next::Nothing } else { Next::Search };
        })?;
        self.follow(&header, offset);
        let section = Section { header, offset, digest: None };
        if let Err(refused) = header.check_known(offset) {
            self.skip(&header)?;
            return Err(refused);
        }
        if let Err(refused) = check("memory", header.stored_length, self.limits.memory) {
            self.skip(&header)?;
            return Err(refused);
        }
        self.read_payload(section)
    }

    /// Reads the header that must be at this place.
    fn read_header(&mut self) -> Result<SectionHeader, ContainerError> {
        let offset = self.input.offset();
        let bytes = self.input.peek(HEADER_LENGTH)?;
        let structure = "Section_Header";
        let Ok(bytes) = <&[u8; HEADER_LENGTH]>::try_from(&bytes[..bytes.len().min(HEADER_LENGTH)])
        else {
            return Err(ContainerError::Truncated { structure, offset });
        };
        let repaired = match SectionHeader::parse(bytes) {
            Err(_) => self.repairs.header(bytes),
            Ok(_) => None,
        };
        if repaired.is_some() {
            let cause = "Header_Hash does not match";
            self.faults.push_back(ContainerError::Damaged { structure, offset, cause });
            self.rows = None;
        }
        let bytes = repaired.as_ref().unwrap_or(bytes);
        match SectionHeader::from_bytes(bytes, &self.archive_id, offset) {
            Ok(_) | Err(ContainerError::UnsupportedSection { .. }) => {}
            Err(error) => return Err(error),
        }
        let damaged = |cause| ContainerError::Damaged { structure, offset, cause };
        let (header, _) = SectionHeader::parse(bytes).map_err(damaged)?;
        header.check_place(header.group).map_err(damaged)?;
        Ok(header)
    }

    /// Compares a header with the expected one, and updates the expectation.
    fn follow(&mut self, header: &SectionHeader, offset: u64) {
        let closing = header.known_type().is_some_and(SectionType::is_closing);
        let cause = if header.sequence != self.sequence {
            Some("Sequence does not follow the section before")
        } else if closing != (self.next == Next::Closing) {
            Some("a section stands where its Type does not belong")
        } else {
            header.check_place(self.groups).and_then(|()| self.bases.follow(header)).err()
        };
        if let Some(cause) = cause {
            let structure = "Section_Header";
            self.faults.push_back(ContainerError::Damaged { structure, offset, cause });
            self.rows = None;
        }
        self.sequence = header.sequence.saturating_add(1);
        self.groups = header.group + u64::from(header.is(SectionType::Data));
    }

    /// Skips a section that is not read.
    fn skip(&mut self, header: &SectionHeader) -> Result<(), ContainerError> {
        self.rows = None;
        Ok(self.input.skip(header.section_length())?)
    }

    fn read_payload(&mut self, mut section: Section) -> Result<StreamSection, ContainerError> {
        let header = section.header;
        let stored = header.stored_length as usize;
        let end = HEADER_LENGTH + stored;
        let offset = section.payload_offset();
        let bytes = self.input.peek(end)?;
        let structure = "Payload";
        let fault = if bytes.len() < end {
            Some(ContainerError::Truncated { structure, offset })
        } else {
            let found = digest(&bytes[HEADER_LENGTH..end]);
            let cause = "Payload_Hash does not match";
            section.digest = Some(found).filter(|found| section.has_digest(found));
            let damaged = ContainerError::Damaged { structure, offset, cause };
            section.digest.is_none().then_some(damaged)
        };
        if fault.is_some() {
            self.rows = None;
            if !self.is_in_place(end)? {
                return self.read_part_of(section, fault);
            }
        }
        let payload = self.input.take(HEADER_LENGTH, stored);
        if header.is(SectionType::Index) {
            let listed = self.rows.as_ref().map(Hasher::digest);
            listed.map(|listed| self.listed.insert(header.sequence, listed));
            self.index = Some((section, section.digest));
            self.closed = false;
            self.next = Next::Closing;
            self.faults.extend(self.held.drain(..));
        }
        if let (Some(rows), Some(digest)) = (&mut self.rows, &section.digest) {
            hash_row(rows, &header, digest);
        }
        Ok(self.repaired(StreamSection { section, payload, fault }))
    }

    /// Returns a damaged section that may lack bytes, so other sections may begin inside
    /// it.
    fn read_part_of(
        &mut self,
        section: Section,
        fault: Option<ContainerError>,
    ) -> Result<StreamSection, ContainerError> {
        let end = section.header.section_length() as usize;
        let bytes = self.input.peek(end)?;
        let payload = bytes[HEADER_LENGTH..bytes.len().min(end)].to_vec();
        self.again += payload.len() as u64;
        self.next = Next::Search;
        match self.again > AGAIN + 2 * self.input.read_so_far() {
            true => self.input.skip(end as u64)?,
            false => self.input.pass(HEADER_LENGTH),
        }
        Ok(StreamSection { section, payload, fault })
    }

    /// Makes the payload of an ENTRY section right if one bit of it is wrong.
    fn repaired(&mut self, mut found: StreamSection) -> StreamSection {
        let header = found.section.header;
        if found.fault.is_some()
            && header.is(SectionType::Entry)
            && let Some(payload) = self.repairs.payload(&found.payload, &header.payload_hash)
        {
            found.section.digest = Some(digest(&payload));
            found.payload = payload;
            self.faults.extend(found.fault.take());
        }
        found
    }

    /// Returns whether a damaged section ends where its header says: the next section,
    /// or a footer, follows there.
    fn is_in_place(&mut self, end: usize) -> Result<bool, ContainerError> {
        let archive_id = self.archive_id;
        let bytes = self.input.peek(end + FOOTER_LENGTH)?;
        let header = bytes.get(end..end + HEADER_LENGTH).and_then(|bytes| bytes.try_into().ok());
        if let Some(Ok((_, archive))) = header.map(SectionHeader::parse) {
            return Ok(archive == archive_id);
        }
        let footer = bytes.get(end..end + FOOTER_LENGTH).and_then(|bytes| bytes.try_into().ok());
        Ok(footer.is_some_and(|bytes| Footer::parse(bytes).is_ok()))
    }
}
