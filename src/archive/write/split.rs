//! Makes several archives of one.

mod parts;
mod place;

use super::create::{CreateOptions, CreateSummary};
use super::repack::{Files, Input, copied, copied_if, id_of, write};
use crate::archive::{Archive, ArchiveError, Control};
use parts::Parts;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// How an archive is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitBy {
    /// By the directories so many names below the top; at least 1. What lies in a directory
    /// above is an archive too.
    Depth(usize),
    /// Into archives of about so many bytes or less. A file that takes more has an archive of
    /// its own.
    Size(u64),
}

/// How an archive is split, and what is not copied of it coded.
#[derive(Clone, Debug)]
pub struct SplitOptions {
    /// How contents are coded that are not copied.
    pub create: CreateOptions,
    /// Where it is split.
    pub by: SplitBy,
}

/// One of the archives that were made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitPart {
    /// Its file.
    pub path: PathBuf,
    /// What is in it.
    pub summary: CreateSummary,
}

/// Longest name of a file, in bytes.
const LONGEST_NAME: usize = 255;

/// Ends the names of archives.
const EXTENSION: &[u8] = b".pear";

/// Writes the entries of the generation that is open as several archives in `directory`, each of
/// which stands for itself: it has the directories above its entries too. They are called after
/// the directories, with `-` for `/`, or after `name` with a number; so is what lies at the top.
/// Groups are copied as by [`super::repack`]; by size, only if nearly all is in use. If it fails or is stopped, none of them is left.
///
/// A hard link whose file comes into another archive becomes a file, which is a warning.
///
/// # Errors
/// [`ArchiveError::Unsplit`] if there would be fewer than two; [`ArchiveError::Io`] if a file of
/// the name is there, or if the name is too long for a file; otherwise as [`super::repack`].
pub fn split(
    archive: &Archive,
    directory: &Path,
    name: &OsStr,
    options: &SplitOptions,
    control: &Control,
) -> Result<Vec<SplitPart>, ArchiveError> {
    let files = Files::of(archive, |_| true);
    let parts = match options.by {
        SplitBy::Depth(depth) => place::by_depth(archive, depth.max(1)),
        SplitBy::Size(size) => place::by_size(archive, &files, size),
    };
    if parts.count() < 2 {
        return Err(ArchiveError::Unsplit);
    }
    let paths = paths(&parts, directory, name)?;
    let (all, parted) = parts.distribute(files);
    if let Some((path, more)) = parted {
        control.warn(ArchiveError::Parted { path, more });
    }
    let mut made: Vec<SplitPart> = Vec::new();
    for ((files, path), number) in all.into_iter().zip(paths).zip(0u64..) {
        let units = match options.by {
            SplitBy::Depth(_) => copied(archive, &files),
            SplitBy::Size(_) => copied_if(archive, &files, fits),
        };
        let input = [Input { archive, files, units }];
        let part = [&number.to_le_bytes()[..], parts.names()[number as usize].as_slice()].concat();
        let id = id_of(&input, &part)?;
        match write(&input, id, &path, &options.create, control) {
            Ok(summary) => made.push(SplitPart { path, summary }),
            Err(error) => {
                made.iter().for_each(|part| drop(fs::remove_file(&part.path)));
                return Err(error);
            }
        }
    }
    Ok(made)
}

/// Returns whether groups are copied into an archive that is not to exceed a size: little of
/// what is copied is of no use there.
fn fits(used: u64, copied: u64) -> bool {
    used >= copied - copied / 32
}

/// Returns the paths of the archives, of which none may be there.
fn paths(parts: &Parts, directory: &Path, name: &OsStr) -> Result<Vec<PathBuf>, ArchiveError> {
    let failed = |path, cause| {
        let source = io::Error::other(cause);
        ArchiveError::Io { path, operation: "create", source }
    };
    let mut paths: Vec<PathBuf> = Vec::new();
    for name in file_names(parts, name) {
        let (too_long, path) = (name.len() > LONGEST_NAME, directory.join(name));
        if too_long {
            let cause = "the name is too long for a file: use --size, or rename the directory";
            return Err(failed(path, cause));
        }
        if path.symlink_metadata().is_ok() {
            return Err(failed(path, "it is there already: name another directory, or remove it"));
        }
        paths.push(path);
    }
    Ok(paths)
}

/// Returns a name for each part, all of them different.
fn file_names(parts: &Parts, name: &OsStr) -> Vec<OsString> {
    let mut taken: Vec<Vec<u8>> = Vec::new();
    let mut used = std::collections::BTreeSet::new();
    let width = parts.count().to_string().len().max(3);
    for (number, directory) in (1..).zip(parts.names()) {
        let stem = match (parts.are_numbered(), &directory[..]) {
            (true, _) => [name.as_bytes(), format!("-{number:0width$}").as_bytes()].concat(),
            (false, []) => name.as_bytes().to_vec(),
            (false, directory) => {
                directory.iter().map(|&byte| if byte == b'/' { b'-' } else { byte }).collect()
            }
        };
        let mut file = [&stem[..], EXTENSION].concat();
        for other in 2.. {
            if used.insert(file.clone()) {
                break;
            }
            file = [&stem[..], format!("-{other}").as_bytes(), EXTENSION].concat();
        }
        taken.push(file);
    }
    taken.into_iter().map(OsString::from_vec).collect()
}
