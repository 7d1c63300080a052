//! Where copied groups lie in the stream, and the runs that lead to them.

use crate::container::{Chunk, Part, Placed, Row, Run, Section};
use std::collections::BTreeMap;

/// The places of groups before and after they are copied.
#[derive(Debug, Default)]
pub(in crate::archive::write) struct Moved {
    /// Where each group of the archive starts in its stream, and how long it is.
    before: BTreeMap<u64, (u64, u64)>,
    /// The groups by where they start.
    groups: BTreeMap<u64, u64>,
    /// Where those that are copied start in the new stream.
    after: BTreeMap<u64, u64>,
    /// Where the next one will.
    end: u64,
}

impl Moved {
    /// Prepares for copying from an archive with these groups, which is whole, or from a later
    /// generation of it; `end` are the bytes of the new stream so far.
    pub fn begin(&mut self, groups: &[Section], end: u64) {
        let mut start = 0u64;
        for section in groups {
            self.before.insert(section.header.group, (start, section.header.raw_length));
            self.groups.insert(start, section.header.group);
            start = start.saturating_add(section.header.raw_length);
        }
        self.end = end;
    }

    /// Takes a group that was copied.
    pub fn add(&mut self, group: u64, length: u64) {
        self.after.insert(group, self.end);
        self.end = self.end.saturating_add(length);
    }

    /// Gives the rows of a batch, which is copied next, the new distances of their runs. A row of
    /// which groups are not there has no entry: its own bytes are all that is left of it.
    pub fn move_runs(&self, part: &mut Part, placed: &Placed) {
        if part.rows.iter().all(|row| row.runs.is_empty()) {
            return;
        }
        let start = self.before.get(&placed.first).map_or(self.length(), |place| place.0);
        let mut digests = Vec::with_capacity(part.file_digests.len());
        for (number, row) in part.rows.iter_mut().enumerate() {
            let mut digest = placed.batch.file_digest(number);
            if !row.runs.is_empty() {
                match self.moved(&row.runs, start) {
                    Some(runs) => row.runs = runs.into(),
                    None if row.length > 0 => {
                        let runs = [Run { back: 0, length: row.length }].into();
                        *row = Row { runs, ..Row::of(row.length) };
                    }
                    None => {
                        *row = Row::default();
                        digest = digest.filter(|_| placed.batch.continued && number == 0);
                    }
                }
            }
            digests.extend(digest);
        }
        part.file_digests = digests;
    }

    /// Returns the chunks that are copied whole, with their new places, in their order.
    pub fn chunks(&self, mut chunks: Vec<Chunk>) -> Vec<Chunk> {
        chunks.sort_unstable_by_key(|chunk| chunk.position);
        let (start, mut end) = (self.length(), 0);
        let moved = |chunk: Chunk| {
            let back = start.checked_sub(chunk.position).filter(|&back| back > 0)?;
            let runs = self.moved(&[Run { back, length: chunk.length }], start)?;
            let &[run] = &runs[..] else { return None };
            let position = self.end - run.back;
            let next = position >= end;
            end = if next { position + chunk.length } else { end };
            next.then_some(Chunk { position, ..chunk })
        };
        chunks.into_iter().filter_map(moved).collect()
    }

    /// Returns the bytes of the stream.
    fn length(&self) -> u64 {
        self.before.values().next_back().map_or(0, |place| place.0.saturating_add(place.1))
    }

    /// Returns runs with their new distances, for a batch that started at `start`; `None` if a
    /// group is not copied.
    fn moved(&self, runs: &[Run], start: u64) -> Option<Vec<Run>> {
        let mut moved: Vec<Run> = Vec::with_capacity(runs.len());
        for run in runs {
            if run.back == 0 {
                moved.push(*run);
                continue;
            }
            let mut at = start.checked_sub(run.back)?;
            let end = at.checked_add(run.length)?;
            while at < end {
                let (&first, group) = self.groups.range(..=at).next_back()?;
                let stop = first.checked_add(self.before.get(group)?.1)?.min(end);
                let length = stop.checked_sub(at).filter(|&length| length > 0)?;
                let back = self.end - (self.after.get(group)? + (at - first));
                match moved.last_mut() {
                    Some(last) if last.back > 0 && last.back - last.length == back => {
                        last.length += length;
                    }
                    _ => moved.push(Run { back, length }),
                }
                at = stop;
            }
        }
        Some(moved)
    }
}
