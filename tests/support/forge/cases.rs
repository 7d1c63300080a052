//! Archives of which one thing is forged, with right hashes, and how they must end.

mod contents;
mod index;
mod recipes;
mod runs;

use super::*;
#[allow(unused_imports)] // each test crate uses its part of it
pub use contents::{CUTS, bases, batch_of, contents, parts};
#[allow(unused_imports)]
pub use index::index;
#[allow(unused_imports)]
pub use recipes::{recipe_sample, recipes};
#[allow(unused_imports)]
pub use runs::{RUN_FILE, run_sample, runs};

/// What a reader finds wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Nothing,
    /// Nothing either, but the archive says that it is incomplete.
    Unfinished,
    Damaged,
    Unsupported,
    Unsafe,
    /// Damaged, or more than a reader takes.
    TooMuch,
    /// Damaged, or of a structure that this version does not read yet.
    NotYet,
}

pub struct Case {
    pub name: String,
    pub archive: Vec<u8>,
    pub fault: Fault,
    /// Files that come out whichever way the archive is read.
    pub out: &'static [&'static str],
    /// Whether the reader must decode groups to see the fault.
    pub is_in_data: bool,
}

pub const FILES: [(&str, &[u8]); 5] = [
    ("a.txt", b"the first file"),
    ("b.txt", b"the second"),
    ("c.txt", b"the third file"),
    ("d.txt", b"and the last one"),
    ("long.bin", b"the start of it and the end"),
];
const ALL: &[&str] = &["a.txt", "b.txt", "c.txt", "d.txt"];
/// The files of the first group.
const FIRST: &[&str] = &["a.txt", "b.txt"];

/// Numbers of the sections of the sample.
pub const FIRST_ENTRY: usize = 1;
pub const FIRST_GROUP: usize = 2;
pub const LAST_ENTRY: usize = 3;
pub const LAST_GROUP: usize = 4;

/// A directory and a link; a group of two files; a group of two files, a hard link, a
/// link and a directory with attributes, which is the batch that is forged.
pub fn sample() -> [Batch; 3] {
    let directory = Item { mode: 0o755, ..Item::new("box", Kind::Directory) };
    let link = Item::new("link", Kind::Symlink(b"a.txt"));
    let mut last = Batch::of_files(&FILES[2..4]);
    last.items.push(Item::new("e", Kind::HardLink(1)));
    last.items.push(Item::new("f", Kind::Symlink(b"c.txt")));
    let mut inner = Item { mode: 0o755, ..Item::new("fg", Kind::Directory) };
    inner.set = vec![(b"user.a", b"1"), (b"user.b", b"2")];
    inner.owner = (1000, 100, b"gardener", b"users");
    inner.time = (1_234_567_890, 123_456_789);
    last.items.push(inner);
    [Batch::of_items(vec![directory, link]), Batch::of_files(&FILES[..2]), last]
}

fn case(name: &str, fault: Fault, archive: &Archive, out: &'static [&'static str]) -> Case {
    // What is unsafe, or more than a reader takes, may end the reading.
    let out = if matches!(fault, Unsafe | TooMuch) { &[] } else { out };
    Case { name: name.to_owned(), archive: archive.bytes(), fault, out, is_in_data: false }
}

/// The sample with another ENTRY section for its last batch.
fn with_last_entry(entry: Section) -> Archive {
    let mut all = sections(&sample());
    all[LAST_ENTRY] = entry;
    Archive::of(&all)
}

fn in_table(name: &str, fault: Fault, edit: impl FnOnce(&mut Table)) -> Case {
    let mut table = sample()[2].table();
    edit(&mut table);
    case(name, fault, &with_last_entry(Section::stored(ENTRY, &table.bytes())), FIRST)
}

fn in_batch(name: &str, fault: Fault, edit: impl FnOnce(&mut Batch)) -> Case {
    let mut batches = sample();
    edit(&mut batches[2]);
    case(name, fault, &Archive::of_batches(&batches), FIRST)
}

fn in_index(
    name: &str,
    fault: Fault,
    out: &'static [&'static str],
    edit: impl FnOnce(&mut Table),
) -> Case {
    let mut archive = Archive::of_batches(&sample());
    edit(&mut archive.index);
    case(name, fault, &archive, out)
}

fn in_archive(
    name: &str,
    fault: Fault,
    out: &'static [&'static str],
    edit: impl FnOnce(&mut Archive),
) -> Case {
    let mut archive = Archive::of_batches(&sample());
    edit(&mut archive);
    case(name, fault, &archive, out)
}

use Fault::{Damaged, NotYet, Nothing, TooMuch, Unfinished, Unsafe, Unsupported};
use Value::{Raw, Signed, Varint};

