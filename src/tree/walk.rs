//! Finding the files to archive, in an order that does not depend on the disk.

use std::collections::{HashMap, VecDeque};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::leftover::is_leftover;
use super::owners::Owners;
use super::reach::Names;
use super::{Excludes, FileId, Missing, Source, TreeError, archive_path, stat};
use crate::entry::{Entry, Kind, Metadata};

/// Options of a walk: what it takes and leaves out.
#[derive(Clone, Debug, Default)]
pub struct WalkOptions {
    /// Directory that the operands are relative to; empty means the current one.
    pub base: PathBuf,
    /// Names to leave out; everything below a directory is left out with it.
    pub excludes: Excludes,
    /// Whether to stay on the file system of each operand. Mount points themselves are
    /// archived as empty directories.
    pub one_file_system: bool,
    /// Files to leave out silently: the archive being written.
    pub leave_out: Vec<FileId>,
}

/// Something to be archived, as a walk finds it. `S` is where bytes are.
#[derive(Clone, Debug)]
pub struct Found<S = Source> {
    /// The entry with all its metadata. The content of a regular file has its
    /// size only; who reads the file fills in digest, segments and extents.
    pub entry: Entry,
    /// Where the bytes are: for regular files, and for hard links to them (so
    /// that a link can stand in when its target could not be read).
    pub source: Option<S>,
}

impl<S> Found<S> {
    /// The same with another kind of source.
    pub fn map<T>(self, map: impl FnOnce(S) -> T) -> Found<T> {
        Found { entry: self.entry, source: self.source.map(map) }
    }
}

/// A walk in progress. It yields parents before their entries, the names of a directory
/// in byte order, and operands in the order given. An `Err` item is a warning about one
/// file; the walk continues after it. At the end come the patterns that left nothing
/// out, as [`TreeError::Unmatched`].
///
/// No path occurs twice. If a file has several names, the first is the file and later
/// ones are [`crate::entry::Kind::HardLink`].
pub struct Walk {
    options: WalkOptions,
    /// Operands not yet walked.
    operands: VecDeque<Operand>,
    current: Option<Operand>,
    /// First names of files that have several names.
    linked: HashMap<FileId, Vec<u8>>,
    /// Names already taken; `None` for a single operand, which has no duplicates.
    taken: Option<HashMap<Vec<u8>, FileId>>,
    owners: Owners,
    /// Metadata of the entry before, which often has the same owner and mode.
    before: Metadata,
    /// A warning that follows the entry just yielded.
    warning: Option<TreeError>,
    /// Patterns that left nothing out, once the walk is over.
    unmatched: Option<VecDeque<TreeError>>,
}

struct Operand {
    /// Its place on disk.
    root: PathBuf,
    /// Its name in the archive, empty for `.`.
    name: Vec<u8>,
    names: Names,
    /// Device of the root, known once the root was read.
    device: Option<u64>,
}

/// Starts a walk over files and directories. An operand is archived under the name that
/// [`super::archive_path`] gives it. Symbolic links are not followed, except in the
/// leading part of an operand and in an operand that ends with `/`.
///
/// # Errors
/// [`TreeError::Name`] if an operand has a `..` component.
pub fn walk(operands: &[PathBuf], options: WalkOptions) -> Result<Walk, TreeError> {
    let prepared = operands.iter().map(|operand| {
        let root = options.base.join(operand);
        let name = archive_path(operand)?.0;
        Ok(Operand { names: Names::new(root.clone()), root, name, device: None })
    });
    Ok(Walk {
        operands: prepared.collect::<Result<_, _>>()?,
        taken: (operands.len() > 1).then(HashMap::new),
        options,
        current: None,
        linked: HashMap::new(),
        owners: Owners::of_this_system(),
        before: Metadata::default(),
        warning: None,
        unmatched: None,
    })
}

impl Iterator for Walk {
    type Item = Result<Found, TreeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(warning) = self.warning.take() {
            return Some(Err(warning));
        }
        loop {
            let Some(operand) = &mut self.current else {
                let Some(operand) = self.operands.pop_front() else {
                    return self.next_unmatched().map(Err);
                };
                self.current = Some(operand);
                continue;
            };
            match operand.names.next() {
                None => self.current = None,
                Some(Err((path, error))) => {
                    let error = TreeError::io(path, "read", error);
                    return Some(Err(error.leaving_out(Missing::Below)));
                }
                Some(Ok((path, depth))) => match self.found(&path, depth) {
                    Ok(None) => {}
                    Ok(Some(found)) => return Some(Ok(found)),
                    Err(error) => return Some(Err(error.leaving_out(Missing::Whole))),
                },
            }
        }
    }
}

