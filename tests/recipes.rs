//! Packed files are taken apart, and come back as they were in every way of reading; damage
//! costs only the files that need what is damaged.

#[path = "recipes/damage.rs"]
mod damage;
#[path = "recipes/pieces.rs"]
mod pieces;
#[path = "recipes/streams.rs"]
mod streams;
mod support;

use pear_archive::archive::{
    ArchiveError, Control, ErrorKind, Event, Events, ExtractOptions, ExtractSummary, GivenBases,
    Limits, Recipes, Silent, cat_stream, create_stream, extract, extract_stream, salvage,
    verify_stream,
};
use pear_archive::entry::{Entry, Kind};
use pear_archive::options::{Choice, Codec, CodecOptions, CreateOptions};
use pear_archive::patterns::Patterns;
use pear_archive::tree::WalkOptions;
use pear_archive::{Archive, Builder};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

type Files = BTreeMap<String, Vec<u8>>;

/// Packs bytes as bzip2 does.
fn bz2(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::new(level));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Packs bytes as zlib does.
fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(3));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Returns a packed entry of a zip, with its header.
fn zip_entry(plain: &[u8]) -> Vec<u8> {
    let data = deflate(plain);
    let mut out = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0".to_vec();
    out.extend(crc32fast::hash(plain).to_le_bytes());
    out.extend((data.len() as u32).to_le_bytes());
    out.extend((plain.len() as u32).to_le_bytes());
    out.extend(b"\x04\0\0\0name");
    out.extend(data);
    out
}

/// With such groups, a megabyte of streams is a batch, and half of one is looked at at once.
fn in_pieces(jobs: usize) -> CreateOptions {
    CreateOptions { group_size: 1000, ..options(Codec::Zstd, jobs) }
}

/// Returns text of which no two have the same lines.
fn text(seed: u64, length: usize) -> Vec<u8> {
    let noise = support::noise(seed, length / 4 + 8);
    let words = ["pear", "plum", "garden", "tree", "fence", "the", "a", "under"];
    let word = |&byte: &u8| format!("{}{} ", words[byte as usize % 8], byte / 64).into_bytes();
    noise.iter().flat_map(word).take(length).collect()
}

/// Returns bytes that are no text, and can be packed.
fn numbers(seed: u64, length: usize) -> Vec<u8> {
    support::noise(seed, length).iter().map(|byte| byte % 6).collect()
}

/// Returns packed files of every sort, and others.
fn files() -> Files {
    let twice = bz2(&bz2(&text(7, 3000), 9), 9);
    let mut broken = bz2(&text(8, 5000), 9);
    broken.truncate(400);
    let behind = [bz2(&text(9, 3000), 9), b"and more".to_vec()].concat();
    let all = [
        ("a.txt", text(1, 3000)),
        ("b/one.bz2", bz2(&text(2, 40_000), 9)),
        ("b/two.bz2", bz2(&numbers(3, 30_000), 1)),
        ("b/same.bz2", bz2(&text(2, 40_000), 9)),
        ("b/three.tar.bz2", bz2(&text(4, 9000), 5)),
        ("broken.bz2", broken),
        ("more.bz2", behind),
        ("none.bz2", Vec::new()),
        ("nothing.bz2", bz2(b"", 9)),
        ("short.bz2", b"BZh9".to_vec()),
        ("twice.bz2", twice),
        ("z.bin", numbers(5, 2000)),
    ];
    all.into_iter().map(|(name, content)| (name.to_owned(), content)).collect()
}

fn options(codec: Codec, jobs: usize) -> CreateOptions {
    let codec = CodecOptions { choice: Choice::Only(codec), level: 1, ..CodecOptions::default() };
    CreateOptions { codec, jobs, group_size: 16_000, ..CreateOptions::default() }
}

