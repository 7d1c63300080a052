//! Making an archive from a tar.

use super::input::Tar;
use super::members::inputs;
use crate::archive::write::create::{name_output, write_archive};
use crate::archive::write::destination::Destination;
use crate::archive::{
    ArchiveError, Control, CreateOptions, CreateSummary, Limits, NAMELESS_OUTPUT,
};
use std::io::{self, Write};
use std::path::Path;

/// Options for making an archive from a tar.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// Options for writing the archive.
    pub create: CreateOptions,
    /// Accept names that are absolute or have `..` after removing everything up to the
    /// last `..`, and `/` at the start, instead of refusing the tar.
    pub strip_unsafe: bool,
}

/// Makes the archive `path` from a tar. It appears completely or not at all; an
/// existing file is replaced.
///
/// # Errors
/// [`ArchiveError::Tar`] for the first fault of the tar; otherwise as
/// [`create`](crate::archive::create). What no archive can hold is reported as
/// warnings, each cause once.
pub fn import(
    path: &Path,
    tar: &Tar,
    limits: &Limits,
    options: &ImportOptions,
    control: &Control,
) -> Result<CreateSummary, ArchiveError> {
    let output = Destination::new(path, options.create.volume_size)?;
    if tar.identity().is_some_and(|tar| output.identities().contains(&tar)) {
        let source = io::Error::other("the archive and the tar are the same file");
        return Err(ArchiveError::Io { path: path.to_owned(), operation: "replace", source });
    }
    let summary = import_stream(&output, tar, limits, options, control)
        .map_err(|error| name_output(error, path))?;
    control.check()?;
    output.commit()?;
    Ok(summary)
}

/// Writes the archive made from a tar, front to back, without seeking. The whole tar is
/// checked before the first byte is written.
///
/// # Errors
/// As [`import`].
pub fn import_stream(
    output: impl Write,
    tar: &Tar,
    limits: &Limits,
    options: &ImportOptions,
    control: &Control,
) -> Result<CreateSummary, ArchiveError> {
    let inputs = inputs(tar, limits, options.strip_unsafe, control)?;
    let summary = write_archive(output, inputs.into_iter().map(Ok), &options.create, control)
        .map_err(|error| name_output(error, Path::new(NAMELESS_OUTPUT)))?;
    tar.check_unchanged()?;
    Ok(summary)
}
