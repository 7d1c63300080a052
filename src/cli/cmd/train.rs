//! `pear-archive train`.

use std::io::Write;

use super::super::args::Train;
use super::super::config;
use super::super::exit::Exit;
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::size::show_size;
use super::super::watch::Watch;
use super::target::Target;
use super::{named_output, printed};
use crate::archive::{TrainOptions, Trained, Written, train, train_file};
use crate::tree::FileId;

/// Makes the base.
pub fn run(arguments: &Train, report: &Report) -> anyhow::Result<Exit> {
    let target = Target::of(&arguments.output, Written::Base, arguments.force)?;
    // Names do not come into a base.
    let (operands, _) = config::operands(&arguments.walking)?;
    let mut walking = config::walking(&arguments.walking)?;
    let options = TrainOptions {
        size: arguments.size,
        jobs: config::jobs(&arguments.resources),
        memory: config::memory(&arguments.resources),
    };
    let cancel = cancel_flag()?;
    let watch = Watch::new(report, "", &cancel);
    let control = watch.control();
    watch.begin("scanning files");
    let trained = match target {
        Target::File(path) => train_file(&path, &operands, walking, &options, &control),
        Target::Stream(mut output) => {
            walking.leave_out.push(FileId::of(&output)?);
            let trained = train(&operands, walking, &options, &control);
            if let Ok(Trained { bytes, .. }) = &trained {
                printed(output.write_all(bytes))?;
            }
            trained
        }
    };
    let trained = trained.map_err(|error| named_output(&arguments.output, error))?;
    let exit = watch.exit();
    let Trained { bytes, looked_at, taken } = trained;
    report.summary(format_args!(
        "looked at {looked_at} files, took {taken} of them, {}",
        show_size(bytes.len() as u64),
    ));
    Ok(exit)
}
