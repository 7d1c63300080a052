//! Changes to what was restored before: complete files wait for their names until it is known
//! that they count, and what this run made can be opened again and removed.

use rustix::fd::AsFd;
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, RenameFlags, fstat, openat, renameat, renameat_with, statat,
    unlinkat,
};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::super::names::split_last;
use super::super::source::data_segments;
use super::file::Made;
use super::object::{Object, Unopened};
use super::place::{Place, below};
use super::{ContentKey, FileWriter, Overwrite, Restorer, Shared, TreeError, Written};
use crate::entry::{Metadata, Segment, Timestamp, range_below};
use crate::tree::FileId;

/// A complete file under a temporary name.
#[derive(Debug)]
pub(super) struct Staged {
    /// Path below the destination that it is for.
    path: Vec<u8>,
    /// The directory that it is in, and its name there.
    directory: Vec<u8>,
    name: Vec<u8>,
    id: FileId,
    modified: Timestamp,
    content: Option<ContentKey>,
    /// Whether bytes of it are wrong or missing.
    damaged: bool,
}

/// A file that this run made, opened again.
#[derive(Debug)]
pub struct MadeFile {
    file: File,
    size: u64,
    segments: Option<Vec<Segment>>,
}

impl MadeFile {
    /// Returns the size in bytes, holes included.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the data segments; one if the file has no holes, none if it is empty.
    pub fn segments(&self) -> Vec<Segment> {
        let whole = Segment { offset: 0, length: self.size };
        let whole = Some(whole).filter(|whole| whole.length > 0);
        self.segments.clone().unwrap_or_else(|| whole.into_iter().collect())
    }

    /// Fills `buffer` with the bytes at an offset.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::UnexpectedEof`] if the file was cut meanwhile.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }
}

impl FileWriter {
    /// Sets everything but the name, and keeps the file for [`Restorer::install`].
    pub(super) fn stage(mut self, damaged: bool) -> Result<(), TreeError> {
        let opened = self.take_open()?;
        let id = self.describe(&opened)?;
        let Some(Made::Named { name, .. }) = self.made.take() else {
            unreachable!("a file that waits has a temporary name")
        };
        let staged = Staged {
            path: self.path.clone(),
            directory: self.waits_in.clone().unwrap_or_default(),
            name,
            id,
            modified: self.metadata.modified,
            content: self.content,
            damaged,
        };
        let before = self.shared.state().staged.insert(self.entry.clone(), staged);
        before.iter().for_each(|before| self.shared.discard(before));
        Ok(())
    }
}

impl Restorer {
    /// Lets all files that are begun from now on wait, once they are complete, until
    /// [`Restorer::install`] gives them their names. What was restored before stays as it is
    /// meanwhile. A file that waits is in the deepest directory of its path that is there.
    pub fn stage(&self) {
        self.shared.staging.store(true, Ordering::Relaxed);
    }

    /// Gives a file that waits its name. Returns `false` if none waits, if the policy skips it,
    /// or if it is damaged and has another name now.
    ///
    /// # Errors
    /// As [`FileWriter::commit`] and [`Restorer::file`]; the file is gone then.
    pub fn install(&self, path: &[u8]) -> Result<bool, TreeError> {
        let staged = self.shared.state().staged.remove(path);
        let Some(staged) = staged else { return Ok(false) };
        self.shared.install_staged(path, &staged).inspect_err(|_| self.shared.discard(&staged))
    }

    /// Returns the paths in the archive of all files that wait, in byte order.
    pub fn waiting(&self) -> Vec<Vec<u8>> {
        self.shared.state().staged.keys().cloned().collect()
    }

    /// Removes all files that wait.
    pub fn discard(&self) {
        let all = std::mem::take(&mut self.shared.state().staged);
        all.values().for_each(|staged| self.shared.discard(staged));
    }

    /// Opens a file that this run made, if it still is the one that was made, whether or not it
    /// waits for its name. Returns `None` if there is none with that content.
    ///
    /// # Errors
    /// [`TreeError::Io`].
    pub fn open_made(
        &self,
        path: &[u8],
        content: ContentKey,
    ) -> Result<Option<MadeFile>, TreeError> {
        let found = {
            let state = self.shared.state();
            let staged = state.staged.get(path).filter(|one| one.content == Some(content));
            let staged = staged.filter(|one| !one.damaged);
            let waits = staged.map(|one| (below(&one.directory, &one.name), one.id));
            let made = || {
                let written = state.written.get(path)?.as_ref()?;
                (written.content == Some(content)).then(|| (written.path.clone(), written.id))
            };
            waits.or_else(made)
        };
        found.map_or(Ok(None), |(path, id)| self.shared.open_again(&path, id))
    }

