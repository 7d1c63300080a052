//! Makes an archive of files on disk and of data that a program has.

use super::create::name_output;
use super::data::Store;
use super::destination::Destination;
use super::output::Output;
use super::shard::write_found;
use super::source::{Found, Source};
use crate::archive::{
    ArchiveError, Control, CreateOptions, CreateSummary, Event, Events, NAMELESS_OUTPUT,
};
use crate::entry::{Content, Entry, Kind, check_path};
use crate::tree::{TreeError, WalkOptions, archive_path, walk};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Makes an archive of paths on disk and of data that a program has.
///
/// Nothing is written before [`Builder::finish`]: similar files share groups, so all files
/// must be known first. Files on disk are read then. Data is kept until then: small contents
/// in memory, the rest in a nameless file in the directory for temporary files. The order of
/// the calls does not change the archive.
///
/// ```
/// use pear_archive::{Archive, Builder};
/// use pear_archive::options::{CreateOptions, Limits};
///
/// let mut bytes = Vec::new();
/// let mut builder = Builder::new(&mut bytes).options(CreateOptions::at_level(1));
/// builder.append_data("notes.txt", "remember the milk")?;
/// builder.append_reader("zeros", std::io::Read::take(std::io::repeat(0), 1000))?;
/// let summary = builder.finish()?;
/// assert_eq!(summary.entries, 2);
///
/// let archive = Archive::open(&bytes[..], &Limits::default())?;
/// assert_eq!(archive.read("notes.txt")?, b"remember the milk");
/// # Ok::<(), pear_archive::ArchiveError>(())
/// ```
#[derive(Debug)]
pub struct Builder<W = File> {
    target: Target<W>,
    options: CreateOptions,
    walking: WalkOptions,
    operands: Vec<PathBuf>,
    inputs: Vec<Found>,
    /// What was given by its path, and where its content is.
    given: HashMap<Vec<u8>, Given>,
    store: Store,
}

#[derive(Debug)]
enum Target<W> {
    File(PathBuf, Box<Destination>),
    Writer(W),
}

#[derive(Debug)]
struct Given {
    source: Option<Source>,
    /// Whether hard links may link to it.
    linkable: bool,
}

impl Builder<File> {
    /// Starts an archive that will be the file `path`. It gets its name when it is
    /// complete; what stands there until then stays. Dropping the builder leaves
    /// nothing.
    ///
    /// # Errors
    /// [`ArchiveError::Io`] if the directory cannot be written to, or if something
    /// other than a regular file has the name.
    pub fn create(path: impl AsRef<Path>) -> Result<Builder<File>, ArchiveError> {
        let path = path.as_ref();
        Ok(Self::with(Target::File(
            path.to_owned(),
            Box::new(Destination::File(Output::new(path)?)),
        )))
    }
}

impl<W: Write> Builder<W> {
    /// Starts an archive that is written to `writer` from front to back.
    pub fn new(writer: W) -> Builder<W> {
        Self::with(Target::Writer(writer))
    }

    fn with(target: Target<W>) -> Builder<W> {
        Builder {
            target,
            options: CreateOptions::default(),
            walking: WalkOptions::default(),
            operands: Vec::new(),
            inputs: Vec::new(),
            given: HashMap::new(),
            store: Store::default(),
        }
    }

