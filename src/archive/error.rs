//! Why an operation on an archive failed, wholly or for one entry.

use super::ShardFault;
use super::given;
use super::tarball::{NotKept, TarEnd, TarFault};
use super::volumes::VolumeFault;
use crate::arith::refusal::Refused;
use crate::bytes::show_size;
use crate::checksum::Digest;
use crate::codec::CodecError;
use crate::container::{ContainerError, ErrorKind, NOWHERE, exceeded};
use crate::recipe::RecipeError;
use crate::tree::{TreeError, printable};
use rustix::io::Errno;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Stands for the path in an [`ArchiveError::Io`] if the output has none, like a pipe.
pub const NAMELESS_OUTPUT: &str = "output";

/// Why an operation on an archive failed, wholly or for one entry. [`ArchiveError::kind`]
/// says what it means. Displaying one escapes control characters.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The container cannot be read or written.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// The file tree cannot be read or written.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The codec failed.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The archive file itself cannot be read or written.
    #[error("{}: cannot {operation}: {source}", path.display())]
    Io {
        /// The archive, or the directory it is in.
        path: PathBuf,
        /// What was tried.
        operation: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A volume is missing, or is not what it should be.
    #[error("{}", volume(path, to.as_deref(), fault))]
    Volume {
        /// The volume.
        path: PathBuf,
        /// The last of several volumes, if it is about them all.
        to: Option<PathBuf>,
        /// What is wrong with it.
        fault: VolumeFault,
    },
    /// The system refused memory.
    #[error(
        "not enough memory: the system refused {} more; \
         run fewer jobs at once (-j 1) or raise the limit (ulimit -v)",
        show_size(.0.bytes)
    )]
    Memory(#[from] Refused),
    /// The system did not start the threads.
    #[error("cannot start {count} threads: {source}; run fewer jobs at once (-j 1)")]
    Threads {
        /// How many were to be started.
        count: usize,
        /// What the system said.
        source: io::Error,
    },
    /// A group cannot be read or decoded.
    #[error("group {group}{}: {cause}", place(*offset))]
    Group {
        /// Number of the group.
        group: u64,
        /// Byte offset of its section in the archive.
        offset: u64,
        /// Why.
        cause: Arc<ArchiveError>,
    },
    /// A group goes on from another one, which is lost.
    #[error("its base, group {group}, is lost: {cause}")]
    BaseLost {
        /// Number of the base.
        group: u64,
        /// What is wrong with it.
        cause: Arc<ArchiveError>,
    },
    /// Groups go on from a base that is not in the archive and was not given.
    #[error("{}", needs_base(digest, given, *files))]
    NeedsBase {
        /// The hash of the base.
        digest: Digest,
        /// Those of the bases that were given.
        given: Vec<Digest>,
        /// How many of the files asked for need it; 0 if it is about a group.
        files: u64,
    },
    /// Bytes that cannot be a base, or not of these groups.
    #[error("cannot be a base: {cause}")]
    NoBase {
        /// Why.
        cause: &'static str,
    },
    /// There is nothing to make a base of.
    #[error("no base made: {cause}")]
    NothingToTrain {
        /// Why.
        cause: &'static str,
    },
    /// A group is damaged, and files that lie in it are lost.
    #[error("group {group}{}: {}{}", place(*offset), cause_in_group(cause), lost_files(*files))]
    GroupLost {
        /// Number of the group.
        group: u64,
        /// Byte offset of its section in the archive.
        offset: u64,
        /// What is wrong with it.
        cause: Arc<ArchiveError>,
        /// How many of the files asked for are lost.
        files: u64,
    },
    /// The archive is damaged or cut short; the operation goes on with what is left.
    #[error("{}", salvaged(cause, *missing))]
    Salvaged {
        /// What is wrong with the archive.
        cause: Arc<ContainerError>,
        /// Bytes that are missing, and bytes of the whole archive. Without an index both
        /// are lower bounds.
        missing: Option<(u64, u64)>,
    },
    /// Entries of an archive that is not whole cannot be given out.
    #[error("{count} {} lost or damaged", if *count == 1 { "entry is" } else { "entries are" })]
    Unreadable {
        /// How many.
        count: u64,
    },
    /// A file was not restored: its bytes are lost or wrong, or cannot be decoded.
    #[error("{}: {}{cause}", printable(path), if is_damage(cause) { "damaged: " } else { "" })]
    File {
        /// Path in the archive.
        path: Vec<u8>,
        /// Why.
        cause: Arc<ArchiveError>,
    },
    /// The decoded bytes do not have the digest of the file.
    #[error("the content does not match its BLAKE3 digest")]
    Digest,
    /// A file cannot be made by its recipe.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// Bytes of a file are in no group that was found.
    #[error("a part of the content is missing")]
    Missing,
    /// A group without an ENTRY section: whose bytes it holds is not known.
    #[error("its ENTRY section is missing")]
    Unannounced,
    /// A second entry of the same path came through a pipe.
    #[error("{}: announced twice without being revoked", printable(path))]
    Repeated {
        /// Path in the archive.
        path: Vec<u8>,
    },
    /// An entry below one that is not a directory came through a pipe, or the other way round.
    #[error("{}: is below an entry that is not a directory, or is one", printable(path))]
    BelowFile {
        /// Path in the archive.
        path: Vec<u8>,
    },
    /// A generation that came through a pipe replaces or removes what a hard link leads to, and
    /// does not announce the link anew.
    #[error("{}: the file that this hard link leads to was replaced or removed", printable(path))]
    LinkLost {
        /// Path in the archive.
        path: Vec<u8>,
    },
    /// An ENTRY section goes on with what the one before did not leave open, or takes back what
    /// it did not announce.
    #[error("the ENTRY section at byte {offset} does not go on as the one before says")]
    NotOpen {
        /// Byte offset of the section.
        offset: u64,
    },
    /// An ENTRY section is lost, and with it the names of what its groups hold.
    #[error(
        "the ENTRY section at byte {offset} is lost, and with it the names of {} in {groups} {}",
        show_size(*bytes), if *groups == 1 { "group" } else { "groups" }
    )]
    BatchLost {
        /// Byte offset of the section.
        offset: u64,
        /// Number of the groups that it announces.
        groups: u64,
        /// Bytes of these.
        bytes: u64,
    },
    /// Something that needs more of the archive than a pipe gives.
    #[error("{what} cannot be read from a pipe: save the archive as a file first")]
    FromPipe {
        /// What is asked for.
        what: &'static str,
    },
    /// Another program, or another run of this one, is changing the archive.
    #[error("the archive is being changed by another run: wait until that has ended")]
    Locked,
    /// An archive that is not whole is not changed.
    #[error("the archive is damaged, so it is not changed: rescue what is intact with 'extract'")]
    NotWhole,
    /// A generation that was written is not what an archive may hold. It was cut off again.
    #[error(
        "the new generation cannot be read back, so the archive is as it was: {cause}; try again"
    )]
    NotReadBack {
        /// What is wrong with it.
        cause: Arc<ArchiveError>,
    },
    /// An archive whose making was interrupted, and that holds what there was until then.
    #[error(
        "the archive is incomplete, because making it was interrupted: the same 'create --checkpoint' \
         or 'update' goes on with it"
    )]
    Unfinished,
    /// Not everything on disk could be looked at, so nothing was taken for gone.
    #[error("nothing is forgotten in spite of --mirror, because not everything could be read")]
    NothingForgotten,
    /// An archive that would be split into one.
    #[error("nothing to split: all of it would be one archive; see --depth and --size")]
    Unsplit,
    /// Hard links to files that come into another archive.
    #[error(
        "{}{}: hard links to a file in another archive are files of their own there",
        printable(path),
        and_more(*more)
    )]
    Parted {
        /// Path of the first file.
        path: Vec<u8>,
        /// How many other files there are.
        more: u64,
    },
    /// Names that an operation would announce a second time.
    #[error("{}{}: already in the archive", printable(path), and_more(*more))]
    InArchive {
        /// Path of the first.
        path: Vec<u8>,
        /// How many others there are.
        more: u64,
    },
    /// Something that an archive cannot hold as it was given.
    #[error("{}: cannot be archived: {cause}", printable(path))]
    Unfit {
        /// Path in the archive.
        path: Vec<u8>,
        /// Which rule it breaks.
        cause: &'static str,
    },
    /// A pattern that selects nothing.
    #[error("{}: matches nothing in the archive; {}", printable(pattern), what_to_try(similar))]
    NotFound {
        /// The pattern or path as given.
        pattern: Vec<u8>,
        /// Up to three patterns or names that select something like it.
        similar: Vec<Vec<u8>>,
    },
    /// An entry without content was asked for its content.
    #[error("{}: not a regular file", printable(path))]
    NotAFile {
        /// Path in the archive.
        path: Vec<u8>,
    },
    /// More than a limit allows.
    #[error("{}", exceeded(field, *found, *limit))]
    Limit {
        /// Name of the limit.
        field: &'static str,
        /// What is asked for.
        found: u64,
        /// What is allowed.
        limit: u64,
    },
    /// A tar that cannot be imported; nothing was written.
    #[error("at byte {offset}: {fault}")]
    Tar {
        /// Byte offset in the tar of the header it is about.
        offset: u64,
        /// What is wrong.
        fault: TarFault,
    },
    /// A property that an archive cannot keep of a tar, or a tar of an archive.
    #[error("{}{}: {what}", printable(path), and_more(*more))]
    NotKept {
        /// Path of the first entry.
        path: Vec<u8>,
        /// How many other entries it is true of.
        more: u64,
        /// What is not kept.
        what: NotKept,
    },
    /// The end of a tar is missing or unusual.
    #[error(transparent)]
    TarEnd(TarEnd),
    /// The system refused what every further entry needs too; the rest was not
    /// extracted.
    #[error("{cause}; extraction stopped: {}", advice(cause))]
    Refused {
        /// What was refused, and of which file.
        cause: TreeError,
    },
    /// An incomplete tar did not replace the existing file.
    #[error(
        "{}: not replaced, because the new tar lacks {lost} damaged {} \
         (use --keep-incomplete to replace it)",
        path.display(), if *lost == 1 { "entry" } else { "entries" }
    )]
    Incomplete {
        /// The existing file.
        path: PathBuf,
        /// Entries that cannot be exported.
        lost: u64,
    },
    /// Archives are not the shards of one plan, all of them.
    #[error("{fault}")]
    Shards {
        /// Which of the archives it is about, if it is about one.
        archive: Option<usize>,
        /// What is wrong.
        fault: ShardFault,
    },
    /// Stopped on request.
    #[error("interrupted")]
    Interrupted,
}

