//! The entries of an archive, their metadata, and where their bytes are.
//!
//! These plain values are shared by `tree`, which reads them from a file system and
//! restores them, and `container`, which writes them into the index. Names are bytes:
//! nothing here assumes UTF-8.

use smallvec::SmallVec;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::ops::{Bound, Deref, DerefMut, Range};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use thin_vec::ThinVec;

/// Why a path cannot be the name of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathFault {
    /// The path has no bytes.
    #[error("is empty")]
    Empty,
    /// It starts at the root.
    #[error("is absolute")]
    Absolute,
    /// Two slashes in a row, or one at the end.
    #[error("has an empty component")]
    EmptyComponent,
    /// A component `.`.
    #[error("has a component \".\"")]
    Dot,
    /// A component `..`.
    #[error("has a component \"..\"")]
    Parent,
    /// A NUL byte, which no file system takes.
    #[error("has a NUL byte")]
    Nul,
}

/// Checks what [`Entry::path`] promises. Does not look at any file system: a safe path
/// can still lead through a symbolic link.
///
/// # Errors
/// The first fault found.
pub fn check_path(path: &[u8]) -> Result<(), PathFault> {
    if path.is_empty() {
        return Err(PathFault::Empty);
    }
    if path[0] == b'/' {
        return Err(PathFault::Absolute);
    }
    if path.contains(&0) {
        return Err(PathFault::Nul);
    }
    path.split(|&byte| byte == b'/').try_for_each(|component| match component {
        b"" => Err(PathFault::EmptyComponent),
        b"." => Err(PathFault::Dot),
        b".." => Err(PathFault::Parent),
        _ => Ok(()),
    })
}

/// Compares paths in the order of an archive: component by component, each by its
/// bytes. The entries below a directory follow it at once, as in a sorted walk.
pub fn compare_paths(left: &[u8], right: &[u8]) -> Ordering {
    let components = |path| <[u8]>::split(path, |&byte| byte == b'/');
    components(left).cmp(components(right))
}

/// Returns whether a path is below another, that is, somewhere in it if it is a directory.
pub fn is_below(path: &[u8], above: &[u8]) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.first() == Some(&b'/'))
}

/// Returns whether a path is another, or below it.
pub fn is_within(path: &[u8], above: &[u8]) -> bool {
    path == above || is_below(path, above)
}

/// Returns what a map has of the paths below another, in byte order.
pub(crate) fn range_below<'m, P: Borrow<[u8]> + Ord, T>(
    map: &'m BTreeMap<P, T>,
    above: &[u8],
) -> impl Iterator<Item = (&'m P, &'m T)> + use<'m, P, T> {
    let inside = [above, b"/"].concat();
    let from = map.range::<[u8], _>((Bound::Included(&inside[..]), Bound::Unbounded));
    from.take_while(move |(path, _)| (*path).borrow().starts_with(&inside))
}

/// A point in time, to the nanosecond, relative to 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Whole seconds; negative before 1970.
    pub seconds: i64,
    /// Nanoseconds after `seconds`, always below 1,000,000,000.
    pub nanoseconds: u32,
}

/// Metadata that every kind of entry has. The fields of [`Common`] are read and set as if they
/// were its own.
///
/// ```
/// use pear_archive::entry::{Common, Entry, Metadata};
///
/// let mut file = Entry::file("notes");
/// file.metadata = Metadata::from(Common { mode: 0o600, uid: 7, ..Common::default() });
/// file.metadata.gid = 8;
/// assert_eq!((file.metadata.uid, file.metadata.gid), (7, 8));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Last modification.
    pub modified: Timestamp,
    /// The rest. Entries with equal values share it. Setting one of its fields makes a copy if
    /// others have it too.
    pub common: Arc<Common>,
}

