//! Archives of several generations, written by the independent writer: both readers give the
//! same entries and contents of every generation, and refuse the same.

#[path = "support/forge/mod.rs"]
mod forge;
#[allow(dead_code)]
#[path = "../spec/reference/container.rs"]
mod reference;
#[path = "generations/runs.rs"]
mod runs;

use forge::generations::{Generation, archive};
use forge::{Batch, Footer, INDEX, Item, Kind, PARITY, Row, Section, Value};
use pear_archive::archive::{
    Archive, ArchiveError, At, Control, ErrorKind, ExtractOptions, GivenBases, Limits, Silent,
    extract, extract_stream, list_stream, salvage, verify_stream,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

type Files = BTreeMap<String, Option<Vec<u8>>>;

fn files(all: &[(&str, Option<&str>)]) -> Files {
    let owned = |text: &&str| text.as_bytes().to_vec();
    all.iter().map(|(path, content)| (path.to_string(), content.as_ref().map(owned))).collect()
}

/// Three generations: in the second a file is replaced, a directory removed, and a content
/// named again; in the third a file gets another name and ENTRY sections are dead.
fn three() -> [Generation; 3] {
    let directory = |path: &str| Item { mode: 0o755, ..Item::new(path, Kind::Directory) };
    let mut first = Batch::of_files(&[("a", b"the first"), ("b", b"the second")]);
    first.items.push(Item::new("c", Kind::HardLink(1)));
    let mut below = Batch::of_files(&[("d/x", b"below"), ("d/y", b"also below")]);
    below.items.insert(0, directory("d"));
    let gone = Batch::of_files(&[("f", b"gone")]);
    let second = Batch {
        removed: vec!["d", "f", "none"],
        rows: vec![Row::again(5, 0)],
        items: vec![Item::new("e", Kind::File(0))],
        ..Batch::default()
    };
    let mut replaced = Batch::of_files(&[("b", b"the second, but longer")]);
    replaced.items.push(Item::new("d", Kind::Symlink(b"a")));
    let link = Batch {
        rows: vec![Row::again(10, 1)],
        items: vec![Item::new("c", Kind::File(0))],
        ..Batch::default()
    };
    let renamed = Batch {
        removed: vec!["a"],
        rows: vec![Row::again(12, 0)],
        items: vec![Item::new("z", Kind::File(0))],
        ..Batch::default()
    };
    [
        Generation::of(&[first, below, gone]),
        Generation { date: Some(1_000), ..Generation::of(&[second, replaced, link]) },
        Generation {
            date: Some(2_000),
            states: vec![(2, 2), (4, 0)],
            ..Generation::of(&[renamed])
        },
    ]
}

/// What they hold.
fn expected() -> [Files; 3] {
    let [one, two] = ["the first", "the second"].map(Some);
    let first = [
        ("a", one),
        ("b", two),
        ("c", None),
        ("d", None),
        ("d/x", Some("below")),
        ("d/y", Some("also below")),
        ("f", Some("gone")),
    ];
    let longer = Some("the second, but longer");
    let second = [("a", one), ("b", longer), ("c", two), ("d", None), ("e", Some("below"))];
    let third = [("b", longer), ("c", two), ("d", None), ("e", Some("below")), ("z", one)];
    [files(&first), files(&second), files(&third)]
}

fn by_crate(bytes: &[u8], at: At) -> Result<Files, ArchiveError> {
    let archive = Archive::open_at(bytes, &Limits::default(), at)?;
    let verified = archive.verify(1, &CONTROL)?;
    assert!(verified.failures.is_empty(), "{verified:?}");
    let file = |entry: &pear_archive::Entry| {
        let content = entry.is_file().then(|| archive.read(&entry.path)).transpose()?;
        Ok((entry.display().to_string(), content))
    };
    archive.entries().iter().map(file).collect()
}

fn by_reference(bytes: &[u8], generation: Option<usize>) -> Result<Files, String> {
    let archive = match generation {
        None => reference::read(bytes)?,
        Some(number) => reference::read_generation(bytes, number)?,
    };
    let stream: Vec<u8> = archive.groups.iter().flat_map(|group| group.payload.clone()).collect();
    archive.check(&stream)?;
    let file = |entry: &reference::Entry| {
        let content = entry.content.map(|_| archive.content(entry, &stream)).transpose()?;
        Ok((String::from_utf8_lossy(&entry.path).into_owned(), content))
    };
    archive.entries.iter().map(file).collect()
}

#[test]
fn both_readers_give_every_generation() {
    let bytes = archive(&three());
    for (number, expected) in (0..).zip(expected()) {
        assert_eq!(by_crate(&bytes, At::Number(number)).unwrap(), expected, "{number}");
        assert_eq!(by_reference(&bytes, Some(number as usize)).unwrap(), expected, "{number}");
    }
    let newest = &expected()[2];
    assert_eq!(by_crate(&bytes, At::Newest).unwrap(), *newest);
    assert_eq!(by_reference(&bytes, None).unwrap(), *newest);
    assert_eq!(by_crate(&bytes, At::Date(1_999)).unwrap(), expected()[1]);
    assert_eq!(by_crate(&bytes, At::Date(2_000)).unwrap(), *newest);
    for at in [At::Number(3), At::Date(999)] {
        assert_eq!(by_crate(&bytes, at).unwrap_err().kind(), ErrorKind::Environment);
    }
}

#[test]
fn a_pipe_and_a_search_give_the_newest_generation() {
    let bytes = archive(&three());
    let names: Vec<String> = expected()[2].keys().cloned().collect();
    let shown = |entries: &[pear_archive::Entry]| {
        entries.iter().map(|entry| entry.display().to_string()).collect::<Vec<_>>()
    };
    let limits = Limits::default();
    assert_eq!(shown(&list_stream(&bytes[..], &limits, &CONTROL).unwrap()), names);
    let verified = verify_stream(&bytes[..], 1, &GivenBases::default(), &limits, &CONTROL).unwrap();
    assert!(verified.failures.is_empty(), "{verified:?}");
    let found = Archive::salvage(&bytes[..], &limits, &CONTROL).unwrap();
    assert_eq!(shown(found.entries()), names);
    let to = scratch();
    let summary = salvage(&bytes[..], to.path(), &Default::default(), &limits, &CONTROL).unwrap();
    assert!(summary.failures.is_empty(), "{summary:?}");
    assert_eq!(fs::read(to.path().join("z")).unwrap(), b"the first");
    // Without the last footer the generation before it is not all that is left.
    let cut = &bytes[..bytes.len() - 1];
    let found = Archive::open_any(cut, &limits, &CONTROL).unwrap();
    assert_eq!(shown(found.entries()), expected()[1].keys().cloned().collect::<Vec<_>>());
}

#[test]
fn a_pipe_restores_every_generation() {
    let bytes = archive(&three());
    for (number, expected) in (0..).zip(expected()) {
        let to = scratch();
        let options = ExtractOptions { generation: At::Number(number), ..Default::default() };
        let limits = Limits::default();
        let done = extract_stream(&bytes[..], to.path(), &options, &limits, &CONTROL).unwrap();
        assert!(done.failures.is_empty(), "{number}: {done:?}");
        assert_eq!(done.entries, expected.len() as u64, "{number}");
        for (path, content) in &expected {
            let found = to.path().join(path);
            assert!(found.symlink_metadata().is_ok(), "{number}: {path}");
            if let Some(content) = content {
                assert_eq!(fs::read(found).unwrap(), *content, "{number}: {path}");
            }
        }
    }
}

#[test]
fn a_generation_may_be_closed_twice_and_an_empty_one_may_follow() {
    let [first, ..] = three();
    let before = archive(std::slice::from_ref(&first));
    let before = &before[..before.len() - forge::FOOTER];
    let range = 32..before.len();
    let parity = forge::parity::table(before, std::slice::from_ref(&range), 64, 1).bytes();
    let closed = Generation { closing: vec![Section::stored(PARITY, &parity)], ..first };
    let empty = Generation::default();
    let bytes = archive(&[closed, empty]);
    let expected = &expected()[0];
    assert_eq!(by_crate(&bytes, At::Number(0)).unwrap(), *expected);
    assert_eq!(by_crate(&bytes, At::Number(1)).unwrap(), *expected);
    assert_eq!(by_reference(&bytes, Some(1)).unwrap(), *expected);
    let limits = Limits::default();
    let verified = verify_stream(&bytes[..], 1, &GivenBases::default(), &limits, &CONTROL).unwrap();
    assert!(verified.failures.is_empty(), "{verified:?}");
}

/// Archives that both readers refuse, and what is wrong with them.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let sound = three();
    let with = |number: usize, change: &dyn Fn(&mut Generation)| {
        let mut all = sound.clone();
        change(&mut all[number]);
        archive(&all[..=number])
    };
    let forged = |forge: fn(&mut forge::Table)| with(2, &|one| one.forged = Some(forge));
    let last = |batch: Batch| {
        with(2, &|one| one.sections = Generation::of(std::slice::from_ref(&batch)).sections)
    };
    let named = |row: Row| {
        let items = vec![Item::new("z", Kind::File(0))];
        last(Batch { rows: vec![row], items, ..Batch::default() })
    };
    let length = archive(&sound).len() as u64;
    vec![
        ("a row that names its own section", named(Row::again(0, 0))),
        ("a row that names a section before the first", named(Row::again(100, 0))),
        ("a row that names a section far ahead", named(Row::again(u64::MAX, 0))),
        ("a row that names a group", named(Row::again(11, 0))),
        ("a row that names an INDEX section", named(Row::again(6, 0))),
        ("a row that names a dead section", named(Row::again(8, 0))),
        ("a row that is not there", named(Row::again(12, 2))),
        ("a row that names a row of Form 5", named(Row::again(5, 0))),
        (
            "a generation that points forward",
            with(2, &|one| {
                one.footer = Footer { index_offset: Some(length), ..Footer::default() };
            }),
        ),
        (
            "a footer of another place",
            with(2, &|one| {
                one.footer = Footer { file_length: Some(length - 1), ..Footer::default() };
            }),
        ),
        (
            "another root in Generation_Table",
            forged(|table| {
                table.set("Root_Hash", 0, Value::Raw(vec![9; 32]));
            }),
        ),
        (
            "the roots in another order",
            forged(|table| {
                let (one, two) =
                    (table.at("Root_Hash", 0).clone(), table.at("Root_Hash", 1).clone());
                table.set("Root_Hash", 0, two);
                table.set("Root_Hash", 1, one);
            }),
        ),
        (
            "more generations than there are",
            forged(|table| {
                table.set("Generation", 0, Value::Varint(3));
                table.set("Root_Hash", 1, Value::Raw(vec![0; 65]));
            }),
        ),
        (
            "a generation number beyond all bytes",
            forged(|table| {
                table.set("Generation", 0, Value::Varint(1 << 20));
            }),
        ),
        ("a row less", forged(|table| table.set("Section_Count", 0, Value::Varint(14)))),
        (
            "a footer that stands elsewhere",
            forged(|table| {
                table.set("Type", 0, Value::Raw(vec![0]));
                table.set("Type", 7, Value::Raw(vec![1]));
            }),
        ),
        ("a State without meaning", forged(|table| table.set("State", 0, Value::Raw(vec![3])))),
        (
            "a dead section that is copied",
            forged(|table| {
                table.set("State", 2, Value::Raw(vec![4]));
            }),
        ),
        (
            "a section of the generation that is dead",
            forged(|table| {
                table.set("State", 6, Value::Raw(vec![0]));
            }),
        ),
        ("a dead section that others name", with(2, &|one| one.states = vec![(0, 0)])),
        (
            "a section that removes, in the first generation",
            with(0, &|one| {
                let batch = Batch { removed: vec!["x"], ..Batch::default() };
                one.sections.extend(Generation::of(&[batch]).sections);
            }),
        ),
        (
            "removed paths that are out of order",
            last(Batch { removed: vec!["b", "a"], ..Batch::default() }),
        ),
        (
            "a removed path that leads outside",
            last(Batch { removed: vec!["../a"], ..Batch::default() }),
        ),
        (
            "a path that is announced twice",
            with(2, &|one| {
                let batch = Batch::of_items(vec![Item::new("z", Kind::Fifo)]);
                one.sections.extend(Generation::of(&[batch]).sections);
            }),
        ),
        (
            "an entry below one that is no directory",
            last(Batch::of_items(vec![Item::new("b/inside", Kind::Fifo)])),
        ),
        (
            "a file over a directory that has entries",
            with(1, &|one| {
                let batch = Batch::of_items(vec![Item::new("d", Kind::Fifo)]);
                one.sections = Generation::of(&[batch]).sections;
            }),
        ),
        (
            "a link whose target is replaced",
            with(1, &|one| {
                let batch = Batch::of_files(&[("b", b"another file")]);
                one.sections = Generation::of(&[batch]).sections;
            }),
        ),
        (
            "a link whose target is removed",
            with(1, &|one| {
                let batch = Batch { removed: vec!["b"], ..Batch::default() };
                one.sections = Generation::of(&[batch]).sections;
            }),
        ),
        (
            "PARITY in front of INDEX",
            with(2, &|one| {
                one.sections.push(Section::stored(PARITY, b"nothing"));
            }),
        ),
    ]
}

