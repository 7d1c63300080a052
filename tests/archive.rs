//! Whole archives: everything that goes in comes out, alone, in order, from a pipe.

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
use support::{assert_same, build_tree};
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

/// Returns bytes without repetitions, different for every seed.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(step).collect()
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
    for (jobs, memory) in [(1, 4 << 30), (3, 40 << 20), (8, 4 << 30)] {
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

/// Returns what `cat_all` writes of files, and the number of groups it decodes.
fn cat_all(archive: &Archive<&[u8]>, names: &[&str]) -> (Vec<u8>, u64) {
    let paths: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
    let mut written = Vec::new();
    let done = archive.cat_all(&paths, &mut written, 2, &CONTROL).unwrap();
    (written, done.groups_decoded)
}

#[test]
fn many_files_come_in_the_order_asked_for_and_each_group_is_decoded_once() {
    let tree = TempDir::new().unwrap();
    let names: Vec<String> = (0..12).map(|number| format!("{number:02}.bin")).collect();
    for (number, name) in names.iter().enumerate() {
        // Files end within groups, so that neighbours share a group.
        fs::write(tree.path().join(name), noise(number as u64, 700 * number)).unwrap();
    }
    build_tree(&tree.path().join("t"));
    let (bytes, summary) = pack(tree.path(), &options(Codec::Store, 4096));
    let mut orders = vec![names.clone(), names.iter().rev().cloned().collect(), names.clone()];
    orders[2].sort_by_key(|name| noise(name.bytes().map(u64::from).sum(), 1));
    orders[2].extend(["t/sparse", "05.bin", "t/zero", "t/sub/linked.txt"].map(str::to_owned));
    // With little memory, everything that has to wait is put into a file.
    for memory in [Limits::default().memory, 1 << 20] {
        let limits = Limits { memory, ..Limits::default() };
        let archive = Archive::open(&bytes[..], &limits).unwrap();
        for order in &orders {
            let names: Vec<&str> = order.iter().map(String::as_str).collect();
            let wanted: Vec<u8> =
                names.iter().flat_map(|name| fs::read(tree.path().join(name)).unwrap()).collect();
            let (written, decoded) = cat_all(&archive, &names);
            assert!(written == wanted, "{names:?}");
            assert!(decoded <= summary.groups, "{decoded} of {}", summary.groups);
        }
    }
}

#[test]
fn of_a_damaged_file_cat_writes_nothing() {
    let tree = TempDir::new().unwrap();
    for (seed, name) in ["a", "b", "c"].into_iter().enumerate() {
        fs::write(tree.path().join(name), noise(seed as u64 + 1, 40_000)).unwrap();
    }
    let content = |name: &str| fs::read(tree.path().join(name)).unwrap();
    let (mut bytes, _) = pack(tree.path(), &options(Codec::Store, 4096));
    let tail = &content("b")[39_900..39_950];
    let place = bytes.windows(50).position(|window| window == tail).unwrap();
    bytes[place] ^= 1;
    // Whether the file waits in memory or is long enough to be streamed.
    for memory in [Limits::default().memory, 512 << 10] {
        let limits = Limits { memory, ..Limits::default() };
        let archive = Archive::open(&bytes[..], &limits).unwrap();
        let (paths, mut written) = ([&b"c"[..], b"b", b"a"], Vec::new());
        let done = archive.cat_all(&paths, &mut written, 1, &CONTROL).unwrap();
        assert_eq!(done.failed(ErrorKind::Integrity), 1);
        assert!(written == [content("c"), content("a")].concat());
    }
}

/// Returns the seconds of processor time that this process has used.
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// A hole of 4 TiB could not be hashed in the minutes a test may take: the bounds are
/// hundreds of times what is needed.
#[test]
fn a_hole_costs_nothing_however_large_it_is() {
    const SIZE: u64 = 4 << 40;
    let tree = TempDir::new().unwrap();
    let path = tree.path().join("last");
    let file = File::create(&path).unwrap();
    if file.set_len(SIZE).is_err() {
        return; // this file system cannot hold such large files
    }
    std::os::unix::fs::FileExt::write_all_at(&file, b"island", SIZE / 2).unwrap();
    // Another file of that size, so that both are compared for equal content.
    File::create(tree.path().join("hole")).unwrap().set_len(SIZE).unwrap();
    let begun = cpu_seconds();
    let (bytes, summary) = pack(tree.path(), &options(Codec::Store, 1 << 20));
    assert!(summary.bytes < 1 << 20, "{summary:?}");
    let limits = Limits { output_bytes: u64::MAX, ..Limits::default() };
    let archive = Archive::open(&bytes[..], &limits).unwrap();
    let verified = archive.verify(1, &CONTROL).unwrap();
    assert!(verified.failures.is_empty() && verified.entries == 2, "{verified:?}");
    let to = TempDir::new().unwrap();
    let done = archive.extract(to.path(), &preserving(), &CONTROL).unwrap();
    assert!(done.failures.is_empty(), "{done:?}");
    assert_eq!(fs::metadata(to.path().join("last")).unwrap().len(), SIZE);
    let mut island = [0; 8];
    let restored = File::open(to.path().join("last")).unwrap();
    std::os::unix::fs::FileExt::read_exact_at(&restored, &mut island, SIZE / 2 - 1).unwrap();
    assert_eq!(&island, b"\0island\0");
    assert!(cpu_seconds() - begun < 60.0);
}

#[test]
fn equal_content_with_other_holes_is_kept_with_its_own() {
    let tree = TempDir::new().unwrap();
    for name in ["full", "full2"] {
        fs::write(tree.path().join(name), vec![0; 1 << 20]).unwrap();
    }
    for name in ["hole", "hole2"] {
        File::create(tree.path().join(name)).unwrap().set_len(1 << 20).unwrap();
    }
    let (bytes, summary) = pack(tree.path(), &options(Codec::Store, 1 << 22));
    let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
    assert!(archive.verify(1, &CONTROL).unwrap().failures.is_empty());
    let holes = |name: &[u8]| match &archive.entry(name).unwrap().kind {
        Kind::File(content) => content.segments.is_some(),
        kind => panic!("{kind:?}"),
    };
    if holes(b"hole") {
        assert_eq!(summary.bytes, 1 << 20, "each content once, holes left out");
    }
    assert!(!holes(b"full") && !holes(b"full2"));
    let to = TempDir::new().unwrap();
    assert!(unpack(&bytes, to.path(), &preserving()).failures.is_empty());
    assert_same_below(tree.path(), to.path());
}

#[test]
fn an_archive_leaves_itself_out_and_replaces_only_when_whole() {
    let tree = TempDir::new().unwrap();
    fs::write(tree.path().join("file"), "content").unwrap();
    let target = tree.path().join("self.pear");
    let make = |control: &Control| {
        let operands = [PathBuf::from(".")];
        create(&target, &operands, walking(tree.path()), &options(Codec::Store, 100), control)
    };
    for _ in 0..2 {
        assert_eq!(make(&CONTROL).unwrap().entries, 1);
    }
    let before = fs::read(&target).unwrap();
    let cancel = AtomicBool::new(true);
    let stopped = make(&Control { events: &Silent, cancel: &cancel }).unwrap_err();
    assert_eq!(stopped.kind(), ErrorKind::Interrupted);
    assert_eq!(fs::read(&target).unwrap(), before);
    assert_eq!(fs::read_dir(tree.path()).unwrap().count(), 2, "nothing is left behind");
}

/// A control that cancels after a number of groups.
struct StopAfter<'a> {
    groups: Mutex<u32>,
    cancel: &'a AtomicBool,
}