/// Metadata that many entries have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Common {
    /// Permission bits with setuid, setgid and sticky: the low 12 bits of `st_mode`.
    pub mode: u32,
    /// Numeric owner.
    pub uid: u32,
    /// Numeric group.
    pub gid: u32,
    /// Owner's name, empty when unknown; entries of one owner share it.
    pub user: Arc<[u8]>,
    /// Group's name, empty when unknown; entries of one group share it.
    pub group: Arc<[u8]>,
    /// Extended attributes in byte order of their names; ACLs are among them.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Metadata {
    /// Shares what it has in common with an entry that came before, if all of it is equal.
    pub fn share(&mut self, before: &Metadata) {
        if self.common == before.common {
            self.common = Arc::clone(&before.common);
        }
    }
}

/// Metadata with time 0.
impl From<Common> for Metadata {
    fn from(common: Common) -> Metadata {
        Metadata { modified: Timestamp::default(), common: common.into() }
    }
}

impl Deref for Metadata {
    type Target = Common;

    fn deref(&self) -> &Common {
        &self.common
    }
}

impl DerefMut for Metadata {
    fn deref_mut(&mut self) -> &mut Common {
        Arc::make_mut(&mut self.common)
    }
}

/// A run of data inside a file; the gaps between segments are holes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Segment {
    /// Byte offset in the file.
    pub offset: u64,
    /// Length in bytes, never 0.
    pub length: u64,
}

/// The place of a run of a file's data in the decoded groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Number of the decode group, counted from 0.
    pub group: u64,
    /// Byte offset in the decoded group.
    pub offset: u64,
    /// Length in bytes, never 0.
    pub length: u64,
}

/// The places of a file's bytes: one as a rule, which needs no memory of its own.
pub type Extents = SmallVec<[Extent; 1]>;

/// What an archive stores of the digest of a file: of its BLAKE3 hash, or for a file with
/// holes of that of the map and the data (`container::content_digest`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileDigest {
    /// Nothing is known.
    #[default]
    Unknown,
    /// The whole digest of a file, stored for it alone since its data lie in several
    /// groups.
    File([u8; 32]),
    /// The whole digest of a span that holds nothing but the file.
    Span([u8; 32]),
    /// The first 16 bytes of the digest of such a span.
    Short([u8; 16]),
    /// None of its own: it shares one with its neighbours.
    Shared,
}

impl FileDigest {
    /// Returns the digest if all of it is stored.
    pub fn whole(&self) -> Option<&[u8; 32]> {
        match self {
            FileDigest::File(digest) | FileDigest::Span(digest) => Some(digest),
            _ => None,
        }
    }
}

/// How a file is made from streams, which lie in the groups of one batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipe {
    /// The bytes of the batch that it uses, ascending and apart.
    pub parts: Vec<Range<u64>>,
    /// What is done, in order. The outputs of the steps that are not hidden, end to end, are
    /// the file.
    pub steps: Vec<Step>,
}

/// A step of a [`Recipe`]; its inputs are told in another way before the streams have their
/// places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<I = Input> {
    /// Number of the transform, as in the format.
    pub transform: u64,
    /// Whether only other steps use the output.
    pub hidden: bool,
    /// Bytes that it gives, never 0.
    pub output: u64,
    /// What the transform needs to know besides.
    pub parameters: Vec<u8>,
    /// What it works on.
    pub inputs: Vec<I>,
}

/// What a [`Step`] works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Bytes of the parts of the recipe, which are counted end to end.
    Parts {
        /// The first byte.
        offset: u64,
        /// Number of bytes.
        length: u64,
    },
    /// The whole output of an earlier step.
    Step {
        /// Number of that step, counted from 0.
        number: usize,
    },
}

impl Recipe {
    /// Returns the bytes of the file.
    pub fn size(&self) -> u64 {
        self.steps.iter().filter(|step| !step.hidden).map(|step| step.output).sum()
    }

