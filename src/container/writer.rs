//! Writing a container front to back. It never seeks, so it can write to a pipe.

use super::columns::CODEC_ZSTD;
use super::section::{NO_GROUP, header_hash};
use super::{ArchiveId, ContainerError, Footer, Index, Part, Preface, Section, SectionHeader};
use super::{SectionType, encode_index, encode_part};
use crate::checksum::{Context, Digest, Hasher, digest};
use crate::entry::Entry;
use std::io::Write;

/// A writer of one archive.
pub struct Writer<W: Write> {
    output: W,
    archive_id: ArchiveId,
    offset: u64,
    sections: Vec<Section>,
    groups: u64,
    root: Hasher,
}

impl<W: Write> Writer<W> {
    /// Starts an archive with its preface.
    ///
    /// # Errors
    /// [`ContainerError::Io`].
    pub fn new(mut output: W, archive_id: ArchiveId) -> Result<Self, ContainerError> {
        let preface = Preface { archive_id };
        let bytes = preface.to_bytes();
        output.write_all(&bytes)?;
        let mut root = Hasher::derived(Context::Root);
        root.update(&preface.hash());
        let (offset, sections) = (bytes.len() as u64, Vec::new());
        Ok(Writer { output, archive_id, offset, sections, groups: 0, root })
    }

    /// Returns the number of bytes written so far.
    pub fn written(&self) -> u64 {
        self.offset
    }

    /// Writes the ENTRY section of the next group. If the part has no data, the section
    /// belongs to no group.
    ///
    /// # Errors
    /// [`ContainerError::Io`]; [`ContainerError::Invalid`] from [`encode_part`].
    pub fn write_part(&mut self, part: &Part) -> Result<(), ContainerError> {
        let (payload, raw_length) = encode_part(part)?;
        let mut header = self.header(SectionType::Entry, &payload, raw_length);
        header.codec = CODEC_ZSTD;
        header.group = if part.length() > 0 { self.groups } else { NO_GROUP };
        self.write_section(header, &payload).map(drop)
    }

    /// Writes the next decode group; returns its number.
    ///
    /// # Errors
    /// [`ContainerError::Io`].
    pub fn write_group(
        &mut self,
        (codec, filter, model): (u8, u8, u16),
        raw_length: u64,
        payload: &[u8],
    ) -> Result<u64, ContainerError> {
        let group = self.groups;
        let header = self.header(SectionType::Data, payload, raw_length);
        self.write_section(SectionHeader { codec, filter, model, group, ..header }, payload)?;
        self.groups += 1;
        Ok(group)
    }

    /// Writes a section of another type; its sequence number is filled in.
    ///
    /// # Errors
    /// [`ContainerError::Io`].
    pub fn write_other(
        &mut self,
        header: SectionHeader,
        payload: &[u8],
    ) -> Result<(), ContainerError> {
        let (sequence, stored_length) = (self.sections.len() as u64, payload.len() as u64);
        let header = SectionHeader { sequence, stored_length, ..header };
        self.write_section(header, payload).map(drop)
    }

    /// Writes INDEX and footer. `entries` are in the order of their paths, with
    /// extents. Returns the output and the footer; nothing is flushed.
    ///
    /// # Errors
    /// [`ContainerError::Io`]; [`ContainerError::Invalid`] from [`encode_index`].
    pub fn finish(mut self, entries: Vec<Entry>) -> Result<(W, Footer), ContainerError> {
        let index = Index { sections: std::mem::take(&mut self.sections), entries };
        let (payload, raw_length) = encode_index(&index)?;
        let mut header = self.header(SectionType::Index, &payload, raw_length);
        header.codec = CODEC_ZSTD;
        header.sequence = index.sections.len() as u64;
        let index_offset = self.offset;
        let index_hash = self.write_section(header, &payload)?;
        let footer = Footer {
            index_offset,
            index_length: header.section_length(),
            file_length: self.offset + super::FOOTER_LENGTH as u64,
            section_count: header.sequence + 1,
            archive_id: self.archive_id,
            index_hash,
            root_hash: self.root.digest(),
        };
        self.output.write_all(&footer.to_bytes())?;
        Ok((self.output, footer))
    }

    fn header(&self, section_type: SectionType, payload: &[u8], raw_length: u64) -> SectionHeader {
        SectionHeader {
            sequence: self.sections.len() as u64,
            section_type: section_type as u16,
            flags: 0,
            codec: 0,
            filter: 0,
            model: 0,
            group: NO_GROUP,
            stored_length: payload.len() as u64,
            raw_length,
        }
    }

    fn write_section(
        &mut self,
        header: SectionHeader,
        payload: &[u8],
    ) -> Result<Digest, ContainerError> {
        let bytes = header.to_bytes(&self.archive_id);
        let hash = digest(payload);
        self.root.update(&header_hash(&bytes));
        self.root.update(&hash);
        self.output.write_all(&bytes)?;
        self.output.write_all(payload)?;
        self.output.write_all(&hash)?;
        let section = Section { header, offset: self.offset };
        self.offset = section.end();
        self.sections.push(section);
        Ok(hash)
    }
}
