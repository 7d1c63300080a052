//! Spans: what digests of decoded bytes are of. One rule cuts them for writer, reader and
//! verification. Normative text: spec/container.md §6.4.

use super::contents::{Row, content_digest};
use crate::checksum::{Context, Digest, Hasher, digest};

/// Bytes that end a span of small rows, unless a digest of each file is asked for.
pub const JOIN: u64 = 8192;

/// Most bytes that Join can be.
pub(super) const JOIN_MOST: u64 = 65_536;

/// Bytes of a span from which on its whole digest is stored.
const LARGE: u64 = 65_536;

/// Bytes stored of the digest of a smaller span.
const SHORT: usize = 16;

/// The part of a row's bytes in one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The row of Content_Table.
    pub row: usize,
    /// Bytes.
    pub length: u64,
    /// Whether it is all of a file's data.
    pub whole: bool,
    /// Whether the bytes of the row end with it.
    pub last: bool,
}

/// Bytes of a group that one digest covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first of its fragments among those of the group.
    pub first: usize,
    /// Number of its fragments.
    pub count: usize,
    /// Byte offset in the group.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
}

impl Span {
    /// Returns the number of bytes stored of its digest.
    pub(super) fn width(&self) -> usize {
        if self.length < LARGE { SHORT } else { size_of::<Digest>() }
    }
}

/// Cuts the fragments of a group into spans.
pub fn cut(fragments: &[Fragment], join: u64) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let (mut offset, mut joins) = (0, false);
    for (first, fragment) in fragments.iter().enumerate() {
        let length = fragment.length;
        let small = fragment.whole && length < join;
        match spans.last_mut() {
            Some(span) if small && joins => {
                (span.count, span.length) = (span.count + 1, span.length + length);
            }
            _ => spans.push(Span { first, count: 1, offset, length }),
        }
        joins = small && spans.last().is_some_and(|span| span.length < join);
        offset += length;
    }
    spans
}

/// Computes the digest of a span of these fragments, whose rows are in `rows` if they are
/// whole; `bytes` are its bytes.
fn digest_of(fragments: &[Fragment], rows: &[Row], bytes: &[u8]) -> Digest {
    if let [one] = fragments {
        return digest_of_one(one, rows, bytes);
    }
    let mut hasher = Hasher::derived(Context::SmallFiles);
    let mut rest = bytes;
    for fragment in fragments {
        let (first, behind) = rest.split_at(fragment.length as usize);
        hasher.update(&digest_of_one(fragment, rows, first));
        rest = behind;
    }
    hasher.digest()
}

fn digest_of_one(fragment: &Fragment, rows: &[Row], bytes: &[u8]) -> Digest {
    let data = digest(bytes);
    match rows.get(fragment.row).and_then(|row| row.sparse.as_ref()) {
        Some(sparse) if fragment.whole => content_digest(data, sparse.size, Some(&sparse.segments)),
        _ => data,
    }
}

/// Computes Span_Digest of a whole group, as stored.
///
/// # Panics
/// If the fragments are longer than `raw`.
pub fn digest_group(fragments: &[Fragment], rows: &[Row], join: u64, raw: &[u8]) -> Vec<u8> {
    let mut digests = Vec::new();
    for span in cut(fragments, join) {
        let found = span_digest(&span, fragments, rows, raw);
        digests.extend(&found[..span.width()]);
    }
    digests
}

/// Computes the digest of one span of the group `raw`.
pub(super) fn span_digest(span: &Span, fragments: &[Fragment], rows: &[Row], raw: &[u8]) -> Digest {
    let bytes = &raw[span.offset as usize..(span.offset + span.length) as usize];
    digest_of(&fragments[span.first..span.first + span.count], rows, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragments(lengths: &[(u64, bool)]) -> Vec<Fragment> {
        let one = |(row, &(length, whole))| Fragment { row, length, whole, last: true };
        lengths.iter().enumerate().map(one).collect()
    }

    fn counts(lengths: &[(u64, bool)]) -> Vec<usize> {
        cut(&fragments(lengths), 8).iter().map(|span| span.count).collect()
    }

    #[test]
    fn small_rows_are_taken_together_until_they_are_long_enough() {
        assert_eq!(counts(&[(3, true), (3, true), (3, true), (3, true)]), [3, 1]);
        assert_eq!(counts(&[(8, true), (7, true), (1, true), (1, true)]), [1, 2, 1]);
        assert_eq!(counts(&[(1, true), (9, true), (1, true)]), [1, 1, 1], "a long row ends a span");
        assert_eq!(
            counts(&[(1, true), (1, false), (1, true)]),
            [1, 1, 1],
            "and so does a fragment"
        );
        assert_eq!(counts(&[]), [0; 0]);
    }

    #[test]
    fn a_span_of_several_rows_depends_on_where_each_ends() {
        let row = Row::of;
        let of = |one: u64, other: u64| {
            let fragments = fragments(&[(one, true), (other, true)]);
            digest_group(&fragments, &[row(one), row(other)], 8, b"sixths")
        };
        assert_ne!(of(2, 4), of(3, 3));
        assert_eq!(of(2, 4).len(), SHORT);
        let alone = digest_group(&fragments(&[(6, true)]), &[row(6)], 8, b"sixths");
        assert_eq!(alone, digest(b"sixths")[..SHORT], "b3sum -l 16 gives the same");
    }
}
