//! Writes another generation behind an archive, in place: whole or not at all.

use super::coding::Coded;
use super::create::{Amended, CreateOptions, name_output, write_planned};
use super::plan::plan;
use super::repeats::Earlier;
use super::source::Found;
use super::tail::{Disk, Tail};
use crate::archive::error::failed;
use crate::archive::volumes::{Volumes, switch};
use crate::archive::{Archive, ArchiveError, Control, Event, Limits};
use crate::container::{Footer, SectionUse, State, Writer};
use crate::tree::FileId;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(test)]
mod faults;

/// An archive that is being changed. Nobody else changes it meanwhile.
#[derive(Debug)]
pub(super) struct Amending {
    path: PathBuf,
    pub archive: Archive,
    /// Where the last footer ends.
    end: u64,
}

/// What a generation changes.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub amended: Amended,
    /// What is new, or has a new content.
    pub found: Vec<Found>,
    /// Whether the generation is marked as incomplete.
    pub incomplete: bool,
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
        // A generation that completes another is one without any other change.
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
        if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(failed(path, "change")(io::Error::other("not a regular file")));
        }
        let mut volumes = Volumes::open(path)?;
        if let Some(name) = volumes.name() {
            switch::settle(name).map_err(failed(path, "change"))?;
            volumes = Volumes::open(path)?;
        }
        if let Some(fault) = volumes.faults().next() {
            return Err(fault);
        }
        if let Some((file, ..)) = volumes.files().last() {
            File::options().write(true).open(file).map_err(failed(path, "open"))?;
        }
        volumes.lock()?;
        Self::of(volumes, path, limits, control)
    }

    /// Opens an archive that is locked.
    ///
    /// # Errors
    /// As [`Amending::open`].
    pub fn of(
        volumes: Volumes,
        path: &Path,
        limits: &Limits,
        control: &Control,
    ) -> Result<Self, ArchiveError> {
        let (archive, behind) = Archive::open_whole(volumes, limits, control)?;
        if let Some(behind) = behind {
            control.events.event(Event::Note(&behind.into()));
        }
        let end = archive.stored_length();
        Ok(Amending { path: path.to_owned(), archive, end })
    }

    /// Returns what must not be archived.
    pub fn identities(&self) -> Vec<FileId> {
        self.archive.reader.source().identities()
    }

    /// Returns the most bytes of a volume: that of the archive, or what is asked for if it has
    /// one volume.
    fn volume_size(&self, asked: Option<u64>) -> Result<u64, ArchiveError> {
        let volumes = self.archive.reader.source();
        let unfit = |cause| Err(failed(&self.path, "change")(io::Error::other(cause)));
        match (volumes.size(), asked) {
            (Some(size), Some(asked)) if size != asked => {
                unfit("its volumes have another size, which only 'repack' changes")
            }
            (Some(size), _) => Ok(size),
            (None, Some(_)) if volumes.name().is_none() => {
                unfit("it is not in volumes, which only 'repack' makes")
            }
            (None, Some(asked)) if self.end > asked => {
                unfit("its only volume is larger than that, which only 'repack' changes")
            }
            (None, asked) => Ok(asked.unwrap_or(u64::MAX)),
        }
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
        let size = self.volume_size(options.volume_size)?;
        let Amending { path, archive, end } = self;
        let tail = || Tail::new(archive.reader.source(), end, size);
        let written = write_on(tail, &archive, changes, options, date, control);
        written.map_err(|error| name_output(error, &path))
    }
}

/// Writes a generation on what `tail` opens.
fn write_on<D: Disk>(
    tail: impl FnOnce() -> io::Result<Tail<D>>,
    archive: &Archive,
    changes: Changes,
    options: &CreateOptions,
    date: Option<i64>,
    control: &Control,
) -> Result<Amendment, ArchiveError> {
    let reader = &archive.reader;
    let index = reader.closed_index()?.ok_or(ArchiveError::NotWhole)?;
    let (found, incomplete) = (changes.found.into_iter().map(Ok), changes.incomplete);
    let memory = options.memory.saturating_sub(archive.tables);
    let planned = plan(found, options.jobs, memory, control)?;
    let options = &CreateOptions { memory, ..options.clone() };
    let begin = |_| {
        let tail = tail().map_err(io_error)?;
        let kept = tail.end();
        let tail = BufWriter::with_capacity(1 << 20, tail);
        Ok(Writer::resume(tail, reader.archive_id(), index).keep_in(kept))
    };
    let mut amended = changes.amended;
    if options.deduplicate && !planned.contents.is_empty() {
        amended.earlier = Earlier::of_archive(archive, control);
    }
    let coded = write_planned(planned, amended, options, control, begin)?;
    let Coded { mut writer, bytes, .. } = coded;
    control.check()?;
    writer.set_date(date);
    writer.set_incomplete(incomplete);
    // With what was changed it is no part of the plan any more.
    writer.set_shard(None);
    writer.set_states(states(archive));
    let (output, footer): (_, Footer) = writer.finish()?;
    let tail = output.into_inner().map_err(|error| io_error(error.into_error()))?;
    // Files that are replaced while they are read can leave names that do not fit together.
    let source = reader.source().again().map_err(io_error)?;
    let generation = match Archive::open(source, &archive.limits) {
        Ok(opened) => opened.generation(),
        Err(cause) => return Err(ArchiveError::NotReadBack { cause: Arc::new(cause) }),
    };
    tail.commit().map_err(io_error)?;
    let Footer { file_length, root_hash, .. } = footer;
    Ok(Amendment { generation, bytes, stored: file_length - archive.stored_length(), root_hash })
}

pub(super) fn io_error(error: io::Error) -> ArchiveError {
    crate::container::ContainerError::from(error).into()
}

/// Returns which ENTRY sections no longer count, or only by their contents. What this
/// generation replaces still counts; the next one will say so.
fn states(archive: &Archive) -> BTreeMap<u64, State> {
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
fn units(archive: &Archive) -> BTreeMap<u64, u64> {
    let (mut units, mut last) = (BTreeMap::new(), None);
    for placed in archive.reader.batches().iter().filter(|placed| !placed.batch.is_aside()) {
        let first = last.filter(|_| placed.batch.continued).unwrap_or(placed.sequence);
        units.insert(placed.sequence, first);
        last = Some(first);
    }
    units
}
