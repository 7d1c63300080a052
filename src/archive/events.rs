//! Events by which an operation reports to its caller while it runs.

use super::{ArchiveError, NotKept};
use crate::tree::TreeError;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Something that happened. Counts are increments unless said otherwise.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The amount of work is known now; both numbers are totals.
    Total {
        /// Entries to archive, extract or verify.
        entries: u64,
        /// Bytes of file data, holes not counted.
        bytes: u64,
    },
    /// A group is done.
    Progress {
        /// Bytes of file data.
        bytes: u64,
        /// Bytes in the archive.
        stored: u64,
    },
    /// An entry was archived, extracted or found intact.
    Entry {
        /// Its path in the archive, as it stands: escape it before printing.
        path: &'a [u8],
    },
    /// Something was removed because a directory goes there.
    Removed {
        /// Where it stood, on disk.
        path: &'a Path,
    },
    /// A file is lost to damage. Those of one group share one warning.
    Lost {
        /// Its path in the archive, as it stands: escape it before printing.
        path: &'a [u8],
        /// What is damaged.
        cause: &'a ArchiveError,
    },
    /// Something went wrong with one entry or group; the operation goes on.
    Warning(&'a ArchiveError),
    /// Something worth knowing that is no failure.
    Note(&'a ArchiveError),
    /// A member of a tar that a warning or a note counts, once it is known to.
    Counted {
        /// Its path, as it stands: escape it before printing.
        path: &'a [u8],
        /// What is true of it.
        what: &'a NotKept,
    },
}

/// Takes events, on the thread that runs the operation.
pub trait Events {
    /// Something happened.
    fn event(&self, event: Event<'_>);

    /// Something went wrong with one entry or group; the operation goes on. Unless it is
    /// implemented, it makes an [`Event::Warning`] of the error.
    fn warning(&self, error: ArchiveError) {
        self.event(Event::Warning(&error));
    }
}

/// Ignores everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Events for Silent {
    fn event(&self, _: Event<'_>) {}
}

/// How the caller follows and stops an operation.
#[derive(Clone, Copy)]
pub struct Control<'a> {
    /// Takes events.
    pub events: &'a dyn Events,
    /// Set to stop: the operation returns [`ArchiveError::Interrupted`] before
    /// the next group and leaves nothing half done under a final name.
    pub cancel: &'a AtomicBool,
}

/// Tells nobody, and is never stopped.
impl Default for Control<'_> {
    fn default() -> Self {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Control { events: &Silent, cancel: &NEVER }
    }
}

impl Control<'_> {
    /// Fails if the operation is to stop.
    pub(super) fn check(&self) -> Result<(), ArchiveError> {
        match self.cancel.load(Ordering::Relaxed) {
            true => Err(ArchiveError::Interrupted),
            false => Ok(()),
        }
    }

    /// Reports a failure that does not end the operation. That a leftover or a
    /// socket was left out is none, nor that a pattern left nothing out.
    pub(super) fn warn(&self, error: impl Into<ArchiveError>) {
        match error.into() {
            error @ ArchiveError::Tree(
                TreeError::Leftover { .. } | TreeError::Socket { .. } | TreeError::Unmatched { .. },
            ) => self.events.event(Event::Note(&error)),
            error => self.events.warning(error),
        }
    }
}
