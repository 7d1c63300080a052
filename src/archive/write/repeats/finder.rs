//! Cuts one file into chunks and decides which of them are stored.

use super::{Repeats, cuts};
use crate::archive::ArchiveError;
use crate::archive::write::source::OpenSource;
use crate::checksum::{Digest, digest};
use crate::container::Chunk;
use std::collections::VecDeque;

/// Bytes of a run that are worth another group to be decoded. Shorter ones are stored anew.
const LEAST_RUN: usize = 64 << 10;

/// Bytes that are read at a time.
const WINDOW: usize = 1 << 20;

/// Least and most bytes of a block, which is made of whole chunks.
const LEAST_BLOCK: usize = 64 << 10;
const MOST_BLOCK: usize = 512 << 10;

/// A block of [`LEAST_BLOCK`] bytes and more ends with a chunk whose digest begins with a number
/// that this divides: on average 192 KiB together.
const LAST_OF_BLOCK: u8 = 8;

/// What comes next of a file.
pub(in crate::archive::write) enum Item {
    /// Bytes that are stored, of which the first `done` are. A whole chunk is remembered.
    New { bytes: Vec<u8>, done: usize, chunk: Option<Digest> },
    /// Bytes that are in the stream at `position`.
    Run { position: u64, bytes: Vec<u8>, is_long: bool },
    /// The end of a block of so many bytes.
    Block { length: u64, digest: Digest },
}

/// Reads a file and finds what of it was stored before.
pub(in crate::archive::write) struct Finder {
    /// Bytes that were read and not cut, from `start` on.
    rest: Vec<u8>,
    start: usize,
    /// Bytes that are expected to follow.
    unread: u64,
    /// Whether the file ended before.
    is_short: bool,
    /// Whether it is cut into blocks.
    has_blocks: bool,
    items: VecDeque<Item>,
    /// Where the last run ends in the stream if it may go on, and whether it is long enough.
    run: Option<(u64, bool)>,
    /// Bytes that were stored one behind the other since the last run.
    stored: u64,
}

impl Finder {
    /// Nothing of a file of `data` bytes was read yet.
    pub fn new(data: u64, has_blocks: bool) -> Finder {
        let (rest, items) = Default::default();
        let (start, is_short, run, stored) = (0, false, None, 0);
        Finder { rest, start, unread: data, is_short, has_blocks, items, run, stored }
    }

    /// Returns what comes next, once that is certain; `None` at the end. `before` is where the
    /// batch starts that is being filled: what stands before may be named.
    ///
    /// # Errors
    /// As [`OpenSource::read`].
    pub fn next(
        &mut self,
        source: &mut OpenSource,
        repeats: &Repeats,
        before: u64,
    ) -> Result<Option<&mut Item>, ArchiveError> {
        loop {
            match self.items.front() {
                Some(Item::Run { is_long: false, .. }) => {}
                Some(_) => break,
                None if self.unread == 0 && self.start == self.rest.len() => return Ok(None),
                None => {}
            }
            self.read(source)?;
            self.cut(repeats, before);
            if self.unread == 0 && self.start == self.rest.len() {
                self.end_run();
            }
        }
        Ok(self.items.front_mut())
    }

    /// Takes out what came next.
    pub fn pass(&mut self) -> Option<Item> {
        let item = self.items.pop_front();
        match &item {
            Some(Item::New { bytes, .. }) => self.stored += bytes.len() as u64,
            Some(Item::Run { .. }) => self.stored = 0,
            Some(Item::Block { .. }) | None => {}
        }
        item
    }

    /// Returns whether the file ended before it was said to.
    pub fn is_short(&self) -> bool {
        self.is_short
    }

    fn read(&mut self, source: &mut OpenSource) -> Result<(), ArchiveError> {
        self.rest.drain(..self.start);
        self.start = 0;
        let held = self.rest.len();
        let wanted = (WINDOW as u64).min(self.unread) as usize;
        self.rest.resize(held + wanted, 0);
        let got = crate::archive::write::plan::read_full(source, &mut self.rest[held..])?;
        self.rest.truncate(held + got);
        self.is_short |= got < wanted;
        self.unread = if got < wanted { 0 } else { self.unread - got as u64 };
        Ok(())
    }

