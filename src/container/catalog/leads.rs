//! Where the runs of a section lead.

use super::Catalog;
use crate::container::limits::check;
use crate::container::runs::{Layout, Nowhere};
use crate::container::{ContainerError, Limits, Part, Section};
use std::collections::BTreeSet;

impl Catalog {
    /// Looks at all runs of a part: counts them, and notes where they lead.
    pub(super) fn take_runs(
        &mut self,
        section: &Section,
        part: &Part,
        layout: &Layout,
        limits: &Limits,
    ) -> Result<(), ContainerError> {
        let rows = &layout.batch.rows;
        let in_runs = |row: &u64| rows.get(*row as usize).is_some_and(|row| !row.runs.is_empty());
        let of_files = part.file_rows.iter().filter(|row| in_runs(row));
        let of_files: u64 = of_files.map(|&row| layout.count(row as usize)).sum();
        let runs = rows.iter().map(|row| row.runs.len() as u64).sum::<u64>();
        self.unfolded = self.unfolded.saturating_add(of_files).saturating_add(runs);
        check("extents", self.unfolded, limits.extents)?;
        let mut names = BTreeSet::new();
        for run in rows.iter().flat_map(|row| &row.runs).filter(|run| run.back > 0) {
            match layout.stream.groups(layout.first, *run) {
                Err(Nowhere::BeforeStart) => {
                    self.broken(section, "a run leads beyond the start of the stream");
                }
                Err(Nowhere::Unknown) => {}
                Ok((from, to)) => {
                    let starts = self.batches.partition_point(|one| one.first <= to);
                    let named = self.batches[..starts].iter().rev();
                    let named = named
                        .take_while(|one| one.first + one.batch.group_lengths.len() as u64 > from);
                    names.extend(named.map(|one| one.sequence));
                }
            }
        }
        if let Some(of) = self.sections.get_mut(&section.header.sequence) {
            of.names.extend(names);
        }
        Ok(())
    }
}
