//! Whole archives: everything that goes in comes out, alone, in order, from a pipe.

#[path = "archive/contents.rs"]
mod contents;
#[path = "archive/failing.rs"]
mod failing;
mod support;

use pear_archive::archive::{
    Archive, ArchiveError, Control, CreateOptions, CreateSummary, ErrorKind, Event, Events,
    ExtractOptions, ExtractSummary, Limits, Silent, create, create_stream, extract, extract_stream,
    list_stream,
};
use pear_archive::codec::{Choice, Codec, CodecOptions};
use pear_archive::entry::{Entry, Kind};
use pear_archive::tree::{Patterns, RestoreOptions, WalkOptions};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use support::{assert_same, build_tree, noise};
use tempfile::TempDir;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

fn options(codec: Codec, group_size: u64) -> CreateOptions {
    let codec = CodecOptions { choice: Choice::Only(codec), ..CodecOptions::default() };
    CreateOptions { codec, group_size, jobs: 2, verify: true, ..CreateOptions::default() }
}

fn walking(base: &Path) -> WalkOptions {
    WalkOptions { base: base.to_owned(), ..WalkOptions::default() }
}

/// Archives all of `tree` in memory.
fn pack(tree: &Path, options: &CreateOptions) -> (Vec<u8>, CreateSummary) {
    let mut archive = Vec::new();
    let operands = [PathBuf::from(".")];
    let summary = create_stream(&mut archive, &operands, walking(tree), options, &CONTROL).unwrap();
    (archive, summary)
}

fn preserving() -> ExtractOptions {
    let restore = RestoreOptions { preserve: true, ..RestoreOptions::default() };
    ExtractOptions { restore, jobs: 2, ..ExtractOptions::default() }
}

fn selecting(patterns: &[&str]) -> ExtractOptions {
    let patterns = Patterns::selecting(patterns).unwrap();
    ExtractOptions { patterns, ..preserving() }
}

fn unpack(archive: &[u8], to: &Path, options: &ExtractOptions) -> ExtractSummary {
    let archive = Archive::open(archive, &Limits::default()).unwrap();
    archive.extract(to, options, &CONTROL).unwrap()
}

/// Copies the root directory's own metadata, which no archive of `.` has.
fn assert_same_below(left: &Path, right: &Path) {
    let metadata = fs::metadata(left).unwrap();
    fs::set_permissions(right, metadata.permissions()).unwrap();
    let modified = std::os::unix::fs::MetadataExt::mtime(&metadata);
    let nanoseconds = std::os::unix::fs::MetadataExt::mtime_nsec(&metadata);
    support::set_time(right, modified, nanoseconds);
    assert_same(left, right);
}

#[test]
fn a_tree_comes_back_whole_through_the_index_and_from_a_pipe() {
    let tree = TempDir::new().unwrap();
    build_tree(tree.path());
    for (codec, group_size) in [(Codec::Store, 1 << 23), (Codec::Zstd, 10_000), (Codec::Zstd, 7)] {
        let (archive, summary) = pack(tree.path(), &options(codec, group_size));
        assert_eq!(summary.stored, archive.len() as u64);
        let (indexed, piped) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let done = unpack(&archive, indexed.path(), &preserving());
        assert!(done.failures.is_empty(), "{done:?}");
        assert_eq!(done.entries, summary.entries);
        assert_same_below(tree.path(), indexed.path());
        let limits = Limits::default();
        let done = extract_stream(&archive[..], piped.path(), &preserving(), &limits, &CONTROL);
        let done = done.unwrap();
        assert!(done.failures.is_empty(), "{done:?}");
        assert_eq!(done.entries, summary.entries);
        assert_same_below(tree.path(), piped.path());
    }
}

#[test]
fn an_intact_archive_is_found_intact_and_lists_the_same_from_a_pipe() {
    let tree = TempDir::new().unwrap();
    build_tree(tree.path());
    let (bytes, _) = pack(tree.path(), &options(Codec::Zstd, 10_000));
    let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
    let quick = archive.verify_quick(&CONTROL).unwrap();
    assert!(quick.failures.is_empty(), "{quick:?}");
    let full = archive.verify(2, &CONTROL).unwrap();
    assert!(full.failures.is_empty(), "{full:?}");
    assert_eq!(full.entries, archive.entries().len() as u64);
    assert_eq!(list_stream(&bytes[..], &Limits::default(), &CONTROL).unwrap(), archive.entries());
}