/// Preface, headers and footer.
pub fn framing() -> Vec<Case> {
    let mut all = vec![in_archive("untouched", Nothing, ALL, |_| {})];
    for version in [(0, 6), (0, 8), (1, 0), (1, 7)] {
        let name = format!("version {version:?}");
        all.push(in_archive(&name, Unsupported, &[], |archive| archive.version = version));
    }
    all.push(in_archive("Required_Features", Unsupported, &[], |one| one.features = 1 << 7));
    let sound = Archive::of_batches(&sample());
    let end = *sound.offsets().last().expect("INDEX") as u64;
    let footer = sound.bytes().len() as u64 - FOOTER as u64;
    let entry = sound.offsets()[LAST_ENTRY] as u64;
    for offset in [0, 31, 33, entry, end + 1, footer, u64::MAX, u64::MAX - 55] {
        all.push(in_archive(&format!("Index_Offset {offset}"), Damaged, ALL, |archive| {
            archive.footer.index_offset = Some(offset);
        }));
    }
    for length in [footer + FOOTER as u64 - 1, footer + FOOTER as u64 + 1, 0, u64::MAX] {
        all.push(in_archive(&format!("File_Length {length}"), Damaged, ALL, |archive| {
            archive.footer.file_length = Some(length);
        }));
    }
    all.push(in_archive("Archive_Id of the footer", Damaged, ALL, |archive| {
        archive.footer.archive_id = Some([8; 8]);
    }));
    all.push(in_archive("Root_Hash", Damaged, ALL, |one| one.footer.root = Some([1; 32])));
    let mut again = case("a signature behind the footer", Nothing, &sound, ALL);
    again.archive = sound.closed_again(&Section::stored(SIGNATURE, b"\x09of nobody"));
    all.push(again);
    all.extend(headers());
    all.extend(types());
    all
}

/// Returns an archive whose first footer has another Root_Hash than its last. The last one
/// counts.
pub fn footers_that_differ() -> Vec<u8> {
    let sound = Archive::of_batches(&sample());
    let mut bytes = sound.closed_again(&Section::stored(SIGNATURE, b"\x09of nobody"));
    let footer = sound.bytes().len() - FOOTER;
    bytes[footer + 24] ^= 1;
    let hash = tag("footer", &bytes[footer..footer + 56]);
    bytes[footer + 56..footer + 64].copy_from_slice(&hash);
    bytes
}

/// A header that says something else than its row in INDEX and its place.
fn headers() -> Vec<Case> {
    type Edit = fn(&mut Header);
    let edits: [(&str, Edit); 13] = [
        ("Sync", |header| header.sync[3] ^= 1),
        ("Archive_Id", |header| header.archive_id[0] ^= 1),
        ("Sequence", |header| header.sequence += 1),
        ("Sequence at its end", |header| header.sequence = u32::MAX),
        ("Type", |header| header.kind = ENTRY),
        ("ancillary flag", |header| header.flags |= ANCILLARY),
        ("unknown flag", |header| header.flags |= 4),
        ("Filter", |header| header.filter = 2),
        ("Model", |header| header.model = 3),
        ("Group", |header| header.group += 1),
        ("Stored_Length", |header| header.stored_length = u32::MAX),
        ("Raw_Length", |header| header.raw_length = u32::MAX),
        ("Payload_Hash", |header| header.payload_hash[0] ^= 1),
    ];
    let edit = |(name, edit): (&str, Edit)| {
        in_archive(&format!("{name} of a header"), Damaged, FIRST, |archive| {
            edit(&mut archive.sections[LAST_GROUP].0);
        })
    };
    edits.into_iter().map(edit).collect()
}

