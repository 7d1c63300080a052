//! `pear-archive generate`: regenerates the files that are checked in.

use anyhow::Context;

use super::super::args::Generate;
use super::super::exit::Exit;
use super::super::generate::write_all;
use super::super::report::Report;

/// Writes the files.
pub fn run(arguments: &Generate, _: &Report) -> anyhow::Result<Exit> {
    let directory = &arguments.directory;
    write_all(directory).with_context(|| format!("{}", directory.display()))?;
    Ok(Exit::Fine)
}
