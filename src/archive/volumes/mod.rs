//! The files of an archive: one, or several volumes. Normative text: spec/container.md §9.
//!
//! | module | what it does |
//! |---|---|
//! | `names` | names of volumes, and which paths stand for them |
//! | `layout` | where each volume lies in the archive, and what is wrong with their lengths |
//! | `switch` | puts new volumes in the place of old ones |
//! | `stray` | tells which volumes belong to another archive |

mod layout;
pub(super) mod names;
mod stray;
pub(super) mod switch;

use super::{Archive, ArchiveError, At, Control, Limits};
use crate::container::{MissingBytes, ReadAt, footer_of, preface_of};
use crate::tree::{FileId, printable};
use layout::{Place, layout};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// How many files stay open. More are opened anew for each reading.
const MOST_OPEN: usize = 128;

/// How often the volumes are looked for if others take their place meanwhile.
const TRIES: usize = 8;

/// What an archive is read from: a file, or all of its volumes. It reads as one file that has
/// gaps where a volume is missing.
#[derive(Debug)]
pub struct Volumes {
    parts: Vec<Part>,
    /// The name without a number, if there are volumes.
    name: Option<PathBuf>,
    /// The length of all volumes but the last.
    size: Option<u64>,
    length: u64,
    faults: Vec<(u64, u64, VolumeFault)>,
    /// The first file, locked; empty until it is.
    pub(super) locked: OnceLock<File>,
}

/// A volume, or the only file.
#[derive(Debug)]
struct Part {
    path: PathBuf,
    place: Place,
    /// Which file it is; `None` if it is missing.
    id: Option<FileId>,
    /// Its bytes when it was opened.
    length: Option<u64>,
    file: Option<File>,
}

/// What is wrong with a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VolumeFault {
    /// It is not there.
    Missing {
        /// Offset in the archive of its first byte.
        offset: u64,
        /// Its bytes, and those of the missing volumes behind it; 0 if that is not known.
        bytes: u64,
    },
    /// It is shorter than the others, and not the last.
    Short {
        /// How many bytes it lacks.
        missing: u64,
    },
    /// It is longer than the others.
    Long {
        /// How many bytes are too many.
        more: u64,
    },
    /// Its sections are those of another archive.
    Foreign,
    /// The archive goes on behind the last volume that is there.
    End,
}

