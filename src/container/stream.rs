//! Reading a container front to back, from a pipe. Normative text:
//! spec/container.md §9.

use super::limits::check;
use super::section::header_hash;
use super::{ContainerError, FOOTER_LENGTH, Footer, HEADER_LENGTH, Limits, PAYLOAD_HASH_LENGTH};
use super::{PREFACE_LENGTH, Preface, Section, SectionHeader, SectionType};
use crate::checksum::{Context, Digest, Hasher, digest};
use std::io::{ErrorKind, Read};

/// A section with its payload.
#[derive(Debug)]
pub struct StreamSection {
    /// Header and position.
    pub section: Section,
    /// The payload, or what is wrong with it; the stream goes on either way.
    pub payload: Result<Vec<u8>, ContainerError>,
}

/// Reads the sections of an archive in order.
pub struct StreamReader<R: Read> {
    input: R,
    limits: Limits,
    preface: Preface,
    offset: u64,
    sequence: u64,
    /// DATA sections so far.
    groups: u64,
    root: Hasher,
    index: Option<(Section, Digest)>,
    done: bool,
}

impl<R: Read> StreamReader<R> {
    /// Starts with the preface.
    ///
    /// # Errors
    /// As [`Preface::from_bytes`], [`ContainerError::Truncated`],
    /// [`ContainerError::Io`].
    pub fn new(mut input: R, limits: &Limits) -> Result<Self, ContainerError> {
        let mut bytes = [0; PREFACE_LENGTH];
        read_structure(&mut input, &mut bytes, 0, "Preface")?;
        let preface = Preface::from_bytes(&bytes)?;
        let mut root = Hasher::derived(Context::Root);
        root.update(&preface.hash());
        let (limits, offset) = (limits.clone(), PREFACE_LENGTH as u64);
        let (sequence, groups, index, done) = (0, 0, None, false);
        Ok(StreamReader { input, limits, preface, offset, sequence, groups, root, index, done })
    }

    /// The next section; `None` once INDEX, footer, root hash and the end of
    /// the input have been seen and are right.
    ///
    /// # Errors
    /// Every [`ContainerError`]. After one the position in the stream is lost
    /// and only `None` follows.
    pub fn next_section(&mut self) -> Result<Option<StreamSection>, ContainerError> {
        if self.done {
            return Ok(None);
        }
        let result = match self.index {
            Some((section, hash)) => self.read_footer(section, hash).map(|()| None),
            None => self.read_section().map(Some),
        };
        self.done = !matches!(result, Ok(Some(_)));
        result
    }

    fn read_section(&mut self) -> Result<StreamSection, ContainerError> {
        let offset = self.offset;
        let mut bytes = [0; HEADER_LENGTH];
        read_structure(&mut self.input, &mut bytes, offset, "Section_Header")?;
        let header = SectionHeader::from_bytes(&bytes, &self.preface.archive_id, offset)?;
        if header.sequence != self.sequence {
            let cause = "Sequence does not follow the section before";
            return Err(ContainerError::Damaged { structure: "Section_Header", offset, cause });
        }
        header.check_place(self.groups).map_err(|cause| ContainerError::Damaged {
            structure: "Section_Header",
            offset,
            cause,
        })?;
        let section = Section { header, offset };
        check("memory", header.stored_length, self.limits.memory)?;
        let payload = self.read_payload(&section)?;
        let mut hash = [0; PAYLOAD_HASH_LENGTH];
        let hash_offset = section.end() - PAYLOAD_HASH_LENGTH as u64;
        read_structure(&mut self.input, &mut hash, hash_offset, "Payload_Hash")?;
        self.root.update(&header_hash(&bytes));
        self.root.update(&hash);
        self.offset = section.end();
        self.sequence += 1;
        let intact = digest(&payload) == hash;
        match header.known_type() {
            Some(SectionType::Index) => self.index = Some((section, hash)),
            Some(SectionType::Data) => self.groups += 1,
            _ => {}
        }
        let payload = intact.then_some(payload).ok_or(ContainerError::Damaged {
            structure: "Payload",
            offset: section.payload_offset(),
            cause: "Payload_Hash does not match",
        });
        Ok(StreamSection { section, payload })
    }

    /// Reads in steps, so that memory follows what the input really holds and
    /// not what a header claims.
    fn read_payload(&mut self, section: &Section) -> Result<Vec<u8>, ContainerError> {
        let mut payload = Vec::new();
        let stored = section.header.stored_length;
        (&mut self.input).take(stored).read_to_end(&mut payload)?;
        if payload.len() as u64 != stored {
            let offset = section.payload_offset();
            return Err(ContainerError::Truncated { structure: "Payload", offset });
        }
        Ok(payload)
    }

    fn read_footer(&mut self, index: Section, index_hash: Digest) -> Result<(), ContainerError> {
        let offset = self.offset;
        let mut bytes = [0; FOOTER_LENGTH];
        read_structure(&mut self.input, &mut bytes, offset, "Footer")?;
        let footer = Footer::from_bytes(&bytes, offset)?;
        let damaged = |cause| Err(ContainerError::Damaged { structure: "Footer", offset, cause });
        let described = footer.index_offset == index.offset
            && footer.index_hash == index_hash
            && footer.section_count == self.sequence
            && footer.archive_id == self.preface.archive_id;
        if !described {
            return damaged("the footer describes another archive");
        }
        if footer.root_hash != self.root.digest() {
            return damaged("Root_Hash does not match the sections");
        }
        match self.input.read(&mut [0])? {
            0 => Ok(()),
            _ => damaged("bytes follow the footer"),
        }
    }
}

fn read_structure(
    input: &mut impl Read,
    buffer: &mut [u8],
    offset: u64,
    structure: &'static str,
) -> Result<(), ContainerError> {
    input.read_exact(buffer).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => ContainerError::Truncated { structure, offset },
        _ => ContainerError::Io(error),
    })
}