    /// Removes what this run made of an entry that is no directory, or takes back a link that is
    /// still to be made. Returns how many entries went, and what could not be removed.
    pub fn forget(&self, path: &[u8]) -> (u64, Vec<TreeError>) {
        self.shared.forget_made(vec![path.to_vec()])
    }

    /// Removes what this run made of an entry and of all below it. Directories that hold
    /// something else stay. Returns as [`Restorer::forget`].
    pub fn forget_below(&self, path: &[u8]) -> (u64, Vec<TreeError>) {
        let mut paths = vec![path.to_vec()];
        {
            let state = self.shared.state();
            paths.extend(range_below(&state.written, path).map(|one| one.0.clone()));
            paths.extend(range_below(&state.hard_links, path).map(|one| one.0.clone()));
            paths.extend(range_below(&state.symlinks, path).map(|one| one.0.clone()));
        }
        paths.sort_unstable();
        paths.dedup();
        let (files, failures) = self.shared.forget_made(paths);
        (files + self.forget_directories(path), failures)
    }

    /// Removes the directories at a path and below it that this run made, unless they hold
    /// something. Returns how many entries went.
    pub fn forget_directories(&self, path: &[u8]) -> u64 {
        let shared = &self.shared;
        let Ok(Some(path)) = shared.destination(path) else { return 0 };
        let made: Vec<(Vec<u8>, FileId)> = {
            let state = shared.state();
            let below = range_below(&state.directories, path);
            let all = state.directories.get_key_value(path).into_iter().chain(below);
            all.filter(|one| one.1.made).map(|(path, one)| (path.clone(), one.id)).collect()
        };
        let mut count = 0;
        for (path, id) in made.iter().rev() {
            if shared.remove_directory(path, *id) {
                let mut state = shared.state();
                state.recent = None;
                let gone = state.directories.remove(path);
                count += gone.is_some_and(|gone| gone.metadata.is_some()) as u64;
            }
        }
        count
    }
}

impl Shared {
    /// Starts a file that waits for its name.
    pub(super) fn staged_file(
        self: &Arc<Self>,
        path: &[u8],
        metadata: &Metadata,
        size: u64,
    ) -> Result<Option<FileWriter>, TreeError> {
        let Some(below) = self.destination(path)? else { return Ok(None) };
        let (_, directory) = self.root.deepest(split_last(below).0)?;
        let mut writer = FileWriter::new(self, path, below, metadata, size);
        writer.waits_in = Some(directory.to_vec());
        Ok(Some(writer))
    }

    /// Returns the place in `directory` of a file that waits to be `path`.
    pub(super) fn waiting_place(&self, path: &[u8], directory: &[u8]) -> Result<Place, TreeError> {
        let parent = Arc::new(self.root.directory(directory)?);
        let (name, directory) = (split_last(path).1.to_vec(), directory.to_vec());
        Ok(Place { parent, name, directory, shown: self.root.shown(path) })
    }

    fn install_staged(&self, entry: &[u8], staged: &Staged) -> Result<bool, TreeError> {
        let mut place = self.place(&staged.path)?;
        let mut policy = self.options.overwrite;
        match staged.damaged {
            true => {
                place.name.extend(b".damaged");
                policy = Overwrite::Rename;
            }
            false => {
                self.state().written.insert(entry.to_vec(), None);
                if !place.admits(policy, staged.modified)? {
                    self.discard(staged);
                    return Ok(false);
                }
            }
        }
        let from = self.root.directory(&staged.directory)?;
        let name = match staged.directory == place.directory {
            true => staged.name.clone(),
            false => {
                let (to, old) = (place.parent.as_fd(), &staged.name[..]);
                let moved =
                    |name: &[u8]| match renameat_with(&from, old, to, name, RenameFlags::NOREPLACE)
                    {
                        Err(Errno::INVAL | Errno::NOSYS) => renameat(&from, old, to, name),
                        other => other,
                    };
                let (name, ()) = self.make_named(&place, "move a file to", moved)?;
                self.forget(&below(&staged.directory, &staged.name));
                name
            }
        };
        let installed = self.install_named(&place, &name, policy, staged.id);
        if installed.is_err() {
            place.remove(&name);
        }
        self.forget(&place.below(&name));
        let Some(name) = installed?.filter(|_| !staged.damaged) else { return Ok(false) };
        self.written(entry, &place, &name, staged.id, staged.content);
        Ok(true)
    }