#[test]
fn the_same_tree_gives_the_same_bytes_for_any_number_of_workers() {
    let tree = TempDir::new().unwrap();
    build_tree(tree.path());
    let mut settings = options(Codec::Zstd, 5_000);
    let (first, _) = pack(tree.path(), &settings);
    for (jobs, memory) in [(1, 4 << 30), (3, 64 << 20), (8, 4 << 30)] {
        (settings.jobs, settings.memory) = (jobs, memory);
        assert!(pack(tree.path(), &settings).0 == first, "{jobs} jobs");
    }
}

#[test]
fn one_file_decodes_only_its_own_groups() {
    let tree = TempDir::new().unwrap();
    for number in 0..8u8 {
        let name = format!("{number}.bin");
        fs::write(tree.path().join(name), noise(number.into(), 1000)).unwrap();
    }
    fs::write(tree.path().join("long.zzz"), noise(9, 3500)).unwrap();
    let (bytes, summary) = pack(tree.path(), &options(Codec::Store, 1000));
    assert_eq!(summary.groups, 12);
    let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
    let decoded = |name: &str| {
        let mut content = Vec::new();
        let done = archive.cat(name.as_bytes(), &mut content, 1, &CONTROL).unwrap();
        assert_eq!(content, fs::read(tree.path().join(name)).unwrap());
        done.groups_decoded
    };
    assert_eq!(decoded("5.bin"), 1);
    assert_eq!(decoded("long.zzz"), 4);
    let to = TempDir::new().unwrap();
    assert_eq!(unpack(&bytes, to.path(), &selecting(&["3.bin", "4.bin"])).groups_decoded, 2);
    let to = TempDir::new().unwrap();
    let chosen = selecting(&["3.bin"]);
    let piped = extract_stream(&bytes[..], to.path(), &chosen, &Limits::default(), &CONTROL);
    assert_eq!(piped.unwrap().groups_decoded, 1);
    assert_eq!(fs::read_dir(to.path()).unwrap().count(), 1);
}

#[test]
fn a_long_file_is_cut_into_equal_groups() {
    let tree = TempDir::new().unwrap();
    fs::write(tree.path().join("long"), noise(1, 10_001)).unwrap();
    let (bytes, _) = pack(tree.path(), &options(Codec::Store, 4_000));
    let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
    let lengths: Vec<u64> = archive.groups().map(|group| group.raw_length).collect();
    assert_eq!(lengths, [3334, 3334, 3333]);
}

#[test]
fn files_of_one_kind_share_groups() {
    let tree = TempDir::new().unwrap();
    for number in 0..3u64 {
        let text = format!("line {number} of a text\n").repeat(50_000);
        fs::write(tree.path().join(format!("{number}.txt")), text).unwrap();
        fs::write(tree.path().join(format!("{number}.gz")), noise(number, 200_000)).unwrap();
    }
    let (bytes, summary) = pack(tree.path(), &options(Codec::Zstd, 8 << 20));
    assert_eq!(summary.groups, 2);
    let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
    for entry in archive.entries() {
        let Kind::File(content) = &entry.kind else { panic!("{entry:?}") };
        assert_eq!(content.extents[0].group, entry.path.ends_with(b".gz") as u64);
    }
}

#[test]
fn identical_files_are_stored_once() {
    let tree = TempDir::new().unwrap();
    let same = noise(1, 5_000);
    for name in ["a", "b.txt", "c"] {
        fs::write(tree.path().join(name), &same).unwrap();
    }
    fs::write(tree.path().join("other"), noise(2, 5_000)).unwrap();
    for group_size in [1 << 20, 700] {
        let (bytes, summary) = pack(tree.path(), &options(Codec::Store, group_size));
        assert_eq!(summary.bytes, 10_000);
        for chosen in [vec![], vec!["b.txt"], vec!["a", "c"]] {
            let (indexed, piped) = (TempDir::new().unwrap(), TempDir::new().unwrap());
            unpack(&bytes, indexed.path(), &selecting(&chosen));
            let chosen = selecting(&chosen);
            extract_stream(&bytes[..], piped.path(), &chosen, &Limits::default(), &CONTROL)
                .unwrap();
            assert_same_below(indexed.path(), piped.path());
            for item in fs::read_dir(piped.path()).unwrap() {
                let path = item.unwrap().path();
                let name = path.file_name().unwrap();
                assert_eq!(fs::read(&path).unwrap(), fs::read(tree.path().join(name)).unwrap());
            }
        }
    }
}

