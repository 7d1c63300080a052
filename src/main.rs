//! The `pear-archive` program.

use pear_archive::arith::refusal::Reporting;
use std::process::ExitCode;

/// Ends the program in order when the system has no more memory.
#[global_allocator]
static ALLOCATOR: Reporting = Reporting;

fn main() -> ExitCode {
    pear_archive::cli::main().into()
}
