//! Faults of tars, and what one of the formats cannot express.

use crate::container::ErrorKind;
use crate::entry::PathFault;
use crate::tree::printable;

/// Why a tar is refused. Nothing was written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TarFault {
    /// The tar is compressed in a format that is not supported.
    #[error(
        "compressed with {format}, which is not supported: decompress it and import the result"
    )]
    Compressed {
        /// Name of the compression.
        format: &'static str,
    },
    /// The tar is compressed more than once.
    #[error("compressed twice ({format} inside): decompress it and import the result")]
    Twice {
        /// Name of the inner compression.
        format: &'static str,
    },
    /// There is not a single byte.
    #[error("the tar is empty")]
    Empty,
    /// The first block is not a header.
    #[error("not a tar: the first block has no valid checksum")]
    NotATar,
    /// A header's checksum is wrong.
    #[error("the header is damaged: its checksum is wrong")]
    Checksum,
    /// The tar ends too early.
    #[error("the tar ends inside {structure}")]
    Truncated {
        /// The structure being read.
        structure: &'static str,
    },
    /// The tar was changed while it was read.
    #[error("the tar changed while it was read")]
    Changed,
    /// A field or record does not hold a usable number.
    #[error("the header is malformed: {field} is not a valid number")]
    Number {
        /// Name of the field or record.
        field: &'static str,
    },
    /// A rule of the format is broken.
    #[error("the header is malformed: {cause}")]
    Malformed {
        /// The broken rule.
        cause: &'static str,
    },
    /// A path may not be in any archive.
    #[error("{}: unsafe member refused: its path {fault}", printable(path))]
    Path {
        /// Path in the tar.
        path: Vec<u8>,
        /// The broken rule.
        fault: PathFault,
    },
    /// A member would go through another member that is not a directory.
    #[error("{}: unsafe member refused: {} is not a directory", printable(path), printable(above))]
    Below {
        /// Path of the member.
        path: Vec<u8>,
        /// The other member.
        above: Vec<u8>,
    },
    /// A name may be only a part of the full name.
    #[error(
        "{}: unsafe member refused: its name may be cut short, because the header of \
         type '{}' before it is unknown",
        printable(path),
        typeflag.escape_ascii()
    )]
    CutName {
        /// Path of the member, as far as it is known.
        path: Vec<u8>,
        /// Type byte of the header in front of it.
        typeflag: u8,
    },
    /// Compressed data cannot be decoded.
    #[error("the {format} data is damaged: {cause}")]
    Packed {
        /// Name of the compression.
        format: &'static str,
        /// The error of the decoder.
        cause: String,
    },
    /// Compressed data needs more memory to decode than is allowed.
    #[error(
        "decoding the {format} data needs more than the memory limit of {limit} bytes \
         (raise it with --memory)"
    )]
    Memory {
        /// Name of the compression.
        format: &'static str,
        /// Allowed memory.
        limit: u64,
    },
    /// A hard link leads to something that is not an earlier file.
    #[error(
        "{}: unsafe member refused: a hard link to {}, which is not an earlier file",
        printable(path),
        printable(target)
    )]
    LinkTarget {
        /// Path of the member.
        path: Vec<u8>,
        /// Target of the link in the tar.
        target: Vec<u8>,
    },
    /// A value over a limit.
    #[error("{field}: {found} is over the limit of {limit}")]
    TooLarge {
        /// Name of the limit.
        field: &'static str,
        /// The value.
        found: u64,
        /// The limit.
        limit: u64,
    },
}

impl TarFault {
    /// Returns the kind of the fault, for exit codes.
    pub fn kind(&self) -> ErrorKind {
        match self {
            TarFault::Compressed { .. } | TarFault::Twice { .. } | TarFault::Changed => {
                ErrorKind::Environment
            }
            TarFault::Path { .. }
            | TarFault::Below { .. }
            | TarFault::CutName { .. }
            | TarFault::LinkTarget { .. } => ErrorKind::Unsafe,
            TarFault::TooLarge { .. } | TarFault::Memory { .. } => ErrorKind::Limit,
            TarFault::Empty
            | TarFault::NotATar
            | TarFault::Packed { .. }
            | TarFault::Checksum
            | TarFault::Truncated { .. }
            | TarFault::Number { .. }
            | TarFault::Malformed { .. } => ErrorKind::Integrity,
        }
    }
}

/// A property that one format has and the other cannot express. The rest was kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotKept {
    /// A member of a type that no archive has: it was left out.
    #[error("skipped: an archive cannot hold members of type '{}'", typeflag.escape_ascii())]
    MemberType {
        /// Type byte of its header.
        typeflag: u8,
    },
    /// A pax record whose meaning no archive keeps.
    #[error("dropped: pax record {}", printable(key))]
    Record {
        /// Its key.
        key: Vec<u8>,
    },
    /// More such records than are listed one by one.
    #[error("dropped: other pax records")]
    OtherRecords,
    /// An access list that cannot be converted to an attribute.
    #[error("dropped: {key}: {cause}")]
    Acl {
        /// Key of the pax record.
        key: &'static str,
        /// The cause.
        cause: &'static str,
    },
    /// A name that an earlier member has, too.
    #[error("several members have this name: the last one is kept")]
    Earlier,
    /// The header of something that is not a file gives a size.
    #[error("not a file, but its header gives a size: the size is ignored")]
    Size,
    /// The start of a name was removed.
    #[error("leading '/' or '..' removed from the name")]
    Front,
    /// A device whose numbers do not fit a tar header: it was left out.
    #[error("skipped: a tar cannot hold the device number {major}:{minor}")]
    Device {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
}

impl NotKept {
    /// Returns whether nothing is lost that other programs would have restored.
    pub fn is_note(&self) -> bool {
        matches!(self, NotKept::Earlier | NotKept::Size | NotKept::Front)
    }
}

/// An unusual end of a tar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TarEnd {
    /// The end mark is missing.
    #[error("the tar ends at byte {offset} without an end mark: it may be cut short")]
    Unmarked {
        /// Offset of the end.
        offset: u64,
    },
    /// Something follows the end: another tar, or remains of other data.
    #[error("the tar ends before byte {offset}; the rest was not read")]
    Behind {
        /// Its offset.
        offset: u64,
    },
    /// Something follows the compressed data.
    #[error("the {format} data ends before byte {offset}; the rest was not read")]
    BehindPacked {
        /// Name of the compression.
        format: &'static str,
        /// Its offset.
        offset: u64,
    },
}
