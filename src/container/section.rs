//! Section headers and the framing of payloads. Normative text:
//! spec/container.md §4.

use super::columns::CODEC_ZSTD;
use super::{ArchiveId, ContainerError};
use crate::bytes::{BytesError, Cursor};
use crate::checksum::{Context, DIGEST_LENGTH, TAG_LENGTH, Tag, tag};

/// Start of every section; a salvage scan searches for it.
pub const SYNC: [u8; 8] = *b"\xF0\x9F\x8D\x90SEC\x1A";

/// Length of a section header in bytes.
pub const HEADER_LENGTH: usize = 80;

/// Length of Payload_Hash, which follows the payload.
pub const PAYLOAD_HASH_LENGTH: usize = DIGEST_LENGTH;

/// Group of a section that belongs to no decode group.
pub const NO_GROUP: u64 = u64::MAX;

/// Bit of Flags: a reader that does not know the Type skips the section.
pub const ANCILLARY: u16 = 1;

/// Types of sections and their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum SectionType {
    /// Names and metadata of the group that follows.
    Entry = 1,
    /// One decode group.
    Data = 2,
    /// The authoritative list of what the archive holds.
    Index = 3,
}

impl SectionType {
    /// Returns the type of a number, `None` if this build does not know it. Numbers 4
    /// to 8 are reserved: CHECKPOINT, PARITY, COMMENT, HISTORY, SIGNATURE.
    pub fn from_number(number: u16) -> Option<SectionType> {
        [SectionType::Entry, SectionType::Data, SectionType::Index]
            .into_iter()
            .find(|&known| known as u16 == number)
    }
}

/// The header of a section, without the fields that all sections share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionHeader {
    /// Position among the sections, counted from 0.
    pub sequence: u64,
    /// Number of the type, see [`SectionType`].
    pub section_type: u16,
    /// [`ANCILLARY`]; other bits are 0.
    pub flags: u16,
    /// Number of the codec of the payload.
    pub codec: u8,
    /// Number of the filter applied before the codec.
    pub filter: u8,
    /// Registered model id.
    pub model: u16,
    /// Decode group of the section, or [`NO_GROUP`].
    pub group: u64,
    /// Bytes of the payload as stored.
    pub stored_length: u64,
    /// Bytes of the payload once decoded.
    pub raw_length: u64,
}

/// A section and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// The header.
    pub header: SectionHeader,
    /// Byte offset of the header in the archive.
    pub offset: u64,
}

impl Section {
    /// Returns the offset of the payload.
    pub fn payload_offset(&self) -> u64 {
        self.offset.saturating_add(HEADER_LENGTH as u64)
    }

    /// Returns the offset just after the section; saturates on a hostile length.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.header.section_length())
    }
}

impl SectionHeader {
    /// Returns the bytes of header, payload and Payload_Hash; saturates on a hostile
    /// length.
    pub fn section_length(&self) -> u64 {
        self.stored_length.saturating_add((HEADER_LENGTH + PAYLOAD_HASH_LENGTH) as u64)
    }

    /// Returns the type, `None` for an ancillary section that this build does not know.
    pub fn known_type(&self) -> Option<SectionType> {
        SectionType::from_number(self.section_type)
    }

    /// Returns the header as stored.
    pub fn to_bytes(&self, archive_id: &ArchiveId) -> [u8; HEADER_LENGTH] {
        let mut bytes = [0; HEADER_LENGTH];
        bytes[..8].copy_from_slice(&SYNC);
        bytes[8..24].copy_from_slice(archive_id);
        bytes[24..32].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[32..34].copy_from_slice(&self.section_type.to_le_bytes());
        bytes[34..36].copy_from_slice(&self.flags.to_le_bytes());
        bytes[36] = self.codec;
        bytes[37] = self.filter;
        bytes[38..40].copy_from_slice(&self.model.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.group.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.stored_length.to_le_bytes());
        bytes[56..64].copy_from_slice(&self.raw_length.to_le_bytes());
        let hash = tag(Context::SectionHeader, &bytes[..64]);
        bytes[64..].copy_from_slice(&hash);
        bytes
    }

