//! Bytes that are not packed, cut by kind.

use crate::recipe::StreamKind;
use crate::recipe::kinds::kind;
use std::ops::Range;

/// A record of tar.
const RECORD: usize = 512;
/// Shorter pieces are headers.
const SHORT: usize = 64;

/// The kind of a piece between packed data.
pub(super) fn kind_of(piece: &[u8]) -> StreamKind {
    if piece.len() < SHORT { StreamKind::Binary } else { kind(piece) }
}

/// Cuts the pieces of `range` by the members of the tar that `bytes` are, if they are.
/// A member's header goes with its content.
pub(super) fn cut(
    bytes: &[u8],
    members: &[usize],
    range: Range<usize>,
    mut give: impl FnMut(Range<usize>, StreamKind),
) {
    let first = members.partition_point(|&start| start <= range.start);
    let last = members.partition_point(|&start| start < range.end);
    let mut at = range.start;
    for &end in members[first..last].iter().chain([&range.end]) {
        if at < end {
            // The kind is that of the content, which follows the header.
            let content = if members.binary_search(&at).is_ok() { at + RECORD } else { at };
            let content = &bytes[content.min(end)..end];
            give(at..end, if content.is_empty() { StreamKind::Text } else { kind_of(content) });
        }
        at = end;
    }
}

/// Where the members of a tar begin; empty if `bytes` are none.
pub(super) fn tar_members(bytes: &[u8]) -> Vec<usize> {
    let mut members = Vec::new();
    let mut at = 0;
    while let Some(header) = bytes.get(at..at + RECORD) {
        let Some(size) =
            (&header[257..262] == b"ustar").then(|| octal(&header[124..136])).flatten()
        else {
            break;
        };
        members.push(at);
        let Some(next) =
            size.checked_next_multiple_of(RECORD).and_then(|size| at.checked_add(RECORD + size))
        else {
            break;
        };
        at = next;
    }
    members
}

fn octal(field: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    usize::from_str_radix(text, 8).ok().filter(|&size| size < 1 << 40)
}
