//! Files whose streams are longer than a batch are taken apart in pieces.

use super::*;
use std::cell::Cell;

/// Returns a zip of many entries, without a directory.
fn zip(seed: u64, entries: u64) -> Vec<u8> {
    let mut out = Vec::new();
    for number in 0..entries {
        let plain = match number % 3 {
            0 => numbers(seed + number, 30_000),
            _ => text(seed + number, 40_000),
        };
        out.extend(zip_entry(&plain));
    }
    out
}

/// Returns files of several pieces, of two, and of one.
fn long_files() -> Files {
    let all = [
        ("a.bz2", bz2(&text(1, 100_000), 9)),
        ("b.zip", zip(10, 90)),
        ("c.zip", zip(200, 33)),
        ("d.zip", zip(300, 3)),
        ("same/b.zip", zip(10, 90)),
    ];
    all.into_iter().map(|(name, content)| (name.to_owned(), content)).collect()
}

#[test]
fn a_file_longer_than_a_batch_is_taken_apart_in_pieces() {
    let files = long_files();
    let archive = pack(&files, in_pieces(2));
    assert!(archive == pack(&files, in_pieces(1)) && archive == pack(&files, in_pieces(5)));
    assert_eq!(made(&archive), files.keys().cloned().collect::<Vec<_>>());
    let opened = Archive::open(&archive[..], &Limits::default()).unwrap();
    let pieces = |name: &str| match &opened.entry(name).unwrap().kind {
        Kind::File(content) => content.recipes.len(),
        _ => 0,
    };
    assert!(files["b.zip"].len() > 1 << 19 && files["c.zip"].len() < 1 << 19);
    assert!(pieces("b.zip") > 3 && pieces("c.zip") == 2 && pieces("d.zip") == 1);
    for (way, read) in WAYS {
        for count in [1, 3] {
            let to = scratch();
            let done = read(&archive, to.path(), count).unwrap();
            assert!(done.failures.is_empty() || way == "by search", "{way} {count}: {done:?}");
            assert!(found(to.path()) == files, "{way} {count}");
        }
    }
    assert!(opened.verify(2, &CONTROL).unwrap().failures.is_empty());
    let bases = GivenBases::default();
    let verified = verify_stream(&archive[..], 2, &bases, &Limits::default(), &CONTROL);
    assert!(verified.unwrap().failures.is_empty());
    for (name, content) in &files {
        assert!(opened.read(name).unwrap() == *content, "{name}");
        let mut reader = opened.reader(opened.entry(name).unwrap()).unwrap();
        for at in [content.len() * 2 / 3, 9, content.len() - 5] {
            reader.seek(SeekFrom::Start(at as u64)).unwrap();
            let mut bytes = Vec::new();
            reader.by_ref().take(90_000).read_to_end(&mut bytes).unwrap();
            assert!(bytes == content[at..content.len().min(at + 90_000)], "{name} {at}");
        }
    }
    // Asked for in another order than they lie in.
    let names = ["d.zip", "c.zip", "b.zip", "a.bz2", "same/b.zip"];
    let expected: Vec<u8> = names.iter().flat_map(|name| files[*name].clone()).collect();
    for count in [1, 3] {
        let paths: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
        let mut printed = Vec::new();
        opened.cat_all(&paths, &mut printed, count, &CONTROL).unwrap();
        assert!(printed == expected, "{count}");
    }
}

