//! The independent reader in spec/reference and an independent writer, both made from
//! spec/container.md alone, agree about what an archive says and about what is refused.

#[path = "support/forge/mod.rs"]
mod forge;
#[allow(dead_code)]
#[path = "../spec/reference/container.rs"]
mod reference;

use forge::cases::{self, Case, FILES, Fault};
use forge::{Archive, Batch, Item, Kind, Row, Section, Value};
use reference::Base;
use std::collections::BTreeMap;

/// Returns the stream of all groups, which are stored as they are.
fn stream(archive: &reference::Archive) -> Vec<u8> {
    archive.groups.iter().flat_map(|group| group.payload.clone()).collect()
}

/// Reads an archive and all its files.
fn read(bytes: &[u8]) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, String> {
    let archive = reference::read(bytes)?;
    archive.groups.iter().try_for_each(|group| group.base().map(drop))?;
    let stream = stream(&archive);
    archive.check(&stream)?;
    let files = archive.entries.iter().filter(|entry| entry.content.is_some());
    files.map(|entry| Ok((entry.path.clone(), archive.content(entry, &stream)?))).collect()
}

fn check(cases: Vec<Case>) {
    for Case { name, archive, fault, is_in_data, .. } in cases {
        let opened = reference::read(&archive).map(drop);
        let outcome = if is_in_data { read(&archive).map(drop) } else { opened.clone() };
        let message = outcome.err().unwrap_or_default();
        let is_unsupported = message.starts_with("unsupported: ");
        let is_unsafe = message == "unsafe path";
        let is_right = match fault {
            Fault::Nothing | Fault::Unfinished => message.is_empty(),
            Fault::Unsupported => is_unsupported,
            Fault::Unsafe => is_unsafe,
            Fault::Damaged => !message.is_empty() && !is_unsupported && !is_unsafe,
            Fault::TooMuch | Fault::NotYet => !message.is_empty(),
        };
        assert!(is_right, "{name} must be {fault:?}: {message:?}");
        assert!(!is_in_data || opened.is_ok(), "{name} is seen without decoding");
        if fault == Fault::Nothing && !is_in_data {
            let known = FILES.map(|(path, content)| (path.as_bytes(), content));
            let known = BTreeMap::from(known);
            for (path, content) in read(&archive).unwrap_or_default() {
                let expected = known.get(&path[..]);
                assert!(expected.is_none_or(|expected| content == *expected), "{name}");
            }
        }
    }
}

/// Returns every kind of entry, with everything that an entry may have.
fn garden() -> Batch {
    let texts: [&[u8]; 2] = [b"pears and plums", b"only pears"];
    let mut items = vec![
        Item::new(b"caf\xe9\n", Kind::File(1)),
        Item::new("garden", Kind::Directory),
        Item::new("garden/null", Kind::Character(1, 3)),
        Item::new("garden/pear", Kind::File(0)),
        Item::new("garden/same", Kind::HardLink(1)),
        Item::new("garden-path", Kind::Symlink(b"../else where")),
        Item::new("gate", Kind::HardLink(1)),
        Item::new("holes", Kind::File(2)),
        Item::new("pipe", Kind::Fifo),
        Item::new("zero", Kind::File(3)),
    ];
    for (number, item) in (0..).zip(&mut items) {
        item.mode = 0o640 + number % 2;
        item.owner = (1000 + number / 5, u32::MAX.into(), b"gardener", b"");
        item.time = (number as i64 * 7 - 30, 999_999_999 - number * 400_000_000 % 3);
        if number % 3 > 0 {
            item.set = vec![(b"user.a", b"kept\0bytes"), (b"user.b", b"")];
        }
    }
    let holes = Row { map: Some((40, vec![(5, 3), (20, 2)])), ..Row::of(5) };
    Batch {
        groups: vec![[texts[0], texts[1], b"islee"].concat()],
        rows: vec![Row::of(texts[0].len()), Row::of(texts[1].len()), holes, Row::of(0)],
        items,
        extras: vec![(2, [&[1; 10][..], &[2; 20]].concat()), (4, vec![16; 10])],
        ..Batch::default()
    }
}

