//! Gives the files of a batch their bytes, as its groups come from a pipe.

use super::announced::Announced;
use super::groups::{Decoded, lost_group};
use super::incoming::Incoming;
use super::made::KeptGroups;
use super::past::Progress;
use crate::archive::ArchiveError;
use crate::archive::memory::seen_memory;
use crate::container::{Batch, ContainerError, Part, Section};
use std::collections::HashMap;
use std::sync::Arc;

/// A batch whose groups are coming.
pub(super) struct Current<'a> {
    /// Number of its first group.
    first: u64,
    /// Groups that came, or were found to be lost.
    done: usize,
    pub batch: Arc<Batch>,
    /// The files of each row.
    pub rows: Vec<Vec<Announced<'a>>>,
    /// Where it starts in the stream, and where its next group does.
    stream: (u64, u64),
    /// How far rows in runs have come.
    progress: HashMap<usize, Progress>,
    /// The groups that came, if files are made of them.
    pub kept: Option<KeptGroups>,
}

impl Current<'_> {
    /// Returns the number of a group of the batch.
    pub fn group(&self, place: u64) -> u64 {
        self.first + place
    }
}

/// A content that goes on in the next part.
pub(super) struct Open<'a> {
    pub files: Vec<Announced<'a>>,
    /// Bytes still to come.
    pub left: u64,
    /// Whether they are made by recipes.
    pub made: bool,
}

impl<'a> Incoming<'a> {
    /// Takes what an ENTRY section says of a batch. Its groups follow.
    pub fn begin(&mut self, section: &Section, part: &Part, batch: &Arc<Batch>, generation: u64) {
        self.end_batch();
        self.reach(generation);
        if !self.counts() {
            return;
        }
        self.section = section.header.sequence;
        if generation == 0 && !part.removed.is_empty() {
            let (structure, offset) = ("ENTRY", section.offset);
            let cause = "the first generation removes entries";
            self.fail(ContainerError::Damaged { structure, offset, cause });
        }
        let aside = batch.is_aside();
        // What it revokes may be announced again.
        let mut continued = if aside { Vec::new() } else { self.continued(section, part, batch) };
        let mut rows = self.announce(part, batch);
        if let Some(first) = rows.first_mut() {
            first.append(&mut continued);
        }
        let open = batch.open.map(|open| open.row as usize);
        let first = section.header.group;
        let start = self.begin_stream(first, batch);
        for (number, row) in batch.rows.iter().enumerate() {
            if row.length > 0 || row.recipe.is_some() {
                continue;
            }
            let mut progress = Progress::default();
            self.give_runs(&mut rows[number], &row.runs, &mut progress, start);
            if open != Some(number) {
                let files = std::mem::take(&mut rows[number]);
                files.into_iter().for_each(|file| self.complete(file, batch.file_digest(number)));
            }
        }
        let batch = Arc::clone(batch);
        let kept = self.keep(&batch, &rows);
        let (stream, progress) = ((start, start), HashMap::new());
        self.current = Some(Current { first, done: 0, batch, rows, stream, progress, kept });
        self.end_complete_batch();
    }

    /// Takes what was decoded of a group of the batch; groups before it that did not come are
    /// lost. No bytes if no selected file is among them.
    pub fn group(&mut self, section: &Section, data: &Arc<Decoded>) {
        let group = section.header.group;
        while self.current.as_ref().is_some_and(|one| one.first + (one.done as u64) < group) {
            self.lose_group();
        }
        self.give(section, data);
        self.end_complete_batch();
    }

