//! Arguments of `import` and `export`.

use clap::{Args, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;

use super::{Coding, EntryLimits, LimitFlags, Resources};

const IMPORT_HELP: &str = "\
Examples:
  pear-archive import photos.pear photos.tar
  zstd -dc backup.tar.zst | pear-archive import backup.pear -
  git archive HEAD | pear-archive import source.pear -";

/// Make an archive of what a tar holds.
///
/// The tar need not be unpacked: names, owners, times, links, devices, extended
/// attributes and holes go from one format into the other. V7, POSIX, pax and GNU
/// tars are read. A compressed tar must be decompressed first.
///
/// All of the tar is looked through before anything is written. A tar that is
/// damaged, or that holds an unsafe name ('..', an absolute path, a name twice, a
/// member below something that is no directory), is refused as a whole. What an
/// archive cannot keep is reported, and the exit status is 1.
///
/// Standard input is put into a nameless file beside the archive first.
#[derive(Debug, Args)]
#[command(after_help = IMPORT_HELP)]
pub struct Import {
    /// Archive to write; '-' is standard output
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// Tar to read; '-' is standard input
    #[arg(value_name = "TAR", value_hint = ValueHint::FilePath)]
    pub tar: PathBuf,
    /// How to compress
    #[command(flatten)]
    pub coding: Coding,
    /// Decode every group and compare before it is written
    ///
    /// Takes about twice as long.
    #[arg(long)]
    pub verify: bool,
    /// What it may take
    #[command(flatten)]
    pub resources: Resources,
    /// Limits
    #[command(flatten)]
    pub limits: EntryLimits,
}

const EXPORT_HELP: &str = "\
Examples:
  pear-archive export photos.pear photos.tar
  pear-archive export photos.pear 2019.tar 'photos/2019'
  pear-archive export photos.pear - | tar -x --xattrs -C out";

/// Make a tar of an archive, or of the entries that match the patterns.
///
/// The tar is a POSIX one with pax records where they are needed: GNU tar, bsdtar
/// and others read it. The same archive gives the same tar, in the order of the
/// names. It appears under its name only when it is complete.
///
/// If the archive is damaged, all undamaged files are in the tar and the damaged
/// ones are named. What a tar cannot hold is reported, and the exit status is 1.
///
/// For standard output the tar is put into a nameless file in the directory for
/// temporary files first (TMPDIR): files come out of an archive in another order.
#[derive(Debug, Args)]
#[command(after_help = EXPORT_HELP)]
pub struct Export {
    /// Archive to read; '-' is standard input
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// Tar to write; '-' is standard output
    #[arg(value_name = "TAR", value_hint = ValueHint::FilePath)]
    pub tar: PathBuf,
    /// What to export [default: everything]
    ///
    /// Names or glob patterns from the top of the archive; a directory stands
    /// for all below it. '*' and '?' stop at '/', '**' does not. A pattern that
    /// matches nothing is an error.
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<OsString>,
    /// What it may take
    #[command(flatten)]
    pub resources: Resources,
    /// Limits
    #[command(flatten)]
    pub limits: LimitFlags,
}
