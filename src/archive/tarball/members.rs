//! From the members of a tar to what goes into an archive.
//!
//! Components `.` and doubled or trailing slashes of names vanish, as they do from
//! operands. What no archive may hold refuses the whole tar.

use super::input::{Tar, TarPart};
use super::scan::{Member, Scanner, Type, at};
use super::{NotKept, TarFault};
use crate::archive::source::{Input, Source};
use crate::archive::{ArchiveError, Control, Limits};
use crate::entry::{Content, Entry, Kind, Metadata, PathFault, compare_paths};
use std::collections::HashMap;

/// Everything a tar holds, in the order of the paths.
///
/// # Errors
/// [`ArchiveError::Tar`] for the first fault, [`ArchiveError::Io`],
/// [`ArchiveError::Interrupted`]. What cannot be kept is reported.
pub(super) fn inputs(
    tar: &Tar,
    limits: &Limits,
    control: &Control,
) -> Result<Vec<Input>, ArchiveError> {
    let mut scanner = Scanner::new(tar, limits);
    let (all, known) = Default::default();
    let mut members = Members { tar, limits, control, all, known, bytes: 0, described: 0 };
    while let Some(member) = scanner.next()? {
        control.check()?;
        let offset = member.offset;
        members.add(member).map_err(|fault| at(offset, fault))?;
    }
    if let Some(offset) = tar.find_bytes(scanner.position())? {
        control.warn(ArchiveError::BehindTar { offset });
    }
    members.finish()
}

/// What was found so far.
struct Members<'a> {
    tar: &'a Tar,
    limits: &'a Limits,
    control: &'a Control<'a>,
    /// With the offsets of their headers.
    all: Vec<(u64, Input)>,
    known: HashMap<Vec<u8>, usize>,
    /// Sizes of all files: a few bytes may stand for a hole that takes for ever.
    bytes: u64,
    /// What all entries hold beside that: links repeat the attributes of files.
    described: u64,
}

