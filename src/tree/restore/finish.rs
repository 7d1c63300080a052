//! The last steps, when all files exist: links, then directories.

use rustix::fd::AsFd;
use rustix::fs::{Mode, OFlags, fstat, openat};

use super::super::names::disk_path;
use super::{Directory, FileId, HardLink, Restorer, Shared, TreeError};

impl Restorer {
    /// Makes hard links (only to files that this restorer restored) and symbolic links,
    /// then sets owners, attributes, modes and times of directories, deepest first.
    /// Returns all errors since [`Restorer::new`] that were not returned before: failed
    /// links, and properties that could not be set, with one error for each cause. Call
    /// [`Restorer::sync`] afterwards.
    pub fn finish(&self) -> Vec<TreeError> {
        let shared = &self.shared;
        let hard_links = std::mem::take(&mut shared.state().hard_links);
        let symlinks = std::mem::take(&mut shared.state().symlinks);
        let mut failures = Vec::new();
        let (to_symlinks, to_files): (Vec<HardLink>, Vec<HardLink>) =
            hard_links.into_values().partition(|link| symlinks.contains_key(&link.target));
        failures.extend(to_files.iter().filter_map(|link| shared.hard_link(link).err()));
        failures
            .extend(symlinks.iter().filter_map(|(entry, link)| shared.symlink(entry, link).err()));
        failures.extend(to_symlinks.iter().filter_map(|link| shared.hard_link(link).err()));
        failures.extend(shared.finish_directories());
        let mut all = shared.not_set();
        all.extend(failures);
        all
    }

    /// Finishes a run that ends before all entries came: sets the modes and times of
    /// directories. Links are neither made nor reported, because their targets may not
    /// have been restored.
    pub fn finish_early(&self) -> Vec<TreeError> {
        let failures = self.shared.finish_directories();
        let mut all = self.shared.not_set();
        all.extend(failures);
        all
    }

    /// Writes everything restored to the disk. Cost: one `syncfs`, which writes all
    /// unwritten data of the file system.
    ///
    /// # Errors
    /// [`TreeError::Io`]: restored files may not survive a loss of power.
    pub fn sync(&self) -> Result<(), TreeError> {
        self.shared.root.sync()
    }
}

impl Shared {
    fn finish_directories(&self) -> Vec<TreeError> {
        let directories = std::mem::take(&mut self.state().directories);
        // Descending byte order puts the contents of a directory before it.
        let finished = directories.iter().rev().map(|(path, found)| self.finish_one(path, found));
        finished.filter_map(Result::err).collect()
    }

    /// Finishes a directory, if it is still the one that was made or used.
    fn finish_one(&self, path: &[u8], found: &Directory) -> Result<(), TreeError> {
        let shown = self.root.shown(path);
        let failed = |operation, error| TreeError::io(&shown, operation, error);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(self.root.directory(path)?, ".", flags, Mode::empty())
            .map_err(|error| failed("open the directory", error))?;
        let status = fstat(&directory).map_err(|error| failed("read the attributes", error))?;
        if FileId::from_stat(&status) != found.id {
            let cause =
                "the directory was replaced during extraction; its mode and time were not set";
            return Err(TreeError::Unsafe { path: disk_path(path), cause });
        }
        let metadata = found.metadata.as_ref();
        let failures = self.attributes.apply_to_directory(directory.as_fd(), metadata);
        self.note(&shown, failures);
        Ok(())
    }
}
