//! The start and the end of an archive: preface, and what stands behind INDEX.

use super::rows::FOOTER_ROW;
use super::{AGAIN, Next, StreamReader, StreamSection};
use crate::checksum::digest;
use crate::container::footer::root_hash;
use crate::container::{
    ArchiveId, ContainerError, FOOTER_LENGTH, Footer, Foreign, HEADER_LENGTH, MAGIC,
    PREFACE_LENGTH, Preface, SYNC, Section, SectionType,
};
use std::io::Read;

impl<R: Read> StreamReader<R> {
    pub(super) fn read_preface(&mut self) -> Result<Preface, ContainerError> {
        let bytes = self.input.peek(PREFACE_LENGTH.max(Foreign::ENOUGH))?;
        // After an intact magic, these bytes could be of any file.
        if !bytes.starts_with(&MAGIC) && Foreign::of(bytes) != Foreign::Unknown {
            return Err(ContainerError::NotAnArchive { found: Foreign::of(bytes) });
        }
        let bytes = &bytes[..bytes.len().min(PREFACE_LENGTH)];
        let magic = bytes.len().min(MAGIC.len());
        let mut whole = [0; PREFACE_LENGTH];
        whole[..bytes.len()].copy_from_slice(bytes);
        if bytes.len() < PREFACE_LENGTH && bytes[..magic] == MAGIC[..magic] {
            return Err(ContainerError::Truncated { structure: "Preface", offset: 0 });
        }
        Preface::from_bytes(&whole)
    }

    /// Returns the archive id of the first section whose header and payload are intact,
    /// and stops at that section.
    pub(super) fn first_archive(&mut self) -> Result<Option<ArchiveId>, ContainerError> {
        while self.input.find(&SYNC)? {
            if let Some((header, archive_id)) = self.header_here(None)?
                && header.stored_length <= self.limits.memory
            {
                let end = header.section_length() as usize;
                let section = Section { header, offset: 0, digest: None };
                let held = self.input.peek(end)?;
                if held.len() >= end && section.has_digest(&digest(&held[HEADER_LENGTH..end])) {
                    return Ok(Some(archive_id));
                }
                self.again += held.len().min(end) as u64;
                if self.again > AGAIN + 2 * self.input.read_so_far() {
                    return Ok(None);
                }
            }
            self.input.pass(1);
        }
        Ok(None)
    }

    /// Reads a footer, or a section that stands between INDEX and one.
    pub(super) fn read_closing(&mut self) -> Result<Option<StreamSection>, ContainerError> {
        let offset = self.input.offset();
        let bytes = self.input.peek(FOOTER_LENGTH)?;
        let found: Option<&[u8; FOOTER_LENGTH]> =
            bytes.get(..FOOTER_LENGTH).and_then(|bytes| bytes.try_into().ok());
        let Some(found) = found else {
            self.next = Next::Nothing;
            return Err(ContainerError::Truncated { structure: "Footer", offset });
        };
        let (bytes, starts): ([u8; FOOTER_LENGTH], bool) = (*found, found.starts_with(&SYNC));
        let footer = match Footer::parse(&bytes) {
            Ok(footer) => footer,
            Err(_) if starts => return self.read_section().map(Some),
            Err(cause) => {
                // Another generation may follow.
                self.next = Next::Search;
                return Err(ContainerError::Damaged { structure: "Footer", offset, cause });
            }
        };
        self.next = Next::Search;
        self.check_footer(&bytes, &footer, offset)?;
        self.input.pass(FOOTER_LENGTH);
        self.next = Next::Nothing;
        self.closed = true;
        if let Some(rows) = &mut self.rows {
            rows.update(&FOOTER_ROW);
        }
        self.read_behind()
    }

    fn check_footer(
        &self,
        bytes: &[u8; FOOTER_LENGTH],
        footer: &Footer,
        offset: u64,
    ) -> Result<(), ContainerError> {
        let damaged = |cause| ContainerError::Damaged { structure: "Footer", offset, cause };
        // INDEX may be lost, and a section behind it was found.
        let Some((index, payload)) = self.index else { return Ok(()) };
        // Places are of interest only if nothing was lost.
        if self.rows.is_some() {
            Footer::from_bytes(bytes, offset)?;
            if footer.index_offset != index.offset {
                return Err(damaged("the footer describes another archive"));
            }
        }
        if footer.archive_id != self.archive_id {
            return Err(damaged("the footer describes another archive"));
        }
        let root = payload.map(|payload| root_hash(&self.archive_id, &index.header, &payload));
        match root.is_some_and(|root| root != footer.root_hash) {
            true => Err(damaged("Root_Hash does not match the INDEX section")),
            false => Ok(()),
        }
    }

    /// Looks at what stands behind a footer: nothing, what closes the generation again, or
    /// another generation.
    fn read_behind(&mut self) -> Result<Option<StreamSection>, ContainerError> {
        let offset = self.input.offset();
        if self.input.peek(1)?.is_empty() {
            return Ok(None);
        }
        let generations = self.ended.map_or(0, |(_, generations)| generations);
        let Some((header, _)) = self.header_here(Some(self.archive_id))? else {
            let generation = generations;
            return Err(ContainerError::Behind { offset, generation, bytes: None });
        };
        if header.known_type().is_some_and(SectionType::is_closing) {
            self.next = Next::Closing;
            return self.read_section().map(Some);
        }
        self.ended = Some((offset, generations + 1));
        (self.index, self.closed) = (None, false);
        self.next = Next::Section;
        self.read_next()
    }
}
