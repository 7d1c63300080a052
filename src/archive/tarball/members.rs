//! Conversion of the members of a tar to the inputs of an archive.
//!
//! Components `.` and doubled or trailing slashes are removed from names, as from
//! operands. A name that no archive may hold refuses the whole tar. If several members
//! have one name, the last one counts, as if each was unpacked over those before it: a
//! hard link made earlier keeps its content.

use super::input::Tar;
use super::notices::Notices;
use super::part::TarPart;
use super::scan::{Member, Scanner, Type, at};
use super::{NotKept, TarEnd, TarFault};
use crate::archive::write::source::{Found, Source};
use crate::archive::{ArchiveError, Control, Limits};
use crate::entry::{Common, Content, Entry, Kind, Metadata, PathFault, compare_paths, is_below};
use std::collections::HashMap;

/// Returns everything a tar holds, in the order of the paths. With `strips`, the unsafe
/// part of names is removed.
///
/// # Errors
/// [`ArchiveError::Tar`] for the first fault, [`ArchiveError::Io`],
/// [`ArchiveError::Interrupted`]. What cannot be kept is reported as warnings.
pub(super) fn inputs(
    tar: &Tar,
    limits: &Limits,
    strips: bool,
    control: &Control,
) -> Result<Vec<Found>, ArchiveError> {
    let mut scanner = Scanner::new(tar, limits);
    let notices = Notices::new(control);
    let (nodes, names) = Default::default();
    let (members, bytes, described) = Default::default();
    let mut found =
        Members { tar, limits, strips, notices, nodes, names, members, bytes, described };
    while let Some(member) = scanner.next()? {
        control.check()?;
        let offset = member.offset;
        found.add(member).map_err(|fault| at(offset, fault))?;
    }
    let end = match scanner.is_unmarked() {
        true => Some(TarEnd::Unmarked { offset: tar.length() }),
        false => {
            let behind = tar.find_bytes(scanner.position(), tar.length())?;
            behind.map(|offset| TarEnd::Behind { offset })
        }
    };
    let (all, notices) = found.finish()?;
    notices.report();
    if let Some(end) = end {
        control.warn(ArchiveError::TarEnd(end));
    }
    Ok(all)
}

/// A file of any kind, which may have several names.
struct Node {
    kind: Kind,
    metadata: Metadata,
    source: Option<Source>,
}

/// The file that a name leads to.
#[derive(Clone, Copy)]
struct Name {
    /// Index of the node.
    node: usize,
    /// Offset of the header of the member with this name.
    offset: u64,
    /// Range of offsets in which no member may be below this name, because in between
    /// it was not the name of a directory.
    closed: Option<(u64, u64)>,
}

/// The members found so far.
struct Members<'a> {
    tar: &'a Tar,
    limits: &'a Limits,
    strips: bool,
    notices: Notices<'a>,
    nodes: Vec<Node>,
    names: HashMap<Vec<u8>, Name>,
    members: u64,
    /// Sizes of all files: a few bytes may stand for a hole that takes forever to
    /// write.
    bytes: u64,
    /// Bytes of all other fields of the members: links repeat the attributes of files.
    described: u64,
}

impl<'a> Members<'a> {
    fn add(&mut self, member: Member) -> Result<(), TarFault> {
        let kind = match member.kind.clone() {
            Ok(kind) => kind,
            Err(typeflag) => {
                // Its name may not be a path: that of a volume label is any text.
                self.notices.add(&member.path, NotKept::MemberType { typeflag });
                return Ok(());
            }
        };
        let path = self.checked(&member.path, true)?;
        match (path.is_empty(), &kind) {
            (false, _) => {}
            // The directory in which the tar was made: an archive does not name it.
            (true, Type::Directory) => return Ok(()),
            (true, _) => {
                return Err(TarFault::Path { path: member.path, fault: PathFault::Empty });
            }
        }
        for what in &member.lost {
            self.notices.add(&path, what.clone());
        }
        let offset = member.offset;
        let node = self.node(&path, kind, member)?;
        self.described += path.len() as u64 + described(&self.nodes[node]);
        limit("bytes of names and attributes", self.described, self.limits.index_bytes)?;
        self.members += 1;
        limit("entries", self.members, self.limits.entries)?;
        self.name(path, Name { node, offset, closed: None });
        Ok(())
    }

    /// Returns the node of a member: a new one, or the target of a hard link.
    fn node(&mut self, path: &[u8], kind: Type, member: Member) -> Result<usize, TarFault> {
        let Member { link, mut metadata, data, .. } = member;
        if let Some(before) = self.nodes.last() {
            metadata.share(&before.metadata);
        }
        let mut source = None;
        let kind = match kind {
            Type::File(extent) => {
                let size = extent.size;
                self.bytes = self.bytes.saturating_add(size);
                limit("bytes of files", self.bytes, self.limits.output_bytes)?;
                source = Some(Source::Tar(TarPart::new(self.tar, data, extent)));
                Kind::File(Content { size, ..Content::default() })
            }
            Type::Directory => Kind::Directory,
            Type::Symlink => Kind::Symlink { target: self.link_text(link)? },
            Type::HardLink => return self.linked(path, link),
            Type::Fifo => Kind::Fifo,
            Type::CharacterDevice { major, minor } => Kind::CharacterDevice { major, minor },
            Type::BlockDevice { major, minor } => Kind::BlockDevice { major, minor },
        };
        self.nodes.push(Node { kind, metadata, source });
        Ok(self.nodes.len() - 1)
    }

