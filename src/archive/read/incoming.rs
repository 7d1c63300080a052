//! Restores or checks files from a stream of parts.

use super::announced::Announced;
use super::extract::{ExtractOptions, ExtractSummary, end, file_error, restore_other};
use super::groups::Decoded;
use super::index::find;
use super::print::Outlet;
use super::tally::Tallies;
use crate::archive::memory::{check_cost, digest_memory, seen_memory};
use crate::archive::selection::Selection;
use crate::archive::{ArchiveError, Control, ErrorKind, Event, Limits};
use crate::checksum::Digest;
use crate::container::{NO_GROUP, Part, Section};
use crate::entry::{Entry, Kind};
use crate::tree::Restorer;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

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
    /// The content the last part left open.
    open: Option<Open<'a>>,
    /// Paths that were announced and not revoked. A second announcement is refused.
    pub(super) seen: HashSet<Vec<u8>>,
    pub(super) selection: Selection,
    pub(super) limits: &'a Limits,
    /// Bytes of memory held for entries until the end.
    charged: u64,
    /// Bytes of all files begun.
    pub(super) output: u64,
    /// Why no further entry can be restored.
    refused: Option<ArchiveError>,
    /// Files with bytes of damaged groups: only the index can prove them.
    held: Vec<Announced<'a>>,
    /// Digests of files that came whole, if they are only checked.
    digests: HashMap<Vec<u8>, Digest>,
}

