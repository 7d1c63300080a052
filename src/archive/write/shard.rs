//! Makes one of several archives that together hold what one would: its shard of a plan.
//!
//! Every machine makes the same plan, from names, kinds and sizes alone. What was found, in the
//! order of the paths, is cut into units. A unit is coded as if there were nothing else: contents
//! are compared, families formed and groups filled within it. A shard is a range of units, so
//! where groups end does not depend on how many shards there are.
//!
//! What has no content, and empty files, stand behind the groups of all units, where
//! [`super::merge`] puts them too.

use super::create::{Amended, CreateOptions, CreateSummary, write_archive, write_planned};
use super::plan::{Node, collect, join_names, plan_found};
use super::source::{Found, Source};
use super::together::ShardFault;
use crate::archive::memory::creation_memory;
use crate::archive::{ArchiveError, Control, Event, Events};
use crate::checksum::{Context, Hasher, Tag};
use crate::container::{ContainerError, Footer, Shard, Writer};
use crate::entry::{Kind, compare_paths};
use std::collections::HashSet;
use std::io::{BufWriter, Write};
use std::ops::Range;

/// Bytes that a name counts for when units are cut and shards balanced, besides its content.
const NAME: u64 = 1 << 10;

/// Units that a plan is cut into, unless they became too long or too short.
const UNITS: u64 = 256;

/// Shortest and longest unit, unless the user says otherwise. Shorter ones cost size, since
/// groups go on from bases of their own unit alone. Longer ones gain nothing.
const SHORTEST: u64 = 64 << 20;
const LONGEST: u64 = 1 << 30;

/// Groups that a unit holds at least.
const GROUPS: u64 = 2;

/// Which part of a plan an archive is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardOptions {
    /// Number of the shard, from 1 to `count`.
    pub number: u64,
    /// Number of shards that the plan is divided into, at least 1.
    pub count: u64,
    /// Bytes that are coded apart from all others; `None` for 1/256 of everything, 64 MiB to
    /// 1 GiB. Part of the plan.
    pub unit: Option<u64>,
}

/// What all machines agree on.
struct Plan {
    /// All that was found, in path order, each file with all its names.
    nodes: Vec<Node>,
    /// The nodes of each unit.
    units: Vec<Range<usize>>,
    digest: [u8; 16],
}

/// What one shard holds.
struct Part {
    /// What is coded, unit by unit.
    units: Vec<Vec<Found>>,
    /// What has no bytes.
    others: Vec<Found>,
    /// Bytes of memory that all of it takes until the archive is written.
    held: u64,
}

/// Writes the archive of what was found, or the shard of it that is asked for: an `Err` is
/// reported and left out.
///
/// # Errors
/// As [`create`].
pub(super) fn write_found(
    output: impl Write,
    found: impl Iterator<Item = Result<Found, ArchiveError>>,
    options: &CreateOptions,
    control: &Control,
) -> Result<CreateSummary, ArchiveError> {
    match options.shard {
        Some(shard) => write_shard(output, found, shard, options, control),
        None => write_archive(output, found, options, control),
    }
}

/// Writes a shard of what was found: an `Err` is reported and left out.
///
/// # Errors
/// As [`super::create`].
fn write_shard(
    output: impl Write,
    found: impl Iterator<Item = Result<Found, ArchiveError>>,
    shard: ShardOptions,
    options: &CreateOptions,
    control: &Control,
) -> Result<CreateSummary, ArchiveError> {
    let ShardOptions { number, count, .. } = shard;
    if number == 0 || number > count {
        let fault = ShardFault::NoSuch { number, count };
        return Err(ArchiveError::Shards { archive: None, fault });
    }
    let found = collect(found, options.memory, control)?;
    let plan = Plan::of(found, shard.unit, options.group_size);
    let shard = Shard { count, number: number - 1, plan: plan.digest };
    let of_several = (count > 1).then_some(shard);
    let id = archive_id(&plan.digest, of_several);
    let mut writer = Writer::new(BufWriter::with_capacity(1 << 20, output), id)?;
    writer.set_shard(of_several);
    let Part { units, others, held } = plan.part(shard.number, count);
    tell(&units, &others, control);
    let quiet = WithoutTotals(control.events);
    let control = &Control { events: &quiet, ..*control };
    let (mut entries, mut bytes, mut groups) = (0, 0, 0);
    for found in units.into_iter().chain([others]).filter(|found| !found.is_empty()) {
        let planned = plan_found(found, held, options.jobs, control)?;
        let coded = write_planned(planned, Amended::default(), options, control, |_| Ok(writer))?;
        (entries, bytes) = (entries + coded.entries, bytes + coded.bytes);
        (writer, groups) = (coded.writer, coded.groups);
    }
    let (mut output, footer): (_, Footer) = writer.finish()?;
    output.flush().map_err(ContainerError::from)?;
    let Footer { file_length: stored, root_hash, .. } = footer;
    Ok(CreateSummary { entries, bytes, stored, groups, root_hash })
}