    /// Reads the header at `offset`, of the archive `archive_id`.
    ///
    /// # Errors
    /// [`ContainerError::Damaged`] if sync, hash or archive id differ;
    /// [`ContainerError::UnsupportedSection`] for an unknown critical type.
    pub fn from_bytes(
        bytes: &[u8; HEADER_LENGTH],
        archive_id: &ArchiveId,
        offset: u64,
    ) -> Result<Self, ContainerError> {
        let damaged =
            |cause| ContainerError::Damaged { structure: "Section_Header", offset, cause };
        let (header, found_id) = Self::parse(bytes).map_err(damaged)?;
        if found_id != *archive_id {
            return Err(damaged("Archive_Id belongs to another archive"));
        }
        if header.flags & !ANCILLARY != 0 {
            return Err(damaged("Flags has unknown bits"));
        }
        header.check_known(offset)?;
        Ok(header)
    }

    /// Refuses a critical section of an unknown type.
    pub(super) fn check_known(&self, offset: u64) -> Result<(), ContainerError> {
        if self.known_type().is_none() && self.flags & ANCILLARY == 0 {
            let section_type = self.section_type;
            return Err(ContainerError::UnsupportedSection { section_type, offset });
        }
        Ok(())
    }

    /// Checks what the type demands of the other fields; `groups` is the number of DATA
    /// sections before. The error is the broken rule.
    pub(super) fn check_place(&self, groups: u64) -> Result<(), &'static str> {
        let rule = |kept: bool, cause| if kept { Ok(()) } else { Err(cause) };
        let allowed = if self.known_type().is_some() { 0 } else { ANCILLARY };
        rule(self.flags & !allowed == 0, "Flags has bits that are not defined for this type")?;
        let table = (self.codec, self.filter, self.model) == (CODEC_ZSTD, 0, 0);
        match self.known_type() {
            Some(SectionType::Data) => {
                rule(self.group == groups, "DATA sections are not numbered in order")?;
                rule(self.raw_length > 0, "a decode group is empty")
            }
            Some(SectionType::Entry) => {
                rule(table, "the ENTRY section does not have codec 1, filter 0, model 0")?;
                let precedes = self.group == NO_GROUP || self.group == groups;
                rule(precedes, "the ENTRY section does not come just before its group")
            }
            Some(SectionType::Index) => {
                let cause = "the INDEX section has a group, or not codec 1, filter 0, model 0";
                rule(table && self.group == NO_GROUP, cause)
            }
            None => Ok(()),
        }
    }

    /// Reads a header of any archive; checks only sync and hash.
    pub(super) fn parse(
        bytes: &[u8; HEADER_LENGTH],
    ) -> Result<(SectionHeader, ArchiveId), &'static str> {
        if bytes[..8] != SYNC {
            return Err("Sync is missing");
        }
        if header_hash(bytes) != tag(Context::SectionHeader, &bytes[..HEADER_LENGTH - TAG_LENGTH]) {
            return Err("Header_Hash does not match");
        }
        // The error cannot occur: the array has the length the fields add up to.
        Self::fields(&bytes[8..]).map_err(|_| "too short")
    }

    fn fields(bytes: &[u8]) -> Result<(SectionHeader, ArchiveId), BytesError> {
        let mut cursor = Cursor::new(bytes);
        let archive_id = cursor.array()?;
        let header = SectionHeader {
            sequence: cursor.u64()?,
            section_type: cursor.u16()?,
            flags: cursor.u16()?,
            codec: cursor.u8()?,
            filter: cursor.u8()?,
            model: cursor.u16()?,
            group: cursor.u64()?,
            stored_length: cursor.u64()?,
            raw_length: cursor.u64()?,
        };
        Ok((header, archive_id))
    }
}

/// Returns Header_Hash as stored.
pub(super) fn header_hash(bytes: &[u8; HEADER_LENGTH]) -> Tag {
    let mut hash = [0; TAG_LENGTH];
    hash.copy_from_slice(&bytes[HEADER_LENGTH - TAG_LENGTH..]);
    hash
}
