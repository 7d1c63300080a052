//! Why a file could not be archived or restored.

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};
use std::fmt;
use std::path::{Path, PathBuf};

use super::names::printable;
use crate::entry::PathFault;

/// The errors of the tree layer. Each one names its path. Displaying an error escapes
/// control characters, so it is safe to print.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// The file system refused an operation.
    #[error("{}: cannot {operation}: {source}", shown(path))]
    Io {
        /// Path the operation was about.
        path: PathBuf,
        /// The operation, as a verb phrase: "open", "set the size".
        operation: &'static str,
        /// The system's error.
        source: std::io::Error,
    },
    /// Something could not be read and is missing in the archive.
    #[error("{}: cannot {operation}: {source}: {missing}", shown(path))]
    NotArchived {
        /// Path on disk.
        path: PathBuf,
        /// The operation, as a verb phrase.
        operation: &'static str,
        /// The system's error.
        source: std::io::Error,
        /// What is missing.
        missing: Missing,
    },
    /// Properties of restored entries could not be set, all for one cause.
    #[error("{}", not_set(entries, source))]
    NotSet {
        /// The files on disk and the properties that were not set; never empty.
        entries: Vec<(PathBuf, Property)>,
        /// The system's error, the same for all.
        source: std::io::Error,
    },
    /// An entry's path may not be in an archive; nothing was written.
    #[error("{}: unsafe entry refused: its path {fault}", shown(path))]
    UnsafePath {
        /// Path of the entry in the archive.
        path: PathBuf,
        /// The broken rule.
        fault: PathFault,
    },
    /// An entry could reach outside the destination, or would have gone through a link;
    /// nothing was written.
    #[error("{}: unsafe entry refused: {cause}", shown(path))]
    Unsafe {
        /// Path of the entry in the archive.
        path: PathBuf,
        /// The broken rule.
        cause: &'static str,
    },
    /// Something exists at the entry's path, and the policy keeps it.
    #[error("{}: already exists", shown(path))]
    Exists {
        /// Path of the entry.
        path: PathBuf,
    },
    /// A file is not what the walk saw.
    #[error("{}: {how}", shown(path))]
    Changed {
        /// Path on disk.
        path: PathBuf,
        /// The change, and what became of the file in the archive.
        how: Change,
    },
    /// Something cannot be archived, or not be restored by this user.
    #[error("{}: skipped: {cause}", shown(path))]
    LeftOut {
        /// Path on disk, or of the entry.
        path: PathBuf,
        /// The cause.
        cause: &'static str,
    },
    /// A socket, which has no content to archive.
    #[error("{}: skipped: a socket cannot be archived", shown(path))]
    Socket {
        /// Path on disk.
        path: PathBuf,
    },
    /// An unfinished file of a killed run; it holds nobody's data.
    #[error("{}: skipped: an unfinished file of a killed run", shown(path))]
    Leftover {
        /// Path on disk.
        path: PathBuf,
    },
    /// A name given by the user cannot be in any archive.
    #[error("{}: cannot be a name in an archive: {cause}", shown(path))]
    Name {
        /// The operand.
        path: PathBuf,
        /// The broken rule.
        cause: &'static str,
    },
    /// An exclude pattern matched nothing: perhaps it is misspelt.
    #[error("--exclude {}: matches nothing{}", printable(pattern), only_directories(pattern))]
    Unmatched {
        /// The pattern as given.
        pattern: Vec<u8>,
    },
    /// A glob pattern is invalid.
    #[error("pattern {pattern:?}: {cause}")]
    Pattern {
        /// The pattern as given.
        pattern: String,
        /// What is wrong with it.
        cause: String,
    },
}

/// A property of an entry that is set when it is restored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Property {
    /// User and group.
    Owner,
    /// Permissions and special bits.
    Mode,
    /// Time of the last modification.
    Time,
    /// An extended attribute, by its name.
    Xattr(Vec<u8>),
    /// All of these: the file was replaced before any could be set.
    All,
}

