//! `pear-archive create`.

use super::super::args::Create;
use super::super::config;
use super::super::exit::Exit;
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::size::show_size;
use super::super::watch::Watch;
use super::named_output;
use super::target::Target;
use crate::archive::{
    CreateOptions, CreateSummary, create, create_resumable, create_stream, partial_path,
};
use crate::tree::FileId;
use std::path::Path;

/// Makes the archive.
pub fn run(arguments: &Create, report: &Report) -> anyhow::Result<Exit> {
    let target = Target::archive(&arguments.archive, &arguments.volumes, arguments.force)?;
    if arguments.checkpoint.is_some() && matches!(target, Target::Stream(_)) {
        let name = config::shown(&arguments.archive);
        anyhow::bail!("{name}: --checkpoint needs an archive that is a regular file");
    }
    let (operands, absolute) = config::operands(&arguments.walking)?;
    if absolute {
        report.note("leading '/' removed from names in the archive");
    }
    let mut walking = config::walking(&arguments.walking)?;
    let (coding, resources) = (&arguments.coding, &arguments.resources);
    let mut options = config::create_options(coding, arguments.verify, resources)?;
    options.volume_size = arguments.volumes.volume_size;
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