impl Volumes {
    /// Opens the archive that `path` stands for: the file; or, if that is a volume, or nothing
    /// of this name is there, all volumes of its name. Missing ones are gaps; what is wrong is
    /// told by [`Volumes::faults`].
    ///
    /// # Errors
    /// [`ArchiveError::Io`] if nothing is there, or if it cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Volumes, ArchiveError> {
        let path = path.as_ref();
        let opened = names::archive_of(path).and_then(|name| match name {
            Some(name) => Volumes::of(&name),
            None => File::open(path).and_then(|file| match file.metadata()?.is_dir() {
                true => Err(io::ErrorKind::IsADirectory.into()),
                false => Ok(Volumes::single(file, path)),
            }),
        });
        let path = path.to_owned();
        opened.map_err(|source| ArchiveError::Io { path, operation: "open", source })
    }

    /// Takes a file that is a whole archive.
    fn single(file: File, path: &Path) -> Volumes {
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        let place = Place { number: 1, start: 0, end: length, there: length };
        let id = FileId::of(&file).ok();
        let (path, length_then) = (path.to_owned(), Some(length));
        let part = Part { path, place, id, length: length_then, file: Some(file) };
        let (parts, faults, locked) = (vec![part], Vec::new(), OnceLock::new());
        Volumes { parts, name: None, size: None, length, faults, locked }
    }

    /// Opens the volumes of the archive `name`.
    pub(super) fn of(name: &Path) -> io::Result<Volumes> {
        for _ in 0..TRIES {
            let before = switch::first(name);
            let found = Volumes::find(name).and_then(|paths| Volumes::found(name, paths));
            match found {
                Ok(volumes) if switch::first(name) == before => return Ok(volumes),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {} // some of them got another name or were replaced
            }
        }
        Err(io::Error::other("its volumes are being replaced"))
    }

    /// Returns the paths of the volumes, by their numbers. Files with numbers behind a gap
    /// count only if they hold sections of the archive.
    fn find(name: &Path) -> io::Result<BTreeMap<u64, PathBuf>> {
        let mut paths = switch::volumes(name)?;
        let run = (1..).take_while(|number| paths.contains_key(number)).last().unwrap_or(0);
        if run > 0 && run < paths.len() as u64 {
            let last = stray::beyond(&paths, run)?.last().copied().unwrap_or(run);
            paths.retain(|&number, _| number <= last);
        }
        Ok(paths)
    }

    /// Opens these volumes, by their numbers.
    fn found(name: &Path, paths: BTreeMap<u64, PathBuf>) -> io::Result<Volumes> {
        let whole = whole_length(&paths)?;
        let mut files: BTreeMap<u64, (PathBuf, FileId, Option<File>)> = BTreeMap::new();
        let mut lengths: BTreeMap<u64, u64> = BTreeMap::new();
        for (number, path) in paths {
            let file = File::open(&path)?;
            let metadata = file.metadata()?;
            if !metadata.is_file() {
                return Err(io::Error::other(format!("{} is no regular file", path.display())));
            }
            lengths.insert(number, metadata.len());
            let id = FileId::of(&file)?;
            files.insert(number, (path, id, (files.len() < MOST_OPEN).then_some(file)));
        }
        let layout = layout(&lengths, whole);
        let length = layout.places.last().map_or(0, |place| place.end);
        let part = |place: Place| {
            let length = lengths.get(&place.number).copied();
            let (path, id, file) = match files.remove(&place.number) {
                Some((path, id, file)) => (path, Some(id), file),
                None => (names::volume(name, place.number), None, None),
            };
            Part { path, place, id, length, file }
        };
        let parts = layout.places.into_iter().map(part).collect();
        let (size, faults) = (layout.size, layout.faults);
        let (name, locked) = (Some(name.to_owned()), OnceLock::new());
        Ok(Volumes { parts, name, size, length, faults, locked })
    }

    /// Opens the archive anew as it is now: the same file, or the volumes that are there.
    pub(super) fn again(&self) -> io::Result<Volumes> {
        match (&self.name, self.first_file()) {
            (None, Some(file)) => Ok(file.try_clone()?.into()),
            (name, _) => Volumes::of(name.as_deref().unwrap_or(Path::new(""))),
        }
    }

    /// Returns what is wrong with the volumes, as far as names and lengths tell.
    pub fn faults(&self) -> impl Iterator<Item = ArchiveError> {
        self.faults.iter().map(|&(first, last, fault)| {
            let path = |number: u64| self.parts[number as usize - 1].path.clone();
            let to = (first < last).then(|| path(last));
            ArchiveError::Volume { path: path(first), to, fault }
        })
    }

    /// Returns the path of an archive without the number of a volume, if it ends with one.
    pub fn without_number(path: &Path) -> PathBuf {
        names::split(path).map_or_else(|| path.to_owned(), |(name, _)| name)
    }

    /// Returns the path of the first volume of the archive `name`, if it is there.
    pub fn first_of(name: &Path) -> Option<PathBuf> {
        let both = [names::pending(name, 1), names::volume(name, 1)];
        both.into_iter().find(|path| path.exists())
    }

    /// Returns the name of the archive without a number; `None` if it is not in volumes.
    pub fn name(&self) -> Option<&Path> {
        self.name.as_deref()
    }

    /// Returns the bytes of every volume but the last; `None` if there is only one.
    pub(super) fn size(&self) -> Option<u64> {
        self.size
    }

    /// Returns the files, so that an archive can be left out of itself.
    pub fn identities(&self) -> Vec<FileId> {
        self.parts.iter().filter_map(|part| part.id).collect()
    }

    /// Returns whether the files are those that were opened, and as long as they were.
    pub(super) fn is_current(&self) -> bool {
        let mut named = self.parts.iter().filter(|part| !part.path.as_os_str().is_empty());
        named.all(|part| {
            let now = File::open(&part.path).ok();
            let id = now.as_ref().and_then(|file| FileId::of(file).ok());
            let length = now.and_then(|file| file.metadata().ok()).map(|now| now.len());
            (id, length) == (part.id, part.length)
        })
    }

    /// Returns the first file, which stays open.
    pub(super) fn first_file(&self) -> Option<&File> {
        self.parts.first()?.file.as_ref()
    }

    /// Returns the path, the offset of the first byte and the length of each file.
    pub(super) fn files(&self) -> impl Iterator<Item = (&Path, u64, u64)> {
        self.parts.iter().map(|part| (part.path.as_path(), part.place.start, part.place.there))
    }
}

