//! The bytes after the header of something that is not a file.

use super::block::{self, BLOCK, padded};
use super::scan::{Scanner, at, malformed};
use crate::archive::ArchiveError;

/// What a place where a header may be looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Header,
    /// A block of zeros, which marks the end.
    Zeros,
    /// The end of the tar.
    End,
    Other,
}

impl Scanner<'_> {
    /// Skips the bytes after a header that gives a size for something that is not a
    /// file. According to POSIX nothing follows, except the data that a pax tar may
    /// repeat after a hard link. Some programs write data anyway.
    pub(super) fn no_data(
        &mut self,
        offset: u64,
        stored: u64,
        is_link: bool,
    ) -> Result<(), ArchiveError> {
        let behind = padded(stored).and_then(|length| self.position().checked_add(length));
        let behind = behind.filter(|&behind| behind <= self.tar.length());
        let there = behind.map_or(Ok(Look::Other), |behind| self.look(behind))?;
        match (self.look(self.position())?, there, behind) {
            (Look::Header, Look::Other, _) => Ok(()),
            (Look::Header, ..) if !is_link => Ok(()),
            (Look::Zeros | Look::End, Look::Other | Look::Zeros | Look::End, _) => Ok(()),
            (Look::Other, Look::Header | Look::Zeros | Look::End, Some(behind)) => {
                self.go_to(behind);
                Ok(())
            }
            _ => {
                let cause = "it is not a file but has a size, and the bytes after it may be data \
                             or the next header";
                Err(at(offset, malformed(cause)))
            }
        }
    }

    /// Returns what a place where a header may be looks like.
    fn look(&self, position: u64) -> Result<Look, ArchiveError> {
        let length = self.tar.length();
        if position >= length || length - position < BLOCK {
            return Ok(if position >= length { Look::End } else { Look::Other });
        }
        let bytes = self.tar.block(position)?;
        Ok(match bytes.map(|bytes| block::header(&bytes)) {
            Some(Ok(Some(_))) => Look::Header,
            Some(Ok(None)) => Look::Zeros,
            Some(Err(_)) => Look::Other,
            None => Look::End,
        })
    }
}
