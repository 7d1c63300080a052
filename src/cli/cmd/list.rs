//! `pear-archive list`.

use jiff::tz::TimeZone;
use std::io::{self, BufWriter, Write};

use super::super::args::List;
use super::super::exit::Exit;
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::watch::Watch;
use super::super::{config, listing};
use super::{Input, named, piped, printed};
use crate::archive::{Archive, ArchiveError, Control, Event};
use crate::container::ReadAt;
use crate::entry::Entry;
use crate::tree::printable;

/// Prints the list. If the archive is damaged, it lists what can be restored.
pub fn run(arguments: &List, report: &Report) -> anyhow::Result<Exit> {
    let limits = config::limits(&arguments.limits, &arguments.memory);
    let cancel = cancel_flag()?;
    let name = config::shown(&arguments.archive);
    let watch = Watch::new(report, &name, &cancel);
    let control = watch.control();
    let named = |error| named(&arguments.archive, error);
    let at = arguments.generation.generation.unwrap_or_default();
    match Input::open(&arguments.archive)? {
        Input::File(volumes) => {
            let archive = Archive::open_volumes(volumes, &limits, &control, at).map_err(named)?;
            print_archive(&archive, arguments, &control)?;
        }
        Input::Pipe(input) => {
            let archive = Archive::of_stream(piped(input, &cancel), &limits, &control, at);
            print_archive(&archive.map_err(named)?, arguments, &control)?;
        }
    }
    Ok(watch.exit())
}

fn print_archive<S: ReadAt>(
    archive: &Archive<S>,
    arguments: &List,
    control: &Control,
) -> anyhow::Result<()> {
    let patterns = config::selection(&arguments.archive, &arguments.patterns, &arguments.naming)?;
    let selected = archive.select(&patterns);
    let mut selected = selected.map_err(|error| named(&arguments.archive, error))?;
    let lost: Vec<&Entry> = selected.extract_if(.., |entry| !archive.is_intact(entry)).collect();
    printed(print_all(&selected, arguments))?;
    let cause = ArchiveError::Missing;
    for entry in &lost {
        control.events.event(Event::Lost { path: &entry.path, cause: &cause });
    }
    let cut = archive.recovery().map_or(0, |recovery| recovery.cut);
    let count = lost.len() as u64 + if patterns.is_empty() { cut } else { 0 };
    if count > 0 {
        control.events.event(Event::Warning(&ArchiveError::Unreadable { count }));
    }
    Ok(())
}

fn print_all(entries: &[&Entry], arguments: &List) -> io::Result<()> {
    let mut stdout = BufWriter::new(io::stdout().lock());
    let zone = TimeZone::system();
    for entry in entries {
        let line = match (arguments.json, arguments.long) {
            (true, _) => listing::json(entry),
            (_, true) => listing::long(entry, &zone),
            _ => printable(&entry.path),
        };
        writeln!(stdout, "{line}")?;
    }
    stdout.flush()
}
