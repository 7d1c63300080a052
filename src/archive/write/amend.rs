//! Writes another generation behind an archive, in place: whole or not at all.

use super::coding::Coded;
use super::create::{Amended, CreateOptions, name_output, write_planned};
use super::plan::plan;
use super::repeats::Earlier;
use super::source::Found;
use crate::archive::{Archive, ArchiveError, Control, Event, Limits};
use crate::container::{Footer, SectionUse, State, Writer};
use crate::tree::{FileId, Registration, register};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An archive that is being changed. Nobody else changes it meanwhile.
#[derive(Debug)]
pub(super) struct Amending {
    path: PathBuf,
    file: File,
    pub archive: Archive<File>,
    /// Where the last footer ends.
    end: u64,
}

/// What a generation changes.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub amended: Amended,
    /// What is new, or has a new content.
    pub found: Vec<Found>,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Amendment {
    /// Number of the generation.
    pub generation: u64,
    /// Bytes of new contents.
    pub bytes: u64,
    /// Bytes that the archive has more.
    pub stored: u64,
    pub root_hash: [u8; 32],
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        let Amended { removed, again, .. } = &self.amended;
        removed.is_empty() && again.is_empty() && self.found.is_empty()
    }
}

impl Amending {
    /// Opens an archive to change it, and keeps others from doing the same.
    ///
    /// # Errors
    /// [`ArchiveError::Locked`], [`ArchiveError::NotWhole`], [`ArchiveError::Io`]; otherwise as
    /// [`Archive::open`].
    pub fn open(path: &Path, limits: &Limits, control: &Control) -> Result<Self, ArchiveError> {
        let failed =
            |operation| move |source| ArchiveError::Io { path: path.to_owned(), operation, source };
        let opened = File::options().read(true).write(true).open(path);
        let file = opened.map_err(failed("open"))?;
        if !file.metadata().map_err(failed("open"))?.is_file() {
            return Err(failed("change")(io::Error::other("not a regular file")));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ArchiveError::Locked),
            // A file system without locks leaves that to its users.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(failed("lock")(error)),
        }
        let source = file.try_clone().map_err(failed("open"))?;
        let (archive, behind) = Archive::open_whole(source, limits, control)?;
        if let Some(behind) = behind {
            control.events.event(Event::Note(&behind.into()));
        }
        let end = archive.stored_length();
        Ok(Amending { path: path.to_owned(), file, archive, end })
    }

    /// Returns what must not be archived.
    pub fn identity(&self) -> Option<FileId> {
        FileId::of(&self.file).ok()
    }

    /// Writes a generation that makes these changes. Bytes behind the last are cut off first.
    ///
    /// # Errors
    /// As [`super::create`]; [`ArchiveError::NotWhole`]. The archive is then as it was.
    pub fn write(
        self,
        changes: Changes,
        options: &CreateOptions,
        date: Option<i64>,
        control: &Control,
    ) -> Result<Amendment, ArchiveError> {
        let Amending { path, file, archive, end } = self;
        let written = write(&file, &archive, end, changes, options, date, control);
        written.map_err(|error| name_output(error, &path))
    }
}

fn write(
    file: &File,
    archive: &Archive<File>,
    end: u64,
    changes: Changes,
    options: &CreateOptions,
    date: Option<i64>,
    control: &Control,
) -> Result<Amendment, ArchiveError> {
    let reader = &archive.reader;
    let index = reader.closed_index()?.ok_or(ArchiveError::NotWhole)?;
    let generation = index.generations.len() as u64;
    let found = changes.found.into_iter().map(Ok);
    let memory = options.memory.saturating_sub(archive.tables);
    let planned = plan(found, options.jobs, memory, control)?;
    let options = &CreateOptions { memory, ..options.clone() };
    let begin = |_| {
        let tail = BufWriter::with_capacity(1 << 20, Tail::new(file, end)?);
        Ok(Writer::resume(tail, reader.archive_id(), index))
    };
    let mut amended = changes.amended;
    if options.deduplicate && !planned.contents.is_empty() {
        amended.earlier = Earlier::of_archive(archive, control);
    }
    let coded = write_planned(planned, amended, options, control, begin)?;
    let Coded { mut writer, bytes, .. } = coded;
    control.check()?;
    writer.set_date(date);
    writer.set_states(states(archive));
    let (output, footer): (_, Footer) = writer.finish()?;
    let tail = output.into_inner().map_err(|error| io_error(error.into_error()))?;
    // Files that are replaced while they are read can leave names that do not fit together.
    let source = file.try_clone().map_err(io_error)?;
    if let Err(cause) = Archive::open(source, &archive.limits) {
        return Err(ArchiveError::NotReadBack { cause: Arc::new(cause) });
    }
    tail.commit().map_err(io_error)?;
    let Footer { file_length, root_hash, .. } = footer;
    Ok(Amendment { generation, bytes, stored: file_length - end, root_hash })
}

