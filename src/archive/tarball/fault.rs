//! What can be wrong with a tar, and what one format says that the other cannot.

use crate::container::ErrorKind;
use crate::entry::PathFault;
use crate::tree::printable;

/// Why a tar is refused. Nothing was written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TarFault {
    /// A compressed tar.
    #[error("compressed with {format}, not a tar: decompress it first and import that")]
    Compressed {
        /// Name of the compression.
        format: &'static str,
    },
    /// The first block is no header.
    #[error("not a tar (no header with a right checksum)")]
    NotATar,
    /// A header's checksum is wrong.
    #[error("the header is damaged: its checksum is wrong")]
    Checksum,
    /// The tar ends too early.
    #[error("the tar ends inside {structure}")]
    Truncated {
        /// What was being read.
        structure: &'static str,
    },
    /// The tar was changed while it was read.
    #[error("the tar changed while it was read")]
    Changed,
    /// A field or record holds no number that makes sense.
    #[error("the header is malformed: {field} is not a number that fits")]
    Number {
        /// Name of the field or record.
        field: &'static str,
    },
    /// A rule of the format is broken.
    #[error("the header is malformed: {cause}")]
    Malformed {
        /// Which rule.
        cause: &'static str,
    },
    /// A path no archive may hold.
    #[error("{}: unsafe member refused: its path {fault}", printable(path))]
    Path {
        /// Path as the tar has it.
        path: Vec<u8>,
        /// Which rule it breaks.
        fault: PathFault,
    },
    /// A member that would go through another that is no directory.
    #[error("{}: unsafe member refused: {} is not a directory", printable(path), printable(above))]
    Below {
        /// Path of the member.
        path: Vec<u8>,
        /// The other.
        above: Vec<u8>,
    },
    /// A second member of a name.
    #[error("{}: unsafe member refused: the name comes twice", printable(path))]
    Repeated {
        /// Path of the member.
        path: Vec<u8>,
    },
    /// A hard link to something that is no file before it.
    #[error(
        "{}: unsafe member refused: a hard link to {}, which is no file before it",
        printable(path),
        printable(target)
    )]
    LinkTarget {
        /// Path of the member.
        path: Vec<u8>,
        /// What it links to, as the tar has it.
        target: Vec<u8>,
    },
    /// More than a limit allows.
    #[error("{field} is {found}, more than the limit of {limit}")]
    TooLarge {
        /// Name of the limit.
        field: &'static str,
        /// What is asked for.
        found: u64,
        /// What is allowed.
        limit: u64,
    },
}

impl TarFault {
    /// What it means, for exit codes.
    pub fn kind(&self) -> ErrorKind {
        match self {
            TarFault::Compressed { .. } | TarFault::Changed => ErrorKind::Environment,
            TarFault::Path { .. }
            | TarFault::Below { .. }
            | TarFault::Repeated { .. }
            | TarFault::LinkTarget { .. } => ErrorKind::Unsafe,
            TarFault::TooLarge { .. } => ErrorKind::Limit,
            TarFault::NotATar
            | TarFault::Checksum
            | TarFault::Truncated { .. }
            | TarFault::Number { .. }
            | TarFault::Malformed { .. } => ErrorKind::Integrity,
        }
    }
}

/// Something one format says that the other cannot. The rest was kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotKept {
    /// A member of a type no archive has: it was left out.
    #[error("left out: members of type '{}' have no place in an archive", typeflag.escape_ascii())]
    MemberType {
        /// Type byte of its header.
        typeflag: u8,
    },
    /// A pax record with a meaning no archive keeps.
    #[error("not kept: pax record {}", printable(key))]
    Record {
        /// Its key.
        key: Vec<u8>,
    },
    /// A device whose numbers no tar header holds: it was left out.
    #[error("left out: a tar cannot hold the device number {major}:{minor}")]
    Device {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
}