/// Sections of other types, and where they may stand.
fn types() -> Vec<Case> {
    let with = |name: &str, fault, out, at: usize, section: Section| {
        let mut all = sections(&sample());
        all.insert(at, section);
        case(name, fault, &Archive::of(&all), out)
    };
    let unknown = |kind, flags| Section { flags, ..Section::stored(kind, b"unknown") };
    let comment = |text: &[u8]| Section::stored(COMMENT, text);
    let mut all = vec![
        with("unknown ancillary section", Nothing, ALL, 1, unknown(10, ANCILLARY)),
        with("CHUNKS that say nothing", Nothing, ALL, 1, unknown(9, ANCILLARY)),
        with("CHUNKS without the flag", Damaged, &[], 1, unknown(9, 0)),
        with("reserved ancillary section", Nothing, ALL, 1, unknown(4, ANCILLARY)),
        with("ancillary section of Type 0", Damaged, FIRST, 1, unknown(0, ANCILLARY)),
        with("unknown critical section", Unsupported, &[], 1, unknown(10, 0)),
        with("reserved critical section", Unsupported, &[], 1, unknown(7, 0)),
        with("comment", Nothing, ALL, 1, comment(b"kept")),
        with("comment at the end", Nothing, ALL, 5, comment(b"kept").compressed()),
        with("comment inside a batch", Damaged, FIRST, LAST_GROUP, comment(b"kept")),
        with("PARITY before INDEX", Damaged, ALL, 5, Section::stored(PARITY, b"early")),
        with("SIGNATURE before INDEX", Damaged, ALL, 5, Section::stored(SIGNATURE, b"early")),
    ];
    for kind in [ENTRY, DATA, INDEX, COMMENT] {
        let name = format!("type {kind} behind INDEX");
        all.push(in_archive(&name, Damaged, ALL, |archive| {
            archive.closing.push(Section::stored(kind, &[0; 4]));
        }));
    }
    for codec in [2, 3] {
        let mut entry = sections(&sample())[LAST_ENTRY].clone();
        entry.codec = codec;
        let name = format!("ENTRY of codec {codec}");
        all.push(case(&name, Damaged, &with_last_entry(entry), FIRST));
    }
    all
}

/// The tables of ENTRY sections: frames, numbers and counts.
pub fn tables() -> Vec<Case> {
    let sound = sample()[2].table();
    let raw = sound.bytes();
    let framed = Section::stored(ENTRY, &raw).compressed();
    let with = |name: &str, payload: Vec<u8>| {
        case(name, Damaged, &with_last_entry(Section { payload, ..framed.clone() }), FIRST)
    };
    let frame = &framed.payload;
    let empty = zstd::bulk::compress(b"", 3).expect("memory suffices");
    let skipped = b"\x50\x2A\x4D\x18\x01\0\0\0x";
    let shorter = Section { raw_length: framed.raw_length - 1, ..framed.clone() };
    let longer = Section { raw_length: framed.raw_length + 1, ..framed.clone() };
    let mut all = vec![
        case("tables in a frame", Nothing, &with_last_entry(framed.clone()), ALL),
        with("a frame cut short", frame[..frame.len() - 1].to_vec()),
        with("a byte behind the frame", [frame, &b"x"[..]].concat()),
        with("two frames", [&frame[..], &empty].concat()),
        with("a skippable frame in front", [&skipped[..], frame].concat()),
        with("a skippable frame behind", [frame, &skipped[..]].concat()),
        case("Raw_Length one less", Damaged, &with_last_entry(shorter), FIRST),
        case("Raw_Length one more", Damaged, &with_last_entry(longer), FIRST),
        in_table("a byte left over", Damaged, |table| table.put("left", Raw(vec![0]))),
    ];
    for (row, (name, value)) in sound.0.iter().enumerate() {
        if let Some(padded) = value.padded() {
            let name = format!("{name}, value {row}, in one byte more");
            all.push(in_table(&name, Damaged, |table| table.0[row].1 = padded));
        }
        let is_count = name.ends_with("_Count") || ["Groups", "Suffix_Length"].contains(name);
        let left: usize = sound.0[row + 1..].iter().map(|value| value.1.bytes().len()).sum();
        for count in [u64::MAX, 1 << 32, left as u64 + 1] {
            if is_count {
                let name = format!("{name}, value {row}, of {count}");
                all.push(in_table(&name, TooMuch, |table| table.0[row].1 = Varint(count)));
            }
        }
    }
    let eleven = [[255; 10].as_slice(), &[1]].concat();
    all.push(in_table("a varint of 11 bytes", Damaged, |table| table.set("Mode", 0, Raw(eleven))));
    let large = [[255; 9].as_slice(), &[2]].concat();
    all.push(in_table("a varint of 65 bits", Damaged, |table| table.set("Mode", 0, Raw(large))));
    all
}