impl ArchiveError {
    /// Returns what the failure means; exit codes follow from it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            ArchiveError::Container(error) => error.kind(),
            ArchiveError::Tree(error) => tree_kind(error),
            ArchiveError::Codec(error) => error.kind(),
            ArchiveError::Recipe(error) => recipe_kind(error),
            ArchiveError::Group { cause, .. }
            | ArchiveError::BaseLost { cause, .. }
            | ArchiveError::GroupLost { cause, .. }
            | ArchiveError::File { cause, .. } => cause.kind(),
            ArchiveError::NeedsBase { .. } | ArchiveError::FromPipe { .. } => {
                ErrorKind::Unsupported
            }
            ArchiveError::Salvaged { cause, .. } => match cause.kind() {
                ErrorKind::Unsupported => ErrorKind::Unsupported,
                _ => ErrorKind::Integrity,
            },
            ArchiveError::Digest
            | ArchiveError::Missing
            | ArchiveError::Unannounced
            | ArchiveError::BatchLost { .. }
            | ArchiveError::Unreadable { .. }
            | ArchiveError::Repeated { .. }
            | ArchiveError::BelowFile { .. }
            | ArchiveError::LinkLost { .. }
            | ArchiveError::NotOpen { .. }
            | ArchiveError::NotWhole
            | ArchiveError::Volume { .. }
            | ArchiveError::Incomplete { .. } => ErrorKind::Integrity,
            ArchiveError::Limit { .. } => ErrorKind::Limit,
            ArchiveError::Tar { fault, .. } => fault.kind(),
            ArchiveError::Interrupted => ErrorKind::Interrupted,
            ArchiveError::Refused { .. }
            | ArchiveError::Io { .. }
            | ArchiveError::Memory(_)
            | ArchiveError::Threads { .. }
            | ArchiveError::NotKept { .. }
            | ArchiveError::TarEnd(_)
            | ArchiveError::Unfit { .. }
            | ArchiveError::Locked
            | ArchiveError::Unfinished
            | ArchiveError::NothingForgotten
            | ArchiveError::Unsplit
            | ArchiveError::Parted { .. }
            | ArchiveError::Shards { .. }
            | ArchiveError::NotReadBack { .. }
            | ArchiveError::InArchive { .. }
            | ArchiveError::NoBase { .. }
            | ArchiveError::NothingToTrain { .. }
            | ArchiveError::NotFound { .. }
            | ArchiveError::NotAFile { .. } => ErrorKind::Environment,
        }
    }
}

