//! Counts the files that damaged groups cost.

use super::extract::ExtractSummary;
use crate::archive::{ArchiveError, Control, ErrorKind, Event};
use std::collections::{BTreeMap, BTreeSet};
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
    /// Notes a damaged group.
    pub fn damaged(&mut self, group: u64, offset: u64, cause: &Arc<ArchiveError>) {
        let cause = Arc::clone(cause);
        self.0.entry(group).or_insert(Tally { offset, cause, files: 0, path: Vec::new() });
    }

    /// Returns what is wrong with a group.
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

    /// Reports each base that was not given in one line, and then each damaged group. A group
    /// that costs a single file names it.
    pub fn report(&mut self, summary: &mut ExtractSummary, control: &Control) {
        self.report_bases(summary, control);
        for (group, tally) in std::mem::take(&mut self.0) {
            let Tally { offset, cause, files, path } = tally;
            *summary.failures.entry(cause.kind()).or_default() += files.max(1);
            control.warn(match files {
                1 => ArchiveError::File { path, cause },
                _ => ArchiveError::GroupLost { group, offset, cause, files },
            });
        }
    }

    /// Reports the bases that were not given, and takes out the groups that need them.
    fn report_bases(&mut self, summary: &mut ExtractSummary, control: &Control) {
        let needed = |tally: &Tally| {
            tally.cause.needed_base().map(|(digest, given)| (*digest, given.to_vec()))
        };
        let bases: BTreeSet<_> = self.0.values().filter_map(needed).collect();
        for base in bases {
            let lack = |tally: &Tally| needed(tally).as_ref() == Some(&base);
            let lacking = || self.0.values().filter(|tally| lack(tally));
            let (groups, files) = (lacking().count(), lacking().map(|tally| tally.files).sum());
            self.0.retain(|_, tally| !lack(tally));
            // It is the base itself: nothing rests on it.
            if groups == 1 && files == 0 {
                continue;
            }
            let (digest, given) = base;
            *summary.failures.entry(ErrorKind::Unsupported).or_default() += u64::max(files, 1);
            control.warn(ArchiveError::NeedsBase { digest, given, files });
        }
    }
}
