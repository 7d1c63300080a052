//! The command line as it is written: every option and its help text.
//!
//! Nothing here acts; `config` turns it into what the archive layer takes.
//! Help, man pages and completions all come from these definitions.

/// Ends the help of every command.
macro_rules! exit_status {
    () => {
        "\n\nExit status:
  0    everything was done
  1    done, with warnings: some files could not be read or restored as asked;
       or 'diff' found differences
  2    wrong usage, or the system refused (missing file, full disk)
  3    the archive is damaged; undamaged files were still handled
  4    something unsafe was refused
  5    the archive needs a newer version of this program, or a base that was not given
  130  interrupted
Any other status is a failure too."
    };
}

mod change;
mod create;
mod extract;
mod inspect;
mod shell;
mod split;
mod tarball;

use clap::{Args, Parser, ValueEnum, ValueHint};
use std::path::PathBuf;

pub use self::change::{
    Append, Dating, Delete, Diff, Generations, Merge, Prune, Recoding, Rename, Repack, Update,
};
pub use self::create::{Coding, Create, Sharding, Train, VolumeSize, Walking};
pub use self::extract::{Extract, OverwriteName};
pub use self::inspect::{Cat, Info, List, Verify};
pub use self::shell::{Completions, Generate, Man};
pub use self::split::Split;
pub use self::tarball::{Export, Import};
use super::cmd::Command;
use super::date::parse_generation;
use super::size::parse_size;
use crate::archive::At;

const EXAMPLES: &str = concat!(
    "\
Examples:
  pear-archive create photos.pear photos/ notes.txt   archive a directory and a file
  pear-archive list photos.pear                       see what is inside
  pear-archive extract photos.pear                    unpack into ./photos/
  pear-archive cat photos.pear notes.txt              print one file
  pear-archive verify photos.pear                     check every byte
  pear-archive update photos.pear photos/             archive what has changed since
  pear-archive import photos.pear photos.tar          make an archive of a tar
  pear-archive train -o records.base records/         make small archives of records smaller",
    exit_status!()
);

/// An archiver for long-term storage: small, exact, and safe to unpack.
///
/// A .pear archive holds whole directory trees with all their metadata,
/// compressed by a learned model. Every byte is protected by checksums, any
/// file can be extracted without decoding the rest, and every undamaged file of
/// a damaged archive can be restored.
#[derive(Debug, Parser)]
#[command(name = "pear-archive", version, after_help = EXAMPLES, max_term_width = 100)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    /// Options every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options every command takes.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Messages")]
pub struct Global {
    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print more: what is done with each file
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// When to use colour [NO_COLOR turns 'auto' off]
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: When,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What an operation may take of the machine.
#[derive(Debug, Args)]
#[command(next_help_heading = "Resources")]
pub struct Resources {
    /// Groups processed in parallel [default: one per core]
    ///
    /// Never changes the result.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// How much memory.
    #[command(flatten)]
    pub memory: Memory,
}

/// How much memory an operation may take.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Resources")]
pub struct Memory {
    /// Memory limit; runs fewer jobs in parallel to stay below it
    ///
    /// The limit covers the tables of entries and the groups in work. If something
    /// does not fit, it is refused before anything is written. Without this option,
    /// making an archive takes at most half of the memory that is free, and reading
    /// one at most three quarters of it and 4G. Free is what the machine, the control
    /// groups (containers) and 'ulimit' leave.
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub memory: Option<u64>,
}

/// Bases that are not in the archive.
#[derive(Debug, Args)]
pub struct Bases {
    /// Base that the archive was made with, if it is not in it; may be repeated
    ///
    /// The archive names it by its BLAKE3 hash, which 'info' shows and b3sum computes.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub base: Vec<PathBuf>,
}

/// Which generation of an archive is meant.
#[derive(Clone, Copy, Debug, Args)]
pub struct Generation {
    /// Generation to read: a number, or the newest at a date [default: the newest]
    ///
    /// 'generations' shows numbers and dates. A date is 2026-11-27, or with a time
    /// 2026-11-27T08:30, in the time zone of this system; the generation is the newest
    /// that is dated then or before. Generations without a date are passed over.
    #[arg(long, value_name = "N|DATE", value_parser = parse_generation)]
    pub generation: Option<At>,
}

/// How names of entries are given.
#[derive(Debug, Args)]
#[command(next_help_heading = "Names")]
pub struct Naming {
    /// Treat each PATTERN as an exact name: '*', '?', '[' and '{' are ordinary characters
    #[arg(long)]
    pub literal: bool,
    /// Read more names from a file, one per line; '-' is standard input
    ///
    /// They are exact names, never patterns.
    #[arg(short = 'T', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files_from: Option<PathBuf>,
    /// Names of --files-from end with NUL instead of a newline
    #[arg(long, requires = "files_from")]
    pub null: bool,
}

/// What an archive may ask for before it is refused.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits on the input")]
pub struct LimitFlags {
    /// Of entries.
    #[command(flatten)]
    pub entries: EntryLimits,
    /// Maximum bytes to write [default: 16T]
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub max_output: Option<u64>,
}

/// What entries may ask for before they are refused.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits on the input")]
pub struct EntryLimits {
    /// Maximum number of entries [default: 10,000,000]
    #[arg(long, value_name = "N")]
    pub max_entries: Option<u64>,
    /// Longest path, in bytes [default: 65,536]
    #[arg(long, value_name = "N")]
    pub max_name: Option<u64>,
    /// Maximum number of components of a path [default: 32,768]
    #[arg(long, value_name = "N")]
    pub max_depth: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_hold_together() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }
}
