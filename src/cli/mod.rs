//! The command line: arguments in, exit code out.
//!
//! `args` says what may be written, `config` turns it into what the archive
//! floor takes, `cmd` has one file per command, `report` is all that people
//! see, `exit` the codes scripts see. Data goes to stdout, messages to stderr.

mod args;
mod cmd;
pub mod exit;
mod generate;
mod json;
mod listing;
mod report;
mod signal;
mod size;

use clap::Parser;

use self::args::Arguments;
use self::exit::Exit;
use self::report::Report;

/// Runs the program on the arguments of the process.
pub fn main() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(message) => {
            // Help and version are no errors and go to stdout.
            let _ = message.print();
            return if message.use_stderr() { Exit::Failure } else { Exit::Fine };
        }
    };
    let report = Report::new(arguments.global);
    match cmd::run(arguments.command, &report) {
        Ok(exit) => exit,
        Err(error) => {
            report.error(format_args!("{error:#}"));
            Exit::Failure
        }
    }
}