/// Returns the length of the archive that the footer at the end of the last volume names, if
/// it is of the archive that the first volume begins.
fn whole_length(paths: &BTreeMap<u64, PathBuf>) -> io::Result<Option<u64>> {
    let last = paths.last_key_value().map(|(_, path)| File::open(path)).transpose()?;
    let first = paths.get(&1).map(File::open).transpose()?;
    let preface = first.and_then(|file| preface_of(&file));
    let fits = |id| preface.is_none_or(|preface| preface.archive_id == id);
    let footer = last.and_then(|file| footer_of(&file));
    Ok(footer.filter(|footer| fits(footer.archive_id)).map(|footer| footer.file_length))
}

/// Takes a file that is a whole archive.
impl From<File> for Volumes {
    fn from(file: File) -> Volumes {
        Volumes::single(file, Path::new(""))
    }
}

impl Part {
    /// Reads bytes that are there.
    fn read(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        if let Some(file) = &self.file {
            return FileExt::read_exact_at(file, buffer, at);
        }
        let file = File::open(&self.path)?;
        match Some(FileId::of(&file)?) == self.id {
            true => FileExt::read_exact_at(&file, buffer, at),
            false => Err(io::Error::other("a volume was replaced while it was read")),
        }
    }

    fn missing(&self) -> io::Error {
        let name = printable(self.path.file_name().unwrap_or_default().as_bytes());
        let what = if self.id.is_some() { "the end of volume" } else { "volume" };
        io::Error::other(MissingBytes(format!("{what} {name} is missing")))
    }
}

impl ReadAt for Volumes {
    fn read_exact_at(&self, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
        let mut next = self.parts.partition_point(|part| part.place.end <= offset);
        while !buffer.is_empty() {
            let part = self.parts.get(next).ok_or(io::ErrorKind::UnexpectedEof)?;
            let count = (part.place.end - offset).min(buffer.len() as u64);
            let (piece, rest) = buffer.split_at_mut(count as usize);
            let at = offset - part.place.start;
            if at + count > part.place.there {
                return Err(part.missing());
            }
            part.read(piece, at)?;
            (buffer, offset, next) = (rest, offset + count, next + 1);
        }
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.length)
    }

    fn missing(&self, offset: u64) -> u64 {
        let part = self.parts.partition_point(|part| part.place.end <= offset);
        let gap = |place: &Place| offset - place.start >= place.there;
        let place = self.parts.get(part).map(|part| part.place).filter(gap);
        place.map_or(0, |place| place.end - offset)
    }
}

impl Archive<Volumes> {
    /// Opens a generation of an archive whatever its state, as [`Archive::open_any_at`] does,
    /// and reports what is wrong with its volumes.
    ///
    /// # Errors
    /// As [`Archive::open_any_at`].
    pub fn open_volumes(
        volumes: Volumes,
        limits: &Limits,
        control: &Control,
        at: At,
    ) -> Result<Self, ArchiveError> {
        volumes.faults().for_each(|fault| control.warn(fault));
        let archive = Archive::open_any_at(volumes, limits, control, at)?;
        stray::strays(&archive).into_iter().for_each(|stray| control.warn(stray));
        Ok(archive)
    }
}
