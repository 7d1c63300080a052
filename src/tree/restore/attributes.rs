//! Giving a restored file its owner, attributes, mode and time.
//!
//! The order is not free: changing the owner drops setuid bits and
//! capabilities, a read-only mode forbids setting attributes, an ACL changes
//! the mode's group bits, and everything moves the times. So: owner,
//! attributes, mode, time.

use rustix::fd::{AsRawFd, BorrowedFd};
use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, Uid, XattrFlags,
};
use rustix::fs::{
    chmod, chownat, fchmod, fchown, fsetxattr, fstat, futimens, openat, setxattr, utimensat,
};
use rustix::io::Errno;

use super::super::owners::{Owners, Table};
use crate::entry::{Metadata, Timestamp};

const PERMISSIONS: u32 = 0o777;

/// Which parts of the metadata are restored.
#[derive(Debug)]
pub(super) struct Attributes {
    preserve: bool,
    numeric_owner: bool,
    /// Root may give files away; others try only when asked to preserve.
    privileged: bool,
    owners: Owners,
    /// Mode of directories no entry speaks of.
    pub(super) default_directory_mode: u32,
}

/// What a failure was about, for messages: completes "cannot …".
pub(super) type Failures = Vec<(&'static str, Errno)>;

impl Attributes {
    pub(super) fn new(preserve: bool, numeric_owner: bool) -> Attributes {
        Attributes {
            preserve,
            numeric_owner,
            privileged: rustix::process::geteuid().is_root(),
            owners: Owners::of_this_system(),
            default_directory_mode: PERMISSIONS & !umask(),
        }
    }

    /// Whether device nodes may be made.
    pub(super) fn devices(&self) -> bool {
        self.preserve && self.privileged
    }

    /// Sets everything on an open file or directory.
    pub(super) fn apply(&self, file: BorrowedFd<'_>, metadata: &Metadata) -> Failures {
        let mut failures = Failures::new();
        let owned = self.owner(metadata, &mut failures, |uid, gid| fchown(file, uid, gid));
        self.xattrs(metadata, &mut failures, |name, value| {
            fsetxattr(file, name, value, XattrFlags::empty())
        });
        note(&mut failures, "set the mode of", fchmod(file, self.mode(metadata, owned)));
        note(&mut failures, "set the time of", futimens(file, &times(metadata.modified)));
        failures
    }

    /// Sets everything on a link or special file just made, which cannot be
    /// opened without side effects. `/proc` leads to the very file that was
    /// looked up and found to be of the kind made: nothing put in its place
    /// meanwhile, such as a hard link to another's file, is touched.
    pub(super) fn apply_unopened(
        &self,
        parent: BorrowedFd<'_>,
        name: &[u8],
        kind: FileType,
        metadata: &Metadata,
    ) -> Failures {
        let mut failures = Failures::new();
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = match openat(parent, name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(error) => return vec![("look at", error)],
        };
        match fstat(&file) {
            Ok(status)
                if status.st_nlink == 1 && FileType::from_raw_mode(status.st_mode) == kind => {}
            Ok(_) => return vec![("set the metadata of", Errno::STALE)],
            Err(error) => return vec![("look at", error)],
        }
        let itself = format!("/proc/self/fd/{}", file.as_raw_fd());
        let owned = self.owner(metadata, &mut failures, |uid, gid| {
            chownat(&file, "", uid, gid, AtFlags::EMPTY_PATH)
        });
        self.xattrs(metadata, &mut failures, |name, value| {
            setxattr(&itself, name, value, XattrFlags::empty())
        });
        if kind != FileType::Symlink {
            note(&mut failures, "set the mode of", chmod(&itself, self.mode(metadata, owned)));
        }
        let timed = utimensat(parent, name, &times(metadata.modified), AtFlags::SYMLINK_NOFOLLOW);
        note(&mut failures, "set the time of", timed);
        failures
    }

    /// Gives the file to its owner; says whether it is the owner's now.
    fn owner(
        &self,
        metadata: &Metadata,
        failures: &mut Failures,
        change: impl FnOnce(Option<Uid>, Option<Gid>) -> rustix::io::Result<()>,
    ) -> bool {
        if !self.privileged && !self.preserve {
            return false;
        }
        let known = |table: &Table, name: &[u8], number: u32| match table.number(name) {
            Some(known) if !self.numeric_owner => known,
            _ => number,
        };
        let uid = known(&self.owners.users, &metadata.user, metadata.uid);
        let gid = known(&self.owners.groups, &metadata.group, metadata.gid);
        if uid == u32::MAX || gid == u32::MAX {
            failures.push(("set the owner of", Errno::INVAL)); // -1 would mean "leave it"
            return false;
        }
        let changed = change(Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
        let owned = changed.is_ok();
        note(failures, "set the owner of", changed);
        owned
    }

    /// Attributes that decide about access or trust beyond the file's owner
    /// (capabilities, security labels, `trusted.*`) need `-p`.
    fn xattrs(
        &self,
        metadata: &Metadata,
        failures: &mut Failures,
        set: impl Fn(&[u8], &[u8]) -> rustix::io::Result<()>,
    ) {
        let ordinary = |name: &[u8]| {
            name.starts_with(b"user.")
                || name == b"system.posix_acl_access"
                || name == b"system.posix_acl_default"
        };
        for (name, value) in &metadata.xattrs {
            if self.preserve || ordinary(name) {
                note(failures, "set an extended attribute of", set(name, value));
            }
        }
    }

    /// Special bits need `-p`, and never go to a file whose owner could not be
    /// set: it would run as whoever extracts.
    fn mode(&self, metadata: &Metadata, owned: bool) -> Mode {
        let kept = if self.preserve && owned { 0o7777 } else { PERMISSIONS };
        Mode::from_raw_mode(metadata.mode & kept)
    }
}

fn note(failures: &mut Failures, operation: &'static str, result: rustix::io::Result<()>) {
    if let Err(error) = result {
        failures.push((operation, error));
    }
}

fn times(modified: Timestamp) -> Timestamps {
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec {
            tv_sec: modified.seconds,
            // Larger values have special meanings to the kernel.
            tv_nsec: modified.nanoseconds.min(999_999_999).into(),
        },
    }
}

/// The process's file mode creation mask, read without changing it (the system
/// call can only swap it, which other threads would see).
fn umask() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    line.and_then(|octal| u32::from_str_radix(octal.trim(), 8).ok()).unwrap_or(0o022)
}
