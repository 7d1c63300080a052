//! The results of `lstat` and the extended attributes of a file.

use rustix::fd::AsFd;
use rustix::fs::{FileType, Stat, llistxattr};
use rustix::io::Errno;
use std::path::Path;

use super::reach::Reach;
use super::{TreeError, owners::Owners};
use crate::entry::{Common, Content, Kind, Metadata, Timestamp};

/// The identity of a file: device and inode number. Inode numbers alone repeat across
/// file systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    /// Number of the device that holds the file system.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
}

impl FileId {
    /// Returns the identity of an open file, so that an archive can be left out of
    /// itself.
    ///
    /// # Errors
    /// The error of `fstat`.
    pub fn of(file: &std::fs::File) -> std::io::Result<FileId> {
        Ok(FileId::from_stat(&rustix::fs::fstat(file)?))
    }

    pub(super) fn from_stat(stat: &Stat) -> FileId {
        FileId { device: stat.st_dev, inode: stat.st_ino }
    }
}

/// Calls `lstat`.
pub(super) fn stat(path: &Path) -> Result<Stat, TreeError> {
    let status = Reach::new(path).and_then(|reach| reach.stat());
    status.map_err(|error| TreeError::io(path, "read the attributes", error))
}

/// Returns the time of the last modification.
pub(super) fn modified(stat: &Stat) -> Timestamp {
    // The kernel keeps nanoseconds below 10^9.
    Timestamp { seconds: stat.st_mtime, nanoseconds: stat.st_mtime_nsec as u32 }
}

/// Returns the time of the last change of content or metadata.
pub(super) fn changed(stat: &Stat) -> Timestamp {
    Timestamp { seconds: stat.st_ctime, nanoseconds: stat.st_ctime_nsec as u32 }
}

/// Returns the kind of entry for a file. The content of a regular file has its size
/// only.
pub(super) fn kind(path: &Path, stat: &Stat) -> Result<Kind, TreeError> {
    let (major, minor) = (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev));
    Ok(match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => {
            Kind::File(Content { size: stat.st_size.max(0) as u64, ..Content::default() })
        }
        FileType::Directory => Kind::Directory,
        FileType::Symlink => {
            let target = Reach::new(path).and_then(|reach| reach.read_link());
            let target = target.map_err(|error| TreeError::io(path, "read the link", error))?;
            Kind::Symlink { target }
        }
        FileType::Fifo => Kind::Fifo,
        FileType::CharacterDevice => Kind::CharacterDevice { major, minor },
        FileType::BlockDevice => Kind::BlockDevice { major, minor },
        FileType::Socket => return Err(TreeError::Socket { path: path.to_owned() }),
        FileType::Unknown => return Err(left_out(path, "unknown file type")),
    })
}

fn left_out(path: &Path, cause: &'static str) -> TreeError {
    TreeError::LeftOut { path: path.to_owned(), cause }
}

/// Returns the metadata without extended attributes.
pub(super) fn metadata(stat: &Stat, owners: &Owners) -> Metadata {
    let common = Common {
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        user: owners.users.name(stat.st_uid),
        group: owners.groups.name(stat.st_gid),
        xattrs: Vec::new(),
    };
    Metadata { modified: modified(stat), common: common.into() }
}

/// Names and values of extended attributes.
type Xattrs = Vec<(Vec<u8>, Vec<u8>)>;

/// Reads the extended attributes of the file itself (never of a link's target), sorted
/// by name. A file system without attributes has none. An attribute that vanishes
/// between listing and reading is left out.
pub(super) fn xattrs(path: &Path) -> Result<Xattrs, TreeError> {
    let reach =
        Reach::new(path).map_err(|error| TreeError::io(path, "read the attributes", error))?;
    let reached = &reach.path();
    read_xattrs(
        path,
        |buffer| llistxattr(reached, buffer),
        |name, buffer| rustix::fs::lgetxattr(reached, name, buffer),
    )
}

/// Reads the extended attributes of an open file; `path` is for messages.
pub(super) fn open_xattrs(file: impl AsFd, path: &Path) -> Result<Xattrs, TreeError> {
    let file = file.as_fd();
    read_xattrs(
        path,
        |buffer| rustix::fs::flistxattr(file, buffer),
        |name, buffer| rustix::fs::fgetxattr(file, name, buffer),
    )
}

fn read_xattrs(
    path: &Path,
    list: impl FnMut(&mut [u8]) -> rustix::io::Result<usize>,
    mut get: impl FnMut(&[u8], &mut [u8]) -> rustix::io::Result<usize>,
) -> Result<Xattrs, TreeError> {
    let failed = |error| TreeError::io(path, "read the extended attributes", error);
    let list = match grown(list) {
        Err(Errno::NOTSUP | Errno::NOSYS) => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    let mut attributes = Vec::new();
    for name in list.split(|&byte| byte == 0).filter(|name| !name.is_empty()) {
        match grown(|buffer| get(name, buffer)) {
            Ok(value) => attributes.push((name.to_vec(), value)),
            Err(Errno::NODATA) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    attributes.sort_unstable();
    Ok(attributes)
}

/// Calls with a buffer that grows until the answer fits. The kernel bounds attribute
/// lists and values to 64 KiB.
fn grown(
    mut call: impl FnMut(&mut [u8]) -> rustix::io::Result<usize>,
) -> rustix::io::Result<Vec<u8>> {
    let mut buffer = vec![0; 256];
    loop {
        match call(&mut buffer) {
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            Err(Errno::RANGE) if buffer.len() < 1 << 20 => buffer.resize(buffer.len() * 16, 0),
            Err(error) => return Err(error),
        }
    }
}