impl ArchiveError {
    /// Returns the base that a group lacks, if that is what is wrong.
    pub(super) fn needed_base(&self) -> Option<(&Digest, &[Digest])> {
        match self {
            ArchiveError::NeedsBase { digest, given, .. } => Some((digest, given)),
            ArchiveError::Group { cause, .. }
            | ArchiveError::BaseLost { cause, .. }
            | ArchiveError::File { cause, .. } => cause.needed_base(),
            _ => None,
        }
    }
}

/// Says which base is missing, and what to do.
fn needs_base(digest: &Digest, given: &[Digest], files: u64) -> String {
    let who = match files {
        0 => "needs".to_owned(),
        1 => "1 file needs".to_owned(),
        _ => format!("{files} files need"),
    };
    let others: Vec<String> = given.iter().map(given::name).collect();
    let others = match &others[..] {
        [] => String::new(),
        [one] => format!(" (the one given is {one})"),
        _ => format!(" (those given are {})", others.join(", ")),
    };
    let base = given::name(digest);
    format!("{who} the base {base}, which is not in the archive: give it with --base FILE{others}")
}

/// Says what is wrong with a volume, or with all up to another one.
fn volume(path: &Path, to: Option<&Path>, fault: &VolumeFault) -> String {
    let shown = |path: &Path| printable(path.as_os_str().as_bytes());
    let mut name = shown(path);
    if let Some(to) = to.and_then(Path::file_name) {
        name += &format!(" to {}", printable(to.as_bytes()));
    }
    let is = if to.is_some() { "these volumes are" } else { "this volume is" };
    match fault {
        VolumeFault::Missing { bytes: 0, .. } => format!("{name}: {is} missing"),
        VolumeFault::Missing { offset, bytes } => {
            format!("{name}: {is} missing, {bytes} bytes from byte {offset} of the archive on")
        }
        VolumeFault::Short { missing } => {
            format!("{name}: {is} cut short, its last {missing} bytes are missing")
        }
        VolumeFault::Long { more } => {
            format!("{name}: {is} longer than the others, its last {more} bytes are ignored")
        }
        VolumeFault::Foreign => format!("{name}: {is} a part of another archive"),
        VolumeFault::End => format!("{name}: {is} missing, and perhaps more behind it"),
    }
}

