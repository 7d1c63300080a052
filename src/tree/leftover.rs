//! Files that killed runs left behind: how they are recognised and removed.
//!
//! An unfinished file has a name from [`partial_name`] with the number of the process
//! that makes it. That process holds a lock on it (`flock`), which the system releases
//! however the process ends. Such a file is a leftover if no process has that number
//! and its lock is free. The lock is needed for processes of other machines and
//! containers, whose numbers mean nothing here. If the file system has no locks,
//! nothing is a leftover.

use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::{AtFlags, CWD, Dir, FlockOperation, Mode, OFlags, flock, fstat, openat, unlinkat};
use rustix::process::{Pid, test_kill_process};
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub use super::names::partial_name;

/// Returns the process number in a name from [`partial_name`].
fn owner(name: &[u8]) -> Option<Pid> {
    let rest = name.strip_prefix(b".pear-archive-")?.strip_suffix(b".partial")?;
    let (pid, number) = std::str::from_utf8(rest).ok()?.split_once('-')?;
    number.parse::<u64>().ok()?;
    Pid::from_raw(pid.parse().ok()?)
}

/// Marks an unfinished file as in use, for as long as it is open.
pub fn claim(file: impl AsFd) {
    // Without locks, only the process number can tell.
    let _ = flock(file, FlockOperation::NonBlockingLockExclusive);
}

/// Returns whether `path` is a file that a killed run left.
pub fn is_leftover(path: &Path) -> bool {
    path.file_name().is_some_and(|name| is_leftover_in(CWD, path.as_os_str(), name.as_bytes()))
}

/// Returns whether the file at `path`, relative to `from`, is a leftover, judged by its
/// `name`.
fn is_leftover_in(from: BorrowedFd<'_>, path: &OsStr, name: &[u8]) -> bool {
    let Some(pid) = owner(name) else { return false };
    test_kill_process(pid).is_err() && lock(from, path).is_some()
}

/// Locks and returns the file, if it is a regular file that nobody has locked.
fn lock(from: BorrowedFd<'_>, path: &OsStr) -> Option<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat(from, path, flags, Mode::empty()).ok()?);
    let regular = file.metadata().is_ok_and(|metadata| metadata.is_file());
    let locked = regular && flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
    (locked && fstat(&file).is_ok_and(|status| status.st_nlink > 0)).then_some(file)
}

/// Removes what killed runs left in a directory. Files that cannot be removed stay.
pub fn remove_leftovers(directory: &Path) {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    if let Ok(directory) = openat(CWD, directory, flags, Mode::empty()) {
        remove_leftovers_in(directory.as_fd());
    }
}

/// Does the same as [`remove_leftovers`] for an open directory.
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
