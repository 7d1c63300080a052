//! Arguments of `create`.

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, ValueEnum, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::LazyLock;

use super::super::size::{parse_size, parse_size_from};
use super::Resources;
use crate::archive::Recipes;
use crate::codec::{Choice, Codec};

const CREATE_HELP: &str = concat!(
    "\
Examples:
  pear-archive create photos.pear photos/ notes.txt
  pear-archive create src.pear -C project src --exclude target --exclude '*.o'
  git ls-files -z | pear-archive create code.pear -T - --null
  pear-archive create --checkpoint disk.pear disk/     run it again if it is interrupted
  pear-archive create today.pear logs/today --base logs.base --base-outside
  pear-archive create part-3.pear /data --shard 3/8   and on other machines 1/8, 2/8, …
  pear-archive create backup.pear data --volume-size 4G
  pear-archive create - data | ssh host 'cat > data.pear'",
    exit_status!()
);

/// Make an archive of files and directories.
///
/// Directories are archived with everything below them, in sorted order, so the
/// same tree gives the same archive whatever the disk and however many jobs.
/// The archive gets its name only when it is complete. An existing archive is
/// replaced in one step, and stays unchanged if this run fails or is interrupted.
///
/// Files that cannot be read are reported and left out. Files that change while
/// they are read are reported and archived as read. Everything else is archived,
/// and the exit status is 1.
#[derive(Debug, Args)]
#[command(after_help = CREATE_HELP)]
pub struct Create {
    /// Archive to write; '-' is standard output
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// What to archive
    #[command(flatten)]
    pub walking: Walking,
    /// Replace ARCHIVE even if it is another kind of file
    ///
    /// Without it only an archive or an empty file is replaced.
    #[arg(long)]
    pub force: bool,
    /// Volumes
    #[command(flatten)]
    pub volumes: VolumeSize,
    /// Keep what is done if the run is interrupted or killed, and go on from it
    ///
    /// ARCHIVE.partial is written instead, and gets its name at the end. After every SIZE
    /// of file data, or a thirty-second of what came before if that is more, it is an
    /// archive of what there is so far, marked as incomplete: 'list', 'extract' and the other
    /// commands read it. The same command goes on from it: files of the same size
    /// and time are not read again. The archive has a generation for each checkpoint;
    /// 'repack' makes one of them.
    #[arg(long, value_name = "SIZE", num_args = 0..=1, require_equals = true, default_missing_value = "64M",
        value_parser = parse_distance, conflicts_with_all = ["volume_size", "shard"])]
    pub checkpoint: Option<u64>,
    /// How to compress
    #[command(flatten)]
    pub coding: Coding,
    /// Decode and compare every group before it is written
    ///
    /// Takes about twice as long.
    #[arg(long)]
    pub verify: bool,
    /// Many machines
    #[command(flatten)]
    pub sharding: Sharding,
    /// Resources
    #[command(flatten)]
    pub resources: Resources,
}

/// Whether the archive is cut into volumes.
#[derive(Clone, Copy, Debug, Args)]
pub struct VolumeSize {
    /// Cut the archive into files of this size: ARCHIVE.001, ARCHIVE.002, …
    ///
    /// All but the last have this size, and their bytes one after the other are the archive.
    /// To read it, name any of them, all of them, or the archive without a number. If one is
    /// missing, the program says which and gives out what lies in the others.
    #[arg(long, value_name = "SIZE", value_parser = parse_volume_size)]
    pub volume_size: Option<u64>,
}

/// Which part of what was found is archived.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Many machines")]
pub struct Sharding {
    /// Archive only part I of N, from 1/N to N/N
    ///
    /// Each of N machines that see the same files makes one part, at its own time; 'merge' joins
    /// them to one archive. Which files are in which part follows from their names and sizes
    /// alone. A machine looks at all names, and reads the files of its part. Every part is an
    /// archive by itself.
    #[arg(long, value_name = "I/N", value_parser = parse_shard)]
    pub shard: Option<(u64, u64)>,
    /// Compress each SIZE of data apart from all other data [default: 1/256 of it, 64M to 1G]
    ///
    /// Parts are made of such units, so that the merged archive does not depend on N. Small units
    /// make parts more equal, large ones make the archive smaller. All parts need the same.
    #[arg(long, value_name = "SIZE", requires = "shard", value_parser = parse_unit)]
    pub shard_unit: Option<u64>,
}

