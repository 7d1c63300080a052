//! What the generations behind the first change, as they come from a pipe.
//!
//! Nothing that was made of earlier generations changes before the footer of a generation came:
//! until then its files wait under temporary names, and its other entries in memory. So a
//! content that came before can be taken from the file that was made of it, and what an
//! interrupted update left changes nothing.

use super::announced::Announced;
use super::extract::file_error;
use super::incoming::{Incoming, Seen};
use crate::archive::memory::seen_memory;
use crate::archive::{ArchiveError, Event};
use crate::container::Again;
use crate::entry::{Entry, Kind, range_below};
use crate::tree::{ContentKey, MadeFile, TreeError};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Bytes that are copied at a time.
const STEP: u64 = 256 << 10;

/// What was made, by its content, and what the generation that comes changes.
#[derive(Debug, Default)]
pub(super) struct Later {
    /// Files that were made: Sequence and row of the content, and the path. Some may be gone.
    contents: BTreeSet<(u64, u64, Vec<u8>)>,
    /// Whether what comes waits until its generation is complete.
    waits: bool,
    /// Paths that are removed with all below them.
    removed: Vec<Vec<u8>>,
    /// Paths that are announced, and whether they are directories.
    announced: Vec<(Vec<u8>, bool)>,
    /// Entries that are no files.
    others: Vec<Entry>,
}

impl Later {
    /// Keeps an entry that is no file if its generation is not complete.
    pub fn keep(&mut self, entry: &Entry) -> bool {
        if self.waits {
            self.others.push(entry.clone());
        }
        self.waits
    }
}

impl<'a> Incoming<'a> {
    /// Returns whether what comes is of a generation that counts, as far as is known.
    pub(super) fn counts(&self) -> bool {
        self.last.is_none_or(|last| self.generation <= last)
    }

    /// Goes on to a generation: the one before is complete.
    pub(super) fn reach(&mut self, generation: u64) {
        if generation <= self.generation {
            return;
        }
        self.end_changes(true);
        self.generation = generation;
        if let Some(restorer) = &self.restorer {
            restorer.stage();
            self.later.waits = true;
        }
    }

    /// Remembers an entry that is announced.
    pub(super) fn see(&mut self, entry: &Entry) {
        let target = match &entry.kind {
            Kind::HardLink { target } => Some(target),
            _ => None,
        };
        if let Some(target) = target {
            self.charge(seen_memory(&entry.path) + 2 * seen_memory(target));
            let link = (self.section as u32, entry.path.clone());
            self.links.entry(target.clone()).or_default().push(link);
        }
        let seen = Seen {
            directory: entry.is_directory(),
            generation: self.generation as u32,
            section: self.section as u32,
        };
        self.seen.insert(entry.path.clone(), seen);
        if self.generation > 0 {
            self.note(entry.path.clone());
        }
    }

    /// Remembers a path that is to be looked at when its generation ends.
    fn note(&mut self, path: Vec<u8>) {
        self.charge(seen_memory(&path));
        self.changed.push(path);
    }

    /// Forgets a path, and all below it, that a generation removes.
    pub(super) fn remove(&mut self, path: &[u8]) {
        let older = |seen: &Seen| u64::from(seen.generation) < self.generation;
        let below = range_below(&self.seen, path);
        let gone = self.seen.get_key_value(path).into_iter().chain(below);
        let gone: Vec<Vec<u8>> =
            gone.filter(|(_, seen)| older(seen)).map(|(path, _)| path.clone()).collect();
        for path in gone {
            self.seen.remove(&path);
            self.note(path);
        }
        if self.later.waits {
            self.charge(seen_memory(path));
            self.later.removed.push(path.to_vec());
        }
    }

    /// Ends a generation: checks what it announces against what was there.
    pub(super) fn end_generation(&mut self) {
        for path in std::mem::take(&mut self.changed) {
            self.check_links(&path);
            let seen = self.seen.get(&path).map(|seen| seen.directory);
            if let Some(Err(error)) = seen.map(|directory| self.check_around(&path, directory)) {
                self.fail(error);
            }
            match seen.filter(|_| self.later.waits) {
                Some(directory) => self.later.announced.push((path, directory)),
                None => self.release(seen_memory(&path)),
            }
        }
    }

    /// Checks that the hard links to a path that was replaced or removed were announced anew.
    fn check_links(&mut self, path: &[u8]) {
        let Some(mut links) = self.links.remove(path) else { return };
        links.sort_unstable();
        links.dedup();
        let section = self.seen.get(path).map(|seen| seen.section);
        let mut kept = Vec::new();
        for (announced, link) in links {
            // It may be something else by now.
            if self.seen.get(&link).map(|seen| seen.section) != Some(announced) {
                continue;
            }
            if Some(announced) == section {
                kept.push((announced, link));
                continue;
            }
            self.seen.remove(&link);
            if self.later.waits {
                self.later.removed.push(link.clone());
            }
            self.fail(ArchiveError::LinkLost { path: link });
        }
        if !kept.is_empty() {
            self.links.insert(path.to_vec(), kept);
        }
    }