#[test]
fn every_field_is_read_as_it_was_written() {
    let batch = garden();
    let entry = Section::stored(forge::ENTRY, &batch.table().bytes()).compressed();
    let group = Section::stored(forge::DATA, &batch.groups[0]);
    let archive = reference::read(&Archive::of(&[entry, group]).bytes()).unwrap();
    assert_eq!(archive.entries.len(), batch.items.len());
    for (seen, item) in archive.entries.iter().zip(&batch.items) {
        assert_eq!(seen.path, item.path);
        assert_eq!((seen.seconds, seen.nanoseconds), item.time, "{seen:?}");
        assert_eq!(seen.mode, item.mode);
        let owner = &seen.owner;
        assert_eq!((owner.uid, owner.gid, &owner.user[..], &owner.group[..]), item.owner);
        let set = seen.xattrs.iter().map(|(name, value)| (&name[..], &value[..]));
        assert!(set.eq(item.set.iter().copied()), "{seen:?}");
        let link = match item.kind {
            Kind::Symlink(text) => text,
            Kind::HardLink(_) if item.path == b"gate" => b"garden-path",
            Kind::HardLink(_) => b"garden/pear",
            _ => b"",
        };
        assert_eq!(seen.target, link);
        assert_eq!(seen.device, if seen.kind == 5 { (1, 3) } else { (0, 0) });
    }
    let holes = b"\0\0\0\0\0isl\0\0\0\0\0\0\0\0\0\0\0\0ee\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let files: [(&[u8], &[u8]); 4] = [
        (b"caf\xe9\n", b"only pears"),
        (b"garden/pear", b"pears and plums"),
        (b"holes", holes),
        (b"zero", b""),
    ];
    let stream = stream(&archive);
    archive.check(&stream).unwrap();
    for (path, content) in files {
        let entry = archive.entries.iter().find(|entry| entry.path == path).unwrap();
        assert_eq!(archive.content(entry, &stream).unwrap(), content);
    }
}

/// Returns the lengths of the digests of a batch: of spans, then of files.
fn digests(batch: &Batch) -> Vec<usize> {
    let table = batch.table();
    let is_digest = |name: &str| matches!(name, "Span_Digest" | "File_Digest");
    let digests = table.0.iter().filter(|value| is_digest(value.0));
    digests.map(|(_, value)| value.bytes().len()).collect()
}

#[test]
fn spans_are_cut_where_the_text_says() {
    for (lengths, groups, join, expected) in cases::CUTS {
        let batch = cases::batch_of(lengths, groups, join);
        assert_eq!(digests(&batch), expected, "{lengths:?} {groups:?} {join}");
        let bytes = Archive::of_batches(&[batch]).bytes();
        assert_eq!(read(&bytes).unwrap().len(), lengths.len(), "{lengths:?} {groups:?} {join}");
    }
}

#[test]
fn a_wrong_byte_is_seen_by_the_files_of_its_span_and_no_others() {
    let lengths: Vec<usize> = (0..40).map(|number| number * 13 % 50).collect();
    let all: usize = lengths.iter().sum();
    let batch = cases::batch_of(&lengths, &[all / 3, all / 3, all - all / 3 * 2], 60);
    let archive = reference::read(&Archive::of_batches(&[batch]).bytes()).unwrap();
    let stream = stream(&archive);
    for at in 0..stream.len() {
        let mut damaged = stream.clone();
        damaged[at] ^= 1;
        assert!(archive.check(&damaged).is_err());
        let lost = |entry: &&reference::Entry| archive.content(entry, &damaged).is_err();
        let lost = archive.entries.iter().filter(lost).count();
        assert!((1..=12).contains(&lost), "byte {at}: {lost} files are lost");
    }
}

