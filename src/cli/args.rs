//! The command line as it is written: every option and its help text.
//!
//! Nothing here acts; `config` turns it into what the archive floor takes.
//! Help, man pages and completions all come from these definitions.

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;

use super::size::parse_size;

const EXAMPLES: &str = "\
Examples:
  pear-archive create photos.pear photos/ notes.txt   archive a directory and a file
  pear-archive list photos.pear                       see what is inside
  pear-archive extract photos.pear                    unpack into ./photos/
  pear-archive cat photos.pear notes.txt              print one file
  pear-archive verify photos.pear                     check every byte

Exit status:
  0    everything was done
  1    done, with warnings: some files could not be read or restored as asked
  2    wrong usage, or the system refused (missing file, full disk)
  3    the archive is damaged; undamaged files were still handled
  4    something unsafe was refused
  5    the archive needs a newer version of this program
  130  interrupted
Any other status is a failure too.";

/// Archives data that is kept: small, exact, and safe to unpack.
///
/// A .pear archive holds whole directory trees with all their metadata,
/// compressed by a learned model. Every byte is protected by checksums, any
/// file can be taken out without decoding the rest, and a damaged archive gives
/// back everything that is not damaged.
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
    /// Say more: what is done to each file
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

/// The commands. Their help texts are on the arguments of each.
#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(visible_alias = "c")]
    Create(Create),
    #[command(visible_alias = "x")]
    Extract(Extract),
    #[command(visible_aliases = ["l", "ls"])]
    List(List),
    Cat(Cat),
    #[command(visible_alias = "t")]
    Verify(Verify),
    Info(Info),
    Completions(Completions),
    Man(Man),
    #[command(hide = true)]
    Generate(Generate),
}

const CREATE_HELP: &str = "\
Examples:
  pear-archive create photos.pear photos/ notes.txt
  pear-archive create src.pear -C project src --exclude target --exclude '*.o'
  git ls-files -z | pear-archive create code.pear -T - --null
  pear-archive create - data | ssh host 'cat > data.pear'";

/// Make an archive of files and directories.
///
/// Directories are archived with everything below them, in sorted order, so the
/// same tree gives the same archive whatever the disk and however many jobs.
/// The archive appears under its name only when it is complete: an existing one
/// is replaced in one step, and stays as it was if this fails or is
/// interrupted.
///
/// Files that cannot be read, or that change meanwhile, are reported, the rest
/// is archived, and the exit status is 1.
#[derive(Debug, Args)]
#[command(after_help = CREATE_HELP)]
pub struct Create {
    /// Archive to write; '-' is standard output
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// Files and directories to archive
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, required_unless_present = "files_from")]
    pub paths: Vec<PathBuf>,
    /// Take paths relative to this directory
    #[arg(short = 'C', long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub directory: Option<PathBuf>,
    /// Read more paths from a file, one per line; '-' is standard input
    #[arg(short = 'T', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files_from: Option<PathBuf>,
    /// Paths of --files-from end with NUL instead of a newline
    #[arg(long, requires = "files_from")]
    pub null: bool,
    /// Leave out what matches
    ///
    /// A directory that matches is left out with all below it. A pattern
    /// without '/' matches at any depth ('*.o'), one with '/' from the top of
    /// the archived names ('photos/raw'); a leading '/' ties a pattern to the
    /// top. '*' and '?' stop at '/', '**' does not.
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<OsString>,
    /// Read such patterns from a file, one per line
    ///
    /// Empty lines and lines that begin with '#' are skipped.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub exclude_from: Vec<PathBuf>,
    /// Stay on the file system of each path given
    ///
    /// Mount points are archived as empty directories.
    #[arg(long)]
    pub one_file_system: bool,
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
}

