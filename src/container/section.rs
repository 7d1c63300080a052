//! Section headers and the framing of payloads. Normative text:
//! spec/container.md §4.

use super::bases::{Base, base_numbers};
use super::columns::{CODEC_RAW, CODEC_ZSTD};
use super::{ArchiveId, ContainerError};
use crate::bytes::{BytesError, Cursor};
use crate::checksum::{Context, Digest, TAG_LENGTH, Tag, tag};

/// Start of every section; a salvage scan searches for it.
pub const SYNC: [u8; 4] = *b"\xF0\x9F\x8D\x90";

/// Length of a section header in bytes.
pub const HEADER_LENGTH: usize = 56;

/// Most bytes of a payload, and of a decoded one.
pub const SECTION_MOST: u64 = u32::MAX as u64;

/// Bit of Flags: a reader that does not know the Type skips the section.
pub const ANCILLARY: u8 = 1;

/// Bit of Flags: other groups may start where this one ends.
pub const BASE: u8 = 2;

/// Codec that can start behind a base, see codec.md.
const CODEC_GOES_ON: u8 = 3;

/// Codec whose payload is the digest of bytes that are not in the archive.
pub const CODEC_GIVEN: u8 = 5;

/// Types of sections and their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SectionType {
    /// Names, metadata and contents of a batch of groups.
    Entry = 1,
    /// One decode group.
    Data = 2,
    /// The list of all sections with their digests.
    Index = 3,
    /// Blocks from which damaged ones are made again.
    Parity = 5,
    /// Text for people.
    Comment = 6,
    /// A signature of Root_Hash.
    Signature = 8,
    /// Digests of bytes of the stream, for updates.
    Chunks = 9,
}

impl SectionType {
    /// Returns the type of a number, `None` if this build does not know it. Numbers 4
    /// and 7 are reserved.
    pub fn from_number(number: u8) -> Option<SectionType> {
        use SectionType::*;
        let known = [Entry, Data, Index, Parity, Comment, Signature, Chunks];
        known.into_iter().find(|&known| known as u8 == number)
    }

    /// Returns whether a reader that does not know the type skips it.
    pub fn is_ancillary(self) -> bool {
        !matches!(self, SectionType::Entry | SectionType::Data | SectionType::Index)
    }

    /// Returns whether it may stand between INDEX and a footer, and nowhere else.
    pub(super) fn is_closing(self) -> bool {
        matches!(self, SectionType::Parity | SectionType::Signature)
    }

    fn takes(self, codec: u8) -> bool {
        match self {
            SectionType::Data => true,
            SectionType::Parity | SectionType::Signature => codec == CODEC_RAW,
            _ => codec == CODEC_RAW || codec == CODEC_ZSTD,
        }
    }
}

/// A header without its base, the archive id, and Base_Kind and Base as they are.
type Fields = (SectionHeader, ArchiveId, (u8, u32));

/// The header of a section, without the fields that all sections share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SectionHeader {
    /// Position among the sections, counted from 0; 32 bits.
    pub sequence: u64,
    /// Number of the type, see [`SectionType`].
    pub section_type: u8,
    /// [`ANCILLARY`] and [`BASE`]; other bits are 0.
    pub flags: u8,
    /// Number of the codec of the payload.
    pub codec: u8,
    /// Number of the filter applied before the codec.
    pub filter: u8,
    /// Registered model id.
    pub model: u16,
    /// What the group starts behind; `None` if it starts anew.
    pub base: Option<Base>,
    /// The codec makes its tables for 2^capacity symbols; 0: for those of the group.
    pub capacity: u8,
    /// Number of DATA sections before this section; 32 bits.
    pub group: u64,
    /// Bytes of the payload as stored; 32 bits.
    pub stored_length: u64,
    /// Bytes of the payload once decoded; 32 bits.
    pub raw_length: u64,
    /// The first bytes of the digest of the payload.
    pub payload_hash: Tag,
}

/// A section and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// The header.
    pub header: SectionHeader,
    /// Byte offset of the header in the archive.
    pub offset: u64,
    /// Digest of the payload, if INDEX gives it.
    pub digest: Option<Digest>,
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

    /// Returns whether `found` is the digest of its payload, as far as that is known.
    pub(super) fn has_digest(&self, found: &Digest) -> bool {
        let hash = found[..TAG_LENGTH] == self.header.payload_hash;
        hash && self.digest.is_none_or(|digest| digest == *found)
    }
}

impl SectionHeader {
    /// Returns the bytes of header and payload; saturates on a hostile length.
    pub fn section_length(&self) -> u64 {
        self.stored_length.saturating_add(HEADER_LENGTH as u64)
    }

    /// Returns the type, `None` for an ancillary section that this build does not know.
    pub fn known_type(&self) -> Option<SectionType> {
        SectionType::from_number(self.section_type)
    }

    /// Returns whether other groups may start where this one ends.
    pub fn is_base(&self) -> bool {
        self.flags & BASE != 0
    }

    /// Returns whether it is a base whose bytes are not in the archive.
    pub fn is_given(&self) -> bool {
        self.codec == CODEC_GIVEN && self.is(SectionType::Data)
    }

    /// Returns the number of the group that this one starts behind, if it is one.
    pub fn base_group(&self) -> Option<u64> {
        match self.base {
            Some(Base::Group(distance)) => self.group.checked_sub(distance.into()),
            _ => None,
        }
    }

    /// Returns whether it is of this type.
    pub fn is(&self, section_type: SectionType) -> bool {
        self.section_type == section_type as u8
    }

