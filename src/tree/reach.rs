//! Access to files by paths longer than a system call takes (4,095 bytes): directory
//! handles replace all but the last part of the path.

use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, Stat, openat, readlinkat, statat};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Longest path, in bytes, that is passed to one system call.
const STEP: usize = 4000;

/// A path that a system call accepts, relative to a directory.
pub(super) struct Reach<'a> {
    directory: Option<OwnedFd>,
    rest: &'a Path,
}

impl<'a> Reach<'a> {
    /// Opens as many directories on the way as the length of the path requires. Cost:
    /// one system call for each 4,000 bytes after the first.
    pub fn new(path: &'a Path) -> rustix::io::Result<Reach<'a>> {
        let (mut directory, mut rest): (Option<OwnedFd>, _) = (None, path.as_os_str().as_bytes());
        while rest.len() > STEP {
            let slash = rest[..STEP].iter().rposition(|&byte| byte == b'/');
            let slash = slash.filter(|&slash| slash > 0).ok_or(Errno::NAMETOOLONG)?;
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let from = directory.as_ref().map_or(CWD, |directory| directory.as_fd());
            let next = openat(from, OsStr::from_bytes(&rest[..slash]), flags, Mode::empty())?;
            directory = Some(next);
            let slashes = rest[slash..].iter().take_while(|&&byte| byte == b'/').count();
            rest = &rest[slash + slashes..];
        }
        Ok(Reach { directory, rest: Path::new(OsStr::from_bytes(rest)) })
    }

    fn from(&self) -> BorrowedFd<'_> {
        self.directory.as_ref().map_or(CWD, |directory| directory.as_fd())
    }

    /// Calls `open`.
    pub fn open(&self, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        openat(self.from(), self.rest, flags, Mode::empty())
    }

    /// Calls `lstat`.
    pub fn stat(&self) -> rustix::io::Result<Stat> {
        statat(self.from(), self.rest, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// Calls `readlink`.
    pub fn read_link(&self) -> rustix::io::Result<Vec<u8>> {
        Ok(readlinkat(self.from(), self.rest, Vec::new())?.into_bytes())
    }

    /// Returns a path for calls that take no directory. It is valid while this object
    /// lives.
    pub fn path(&self) -> PathBuf {
        match &self.directory {
            None => self.rest.to_owned(),
            Some(directory) => {
                Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string()).join(self.rest)
            }
        }
    }
}

/// Returns the names in a directory in byte order, and the error that ended reading
/// them early.
pub(super) fn names_in(path: &Path) -> rustix::io::Result<(Vec<OsString>, Option<Errno>)> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = Dir::new(Reach::new(path)?.open(flags)?)?;
    let (mut names, mut failed) = (Vec::new(), None);
    for item in directory {
        match item {
            Ok(item) => names.push(OsString::from_vec(item.file_name().to_bytes().to_vec())),
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    names.retain(|name| name != "." && name != "..");
    names.sort();
    Ok((names, failed))
}

/// The names below a root, parents first, names of a directory in byte order. No
/// directory stays open.
pub(super) struct Names {
    root: Option<PathBuf>,
    /// The directory to enter next.
    enter: Option<PathBuf>,
    /// The directories being walked, with the names not yet returned.
    open: Vec<(PathBuf, std::vec::IntoIter<OsString>)>,
}

impl Names {
    /// Starts at the root, which comes first itself.
    pub fn new(root: PathBuf) -> Names {
        Names { root: Some(root), enter: None, open: Vec::new() }
    }

    /// Enters the directory that was returned last.
    pub fn enter(&mut self, directory: &Path) {
        self.enter = Some(directory.to_owned());
    }

    /// Returns the next path and its depth; a directory that cannot be read is an
    /// error.
    pub fn next(&mut self) -> Option<Result<(PathBuf, usize), (PathBuf, Errno)>> {
        if let Some(root) = self.root.take() {
            return Some(Ok((root, 0)));
        }
        if let Some(directory) = self.enter.take() {
            match names_in(&directory) {
                Ok((names, failed)) => {
                    self.open.push((directory.clone(), names.into_iter()));
                    if let Some(error) = failed {
                        return Some(Err((directory, error)));
                    }
                }
                Err(error) => return Some(Err((directory, error))),
            }
        }
        loop {
            let depth = self.open.len();
            let (directory, names) = self.open.last_mut()?;
            if let Some(name) = names.next() {
                return Some(Ok((directory.join(name), depth)));
            }
            self.open.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_any_length_is_reached() {
        let at = tempfile::tempdir().unwrap();
        let mut directory = OwnedFd::from(std::fs::File::open(at.path()).unwrap());
        let mut path = at.path().to_owned();
        for _ in 0..45 {
            let name = "d".repeat(200);
            rustix::fs::mkdirat(&directory, &name, Mode::RWXU).unwrap();
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            directory = openat(&directory, &name, flags, Mode::empty()).unwrap();
            path.push(name);
        }
        assert!(path.as_os_str().len() > 9000);
        rustix::fs::symlinkat("target", &directory, "link").unwrap();
        assert_eq!(names_in(&path).unwrap().0, ["link"]);
        let link = path.join("link");
        let reach = Reach::new(&link).unwrap();
        assert_eq!(reach.read_link().unwrap(), b"target");
        assert_eq!(reach.stat().unwrap().st_size, 6);
        assert_eq!(std::fs::read_link(reach.path()).unwrap(), Path::new("target"));
        let mut walked = Names::new(at.path().to_owned());
        walked.enter(&path);
        assert_eq!(walked.next().unwrap().unwrap(), (at.path().to_owned(), 0));
        assert_eq!(walked.next().unwrap().unwrap(), (link.clone(), 1));
        assert!(walked.next().is_none());
    }
}