    /// Returns the bytes that all steps together give, hidden ones included.
    pub fn outputs(&self) -> u64 {
        self.steps.iter().map(|step| step.output).sum()
    }

    /// Returns the number of bytes of an input.
    pub fn length(&self, input: &Input) -> u64 {
        match *input {
            Input::Parts { length, .. } => length,
            Input::Step { number } => self.steps.get(number).map_or(0, |step| step.output),
        }
    }
}

/// The content of a regular file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Size of the file in bytes, holes included.
    pub size: u64,
    /// What is stored of its digest.
    pub digest: FileDigest,
    /// Data segments of a sparse file, ascending and disjoint; `None` if the file has
    /// no holes.
    pub segments: Option<ThinVec<Segment>>,
    /// Places of the data segments' bytes, in file order. The lengths add up to the
    /// length of the data, without holes. If there are recipes: places of their parts.
    pub extents: Extents,
    /// How the file is made from what lies there: a recipe for each batch that it has a piece
    /// in. Empty if the file is what lies there.
    pub recipes: ThinVec<Arc<Recipe>>,
}

impl Content {
    /// Returns whether the file is made by recipes.
    pub fn is_made(&self) -> bool {
        !self.recipes.is_empty()
    }

    /// Returns the recipes, each with the extents that it uses.
    pub fn pieces(&self) -> impl Iterator<Item = (&Arc<Recipe>, &[Extent])> {
        let mut rest = &self.extents[..];
        self.recipes.iter().map(move |recipe| {
            let mut left: u64 = recipe.parts.iter().map(|part| part.end - part.start).sum();
            let own = rest.iter().take_while(|extent| {
                let takes = left > 0;
                left = left.saturating_sub(extent.length);
                takes
            });
            let (own, later) = rest.split_at(own.count());
            rest = later;
            (recipe, own)
        })
    }
}

/// The kind of an entry, with the fields that only that kind has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File(Content),
    /// A directory.
    Directory,
    /// A symbolic link and the bytes it points to.
    Symlink {
        /// The link's text, as `readlink` gives it.
        target: Vec<u8>,
    },
    /// Another name of a file that comes earlier in the archive.
    HardLink {
        /// Path of the earlier entry, which is neither a directory nor a hard link.
        target: Vec<u8>,
    },
    /// A named pipe.
    Fifo,
    /// A character device.
    CharacterDevice {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A block device.
    BlockDevice {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
}

/// One entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Relative path, components separated by `/`, none of them empty, `.` or
    /// `..`, no NUL byte.
    pub path: Vec<u8>,
    /// Kind of the entry.
    pub kind: Kind,
    /// Mode, owner, times, attributes.
    pub metadata: Metadata,
}

impl Entry {
    /// Makes an entry with `mode` and default metadata otherwise: owner 0, time 0.
    fn new(path: &[u8], kind: Kind, mode: u32) -> Entry {
        let metadata = Common { mode, ..Common::default() }.into();
        Entry { path: path.to_vec(), kind, metadata }
    }

    /// Makes a regular file of mode 644. Its content is filled in later.
    pub fn file(path: impl AsRef<[u8]>) -> Entry {
        Entry::new(path.as_ref(), Kind::File(Content::default()), 0o644)
    }

    /// Makes a directory of mode 755.
    pub fn directory(path: impl AsRef<[u8]>) -> Entry {
        Entry::new(path.as_ref(), Kind::Directory, 0o755)
    }

    /// Makes a symbolic link to `target`.
    pub fn symlink(path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Entry {
        let target = target.as_ref().to_vec();
        Entry::new(path.as_ref(), Kind::Symlink { target }, 0o777)
    }

    /// Returns the path in the form of the system. It is relative and stays below the
    /// directory that it is joined to, unless a symbolic link on the way leads elsewhere.
    pub fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.path))
    }

    /// Returns the path for people: characters that are not printable are escaped.
    pub fn display(&self) -> Printable<'_> {
        Printable(&self.path)
    }

    /// Returns whether it is a regular file. Hard links to one are not.
    pub fn is_file(&self) -> bool {
        matches!(self.kind, Kind::File(_))
    }

    /// Returns whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.kind == Kind::Directory
    }

    /// Returns the bytes of a regular file, holes included; 0 for everything else.
    pub fn size(&self) -> u64 {
        match &self.kind {
            Kind::File(content) => content.size,
            _ => 0,
        }
    }
}

