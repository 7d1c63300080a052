//! Why a file could not be archived or restored.

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};
use std::path::{Path, PathBuf};

use super::names::printable;
use crate::entry::PathFault;

/// Errors of the tree floor. Each names the path it is about; displaying one
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
    #[error("{}: changed while it was read", shown(path))]
    Changed {
        /// Path on disk.
        path: PathBuf,
    },
    /// Something that cannot be archived, or not be restored by this user.
    #[error("{}: left out: {cause}", shown(path))]
    LeftOut {
        /// Path on disk, or of the entry.
        path: PathBuf,
        /// Why.
        cause: &'static str,
    },
    /// A name given by the user that no archive can hold.
    #[error("{}: cannot be a name in an archive: {cause}", shown(path))]
    Name {
        /// The operand.
        path: PathBuf,
        /// Which rule it breaks.
        cause: &'static str,
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

impl TreeError {
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

fn shown(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    printable(path.as_os_str().as_bytes())
}
