//! Reading a container front to back, from a pipe or from a file whose index is lost.
//! Normative text: spec/container.md §9 and §10.
//!
//! Damage does not end the reading. If there is no section where one should be, the
//! reader searches for the next intact header.

use super::SectionType;
use super::input::Input;
use super::limits::check;
use super::{ArchiveId, ContainerError, FOOTER_LENGTH, FOOTER_MAGIC, HEADER_LENGTH, Limits};
use super::{PAYLOAD_HASH_LENGTH, PREFACE_LENGTH, SYNC, Section, SectionHeader};
use crate::checksum::{Context, Digest, Hasher, digest};
use std::io::Read;

mod ends;

/// Limit of bytes that are read a second time, in addition to twice the bytes read so
/// far. Beyond it, damaged sections are no longer searched for other sections. An
/// archive that was not forged to waste time stays far below the limit.
const AGAIN: u64 = 16 << 20;

/// Most damaged headers that are repaired: each repair takes milliseconds.
const REPAIRS: u64 = 64;

/// A section with its payload.
#[derive(Debug)]
pub struct StreamSection {
    /// Header and position.
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
    /// Hash of everything that Root_Hash covers; `None` once something was lost.
    root: Option<Hasher>,
    index: Option<(Section, Digest)>,
    /// Bytes that were read again because of damaged sections.
    again: u64,
    /// Damaged headers so far.
    repairs: u64,
    /// A fault to report before the next section.
    fault: Option<ContainerError>,
    next: Next,
}

/// What is read next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// A section starts here.
    Section,
    /// No section is known here; the next one must be searched for.
    Search,
    Footer,
    Nothing,
}

