//! The content that is being read: what of it has a place in the stream, and the row that says so.

use super::{Packer, left_out};
use crate::archive::write::plan::ContentPlan;
use crate::archive::write::repeats::{Finder, Item};
use crate::archive::write::source::OpenSource;
use crate::checksum::Hasher;
use crate::container::{Row, Run, Sparse};
use crate::tree::Missing;

/// The content being read.
pub(super) struct Open {
    pub plan: ContentPlan,
    /// Which node is being read; all before it could not be.
    pub reading: usize,
    pub source: OpenSource,
    /// Of the data in groups that were closed.
    pub hasher: Hasher,
    /// Bytes of data that have no place yet.
    pub left: u64,
    /// Bytes in earlier groups of this batch.
    pub before: u64,
    /// Where this group's fragment starts in the buffer.
    pub start: usize,
    /// Up to where the buffer was hashed.
    pub hashed: usize,
    /// Finds what of it was stored before.
    pub finder: Option<Box<Finder>>,
    /// What it is made of in this batch: its own bytes, or where others are in the stream.
    /// Without a finder nothing.
    pub runs: Vec<(Option<u64>, u64)>,
    /// Whether the entries were announced with an earlier batch.
    pub announced: bool,
}

impl Open {
    /// Returns whether it has bytes outside the group that is being filled.
    pub fn is_divided(&self) -> bool {
        self.announced || self.before > 0
    }

    /// Returns whether some of it was stored before.
    pub fn is_in_runs(&self) -> bool {
        self.runs.iter().any(|run| run.0.is_some())
    }

    /// Adds bytes of its own, or such as are in the stream at `position`.
    fn add(&mut self, position: Option<u64>, length: u64) {
        self.left = self.left.saturating_sub(length);
        match self.runs.last_mut() {
            Some(last) if last.0.map(|start| start + last.1) == position => last.1 += length,
            _ => self.runs.push((position, length)),
        }
    }
}

impl Packer<'_> {
    /// Reads a file of which some may be stored already: takes `room` bytes that are not, and
    /// what stands between them. Returns `true` if the file ended before it was said to.
    /// Failure is reported.
    pub(super) fn take(&mut self, open: &mut Open, mut room: usize) -> Result<bool, ()> {
        let (Some(mut finder), Some(repeats)) = (open.finder.take(), self.repeats.as_mut()) else {
            return Ok(false);
        };
        let taken = loop {
            let position = self.group_start + self.buffer.len() as u64;
            match finder.next(&mut open.source, repeats, self.batch_start) {
                Err(error) => {
                    self.control.warn(left_out(error, Missing::Whole));
                    break Err(());
                }
                Ok(None) => {
                    open.left = 0;
                    break Ok(finder.is_short());
                }
                Ok(Some(Item::New { .. })) if room == 0 => break Ok(false),
                Ok(Some(Item::New { bytes, done, chunk })) => {
                    if let Some(digest) = chunk.take() {
                        repeats.put_chunk(&digest, position, bytes.len());
                        self.serves = true;
                    }
                    let length = room.min(bytes.len() - *done);
                    self.buffer.extend_from_slice(&bytes[*done..*done + length]);
                    *done += length;
                    let ended = *done == bytes.len();
                    open.add(None, length as u64);
                    room -= length;
                    if ended {
                        finder.pass();
                    }
                }
                Ok(Some(&mut Item::Block { length, digest })) => {
                    repeats.put_block(&finder, position, length, digest);
                    finder.pass();
                }
                Ok(Some(Item::Run { position, bytes, .. })) => {
                    open.hasher.update(&self.buffer[open.hashed..]);
                    open.hasher.update(bytes);
                    open.hashed = self.buffer.len();
                    self.repeated += bytes.len() as u64;
                    open.add(Some(*position), bytes.len() as u64);
                    finder.pass();
                }
            }
        };
        open.finder = Some(finder);
        taken
    }

    /// Ends the row of a content, and returns it. Its bytes in this group are those from
    /// `start` on.
    pub(super) fn row(&mut self, open: &mut Open, whole: bool) -> Row {
        let fragment = &self.buffer[open.start..];
        if !whole || open.plan.digest.is_some() {
            open.hasher.update(&self.buffer[open.hashed..]);
            open.hashed = self.buffer.len();
        }
        let (length, size) = (fragment.len() as u64, open.source.size());
        self.part.fragment(length, whole);
        let segments = open.source.segments().filter(|_| !open.announced);
        let sparse =
            segments.map(|segments| Box::new(Sparse { size, segments: segments.to_vec() }));
        let runs = if open.is_in_runs() { &open.runs[..] } else { &[] };
        let back = |start: Option<u64>| start.map_or(0, |start| self.batch_start - start);
        let runs = runs.iter().map(|&(start, length)| Run { back: back(start), length });
        Row { sparse, runs: runs.collect(), ..Row::of(open.before + length) }
    }
}
