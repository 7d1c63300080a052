//! What came through a pipe and runs of later batches may name: kept in a nameless file.

use super::announced::Announced;
use super::aside::Aside;
use super::batches::Current;
use super::groups::Decoded;
use super::incoming::Incoming;
use crate::archive::ArchiveError;
use crate::container::{Batch, Fragment, Run};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes of the stream that are kept in the directory for temporary files, where room may be
/// scarce. Where files are extracted, all are.
const SCARCE: u64 = 4 << 30;

/// Bytes of a file from which on it is kept: writers make no runs of shorter ones
/// (spec/container.md §6.2).
const LEAST: u64 = 65_536;

/// Bytes of the stream that are kept in any case: a short archive is kept whole.
const FIRST: u64 = 1 << 20;

/// Bytes that are read back at a time.
const STEP: u64 = 256 << 10;

/// Bytes of memory that a range takes.
const RANGE: u64 = 64;

/// The last bytes of the stream, as far as they came and were right.
pub(super) struct Past {
    aside: Aside,
    /// Most bytes that are kept; where a byte lies in the file is its place modulo this.
    most: u64,
    /// Starts and ends of what is kept.
    ranges: BTreeMap<u64, u64>,
    /// Whether the file could not be written.
    full: bool,
    /// The group that the next batch must start with, and where that starts.
    next: (u64, u64),
    /// The first byte whose distance is known.
    from: u64,
}

impl Past {
    /// Nothing came. Bytes wait in `directory`, at most `most`, or fewer of them in the directory
    /// for temporary files.
    pub fn new(directory: Option<PathBuf>, most: u64) -> Past {
        let most = if directory.is_some() { most } else { most.min(SCARCE) };
        let (ranges, full, next, from) = Default::default();
        Past { aside: Aside::new(directory), most: most.max(1), ranges, full, next, from }
    }

    /// Begins a batch; returns where it starts. If groups before it did not come, nothing of
    /// what came before has a known distance.
    fn begin(&mut self, first: u64, groups: u64, length: u64) -> u64 {
        let (group, start) = self.next;
        if group != first {
            self.ranges.clear();
            self.from = start;
        }
        self.next = (first.saturating_add(groups), start.saturating_add(length));
        start
    }

    /// Keeps bytes that start at `at`; returns by how many ranges there are more.
    fn keep(&mut self, at: u64, bytes: &[u8]) -> usize {
        let before = self.ranges.len();
        let Some(end) = at.checked_add(bytes.len() as u64) else { return 0 };
        if self.full || bytes.len() as u64 > self.most {
            return 0;
        }
        if self.write(at, bytes).is_err() {
            // What is not there is reported when it is needed.
            self.full = true;
            return 0;
        }
        match self.ranges.last_entry() {
            Some(mut last) if *last.get() == at => {
                last.insert(end);
            }
            _ => drop(self.ranges.insert(at, end)),
        }
        // What the new bytes took the place of is gone.
        let gone = end.saturating_sub(self.most);
        while let Some(first) = self.ranges.first_entry()
            && *first.key() < gone
        {
            let end = first.remove();
            if end > gone {
                self.ranges.insert(gone, end);
                break;
            }
        }
        self.ranges.len().saturating_sub(before)
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), ArchiveError> {
        let place = at % self.most;
        let (front, rest) = bytes.split_at(bytes.len().min((self.most - place) as usize));
        self.aside.write_at(front, place)?;
        self.aside.write_at(rest, 0)
    }

    /// Returns whether all of a range is kept.
    fn has(&self, at: u64, length: u64) -> bool {
        let found = self.ranges.range(..=at).next_back();
        found.is_some_and(|(_, &end)| at.checked_add(length).is_some_and(|wanted| wanted <= end))
    }

    /// Returns where a run starts, if all of it is kept.
    fn find(&self, batch_start: u64, run: Run) -> Result<u64, ArchiveError> {
        let at = batch_start.checked_sub(run.back).filter(|&at| at >= self.from);
        let at = at.ok_or(ArchiveError::Missing)?;
        match self.has(at, run.length) {
            true => Ok(at),
            false => Err(ArchiveError::FromPipe { what: "a content that came before" }),
        }
    }

    fn read(&self, mut at: u64, mut buffer: &mut [u8]) -> Result<(), ArchiveError> {
        while !buffer.is_empty() {
            let place = at % self.most;
            let length = buffer.len().min((self.most - place) as usize);
            let (front, rest) = buffer.split_at_mut(length);
            self.aside.read_at(front, place)?;
            (at, buffer) = (at + length as u64, rest);
        }
        Ok(())
    }
}

/// How far the rows of a batch that are made of runs have come.
#[derive(Default)]
pub(super) struct Progress {
    /// Number of the run, and how many bytes of it came.
    run: usize,
    within: u64,
}

impl<'a> Incoming<'a> {
    /// Begins a batch: finds where it starts in the stream.
    pub(super) fn begin_stream(&mut self, first: u64, batch: &Batch) -> u64 {
        self.past.begin(first, batch.group_lengths.len() as u64, batch.length())
    }

