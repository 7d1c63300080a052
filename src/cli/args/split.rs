//! Arguments of `split`.

use clap::{Args, ValueHint};
use std::path::PathBuf;

use super::super::size::parse_size_from;
use super::{Coding, EntryLimits, Generation, Resources};

const SPLIT_HELP: &str = concat!(
    "\
Examples:
  pear-archive split photos.pear -o parts             an archive for each directory at the top
  pear-archive split photos.pear -o parts --depth 2   and for each one level below
  pear-archive split photos.pear -o parts --size 1G
  pear-archive merge photos.pear parts/*.pear         the opposite",
    exit_status!()
);

/// Make several archives of one; what is compressed is copied.
///
/// Each of them stands for itself and can be read without the others, unlike the volumes of
/// 'create --volume-size'. By directory they are called after the directories, with '-' for
/// '/', and what lies directly in a directory above has an archive of that directory's name.
/// By size, and for files at the top, they are called after ARCHIVE.
///
/// Groups of which half or more is in use, or with --size nearly all, are copied as they are,
/// the files of others are compressed anew. Hard links to a file that comes into another archive become files, which
/// is reported, and the exit status is 1. If anything fails, none of the archives is left.
#[derive(Debug, Args)]
#[command(after_help = SPLIT_HELP)]
pub struct Split {
    /// Archive to read
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// Directory for the new archives; it is made if it is not there
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub output: PathBuf,
    /// Split by the directories so many levels below the top
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub depth: u16,
    /// Split into archives of this size or less
    ///
    /// A file that takes more is in an archive of its own. If some files are compressed anew,
    /// an archive may become larger.
    #[arg(long, value_name = "SIZE", value_parser = parse_part_size, conflicts_with = "depth")]
    pub size: Option<u64>,
    /// Generation
    #[command(flatten)]
    pub generation: Generation,
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

/// The tables of an archive take some kilobytes.
fn parse_part_size(text: &str) -> Result<u64, String> {
    parse_size_from(text, "64K")
}
