//! Restores or checks files from a stream of parts.

use super::announced::Announced;
use super::batches::{Current, Open};
use super::extract::{ExtractOptions, ExtractSummary, end, file_error, restore_other};
use super::later::Later;
use super::made::Ready;
use super::past::Past;
use super::print::Outlet;
use super::suggest::not_found;
use super::tally::Tallies;
use crate::archive::memory::check_cost;
use crate::archive::selection::Selection;
use crate::archive::{ArchiveError, Control, ErrorKind, Event, GivenBases, Limits};
use crate::checksum::Digest;
use crate::container::At;
use crate::entry::{Entry, compare_paths};
use crate::tree::Restorer;
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;

/// An entry that was announced and not revoked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub directory: bool,
    /// Number of its generation. There are few enough of both.
    pub generation: u32,
    /// Sequence of the ENTRY section that announced it.
    pub section: u32,
}

/// Restores what parts announce, piece by piece.
pub(super) struct Incoming<'a> {
    options: &'a ExtractOptions,
    pub(super) control: &'a Control<'a>,
    /// Restores entries; `None` if they are only checked.
    pub(super) restorer: Option<Restorer>,
    /// Takes the entries instead.
    pub(super) outlet: Option<Box<dyn Outlet<'a> + 'a>>,
    pub(super) summary: ExtractSummary,
    pub(super) tallies: Tallies,
    /// The batch whose groups are coming.
    pub(super) current: Option<Current<'a>>,
    /// The content the last part left open.
    pub(super) open: Option<Open<'a>>,
    /// Files of which everything came that they are made of.
    pub(super) ready: VecDeque<Ready<'a>>,
    /// Batches whose files are not all made.
    pub(super) unmade: usize,
    /// Whether files that go on in the next batch are still to be made of one before.
    pub(super) awaits_piece: bool,
    /// What later runs may name.
    pub(super) past: Past,
    /// Paths that were announced and not revoked. A second announcement in one generation is
    /// refused.
    pub(super) seen: BTreeMap<Vec<u8>, Seen>,
    /// Number of the generation that comes.
    pub(super) generation: u64,
    /// Sequence of the ENTRY section that announces what is taken now.
    pub(super) section: u64,
    /// Number of the last generation that counts, once one follows that does not.
    pub(super) last: Option<u64>,
    /// Paths that a generation behind the first announces or removes, to be checked when it
    /// ends.
    pub(super) changed: Vec<Vec<u8>>,
    /// Hard links that were announced, by their targets: the ENTRY section, and the path.
    pub(super) links: BTreeMap<Vec<u8>, Vec<(u32, Vec<u8>)>>,
    pub(super) later: Later,
    pub(super) selection: Selection,
    pub(super) limits: &'a Limits,
    /// Bytes of memory held for entries and given bases until the end.
    charged: u64,
    /// Bytes of all files begun.
    pub(super) output: u64,
    /// Why no further entry can be restored.
    refused: Option<ArchiveError>,
}

impl<'a> Incoming<'a> {
    pub fn new(
        destination: Option<&Path>,
        options: &'a ExtractOptions,
        limits: &'a Limits,
        control: &'a Control<'a>,
    ) -> Result<Self, ArchiveError> {
        Ok(Incoming {
            options,
            control,
            restorer: destination
                .map(|path| Restorer::new(path, options.restore.clone()))
                .transpose()?,
            outlet: None,
            summary: ExtractSummary::default(),
            tallies: Tallies::default(),
            current: None,
            open: None,
            ready: VecDeque::new(),
            unmade: 0,
            awaits_piece: false,
            past: Past::new(destination.map(Path::to_owned), limits.output_bytes),
            seen: BTreeMap::new(),
            generation: 0,
            section: 0,
            last: None,
            changed: Vec::new(),
            links: BTreeMap::new(),
            later: Later::default(),
            selection: Selection::new(&options.patterns),
            limits,
            charged: options.bases.memory(),
            output: 0,
            refused: None,
        })
    }