/// Counts the entries that a message does not name.
fn and_more(more: u64) -> String {
    match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}

/// Says what to do about something the system refused.
fn advice(cause: &TreeError) -> &'static str {
    let TreeError::Io { source, .. } = cause else { return "try again" };
    match Errno::from_io_error(source) {
        Some(Errno::NOSPC) => "make room, or extract to another disk with -C",
        Some(Errno::DQUOT) => "make room in your quota, or extract elsewhere with -C",
        Some(Errno::ROFS) => "extract to another file system with -C",
        Some(Errno::FBIG) => "raise the limit of the file size (ulimit -f)",
        Some(Errno::MFILE) => "raise the limit of open files (ulimit -n)",
        _ => "close other programs, or raise the system's limit of open files",
    }
}

/// Says what to do about a pattern that selects nothing.
fn what_to_try(similar: &[Vec<u8>]) -> String {
    let shown = similar.iter().map(|pattern| format!("'{}'", printable(pattern)));
    match &shown.collect::<Vec<_>>()[..] {
        [] => "see the names with 'list'".to_owned(),
        [one] => format!("try {one}, or see the names with 'list'"),
        [first @ .., last] => {
            format!("try {} or {last}, or see the names with 'list'", first.join(", "))
        }
    }
}

/// Says what is wrong in a group, without the number of the group.
fn cause_in_group(cause: &ArchiveError) -> String {
    match cause {
        ArchiveError::Group { cause, .. } => cause.to_string(),
        other => other.to_string(),
    }
}

