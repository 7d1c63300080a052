//! `pear-archive`: an archiver for long-term storage.
//!
//! A `.pear` archive holds whole directory trees with all their metadata, compressed by
//! a learned model. Every file can be read without decoding the rest, every byte is
//! protected by checksums, and the same input gives the same archive on every machine.
//!
//! # Examples
//!
//! Archive a directory and read one file of it:
//!
//! ```
//! use pear_archive::options::CreateOptions;
//! use pear_archive::{Archive, Builder};
//! # let at = tempfile::tempdir().unwrap();
//! # let (tree, path) = (at.path().join("letters"), at.path().join("letters.pear"));
//! # std::fs::create_dir(&tree).unwrap();
//! # std::fs::write(tree.join("one.txt"), "Dear one,").unwrap();
//!
//! let mut builder = Builder::create(&path)?.options(CreateOptions::at_level(1));
//! builder.append_path(&tree)?;
//! builder.append_data("about.txt", "All letters of this year.")?;
//! builder.finish()?;
//!
//! let archive = Archive::open_path(&path)?;
//! assert_eq!(archive.read("about.txt")?, b"All letters of this year.");
//! # Ok::<(), pear_archive::ArchiveError>(())
//! ```
//!
//! Loop over the entries, and read from any place of a file:
//!
//! ```
//! use pear_archive::options::Limits;
//! use pear_archive::{Archive, Builder};
//! use std::io::{Read, Seek, SeekFrom};
//!
//! let mut bytes = Vec::new();
//! let mut builder = Builder::new(&mut bytes);
//! builder.append_data("numbers.txt", "0123456789")?;
//! builder.finish()?;
//!
//! let archive = Archive::open(&bytes[..], &Limits::default())?;
//! for entry in &archive {
//!     println!("{:>10} {}", entry.size(), entry.display());
//! }
//! let entry = archive.entry("numbers.txt").expect("it was put there");
//! let mut reader = archive.reader(entry)?;
//! reader.seek(SeekFrom::End(-3))?;
//! let mut end = String::new();
//! reader.read_to_string(&mut end)?;
//! assert_eq!(end, "789");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Extract what a pattern selects, to disk and to a closure:
//!
//! ```
//! use pear_archive::options::{ExtractOptions, Limits};
//! use pear_archive::patterns::Patterns;
//! use pear_archive::{Archive, Builder, Control};
//! # let (to, mut bytes) = (tempfile::tempdir().unwrap(), Vec::new());
//! # let mut builder = Builder::new(&mut bytes);
//! # builder.append_data("a.txt", "text")?;
//! # builder.append_data("b.bin", [0, 1])?;
//! # builder.finish()?;
//!
//! let archive = Archive::open(bytes, &Limits::default())?;
//! let patterns = Patterns::selecting(&["*.txt"])?;
//! let options = ExtractOptions { patterns, ..ExtractOptions::default() };
//! let summary = archive.extract(to.path(), &options, &Control::default())?;
//! assert!(summary.is_complete() && to.path().join("a.txt").exists());
//!
//! let mut found = Vec::new();
//! archive.for_each_file(&options, &Control::default(), |entry, content| {
//!     found.push((entry.display().to_string(), content));
//!     Ok(())
//! })?;
//! assert_eq!(found, [("a.txt".to_owned(), b"text".to_vec())]);
//! # Ok::<(), pear_archive::ArchiveError>(())
//! ```
//!
//! Bring an archive up to what is on disk, and read what it held before:
//!
//! ```
//! use pear_archive::options::{At, CreateOptions, Limits, UpdateOptions, WalkOptions};
//! use pear_archive::{Archive, Builder, Control, update};
//! # let at = tempfile::tempdir().unwrap();
//! # let (note, path) = (at.path().join("note"), at.path().join("notes.pear"));
//! # std::fs::write(&note, "first").unwrap();
//!
//! let walking = WalkOptions { base: at.path().to_owned(), ..WalkOptions::default() };
//! let mut builder = Builder::create(&path)?.walking(walking.clone());
//! builder.append_path("note")?;
//! builder.finish()?;
//!
//! std::fs::write(&note, "another one")?;
//! let create = CreateOptions::at_level(1);
//! let options = UpdateOptions { create, ..UpdateOptions::default() };
//! let summary = update(&path, &["note".into()], walking, &options, &Control::default())?;
//! assert_eq!(summary.generation, Some(1));
//!
//! assert_eq!(Archive::open_path(&path)?.read("note")?, b"another one");
//! let file = std::fs::File::open(&path)?;
//! let before = Archive::open_at(file, &Limits::default(), At::Number(0))?;
//! assert_eq!(before.read("note")?, b"first");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Errors
//!
//! Every operation fails with an [`ArchiveError`]; [`ArchiveError::kind`] says what that
//! means: damage, a limit, something unsafe, a newer format, the system. What hits one
//! file of many does not end an operation: it is told to [`Events`] as a warning and
//! counted in the summary. [`Builder::finish`] is stricter: it returns the first warning.
//!
//! # What is stable
//!
//! The modules [`archive`], [`entry`], [`options`] and [`patterns`], and what stands
//! beside them here. All other modules are public for the program, the tests and the
//! benchmarks of this package only. They are not documented and may change in any
//! version.
//!
//! # Layers
//!
//! The crate is built in layers. A layer imports only what lies below, and siblings do
//! not import each other; `tests/layers.rs` checks it.
//!
//! | layer | modules | what they know |
//! |---|---|---|
//! | 0 | `bytes`, `checksum`, `entry`, `error` | values |
//! | 1 | `arith` | deterministic numerics, instruction sets; the only unsafe code |
//! | 2 | `coder`, `bpe`, `filter`, `jpeg`, `model`, `paper` | range coder; byte pairs; transforms; JPEG by Lepton; the PEAR predictor; the published network |
//! | 3 | `codec`, `container`, `tree` | groups and their payloads; sections and index; directory trees |
//! | 4 | `recipe` | packed files taken apart, and made again |
//! | 5 | `archive` | create, extract, list, verify |
//! | 6 | `cli` and the binary | arguments, output, exit codes |
//!
//! The formats are normative in `spec/`; names there are names here.

