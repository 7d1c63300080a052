//! What follows the header of something that is no file.

use super::block::{self, BLOCK, padded};
use super::scan::{Scanner, at, malformed};
use crate::archive::ArchiveError;

/// What seems to be at a place where a header may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Header,
    /// What marks the end.
    Zeros,
    /// The end itself.
    End,
    Other,
}

impl Scanner<'_> {
    /// Passes over what follows a header that gives a size for what is no file.
    /// POSIX says that nothing follows, but for the data that a pax tar may repeat
    /// behind a hard link. Some programs write data all the same.
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
                let cause =
                    "it is no file, and whether the bytes behind it are its data is not certain";
                Err(at(offset, malformed(cause)))
            }
        }
    }

    /// What seems to be at a place where a header may be.
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
