//! Files that have runs in earlier generations.

use super::forge::generations::{Generation, archive};
use super::forge::{self, Batch, Item, Kind, Row};
use super::{CONTROL, Files, by_crate, by_reference, files, scratch};
use pear_archive::archive::{Archive, At, GivenBases, Limits, salvage, verify_stream};
use std::fs;
use std::path::PathBuf;

pub fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/generations-runs-0.7.pear")
}

/// Three generations whose files have runs in those before: in the second a file is changed; in
/// the third one has runs in a dead section, and the content of another, which has runs, is
/// named again.
pub fn in_runs() -> [Generation; 3] {
    let first = Batch::of_files(&[("a", b"one two three "), ("b", b"four five six ")]);
    let changed = Batch {
        rows: vec![Row::in_runs(&[(28, 4), (0, 4), (24, 10)], b"one 2.0 two three ")],
        groups: vec![b"2.0 ".to_vec()],
        items: vec![Item::new("a", Kind::File(0))],
        ..Batch::default()
    };
    let runs = [(32, 4), (4, 4), (0, 1), (18, 14), (0, 1)];
    let last = Batch {
        removed: vec!["b"],
        rows: vec![Row::in_runs(&runs, b"one 2.0 <four five six >"), Row::again(3, 0)],
        groups: vec![b"<>".to_vec()],
        items: vec![Item::new("c", Kind::File(0)), Item::new("d", Kind::File(1))],
        ..Batch::default()
    };
    [
        Generation::of(&[first]),
        Generation::of(&[changed]),
        Generation { states: vec![(0, 0)], ..Generation::of(&[last]) },
    ]
}

/// What they hold.
fn expected() -> [Files; 3] {
    let (b, a) = (("b", Some("four five six ")), Some("one 2.0 two three "));
    [
        files(&[("a", Some("one two three ")), b]),
        files(&[("a", a), b]),
        files(&[("a", a), ("c", Some("one 2.0 <four five six >")), ("d", a)]),
    ]
}

#[test]
fn both_readers_give_files_with_runs_in_earlier_generations() {
    let bytes = archive(&in_runs());
    for (number, expected) in (0..).zip(expected()) {
        assert_eq!(by_crate(&bytes, At::Number(number)).unwrap(), expected, "{number}");
        assert_eq!(by_reference(&bytes, Some(number as usize)).unwrap(), expected, "{number}");
    }
    let limits = Limits::default();
    let verified = verify_stream(&bytes[..], 1, &GivenBases::default(), &limits, &CONTROL).unwrap();
    assert!(verified.failures.is_empty(), "{verified:?}");
    for damaged in [&bytes[..], &bytes[..bytes.len() - forge::FOOTER]] {
        let to = scratch();
        let found = salvage(damaged, to.path(), &Default::default(), &limits, &CONTROL);
        let whole = damaged.len() == bytes.len();
        assert_eq!(found.unwrap().failures.is_empty(), whole);
        for (path, content) in expected()[2].iter() {
            assert_eq!(fs::read(to.path().join(path)).ok(), *content, "{path}");
        }
    }
    // Of a damaged group of a dead section no digests are known.
    let at = bytes.windows(4).position(|four| four == b"four").unwrap();
    let mut damaged = bytes.clone();
    damaged[at] ^= 1;
    let opened = Archive::open(&damaged[..], &limits).unwrap();
    for (path, content) in expected()[2].iter() {
        let read = opened.read(path.as_bytes()).ok();
        assert!(read == *content || (read.is_none() && path != "e"), "{path}");
    }
    assert!(opened.read("c").is_err());
}

#[test]
fn a_run_is_lost_with_the_groups_before_its_batch_whose_lengths_are_not_known() {
    let bytes = archive(&in_runs());
    // Without the first ENTRY section and its group nothing is known of what lies there, unless
    // INDEX is: a search knows their lengths then.
    let start = bytes.windows(4).position(|four| four == b"four").unwrap() + 14;
    let to = scratch();
    let limits = Limits::default();
    let cut = [&bytes[..32], &bytes[start..]].concat();
    let _ = salvage(&cut[..], to.path(), &Default::default(), &limits, &CONTROL);
    assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0, "all files have runs there");
}

#[test]
fn the_golden_archive_with_runs_still_holds_its_generations() {
    let bytes = fs::read(golden()).unwrap();
    assert!(bytes == archive(&in_runs()), "the tables are as they were");
    for (number, expected) in (0..).zip(expected()) {
        assert_eq!(by_crate(&bytes, At::Number(number)).unwrap(), expected, "{number}");
    }
}
