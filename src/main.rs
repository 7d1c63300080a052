//! The `pear-archive` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    pear_archive::cli::main().into()
}
