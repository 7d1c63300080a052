//! The start and the end of an archive: preface and footer.

use super::{AGAIN, StreamReader, is_intact};
use crate::container::{
    ArchiveId, ContainerError, FOOTER_LENGTH, Footer, Foreign, MAGIC, PREFACE_LENGTH, Preface, SYNC,
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
                let held = self.input.peek(end)?;
                if held.len() >= end && is_intact(&held[..end]) {
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

    pub(super) fn read_footer(&mut self) -> Result<(), ContainerError> {
        let offset = self.input.offset();
        let structure = "Footer";
        let mut bytes = [0; FOOTER_LENGTH];
        let found = self.input.peek(FOOTER_LENGTH)?;
        let Some(found) = found.get(..FOOTER_LENGTH) else {
            return Err(ContainerError::Truncated { structure, offset });
        };
        bytes.copy_from_slice(found);
        let damaged = |cause| Err(ContainerError::Damaged { structure, offset, cause });
        let whole = self.root.is_some();
        let footer = match whole {
            true => Footer::from_bytes(&bytes, offset)?,
            false => Footer::parse(&bytes, offset)?,
        };
        let (index, index_hash) = self.index.expect("the footer comes behind INDEX");
        let described = footer.index_hash == index_hash
            && footer.section_count == index.header.sequence.saturating_add(1)
            && footer.archive_id == self.archive_id
            && (!whole || footer.index_offset == index.offset);
        if !described {
            return damaged("the footer describes another archive");
        }
        if self.root.as_ref().is_some_and(|root| root.digest() != footer.root_hash) {
            return damaged("Root_Hash does not match the sections");
        }
        self.input.pass(FOOTER_LENGTH);
        match self.input.peek(1)?.is_empty() {
            true => Ok(()),
            false => Err(ContainerError::Behind { offset: self.input.offset() }),
        }
    }
}
