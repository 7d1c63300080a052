//! Directory trees: walking them, reading them, restoring them.
//!
//! Everything here treats names as bytes and file systems as hostile. A walk continues
//! if files vanish, a file is read as it is when its turn comes, and nothing is ever
//! restored outside the destination directory.
//!
//! - [`walk()`] finds entries in sorted order; [`Source`] reads their bytes.
//! - [`Restorer`] puts entries back through directory handles.
//! - [`Excludes`] decides what a walk leaves out, [`Patterns`] which entries of an
//!   archive are selected.

mod abandon;
mod error;
mod exclude;
mod leftover;
mod names;
mod owners;
mod pattern;
mod reach;
mod restore;
mod source;
mod stat;
mod walk;

pub use abandon::{Registration, abandon_all, register};
pub use error::{Change, Missing, Property, TreeError};
pub use exclude::Excludes;
pub use leftover::{claim, is_leftover, partial_name, remove_leftovers};
pub use names::{archive_path, printable};
pub use pattern::Patterns;
pub use restore::{
    ContentKey, FileWriter, MadeFile, Overwrite, Resolution, RestoreOptions, Restorer,
};
pub use source::{OpenSource, Source};
pub use stat::FileId;
pub use walk::{Found, Walk, WalkOptions, walk};
