//! Damaged and hostile archives end in exact bytes or in an error, never in
//! wrong bytes, a panic, or a file outside the destination.

mod support;

use pear_archive::archive::{
    Archive, ArchiveError, Control, CreateOptions, ErrorKind, ExtractOptions, ExtractSummary,
    Limits, Silent, create_stream, extract, extract_stream, salvage, verify_stream,
};
use pear_archive::checksum::digest;
use pear_archive::codec::{Choice, Codec, CodecOptions};
use pear_archive::container::{
    ANCILLARY, NO_GROUP, PREFACE_LENGTH, Part, Piece, Reader, SectionHeader, Writer,
};
use pear_archive::entry::{Content, Entry, Extent, Kind, Metadata};
use pear_archive::tree::WalkOptions;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

type Files = BTreeMap<String, Vec<u8>>;

/// Makes an archive of a few files over a few groups, two of them the same.
fn sample() -> (Vec<u8>, Files) {
    let tree = TempDir::new().unwrap();
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
            let to = TempDir::new().unwrap();
            let outcome = read(&damaged, to.path());
            let found = check(&outcome, to.path(), &files, &what);
            let told = outcome.as_ref().map_or(true, |summary| !summary.failures.is_empty());
            // Reading through the index ignores ENTRY sections.
            assert!(told || found == files.len(), "{what}");
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
    let index = Reader::open(&archive[..], &limits()).unwrap().index().clone();
    let mut cuts: Vec<u64> =
        index.sections.iter().flat_map(|one| [one.offset, one.end()]).collect();
    cuts.extend([0, 1, 7, PREFACE_LENGTH as u64, archive.len() as u64 - 1]);
    let mut most = 0;
    for cut in cuts.into_iter().flat_map(|cut| [cut.saturating_sub(1), cut, cut + 1]) {
        let Some(damaged) = archive.get(..cut as usize) else { continue };
        for read in [by_index, from_a_pipe, by_search] {
            let to = TempDir::new().unwrap();
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
    let index = Reader::open(&archive[..], &limits()).unwrap().index().clone();
    let range = |number: usize| {
        let section = index.sections[number];
        section.offset as usize..section.end() as usize
    };
    for first in 0..index.sections.len() {
        let second = (first + 2) % index.sections.len();
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
                let to = TempDir::new().unwrap();
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

#[test]
fn an_archive_stored_in_a_damaged_one_is_not_taken_for_it() {
    let (inner, _) = sample();
    let tree = TempDir::new().unwrap();
    fs::write(tree.path().join("inner.pear"), &inner).unwrap();
    let codec = CodecOptions { choice: Choice::Only(Codec::Store), ..CodecOptions::default() };
    let options = CreateOptions { codec, ..CreateOptions::default() };
    let walking = WalkOptions { base: tree.path().to_owned(), ..WalkOptions::default() };
    let mut outer = Vec::new();
    create_stream(&mut outer, &[PathBuf::from(".")], walking, &options, &CONTROL).unwrap();
    // The DATA header of the outer archive is lost, so its payload is searched.
    let data = Reader::open(&outer[..], &limits()).unwrap().groups()[0];
    outer[data.offset as usize + 70] ^= 1;
    let to = TempDir::new().unwrap();
    let done = by_search(&outer, to.path()).unwrap();
    assert!(done.failed(ErrorKind::Integrity) > 0);
    // The index knows the place of the payload.
    assert_eq!(fs::read_dir(to.path()).unwrap().count(), 1);
    assert!(fs::read(to.path().join("inner.pear")).unwrap() == inner);
    // Without the index, nothing does.
    let index = Reader::open(&outer[..], &limits()).unwrap().footer().unwrap().index_offset;
    let to = TempDir::new().unwrap();
    let done = by_search(&outer[..index as usize], to.path()).unwrap();
    assert!(done.failed(ErrorKind::Integrity) > 0);
    assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0);
}

// ---- hostile archives, built by hand -------------------------------------

fn entry(path: &str, kind: Kind) -> Entry {
    let metadata = Metadata { mode: 0o644, ..Metadata::default() };
    Entry { path: path.as_bytes().to_vec(), kind, metadata }
}

fn file(content: &[u8], group: u64) -> Kind {
    let length = content.len() as u64;
    let extents = vec![Extent { group, offset: 0, length }];
    Kind::File(Content { size: length, digest: digest(content), segments: None, extents })
}

/// Makes an archive of one stored group per file, with these entries in ENTRY sections
/// and index.
fn forge(entries: &[Entry], contents: &[&[u8]]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), [7; 16]).unwrap();
    let is_file = |entry: &&Entry| matches!(entry.kind, Kind::File(_));
    let others: Vec<Entry> = entries.iter().filter(|entry| !is_file(entry)).cloned().collect();
    let files: Vec<Entry> = entries.iter().filter(is_file).cloned().collect();
    // A hard link's target must be in its table: announce links with the files.
    let links = others.iter().any(|entry| matches!(entry.kind, Kind::HardLink { .. }));
    if !others.is_empty() && !links {
        writer.write_part(&Part { entries: others, ..Part::default() }).unwrap();
    }
    for (content, file) in contents.iter().zip(files) {
        let (length, group_digest) = (content.len() as u64, digest(content));
        let (pieces, entries) = (vec![Piece { length, sparse: None }], vec![file]);
        let part = Part { group_digest, pieces, entries, file_pieces: vec![0], ..Part::default() };
        writer.write_part(&part).unwrap();
        writer.write_group((0, 0, 0), length, content).unwrap();
    }
    writer.finish(entries.to_vec()).unwrap().0
}

/// Extracts in every way into a directory inside a sealed one; nothing may appear
/// beside it.
fn stays_inside(archive: &[u8], expected: Option<ErrorKind>) {
    for read in [by_index, from_a_pipe, by_search] {
        let sealed = TempDir::new().unwrap();
        let to = sealed.path().join("to");
        fs::create_dir(&to).unwrap();
        let outcome = read(archive, &to);
        let names: Vec<_> =
            fs::read_dir(sealed.path()).unwrap().map(|item| item.unwrap().file_name()).collect();
        assert_eq!(names, ["to"], "{outcome:?}");
        if let Some(kind) = expected {
            let told = match &outcome {
                Err(error) => error.kind() == kind,
                Ok(summary) => summary.failed(kind) > 0,
            };
            assert!(told, "{outcome:?}");
        }
    }
}

#[test]
fn paths_that_leave_are_refused() {
    for path in ["../evil", "/tmp/pear-archive-evil", "a/../../evil", "./evil", "a//evil", "a/.."] {
        let archive = forge(&[entry(path, file(b"evil", 0))], &[b"evil"]);
        stays_inside(&archive, Some(ErrorKind::Unsafe));
        assert!(!Path::new("/tmp/pear-archive-evil").exists());
    }
}

#[test]
fn nothing_is_written_through_a_link_of_the_archive() {
    let link = entry("way", Kind::Symlink { target: b"..".to_vec() });
    let through = entry("way/evil", file(b"evil", 0));
    stays_inside(&forge(&[link, through], &[b"evil"]), None);
    // The same in two steps: first the link, then a file through it.
    let sealed = TempDir::new().unwrap();
    let to = sealed.path().join("to");
    fs::create_dir(&to).unwrap();
    let link = forge(&[entry("way", Kind::Symlink { target: b"..".to_vec() })], &[]);
    by_index(&link, &to).unwrap();
    assert!(to.join("way").is_symlink());
    let through = forge(&[entry("way/evil", file(b"evil", 0))], &[b"evil"]);
    for read in [by_index, from_a_pipe, by_search] {
        let done = read(&through, &to).unwrap();
        assert!(done.failed(ErrorKind::Unsafe) > 0, "{done:?}");
        assert!(!sealed.path().join("evil").exists());
    }
}

#[test]
fn a_hard_link_reaches_only_files_of_this_run() {
    let sealed = TempDir::new().unwrap();
    let to = sealed.path().join("to");
    fs::create_dir(&to).unwrap();
    fs::write(to.join("mine"), "secret").unwrap();
    let link = entry("z", Kind::HardLink { target: b"mine".to_vec() });
    // `mine` is in the archive, but exists already and is refused.
    let archive = forge(&[entry("mine", file(b"evil", 0)), link], &[b"evil"]);
    let done = by_index(&archive, &to).unwrap();
    assert!(!done.failures.is_empty());
    assert!(!to.join("z").exists());
    assert_eq!(fs::read(to.join("mine")).unwrap(), b"secret");
}

#[test]
fn duplicate_and_conflicting_names_are_refused() {
    // The writer refuses to write them, so they can come only from a pipe.
    let twice = [entry("a", file(b"1", 0)), entry("a", file(b"2", 1))];
    let part = |content: &[u8]| {
        let (length, group_digest) = (content.len() as u64, digest(content));
        let (pieces, entries) = (vec![Piece { length, sparse: None }], vec![twice[0].clone()]);
        Part { group_digest, pieces, entries, file_pieces: vec![0], ..Part::default() }
    };
    let mut writer = Writer::new(Vec::new(), [7; 16]).unwrap();
    for content in [b"1", b"2"] {
        writer.write_part(&part(content)).unwrap();
        writer.write_group((0, 0, 0), 1, content).unwrap();
    }
    assert!(writer.finish(twice.to_vec()).is_err());
    let mut writer = Writer::new(Vec::new(), [7; 16]).unwrap();
    for content in [b"1", b"2"] {
        writer.write_part(&part(content)).unwrap();
        writer.write_group((0, 0, 0), 1, content).unwrap();
    }
    let archive = writer.finish(twice[..1].to_vec()).unwrap().0;
    let to = TempDir::new().unwrap();
    let done = from_a_pipe(&archive, to.path()).unwrap();
    assert_eq!(done.failed(ErrorKind::Integrity), 1, "{done:?}");
    assert_eq!(fs::read(to.path().join("a")).unwrap(), b"1");
}

#[test]
fn lengths_are_refused_before_they_are_allocated() {
    let header = |stored_length, raw_length| SectionHeader {
        sequence: 0,
        section_type: 2,
        flags: 0,
        codec: 1,
        filter: 0,
        model: 0,
        group: 0,
        stored_length,
        raw_length,
    };
    let preface = Writer::new(Vec::new(), [7; 16]).unwrap();
    let start = preface.finish(Vec::new()).unwrap().0[..PREFACE_LENGTH].to_vec();
    for (stored, raw) in [(u64::MAX, 1), (1 << 62, 1 << 62), (8, u64::MAX), (1 << 19, 1 << 40)] {
        let archive = [&start[..], &header(stored, raw).to_bytes(&[7; 16]), b"payload"].concat();
        for read in [by_index, from_a_pipe, by_search] {
            let to = TempDir::new().unwrap();
            let outcome = read(&archive, to.path());
            let told = outcome.map_or(true, |summary| !summary.failures.is_empty());
            assert!(told, "{stored} {raw}");
        }
    }
}

#[test]
fn output_beyond_its_limit_is_refused() {
    let (archive, _) = sample();
    let small = Limits { output_bytes: 300, ..Limits::default() };
    let to = TempDir::new().unwrap();
    let refused = extract(&archive[..], to.path(), &one_job(), &small, &CONTROL).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Limit);
    let piped = extract_stream(&archive[..], to.path(), &one_job(), &small, &CONTROL).unwrap();
    assert!(piped.failed(ErrorKind::Limit) > 0);
}

