//! Arguments of `extract`.

use clap::{Args, ValueEnum, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;

use super::{Bases, Generation, LimitFlags, Naming, Resources};

const EXTRACT_HELP: &str = concat!(
    "\
Examples:
  pear-archive extract photos.pear                    into a new directory ./photos/
  pear-archive extract photos.pear --here             into the current directory
  pear-archive extract photos.pear 'photos/2019/**/*.txt' -C out --strip-components 1
  ssh host 'cat data.pear' | pear-archive extract - -C data",
    exit_status!()
);

/// Unpack an archive, or the entries that match the patterns.
///
/// By default, everything is extracted into a new directory named after the
/// archive or, if the archive has a single top directory, into that directory.
/// Nothing is ever written outside the destination: absolute paths, '..' and
/// anything that would go through a symbolic link are refused. A file gets its
/// name only after its checksum is verified.
///
/// If the archive is damaged or cut short, all undamaged files are extracted.
/// Damage is reported in one line per group; --verbose lists the files.
#[derive(Debug, Args)]
#[command(after_help = EXTRACT_HELP)]
pub struct Extract {
    /// Archive to read; '-' is standard input
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// Generation
    #[command(flatten)]
    pub generation: Generation,
    /// What to extract [default: everything]
    ///
    /// Names or glob patterns, starting at the top of the archive. A directory
    /// selects everything below it. '*' and '?' stop at '/', '**' does not. A name
    /// that is in the archive selects only itself, whatever characters it has.
    /// From a pipe, later names are not known, so it also works as a pattern (see
    /// --literal). A pattern that matches nothing is an error.
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<OsString>,
    /// How names are given
    #[command(flatten)]
    pub naming: Naming,
    /// Extract into this directory; create it if missing
    #[arg(short = 'C', long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "here")]
    pub directory: Option<PathBuf>,
    /// Extract into the current directory
    #[arg(long)]
    pub here: bool,
    /// What to do with existing files [default: stop before anything is written]
    #[arg(long, value_name = "POLICY")]
    pub overwrite: Option<OverwriteName>,
    /// Drop this many leading components of each path
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub strip_components: usize,
    /// Restore modes and ACLs exactly, all extended attributes, and (as root) devices
    ///
    /// Without it, setuid and setgid bits are dropped, an ordinary user's umask
    /// applies, and a setgid directory passes on its group.
    #[arg(short, long)]
    pub preserve: bool,
    /// Restore owners by number, not by name
    #[arg(long)]
    pub numeric_owner: bool,
    /// Keep damaged files as well, under names that end in '.damaged'
    ///
    /// Lost bytes read as zeros; the others may be wrong. Existing files are never
    /// replaced by them.
    #[arg(long)]
    pub keep_damaged: bool,
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

/// Policies by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OverwriteName {
    /// Keep what exists, silently
    Never,
    /// Replace it, also by a directory (named with -v)
    Always,
    /// Replace it if the archived file is newer
    Newer,
    /// Extract under a new name: notes.txt.1
    Rename,
}
