//! Names of volumes: `NAME.001`, `NAME.002`, …, and `NAME.001.new` while a set is replaced.

use crate::container::{MAGIC, footer_of};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The highest number of a volume. Longer numbers are dates rather than volumes.
pub const MOST_VOLUMES: u64 = 999_999;

/// Ends the name of a volume that is to take the place of another one.
const PENDING: &str = "new";

/// Returns the path of a volume of the archive `name`.
pub fn volume(name: &Path, number: u64) -> PathBuf {
    let mut path = name.as_os_str().to_owned();
    path.push(format!(".{number:03}"));
    path.into()
}

/// Returns the path of a volume that will take the place of that of this number.
pub fn pending(name: &Path, number: u64) -> PathBuf {
    let mut path = volume(name, number).into_os_string();
    path.push(".");
    path.push(PENDING);
    path.into()
}

/// Splits the path of a volume into the name of the archive and the number: at least three
/// digits, and no more than the number needs.
pub fn split(path: &Path) -> Option<(PathBuf, u64)> {
    let bytes = path.as_os_str().as_bytes();
    let dot = bytes.iter().rposition(|&byte| byte == b'.')?;
    let (name, digits) = (&bytes[..dot], &bytes[dot + 1..]);
    let number: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let canonical = format!("{number:03}").as_bytes() == digits;
    let known = (1..=MOST_VOLUMES).contains(&number) && canonical;
    // A directory is no name of an archive.
    let named = !name.is_empty() && !name.ends_with(b"/");
    (known && named).then(|| (OsString::from_vec(name.to_vec()).into(), number))
}

/// Returns the number of a pending volume.
fn split_pending(path: &Path) -> Option<(PathBuf, u64)> {
    (path.extension()? == PENDING).then(|| split(&path.with_extension("")))?
}

/// Returns the directory that a path is in.
pub fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The numbers of the volumes that are there, and of the pending ones, ascending.
#[derive(Debug, Default)]
pub struct Numbers {
    pub there: Vec<u64>,
    pub pending: Vec<u64>,
}

/// Finds the volumes of the archive `name`. Reads its directory.
///
/// # Errors
/// If the directory cannot be read.
pub fn numbers(name: &Path) -> io::Result<Numbers> {
    let mut found = Numbers::default();
    let wanted = name.file_name();
    for item in fs::read_dir(directory(name))? {
        let file = PathBuf::from(item?.file_name());
        let is_here = |(of, _): &(PathBuf, u64)| Some(of.as_os_str()) == wanted;
        if let Some((_, number)) = split(&file).filter(is_here) {
            found.there.push(number);
        } else if let Some((_, number)) = split_pending(&file).filter(is_here) {
            found.pending.push(number);
        }
    }
    found.there.sort_unstable();
    found.pending.sort_unstable();
    Ok(found)
}

/// Returns whether a whole archive of one volume is in this file: its last bytes are a footer
/// that says so.
pub fn is_whole(file: &File) -> bool {
    let length = file.metadata().map(|metadata| metadata.len()).ok();
    footer_of(file).is_some_and(|footer| Some(footer.file_length) == length)
}

/// Returns the name of the archive if a path stands for its volumes, and not for a file of its
/// own: it is a volume, or nothing is there and volumes of this name are.
///
/// # Errors
/// If the directory cannot be read.
pub fn archive_of(path: &Path) -> io::Result<Option<PathBuf>> {
    let there = match fs::metadata(path) {
        // A pipe with a name would be at its end for whoever opens it next.
        Ok(metadata) if !metadata.is_file() => return Ok(None),
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(error),
    };
    if let Some((name, number)) = split(path) {
        let others = || -> io::Result<bool> {
            let numbers = numbers(&name)?;
            Ok(numbers.there.iter().any(|&other| other != number) || !numbers.pending.is_empty())
        };
        // A file with a preface of its own is another archive, whatever its name ends with.
        let is_volume = match there {
            true if number == 1 => true,
            true => {
                !begins_archive(path)? && (footer_of(&File::open(path)?).is_some() || others()?)
            }
            false => numbers(&name)?.there.last().is_some_and(|&last| last > number),
        };
        if is_volume {
            return Ok(Some(name));
        }
    }
    if there || path.file_name().is_none() {
        return Ok(None);
    }
    // If the directory is not there either, the message about the path is the better one.
    let Ok(numbers) = numbers(path) else { return Ok(None) };
    let is_there = !numbers.there.is_empty() || numbers.pending.first() == Some(&1);
    Ok(is_there.then(|| path.to_owned()))
}

/// Returns whether a file begins with the magic bytes of an archive, whatever its state.
fn begins_archive(path: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    File::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut start)?;
    Ok(start == MAGIC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_has_a_number_of_three_digits_or_as_many_as_it_needs() {
        let of = |path: &str| split(Path::new(path));
        let is = |name: &str, number| Some((PathBuf::from(name), number));
        assert_eq!(of("a/b.pear.001"), is("a/b.pear", 1));
        assert_eq!(of("b.1000"), is("b", 1000));
        for other in ["b.01", "b.0001", "b.000", "b.1000000", "b.+12", "b", ".001", "a/.001"] {
            assert_eq!(of(other), None, "{other}");
        }
        assert_eq!(volume(Path::new("x.pear"), 7), Path::new("x.pear.007"));
        assert_eq!(pending(Path::new("x"), 1234), Path::new("x.1234.new"));
        assert_eq!(split_pending(Path::new("x.002.new")).unwrap().1, 2);
        assert!(split_pending(Path::new("x.2.new")).is_none());
    }
}