    /// Cuts all blocks that end in what was read.
    fn cut(&mut self, repeats: &Repeats, before: u64) {
        while self.start < self.rest.len()
            && (self.unread == 0 || self.rest.len() - self.start >= MOST_BLOCK)
        {
            let (mut end, mut chunks) = (self.start, Vec::new());
            while end < self.rest.len() {
                let length = cuts::chunk(&self.rest[end..]);
                let name = digest(&self.rest[end..end + length]);
                chunks.push((length, name));
                end += length;
                let block = end - self.start;
                let is_last = block >= LEAST_BLOCK && name[0].is_multiple_of(LAST_OF_BLOCK);
                if is_last || block + cuts::MOST > MOST_BLOCK {
                    break;
                }
            }
            self.sort_block(end, chunks, repeats, before);
        }
    }

    /// Decides about the chunks of a block.
    fn sort_block(
        &mut self,
        end: usize,
        chunks: Vec<(usize, Digest)>,
        repeats: &Repeats,
        before: u64,
    ) {
        let block = self.start..end;
        let length = block.len() as u64;
        let of_block = self.has_blocks.then(|| digest(&self.rest[block.clone()]));
        if let Some(name) = &of_block
            && let Some(position) = repeats.earlier.find(name, length)
        {
            self.add_run(position, block);
            self.start = end;
            return;
        }
        for (length, name) in chunks {
            let bytes = self.start..self.start + length;
            // A run that goes on is worth more than the first place of the chunk.
            let next = self.run.map(|run| run.0);
            let next = next.filter(|&next| repeats.chunks.is_at(next, &name, length));
            let found = next.or_else(|| repeats.chunks.find(&name, length));
            match found.filter(|position| position + length as u64 <= before) {
                Some(position) => self.add_run(position, bytes),
                None => {
                    self.end_run();
                    let (bytes, chunk) = (self.rest[bytes].to_vec(), Some(name));
                    self.items.push_back(Item::New { bytes, done: 0, chunk });
                }
            }
            self.start += length;
        }
        debug_assert_eq!(self.start, end);
        self.items.extend(of_block.map(|digest| Item::Block { length, digest }));
    }

    /// Adds bytes that stand at `position`.
    fn add_run(&mut self, position: u64, bytes: std::ops::Range<usize>) {
        let end = position + bytes.len() as u64;
        let bytes = &self.rest[bytes];
        if let Some((_, is_long)) = self.run.filter(|run| run.0 == position) {
            let open = self.items.iter_mut().rev().find_map(|item| match item {
                Item::Run { bytes, is_long, .. } if !*is_long => Some((bytes, is_long)),
                _ => None,
            });
            match open.filter(|_| !is_long) {
                Some((before, is_long)) => {
                    before.extend_from_slice(bytes);
                    *is_long = before.len() >= LEAST_RUN;
                    self.run = Some((end, *is_long));
                }
                None => {
                    let bytes = bytes.to_vec();
                    self.items.push_back(Item::Run { position, bytes, is_long: true });
                    self.run = Some((end, true));
                }
            }
            return;
        }
        let bytes = bytes.to_vec();
        self.end_run();
        let is_long = bytes.len() >= LEAST_RUN;
        self.items.push_back(Item::Run { position, bytes, is_long });
        self.run = Some((end, is_long));
    }

    /// Ends the last run: a short one is stored anew.
    fn end_run(&mut self) {
        if self.run.take().is_none_or(|run| run.1) {
            return;
        }
        for item in self.items.iter_mut().rev() {
            if let Item::Run { bytes, is_long: false, .. } = item {
                let bytes = std::mem::take(bytes);
                *item = Item::New { bytes, done: 0, chunk: None };
                return;
            }
        }
    }
}

impl Repeats {
    /// Remembers a chunk that is stored from `position` on.
    pub fn put_chunk(&mut self, digest: &Digest, position: u64, length: usize) {
        self.chunks.put(digest, position, length);
    }

    /// Remembers a block if all of it was stored one behind the other; the last byte stands
    /// before `end`.
    pub fn put_block(&mut self, finder: &Finder, end: u64, length: u64, digest: Digest) {
        if finder.stored >= length {
            let position = end - length;
            self.blocks.push(Chunk { position, length, digest });
        }
    }
}