/// A regular file of this path, as [`Entry::file`] makes it.
impl From<&str> for Entry {
    fn from(path: &str) -> Entry {
        Entry::file(path)
    }
}

/// A regular file of this path, as [`Entry::file`] makes it.
impl From<String> for Entry {
    fn from(path: String) -> Entry {
        Entry::file(path)
    }
}

/// A regular file of this path, as [`Entry::file`] makes it.
impl From<&[u8]> for Entry {
    fn from(path: &[u8]) -> Entry {
        Entry::file(path)
    }
}

/// A regular file of this path, as [`Entry::file`] makes it.
impl From<&Path> for Entry {
    fn from(path: &Path) -> Entry {
        Entry::file(path.as_os_str().as_bytes())
    }
}

/// A name for people: control characters, backslashes and bytes that are not UTF-8 are
/// escaped (`\n`, `\\`, `\xff`), so no name can control a terminal or look like
/// two.
#[derive(Clone, Copy, Debug)]
pub struct Printable<'a>(pub &'a [u8]);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, shown: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    '\\' => shown.write_str("\\\\")?,
                    '\n' => shown.write_str("\\n")?,
                    '\r' => shown.write_str("\\r")?,
                    '\t' => shown.write_str("\\t")?,
                    _ if character.is_control() || reorders_text(character) => {
                        write!(shown, "\\u{{{:x}}}", u32::from(character))?;
                    }
                    _ => shown.write_char(character)?,
                }
            }
            for byte in chunk.invalid() {
                write!(shown, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Returns whether a character is a bidirectional control or line separator, which can
/// make a name look like another one (CVE-2021-42574).
fn reorders_text(character: char) -> bool {
    matches!(character,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_could_leave_are_refused() {
        let fault = |path: &[u8]| check_path(path).err();
        assert_eq!(fault(b"a/b c/\xFF\n"), None);
        assert_eq!(fault(b"..."), None);
        assert_eq!(fault(b""), Some(PathFault::Empty));
        assert_eq!(fault(b"/a"), Some(PathFault::Absolute));
        assert_eq!(fault(b"a//b"), Some(PathFault::EmptyComponent));
        assert_eq!(fault(b"a/"), Some(PathFault::EmptyComponent));
        assert_eq!(fault(b"a/./b"), Some(PathFault::Dot));
        assert_eq!(fault(b"a/.."), Some(PathFault::Parent));
        assert_eq!(fault(b"a\0"), Some(PathFault::Nul));
    }

    #[test]
    fn what_begins_with_the_name_of_a_directory_is_not_always_below_it() {
        assert!(is_below(b"a/b", b"a") && is_below(b"a/b/c", b"a/b"));
        assert!(!is_below(b"a", b"a") && !is_below(b"a.b", b"a") && !is_below(b"a", b"a/b"));
        assert!(is_within(b"a", b"a") && is_within(b"a/b", b"a") && !is_within(b"ab", b"a"));
    }

    #[test]
    fn a_directory_is_followed_by_what_it_holds() {
        let mut paths: Vec<&[u8]> = vec![b"a.txt", b"a/b", b"a", b"b", b"a/b.c", b"a/b/c"];
        paths.sort_by(|left, right| compare_paths(left, right));
        let sorted: Vec<&[u8]> = vec![b"a", b"a/b", b"a/b/c", b"a/b.c", b"a.txt", b"b"];
        assert_eq!(paths, sorted);
    }
}
