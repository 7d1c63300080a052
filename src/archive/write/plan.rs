//! Decides what goes into an archive, and in which order.
//!
//! Order decides ratio: files of one kind and extension lie together. It is a
//! function of names, sizes and contents alone, never of the disk or of
//! timing.

use super::sample::{Sketch, sketch};
use super::source::{Found, OpenSource, Source};
use crate::archive::memory::check_cost;
use crate::archive::memory::creation_memory;
use crate::archive::threads;
use crate::archive::{ArchiveError, Control};
use crate::checksum::{Context, Digest, Hasher, Tag};
use crate::codec::{ContentKind, sniff};
use crate::container::content_digest;
use crate::entry::{Content, Entry, Kind, Segment, compare_paths};
use crate::recipe;
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes of a file that decide its kind.
const SAMPLE: usize = 64 << 10;

/// Buffer of a hashing thread in bytes.
const BUFFER: usize = 256 << 10;

/// All names of one file, in path order. The first becomes the entry, the
/// others hard links to it.
#[derive(Debug)]
pub(in crate::archive) struct Node {
    pub names: Vec<Found>,
}

/// Files that hold the same bytes, in path order.
#[derive(Debug)]
pub(super) struct ContentPlan {
    pub kind: ContentKind,
    pub nodes: Vec<Node>,
    /// Digest they shared when they were looked at; `None` for a single file,
    /// which was not.
    pub digest: Option<Digest>,
    /// Where the first file was found to end although it is said to be longer.
    pub cap: Option<u64>,
    /// Number of the rule by which it is cut into groups.
    pub rule: usize,
    /// Stands for its bytes when a base is chosen.
    pub sketch: Sketch,
    /// Whether it may be worth taking apart.
    pub packed: bool,
    /// How much it shares with what it follows: 0 for nothing, 255 for all.
    pub bond: u8,
}

impl ContentPlan {
    /// Bytes of the content, as far as the walk knows.
    pub fn size(&self) -> u64 {
        self.nodes[0].size()
    }

    /// Path of the first name.
    pub fn path(&self) -> &[u8] {
        self.nodes[0].path()
    }

    /// Contents of a kind, cut by the rule of all that have no base.
    pub fn alone(kind: ContentKind, nodes: Vec<Node>, digest: Option<Digest>) -> ContentPlan {
        let sketch = Sketch::new();
        let (rule, packed) = (kind as usize, false);
        ContentPlan { kind, nodes, digest, cap: None, rule, sketch, packed, bond: 0 }
    }
}

/// What goes into an archive.
#[derive(Debug)]
pub(super) struct Plan {
    /// Contents in the order they are stored.
    pub contents: Vec<ContentPlan>,
    /// Everything that has no content.
    pub others: Vec<Node>,
    /// Entries in all.
    pub entries: u64,
    /// Sizes of all contents together.
    pub bytes: u64,
    /// Bytes of memory that the entries take until the archive is written.
    pub held: u64,
    pub archive_id: Tag,
}

impl Node {
    fn path(&self) -> &[u8] {
        &self.names[0].entry.path
    }

    /// Size in bytes when it was found, holes included.
    pub fn size(&self) -> u64 {
        self.names[0].source.as_ref().map_or(0, Source::size)
    }

    /// The entries of this file: `kind` under the first name, links to it
    /// under the others.
    pub fn entries(&self, kind: Kind) -> impl Iterator<Item = Entry> {
        let target = self.path().to_vec();
        self.names.iter().enumerate().map(move |(index, found)| Entry {
            path: found.entry.path.clone(),
            kind: match index {
                0 => kind.clone(),
                _ => Kind::HardLink { target: target.clone() },
            },
            metadata: found.entry.metadata.clone(),
        })
    }

    /// The kind this file was found to be.
    pub fn kind(&self) -> Kind {
        let not_a_link = |found: &&Found| !matches!(found.entry.kind, Kind::HardLink { .. });
        match self.names.iter().find(not_a_link) {
            Some(found) => found.entry.kind.clone(),
            // Only links are left of a regular file: its first name vanished.
            None => Kind::File(Content::default()),
        }
    }
}

