//! What earlier generations tell of the bytes that they hold.

use crate::archive::{Archive, Control};
use crate::checksum::Digest;
use crate::container::{Chunk, SectionType, decode_chunks};
use std::collections::HashMap;

/// Most blocks that are remembered, of the newest generations. The number decides archives, and
/// never changes with the memory allowed.
const MOST: usize = 1 << 20;

/// Bytes of memory that a block takes.
const BLOCK: u64 = 128;

/// Blocks of earlier generations, by their digests: where they start, and their lengths.
#[derive(Debug, Default)]
pub(in crate::archive::write) struct Earlier(HashMap<Digest, (u64, u64)>);

impl Earlier {
    /// Takes these blocks; of equal ones the first counts.
    pub fn of(blocks: impl Iterator<Item = Chunk>) -> Earlier {
        let mut earlier = Earlier::default();
        for Chunk { position, length, digest } in blocks {
            if earlier.0.len() == MOST {
                break;
            }
            earlier.0.entry(digest).or_insert((position, length));
        }
        earlier
    }

    /// Reads the blocks of an archive. Sections that are damaged say nothing.
    pub fn of_archive(archive: &Archive, control: &Control) -> Earlier {
        Earlier::of(blocks(archive, control).into_iter())
    }

    /// Returns the bytes of memory that it takes.
    pub fn memory(&self) -> u64 {
        self.0.len() as u64 * BLOCK
    }

    /// Returns where a block of this digest and length starts in the stream.
    pub fn find(&self, digest: &Digest, length: u64) -> Option<u64> {
        self.0.get(digest).filter(|found| found.1 == length).map(|found| found.0)
    }
}

/// Returns the blocks of an archive that its CHUNKS sections tell, those of the last section
/// first. Reporting damage is the business of verification.
pub(in crate::archive::write) fn blocks(archive: &Archive, control: &Control) -> Vec<Chunk> {
    let reader = &archive.reader;
    let (mut stream, mut sections) = (0u64, Vec::new());
    for section in &reader.index().sections {
        match section.header.known_type() {
            Some(SectionType::Data) => stream = stream.saturating_add(section.header.raw_length),
            Some(SectionType::Chunks) => sections.push((section, stream)),
            _ => {}
        }
    }
    let mut blocks = Vec::new();
    for (section, stream) in sections.into_iter().rev() {
        if blocks.len() >= MOST || control.check().is_err() {
            break;
        }
        let (codec, length) = (section.header.codec, section.header.raw_length);
        let payload = reader.read_section(section).ok();
        let found = payload.and_then(|payload| {
            decode_chunks(codec, &payload, length, stream, &archive.limits).ok()
        });
        blocks.extend(found.into_iter().flatten());
    }
    blocks
}
