//! `pear-archive cat`.

use std::io::{self, Write};

use super::super::args::Cat;
use super::super::config;
use super::super::exit::Exit;
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::watch::Watch;
use super::{Input, named, piped, printed};
use crate::archive::{Archive, ArchiveError, cat_stream, not_found};
use crate::container::ReadAt;
use crate::entry::{Entry, Kind};
use crate::tree::Patterns;

/// Prints the files.
pub fn run(arguments: &Cat, report: &Report) -> anyhow::Result<Exit> {
    let limits = config::limits(&arguments.limits, &arguments.resources.memory);
    let cancel = cancel_flag()?;
    let name = config::shown(&arguments.archive);
    let watch = Watch::new(report, &name, &cancel);
    let control = watch.control();
    let named = |error| named(&arguments.archive, error);
    let patterns = config::selection(&arguments.archive, &arguments.patterns, &arguments.naming)?;
    let jobs = config::jobs(&arguments.resources);
    let mut stdout = io::stdout().lock();
    let result = match Input::open(&arguments.archive)? {
        Input::File(file) => {
            let archive = Archive::open_any(file, &limits, &control).map_err(named)?;
            let paths = files(&archive, &patterns).map_err(named)?;
            archive.cat_all(&paths, &mut stdout, jobs, &control)
        }
        Input::Pipe(input) => {
            let input = piped(input, &cancel);
            cat_stream(input, &patterns, &mut stdout, jobs, &limits, &control)
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

/// Returns the paths of the files that the patterns match themselves, in the order of
/// the patterns, those of one pattern by name. A directory does not stand for its
/// contents, or `cat` would concatenate files that nobody asked for.
fn files<'a, S: ReadAt>(
    archive: &'a Archive<S>,
    patterns: &Patterns,
) -> Result<Vec<&'a [u8]>, ArchiveError> {
    let patterns = patterns.among(archive.entries().iter().map(|entry| &entry.path[..]));
    let has_content = |entry: &Entry| match &entry.kind {
        Kind::File(_) => true,
        Kind::HardLink { target } => {
            archive.entry(target).is_some_and(|entry| matches!(entry.kind, Kind::File(_)))
        }
        _ => false,
    };
    let mut found: Vec<Vec<&[u8]>> = vec![Vec::new(); patterns.len()];
    let mut matched = vec![false; patterns.len()];
    for entry in archive.entries() {
        for pattern in patterns.matching_here(&entry.path) {
            matched[pattern] = true;
            if has_content(entry) {
                found[pattern].push(&entry.path);
            }
        }
    }
    if let Some(index) = found.iter().position(Vec::is_empty) {
        let given = patterns.given(index);
        return Err(match matched[index] {
            true => ArchiveError::NotAFile { path: given.to_vec() },
            false => not_found(given, archive.entries()),
        });
    }
    Ok(found.into_iter().flatten().collect())
}