fn pack(files: &Files, options: CreateOptions) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut builder = Builder::new(&mut archive).options(options);
    for (name, content) in files {
        builder.append_data(Entry::file(name.clone()), content).unwrap();
    }
    if let Some(first) = files.keys().find(|name| name.ends_with("one.bz2")) {
        let kind = Kind::HardLink { target: first.clone().into_bytes() };
        builder.append_entry(Entry { kind, ..Entry::file("link") }).unwrap();
    }
    builder.finish().unwrap();
    archive
}

/// Returns which of the entries are made by recipes.
fn made(archive: &[u8]) -> Vec<String> {
    let archive = Archive::open(archive, &Limits::default()).unwrap();
    let is_made = |entry: &&Entry| match &entry.kind {
        Kind::File(content) => content.is_made(),
        _ => false,
    };
    archive.entries().iter().filter(is_made).map(|entry| entry.display().to_string()).collect()
}

type Outcome = Result<ExtractSummary, ArchiveError>;
type Way = fn(&[u8], &Path, usize) -> Outcome;

fn jobs(jobs: usize) -> ExtractOptions {
    ExtractOptions { jobs, ..ExtractOptions::default() }
}

fn by_index(archive: &[u8], to: &Path, count: usize) -> Outcome {
    extract(archive, to, &jobs(count), &Limits::default(), &CONTROL)
}

fn from_a_pipe(archive: &[u8], to: &Path, count: usize) -> Outcome {
    extract_stream(archive, to, &jobs(count), &Limits::default(), &CONTROL)
}

fn by_search(archive: &[u8], to: &Path, count: usize) -> Outcome {
    salvage(archive, to, &jobs(count), &Limits::default(), &CONTROL)
}

const WAYS: [(&str, Way); 3] =
    [("by index", by_index), ("from a pipe", from_a_pipe), ("by search", by_search)];

/// A directory that costs no disk, if there is one.
fn scratch() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}

fn found(to: &Path) -> Files {
    let all = walkdir::WalkDir::new(to).into_iter().map(|item| item.unwrap());
    let name = |path: &Path| path.strip_prefix(to).unwrap().to_str().unwrap().to_owned();
    all.filter(|item| item.file_type().is_file())
        .map(|item| (name(item.path()), fs::read(item.path()).unwrap()))
        .collect()
}

#[test]
fn files_come_back_as_they_were_in_every_way_of_reading() {
    let mut files = files();
    let archive = pack(&files, options(Codec::Zstd, 1));
    let expected =
        ["b/one.bz2", "b/same.bz2", "b/three.tar.bz2", "b/two.bz2", "more.bz2", "twice.bz2"];
    assert_eq!(made(&archive), expected);
    files.insert("link".to_owned(), files["b/one.bz2"].clone());
    for (way, read) in WAYS {
        for count in [1, 3] {
            let to = scratch();
            let done = read(&archive, to.path(), count).unwrap();
            let whole = done.failures.is_empty() || way == "by search";
            assert!(whole, "{way} {count}: {done:?}");
            assert_eq!(done.entries, files.len() as u64, "{way}");
            assert!(found(to.path()) == files, "{way} {count}");
        }
    }
    let opened = Archive::open(&archive[..], &Limits::default()).unwrap();
    for summary in [opened.verify(2, &CONTROL), opened.verify_quick(&CONTROL)] {
        assert!(summary.unwrap().failures.is_empty());
    }
    let verified =
        verify_stream(&archive[..], 2, &GivenBases::default(), &Limits::default(), &CONTROL)
            .unwrap();
    assert!(verified.failures.is_empty(), "{verified:?}");
    for (name, content) in &files {
        assert!(opened.read(name).unwrap() == *content, "{name}");
        let mut printed = Vec::new();
        opened.cat(name, &mut printed, 1, &CONTROL).unwrap();
        assert!(printed == *content, "{name}");
    }
}

