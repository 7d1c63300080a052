//! Decides where an archive is split.

use super::super::repack::{Files, Place, Stored, Unit};
use super::parts::{Parts, directory_of};
use crate::archive::Archive;
use crate::entry::{Content, Entry, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes that a name takes, at most, beside the name itself.
const BYTES_OF_ENTRY: u64 = 64;

/// Bytes that a section takes beside its payload: its header, and its row of INDEX.
const BYTES_OF_SECTION: u64 = 128;

/// Bytes that every archive takes.
const BYTES_OF_ARCHIVE: u64 = 1024;

/// Splits by the directories `depth` names below the top. A directory above that has nothing
/// below it, and one with files of its own, is a part too.
pub(super) fn by_depth(archive: &Archive, depth: usize) -> Parts {
    let mut names: BTreeSet<&[u8]> = BTreeSet::new();
    let mut covered: BTreeSet<&[u8]> = BTreeSet::new();
    // From the end, so that what lies below a directory comes before it.
    for entry in archive.entries().iter().rev() {
        let name = directory_of(&entry.path, entry.is_directory(), depth);
        let above = entry.is_directory() && name == entry.path && covered.contains(name);
        if !above && names.insert(name) {
            covered.insert(name);
            covered.extend(memchr::memchr_iter(b'/', name).map(|end| &name[..end]));
        }
    }
    Parts::of_directories(depth, names.into_iter().map(<[u8]>::to_vec).collect())
}

/// Splits where the bytes of a part would exceed `size`, between units if they are not larger
/// themselves.
pub(super) fn by_size(archive: &Archive, files: &Files, size: u64) -> Parts {
    // INDEX has copies and PARITY of the tables, which are small beside the data.
    let size = (size - size / 64).saturating_sub(BYTES_OF_ARCHIVE);
    let units = Unit::all(archive);
    let mut unit_of: BTreeMap<u64, usize> = BTreeMap::new();
    for (number, unit) in units.iter().enumerate() {
        unit_of.extend(unit.sequences().map(|sequence| (sequence, number)));
    }
    let mut contents: BTreeMap<Option<usize>, Vec<(Place, &Stored)>> = BTreeMap::new();
    for (&place, stored) in &files.contents {
        contents.entry(unit_of.get(&place.0).copied()).or_default().push((place, stored));
    }
    let names = |entries: &mut dyn Iterator<Item = &Entry>| -> u64 {
        entries.map(|entry| entry.path.len() as u64 + BYTES_OF_ENTRY).sum()
    };
    let others = names(&mut files.others.iter().map(|found| &found.entry));
    let mut filling =
        Filling { size, part: 0, bytes: others, filled: false, bases: BTreeSet::new() };
    let mut numbers: BTreeMap<Place, usize> = BTreeMap::new();
    for (unit, contents) in contents {
        let costs = contents.iter().map(|(_, stored)| {
            let nodes = stored.nodes.iter().flat_map(|node| &node.names);
            cost(archive, &stored.file) + names(&mut nodes.map(|found| &found.entry))
        });
        let costs: Vec<u64> = costs.collect();
        let base = unit.map_or((0, None), |unit| base(archive, &units[unit]));
        let whole: u64 = costs.iter().sum();
        if whole.saturating_add(base.0) <= size {
            filling.add(whole, base);
            numbers.extend(contents.iter().map(|(place, _)| (*place, filling.part)));
            continue;
        }
        for ((place, _), cost) in contents.iter().zip(costs) {
            filling.add(cost, base);
            numbers.insert(*place, filling.part);
        }
    }
    Parts::of_contents(numbers)
}

/// Returns about how many bytes the content of a file takes in the archive.
fn cost(archive: &Archive, file: &Entry) -> u64 {
    let Kind::File(Content { extents, .. }) = &file.kind else { return 0 };
    let of = |extent: &crate::entry::Extent| {
        let header = archive.reader.group(extent.group)?.header;
        let stored = u128::from(header.stored_length + BYTES_OF_SECTION);
        let share = stored * u128::from(extent.length) / u128::from(header.raw_length.max(1));
        Some(u64::try_from(share).unwrap_or(u64::MAX) + 1)
    };
    extents.iter().filter_map(of).fold(0, u64::saturating_add)
}

/// Returns the bytes of the base that the groups of a unit go on from, and its number.
fn base(archive: &Archive, unit: &Unit) -> (u64, Option<u64>) {
    let base = |group| archive.reader.group(group)?.header.base_group();
    let base = unit.groups().find_map(base);
    let bytes = base.and_then(|base| archive.reader.group(base));
    (bytes.map_or(0, |section| section.header.stored_length + BYTES_OF_SECTION), base)
}

/// A part that is being filled.
struct Filling {
    size: u64,
    part: usize,
    bytes: u64,
    /// Whether there is a content in it.
    filled: bool,
    /// The bases that it has already.
    bases: BTreeSet<u64>,
}

impl Filling {
    /// Adds bytes and their base to this part, or to the next if they do not fit.
    fn add(&mut self, bytes: u64, (base, number): (u64, Option<u64>)) {
        let new = |bases: &BTreeSet<u64>| number.is_some_and(|number| !bases.contains(&number));
        let more = bytes + if new(&self.bases) { base } else { 0 };
        if self.filled && self.bytes.saturating_add(more) > self.size {
            (self.part, self.bytes) = (self.part + 1, 0);
            self.bases.clear();
        }
        self.bytes += bytes + if new(&self.bases) { base } else { 0 };
        self.bases.extend(number);
        self.filled = true;
    }
}