impl<R: Read> StreamReader<R> {
    /// Starts with the preface. If it is lost, the first section whose header and
    /// payload are intact gives the archive id.
    ///
    /// # Errors
    /// As [`Preface::from_bytes`] if no section is found either;
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
            archive_id: [0; 16],
            sequence: 0,
            groups: 0,
            root: None,
            index: None,
            again: 0,
            repairs: 0,
            fault: None,
            next: Next::Section,
        };
        match reader.read_preface() {
            Ok(preface) => {
                let mut root = Hasher::derived(Context::Root);
                root.update(&preface.hash());
                reader.root = Some(root);
                reader.archive_id = preface.archive_id;
                reader.input.pass(PREFACE_LENGTH);
            }
            Err(error) if error.is_salvageable() => {
                match known.map_or_else(|| reader.first_archive(), |id| Ok(Some(id)))? {
                    Some(id) => reader.archive_id = id,
                    None => return Err(error),
                }
                (reader.fault, reader.next) = (Some(error), Next::Search);
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

    /// Returns the next section; `None` once INDEX and footer have been read or the
    /// input has ended.
    ///
    /// # Errors
    /// Every [`ContainerError`]. Errors of kind [`ErrorKind::Integrity`],
    /// [`ErrorKind::Unsupported`] or [`ErrorKind::Limit`], and
    /// [`ContainerError::Behind`], report what was skipped: call again for what
    /// follows. After any other error only `None` follows.
    pub fn next_section(&mut self) -> Result<Option<StreamSection>, ContainerError> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let result = match self.next {
            Next::Nothing => Ok(None),
            Next::Section => self.read_section().map(Some),
            Next::Search => self.search(),
            Next::Footer => {
                self.next = Next::Nothing;
                self.read_footer().map(|()| None)
            }
        };
        if let Err(ContainerError::Io(_)) = &result {
            self.next = Next::Nothing;
        }
        result
    }

    /// Searches for the next section.
    fn search(&mut self) -> Result<Option<StreamSection>, ContainerError> {
        self.root = None;
        while self.input.find(&SYNC)? {
            if let Some((header, _)) = self.header_here(Some(self.archive_id))? {
                (self.sequence, self.next) = (header.sequence, Next::Section);
                if header.group != super::NO_GROUP {
                    self.groups = header.group;
                }
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
        let section = Section { header, offset };
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
            Err(_) if self.repairs < REPAIRS => repair(bytes),
            _ => None,
        };
        self.repairs += u64::from(SectionHeader::parse(bytes).is_err());
        if repaired.is_some() {
            let cause = "Header_Hash does not match";
            self.fault = Some(ContainerError::Damaged { structure, offset, cause });
            self.root = None;
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
        let cause = match header.check_place(self.groups) {
            _ if header.sequence != self.sequence => {
                Some("Sequence does not follow the section before")
            }
            placed => placed.err(),
        };
        if let Some(cause) = cause {
            let structure = "Section_Header";
            self.fault = Some(ContainerError::Damaged { structure, offset, cause });
            self.root = None;
        }
        self.sequence = header.sequence.saturating_add(1);
        match header.known_type() {
            Some(SectionType::Data) => self.groups = header.group.saturating_add(1),
            Some(SectionType::Entry) if header.group != super::NO_GROUP => {
                self.groups = header.group;
            }
            _ => {}
        }
    }

    /// Skips a section that is not read.
    fn skip(&mut self, header: &SectionHeader) -> Result<(), ContainerError> {
        self.root = None;
        Ok(self.input.skip(header.section_length())?)
    }

    fn read_payload(&mut self, section: Section) -> Result<StreamSection, ContainerError> {
        let header = section.header;
        let stored = header.stored_length as usize;
        let end = HEADER_LENGTH + stored + PAYLOAD_HASH_LENGTH;
        let offset = section.payload_offset();
        let bytes = self.input.peek(end)?;
        let fault = if bytes.len() < end {
            Some(ContainerError::Truncated { structure: "Payload", offset })
        } else if !is_intact(&bytes[..end]) {
            let cause = "Payload_Hash does not match";
            Some(ContainerError::Damaged { structure: "Payload", offset, cause })
        } else {
            None
        };
        if fault.is_some() && !self.is_in_place(&header, end)? {
            // It may lack bytes, so other sections may begin inside it.
            let bytes = self.input.peek(end)?;
            let payload = bytes[HEADER_LENGTH..bytes.len().min(HEADER_LENGTH + stored)].to_vec();
            self.again += payload.len() as u64;
            self.next = Next::Search;
            match self.again > AGAIN + 2 * self.input.read_so_far() {
                true => self.input.skip(end as u64)?,
                false => self.input.pass(HEADER_LENGTH),
            }
            return Ok(StreamSection { section, payload, fault });
        }
        let (header_bytes, payload, hash) = self.input.take(HEADER_LENGTH, stored);
        if let Some(root) = &mut self.root {
            root.update(&header_bytes[HEADER_LENGTH - crate::checksum::TAG_LENGTH..]);
            root.update(&hash);
        }
        if header.known_type() == Some(SectionType::Index) {
            self.index = Some((section, hash));
            self.next = Next::Footer;
        }
        Ok(StreamSection { section, payload, fault })
    }

    /// Returns whether a damaged section ends where its header says: the next section,
    /// or the footer, follows there.
    fn is_in_place(&mut self, header: &SectionHeader, end: usize) -> Result<bool, ContainerError> {
        let footer = header.known_type() == Some(SectionType::Index);
        let length = if footer { FOOTER_LENGTH } else { HEADER_LENGTH };
        let bytes = self.input.peek(end + length)?;
        let Some(bytes) = bytes.get(end..end + length) else { return Ok(false) };
        if footer {
            return Ok(bytes.ends_with(&FOOTER_MAGIC));
        }
        let bytes = bytes.try_into().map(SectionHeader::parse);
        Ok(matches!(bytes, Ok(Ok((_, archive))) if archive == self.archive_id))
    }
}

/// Repairs a header with one wrong byte: Header_Hash shows which byte it is.
fn repair(bytes: &[u8; HEADER_LENGTH]) -> Option<[u8; HEADER_LENGTH]> {
    let mut tried = *bytes;
    for at in 0..HEADER_LENGTH - crate::checksum::TAG_LENGTH {
        for value in 0..=255 {
            tried[at] = value;
            if SectionHeader::parse(&tried).is_ok() {
                return Some(tried);
            }
        }
        tried[at] = bytes[at];
    }
    None
}

/// Returns whether the payload of a section matches the hash after it.
fn is_intact(section: &[u8]) -> bool {
    let (section, hash) = section.split_at(section.len() - PAYLOAD_HASH_LENGTH);
    digest(&section[HEADER_LENGTH..])[..] == *hash
}