/// How to compress.
#[derive(Debug, Args)]
#[command(next_help_heading = "Compression")]
pub struct Coding {
    /// How to compress
    #[arg(long, value_name = "CODEC", default_value = "auto")]
    pub codec: CodecName,
    /// From 1 (fast) to 9 (small)
    #[arg(long, value_name = "1..9", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=9))]
    pub level: u8,
    /// Lanes of pear-paper: more are faster and compress less
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub lanes: u32,
    /// Bytes coded as one unit
    ///
    /// Larger groups compress better; smaller ones are decoded by more jobs at
    /// once, cost less to take one file out of, and lose less to damage.
    #[arg(long, value_name = "SIZE", default_value = "8M", value_parser = parse_group_size)]
    pub group_size: u64,
}

/// Codecs by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CodecName {
    /// The best for each group, decided by samples
    Auto,
    /// The learned model
    Pear,
    /// Zstandard: fast
    Zstd,
    /// No compression
    Store,
    /// Byte pairs: light, with a tiny decoder
    Bpe,
    /// The PEAR network as published: very slow, for study
    PearPaper,
}

/// What an operation may take of the machine.
#[derive(Debug, Args)]
#[command(next_help_heading = "Resources")]
pub struct Resources {
    /// Groups coded at once [default: one per core]
    ///
    /// Never changes the result.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Memory to stay within, by running fewer jobs at once
    ///
    /// An archive with a group that needs more than this is refused when it is
    /// read. Without this option, making an archive takes at most half of the
    /// memory that is free, and reading one at most 4G.
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub memory: Option<u64>,
}

/// What an archive may ask for before it is refused.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits on what an archive may ask for")]
pub struct LimitFlags {
    /// Most entries
    #[arg(long, value_name = "N")]
    pub max_entries: Option<u64>,
    /// Longest path, in bytes
    #[arg(long, value_name = "N")]
    pub max_name: Option<u64>,
    /// Most components of a path
    #[arg(long, value_name = "N")]
    pub max_depth: Option<u64>,
    /// Most bytes to write out
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub max_output: Option<u64>,
}

const EXTRACT_HELP: &str = "\
Examples:
  pear-archive extract photos.pear                    into a new directory ./photos/
  pear-archive extract photos.pear --here             into the current directory
  pear-archive extract photos.pear 'photos/2019/**/*.txt' -C out --strip-components 1
  ssh host 'cat data.pear' | pear-archive extract - -C data";

/// Unpack an archive, or the entries that match the patterns.
///
/// By default everything goes into a new directory named after the archive; if
/// the archive holds a single top directory, that directory itself. Nothing is
/// ever written outside the destination: absolute paths, '..' and anything that
/// would go through a symbolic link are refused. A file appears under its name
/// only after its checksum was found right.
///
/// If the archive is damaged, all undamaged files are extracted and the damaged
/// ones are named.
#[derive(Debug, Args)]
#[command(after_help = EXTRACT_HELP)]
pub struct Extract {
    /// Archive to read; '-' is standard input
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// What to extract [default: everything]
    ///
    /// Names or glob patterns from the top of the archive; a directory stands
    /// for all below it. '*' and '?' stop at '/', '**' does not. A pattern that
    /// matches nothing is an error.
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<OsString>,
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
    /// Restore setuid, setgid and sticky bits, all extended attributes, and (as root) devices
    #[arg(short, long)]
    pub preserve: bool,
    /// Restore owners by number, not by name
    #[arg(long)]
    pub numeric_owner: bool,
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
    /// Replace it
    Always,
    /// Replace it where the archived file is newer
    Newer,
    /// Extract under a new name: notes.txt.1
    Rename,
}

const LIST_HELP: &str = "\
Examples:
  pear-archive list photos.pear
  pear-archive list --long photos.pear 'photos/2019/**'
  pear-archive list --json photos.pear | jq -r 'select(.size > 1000000).path'";