#[test]
fn what_breaks_a_rule_of_generations_is_refused_by_both_readers() {
    for (name, bytes) in hostile() {
        let one = by_crate(&bytes, At::Newest).map_err(|error| error.kind());
        let two = by_reference(&bytes, None);
        let refused = matches!(one, Err(ErrorKind::Integrity | ErrorKind::Unsafe));
        assert!(refused && two.is_err(), "{name}: {one:?}, {two:?}");
        let to = scratch();
        let piped = scratch();
        // Whatever is given out has the bytes of some generation.
        let (options, limits) = (Default::default(), Limits::default());
        let _ = extract(&bytes[..], to.path(), &options, &limits, &CONTROL);
        let done = extract_stream(&bytes[..], piped.path(), &options, &limits, &CONTROL);
        let lost = done.is_err() || done.is_ok_and(|done| !done.failures.is_empty());
        // Which sections are dead is known only behind the contents that were taken of them.
        assert!(lost || name == "a dead section that others name", "{name}: from a pipe");
        let restored = [to.path(), piped.path()].map(|to| fs::read_dir(to).unwrap());
        for item in restored.into_iter().flatten() {
            let path = item.unwrap().path();
            if !path.symlink_metadata().unwrap().is_file() {
                continue;
            }
            let content = fs::read(&path).unwrap();
            let known = expected()
                .iter()
                .any(|files| files.values().any(|one| one.as_ref() == Some(&content)));
            assert!(known || content == b"another file", "{name}: {path:?}");
        }
    }
}

