//! `pear-archive cat`.

use std::io;

use super::super::args::Cat;
use super::super::config;
use super::super::exit::Exit;
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::watch::Watch;
use super::{named, open_archive};
use crate::archive::{Archive, ArchiveError};
use crate::container::ReadAt;
use crate::entry::{Entry, Kind};
use crate::tree::Patterns;

/// Prints the files.
pub fn run(arguments: &Cat, report: &Report) -> anyhow::Result<Exit> {
    let limits = config::limits(&arguments.limits, Some(&arguments.resources));
    let cancel = cancel_flag()?;
    let name = config::shown(&arguments.archive);
    let watch = Watch::new(report, &name, &cancel);
    let control = watch.control();
    let archive = open_archive(&arguments.archive, &limits, &control)?;
    let mut paths = Vec::new();
    for pattern in &arguments.patterns {
        let patterns = config::selection(std::slice::from_ref(pattern))?;
        let found = files(&archive, &patterns);
        paths.extend(found.map_err(|error| named(&arguments.archive, error))?);
    }
    let jobs = config::jobs(&arguments.resources);
    let mut stdout = io::stdout().lock();
    for path in paths {
        match archive.cat(path, &mut stdout, jobs, &control) {
            Err(ArchiveError::Io { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => {
                return Ok(Exit::Fine);
            }
            other => other.map_err(|error| named(&arguments.archive, error))?,
        };
    }
    Ok(watch.exit())
}

/// Paths of the files a pattern matches by itself: a directory does not stand
/// for what is in it, or `cat` would run together what nobody asked for.
fn files<'a, S: ReadAt>(
    archive: &'a Archive<S>,
    patterns: &Patterns,
) -> Result<Vec<&'a [u8]>, ArchiveError> {
    let matched = || archive.entries().iter().filter(|entry| patterns.matches_here(&entry.path));
    let has_content = |entry: &&Entry| match &entry.kind {
        Kind::File(_) => true,
        Kind::HardLink { target } => {
            archive.entry(target).is_some_and(|entry| matches!(entry.kind, Kind::File(_)))
        }
        _ => false,
    };
    let files: Vec<_> = matched().filter(has_content).map(|entry| &entry.path[..]).collect();
    let pattern = || patterns.given(0).to_vec();
    match (files.is_empty(), matched().next()) {
        (false, _) => Ok(files),
        (true, None) => Err(ArchiveError::NotFound { pattern: pattern() }),
        (true, Some(_)) => Err(ArchiveError::NotAFile { path: pattern() }),
    }
}