/// Takes all inputs, groups names into files and files into contents, and sorts them.
/// Cost: reads the start of every file, and all of those that have the size
/// of another.
///
/// # Errors
/// [`ArchiveError::Interrupted`]; [`ArchiveError::Limit`] if there are too many for
/// `memory` bytes; [`ArchiveError::Unfit`] if two have one path. What cannot be read is
/// reported and left out.
pub(super) fn plan(
    inputs: impl Iterator<Item = Result<Found, ArchiveError>>,
    jobs: usize,
    memory: u64,
    control: &Control,
) -> Result<Plan, ArchiveError> {
    let found = collect(inputs, memory, control)?;
    let held = found.iter().map(|found| creation_memory(&found.entry)).sum();
    plan_found(found, held, jobs, control)
}

/// Takes all inputs, in the order of their paths.
///
/// # Errors
/// As [`plan`].
pub(super) fn collect(
    inputs: impl Iterator<Item = Result<Found, ArchiveError>>,
    memory: u64,
    control: &Control,
) -> Result<Vec<Found>, ArchiveError> {
    let (mut found, mut held) = (Vec::new(), 0);
    for item in inputs {
        control.check()?;
        match item {
            Ok(item) => {
                held += creation_memory(&item.entry);
                check_cost(held, memory)?;
                found.push(item);
            }
            Err(error) => control.warn(error),
        }
    }
    found.sort_by(|left, right| compare_paths(&left.entry.path, &right.entry.path));
    check_paths(&found)?;
    Ok(found)
}

/// Plans what was found, in path order. `held` are the bytes of memory that all entries take
/// until the archive is written.
///
/// # Errors
/// [`ArchiveError::Interrupted`].
pub(super) fn plan_found(
    found: Vec<Found>,
    held: u64,
    jobs: usize,
    control: &Control,
) -> Result<Plan, ArchiveError> {
    let archive_id = archive_id(&found);
    let entries = found.len() as u64;
    let (files, others): (Vec<Node>, Vec<Node>) =
        join_names(found).into_iter().partition(|node| matches!(node.kind(), Kind::File(_)));
    let contents = join_files(files, jobs, control)?;
    let bytes = contents.iter().map(|content| content.nodes[0].size()).sum();
    Ok(Plan { contents, others, entries, bytes, held, archive_id })
}

/// Checks that no path comes twice and that nothing is below what is no directory.
/// `found` is in path order: what is below an entry follows it at once.
pub(super) fn check_paths(found: &[Found]) -> Result<(), ArchiveError> {
    for pair in found.windows(2) {
        let [above, entry] = [&pair[0].entry, &pair[1].entry];
        let rest = entry.path.strip_prefix(&above.path[..]);
        let cause = match rest {
            Some([]) => "its path comes twice",
            Some([b'/', ..]) if above.kind != Kind::Directory => "it is below what is no directory",
            _ => continue,
        };
        return Err(ArchiveError::Unfit { path: entry.path.clone(), cause });
    }
    Ok(())
}

/// Derives the archive id from what was found, so that the same input gives
/// the same archive.
fn archive_id(found: &[Found]) -> Tag {
    let mut hasher = Hasher::derived(Context::ArchiveId);
    for Found { entry, source } in found {
        let size = source.as_ref().map_or(0, Source::size);
        let modified = entry.metadata.modified;
        hasher.update(&(entry.path.len() as u64).to_le_bytes());
        hasher.update(&entry.path);
        hasher.update(&size.to_le_bytes());
        hasher.update(&entry.metadata.mode.to_le_bytes());
        hasher.update(&modified.seconds.to_le_bytes());
        hasher.update(&modified.nanoseconds.to_le_bytes());
    }
    hasher.tag()
}

/// Brings the names of each file together; both in path order.
pub(in crate::archive) fn join_names(found: Vec<Found>) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::with_capacity(found.len());
    let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
    let linked: HashSet<Vec<u8>> = found.iter().filter_map(link_target).cloned().collect();
    for item in found {
        let key = link_target(&item).unwrap_or(&item.entry.path);
        if !linked.contains(key) {
            nodes.push(Node { names: vec![item] });
            continue;
        }
        match known.get(key) {
            Some(&node) => nodes[node].names.push(item),
            None => {
                known.insert(key.clone(), nodes.len());
                nodes.push(Node { names: vec![item] });
            }
        }
    }
    nodes
}

fn link_target(found: &Found) -> Option<&Vec<u8>> {
    match &found.entry.kind {
        Kind::HardLink { target } => Some(target),
        _ => None,
    }
}

/// What was learnt of a file by looking into it.
struct Probe {
    kind: ContentKind,
    packed: bool,
    sketch: Sketch,
    /// Digest and segments, if another file has its size.
    content: Option<(Digest, Option<Vec<Segment>>)>,
}

