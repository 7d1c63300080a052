//! Finds bytes of files that were stored before, so that they are stored once.
//!
//! A file of 64 KiB or more is cut into chunks where its content says (`cuts`), so that the same
//! bytes are cut alike wherever they stand. A chunk with the digest of one that stands in an
//! earlier batch becomes a part of a run; runs that follow one another are joined, and short ones
//! are stored anew (`finder`). What is remembered is bounded by a number (`table`), never by the
//! memory allowed: the same input gives the same archive.
//!
//! Pictures, sounds and JPEGs are left alone: their codecs need them whole.

use crate::codec::ContentKind;
use crate::container::Chunk;
pub(super) use earlier::{Earlier, blocks};
pub(super) use finder::{Finder, Item};
use table::Table;

mod cuts;
mod earlier;
mod finder;
mod table;

/// Bytes of data of a file from which on it is cut into chunks.
const LEAST_FILE: u64 = 64 << 10;

/// Bytes of data of a file from which on its blocks are told to later generations.
const LEAST_OF_BLOCKS: u64 = 1 << 20;

/// Bytes of memory that a chunk takes in the table.
const CHUNK: u64 = 96;

/// Bytes of a file for each chunk that it may have, as a rule.
const BYTES_OF_CHUNK: u64 = 8 << 10;

/// What was stored, as far as it is remembered.
#[derive(Default)]
pub(super) struct Repeats {
    chunks: Table,
    /// Blocks of earlier generations.
    earlier: Earlier,
    /// Blocks that were stored whole by this run, in the order of the stream.
    blocks: Vec<Chunk>,
}

impl Repeats {
    /// Returns the bytes of memory that remembering `bytes` of files takes.
    pub fn memory(bytes: u64) -> u64 {
        (bytes / BYTES_OF_CHUNK).min(table::MOST as u64) * CHUNK
    }

    /// Nothing is stored yet but by earlier generations.
    pub fn behind(earlier: Earlier) -> Repeats {
        Repeats { earlier, ..Repeats::default() }
    }

    /// Returns the blocks that were stored whole, in the order of the stream.
    pub fn into_blocks(self) -> Vec<Chunk> {
        self.blocks
    }

    /// Returns what finds repeats in a file of this kind with `data` bytes; `None` if it is
    /// stored as it is.
    pub fn finder(&self, kind: ContentKind, data: u64) -> Option<Box<Finder>> {
        let kinds = [ContentKind::Text, ContentKind::Binary, ContentKind::Incompressible];
        let chunked = data >= LEAST_FILE && kinds.contains(&kind);
        chunked.then(|| Box::new(Finder::new(data, data >= LEAST_OF_BLOCKS)))
    }

    /// Forgets what was remembered of the stream from `position` on: it is not stored there.
    pub fn forget(&mut self, position: u64) {
        self.chunks.forget(position);
        let stays = |block: &Chunk| block.position + block.length <= position;
        self.blocks.truncate(self.blocks.partition_point(stays));
    }
}