impl Events for StopAfter<'_> {
    fn event(&self, event: Event<'_>) {
        if let Event::Progress { .. } = event {
            let mut groups = self.groups.lock().unwrap();
            *groups -= 1;
            self.cancel.store(*groups == 0, Ordering::Relaxed);
        }
    }
}

#[test]
fn an_interrupted_creation_leaves_nothing() {
    let tree = TempDir::new().unwrap();
    fs::write(tree.path().join("long"), noise(1, 10_000)).unwrap();
    let place = TempDir::new().unwrap();
    let cancel = AtomicBool::new(false);
    let events = StopAfter { groups: Mutex::new(3), cancel: &cancel };
    let control = Control { events: &events, cancel: &cancel };
    let target = place.path().join("a.pear");
    let operands = [PathBuf::from("long")];
    let settings = options(Codec::Store, 100);
    let stopped = create(&target, &operands, walking(tree.path()), &settings, &control);
    assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn a_full_disk_is_an_error_and_not_half_an_archive() {
    let Ok(full) = File::create("/dev/full") else { return };
    let tree = TempDir::new().unwrap();
    fs::write(tree.path().join("long"), noise(1, 10_000)).unwrap();
    let operands = [PathBuf::from("long")];
    let settings = options(Codec::Store, 100);
    let failed = create_stream(full, &operands, walking(tree.path()), &settings, &CONTROL);
    assert_eq!(failed.unwrap_err().kind(), ErrorKind::Environment);
}

/// A control that removes a file as soon as the total is known, after the walk.
struct Vanish(PathBuf, Mutex<Vec<String>>);

impl Events for Vanish {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Total { .. } => fs::remove_file(&self.0).unwrap(),
            Event::Warning(error) => self.1.lock().unwrap().push(error.to_string()),
            _ => {}
        }
    }
}

