//! The last 144 bytes of an archive. Normative text: spec/container.md §7.

use super::preface::check_features;
use super::{ArchiveId, ContainerError};
use crate::bytes::{BytesError, Cursor};
use crate::checksum::{Context, Digest, TAG_LENGTH, Tag, tag};

/// Magic at the end of every archive: the preface's magic backwards.
pub const FOOTER_MAGIC: [u8; 8] = *b"\x1A\n\rRAEP\xF0";

/// Length of the footer in bytes.
pub const FOOTER_LENGTH: usize = 144;

/// Bytes before Footer_Hash, which it covers.
const HASHED_LENGTH: usize = 120;

/// The structure after the last section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footer {
    /// Byte offset of the INDEX section.
    pub index_offset: u64,
    /// Length of the whole INDEX section in bytes.
    pub index_length: u64,
    /// Length of the archive in bytes, this footer included.
    pub file_length: u64,
    /// Number of sections, the INDEX included.
    pub section_count: u64,
    /// As in the preface.
    pub archive_id: ArchiveId,
    /// Payload_Hash of the INDEX section.
    pub index_hash: Digest,
    /// Hash over the preface and all sections.
    pub root_hash: Digest,
}

impl Footer {
    /// Returns the footer as stored.
    pub fn to_bytes(&self) -> [u8; FOOTER_LENGTH] {
        let mut bytes = [0; FOOTER_LENGTH];
        bytes[..8].copy_from_slice(&self.index_offset.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.index_length.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.file_length.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.section_count.to_le_bytes());
        bytes[32..48].copy_from_slice(&self.archive_id);
        bytes[56..88].copy_from_slice(&self.index_hash);
        bytes[88..120].copy_from_slice(&self.root_hash);
        let hash = tag(Context::Footer, &bytes[..HASHED_LENGTH]);
        bytes[HASHED_LENGTH..HASHED_LENGTH + TAG_LENGTH].copy_from_slice(&hash);
        bytes[HASHED_LENGTH + TAG_LENGTH..].copy_from_slice(&FOOTER_MAGIC);
        bytes
    }

    /// Reads the footer at `offset`. `offset` and the position of the index must agree
    /// with the footer's own values.
    ///
    /// # Errors
    /// [`ContainerError::Damaged`], [`ContainerError::UnsupportedFeatures`].
    pub fn from_bytes(bytes: &[u8; FOOTER_LENGTH], offset: u64) -> Result<Self, ContainerError> {
        let footer = Self::parse(bytes, offset)?;
        let damaged = |cause| ContainerError::Damaged { structure: "Footer", offset, cause };
        if offset.checked_add(FOOTER_LENGTH as u64) != Some(footer.file_length) {
            return Err(damaged("File_Length is not the length of the archive"));
        }
        if footer.index_offset.checked_add(footer.index_length) != Some(offset) {
            return Err(damaged("the INDEX section does not end where the footer starts"));
        }
        Ok(footer)
    }

    /// Reads the footer at `offset` of an archive that may have lost bytes before it.
    ///
    /// # Errors
    /// As [`Footer::from_bytes`].
    pub(super) fn parse(bytes: &[u8; FOOTER_LENGTH], offset: u64) -> Result<Self, ContainerError> {
        let damaged = |cause| ContainerError::Damaged { structure: "Footer", offset, cause };
        // The error cannot occur: the array has the length the fields add up to.
        let (footer, features, reserved, hash, magic) =
            Self::fields(bytes).map_err(|_| damaged("too short"))?;
        if magic != FOOTER_MAGIC {
            return Err(damaged("Footer_Magic is missing"));
        }
        if hash != tag(Context::Footer, &bytes[..HASHED_LENGTH]) {
            return Err(damaged("Footer_Hash does not match"));
        }
        check_features(features)?;
        if reserved != 0 {
            return Err(damaged("Reserved is not 0"));
        }
        Ok(footer)
    }

    fn fields(bytes: &[u8]) -> Result<(Footer, u32, u32, Tag, [u8; 8]), BytesError> {
        let mut cursor = Cursor::new(bytes);
        let (index_offset, index_length) = (cursor.u64()?, cursor.u64()?);
        let (file_length, section_count) = (cursor.u64()?, cursor.u64()?);
        let archive_id = cursor.array()?;
        let (features, reserved) = (cursor.u32()?, cursor.u32()?);
        let (index_hash, root_hash) = (cursor.array()?, cursor.array()?);
        let footer = Footer {
            index_offset,
            index_length,
            file_length,
            section_count,
            archive_id,
            index_hash,
            root_hash,
        };
        Ok((footer, features, reserved, cursor.array()?, cursor.array()?))
    }
}