    /// Returns the header as stored.
    ///
    /// # Panics
    /// If a field of 32 bits does not fit.
    pub fn to_bytes(&self, archive_id: &ArchiveId) -> [u8; HEADER_LENGTH] {
        let narrow = |value: u64| u32::try_from(value).expect("the field has 32 bits");
        let (kind, base) = base_numbers(self.base);
        let mut bytes = [0; HEADER_LENGTH];
        bytes[..4].copy_from_slice(&SYNC);
        bytes[4..12].copy_from_slice(archive_id);
        bytes[12..16].copy_from_slice(&narrow(self.sequence).to_le_bytes());
        bytes[16..20].copy_from_slice(&[self.section_type, self.flags, self.codec, self.filter]);
        bytes[20..22].copy_from_slice(&self.model.to_le_bytes());
        bytes[22..24].copy_from_slice(&[kind, self.capacity]);
        bytes[24..28].copy_from_slice(&base.to_le_bytes());
        bytes[28..32].copy_from_slice(&narrow(self.group).to_le_bytes());
        bytes[32..36].copy_from_slice(&narrow(self.stored_length).to_le_bytes());
        bytes[36..40].copy_from_slice(&narrow(self.raw_length).to_le_bytes());
        bytes[40..48].copy_from_slice(&self.payload_hash);
        let hash = tag(Context::SectionHeader, &bytes[..HEADER_LENGTH - TAG_LENGTH]);
        bytes[HEADER_LENGTH - TAG_LENGTH..].copy_from_slice(&hash);
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
        header.check_known(offset)?;
        Ok(header)
    }

    /// Refuses a critical section of unknown type.
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
        rule(self.flags & !(ANCILLARY | BASE) == 0, "Flags has unknown bits")?;
        rule(self.section_type != 0, "a section has Type 0")?;
        rule(self.group == groups, "Group is not the number of DATA sections before")?;
        let raw = self.codec != CODEC_RAW || self.raw_length == self.stored_length;
        rule(raw, "Raw_Length is not Stored_Length in spite of codec 0")?;
        if self.is(SectionType::Data) {
            return self.check_data();
        }
        let alone = (self.filter, self.model, self.base, self.capacity) == (0, 0, None, 0);
        rule(alone && self.flags & BASE == 0, "a section that is no group has fields of one")?;
        let Some(known) = self.known_type() else { return Ok(()) };
        let ancillary = known.is_ancillary() == (self.flags & ANCILLARY != 0);
        rule(ancillary, "the ancillary flag is not that of the Type")?;
        rule(known.takes(self.codec), "the Type does not have this codec")
    }

    /// Checks the fields of a group by themselves.
    fn check_data(&self) -> Result<(), &'static str> {
        let rule = |kept: bool, cause| if kept { Ok(()) } else { Err(cause) };
        let is_base = self.flags & BASE != 0;
        rule(self.flags & ANCILLARY == 0, "the ancillary flag is not that of the Type")?;
        rule(self.raw_length > 0, "a decode group is empty")?;
        rule(self.capacity == 0 || (12..=32).contains(&self.capacity), "Capacity is not 12 to 32")?;
        let sized = is_base || self.base.is_some();
        rule(sized == (self.capacity != 0), "Capacity does not go with base and Flags")?;
        if let Some(Base::Group(distance)) = self.base {
            let there = distance > 0 && u64::from(distance) <= self.group;
            rule(there, "Base leads beyond the first group")?;
        }
        let goes_on = matches!(self.base, None | Some(Base::Unknown(..)));
        rule(goes_on || self.codec == CODEC_GOES_ON, "the codec cannot start behind a base")?;
        let given = is_base && self.base.is_none() && matches!(self.filter, 0 | 2);
        let given = given && self.stored_length == size_of::<Digest>() as u64;
        rule(self.codec != CODEC_GIVEN || given, "a given base is not marked as one")
    }

    /// Reads a header of any archive; checks only sync, hash and what no header can have.
    pub(super) fn parse(
        bytes: &[u8; HEADER_LENGTH],
    ) -> Result<(SectionHeader, ArchiveId), &'static str> {
        if bytes[..4] != SYNC {
            return Err("Sync is missing");
        }
        let hashed = &bytes[..HEADER_LENGTH - TAG_LENGTH];
        if bytes[HEADER_LENGTH - TAG_LENGTH..] != tag(Context::SectionHeader, hashed) {
            return Err("Header_Hash does not match");
        }
        // The error cannot occur: the array has the length the fields add up to.
        let (header, archive_id, (kind, base)) =
            Self::fields(&bytes[4..]).map_err(|_| "too short")?;
        let base = Base::parse(kind, base)?;
        Ok((SectionHeader { base, ..header }, archive_id))
    }

    /// Reads the fields; those of the base are numbers.
    fn fields(bytes: &[u8]) -> Result<Fields, BytesError> {
        let mut cursor = Cursor::new(bytes);
        let archive_id = cursor.array()?;
        let sequence = u64::from(cursor.u32()?);
        let [section_type, flags, codec, filter] = cursor.array()?;
        let model = cursor.u16()?;
        let [base_kind, capacity] = cursor.array()?;
        let base = cursor.u32()?;
        let header = SectionHeader {
            sequence,
            section_type,
            flags,
            codec,
            filter,
            model,
            base: None,
            capacity,
            group: u64::from(cursor.u32()?),
            stored_length: u64::from(cursor.u32()?),
            raw_length: u64::from(cursor.u32()?),
            payload_hash: cursor.array()?,
        };
        Ok((header, archive_id, (base_kind, base)))
    }
}