#[test]
fn some_links_of_a_set_come_out_linked_to_each_other() {
    let tree = TempDir::new().unwrap();
    fs::write(tree.path().join("a"), noise(1, 900)).unwrap();
    for name in ["b", "c", "d"] {
        fs::hard_link(tree.path().join("a"), tree.path().join(name)).unwrap();
    }
    let (bytes, _) = pack(tree.path(), &options(Codec::Store, 200));
    for piped in [false, true] {
        let to = TempDir::new().unwrap();
        let chosen = selecting(&["c", "d"]);
        let done = match piped {
            true => extract_stream(&bytes[..], to.path(), &chosen, &Limits::default(), &CONTROL)
                .unwrap(),
            false => unpack(&bytes, to.path(), &chosen),
        };
        assert!(done.failures.is_empty(), "{done:?}");
        assert_eq!(fs::read(to.path().join("d")).unwrap(), noise(1, 900));
        let inode = |name| {
            std::os::unix::fs::MetadataExt::ino(&fs::metadata(to.path().join(name)).unwrap())
        };
        assert_eq!(inode("c"), inode("d"));
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 2);
    }
}

#[test]
fn sparse_files_store_their_data_only() {
    let tree = TempDir::new().unwrap();
    support::sparse_file(&tree.path().join("sparse"));
    let blocks = |path: &Path| std::os::unix::fs::MetadataExt::blocks(&fs::metadata(path).unwrap());
    if blocks(&tree.path().join("sparse")) > 1000 {
        return; // this file system has no holes
    }
    let (bytes, summary) = pack(tree.path(), &options(Codec::Store, 3_000));
    assert!(summary.bytes < 100_000, "{summary:?}");
    let to = TempDir::new().unwrap();
    unpack(&bytes, to.path(), &preserving());
    assert_same_below(tree.path(), to.path());
    assert!(blocks(&to.path().join("sparse")) < 1000);
    let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
    let mut content = Vec::new();
    archive.cat(b"sparse", &mut content, 1, &CONTROL).unwrap();
    assert_eq!(content, fs::read(tree.path().join("sparse")).unwrap());
}

#[test]
fn patterns_that_select_nothing_are_errors() {
    let tree = TempDir::new().unwrap();
    fs::write(tree.path().join("a"), "a").unwrap();
    let (bytes, _) = pack(tree.path(), &options(Codec::Store, 100));
    let to = TempDir::new().unwrap();
    let chosen = selecting(&["a", "nothing"]);
    let indexed = extract(&bytes[..], to.path(), &chosen, &Limits::default(), &CONTROL);
    assert!(
        matches!(indexed, Err(ArchiveError::NotFound { pattern, .. }) if pattern == b"nothing")
    );
    assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0, "nothing is written before");
    let piped = extract_stream(&bytes[..], to.path(), &chosen, &Limits::default(), &CONTROL);
    assert!(matches!(piped, Err(ArchiveError::NotFound { pattern, .. }) if pattern == b"nothing"));
}

#[test]
fn an_empty_archive_and_one_of_empty_things_work() {
    let tree = TempDir::new().unwrap();
    let (bytes, summary) = pack(tree.path(), &options(Codec::Zstd, 100));
    assert_eq!((summary.entries, summary.groups), (0, 0));
    let to = TempDir::new().unwrap();
    assert!(unpack(&bytes, to.path(), &preserving()).failures.is_empty());
    // More than one ENTRY section can hold.
    for number in 0..20_000 {
        fs::write(tree.path().join(format!("{number}")), "").unwrap();
    }
    fs::create_dir(tree.path().join("d")).unwrap();
    let (bytes, summary) = pack(tree.path(), &options(Codec::Zstd, 100));
    assert_eq!((summary.entries, summary.groups), (20_001, 0));
    let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
    let sum = archive.verify(1, &CONTROL).unwrap();
    assert!(sum.failures.is_empty() && sum.entries == 20_001);
    let listed: Vec<Entry> = list_stream(&bytes[..], &Limits::default(), &CONTROL).unwrap();
    assert_eq!(listed.len(), 20_001);
    let done = extract_stream(&bytes[..], to.path(), &preserving(), &Limits::default(), &CONTROL);
    assert_eq!(done.unwrap().entries, 20_001);
}