#[test]
fn a_file_that_vanishes_is_reported_and_the_rest_archived() {
    let tree = TempDir::new().unwrap();
    for name in ["a", "b", "c"] {
        fs::write(tree.path().join(name), noise(1, 500)).unwrap();
    }
    fs::write(tree.path().join("d"), noise(2, 500)).unwrap();
    fs::hard_link(tree.path().join("a"), tree.path().join("z")).unwrap();
    let events = Vanish(tree.path().join("a"), Mutex::default());
    let control = Control { events: &events, cancel: &GO_ON };
    let mut bytes = Vec::new();
    let operands = [PathBuf::from(".")];
    let settings = options(Codec::Store, 100);
    create_stream(&mut bytes, &operands, walking(tree.path()), &settings, &control).unwrap();
    let warnings = events.1.into_inner().unwrap();
    assert!(warnings.len() == 1 && warnings[0].contains("/a"), "{warnings:?}");
    let to = TempDir::new().unwrap();
    let done = unpack(&bytes, to.path(), &preserving());
    assert!(done.failures.is_empty());
    assert_same_below(tree.path(), to.path());
}

/// A control that changes the end of a file as soon as its first group is written.
struct Rewrite(PathBuf, Mutex<Vec<String>>);

impl Events for Rewrite {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Progress { .. } => {
                let file = File::options().write(true).open(&self.0).unwrap();
                std::os::unix::fs::FileExt::write_all_at(&file, b"changed", 9_990).unwrap();
            }
            Event::Warning(error) => self.1.lock().unwrap().push(error.to_string()),
            _ => {}
        }
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_spoils_no_other() {
    let tree = TempDir::new().unwrap();
    let content = noise(1, 10_000);
    for name in ["a", "b", "c"] {
        fs::write(tree.path().join(name), &content).unwrap();
    }
    fs::hard_link(tree.path().join("b"), tree.path().join("link")).unwrap();
    let events = Rewrite(tree.path().join("a"), Mutex::default());
    let control = Control { events: &events, cancel: &GO_ON };
    let mut bytes = Vec::new();
    let operands = [PathBuf::from(".")];
    let settings = CreateOptions { jobs: 1, ..options(Codec::Store, 500) };
    let summary =
        create_stream(&mut bytes, &operands, walking(tree.path()), &settings, &control).unwrap();
    assert_eq!(summary.bytes, 20_000, "b and c still share their content");
    let warnings = events.1.into_inner().unwrap();
    assert!(warnings.len() == 1 && warnings[0].contains("/a"), "{warnings:?}");
    let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
    assert!(archive.verify(1, &CONTROL).unwrap().failures.is_empty());
    for chosen in [&[][..], &["link"], &["c", "link"]] {
        let (indexed, piped) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let done = unpack(&bytes, indexed.path(), &selecting(chosen));
        assert!(done.failures.is_empty(), "{done:?}");
        let limits = Limits::default();
        let done = extract_stream(&bytes[..], piped.path(), &selecting(chosen), &limits, &CONTROL);
        assert!(done.as_ref().unwrap().failures.is_empty(), "{done:?}");
        assert_same_below(indexed.path(), piped.path());
        assert_eq!(fs::read(piped.path().join("link")).unwrap(), content);
    }
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