/// Most shards of a plan.
const SHARDS: u64 = 1 << 20;

/// Parses `I/N`.
fn parse_shard(text: &str) -> Result<(u64, u64), String> {
    let numbers = text.split_once('/').and_then(|(number, count)| {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let parse = |text: &str| text.parse::<u64>().ok().filter(|_| digits(text));
        Some((parse(number)?, parse(count)?))
    });
    match numbers {
        None => Err("expected two numbers, such as 3/8".to_owned()),
        Some((_, count)) if count == 0 || count > SHARDS => {
            Err(format!("there can be 1 to {SHARDS} parts, not {count}"))
        }
        Some((0, count)) => Err(format!("parts are numbered from 1; the last is {count}/{count}")),
        Some((number, count)) if number > count => {
            Err(format!("there is no part {number} of {count}; the last is {count}/{count}"))
        }
        Some(shard) => Ok(shard),
    }
}

/// Parses the size of units. Short ones would be all overhead.
fn parse_unit(text: &str) -> Result<u64, String> {
    parse_size_from(text, "64K")
}

/// Files and directories, and what is left out of them.
#[derive(Debug, Args)]
pub struct Walking {
    /// Files and directories
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
    /// Leave out matching names, by the rules of .gitignore
    ///
    /// A matching directory is left out with everything below it. A pattern
    /// without '/' matches at any depth ('*.o'), one with '/' from the top of
    /// the archived names ('photos/raw'); a leading '/' anchors a pattern at the
    /// top, a trailing '/' matches directories only, a leading '!' includes
    /// again what an earlier pattern leaves out. '*' and '?' stop at '/', '**'
    /// does not. The last pattern that matches decides; those of --exclude-from
    /// come last.
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<OsString>,
    /// Read exclude patterns from a file, one per line
    ///
    /// Empty lines and lines that begin with '#' are skipped.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub exclude_from: Vec<PathBuf>,
    /// Stay on the file system of each PATH
    ///
    /// Mount points are archived as empty directories.
    #[arg(long)]
    pub one_file_system: bool,
}

/// Checkpoints are for archives that take hours: small distances would cost more than they save.
fn parse_distance(text: &str) -> Result<u64, String> {
    parse_size_from(text, "4K")
}

/// How to compress.
#[derive(Debug, Args)]
#[command(next_help_heading = "Compression")]
pub struct Coding {
    /// How to compress
    #[arg(long, value_name = "CODEC", default_value = "auto")]
    pub codec: CodecName,
    /// Compression level, from 1 (fast) to 9 (small)
    #[arg(long, value_name = "1..9", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=9))]
    pub level: u8,
    /// Lanes of pear-paper: more are faster and compress less
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub lanes: u32,
    /// Size of the groups: what is decoded at most to read one file
    ///
    /// Larger groups compress better. Smaller groups make it cheaper to read one
    /// file, decode on more jobs in parallel, and limit the effect of damage. If
    /// there is much data of one kind, a group of half this size is its base,
    /// and groups of half this size go on from there.
    #[arg(long, value_name = "SIZE", default_value = "8M", value_parser = parse_group_size)]
    pub group_size: u64,
    /// Compress every group by itself, without bases
    ///
    /// Damage in a base is damage to all groups that go on from it. Archives
    /// become larger.
    #[arg(long)]
    pub independent: bool,
    /// Let the model learn this file first
    ///
    /// Any file may be a base; 'train' makes good ones. What is like it becomes
    /// smaller: text if the base is text, programs if it is of that kind. The base
    /// is put into the archive, which pays if --group-size is small; a small archive
    /// becomes smaller with --base-outside alone.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "independent")]
    pub base: Option<PathBuf>,
    /// Leave the base out of the archive, which can then be read only with --base
    #[arg(long, requires = "base")]
    pub base_outside: bool,
    /// Store what comes again in large files each time
    ///
    /// Without it bytes of files of 64K and more that are in the archive already are not
    /// stored again, in pieces of 64K and more: what is alike in versions of a disk image or
    /// of a database is stored once.
    #[arg(long)]
    pub no_deduplication: bool,
    /// Store packed files as they are
    ///
    /// Without it files that are packed already, such as .gz, .zip, .docx, .pdf or .png, are taken
    /// apart: what is in them is compressed. That is done only if it gives the same file
    /// again, which is tried for each of them. With another --codec than auto or pear it is
    /// done only for the --kinds that are given.
    #[arg(long)]
    pub no_recipes: bool,
    /// Take only files apart that need no other kinds of packing than these [default: all]
    #[arg(long, value_name = "KIND", value_delimiter = ',', conflicts_with = "no_recipes",
        value_parser = PossibleValuesParser::new(Recipes::names()))]
    pub kinds: Vec<String>,
}

