//! What a file that is not an archive looks like.

/// A known format, recognised by its first bytes, for messages only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Foreign {
    /// No bytes at all.
    Empty,
    /// A tar.
    Tar,
    /// A compressed file, in a format used for tars.
    Compressed(&'static str),
    /// An archive of another program.
    Other(&'static str),
    /// No known format.
    Unknown,
}

/// The magic of POSIX and GNU tars, and its offset.
const TAR_MAGIC: (usize, &[u8]) = (257, b"ustar");

impl Foreign {
    /// Number of bytes that are enough to recognise a format.
    pub(super) const ENOUGH: usize = 512;

    /// Recognises the format from the first bytes, of which there may be any number.
    pub fn of(start: &[u8]) -> Foreign {
        let known: [(&[u8], Foreign); 7] = [
            (b"\x1F\x8B", Foreign::Compressed("gzip")),
            (b"\x28\xB5\x2F\xFD", Foreign::Compressed("zstd")),
            (b"\xFD7zXZ\0", Foreign::Compressed("xz")),
            (b"BZh", Foreign::Compressed("bzip2")),
            (b"PK\x03\x04", Foreign::Other("zip")),
            (b"PK\x05\x06", Foreign::Other("zip")),
            (b"7z\xBC\xAF\x27\x1C", Foreign::Other("7z")),
        ];
        if start.is_empty() {
            return Foreign::Empty;
        }
        if start.get(TAR_MAGIC.0..).is_some_and(|rest| rest.starts_with(TAR_MAGIC.1)) {
            return Foreign::Tar;
        }
        let found = known.into_iter().find(|(magic, _)| start.starts_with(magic));
        found.map_or(Foreign::Unknown, |(_, format)| format)
    }

    /// Returns the rest of the message "not a pear archive".
    pub(super) fn hint(self) -> String {
        match self {
            Foreign::Empty => ": it is empty".to_owned(),
            Foreign::Tar => " but a tar: make an archive of it with 'import'".to_owned(),
            Foreign::Compressed(format) => format!(
                " but a {format} file: if it holds a tar, make an archive of it with 'import'"
            ),
            Foreign::Other(format) => {
                format!(" but a {format} file: unpack it with a program for that")
            }
            Foreign::Unknown => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        let mut tar = [0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        let cases: [(&[u8], Foreign); 10] = [
            (b"", Foreign::Empty),
            (&tar, Foreign::Tar),
            (b"\x1F\x8B\x08", Foreign::Compressed("gzip")),
            (b"\x28\xB5\x2F\xFD", Foreign::Compressed("zstd")),
            (b"\xFD7zXZ\0\0", Foreign::Compressed("xz")),
            (b"BZh9", Foreign::Compressed("bzip2")),
            (b"PK\x03\x04", Foreign::Other("zip")),
            (b"7z\xBC\xAF\x27\x1C", Foreign::Other("7z")),
            (b"PK", Foreign::Unknown),
            (b"text", Foreign::Unknown),
        ];
        for (start, format) in cases {
            assert_eq!(Foreign::of(start), format, "{}", start.escape_ascii());
        }
    }
}
