//! Archives that were made to do harm.

use super::*;
use crate::forge::{ANCILLARY, Archive, Batch, DATA, Item, Kind, Section, sections};

/// Makes an archive of these entries, which are in the order of their paths, and of one
/// stored group of these contents.
pub(super) fn forge(items: Vec<Item>, contents: &[&[u8]]) -> Vec<u8> {
    let of_contents: Vec<(&str, &[u8])> = contents.iter().map(|content| ("", *content)).collect();
    Archive::of_batches(&[Batch { items, ..Batch::of_files(&of_contents) }]).bytes()
}

/// Extracts in every way into a directory inside a sealed one; nothing may appear
/// beside it.
fn stays_inside(archive: &[u8], expected: Option<ErrorKind>) {
    for read in [by_index, from_a_pipe, by_search] {
        let sealed = scratch();
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
        let archive = forge(vec![Item::new(path, Kind::File(0))], &[b"evil"]);
        stays_inside(&archive, Some(ErrorKind::Unsafe));
        assert!(!Path::new("/tmp/pear-archive-evil").exists());
    }
}

#[test]
fn nothing_is_written_through_a_link_of_the_archive() {
    let link = || Item::new("way", Kind::Symlink(b".."));
    let through = || Item::new("way/evil", Kind::File(0));
    let refused = Some(ErrorKind::Integrity);
    stays_inside(&forge(vec![link(), through()], &[b"evil"]), refused);
    let mut evil = Batch::of_files(&[("way/evil", b"evil")]);
    evil.items[0] = through();
    stays_inside(&Archive::of_batches(&[Batch::of_items(vec![link()]), evil]).bytes(), refused);
    // The same in two steps: first the link, then a file through it.
    let sealed = scratch();
    let to = sealed.path().join("to");
    fs::create_dir(&to).unwrap();
    by_index(&forge(vec![link()], &[]), &to).unwrap();
    assert!(to.join("way").is_symlink());
    let through = forge(vec![through()], &[b"evil"]);
    for read in [by_index, from_a_pipe, by_search] {
        let done = read(&through, &to).unwrap();
        assert!(done.failed(ErrorKind::Unsafe) > 0, "{done:?}");
        assert!(!sealed.path().join("evil").exists());
    }
}

#[test]
fn a_hard_link_reaches_only_files_of_this_run() {
    let sealed = scratch();
    let to = sealed.path().join("to");
    fs::create_dir(&to).unwrap();
    fs::write(to.join("mine"), "secret").unwrap();
    // `mine` is in the archive, but exists already and is refused.
    let items = vec![Item::new("mine", Kind::File(0)), Item::new("z", Kind::HardLink(1))];
    let archive = forge(items, &[b"evil"]);
    let done = by_index(&archive, &to).unwrap();
    assert!(!done.failures.is_empty());
    assert!(!to.join("z").exists());
    assert_eq!(fs::read(to.join("mine")).unwrap(), b"secret");
}

#[test]
fn a_path_that_is_announced_twice_is_refused() {
    let one = |content: &'static [u8]| Batch::of_files(&[("a", content)]);
    let archive = Archive::of_batches(&[one(b"1"), one(b"2")]).bytes();
    for read in WAYS {
        let to = scratch();
        let outcome = read(&archive, to.path());
        let told = outcome.map_or_else(
            |error| error.kind() == ErrorKind::Integrity,
            |summary| summary.failed(ErrorKind::Integrity) > 0,
        );
        assert!(told);
    }
    // A pipe gives out what it announces first.
    let to = scratch();
    from_a_pipe(&archive, to.path()).unwrap();
    assert_eq!(fs::read(to.path().join("a")).unwrap(), b"1");
}

#[test]
fn lengths_are_refused_before_they_are_allocated() {
    for (stored, raw) in [(u32::MAX, 1), (1 << 30, 1 << 30), (8, u32::MAX), (1 << 19, 1 << 31)] {
        let mut archive = Archive::of(&[Section { codec: 1, ..Section::stored(DATA, b"payload") }]);
        let header = &mut archive.sections[0].0;
        (header.stored_length, header.raw_length) = (stored, raw);
        let end = archive.offsets()[1];
        for read in WAYS {
            let to = scratch();
            let outcome = read(&archive.bytes()[..end], to.path());
            let told = outcome.map_or(true, |summary| !summary.failures.is_empty());
            assert!(told, "{stored} {raw}");
        }
    }
}

#[test]
fn output_beyond_its_limit_is_refused() {
    let (archive, _) = sample();
    let small = Limits { output_bytes: 300, ..Limits::default() };
    let to = scratch();
    let refused = extract(&archive[..], to.path(), &one_job(), &small, &CONTROL).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Limit);
    let piped = extract_stream(&archive[..], to.path(), &one_job(), &small, &CONTROL).unwrap();
    assert!(piped.failed(ErrorKind::Limit) > 0);
}

#[test]
fn unknown_codecs_and_critical_sections_are_unsupported_and_ancillary_ones_skipped() {
    let mut all = sections(&[Batch::of_files(&[("a", b"text")])]);
    all[1].codec = 200;
    let archive = Archive::of(&all).bytes();
    for read in [by_index, from_a_pipe] {
        let to = scratch();
        assert_eq!(read(&archive, to.path()).unwrap().failed(ErrorKind::Unsupported), 1);
    }
    for (flags, kind) in [(0, Some(ErrorKind::Unsupported)), (ANCILLARY, None)] {
        let other = Section { flags, ..Section::stored(10, b"other") };
        let directory = Batch::of_items(vec![Item::new("d", Kind::Directory)]);
        let all = [&[other][..], &sections(&[directory])].concat();
        let archive = Archive::of(&all).bytes();
        let opened = pear_archive::Archive::open(&archive[..], &limits());
        assert_eq!(opened.err().map(|error| error.kind()), kind);
        let to = scratch();
        let piped = from_a_pipe(&archive, to.path()).unwrap();
        assert_eq!(piped.failed(ErrorKind::Unsupported) > 0, kind.is_some());
    }
}
