//! `pear-archive verify`.

use super::super::args::Verify;
use super::super::config;
use super::super::exit::Exit;
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::size::show_size;
use super::super::watch::Watch;
use super::{Input, named, piped};
use crate::archive::{Archive, ArchiveError, At, Control, Limits, VerifySummary, verify_stream_at};
use std::fs::File;
use std::sync::atomic::Ordering;

/// Checks the archive.
pub fn run(arguments: &Verify, report: &Report) -> anyhow::Result<Exit> {
    let limits = config::limits(&arguments.limits, &arguments.resources.memory);
    let jobs = config::jobs(&arguments.resources);
    let bases = config::bases(&arguments.bases, &limits)?;
    let cancel = cancel_flag()?;
    let name = config::shown(&arguments.archive);
    let watch = Watch::new(report, &name, &cancel);
    let control = watch.control();
    let at = arguments.generation.generation.unwrap_or_default();
    let summary = match (Input::open(&arguments.archive)?, arguments.quick) {
        (Input::File(volumes), quick) => Archive::open_volumes(volumes, &limits, &control, at)
            .and_then(|archive| match quick {
                true => archive.verify_quick(&control),
                false => archive.with_bases(bases).verify(jobs, &control),
            }),
        (Input::Pipe(input), false) => {
            verify_stream_at(piped(input, &cancel), jobs, &bases, &limits, &control, at)
        }
        (Input::Pipe(input), true) => quick_stream(input, &limits, &control, at),
    };
    let summary = summary.map_err(|error| match control.cancel.load(Ordering::Relaxed) {
        true => ArchiveError::Interrupted, // whatever error was seen
        false => error,
    });
    let summary = summary.map_err(|error| named(&arguments.archive, error))?;
    let exit = watch.exit();
    if exit == Exit::Fine {
        let what = if arguments.quick { "stored bytes" } else { "contents" };
        report.summary(format_args!("{name}: {what} intact, {}", show_size(summary.bytes)));
    }
    Ok(exit)
}

/// Reads a whole pipe: compares every section with its hash, and the root hash.
fn quick_stream(
    input: File,
    limits: &Limits,
    control: &Control,
    at: At,
) -> Result<VerifySummary, ArchiveError> {
    let archive = Archive::of_stream(piped(input, control.cancel), limits, control, at)?;
    let bytes = archive.groups().map(|group| group.stored_length).sum();
    Ok(VerifySummary { bytes, ..VerifySummary::default() })
}
