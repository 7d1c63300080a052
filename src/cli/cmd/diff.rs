//! `pear-archive diff`.

use super::super::args::Diff;
use super::super::exit::Exit;
use super::super::records::DifferenceRecord;
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::watch::Watch;
use super::super::{config, json};
use super::{Input, named, printed};
use crate::archive::{
    Archive, ArchiveError, At, Control, Difference, DifferenceKind, Limits, NAMELESS_OUTPUT,
    diff_archives, diff_directory,
};
use crate::tree::printable;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Prints the differences.
pub fn run(arguments: &Diff, report: &Report) -> anyhow::Result<Exit> {
    let limits = config::changing_limits(&arguments.limits, &arguments.memory);
    let cancel = cancel_flag()?;
    let name = config::shown(&arguments.archive);
    let watch = Watch::new(report, &name, &cancel);
    let control = watch.control();
    let at = arguments.generation.generation.unwrap_or_default();
    let archive = open(&arguments.archive, &limits, &control, at)?;
    let mut stdout = BufWriter::new(io::stdout().lock());
    let tell = |difference: Difference| {
        let line = match arguments.json {
            true => json::line(&DifferenceRecord::of(&difference)),
            false => line(&difference),
        };
        let operation = "write to";
        writeln!(stdout, "{line}").map_err(|source| ArchiveError::Io {
            path: NAMELESS_OUTPUT.into(),
            operation,
            source,
        })
    };
    let here = Path::new(".");
    let other = arguments.other.as_deref();
    let other = other.unwrap_or(if arguments.to.is_some() { &arguments.archive } else { here });
    let count = if other.is_dir() {
        diff_directory(&archive, other, arguments.checksum, &control, tell)
    } else {
        let other = open(other, &limits, &control, arguments.to.unwrap_or_default())?;
        diff_archives(&archive, &other, arguments.checksum, &control, tell)
    };
    let count = match count {
        // Whoever reads has seen enough.
        Err(ArchiveError::Io { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => 1,
        other => other.map_err(|error| named(&arguments.archive, error))?,
    };
    printed(stdout.flush())?;
    let exit = watch.exit();
    Ok(if count > 0 { exit.max(Exit::Warnings) } else { exit })
}

fn open(path: &Path, limits: &Limits, control: &Control, at: At) -> anyhow::Result<Archive> {
    let Input::File(volumes) = Input::open(path)? else {
        return Err(named(path, ArchiveError::FromPipe { what: "an archive to compare" }));
    };
    Archive::open_volumes(volumes, limits, control, at).map_err(|error| named(path, error))
}

/// Returns the line about a difference.
fn line(difference: &Difference) -> String {
    let path = printable(&difference.path);
    match &difference.how {
        DifferenceKind::Removed => format!("- {path}"),
        DifferenceKind::Added => format!("+ {path}"),
        DifferenceKind::Changed(what) => format!("~ {path}: {}", what.join(", ")),
    }
}
