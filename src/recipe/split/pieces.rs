//! Bytes that are not packed, cut by kind.

use crate::recipe::StreamKind;
use crate::recipe::kinds::kind;
use std::ops::Range;

/// A record of tar.
const RECORD: usize = 512;
/// What a header has, and where.
const MAGIC: &[u8] = b"ustar";
const MAGIC_AT: usize = 257;
/// Most places that are looked at for a header.
const HEADERS: usize = 256;
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
    members_from(bytes, 0)
}

/// Where the members of a tar begin of which `bytes` are any part.
pub(super) fn members_within(bytes: &[u8]) -> Vec<usize> {
    let headers = memchr::memmem::find_iter(bytes, MAGIC);
    let headers = headers.filter_map(|at| at.checked_sub(MAGIC_AT)).take(HEADERS);
    let first = headers.into_iter().find(|&at| is_header(&bytes[at..]));
    first.map_or_else(Vec::new, |first| members_from(bytes, first))
}

/// Whether the sum of the bytes of a record is the one that it says.
fn is_header(bytes: &[u8]) -> bool {
    let Some(header) = bytes.get(..RECORD) else { return false };
    let field = 148..156;
    let sum = header.iter().map(|&byte| usize::from(byte)).sum::<usize>();
    let own = header[field.clone()].iter().map(|&byte| usize::from(byte)).sum::<usize>();
    octal(header[field].split(|&byte| byte == 0).next().unwrap_or_default())
        == Some(sum - own + 8 * usize::from(b' '))
}

fn members_from(bytes: &[u8], mut at: usize) -> Vec<usize> {
    let mut members = Vec::new();
    while let Some(header) = bytes.get(at..at + RECORD) {
        let Some(size) =
            header[MAGIC_AT..].starts_with(MAGIC).then(|| octal(&header[124..136])).flatten()
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
