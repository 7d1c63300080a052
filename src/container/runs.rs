//! Runs: bytes of the stream that a row takes from where they are already. Normative text:
//! spec/container.md §6.2.

use super::columns::Columns;
use super::contents::Row;
use super::{Batch, ContainerError, Section};
use crate::bytes::put_varint;
use crate::entry::{Extent, Extents};

/// Bytes of a row's file that follow one another in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// 0: the next bytes of the row's own; otherwise how many bytes before the batch they
    /// start.
    pub back: u64,
    /// Bytes, not 0.
    pub length: u64,
}

/// Least bytes of a run: Back and Run_Length.
const RUN_MINIMUM: u64 = 2;

/// Appends the runs of all rows that have some.
pub(super) fn encode(out: &mut Vec<u8>, rows: &[Row]) {
    for runs in rows.iter().map(|row| &row.runs).filter(|runs| !runs.is_empty()) {
        put_varint(out, runs.len() as u64);
        for run in runs {
            put_varint(out, run.back);
            put_varint(out, run.length);
        }
    }
}

/// Reads the runs of row `row`, of which `length` bytes are its own. `left` are the runs and
/// segments that the section may yet have.
pub(super) fn decode(
    columns: &mut Columns,
    row: usize,
    length: u64,
    left: &mut u64,
) -> Result<Vec<Run>, ContainerError> {
    let count = count(columns, left)?;
    if count == 0 {
        return Err(columns.invalid(row, "Run_Count is 0"));
    }
    let (mut runs, mut own, mut all) = (Vec::with_capacity(count), 0u64, 0u64);
    for _ in 0..count {
        let run = Run { back: columns.varint()?, length: columns.varint()? };
        if run.length == 0 {
            return Err(columns.invalid(row, "Run_Length is 0"));
        }
        if run.back > 0 && run.back < run.length {
            return Err(columns.invalid(row, "a run does not end before the batch"));
        }
        let sum = all.checked_add(run.length);
        all = sum.ok_or_else(|| columns.invalid(row, "the runs are longer than 2^64 bytes"))?;
        own += if run.back == 0 { run.length } else { 0 };
        runs.push(run);
    }
    match own == length {
        true => Ok(runs),
        false => Err(columns.invalid(row, "runs with Back 0 and Length disagree")),
    }
}

fn count(columns: &mut Columns, left: &mut u64) -> Result<usize, ContainerError> {
    let count = columns.count("extents", *left, RUN_MINIMUM)?;
    *left -= count as u64;
    Ok(count)
}

/// Reads over the runs of a row; returns the bytes of memory that they take.
pub(super) fn memory(columns: &mut Columns, left: &mut u64) -> Result<u64, ContainerError> {
    let count = count(columns, left)?;
    columns.skip(2 * count as u64)?;
    Ok(super::budget::list_memory::<Run>(count))
}

/// Where groups lie in the stream, as far as that is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Stream {
    /// The groups of which the length is known, ascending.
    groups: Vec<Placed>,
}

#[derive(Clone, Copy, Debug)]
struct Placed {
    group: u64,
    /// Where it ends, counted from the start of those that follow one another up to it.
    end: u64,
    /// How many groups stand before it whose distance is known.
    known: u32,
}

/// Why bytes of the stream have no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nowhere {
    /// They would lie before the first byte of the stream.
    BeforeStart,
    /// A group between is not known.
    Unknown,
}

impl Stream {
    /// Takes the numbers and lengths of groups, ascending.
    pub fn of(all: impl Iterator<Item = (u64, u64)>) -> Stream {
        let mut groups: Vec<Placed> = Vec::new();
        for (group, length) in all {
            let before = groups.last().filter(|last| last.group.checked_add(1) == Some(group));
            let (start, known) = before.map_or((0, 0), |last| (last.end, last.known + 1));
            groups.push(Placed { group, end: start.saturating_add(length), known });
        }
        Stream { groups }
    }

    /// Takes the DATA sections, which ascend.
    pub fn of_sections<'s>(sections: impl Iterator<Item = &'s Section>) -> Stream {
        Stream::of(sections.map(|section| (section.header.group, section.header.raw_length)))
    }

    /// Returns the bytes of memory that it takes.
    pub fn memory(&self) -> u64 {
        super::allocation((self.groups.len() * size_of::<Placed>()) as u64)
    }

    /// Returns the groups that a run lies in: the place of the first in the list, and of the
    /// last, and the first byte of the run; `first` is the group that the batch starts with.
    fn find(&self, first: u64, run: Run) -> Result<(usize, usize, u64), Nowhere> {
        let last = first.checked_sub(1).ok_or(Nowhere::BeforeStart)?;
        let last = self.groups.binary_search_by_key(&last, |placed| placed.group);
        let last = last.map_err(|_| Nowhere::Unknown)?;
        let Placed { end, known, .. } = self.groups[last];
        let from = last - known as usize;
        let start = end.checked_sub(run.back).ok_or(match self.groups[from].group {
            0 => Nowhere::BeforeStart,
            _ => Nowhere::Unknown,
        })?;
        let group =
            |at: u64| from + self.groups[from..=last].partition_point(|placed| placed.end <= at);
        // It is not empty, and ends at or before `end`.
        Ok((group(start), group(start + (run.length - 1)), start))
    }

    /// Returns in how many groups a run lies that does not start with the batch.
    pub fn count(&self, first: u64, run: Run) -> u64 {
        self.find(first, run).map_or(0, |(from, to, _)| (to - from) as u64 + 1)
    }

    /// Returns the first and the last group that a run lies in.
    pub fn groups(&self, first: u64, run: Run) -> Result<(u64, u64), Nowhere> {
        let (from, to, _) = self.find(first, run)?;
        Ok((self.groups[from].group, self.groups[to].group))
    }

    /// Returns the places of a run that starts before the batch whose first group is `first`.
    pub fn extents(&self, first: u64, run: Run) -> Result<Vec<Extent>, Nowhere> {
        let (from, to, mut at) = self.find(first, run)?;
        let end = at + run.length;
        let mut extents = Vec::with_capacity(to - from + 1);
        for number in from..=to {
            let Placed { group, end: stop, known } = self.groups[number];
            let start = if known == 0 { 0 } else { self.groups[number - 1].end };
            let length = stop.min(end) - at;
            extents.push(Extent { group, offset: at - start, length });
            at += length;
        }
        Ok(extents)
    }
}

