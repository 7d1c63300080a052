//! Archives written by released versions are read by every later one.
//!
//! Every archive in `tests/golden/` holds the same sample. They are never rewritten: a
//! change that breaks one is a new format version. New ones (for a new version, codec
//! or model id) are made by `cargo test --test golden -- --ignored`, which leaves
//! existing ones alone.

#[path = "support/forge/mod.rs"]
mod forge;

use forge::{Batch, DATA, ENTRY, Item, Row, Section, Step};
use pear_archive::archive::{Archive, Control, Limits, Silent, list_stream};
use pear_archive::codec::{Choice, Codec, CodecOptions, CodingNumbers, encode_group};
use pear_archive::entry::{
    Common, Content, Entry, Extent, Extents, FileDigest, Kind, Metadata, Segment, Timestamp,
};
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
    let modified = Timestamp { seconds: 1_234_567_890, nanoseconds: 123_456_789 };
    let common = Common {
        mode: 0o640,
        uid: 1000,
        gid: 100,
        user: b"gardener"[..].into(),
        group: b"users"[..].into(),
        xattrs: vec![(b"user.note".to_vec(), b"kept\0bytes".to_vec())],
    };
    let metadata = Metadata { modified, common: common.into() };
    Entry { path: path.to_vec(), kind, metadata }
}

fn content(parts: &[(u64, u64, u64)], segments: Option<Vec<Segment>>) -> Kind {
    let extents: Extents =
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
    let segments = segments.map(Into::into);
    Kind::File(Content { size, digest, segments, extents, recipes: Default::default() })
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

/// Those that hold other samples: files that are made by recipes.
const RECIPES: &str = "recipes-0.7.pear";
const ROWS: &str = "scanlines-0.7.pear";
const PIECES: &str = "pieces-0.7.pear";

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// Returns the files of the archive with recipes, and how each of them is made.
fn made() -> Vec<(&'static str, Vec<Step>, Vec<u8>)> {
    let [text, _] = groups();
    let (text, numbers) = text.split_at(text.len() - 1500);
    let bz2 = |plain: &[u8], level| {
        let level = bzip2::Compression::new(level);
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), level);
        std::io::Write::write_all(&mut encoder, plain).unwrap();
        encoder.finish().unwrap()
    };
    let (text_length, length) = (text.len() as u64, numbers.len() as u64);
    let one = bz2(text, 9);
    let inner = bz2(&[numbers, &text[..100]].concat(), 1);
    let whole = [b"before".to_vec(), bz2(&inner, 3), b"behind".to_vec()].concat();
    let step = |transform, flags, parameters: &[u8], output: usize, inputs: &[[u64; 3]]| {
        let (parameters, inputs) = (parameters.to_vec(), inputs.to_vec());
        Step { transform, flags, output: output as u64, parameters, inputs }
    };
    let nested = vec![
        step(0, 0, &[], 6, &[[3, 0, 6]]),
        step(2, 1, &[1], inner.len(), &[[2, 0, length], [1, 0, 100]]),
        step(2, 0, &[3], whole.len() - 12, &[[0, 1, inner.len() as u64]]),
        step(0, 0, &[], 6, &[[3, 6, 6]]),
    ];
    vec![
        ("nested", nested, whole),
        ("one.bz2", vec![step(2, 0, &[9], one.len(), &[[1, 0, text_length]])], one),
    ]
}

/// Returns the archive of these files, of stored groups.
fn with_recipes() -> Vec<u8> {
    let [text, _] = groups();
    let (text, numbers) = text.split_at(text.len() - 1500);
    let mut rows = vec![Row::of(text.len()), Row::of(numbers.len()), Row::of(12)];
    rows.extend(made().into_iter().map(|(_, steps, content)| Row::made(steps, &content)));
    let items = made().into_iter().zip(3..);
    let batch = Batch {
        groups: vec![text.to_vec(), [numbers, b"beforebehind"].concat()],
        rows,
        items: items.map(|((name, ..), row)| Item::new(name, forge::Kind::File(row))).collect(),
        ..Batch::default()
    };
    forge::Archive::of_batches(&[batch]).with_id(*b"golden\0\0").bytes()
}

