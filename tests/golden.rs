//! Archives written by released versions are read by every later one.
//!
//! Every archive in `tests/golden/` holds the same sample. They are never rewritten: a
//! change that breaks one is a new format version. New ones (for a new version, codec
//! or model id) are made by `cargo test --test golden -- --ignored`, which leaves
//! existing ones alone.

#[path = "support/forge/mod.rs"]
mod forge;

use forge::{Batch, DATA, ENTRY, Item, Row, Section};
use pear_archive::archive::{Archive, Control, Limits, Silent, list_stream};
use pear_archive::codec::{Choice, Codec, CodecOptions, CodingNumbers, encode_group};
use pear_archive::entry::{Content, Entry, Extent, FileDigest, Kind, Metadata, Segment, Timestamp};
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
    let part = |extent: &Extent| {
        let from = extent.offset as usize;
        groups[extent.group as usize][from..from + extent.length as usize].to_vec()
    };
    let data: Vec<u8> = extents.iter().flat_map(part).collect();
    let size = if segments.is_some() { SPARSE_SIZE } else { data.len() as u64 };
    let pair = |segment: &Segment| (segment.offset, segment.length);
    let map = segments.as_ref().map(|all| (size, all.iter().map(pair).collect()));
    let digest = forge::content_digest(&data, map.as_ref());
    let digest = match extents.len() {
        0 => FileDigest::Span(digest),
        // Alone in its span, which is short.
        1 => FileDigest::Short(digest[..16].try_into().unwrap()),
        _ => FileDigest::File(digest),
    };
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
    // They hold something else: see `golden_bases.rs`.
    all.retain(|path| !path.to_string_lossy().contains("/base-"));
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
    let apart = [Codec::PearPaper, Codec::Jpeg];
    let others = Codec::ALL.iter().filter(|codec| !apart.contains(codec));
    let others = others.map(|&codec| (codec, codec.name().to_owned(), default));
    let levels =
        [1, 2, 3, 4, 7, 8, 9].map(|level| (Codec::Pear, format!("pear-level-{level}"), level));
    // `pear-paper` itself has the models before these, which the encoder no longer
    // uses.
    let warmed = (Codec::PearPaper, "pear-paper-warmed".to_owned(), default);
    for (codec, name, level) in others.chain(levels).chain([warmed]) {
        let name = format!("{name}-0.7.pear");
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
        if !path.exists() {
            let choice = Choice::Only(codec);
            let options = CodecOptions { choice, level, ..CodecOptions::default() };
            fs::write(path, build(&options)).unwrap();
        }
    }
}

/// Builds the sample by hand, so that it depends neither on a file system nor on the
/// writer of the crate.
fn build(options: &CodecOptions) -> Vec<u8> {
    let section = |raw: Vec<u8>| {
        let group = encode_group(&raw, options).unwrap();
        let CodingNumbers { codec, filter, model } = group.coding.numbers();
        let raw_length = raw.len() as u32;
        let payload = group.payload;
        Section { kind: DATA, codec, filter, model, raw_length, payload, ..Section::default() }
    };
    sample(groups().map(section))
}

/// Returns an archive of the sample whose groups are these.
fn sample([first, second]: [Section; 2]) -> Vec<u8> {
    let item = |path: &[u8], kind| Item {
        mode: 0o640,
        owner: (1000, 100, b"gardener", b"users"),
        time: (1_234_567_890, 123_456_789),
        set: vec![(b"user.note", b"kept\0bytes")],
        ..Item::new(path, kind)
    };
    let [text, rest] = groups();
    let numbers = [&text[text.len() - 1500..], &rest[..500]].concat();
    let map = (SPARSE_SIZE, vec![(ISLAND.offset, ISLAND.length)]);
    let others = Batch::of_items(vec![
        item(b"garden", forge::Kind::Directory),
        item(b"null", forge::Kind::Character(1, 3)),
        item(b"pipe", forge::Kind::Fifo),
        item(b"way", forge::Kind::Symlink(b"../else where")),
    ]);
    let opened = Batch {
        rows: vec![Row::of(0), Row::of(text.len() - 1500), Row::of(1500)],
        open: Some((2, 500)),
        groups: vec![text],
        items: vec![
            item(b"caf\xe9\n", forge::Kind::File(1)),
            item(b"copy", forge::Kind::File(1)),
            item(b"empty", forge::Kind::File(0)),
            item(b"garden/numbers", forge::Kind::File(2)),
            item(b"garden/same", forge::Kind::HardLink(1)),
        ],
        ..Batch::default()
    };
    let continued = Batch {
        rows: vec![
            Row { ends: Some(forge::digest(&numbers)), ..Row::of(500) },
            Row { map: Some(map), ..Row::of(600) },
        ],
        revoked: Some(Vec::new()),
        groups: vec![rest],
        items: vec![item(b"sparse", forge::Kind::File(1))],
        ..Batch::default()
    };
    let [others, opened, continued] = [others, opened, continued]
        .map(|batch| Section::stored(ENTRY, &batch.table().bytes()).shortest());
    let all = [others, opened, first, continued, second];
    forge::Archive::of(&all).with_id(*b"golden\0\0").bytes()
}
