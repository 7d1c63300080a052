//! Conversion of raw arguments to the options of the archive layer.

use anyhow::{Context, bail};
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::args::{
    Bases, Coding, EntryLimits, Extract, LimitFlags, Memory, Naming, OverwriteName, Resources,
    Walking,
};
use super::cmd::Named;
use super::memory::free;
use crate::archive::{
    CreateBase, CreateOptions, GivenBase, GivenBases, Limits, Recipes, UpdateOptions,
};
use crate::codec::CodecOptions;
use crate::tree::{Excludes, Overwrite, Patterns, RestoreOptions, WalkOptions, archive_path};

/// Returns whether a path stands for standard input or output.
pub fn is_stdio(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Returns the paths to archive, those of `--files-from` last, and whether a leading `/`
/// will be dropped from one. At least one of the paths given by hand must exist.
///
/// # Errors
/// If none of them exists, the list cannot be read, or there is none.
pub fn operands(arguments: &Walking) -> anyhow::Result<(Vec<PathBuf>, bool)> {
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
    Ok((all, absolute))
}

/// Returns what a walk takes and leaves.
///
/// # Errors
/// As [`excludes`].
pub fn walking(arguments: &Walking) -> anyhow::Result<WalkOptions> {
    Ok(WalkOptions {
        base: arguments.directory.clone().unwrap_or_default(),
        excludes: excludes(arguments)?,
        one_file_system: arguments.one_file_system,
        leave_out: Vec::new(),
    })
}

/// Returns the patterns of `--exclude` and `--exclude-from`.
///
/// # Errors
/// If a file cannot be read or a pattern is not a valid glob.
fn excludes(arguments: &Walking) -> anyhow::Result<Excludes> {
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

/// Returns how packed files may be taken apart.
fn recipes(coding: &Coding) -> Recipes {
    let none = Recipes::NONE;
    match (coding.no_recipes, &coding.kinds[..]) {
        (true, _) => none,
        // Another codec than the model is asked for because it is fast.
        (false, []) if !codec_options(coding).choice.goes_on() => none,
        (false, []) => Recipes::ALL,
        // The arguments were checked.
        (false, kinds) => kinds.iter().fold(none, |all, kind| all.and(kind).unwrap_or(all)),
    }
}

/// Returns the options for writing an archive.
///
/// # Errors
/// If the base cannot be read, or takes more than the memory allowed.
pub fn create_options(
    coding: &Coding,
    verify: bool,
    resources: &Resources,
) -> anyhow::Result<CreateOptions> {
    let memory = memory(resources);
    let base = coding.base.as_deref().map(|path| -> anyhow::Result<CreateBase> {
        Ok(CreateBase { given: open_base(path, memory)?, outside: coding.base_outside })
    });
    Ok(CreateOptions {
        codec: codec_options(coding),
        group_size: coding.group_size,
        independent: coding.independent,
        base: base.transpose()?,
        jobs: jobs(resources),
        memory,
        verify,
        recipes: recipes(coding),
        volume_size: None,
        checkpoint: None,
        shard: None,
        deduplicate: !coding.no_deduplication,
    })
}

/// Returns the bases of `--base`.
///
/// # Errors
/// If one cannot be read, or they take more than the memory allowed.
pub fn bases(arguments: &Bases, limits: &Limits) -> anyhow::Result<GivenBases> {
    let mut bases = GivenBases::default();
    let mut left = limits.memory;
    for path in &arguments.base {
        let base = open_base(path, left)?;
        left = left.saturating_sub(base.bytes().len() as u64);
        bases.push(base);
    }
    Ok(bases)
}

fn open_base(path: &Path, memory: u64) -> anyhow::Result<GivenBase> {
    GivenBase::open(path, memory).map_err(|error| Named::about(&shown(path), error))
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
pub fn memory(resources: &Resources) -> u64 {
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

/// Returns the limits on what an archive that is changed may demand.
pub fn changing_limits(entries: &EntryLimits, memory: &Memory) -> Limits {
    let usual = entry_limits(entries);
    Limits { memory: reading_memory(memory, usual.memory), ..usual }
}

/// Returns how an archive is made that goes on from what an interrupted run left.
pub fn resuming(create: CreateOptions, resources: &Resources) -> UpdateOptions {
    let usual = Limits::default();
    let limits = Limits { memory: reading_memory(&resources.memory, usual.memory), ..usual };
    UpdateOptions { create, limits, ..UpdateOptions::default() }
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
