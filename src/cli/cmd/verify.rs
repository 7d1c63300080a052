//! `pear-archive verify`.

use super::super::args::Verify;
use super::super::config;
use super::super::exit::Exit;
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::size::show_size;
use super::super::watch::Watch;
use super::{named, open_archive};

/// Checks the archive.
pub fn run(arguments: &Verify, report: &Report) -> anyhow::Result<Exit> {
    let limits = config::limits(&arguments.limits, &arguments.resources.memory);
    let archive = open_archive(&arguments.archive, &limits)?;
    let cancel = cancel_flag()?;
    let name = config::shown(&arguments.archive);
    let watch = Watch::new(report, &name, &cancel);
    let control = watch.control();
    let summary = match arguments.quick {
        true => archive.verify_quick(&control),
        false => archive.verify(config::jobs(&arguments.resources), &control),
    };
    let summary = summary.map_err(|error| named(&arguments.archive, error))?;
    let exit = watch.exit();
    if exit == Exit::Fine {
        let what = if arguments.quick { "stored bytes" } else { "contents" };
        report.summary(format_args!("{name}: {what} intact, {}", show_size(summary.bytes)));
    }
    Ok(exit)
}