/// The values of Entry_Table.
pub fn entries() -> Vec<Case> {
    let set = |name: &'static str, row, value| {
        in_table(&format!("{name} {row} is {value:?}"), Damaged, |table| {
            table.set(name, row, value);
        })
    };
    let mut all = vec![
        set("Shared", 0, Varint(1)),
        set("Shared", 4, Varint(2)),
        set("Suffix", 1, Raw(b"c.txt".to_vec())),
        set("Suffix", 1, Raw(b"b.txt".to_vec())),
        set("Class_Owner", 0, Varint(1)),
        set("Class_Owner", 3, Varint(0)),
        set("Class_Owner", 3, Varint(2)),
        set("Class_Set", 0, Varint(2)),
        set("Class_Set", 3, Varint(0)),
        set("Class_Set", 3, Varint(2)),
        set("Class", 0, Varint(1)),
        set("Class", 4, Varint(0)),
        set("Class", 4, Varint(4)),
        set("Mode", 0, Varint(0o10000)),
        set("Uid", 0, Varint(1 << 32)),
        set("Name", 0, Raw(b"\x06user.b".to_vec())),
        set("Name", 0, Raw(b"\x06user.c".to_vec())),
        set("Name", 1, Raw(b"\x06user\0b".to_vec())),
        set("Attribute_Count", 0, Varint(0)),
        set("Nanoseconds", 4, Varint(1_000_000_000)),
        set("Content", 0, Signed(-1)),
        set("Content", 1, Signed(1)),
        set("Content", 1, Signed(i64::MAX)),
        set("Link", 0, Varint(0)),
        set("Link", 0, Varint(3)),
        set("Link", 0, Varint(u64::MAX)),
        set("Target", 0, Raw(vec![0])),
        set("Target", 0, Raw(b"\x03a\0b".to_vec())),
    ];
    all.push(in_table("an unknown kind", Unsupported, |table| table.set("Kind", 0, Raw(vec![7]))));
    let extra = |id| (id, b"\0".to_vec());
    type Extras = Vec<(u64, Vec<u8>)>;
    let extras: [(&str, Fault, Extras); 6] = [
        ("an unknown extra column", Nothing, vec![extra(6), extra(1 << 40)]),
        ("an unknown required column", Unsupported, vec![extra(3)]),
        ("extra column 0", Damaged, vec![extra(0)]),
        ("extra columns in another order", Damaged, vec![extra(8), extra(6)]),
        ("an extra column twice", Damaged, vec![extra(6), extra(6)]),
        ("17 extra columns", Damaged, (3..20).map(|id| extra(id * 2)).collect()),
    ];
    for (name, fault, extras) in extras {
        let mut one = in_batch(name, fault, |batch| batch.extras = extras);
        if fault == Nothing {
            one.out = ALL;
        }
        all.push(one);
    }
    all.push(in_batch("a link to a directory", Damaged, |batch| {
        batch.items.push(Item::new("h", Kind::HardLink(1)));
    }));
    all.push(in_batch("a link to a link", Damaged, |batch| {
        batch.items.insert(3, Item::new("e1", Kind::HardLink(1)));
    }));
    all.push(in_table("two equal owners", Damaged, |table| {
        ["Uid", "Gid"].iter().for_each(|name| table.set(name, 1, Varint(0)));
        ["User", "Group"].iter().for_each(|name| table.set(name, 1, Raw(vec![0])));
    }));
    all.push(in_table("two equal classes", Damaged, |table| {
        // The hard link becomes a file: its Link is read as its Content.
        table.set("Kind", 1, Raw(vec![0]));
        table.set("Link", 0, Signed(0));
    }));
    all.push(in_table("a shorter Shared than could be", Damaged, |table| {
        table.set("Shared", 4, Varint(0));
        table.set("Suffix_Length", 4, Varint(2));
        table.set("Suffix", 4, Raw(b"fg".to_vec()));
    }));
    all.extend(paths());
    all
}

/// Paths that lead outside, clash, or come twice.
fn paths() -> Vec<Case> {
    let named = |path: &[u8]| {
        let mut batches = sample();
        batches[2].items.push(Item::new(path, Kind::Directory));
        batches[2].items.sort_by_key(|item| item.path.clone());
        // Links count rows: keep those before the new entry only.
        batches[2].items.retain(|item| !matches!(item.kind, Kind::HardLink(_)));
        let name = format!("the path {:?}", String::from_utf8_lossy(path));
        case(&name, Unsafe, &Archive::of_batches(&batches), FIRST)
    };
    let unsafe_paths: [&[u8]; 9] =
        [b"..", b".", b"/a", b"a//b", b"a/", b"x/../y", b"x/./y", b"x\0", b""];
    let mut all: Vec<Case> = unsafe_paths.into_iter().map(named).collect();
    all.push(in_batch("below a file of the section", Damaged, |batch| {
        batch.items.push(Item::new("d.txt/x", Kind::Directory));
        batch.items.swap(2, 5);
        batch.items.truncate(3);
    }));
    let clash = |name: &str, path: &str| {
        let mut batches = sample();
        batches[0].items.insert(0, Item::new(path, Kind::Directory));
        case(name, Damaged, &Archive::of_batches(&batches), &[])
    };
    all.push(clash("below a file of another section", "a.txt/x"));
    all.push(clash("a path of another section", "a.txt"));
    all
}