fn place(offset: u64) -> String {
    if offset == NOWHERE { String::new() } else { format!(" at byte {offset}") }
}

fn lost_files(files: u64) -> String {
    match files {
        0 => "; no file is lost".to_owned(),
        1 => "; 1 file is lost".to_owned(),
        _ => format!("; {files} files are lost"),
    }
}

fn salvaged(cause: &ContainerError, missing: Option<(u64, u64)>) -> String {
    let share = missing.map(|(missing, whole)| {
        let percent = missing as f64 * 100.0 / whole.max(1) as f64;
        if percent < 0.1 { "some".to_owned() } else { format!("at least {percent:.1} %") }
    });
    match (cause, share) {
        (ContainerError::Truncated { .. }, Some(share)) => {
            format!("the archive ends too early, {share} of it is missing; reading what is left")
        }
        (ContainerError::Truncated { .. }, None) => {
            format!("the archive ends too early ({cause}); reading what is left")
        }
        (_, Some(share)) => {
            format!("{cause}; {share} of the archive is missing; reading what is left")
        }
        (_, None) => format!("{cause}; reading what is intact"),
    }
}

/// Returns what makes an error of one of the system: `operation` failed on the file `path`.
pub(super) fn failed(
    path: &Path,
    operation: &'static str,
) -> impl Fn(io::Error) -> ArchiveError + Copy {
    move |source| ArchiveError::Io { path: path.to_owned(), operation, source }
}

/// Returns whether the archive is at fault, not this version or the system.
fn is_damage(error: &ArchiveError) -> bool {
    error.kind() == ErrorKind::Integrity
}

fn recipe_kind(error: &RecipeError) -> ErrorKind {
    match error {
        RecipeError::UnknownTransform { .. } => ErrorKind::Unsupported,
        RecipeError::TooLarge { .. } => ErrorKind::Limit,
        _ => ErrorKind::Integrity,
    }
}

fn tree_kind(error: &TreeError) -> ErrorKind {
    match error {
        TreeError::Unsafe { .. } | TreeError::UnsafePath { .. } => ErrorKind::Unsafe,
        TreeError::Io { .. }
        | TreeError::NotArchived { .. }
        | TreeError::Unmatched { .. }
        | TreeError::Exists { .. }
        | TreeError::NotSet { .. }
        | TreeError::Changed { .. }
        | TreeError::LeftOut { .. }
        | TreeError::Socket { .. }
        | TreeError::Leftover { .. }
        | TreeError::Name { .. }
        | TreeError::Pattern { .. } => ErrorKind::Environment,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_damaged_is_called_so() {
        let file = |cause| ArchiveError::File { path: b"a/b".to_vec(), cause: Arc::new(cause) };
        assert!(file(ArchiveError::Digest).to_string().starts_with("a/b: damaged: the content"));
        let unknown = CodecError::UnknownModel { codec: "pear-paper", model: 40_000 };
        let (group, offset) = (3, 244);
        let cause = Arc::new(ArchiveError::Codec(unknown));
        let message = file(ArchiveError::Group { group, offset, cause }).to_string();
        assert!(message.starts_with("a/b: group 3 at byte 244: unknown model 40000"), "{message}");
    }
}
