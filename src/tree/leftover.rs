//! What killed runs left behind: told from what is being made, and removed.
//!
//! An unfinished file has a name of [`partial_name`], with the number of the process
//! that makes it, and that process holds its lock (`flock`), which the system gives
//! up however the process ends. A file of such a name is a leftover if there is no
//! process of that number and its lock is free. The lock tells for processes of
//! other machines and containers, whose numbers mean nothing here. Where files
//! cannot be locked, nothing is a leftover.

use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::{AtFlags, CWD, Dir, FlockOperation, Mode, OFlags, flock, fstat, openat, unlinkat};
use rustix::process::{Pid, test_kill_process};
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub use super::names::partial_name;

/// The process number in a name of [`partial_name`].
fn owner(name: &[u8]) -> Option<Pid> {
    let rest = name.strip_prefix(b".pear-archive-")?.strip_suffix(b".partial")?;
    let (pid, number) = std::str::from_utf8(rest).ok()?.split_once('-')?;
    number.parse::<u64>().ok()?;
    Pid::from_raw(pid.parse().ok()?)
}

/// Marks an unfinished file as being made, for as long as it is open.
pub fn claim(file: impl AsFd) {
    // Without locks the process number alone tells.
    let _ = flock(file, FlockOperation::NonBlockingLockExclusive);
}

/// Whether `path` is a file that a run which was killed left.
pub fn is_leftover(path: &Path) -> bool {
    path.file_name().is_some_and(|name| is_leftover_in(CWD, path.as_os_str(), name.as_bytes()))
}

/// Whether the file at `path`, from a directory, is such a file by its `name`.
fn is_leftover_in(from: BorrowedFd<'_>, path: &OsStr, name: &[u8]) -> bool {
    let Some(pid) = owner(name) else { return false };
    test_kill_process(pid).is_err() && lock(from, path).is_some()
}

/// The file, locked, if it is a regular one and nobody holds it.
fn lock(from: BorrowedFd<'_>, path: &OsStr) -> Option<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat(from, path, flags, Mode::empty()).ok()?);
    let regular = file.metadata().is_ok_and(|metadata| metadata.is_file());
    let locked = regular && flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
    (locked && fstat(&file).is_ok_and(|status| status.st_nlink > 0)).then_some(file)
}

/// Removes what killed runs left in a directory. What cannot be removed stays.
pub fn remove_leftovers(directory: &Path) {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    if let Ok(directory) = openat(CWD, directory, flags, Mode::empty()) {
        remove_leftovers_in(directory.as_fd());
    }
}

/// As [`remove_leftovers`], of an open directory.
pub(super) fn remove_leftovers_in(directory: BorrowedFd<'_>) {
    // A handle that only names the directory cannot be read.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(items) = openat(directory, ".", flags, Mode::empty()).and_then(Dir::new) else { return };
    for item in items.flatten() {
        let name = item.file_name().to_bytes();
        if is_leftover_in(directory, OsStr::from_bytes(name), name) {
            let _ = unlinkat(directory, name, AtFlags::empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_files_of_dead_owners_are_leftovers() {
        let at = tempfile::tempdir().unwrap();
        let mut ended = std::process::Command::new("true").spawn().unwrap();
        ended.wait().unwrap();
        let dead = at.path().join(format!(".pear-archive-{}-0.partial", ended.id()));
        fs::write(&dead, "half").unwrap();
        let other = at.path().join(format!(".pear-archive-{}-x.partial", ended.id()));
        fs::write(&other, "not ours").unwrap();
        let name = String::from_utf8(partial_name(7)).unwrap();
        let living = at.path().join(name);
        fs::write(&living, "being made").unwrap();
        assert!(is_leftover(&dead) && !is_leftover(&other) && !is_leftover(&living));
        let held = File::open(&dead).unwrap();
        claim(&held);
        assert!(!is_leftover(&dead), "somebody holds it");
        drop(held);
        remove_leftovers(at.path());
        assert!(!dead.exists() && other.exists() && living.exists());
    }
}
