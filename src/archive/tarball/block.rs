//! Header blocks: checksums and fields.

use super::TarFault;

/// Bytes of a header; data is padded to a multiple of it.
pub(super) const BLOCK: u64 = 512;

/// The bytes of one block.
pub(super) type Bytes = [u8; BLOCK as usize];

/// Reads the header in a block; returns `None` for a block of zeros, which ends a tar.
///
/// # Errors
/// [`TarFault::Checksum`].
pub(super) fn header(bytes: &Bytes) -> Result<Option<tar::Header>, TarFault> {
    if is_zero(bytes) {
        return Ok(None);
    }
    let mut header = tar::Header::new_old();
    header.as_mut_bytes().copy_from_slice(bytes);
    let said = number(&header.as_old().cksum);
    // Some old programs added the bytes as signed numbers.
    let counted = bytes[..148].iter().chain(&bytes[156..]);
    let unsigned = 256 + counted.clone().map(|&byte| i64::from(byte)).sum::<i64>();
    let signed = 256 + counted.map(|&byte| i64::from(byte as i8)).sum::<i64>();
    match said {
        Some(said) if said == unsigned || said == signed => {
            tell_dialect(header.as_mut_bytes());
            Ok(Some(header))
        }
        _ => Err(TarFault::Checksum),
    }
}

/// Returns whether a file starts like a tar: with a header, or with the zeros that end
/// one.
pub(in crate::archive) fn begins_tar(start: &[u8]) -> bool {
    start.first_chunk().is_some_and(|block| header(block).is_ok())
}

/// Writes the version that belongs to the magic. The `tar` crate distinguishes the
/// formats by magic and version together, but Ant, Maven, Dart and old Docker write
/// other versions, or none. GNU's own format has two blanks after `ustar`.
fn tell_dialect(bytes: &mut Bytes) {
    let is_gnu = bytes[262] == b' ' && bytes[263] == b' ';
    if bytes.get(257..262) == Some(b"ustar") {
        bytes[262..265].copy_from_slice(if is_gnu { b"  \0" } else { b"\x0000" });
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == 0)
}

/// Parses the number in a field: octal digits, or binary with the highest bit set,
/// which may be negative. A blank field is 0.
pub(super) fn number(field: &[u8]) -> Option<i64> {
    if field[0] & 0x80 != 0 {
        // Two's complement without the first bit, which only marks the form.
        let first = i128::from((field[0] << 1).cast_signed() >> 1);
        let value = field[1..].iter().fold(first, |value, &byte| value << 8 | i128::from(byte));
        return i64::try_from(value).ok();
    }
    let digits = until_nul(field).trim_ascii();
    let octal = |&digit: &u8| (b'0'..=b'7').contains(&digit);
    if !digits.iter().all(octal) {
        return None;
    }
    // A field has at most 12 digits: 36 bits.
    Some(digits.iter().fold(0, |value, digit| value << 3 | i64::from(digit - b'0')))
}

/// Parses a number that must not be negative.
pub(super) fn size(field: &[u8]) -> Option<u64> {
    u64::try_from(number(field)?).ok()
}

/// Returns the bytes of a text field.
pub(super) fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or(field)
}

/// Returns `length` including the padding after it.
pub(super) fn padded(length: u64) -> Option<u64> {
    length.checked_next_multiple_of(BLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_binary() {
        let cases: [(&[u8], Option<i64>); 9] = [
            (b"0000644\0", Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"77777777777\0", Some(0o77777777777)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"\x80\0\0\0\0\0\x01\x02", Some(0x102)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xfe", Some(-2)),
            (b"\x80\0\0\0\x80\0\0\0\0\0\0\0", None),
            (b"0000648\0", None),
            (b"-000644\0", None),
        ];
        for (field, value) in cases {
            assert_eq!(number(field), value, "{}", field.escape_ascii());
        }
        assert_eq!(size(b"\xff\xff\xff\xff\xff\xff\xff\xfe"), None);
    }

    #[test]
    fn formats_are_told_by_their_magic_whatever_their_version() {
        let told = |magic: &[u8]| {
            let mut made = tar::Header::new_old();
            made.as_mut_bytes()[257..265].copy_from_slice(magic);
            made.set_cksum();
            let read = header(made.as_bytes()).unwrap().unwrap();
            (read.as_ustar().is_some(), read.as_gnu().is_some())
        };
        for version in [b"\x0000", b"\0\0\0", b"\0  ", b"\x001\0", b" 00"] {
            let magic = [b"ustar", &version[..]].concat();
            assert_eq!(told(&magic), (true, false), "{}", magic.escape_ascii());
        }
        for version in [b"  \0", b"   "] {
            let magic = [b"ustar", &version[..]].concat();
            assert_eq!(told(&magic), (false, true), "{}", magic.escape_ascii());
        }
        assert_eq!(told(&[0; 8]), (false, false));
    }

    #[test]
    fn every_byte_of_a_header_is_under_its_checksum() {
        let mut made = tar::Header::new_ustar();
        made.set_size(1234);
        made.set_cksum();
        assert!(header(made.as_bytes()).unwrap().is_some());
        for place in 0..512 {
            let mut bytes = *made.as_bytes();
            bytes[place] ^= 1;
            assert!(header(&bytes).is_err(), "{place}");
        }
    }
}