/// Where the bytes of the rows of a batch lie.
pub(super) struct Layout<'a> {
    pub batch: &'a Batch,
    /// Number of its first group.
    pub first: u64,
    /// Where its groups end, and where its rows start.
    pub ends: &'a [u64],
    pub starts: &'a [u64],
    pub stream: &'a Stream,
}

impl Layout<'_> {
    /// Returns in how many pieces a row, or what its recipe uses, lies in groups.
    pub fn count(&self, row: usize) -> u64 {
        let group = |at: u64| self.ends.partition_point(|&end| end <= at) as u64;
        let pieces = |at: u64, end: u64| if at == end { 0 } else { group(end - 1) - group(at) + 1 };
        let found = &self.batch.rows[row];
        if let Some(recipe) = &found.recipe {
            return recipe.parts.iter().map(|part| pieces(part.start, part.end)).sum();
        }
        let mut at = self.starts[row];
        if found.runs.is_empty() {
            return pieces(at, self.starts[row + 1]);
        }
        let of_run = |run: &Run| match run.back {
            0 => {
                at += run.length;
                pieces(at - run.length, at)
            }
            _ => self.stream.count(self.first, *run),
        };
        found.runs.iter().map(of_run).fold(0, u64::saturating_add)
    }

    /// Returns the places of what a row is made of.
    pub fn extents(&self, row: usize) -> Result<Extents, Nowhere> {
        let found = &self.batch.rows[row];
        if let Some(recipe) = &found.recipe {
            return Ok(self.batch.places(recipe, self.first));
        }
        let own = |at: u64, end: u64| Batch::extents(self.ends, self.first, at, end);
        let mut at = self.starts[row];
        if found.runs.is_empty() {
            return Ok(own(at, self.starts[row + 1]));
        }
        let mut extents = Extents::new();
        for run in &found.runs {
            match run.back {
                0 => {
                    extents.extend(own(at, at + run.length));
                    at += run.length;
                }
                _ => extents.extend(self.stream.extents(self.first, *run)?),
            }
        }
        extents.shrink_to_fit();
        Ok(extents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent((group, offset, length): (u64, u64, u64)) -> Extent {
        Extent { group, offset, length }
    }

    fn find(stream: &Stream, first: u64, back: u64, length: u64) -> Result<Vec<Extent>, Nowhere> {
        let run = Run { back, length };
        let found = stream.extents(first, run);
        assert_eq!(stream.count(first, run), found.as_ref().map_or(0, |found| found.len() as u64));
        found
    }

    #[test]
    fn a_run_is_found_in_the_groups_before_its_batch() {
        let stream = Stream::of([(0, 10), (1, 5), (2, 20), (3, 1)].into_iter());
        assert_eq!(find(&stream, 2, 15, 15), Ok(vec![extent((0, 0, 10)), extent((1, 0, 5))]));
        assert_eq!(find(&stream, 2, 6, 2), Ok(vec![extent((0, 9, 1)), extent((1, 0, 1))]));
        assert_eq!(find(&stream, 4, 1, 1), Ok(vec![extent((3, 0, 1))]));
        assert_eq!(find(&stream, 3, 21, 2), Ok(vec![extent((1, 4, 1)), extent((2, 0, 1))]));
        assert_eq!(find(&stream, 2, 16, 1), Err(Nowhere::BeforeStart));
        assert_eq!(find(&stream, 0, 1, 1), Err(Nowhere::BeforeStart));
    }

    #[test]
    fn a_run_counts_only_if_all_groups_between_are_known() {
        let stream = Stream::of([(0, 10), (2, 20), (3, 5), (7, 9)].into_iter());
        assert_eq!(find(&stream, 4, 25, 1), Ok(vec![extent((2, 0, 1))]));
        assert_eq!(find(&stream, 4, 26, 1), Err(Nowhere::Unknown));
        assert_eq!(find(&stream, 1, 11, 1), Err(Nowhere::BeforeStart));
        assert_eq!(find(&stream, 7, 1, 1), Err(Nowhere::Unknown));
    }
}
