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
use crate::archive::{Archive, ArchiveError, At, RepackOptions, prune, repack, repack_generations};
use std::path::Path;

/// Makes another archive.
pub fn run(arguments: &Repack, report: &Report) -> anyhow::Result<Exit> {
    let Repack { archive, output, recoding, .. } = arguments;
    let at = arguments.generation.generation.unwrap_or_default();
    match Target::archive(output, &recoding.volumes, arguments.force)? {
        Target::File(path) => work(archive, Some(&path), recoding, at, report),
        Target::Stream(_) => anyhow::bail!("{}: not a regular file", config::shown(output)),
    }
}

/// Repacks an archive into `output`, or, if there is none, in its place.
fn work(
    archive: &Path,
    output: Option<&Path>,
    recoding: &Recoding,
    at: At,
    report: &Report,
) -> anyhow::Result<Exit> {
    let limits = config::changing_limits(&recoding.limits, &recoding.resources.memory);
    let cancel = cancel_flag()?;
    let name = config::shown(archive);
    let watch = Watch::new(report, &name, &cancel);
    let control = watch.control();
    let Input::File(volumes) = Input::open(archive)? else {
        return Err(named(archive, ArchiveError::FromPipe { what: "an archive to repack" }));
    };
    let opened = Archive::open_volumes(volumes, &limits, &control, at);
    let opened = opened.map_err(|error| named(archive, error))?;
    let mut create = config::create_options(&recoding.coding, false, &recoding.resources)?;
    create.volume_size = recoding.volumes.volume_size;
    let options = RepackOptions { create, recode: recoding.recode };
    let summary = match (output, recoding.keep_last) {
        (Some(output), Some(count @ 2..)) => {
            repack_generations(&opened, output, count, &options.create, &control)
        }
        (Some(output), _) => repack(&opened, output, &options, &control),
        (None, keep) => prune(&opened, keep.unwrap_or(1), &options, &control),
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
        work(archive, None, recoding, At::Newest, report)
    }
}