pub mod archive;
#[allow(unsafe_code)]
#[doc(hidden)]
pub mod arith;
#[doc(hidden)]
pub mod bpe;
#[doc(hidden)]
pub mod bytes;
#[doc(hidden)]
pub mod checksum;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod codec;
#[doc(hidden)]
pub mod coder;
#[doc(hidden)]
pub mod container;
pub mod entry;
#[doc(hidden)]
pub mod error;
#[doc(hidden)]
pub mod filter;
#[doc(hidden)]
pub mod jpeg;
#[doc(hidden)]
pub mod model;
#[cfg(feature = "paper")]
#[doc(hidden)]
pub mod paper;
#[doc(hidden)]
pub mod recipe;
#[doc(hidden)]
pub mod tree;

/// What operations take beside paths: how to archive, to extract, and what to accept.
pub mod options {
    pub use crate::archive::{
        At, CreateBase, CreateOptions, DEFAULT_GROUP_SIZE, Existing, ExportOptions, ExtractOptions,
        GivenBase, GivenBases, ImportOptions, Limits, MergeOptions, Recipes, RenameOptions,
        RepackOptions, ShardOptions, SplitBy, SplitOptions, TrainOptions, UpdateOptions,
    };
    pub use crate::codec::{Choice, Codec, CodecOptions};
    pub use crate::tree::{Overwrite, RestoreOptions, WalkOptions};
}

/// Names and globs that select entries, or exclude files.
pub mod patterns {
    pub use crate::tree::Patterns;
}

pub use archive::{
    Archive, ArchiveError, Builder, Control, Difference, DifferenceKind, ErrorKind, Event, Events,
    FileReader, GenerationInfo, Sink, SplitPart, UpdateSummary, Volumes, delete, diff_archives,
    diff_directory, merge, prune, rename, repack, split, update,
};
pub use container::ReadAt;
pub use entry::Entry;
