//! The chunks that were stored last, by their digests.

use crate::checksum::Digest;
use std::collections::{HashMap, VecDeque};

/// Most chunks that are remembered: of the last 16 GiB or so that were cut. The oldest ones are
/// forgotten first. The number decides archives, and never changes with the memory allowed.
pub(super) const MOST: usize = 1 << 20;

/// Chunks in the order of the stream.
#[derive(Default)]
pub(super) struct Table {
    chunks: VecDeque<Stored>,
    /// Number of the first of them, counted from the start.
    first: u64,
    /// Numbers of chunks, by the first bytes of their digests. Of several the first is found.
    numbers: HashMap<u64, u64>,
}

struct Stored {
    digest: Digest,
    position: u64,
    length: u32,
}

fn key(digest: &Digest) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|at| digest[at]))
}

impl Table {
    fn get(&self, number: u64) -> Option<&Stored> {
        self.chunks.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// Returns where a chunk of this digest and length starts; the first of several.
    pub fn find(&self, digest: &Digest, length: usize) -> Option<u64> {
        let stored = self.get(*self.numbers.get(&key(digest))?)?;
        let same = stored.digest == *digest && stored.length as usize == length;
        same.then_some(stored.position)
    }

    /// Returns whether a chunk of this digest and length starts at `position`.
    pub fn is_at(&self, position: u64, digest: &Digest, length: usize) -> bool {
        let number = self.chunks.partition_point(|stored| stored.position < position);
        self.chunks.get(number).is_some_and(|stored| {
            let same = stored.digest == *digest && stored.length as usize == length;
            same && stored.position == position
        })
    }

    /// Remembers a chunk. Positions ascend.
    pub fn put(&mut self, digest: &Digest, position: u64, length: usize) {
        if self.chunks.len() == MOST {
            self.drop_oldest();
        }
        let number = self.first + self.chunks.len() as u64;
        self.numbers.entry(key(digest)).or_insert(number);
        self.chunks.push_back(Stored { digest: *digest, position, length: length as u32 });
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.chunks.pop_front() {
            self.drop_number(&oldest.digest, self.first);
            self.first += 1;
        }
    }

    fn drop_number(&mut self, digest: &Digest, number: u64) {
        if self.numbers.get(&key(digest)) == Some(&number) {
            self.numbers.remove(&key(digest));
        }
    }

    /// Forgets the chunks that end behind `position`.
    pub fn forget(&mut self, position: u64) {
        while let Some(last) =
            self.chunks.pop_back_if(|last| last.position + u64::from(last.length) > position)
        {
            self.drop_number(&last.digest, self.first + self.chunks.len() as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::digest;

    fn name(number: usize) -> Digest {
        digest(&number.to_le_bytes())
    }

    #[test]
    fn the_first_of_equal_chunks_is_found() {
        let mut table = Table::default();
        table.put(&name(1), 10, 5);
        table.put(&name(1), 20, 5);
        table.put(&name(2), 30, 7);
        assert_eq!(table.find(&name(1), 5), Some(10));
        assert_eq!(table.find(&name(2), 7), Some(30));
        assert!(table.is_at(20, &name(1), 5) && !table.is_at(30, &name(1), 5));
        assert!(!table.is_at(15, &name(1), 5) && !table.is_at(40, &name(2), 7));
        assert_eq!((table.find(&name(3), 5), table.find(&name(2), 6)), (None, None));
    }

    #[test]
    fn what_is_not_stored_after_all_is_forgotten() {
        let mut table = Table::default();
        (0..10).for_each(|number| table.put(&name(number), 10 * number as u64, 10));
        table.forget(45);
        assert_eq!(table.find(&name(3), 10), Some(30));
        assert_eq!((table.find(&name(4), 10), table.find(&name(9), 10)), (None, None));
        table.put(&name(9), 45, 10);
        assert_eq!(table.find(&name(9), 10), Some(45));
    }

    #[test]
    fn the_oldest_chunks_are_forgotten_first() {
        let mut table = Table::default();
        (0..MOST + 3).for_each(|number| table.put(&name(number), 10 * number as u64, 10));
        assert_eq!((table.chunks.len(), table.numbers.len()), (MOST, MOST));
        assert_eq!((table.find(&name(2), 10), table.find(&name(3), 10)), (None, Some(30)));
        table.put(&name(2), 1 << 40, 10);
        assert_eq!(table.find(&name(2), 10), Some(1 << 40));
        assert_eq!(table.find(&name(3), 10), None);
    }
}
