//! Accounts for the memory that an operation is allowed: tables are charged first, groups
//! share what is left.

use super::{Archive, ArchiveError};
use crate::container::{ReadAt, allocation, entry_memory};
use crate::entry::{Entry, Kind};
use std::collections::BTreeSet;

/// Bytes held for an extent until its group is decoded.
const RUN: u64 = 48;

/// Bytes held for an entry while it is read or restored, without its name.
const NOTES: u64 = 192;

/// Bytes that a hash table takes for an element besides the element, counting that tables
/// are half empty after they grow.
const PLACE: u64 = 16;

/// Bytes that a set of paths takes for one.
pub(super) fn seen_memory(path: &[u8]) -> u64 {
    allocation(path.len() as u64) + 2 * size_of::<Vec<u8>>() as u64 + 2 * PLACE
}

/// Bytes that restoring an entry takes until the end, when links are made and directories
/// get their times: its name and place, and all of what is no file.
pub(super) fn restored_memory(entry: &Entry) -> u64 {
    let waits = if entry.is_file() { 0 } else { entry_memory(entry) };
    NOTES + 2 * allocation(entry.path.len() as u64) + waits
}

/// Bytes that archiving an entry takes until the archive is written: as it was found, and
/// as it is announced.
pub(super) fn creation_memory(entry: &Entry) -> u64 {
    2 * entry_memory(entry)
}

/// Checks a need for memory against what is allowed.
///
/// # Errors
/// [`ArchiveError::Limit`].
pub(super) fn check_cost(cost: u64, memory: u64) -> Result<(), ArchiveError> {
    match cost > memory {
        true => Err(ArchiveError::Limit { field: "memory", found: cost, limit: memory }),
        false => Ok(()),
    }
}

fn extents(entry: &Entry) -> u64 {
    match &entry.kind {
        Kind::File(content) => content.extents.len() as u64,
        _ => 0,
    }
}

impl<S: ReadAt> Archive<S> {
    /// Bytes of memory that all entries take, with what is held of the selected ones
    /// while they are read. Cost: one pass over the entries.
    pub(super) fn held<'e>(&self, selected: impl Iterator<Item = &'e Entry>) -> u64 {
        let noted =
            |entry: &Entry| entry_memory(entry) + restored_memory(entry) + RUN * extents(entry);
        self.tables + selected.map(noted).sum::<u64>()
    }

    /// Checks that the memory allowed is enough to read these entries, one group at a
    /// time, so that nothing is written before that is known.
    ///
    /// # Errors
    /// [`ArchiveError::Limit`].
    pub fn check_memory<'e>(
        &self,
        selected: impl Iterator<Item = &'e Entry> + Clone,
    ) -> Result<(), ArchiveError> {
        self.check_memory_with(0, selected)
    }

    /// As [`Archive::check_memory`], with `held` bytes that something else takes.
    pub(super) fn check_memory_with<'e>(
        &self,
        held: u64,
        selected: impl Iterator<Item = &'e Entry> + Clone,
    ) -> Result<(), ArchiveError> {
        let extents = selected.clone().flat_map(|entry| match &entry.kind {
            Kind::File(content) => &content.extents[..],
            _ => &[],
        });
        let groups: BTreeSet<u64> = extents.map(|extent| extent.group).collect();
        let largest = groups.iter().map(|&group| self.cost(&self.group(group)).whole()).max();
        let making = self.making_cost(selected.clone());
        let held = self.held(selected).saturating_add(held).saturating_add(making.kept);
        let needed = held.saturating_add(largest.unwrap_or(0).max(making.make));
        check_cost(needed, self.limits.memory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{Builder, CreateOptions, ErrorKind, Limits};
    use crate::codec::{Choice, Codec, CodecOptions};
    use crate::container::{Part, part_memory};

    fn archive(bytes: &[u8], memory: u64) -> Archive<&[u8]> {
        Archive::open(bytes, &Limits { memory, ..Limits::default() }).unwrap()
    }

    #[test]
    fn entries_and_the_largest_group_are_charged_to_the_byte() {
        let codec = CodecOptions { choice: Choice::Only(Codec::Store), ..CodecOptions::default() };
        let mut bytes = Vec::new();
        let options = CreateOptions { codec, ..CreateOptions::default() };
        let mut builder = Builder::new(&mut bytes).options(options);
        builder.append_data("large", vec![7; 1 << 20]).unwrap();
        builder.append_entry(Entry::directory("d")).unwrap();
        builder.finish().unwrap();
        let opened = archive(&bytes, 1 << 30);
        let all = || opened.entries().iter();
        let needed = opened.held(all()) + opened.cost(&opened.group(0)).whole();
        assert!(needed > (2 << 20) + all().map(entry_memory).sum::<u64>());
        assert!(opened.held(all()) > opened.held(all().take(1)));
        archive(&bytes, needed).check_memory(all()).unwrap();
        let refused = archive(&bytes, needed - 1).check_memory(all()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Limit);
        // The directory needs no group.
        archive(&bytes, needed - 1).check_memory(all().take(1)).unwrap();
    }

    #[test]
    fn what_waits_for_the_end_is_charged_with_all_it_holds() {
        let file = Entry::file("a");
        let link = Entry::symlink("a", vec![b'x'; 1000]);
        assert!(restored_memory(&link) > restored_memory(&file) + 1000);
        let long = "n".repeat(1000);
        assert!(seen_memory(long.as_bytes()) > 1000);
        let part = Part { entries: vec![file, link], file_rows: vec![0], ..Part::default() };
        assert!(part_memory(&part) > 1000);
    }
}
