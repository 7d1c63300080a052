//! Why a container could not be read or written.

use super::limits::exceeded;
use super::{Foreign, MissingBytes, VERSION_MAJOR, VERSION_MINOR};
use crate::bytes::BytesError;
use crate::entry::PathFault;
use crate::error::ErrorKind;
use rustix::io::Errno;

/// The errors of the container. Offsets count from the start of the archive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerError {
    /// The first bytes are not those of an archive.
    #[error("not a pear archive{}", found.hint())]
    NotAnArchive {
        /// The format they look like.
        found: Foreign,
    },
    /// Written for another version of the format.
    #[error(
        "the archive has format version {major}.{minor}, which this version cannot read; {}",
        what_reads(*major, *minor)
    )]
    UnsupportedVersion {
        /// Version_Major found.
        major: u16,
        /// Version_Minor found.
        minor: u16,
    },
    /// The archive needs a feature that this build does not have.
    #[error(
        "the archive needs features {features:#x}, which this version does not have; \
         upgrade pear-archive"
    )]
    UnsupportedFeatures {
        /// Bits of Required_Features that this build does not know.
        features: u32,
    },
    /// A critical section has a type that this build does not know.
    #[error("section at byte {offset} has the unknown type {section_type}; upgrade pear-archive")]
    UnsupportedSection {
        /// Type found.
        section_type: u8,
        /// Offset of the section.
        offset: u64,
    },
    /// A structure of the format that this build does not read, or does not know.
    #[error(
        "the archive has {structure} (number {number}), which this version does not read yet; \
         upgrade pear-archive"
    )]
    UnsupportedPart {
        /// Name of the structure, as in spec/container.md.
        structure: &'static str,
        /// Its number, or the unknown bits.
        number: u64,
    },
    /// A structure does not match its own hash.
    #[error("{structure} at byte {offset} is damaged: {cause}")]
    Damaged {
        /// Name of the structure, as in spec/container.md.
        structure: &'static str,
        /// Offset of the structure.
        offset: u64,
        /// The fault.
        cause: &'static str,
    },
    /// The archive ends too early.
    #[error("the archive ends inside {structure} at byte {offset}")]
    Truncated {
        /// Name of the structure, as in spec/container.md.
        structure: &'static str,
        /// Offset of the structure.
        offset: u64,
    },
    /// A section was not found anywhere.
    #[error("the {structure} section is missing")]
    Lost {
        /// Name of the section's type, as in spec/container.md.
        structure: &'static str,
    },
    /// The archive is intact, but other bytes follow it: what an update left that was
    /// interrupted, or what another program appended.
    #[error("{}", behind(*offset, *generation, *bytes))]
    Behind {
        /// Offset of these bytes.
        offset: u64,
        /// Number of the last generation, which ends there.
        generation: u64,
        /// How many they are, if that is known.
        bytes: Option<u64>,
    },
    /// There is no such generation.
    #[error("there is no generation {number}; the newest is {newest}")]
    NoGeneration {
        /// The number asked for.
        number: u64,
        /// The highest that there is.
        newest: u64,
    },
    /// No generation is as old as that.
    #[error(
        "no generation has a date that early{}; see them with 'generations'",
        if earliest.is_none() { ", or any" } else { "" }
    )]
    NoneDated {
        /// The earliest date, if there is one: seconds since 1970.
        earliest: Option<i64>,
    },
    /// What protects the archive is damaged, not the archive.
    #[error("{structure} at byte {offset} is damaged: {cause}; nothing of the archive is lost")]
    Unprotected {
        /// Name of the section's type, as in spec/container.md.
        structure: &'static str,
        /// Offset of the section.
        offset: u64,
        /// The fault.
        cause: &'static str,
    },
    /// A table is intact but breaks a rule of the format.
    #[error("{table}, row {row}: {cause}")]
    Invalid {
        /// Name of the table, as in spec/container.md.
        table: &'static str,
        /// Row, counted from 0.
        row: u64,
        /// The broken rule.
        cause: &'static str,
    },
    /// A table's bytes cannot be read.
    #[error("{table}: {source}")]
    Bytes {
        /// Name of the table, as in spec/container.md.
        table: &'static str,
        /// Place and cause.
        source: BytesError,
    },
    /// An entry's path would leave the directory it is extracted to.
    #[error("unsafe path {:?}: {fault}", String::from_utf8_lossy(path))]
    UnsafePath {
        /// The path as stored.
        path: Vec<u8>,
        /// The fault of the path.
        fault: PathFault,
    },
    /// A value over a limit, refused before allocating.
    #[error("{}", exceeded(field, *found, *limit))]
    TooLarge {
        /// Name of the limit.
        field: &'static str,
        /// Value found.
        found: u64,
        /// Value allowed.
        limit: u64,
    },
    /// Reading or writing failed.
    #[error("{}", io_text(_0))]
    Io(#[from] std::io::Error),
}

