//! Exit codes.

use std::process::ExitCode;

/// How a run ended. The numbers are part of the interface: scripts test them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Everything was done.
    Fine = 0,
    /// Done, with warnings or differences.
    Warnings = 1,
    /// Wrong usage, or the system refused.
    Failure = 2,
    /// The archive is damaged.
    Integrity = 3,
    /// An unsafe entry was refused.
    Unsafe = 4,
    /// The archive needs a newer version.
    Unsupported = 5,
    /// Interrupted by a signal.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
