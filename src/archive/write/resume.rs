//! Makes an archive with checkpoints, so that an interrupted run can be gone on with.
//!
//! The archive is written under the name of [`partial_path`]. A checkpoint ends a generation
//! that is marked as incomplete and durable; what is behind the last one is cut off by the run
//! that fails, or by the next.

use super::amend::{Amending, io_error};
use super::coding::Coded;
use super::create::{Amended, CreateSummary, name_output, write_planned};
use super::destination::lock;
use super::output::followed;
use super::plan::plan;
use super::replace::{Written, is_replaceable};
use super::source::{Found, Source};
use super::tail::Tail;
use super::update::{Existing, Scope, UpdateOptions, bring_up};
use crate::archive::error::failed;
use crate::archive::volumes::Volumes;
use crate::archive::volumes::names::directory;
use crate::archive::{Archive, ArchiveError, Control, ErrorKind};
use crate::container::Writer;
use crate::tree::{FileId, WalkOptions, walk};
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// Returns the name of an archive until it is complete.
pub fn partial_path(path: &Path) -> PathBuf {
    let path = followed(path);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

/// Archives `operands` into the file `path`, as [`super::create`] does, but so that another call
/// goes on from what an interrupted one left: until it is complete, the archive is the file of
/// [`partial_path`], which is kept if there was a checkpoint ([`super::CreateOptions`]). Files
/// of the same size and time as in it, or of the same content if `options.checksum` is set, are
/// not coded again; what it has and is not found any more is forgotten. What else the options
/// say of an update is not used.
///
/// # Errors
/// [`ArchiveError::Locked`] if another run is making it; otherwise as [`super::create`].
pub fn create_resumable(
    path: &Path,
    operands: &[PathBuf],
    mut walking: WalkOptions,
    options: &UpdateOptions,
    control: &Control,
) -> Result<CreateSummary, ArchiveError> {
    let (path, partial) = (followed(path), partial_path(path));
    let replaced = fs::metadata(&path).ok();
    if replaced.as_ref().is_some_and(|replaced| !replaced.is_file()) {
        return Err(failed(&path, "replace")(io::Error::other("not a regular file")));
    }
    let opened = File::options().read(true).write(true).create(true).truncate(false).open(&partial);
    let file = opened.map_err(failed(&partial, "create"))?;
    lock(&file, &partial)?;
    let replaced_id = File::open(&path).ok().and_then(|file| FileId::of(&file).ok());
    walking.leave_out.extend(FileId::of(&file).ok().into_iter().chain(replaced_id));
    let made = match before(&file, &partial, options, control)? {
        Some(amending) => go_on(amending, operands, walking, options, control),
        None => begin(&file, operands, walking, options, control),
    };
    let made = made.map_err(|error| name_output(error, &partial)).and_then(|()| control.check());
    if let Err(error) = made {
        // Nothing stays of a run without a checkpoint.
        if file.metadata().is_ok_and(|it| it.len() == 0) {
            let _ = fs::remove_file(&partial);
        }
        return Err(error);
    }
    let summary = summary(&file, options)?;
    if let Some(replaced) = replaced {
        // Failing to keep the old permissions is no reason to fail.
        let _ = file.set_permissions(replaced.permissions());
    }
    fs::rename(&partial, &path).map_err(failed(&path, "rename to"))?;
    let synced = File::open(directory(&path)).and_then(|directory| directory.sync_all());
    synced.map_err(failed(directory(&path), "write"))?;
    Ok(summary)
}

/// Opens what an earlier run left; `None` if there is nothing to go on from.
fn before(
    file: &File,
    partial: &Path,
    options: &UpdateOptions,
    control: &Control,
) -> Result<Option<Amending>, ArchiveError> {
    let length = file.metadata().map_err(failed(partial, "read the attributes"))?.len();
    if length == 0 {
        return Ok(None);
    }
    let replaceable = is_replaceable(partial, Written::Archive);
    if !replaceable.map_err(failed(partial, "read"))? {
        return Err(failed(partial, "replace")(io::Error::other("not an archive")));
    }
    match Amending::of(Volumes::open(partial)?, partial, &options.limits, control) {
        Ok(amending) => Ok(Some(amending)),
        // Nothing of it was complete.
        Err(error) if error.kind() == ErrorKind::Integrity => Ok(None),
        Err(error) => Err(error),
    }
}

/// Brings what is there up to what is on disk.
fn go_on(
    amending: Amending,
    operands: &[PathBuf],
    walking: WalkOptions,
    options: &UpdateOptions,
    control: &Control,
) -> Result<(), ArchiveError> {
    let existing = Existing::Replace;
    let options = UpdateOptions { existing, mirror: true, date: None, ..options.clone() };
    bring_up(amending, Scope::all(), operands, walking, &options, control).map(drop)
}

/// Writes a new archive.
fn begin(
    file: &File,
    operands: &[PathBuf],
    walking: WalkOptions,
    options: &UpdateOptions,
    control: &Control,
) -> Result<(), ArchiveError> {
    let create = &options.create;
    let found = walk(operands, walking)?.map(|found| Ok(found?.map(Source::Tree)));
    let found = found.map(|found: Result<Found, crate::tree::TreeError>| Ok(found?));
    let disk = file.try_clone().map_err(io_error)?;
    let tail = Tail::on(disk, 0).map_err(io_error)?;
    let planned = plan(found, create.jobs, create.memory, control)?;
    let kept = tail.end();
    let output = BufWriter::with_capacity(1 << 20, tail);
    let begin = |archive_id| Ok(Writer::new(output, archive_id)?.keep_in(kept));
    let coded = write_planned(planned, Amended::default(), create, control, begin)?;
    let Coded { writer, .. } = coded;
    control.check()?;
    let (output, _) = writer.finish()?;
    let tail = output.into_inner().map_err(|error| io_error(error.into_error()))?;
    tail.commit().map_err(io_error)
}

/// Tells what a complete archive holds.
fn summary(file: &File, options: &UpdateOptions) -> Result<CreateSummary, ArchiveError> {
    let source = file.try_clone().map_err(io_error)?;
    let archive = Archive::open(source, &options.limits)?;
    let groups = archive.groups();
    Ok(CreateSummary {
        entries: archive.entries().len() as u64,
        bytes: groups.map(|group| group.raw_length).sum(),
        stored: archive.stored_length(),
        groups: archive.groups().count() as u64,
        root_hash: archive.root_hash().unwrap_or_default(),
    })
}