    /// Makes the changes of a generation, or drops them if it is not complete: removes what it
    /// removes and replaces, then restores what it announces.
    pub(super) fn end_changes(&mut self, complete: bool) {
        let Some(restorer) = self.restorer.as_ref().filter(|_| self.later.waits) else { return };
        let removed = std::mem::take(&mut self.later.removed);
        let announced = std::mem::take(&mut self.later.announced);
        let others = std::mem::take(&mut self.later.others);
        if !complete {
            return restorer.discard();
        }
        self.later.waits = false;
        let (mut gone, mut failures) = (0, Vec::new());
        let mut add = |(count, failed): (u64, Vec<TreeError>)| {
            gone += count;
            failures.extend(failed);
        };
        for path in &removed {
            add(restorer.forget_below(path));
        }
        for (path, directory) in &announced {
            add(restorer.forget(path));
            if !directory {
                add((restorer.forget_directories(path), Vec::new()));
            }
        }
        self.summary.entries = self.summary.entries.saturating_sub(gone);
        failures.into_iter().for_each(|error| self.fail(error));
        let paths = removed.iter().chain(announced.iter().map(|one| &one.0));
        self.release(paths.map(|path| seen_memory(path)).sum());
        let (directories, others): (Vec<Entry>, Vec<Entry>) =
            others.into_iter().partition(Entry::is_directory);
        directories.iter().for_each(|entry| self.restore_again(entry));
        self.install();
        others.iter().for_each(|entry| self.restore_again(entry));
    }

    /// Restores an entry that waited.
    fn restore_again(&mut self, entry: &Entry) {
        if self.goes_on() {
            self.restore_now(entry);
        }
    }

    /// Gives the files that wait their names.
    fn install(&mut self) {
        let waiting = self.restorer.as_ref().map(|restorer| restorer.waiting());
        for path in waiting.into_iter().flatten() {
            if !self.goes_on() {
                return;
            }
            let installed = self.restorer.as_ref().map(|restorer| restorer.install(&path));
            match installed {
                Some(Ok(true)) => {
                    self.summary.entries += 1;
                    self.control.events.event(Event::Entry { path: &path });
                }
                Some(Err(error)) => self.fail(error),
                _ => {}
            }
        }
    }

    /// Counts a file that came whole.
    pub(super) fn came(&mut self, file: &Announced) {
        self.keep_content(file.content, &file.path);
        if !self.later.waits {
            self.summary.entries += 1;
            self.control.events.event(Event::Entry { path: &file.path });
        }
    }

    /// Remembers what a file was made of.
    fn keep_content(&mut self, (sequence, row): ContentKey, path: &[u8]) {
        if self.restorer.is_some() {
            // Once more for what is known of a file that waits.
            self.charge(if self.later.waits { 3 } else { 1 } * seen_memory(path));
            self.later.contents.insert((sequence, row, path.to_vec()));
        }
    }

    /// Starts a file whose content came before. If it is only checked, that was done then; if it
    /// is restored, the bytes are those of a file that was made of the content.
    pub(super) fn start_again(&mut self, entry: &Entry, again: Again) {
        if self.only_checks() {
            self.summary.entries += 1;
            self.control.events.event(Event::Entry { path: &entry.path });
            return;
        }
        let before = self.section.checked_sub(again.back).ok_or(ArchiveError::Missing);
        let content = before.map(|section| (section, again.row));
        match content.and_then(|content| self.copy(entry, content)) {
            Ok(bytes) => self.summary.bytes += bytes,
            Err(error) => self.fail(file_error(&entry.path, Arc::new(error))),
        }
    }

    /// Copies a file that was made of a content; returns the bytes of its data, 0 if it is
    /// skipped.
    fn copy(&mut self, entry: &Entry, content: ContentKey) -> Result<u64, ArchiveError> {
        let Some(made) = self.made_of(content)? else {
            return Err(ArchiveError::FromPipe { what: "a content of which no file was made" });
        };
        let found = self.output.saturating_add(made.size());
        let (field, limit) = ("output bytes", self.limits.output_bytes);
        if found > limit {
            return Err(ArchiveError::Limit { field, found, limit });
        }
        self.output = found;
        let Some(restorer) = &self.restorer else { return Ok(0) };
        let writer = restorer.file(&entry.path, &entry.metadata, made.size())?;
        let Some(writer) = writer else { return Ok(0) };
        let mut writer = writer.of_content(content);
        let (mut buffer, mut bytes) = (Vec::new(), 0);
        for segment in made.segments() {
            let end = segment.offset + segment.length;
            for offset in (segment.offset..end).step_by(STEP as usize) {
                self.control.check()?;
                buffer.resize(STEP.min(end - offset) as usize, 0);
                made.read_at(offset, &mut buffer).map_err(|source| {
                    let path = entry.as_path().to_owned();
                    ArchiveError::Io { path, operation: "read the same content again for", source }
                })?;
                writer.write_at(offset, &buffer)?;
            }
            bytes += segment.length;
        }
        writer.commit()?;
        self.keep_content(content, &entry.path);
        Ok(bytes)
    }

    /// Opens a file that was made of a content, if one is still there.
    fn made_of(&mut self, (sequence, row): ContentKey) -> Result<Option<MadeFile>, ArchiveError> {
        loop {
            let all = (sequence, row, Vec::new())..;
            let next = self.later.contents.range(all).next();
            let Some(next) = next.filter(|next| (next.0, next.1) == (sequence, row)) else {
                return Ok(None);
            };
            let restorer = self.restorer.as_ref();
            let made = restorer.map(|restorer| restorer.open_made(&next.2, (sequence, row)));
            if let Some(made) = made.transpose()?.flatten() {
                return Ok(Some(made));
            }
            let gone = next.clone();
            self.release(seen_memory(&gone.2));
            self.later.contents.remove(&gone);
        }
    }
}