impl Members<'_> {
    fn add(&mut self, member: Member) -> Result<(), TarFault> {
        let kind = match member.kind.clone() {
            Ok(kind) => kind,
            Err(typeflag) => {
                // Its name may be no path: that of a volume label is any text.
                self.not_kept(&member.path, NotKept::MemberType { typeflag });
                return Ok(());
            }
        };
        let path = self.checked(&member.path)?;
        match (path.is_empty(), &kind) {
            (false, _) => {}
            // The directory the tar was made in: an archive does not name it.
            (true, Type::Directory) => return Ok(()),
            (true, _) => {
                return Err(TarFault::Path { path: member.path, fault: PathFault::Empty });
            }
        }
        let offset = member.offset;
        for what in &member.lost {
            self.not_kept(&path, what.clone());
        }
        let input = self.input(path.clone(), kind, member)?;
        self.described += described(&input.entry);
        limit("bytes of names and attributes", self.described, self.limits.index_bytes)?;
        limit("entries", self.all.len() as u64 + 1, self.limits.entries)?;
        if self.known.insert(path.clone(), self.all.len()).is_some() {
            return Err(TarFault::Repeated { path });
        }
        self.all.push((offset, input));
        Ok(())
    }

    /// What a member becomes.
    fn input(&mut self, path: Vec<u8>, kind: Type, member: Member) -> Result<Input, TarFault> {
        let Member { link, metadata, data, .. } = member;
        let mut source = None;
        let kind = match kind {
            Type::File { size, segments } => {
                self.bytes = self.bytes.saturating_add(size);
                limit("bytes of files", self.bytes, self.limits.output_bytes)?;
                source = Some(Source::Tar(TarPart::new(self.tar, data, size, segments)));
                Kind::File(Content { size, ..Content::default() })
            }
            Type::Directory => Kind::Directory,
            Type::Symlink => Kind::Symlink { target: self.link_text(link)? },
            Type::HardLink => return self.hard_link(path, link),
            Type::Fifo => Kind::Fifo,
            Type::CharacterDevice { major, minor } => Kind::CharacterDevice { major, minor },
            Type::BlockDevice { major, minor } => Kind::BlockDevice { major, minor },
        };
        Ok(Input { entry: Entry { path, kind, metadata }, source })
    }

    /// Another name of an earlier member: with the metadata of that, for they are
    /// one file.
    fn hard_link(&self, path: Vec<u8>, link: Vec<u8>) -> Result<Input, TarFault> {
        let target = self.checked(&link)?;
        let found = self.known.get(&target).map(|&index| &self.all[index].1);
        let found = found.filter(|found| found.entry.kind != Kind::Directory);
        let Some(found) = found else {
            return Err(TarFault::LinkTarget { path, target: link });
        };
        let kind = match &found.entry.kind {
            kind @ Kind::HardLink { .. } => kind.clone(),
            _ => Kind::HardLink { target },
        };
        let entry = Entry { path, kind, metadata: found.entry.metadata.clone() };
        Ok(Input { entry, source: found.source.clone() })
    }

    fn link_text(&self, target: Vec<u8>) -> Result<Vec<u8>, TarFault> {
        limit("link length", target.len() as u64, self.limits.path_length)?;
        match target.is_empty() || target.contains(&0) {
            true => Err(TarFault::Malformed { cause: "a symbolic link to nothing" }),
            false => Ok(target),
        }
    }

    /// A name as archives have it; empty for the top itself.
    fn checked(&self, path: &[u8]) -> Result<Vec<u8>, TarFault> {
        let refused = |fault| Err(TarFault::Path { path: path.to_vec(), fault });
        if path.first() == Some(&b'/') {
            return refused(PathFault::Absolute);
        }
        if path.contains(&0) {
            return refused(PathFault::Nul);
        }
        let components = path.split(|&byte| byte == b'/');
        let kept: Vec<&[u8]> =
            components.filter(|component| !matches!(*component, b"" | b".")).collect();
        if kept.contains(&&b".."[..]) {
            return refused(PathFault::Parent);
        }
        let name = kept.join(&b'/');
        limit("path length", name.len() as u64, self.limits.path_length)?;
        limit("path depth", kept.len() as u64, self.limits.path_depth)?;
        Ok(name)
    }

    fn not_kept(&self, path: &[u8], what: NotKept) {
        self.control.warn(ArchiveError::NotKept { path: path.to_vec(), what });
    }

    /// Sorts, and refuses what would lie below something that is no directory.
    fn finish(self) -> Result<Vec<Input>, ArchiveError> {
        let mut all = self.all;
        all.sort_by(|(_, left), (_, right)| compare_paths(&left.entry.path, &right.entry.path));
        for pair in all.windows(2) {
            let [(_, above), (offset, below)] = pair else { continue };
            // What lies below something follows it at once.
            let rest = below.entry.path.strip_prefix(&above.entry.path[..]);
            if above.entry.kind != Kind::Directory && rest.is_some_and(|rest| rest[0] == b'/') {
                let (path, above) = (below.entry.path.clone(), above.entry.path.clone());
                return Err(at(*offset, TarFault::Below { path, above }));
            }
        }
        Ok(all.into_iter().map(|(_, input)| input).collect())
    }
}

/// Bytes an entry takes, roughly.
fn described(entry: &Entry) -> u64 {
    let Metadata { user, group, xattrs, .. } = &entry.metadata;
    let xattrs: usize = xattrs.iter().map(|(name, value)| name.len() + value.len()).sum();
    let target = match &entry.kind {
        Kind::Symlink { target } | Kind::HardLink { target } => target.len(),
        _ => 0,
    };
    (entry.path.len() + user.len() + group.len() + xattrs + target) as u64
}

fn limit(field: &'static str, found: u64, limit: u64) -> Result<(), TarFault> {
    if found > limit { Err(TarFault::TooLarge { field, found, limit }) } else { Ok(()) }
}
