//! Cuts the streams of a batch into groups, and makes a row of each.

use crate::archive::write::announce::PartBuilder;
use crate::archive::write::pack::{Filled, KIND_MINIMUM, Start};
use crate::checksum::digest;
use crate::container::Row;
use crate::recipe::{Stream, StreamKind};

/// Bytes of packed data that are worth a group of their own.
const APART: usize = 64 << 10;

/// Most bytes of pictures of a file that are in one group, however long groups are.
pub(super) const PICTURES: u64 = 4 << 20;

/// Cuts streams into groups.
pub(super) struct Cutter {
    pub part: PartBuilder,
    buffer: Vec<u8>,
    groups: Vec<Vec<u8>>,
    /// Most bytes of a group, and bytes that close it.
    most: usize,
    share: usize,
    /// Bytes of the batch so far.
    pub end: u64,
}

impl Cutter {
    /// Nothing is cut yet; `part` has no streams.
    pub fn new(group: u64, part: PartBuilder) -> Cutter {
        let most = usize::try_from(group).unwrap_or(usize::MAX);
        let (buffer, groups) = Default::default();
        Cutter { part, buffer, groups, most, share: most, end: 0 }
    }

    /// Begins with the streams of a kind, of `total` bytes; `rest` are theirs and of all that
    /// follow.
    pub fn begin(&mut self, kind: StreamKind, total: usize, rest: usize) {
        let groups = total.div_ceil(self.most).max(1);
        self.share = total.div_ceil(groups).max(1);
        // What does not get smaller must not cost the time of a model.
        let packed = matches!(kind, StreamKind::Image | StreamKind::Jpeg) && rest >= APART;
        if !self.buffer.is_empty() && (self.buffer.len() >= KIND_MINIMUM || packed) {
            self.close();
        }
    }

    /// Adds a stream as a row, and frees its bytes.
    pub fn put(&mut self, stream: &mut Stream) {
        let bytes = std::mem::take(&mut stream.bytes);
        let (mut left, mut divided) = (&bytes[..], false);
        while !left.is_empty() {
            let room = self.room(stream.kind, left.len());
            if room > 0 {
                let (now, later) = left.split_at(room);
                divided |= !later.is_empty();
                self.buffer.extend_from_slice(now);
                self.part.fragment(room as u64, !divided);
                left = later;
            }
            if !left.is_empty() || self.buffer.len() >= self.share {
                self.close();
            }
        }
        self.end += bytes.len() as u64;
        self.part.row(Row::of(bytes.len() as u64), divided.then(|| digest(&bytes)), []);
    }

    /// How much of `left` bytes goes into this group: 0 if they are to start the next.
    fn room(&self, kind: StreamKind, left: usize) -> usize {
        let held = self.buffer.len();
        let total = held + left;
        if total <= self.most {
            return left;
        }
        // Half a picture is not coded as one.
        let undivided = match kind {
            StreamKind::Jpeg => PICTURES,
            StreamKind::Image => PICTURES.min(self.most as u64),
            _ => 0,
        };
        if left as u64 <= undivided {
            return if held == 0 { left } else { 0 };
        }
        if held * 2 >= self.most {
            return 0;
        }
        total.div_ceil(total.div_ceil(self.most)) - held
    }

    fn close(&mut self) {
        let raw = std::mem::take(&mut self.buffer);
        self.part.end_group(&raw);
        self.groups.push(raw);
    }

    /// Ends the batch of files of `sizes` bytes.
    pub fn finish(mut self, sizes: u64) -> Vec<Filled> {
        if !self.buffer.is_empty() || self.groups.is_empty() {
            self.close();
        }
        let filled = |raw| Filled { raw, part: None, start: Start::Alone, stands_for: 0 };
        let mut groups: Vec<Filled> = self.groups.into_iter().map(filled).collect();
        if let Some(last) = groups.last_mut() {
            (last.part, last.stands_for) = (Some(self.part.finish()), sizes);
        }
        groups
    }
}
