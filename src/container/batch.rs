//! What an ENTRY section says of the bytes of its groups: where rows lie, and their
//! digests. Normative text: spec/container.md §6.4.

use super::budget::row_memory;
use super::contents::Row;
use super::part::{Open, Part};
use super::spans::{Fragment, cut, span_digest};
use crate::checksum::{Digest, digest};
use crate::entry::{Extent, Extents, FileDigest, Recipe};
use std::ops::Range;

/// The contents of a batch of groups.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Whether the first row goes on with a file of an earlier batch.
    pub continued: bool,
    /// The row whose file goes on in the next batch.
    pub open: Option<Open>,
    /// Bytes of each group.
    pub group_lengths: Vec<u64>,
    /// The rows.
    pub rows: Vec<Row>,
    join: u64,
    span_digests: Vec<u8>,
    file_digests: Vec<Digest>,
    /// Rows that have a File_Digest, ascending.
    digest_rows: Vec<u32>,
    /// Where each group starts.
    starts: Vec<Start>,
}

/// Where a group starts.
#[derive(Clone, Copy, Debug, Default)]
struct Start {
    /// Row of its first byte.
    row: usize,
    /// Bytes of that row in earlier groups.
    within: u64,
    /// Where its digests start in Span_Digest.
    digests: usize,
}

/// What frames the rows of a batch.
pub(super) struct Frame {
    pub continued: bool,
    pub open: Option<Open>,
    pub group_lengths: Vec<u64>,
    pub join: u64,
}

impl Batch {
    /// Lays rows over groups that are as long as they are; digests come later.
    pub(super) fn new(frame: Frame, rows: Vec<Row>) -> Batch {
        let Frame { continued, open, group_lengths, join } = frame;
        let mut batch = Batch { continued, open, group_lengths, rows, join, ..Batch::default() };
        let (mut place, mut whole) = (Start::default(), vec![false; batch.rows.len()]);
        for group in 0..batch.group_lengths.len() {
            batch.starts.push(place);
            let (fragments, next) = batch.fragments_from(group, place);
            for fragment in fragments.iter().filter(|fragment| fragment.whole) {
                whole[fragment.row] = true;
            }
            let widths = cut(&fragments, join).iter().map(|span| span.width()).sum::<usize>();
            place = Start { digests: place.digests + widths, ..next };
        }
        batch.starts.push(place);
        let opened = |row: usize| open.is_some_and(|open| open.row == row as u64);
        let empty = |row: &Row| row.length == 0 && row.recipe.is_none() && row.runs.is_empty();
        let follows = |row: usize| empty(&batch.rows[row]) && !(continued && row == 0);
        let digested = |row: &usize| !opened(*row) && !whole[*row] && !follows(*row);
        batch.digest_rows = (0..batch.rows.len()).filter(digested).map(|row| row as u32).collect();
        batch
    }

    /// Returns whether it may stand in the middle of a file that goes on: it has no groups,
    /// and goes on with nothing.
    pub fn is_aside(&self) -> bool {
        self.group_lengths.is_empty() && !self.continued && self.open.is_none()
    }

    /// Returns the bytes of Span_Digest and the rows of File_Digest.
    pub(super) fn digest_lengths(&self) -> (usize, usize) {
        (self.starts.last().map_or(0, |start| start.digests), self.digest_rows.len())
    }

    pub(super) fn set_digests(&mut self, span_digests: Vec<u8>, file_digests: Vec<Digest>) {
        (self.span_digests, self.file_digests) = (span_digests, file_digests);
    }

    /// Returns whether a group can be taken out with the rows that lie in it: they lie in no
    /// other, and no recipe uses bytes of the batch.
    pub fn stands_alone(&self, group: usize) -> bool {
        !self.has_recipes() && self.fragments(group).iter().all(|fragment| fragment.whole)
    }

