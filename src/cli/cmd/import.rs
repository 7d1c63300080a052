//! `pear-archive import`.

use std::io::Seek;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::super::args::Import;
use super::super::config;
use super::super::exit::Exit;
use super::super::report::Report;
use super::super::signal::{Interruptible, archive_from_stdin, cancel_flag};
use super::super::watch::Watch;
use super::create::tell;
use super::target::Target;
use super::{Named, named, named_output, open_file};
use crate::archive::{
    ArchiveError, Control, ImportOptions, Limits, Tar, TarFault, import, import_stream,
};
use crate::entry::PathFault;

/// Makes the archive.
pub fn run(arguments: &Import, report: &Report) -> anyhow::Result<Exit> {
    let target = Target::archive(&arguments.archive, &arguments.volumes, arguments.force)?;
    let (coding, resources) = (&arguments.coding, &arguments.resources);
    let limits = config::limits(&arguments.limits, &resources.memory);
    let mut create = config::create_options(coding, arguments.verify, resources)?;
    create.volume_size = arguments.volumes.volume_size;
    let options = ImportOptions { create, strip_unsafe: arguments.strip_unsafe };
    let cancel = cancel_flag()?;
    let name = config::shown(&arguments.tar);
    let watch = Watch::new(report, &name, &cancel);
    let control = watch.control();
    watch.begin("scanning the tar");
    let directory = spool_directory(&target);
    let tar = open_tar(&arguments.tar, &directory, &limits, &cancel, &control)?;
    let summary = match target {
        Target::Stream(output) => import_stream(output, &tar, &limits, &options, &control),
        Target::File(path) => import(&path, &tar, &limits, &options, &control),
    };
    let summary = summary.map_err(|error| match &error {
        ArchiveError::Tar { fault, .. } => match hint(fault) {
            Some(hint) => Named::with_hint(&config::shown(&arguments.tar), error, hint),
            None => named(&arguments.tar, error),
        },
        _ => named_output(&arguments.archive, error),
    })?;
    let exit = watch.exit();
    tell(&summary, report);
    Ok(exit)
}

/// Returns what to do about a fault, if there is something.
fn hint(fault: &TarFault) -> Option<&'static str> {
    let stripped = [PathFault::Absolute, PathFault::Parent];
    match fault {
        TarFault::Path { fault, .. } if stripped.contains(fault) => {
            Some("use --strip-unsafe to remove the unsafe part of such names")
        }
        _ => None,
    }
}

/// Opens the tar. If it is not a file, or is compressed, it is copied into a file
/// first.
fn open_tar(
    path: &Path,
    directory: &Path,
    limits: &Limits,
    cancel: &AtomicBool,
    control: &Control,
) -> anyhow::Result<Tar> {
    let mut file = match config::is_stdio(path) {
        true => archive_from_stdin()?,
        false => open_file(path)?,
    };
    let name = PathBuf::from(config::shown(path));
    // Standard input may be a file that was partly read.
    let whole = file.metadata()?.is_file() && file.stream_position()? == 0;
    let tar = match whole {
        true => Tar::new(file, &name, directory, limits, control),
        false => Tar::spool(Interruptible::new(file, cancel), &name, directory, limits, control),
    };
    tar.map_err(|error| named(path, error))
}

/// Returns the directory for copies of tars: a place with room for an archive may have
/// room for its tar.
fn spool_directory(target: &Target) -> PathBuf {
    match target {
        Target::File(path) => match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        },
        Target::Stream(_) => std::env::temp_dir(),
    }
}
