//! Conversion of raw arguments to the options of the archive layer.

use anyhow::{Context, bail};
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::args::{
    Coding, Create, EntryLimits, Extract, LimitFlags, Memory, Naming, OverwriteName, Resources,
};
use super::memory::free;
use super::report::Report;
use crate::archive::{CreateOptions, Limits};
use crate::codec::CodecOptions;
use crate::tree::{Excludes, Overwrite, Patterns, RestoreOptions, archive_path};

/// Returns whether a path stands for standard input or output.
pub fn is_stdio(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Returns the paths to archive, those of `--files-from` last. At least one of the
/// paths given by hand must exist. Prints one note if a leading `/` will be dropped.
///
/// # Errors
/// If none of them exists, the list cannot be read, or there is none.
pub fn operands(arguments: &Create, report: &Report) -> anyhow::Result<Vec<PathBuf>> {
    let base = arguments.directory.as_deref().unwrap_or(Path::new(""));
    // The walk reports missing ones.
    let found = |path: &PathBuf| base.join(path).symlink_metadata();
    if arguments.files_from.is_none() && arguments.paths.iter().all(|path| found(path).is_err()) {
        for path in &arguments.paths {
            found(path).with_context(|| shown(&base.join(path)))?;
        }
    }
    let mut all = arguments.paths.clone();
    if let Some(list) = &arguments.files_from {
        let names = listed_names(list, arguments.null)?.into_iter();
        all.extend(names.map(|name| PathBuf::from(OsString::from_vec(name))));
    }
    if all.is_empty() {
        bail!("nothing to archive: --files-from lists no paths");
    }
    let mut absolute = false;
    for path in &all {
        absolute |= archive_path(path)?.1;
    }
    if absolute {
        report.note("leading '/' removed from names in the archive");
    }
    Ok(all)
}

/// Returns the patterns of `--exclude` and `--exclude-from`.
///
/// # Errors
/// If a file cannot be read or a pattern is not a valid glob.
pub fn excludes(arguments: &Create) -> anyhow::Result<Excludes> {
    let mut all: Vec<Vec<u8>> = bytes_of(&arguments.exclude);
    for path in &arguments.exclude_from {
        let text = read_list(path)?;
        // Some editors begin a file with it.
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text);
        let lines = text.split(|&byte| byte == b'\n');
        // Lists from other systems end their lines with CR LF.
        let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
        all.extend(lines.map(<[u8]>::to_vec));
    }
    Ok(Excludes::new(&all)?)
}

/// Returns the patterns that select entries of `archive`, the names of `--files-from`
/// last.
///
/// # Errors
/// If the list cannot be read, or is empty: an empty selection must not become
/// everything.
pub fn selection(
    archive: &Path,
    patterns: &[OsString],
    naming: &Naming,
) -> anyhow::Result<Patterns> {
    let given = bytes_of(patterns);
    let selected = match naming.literal {
        true => Patterns::default().and_names(&given),
        false => Patterns::selecting(&given)?,
    };
    let Some(list) = &naming.files_from else { return Ok(selected) };
    if is_stdio(list) && is_stdio(archive) {
        bail!("standard input cannot be both the archive and --files-from; name one as a file");
    }
    let selected = selected.and_names(&listed_names(list, naming.null)?);
    if selected.is_empty() {
        bail!("{}: lists no names", shown(list));
    }
    Ok(selected)
}

/// Returns the names in the file of `--files-from`.
fn listed_names(list: &Path, null: bool) -> anyhow::Result<Vec<Vec<u8>>> {
    let separator = if null { 0 } else { b'\n' };
    let text = read_list(list)?;
    let names = text.split(|&byte| byte == separator).filter(|name| !name.is_empty());
    Ok(names.map(<[u8]>::to_vec).collect())
}

fn bytes_of(names: &[OsString]) -> Vec<Vec<u8>> {
    names.iter().map(|name| name.as_bytes().to_vec()).collect()
}

fn read_list(path: &Path) -> anyhow::Result<Vec<u8>> {
    if is_stdio(path) {
        let mut text = Vec::new();
        std::io::stdin().lock().read_to_end(&mut text).context("standard input")?;
        return Ok(text);
    }
    std::fs::read(path).with_context(|| shown(path))
}

/// Formats a path for a message.
pub fn shown(path: &Path) -> String {
    if is_stdio(path) {
        return "standard input".to_owned();
    }
    crate::tree::printable(path.as_os_str().as_bytes())
}

/// Returns the options for compression.
fn codec_options(coding: &Coding) -> CodecOptions {
    let choice = coding.codec.0;
    CodecOptions { choice, level: coding.level, lanes: coding.lanes, ..CodecOptions::default() }
}

/// Returns the options for writing an archive.
pub fn create_options(coding: &Coding, verify: bool, resources: &Resources) -> CreateOptions {
    CreateOptions {
        codec: codec_options(coding),
        group_size: coding.group_size,
        independent: coding.independent,
        jobs: jobs(resources),
        memory: memory(resources),
        verify,
    }
}

/// Returns the number of groups coded at once: as requested, or one per core.
pub fn jobs(resources: &Resources) -> usize {
    match resources.jobs {
        Some(jobs) => usize::from(jobs),
        None => std::thread::available_parallelism().map_or(1, usize::from),
    }
}

/// Returns the memory limit, in bytes, for making an archive: as requested, or half of
/// what is free. It decides only how many groups are coded at once, never the result.
fn memory(resources: &Resources) -> u64 {
    let usual = || free(Path::new("/")).map_or(1 << 30, |free| free / 2);
    resources.memory.memory.unwrap_or_else(usual)
}

/// Returns the memory limit, in bytes, for reading an archive: as requested, or three
/// quarters of what is free, and no more than `usual`.
fn reading_memory(asked: &Memory, usual: u64) -> u64 {
    let free = || free(Path::new("/")).map_or(usual, |free| usual.min(free / 4 * 3));
    asked.memory.unwrap_or_else(free)
}

/// Returns the limits on what an archive may demand.
pub fn limits(flags: &LimitFlags, memory: &Memory) -> Limits {
    let usual = entry_limits(&flags.entries);
    Limits {
        output_bytes: flags.max_output.unwrap_or(usual.output_bytes),
        memory: reading_memory(memory, usual.memory),
        ..usual
    }
}

/// Returns the limits on what entries may demand.
pub fn entry_limits(flags: &EntryLimits) -> Limits {
    let usual = Limits::default();
    Limits {
        entries: flags.max_entries.unwrap_or(usual.entries),
        path_length: flags.max_name.unwrap_or(usual.path_length),
        path_depth: flags.max_depth.unwrap_or(usual.path_depth),
        ..usual
    }
}

/// Returns the options for restoring entries.
pub fn restore_options(arguments: &Extract) -> RestoreOptions {
    let overwrite = match arguments.overwrite {
        None => Overwrite::Refuse,
        Some(OverwriteName::Never) => Overwrite::Never,
        Some(OverwriteName::Always) => Overwrite::Always,
        Some(OverwriteName::Newer) => Overwrite::Newer,
        Some(OverwriteName::Rename) => Overwrite::Rename,
    };
    RestoreOptions {
        overwrite,
        preserve: arguments.preserve,
        numeric_owner: arguments.numeric_owner,
        strip_components: arguments.strip_components,
        ..RestoreOptions::default()
    }
}