    /// Keeps the bytes of a fragment that later runs may name.
    pub(super) fn keep_past(
        &mut self,
        current: &Current<'a>,
        fragment: &Fragment,
        at: u64,
        bytes: Option<&[u8]>,
    ) {
        let Some(bytes) = bytes else { return };
        let batch = &current.batch;
        let goes_on = (batch.continued && fragment.row == 0)
            || batch.open.is_some_and(|open| open.row == fragment.row as u64);
        if goes_on || at < FIRST || batch.rows[fragment.row].data() >= LEAST {
            let more = self.past.keep(at, bytes);
            self.charge(more as u64 * RANGE);
        }
    }

    /// Gives files the bytes of a row in runs that come before the next of its own, or all that
    /// are left if no more of its own come.
    pub(super) fn give_runs(
        &mut self,
        files: &mut [Announced<'a>],
        runs: &[Run],
        progress: &mut Progress,
        batch_start: u64,
    ) {
        while let Some(run) = runs.get(progress.run).filter(|run| run.back > 0) {
            self.give_run(files, *run, batch_start);
            *progress = Progress { run: progress.run + 1, within: 0 };
        }
    }

    /// Gives files a fragment of a row in runs, and the runs around it.
    #[expect(clippy::too_many_arguments, reason = "as `Incoming::write`, for a row in runs")]
    pub(super) fn give_in_runs(
        &mut self,
        files: &mut [Announced<'a>],
        runs: &[Run],
        progress: &mut Progress,
        batch_start: u64,
        data: &Decoded,
        offset: usize,
        length: usize,
        cause: &Arc<ArchiveError>,
    ) {
        let mut done = 0;
        while done < length {
            self.give_runs(files, runs, progress, batch_start);
            let Some(run) = runs.get(progress.run) else { return };
            let step = (run.length - progress.within).min((length - done) as u64) as usize;
            let right = data.right(offset, length).map(|bytes| &bytes[done..done + step]);
            let doubtful = data.bytes(offset + done, step);
            for file in &mut *files {
                self.write(file, step as u64, right.ok_or(cause), doubtful);
            }
            done += step;
            progress.within += step as u64;
            if progress.within == run.length {
                *progress = Progress { run: progress.run + 1, within: 0 };
            }
        }
        let ended = runs[progress.run..].iter().all(|run| run.back > 0);
        if ended && progress.within == 0 {
            self.give_runs(files, runs, progress, batch_start);
        }
    }

    /// Gives files bytes that came before the batch.
    fn give_run(&mut self, files: &mut [Announced<'a>], run: Run, batch_start: u64) {
        if files.iter().all(|file| file.sink.is_none()) {
            return;
        }
        let at = match self.past.find(batch_start, run) {
            Ok(at) => at,
            Err(cause) => {
                let cause = Arc::new(cause);
                for file in files {
                    self.write(file, run.length, Err(&cause), None);
                }
                return;
            }
        };
        let mut buffer = vec![0; run.length.min(STEP) as usize];
        let mut done = 0;
        while done < run.length {
            let step = (run.length - done).min(STEP) as usize;
            let read = self.past.read(at + done, &mut buffer[..step]).map_err(Arc::new);
            let bytes = read.as_ref().map(|()| &buffer[..step]);
            for file in &mut *files {
                self.write(file, step as u64, bytes, None);
            }
            done += step as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(most: u64) -> Past {
        Past::new(Some(std::env::temp_dir()), most)
    }

    fn read(past: &Past, at: u64, length: usize) -> Option<Vec<u8>> {
        past.has(at, length as u64).then(|| {
            let mut bytes = vec![0; length];
            past.read(at, &mut bytes).unwrap();
            bytes
        })
    }

    #[test]
    fn the_last_bytes_of_the_stream_come_back() {
        let mut past = past(10);
        assert_eq!(past.keep(3, b"abcdef"), 1);
        assert_eq!(read(&past, 3, 6).unwrap(), b"abcdef");
        assert_eq!(past.keep(9, b"ghij"), 0);
        assert_eq!(read(&past, 3, 10).unwrap(), b"abcdefghij");
        assert_eq!(past.keep(15, b"xyz"), 1);
        assert_eq!(read(&past, 8, 5).unwrap(), b"fghij", "the first five gave way");
        assert_eq!((read(&past, 7, 2), read(&past, 12, 2)), (None, None));
        assert_eq!(read(&past, 15, 3).unwrap(), b"xyz");
        past.keep(40, b"0123456789");
        assert_eq!(past.ranges.len(), 1);
        assert_eq!(past.keep(50, b"longer than all"), 0);
        assert_eq!(read(&past, 41, 9).unwrap(), b"123456789");
    }

    #[test]
    fn nothing_has_a_distance_across_groups_that_did_not_come() {
        let mut past = past(100);
        assert_eq!(past.begin(0, 2, 10), 0);
        past.keep(0, b"0123456789");
        assert_eq!(past.begin(2, 2, 10), 10);
        assert!(past.has(0, 10));
        past.begin(5, 1, 9);
        assert!(!past.has(0, 10));
    }
}
