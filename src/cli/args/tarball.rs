//! Arguments of `import` and `export`.

use clap::{Args, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;

use super::{Bases, Coding, Generation, LimitFlags, Naming, Resources, VolumeSize};

const IMPORT_HELP: &str = concat!(
    "\
Examples:
  pear-archive import photos.pear photos.tar
  pear-archive import backup.pear backup.tar.zst
  git archive HEAD | pear-archive import source.pear -",
    exit_status!()
);

/// Make an archive from a tar.
///
/// The tar need not be unpacked: names, owners, times, links, devices, extended
/// attributes, access lists and holes are converted directly. V7, POSIX, pax,
/// Solaris and GNU tars are read. Tars compressed with gzip, bzip2, xz or zstd
/// are unpacked on the way, into a nameless file beside the archive.
///
/// The whole tar is checked before anything is written. A tar that is damaged, or
/// that holds an unsafe name ('..', an absolute path, a member below something that
/// is no directory), is refused as a whole. Of members with the same name the last
/// one counts. What an archive cannot keep is reported, each cause once with the
/// number of members ('-v' names them all), and the exit status is 1.
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
    /// Remove the unsafe part of absolute names and names with '..'
    ///
    /// From each such name, and from the names that hard links lead to, '/' at the
    /// start and everything up to the last '..' is removed: '/etc/passwd' becomes
    /// 'etc/passwd', 'a/../../b' becomes 'b'. Without this option such a name
    /// refuses the tar.
    #[arg(long)]
    pub strip_unsafe: bool,
    /// Replace ARCHIVE even if it is another kind of file
    ///
    /// Without it only an archive or an empty file is replaced.
    #[arg(long)]
    pub force: bool,
    /// Volumes
    #[command(flatten)]
    pub volumes: VolumeSize,
    /// How to compress
    #[command(flatten)]
    pub coding: Coding,
    /// Decode and compare every group before it is written
    ///
    /// Takes about twice as long.
    #[arg(long)]
    pub verify: bool,
    /// Resources
    #[command(flatten)]
    pub resources: Resources,
    /// Limits
    #[command(flatten)]
    pub limits: LimitFlags,
}

const EXPORT_HELP: &str = concat!(
    "\
Examples:
  pear-archive export photos.pear photos.tar
  pear-archive export photos.pear 2019.tar 'photos/2019'
  pear-archive export photos.pear before.tar --generation 0
  pear-archive export photos.pear - | tar -x --xattrs -C out",
    exit_status!()
);

/// Make a tar from an archive, or from the entries that match the patterns.
///
/// The tar is a POSIX one with pax records where they are needed: GNU tar, bsdtar
/// and others read it. The same archive gives the same tar, in the order of the
/// names. It appears under its name only when it is complete.
///
/// If the archive is damaged, all undamaged files are in the tar and the damaged
/// ones are named; but an existing tar is not replaced by such an incomplete one,
/// unless --keep-incomplete is given. What a tar cannot hold is reported, and the
/// exit status is 1.
///
/// For standard output, the tar is first put into a nameless file in TMPDIR, because
/// an archive holds files in another order. If the archive comes from a pipe, the
/// members come in its order, each file as soon as it is complete.
#[derive(Debug, Args)]
#[command(after_help = EXPORT_HELP)]
pub struct Export {
    /// Archive to read; '-' is standard input
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,
    /// Tar to write; '-' is standard output
    #[arg(value_name = "TAR", value_hint = ValueHint::FilePath)]
    pub tar: PathBuf,
    /// Generation
    #[command(flatten)]
    pub generation: Generation,
    /// What to export [default: everything]
    ///
    /// Names or glob patterns, starting at the top of the archive. A directory
    /// selects everything below it. '*' and '?' stop at '/', '**' does not. A name
    /// that is in the archive selects only itself, whatever characters it has. A
    /// pattern that matches nothing is an error.
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<OsString>,
    /// Replace an existing tar even if the new one lacks damaged files
    #[arg(long)]
    pub keep_incomplete: bool,
    /// Replace TAR even if it is another kind of file
    ///
    /// Without it only a tar or an empty file is replaced.
    #[arg(long)]
    pub force: bool,
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
