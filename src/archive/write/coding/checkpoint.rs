//! Generations that are marked as incomplete, on the way to the whole archive.

use super::Creation;
use crate::archive::ArchiveError;
use std::io::Write;

/// A checkpoint is made after at least this part of all that came before, so that its tables
/// stay a small part of the archive.
const SHARE: u64 = 32;

/// Where checkpoints can be made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Checkpoints {
    /// Bytes of file data when the last was made.
    bytes: u64,
    /// Whether none can be made: a content is open, or a batch is not whole.
    pub torn: bool,
}

impl<W: Write> Creation<'_, W> {
    /// Makes a checkpoint if enough came since the last.
    pub(super) fn checkpoint_if_due(&mut self) -> Result<(), ArchiveError> {
        let since = self.bytes - self.checkpoints.bytes;
        let every = self.options.checkpoint.map(|every| every.max(self.bytes / SHARE));
        if every.is_some_and(|every| since >= every) { self.checkpoint() } else { Ok(()) }
    }

    /// Ends a generation that is marked as incomplete, unless a content is open or a batch was
    /// cut short.
    fn checkpoint(&mut self) -> Result<(), ArchiveError> {
        if !self.checkpoints.torn {
            self.checkpoints.torn = true;
            self.writer.checkpoint()?;
            self.checkpoints = Checkpoints { bytes: self.bytes, torn: false };
        }
        Ok(())
    }

    /// Leaves what there is if the run ends early, as far as that is possible.
    pub fn leave(&mut self) {
        if self.options.checkpoint.is_some() && self.bytes > self.checkpoints.bytes {
            // The run ends by another error, and what was kept before stays.
            let _ = self.checkpoint();
        }
    }
}
