//! `pear-archive completions`.

use super::super::args::Completions;
use super::super::exit::Exit;
use super::super::generate::completion;
use super::super::report::Report;

/// Prints the script.
pub fn run(arguments: &Completions, _: &Report) -> anyhow::Result<Exit> {
    super::print(&completion(arguments.shell))?;
    Ok(Exit::Fine)
}
