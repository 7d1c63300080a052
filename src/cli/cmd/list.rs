//! `pear-archive list`.

use jiff::tz::TimeZone;
use std::io::{self, BufReader, BufWriter, Write};

use super::super::args::List;
use super::super::exit::Exit;
use super::super::report::Report;
use super::super::signal::{Interruptible, archive_from_stdin, cancel_flag};
use super::super::watch::Watch;
use super::super::{config, listing};
use super::{named, open_archive, printed, select};
use crate::archive::{Limits, list_stream};
use crate::entry::Entry;
use crate::tree::printable;

/// Prints the list.
pub fn run(arguments: &List, report: &Report) -> anyhow::Result<Exit> {
    let patterns = config::selection(&arguments.archive, &arguments.patterns, &arguments.naming)?;
    let limits = config::limits(&arguments.limits, &arguments.memory);
    let (archive, piped);
    let entries = if config::is_stdio(&arguments.archive) {
        piped = from_stdin(&limits, arguments, report)?;
        &piped[..]
    } else {
        archive = open_archive(&arguments.archive, &limits)?;
        archive.entries()
    };
    let selected = select(entries, &patterns).map_err(|error| named(&arguments.archive, error))?;
    printed(print_all(&selected, arguments))?;
    Ok(Exit::Fine)
}

fn from_stdin(limits: &Limits, arguments: &List, report: &Report) -> anyhow::Result<Vec<Entry>> {
    let cancel = cancel_flag()?;
    let watch = Watch::new(report, "standard input", &cancel);
    let input = BufReader::new(Interruptible::new(archive_from_stdin()?, &cancel));
    list_stream(input, limits, &watch.control()).map_err(|error| named(&arguments.archive, error))
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