/// List what an archive holds, one entry per line.
///
/// Control characters and bytes that are not UTF-8 are escaped (\n, \xff).
/// With --json every line is an object; a path that is not UTF-8 is given, in
/// base64, as "path_base64".
#[derive(Debug, Args)]
#[command(after_help = LIST_HELP)]
pub struct List {
    /// Archive to read; '-' is standard input
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// What to list [default: everything]
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<OsString>,
    /// Show mode, owner, size and time as well
    #[arg(short, long)]
    pub long: bool,
    /// Print JSON Lines
    #[arg(long, conflicts_with = "long")]
    pub json: bool,
    /// Limits
    #[command(flatten)]
    pub limits: LimitFlags,
}

const CAT_HELP: &str = "\
Examples:
  pear-archive cat photos.pear notes.txt | less
  pear-archive cat logs.pear 'logs/2026-*.log' | grep error";

/// Print files of an archive to standard output.
///
/// They come in the order given, those of one pattern by name. Only the groups
/// that hold them are decoded. A checksum is known only at the end of a file:
/// if the exit status is not 0, do not trust the last file printed.
#[derive(Debug, Args)]
#[command(after_help = CAT_HELP)]
pub struct Cat {
    /// Archive to read
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// Files to print: names or glob patterns from the top of the archive
    #[arg(value_name = "PATTERN", required = true)]
    pub patterns: Vec<OsString>,
    /// What it may take
    #[command(flatten)]
    pub resources: Resources,
    /// Limits
    #[command(flatten)]
    pub limits: LimitFlags,
}

const VERIFY_HELP: &str = "\
Examples:
  pear-archive verify photos.pear           decode everything and check every file
  pear-archive verify --quick photos.pear   check the stored bytes only, at disk speed";

/// Check an archive for damage.
///
/// Checks every stored byte against its checksum, decodes all groups, and
/// checks every file against its own. Decoding takes about as long as
/// compressing did; --quick leaves it out and still finds all damage that
/// happened after the archive was written.
#[derive(Debug, Args)]
#[command(after_help = VERIFY_HELP)]
pub struct Verify {
    /// Archive to check
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// Check stored bytes only, without decoding
    #[arg(long)]
    pub quick: bool,
    /// What it may take
    #[command(flatten)]
    pub resources: Resources,
    /// Limits
    #[command(flatten)]
    pub limits: LimitFlags,
}

const INFO_HELP: &str = "\
Examples:
  pear-archive info photos.pear
  pear-archive info --json photos.pear | jq .stored";

/// Show how an archive is coded and what decoding it takes.
///
/// Prints size, ratio, decoding time and memory of the whole archive, and codec,
/// filter, model and ratio of each group.
#[derive(Debug, Args)]
#[command(after_help = INFO_HELP)]
pub struct Info {
    /// Archive to read
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// Print JSON Lines: one object for the archive, then one per group
    #[arg(long)]
    pub json: bool,
    /// Limits
    #[command(flatten)]
    pub limits: LimitFlags,
}

const COMPLETIONS_HELP: &str = "\
Examples:
  pear-archive completions bash > ~/.local/share/bash-completion/completions/pear-archive
  pear-archive completions fish > ~/.config/fish/completions/pear-archive.fish
  pear-archive completions zsh > \"${fpath[1]}/_pear-archive\"";

/// Print a completion script for a shell.
#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_HELP)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

const MAN_HELP: &str = "\
Examples:
  pear-archive man | man -l -
  pear-archive man create | man -l -";

/// Print a manual page.
#[derive(Debug, Args)]
#[command(after_help = MAN_HELP)]
pub struct Man {
    /// Command the page is about [default: the program]
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// Write completions/ and man/, as they are checked in.
#[derive(Debug, Args)]
pub struct Generate {
    /// Directory to write them into
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub directory: PathBuf,
}

/// Groups are bounded by what codecs take; tiny ones would be all overhead.
fn parse_group_size(text: &str) -> Result<u64, String> {
    match parse_size(text)? {
        size @ 4096..=0xffff_ffff => Ok(size),
        size => Err(format!("{size} bytes are not between 4K and 4G - 1")),
    }
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
