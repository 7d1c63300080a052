//! Damaged and hostile archives end in exact bytes or in an error, never in
//! wrong bytes, a panic, or a file outside the destination.

#[path = "support/forge/mod.rs"]
mod forge;
#[path = "damage/forged.rs"]
mod forged;
#[path = "damage/streams.rs"]
mod streams;
#[path = "damage/tables.rs"]
mod tables;

use forge::PREFACE;
use pear_archive::archive::{
    Archive, ArchiveError, Control, CreateOptions, ErrorKind, ExtractOptions, ExtractSummary,
    GivenBases, Limits, Silent, create_stream, extract, extract_stream, salvage, verify_stream,
};
use pear_archive::codec::{Choice, Codec, CodecOptions};
use pear_archive::tree::WalkOptions;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

type Files = BTreeMap<String, Vec<u8>>;

/// Makes a directory that costs no disk, if there is one: these tests make thousands.
fn scratch() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}

/// Makes an archive of a few files over a few groups, two of them the same.
fn sample() -> (Vec<u8>, Files) {
    let tree = scratch();
    let mut files = Files::new();
    let mut put = |name: &str, content: Vec<u8>| {
        fs::write(tree.path().join(name), &content).unwrap();
        files.insert(name.to_owned(), content);
    };
    put("a.txt", b"first ".repeat(10));
    put("b.txt", b"second ".repeat(10));
    put("copy.txt", b"first ".repeat(10));
    put("long.bin", (0..250u8).collect());
    put("none", Vec::new());
    let codec = CodecOptions { choice: Choice::Only(Codec::Store), ..CodecOptions::default() };
    let options = CreateOptions { codec, group_size: 100, jobs: 1, ..CreateOptions::default() };
    let walking = WalkOptions { base: tree.path().to_owned(), ..WalkOptions::default() };
    let mut archive = Vec::new();
    create_stream(&mut archive, &[PathBuf::from(".")], walking, &options, &CONTROL).unwrap();
    (archive, files)
}

fn one_job() -> ExtractOptions {
    ExtractOptions { jobs: 1, ..ExtractOptions::default() }
}

/// Returns limits that prevent a damaged length from becoming gigabytes.
fn limits() -> Limits {
    Limits { memory: 1 << 20, index_bytes: 1 << 20, ..Limits::default() }
}

type Outcome = Result<ExtractSummary, ArchiveError>;

fn by_index(archive: &[u8], to: &Path) -> Outcome {
    extract(archive, to, &one_job(), &limits(), &CONTROL)
}

fn from_a_pipe(archive: &[u8], to: &Path) -> Outcome {
    extract_stream(archive, to, &one_job(), &limits(), &CONTROL)
}

fn by_search(archive: &[u8], to: &Path) -> Outcome {
    salvage(archive, to, &one_job(), &limits(), &CONTROL)
}

/// Checks that the extracted files are right and, if nothing was reported, complete.
/// Returns the number of extracted files.
fn check(outcome: &Outcome, to: &Path, files: &Files, what: &str) -> usize {
    let mut found = 0;
    for item in fs::read_dir(to).unwrap() {
        let path = item.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(files.get(&name) == Some(&fs::read(&path).unwrap()), "{what}: {name} is wrong");
        found += 1;
    }
    if let Ok(summary) = outcome {
        let complete = found == files.len();
        assert!(complete || !summary.failures.is_empty(), "{what}: nothing was reported");
    }
    found
}

#[test]
fn no_changed_byte_gives_wrong_bytes() {
    let (archive, files) = sample();
    for at in 0..archive.len() {
        let mut damaged = archive.clone();
        damaged[at] ^= 1 << (at % 8);
        let what = format!("byte {at}");
        for (read, spared) in [(by_index as fn(&[u8], &Path) -> Outcome, 2), (from_a_pipe, 0)] {
            let to = scratch();
            let outcome = read(&damaged, to.path());
            let found = check(&outcome, to.path(), &files, &what);
            let told = outcome.as_ref().map_or(true, |summary| !summary.failures.is_empty());
            assert!(told, "{what}");
            assert!(found >= spared, "{what}: only {found} files came out");
        }
        match Archive::open(&damaged[..], &limits()) {
            Err(error) => assert_ne!(error.kind(), ErrorKind::Environment, "{what}: {error}"),
            Ok(archive) => {
                let full = archive.verify(1, &CONTROL).unwrap();
                assert!(!full.failures.is_empty(), "{what}: verify has seen nothing");
                let quick = archive.verify_quick(&CONTROL).unwrap();
                assert!(!quick.failures.is_empty(), "{what}: quick verify has seen nothing");
            }
        }
    }
}