#[test]
fn an_earlier_index_that_contradicts_hides_nothing_and_is_noticed_where_it_is_read() {
    let mut all = three();
    // The rows of the first generation say that a group is another one.
    all[0].forged = Some(|table| table.set("Digest", 1, Value::Raw(vec![1; 32])));
    let bytes = archive(&all);
    let newest = &expected()[2];
    assert_eq!(by_crate(&bytes, At::Newest).unwrap(), *newest);
    assert_eq!(by_reference(&bytes, None).unwrap(), *newest);
    assert!(by_reference(&bytes, Some(0)).is_err());
    let first = Archive::open_at(&bytes[..], &Limits::default(), At::Number(0)).unwrap();
    assert!(!first.verify(1, &CONTROL).unwrap().failures.is_empty());
    let limits = Limits::default();
    let piped = verify_stream(&bytes[..], 1, &GivenBases::default(), &limits, &CONTROL).unwrap();
    assert!(piped.failed(ErrorKind::Integrity) > 0, "{piped:?}");
}

#[test]
fn a_byte_that_changes_anywhere_is_noticed_or_hides_nothing() {
    let bytes = archive(&three());
    let newest = &expected()[2];
    for at in (0..bytes.len()).step_by(7) {
        let mut wrong = bytes.clone();
        wrong[at] ^= 1;
        let Ok(archive) = Archive::open(&wrong[..], &Limits::default()) else { continue };
        for entry in archive.entries() {
            let content = entry.is_file().then(|| archive.read(&entry.path).ok()).flatten();
            let expected = &newest[&entry.display().to_string()];
            assert!(content.is_none() || content == *expected, "{at}");
        }
    }
}