    /// Gives the files of the next group their bytes.
    fn give(&mut self, section: &Section, data: &Arc<Decoded>) {
        let Some(mut current) = self.current.take() else { return };
        let group = section.header.group;
        if let Some(cause) = &data.fault {
            self.tallies.damaged(group, section.offset, cause);
        }
        let missing = Arc::new(ArchiveError::Missing);
        let cause = data.fault.as_ref().unwrap_or(&missing);
        let open = current.batch.open.map(|open| open.row as usize);
        let mut offset = 0;
        for fragment in current.batch.fragments(current.done) {
            let length = fragment.length as usize;
            let mut files = std::mem::take(&mut current.rows[fragment.row]);
            let right = data.right(offset, length);
            let damaged = Some(group).filter(|_| right.is_none() && data.fault.is_some());
            files.iter_mut().for_each(|file| file.doubt = file.doubt.or(damaged));
            let runs = &current.batch.rows[fragment.row].runs;
            if runs.is_empty() {
                for file in &mut files {
                    let doubtful = data.bytes(offset, length);
                    self.write(file, fragment.length, right.ok_or(cause), doubtful);
                }
            } else {
                let progress = current.progress.entry(fragment.row).or_default();
                let start = current.stream.0;
                self.give_in_runs(&mut files, runs, progress, start, data, offset, length, cause);
            }
            let at = current.stream.1.saturating_add(offset as u64);
            self.keep_past(&current, &fragment, at, right);
            if fragment.last && open != Some(fragment.row) {
                let digest = current.batch.file_digest(fragment.row);
                files.into_iter().for_each(|file| self.complete(file, digest));
            } else {
                current.rows[fragment.row] = files;
            }
            offset += length;
        }
        let length = current.batch.group_lengths[current.done];
        current.stream.1 = current.stream.1.saturating_add(length);
        current.done += 1;
        current.kept.iter_mut().for_each(|kept| kept.groups.push(Arc::clone(data)));
        self.current = Some(current);
    }

    /// Passes over the next group of the batch, which did not come.
    fn lose_group(&mut self) {
        let Some(current) = &self.current else { return };
        let (section, data) = lost_group(current.first + current.done as u64);
        self.give(&section, &Arc::new(data));
    }

    fn end_complete_batch(&mut self) {
        let complete = |one: &Current| one.done == one.batch.group_lengths.len();
        if self.current.as_ref().is_some_and(complete) {
            self.end_batch();
        }
    }

    /// Ends the batch; groups that did not come are lost.
    pub(super) fn end_batch(&mut self) {
        if !self.counts() {
            (self.current, self.open) = (None, None);
            (self.unmade, self.awaits_piece) = (0, false);
            return self.ready.clear();
        }
        let lacks = |one: &Current| one.done < one.batch.group_lengths.len();
        while self.current.as_ref().is_some_and(lacks) {
            self.lose_group();
        }
        let Some(mut current) = self.current.take() else { return };
        let ready = self.ready.len();
        self.end_recipes(&mut current);
        let Some(open) = current.batch.open else { return };
        let files = std::mem::take(&mut current.rows[open.row as usize]);
        // Those that are being made of this batch come back when they are.
        let is_made = current.batch.rows[open.row as usize].recipe.is_some();
        if !(is_made && files.is_empty() && self.ready.len() > ready) {
            self.awaits_piece &= !is_made;
            self.leave_open(Open { files, left: open.following, made: is_made });
        }
    }

    /// Remembers files that go on in the next batch.
    pub(super) fn leave_open(&mut self, open: Open<'a>) {
        let before = self.open.replace(open);
        before.into_iter().flat_map(|open| open.files).for_each(|file| self.lose(file));
    }

    /// The files the part goes on with: those left open, less the revoked.
    fn continued(&mut self, section: &Section, part: &Part, batch: &Batch) -> Vec<Announced<'a>> {
        let open = self.open.take();
        let files = open.as_ref().map_or(&[][..], |open| &open.files);
        let known = |number: &u64| files.iter().any(|file| file.ordinal == *number);
        if part.continued && (open.is_none() || !part.revoked.iter().all(known)) {
            self.fail(ArchiveError::NotOpen { offset: section.offset });
        }
        let Some(Open { files, left, made }) = open else { return Vec::new() };
        let goes_on = batch.rows.first().is_some_and(|row| row.recipe.is_some());
        let first = batch.rows.first().map_or(0, |row| row.data());
        let rest = batch.open.filter(|open| open.row == 0).map_or(0, |open| open.following);
        let fits = part.continued && first.checked_add(rest) == Some(left) && made == goes_on;
        let mut kept = Vec::new();
        for file in files {
            if part.continued && part.revoked.binary_search(&file.ordinal).is_ok() {
                // These names may be announced again.
                self.release(file.memory);
                for name in file.names.iter().chain([&file.path]) {
                    self.seen.remove(name);
                    self.release(seen_memory(name));
                }
            } else if fits {
                kept.push(file);
            } else {
                self.lose(file);
            }
        }
        kept
    }
}
