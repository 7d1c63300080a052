//! Builds the ENTRY sections of an archive being written.

use super::plan::Node;
use crate::checksum::Digest;
use crate::container::{BATCH_GROUPS, Fragment, JOIN, Open, Part, Row, digest_group};
use crate::entry::{Entry, Kind, compare_paths};

/// Most entries one ENTRY section announces; bounds what is held for it.
pub(super) const PART_ENTRIES: usize = 1 << 14;

/// Most bytes of a batch, unless one group is longer.
pub(super) const BATCH_BYTES: u64 = 8 << 20;

/// Collects what one ENTRY section says. Entries come in any order.
#[derive(Debug, Default)]
pub(super) struct PartBuilder {
    part: Part,
    announced: Vec<(Entry, u64)>,
    /// What lies in the group that is being filled.
    fragments: Vec<Fragment>,
    /// Bytes of the groups so far.
    bytes: u64,
}

impl PartBuilder {
    /// A part whose first row goes on with an announced file.
    pub fn continuing() -> Self {
        let part = Part { continued: true, ..Part::default() };
        PartBuilder { part, ..PartBuilder::default() }
    }

    /// Adds bytes of the row that comes next; `whole` if they are all of a file's data.
    pub fn fragment(&mut self, length: u64, whole: bool) {
        if length > 0 {
            let row = self.part.rows.len();
            self.fragments.push(Fragment { row, length, whole, last: false });
        }
    }

    /// Adds a row, of which all bytes were added, and announces the files that start with it.
    /// `digest` is that of the file if its bytes are not in this group alone.
    pub fn row<'a>(
        &mut self,
        row: Row,
        digest: Option<Digest>,
        starting: impl IntoIterator<Item = &'a Node>,
    ) {
        let number = self.part.rows.len() as u64;
        self.part.rows.push(row);
        self.part.file_digests.extend(digest);
        // The reader takes the content of files from their row.
        let kind = Kind::File(Default::default());
        let entries = starting.into_iter().flat_map(|node| node.entries(kind.clone()));
        self.announced.extend(entries.map(|entry| (entry, number)));
    }

    /// Says that a path is gone with all below it. Paths come in their order.
    pub fn remove(&mut self, path: Vec<u8>) {
        self.part.removed.push(path);
    }

    /// Announces something without content.
    pub fn other(&mut self, node: &Node) {
        self.announced.extend(node.entries(node.kind()).map(|entry| (entry, 0)));
    }

    /// Ends the group `raw`: hashes its spans.
    pub fn end_group(&mut self, raw: &[u8]) {
        if raw.is_empty() {
            return;
        }
        let digests = digest_group(&self.fragments, &self.part.rows, JOIN, raw);
        self.part.span_digests.extend(digests);
        self.part.group_lengths.push(raw.len() as u64);
        self.bytes += raw.len() as u64;
        self.fragments.clear();
    }

    /// Says that the last row's file goes on in the next part, with so many bytes.
    pub fn open(&mut self, following: u64) {
        let row = self.part.rows.len().saturating_sub(1) as u64;
        self.part.open = Some(Open { row, following });
    }

    /// Says that the file of the first row, which goes on here, goes on in the next part too.
    pub fn open_again(&mut self, following: u64) {
        self.part.open = Some(Open { row: 0, following });
    }

    /// Revokes files announced for the continued row.
    pub fn revoke(&mut self, ordinals: Vec<u64>) {
        self.part.revoked = ordinals;
    }

    pub fn is_empty(&self) -> bool {
        let part = &self.part;
        let entries = self.announced.is_empty() && part.removed.is_empty();
        part.rows.is_empty() && part.group_lengths.is_empty() && entries
    }

    pub fn is_full(&self) -> bool {
        let entries = self.announced.len().max(self.part.removed.len());
        entries.max(self.part.rows.len()) >= PART_ENTRIES
    }

    /// Returns whether the batch ends with the group that is being filled, so that what
    /// follows starts another; `next` are the bytes of this group and the next, `most` those of a
    /// batch.
    pub fn ends_before(&self, next: u64, most: u64) -> bool {
        let groups = self.part.group_lengths.len() as u64 + 1;
        self.is_full() || groups >= BATCH_GROUPS || self.bytes.saturating_add(next) > most
    }

    /// The part, entries in the order of their paths.
    pub fn finish(mut self) -> Part {
        self.part.join = if self.part.rows.is_empty() { 0 } else { JOIN };
        self.announced.sort_by(|(left, _), (right, _)| compare_paths(&left.path, &right.path));
        for (entry, row) in self.announced {
            if let Kind::File(_) = entry.kind {
                self.part.file_rows.push(row);
            }
            self.part.entries.push(entry);
        }
        self.part
    }
}
