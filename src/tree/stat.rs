//! What `lstat` and the extended attributes say about a file.

use rustix::fs::Stat;

/// What makes a file the same file: device and inode number. Inode numbers
/// alone repeat across file systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    /// Number of the device the file system is on.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
}

impl FileId {
    /// The identity of an open file, for leaving an archive out of itself.
    ///
    /// # Errors
    /// What `fstat` says.
    pub fn of(file: &std::fs::File) -> std::io::Result<FileId> {
        Ok(FileId::from_stat(&rustix::fs::fstat(file)?))
    }

    pub(super) fn from_stat(stat: &Stat) -> FileId {
        FileId { device: stat.st_dev, inode: stat.st_ino }
    }
}