    /// Takes groups that stand alone out of the part that says what is in this batch. Returns
    /// for each row its number in what is left.
    pub fn drop_groups(&self, part: &mut Part, dropped: &[bool]) -> Vec<Option<u64>> {
        let mut stays = vec![true; self.rows.len()];
        let (mut lengths, mut digests) = (Vec::new(), Vec::new());
        for (group, &dropped) in dropped.iter().enumerate() {
            if dropped {
                self.fragments(group).iter().for_each(|fragment| stays[fragment.row] = false);
            } else {
                lengths.push(self.group_lengths[group]);
                let range = self.starts[group].digests..self.starts[group + 1].digests;
                digests.extend_from_slice(&self.span_digests[range]);
            }
        }
        (part.group_lengths, part.span_digests) = (lengths, digests);
        let mut next = 0;
        let number = |&stays: &bool| {
            next += u64::from(stays);
            stays.then(|| next - 1)
        };
        let numbers: Vec<Option<u64>> = stays.iter().map(number).collect();
        let mut kept = stays.into_iter();
        part.rows.retain(|_| kept.next().unwrap_or(true));
        part.join = if part.rows.is_empty() { 0 } else { part.join };
        if let Some(open) = &mut part.open {
            open.row = numbers[open.row as usize].unwrap_or(open.row);
        }
        numbers
    }

    /// Returns whether files are made from its rows by recipes.
    pub fn has_recipes(&self) -> bool {
        self.rows.iter().any(|row| row.recipe.is_some())
    }

    /// Returns the bytes of its groups.
    pub fn length(&self) -> u64 {
        self.group_lengths.iter().fold(0, |sum, &length| sum.saturating_add(length))
    }

    /// Returns the places of the parts of a recipe, their groups counted from `first`, the
    /// number of the first group of the batch.
    pub fn places(&self, recipe: &Recipe, first: u64) -> Extents {
        let ends = self.group_ends();
        let places = |part: &Range<u64>| Batch::extents(&ends, first, part.start, part.end);
        let mut places: Extents = recipe.parts.iter().flat_map(places).collect();
        // Every file of the content has its own.
        places.shrink_to_fit();
        places
    }

    /// Returns the bytes of memory that it takes.
    pub(super) fn memory(&self) -> u64 {
        let rows = self.rows.iter().map(row_memory).sum::<u64>();
        let numbers = self.digest_rows.len() * size_of::<u32>();
        let groups = self.group_lengths.len() * (size_of::<u64>() + size_of::<Start>());
        let digests = self.span_digests.len() + self.file_digests.len() * size_of::<Digest>();
        (numbers + groups + digests + size_of::<Batch>()) as u64 + rows
    }

    /// Returns the parts of rows that lie in a group of the batch, in their order.
    pub fn fragments(&self, group: usize) -> Vec<Fragment> {
        self.fragments_from(group, self.starts[group]).0
    }

    fn fragments_from(&self, group: usize, start: Start) -> (Vec<Fragment>, Start) {
        let (mut left, mut place, mut fragments) = (self.group_lengths[group], start, Vec::new());
        while left > 0
            && let Some(row) = self.rows.get(place.row)
        {
            let length = (row.length - place.within).min(left);
            if length == 0 {
                place = Start { row: place.row + 1, within: 0, ..place };
                continue;
            }
            let goes_on = self.open.is_some_and(|open| open.row == place.row as u64)
                || (self.continued && place.row == 0);
            let whole = length == row.length && !goes_on && row.runs.is_empty();
            let last = place.within + length == row.length;
            fragments.push(Fragment { row: place.row, length, whole, last });
            place.within += length;
            left -= length;
        }
        (fragments, place)
    }

    /// Compares the digests of the spans that lie within the first bytes of a group.
    /// Returns the ranges of those that are right, in their order.
    pub fn proven(&self, group: usize, raw: &[u8]) -> Vec<Range<usize>> {
        let fragments = self.fragments(group);
        let mut at = self.starts[group].digests;
        let mut proven: Vec<Range<usize>> = Vec::new();
        for span in cut(&fragments, self.join) {
            let (start, end) = (span.offset as usize, (span.offset + span.length) as usize);
            if end > raw.len() {
                break;
            }
            let stored = at..at + span.width();
            at = stored.end;
            let found = span_digest(&span, &fragments, &self.rows, raw);
            if self.span_digests.get(stored) != Some(&found[..span.width()]) {
                continue;
            }
            match proven.last_mut() {
                Some(before) if before.end == start => before.end = end,
                _ => proven.push(start..end),
            }
        }
        proven
    }

