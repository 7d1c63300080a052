//! The headers of gzip members and zip entries.

/// Bytes of the header of a gzip member (RFC 1952 §2.3).
pub(super) fn gzip(bytes: &[u8]) -> Option<usize> {
    const CRC: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    (bytes.get(..3)? == [0x1F, 0x8B, 8]).then_some(())?;
    let flags = *bytes.get(3)?;
    (flags >> 5 == 0).then_some(())?;
    let mut at = 10;
    if flags & EXTRA > 0 {
        at += 2 + usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    }
    for text in [NAME, COMMENT] {
        if flags & text > 0 {
            at += 1 + memchr::memchr(0, bytes.get(at..)?)?;
        }
    }
    if flags & CRC > 0 {
        at += 2;
    }
    (at < bytes.len()).then_some(at)
}

/// Bytes of the local header of a zip entry (APPNOTE 4.3.7) that is deflated.
pub(super) fn zip(bytes: &[u8]) -> Option<usize> {
    const DEFLATED: u16 = 8;
    const ENCRYPTED: u16 = 1;
    (bytes.get(..4)? == b"PK\x03\x04").then_some(())?;
    let number = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    (number(8)? == DEFLATED && number(6)? & ENCRYPTED == 0).then_some(())?;
    let length = 30 + usize::from(number(26)?) + usize::from(number(28)?);
    (length < bytes.len()).then_some(length)
}

/// Whether two bytes may be the header of a zlib stream (RFC 1950 §2.2) without
/// dictionary.
#[inline]
pub(super) fn zlib(bytes: &[u8]) -> bool {
    bytes.len() > 6
        && bytes[0] & 15 == 8
        && bytes[0] >> 4 <= 7
        && u16::from_be_bytes([bytes[0], bytes[1]]).is_multiple_of(31)
        && bytes[1] & 0x20 == 0
}