    /// Renames a temporary file, if it is still the one that was made.
    fn install_named(
        &self,
        place: &Place,
        name: &[u8],
        policy: Overwrite,
        id: FileId,
    ) -> Result<Option<Vec<u8>>, TreeError> {
        let status = statat(&place.parent, name, AtFlags::SYMLINK_NOFOLLOW);
        let status = status.map_err(|error| place.failed("find again", error))?;
        if FileId::from_stat(&status) != id {
            return Err(place.failed("find again", Errno::STALE));
        }
        place.install(name, policy)
    }

    /// Removes a file that waits, if it is still there.
    fn discard(&self, staged: &Staged) {
        if let Ok(directory) = self.root.directory(&staged.directory) {
            let _ = unlinkat(directory, &staged.name[..], AtFlags::empty());
        }
        self.forget(&below(&staged.directory, &staged.name));
    }

    /// Opens a file by its path below the destination, if it has this identity.
    fn open_again(&self, path: &[u8], id: FileId) -> Result<Option<MadeFile>, TreeError> {
        let failed = |operation, error| TreeError::io(self.root.shown(path), operation, error);
        let (parent, name) = split_last(path);
        let Ok(parent) = self.root.directory(parent) else { return Ok(None) };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let open = || openat(&parent, name, flags, Mode::empty());
        let opened = match open() {
            // Its own mode may not let it be read.
            Err(Errno::ACCESS) => Unopened::new(parent.as_fd(), name, FileType::RegularFile)
                .and_then(|unopened| {
                    let file = Object::Unopened(unopened);
                    let mode = Mode::from_raw_mode(file.status()?.st_mode & 0o7777);
                    file.chmod(mode | Mode::RUSR)?;
                    let opened = open();
                    file.chmod(mode).and(opened)
                }),
            other => other,
        };
        let file: File = match opened {
            Err(Errno::NOENT | Errno::LOOP | Errno::STALE) => return Ok(None),
            other => other.map_err(|error| failed("open", error))?.into(),
        };
        let status = fstat(&file).map_err(|error| failed("read the attributes", error))?;
        if FileId::from_stat(&status) != id {
            return Ok(None);
        }
        let size = status.st_size.max(0) as u64;
        let segments = data_segments(&file, &status).map_err(|error| failed("read", error))?;
        Ok(Some(MadeFile { file, size, segments }))
    }

    /// Removes files by their paths in the archive, if this run made them, and takes back links.
    fn forget_made(&self, paths: Vec<Vec<u8>>) -> (u64, Vec<TreeError>) {
        let (mut count, mut failures) = (0, Vec::new());
        for path in paths {
            let mut state = self.state();
            let made = state.written.remove(&path).flatten();
            let links =
                [state.hard_links.remove(&path).is_some(), state.symlinks.remove(&path).is_some()];
            drop(state);
            count += links.iter().filter(|there| **there).count() as u64 + made.is_some() as u64;
            failures.extend(made.and_then(|made| self.remove_made(&made).err()));
        }
        (count, failures)
    }

    /// Removes a file if it is still the one that was made.
    fn remove_made(&self, made: &Written) -> Result<(), TreeError> {
        let failed = |error| TreeError::io(self.root.shown(&made.path), "remove", error);
        let (parent, name) = split_last(&made.path);
        let Ok(parent) = self.root.directory(parent) else { return Ok(()) };
        let status = match statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(()),
            other => other.map_err(failed)?,
        };
        match FileId::from_stat(&status) == made.id {
            true => unlinkat(&parent, name, AtFlags::empty()).map_err(failed),
            false => Ok(()),
        }
    }

    /// Removes a directory if it is the one that was made and holds nothing.
    fn remove_directory(&self, path: &[u8], id: FileId) -> bool {
        let (parent, name) = split_last(path);
        let Ok(parent) = self.root.directory(parent) else { return false };
        let status = statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW);
        status.is_ok_and(|status| FileId::from_stat(&status) == id)
            && unlinkat(&parent, name, AtFlags::REMOVEDIR).is_ok()
    }
}