impl Walk {
    /// Returns the next pattern that left nothing out.
    fn next_unmatched(&mut self) -> Option<TreeError> {
        let excludes = &self.options.excludes;
        let unmatched = self.unmatched.get_or_insert_with(|| {
            let patterns = excludes.unmatched().map(<[u8]>::to_vec);
            patterns.map(|pattern| TreeError::Unmatched { pattern }).collect()
        });
        unmatched.pop_front()
    }

    /// Returns the item at the walker's position; `None` if it is to be left out.
    fn found(&mut self, path: &Path, depth: usize) -> Result<Option<Found>, TreeError> {
        let status = stat::stat(path)?;
        let id = FileId::from_stat(&status);
        let operand = self.current.as_mut().expect("found is called while an operand is walked");
        let device = *operand.device.get_or_insert(id.device);
        let name = name_of(operand, path, depth);
        // Something left out may be of a kind that cannot be archived.
        let kind = stat::kind(path, &status);
        let is_directory = matches!(kind, Ok(Kind::Directory));
        if self.options.leave_out.contains(&id) {
            return Ok(None);
        }
        // A directory that is left out is not entered; the leading part of an operand was
        // not checked yet.
        let left_out = match depth {
            0 => self.options.excludes.excludes_or_above(&name, is_directory),
            _ => self.options.excludes.excludes(&name, is_directory),
        };
        if left_out {
            return Ok(None);
        }
        let entered = !self.options.one_file_system || id.device == device;
        if is_directory && entered {
            operand.names.enter(path);
        }
        let kind = kind?;
        if is_leftover(path) {
            return Err(TreeError::Leftover { path: path.to_owned() });
        }
        if name.is_empty() || !self.claims(&name, id, path)? {
            return Ok(None);
        }
        let source = matches!(kind, Kind::File(_)).then(|| Source {
            path: path.to_owned(),
            id,
            size: status.st_size.max(0) as u64,
            modified: stat::modified(&status),
            changed: stat::changed(&status),
        });
        let kind = if status.st_nlink > 1 { self.linked(id, &name, kind) } else { kind };
        let mut metadata = stat::metadata(&status, &self.owners);
        match stat::xattrs(path) {
            Ok(xattrs) => metadata.xattrs = xattrs,
            Err(error) => self.warning = Some(error.leaving_out(Missing::Attributes)),
        }
        metadata.share(&self.before);
        self.before = metadata.clone();
        Ok(Some(Found { entry: Entry { path: name, kind, metadata }, source }))
    }

    /// Returns the kind of a file with several names: a link if the file was found
    /// before.
    fn linked(&mut self, id: FileId, name: &[u8], kind: Kind) -> Kind {
        if kind == Kind::Directory {
            return kind;
        }
        match self.linked.get(&id) {
            Some(target) => Kind::HardLink { target: target.clone() },
            None => {
                self.linked.insert(id, name.to_vec());
                kind
            }
        }
    }

    /// Claims a name for a file; returns `false` if the same file already has it.
    fn claims(&mut self, name: &[u8], id: FileId, path: &Path) -> Result<bool, TreeError> {
        let Some(taken) = &mut self.taken else { return Ok(true) };
        match taken.get(name) {
            None => {
                taken.insert(name.to_vec(), id);
                Ok(true)
            }
            Some(&other) if other == id => Ok(false),
            Some(_) => Err(TreeError::LeftOut {
                path: path.to_owned(),
                cause: "a file of another operand already has this name in the archive; \
                        use -C or archive it separately",
            }),
        }
    }
}

fn name_of(operand: &Operand, path: &Path, depth: usize) -> Vec<u8> {
    let mut name = operand.name.clone();
    if depth > 0 {
        let below = path.strip_prefix(&operand.root).expect("a walk stays below its root");
        if !name.is_empty() {
            name.push(b'/');
        }
        name.extend_from_slice(below.as_os_str().as_bytes());
    }
    name
}
