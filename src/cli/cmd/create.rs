//! `pear-archive create`.

use super::super::args::{Create, Sharding};
use super::super::config;
use super::super::exit::Exit;
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::size::show_size;
use super::super::watch::Watch;
use super::named_output;
use super::target::Target;
use crate::archive::{
    CreateOptions, CreateSummary, ShardOptions, create, create_resumable, create_stream,
    partial_path,
};
use crate::tree::{FileId, WalkOptions, archive_path};
use anyhow::bail;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Makes the archive.
pub fn run(arguments: &Create, report: &Report) -> anyhow::Result<Exit> {
    let target = Target::archive(&arguments.archive, &arguments.volumes, arguments.force)?;
    if arguments.checkpoint.is_some() && matches!(target, Target::Stream(_)) {
        let name = config::shown(&arguments.archive);
        bail!("{name}: --checkpoint needs an archive that is a regular file");
    }
    let (operands, absolute) = config::operands(&arguments.walking)?;
    if absolute {
        report.note("leading '/' removed from names in the archive");
    }
    let mut walking = config::walking(&arguments.walking)?;
    let (coding, resources) = (&arguments.coding, &arguments.resources);
    let mut options = config::create_options(coding, arguments.verify, resources)?;
    options.volume_size = arguments.volumes.volume_size;
    options.shard = shard(arguments, &operands, &mut walking)?;
    let cancel = cancel_flag()?;
    let watch = Watch::new(report, "", &cancel);
    let control = watch.control();
    watch.begin("scanning files");
    let summary = match target {
        Target::Stream(output) => {
            walking.leave_out.push(FileId::of(&output)?);
            create_stream(output, &operands, walking, &options, &control)
        }
        Target::File(path) if arguments.checkpoint.is_some() => {
            let create = CreateOptions { checkpoint: arguments.checkpoint, ..options };
            let options = config::resuming(create, resources);
            let made = create_resumable(&path, &operands, walking, &options, &control);
            made.inspect_err(|_| say_what_is_kept(&path, report))
        }
        Target::File(path) => create(&path, &operands, walking, &options, &control),
    };
    let summary = summary.map_err(|error| named_output(&arguments.archive, error))?;
    let exit = watch.exit();
    tell(&summary, report);
    Ok(exit)
}

/// Says where the last checkpoint is.
fn say_what_is_kept(path: &Path, report: &Report) {
    let partial = partial_path(path);
    let length = partial.metadata().map_or(0, |it| it.len());
    if length > 0 {
        let (name, size) = (config::shown(&partial), show_size(length));
        report.note(format_args!("{name}: {size} are kept; the same command goes on from there"));
    }
}

/// Returns which part of a plan is made.
///
/// # Errors
/// If other machines would find the part among what they archive.
fn shard(
    arguments: &Create,
    operands: &[PathBuf],
    walking: &mut WalkOptions,
) -> anyhow::Result<Option<ShardOptions>> {
    let Sharding { shard: Some((number, count)), shard_unit: unit } = arguments.sharding else {
        return Ok(None);
    };
    if is_among(&arguments.archive, operands, walking) {
        bail!(
            "{}: other machines would find it among what they archive: write it elsewhere, or \
             leave it out with --exclude on all of them",
            config::shown(&arguments.archive)
        );
    }
    Ok(Some(ShardOptions { number, count, unit }))
}

/// Returns whether a walk would find a file where the archive will be.
fn is_among(archive: &Path, operands: &[PathBuf], walking: &mut WalkOptions) -> bool {
    let parent = archive.parent().filter(|parent| !parent.as_os_str().is_empty());
    let (Ok(directory), Some(file)) =
        (parent.unwrap_or(Path::new(".")).canonicalize(), archive.file_name())
    else {
        return false;
    };
    let place = directory.join(file);
    operands.iter().any(|operand| {
        let root = walking.base.join(operand).canonicalize();
        let below = root.ok().and_then(|root| Some(place.strip_prefix(root).ok()?.to_owned()));
        let (Some(below), Ok((mut name, _))) = (below, archive_path(operand)) else {
            return false;
        };
        if !name.is_empty() {
            name.push(b'/');
        }
        name.extend_from_slice(below.as_os_str().as_bytes());
        !walking.excludes.excludes_or_above(&name, false)
    })
}

/// Reports what was made.
pub(super) fn tell(summary: &CreateSummary, report: &Report) {
    let CreateSummary { entries, bytes, stored, .. } = *summary;
    let ratio = bytes as f64 / stored.max(1) as f64;
    report.summary(format_args!(
        "{entries} entries, {} of data in {}, ratio {ratio:.3}",
        show_size(bytes),
        show_size(stored),
    ));
}