impl ContainerError {
    /// Returns whether bytes are wrong or missing, so that the rest of the archive is worth
    /// a search for intact sections. An error about something unsafe, over a limit, for
    /// another version or refused by the system is reported as it is.
    pub fn is_salvageable(&self) -> bool {
        self.kind() == ErrorKind::Integrity
    }

    /// Returns the kind of the failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            // A sector that cannot be read is as lost as a changed one.
            ContainerError::Io(error) if is_unreadable(error) => ErrorKind::Integrity,
            ContainerError::Io(_)
            | ContainerError::Behind { .. }
            | ContainerError::NoGeneration { .. }
            | ContainerError::NoneDated { .. }
            | ContainerError::Unprotected { .. } => ErrorKind::Environment,
            ContainerError::UnsupportedVersion { .. }
            | ContainerError::UnsupportedFeatures { .. }
            | ContainerError::UnsupportedPart { .. }
            | ContainerError::UnsupportedSection { .. } => ErrorKind::Unsupported,
            ContainerError::UnsafePath { .. } => ErrorKind::Unsafe,
            ContainerError::TooLarge { .. } => ErrorKind::Limit,
            ContainerError::NotAnArchive { .. }
            | ContainerError::Damaged { .. }
            | ContainerError::Truncated { .. }
            | ContainerError::Lost { .. }
            | ContainerError::Invalid { .. }
            | ContainerError::Bytes { .. } => ErrorKind::Integrity,
        }
    }
}

/// Returns whether the medium failed, the file system found its own checksum wrong, or the
/// bytes are not there. The data stored there is lost, and trying again is useless.
fn is_unreadable(error: &std::io::Error) -> bool {
    if is_missing(error) {
        return true;
    }
    // EBADMSG and EUCLEAN: checksums of ext4, XFS and F2FS; ENODATA and EILSEQ:
    // media errors and integrity errors of the block layer.
    let media = [Errno::IO, Errno::BADMSG, Errno::UCLEAN, Errno::NODATA, Errno::ILSEQ];
    Errno::from_io_error(error).is_some_and(|error| media.contains(&error))
}

fn is_missing(error: &std::io::Error) -> bool {
    error.get_ref().is_some_and(|source| source.is::<MissingBytes>())
}

/// Says what is not read behind the end of an archive.
fn behind(offset: u64, generation: u64, bytes: Option<u64>) -> String {
    let count = match bytes {
        Some(1) => "1 byte".to_owned(),
        Some(bytes) => format!("{bytes} bytes"),
        None => "bytes".to_owned(),
    };
    format!("{count} behind the end of generation {generation}, from byte {offset} on, are ignored")
}

/// What to do about an archive of another version.
fn what_reads(major: u16, minor: u16) -> &'static str {
    match (major, minor) > (VERSION_MAJOR, VERSION_MINOR) {
        true => "upgrade pear-archive",
        false => "use the pear-archive that made it",
    }
}

fn io_text(error: &std::io::Error) -> String {
    match is_unreadable(error) && !is_missing(error) {
        true => format!("damaged: the disk cannot read it: {error}"),
        false => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_disk_cannot_read_is_damage_and_what_the_system_refuses_is_not() {
        let kind = |errno: Errno| ContainerError::from(std::io::Error::from(errno)).kind();
        for errno in [Errno::IO, Errno::BADMSG, Errno::UCLEAN, Errno::NODATA, Errno::ILSEQ] {
            assert_eq!(kind(errno), ErrorKind::Integrity);
        }
        for errno in [Errno::NOSPC, Errno::ACCESS, Errno::MFILE, Errno::NOMEM] {
            assert_eq!(kind(errno), ErrorKind::Environment);
        }
    }
}
