//! The command line: arguments in, exit code out.
//!
//! `args` defines the arguments, `config` converts them to the options of the archive
//! layer, `cmd` has one file per command, `report` prints everything that people see,
//! and `exit` has the codes that scripts see. Data goes to stdout, messages to stderr.

mod args;
mod cmd;
mod config;
mod date;
pub mod exit;
mod generate;
mod json;
mod listing;
mod memory;
mod records;
mod report;
mod shortage;
mod signal;
mod size;
mod volumes;
mod watch;

use clap::Parser;
use std::io::{self, Write};

use self::args::Arguments;
use self::exit::Exit;
use self::report::Report;
use crate::archive::ArchiveError;
use crate::arith::closed::stdout_was_closed;
use crate::arith::panics::print_no_caught;
use crate::arith::refusal::when_refused;

/// Runs the program on the arguments of the process.
pub fn main() -> Exit {
    when_refused(shortage::out_of_memory);
    print_no_caught();
    let arguments = match Arguments::try_parse_from(volumes::without_volumes(std::env::args_os())) {
        Ok(arguments) => arguments,
        Err(message) => {
            // Help and version are not errors and go to stdout.
            let printed = match stdout_was_closed() && !message.use_stderr() {
                true => Err(io::Error::other("is closed")),
                false => message.print().and_then(|()| io::stdout().flush()),
            };
            return match printed {
                _ if message.use_stderr() => Exit::Failure,
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                    let _ = writeln!(io::stderr(), "pear-archive: error: standard output: {error}");
                    Exit::Failure
                }
                _ => Exit::Fine,
            };
        }
    };
    let report = Report::new(arguments.global);
    if let Err(error) = signal::survive_file_size_limit() {
        report.error(format_args!("cannot install signal handlers: {error}"));
        return Exit::Failure;
    }
    cmd::run(&arguments.command, &report).unwrap_or_else(|error| {
        report.error(format_args!("{error:#}"));
        exit_code(&error)
    })
}

/// Returns the code of the archive layer's error, if that ended the run.
fn exit_code(error: &anyhow::Error) -> Exit {
    let named = error.downcast_ref::<cmd::Named>().map(|named| &named.error);
    match named.or_else(|| error.downcast_ref::<ArchiveError>()) {
        Some(error) => watch::exit_of(error.kind()),
        None => Exit::Failure,
    }
}
