//! The last 72 bytes of an archive. Normative text: spec/container.md §7.

use super::{ArchiveId, ContainerError, HEADER_LENGTH, Preface, SectionHeader};
use crate::bytes::{BytesError, Cursor};
use crate::checksum::{Context, Digest, Hasher, TAG_LENGTH, Tag, tag};

/// Magic at the end of every archive: the preface's magic backwards.
pub const FOOTER_MAGIC: [u8; 8] = *b"\x1A\n\rRAEP\xF0";

/// Length of the footer in bytes.
pub const FOOTER_LENGTH: usize = 72;

/// Bytes before Footer_Hash, which it covers.
const HASHED_LENGTH: usize = 56;

/// The structure after the last section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footer {
    /// Byte offset of the INDEX section.
    pub index_offset: u64,
    /// Byte offset at which this footer ends.
    pub file_length: u64,
    /// As in the preface.
    pub archive_id: ArchiveId,
    /// Hash over the preface and the INDEX section.
    pub root_hash: Digest,
}

impl Footer {
    /// Returns the footer as stored.
    pub fn to_bytes(&self) -> [u8; FOOTER_LENGTH] {
        let mut bytes = [0; FOOTER_LENGTH];
        bytes[..8].copy_from_slice(&self.index_offset.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.file_length.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.archive_id);
        bytes[24..56].copy_from_slice(&self.root_hash);
        let hash = tag(Context::Footer, &bytes[..HASHED_LENGTH]);
        bytes[HASHED_LENGTH..HASHED_LENGTH + TAG_LENGTH].copy_from_slice(&hash);
        bytes[HASHED_LENGTH + TAG_LENGTH..].copy_from_slice(&FOOTER_MAGIC);
        bytes
    }

    /// Reads the footer at `offset`, which must agree with its own values.
    ///
    /// # Errors
    /// [`ContainerError::Damaged`].
    pub fn from_bytes(bytes: &[u8; FOOTER_LENGTH], offset: u64) -> Result<Self, ContainerError> {
        let damaged = |cause| ContainerError::Damaged { structure: "Footer", offset, cause };
        let footer = Self::parse(bytes).map_err(damaged)?;
        if offset.checked_add(FOOTER_LENGTH as u64) != Some(footer.file_length) {
            return Err(damaged("File_Length is not where the footer ends"));
        }
        let index_end = footer.index_offset.checked_add(HEADER_LENGTH as u64);
        if index_end.is_none_or(|end| end > offset) {
            return Err(damaged("the INDEX section does not end before the footer starts"));
        }
        Ok(footer)
    }

    /// Reads a footer of an archive that may have lost bytes before it; checks only magic
    /// and hash.
    pub(super) fn parse(bytes: &[u8; FOOTER_LENGTH]) -> Result<Self, &'static str> {
        // The error cannot occur: the array has the length the fields add up to.
        let (footer, hash, magic) = Self::fields(bytes).map_err(|_| "too short")?;
        if magic != FOOTER_MAGIC {
            return Err("Footer_Magic is missing");
        }
        if hash != tag(Context::Footer, &bytes[..HASHED_LENGTH]) {
            return Err("Footer_Hash does not match");
        }
        Ok(footer)
    }

    fn fields(bytes: &[u8]) -> Result<(Footer, Tag, [u8; 8]), BytesError> {
        let mut cursor = Cursor::new(bytes);
        let (index_offset, file_length) = (cursor.u64()?, cursor.u64()?);
        let (archive_id, root_hash) = (cursor.array()?, cursor.array()?);
        let footer = Footer { index_offset, file_length, archive_id, root_hash };
        Ok((footer, cursor.array()?, cursor.array()?))
    }
}

/// Computes Root_Hash of the archive whose INDEX section has this header and whose payload
/// has this digest. The preface follows from the archive id.
pub(super) fn root_hash(archive_id: &ArchiveId, index: &SectionHeader, payload: &Digest) -> Digest {
    let mut root = Hasher::derived(Context::Root);
    root.update(&Preface { archive_id: *archive_id }.to_bytes());
    root.update(&index.to_bytes(archive_id));
    root.update(payload);
    root.digest()
}
