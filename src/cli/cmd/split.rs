//! `pear-archive split`.

use anyhow::Context;
use std::ffi::OsStr;
use std::fs;
use std::io;

use super::super::args::Split;
use super::super::config;
use super::super::exit::Exit;
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::size::show_size;
use super::super::watch::Watch;
use super::{Input, named};
use crate::archive::{Archive, ArchiveError, SplitBy, SplitOptions, Volumes, split};

/// Makes several archives of one.
pub fn run(arguments: &Split, report: &Report) -> anyhow::Result<Exit> {
    let Split { archive, output, resources, .. } = arguments;
    let limits = config::changing_limits(&arguments.limits, &resources.memory);
    let at = arguments.generation.generation.unwrap_or_default();
    let cancel = cancel_flag()?;
    let name = config::shown(archive);
    let watch = Watch::new(report, &name, &cancel);
    let control = watch.control();
    let Input::File(volumes) = Input::open(archive)? else {
        return Err(named(archive, ArchiveError::FromPipe { what: "an archive to split" }));
    };
    let opened = Archive::open_volumes(volumes, &limits, &control, at);
    let opened = opened.map_err(|error| named(archive, error))?;
    let create = config::create_options(&arguments.coding, false, resources)?;
    let by = match arguments.size {
        Some(size) => SplitBy::Size(size),
        None => SplitBy::Depth(arguments.depth.into()),
    };
    let made = match fs::create_dir(output) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
        Err(error) => return Err(error).with_context(|| config::shown(output)),
    };
    let whole = Volumes::without_number(archive);
    let stem = whole.file_stem().unwrap_or(OsStr::new("archive"));
    let parts = split(&opened, output, stem, &SplitOptions { create, by }, &control);
    if parts.is_err() && made {
        // It is empty again.
        let _ = fs::remove_dir(output);
    }
    let parts = parts.map_err(|error| named(archive, error))?;
    let exit = watch.exit();
    for part in &parts {
        let (entries, stored) = (part.summary.entries, show_size(part.summary.stored));
        report.detail(|| format!("{}: {entries} entries, {stored}", config::shown(&part.path)));
    }
    let stored: u64 = parts.iter().map(|part| part.summary.stored).sum();
    report.summary(format_args!(
        "{name}: {} archives in {}, {}",
        parts.len(),
        config::shown(output),
        show_size(stored)
    ));
    Ok(exit)
}
