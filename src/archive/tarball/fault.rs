//! What can be wrong with a tar, and what one format says that the other cannot.

use crate::container::ErrorKind;
use crate::entry::PathFault;
use crate::tree::printable;

/// Why a tar is refused. Nothing was written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TarFault {
    /// A tar compressed in a way that is not read.
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
    /// A name that may be a part of a name only.
    #[error(
        "{}: unsafe member refused: its name may be cut short, for the header of type '{}' \
         in front of it is not understood",
        printable(path),
        typeflag.escape_ascii()
    )]
    CutName {
        /// Path of the member, as far as it is known.
        path: Vec<u8>,
        /// Type byte of the header in front of it.
        typeflag: u8,
    },
    /// Compressed data that cannot be decoded.
    #[error("the {format} data are damaged: {cause}")]
    Packed {
        /// Name of the compression.
        format: &'static str,
        /// What its decoder says.
        cause: String,
    },
    /// Compressed data that need more memory to decode than is allowed.
    #[error("the {format} data need more memory than the limit of {limit} bytes")]
    Memory {
        /// Name of the compression.
        format: &'static str,
        /// What is allowed.
        limit: u64,
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
            | TarFault::CutName { .. }
            | TarFault::LinkTarget { .. } => ErrorKind::Unsafe,
            TarFault::TooLarge { .. } | TarFault::Memory { .. } => ErrorKind::Limit,
            TarFault::NotATar
            | TarFault::Packed { .. }
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
    /// More such records than are told apart.
    #[error("not kept: other pax records")]
    OtherRecords,
    /// A list of access rights that cannot be made an attribute.
    #[error("not kept: {key}: {cause}")]
    Acl {
        /// Key of the pax record.
        key: &'static str,
        /// Why.
        cause: &'static str,
    },
    /// The name of an earlier member, too.
    #[error("the name comes more than once: the last member of the name is kept")]
    Earlier,
    /// A size in the header of something that is no file.
    #[error("not a file, but its header gives a size: the size is ignored")]
    Size,
    /// What stood in front of a name.
    #[error("the '/' or '..' in front was removed from the name")]
    Front,
    /// A device whose numbers no tar header holds: it was left out.
    #[error("left out: a tar cannot hold the device number {major}:{minor}")]
    Device {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
}

impl NotKept {
    /// Whether nothing is missing that other programs would have restored.
    pub fn is_note(&self) -> bool {
        matches!(self, NotKept::Earlier | NotKept::Size | NotKept::Front)
    }
}

/// How a tar ends otherwise than tars do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TarEnd {
    /// Nothing marks the end.
    #[error("the tar ends at byte {offset} without a mark of its end: it may have been cut there")]
    Unmarked {
        /// Where it ends.
        offset: u64,
    },
    /// Something follows the end: another tar, or what a program left there.
    #[error("the tar ends before byte {offset}; what follows was not read")]
    Behind {
        /// Where it is.
        offset: u64,
    },
    /// Something follows the compressed data.
    #[error("the {format} data end before byte {offset}; what follows was not read")]
    BehindPacked {
        /// Name of the compression.
        format: &'static str,
        /// Where it is.
        offset: u64,
    },
}