#[test]
fn unknown_codecs_and_critical_sections_are_unsupported_and_ancillary_ones_skipped() {
    let mut writer = Writer::new(Vec::new(), [7; 16]).unwrap();
    let content = b"text";
    let kind = file(content, 0);
    let pieces = vec![Piece { length: 4, sparse: None }];
    let entries = vec![entry("a", kind)];
    let part = Part { pieces, entries: entries.clone(), file_pieces: vec![0], ..Part::default() };
    writer.write_part(&part).unwrap();
    writer.write_group((200, 0, 0), 4, content).unwrap();
    let archive = writer.finish(entries).unwrap().0;
    for read in [by_index, from_a_pipe] {
        let to = TempDir::new().unwrap();
        assert_eq!(read(&archive, to.path()).unwrap().failed(ErrorKind::Unsupported), 1);
    }
    let reserved = |flags| SectionHeader {
        sequence: 0,
        section_type: 5,
        flags,
        codec: 0,
        filter: 0,
        model: 0,
        group: NO_GROUP,
        stored_length: 3,
        raw_length: 3,
    };
    for (flags, kind) in [(0, Some(ErrorKind::Unsupported)), (ANCILLARY, None)] {
        let mut writer = Writer::new(Vec::new(), [7; 16]).unwrap();
        writer.write_other(reserved(flags), b"par").unwrap();
        let archive = writer.finish(vec![entry("d", Kind::Directory)]).unwrap().0;
        let opened = Archive::open(&archive[..], &limits());
        assert_eq!(opened.err().map(|error| error.kind()), kind);
        let to = TempDir::new().unwrap();
        let piped = from_a_pipe(&archive, to.path()).unwrap();
        assert_eq!(piped.failed(ErrorKind::Unsupported) > 0, kind.is_some());
    }
}

