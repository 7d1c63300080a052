//! Entries beside what is known of each of them.

use super::merge::Origin;
use crate::entry::{Entry, compare_paths};
use std::cmp::Ordering;
use std::num::NonZero;

/// The entries in one list and the marks in another, so that the entries of a section are
/// taken over as they are, and given out as they are.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub entries: Vec<Entry>,
    /// As many as there are entries.
    pub marks: Vec<Mark>,
}

/// What is known of an entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub origin: Origin,
    pub generation: u32,
    /// The part that announced it, and the later one that revoked it.
    pub part: u32,
    pub revoked: Option<NonZero<u32>>,
    /// Whether its rest was not found.
    pub lost: bool,
}

impl Rows {
    /// Adds entries, whose marks are there already.
    pub fn append(&mut self, mut entries: Vec<Entry>) {
        match self.entries.is_empty() {
            true => self.entries = entries,
            false => self.entries.append(&mut entries),
        }
    }

    /// Returns all entries with their marks.
    pub fn iter(&self) -> impl Iterator<Item = (&Entry, &Mark)> {
        self.entries.iter().zip(&self.marks)
    }

    /// Returns all pairs of neighbours.
    pub fn pairs(&self) -> impl Iterator<Item = [(&Entry, &Mark); 2]> {
        self.iter().zip(self.iter().skip(1)).map(|(one, next)| [one, next])
    }

    /// Keeps those that `kept` says, in order.
    pub fn retain(&mut self, kept: impl Iterator<Item = bool> + Clone) {
        let (mut entries, mut marks) = (kept.clone(), kept);
        self.entries.retain(|_| entries.next().unwrap_or(false));
        self.marks.retain(|_| marks.next().unwrap_or(false));
    }

    /// Puts them into the order of their paths; what has the same path stays in order.
    pub fn sort(&mut self) {
        let compare = |one: &Entry, next: &Entry| compare_paths(&one.path, &next.path);
        if self.entries.is_sorted_by(|one, next| compare(one, next) != Ordering::Greater) {
            return;
        }
        let mut from: Vec<usize> = (0..self.entries.len()).collect();
        from.sort_by(|&one, &next| compare(&self.entries[one], &self.entries[next]));
        // Each place gets its row, along the cycles in which the rows move.
        for start in 0..from.len() {
            let mut place = start;
            while from[place] != start {
                let next = std::mem::replace(&mut from[place], place);
                self.entries.swap(place, next);
                self.marks.swap(place, next);
                place = next;
            }
            from[place] = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_together_with_their_marks() {
        let paths = ["d", "a", "c", "a", "e", "b"];
        let mark = |part| {
            let origin = Origin::of(0, 0, 0);
            Mark { origin, generation: 0, part, revoked: None, lost: false }
        };
        let marks = (0..6).map(mark).collect();
        let mut rows = Rows { entries: paths.map(Entry::from).to_vec(), marks };
        rows.sort();
        let sorted: Vec<(&[u8], u32)> =
            rows.iter().map(|(entry, mark)| (&entry.path[..], mark.part)).collect();
        let expected: [(&[u8], u32); 6] =
            [(b"a", 1), (b"a", 3), (b"b", 5), (b"c", 2), (b"d", 0), (b"e", 4)];
        assert_eq!(sorted, expected);
        rows.retain([true, false, true, false, false, true].into_iter());
        let parts: Vec<u32> = rows.marks.iter().map(|mark| mark.part).collect();
        assert_eq!(parts, [1, 5, 4]);
        assert_eq!(rows.entries.len(), 3);
    }
}
