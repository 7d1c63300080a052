//! What a failure means, whatever layer it happened in.

/// What a failure means to the caller. Exit codes and messages follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The machine or the request: a file cannot be opened, a disk is full.
    Environment,
    /// Bytes are not what was written.
    Integrity,
    /// An entry would leave the place it is extracted to.
    Unsafe,
    /// Valid, but for a newer build, or for one with more features.
    Unsupported,
    /// More than a limit allows.
    Limit,
    /// Stopped on request.
    Interrupted,
}
