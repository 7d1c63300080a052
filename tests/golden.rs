//! Archives written by released versions are read by every later one.
//!
//! Every archive in `tests/golden/` holds the same sample. They are never rewritten: a
//! change that breaks one is a new format version. New ones (for a new version, codec
//! or model id) are made by `cargo test --test golden -- --ignored`, which leaves
//! existing ones alone.

use pear_archive::archive::{Archive, Control, Limits, Silent, list_stream};
use pear_archive::checksum::{Hasher, digest};
use pear_archive::codec::{Choice, Codec, CodecOptions, CodingNumbers, encode_group};
use pear_archive::container::{Part, Piece, Sparse, Writer, content_digest};
use pear_archive::entry::{Content, Entry, Extent, Kind, Metadata, Segment, Timestamp};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

/// Bytes of a sparse file's data segment.
const ISLAND: Segment = Segment { offset: 8192, length: 600 };
const SPARSE_SIZE: u64 = 10_000;

/// Returns the two groups of the sample, decoded.
fn groups() -> [Vec<u8>; 2] {
    let text = b"A pear tree stood in the garden; the garden had a pear tree.\n".repeat(20);
    let numbers: Vec<u8> = (0..2000u32).map(|n| (n * n / 7) as u8).collect();
    let island = vec![b'i'; 600];
    [[&text[..], &numbers[..1500]].concat(), [&numbers[1500..], &island].concat()]
}

fn entry(path: &[u8], kind: Kind) -> Entry {
    let metadata = Metadata {
        mode: 0o640,
        uid: 1000,
        gid: 100,
        user: b"gardener".to_vec(),
        group: b"users".to_vec(),
        modified: Timestamp { seconds: 1_234_567_890, nanoseconds: 123_456_789 },
        xattrs: vec![(b"user.note".to_vec(), b"kept\0bytes".to_vec())],
    };
    Entry { path: path.to_vec(), kind, metadata }
}

fn content(parts: &[(u64, u64, u64)], segments: Option<Vec<Segment>>) -> Kind {
    let extents: Vec<Extent> =
        parts.iter().map(|&(group, offset, length)| Extent { group, offset, length }).collect();
    let groups = groups();
    let mut hasher = Hasher::new();
    let mut size: u64 = parts.iter().map(|part| part.2).sum();
    if segments.is_some() {
        size = SPARSE_SIZE;
    }
    for extent in &extents {
        let from = extent.offset as usize;
        hasher.update(&groups[extent.group as usize][from..from + extent.length as usize]);
    }
    let digest = content_digest(hasher.digest(), size, segments.as_deref());
    Kind::File(Content { size, digest, segments, extents })
}

/// Returns one entry of every kind.
fn entries() -> Vec<Entry> {
    let text = groups()[0].len() as u64 - 1500;
    let numbers = [(0, text, 1500), (1, 0, 500)];
    vec![
        entry(b"caf\xe9\n", content(&[(0, 0, text)], None)),
        entry(b"copy", content(&[(0, 0, text)], None)),
        entry(b"empty", content(&[], None)),
        entry(b"garden", Kind::Directory),
        entry(b"garden/numbers", content(&numbers, None)),
        entry(b"garden/same", Kind::HardLink { target: b"garden/numbers".to_vec() }),
        entry(b"null", Kind::CharacterDevice { major: 1, minor: 3 }),
        entry(b"pipe", Kind::Fifo),
        entry(b"sparse", content(&[(1, 500, 600)], Some(vec![ISLAND]))),
        entry(b"way", Kind::Symlink { target: b"../else where".to_vec() }),
    ]
}

fn archives() -> Vec<PathBuf> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let all = fs::read_dir(directory).unwrap().map(|item| item.unwrap().path());
    let mut all: Vec<_> =
        all.filter(|path| path.extension().is_some_and(|end| end == "pear")).collect();
    // A build without candle refuses these, and says so.
    let paper = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().contains("paper");
    all.retain(|path| cfg!(feature = "paper") || !paper(path));
    all.sort();
    all
}

#[test]
fn every_golden_archive_still_holds_the_sample() {
    assert!(archives().len() >= 2);
    for path in archives() {
        let bytes = fs::read(&path).unwrap();
        let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
        assert_eq!(archive.entries(), entries(), "{path:?}");
        let verified = archive.verify(1, &CONTROL).unwrap();
        assert!(verified.failures.is_empty(), "{path:?}: {verified:?}");
        let mut numbers = Vec::new();
        archive.cat(b"garden/same", &mut numbers, 1, &CONTROL).unwrap();
        assert_eq!(numbers, (0..2000u32).map(|n| (n * n / 7) as u8).collect::<Vec<_>>());
        let listed = list_stream(&bytes[..], &Limits::default(), &CONTROL).unwrap();
        assert_eq!(listed, entries(), "{path:?}");
    }
}

#[test]
#[ignore = "a deliberate act: writes golden archives that do not exist yet"]
fn write_golden_archives() {
    let default = CodecOptions::default().level;
    let others = Codec::ALL.iter().filter(|&&codec| codec != Codec::PearPaper);
    let others = others.map(|&codec| (codec, codec.name().to_owned(), default));
    let levels = [1, 7, 8, 9].map(|level| (Codec::Pear, format!("pear-level-{level}"), level));
    // `pear-paper` itself has the models before these, which the encoder no longer
    // uses.
    let warmed = (Codec::PearPaper, "pear-paper-warmed".to_owned(), default);
    for (codec, name, level) in others.chain(levels).chain([warmed]) {
        let name = format!("{name}-0.6.pear");
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
        if !path.exists() {
            let choice = Choice::Only(codec);
            let options = CodecOptions { choice, level, ..CodecOptions::default() };
            fs::write(path, build(&options)).unwrap();
        }
    }
}

/// Builds the sample by hand, so that it does not depend on a file system.
fn build(options: &CodecOptions) -> Vec<u8> {
    let all = entries();
    let named = |paths: &[&[u8]]| -> Vec<Entry> {
        all.iter().filter(|entry| paths.contains(&&entry.path[..])).cloned().collect()
    };
    let piece = |length| Piece { length, sparse: None };
    let [first, second] = groups();
    let text = first.len() as u64 - 1500;
    let island = Sparse { size: SPARSE_SIZE, segments: vec![ISLAND] };
    let parts = [
        Part {
            group_digest: digest(b""),
            entries: named(&[b"null", b"garden", b"pipe", b"way"]),
            ..Part::default()
        },
        Part {
            following: 500,
            group_digest: digest(&first),
            pieces: vec![piece(0), piece(text), piece(1500)],
            entries: named(&[b"caf\xe9\n", b"copy", b"empty", b"garden/numbers", b"garden/same"]),
            file_pieces: vec![1, 1, 0, 2],
            ..Part::default()
        },
        Part {
            continued: true,
            group_digest: digest(&second),
            pieces: vec![piece(500), Piece { length: ISLAND.length, sparse: Some(island) }],
            entries: named(&[b"sparse"]),
            file_pieces: vec![1],
            ..Part::default()
        },
    ];
    let mut writer = Writer::new(Vec::new(), *b"golden archive\0\0").unwrap();
    writer.write_part(&parts[0]).unwrap();
    for (part, raw) in parts[1..].iter().zip([&first, &second]) {
        writer.write_part(part).unwrap();
        let group = encode_group(raw, options).unwrap();
        let CodingNumbers { codec, filter, model } = group.coding.numbers();
        writer.write_group((codec, filter, model), raw.len() as u64, &group.payload).unwrap();
    }
    writer.finish(all).unwrap().0
}