/// Brings files of the same content together and sorts the contents.
fn join_files(
    files: Vec<Node>,
    jobs: usize,
    control: &Control,
) -> Result<Vec<ContentPlan>, ArchiveError> {
    let mut sizes: HashMap<u64, u32> = HashMap::new();
    files.iter().for_each(|node| *sizes.entry(node.size()).or_default() += 1);
    let cancel = control.cancel;
    let probe_one = |node: &Node| {
        let source = node.names[0].source.as_ref().filter(|source| source.size() > 0)?;
        probe(source, sizes[&source.size()] > 1, cancel).ok()
    };
    let probes: Vec<Option<Probe>> =
        threads::build(jobs)?.install(|| files.par_iter().map(probe_one).collect());
    control.check()?;
    let mut contents: Vec<ContentPlan> = Vec::with_capacity(files.len());
    let mut known = HashMap::new();
    for (node, probe) in files.into_iter().zip(probes) {
        let kind = probe.as_ref().map_or(ContentKind::Text, |probe| probe.kind);
        let packed = probe.as_ref().is_some_and(|probe| probe.packed);
        let (sketch, key) = probe.map(|probe| (probe.sketch, probe.content)).unwrap_or_default();
        let digest = key.as_ref().map(|(digest, _)| *digest);
        let index = match key {
            None => contents.len(),
            Some(key) => *known.entry(key).or_insert(contents.len()),
        };
        match contents.get_mut(index) {
            Some(content) => content.nodes.push(node),
            None => {
                let alone = ContentPlan::alone(kind, vec![node], digest);
                contents.push(ContentPlan { sketch, packed, ..alone });
            }
        }
    }
    sort_by_kind(&mut contents);
    Ok(contents)
}

/// Sorts contents by kind, extension and path.
pub(super) fn sort_by_kind(contents: &mut [ContentPlan]) {
    contents.sort_by_cached_key(|content| {
        let path = content.path();
        (content.kind, extension(path), path.to_vec())
    });
}

/// Returns the digest of a file and its segments; `None` if it cannot be read, or is not the
/// one that was found.
pub(super) fn digest_of(
    source: &Source,
    cancel: &AtomicBool,
) -> Option<(Digest, Option<Vec<Segment>>)> {
    probe(source, true, cancel).ok()?.content
}

/// Looks into a file. Failures are of no interest here: reading it for the
/// archive will fail too, and say so.
fn probe(source: &Source, whole: bool, cancel: &AtomicBool) -> Result<Probe, ArchiveError> {
    let mut open = source.open()?;
    let mut sample = vec![0; SAMPLE];
    let length = read_full(&mut open, &mut sample)?;
    sample.truncate(length);
    let kind = sniff(&sample);
    let sketch = sketch(&sample);
    let plain =
        !matches!(kind, ContentKind::Audio | ContentKind::Jpeg) && open.segments().is_none();
    let packed = plain && recipe::is_candidate(&sample);
    // A file that was replaced since the walk is looked at when its turn comes.
    if !whole || open.new_metadata()?.is_some() {
        return Ok(Probe { kind, packed, sketch, content: None });
    }
    let segments = open.segments().map(<[Segment]>::to_vec);
    let mut hasher = Hasher::new();
    hasher.update(&sample);
    let mut buffer = vec![0; BUFFER];
    while !cancel.load(Ordering::Relaxed) {
        match open.read(&mut buffer)? {
            0 => break,
            length => hasher.update(&buffer[..length]),
        }
    }
    let digest = content_digest(hasher.digest(), open.size(), segments.as_deref());
    Ok(Probe { kind, packed, sketch, content: Some((digest, segments)) })
}

/// Fills `buffer` as far as the file goes; returns how far.
pub(super) fn read_full(open: &mut OpenSource, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
    let mut filled = 0;
    while filled < buffer.len() {
        match open.read(&mut buffer[filled..])? {
            0 => break,
            length => filled += length,
        }
    }
    Ok(filled)
}

/// Lower-case extension; a name that only starts with a dot has none.
pub(super) fn extension(path: &[u8]) -> Vec<u8> {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
    match name.iter().rposition(|&byte| byte == b'.') {
        None | Some(0) => Vec::new(),
        Some(dot) => name[dot + 1..].to_ascii_lowercase(),
    }
}
