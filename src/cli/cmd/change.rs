//! What `update`, `append`, `delete` and `rename` share.

use super::super::args::{Append, Coding, Dating, Delete, EntryLimits, Rename, Resources, Update};
use super::super::config;
use super::super::exit::Exit;
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::size::show_size;
use super::super::watch::Watch;
use super::named;
use crate::archive::{ArchiveError, Control, Existing, Limits, RenameOptions, UpdateOptions};
use crate::archive::{UpdateSummary, delete, rename, update};
use crate::cli::args::{Memory, Walking};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// What to do if a name is in the archive already.
const APPENDING: &str = "nothing was added; see 'update' and --skip-existing";

/// Runs a change, and reports what it did. `hint` says what to do if a name is taken.
fn change(
    archive: &Path,
    report: &Report,
    hint: &str,
    work: impl FnOnce(&Control) -> Result<UpdateSummary, ArchiveError>,
) -> anyhow::Result<Exit> {
    let cancel = cancel_flag()?;
    let name = config::shown(archive);
    let watch = Watch::new(report, &name, &cancel);
    let control = watch.control();
    watch.begin("comparing files");
    let summary = work(&control).map_err(|error| match error {
        // The name is in the message, and is that of an entry.
        ArchiveError::InArchive { .. } => super::Named::with_hint(&name, error, hint),
        other => named(archive, other),
    })?;
    let exit = watch.exit();
    let UpdateSummary { generation, added, replaced, removed, unchanged, bytes, stored, .. } =
        summary;
    report.summary(match generation {
        None => format!("{name}: nothing changed, {unchanged} entries"),
        Some(generation) => format!(
            "{name}: generation {generation}: {added} added, {replaced} replaced, \
             {removed} removed, {unchanged} unchanged; {} of data, {} more",
            show_size(bytes),
            show_size(stored),
        ),
    });
    Ok(exit)
}

/// Returns the date of a new generation.
fn date(dating: Dating) -> Option<i64> {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).ok();
    let now = || now().and_then(|since| i64::try_from(since.as_secs()).ok());
    dating.date.or_else(|| if dating.no_date { None } else { now() })
}

fn limits(entries: &EntryLimits, memory: &Memory) -> Limits {
    config::changing_limits(entries, memory)
}

/// What `update` and `append` have in common.
struct Given<'a> {
    archive: &'a Path,
    walking: &'a Walking,
    coding: &'a Coding,
    volume_size: Option<u64>,
    verify: bool,
    resources: &'a Resources,
}

fn bring_up(given: Given, options: UpdateOptions, report: &Report) -> anyhow::Result<Exit> {
    let (operands, absolute) = config::operands(given.walking)?;
    if absolute {
        report.note("leading '/' removed from names in the archive");
    }
    let walking = config::walking(given.walking)?;
    let mut create = config::create_options(given.coding, given.verify, given.resources)?;
    create.volume_size = given.volume_size;
    let options = UpdateOptions { create, ..options };
    change(given.archive, report, APPENDING, |control| {
        update(given.archive, &operands, walking, &options, control)
    })
}

/// Runs `update`.
pub mod updating {
    use super::*;

    /// Brings the archive up to what is on disk.
    pub fn run(arguments: &Update, report: &Report) -> anyhow::Result<Exit> {
        let Update { archive, walking, coding, verify, resources, .. } = arguments;
        let volume_size = arguments.volume_size;
        let given = Given { archive, walking, coding, volume_size, verify: *verify, resources };
        let options = UpdateOptions {
            limits: limits(&arguments.limits, &resources.memory),
            checksum: arguments.checksum,
            mirror: arguments.mirror,
            date: date(arguments.date),
            ..UpdateOptions::default()
        };
        bring_up(given, options, report)
    }
}

/// Runs `append`.
pub mod appending {
    use super::*;

    /// Adds files.
    pub fn run(arguments: &Append, report: &Report) -> anyhow::Result<Exit> {
        let Append { archive, walking, coding, verify, resources, .. } = arguments;
        let volume_size = arguments.volume_size;
        let given = Given { archive, walking, coding, volume_size, verify: *verify, resources };
        let existing = if arguments.skip_existing { Existing::Keep } else { Existing::Refuse };
        let options = UpdateOptions {
            limits: limits(&arguments.limits, &resources.memory),
            existing,
            date: date(arguments.date),
            ..UpdateOptions::default()
        };
        bring_up(given, options, report)
    }
}

/// Runs `delete`.
pub mod deleting {
    use super::*;

    /// Removes entries.
    pub fn run(arguments: &Delete, report: &Report) -> anyhow::Result<Exit> {
        let Delete { archive, patterns, naming, memory, .. } = arguments;
        let patterns = config::selection(archive, patterns, naming)?;
        let limits = limits(&arguments.limits, memory);
        let options = RenameOptions { limits, date: date(arguments.date) };
        change(archive, report, "", |control| delete(archive, &patterns, &options, control))
    }
}

/// Runs `rename`.
pub mod renaming {
    use super::*;

    /// Renames an entry.
    pub fn run(arguments: &Rename, report: &Report) -> anyhow::Result<Exit> {
        let Rename { archive, old, new, memory, .. } = arguments;
        let limits = limits(&arguments.limits, memory);
        let options = RenameOptions { limits, date: date(arguments.date) };
        let trimmed = |name: &std::ffi::OsString| {
            let name = name.as_bytes();
            name.strip_suffix(b"/").unwrap_or(name).to_vec()
        };
        let (old, new) = (trimmed(old), trimmed(new));
        change(archive, report, "nothing was renamed", |control| {
            rename(archive, &old, &new, &options, control)
        })
    }
}
