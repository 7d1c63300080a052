//! `pear-archive extract`.

use anyhow::{Context, bail};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::args::Extract;
use super::super::config;
use super::super::exit::Exit;
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::size::show_size;
use super::super::watch::Watch;
use super::{Input, Named, named, piped};
use crate::archive::{
    Archive, ArchiveError, Control, ExtractOptions, ExtractSummary, Limits, Volumes, extract_stream,
};
use crate::entry::{Entry, Kind};
use crate::tree::{Overwrite, RestoreOptions, Restorer, TreeError};

/// Unpacks the archive.
pub fn run(arguments: &Extract, report: &Report) -> anyhow::Result<Exit> {
    let limits = config::limits(&arguments.limits, &arguments.resources.memory);
    let options = ExtractOptions {
        patterns: config::selection(&arguments.archive, &arguments.patterns, &arguments.naming)?,
        restore: config::restore_options(arguments),
        jobs: config::jobs(&arguments.resources),
        keep_damaged: arguments.keep_damaged,
        bases: config::bases(&arguments.bases, &limits)?,
        generation: arguments.generation.generation.unwrap_or_default(),
    };
    let cancel = cancel_flag()?;
    let name = config::shown(&arguments.archive);
    let watch = Watch::new(report, &name, &cancel);
    let work = Work { arguments, limits, options, control: watch.control() };
    let summary = match Input::open(&arguments.archive)? {
        Input::File(volumes) => work.file(volumes)?,
        Input::Pipe(input) => work.stream(input, &cancel)?,
    };
    let exit = watch.exit();
    let ExtractSummary { entries, bytes, .. } = summary;
    report.summary(format_args!("{entries} entries extracted, {}", show_size(bytes)));
    Ok(exit)
}

struct Work<'a> {
    arguments: &'a Extract,
    limits: Limits,
    options: ExtractOptions,
    control: Control<'a>,
}

impl Work<'_> {
    /// Extracts through the index, or, without it, what is left of the archive.
    fn file(&self, volumes: Volumes) -> anyhow::Result<ExtractSummary> {
        let named = |error| named(&self.arguments.archive, error);
        let at = self.options.generation;
        let archive = Archive::open_volumes(volumes, &self.limits, &self.control, at);
        let archive = archive.map_err(named)?;
        let archive = archive.with_bases(self.options.bases.clone());
        archive.keep_groups(0);
        let selected = archive.select(&self.options.patterns).map_err(named)?;
        archive.check_memory(selected.iter().copied()).map_err(named)?;
        let destination = self.destination(Some(&selected))?;
        self.check_free(&destination, &selected)?;
        let run = archive.extract(&destination.path, &self.options, &self.control);
        destination.keep_if_used(run.is_ok());
        run.map_err(named)
    }

    /// Extracts from front to back.
    fn stream(&self, input: File, cancel: &AtomicBool) -> anyhow::Result<ExtractSummary> {
        let destination = self.destination(None)?;
        let input = piped(input, cancel);
        let (path, options) = (&destination.path, &self.options);
        let run = extract_stream(input, path, options, &self.limits, &self.control);
        destination.keep_if_used(run.is_ok());
        if cancel.load(Ordering::Relaxed) {
            // Reported as an interrupt, whatever error the operation saw.
            return Err(named(&self.arguments.archive, ArchiveError::Interrupted));
        }
        run.map_err(|error| named(&self.arguments.archive, error))
    }

    /// Returns the directory to extract into. Without `-C` and `--here` that is a new
    /// directory, or the only top entry, which must not exist yet.
    fn destination(&self, selected: Option<&[&Entry]>) -> anyhow::Result<Destination> {
        if let Some(directory) = &self.arguments.directory {
            return Destination::make(directory.clone(), true);
        }
        let here = || Ok(Destination { path: PathBuf::from("."), made: false });
        if self.arguments.here || selected.is_some_and(<[_]>::is_empty) {
            return here();
        }
        let merge = self.options.restore.overwrite != Overwrite::Refuse;
        match selected.and_then(|selected| self.only_top(selected)) {
            Some(top) if !merge => {
                refuse_existing(Path::new(&top))?;
                here()
            }
            Some(_) => here(),
            None if config::is_stdio(&self.arguments.archive) => {
                bail!("extracting from standard input needs a destination: use -C DIR or --here")
            }
            None => Destination::make(named_after(&self.arguments.archive), merge),
        }
    }

    /// Returns the first component that all selected paths share, after stripping.
    fn only_top(&self, selected: &[&Entry]) -> Option<PathBuf> {
        let strip = self.options.restore.strip_components;
        let top = |entry: &&Entry| -> Option<Vec<u8>> {
            Some(entry.path.split(|&byte| byte == b'/').nth(strip)?.to_vec())
        };
        let tops: BTreeSet<Vec<u8>> = selected.iter().filter_map(top).collect();
        let mut tops = tops.into_iter();
        match (tops.next(), tops.next()) {
            (Some(only), None) => {
                use std::os::unix::ffi::OsStringExt;
                Some(std::ffi::OsString::from_vec(only).into())
            }
            _ => None,
        }
    }

    /// Refuses before anything is written if something exists at an entry's path.
    /// Unsafe entries are refused later, by the extraction.
    fn check_free(&self, destination: &Destination, selected: &[&Entry]) -> anyhow::Result<()> {
        let RestoreOptions { overwrite, .. } = self.options.restore;
        if overwrite != Overwrite::Refuse || destination.made {
            return Ok(());
        }
        let restorer = Restorer::new(&destination.path, self.options.restore.clone())
            .map_err(|error| named(&self.arguments.archive, error.into()))?;
        for entry in selected.iter().filter(|entry| entry.kind != Kind::Directory) {
            match restorer.occupied(&entry.path) {
                Ok(true) => {
                    use std::os::unix::ffi::OsStrExt;
                    let name = std::ffi::OsStr::from_bytes(&entry.path);
                    let path = destination.path.join(name);
                    let error = ArchiveError::from(TreeError::Exists { path });
                    let message = format!("{error}; nothing extracted (see --overwrite)");
                    return Err(Named { message, error }.into());
                }
                Ok(false) => {}
                Err(error) if error.is_unsafe() => {}
                Err(error) => return Err(named(&self.arguments.archive, error.into())),
            }
        }
        Ok(())
    }
}

/// The directory to extract into.
struct Destination {
    path: PathBuf,
    /// Whether it was made by this run.
    made: bool,
}

impl Destination {
    /// Makes a directory, or uses an existing one if it may be `shared`.
    fn make(path: PathBuf, shared: bool) -> anyhow::Result<Destination> {
        if shared && path.is_dir() {
            return Ok(Destination { path, made: false });
        }
        if !shared {
            refuse_existing(&path)?;
        }
        fs::create_dir(&path).with_context(|| config::shown(&path))?;
        Ok(Destination { path, made: true })
    }

    /// Removes the directory again if it was made and not used.
    fn keep_if_used(&self, used: bool) {
        if self.made && !used {
            // Fails if something was extracted before the failure.
            let _ = fs::remove_dir(&self.path);
        }
    }
}

fn refuse_existing(path: &Path) -> anyhow::Result<()> {
    if path.symlink_metadata().is_ok() {
        let shown = config::shown(path);
        bail!("{shown}: already exists; nothing extracted (see --overwrite, --here and -C)");
    }
    Ok(())
}

/// Returns `photos` for `some/where/photos.pear` and for its volumes.
fn named_after(archive: &Path) -> PathBuf {
    let archive = Volumes::without_number(archive);
    archive.file_stem().unwrap_or(archive.as_os_str()).into()
}