/// Says how much there is to do in all units together.
fn tell(units: &[Vec<Found>], others: &[Found], control: &Control) {
    let all = || units.iter().flatten();
    // Links have the size of the file they link to.
    let content = |found: &&Found| matches!(found.entry.kind, Kind::File(_));
    let bytes = all().filter(content).map(size).fold(0, u64::saturating_add);
    let entries = (all().count() + others.len()) as u64;
    control.events.event(Event::Total { entries, bytes });
}

/// Derives the id of an archive from its plan: that of a shard, or that of the archive of all
/// shards, which is the same however many they are.
pub(super) fn archive_id(plan: &[u8; 16], shard: Option<Shard>) -> Tag {
    let mut hasher = Hasher::derived(Context::ArchiveId);
    hasher.update(plan);
    if let Some(Shard { number, count, .. }) = shard {
        hasher.update(&number.to_le_bytes());
        hasher.update(&count.to_le_bytes());
    }
    hasher.tag()
}

/// Bytes of the content, as far as the walk knows.
fn size(found: &Found) -> u64 {
    found.source.as_ref().map_or(0, Source::size)
}

/// Bytes that a file counts for.
fn weight(node: &Node) -> u64 {
    let content = if is_coded(node) { node.size() } else { 0 };
    content.saturating_add(NAME.saturating_mul(node.names.len() as u64))
}

/// Returns whether a file has bytes that are coded.
fn is_coded(node: &Node) -> bool {
    node.size() > 0 && matches!(node.kind(), Kind::File(_))
}

impl Plan {
    /// Plans what was found, in path order.
    fn of(found: Vec<Found>, unit: Option<u64>, group: u64) -> Plan {
        let mut hasher = Hasher::new();
        found.iter().for_each(|one| describe(one, &mut hasher));
        let nodes = join_names(found);
        let total = nodes.iter().map(weight).fold(0, u64::saturating_add);
        let least = group.saturating_mul(GROUPS).max(SHORTEST);
        let unit = unit.unwrap_or((total / UNITS).clamp(least, LONGEST.max(least))).max(1);
        hasher.update(&unit.to_le_bytes());
        let mut digest = [0; 16];
        digest.copy_from_slice(&hasher.digest()[..16]);
        let units = units(&nodes, unit);
        Plan { nodes, units, digest }
    }

    /// Takes shard `number`, counted from 0, of `count`, with the directories above all that is
    /// in it.
    fn part(self, number: u64, count: u64) -> Part {
        let Plan { nodes, units, .. } = self;
        let mine = shard_of(&nodes, &units, number, count);
        let range = match (mine.first(), mine.last()) {
            (Some(first), Some(last)) => first.start..last.end,
            _ => 0..0,
        };
        let above = directories_above(&nodes[range.clone()]);
        let is_above = |node: &Node| {
            node.kind() == Kind::Directory && above.contains(&node.names[0].entry.path)
        };
        let mut ends = mine.iter().map(|unit| unit.end).peekable();
        let mut part = Part { units: vec![Vec::new(); mine.len()], others: Vec::new(), held: 0 };
        let mut unit = 0;
        for (place, node) in nodes.into_iter().enumerate() {
            let inside = range.contains(&place);
            if inside && ends.next_if(|&end| end <= place).is_some() {
                unit += 1;
            }
            if !inside && !is_above(&node) {
                continue;
            }
            part.held += node.names.iter().map(|found| creation_memory(&found.entry)).sum::<u64>();
            match inside && is_coded(&node) {
                true => part.units[unit].extend(node.names),
                false => part.others.extend(node.names),
            }
        }
        // A file has its place by its first name; the others stand anywhere.
        let by_path =
            |one: &Found, other: &Found| compare_paths(&one.entry.path, &other.entry.path);
        part.units.iter_mut().for_each(|unit| unit.sort_by(by_path));
        part.others.sort_by(by_path);
        part
    }
}

