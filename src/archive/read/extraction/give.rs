//! Gives files their bytes, and ends them.

use super::{Extraction, State, Wanted};
use crate::archive::read::extract::file_error;
use crate::archive::read::index::restored_length;
use crate::archive::read::sink::FileSink;
use crate::archive::{ArchiveError, ErrorKind, Event};
use crate::container::ReadAt;
use crate::entry::{FileDigest, Kind};
use std::sync::Arc;

impl<S: ReadAt> Extraction<'_, '_, S> {
    /// Gives a file its next `length` bytes, and ends it after the last. `doubtful` are wrong
    /// bytes in place of right ones.
    pub(super) fn take(
        &mut self,
        file: usize,
        length: usize,
        bytes: Result<&[u8], &Arc<ArchiveError>>,
        doubtful: Option<&[u8]>,
    ) {
        self.take_some(file, length, bytes, doubtful);
        let left = &mut self.files[file].left;
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.end(file, Ok(()));
        }
    }

    /// Gives a file bytes of an extent of which more follow.
    pub(super) fn take_some(
        &mut self,
        file: usize,
        length: usize,
        bytes: Result<&[u8], &Arc<ArchiveError>>,
        doubtful: Option<&[u8]>,
    ) {
        let result = self.write_to(file, length, bytes, doubtful);
        if result.is_err() {
            self.end(file, result);
        }
    }

    fn write_to(
        &mut self,
        file: usize,
        length: usize,
        bytes: Result<&[u8], &Arc<ArchiveError>>,
        doubtful: Option<&[u8]>,
    ) -> Result<(), Arc<ArchiveError>> {
        self.begin(file);
        let wanted = &mut self.files[file];
        let State::Open(sink) = &mut wanted.state else { return Ok(()) };
        match bytes {
            Err(cause) if self.keep_damaged => {
                wanted.lost.get_or_insert_with(|| Arc::clone(cause));
                match doubtful {
                    Some(bytes) => sink.write(bytes).map_err(Arc::new),
                    None => {
                        sink.lose(length as u64);
                        Ok(())
                    }
                }
            }
            Err(cause) => Err(Arc::clone(cause)),
            Ok(bytes) => sink.write(bytes).map_err(Arc::new),
        }
    }

    /// Opens a file of which no byte has come yet.
    pub(super) fn begin(&mut self, file: usize) {
        let wanted = &mut self.files[file];
        let (State::Waiting, Kind::File(content)) = (&wanted.state, &wanted.entry.kind) else {
            return;
        };
        wanted.state = match (self.open)(&wanted.entry, content) {
            Ok(Some(target)) => {
                // Others are proven by the digests of their spans.
                let digest = match content.digest {
                    FileDigest::File(digest) if content.recipes.len() != 1 => Some(digest),
                    _ => None,
                };
                let (segments, cancel) = (content.segments.as_deref(), self.control.cancel);
                let sink = FileSink::new(target, content.size, segments, digest, cancel);
                State::Open(Box::new(sink))
            }
            Ok(None) => State::Dropped,
            Err(error) => {
                wanted.state = State::Dropped;
                let path = wanted.entry.path.clone();
                return self.fail(&path, None, Arc::new(error));
            }
        };
    }

    /// Ends a file: checks its digest and gives it its name, or drops it, which
    /// removes it.
    pub(super) fn end(&mut self, file: usize, result: Result<(), Arc<ArchiveError>>) {
        let Wanted { entry, state, doubt, lost, .. } = &mut self.files[file];
        let State::Open(mut sink) = std::mem::replace(state, State::Dropped) else { return };
        let checked = result.and_then(|()| lost.take().map_or(Ok(()), Err));
        let checked = checked.and_then(|()| sink.check().map_err(Arc::new));
        let ended = match checked {
            Ok(()) => sink.finish().map_err(Arc::new),
            Err(cause) => {
                let damage = cause.kind() == ErrorKind::Integrity;
                match self.keep_damaged && damage {
                    true => sink.keep_damaged().map_err(Arc::new).and(Err(cause)),
                    false => Err(cause),
                }
            }
        };
        match ended {
            Ok(()) => {
                self.summary.entries += 1;
                self.summary.bytes += restored_length(entry);
                self.control.events.event(Event::Entry { path: &entry.path });
            }
            Err(cause) => {
                let (path, doubt) = (entry.path.clone(), *doubt);
                self.fail(&path, doubt, cause);
            }
        }
    }

    /// Reports that a file failed, or counts it for the group that it is lost by.
    pub(super) fn fail(&mut self, path: &[u8], doubt: Option<u64>, cause: Arc<ArchiveError>) {
        let system = matches!(*cause, ArchiveError::Tree(_) | ArchiveError::Io { .. });
        let doubt = doubt.filter(|_| !system);
        if self.failure.is_none() && self.tallies.lose(doubt, path, self.control) {
            return;
        }
        // The group says more than that a digest is wrong.
        let cause = self.tallies.cause(doubt).map_or(cause, Arc::clone);
        let error = file_error(path, cause);
        match &mut self.failure {
            // Files of their own fail with errors of the tree.
            _ if matches!(error, ArchiveError::Io { .. }) => self.broken = Some(error),
            Some(first) => **first = first.take().or(Some(error)),
            None => {
                let went_on = self.summary.fail_or_end(self.control, error);
                self.broken = self.broken.take().or(went_on.err());
            }
        }
    }
}