/// A content that goes on in the next part.
struct Open<'a> {
    files: Vec<Announced<'a>>,
    /// Bytes still to come.
    left: u64,
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
            open: None,
            seen: HashSet::new(),
            selection: Selection::new(&options.patterns),
            limits,
            charged: 0,
            output: 0,
            refused: None,
            held: Vec::new(),
            digests: HashMap::new(),
        })
    }

    /// Gives entries to `outlet` instead of checking them only.
    pub fn into_outlet(mut self, outlet: Box<dyn Outlet<'a> + 'a>) -> Self {
        self.outlet = Some(outlet);
        self
    }

    /// Returns the bytes of memory held for entries until the end.
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

    /// Takes a part of `section` with what was decoded of its group. No bytes if
    /// no selected file is among them.
    pub fn take(&mut self, section: &Section, part: Part, data: &Decoded) {
        let group = section.header.group;
        if let Some(cause) = &data.fault {
            self.tallies.damaged(group, section.offset, cause);
        }
        // A part of no group that goes on with nothing may stand in the middle of
        // a file.
        let aside = group == NO_GROUP && !part.continued;
        // What it revokes may be announced again.
        let mut current = if aside { Vec::new() } else { self.continued(&part) };
        let mut starting = self.announce(&part);
        let doubtful = data.fault.is_some() && !data.proven;
        let missing = Arc::new(ArchiveError::Missing);
        let mut offset = 0;
        let last = part.pieces.len().wrapping_sub(1);
        for (number, piece) in part.pieces.iter().enumerate() {
            let mut files = std::mem::take(&mut starting[number]);
            if number == 0 {
                files.append(&mut current);
            }
            let end = offset + piece.length as usize;
            for file in &mut files {
                file.doubt = file.doubt.or(Some(group).filter(|_| doubtful && end > offset));
                let bytes = data.raw.get(offset..end);
                let bytes = bytes.ok_or(data.fault.as_ref().unwrap_or(&missing));
                self.write(file, piece.length, bytes);
            }
            offset = end;
            if number == last && part.following > 0 {
                let before = self.open.replace(Open { files, left: part.following });
                before.into_iter().flat_map(|open| open.files).for_each(|file| self.lose(file));
            } else {
                files.into_iter().for_each(|file| self.complete(file));
            }
        }
    }

    /// The files the part goes on with: those left open, less the revoked.
    fn continued(&mut self, part: &Part) -> Vec<Announced<'a>> {
        let Some(Open { files, left }) = self.open.take() else { return Vec::new() };
        let first = part.pieces.first().map_or(0, |piece| piece.length);
        let rest = if part.pieces.len() == 1 { part.following } else { 0 };
        let fits = part.continued && first.checked_add(rest) == Some(left);
        let mut kept = Vec::new();
        for file in files {
            if part.continued && part.revoked.binary_search(&file.ordinal).is_ok() {
                // These names may be announced again.
                for name in file.names.iter().chain([&file.path]) {
                    self.seen.remove(name);
                    self.charged = self.charged.saturating_sub(seen_memory(name));
                }
            } else if fits {
                kept.push(file);
            } else {
                self.lose(file);
            }
        }
        kept
    }

    pub(super) fn restore_other(&mut self, entry: &Entry) {
        if self.refused.is_some() {
            return;
        }
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

    fn write(
        &mut self,
        file: &mut Announced,
        length: u64,
        bytes: Result<&[u8], &Arc<ArchiveError>>,
    ) {
        let Some(sink) = &mut file.sink else { return };
        let written = match bytes {
            Err(_) if self.options.keep_damaged => {
                sink.lose(length);
                file.lost = true;
                Ok(())
            }
            Err(cause) => Err(Arc::clone(cause)),
            Ok(bytes) => {
                file.bytes += bytes.len() as u64;
                sink.write(bytes).map_err(Arc::new)
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

    /// Ends a file and makes the hard links to it, or keeps it until the index
    /// comes. If it is not there, the restorer says so of each link.
    fn complete(&mut self, mut file: Announced<'a>) {
        let Some(mut sink) = file.sink.take() else {
            file.links.iter().for_each(|link| self.restore_other(link));
            return;
        };
        if file.doubt.is_some() || file.lost {
            file.sink = Some(sink);
            self.held.push(file);
            return;
        }
        let checked = sink.check();
        if self.restorer.is_none()
            && let (Ok(()), Some(digest)) = (&checked, sink.digest())
        {
            self.digests.insert(file.path.clone(), digest);
            self.charge(digest_memory(&file.path));
        }
        self.done(&file, checked.and_then(|()| sink.finish()));
    }

    fn done(&mut self, file: &Announced, result: Result<(), ArchiveError>) {
        match result {
            Ok(()) => {
                self.summary.entries += 1;
                self.summary.bytes += file.bytes;
                self.control.events.event(Event::Entry { path: &file.path });
            }
            // The output takes no more.
            Err(error @ ArchiveError::Io { .. }) if self.outlet.is_some() => {
                self.refused.get_or_insert(error);
            }
            Err(error) => self.fail_file(&file.path, file.doubt, Arc::new(error)),
        }
        file.links.iter().for_each(|link| self.restore_other(link));
    }

    /// Drops a file whose remaining bytes are lost, or holds it if damaged files are kept.
    fn lose(&mut self, mut file: Announced<'a>) {
        match file.sink.take() {
            Some(sink) if self.options.keep_damaged => {
                file.sink = Some(sink);
                file.lost = true;
                self.held.push(file);
            }
            Some(_) => {
                self.fail_file(&file.path, file.doubt, Arc::new(ArchiveError::Missing));
                file.links.iter().for_each(|link| self.restore_other(link));
            }
            None => file.links.iter().for_each(|link| self.restore_other(link)),
        }
    }

    /// Ends the files of damaged groups: restores those whose digest in the index is right,
    /// and drops the others.
    fn settle(&mut self, index: Option<&[Entry]>) {
        for mut file in std::mem::take(&mut self.held) {
            let Some(mut sink) = file.sink.take() else { continue };
            let known = index.and_then(|entries| content_of(entries, &file.path));
            let right = !file.lost
                && sink.check().is_ok()
                && sink.digest().is_some_and(|digest| known == Some(digest));
            let result = match right {
                true => {
                    self.digests.extend(sink.digest().map(|digest| (file.path.clone(), digest)));
                    sink.finish()
                }
                false if self.options.keep_damaged => {
                    sink.keep_damaged().and(Err(ArchiveError::Digest))
                }
                false => Err(ArchiveError::Digest),
            };
            self.done(&file, result);
        }
    }

    /// Reports in one line the selected entries of the index that were never announced, or
    /// were revoked.
    fn check_complete(&mut self, index: &[Entry]) {
        let (mut count, cause) = (0, ArchiveError::Unannounced);
        let mut only: &[u8] = &[];
        for entry in index {
            if !self.seen.contains(&entry.path) && self.selection.has(&entry.path) {
                (count, only) = (count + 1, &entry.path);
                self.control.events.event(Event::Lost { path: &entry.path, cause: &cause });
            }
        }
        match count {
            0 => {}
            1 => self.fail(file_error(only, Arc::new(ArchiveError::Missing))),
            _ => {
                *self.summary.failures.entry(ErrorKind::Integrity).or_default() += count;
                self.control.warn(ArchiveError::Unreadable { count });
            }
        }
    }

    /// Compares the digests of the files that were only checked with the index.
    fn compare(&mut self, index: &[Entry]) {
        for (path, digest) in std::mem::take(&mut self.digests) {
            if content_of(index, &path).is_some_and(|known| known != digest) {
                self.fail(file_error(&path, Arc::new(ArchiveError::Digest)));
            }
        }
    }

    /// Ends the extraction: files left open are lost, those of damaged groups are
    /// compared with the index if it came, links are made, directories get their
    /// modes and times.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`] for a pattern that selected nothing, if the
    /// whole stream was seen; [`ArchiveError::Tree`] if what was restored could
    /// not be written to the disk.
    pub fn finish(
        mut self,
        whole: bool,
        index: Option<&[Entry]>,
    ) -> Result<ExtractSummary, ArchiveError> {
        for file in self.open.take().into_iter().flat_map(|open| open.files) {
            self.lose(file);
        }
        self.settle(index);
        if let Some(index) = index.filter(|_| whole) {
            self.check_complete(index);
            self.compare(index);
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
        if whole {
            self.selection.check(index.unwrap_or_default())?;
        }
        Ok(self.summary)
    }
}

/// The digest of the file of this path.
fn content_of(entries: &[Entry], path: &[u8]) -> Option<Digest> {
    let mut entry = find(entries, path)?;
    if let Kind::HardLink { target } = &entry.kind {
        entry = find(entries, target)?;
    }
    match &entry.kind {
        Kind::File(content) => Some(content.digest),
        _ => None,
    }
}