#[test]
fn a_file_is_read_from_any_place() {
    let files = files();
    let archive = pack(&files, options(Codec::Zstd, 1));
    let opened = Archive::open(&archive[..], &Limits::default()).unwrap();
    let (name, content) = ("b/two.bz2", &files["b/two.bz2"]);
    let mut reader = opened.reader(opened.entry(name).unwrap()).unwrap();
    assert_eq!(reader.size(), content.len() as u64);
    for at in [700, 0, content.len() - 3, content.len(), content.len() + 9] {
        reader.seek(SeekFrom::Start(at as u64)).unwrap();
        let mut bytes = Vec::new();
        reader.by_ref().take(50).read_to_end(&mut bytes).unwrap();
        let start = at.min(content.len());
        assert_eq!(bytes, content[start..content.len().min(start + 50)], "{at}");
    }
    // Its groups were kept: another file of them costs nothing.
    let before = opened.groups_decoded();
    opened.read("b/two.bz2").unwrap();
    assert_eq!(opened.groups_decoded(), before);
}

#[test]
fn the_order_asked_for_decides_the_order_of_the_contents() {
    let files = files();
    let archive = pack(&files, options(Codec::Zstd, 1));
    let opened = Archive::open(&archive[..], &Limits::default()).unwrap();
    let names = ["z.bin", "twice.bz2", "a.txt", "b/two.bz2", "b/one.bz2", "b/same.bz2", "a.txt"];
    let expected: Vec<u8> = names.iter().flat_map(|name| files[*name].clone()).collect();
    for count in [1, 3] {
        let paths: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
        let mut printed = Vec::new();
        opened.cat_all(&paths, &mut printed, count, &CONTROL).unwrap();
        assert!(printed == expected, "{count}");
    }
    let patterns = Patterns::selecting(&["b/two.bz2"]).unwrap();
    let mut printed = Vec::new();
    let limits = Limits::default();
    cat_stream(&archive[..], &patterns, &mut printed, 1, &GivenBases::default(), &limits, &CONTROL)
        .unwrap();
    assert!(printed == files["b/two.bz2"]);
    let mut given = Files::new();
    let work = |entry: &Entry, content| {
        given.insert(entry.display().to_string(), content);
        Ok(())
    };
    opened.for_each_file(&jobs(2), &CONTROL, work).unwrap();
    assert!(given == files);
}

#[test]
fn what_is_in_the_files_is_stored_and_not_the_files() {
    // Packed, they have nothing in common.
    let content = |number: u64| [number.to_string().into_bytes(), text(2, 20_000)].concat();
    let plain: Files = (1..5).map(|number| (number.to_string(), content(number))).collect();
    let packed = plain.iter().map(|(name, content)| (format!("{name}.bz2"), bz2(content, 9)));
    let size = |files: &Files, recipes| {
        let options = CreateOptions { group_size: 1 << 20, ..options(Codec::Zstd, 1) };
        pack(files, CreateOptions { recipes, ..options }).len()
    };
    let (packed, plain) = (packed.collect(), size(&plain, Recipes::ALL));
    let (apart, as_is) = (size(&packed, Recipes::ALL), size(&packed, Recipes::NONE));
    assert!(apart < plain + 200, "{apart} and {plain}");
    assert!(apart * 4 < as_is * 3, "{apart} and {as_is}");
}

#[test]
fn neither_threads_nor_the_order_of_calls_change_the_archive() {
    let files = files();
    let one = pack(&files, options(Codec::Zstd, 1));
    for count in [2, 5] {
        assert!(pack(&files, options(Codec::Zstd, count)) == one, "{count}");
    }
    let mut archive = Vec::new();
    let mut builder = Builder::new(&mut archive).options(options(Codec::Zstd, 3));
    for (name, content) in files.iter().rev() {
        builder.append_data(Entry::file(name.clone()), content).unwrap();
    }
    let kind = Kind::HardLink { target: b"b/one.bz2".to_vec() };
    builder.append_entry(Entry { kind, ..Entry::file("link") }).unwrap();
    builder.finish().unwrap();
    assert!(archive == one);
}