/// Adds to a digest what the plan knows of an entry.
fn describe(found: &Found, hasher: &mut Hasher) {
    let entry = &found.entry;
    let (kind, target): (u8, &[u8]) = match &entry.kind {
        Kind::File(_) => (0, &[]),
        Kind::Directory => (1, &[]),
        Kind::Symlink { .. } => (2, &[]),
        Kind::HardLink { target } => (3, target),
        Kind::Fifo => (4, &[]),
        Kind::CharacterDevice { .. } => (5, &[]),
        Kind::BlockDevice { .. } => (6, &[]),
    };
    for part in [&entry.path[..], target] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.update(&[kind]);
    hasher.update(&size(found).to_le_bytes());
}

/// Cuts nodes into units of `most` bytes at most, unless one file is longer.
fn units(nodes: &[Node], most: u64) -> Vec<Range<usize>> {
    let mut units = Vec::new();
    let (mut start, mut held) = (0, 0u64);
    for (place, node) in nodes.iter().enumerate() {
        let weight = weight(node);
        if place > start && held.saturating_add(weight) > most {
            units.push(start..place);
            (start, held) = (place, 0);
        }
        held = held.saturating_add(weight);
    }
    if start < nodes.len() {
        units.push(start..nodes.len());
    }
    units
}

/// Returns the units of shard `number`, counted from 0: those whose middle byte lies in that part
/// of all bytes. No shard has more than its share and one unit.
fn shard_of(nodes: &[Node], units: &[Range<usize>], number: u64, count: u64) -> Vec<Range<usize>> {
    let weights = units.iter().map(|unit| nodes[unit.clone()].iter().map(weight));
    let weights: Vec<u128> = weights.map(|all| all.map(u128::from).sum()).collect();
    let total = weights.iter().sum::<u128>().max(1);
    let mut before = 0;
    let mut mine = Vec::new();
    for (unit, weight) in units.iter().zip(weights) {
        // Below 2^64 files of less than 2^64 bytes, and a count of 20 bits, do not overflow.
        if (2 * before + weight) * u128::from(count) / (2 * total) == u128::from(number) {
            mine.push(unit.clone());
        }
        before += weight;
    }
    mine
}

/// Returns the paths of all directories above the names.
fn directories_above(nodes: &[Node]) -> HashSet<Vec<u8>> {
    let mut above = HashSet::new();
    let mut last: &[u8] = b"";
    for path in nodes.iter().flat_map(|node| &node.names).map(|found| &found.entry.path) {
        let Some(mut end) = memchr::memrchr(b'/', path) else { continue };
        if path[..end] == *last {
            continue;
        }
        last = &path[..end];
        // What is above a directory that is known is known too.
        while above.insert(path[..end].to_vec()) {
            match memchr::memrchr(b'/', &path[..end]) {
                Some(shorter) => end = shorter,
                None => break,
            }
        }
    }
    above
}

/// Passes on all events but totals, of which each unit has one.
struct WithoutTotals<'a>(&'a dyn Events);

impl Events for WithoutTotals<'_> {
    fn event(&self, event: Event<'_>) {
        if !matches!(event, Event::Total { .. }) {
            self.0.event(event);
        }
    }

    fn warning(&self, error: ArchiveError) {
        self.0.warning(error);
    }
}