fn io_error(error: io::Error) -> ArchiveError {
    crate::container::ContainerError::from(error).into()
}

/// What is written behind the end of an archive. Unless it is committed, it is cut off again.
#[derive(Debug)]
struct Tail {
    file: File,
    /// Where the archive ends, and where the next byte goes.
    end: u64,
    at: u64,
    committed: bool,
    _registration: Registration,
}

impl Tail {
    /// Cuts off what stands behind `end`.
    fn new(file: &File, end: u64) -> Result<Tail, ArchiveError> {
        let (file, again) = (file.try_clone().map_err(io_error)?, file.try_clone());
        file.set_len(end).map_err(io_error)?;
        let again = again.map_err(io_error)?;
        let registration = register(move || drop(again.set_len(end)));
        Ok(Tail { file, end, at: end, committed: false, _registration: registration })
    }

    /// Makes what was written durable, and keeps it.
    fn commit(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        self.committed = true;
        Ok(())
    }
}

impl Write for Tail {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write_at(bytes, self.at)?;
        self.at += written as u64;
        Ok(written)
    }

    /// Makes the bytes so far durable: the footer must not be on the disk before what it
    /// stands for.
    fn flush(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        if !self.committed {
            let _ = self.file.set_len(self.end);
        }
    }
}

/// Returns which ENTRY sections no longer count, or only by their contents. What this
/// generation replaces still counts; the next one will say so.
fn states(archive: &Archive<File>) -> BTreeMap<u64, State> {
    let uses = archive.reader.uses();
    let units = units(archive);
    let unit = |sequence: u64| units.get(&sequence).copied().unwrap_or(sequence);
    let mut live: BTreeSet<u64> = BTreeSet::new();
    let mut oldest: Option<u32> = None;
    for (&sequence, of) in uses {
        if of.entries > 0 {
            live.insert(unit(sequence));
            oldest = Some(oldest.map_or(of.generation, |oldest| oldest.min(of.generation)));
        }
    }
    // A removal counts as long as there may be something to remove.
    let removes =
        |of: &SectionUse| of.removes && oldest.is_some_and(|oldest| oldest < of.generation);
    live.extend(uses.iter().filter(|(_, of)| removes(of)).map(|(&sequence, _)| unit(sequence)));
    let is_live = |sequence: u64| live.contains(&unit(sequence));
    let mut names: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for (&sequence, of) in uses {
        let of_unit = names.entry(unit(sequence)).or_default();
        of_unit.extend(of.names.iter().map(|&sequence| unit(sequence)));
    }
    // What is named may have runs in what others hold.
    let mut named: BTreeSet<u64> = BTreeSet::new();
    let mut open: Vec<u64> = live.iter().copied().collect();
    while let Some(user) = open.pop() {
        let of_user = names.get(&user).into_iter().flatten();
        open.extend(of_user.copied().filter(|&unit| named.insert(unit)));
    }
    let mut states: BTreeMap<u64, State> = uses
        .keys()
        .filter(|sequence| !is_live(**sequence))
        .map(|&sequence| match named.contains(&unit(sequence)) {
            true => (sequence, State::Contents),
            false => (sequence, State::Dead),
        })
        .collect();
    let before = archive.reader.index().states.iter();
    states.extend(before.filter(|(_, state)| **state == State::Dead));
    states
}

/// Returns for ENTRY sections that go on with a content the section with which it begins.
fn units(archive: &Archive<File>) -> BTreeMap<u64, u64> {
    let (mut units, mut last) = (BTreeMap::new(), None);
    for placed in archive.reader.batches().iter().filter(|placed| !placed.batch.is_aside()) {
        let first = last.filter(|_| placed.batch.continued).unwrap_or(placed.sequence);
        units.insert(placed.sequence, first);
        last = Some(first);
    }
    units
}