#[test]
fn cut_anywhere_what_is_whole_comes_out() {
    let (archive, files) = sample();
    let mut cuts: Vec<usize> =
        forge::places(&archive).iter().flat_map(|one| [one.offset, one.payload.end]).collect();
    cuts.extend([0, 1, 7, PREFACE, archive.len() - 1]);
    let mut most = 0;
    for cut in cuts.into_iter().flat_map(|cut| [cut.saturating_sub(1), cut, cut + 1]) {
        let Some(damaged) = archive.get(..cut) else { continue };
        for read in [by_index, from_a_pipe, by_search] {
            let to = scratch();
            let outcome = read(damaged, to.path());
            let found = check(&outcome, to.path(), &files, &format!("cut at {cut}"));
            let told = outcome.map_or(true, |summary| !summary.failures.is_empty());
            assert!(told || found == files.len(), "cut at {cut}");
            most = most.max(found);
        }
    }
    assert_eq!(most, files.len(), "without index and footer all files come out");
}

#[test]
fn sections_swapped_doubled_or_deleted_are_noticed() {
    let (archive, files) = sample();
    let places = forge::places(&archive);
    let range = |number: usize| places[number].range();
    // INDEX and what is behind it stay where they are.
    let count = places.iter().position(|place| place.kind == forge::INDEX).unwrap();
    for first in 0..count {
        let second = (first + 2) % count;
        let (low, high) = (range(first.min(second)), range(first.max(second)));
        let swapped = [
            &archive[..low.start],
            &archive[high.clone()],
            &archive[low.end..high.start],
            &archive[low.clone()],
            &archive[high.end..],
        ];
        let doubled = [&archive[..low.end], &archive[low.clone()], &archive[low.end..]];
        let deleted = [&archive[..low.start], &archive[low.end..]];
        for damaged in [swapped.concat(), doubled.concat(), deleted.concat()] {
            for read in [by_index, from_a_pipe, by_search] {
                let to = scratch();
                let outcome = read(&damaged, to.path());
                check(&outcome, to.path(), &files, &format!("section {first}"));
            }
            let opened = Archive::open(&damaged[..], &limits());
            let noticed = opened
                .map_or(true, |archive| !archive.verify(1, &CONTROL).unwrap().failures.is_empty());
            assert!(noticed, "section {first}");
        }
    }
}

/// Changes two bytes of a header, so that no search for a wrong one makes it right.
fn lose_header(archive: &mut [u8], at: usize) {
    archive[at + 33] ^= 1;
    archive[at + 37] ^= 1;
}

#[test]
fn an_archive_stored_in_a_damaged_one_is_not_taken_for_it() {
    let (inner, _) = sample();
    let tree = scratch();
    fs::write(tree.path().join("inner.pear"), &inner).unwrap();
    let codec = CodecOptions { choice: Choice::Only(Codec::Store), ..CodecOptions::default() };
    let options = CreateOptions { codec, ..CreateOptions::default() };
    let walking = WalkOptions { base: tree.path().to_owned(), ..WalkOptions::default() };
    let mut outer = Vec::new();
    create_stream(&mut outer, &[PathBuf::from(".")], walking, &options, &CONTROL).unwrap();
    let index = forge::index_offset(&outer);
    // The DATA header of the outer archive is lost, so its payload is searched.
    let data = forge::groups(&outer)[0].offset;
    lose_header(&mut outer, data);
    let to = scratch();
    let done = by_search(&outer, to.path()).unwrap();
    assert!(done.failed(ErrorKind::Integrity) > 0);
    // The index knows the place of the payload.
    assert_eq!(fs::read_dir(to.path()).unwrap().count(), 1);
    assert!(fs::read(to.path().join("inner.pear")).unwrap() == inner);
    // Without the index, nothing does.
    let to = scratch();
    let done = by_search(&outer[..index], to.path()).unwrap();
    assert!(done.failed(ErrorKind::Integrity) > 0);
    assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0);
}

// ---- hostile archives, built by hand -------------------------------------

