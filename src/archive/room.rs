//! What an operation takes of the memory it is allowed: tables first, groups in what is
//! left.

use super::open::decode_cost;
use super::pool::check_cost;
use super::{Archive, ArchiveError};
use crate::container::{ReadAt, allocation, entry_memory};
use crate::entry::{Entry, Kind};
use std::collections::BTreeSet;

/// Bytes that are noted of an entry while it is read or restored, its name aside.
const NOTES: u64 = 160;

/// Bytes that archiving an entry takes until the index is written: as it was found, as
/// it is stored, and its row of the index.
pub(super) fn creation_memory(entry: &Entry) -> u64 {
    3 * entry_memory(entry)
}

impl<S: ReadAt> Archive<S> {
    /// Bytes of memory that all entries take, with what is held of the selected ones
    /// while they are read. Cost: one pass over the entries.
    pub(super) fn held<'e>(&self, selected: impl Iterator<Item = &'e Entry>) -> u64 {
        let noted =
            |entry: &Entry| entry_memory(entry) + NOTES + 2 * allocation(entry.path.len() as u64);
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
        let largest = groups.iter().map(|&group| decode_cost(&self.group(group))).max();
        let held = self.held(selected).saturating_add(held);
        let needed = held.saturating_add(largest.unwrap_or(0));
        check_cost(needed, self.limits.memory)
    }
}
