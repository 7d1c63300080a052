//! Arguments of `extract`.

use clap::{Args, ValueEnum, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;

use super::{LimitFlags, Naming, Resources};

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
/// By default everything goes into a new directory named after the archive; if
/// the archive holds a single top directory, that directory itself. Nothing is
/// ever written outside the destination: absolute paths, '..' and anything that
/// would go through a symbolic link are refused. A file appears under its name
/// only after its checksum was found right.
///
/// If the archive is damaged or cut short, all undamaged files are extracted; the
/// damage is told in one line for each group of files, with the names of the files
/// under --verbose.
#[derive(Debug, Args)]
#[command(after_help = EXTRACT_HELP)]
pub struct Extract {
    /// Archive to read; '-' is standard input
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// What to extract [default: everything]
    ///
    /// Names or glob patterns from the top of the archive; a directory stands
    /// for all below it. '*' and '?' stop at '/', '**' does not. A name
    /// that is in the archive selects only itself, whatever characters it has;
    /// from a pipe, where later names are not known, it selects what it matches
    /// as well (see --literal). A pattern that matches nothing is an error.
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<OsString>,
    /// How names are given
    #[command(flatten)]
    pub naming: Naming,
    /// Extract into this directory; made if missing
    #[arg(short = 'C', long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "here")]
    pub directory: Option<PathBuf>,
    /// Extract into the current directory
    #[arg(long)]
    pub here: bool,
    /// What to do with files that exist [default: refuse to begin]
    #[arg(long, value_name = "POLICY")]
    pub overwrite: Option<OverwriteName>,
    /// Drop this many leading components of each path
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub strip_components: usize,
    /// Restore modes and ACLs exactly, all extended attributes, and (as root) devices
    ///
    /// Without it, setuid and setgid bits are dropped, the umask of an ordinary
    /// user holds, and a setgid directory passes on its group.
    #[arg(short, long)]
    pub preserve: bool,
    /// Restore owners by number, not by name
    #[arg(long)]
    pub numeric_owner: bool,
    /// Keep damaged files as well, under names that end in '.damaged'
    ///
    /// What is lost of them reads as zeros; what is there may be wrong. Nothing is
    /// ever replaced by them.
    #[arg(long)]
    pub keep_damaged: bool,
    /// What it may take
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
    /// Replace it where the archived file is newer
    Newer,
    /// Extract under a new name: notes.txt.1
    Rename,
}