    /// Sets how the archive is written.
    pub fn options(mut self, options: CreateOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets what [`Builder::append_path`] takes and leaves, and which directory paths
    /// are relative to.
    pub fn walking(mut self, walking: WalkOptions) -> Self {
        self.walking = walking;
        self
    }

    /// Adds a file, or a directory with all that is in it, under the name that is
    /// given, less a leading `/`.
    ///
    /// # Errors
    /// [`ArchiveError::Io`] if nothing is there, [`ArchiveError::Tree`] if the path has
    /// a `..` component.
    pub fn append_path(&mut self, path: impl AsRef<Path>) -> Result<(), ArchiveError> {
        let path = path.as_ref();
        archive_path(path)?;
        let place = self.walking.base.join(path);
        if let Err(source) = place.symlink_metadata() {
            return Err(ArchiveError::Io { path: place, operation: "read", source });
        }
        self.operands.push(path.to_owned());
        Ok(())
    }

    /// Adds paths that need not be there: [`Builder::finish_with`] reports those that
    /// are missing as warnings.
    pub(super) fn operands(mut self, paths: &[PathBuf]) -> Self {
        self.operands.extend_from_slice(paths);
        self
    }

    /// Adds a file that holds `bytes`. `file` is its path, or an entry with its
    /// metadata ([`Entry::file`]).
    ///
    /// # Errors
    /// As [`Builder::append_reader`].
    pub fn append_data(
        &mut self,
        file: impl Into<Entry>,
        bytes: impl AsRef<[u8]>,
    ) -> Result<(), ArchiveError> {
        self.append_reader(file, bytes.as_ref())
    }

    /// Adds a file that holds all that `reader` gives, which is read now. `file` is its
    /// path, or an entry with its metadata ([`Entry::file`]).
    ///
    /// # Errors
    /// [`ArchiveError::Io`] if reading fails, or if the directory for temporary files
    /// does; [`ArchiveError::Tree`] if no archive may hold the path;
    /// [`ArchiveError::Unfit`] if the path was given before or `file` is no regular
    /// file.
    pub fn append_reader(
        &mut self,
        file: impl Into<Entry>,
        reader: impl Read,
    ) -> Result<(), ArchiveError> {
        let mut entry = file.into();
        self.check(&entry)?;
        if !matches!(entry.kind, Kind::File(_)) {
            return Err(unfit(entry.path, "only regular files have content"));
        }
        let data = self.store.keep(&entry.path, reader)?;
        entry.kind = Kind::File(Content { size: data.size(), ..Content::default() });
        self.push(entry, Some(Source::Data(data)), true);
        Ok(())
    }

    /// Adds an entry without content: a directory, a link, a fifo, a device. A hard
    /// link needs an entry that was given before.
    ///
    /// # Errors
    /// As [`Builder::append_reader`]; [`ArchiveError::Unfit`] also for a regular file,
    /// and for a hard link to what was not given, is a directory or a link itself.
    pub fn append_entry(&mut self, entry: impl Into<Entry>) -> Result<(), ArchiveError> {
        let entry = entry.into();
        self.check(&entry)?;
        match &entry.kind {
            Kind::File(_) => Err(unfit(entry.path, "a regular file needs content")),
            Kind::Directory => {
                self.push(entry, None, false);
                Ok(())
            }
            Kind::HardLink { target } => match self.given.get(target) {
                Some(Given { source, linkable: true }) => {
                    let source = source.clone();
                    self.push(entry, source, false);
                    Ok(())
                }
                _ => Err(unfit(entry.path, "nothing it may link to was given before")),
            },
            _ => {
                self.push(entry, None, true);
                Ok(())
            }
        }
    }

    /// Checks that an archive may hold the path, once.
    fn check(&self, entry: &Entry) -> Result<(), ArchiveError> {
        if let Err(fault) = check_path(&entry.path) {
            return Err(TreeError::UnsafePath { path: entry.as_path().to_owned(), fault }.into());
        }
        match self.given.contains_key(&entry.path) {
            true => Err(unfit(entry.path.clone(), "its path was given before")),
            false => Ok(()),
        }
    }

    fn push(&mut self, entry: Entry, source: Option<Source>, linkable: bool) {
        let given = Given { source: source.clone(), linkable };
        self.given.insert(entry.path.clone(), given);
        self.inputs.push(Found { entry, source });
    }

    /// Writes the archive. If anything cannot be archived as it should be, that is the
    /// error, and an archive made by [`Builder::create`] does not appear.
    ///
    /// # Errors
    /// What [`Builder::finish_with`] returns or reports as a warning.
    pub fn finish(self) -> Result<CreateSummary, ArchiveError> {
        let strict = Strict::default();
        let control = Control { events: &strict, cancel: &strict.stop };
        let result = self.finish_with(&control);
        match strict.first.take() {
            Some(error) => Err(error),
            None => result,
        }
    }

    /// Writes the archive. Files that cannot be read, or that change, are reported as
    /// warnings, and the rest is archived.
    ///
    /// # Errors
    /// [`ArchiveError::Io`] if the archive cannot be written,
    /// [`ArchiveError::Interrupted`], [`ArchiveError::Codec`],
    /// [`ArchiveError::Limit`] if one group needs more than the memory allowed,
    /// [`ArchiveError::Unfit`] if two things have one path, or something is below what
    /// is no directory.
    pub fn finish_with(self, control: &Control) -> Result<CreateSummary, ArchiveError> {
        let Builder { target, options, mut walking, operands, inputs, .. } = self;
        let (path, file, writer) = match target {
            Target::File(path, output) => {
                (path, Some(output.in_volumes(options.volume_size)?), None)
            }
            Target::Writer(writer) => (NAMELESS_OUTPUT.into(), None, Some(writer)),
        };
        walking.leave_out.extend(file.iter().flat_map(|output| output.identities()));
        let walked = walk(&operands, walking)?.map(|found| Ok(found?.map(Source::Tree)));
        let found = walked.chain(inputs.into_iter().map(Ok));
        let written = match (&file, writer) {
            (Some(output), _) => write_found(output, found, &options, control),
            (None, Some(writer)) => write_found(writer, found, &options, control),
            (None, None) => unreachable!("one of them is the target"),
        };
        let summary = written.map_err(|error| name_output(error, &path))?;
        if let Some(output) = file {
            control.check()?;
            output.commit()?;
        }
        Ok(summary)
    }
}

fn unfit(path: Vec<u8>, cause: &'static str) -> ArchiveError {
    ArchiveError::Unfit { path, cause }
}

/// Stops at the first warning and keeps it.
#[derive(Default)]
struct Strict {
    first: RefCell<Option<ArchiveError>>,
    stop: AtomicBool,
}

impl Events for Strict {
    fn event(&self, _: Event<'_>) {}

    fn warning(&self, error: ArchiveError) {
        self.first.borrow_mut().get_or_insert(error);
        self.stop.store(true, Ordering::Relaxed);
    }
}
