//! Compares what is on disk with what is in an archive.

use super::plan::{Node, digest_of};
use super::source::{Found, OpenSource};
use crate::archive::threads;
use crate::archive::{Archive, ArchiveError, Control};
use crate::checksum::Digest;
use crate::container::Origin;
use crate::entry::{Content, Entry, Kind, Segment, compare_paths, is_below, is_within};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};

/// How much of what was found is in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::archive) enum Sameness {
    /// All of it, under its names.
    Whole,
    /// The content.
    Content(Origin),
    /// Nothing, as far as is known.
    Nothing,
}

/// What an archive holds, by names and by contents.
pub(in crate::archive) struct Known<'a> {
    archive: &'a Archive,
    /// Numbers of the hard links to each entry.
    links: HashMap<&'a [u8], Vec<usize>>,
}

/// Names that lose the entry they link to, and are announced anew.
#[derive(Debug, Default)]
pub(in crate::archive) struct Orphans {
    pub again: Vec<(Node, Origin)>,
    pub found: Vec<Found>,
}

impl<'a> Known<'a> {
    pub fn of(archive: &'a Archive) -> Known<'a> {
        let mut links: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for (number, entry) in archive.entries().iter().enumerate() {
            if let Kind::HardLink { target } = &entry.kind {
                links.entry(target).or_default().push(number);
            }
        }
        Known { archive, links }
    }

    /// Every entry, in path order.
    pub fn entries(&self) -> &'a [Entry] {
        self.archive.entries()
    }

    /// Returns the number of the entry of this path.
    pub fn number(&self, path: &[u8]) -> Option<usize> {
        self.entries().binary_search_by(|entry| compare_paths(&entry.path, path)).ok()
    }

