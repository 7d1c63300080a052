//! Finding what is to be archived, in an order that does not depend on the disk.

use std::path::PathBuf;

use super::{FileId, Patterns, Source, TreeError};
use crate::entry::Entry;

/// What a walk takes and leaves.
#[derive(Clone, Debug, Default)]
pub struct WalkOptions {
    /// Directory the operands are relative to; empty is the current one.
    pub base: PathBuf,
    /// Names to leave out; a directory takes all below it along.
    pub excludes: Patterns,
    /// Whether to stay on the file system of each operand. Mount points
    /// themselves are kept, as empty directories.
    pub one_file_system: bool,
    /// Files to leave out silently: the archive being written.
    pub leave_out: Vec<FileId>,
}

/// Something a walk found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The entry with all its metadata. The content of a regular file has its
    /// size only; who reads the file fills in digest, segments and extents.
    pub entry: Entry,
    /// Where the bytes are: for regular files, and for hard links to them (so
    /// that a link can stand in when its target could not be read).
    pub source: Option<Source>,
}

/// A walk under way. Yields entries parents first, names of a directory in
/// byte order, operands in the order given. An `Err` item is a warning about
/// one file: the walk goes on after it.
///
/// No path comes twice. Of several names of one file the first is the file,
/// later ones are [`crate::entry::Kind::HardLink`].
pub struct Walk {}

/// Starts a walk over files and directories. An operand is archived under its
/// name as [`super::archive_path`] gives it; symbolic links are never followed,
/// except in the leading part of an operand and as the operand's trailing
/// `name/`.
///
/// # Errors
/// [`TreeError::Name`] if an operand has a `..` component.
pub fn walk(operands: &[PathBuf], options: WalkOptions) -> Result<Walk, TreeError> {
    let _ = (operands, options);
    todo!()
}

impl Iterator for Walk {
    type Item = Result<Found, TreeError>;

    fn next(&mut self) -> Option<Self::Item> {
        todo!()
    }
}
