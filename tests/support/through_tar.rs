//! Import and export in memory.

use pear_archive::archive::{
    Archive, ArchiveError, Control, CreateOptions, Event, Events, ExportOptions, ImportOptions,
    Limits, Silent, Tar, TarFault, import_stream,
};
use pear_archive::codec::{Choice, Codec, CodecOptions};
use pear_archive::entry::Entry;
use std::cell::RefCell;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::tar::Maker;

pub static GO_ON: AtomicBool = AtomicBool::new(false);
pub const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

pub fn storing() -> ImportOptions {
    let codec = CodecOptions { choice: Choice::Only(Codec::Store), ..CodecOptions::default() };
    let create = CreateOptions { codec, group_size: 5000, jobs: 2, ..CreateOptions::default() };
    ImportOptions { create, strip_unsafe: false }
}

/// Imports a tar that comes through a pipe, and returns the archive.
pub fn import(tar: &[u8]) -> Result<Vec<u8>, ArchiveError> {
    import_watched(tar, &CONTROL)
}

pub fn import_watched(tar: &[u8], control: &Control) -> Result<Vec<u8>, ArchiveError> {
    let tar =
        Tar::spool(tar, Path::new("x.tar"), &std::env::temp_dir(), &Limits::default(), control)?;
    let mut archive = Vec::new();
    import_stream(&mut archive, &tar, &Limits::default(), &storing(), control)?;
    Ok(archive)
}

pub fn export(archive: &[u8], jobs: usize) -> Vec<u8> {
    let options = ExportOptions { jobs, ..ExportOptions::default() };
    let mut tar = Vec::new();
    let archive = Archive::open(archive, &Limits::default()).unwrap();
    archive.export_stream(&mut tar, &options, &CONTROL).unwrap();
    tar
}

pub fn entries(archive: &[u8]) -> Vec<Entry> {
    Archive::open(archive, &Limits::default()).unwrap().entries().to_vec()
}

pub fn cat(archive: &[u8], path: &str) -> Vec<u8> {
    let archive = Archive::open(archive, &Limits::default()).unwrap();
    let mut content = Vec::new();
    archive.cat(path.as_bytes(), &mut content, 1, &CONTROL).unwrap();
    content
}

/// Returns the fault of a tar, and its offset.
pub fn fault(tar: &[u8]) -> (u64, TarFault) {
    match import(tar) {
        Err(ArchiveError::Tar { offset, fault }) => (offset, fault),
        other => panic!("{:?}", other.map(|archive| entries(&archive))),
    }
}

#[derive(Default)]
pub struct Warnings(pub RefCell<Vec<String>>);

impl Events for Warnings {
    fn event(&self, event: Event<'_>) {
        if let Event::Warning(error) | Event::Note(error) = event {
            self.0.borrow_mut().push(error.to_string());
        }
    }
}

/// Returns the warnings of an import, and the imported names.
pub fn warned(tar: &[u8]) -> (Vec<String>, Vec<String>) {
    let warnings = Warnings::default();
    let archive = import_watched(tar, &Control { events: &warnings, cancel: &GO_ON }).unwrap();
    let names = entries(&archive).into_iter().map(|entry| String::from_utf8(entry.path).unwrap());
    (warnings.0.into_inner(), names.collect())
}

/// Makes a tar with a few members of each kind.
pub fn sample() -> Vec<u8> {
    let mut maker = Maker::default();
    maker.member(b'5', "dir/", "").file("dir/a", b"first").file("dir/b", [7; 1000]);
    maker.records(b'x', [("mtime", "12.5"), ("SCHILY.xattr.user.x", "a\nb")]);
    maker.file("c", b"").member(b'1', "d", "dir/a").member(b'2', "e", "../anywhere");
    maker.end()
}