// ---- what is left of an archive ------------------------------------------

/// Returns the names of the extracted files, each checked.
fn names(read: fn(&[u8], &Path) -> Outcome, archive: &[u8], files: &Files) -> Vec<String> {
    let to = TempDir::new().unwrap();
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
    let index = Reader::open(&archive[..], &limits()).unwrap().footer().unwrap().index_offset;
    let body = &archive[PREFACE_LENGTH..];
    let cases: Vec<Vec<u8>> = vec![
        body.to_vec(),
        [&[0; PREFACE_LENGTH][..], body].concat(),
        [&b"junk in front of it"[..], body].concat(),
        [b"junk in front of it", &archive[..]].concat(),
        archive[PREFACE_LENGTH..index as usize].to_vec(),
        [&[0; PREFACE_LENGTH][..], &archive[PREFACE_LENGTH..index as usize]].concat(),
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
        let to = TempDir::new().unwrap();
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
fn a_damaged_header_costs_a_pipe_no_more_than_its_group() {
    let (archive, files) = sample();
    let groups = Reader::open(&archive[..], &limits()).unwrap().groups().to_vec();
    let mut damaged = archive.clone();
    damaged[groups[0].offset as usize + 48] ^= 1;
    // One wrong byte is found by the hash of the header.
    assert_eq!(names(from_a_pipe, &damaged, &files).len(), files.len());
    damaged[groups[0].offset as usize + 56] ^= 1;
    let piped = names(from_a_pipe, &damaged, &files);
    assert!(piped.len() > 1 && piped.len() < files.len(), "{piped:?}");
    // Through the index the payload is found anyway.
    assert_eq!(names(by_index, &damaged, &files).len(), files.len());
}

#[test]
fn a_stored_group_loses_only_the_files_that_are_hit() {
    let tree = TempDir::new().unwrap();
    let mut files = Files::new();
    for number in 0..8u8 {
        let content = vec![b'a' + number; 100];
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
    let index = Reader::open(&archive[..], &limits()).unwrap().footer().unwrap().index_offset;
    for read in [by_index as fn(&[u8], &Path) -> Outcome, from_a_pipe, by_search] {
        assert_eq!(names(read, &archive, &files), ["0", "1", "2", "4", "5", "6", "7"]);
        // Without the index, nothing proves that any file of the group is right.
        assert!(names(read, &archive[..index as usize], &files).is_empty());
    }
    let keeping = ExtractOptions { keep_damaged: true, ..one_job() };
    for piped in [false, true] {
        let to = TempDir::new().unwrap();
        fs::write(to.path().join("3.damaged"), "mine").unwrap();
        let done = match piped {
            true => extract_stream(&archive[..], to.path(), &keeping, &limits(), &CONTROL),
            false => extract(&archive[..], to.path(), &keeping, &limits(), &CONTROL),
        };
        assert!(done.unwrap().failed(ErrorKind::Integrity) > 0);
        assert_eq!(fs::read(to.path().join("3.damaged")).unwrap(), b"mine");
        let kept = fs::read(to.path().join("3.damaged.1")).unwrap();
        assert_eq!((kept.len(), &kept[1..]), (100, &files["3"][1..]));
        assert!(!to.path().join("3").exists());
    }
    let failed = |done: ExtractSummary| done.failed(ErrorKind::Integrity);
    assert_eq!(failed(verify_stream(&archive[..], 1, &limits(), &CONTROL).unwrap()), 1);
}

#[test]
fn an_intact_archive_is_found_intact_from_a_pipe() {
    let (archive, _) = sample();
    let done = verify_stream(&archive[..], 1, &limits(), &CONTROL).unwrap();
    assert!(done.failures.is_empty(), "{done:?}");
}

#[test]
fn a_file_taken_back_and_announced_again_comes_out_of_pipes_and_searches() {
    let content = b"first second";
    let of = |kind| entry("a", kind);
    let piece = |length| vec![Piece { length, sparse: None }];
    let start = Part {
        following: 6,
        group_digest: digest(b"first "),
        pieces: piece(6),
        entries: vec![of(Kind::File(Content::default()))],
        file_pieces: vec![0],
        ..Part::default()
    };
    let mut pieces = piece(0);
    pieces.extend(piece(12));
    let again = Part {
        continued: true,
        revoked: vec![0],
        group_digest: digest(content),
        pieces,
        entries: vec![of(Kind::File(Content::default()))],
        file_pieces: vec![1],
        ..Part::default()
    };
    let forge = |part: &Part, named: bool| {
        let mut writer = Writer::new(Vec::new(), [7; 16]).unwrap();
        writer.write_part(&start).unwrap();
        writer.write_group((0, 0, 0), 6, b"first ").unwrap();
        writer.write_part(part).unwrap();
        writer.write_group((0, 0, 0), 12, content).unwrap();
        let entry = of(file(content, 1));
        writer.finish(if named { vec![entry] } else { Vec::new() }).unwrap().0
    };
    let archive = forge(&again, true);
    let index = Reader::open(&archive[..], &limits()).unwrap().footer().unwrap().index_offset;
    let files = Files::from([("a".to_owned(), content.to_vec())]);
    for read in [from_a_pipe as fn(&[u8], &Path) -> Outcome, by_search] {
        assert_eq!(names(read, &archive, &files), ["a"]);
        assert_eq!(names(read, &archive[..index as usize], &files), ["a"]);
    }
    // Verification reports a file that is revoked for good.
    let gone = Part { entries: Vec::new(), file_pieces: Vec::new(), ..again };
    let archive = forge(&gone, true);
    let opened = Archive::open(&archive[..], &limits()).unwrap();
    assert!(!opened.verify(1, &CONTROL).unwrap().failures.is_empty());
    assert!(!verify_stream(&archive[..], 1, &limits(), &CONTROL).unwrap().failures.is_empty());
}

/// A source that counts the bytes read from it.
struct Counting<'a>(&'a [u8], u64);

impl std::io::Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = std::io::Read::read(&mut self.0, buffer)?;
        self.1 += count as u64;
        Ok(count)
    }
}

#[test]
fn an_archive_of_nothing_but_headers_ends_in_bounded_sections() {
    // Each header claims everything that follows as its payload.
    let length = 4000u64;
    let mut archive = Writer::new(Vec::new(), [7; 16]).unwrap().finish(Vec::new()).unwrap().0;
    archive.truncate(PREFACE_LENGTH);
    for number in 0..length {
        let header = SectionHeader {
            sequence: number,
            section_type: 2,
            flags: 0,
            codec: 0,
            filter: 0,
            model: 0,
            group: number,
            stored_length: (length - number) * 80,
            raw_length: 1,
        };
        archive.extend(header.to_bytes(&[7; 16]));
    }
    let mut reader =
        pear_archive::container::StreamReader::new(Counting(&archive, 0), &limits()).unwrap();
    let mut payloads = 0;
    loop {
        match reader.next_section() {
            Ok(None) => break,
            Ok(Some(found)) => payloads += found.payload.len(),
            Err(_) => {}
        }
    }
    // All of them together would be 640 MB.
    assert!(payloads < 40 << 20, "{payloads}");
}