#[test]
fn files_are_taken_apart_only_where_it_is_allowed() {
    let files = files();
    let with = |recipes| pack(&files, CreateOptions { recipes, ..options(Codec::Zstd, 1) });
    assert!(made(&with(Recipes::NONE)).is_empty());
    assert_eq!(made(&with(Recipes::NONE.and("bzip2").unwrap())), made(&with(Recipes::ALL)));
    assert!(Recipes::NONE.and("rar").is_none());
    // What is stored as it is would only become longer.
    assert!(made(&pack(&files, options(Codec::Store, 1))).is_empty());
    // One that cannot be taken apart lies among its like.
    let (as_is, apart) = (with(Recipes::NONE), with(Recipes::ALL));
    let place = |archive: &[u8]| {
        let opened = Archive::open(archive, &Limits::default()).unwrap();
        let group = |name: &str| match &opened.entry(name).unwrap().kind {
            Kind::File(content) => content.extents[0].group,
            _ => unreachable!(),
        };
        group("nothing.bz2") == group("broken.bz2")
    };
    assert!(place(&as_is) && place(&apart));
}

#[test]
fn a_bzip2_stream_longer_than_a_batch_is_stored_as_it_is() {
    let mut files = Files::new();
    // With such groups, a megabyte of streams is too much for one batch.
    files.insert("large.bz2".to_owned(), bz2(&text(1, 2_200_000), 9));
    files.insert("small.bz2".to_owned(), bz2(&text(2, 100_000), 9));
    let archive = pack(&files, CreateOptions { group_size: 1000, ..options(Codec::Zstd, 2) });
    assert_eq!(made(&archive), ["small.bz2"]);
    let to = scratch();
    from_a_pipe(&archive, to.path(), 2).unwrap();
    assert!(found(to.path()) == files);
}

#[test]
fn many_files_make_several_batches() {
    let mut files = Files::new();
    for number in 0..20 {
        let content = match number % 3 {
            0 => numbers(number, 30_000),
            _ => text(number, 36_000),
        };
        files.insert(format!("{number:02}.bz2"), bz2(&content, 9));
    }
    let archive = pack(&files, CreateOptions { group_size: 128, ..options(Codec::Zstd, 3) });
    assert_eq!(made(&archive).len(), 20);
    for (way, read) in WAYS {
        let to = scratch();
        read(&archive, to.path(), 4).unwrap();
        assert!(found(to.path()) == files, "{way}");
    }
    let opened = Archive::open(&archive[..], &Limits::default()).unwrap();
    // Groups are decoded once, although files are asked for in another order.
    let mut names: Vec<&[u8]> = files.keys().map(|name| name.as_bytes()).collect();
    names.reverse();
    let mut printed = Vec::new();
    opened.keep_groups(0);
    let done = opened.cat_all(&names, &mut printed, 3, &CONTROL).unwrap();
    assert_eq!(done.groups_decoded, opened.groups().count() as u64);
    let expected: Vec<u8> = files.values().rev().flatten().copied().collect();
    assert!(printed == expected);
}

/// Changes something once all files were looked at, and keeps warnings.
struct Meanwhile<'a> {
    action: &'a dyn Fn(),
    warnings: RefCell<Vec<String>>,
}

impl Events for Meanwhile<'_> {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Total { .. } => (self.action)(),
            Event::Warning(error) => self.warnings.borrow_mut().push(error.to_string()),
            _ => {}
        }
    }
}

