//! `pear-archive cat`.

use std::io::{self, Write};

use super::super::args::Cat;
use super::super::config;
use super::super::exit::Exit;
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::watch::Watch;
use super::{Input, named, piped, printed};
use crate::archive::{Archive, ArchiveError, ExtractOptions, cat_stream_with};

/// Prints the files.
pub fn run(arguments: &Cat, report: &Report) -> anyhow::Result<Exit> {
    let limits = config::limits(&arguments.limits, &arguments.resources.memory);
    let cancel = cancel_flag()?;
    let name = config::shown(&arguments.archive);
    let watch = Watch::new(report, &name, &cancel);
    let control = watch.control();
    let named = |error| named(&arguments.archive, error);
    let at = arguments.generation.generation.unwrap_or_default();
    let patterns = config::selection(&arguments.archive, &arguments.patterns, &arguments.naming)?;
    let jobs = config::jobs(&arguments.resources);
    let bases = config::bases(&arguments.bases, &limits)?;
    let mut stdout = io::stdout().lock();
    let result = match Input::open(&arguments.archive)? {
        Input::File(volumes) => {
            let archive = Archive::open_volumes(volumes, &limits, &control, at).map_err(named)?;
            let archive = archive.with_bases(bases);
            // Each group is decoded only once, up to the last byte that is printed.
            archive.keep_groups(0);
            let paths = archive.select_files(&patterns).map_err(named)?;
            archive.cat_all(&paths, &mut stdout, jobs, &control)
        }
        Input::Pipe(input) => {
            let input = piped(input, &cancel);
            let options =
                ExtractOptions { patterns, jobs, bases, generation: at, ..Default::default() };
            cat_stream_with(input, &options, &mut stdout, &limits, &control)
        }
    };
    match result {
        Err(ArchiveError::Io { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => {
            return Ok(Exit::Fine);
        }
        other => drop(other.map_err(named)?),
    }
    // Text after the last newline is still in a buffer.
    printed(stdout.flush())?;
    Ok(watch.exit())
}