#[test]
fn entries_that_no_index_tells_apart_are_given_out_under_names_that_say_so() {
    let [first, second, _] = three();
    let mut bytes = archive(&[first, second]);
    let starts = |bytes: &[u8], at: usize| bytes[at..].starts_with(b"\xF0\x9F\x8D\x90");
    // Without the headers of both INDEX sections, nothing stands between the generations.
    for at in 0..bytes.len() - 56 {
        if starts(&bytes, at) && bytes[at + 16] == INDEX {
            bytes[at..at + 56].fill(0);
        }
    }
    let end = bytes.len();
    bytes[end - forge::FOOTER..].fill(0);
    let found = Archive::open_any(&bytes[..], &Limits::default(), &CONTROL).unwrap();
    assert!(found.recovery().is_some());
    let names: Vec<String> =
        found.entries().iter().map(|entry| entry.display().to_string()).collect();
    let [b, c] = [["b.section-0", "b.section-8"], ["c.section-0", "c.section-10"]];
    let others = ["d", "d.section-8", "d/x", "d/y", "e", "f"];
    let expected = [&["a"][..], &b, &c, &others].concat();
    let mut sorted: Vec<&str> = names.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    for (path, content) in [
        ("b.section-0", "the second"),
        ("b.section-8", "the second, but longer"),
        ("c.section-10", "the second"),
        ("e", "below"),
    ] {
        assert_eq!(found.read(path).unwrap(), content.as_bytes(), "{path}");
    }
    let to = scratch();
    found.extract(to.path(), &Default::default(), &CONTROL).unwrap();
    assert_eq!(fs::read(to.path().join("c.section-0")).unwrap(), b"the second");
}