#[test]
fn a_file_that_changes_meanwhile_is_archived_as_it_is_then_and_reported() {
    let (old, new) = (bz2(&text(1, 9000), 9), bz2(&text(2, 7000), 9));
    type Action<'a> = (&'a str, &'a dyn Fn(&Path), Option<&'a [u8]>);
    let actions: [Action; 3] = [
        ("replaced", &|path| fs::write(path, &new).unwrap(), Some(&new)),
        ("removed", &|path| fs::remove_file(path).unwrap(), None),
        ("cut", &|path| fs::write(path, &old[..50]).unwrap(), Some(&old[..50])),
    ];
    for (what, action, expected) in actions {
        let tree = scratch();
        let path = tree.path().join("a.bz2");
        for name in ["a.bz2", "b.bz2", "c.bz2"] {
            fs::write(tree.path().join(name), &old).unwrap();
        }
        let events = Meanwhile { action: &|| action(&path), warnings: RefCell::default() };
        let control = Control { events: &events, cancel: &GO_ON };
        let walking = WalkOptions { base: tree.path().to_owned(), ..WalkOptions::default() };
        let mut archive = Vec::new();
        let all = [PathBuf::from(".")];
        create_stream(&mut archive, &all, walking, &options(Codec::Zstd, 2), &control).unwrap();
        assert_eq!(events.warnings.borrow().len(), 1, "{what}: {:?}", events.warnings.borrow());
        let to = scratch();
        let done = from_a_pipe(&archive, to.path(), 1).unwrap();
        assert!(done.failures.is_empty(), "{what}: {done:?}");
        let out = found(to.path());
        assert_eq!(out.get("a.bz2").map(|content| &content[..]), expected, "{what}");
        assert!(out["b.bz2"] == old && out["c.bz2"] == old, "{what}");
    }
}

#[test]
fn an_archive_of_a_tree_gives_the_tree_back_through_the_program() {
    let at = TempDir::new().unwrap();
    let tree = at.path().join("tree");
    fs::create_dir_all(tree.join("b")).unwrap();
    for (name, content) in files() {
        fs::write(tree.join(name), content).unwrap();
    }
    fs::hard_link(tree.join("b/one.bz2"), tree.join("linked.bz2")).unwrap();
    support::run(at.path(), "create x.pear tree --level 1", 0);
    support::run(at.path(), "verify x.pear", 0);
    fs::create_dir(at.path().join("out")).unwrap();
    support::run(at.path(), "extract x.pear -C out", 0);
    support::assert_same(&tree, &at.path().join("out/tree"));
    let (info, _) = support::run(at.path(), "info x.pear", 0);
    assert!(info.contains("recipes     5 files of ") && info.contains("bzip2 5"), "{info}");
    let (info, _) = support::run(at.path(), "info --json x.pear", 0);
    assert!(info.lines().next().unwrap().contains("\"made\":5,"), "{info}");
    let (list, _) = support::run(at.path(), "list --long x.pear", 0);
    assert!(list.contains("b/one.bz2 made of 40000 bytes: bzip2\n"), "{list}");
    let (list, _) = support::run(at.path(), "list --json x.pear", 0);
    assert_eq!(list.matches("\"recipe\":[\"bzip2\"]").count(), 5, "{list}");
    for option in ["--no-recipes", "--kinds bzip2"] {
        support::run(at.path(), &format!("create other.pear tree --level 1 {option}"), 0);
        let (info, _) = support::run(at.path(), "info other.pear", 0);
        assert_eq!(info.contains("recipes "), option != "--no-recipes", "{info}");
    }
    let (_, error) = support::run(at.path(), "create other.pear tree --kinds rar", 2);
    assert!(error.contains("bzip2"), "{error}");
    support::run(at.path(), "export x.pear x.tar", 0);
    support::run(at.path(), "import y.pear x.tar --level 1", 0);
    let archive = fs::read(at.path().join("x.pear")).unwrap();
    let piped = support::pear(at.path()).args(["export", "-", "-"]).write_stdin(archive).output();
    let output = piped.unwrap();
    assert!(output.status.success());
    fs::write(at.path().join("piped.tar"), output.stdout).unwrap();
    support::run(at.path(), "import z.pear piped.tar --level 1", 0);
    assert!(
        fs::read(at.path().join("y.pear")).unwrap() == fs::read(at.path().join("z.pear")).unwrap()
    );
    fs::create_dir(at.path().join("again")).unwrap();
    support::run(at.path(), "extract y.pear -C again", 0);
    support::assert_same(&tree, &at.path().join("again/tree"));
}