impl Property {
    /// Returns the class of the property. Properties of one class fail for one cause:
    /// the file system lacks them, or this user may not set them.
    pub(super) fn class(&self) -> &[u8] {
        match self {
            Property::Owner => b"owner",
            Property::Mode => b"mode",
            Property::Time => b"time",
            Property::All => b"all",
            Property::Xattr(name) => {
                let dot = name.iter().position(|&byte| byte == b'.');
                &name[..dot.map_or(name.len(), |dot| dot + 1)]
            }
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Property::Owner => formatter.write_str("owner"),
            Property::Mode => formatter.write_str("mode"),
            Property::Time => formatter.write_str("time"),
            Property::All => formatter.write_str("owner, mode and time"),
            Property::Xattr(name) => write!(formatter, "extended attribute {}", printable(name)),
        }
    }
}

/// How a file differs from what the walk saw. Each message says what is archived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Change {
    /// Another regular file, or other content, was there when its turn came.
    #[error("changed after its directory was read: the new content is archived")]
    SinceListed,
    /// The file was written to while it was read.
    #[error("changed while it was read: archived as read")]
    WhileRead,
    /// The file ended before the size that the system reported.
    #[error("ends after {read} of {size} bytes: archived up to there")]
    Shorter {
        /// Bytes up to its end.
        read: u64,
        /// Reported size.
        size: u64,
    },
    /// The file goes on after the size that the system reported.
    #[error("is longer than its reported size: only the first {read} bytes are archived")]
    Endless {
        /// Bytes archived.
        read: u64,
    },
    /// Something that is not a regular file is there now.
    #[error("no longer a regular file: not archived")]
    Kind,
}

/// The part of something unreadable that is missing in an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Missing {
    /// All of it.
    #[error("not archived")]
    Whole,
    /// The files in a directory, or the rest of them.
    #[error("its contents are not archived")]
    Below,
    /// Its extended attributes.
    #[error("archived without them")]
    Attributes,
}

impl TreeError {
    /// Makes this failure of the system say what is missing in the archive.
    pub fn leaving_out(self, missing: Missing) -> TreeError {
        match self {
            TreeError::Io { path, operation, source } => {
                TreeError::NotArchived { path, operation, source, missing }
            }
            other => other,
        }
    }

    /// Returns whether the entry was refused because restoring it would be unsafe, and
    /// not because the system failed.
    pub fn is_unsafe(&self) -> bool {
        matches!(self, TreeError::Unsafe { .. } | TreeError::UnsafePath { .. })
    }

    /// Returns whether the system refused something that every further entry needs too:
    /// space, a writable file system, or descriptors.
    pub fn ends_run(&self) -> bool {
        let TreeError::Io { source, .. } = self else { return false };
        match Errno::from_io_error(source) {
            Some(Errno::NOSPC | Errno::DQUOT | Errno::ROFS | Errno::MFILE | Errno::NFILE) => true,
            // Without a limit of the process, a single file is too large for the file
            // system.
            Some(Errno::FBIG) => getrlimit(Resource::Fsize).current.is_some(),
            _ => false,
        }
    }

    /// Makes a [`TreeError::Io`] from a rustix or standard error.
    pub(super) fn io(
        path: impl Into<PathBuf>,
        operation: &'static str,
        source: impl Into<std::io::Error>,
    ) -> TreeError {
        TreeError::Io { path: path.into(), operation, source: source.into() }
    }
}

/// Names the first entry in full, and counts the others.
fn not_set(entries: &[(PathBuf, Property)], source: &std::io::Error) -> String {
    let Some((path, property)) = entries.first() else { return source.to_string() };
    let more = match entries.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more of this kind; -v names them)"),
    };
    format!("{}: cannot set the {property}: {source}{more}", shown(path))
}

/// Hints at a trailing `/`, which is often meant for a file.
fn only_directories(pattern: &[u8]) -> &'static str {
    if pattern.ends_with(b"/") { " (with a trailing '/' it matches directories only)" } else { "" }
}

fn shown(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    printable(path.as_os_str().as_bytes())
}
