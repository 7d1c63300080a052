//! `pear-archive merge`.

use super::super::args::Merge;
use super::super::config;
use super::super::exit::Exit;
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::watch::Watch;
use super::create::tell;
use super::target::Target;
use super::{Input, named, named_output};
use crate::archive::{Archive, ArchiveError, At, MergeOptions, check_shards, merge};
use std::path::PathBuf;

/// Makes one archive of several.
pub fn run(arguments: &Merge, report: &Report) -> anyhow::Result<Exit> {
    let Merge { output, archives, resources, .. } = arguments;
    let Target::File(path) = Target::archive(output, &arguments.volumes, arguments.force)? else {
        anyhow::bail!("{}: not a regular file", config::shown(output));
    };
    let limits = config::changing_limits(&arguments.limits, &resources.memory);
    let cancel = cancel_flag()?;
    let mut exit = Exit::Fine;
    let mut opened = Vec::new();
    for archive in archives {
        let name = config::shown(archive);
        let watch = Watch::new(report, &name, &cancel);
        let Input::File(volumes) = Input::open(archive)? else {
            return Err(named(archive, ArchiveError::FromPipe { what: "an archive to merge" }));
        };
        let one = Archive::open_volumes(volumes, &limits, &watch.control(), At::Newest);
        opened.push(one.map_err(|error| named(archive, error))?);
        exit = exit.max(watch.exit());
    }
    let watch = Watch::new(report, "", &cancel);
    for error in check_shards(&opened) {
        let error = about_shard(archives, error);
        anyhow::ensure!(arguments.partial, error);
        report.warning(error);
        exit = exit.max(Exit::Warnings);
    }
    let mut create = config::create_options(&arguments.coding, false, resources)?;
    create.volume_size = arguments.volumes.volume_size;
    let options = MergeOptions { create, rename: arguments.rename };
    let summary = merge(&opened, &path, &options, &watch.control());
    let summary = summary.map_err(|error| named_output(output, error))?;
    tell(&summary, report);
    Ok(exit.max(watch.exit()))
}

/// Names the archive that an error about shards is about.
fn about_shard(archives: &[PathBuf], error: ArchiveError) -> anyhow::Error {
    let archive = match error {
        ArchiveError::Shards { archive: Some(number), .. } => archives.get(number),
        _ => None,
    };
    match archive {
        Some(archive) => named(archive, error),
        None => error.into(),
    }
}