    /// Gives entries to `outlet` instead of checking them only.
    pub fn into_outlet(mut self, outlet: Box<dyn Outlet<'a> + 'a>) -> Self {
        self.outlet = Some(outlet);
        self
    }

    /// Returns whether nothing is given out.
    pub fn only_checks(&self) -> bool {
        self.restorer.is_none() && self.outlet.is_none()
    }

    /// Returns which generation is wanted.
    pub fn wanted(&self) -> At {
        self.options.generation
    }

    /// Returns the bases that are not in the archive.
    pub fn given(&self) -> &'a GivenBases {
        &self.options.bases
    }

    /// Returns the bytes of memory held for entries and given bases until the end.
    pub fn memory(&self) -> u64 {
        self.charged
    }

    /// Charges memory that is held until the end; if it is more than is allowed, the
    /// extraction ends.
    pub(super) fn charge(&mut self, bytes: u64) {
        self.charged = self.charged.saturating_add(bytes);
        if let Err(error) = check_cost(self.charged, self.limits.memory) {
            self.refused.get_or_insert(error);
        }
    }

    /// Gives back memory that was charged.
    pub(super) fn release(&mut self, bytes: u64) {
        self.charged = self.charged.saturating_sub(bytes);
    }

    /// Reports a failure that does not end the operation.
    pub fn fail(&mut self, error: impl Into<ArchiveError>) {
        if self.refused.is_none() {
            self.refused = self.summary.fail_or_end(self.control, error).err();
        }
    }

    /// Fails if the system refused what every further entry needs.
    ///
    /// # Errors
    /// [`ArchiveError::Refused`].
    pub fn check(&mut self) -> Result<(), ArchiveError> {
        self.refused.take().map_or(Ok(()), Err)
    }

    /// Returns whether further entries can be restored.
    pub(super) fn goes_on(&self) -> bool {
        self.refused.is_none()
    }

    pub(super) fn restore_other(&mut self, entry: &Entry) {
        if self.refused.is_some() || self.later.keep(entry) {
            return;
        }
        self.restore_now(entry);
    }

    /// Restores an entry that is no file, or gives it to the outlet.
    pub(super) fn restore_now(&mut self, entry: &Entry) {
        match &self.restorer {
            Some(restorer) => {
                let restored = restore_other(restorer, entry, &mut self.summary, self.control);
                self.refused = restored.err();
            }
            None => self.give_other(entry),
        }
    }

    /// Gives an entry that is no file to the outlet, if there is one.
    fn give_other(&mut self, entry: &Entry) {
        match self.outlet.as_mut().map(|outlet| outlet.other(entry)) {
            // The output takes no more.
            Some(Err(error @ ArchiveError::Io { .. })) => {
                self.refused.get_or_insert(error);
            }
            Some(Err(error)) => self.fail(error),
            Some(Ok(())) => {
                self.summary.entries += 1;
                self.control.events.event(Event::Entry { path: &entry.path });
            }
            None => self.summary.entries += 1,
        }
    }

    /// Gives a file its next `length` bytes; `doubtful` are wrong bytes in place of right ones.
    pub(super) fn write(
        &mut self,
        file: &mut Announced,
        length: u64,
        bytes: Result<&[u8], &Arc<ArchiveError>>,
        doubtful: Option<&[u8]>,
    ) {
        let Some(sink) = &mut file.sink else { return };
        let given = match bytes {
            Err(_) if self.options.keep_damaged => {
                file.lost = true;
                doubtful
            }
            Err(cause) => {
                file.sink = None;
                return self.fail_file(&file.path, file.doubt, Arc::clone(cause));
            }
            Ok(bytes) => Some(bytes),
        };
        let written = match given {
            Some(bytes) => {
                file.bytes += bytes.len() as u64;
                sink.write(bytes).map_err(Arc::new)
            }
            None => {
                sink.lose(length);
                Ok(())
            }
        };
        if let Err(cause) = written {
            file.sink = None;
            self.fail_file(&file.path, file.doubt, cause);
        }
    }

    /// Reports a file that failed, or counts it for the group it is lost by.
    fn fail_file(&mut self, path: &[u8], doubt: Option<u64>, cause: Arc<ArchiveError>) {
        let system = matches!(*cause, ArchiveError::Tree(_) | ArchiveError::Io { .. });
        if !self.tallies.lose(doubt.filter(|_| !system), path, self.control) {
            self.fail(file_error(path, cause));
        }
    }

    /// Ends a file, whose digest must be `digest` if that is stored, and makes the hard links
    /// to it. If it is not there, the restorer says so of each link.
    pub(super) fn complete(&mut self, mut file: Announced<'a>, digest: Option<Digest>) {
        self.release(file.memory);
        let Some(mut sink) = file.sink.take() else {
            file.links.iter().for_each(|link| self.restore_other(link));
            return;
        };
        digest.into_iter().for_each(|digest| sink.expect(digest));
        let checked = match file.lost {
            true => Err(ArchiveError::Digest),
            false => sink.check(),
        };
        let result = match checked {
            Ok(()) => sink.finish(),
            Err(error) if self.options.keep_damaged && error.kind() == ErrorKind::Integrity => {
                sink.keep_damaged().and(Err(error))
            }
            Err(error) => Err(error),
        };
        self.done(&file, result);
    }

    fn done(&mut self, file: &Announced, result: Result<(), ArchiveError>) {
        match result {
            Ok(()) => {
                self.summary.bytes += file.bytes;
                self.came(file);
            }
            // The output takes no more.
            Err(error @ ArchiveError::Io { .. }) if self.outlet.is_some() => {
                self.refused.get_or_insert(error);
            }
            Err(error) => self.fail_file(&file.path, file.doubt, Arc::new(error)),
        }
        file.links.iter().for_each(|link| self.restore_other(link));
    }

    /// Drops a file whose remaining bytes are lost, or keeps what is there of it.
    pub(super) fn lose(&mut self, mut file: Announced<'a>) {
        self.release(file.memory);
        let Some(sink) = file.sink.take() else {
            file.links.iter().for_each(|link| self.restore_other(link));
            return;
        };
        let result = match self.options.keep_damaged {
            true => sink.keep_damaged().and(Err(ArchiveError::Missing)),
            false => Err(ArchiveError::Missing),
        };
        self.done(&file, result);
    }

    /// Ends the extraction: what did not come is lost, links are made, directories get their
    /// modes and times. `closed` says whether the last generation has its footer: if not, a
    /// generation behind the first changes nothing.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`] for a pattern that selected nothing, if the
    /// whole stream was seen; [`ArchiveError::Tree`] if what was restored could
    /// not be written to the disk.
    pub fn finish(mut self, whole: bool, closed: bool) -> Result<ExtractSummary, ArchiveError> {
        // What was not looked at is no damage.
        if whole {
            self.end_batch();
        }
        self.end_changes(whole && closed);
        for file in self.open.take().into_iter().flat_map(|open| open.files) {
            self.lose(file);
        }
        self.tallies.report(&mut self.summary, self.control);
        let refused = self.check();
        let restorer = self.restorer.take();
        let ended = restorer
            .as_ref()
            .map_or(Ok(()), |restorer| end(restorer, whole, &mut self.summary, self.control));
        refused.and(ended)?;
        if let Some(restorer) = restorer.filter(|_| whole) {
            restorer.sync()?;
        }
        match self.selection.unused().filter(|_| whole) {
            None => Ok(self.summary),
            Some(pattern) => {
                let mut seen: Vec<&Vec<u8>> = self.seen.keys().collect();
                seen.sort_by(|one, other| compare_paths(one, other));
                let entries: Vec<Entry> = seen.into_iter().map(Entry::file).collect();
                Err(not_found(pattern, &entries))
            }
        }
    }
}
