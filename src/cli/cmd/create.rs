//! `pear-archive create`.

use anyhow::bail;
use std::io::{self, IsTerminal};

use super::super::args::Create;
use super::super::config;
use super::super::exit::Exit;
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::size::show_size;
use super::super::watch::Watch;
use crate::archive::{CreateOptions, CreateSummary, create, create_stream};
use crate::tree::WalkOptions;

/// Makes the archive.
pub fn run(arguments: &Create, report: &Report) -> anyhow::Result<Exit> {
    let to_stdout = config::is_stdio(&arguments.archive);
    if to_stdout && io::stdout().is_terminal() {
        bail!("standard output is a terminal: redirect it, or name an archive to write");
    }
    let operands = config::operands(arguments, report)?;
    let walking = WalkOptions {
        base: arguments.directory.clone().unwrap_or_default(),
        excludes: config::excludes(arguments)?,
        one_file_system: arguments.one_file_system,
        leave_out: Vec::new(),
    };
    let options = CreateOptions {
        codec: config::codec_options(&arguments.coding),
        group_size: arguments.coding.group_size,
        jobs: config::jobs(&arguments.resources),
        memory: config::memory(&arguments.resources),
        verify: arguments.verify,
    };
    let cancel = cancel_flag()?;
    let watch = Watch::new(report, "", &cancel);
    let control = watch.control();
    let summary = match to_stdout {
        true => create_stream(io::stdout().lock(), &operands, walking, &options, &control),
        false => create(&arguments.archive, &operands, walking, &options, &control),
    }?;
    let exit = watch.exit();
    tell(&summary, report);
    Ok(exit)
}

fn tell(summary: &CreateSummary, report: &Report) {
    let CreateSummary { entries, bytes, stored, .. } = *summary;
    report.summary(format_args!(
        "{entries} entries, {} in {}, ratio {:.3}",
        show_size(bytes),
        show_size(stored),
        bytes as f64 / stored.max(1) as f64,
    ));
}
