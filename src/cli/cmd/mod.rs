//! The commands, one file each.

mod completions;
mod generate;
mod man;

use std::io::{self, Write};

use super::args::Command;
use super::exit::Exit;
use super::report::Report;

/// Runs a command.
///
/// # Errors
/// What ends the run with [`Exit::Failure`] or, if it is an error of the
/// archive floor, with the code that belongs to it.
pub fn run(command: Command, report: &Report) -> anyhow::Result<Exit> {
    let _ = report;
    match command {
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        _ => anyhow::bail!("not built yet"),
    }
}

/// Writes data to standard output. A reader that went away is no error: it
/// has what it wanted.
fn print(data: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(data).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
