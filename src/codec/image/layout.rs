//! Finds pictures in a group, by their headers.
//!
//! Nothing here is normative: any list of segments decodes. It follows from the bytes of the
//! group alone.

mod dicom;
mod headers;

use super::segments::{MOST_SEGMENTS, Segment};

/// Headers that are looked at, so that bytes made for it cannot take long.
const MOST_HEADERS: usize = 4096;

/// Bytes of pictures that are worth looking at.
const LEAST: usize = 64;

/// Returns the pictures of a group.
pub fn find(raw: &[u8]) -> Vec<Segment> {
    let mut segments = Vec::new();
    // Where the last picture ends, and where to look for the next one.
    let (mut end, mut at) = (0, 0);
    for _ in 0..MOST_HEADERS {
        let Some(start) = next(raw, at, at == end) else { break };
        let Some(found) = headers::pictures(raw, start, start == end) else {
            at = start + 1;
            continue;
        };
        for (first, picture) in found {
            let length = picture.length().unwrap_or(0);
            // Strips of a picture may lie in any order.
            let fits = segments.len() < MOST_SEGMENTS && first >= end;
            if fits && length >= LEAST && length <= raw.len().saturating_sub(first) {
                segments.push(Segment { gap: first - end, ..picture });
                end = first + length;
            }
        }
        at = end.max(start + 1);
    }
    segments
}

/// Returns the next place, from `at` on, where a header may be: `at` itself if it is the end of
/// a picture, or the start.
fn next(raw: &[u8], at: usize, is_end: bool) -> Option<usize> {
    if is_end && at < raw.len() {
        return Some(at);
    }
    let rest = raw.get(at..)?;
    let starts = |window: &[u8]| {
        matches!(window, [0x89, b'P'] | [b'B', b'M'] | [b'P', b'5' | b'6' | b'7'])
            || matches!(window, [b'I', b'I'] | [b'M', b'M'] | [b'D', b'I'])
    };
    rest.windows(2).position(starts).map(|place| at + place)
}

/// Returns whether a file that starts with `sample` is a picture that is not compressed.
pub fn is_picture(sample: &[u8]) -> bool {
    headers::starts(sample)
}
