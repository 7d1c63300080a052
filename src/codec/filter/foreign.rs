//! Foreign bytes: those of a group behind a base that are no literals of its merge table.
//!
//! They are few, so each is written with its place, in front of the symbols; in the group
//! a literal stands for it.
//!
//! Normative text: spec/codec.md §7.3.

use crate::bytes::{BytesError, Cursor, put_varint};

/// Returns the places of the bytes that are no `literals`, with their values: `None` if
/// they are more than one in [`RARE`].
pub(super) fn find(raw: &[u8], literals: &[u8]) -> Option<Vec<(usize, u8)>> {
    let mut known = [false; 256];
    literals.iter().for_each(|&literal| known[literal as usize] = true);
    let all = raw.iter().copied().enumerate().filter(|&(_, byte)| !known[byte as usize]);
    let most = raw.len() / RARE;
    let found: Vec<_> = all.take(most + 1).collect();
    (found.len() <= most).then_some(found)
}

/// At most one byte in so many is foreign: else a group is better off alone.
const RARE: usize = 64;

/// Appends their number, then each with the number of bytes since the one before.
pub(super) fn write(foreign: &[(usize, u8)], payload: &mut Vec<u8>) {
    put_varint(payload, foreign.len() as u64);
    let mut next = 0;
    for &(place, value) in foreign {
        put_varint(payload, (place - next) as u64);
        payload.push(value);
        next = place + 1;
    }
}

/// The written form, checked: nothing is allocated for it.
#[derive(Clone, Copy)]
pub(super) struct Foreign<'a> {
    count: u64,
    bytes: &'a [u8],
}

impl<'a> Foreign<'a> {
    /// None at all.
    pub const NONE: Foreign<'static> = Foreign { count: 0, bytes: &[] };

    /// Reads the foreign bytes of a group of `length` bytes that begin `payload`. Returns
    /// them and the rest.
    pub fn parse(payload: &'a [u8], length: usize) -> Option<(Foreign<'a>, &'a [u8])> {
        let mut cursor = Cursor::new(payload);
        let count = cursor.varint().ok()?;
        let bytes = &payload[cursor.position()..];
        let foreign = Foreign { count, bytes };
        let mut end = 0;
        // A place below `length` is as good as a check of the count.
        let whole = foreign.each(|place, _, position| {
            end = position;
            place < length as u64
        });
        whole.ok()?.then(|| (foreign, &bytes[end..]))
    }

    /// Calls `visit` with place, value, and where the next one is written, as long as it
    /// returns true; returns what it returned last.
    fn each(&self, mut visit: impl FnMut(u64, u8, usize) -> bool) -> Result<bool, BytesError> {
        let mut cursor = Cursor::new(self.bytes);
        let mut next = 0u64;
        for _ in 0..self.count {
            let place = next.saturating_add(cursor.varint()?);
            let value = cursor.u8()?;
            if !visit(place, value, cursor.position()) {
                return Ok(false);
            }
            next = place.saturating_add(1);
        }
        Ok(true)
    }

    /// Puts them in their places in the first bytes of the group.
    pub fn put(&self, raw: &mut [u8]) {
        // What was parsed has no errors; places behind the first bytes end it.
        let _ = self.each(|place, value, _| match raw.get_mut(place as usize) {
            Some(byte) => {
                *byte = value;
                true
            }
            None => false,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_bytes_come_back_and_the_rest_begins_behind_them() {
        let raw: Vec<u8> = (0..2_000).map(|i| if i % 700 == 3 { 200 } else { b'a' }).collect();
        let foreign = find(&raw, b"abc").unwrap();
        assert_eq!(foreign, [(3, 200), (703, 200), (1403, 200)]);
        let mut payload = Vec::new();
        write(&foreign, &mut payload);
        payload.extend(b"rest");
        let (read, rest) = Foreign::parse(&payload, raw.len()).unwrap();
        assert_eq!(rest, b"rest");
        for length in [0, 4, 1_000, 2_000] {
            let mut first = vec![b'a'; length];
            read.put(&mut first);
            assert_eq!(first, raw[..length]);
        }
        assert_eq!(find(&raw[..60], b"abc"), None, "too many");
        assert_eq!(find(b"", b""), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_list_of_foreign_bytes_is_refused() {
        let refused: [&[u8]; 6] =
            [&[], &[2, 0, 1], &[1, 5, 9], &[2, 4, 9, 0, 9], &[255, 255, 255], &[1, 0]];
        for payload in refused {
            assert!(Foreign::parse(payload, 5).is_none(), "{payload:?}");
        }
        assert!(Foreign::parse(&[2, 3, 9, 0, 9], 5).is_some_and(|(_, rest)| rest.is_empty()));
    }
}
