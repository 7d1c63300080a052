//! Arguments of the commands that look into an archive and write no files.

use clap::{Args, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;

use super::{Bases, Generation, LimitFlags, Memory, Naming, Resources};

const LIST_HELP: &str = concat!(
    "\
Examples:
  pear-archive list photos.pear
  pear-archive list --long photos.pear 'photos/2019/**'
  pear-archive list --json photos.pear | jq -r 'select(.size > 1000000).path'",
    exit_status!()
);

/// List what an archive holds, one entry per line.
///
/// Control characters and bytes that are not UTF-8 are escaped (\n, \xff).
/// With --json every line is an object; a path that is not UTF-8 is given, in
/// base64, as "path_base64". "blake3" is the digest of a file's content, as
/// b3sum gives it, or "blake3_16" its first 16 bytes, as b3sum -l 16 gives them.
/// Files of a few kilobytes share a digest, and have neither. A file with holes has
/// "sparse_blake3" instead: a digest of its data and of where they lie, which no
/// other tool computes.
///
/// If the archive is damaged or cut short, the entries that can be restored are
/// listed, and the exit status is 3.
#[derive(Debug, Args)]
#[command(after_help = LIST_HELP)]
pub struct List {
    /// Archive to read; '-' is standard input
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// Generation
    #[command(flatten)]
    pub generation: Generation,
    /// What to list [default: everything]
    ///
    /// Names or glob patterns, starting at the top of the archive. A directory
    /// selects everything below it. '*' and '?' stop at '/', '**' does not:
    /// '**/*.md' is every .md file. A name that is in the archive selects only itself,
    /// whatever characters it has. A pattern that matches nothing is an error.
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<OsString>,
    /// How names are given
    #[command(flatten)]
    pub naming: Naming,
    /// Show mode, owner, size and time as well
    #[arg(short, long)]
    pub long: bool,
    /// Print JSON Lines
    #[arg(long, conflicts_with = "long")]
    pub json: bool,
    /// Resources
    #[command(flatten)]
    pub memory: Memory,
    /// Limits
    #[command(flatten)]
    pub limits: LimitFlags,
}

const CAT_HELP: &str = concat!(
    "\
Examples:
  pear-archive cat photos.pear notes.txt | less
  pear-archive cat logs.pear 'logs/2026-*.log' | grep error",
    exit_status!()
);

/// Print files of an archive to standard output.
///
/// Files are printed in the order of the patterns, those of one pattern by name.
/// Only the groups that hold them are decoded, each once. A file is printed after
/// its checksum is verified. A damaged file is left out and named, the others are
/// printed, and the exit status is 3.
///
/// Files over 64 MiB are printed while they are decoded if all of their stored
/// bytes are intact. Other data that has to wait is kept in memory up to 64 MiB,
/// then in TMPDIR.
///
/// From a pipe, files come in the order of the archive, each as soon as it is whole.
#[derive(Debug, Args)]
#[command(after_help = CAT_HELP)]
pub struct Cat {
    /// Archive to read; '-' is standard input
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// Generation
    #[command(flatten)]
    pub generation: Generation,
    /// Files to print: names or glob patterns from the top of the archive
    ///
    /// A name that is in the archive selects only itself, whatever characters
    /// it has. '*' and '?' stop at '/', '**' does not.
    #[arg(value_name = "PATTERN", required_unless_present = "files_from")]
    pub patterns: Vec<OsString>,
    /// How names are given
    #[command(flatten)]
    pub naming: Naming,
    /// Bases
    #[command(flatten)]
    pub bases: Bases,
    /// Resources
    #[command(flatten)]
    pub resources: Resources,
    /// Limits
    #[command(flatten)]
    pub limits: LimitFlags,
}

const VERIFY_HELP: &str = concat!(
    "\
Examples:
  pear-archive verify photos.pear           decode everything and check every file
  pear-archive verify --quick photos.pear   check the stored bytes only, at disk speed",
    exit_status!()
);

/// Check an archive for damage.
///
/// Checks every stored byte against its checksum, decodes all groups, and
/// checks every file against its own. Decoding takes about as long as
/// compressing. --quick skips it and still finds all damage that happened after
/// the archive was written.
#[derive(Debug, Args)]
#[command(after_help = VERIFY_HELP)]
pub struct Verify {
    /// Archive to check; '-' is standard input
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// Generation
    #[command(flatten)]
    pub generation: Generation,
    /// Check stored bytes only, without decoding
    #[arg(long)]
    pub quick: bool,
    /// Bases
    #[command(flatten)]
    pub bases: Bases,
    /// Resources
    #[command(flatten)]
    pub resources: Resources,
    /// Limits
    #[command(flatten)]
    pub limits: LimitFlags,
}

const INFO_HELP: &str = concat!(
    "\
Examples:
  pear-archive info photos.pear
  pear-archive info --json photos.pear | jq .stored",
    exit_status!()
);

/// Show how an archive is compressed, and the time and memory to decode it.
///
/// Prints size, ratio, decoding time and memory of the whole archive, and codec,
/// filter, model and ratio of each group.
#[derive(Debug, Args)]
#[command(after_help = INFO_HELP)]
pub struct Info {
    /// Archive to read; '-' is standard input
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// Generation
    #[command(flatten)]
    pub generation: Generation,
    /// Print JSON Lines: one object for the archive, then one per group
    #[arg(long)]
    pub json: bool,
    /// Resources
    #[command(flatten)]
    pub memory: Memory,
    /// Limits
    #[command(flatten)]
    pub limits: LimitFlags,
}
