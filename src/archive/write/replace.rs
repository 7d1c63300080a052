//! Decides which files an output replaces without being told to.

use crate::archive::tarball::begins_tar;
use crate::container::{FOOTER_MAGIC, MAGIC};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// What is written, and so what it replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// An archive.
    Archive,
    /// A tar.
    Tar,
    /// A base. It may hold any bytes, so that only an empty file is replaced.
    Base,
}

/// Whether a file is of the kind that is written, so that a new one may take its
/// place: it is empty, or begins (an archive: or ends) as the kind does. Of an
/// archive neither version nor state matters. Reads at most 520 bytes.
///
/// # Errors
/// What the system says if the file cannot be opened or read.
pub fn is_replaceable(path: &Path, written: Written) -> io::Result<bool> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut start = [0; 512];
    let start = &mut start[..length.min(512) as usize];
    file.read_exact_at(start, 0)?;
    match written {
        Written::Base => Ok(length == 0),
        Written::Tar => Ok(start.is_empty() || begins_tar(start)),
        Written::Archive => {
            let magic = start.len().min(MAGIC.len());
            if start[..magic] == MAGIC[..magic] {
                return Ok(true);
            }
            let mut end = [0; FOOTER_MAGIC.len()];
            let Some(offset) = length.checked_sub(end.len() as u64) else { return Ok(false) };
            file.read_exact_at(&mut end, offset)?;
            Ok(end == FOOTER_MAGIC)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_files_of_the_same_kind_are_replaced() {
        let at = tempfile::tempdir().unwrap();
        let path = at.path().join("file");
        let mut tar = tar::Header::new_ustar();
        tar.set_cksum();
        let tar = tar.as_bytes().to_vec();
        let cases: [(&[u8], bool, bool); 8] = [
            (b"", true, true),
            (b"notes", false, false),
            (&MAGIC[..3], true, false),
            (b"\xF0PEAR\r\n\x1A\xFF\xFF of some later version", true, false),
            (b"no preface any more\x1A\n\rRAEP\xF0", true, false),
            (&tar, false, true),
            (&[0; 1024], false, true),
            (&[0; 100], false, false),
        ];
        for (content, archive, tar) in cases {
            fs::write(&path, content).unwrap();
            let told =
                [Written::Archive, Written::Tar].map(|it| is_replaceable(&path, it).unwrap());
            assert_eq!(told, [archive, tar], "{}", content.escape_ascii());
            assert_eq!(is_replaceable(&path, Written::Base).unwrap(), content.is_empty());
        }
    }
}