    /// Returns where the span ends that holds the last of the first `wanted` bytes of a
    /// group.
    pub fn span_end(&self, group: usize, wanted: u64) -> u64 {
        let spans = cut(&self.fragments(group), self.join);
        let mut ends = spans.iter().map(|span| span.offset + span.length);
        ends.find(|&end| end >= wanted).unwrap_or(wanted)
    }

    /// Returns the digest that is stored for the file that ends with a row.
    pub fn file_digest(&self, row: usize) -> Option<Digest> {
        let found = self.digest_rows.binary_search(&u32::try_from(row).ok()?).ok()?;
        self.file_digests.get(found).copied()
    }

    /// Returns what is stored of the digest of each row's file. That of a file which goes on
    /// is unknown.
    pub fn row_digests(&self) -> Vec<FileDigest> {
        let mut digests: Vec<FileDigest> = self.rows.iter().map(follows_from_map).collect();
        for group in 0..self.group_lengths.len() {
            let fragments = self.fragments(group);
            let mut at = self.starts[group].digests;
            for span in cut(&fragments, self.join) {
                let stored = &self.span_digests[at..at + span.width()];
                at += span.width();
                for fragment in &fragments[span.first..span.first + span.count] {
                    digests[fragment.row] = match (fragment.whole, span.count) {
                        (false, _) => FileDigest::Unknown,
                        (true, 1) => alone(stored),
                        (true, _) => FileDigest::Shared,
                    };
                }
            }
        }
        for (&row, &digest) in self.digest_rows.iter().zip(&self.file_digests) {
            digests[row as usize] = FileDigest::File(digest);
        }
        if let Some(open) = self.open {
            digests[open.row as usize] = FileDigest::Unknown;
        }
        digests
    }

    /// Returns where the bytes of each row start in the batch, and where the last ends.
    pub(super) fn row_starts(&self) -> Vec<u64> {
        let mut end = 0;
        let mut starts = vec![0];
        starts.extend(self.rows.iter().map(|row| {
            end += row.length;
            end
        }));
        starts
    }

    /// Returns the places of the bytes from `at` to `end` of the batch, whose first group has
    /// the number `first`; `ends` are the ends of the groups.
    pub(super) fn extents(ends: &[u64], first: u64, mut at: u64, end: u64) -> Extents {
        let mut group = ends.partition_point(|&end| end <= at);
        let later = ends[group..].iter().take_while(|&&one| one < end).count();
        // No more than it needs, since every file of the content has its own.
        let mut extents = Extents::with_capacity(if at < end { later + 1 } else { 0 });
        while at < end && group < ends.len() {
            let start = group.checked_sub(1).map_or(0, |before| ends[before]);
            let length = end.min(ends[group]) - at;
            extents.push(Extent { group: first + group as u64, offset: at - start, length });
            at += length;
            group += 1;
        }
        extents
    }

    /// Returns where each group ends in the batch.
    pub(super) fn group_ends(&self) -> Vec<u64> {
        let mut end = 0;
        let next = |length: &u64| {
            end += length;
            end
        };
        self.group_lengths.iter().map(next).collect()
    }
}

/// The digest of a file without data follows from its size and map.
fn follows_from_map(row: &Row) -> FileDigest {
    if row.again.is_some() {
        return FileDigest::Unknown;
    }
    let segments = row.sparse.as_ref().map(|sparse| &sparse.segments[..]);
    let size = row.sparse.as_ref().map_or(0, |sparse| sparse.size);
    match row.data() {
        0 => FileDigest::Span(super::content_digest(digest(b""), size, segments)),
        _ => FileDigest::Unknown,
    }
}

/// The stored digest of a span that holds one file.
fn alone(stored: &[u8]) -> FileDigest {
    if let Ok(whole) = stored.try_into() {
        return FileDigest::Span(whole);
    }
    stored.try_into().map_or(FileDigest::Unknown, FileDigest::Short)
}
