//! The place of every member of a tar, before any of it is written.
//!
//! All sizes are in the index. So data can be written to its place as its group is
//! decoded, and the tar is still in the order of the paths.

use super::NotKept;
use super::block::BLOCK;
use super::write::{headers, stored_runs};
use crate::archive::{ArchiveError, NAMELESS_OUTPUT};
use crate::entry::{Entry, Kind, Segment};
use std::cell::Cell;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Tars are written in records of this many bytes; zeros fill the last one.
pub(super) const RECORD: u64 = 20 * BLOCK;

/// Bytes moved at a time.
const STEP: u64 = 1 << 20;

/// A member and its place.
#[derive(Debug)]
pub(super) struct Placed {
    pub entry: Entry,
    /// Runs of a sparse file that are stored.
    runs: Option<Vec<Segment>>,
    /// Offset of its first header.
    start: u64,
    /// Bytes of its headers.
    header: u64,
    /// Bytes of its data.
    data: u64,
}

impl Placed {
    fn data_start(&self) -> u64 {
        self.start + self.header
    }

    fn data_end(&self) -> u64 {
        self.data_start() + self.data
    }

    /// Returns a writer for its data.
    pub fn target<'a>(&self, file: &'a File, complete: &'a Cell<bool>) -> MemberFile<'a> {
        let whole = || vec![Segment { offset: 0, length: self.data }];
        let runs = self.runs.clone().unwrap_or_else(whole);
        MemberFile { file, position: self.data_start(), runs: runs.into(), complete }
    }
}

/// The members of a tar, one after the other.
#[derive(Debug, Default)]
pub(super) struct Layout {
    members: Vec<Placed>,
    /// Offset of the next member.
    end: u64,
}

impl Layout {
    /// Adds a member.
    ///
    /// # Errors
    /// [`NotKept`] if a tar cannot hold it.
    pub fn push(&mut self, entry: Entry) -> Result<(), NotKept> {
        let (mut data, mut runs) = (0, None);
        if let Kind::File(content) = &entry.kind {
            let segments = content.segments.as_deref();
            runs = segments.and_then(|segments| stored_runs(segments, content.size));
            data = match &runs {
                Some(runs) => runs.iter().map(|run| run.length).sum(),
                None => content.size,
            };
        }
        let header = headers(&entry, data, runs.as_deref())?.len() as u64;
        self.place(Placed { entry, runs, start: 0, header, data });
        Ok(())
    }

    fn place(&mut self, mut member: Placed) {
        member.start = self.end;
        // Beyond all limits, the tar is refused as a whole.
        let data = member.data.checked_next_multiple_of(BLOCK).unwrap_or(u64::MAX);
        self.end = self.end.saturating_add(member.header).saturating_add(data);
        self.members.push(member);
    }

    /// Returns the members, in the order of the paths.
    pub fn members(&self) -> &[Placed] {
        &self.members
    }

    /// Returns the length of the whole tar in bytes: two blocks of zeros end it.
    pub fn length(&self) -> u64 {
        let ended = self.end.checked_add(2 * BLOCK);
        ended.and_then(|end| end.checked_next_multiple_of(RECORD)).unwrap_or(u64::MAX)
    }

    /// Closes the gaps of members that are not kept.
    ///
    /// # Errors
    /// The error of the system.
    pub fn keep(self, file: &File, kept: impl Fn(usize) -> bool) -> io::Result<Layout> {
        let mut closed = Layout::default();
        for (number, member) in self.members.into_iter().enumerate() {
            if !kept(number) {
                continue;
            }
            let (from, data) = (member.data_start(), member.data);
            closed.place(member);
            let to = closed.members.last().map_or(from, Placed::data_start);
            if to < from {
                move_down(file, from, to, data)?;
            }
        }
        Ok(closed)
    }

    /// Writes everything that is not data: headers, padding, the end.
    ///
    /// # Errors
    /// The error of the system.
    pub fn finish(&self, file: &File) -> io::Result<()> {
        let mut end = 0;
        for member in &self.members {
            let padding = (member.start - end) as usize;
            let mut bytes = vec![0; padding];
            let made = headers(&member.entry, member.data, member.runs.as_deref());
            bytes.extend(made.expect("it was made before"));
            file.write_all_at(&bytes, end)?;
            end = member.data_end();
        }
        // Moved members leave bytes after the end: these are cut off, and zeros follow.
        file.set_len(end)?;
        file.set_len(self.length())
    }
}

/// Moves bytes towards the start of a file.
fn move_down(file: &File, from: u64, to: u64, length: u64) -> io::Result<()> {
    let mut buffer = vec![0; STEP.min(length) as usize];
    let mut done = 0;
    while done < length {
        let step = buffer.len().min((length - done) as usize);
        file.read_exact_at(&mut buffer[..step], from + done)?;
        file.write_all_at(&buffer[..step], to + done)?;
        done += step as u64;
    }
    Ok(())
}

/// A writer of one file's data in a tar.
#[derive(Debug)]
pub(in crate::archive) struct MemberFile<'a> {
    file: &'a File,
    /// Offset for the data of the first of `runs`.
    position: u64,
    /// Runs not yet written completely, the current one first.
    runs: std::collections::VecDeque<Segment>,
    complete: &'a Cell<bool>,
}

impl MemberFile<'_> {
    /// Writes data of the file at `offset`; offsets must ascend.
    ///
    /// # Errors
    /// [`ArchiveError::Io`].
    pub fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), ArchiveError> {
        while let Some(run) = self.runs.front().filter(|run| run.offset + run.length <= offset) {
            self.position += run.length;
            self.runs.pop_front();
        }
        // Every segment lies within a run.
        let begin = self.runs.front().map_or(offset, |run| run.offset);
        let written = self.file.write_all_at(bytes, self.position + (offset - begin));
        written.map_err(output_error)
    }

    /// Records that all data was written and verified.
    pub fn finish(self) {
        self.complete.set(true);
    }
}

/// Makes an error of writing the tar.
pub(super) fn output_error(source: io::Error) -> ArchiveError {
    ArchiveError::Io { path: NAMELESS_OUTPUT.into(), operation: "write", source }
}