/// Returns the names of the extracted files, each checked.
fn names(read: fn(&[u8], &Path) -> Outcome, archive: &[u8], files: &Files) -> Vec<String> {
    let to = scratch();
    let outcome = read(archive, to.path());
    check(&outcome, to.path(), files, "left");
    let names = fs::read_dir(to.path()).unwrap();
    let mut names: Vec<String> =
        names.map(|item| item.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn without_its_head_its_footer_or_both_all_files_come_out() {
    let (archive, files) = sample();
    let index = forge::index_offset(&archive);
    let body = &archive[PREFACE..];
    let cases: Vec<Vec<u8>> = vec![
        body.to_vec(),
        [&[0; PREFACE][..], body].concat(),
        [&b"junk in front of it"[..], body].concat(),
        [b"junk in front of it", &archive[..]].concat(),
        archive[PREFACE..index].to_vec(),
        [&[0; PREFACE][..], &archive[PREFACE..index]].concat(),
    ];
    for damaged in cases {
        for read in [by_index as fn(&[u8], &Path) -> Outcome, from_a_pipe, by_search] {
            assert_eq!(names(read, &damaged, &files), files.keys().cloned().collect::<Vec<_>>());
        }
    }
}

#[test]
fn bytes_behind_the_end_are_a_warning_and_change_nothing() {
    let (archive, files) = sample();
    let longer = [&archive[..], &[0; 4096]].concat();
    for read in [by_index as fn(&[u8], &Path) -> Outcome, from_a_pipe] {
        let to = scratch();
        let done = read(&longer, to.path()).unwrap();
        assert_eq!(check(&Ok(done.clone()), to.path(), &files, "longer"), files.len());
        assert_eq!(done.failed(ErrorKind::Environment), 1);
        assert_eq!(done.failed(ErrorKind::Integrity), 0);
    }
    assert!(Archive::open(&longer[..], &limits()).is_err());
    let opened = Archive::open_any(&longer[..], &limits(), &CONTROL).unwrap();
    assert!(opened.recovery().is_none());
}

#[test]
fn an_unfinished_update_behind_the_end_changes_nothing() {
    let (archive, files) = sample();
    // Sections that follow in number, as an update that was killed leaves them.
    let places = forge::places(&archive);
    let first = places.iter().find(|place| place.kind == forge::ENTRY).unwrap();
    let section = &archive[first.range()];
    for rest in [section, &section[..section.len() / 2], &section[..forge::HEADER]] {
        let longer = [&archive[..], rest].concat();
        for read in WAYS {
            let to = scratch();
            let done = read(&longer, to.path()).unwrap();
            assert_eq!(check(&Ok(done.clone()), to.path(), &files, "longer"), files.len());
            assert!(!done.failures.is_empty(), "nothing was reported");
        }
    }
}

#[test]
fn a_damaged_header_costs_a_pipe_no_more_than_its_group() {
    let (archive, files) = sample();
    let group = forge::groups(&archive)[0].offset;
    let mut damaged = archive.clone();
    damaged[group + 33] ^= 1;
    // One wrong byte is found by the hash of the header.
    assert_eq!(names(from_a_pipe, &damaged, &files).len(), files.len());
    damaged[group + 33] ^= 1;
    lose_header(&mut damaged, group);
    let piped = names(from_a_pipe, &damaged, &files);
    assert!(piped.len() > 1 && piped.len() < files.len(), "{piped:?}");
    // Through the index the payload is found anyway.
    assert_eq!(names(by_index, &damaged, &files).len(), files.len());
}

/// Makes an archive of eight files of this length in one stored group, of which a byte
/// of the fourth is wrong.
fn hit_in_a_stored_group(length: usize) -> (Vec<u8>, Files) {
    let tree = scratch();
    let mut files = Files::new();
    for number in 0..8u8 {
        let content = vec![b'a' + number; length];
        fs::write(tree.path().join(number.to_string()), &content).unwrap();
        files.insert(number.to_string(), content);
    }
    let codec = CodecOptions { choice: Choice::Only(Codec::Store), ..CodecOptions::default() };
    let options = CreateOptions { codec, jobs: 1, ..CreateOptions::default() };
    let walking = WalkOptions { base: tree.path().to_owned(), ..WalkOptions::default() };
    let mut archive = Vec::new();
    create_stream(&mut archive, &[PathBuf::from(".")], walking, &options, &CONTROL).unwrap();
    let hit = archive.windows(8).position(|bytes| bytes == [b'd'; 8]).unwrap();
    archive[hit] ^= 1;
    (archive, files)
}

const WAYS: [fn(&[u8], &Path) -> Outcome; 3] = [by_index, from_a_pipe, by_search];

#[test]
fn small_files_are_lost_with_their_span_and_others_come_out() {
    // A span of small files ends with the file that makes it 8,192 bytes.
    let (archive, files) = hit_in_a_stored_group(3000);
    let index = forge::index_offset(&archive);
    for read in WAYS {
        assert_eq!(names(read, &archive, &files), ["0", "1", "2", "6", "7"]);
        assert_eq!(names(read, &archive[..index], &files), ["0", "1", "2", "6", "7"]);
    }
}

#[test]
fn a_stored_group_loses_only_the_files_that_are_hit() {
    let (archive, files) = hit_in_a_stored_group(10_000);
    let index = forge::index_offset(&archive);
    for read in WAYS {
        assert_eq!(names(read, &archive, &files), ["0", "1", "2", "4", "5", "6", "7"]);
        // ENTRY sections prove it without the index.
        assert_eq!(names(read, &archive[..index], &files), ["0", "1", "2", "4", "5", "6", "7"]);
    }
    let keeping = ExtractOptions { keep_damaged: true, ..one_job() };
    for piped in [false, true] {
        let to = scratch();
        fs::write(to.path().join("3.damaged"), "mine").unwrap();
        let done = match piped {
            true => extract_stream(&archive[..], to.path(), &keeping, &limits(), &CONTROL),
            false => extract(&archive[..], to.path(), &keeping, &limits(), &CONTROL),
        };
        assert!(done.unwrap().failed(ErrorKind::Integrity) > 0);
        assert_eq!(fs::read(to.path().join("3.damaged")).unwrap(), b"mine");
        let kept = fs::read(to.path().join("3.damaged.1")).unwrap();
        assert_eq!((kept.len(), &kept[1..]), (10_000, &files["3"][1..]));
        assert!(!to.path().join("3").exists());
    }
    let failed = |done: ExtractSummary| done.failed(ErrorKind::Integrity);
    assert_eq!(
        failed(
            verify_stream(&archive[..], 1, &GivenBases::default(), &limits(), &CONTROL).unwrap()
        ),
        1
    );
}
