//! What can be done only when all files are there: links, then directories.

use rustix::fd::AsFd;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fchmod, linkat, openat, statat, symlinkat};

use super::super::names::disk_path;
use super::{FileId, HardLink, Restorer, Shared, Symlink, TreeError};
use crate::entry::Metadata;

impl Restorer {
    /// Makes hard links (only to files restored by this restorer), then
    /// symbolic links, then sets owners, attributes, modes and times of
    /// directories, deepest first. Returns everything that went wrong since
    /// [`Restorer::new`] and was not returned before: failed links, owners or
    /// attributes that could not be set. Call it even after a failure, so that
    /// directories get their modes.
    pub fn finish(self) -> Vec<TreeError> {
        let shared = &self.shared;
        let hard_links = std::mem::take(&mut shared.state().hard_links);
        let symlinks = std::mem::take(&mut shared.state().symlinks);
        let mut failures = Vec::new();
        failures.extend(hard_links.iter().filter_map(|link| shared.hard_link(link).err()));
        failures.extend(symlinks.iter().filter_map(|link| shared.symlink(link).err()));
        // Descending byte order puts what is inside a directory before it.
        let directories = std::mem::take(&mut shared.state().directories);
        for (path, metadata) in directories.iter().rev() {
            failures.extend(shared.finish_directory(path, metadata.as_ref()).err());
        }
        let mut all = std::mem::take(&mut shared.state().warnings);
        all.extend(failures);
        all
    }
}

impl Shared {
    /// Links to a file made in this run, and checks that it is that file: a
    /// name alone could be anything by now.
    fn hard_link(&self, link: &HardLink) -> Result<(), TreeError> {
        let refused = |cause| TreeError::Unsafe { path: disk_path(&link.path), cause };
        let target = self.state().written.get(&link.target).cloned();
        let cause = "a hard link to a file that is not extracted in this run";
        let target = target.ok_or_else(|| refused(cause))?.ok_or_else(|| {
            let cause = "the file it is a hard link to was not restored";
            TreeError::LeftOut { path: disk_path(&link.path), cause }
        })?;
        let from = self.place(&target.path)?;
        let place = self.place(&link.path)?;
        if !place.admits(self.options.overwrite, link.metadata.modified)? {
            return Ok(());
        }
        let (temporary, ()) = place.temporary("link", |name| {
            linkat(&from.parent, &from.name, &place.parent, name, AtFlags::empty())
        })?;
        let made = statat(&place.parent, &temporary, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| place.failed("look at", error));
        let checked = made.and_then(|status| match FileId::from_stat(&status) == target.id {
            true => Ok(()),
            false => Err(refused("the file it links to was replaced meanwhile")),
        });
        let installed = checked.and_then(|()| place.install(&temporary, self.options.overwrite));
        installed.inspect_err(|_| place.remove(&temporary)).map(drop)
    }

    fn symlink(&self, link: &Symlink) -> Result<(), TreeError> {
        let place = self.place(&link.path)?;
        if !place.admits(self.options.overwrite, link.metadata.modified)? {
            return Ok(());
        }
        let (temporary, ()) = place
            .temporary("make the link", |name| symlinkat(&link.target[..], &place.parent, name))?;
        self.complete(&place, &temporary, FileType::Symlink, &link.path, &link.metadata).map(drop)
    }

    fn finish_directory(&self, path: &[u8], metadata: Option<&Metadata>) -> Result<(), TreeError> {
        let shown = self.root.shown(path);
        let failed = |operation, error| TreeError::io(&shown, operation, error);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(self.root.directory(path)?, ".", flags, Mode::empty())
            .map_err(|error| failed("open the directory", error))?;
        match metadata {
            Some(metadata) => {
                let failures = self.attributes.apply(directory.as_fd(), metadata);
                self.note(&shown, failures);
            }
            None => {
                let mode = Mode::from_raw_mode(self.attributes.default_directory_mode);
                fchmod(&directory, mode).map_err(|error| failed("set the mode of", error))?;
            }
        }
        Ok(())
    }
}
