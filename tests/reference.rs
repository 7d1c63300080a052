//! The independent reader in spec/reference reads the archives of the crate, and finds
//! the same in them.

#[allow(dead_code)] // bases are tried in tests/reference_forged.rs
#[path = "../spec/reference/container.rs"]
mod reference;

mod support;

use pear_archive::archive::{Archive, Control, CreateOptions, Limits, Silent, create_stream};
use pear_archive::codec::{Choice, Codec, CodecOptions, Coding, CodingNumbers, decode_group};
use pear_archive::entry::Kind;
use pear_archive::tree::WalkOptions;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use support::{build_tree, noise};
use tempfile::TempDir;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

/// The golden archives of groups without bases.
fn golden() -> impl Iterator<Item = Vec<u8>> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let all = fs::read_dir(directory).unwrap().map(|item| item.unwrap().path());
    let based = |path: &PathBuf| path.to_string_lossy().contains("/base-");
    all.filter(move |path| path.extension().is_some_and(|end| end == "pear") && !based(path))
        .map(|path| fs::read(path).unwrap())
}

/// Decodes all groups with the decoder of the crate.
fn stream(archive: &reference::Archive) -> Vec<u8> {
    let decode = |section: &reference::Section| {
        let reference::Section { codec, filter, model, raw_length, .. } = *section;
        assert_eq!(section.base(), Ok(reference::Base::Anew));
        let length = raw_length as usize;
        let coding = Coding::parse(CodingNumbers { codec, filter, model }).unwrap();
        decode_group(coding, &section.payload, length, length).unwrap()
    };
    archive.groups.iter().flat_map(decode).collect()
}

/// Checks that the crate and the reference find the same in an archive. Returns what the
/// reference finds.
fn compare(bytes: &[u8]) -> reference::Archive {
    let read = reference::read(bytes).unwrap();
    let stream = stream(&read);
    read.check(&stream).unwrap();
    let archive = Archive::open(bytes, &Limits::default()).unwrap();
    assert_eq!(read.entries.len(), archive.entries().len());
    for (seen, entry) in read.entries.iter().zip(archive.entries()) {
        assert_eq!(seen.path, entry.path);
        let metadata = &entry.metadata;
        assert_eq!(seen.mode, u64::from(metadata.mode));
        assert_eq!(seen.owner.uid, u64::from(metadata.uid));
        assert_eq!(seen.owner.gid, u64::from(metadata.gid));
        assert_eq!(seen.owner.user, *metadata.user);
        assert_eq!(seen.owner.group, *metadata.group);
        assert_eq!(seen.seconds, metadata.modified.seconds);
        assert_eq!(seen.nanoseconds, u64::from(metadata.modified.nanoseconds));
        assert_eq!(seen.xattrs, metadata.xattrs);
        match &entry.kind {
            Kind::Symlink { target } | Kind::HardLink { target } => {
                assert_eq!(seen.target, *target);
            }
            Kind::File(_) => {
                let mut content = Vec::new();
                archive.cat(&entry.path, &mut content, 1, &CONTROL).unwrap();
                assert!(read.content(seen, &stream).unwrap() == content, "{:?}", entry.path);
            }
            _ => assert!(seen.content.is_none()),
        }
    }
    read
}

#[test]
fn both_readers_see_the_same() {
    for bytes in golden() {
        compare(&bytes);
    }
}

#[test]
fn the_reference_reads_what_the_crate_writes() {
    let tree = TempDir::new().unwrap();
    build_tree(tree.path());
    fs::write(tree.path().join("long"), noise(1, 200_000)).unwrap();
    fs::create_dir(tree.path().join("small")).unwrap();
    for number in 0..400 {
        let name = format!("small/{}", hex(&noise(number, 8)));
        fs::write(tree.path().join(name), noise(number, number as usize * 7)).unwrap();
    }
    for (choice, group_size) in
        [(Codec::Store, 100_000), (Codec::Store, 1 << 20), (Codec::Zstd, 70_000)]
    {
        let choice = Choice::Only(choice);
        let codec = CodecOptions { choice, level: 1, ..CodecOptions::default() };
        let options = CreateOptions { codec, group_size, jobs: 1, ..CreateOptions::default() };
        let walking = WalkOptions { base: tree.path().to_owned(), ..WalkOptions::default() };
        let mut bytes = Vec::new();
        create_stream(&mut bytes, &[PathBuf::from(".")], walking, &options, &CONTROL).unwrap();
        let read = compare(&bytes);
        assert!(read.groups.len() > 1 || group_size > 500_000);
        // What holds the tables together is protected, and with it every name.
        let protected = read.check_parity(&bytes).unwrap();
        for section in read.others.iter().filter(|section| matches!(section.kind, 1 | 3)) {
            let (start, end) = (section.offset, section.offset + 56 + section.payload.len());
            let holds = |&(first, length): &(u64, u64)| {
                first <= start as u64 && end as u64 <= first + length
            };
            assert!(protected.iter().any(holds), "section at byte {start}");
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