/// An archive whose first two generations are marked as incomplete.
fn incomplete() -> [Generation; 2] {
    let [first, second, _] = three();
    let marked = |one: Generation| Generation {
        forged: Some(|table| table.set("Index_Flags", 0, Value::Varint(1))),
        ..one
    };
    [first, second].map(marked)
}

#[test]
fn an_incomplete_generation_is_read_and_said_to_be_so() {
    let bytes = fs::read(golden_of("generations-incomplete")).unwrap();
    assert!(bytes == archive(&incomplete()), "the tables are as they were");
    assert_eq!(by_reference(&bytes, None).unwrap(), expected()[1]);
    let limits = Limits::default();
    let opened = Archive::open(&bytes[..], &limits).unwrap();
    assert!(opened.is_incomplete());
    let names: Vec<String> =
        opened.entries().iter().map(|entry| entry.display().to_string()).collect();
    assert_eq!(names, expected()[1].keys().cloned().collect::<Vec<_>>());
    let told = |failures: &std::collections::HashMap<ErrorKind, u64>| {
        failures.len() == 1 && failures.contains_key(&ErrorKind::Environment)
    };
    assert!(told(&opened.verify(1, &CONTROL).unwrap().failures));
    let piped = verify_stream(&bytes[..], 1, &GivenBases::default(), &limits, &CONTROL).unwrap();
    assert!(told(&piped.failures), "{piped:?}");
    // A generation behind it completes it.
    let [first, second] = incomplete();
    let last = Generation { forged: None, ..three()[2].clone() };
    let bytes = archive(&[first, second, last]);
    assert!(!Archive::open(&bytes[..], &limits).unwrap().is_incomplete());
    assert_eq!(by_crate(&bytes, At::Newest).unwrap(), expected()[2]);
    assert_eq!(by_reference(&bytes, None).unwrap(), expected()[2]);
}

/// Makes a directory that costs no disk, if there is one.
fn scratch() -> tempfile::TempDir {
    tempfile::TempDir::new_in("/dev/shm").or_else(|_| tempfile::TempDir::new()).unwrap()
}

fn golden() -> PathBuf {
    golden_of("generations")
}

fn golden_of(name: &str) -> PathBuf {
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    golden.join(format!("{name}-0.7.pear"))
}

#[test]
fn the_golden_archive_still_holds_its_generations() {
    let bytes = fs::read(golden()).unwrap();
    assert!(bytes == archive(&three()), "the tables are as they were");
    for (number, expected) in (0..).zip(expected()) {
        assert_eq!(by_crate(&bytes, At::Number(number)).unwrap(), expected, "{number}");
    }
}

#[test]
#[ignore = "a deliberate act: writes a golden archive that does not exist yet"]
fn write_golden_archives() {
    for (name, all) in [("generations", &three()[..]), ("generations-incomplete", &incomplete())] {
        if !golden_of(name).exists() {
            fs::write(golden_of(name), archive(all)).unwrap();
        }
    }
    if !runs::golden().exists() {
        fs::write(runs::golden(), archive(&runs::in_runs())).unwrap();
    }
}
