//! `pear-archive repack` and `pear-archive prune`.

use super::super::args::{Prune, Recoding, Repack};
use super::super::config;
use super::super::exit::Exit;
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::watch::Watch;
use super::create::tell;
use super::target::Target;
use super::{Input, named, named_output};
use crate::archive::{
    Archive, ArchiveError, At, RepackOptions, Written, repack, repack_generations,
};
use std::path::Path;

/// Makes another archive.
pub fn run(arguments: &Repack, report: &Report) -> anyhow::Result<Exit> {
    let Repack { archive, output, recoding, .. } = arguments;
    let at = arguments.generation.generation.unwrap_or_default();
    match Target::of(output, Written::Archive, arguments.force)? {
        Target::File(path) => work(archive, &path, recoding, at, report),
        Target::Stream(_) => anyhow::bail!("{}: not a regular file", config::shown(output)),
    }
}

fn work(
    archive: &Path,
    output: &Path,
    recoding: &Recoding,
    at: At,
    report: &Report,
) -> anyhow::Result<Exit> {
    let limits = config::changing_limits(&recoding.limits, &recoding.resources.memory);
    let cancel = cancel_flag()?;
    let name = config::shown(archive);
    let watch = Watch::new(report, &name, &cancel);
    let control = watch.control();
    let Input::File(file) = Input::open(archive)? else {
        return Err(named(archive, ArchiveError::FromPipe { what: "an archive to repack" }));
    };
    let _locked = (archive == output).then(|| file.try_lock());
    if _locked.as_ref().is_some_and(Result::is_err) {
        return Err(named(archive, ArchiveError::Locked));
    }
    let opened = Archive::open_any_at(file, &limits, &control, at);
    let opened = opened.map_err(|error| named(archive, error))?;
    let create = config::create_options(&recoding.coding, false, &recoding.resources)?;
    let options = RepackOptions { create, recode: recoding.recode };
    let summary = match recoding.keep_last {
        Some(count @ 2..) => repack_generations(&opened, output, count, &options.create, &control),
        _ => repack(&opened, output, &options, &control),
    };
    let summary = summary.map_err(|error| named_output(archive, error))?;
    let exit = watch.exit();
    tell(&summary, report);
    Ok(exit)
}

/// Runs `prune`.
pub mod pruning {
    use super::*;

    /// Puts the repacked archive in the place of the old one.
    pub fn run(arguments: &Prune, report: &Report) -> anyhow::Result<Exit> {
        let Prune { archive, recoding } = arguments;
        work(archive, archive, recoding, At::Newest, report)
    }
}
