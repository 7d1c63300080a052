//! Names as archives hold them: relative, without `.` and `..`, any bytes but NUL.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::TreeError;
use crate::entry::Printable;

/// Formats a name for people, as [`Printable`] does.
pub fn printable(name: &[u8]) -> String {
    Printable(name).to_string()
}

/// Returns the name under which an operand of the command line is archived, and whether
/// a leading `/` was removed. `.` components and doubled or trailing slashes are
/// removed; the name of `.` itself is empty.
///
/// # Errors
/// [`TreeError::Name`] if a component is `..`.
pub fn archive_path(operand: &Path) -> Result<(Vec<u8>, bool), TreeError> {
    let bytes = operand.as_os_str().as_bytes();
    let mut name = Vec::with_capacity(bytes.len());
    for component in bytes.split(|&byte| byte == b'/') {
        match component {
            b"" | b"." => continue,
            b".." => {
                return Err(TreeError::Name {
                    path: operand.to_owned(),
                    cause: "it has a '..' component (use -C to archive from another directory)",
                });
            }
            _ => {}
        }
        if !name.is_empty() {
            name.push(b'/');
        }
        name.extend_from_slice(component);
    }
    Ok((name, bytes.first() == Some(&b'/')))
}

/// Runs [`crate::entry::check_path`], with the path in the error.
pub(super) fn check_path(path: &[u8]) -> Result<(), TreeError> {
    crate::entry::check_path(path)
        .map_err(|fault| TreeError::UnsafePath { path: disk_path(path), fault })
}

/// Converts the bytes of an archive to a path of this system.
pub(super) fn disk_path(path: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(path))
}

/// Splits a checked path into its parent (empty at the top) and last component.
pub(super) fn split_last(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (&path[..0], path),
    }
}

/// Returns the names of all directories above a path, topmost first, and the path
/// itself.
pub(super) fn and_above(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = path.iter().enumerate().filter(|&(_, &byte)| byte == b'/').map(|(at, _)| at);
    ends.chain([path.len()]).map(|end| &path[..end])
}

/// Returns a name for something unfinished, which is renamed or removed before the
/// process ends. It contains the process's number, so that leftovers of killed runs can
/// be told from files in use.
pub fn partial_name(number: u64) -> Vec<u8> {
    format!(".pear-archive-{}-{number}.partial", std::process::id()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_can_drive_a_terminal() {
        let cases: [(&[u8], &str); 7] = [
            (b"plain name.txt", "plain name.txt"),
            ("größe".as_bytes(), "größe"),
            (b"a\nb\t\\", "a\\nb\\t\\\\"),
            (b"\x1b[31mred", "\\u{1b}[31mred"),
            (b"caf\xe9", "caf\\xe9"),
            ("\u{9b}x".as_bytes(), "\\u{9b}x"),
            ("gpj.\u{202e}exe".as_bytes(), "gpj.\\u{202e}exe"),
        ];
        for (name, expected) in cases {
            assert_eq!(printable(name), expected);
        }
    }

    #[test]
    fn operands_become_relative_names() {
        let cases = [
            ("photos/", "photos", false),
            ("./a//b/.", "a/b", false),
            ("/etc/hosts", "etc/hosts", true),
            (".", "", false),
            ("/", "", true),
        ];
        for (operand, name, stripped) in cases {
            let got = archive_path(Path::new(operand)).unwrap();
            assert_eq!(got, (name.as_bytes().to_vec(), stripped), "{operand}");
        }
        assert!(archive_path(Path::new("../a")).is_err());
        assert!(archive_path(Path::new("a/../b")).is_err());
    }

    #[test]
    fn unsafe_paths_are_refused() {
        for path in [&b"/a"[..], b"..", b"a/../b", b"a/..", b"", b"a//b", b"a/", b"./a", b"a\0b"] {
            assert!(check_path(path).unwrap_err().is_unsafe(), "{path:?}");
        }
        for path in [&b"a"[..], b"a/b", b"...", b"a/..b", b"\xff"] {
            check_path(path).unwrap();
        }
    }
}