    /// Returns the node of the earlier member that a hard link leads to. The node keeps
    /// its metadata, because both names are one file.
    fn linked(&mut self, path: &[u8], link: Vec<u8>) -> Result<usize, TarFault> {
        let target = self.checked(&link, false)?;
        let found = self.names.get(&target).map(|name| name.node);
        let found = found.filter(|&node| self.nodes[node].kind != Kind::Directory);
        found.ok_or_else(|| TarFault::LinkTarget { path: path.to_vec(), target: link })
    }

    /// Adds a name, which may have been added before.
    fn name(&mut self, path: Vec<u8>, mut new: Name) {
        let is_directory = |name: &Name| self.nodes[name.node].kind == Kind::Directory;
        if let Some(old) = self.names.get(&path) {
            // A second member for a directory gives its metadata.
            if !(is_directory(old) && is_directory(&new)) && old.node != new.node {
                self.notices.add(&path, NotKept::Earlier);
            }
            let since = |old: &Name| old.closed.map_or(old.offset, |(begin, _)| begin);
            new.closed = match (is_directory(old), is_directory(&new)) {
                (false, true) => Some((since(old), new.offset)),
                _ => old.closed,
            };
        }
        self.names.insert(path, new);
    }

    fn link_text(&self, target: Vec<u8>) -> Result<Vec<u8>, TarFault> {
        limit("link length", target.len() as u64, self.limits.path_length)?;
        match target.is_empty() || target.contains(&0) {
            true => {
                let cause = "a symbolic link's target is empty or has a NUL byte";
                Err(TarFault::Malformed { cause })
            }
            false => Ok(target),
        }
    }

    /// Returns a name in the form that archives have; empty for the top itself.
    fn checked(&mut self, path: &[u8], told: bool) -> Result<Vec<u8>, TarFault> {
        let refused = |fault| Err(TarFault::Path { path: path.to_vec(), fault });
        let is_absolute = path.first() == Some(&b'/');
        if is_absolute && !self.strips {
            return refused(PathFault::Absolute);
        }
        if path.contains(&0) {
            return refused(PathFault::Nul);
        }
        let components = path.split(|&byte| byte == b'/');
        let mut kept: Vec<&[u8]> =
            components.filter(|component| !matches!(*component, b"" | b".")).collect();
        let parent = kept.iter().rposition(|component| *component == b"..");
        if let Some(parent) = parent {
            if !self.strips {
                return refused(PathFault::Parent);
            }
            kept.drain(..=parent);
        }
        if told && (is_absolute || parent.is_some()) {
            self.notices.add(path, NotKept::Front);
        }
        let name = kept.join(&b'/');
        limit("path length", name.len() as u64, self.limits.path_length)?;
        limit("path depth", kept.len() as u64, self.limits.path_depth)?;
        Ok(name)
    }

    /// Sorts, and refuses what would lie below something that is no directory.
    fn finish(self) -> Result<(Vec<Found>, Notices<'a>), ArchiveError> {
        let Members { mut nodes, names, notices, .. } = self;
        let mut names: Vec<(Vec<u8>, Name)> = names.into_iter().collect();
        names.sort_by(|(left, _), (right, _)| compare_paths(left, right));
        check_below(&names, &nodes)?;
        let mut first: HashMap<usize, Vec<u8>> = HashMap::new();
        let inputs = names.into_iter().map(|(path, Name { node, .. })| {
            let Node { kind, metadata, source } = &mut nodes[node];
            let (metadata, source) = (metadata.clone(), source.clone());
            let kind = match (first.get(&node), &*kind) {
                (None, kind) => kind.clone(),
                (Some(target), _) => Kind::HardLink { target: target.clone() },
            };
            first.entry(node).or_insert_with(|| path.clone());
            Found { entry: Entry { path, kind, metadata }, source }
        });
        Ok((inputs.collect(), notices))
    }
}

/// Refuses members that are, or for a time were, below something that is not a
/// directory.
fn check_below(names: &[(Vec<u8>, Name)], nodes: &[Node]) -> Result<(), ArchiveError> {
    // Everything below a name follows it at once. Of the names above, only those matter
    // that may be a fault for names below.
    let mut above: Vec<&(Vec<u8>, Name)> = Vec::new();
    for name in names {
        let (path, Name { node, offset, closed }) = name;
        while above.pop_if(|(above, _)| !is_below(path, above)).is_some() {}
        for (above, other) in &above {
            let is_wrong = match other.closed {
                _ if nodes[other.node].kind != Kind::Directory => true,
                Some((begin, end)) => (begin..end).contains(offset),
                None => false,
            };
            if is_wrong {
                let (path, above) = (path.clone(), above.clone());
                return Err(at(*offset, TarFault::Below { path, above }));
            }
        }
        if closed.is_some() || nodes[*node].kind != Kind::Directory {
            above.push(name);
        }
    }
    Ok(())
}

/// Returns the approximate memory of a node in bytes.
fn described(node: &Node) -> u64 {
    let Common { user, group, xattrs, .. } = &*node.metadata;
    let xattrs: usize = xattrs.iter().map(|(name, value)| name.len() + value.len()).sum();
    let target = match &node.kind {
        Kind::Symlink { target } => target.len(),
        _ => 0,
    };
    (user.len() + group.len() + xattrs + target) as u64
}

fn limit(field: &'static str, found: u64, limit: u64) -> Result<(), TarFault> {
    if found > limit { Err(TarFault::TooLarge { field, found, limit }) } else { Ok(()) }
}
