//! The commands, one file each.

mod cat;
mod change;
mod completions;
mod create;
mod diff;
mod export;
mod extract;
mod generate;
mod generations;
mod import;
mod info;
mod list;
mod man;
mod merge;
mod repack;
mod split;
mod target;
mod train;
mod verify;

use anyhow::Context;
use clap::Subcommand;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use change::{appending, deleting, renaming, updating};
use repack::pruning;

use super::args;
use super::config;
use super::exit::Exit;
use super::report::Report;
use super::signal::{Interruptible, archive_from_stdin};
use super::watch::about;
use crate::archive::{ArchiveError, NAMELESS_OUTPUT, Volumes};
use crate::arith::closed::stdout_was_closed;

/// Makes the commands of a list: a name, its arguments, the module that has its `run`, and
/// what is checked before: `ensure_stdout` if all that it is for goes to standard output.
macro_rules! commands {
    ($($(#[$attribute:meta])* $name:ident($arguments:ty) in $module:ident $(, $first:ident)?;)*) => {
        /// The commands. Their help texts are on the arguments of each.
        #[derive(Debug, Subcommand)]
        pub enum Command {
            $($(#[$attribute])* $name($arguments),)*
        }

        /// Runs a command.
        ///
        /// # Errors
        /// What ends the run. The exit code is that of the [`ArchiveError`] it holds,
        /// or [`Exit::Failure`].
        pub fn run(command: &Command, report: &Report) -> anyhow::Result<Exit> {
            match command {
                $(Command::$name(arguments) => {
                    $($first()?;)?
                    $module::run(arguments, report)
                })*
            }
        }
    };
}

commands! {
    #[command(visible_alias = "c")]
    Create(args::Create) in create;
    #[command(visible_alias = "x")]
    Extract(args::Extract) in extract;
    #[command(visible_aliases = ["l", "ls"])]
    List(args::List) in list, ensure_stdout;
    Cat(args::Cat) in cat, ensure_stdout;
    #[command(visible_alias = "t")]
    Verify(args::Verify) in verify;
    Info(args::Info) in info, ensure_stdout;
    #[command(visible_alias = "u")]
    Update(args::Update) in updating;
    Append(args::Append) in appending;
    Delete(args::Delete) in deleting;
    Rename(args::Rename) in renaming;
    Generations(args::Generations) in generations, ensure_stdout;
    Diff(args::Diff) in diff, ensure_stdout;
    Repack(args::Repack) in repack;
    Merge(args::Merge) in merge;
    Split(args::Split) in split;
    Prune(args::Prune) in pruning;
    Import(args::Import) in import;
    Export(args::Export) in export;
    Train(args::Train) in train;
    Completions(args::Completions) in completions, ensure_stdout;
    Man(args::Man) in man, ensure_stdout;
    #[command(hide = true)]
    Generate(args::Generate) in generate;
}

/// Fails if standard output was closed, because everything written there would be lost.
fn ensure_stdout() -> anyhow::Result<()> {
    anyhow::ensure!(!stdout_was_closed(), "standard output is closed");
    Ok(())
}

/// Writes data to standard output. A closed pipe is not an error: the reader has what
/// it wanted.
fn print(data: &[u8]) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    printed(stdout.write_all(data).and_then(|()| stdout.flush()))
}

/// Converts the result of printing.
fn printed(result: io::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("standard output"),
    }
}

/// Opens the file of an archive.
fn open_file(path: &Path) -> anyhow::Result<File> {
    let opened = File::open(path).and_then(|file| match file.metadata()?.is_dir() {
        true => Err(io::ErrorKind::IsADirectory.into()),
        false => Ok(file),
    });
    opened.with_context(|| config::shown(path))
}

/// An archive to read.
enum Input {
    /// Read at any offset: a file, or volumes.
    File(Volumes),
    /// Read front to back: standard input, a named pipe, a device.
    Pipe(File),
}

impl Input {
    /// Opens the archive at a path.
    fn open(path: &Path) -> anyhow::Result<Input> {
        if config::is_stdio(path) {
            return Ok(Input::Pipe(archive_from_stdin()?));
        }
        if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            return open_file(path).map(Input::Pipe);
        }
        let opened = Volumes::open(path).map_err(|error| match error {
            ArchiveError::Io { source, .. } => source.into(),
            other => anyhow::Error::from(other),
        });
        opened.map(Input::File).with_context(|| config::shown(path))
    }
}

/// Returns a reader of a pipe that ends when it is cancelled.
fn piped(input: File, cancel: &AtomicBool) -> impl io::Read {
    Interruptible::new(input, cancel)
}

/// Makes an error about the archive, with its name.
fn named(path: &Path, error: ArchiveError) -> anyhow::Error {
    Named::about(&config::shown(path), error)
}

/// Names the place of an output that is not a file with its own name.
fn named_output(path: &Path, error: ArchiveError) -> anyhow::Error {
    let shown = match config::is_stdio(path) {
        true => "standard output".to_owned(),
        false => config::shown(path),
    };
    match error {
        ArchiveError::Io { path, operation, source } if path == Path::new(NAMELESS_OUTPUT) => {
            let path = shown.clone().into();
            Named::about(&shown, ArchiveError::Io { path, operation, source })
        }
        other => Named::about(&shown, other),
    }
}

/// An error of the archive layer with a message of ours. The message is complete: there
/// is no source, or it would be printed again.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Named {
    /// The message for people.
    message: String,
    /// The error itself.
    pub error: ArchiveError,
}

impl Named {
    pub fn about(name: &str, error: ArchiveError) -> anyhow::Error {
        Named { message: about(name, &error), error }.into()
    }

    /// Adds what to do about it.
    fn with_hint(name: &str, error: ArchiveError, hint: &str) -> anyhow::Error {
        Named { message: format!("{} ({hint})", about(name, &error)), error }.into()
    }
}