/// A codec by name, or `auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodecName(pub Choice);

impl ValueEnum for CodecName {
    fn value_variants<'a>() -> &'a [CodecName] {
        static ALL: LazyLock<Vec<CodecName>> = LazyLock::new(|| {
            let codecs = Codec::ALL.iter().map(|&codec| Choice::Only(codec));
            [Choice::Auto].into_iter().chain(codecs).map(CodecName).collect()
        });
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, about) = match self.0 {
            Choice::Auto => ("auto", AUTO),
            Choice::Only(codec) => (codec.name(), codec.about()),
        };
        Some(PossibleValue::new(name).help(about))
    }
}

/// Help for `auto`.
const AUTO: &str =
    "The best for each group; samples find incompressible data, which is stored as is";

const TRAIN_HELP: &str = concat!(
    "\
Examples:
  pear-archive train -o records.base records/
  pear-archive train -o logs.base --size 1M logs --exclude '*.gz'
  pear-archive create new.pear new/ --base records.base --base-outside
  pear-archive extract new.pear --base records.base",
    exit_status!()
);

/// Make a base of files that are like those to be archived later.
///
/// A base is what the model learns before anything else, so that small archives
/// become smaller: give it to 'create' with --base. It is a plain file: what many of
/// the files share, with the most common last. It is made of text or of programs,
/// whichever has more bytes; compressed files are left out.
///
/// The same files give the same base. Files that cannot be read are reported and
/// left out, and the exit status is 1. If an archive does not hold its base, keep the
/// base as long as the archive.
#[derive(Debug, Args)]
#[command(after_help = TRAIN_HELP)]
pub struct Train {
    /// Base to write; '-' is standard output
    #[arg(short, long, value_name = "BASE", value_hint = ValueHint::FilePath)]
    pub output: PathBuf,
    /// What to learn from
    #[command(flatten)]
    pub walking: Walking,
    /// Replace BASE even if it is not empty
    #[arg(long)]
    pub force: bool,
    /// Most bytes of the base
    ///
    /// A larger base helps more, takes longer to learn whenever an archive is made or
    /// read, and takes more room in an archive that holds it.
    #[arg(long, value_name = "SIZE", default_value = "256K", value_parser = parse_base_size)]
    pub size: u64,
    /// Resources
    #[command(flatten)]
    pub resources: Resources,
}

/// Bases are groups, and smaller ones say nothing.
fn parse_base_size(text: &str) -> Result<u64, String> {
    match parse_size(text)? {
        size @ 1024..=0x4000_0000 => Ok(size),
        size => Err(format!("{size} bytes is out of range; use 1K to 1G")),
    }
}

/// Smaller volumes would be more files than anybody wants.
pub(super) fn parse_volume_size(text: &str) -> Result<u64, String> {
    parse_size_from(text, "64K")
}

/// Groups are bounded by what codecs take; tiny ones would be all overhead.
fn parse_group_size(text: &str) -> Result<u64, String> {
    match parse_size(text)? {
        size @ 4096..=0xffff_ffff => Ok(size),
        size => Err(format!("{size} bytes is out of range; use 4K to 4G - 1")),
    }
}
