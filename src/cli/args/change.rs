//! Arguments of the commands that change an archive, or compare it.

use clap::{Args, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;

use super::super::date::{parse_date, parse_generation};
use super::create::{Coding, VolumeSize, Walking, parse_volume_size};
use super::{EntryLimits, Generation, Memory, Naming, Resources};
use crate::archive::At;

const UPDATE_HELP: &str = concat!(
    "\
Examples:
  pear-archive update photos.pear photos/            archive what is new or has changed
  pear-archive update photos.pear photos/ --mirror   and forget what is gone
  pear-archive generations photos.pear               see what was added when
  pear-archive extract photos.pear --generation 0    unpack what it was at first",
    exit_status!()
);

/// Bring an archive up to what is on disk: a new generation with what changed.
///
/// New files are added, and files of another size or time take the place of those in the
/// archive. Unchanged files are neither read nor compressed. Of a file whose mode, owner or
/// name alone is new, and of one of 64 KiB or more whose content is in the archive already,
/// the content is not stored again. If nothing changed, the archive stays as it is.
///
/// What is in the archive is never overwritten: the generation is written behind it, and
/// earlier ones can still be read (--generation). If the run fails or is interrupted, the
/// archive is what it was. After a crash, bytes may follow its end: they are ignored, and
/// the next update cuts them off.
///
/// Files that cannot be read are reported, stay as they are in the archive, and the exit
/// status is 1. An archive that is damaged, or that another run is changing, is not changed.
#[derive(Debug, Args)]
#[command(after_help = UPDATE_HELP)]
pub struct Update {
    /// Archive to change
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// What to archive
    #[command(flatten)]
    pub walking: Walking,
    /// Forget what is below each PATH in the archive and no longer on disk
    ///
    /// What --exclude leaves out is not forgotten. If anything below cannot be read,
    /// nothing is forgotten, and the exit status is 1.
    #[arg(long)]
    pub mirror: bool,
    /// Compare what is in the files, not their size and time
    ///
    /// Reads all files whose size is unchanged, and decodes those in the archive that are
    /// short and have no digest of their own.
    #[arg(long)]
    pub checksum: bool,
    /// Date
    #[command(flatten)]
    pub date: Dating,
    /// Begin another volume when the only one has this size
    ///
    /// For an archive that has one volume. One of several volumes tells their size itself.
    #[arg(long, value_name = "SIZE", value_parser = parse_volume_size)]
    pub volume_size: Option<u64>,
    /// How to compress
    #[command(flatten)]
    pub coding: Coding,
    /// Decode and compare every group before it is written
    #[arg(long)]
    pub verify: bool,
    /// Resources
    #[command(flatten)]
    pub resources: Resources,
    /// Limits
    #[command(flatten)]
    pub limits: EntryLimits,
}

const APPEND_HELP: &str = concat!(
    "\
Examples:
  pear-archive append logs.pear logs/2026-11-27.log
  pear-archive append logs.pear logs/ --skip-existing",
    exit_status!()
);

/// Add files to an archive, and change nothing in it.
///
/// Works as 'update', but a name that is in the archive already is an error, and then
/// nothing is added. Directories that are there stay as they are.
#[derive(Debug, Args)]
#[command(after_help = APPEND_HELP)]
pub struct Append {
    /// Archive to change
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// What to archive
    #[command(flatten)]
    pub walking: Walking,
    /// Pass over names that are in the archive already
    #[arg(long)]
    pub skip_existing: bool,
    /// Date
    #[command(flatten)]
    pub date: Dating,
    /// Begin another volume when the only one has this size
    ///
    /// For an archive that has one volume. One of several volumes tells their size itself.
    #[arg(long, value_name = "SIZE", value_parser = parse_volume_size)]
    pub volume_size: Option<u64>,
    /// How to compress
    #[command(flatten)]
    pub coding: Coding,
    /// Decode and compare every group before it is written
    #[arg(long)]
    pub verify: bool,
    /// Resources
    #[command(flatten)]
    pub resources: Resources,
    /// Limits
    #[command(flatten)]
    pub limits: EntryLimits,
}

/// The date of a generation.
#[derive(Clone, Copy, Debug, Args)]
pub struct Dating {
    /// Date of the new generation [default: now]
    ///
    /// As for --generation. The same files and the same date give the same archive.
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    pub date: Option<i64>,
    /// Give the new generation no date
    #[arg(long, conflicts_with = "date")]
    pub no_date: bool,
}

const DELETE_HELP: &str = concat!(
    "\
Examples:
  pear-archive delete photos.pear photos/blurred.jpg
  pear-archive delete photos.pear 'photos/**/*.tmp'",
    exit_status!()
);

/// Remove entries from an archive: a new generation without them.
///
/// Earlier generations keep them, and the archive gets no smaller: see 'repack'.
#[derive(Debug, Args)]
#[command(after_help = DELETE_HELP)]
pub struct Delete {
    /// Archive to change
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// What to remove: names or glob patterns from the top of the archive
    ///
    /// A directory is removed with everything below it. '*' and '?' stop at '/', '**' does
    /// not. A pattern that matches nothing is an error, and nothing is removed.
    #[arg(value_name = "PATTERN", required_unless_present = "files_from")]
    pub patterns: Vec<OsString>,
    /// How names are given
    #[command(flatten)]
    pub naming: Naming,
    /// Date
    #[command(flatten)]
    pub date: Dating,
    /// Resources
    #[command(flatten)]
    pub memory: Memory,
    /// Limits
    #[command(flatten)]
    pub limits: EntryLimits,
}

const RENAME_HELP: &str = concat!(
    "\
Examples:
  pear-archive rename photos.pear photos/2025 photos/last-year",
    exit_status!()
);

/// Rename an entry of an archive, with everything below it.
///
/// A new generation has the new name. No content is stored again. A name that is taken is an
/// error.
#[derive(Debug, Args)]
#[command(after_help = RENAME_HELP)]
pub struct Rename {
    /// Archive to change
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// Name in the archive
    #[arg(value_name = "OLD")]
    pub old: OsString,
    /// Its new name
    #[arg(value_name = "NEW")]
    pub new: OsString,
    /// Date
    #[command(flatten)]
    pub date: Dating,
    /// Resources
    #[command(flatten)]
    pub memory: Memory,
    /// Limits
    #[command(flatten)]
    pub limits: EntryLimits,
}

const GENERATIONS_HELP: &str = concat!(
    "\
Examples:
  pear-archive generations photos.pear
  pear-archive generations --json photos.pear | jq .added",
    exit_status!()
);

/// List the generations of an archive: what create, update, append, delete and rename wrote.
///
/// Prints number, date, entries, the bytes it added, and how many bytes of the archive were
/// dead then: contents of no entry, and tables of earlier generations.
#[derive(Debug, Args)]
#[command(after_help = GENERATIONS_HELP)]
pub struct Generations {
    /// Archive to read
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
    /// Resources
    #[command(flatten)]
    pub memory: Memory,
    /// Limits
    #[command(flatten)]
    pub limits: EntryLimits,
}

const DIFF_HELP: &str = concat!(
    "\
Examples:
  pear-archive diff photos.pear                   against what is here
  pear-archive diff photos.pear /backup --checksum
  pear-archive diff old.pear new.pear
  pear-archive diff photos.pear --generation 0 --to 2",
    exit_status!()
);

/// Show what differs between an archive and a directory, or another archive.
///
/// Prints a line for each difference: '-' and a name that is in ARCHIVE alone, '+' and one
/// that is in OTHER alone, '~' and one with what differs: kind, size, content, target, device,
/// mode, owner, modified, attributes. The exit status is 1 if there are differences.
///
/// Of a directory all is looked at that is below the names at the top of the archive. The
/// times of directories are not compared.
#[derive(Debug, Args)]
#[command(after_help = DIFF_HELP)]
pub struct Diff {
    /// Archive to read
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// Directory or archive to compare it with [default: the current directory]
    #[arg(value_name = "OTHER", value_hint = ValueHint::AnyPath)]
    pub other: Option<PathBuf>,
    /// Generation of ARCHIVE
    #[command(flatten)]
    pub generation: Generation,
    /// Generation to compare with, of OTHER or else of ARCHIVE
    #[arg(long, value_name = "N|DATE", value_parser = parse_generation)]
    pub to: Option<At>,
    /// Compare what is in files of the same size, too
    ///
    /// Without it files of the same size and time count as equal.
    #[arg(long)]
    pub checksum: bool,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
    /// Resources
    #[command(flatten)]
    pub memory: Memory,
    /// Limits
    #[command(flatten)]
    pub limits: EntryLimits,
}

const REPACK_HELP: &str = concat!(
    "\
Examples:
  pear-archive repack photos.pear smaller.pear
  pear-archive repack photos.pear first.pear --generation 0
  pear-archive repack photos.pear recent.pear --keep-last 5
  pear-archive repack photos.pear smallest.pear --recode --level 9",
    exit_status!()
);

/// Make an archive of the newest generation of another, without what is dead.
///
/// Groups of which half or more is in use are copied as they are, the files of others are
/// compressed anew. With --recode all files are, by the options for compression.
#[derive(Debug, Args)]
#[command(after_help = REPACK_HELP)]
pub struct Repack {
    /// Archive to read
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// Archive to write
    #[arg(value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub output: PathBuf,
    /// Generation
    #[command(flatten)]
    pub generation: Generation,
    /// Replace OUT even if it is another kind of file
    #[arg(long)]
    pub force: bool,
    /// How to compress
    #[command(flatten)]
    pub recoding: Recoding,
}

/// How contents are coded anew.
#[derive(Debug, Args)]
pub struct Recoding {
    /// Compress all files anew
    #[arg(long)]
    pub recode: bool,
    /// Volumes
    #[command(flatten)]
    pub volumes: VolumeSize,
    /// Keep so many generations, with their dates, and not only the newest
    ///
    /// They are numbered from 0 again. If there are fewer, all are kept.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "recode")]
    pub keep_last: Option<u64>,
    /// How to compress what is not copied
    #[command(flatten)]
    pub coding: Coding,
    /// Resources
    #[command(flatten)]
    pub resources: Resources,
    /// Limits
    #[command(flatten)]
    pub limits: EntryLimits,
}

const MERGE_HELP: &str = concat!(
    "\
Examples:
  pear-archive merge year.pear january.pear february.pear
  pear-archive merge all.pear part-*.pear               all parts of create --shard",
    exit_status!()
);

/// Make one archive of several; what is compressed is copied.
///
/// Groups of which half or more is in use are copied as they are, the files of others are
/// compressed anew. Of equal names that of the later archive counts. A file also hides what earlier archives
/// have below its name. Contents of 64 KiB and more that are in several archives are stored
/// once. Only the newest generation of each archive is taken.
///
/// Parts that 'create --shard' made give the same archive however many they are, in whatever
/// order they are given. All of them must be there.
#[derive(Debug, Args)]
#[command(after_help = MERGE_HELP)]
pub struct Merge {
    /// Archive to write
    #[arg(value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub output: PathBuf,
    /// Archives to read
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath, required = true)]
    pub archives: Vec<PathBuf>,
    /// Merge parts of 'create --shard' as any other archives, in the order they are given
    ///
    /// Parts may be missing, come twice, or be of other plans; each of these is reported, and
    /// the exit status is 1. 'update' adds files that are missing.
    #[arg(long)]
    pub partial: bool,
    /// Keep what a later archive would hide, under another name
    ///
    /// A file of the first ARCHIVE gets '.~1~' behind its name, one of the second '.~2~', and
    /// so a directory if a later archive has a file of its name. Directories of equal names
    /// become one.
    #[arg(long)]
    pub rename: bool,
    /// Replace OUT even if it is another kind of file
    #[arg(long)]
    pub force: bool,
    /// Volumes
    #[command(flatten)]
    pub volumes: VolumeSize,
    /// How to compress what is not copied
    #[command(flatten)]
    pub coding: Coding,
    /// Resources
    #[command(flatten)]
    pub resources: Resources,
    /// Limits
    #[command(flatten)]
    pub limits: EntryLimits,
}

const PRUNE_HELP: &str = concat!(
    "\
Examples:
  pear-archive prune photos.pear",
    exit_status!()
);

/// Drop earlier generations and dead data from an archive.
///
/// Writes what 'repack' would, and puts it in the place of the archive in one step. The
/// earlier generations are gone then.
#[derive(Debug, Args)]
#[command(after_help = PRUNE_HELP)]
pub struct Prune {
    /// Archive to change
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// How to compress
    #[command(flatten)]
    pub recoding: Recoding,
}
