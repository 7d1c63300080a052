//! `pear-archive generations`.

use super::super::args::Generations;
use super::super::exit::Exit;
use super::super::records::GenerationRecord;
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::size::show_size;
use super::super::watch::Watch;
use super::super::{config, date, json};
use super::{Input, named};
use crate::archive::{Archive, ArchiveError, At, GenerationInfo};

/// Prints the generations.
pub fn run(arguments: &Generations, report: &Report) -> anyhow::Result<Exit> {
    let limits = config::changing_limits(&arguments.limits, &arguments.memory);
    let cancel = cancel_flag()?;
    let name = config::shown(&arguments.archive);
    let watch = Watch::new(report, &name, &cancel);
    let control = watch.control();
    let named = |error| named(&arguments.archive, error);
    let Input::File(volumes) = Input::open(&arguments.archive)? else {
        return Err(named(ArchiveError::FromPipe { what: "a list of generations" }));
    };
    let archive = Archive::open_volumes(volumes, &limits, &control, At::Newest).map_err(named)?;
    let all = archive.generations(&limits, &control).map_err(named)?;
    let text: String = match arguments.json {
        true => all.iter().map(|one| json::line(&GenerationRecord::of(one)) + "\n").collect(),
        false => {
            let head = "generation  date                    entries      added       dead\n";
            [head.to_owned()].into_iter().chain(all.iter().map(row)).collect()
        }
    };
    super::print(text.as_bytes())?;
    Ok(watch.exit())
}

fn row(info: &GenerationInfo) -> String {
    let unknown = || "unknown".to_owned();
    format!(
        "{:>10}  {:<19}  {:>10} {:>10} {:>10}{}\n",
        info.number,
        info.date.map_or("-".to_owned(), date::show_date),
        info.entries.map_or_else(unknown, |entries| entries.to_string()),
        show_size(info.added),
        info.dead.map_or_else(unknown, show_size),
        if info.incomplete { "  incomplete" } else { "" },
    )
}
