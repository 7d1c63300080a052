//! Tables that are changed at random under right hashes are accepted by the crate and by
//! the independent reader alike, or refused by both.

#[path = "support/forge/mod.rs"]
mod forge;
#[allow(dead_code)]
#[path = "../spec/reference/container.rs"]
mod reference;

use forge::cases;
use forge::{Batch, ENTRY, Item, Kind, Row, Section, Table, Value};
use pear_archive::archive::{Archive, Control, ErrorKind, Limits, Silent};
use std::sync::atomic::AtomicBool;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

/// Pseudo-random numbers that are the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }
}

/// Returns entries of every kind, with holes, owners, attributes and times.
fn kinds() -> Batch {
    let mut batch = Batch::of_files(&[("a", b"first"), ("b/c", b"second one"), ("b/d", b"x")]);
    batch.rows[1].map = Some((40, vec![(3, 4), (20, 6)]));
    let others = [
        ("dev", Kind::Character(1, 300)),
        ("fifo", Kind::Fifo),
        ("hard", Kind::HardLink(4)),
        ("sym", Kind::Symlink(b"to")),
        ("zdir", Kind::Directory),
    ];
    batch.items.extend(others.map(|(path, kind)| Item::new(path, kind)));
    for (number, item) in (0..).zip(&mut batch.items) {
        item.time = (number as i64 * 1000 - 3, number * 7_000_000);
        item.mode = 0o600 + number % 3;
        item.owner = (number % 2, 5, b"user", b"");
        if number % 3 == 1 {
            item.set = vec![(b"user.a", b"1"), (b"user.b", b"2")];
        }
    }
    batch
}

/// Returns the archives that are changed: several groups, files that go on and are
/// revoked, several batches.
fn samples() -> Vec<Vec<Batch>> {
    let mut cut = Batch::of_files(&[("a", b"123456789"), ("b", b"abcdefgh"), ("c", b"z")]);
    cut.groups = vec![b"1234567".to_vec(), b"89abcdefghz".to_vec()];
    let mut opened = Batch::of_files(&[("l", b"start"), ("m", b"")]);
    opened.open = Some((0, 4));
    opened.items.push(Item::new("n", Kind::HardLink(2)));
    opened.items.push(Item::new("o", Kind::File(0)));
    let mut continued = Batch::of_files(&[("x", b"rest"), ("y", b"own")]);
    continued.items.remove(0);
    continued.revoked = Some(vec![1]);
    continued.rows[0] = Row { ends: Some(forge::digest(b"startrest")), ..Row::of(4) };
    let made = vec![cases::recipe_sample()];
    vec![vec![kinds()], vec![cut], vec![opened, continued], cases::sample().to_vec(), made]
}

/// Changes a value or two of a table, and sometimes its bytes.
fn change(mut table: Table, random: &mut Random) -> Vec<u8> {
    for _ in 0..1 + random.below(2) {
        let row = random.below(table.0.len());
        let other = table.0[random.below(table.0.len())].1.clone();
        let large = [0, 1, 2, 3, 127, 128, 1 << 32, u64::MAX >> 1, u64::MAX][random.below(9)];
        let byte = random.below(256) as u8;
        let how = random.below(4);
        let value = &mut table.0[row].1;
        match value {
            _ if how == 0 => *value = other,
            Value::Raw(bytes) if bytes.is_empty() => {}
            Value::Raw(bytes) => {
                let at = random.below(bytes.len());
                bytes[at] = byte;
            }
            Value::Varint(value) if how == 1 => *value = value.wrapping_add(1),
            Value::Varint(value) if how == 2 => *value = value.wrapping_sub(1),
            Value::Varint(value) => *value = large,
            Value::Signed(value) if how == 1 => *value = value.wrapping_add(1),
            Value::Signed(value) if how == 2 => *value = value.wrapping_sub(1),
            Value::Signed(value) => *value = large as i64,
        }
    }
    let mut bytes = table.bytes();
    let at = random.below(bytes.len());
    match random.below(18) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => drop(bytes.remove(at)),
        2 => bytes.insert(at, random.below(256) as u8),
        _ => {}
    }
    bytes
}

/// Returns an archive one of whose tables was changed.
fn changed(batches: &[Batch], random: &mut Random) -> Vec<u8> {
    let mut sections = forge::sections(batches);
    let which = random.below(batches.len() + 1);
    let Some(batch) = batches.get(which) else {
        let mut archive = forge::Archive::of(&sections);
        let index = change(archive.index, random);
        archive.index = Table(vec![("INDEX", Value::Raw(index))]);
        return archive.bytes();
    };
    let mut entries = sections.iter_mut().filter(|section| section.kind == ENTRY);
    let entry = entries.nth(which).expect("each batch has one");
    *entry = Section::stored(ENTRY, &change(batch.table(), random));
    forge::Archive::of(&sections).bytes()
}

/// Reads an archive with the crate. Returns path, seconds and size of the entries, or why
/// it is refused.
fn with_the_crate(bytes: &[u8]) -> Result<Vec<(Vec<u8>, i64, u64)>, ErrorKind> {
    let archive = Archive::open(bytes, &Limits::default()).map_err(|error| error.kind())?;
    let verified = archive.verify_quick(&CONTROL).map_err(|error| error.kind())?;
    // An incomplete archive is whole as far as it goes.
    let incomplete = archive.is_incomplete().then_some(ErrorKind::Environment);
    if let Some(&kind) = verified.failures.keys().find(|&&kind| Some(kind) != incomplete) {
        return Err(kind);
    }
    let entry = |entry: &pear_archive::Entry| {
        (entry.path.clone(), entry.metadata.modified.seconds, entry.size())
    };
    Ok(archive.entries().iter().map(entry).collect())
}

fn with_the_reference(bytes: &[u8]) -> Result<Vec<(Vec<u8>, i64, u64)>, String> {
    let archive = reference::read(bytes)?;
    let size = |entry: &reference::Entry| entry.content.map_or(0, |row| archive.contents[row].size);
    let entry = |entry: &reference::Entry| (entry.path.clone(), entry.seconds, size(entry));
    Ok(archive.entries.iter().map(entry).collect())
}

#[test]
fn tables_changed_at_random_are_accepted_by_both_readers_or_by_none() {
    let (samples, mut random) = (samples(), Random(0x9E37_79B9_7F4A_7C15));
    let mut accepted = 0;
    for number in 0..12_000 {
        let bytes = changed(&samples[number % samples.len()], &mut random);
        match (with_the_crate(&bytes), with_the_reference(&bytes)) {
            (Ok(one), Ok(other)) => {
                assert_eq!(one, other, "archive {number}");
                accepted += 1;
            }
            // A reader may have limits of its own.
            (Err(_), Err(_)) | (Err(ErrorKind::Limit), Ok(_)) => {}
            (one, other) => panic!("archive {number}: {one:?}, but {other:?}"),
        }
    }
    // Times, modes and names have many values.
    assert!(accepted > 1000, "{accepted}");
}
