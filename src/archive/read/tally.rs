//! Damaged groups, and the files that are lost by them.

use super::extract::ExtractSummary;
use crate::archive::{ArchiveError, Control, Event};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Counts the files that each damaged group costs, so that a group is reported
/// in one line.
#[derive(Default)]
pub(super) struct Tallies(BTreeMap<u64, Tally>);

struct Tally {
    /// Byte offset of the group's section.
    offset: u64,
    cause: Arc<ArchiveError>,
    /// Files lost by it.
    files: u64,
    /// One of them.
    path: Vec<u8>,
}

impl Tallies {
    /// A group is damaged.
    pub fn damaged(&mut self, group: u64, offset: u64, cause: &Arc<ArchiveError>) {
        let cause = Arc::clone(cause);
        self.0.entry(group).or_insert(Tally { offset, cause, files: 0, path: Vec::new() });
    }

    /// What is wrong with a group.
    pub fn cause(&self, group: Option<u64>) -> Option<&Arc<ArchiveError>> {
        self.0.get(&group?).map(|tally| &tally.cause)
    }

    /// Counts a file that is lost by a group; `false` if the group is not damaged.
    pub fn lose(&mut self, group: Option<u64>, path: &[u8], control: &Control) -> bool {
        let Some(tally) = group.and_then(|group| self.0.get_mut(&group)) else { return false };
        tally.files += 1;
        tally.path = path.to_vec();
        control.events.event(Event::Lost { path, cause: &tally.cause });
        true
    }

    /// Reports each group in one line. One that costs a single file names it.
    pub fn report(&mut self, summary: &mut ExtractSummary, control: &Control) {
        for (group, tally) in std::mem::take(&mut self.0) {
            let Tally { offset, cause, files, path } = tally;
            *summary.failures.entry(cause.kind()).or_default() += files.max(1);
            control.warn(match files {
                1 => ArchiveError::File { path, cause },
                _ => ArchiveError::GroupLost { group, offset, cause, files },
            });
        }
    }
}
