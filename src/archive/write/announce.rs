//! Building the ENTRY sections of an archive being written.

use super::plan::Node;
use crate::checksum::digest;
use crate::container::{Part, Piece};
use crate::entry::{Entry, Kind, compare_paths};

/// Most entries one ENTRY section announces; bounds what is held for it.
pub(super) const PART_ENTRIES: usize = 1 << 14;

/// Collects what one ENTRY section says. Entries come in any order.
#[derive(Debug, Default)]
pub(super) struct PartBuilder {
    part: Part,
    announced: Vec<(Entry, u64)>,
}

impl PartBuilder {
    /// A part whose first piece goes on with an announced file.
    pub fn continuing() -> Self {
        let part = Part { continued: true, ..Part::default() };
        PartBuilder { part, announced: Vec::new() }
    }

    /// Adds a piece and announces the files that start with it.
    pub fn piece<'a>(&mut self, piece: Piece, starting: impl IntoIterator<Item = &'a Node>) {
        let number = self.part.pieces.len() as u64;
        self.part.pieces.push(piece);
        // The reader takes the content of files from their piece.
        let kind = Kind::File(Default::default());
        let entries = starting.into_iter().flat_map(|node| node.entries(kind.clone()));
        self.announced.extend(entries.map(|entry| (entry, number)));
    }

    /// Announces something without content.
    pub fn other(&mut self, node: &Node) {
        self.announced.extend(node.entries(node.kind()).map(|entry| (entry, 0)));
    }

    /// Bytes of the last piece's file that are still to come.
    pub fn following(&mut self, bytes: u64) {
        self.part.following = bytes;
    }

    /// Takes back files announced for the continued piece.
    pub fn revoke(&mut self, ordinals: Vec<u64>) {
        self.part.revoked = ordinals;
    }

    pub fn is_empty(&self) -> bool {
        self.part.pieces.is_empty() && self.announced.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.announced.len().max(self.part.pieces.len()) >= PART_ENTRIES
    }

    /// The part of the group `raw`, entries in the order of their paths.
    pub fn finish(mut self, raw: &[u8]) -> Part {
        self.part.group_digest = digest(raw);
        self.announced.sort_by(|(left, _), (right, _)| compare_paths(&left.path, &right.path));
        for (entry, piece) in self.announced {
            if let Kind::File(_) = entry.kind {
                self.part.file_pieces.push(piece);
            }
            self.part.entries.push(entry);
        }
        self.part
    }
}
