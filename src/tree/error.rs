//! Why a file could not be archived or restored.

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};
use std::fmt;
use std::path::{Path, PathBuf};

use super::names::printable;
use crate::entry::PathFault;

/// Errors of the tree layer. Each names the path it is about; displaying one
/// escapes control characters, so it is safe to print.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// The file system refused an operation.
    #[error("{}: cannot {operation}: {source}", shown(path))]
    Io {
        /// Path the operation was about.
        path: PathBuf,
        /// What was tried, as a verb phrase: "open", "set owner".
        operation: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something that could not be read and is missing in the archive.
    #[error("{}: cannot {operation}: {source}: {missing}", shown(path))]
    NotArchived {
        /// Path on disk.
        path: PathBuf,
        /// What was tried, as a verb phrase.
        operation: &'static str,
        /// What the system said.
        source: std::io::Error,
        /// What of it is missing.
        missing: Missing,
    },
    /// Properties of restored entries that could not be set, all for one cause.
    #[error("{}", not_set(entries, source))]
    NotSet {
        /// The files on disk and what of them was not set; never empty.
        entries: Vec<(PathBuf, Property)>,
        /// What the system said of each.
        source: std::io::Error,
    },
    /// An entry whose path no archive may hold; nothing was written.
    #[error("{}: unsafe entry refused: its path {fault}", shown(path))]
    UnsafePath {
        /// Path of the entry as the archive has it.
        path: PathBuf,
        /// Which rule it breaks.
        fault: PathFault,
    },
    /// An entry that could reach outside the destination, or would have gone
    /// through a link; nothing was written.
    #[error("{}: unsafe entry refused: {cause}", shown(path))]
    Unsafe {
        /// Path of the entry as the archive has it.
        path: PathBuf,
        /// Which rule it breaks.
        cause: &'static str,
    },
    /// Something stands where the entry would go, and the policy keeps it.
    #[error("{}: already exists", shown(path))]
    Exists {
        /// Path of the entry.
        path: PathBuf,
    },
    /// A file is not what it was when the walk saw it.
    #[error("{}: {how}", shown(path))]
    Changed {
        /// Path on disk.
        path: PathBuf,
        /// How, and what became of it in the archive.
        how: Change,
    },
    /// Something that cannot be archived, or not be restored by this user.
    #[error("{}: left out: {cause}", shown(path))]
    LeftOut {
        /// Path on disk, or of the entry.
        path: PathBuf,
        /// Why.
        cause: &'static str,
    },
    /// A socket, which has no content to archive.
    #[error("{}: left out: a socket lives only as long as its program", shown(path))]
    Socket {
        /// Path on disk.
        path: PathBuf,
    },
    /// An unfinished file of a run that was killed: nobody's data.
    #[error("{}: left out: an unfinished file of a run that was killed", shown(path))]
    Leftover {
        /// Path on disk.
        path: PathBuf,
    },
    /// A name given by the user that no archive can hold.
    #[error("{}: cannot be a name in an archive: {cause}", shown(path))]
    Name {
        /// The operand.
        path: PathBuf,
        /// Which rule it breaks.
        cause: &'static str,
    },
    /// A pattern that left nothing out: perhaps it is misspelt.
    #[error("--exclude {}: nothing matches it{}", printable(pattern), only_directories(pattern))]
    Unmatched {
        /// The pattern as given.
        pattern: Vec<u8>,
    },
    /// A glob pattern that cannot be understood.
    #[error("pattern {pattern:?}: {cause}")]
    Pattern {
        /// The pattern as given.
        pattern: String,
        /// What is wrong with it.
        cause: String,
    },
}

/// What of an entry is set when it is restored.
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
    /// All of these: the file was replaced before they could be set.
    All,
}

impl Property {
    /// Properties of one class fail for one cause: one that the file system
    /// lacks, or that this user may not set.
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

/// How a file is not what it was said to be. Each message says what is archived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Change {
    /// Another regular file, or other content, stood there when its turn came.
    #[error("changed since the directory was read: the content of now is archived")]
    SinceListed,
    /// It was written to meanwhile.
    #[error("changed while it was read: archived with what was read")]
    WhileRead,
    /// It ended before the size that the system told.
    #[error("ends after {read} bytes, its size was {size}: archived with what was read")]
    Shorter {
        /// Bytes up to its end.
        read: u64,
        /// Size told.
        size: u64,
    },
    /// It goes on and on behind the size that was told.
    #[error("goes on behind its size: only its first {read} bytes are archived")]
    Endless {
        /// Bytes archived.
        read: u64,
    },
    /// Something that is no regular file stands there now.
    #[error("no longer a regular file: not archived")]
    Kind,
}

/// What is missing in an archive of something that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Missing {
    /// All of it.
    #[error("not archived")]
    Whole,
    /// What is in a directory, or the rest of it.
    #[error("what is in it is not archived")]
    Below,
    /// Its extended attributes.
    #[error("archived without them")]
    Attributes,
}

impl TreeError {
    /// Says what is missing in the archive for a failure of the system.
    pub fn leaving_out(self, missing: Missing) -> TreeError {
        match self {
            TreeError::Io { path, operation, source } => {
                TreeError::NotArchived { path, operation, source, missing }
            }
            other => other,
        }
    }

    /// Whether the entry was refused because restoring it would be unsafe,
    /// rather than because the system failed.
    pub fn is_unsafe(&self) -> bool {
        matches!(self, TreeError::Unsafe { .. } | TreeError::UnsafePath { .. })
    }

    /// Whether the system refused something that every further entry needs too:
    /// room, a writable file system, or descriptors.
    pub fn ends_run(&self) -> bool {
        let TreeError::Io { source, .. } = self else { return false };
        match Errno::from_io_error(source) {
            Some(Errno::NOSPC | Errno::DQUOT | Errno::ROFS | Errno::MFILE | Errno::NFILE) => true,
            // Without a limit of the process it is one file that is too large
            // for the file system.
            Some(Errno::FBIG) => getrlimit(Resource::Fsize).current.is_some(),
            _ => false,
        }
    }

    /// Shorthand for [`TreeError::Io`] around a rustix or standard error.
    pub(super) fn io(
        path: impl Into<PathBuf>,
        operation: &'static str,
        source: impl Into<std::io::Error>,
    ) -> TreeError {
        TreeError::Io { path: path.into(), operation, source: source.into() }
    }
}

/// The first entry in full, and how many more there are.
fn not_set(entries: &[(PathBuf, Property)], source: &std::io::Error) -> String {
    let Some((path, property)) = entries.first() else { return source.to_string() };
    let more = match entries.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more of this kind; -v names them)"),
    };
    format!("{}: cannot set the {property}: {source}{more}", shown(path))
}

/// A pattern with a trailing `/` is often meant for a file.
fn only_directories(pattern: &[u8]) -> &'static str {
    if pattern.ends_with(b"/") { " (with a trailing '/' it matches directories only)" } else { "" }
}

fn shown(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    printable(path.as_os_str().as_bytes())
}