    /// Returns the entry of this path.
    pub fn entry(&self, path: &[u8]) -> Option<&'a Entry> {
        self.number(path).map(|number| &self.entries()[number])
    }

    /// Returns where the content of an entry is.
    pub fn origin(&self, number: usize) -> Origin {
        self.archive.reader.origins()[number]
    }

    /// Returns the file of this path, or the one that it links to, with its number.
    pub fn file(&self, path: &[u8]) -> Option<(usize, &'a Entry, &'a Content)> {
        let mut number = self.number(path)?;
        if let Kind::HardLink { target } = &self.entries()[number].kind {
            number = self.number(target)?;
        }
        match &self.entries()[number].kind {
            Kind::File(content) => Some((number, &self.entries()[number], content)),
            _ => None,
        }
    }

    /// Returns the numbers of the links to an entry.
    pub fn links_to(&self, path: &[u8]) -> &[usize] {
        self.links.get(path).map_or(&[], |links| links)
    }

    /// Compares a file, under all its names, with what the archive has under them: files by
    /// size and time, or by what is in them if `checksum` is set.
    ///
    /// # Errors
    /// [`ArchiveError::Interrupted`]. What cannot be read of the archive counts as changed.
    pub fn compare(
        &self,
        node: &Node,
        checksum: bool,
        control: &Control,
    ) -> Result<Sameness, ArchiveError> {
        let first = &node.names[0].entry;
        let Kind::File(_) = node.kind() else {
            return Ok(if self.has_names(node) { Sameness::Whole } else { Sameness::Nothing });
        };
        let mut files = node.names.iter().filter_map(|name| self.file(&name.entry.path));
        let same = files.find(|(_, entry, content)| {
            let times = entry.metadata.modified == first.metadata.modified;
            content.size == node.size() && (checksum || times)
        });
        let Some((number, _, content)) = same else { return Ok(Sameness::Nothing) };
        if checksum && !self.holds(content, &self.entries()[number].path, node, control)? {
            return Ok(Sameness::Nothing);
        }
        Ok(match self.has_names(node) {
            true => Sameness::Whole,
            false => Sameness::Content(self.origin(number)),
        })
    }

    /// Returns whether the archive has the names of a node as what they are, contents aside.
    fn has_names(&self, node: &Node) -> bool {
        let first = &node.names[0].entry.path;
        let kinds = node.entries(node.kind());
        kinds.zip(&node.names).all(|(wanted, name)| {
            let Some(entry) = self.entry(&name.entry.path) else { return false };
            let kind = match (&entry.kind, &wanted.kind) {
                (Kind::File(_), Kind::File(_)) => wanted.path == *first,
                (one, other) => one == other,
            };
            kind && entry.metadata == wanted.metadata
        })
    }

    /// Returns whether a file has the bytes of a content. Both are read if the archive has no
    /// whole digest of it.
    pub(in crate::archive) fn holds(
        &self,
        content: &Content,
        path: &[u8],
        node: &Node,
        control: &Control,
    ) -> Result<bool, ArchiveError> {
        control.check()?;
        let Some(source) = &node.names[0].source else { return Ok(false) };
        if let Some(digest) = content.digest.whole() {
            let found = digest_of(source, control.cancel);
            return Ok(found.is_some_and(|(found, segments)| {
                found == *digest && segments.as_deref() == content.segments.as_deref()
            }));
        }
        // Such a content is shorter than 64 KiB, or a few times that with its holes.
        let (Ok(stored), Ok(mut open)) = (self.archive.read(path), source.open()) else {
            return Ok(false);
        };
        Ok(open.segments() == content.segments.as_deref() && has_bytes(&mut open, &stored))
    }

    /// Looks for contents of the archive that are those of new files: by digests of all 32
    /// bytes, which those of 64 KiB and more have.
    ///
    /// # Errors
    /// [`ArchiveError::Interrupted`].
    pub fn find_contents(
        &self,
        anew: &mut [(Node, Sameness)],
        jobs: usize,
        control: &Control,
    ) -> Result<(), ArchiveError> {
        let mut contents: HashMap<(u64, &Digest), usize> = HashMap::new();
        let mut sizes: HashSet<u64> = HashSet::new();
        for (number, entry) in self.entries().iter().enumerate() {
            if let Kind::File(content) = &entry.kind
                && let Some(digest) = content.digest.whole().filter(|_| content.size > 0)
            {
                sizes.insert(content.size);
                contents.entry((content.size, digest)).or_insert(number);
            }
        }
        let cancel = control.cancel;
        let look = |(node, sameness): &mut (Node, Sameness)| {
            if *sameness != Sameness::Nothing || !sizes.contains(&node.size()) {
                return;
            }
            let source = node.names[0].source.as_ref();
            let found = source.and_then(|source| digest_of(source, cancel));
            let Some((digest, segments)) = found else { return };
            let number = contents.get(&(node.size(), &digest)).copied();
            let same =
                |number: &usize| segments_of(&self.entries()[*number]) == segments.as_deref();
            if let Some(number) = number.filter(same) {
                *sameness = Sameness::Content(self.origin(number));
            }
        };
        threads::build(jobs)?.install(|| anew.par_iter_mut().for_each(look));
        control.check()
    }

    /// Returns the entries that cannot stay beside what is announced, because one would be
    /// below the other: their paths, and how many go without being replaced.
    pub fn displaced(&self, announced: &[(Vec<u8>, bool)]) -> (Vec<Vec<u8>>, u64) {
        let directories: HashMap<&[u8], bool> =
            announced.iter().map(|(path, directory)| (&path[..], *directory)).collect();
        let (mut removed, mut count) = (Vec::new(), 0);
        for (path, is_directory) in announced {
            let number = self.number(path);
            if let Some(number) = number.filter(|_| !is_directory)
                && self.entries()[number].is_directory()
            {
                let below = self.entries()[number + 1..].iter();
                count += below.take_while(|entry| is_below(&entry.path, path)).count() as u64;
                removed.push(path.clone());
            }
            if number.is_some() {
                continue;
            }
            for end in memchr::memchr_iter(b'/', path) {
                let above = &path[..end];
                let stays = directories.get(above) != Some(&true);
                if stays && self.entry(above).is_some_and(|entry| !entry.is_directory()) {
                    removed.push(above.to_vec());
                    count += 1;
                }
            }
        }
        removed.sort_unstable();
        removed.dedup();
        (removed, count)
    }

    /// Returns the names that link to what is removed or replaced, and stay. `removed` are in
    /// path order, and none is below another.
    pub fn orphans<'p>(
        &self,
        removed: &[Vec<u8>],
        announced: impl Iterator<Item = &'p [u8]>,
    ) -> Orphans {
        let announced: HashSet<&[u8]> = announced.collect();
        let is_removed = |path: &[u8]| {
            let before = removed.partition_point(|one| compare_paths(one, path).is_le());
            before.checked_sub(1).is_some_and(|last| is_within(path, &removed[last]))
        };
        let goes = |path: &[u8]| announced.contains(path) || is_removed(path);
        let mut orphans = Orphans::default();
        let mut targets: Vec<&&[u8]> = self.links.keys().filter(|target| goes(target)).collect();
        targets.sort_unstable();
        for target in targets {
            let Some(number) = self.number(target) else { continue };
            let names = self.links_to(target).iter().map(|&link| &self.entries()[link]);
            let names = names.filter(|entry| !goes(&entry.path));
            let mut names: Vec<Found> =
                names.map(|entry| Found { entry: entry.clone(), source: None }).collect();
            let Some(first) = names.first_mut() else { continue };
            let original = &self.entries()[number];
            first.entry.kind = match &original.kind {
                Kind::File(_) => Kind::File(Content::default()),
                other => other.clone(),
            };
            let path = first.entry.path.clone();
            for other in &mut names[1..] {
                other.entry.kind = Kind::HardLink { target: path.clone() };
            }
            match original.is_file() {
                true => orphans.again.push((Node { names }, self.origin(number))),
                false => orphans.found.extend(names),
            }
        }
        orphans
    }
}

fn segments_of(entry: &Entry) -> Option<&[Segment]> {
    match &entry.kind {
        Kind::File(content) => content.segments.as_deref(),
        _ => None,
    }
}

/// Returns whether the data of an open file, with zeros in its holes, are these bytes.
fn has_bytes(open: &mut OpenSource, stored: &[u8]) -> bool {
    let whole = [Segment { offset: 0, length: open.size() }];
    let segments = open.segments().map_or(whole.to_vec(), <[Segment]>::to_vec);
    open.size() == stored.len() as u64
        && segments.iter().all(|segment| {
            let start = segment.offset as usize;
            let mut bytes = vec![0; segment.length as usize];
            let read = super::plan::read_full(open, &mut bytes);
            read.is_ok_and(|length| length == bytes.len())
                && stored.get(start..start + bytes.len()) == Some(&bytes)
        })
}
