//! `pear-archive export`.

use anyhow::bail;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::Ordering;

use super::super::args::Export;
use super::super::config;
use super::super::exit::Exit;
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::size::show_size;
use super::super::watch::Watch;
use super::target::Target;
use super::{Input, named, named_output, piped};
use crate::archive::{
    Archive, ArchiveError, ExportOptions, Volumes, Written, export_piped, export_piped_stream,
};

/// Makes the tar.
pub fn run(arguments: &Export, report: &Report) -> anyhow::Result<Exit> {
    let limits = config::limits(&arguments.limits, &arguments.resources.memory);
    refuse_itself(arguments)?;
    let target = Target::of(&arguments.tar, Written::Tar, arguments.force)?;
    let options = ExportOptions {
        patterns: config::selection(&arguments.archive, &arguments.patterns, &arguments.naming)?,
        jobs: config::jobs(&arguments.resources),
        keep_incomplete: arguments.keep_incomplete,
        bases: config::bases(&arguments.bases, &limits)?,
        generation: arguments.generation.generation.unwrap_or_default(),
    };
    let cancel = cancel_flag()?;
    let name = config::shown(&arguments.archive);
    let watch = Watch::new(report, &name, &cancel);
    let control = watch.control();
    let summary = match Input::open(&arguments.archive)? {
        Input::File(volumes) => {
            let archive = Archive::open_volumes(volumes, &limits, &control, options.generation);
            let archive = archive.map_err(|error| named(&arguments.archive, error))?;
            let archive = archive.with_bases(options.bases.clone());
            archive.keep_groups(0); // each group is decoded only once
            match target {
                Target::Stream(output) => archive.export_stream(output, &options, &control),
                Target::File(path) => archive.export(&path, &options, &control),
            }
        }
        Input::Pipe(input) => {
            let input = piped(input, &cancel);
            match target {
                Target::Stream(mut output) => {
                    export_piped_stream(input, &mut output, &options, &limits, &control)
                }
                Target::File(path) => export_piped(input, &path, &options, &limits, &control),
            }
        }
    };
    let summary = summary.map_err(|error| match cancel.load(Ordering::Relaxed) {
        true => ArchiveError::Interrupted, // whatever it looked like
        false => error,
    });
    let summary = match summary {
        // A reader that closed the pipe has what it wanted.
        Err(ArchiveError::Io { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => {
            return Ok(watch.exit());
        }
        Err(error @ ArchiveError::Io { .. }) => return Err(named_output(&arguments.tar, error)),
        other => other.map_err(|error| named(&arguments.archive, error))?,
    };
    let exit = watch.exit();
    let (entries, size) = (summary.entries, show_size(summary.bytes));
    report.summary(format_args!("{entries} entries exported, {size}"));
    Ok(exit)
}

/// Refuses to replace the archive that the tar is made from.
fn refuse_itself(arguments: &Export) -> anyhow::Result<()> {
    // Not opened: a pipe with a name would be at its end for whoever opens it next.
    let id = |path| fs::metadata(path).map(|it| (it.dev(), it.ino())).ok();
    let (archive, tar) = (id(&arguments.archive), id(&arguments.tar));
    let name = Volumes::without_number;
    let is_volume = name(&arguments.tar) != arguments.tar
        && [arguments.archive.clone(), name(&arguments.archive)].contains(&name(&arguments.tar));
    if tar.is_some() && (archive == tar || is_volume) {
        bail!(
            "{}: the tar would replace the archive it is made from; name another file",
            config::shown(&arguments.tar)
        );
    }
    Ok(())
}
