//! Setting the owner, attributes, mode and time of a restored file.
//!
//! The order matters: changing the owner drops setuid bits and capabilities, a
//! read-only mode forbids setting attributes, an ACL changes the group bits of the
//! mode, and everything changes the times. So the order is owner, attributes, mode,
//! time.
//!
//! With `--preserve`, a file gets exactly its entry's metadata. Without it, the
//! destination limits the metadata as for any new file: by the umask of an ordinary
//! user, by the group and the setgid bit of a setgid directory, and by a default ACL,
//! which may narrow what the entry allows but never widens it.

use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::{Gid, Mode, Timespec, Timestamps, UTIME_OMIT, Uid, fstat};
use rustix::io::Errno;

use super::super::owners::{Owners, Table};
use super::acl;
use super::object::Object;
use crate::entry::{Common, Metadata, Timestamp};
use crate::tree::Property;

const PERMISSIONS: u32 = 0o777;
const STICKY: u32 = 0o1000;
const SETGID: u32 = 0o2000;

/// Which parts of the metadata are restored.
#[derive(Debug)]
pub(super) struct Attributes {
    preserve: bool,
    numeric_owner: bool,
    /// Root may give files away; other users try only if asked to preserve.
    privileged: bool,
    owners: Owners,
    umask: u32,
}

/// Properties that could not be set, with the system's error.
pub(super) type Failures = Vec<(Property, Errno)>;

impl Attributes {
    pub(super) fn new(preserve: bool, numeric_owner: bool) -> Attributes {
        Attributes {
            preserve,
            numeric_owner,
            privileged: rustix::process::geteuid().is_root(),
            owners: Owners::of_this_system(),
            umask: umask(),
        }
    }

    /// Returns whether device nodes may be made.
    pub(super) fn devices(&self) -> bool {
        self.preserve && self.privileged
    }

    /// Sets all metadata of a file just made in `parent`.
    pub(super) fn apply(
        &self,
        object: &Object<'_>,
        parent: BorrowedFd<'_>,
        metadata: &Metadata,
    ) -> Failures {
        let asked = self.privileged && !self.preserve; // the parent matters only in this case
        let group_stays = asked && fstat(parent).is_ok_and(|parent| parent.st_mode & SETGID != 0);
        let mut failures = Failures::new();
        let owned = self.owner(object, metadata, group_stays, &mut failures);
        self.xattrs(object, metadata, &[acl::ACCESS], &mut failures);
        if !object.is_symlink() {
            let mut mode =
                metadata.mode & if self.preserve && owned { 0o7777 } else { PERMISSIONS };
            mode &= !self.mask();
            self.inherited_acl(object, metadata, mode, &mut failures);
            note(&mut failures, Property::Mode, object.chmod(Mode::from_raw_mode(mode)));
        }
        note(&mut failures, Property::Time, object.set_times(&times(metadata.modified)));
        failures
    }

    /// Sets all metadata of a directory after the last file in it was made. `None` is a
    /// directory without an entry: it gets the usual mode.
    pub(super) fn apply_to_directory(
        &self,
        directory: BorrowedFd<'_>,
        metadata: Option<&Metadata>,
    ) -> Failures {
        let object = Object::Open(directory.as_fd());
        let mut failures = Failures::new();
        let setgid = match object.status() {
            Ok(status) if !self.preserve => status.st_mode & SETGID,
            _ => 0, // the bit is the entry's
        };
        let usual = Common { mode: PERMISSIONS & !self.umask, ..Common::default() }.into();
        let described = metadata.unwrap_or(&usual);
        let mut kept = PERMISSIONS | STICKY;
        if metadata.is_some() {
            let owned = self.owner(&object, described, setgid != 0, &mut failures);
            if self.preserve && owned {
                kept = 0o7777;
            }
            let acls = [acl::ACCESS, acl::DEFAULT];
            self.xattrs(&object, described, &acls, &mut failures);
        }
        let mode = described.mode & kept & !self.mask() | setgid;
        self.inherited_acl(&object, described, mode, &mut failures);
        note(&mut failures, Property::Mode, object.chmod(Mode::from_raw_mode(mode)));
        if metadata.is_some() {
            note(&mut failures, Property::Time, object.set_times(&times(described.modified)));
        }
        failures
    }

    /// Returns the permissions that the umask removes. Root restores the original
    /// modes, as it restores the owners.
    fn mask(&self) -> u32 {
        if self.preserve || self.privileged { 0 } else { self.umask }
    }

    /// Sets the owner of the file; returns whether it has that owner now.
    fn owner(
        &self,
        object: &Object<'_>,
        metadata: &Metadata,
        group_stays: bool,
        failures: &mut Failures,
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
            failures.push((Property::Owner, Errno::INVAL)); // -1 would mean "leave it"
            return false;
        }
        let gid = (!group_stays).then(|| Gid::from_raw(gid));
        let changed = object.chown(Uid::from_raw(uid), gid);
        let owned = changed.is_ok();
        note(failures, Property::Owner, changed);
        owned
    }

    /// Sets extended attributes. Those that control access or trust beyond the file's
    /// owner (capabilities, security labels, `trusted.*`) need `-p`. With `-p`, ACLs
    /// that came from the destination and not from the entry are removed.
    fn xattrs(
        &self,
        object: &Object<'_>,
        metadata: &Metadata,
        acls: &[&[u8]],
        failures: &mut Failures,
    ) {
        let ordinary =
            |name: &[u8]| name.starts_with(b"user.") || name == acl::ACCESS || name == acl::DEFAULT;
        for (name, value) in &metadata.xattrs {
            if self.preserve || ordinary(name) {
                note(failures, Property::Xattr(name.clone()), object.set_xattr(name, value));
            }
        }
        for &name in acls.iter().filter(|name| self.preserve && !has(metadata, name)) {
            if !object.is_symlink() && matches!(object.xattr(name), Ok(Some(_))) {
                note(failures, Property::Xattr(name.to_vec()), object.remove_xattr(name));
            }
        }
    }

    /// Removes from an ACL of the destination what `mode` does not allow.
    fn inherited_acl(
        &self,
        object: &Object<'_>,
        metadata: &Metadata,
        mode: u32,
        failures: &mut Failures,
    ) {
        if self.preserve || has(metadata, acl::ACCESS) {
            return;
        }
        let result = match object.xattr(acl::ACCESS) {
            Ok(None) => return,
            Ok(Some(found)) => match acl::narrowed(&found, mode) {
                Some(narrowed) => object.set_xattr(acl::ACCESS, &narrowed),
                None => object.remove_xattr(acl::ACCESS),
            },
            Err(error) => Err(error),
        };
        note(failures, Property::Xattr(acl::ACCESS.to_vec()), result);
    }
}

fn has(metadata: &Metadata, attribute: &[u8]) -> bool {
    metadata.xattrs.iter().any(|(name, _)| name == attribute)
}

fn note(failures: &mut Failures, property: Property, result: rustix::io::Result<()>) {
    if let Err(error) = result {
        failures.push((property, error));
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

/// Returns the process's file mode creation mask. `/proc` shows it without changing it.
/// The system call can only swap it, which affects other threads for a moment: files
/// that they make meanwhile are readable by their owner alone.
fn umask() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    let mask = line.and_then(|octal| u32::from_str_radix(octal.trim(), 8).ok());
    mask.unwrap_or_else(|| {
        let mask = rustix::process::umask(Mode::RWXG | Mode::RWXO);
        rustix::process::umask(mask);
        mask.bits()
    })
}
