//! Files made in one step: links, fifos and devices.

use rustix::fd::AsFd;
use rustix::fs::{AtFlags, FileType, Mode, linkat, makedev, mknodat, statat, symlinkat};
use rustix::io::Errno;

use super::super::names::disk_path;
use super::object::{Object, Unopened};
use super::place::Place;
use super::temporary::Temporary;
use super::{FileId, HardLink, Shared, Symlink, TreeError};
use crate::entry::{Entry, Metadata};
use crate::tree::Property;

impl Shared {
    /// Makes a fifo or device node.
    pub(super) fn special(
        &self,
        entry: &Entry,
        kind: FileType,
        major: u32,
        minor: u32,
    ) -> Result<bool, TreeError> {
        self.state().written.insert(entry.path.clone(), None);
        if kind != FileType::Fifo && !self.attributes.devices() {
            let cause = "only root can create device nodes, and only with --preserve";
            return Err(TreeError::LeftOut { path: disk_path(&entry.path), cause });
        }
        let Some(place) = self.admitted(&entry.path, &entry.metadata)? else { return Ok(false) };
        let (temporary, ()) = self.temporary(&place, "create", |name| {
            mknodat(&place.parent, name, kind, Mode::RUSR | Mode::WUSR, makedev(major, minor))
        })?;
        self.complete(&place, temporary, kind, &entry.path, &entry.metadata)
    }

    pub(super) fn symlink(&self, entry: &[u8], link: &Symlink) -> Result<bool, TreeError> {
        let place = self.place(&link.path)?;
        if !place.admits(self.options.overwrite, link.metadata.modified)? {
            return Ok(false);
        }
        let make = |name: &[u8]| symlinkat(&link.target[..], &place.parent, name);
        let (temporary, ()) = self.temporary(&place, "make the link", make)?;
        self.complete(&place, temporary, FileType::Symlink, entry, &link.metadata)
    }

    /// Sets the metadata and the name of something just made under a temporary name.
    fn complete(
        &self,
        place: &Place,
        temporary: Temporary<'_>,
        kind: FileType,
        entry: &[u8],
        metadata: &Metadata,
    ) -> Result<bool, TreeError> {
        let parent = place.parent.as_fd();
        let name = temporary.name.clone();
        let id = match Unopened::new(parent, &name, kind) {
            Ok(unopened) => {
                let id = unopened.id();
                let failures = self.attributes.apply(&Object::Unopened(unopened), parent, metadata);
                self.note(&place.shown, failures);
                Some(id)
            }
            Err(error) => {
                self.note(&place.shown, vec![(Property::All, error)]);
                None
            }
        };
        let Some(name) = temporary.install()? else { return Ok(false) };
        if let Some(id) = id {
            self.written(entry, place, &name, id, None);
        }
        Ok(true)
    }

    /// Links to a file made in this run, and checks that it is that file, because its
    /// name alone could lead to anything by now.
    pub(super) fn hard_link(&self, link: &HardLink) -> Result<(), TreeError> {
        let refused = |cause| TreeError::Unsafe { path: disk_path(&link.path), cause };
        let target = self.state().written.get(&link.target).cloned();
        let cause = "hard link to a file that was not extracted; select that file too";
        let target = target.ok_or_else(|| refused(cause))?.ok_or_else(|| {
            let cause = "the target of this hard link was not restored";
            TreeError::LeftOut { path: disk_path(&link.path), cause }
        })?;
        let from = self.place(&target.path)?;
        let place = self.place(&link.path)?;
        if !place.admits(self.options.overwrite, link.metadata.modified)? {
            return Ok(());
        }
        // Without flags, a symbolic link itself is linked to, not followed.
        let (temporary, ()) = self.temporary(&place, "link", |name| {
            linkat(&from.parent, &from.name, &place.parent, name, AtFlags::empty())
        })?;
        let made = statat(&place.parent, &temporary.name, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error: Errno| place.failed("read the attributes", error))?;
        match FileId::from_stat(&made) == target.id {
            true => temporary.install().map(drop),
            false => Err(refused("the target of this hard link was replaced during extraction")),
        }
    }
}
