//! The independent reader in spec/reference reads the archives of the crate, and finds
//! the same in them.

#[path = "../spec/reference/container.rs"]
mod reference;

use pear_archive::archive::{Archive, Control, Limits, Silent};
use pear_archive::codec::{Coding, CodingNumbers, decode_group};
use pear_archive::entry::Kind;
use std::fs;
use std::sync::atomic::AtomicBool;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

fn golden() -> impl Iterator<Item = Vec<u8>> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let all = fs::read_dir(directory).unwrap().map(|item| item.unwrap().path());
    all.filter(|path| path.extension().is_some_and(|end| end == "pear"))
        .map(|path| fs::read(path).unwrap())
}

#[test]
fn both_readers_see_the_same() {
    for bytes in golden() {
        let (sections, entries) = reference::read(&bytes).unwrap();
        let data = sections.iter().filter(|section| section.kind == 2);
        let decode = |section: &reference::Section| {
            let reference::Section { codec, filter, model, raw_length, .. } = *section;
            let length = raw_length as usize;
            let coding = Coding::parse(CodingNumbers { codec, filter, model }).unwrap();
            decode_group(coding, &section.payload, length, length).unwrap()
        };
        let stream: Vec<u8> = data.flat_map(decode).collect();
        let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
        assert_eq!(entries.len(), archive.entries().len());
        for (seen, entry) in entries.iter().zip(archive.entries()) {
            assert_eq!(seen.path, entry.path);
            assert_eq!(seen.mode, u64::from(entry.metadata.mode));
            let modified = entry.metadata.modified;
            assert_eq!(seen.seconds, modified.seconds);
            assert_eq!(seen.nanoseconds, u64::from(modified.nanoseconds));
            match &entry.kind {
                Kind::Symlink { target } | Kind::HardLink { target } => {
                    assert_eq!(seen.target, *target);
                }
                Kind::File(_) => {
                    let mut content = Vec::new();
                    archive.cat(&entry.path, &mut content, 1, &CONTROL).unwrap();
                    let file = seen.content.as_ref().unwrap();
                    assert_eq!(reference::content(file, &stream).unwrap(), content);
                }
                _ => assert!(seen.content.is_none()),
            }
        }
    }
}

#[test]
fn the_reference_notices_every_changed_byte() {
    for bytes in golden() {
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(reference::read(&damaged).is_err(), "byte {at}");
        }
    }
}