#[test]
fn the_group_that_another_rests_on_is_named() {
    let archive = cases::bases().into_iter().find(|case| case.name == "two groups on a base");
    let archive = reference::read(&archive.unwrap().archive).unwrap();
    let bases: Vec<Base> = archive.groups.iter().map(|group| group.base().unwrap()).collect();
    assert_eq!(bases, [Base::Anew, Base::Anew, Base::Group(1), Base::Group(1)]);
    let shipped = cases::bases().into_iter().find(|case| case.name == "a shipped base");
    let shipped = reference::read(&shipped.unwrap().archive).unwrap();
    assert_eq!(shipped.groups[1].base(), Ok(Base::Shipped([1, 2, 3, 4])));
}

#[test]
fn parity_is_that_of_the_bytes_it_protects() {
    for (block, sets) in [(64, 1), (64, 4), (128, 2)] {
        let sound = Archive::of_batches(&cases::sample());
        let (archive, table) = forge::parity::protected(&sound, block, sets);
        let bytes = archive.bytes();
        let read = reference::read(&bytes).unwrap();
        let ranges = read.check_parity(&bytes).unwrap();
        // The first two ENTRY sections, and a third; INDEX.
        assert_eq!(ranges.len(), 3);
        for row in 0..table.0.len() {
            let mut forged = table.clone();
            let (name, value) = &mut forged.0[row];
            match value {
                Value::Varint(value) => *value += 1,
                Value::Raw(bytes) => bytes[0] ^= 1,
                Value::Signed(_) => unreachable!(),
            }
            let name = *name;
            let mut archive = sound.clone();
            archive.closing.push(Section::stored(forge::PARITY, &forged.bytes()));
            let bytes = archive.bytes();
            let checked = reference::read(&bytes).unwrap().check_parity(&bytes);
            assert!(checked.is_err() || name == "Record", "{name} {row}");
        }
    }
}

#[test]
fn every_changed_byte_of_an_archive_is_noticed() {
    let mut archive = Archive::of_batches(&cases::sample());
    archive.closing.push(Section::stored(forge::SIGNATURE, b"of nobody"));
    let bytes = archive.bytes();
    read(&bytes).unwrap();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(reference::read(&damaged).is_err(), "byte {at}");
        assert!(reference::read(&bytes[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn no_table_makes_the_reference_fail_otherwise_than_by_a_message() {
    let mut tables = vec![garden().table()];
    tables.extend(cases::sample().iter().map(Batch::table));
    tables.push(cases::recipe_sample().table());
    for table in tables {
        for row in 0..table.0.len() {
            for value in [0, 1, 2, 7, 127, 1 << 31, 1 << 32, u64::MAX >> 1, u64::MAX] {
                let mut forged = table.clone();
                forged.0[row].1 = Value::Varint(value);
                let entry = Section::stored(forge::ENTRY, &forged.bytes());
                let group = Section::stored(forge::DATA, &garden().groups[0]);
                let _ = read(&Archive::of(&[entry, group]).bytes());
            }
        }
    }
}

#[test]
fn framing_is_refused_as_the_text_says() {
    check(cases::framing());
}

#[test]
fn all_footers_of_a_generation_say_the_same() {
    let refused = reference::read(&cases::footers_that_differ()).map(drop);
    assert_eq!(refused, Err("footers of one generation differ".to_owned()));
}

#[test]
fn tables_have_one_form_only() {
    check(cases::tables());
}

#[test]
fn entries_are_refused_as_the_text_says() {
    check(cases::entries());
}

#[test]
fn index_is_refused_as_the_text_says() {
    check(cases::index());
}

#[test]
fn contents_are_refused_as_the_text_says() {
    check(cases::contents());
}

#[test]
fn parts_are_refused_as_the_text_says() {
    check(cases::parts());
}

#[test]
fn runs_are_refused_as_the_text_says() {
    check(cases::runs());
}

#[test]
fn recipes_are_refused_as_the_text_says() {
    check(cases::recipes());
}

#[test]
fn bases_are_refused_as_the_text_says() {
    check(cases::bases());
}
