//! `pear-archive create`.

use anyhow::{Context, bail};
use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use super::super::args::Create;
use super::super::config;
use super::super::exit::Exit;
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::size::show_size;
use super::super::watch::Watch;
use super::{Named, named};
use crate::archive::{CreateOptions, CreateSummary, create, create_stream};
use crate::tree::{FileId, WalkOptions};

/// Makes the archive.
pub fn run(arguments: &Create, report: &Report) -> anyhow::Result<Exit> {
    let target = Target::of(&arguments.archive)?;
    let operands = config::operands(arguments, report)?;
    let mut walking = WalkOptions {
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
    watch.begin("looking at files");
    let summary = match target {
        Target::Stream(output) => {
            walking.leave_out.push(FileId::of(&output)?);
            create_stream(output, &operands, walking, &options, &control)
        }
        Target::File(path) => create(&path, &operands, walking, &options, &control),
    };
    let summary = summary.map_err(|error| match config::is_stdio(&arguments.archive) {
        true => Named::about("standard output", error),
        false => named(&arguments.archive, error),
    })?;
    let exit = watch.exit();
    tell(&summary, report);
    Ok(exit)
}

/// Where the archive goes.
enum Target {
    /// A file that appears when it is complete.
    File(PathBuf),
    /// Standard output, a pipe or a device: written to as it is, for nothing
    /// may be put in its place.
    Stream(File),
}

impl Target {
    fn of(path: &Path) -> anyhow::Result<Target> {
        let stream = if config::is_stdio(path) {
            io::stdout().as_fd().try_clone_to_owned().context("standard output")?.into()
        } else {
            match fs::metadata(path) {
                Ok(metadata) if metadata.is_dir() => {
                    bail!("{}: is a directory", config::shown(path))
                }
                Ok(metadata) if !metadata.is_file() => {
                    File::options().write(true).open(path).with_context(|| config::shown(path))?
                }
                _ => return Ok(Target::File(path.to_owned())),
            }
        };
        if stream.is_terminal() {
            bail!("the archive would go to a terminal: redirect it, or name a file");
        }
        Ok(Target::Stream(stream))
    }
}

fn tell(summary: &CreateSummary, report: &Report) {
    let CreateSummary { entries, bytes, stored, .. } = *summary;
    let ratio = bytes as f64 / stored.max(1) as f64;
    report.summary(format_args!(
        "{entries} entries, {} of data in {}, ratio {ratio:.3}",
        show_size(bytes),
        show_size(stored),
    ));
}
