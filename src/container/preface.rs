//! The first 32 bytes of an archive. Normative text: spec/container.md §3.

use super::{ArchiveId, ContainerError, Foreign};
use crate::bytes::Cursor;
use crate::checksum::{Context, TAG_LENGTH, Tag, tag};

/// A high byte (refused by 7-bit channels), `PEAR`, CR LF (changed by text-mode
/// transfers), and the end-of-file character of old terminals.
pub const MAGIC: [u8; 8] = *b"\xF0PEAR\r\n\x1A";

/// Length of the preface in bytes.
pub const PREFACE_LENGTH: usize = 32;

/// Version_Major that this build writes and reads.
pub const VERSION_MAJOR: u16 = 0;

/// Version_Minor that this build writes and reads. Before 1.0 the reader accepts no
/// other.
pub const VERSION_MINOR: u16 = 7;

/// Bits of Required_Features that this build knows: none are defined yet.
pub(super) const KNOWN_FEATURES: u32 = 0;

/// The structure before the first section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preface {
    /// The id that is repeated in every section header.
    pub archive_id: ArchiveId,
}

impl Preface {
    /// Returns the preface as stored.
    pub fn to_bytes(&self) -> [u8; PREFACE_LENGTH] {
        let mut bytes = [0; PREFACE_LENGTH];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&VERSION_MAJOR.to_le_bytes());
        bytes[10..12].copy_from_slice(&VERSION_MINOR.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.archive_id);
        let hash = tag(Context::Preface, &bytes[..24]);
        bytes[24..].copy_from_slice(&hash);
        bytes
    }

    /// Reads a preface. Checks the magic first, then the hash, then the version, so
    /// that damage is not mistaken for a newer format.
    ///
    /// # Errors
    /// [`ContainerError::NotAnArchive`], [`ContainerError::Damaged`],
    /// [`ContainerError::UnsupportedVersion`], [`ContainerError::UnsupportedFeatures`].
    pub fn from_bytes(bytes: &[u8; PREFACE_LENGTH]) -> Result<Self, ContainerError> {
        let (magic, major, minor, features, archive_id, hash) =
            fields(bytes).map_err(|source| {
                // Cannot occur: the array has the length the fields add up to.
                ContainerError::Bytes { table: "Preface", source }
            })?;
        if magic != MAGIC {
            return Err(ContainerError::NotAnArchive { found: Foreign::of(bytes) });
        }
        if hash != tag(Context::Preface, &bytes[..PREFACE_LENGTH - TAG_LENGTH]) {
            let cause = "Preface_Hash does not match";
            return Err(ContainerError::Damaged { structure: "Preface", offset: 0, cause });
        }
        if (major, minor) != (VERSION_MAJOR, VERSION_MINOR) {
            return Err(ContainerError::UnsupportedVersion { major, minor });
        }
        check_features(features)?;
        Ok(Preface { archive_id })
    }
}

type Fields = ([u8; 8], u16, u16, u32, ArchiveId, Tag);

fn fields(bytes: &[u8]) -> Result<Fields, crate::bytes::BytesError> {
    let mut cursor = Cursor::new(bytes);
    let magic = cursor.array()?;
    let (major, minor, features) = (cursor.u16()?, cursor.u16()?, cursor.u32()?);
    Ok((magic, major, minor, features, cursor.array()?, cursor.array()?))
}

/// Refuses features that this build does not know.
pub(super) fn check_features(features: u32) -> Result<(), ContainerError> {
    match features & !KNOWN_FEATURES {
        0 => Ok(()),
        unknown => Err(ContainerError::UnsupportedFeatures { features: unknown }),
    }
}