#[test]
fn the_golden_archive_with_recipes_still_holds_its_files() {
    let bytes = fs::read(golden(RECIPES)).unwrap();
    let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
    assert_eq!(archive.entries().len(), 2);
    for (name, _, content) in made() {
        assert!(archive.read(name).unwrap() == content, "{name}");
    }
    assert!(archive.verify(1, &CONTROL).unwrap().failures.is_empty());
    assert!(with_recipes() == bytes, "the transforms and the tables are as they were");
}

/// Returns an archive of the data of a picture whose filters were taken off, and the data:
/// two rows of each type, of two pixels of three bytes.
fn with_rows() -> (Vec<u8>, Vec<u8>) {
    let types = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4];
    let rows = groups()[1][..60].to_vec();
    let content = pear_archive::recipe::run(4, &[6, 3], &[&types, &rows], 70).unwrap();
    let step = |transform, parameters: &[u8], inputs: &[[u64; 3]]| {
        let (parameters, inputs) = (parameters.to_vec(), inputs.to_vec());
        Step { transform, flags: 0, output: 70, parameters, inputs }
    };
    let steps = vec![step(4, &[6, 3], &[[1, 0, 10], [2, 0, 60]])];
    let batch = Batch {
        rows: vec![Row::of(10), Row::of(60), Row::made(steps, &content)],
        groups: vec![[&types[..], &rows].concat()],
        items: vec![Item::new("rows", forge::Kind::File(2))],
        ..Batch::default()
    };
    (forge::Archive::of_batches(&[batch]).with_id(*b"golden\0\0").bytes(), content)
}

#[test]
fn the_golden_archive_of_rows_still_holds_them() {
    let bytes = fs::read(golden(ROWS)).unwrap();
    let (archive, content) = with_rows();
    assert!(archive == bytes, "the transform and the tables are as they were");
    let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
    assert!(archive.read("rows").unwrap() == content);
}

/// Returns an archive of a file that is made in three pieces, of a batch each, and the file.
fn with_pieces() -> (Vec<u8>, Vec<u8>) {
    let [text, numbers] = groups();
    let raw = [&text[..400], &numbers[..300], &text[500..900]];
    let content = [raw[0], raw[1], raw[2], &raw[2][..50]].concat();
    let step = |source, length: usize| Step {
        output: length as u64,
        inputs: vec![[source, 0, length as u64]],
        ..Step::default()
    };
    let made = |steps| Row { steps, ..Row::default() };
    let first = Batch {
        groups: vec![raw[0].to_vec()],
        rows: vec![Row::of(400), made(vec![step(1, 400)])],
        open: Some((1, 750)),
        items: vec![Item::new("long", forge::Kind::File(1))],
        ..Batch::default()
    };
    let second = Batch {
        groups: vec![raw[1].to_vec()],
        rows: vec![made(vec![step(2, 300)]), Row::of(300)],
        open: Some((0, 450)),
        revoked: Some(Vec::new()),
        ..Batch::default()
    };
    let ends = Some(forge::digest(&content));
    let steps = vec![step(2, 400), step(2, 50)];
    let third = Batch {
        groups: vec![raw[2].to_vec()],
        rows: vec![Row { ends, ..made(steps) }, Row::of(400)],
        revoked: Some(Vec::new()),
        ..Batch::default()
    };
    let archive = forge::Archive::of_batches(&[first, second, third]);
    (archive.with_id(*b"golden\0\0").bytes(), content)
}

#[test]
fn the_golden_archive_of_a_file_in_pieces_still_holds_it() {
    let bytes = fs::read(golden(PIECES)).unwrap();
    let (archive, content) = with_pieces();
    assert!(archive == bytes, "the tables are as they were");
    let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
    assert!(archive.read("long").unwrap() == content);
    assert!(archive.verify(1, &CONTROL).unwrap().failures.is_empty());
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
    all.retain(|path| ![RECIPES, ROWS, PIECES].map(golden).contains(path));
    // See `golden_parts.rs` and `generations.rs`.
    all.retain(|path| !path.to_string_lossy().contains("/parts-"));
    all.retain(|path| !path.to_string_lossy().contains("/generations-"));
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
    if !golden(RECIPES).exists() {
        fs::write(golden(RECIPES), with_recipes()).unwrap();
    }
    if !golden(ROWS).exists() {
        fs::write(golden(ROWS), with_rows().0).unwrap();
    }
    if !golden(PIECES).exists() {
        fs::write(golden(PIECES), with_pieces().0).unwrap();
    }
    let default = CodecOptions::default().level;
    let apart = [Codec::PearPaper, Codec::Jpeg, Codec::Audio];
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
