//! The target of metadata: an open file, or one that cannot be opened.

use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Stat, Timestamps, Uid, XattrFlags, chmod, chmodat,
    chownat, fchmod, fchown, fgetxattr, fremovexattr, fsetxattr, fstat, futimens, getxattr, openat,
    removexattr, setxattr, statat, utimensat,
};
use rustix::io::{Errno, Result};

use super::FileId;

/// Something just made. Every operation affects the file that was identified when this
/// was built, whatever has its name by now.
#[derive(Debug)]
pub(super) enum Object<'a> {
    /// A regular file or a directory.
    Open(BorrowedFd<'a>),
    /// A link or special file, which cannot be opened without side effects.
    Unopened(Unopened<'a>),
}

/// A handle that names a file, but cannot be read or written through.
#[derive(Debug)]
pub(super) struct Unopened<'a> {
    file: OwnedFd,
    id: FileId,
    kind: FileType,
    parent: BorrowedFd<'a>,
    name: &'a [u8],
}

impl<'a> Unopened<'a> {
    /// Looks up a name that was just made.
    ///
    /// # Errors
    /// [`Errno::STALE`] if the kind is wrong or it has other names: something was put
    /// in its place, such as a hard link to another user's file.
    pub(super) fn new(parent: BorrowedFd<'a>, name: &'a [u8], kind: FileType) -> Result<Self> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(parent, name, flags, Mode::empty())?;
        let status = fstat(&file)?;
        if status.st_nlink != 1 || FileType::from_raw_mode(status.st_mode) != kind {
            return Err(Errno::STALE);
        }
        Ok(Unopened { file, id: FileId::from_stat(&status), kind, parent, name })
    }

    pub(super) fn id(&self) -> FileId {
        self.id
    }

    /// Returns a path that leads to the file itself, if `/proc` is mounted.
    fn itself(&self) -> String {
        format!("/proc/self/fd/{}", self.file.as_raw_fd())
    }

    /// Sets the mode without `/proc`. A fifo can be opened for both reading and writing
    /// without blocking. A device is changed by its name, after checking that the name
    /// still leads to it.
    fn chmod_by_name(&self, mode: Mode) -> Result<()> {
        if self.kind == FileType::Fifo {
            let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = openat(self.parent, self.name, flags, Mode::empty())?;
            self.check(&fstat(&file)?)?;
            return fchmod(&file, mode);
        }
        self.check(&statat(self.parent, self.name, AtFlags::SYMLINK_NOFOLLOW)?)?;
        chmodat(self.parent, self.name, mode, AtFlags::empty())
    }

    fn check(&self, status: &Stat) -> Result<()> {
        match FileId::from_stat(status) == self.id {
            true => Ok(()),
            false => Err(Errno::STALE),
        }
    }
}

impl Object<'_> {
    pub(super) fn is_symlink(&self) -> bool {
        matches!(self, Object::Unopened(unopened) if unopened.kind == FileType::Symlink)
    }

    pub(super) fn status(&self) -> Result<Stat> {
        match self {
            Object::Open(file) => fstat(file),
            Object::Unopened(unopened) => fstat(&unopened.file),
        }
    }

    pub(super) fn chown(&self, uid: Uid, gid: Option<Gid>) -> Result<()> {
        match self {
            Object::Open(file) => fchown(file, Some(uid), gid),
            Object::Unopened(unopened) => {
                chownat(&unopened.file, "", Some(uid), gid, AtFlags::EMPTY_PATH)
            }
        }
    }

    pub(super) fn chmod(&self, mode: Mode) -> Result<()> {
        match self {
            Object::Open(file) => fchmod(file, mode),
            Object::Unopened(unopened) => match chmod(unopened.itself(), mode) {
                Err(Errno::NOENT) => unopened.chmod_by_name(mode),
                other => other,
            },
        }
    }

    pub(super) fn set_times(&self, times: &Timestamps) -> Result<()> {
        let unopened = match self {
            Object::Open(file) => return futimens(file, times),
            Object::Unopened(unopened) => unopened,
        };
        match utimensat(unopened.file.as_fd(), "", times, AtFlags::EMPTY_PATH) {
            Err(Errno::INVAL | Errno::NOENT) => {} // before Linux 5.8
            other => return other,
        }
        let (parent, name, flags) = (unopened.parent, unopened.name, AtFlags::SYMLINK_NOFOLLOW);
        unopened.check(&statat(parent, name, flags)?)?;
        utimensat(parent, name, times, flags)
    }

    pub(super) fn set_xattr(&self, name: &[u8], value: &[u8]) -> Result<()> {
        match self {
            Object::Open(file) => fsetxattr(file, name, value, XattrFlags::empty()),
            Object::Unopened(unopened) => {
                setxattr(unopened.itself(), name, value, XattrFlags::empty())
            }
        }
    }

    /// Returns the value of an attribute; `None` if there is none.
    pub(super) fn xattr(&self, name: &[u8]) -> Result<Option<Vec<u8>>> {
        let get = |buffer: &mut [u8]| match self {
            Object::Open(file) => fgetxattr(file, name, buffer),
            Object::Unopened(unopened) => getxattr(unopened.itself(), name, buffer),
        };
        let mut small = [0; 256];
        match get(&mut small) {
            Ok(length) => Ok(Some(small[..length].to_vec())),
            Err(Errno::RANGE) => {
                let mut large = vec![0; 1 << 16]; // the system's maximum
                let length = get(&mut large)?;
                large.truncate(length);
                Ok(Some(large))
            }
            Err(Errno::NODATA | Errno::NOTSUP | Errno::NOSYS | Errno::NOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn remove_xattr(&self, name: &[u8]) -> Result<()> {
        match self {
            Object::Open(file) => fremovexattr(file, name),
            Object::Unopened(unopened) => removexattr(unopened.itself(), name),
        }
    }
}
