//! `pear-archive man`.

use anyhow::Context;

use super::super::args::Man;
use super::super::exit::Exit;
use super::super::generate::manual;
use super::super::report::Report;

/// Prints the page.
pub fn run(arguments: &Man, _: &Report) -> anyhow::Result<Exit> {
    let page = manual(arguments.command.as_deref())?;
    let page = page.with_context(|| {
        format!("no such command: {:?}", arguments.command.as_deref().unwrap_or_default())
    })?;
    super::print(&page)?;
    Ok(Exit::Fine)
}