/// Returns the groups that a file is made of.
fn groups(archive: &[u8], name: &str) -> Vec<u64> {
    let opened = Archive::open(archive, &Limits::default()).unwrap();
    match &opened.entry(name).unwrap().kind {
        Kind::File(content) => content.extents.iter().map(|extent| extent.group).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_damaged_piece_costs_its_file_and_no_other() {
    let files = long_files();
    let archive = pack(&files, in_pieces(2));
    let own = groups(&archive, "b.zip");
    let payloads = damage::payloads(&archive);
    for group in [own[own.len() / 2], own[own.len() - 1]] {
        let mut damaged = archive.clone();
        let payload = payloads[group as usize].clone();
        damaged[payload.start + payload.len() / 2] ^= 0x55;
        for (way, read) in WAYS {
            for count in [1, 3] {
                let to = scratch();
                let done = read(&damaged, to.path(), count).unwrap();
                assert!(done.failed(ErrorKind::Integrity) > 0, "{way} {group}");
                let mut rest = files.clone();
                rest.retain(|name, _| !name.ends_with("b.zip"));
                assert!(found(to.path()) == rest, "{way} {group}: {:?}", found(to.path()).keys());
            }
        }
        let keep = ExtractOptions { keep_damaged: true, ..jobs(2) };
        for piped in [false, true] {
            let to = scratch();
            match piped {
                true => {
                    extract_stream(&damaged[..], to.path(), &keep, &Limits::default(), &CONTROL)
                }
                false => extract(&damaged[..], to.path(), &keep, &Limits::default(), &CONTROL),
            }
            .unwrap();
            let out = found(to.path());
            assert_eq!(out["b.zip.damaged"].len(), files["b.zip"].len(), "{piped}");
            let same =
                out["b.zip.damaged"].iter().zip(&files["b.zip"]).filter(|(one, two)| one == two);
            assert!(same.count() > files["b.zip"].len() / 2, "other pieces are kept");
        }
    }
}

#[test]
fn what_ends_in_the_middle_of_a_file_gives_the_files_before() {
    let files = long_files();
    let archive = pack(&files, in_pieces(2));
    let own = groups(&archive, "b.zip");
    let payloads = damage::payloads(&archive);
    for group in [own[own.len() / 2], own[own.len() - 1]] {
        let cut = &archive[..payloads[group as usize].start];
        for (way, read) in WAYS {
            for count in [1, 3] {
                let to = scratch();
                let done = read(cut, to.path(), count).unwrap();
                assert!(done.failed(ErrorKind::Integrity) > 0, "{way} {group}");
                let out = found(to.path());
                assert_eq!(out.get("a.bz2"), Some(&files["a.bz2"]), "{way} {group}");
                assert!(!out.contains_key("b.zip"));
            }
        }
    }
}

/// Does something when the first group is written, and keeps warnings.
struct Once<'a> {
    action: &'a dyn Fn(),
    done: Cell<bool>,
    warnings: RefCell<Vec<String>>,
}

impl Events for Once<'_> {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Progress { .. } if !self.done.replace(true) => (self.action)(),
            Event::Warning(error) => self.warnings.borrow_mut().push(error.to_string()),
            _ => {}
        }
    }
}

#[test]
fn a_file_that_is_cut_while_it_is_taken_apart_is_archived_as_it_is_then() {
    let long = zip(10, 90);
    for count in [1, 3] {
        let tree = scratch();
        let path = tree.path().join("b.zip");
        for (name, content) in [("b.zip", &long[..]), ("d.zip", &zip(300, 3)), ("x", b"text")] {
            fs::write(tree.path().join(name), content).unwrap();
        }
        let action = || fs::write(&path, &long[..1000]).unwrap();
        let (done, warnings) = Default::default();
        let events = Once { action: &action, done, warnings };
        let control = Control { events: &events, cancel: &GO_ON };
        let walking = WalkOptions { base: tree.path().to_owned(), ..WalkOptions::default() };
        let mut archive = Vec::new();
        let all = [PathBuf::from(".")];
        create_stream(&mut archive, &all, walking, &in_pieces(count), &control).unwrap();
        assert_eq!(events.warnings.borrow().len(), 1, "{:?}", events.warnings.borrow());
        for (way, read) in WAYS {
            let to = scratch();
            let done = read(&archive, to.path(), count).unwrap();
            assert!(done.failures.is_empty() || way == "by search", "{way}: {done:?}");
            let out = found(to.path());
            assert_eq!(out.keys().collect::<Vec<_>>(), ["b.zip", "d.zip", "x"], "{way}");
            assert!(out["b.zip"] == long[..1000], "{way}");
        }
    }
}
