//! Writes the archive file, which appears whole under its name or not at all.

use crate::archive::ArchiveError;
use crate::archive::error::failed;
use crate::archive::volumes::names::directory;
use crate::tree::{FileId, Registration, claim, partial_name, register, remove_leftovers};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, openat};
use rustix::io::Errno;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// How many links are followed from an output that is one, as by the system.
const MOST_LINKS: usize = 40;

/// A file written in the directory of its final name. Dropping it removes it and
/// leaves what had the name before untouched.
#[derive(Debug)]
pub(in crate::archive) struct Output {
    file: File,
    path: PathBuf,
    replaced: Option<Metadata>,
    /// Its temporary name; none while the file has no name at all.
    temporary: Option<Temporary>,
}

/// A name that is removed when this is dropped, or when the process is ended.
#[derive(Debug)]
pub(super) struct Temporary {
    path: PathBuf,
    _registration: Registration,
}

impl Temporary {
    fn new(path: PathBuf) -> Temporary {
        let removed = path.clone();
        let registration = register(move || drop(fs::remove_file(&removed)));
        Temporary { path, _registration: registration }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl Output {
    /// Starts a file that will replace `path`, or what `path` links to, which
    /// need not be there. What killed runs left in its directory is removed.
    ///
    /// # Errors
    /// [`ArchiveError::Io`] if the directory cannot be written to, or if
    /// something other than a regular file has the name.
    pub fn new(path: &Path) -> Result<Output, ArchiveError> {
        let path = followed(path);
        let replaced = fs::metadata(&path).ok();
        if replaced.as_ref().is_some_and(|replaced| !replaced.is_file()) {
            let source = io::Error::other("not a regular file");
            return Err(failed(&path, "replace")(source));
        }
        remove_leftovers(directory(&path));
        if let Some(file) = nameless(directory(&path)) {
            return Ok(Output { file, path, replaced, temporary: None });
        }
        let made = temporary(directory(&path), |name| {
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            openat(CWD, name, flags, Mode::from_raw_mode(0o666))
        });
        let (temporary, file) = made.map_err(failed(directory(&path), "create a file there"))?;
        claim(&file);
        Ok(Output { file: file.into(), path, replaced, temporary: Some(temporary) })
    }

    /// The path that the file will have, without links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file to write to.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Whether a file that is not empty will be replaced.
    pub fn replaces_content(&self) -> bool {
        self.replaced.as_ref().is_some_and(|replaced| replaced.len() > 0)
    }

    /// What must not be archived: the file itself, and the one it replaces.
    pub fn identities(&self) -> Vec<FileId> {
        let written = self.file().metadata().ok();
        let both = [written.as_ref(), self.replaced.as_ref()].into_iter().flatten();
        both.map(|file| FileId { device: file.dev(), inode: file.ino() }).collect()
    }

    /// Makes the bytes durable, then gives them their name, then makes the
    /// name durable.
    ///
    /// # Errors
    /// [`ArchiveError::Io`]; before the renaming nothing has changed.
    pub fn commit(self) -> Result<(), ArchiveError> {
        let Output { file, path, replaced, temporary } = self;
        file.sync_all().map_err(failed(&path, "write"))?;
        if let Some(replaced) = replaced {
            // Failing to keep the old permissions is no reason to fail.
            let _ = file.set_permissions(replaced.permissions());
        }
        let named = match temporary {
            Some(temporary) => rename(temporary, &path),
            None => name(&file, &path),
        };
        named.map_err(failed(&path, "rename to"))?;
        let synced = File::open(directory(&path)).and_then(|directory| directory.sync_all());
        synced.map_err(failed(directory(&path), "write"))
    }
}

/// A file without a name, of which nothing stays however the process ends. `None`
/// if the file system has none, or if it could not be given a name later.
fn nameless(directory: &Path) -> Option<File> {
    let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
    let open = || openat(CWD, directory, flags, Mode::from_raw_mode(0o666)).map(File::from).ok();
    let tried = open()?;
    // Now, not when hours of work wait for their name. Some systems refuse this (no
    // /proc, overlays, network file systems). A file that had a name once gets no
    // other: the one that is written is opened anew.
    claim(&tried);
    let named = temporary(directory, |name| link(&tried, name));
    named.is_ok().then(open)?
}

/// The path by which the system knows an open file.
fn itself(file: &File) -> PathBuf {
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// Gives a file another name, by which nothing may be known yet.
fn link(file: &File, name: &Path) -> rustix::io::Result<()> {
    linkat(CWD, itself(file), CWD, name, AtFlags::SYMLINK_FOLLOW)
}

/// Gives a file without a name its name, in one step.
fn name(file: &File, path: &Path) -> io::Result<()> {
    match link(file, path) {
        Err(Errno::EXIST) => {}
        other => return Ok(other?),
    }
    claim(file); // it has two names for a moment, in which a run can be killed
    let (temporary, ()) = temporary(directory(path), |name| link(file, name))?;
    rename(temporary, path)
}

fn rename(temporary: Temporary, path: &Path) -> io::Result<()> {
    // Dropping removes a name that is gone, unless renaming failed.
    fs::rename(&temporary.path, path)
}

/// Makes something under a fresh temporary name.
pub(super) fn temporary<T>(
    directory: &Path,
    make: impl Fn(&Path) -> rustix::io::Result<T>,
) -> io::Result<(Temporary, T)> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    loop {
        let name = partial_name(COUNTER.fetch_add(1, Ordering::Relaxed));
        let path = directory.join(String::from_utf8_lossy(&name).as_ref());
        match make(&path) {
            Ok(made) => return Ok((Temporary::new(path), made)),
            Err(Errno::EXIST) => {} // left by a killed run with our number
            Err(error) => return Err(error.into()),
        }
    }
}

/// Where a path leads, whether or not a file is there.
pub(super) fn followed(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = fs::read_link(&path) else { break };
        path = directory(&path).join(target);
    }
    fs::canonicalize(&path).unwrap_or(path)
}
