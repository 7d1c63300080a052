//! Forged contents, batches and bases.

use super::*;

/// The start and the end of the file `long.bin`.
const LONG: [&[u8]; 2] = [b"the start of it", b" and the end"];

/// A group of two files, then a file that goes on in the next batch, then a file.
fn long_sample() -> [Batch; 3] {
    let [start, end] = LONG;
    let opened = Batch {
        groups: vec![start.to_vec()],
        rows: vec![Row::of(start.len())],
        open: Some((0, end.len() as u64)),
        items: vec![Item::new("long.bin", Kind::File(0))],
        ..Batch::default()
    };
    let ends = Some(digest(FILES[4].1));
    let last = FILES[3].1;
    let continued = Batch {
        groups: vec![[end, last].concat()],
        rows: vec![Row { ends, ..Row::of(end.len()) }, Row::of(last.len())],
        revoked: Some(Vec::new()),
        items: vec![Item::new("d.txt", Kind::File(1))],
        ..Batch::default()
    };
    [Batch::of_files(&FILES[..2]), opened, continued]
}

fn in_long(name: &str, fault: Fault, edit: impl FnOnce(&mut [Batch; 3])) -> Case {
    let mut batches = long_sample();
    edit(&mut batches);
    case(name, fault, &Archive::of_batches(&batches), FIRST)
}

fn in_long_table(name: &str, batch: usize, fault: Fault, edit: impl FnOnce(&mut Table)) -> Case {
    let batches = long_sample();
    let mut table = batches[batch].table();
    edit(&mut table);
    let mut all = sections(&batches);
    all[batch * 2] = Section::stored(ENTRY, &table.bytes());
    case(name, fault, &Archive::of(&all), FIRST)
}

/// A batch of one file in two groups.
fn cut_sample() -> [Batch; 2] {
    let cut = Batch {
        groups: LONG.map(<[u8]>::to_vec).to_vec(),
        rows: vec![Row::of(FILES[4].1.len())],
        items: vec![Item::new("long.bin", Kind::File(0))],
        ..Batch::default()
    };
    [Batch::of_files(&FILES[..2]), cut]
}

fn in_cut_table(name: &str, edit: impl FnOnce(&mut Table)) -> Case {
    let batches = cut_sample();
    let mut table = batches[1].table();
    edit(&mut table);
    let mut all = sections(&batches);
    all[2] = Section::stored(ENTRY, &table.bytes());
    case(name, Damaged, &Archive::of(&all), FIRST)
}

fn in_data(mut case: Case) -> Case {
    case.is_in_data = true;
    case
}

/// Lengths of files, lengths of groups, Join, and the bytes of the digests that are
/// expected: of spans, then of files.
pub type Cut = (&'static [usize], &'static [usize], u64, &'static [usize]);

/// Where spans are cut.
pub const CUTS: [Cut; 13] = [
    (&[10, 20, 30], &[60], 100, &[16]),
    (&[10, 20, 30], &[60], 1, &[16, 16, 16]),
    // The second row fills the span up; the next one begins another.
    (&[10, 20, 30], &[60], 30, &[16, 16]),
    (&[10, 20, 30], &[60], 31, &[16]),
    // A row as long as Join is not small, and parts its neighbours.
    (&[10, 31, 10], &[51], 31, &[16, 16, 16]),
    (&[10, 30, 10], &[50], 31, &[16, 16]),
    // Empty rows part nothing.
    (&[10, 0, 10], &[20], 31, &[16]),
    // A group's end ends a span, also where a row ends with it.
    (&[10, 10, 10], &[20, 10], 100, &[16, 16]),
    // A row in two groups has two fragments, and a digest of its own.
    (&[10, 10, 10], &[15, 15], 100, &[16, 16, 16, 16, 32]),
    (&[10, 10, 10], &[11, 1, 18], 100, &[16, 16, 16, 16, 16, 32]),
    (&[65_535], &[65_535], 100, &[16]),
    (&[65_536], &[65_536], 100, &[32]),
    (&[65_535, 5, 65_535], &[131_075], 65_536, &[32, 16]),
];

/// Makes a batch of files of these lengths, cut into groups of these lengths.
pub fn batch_of(lengths: &[usize], groups: &[usize], join: u64) -> Batch {
    let mut raw: Vec<u8> = (0..lengths.iter().sum::<usize>()).map(|at| (at / 7) as u8).collect();
    let groups = groups.iter().map(|&length| raw.drain(..length).collect()).collect();
    assert!(raw.is_empty());
    let item = |row| Item::new(format!("{row:05}"), Kind::File(row));
    Batch {
        groups,
        join,
        rows: lengths.iter().map(|&length| Row::of(length)).collect(),
        items: (0..lengths.len()).map(item).collect(),
        ..Batch::default()
    }
}

/// Rows, their holes, and their digests.
pub fn contents() -> Vec<Case> {
    let set = |name: &'static str, row, value| {
        in_table(&format!("{name} {row} is {value:?}"), Damaged, |table| {
            table.set(name, row, value);
        })
    };
    let mut all = vec![
        set("Join", 0, Varint(0)),
        set("Join", 0, Varint(65_537)),
        set("Length", 0, Signed(13)),
        set("Length", 0, Signed(15)),
        set("Length", 0, Signed(i64::MAX)),
        set("Length", 1, Signed(i64::MIN)),
        in_data(set("Span_Digest", 0, Raw(vec![1; 16]))),
    ];
    for form in [2, 3, 5] {
        let name = format!("Form {form}");
        all.push(in_table(&name, NotYet, |table| table.set("Form", 0, Raw(vec![form]))));
    }
    for form in [6, 255] {
        let name = format!("Form {form}");
        all.push(in_table(&name, Unsupported, |table| table.set("Form", 0, Raw(vec![form]))));
    }
    // Two neighbours of one span change places.
    let mut all_sections = sections(&sample());
    let raw = [FILES[3].1, FILES[2].1].concat();
    all_sections[LAST_GROUP] = Section::stored(DATA, &raw);
    all.push(in_data(case("exchanged bytes", Damaged, &Archive::of(&all_sections), FIRST)));
    all.extend(holes());
    all.push(case("a file in two groups", Nothing, &Archive::of_batches(&cut_sample()), FIRST));
    all.push(in_data(in_cut_table("a wrong File_Digest", |table| {
        table.set("File_Digest", 0, Raw(vec![1; 32]));
    })));
    all.push(in_data(in_cut_table("a wrong digest of a fragment", |table| {
        table.set("Span_Digest", 1, Raw(vec![1; 16]));
    })));
    all
}

/// Files with holes of which one thing is wrong.
fn holes() -> Vec<Case> {
    let length = FILES[2].1.len() as u64;
    let maps: [(&str, Fault, Map); 10] = [
        ("a hole behind", Nothing, (50, vec![(0, length)])),
        ("a hole in front", Nothing, (length + 9, vec![(9, length)])),
        ("a hole inside", Nothing, (length + 9, vec![(0, 5), (14, length - 5)])),
        ("no hole", Damaged, (length, vec![(0, length)])),
        ("a segment beyond the size", Damaged, (50, vec![(50, length)])),
        ("an empty segment", Damaged, (50, vec![(0, length), (30, 0)])),
        ("touching segments", Damaged, (50, vec![(0, 5), (5, length - 5)])),
        ("segments that overlap", Damaged, (50, vec![(5, 5), (2, length - 5)])),
        ("less data than the segments", Damaged, (50, vec![(0, length + 1)])),
        ("segments beyond 64 bits", Damaged, (50, vec![(u64::MAX - 2, length)])),
    ];
    let one = |(name, fault, map): (&str, Fault, Map)| {
        in_batch(name, fault, |batch| {
            batch.rows[0].map = Some(map);
            // The content is no longer that of the list.
            batch.items[0].path = b"holes".to_vec();
            batch.items.swap(0, 1);
            batch.items.truncate(1);
            batch.items.push(Item::new("holes", Kind::File(0)));
        })
    };
    maps.into_iter().map(one).collect()
}

/// Groups of a batch, and contents that go on in the next one.
pub fn parts() -> Vec<Case> {
    let mut all = vec![
        in_table("Part_Flags 8", Unsupported, |table| table.set("Part_Flags", 0, Varint(8))),
        in_table("4,097 groups", Damaged, |table| {
            let lengths = varint(1).repeat(4096);
            table.set("Groups", 0, Raw([&varint(4097)[..], &lengths].concat()));
        }),
        in_table("one group more than there are", Damaged, |table| {
            table.set("Groups", 0, Raw([&varint(2)[..], &varint(14)].concat()));
        }),
        in_table("data without groups", Damaged, |table| table.set("Groups", 0, Varint(0))),
        in_table("a removed path in the first generation", NotYet, |table| {
            table.set("Part_Flags", 0, Varint(4));
            table.set("Groups", 0, Raw(vec![1, 1, 0, 1, b'x']));
        }),
        in_cut_table("an empty group", |table| table.set("Group_Length", 0, Varint(0))),
        in_cut_table("a group one byte shorter", |table| {
            table.set("Group_Length", 0, Varint(LONG[0].len() as u64 - 1));
        }),
        in_cut_table("no bytes for the last group", |table| {
            table.set("Group_Length", 0, Varint(FILES[4].1.len() as u64));
        }),
        in_cut_table("a group longer than the batch", |table| {
            table.set("Group_Length", 0, Varint(u64::MAX));
        }),
    ];
    let edit = |name: &str, edit: fn(&mut Vec<Section>)| {
        let mut all = sections(&sample());
        edit(&mut all);
        case(name, Damaged, &Archive::of(&all), FIRST)
    };
    all.extend([
        edit("a batch without its group", |all| drop(all.pop())),
        edit("a group that is not announced", |all| drop(all.remove(LAST_ENTRY))),
        edit("a group twice", |all| all.push(all[LAST_GROUP].clone())),
        edit("an ENTRY section inside a batch", |all| {
            let directory = Item::new("z", Kind::Directory);
            let inside = Batch::of_items(vec![directory]).table().bytes();
            all.insert(LAST_GROUP, Section::stored(ENTRY, &inside));
        }),
    ]);
    all.extend(opened());
    all.extend(revoked());
    all
}

/// Contents left open, and sections that go on with them.
fn opened() -> Vec<Case> {
    let between = Batch::of_items(vec![Item::new("z", Kind::Directory)]);
    let with_between = |batches: &[Batch; 3], between: Batch| {
        let [first, opened, continued] = batches.clone();
        Archive::of_batches(&[first, opened, between, continued])
    };
    let batches = long_sample();
    let other = Batch::of_files(&[("e", b"other")]);
    vec![
        in_long("a file in two batches", Nothing, |_| {}),
        case("a batch between", Nothing, &with_between(&batches, between), FIRST),
        case("a batch with data between", Damaged, &with_between(&batches, other), FIRST),
        in_data(in_long("a wrong digest of the whole", Damaged, |all| {
            all[2].rows[0].ends = Some([1; 32]);
        })),
        in_long_table("Following 0", 1, Damaged, |table| table.set("Following", 0, Varint(0))),
        in_long_table("another Following", 1, Damaged, |table| {
            table.set("Following", 0, Varint(13));
        }),
        in_long_table("Following beyond 64 bits", 1, Damaged, |table| {
            table.set("Following", 0, Varint(u64::MAX));
        }),
        in_long_table("Open_Row beyond the rows", 1, Damaged, |table| {
            table.set("Open_Row", 0, Varint(1));
        }),
        in_long_table("an entry of the continued row", 2, Damaged, |table| {
            table.set("Content", 0, Signed(0));
        }),
        in_long("continued, but nothing is open", Damaged, |all| {
            all[1].open = None;
            all[1].items.clear();
        }),
        in_long("open at the end", Damaged, |all| {
            all[2].open = Some((1, 5));
        }),
        in_long("a continued row with holes", Damaged, |all| {
            all[2].rows[0].map = Some((50, vec![(0, LONG[1].len() as u64)]));
        }),
    ]
}

/// Two files of one content in three batches; the second and the third revoke some.
fn in_three(name: &str, fault: Fault, revoked: [&[u64]; 2]) -> Case {
    let content = FILES[4].1;
    let part = |from: usize, to: usize| Batch {
        groups: vec![content[from..to].to_vec()],
        rows: vec![Row::of(to - from)],
        open: Some((0, (content.len() - to) as u64)),
        ..Batch::default()
    };
    let mut batches = [part(0, 8), part(8, 15), part(15, content.len())];
    batches[0].items = ["long.bin", "other"].map(|path| Item::new(path, Kind::File(0))).to_vec();
    for (batch, revoked) in batches[1..].iter_mut().zip(revoked) {
        batch.revoked = Some(revoked.to_vec());
    }
    batches[2].open = None;
    batches[2].rows[0].ends = Some(digest(content));
    let mut all = vec![Batch::of_files(&FILES[..2])];
    all.extend(batches);
    let out = match (fault, revoked.concat().contains(&0)) {
        (Nothing, false) => &["a.txt", "b.txt", "long.bin"],
        _ => FIRST,
    };
    case(name, fault, &Archive::of_batches(&all), out)
}

/// Files that are revoked.
fn revoked() -> Vec<Case> {
    let revoking = |name: &str, fault, numbers: &[u64]| {
        in_long(name, fault, |all| {
            all[1].items.push(Item::new("other", Kind::File(0)));
            all[2].revoked = Some(numbers.to_vec());
        })
    };
    vec![
        in_three("a file in three batches", Nothing, [&[], &[]]),
        // Numbers stay those of the section that announced the files.
        in_three("the first file is revoked, then the second", Nothing, [&[0], &[1]]),
        in_three("the second file is revoked late", Nothing, [&[], &[1]]),
        in_three("a file is revoked in two batches", Damaged, [&[0], &[0]]),
        revoking("one of two files is revoked", Nothing, &[1]),
        revoking("all files are revoked", Nothing, &[0, 1]),
        revoking("a file that is not there is revoked", Damaged, &[2]),
        revoking("a file is revoked twice", Damaged, &[1, 1]),
        revoking("files are revoked in another order", Damaged, &[1, 0]),
        revoking("a file beyond all is revoked", Damaged, &[u64::MAX]),
        in_long("all files are revoked, and the rest has another length", Nothing, |all| {
            all[2].revoked = Some(vec![0]);
            all[2].rows[0].length -= 3;
            let last = [&LONG[1][3..], FILES[3].1].concat();
            all[2].groups = vec![last];
        }),
        in_long("a revoked file is announced again", Nothing, |all| {
            all[2].revoked = Some(vec![0]);
            all[2].rows.push(Row::of(FILES[4].1.len()));
            all[2].groups[0].extend(FILES[4].1);
            all[2].items.push(Item::new("long.bin", Kind::File(2)));
        }),
        in_long("a path is announced twice", Damaged, |all| {
            all[2].rows.push(Row::of(FILES[4].1.len()));
            all[2].groups[0].extend(FILES[4].1);
            all[2].items.push(Item::new("long.bin", Kind::File(2)));
        }),
        in_long("a link to a revoked file goes with it", Nothing, |all| {
            all[1].items.push(Item::new("to it", Kind::HardLink(1)));
            all[2].revoked = Some(vec![0]);
            all[2].items.push(Item::new("to it", Kind::Fifo));
        }),
    ]
}

/// Groups with bases. Their payloads are none of any codec: a reader refuses them before
/// it decodes, or it decodes nothing.
pub fn bases() -> Vec<Case> {
    type Edit = fn(&mut [Section; 3]);
    let pear = |raw: &[u8]| {
        let (codec, model, capacity) = (3, 3, 16);
        Section { codec, model, capacity, ..Section::stored(DATA, raw) }
    };
    let with = |(name, fault, edit): (&str, Fault, Edit)| {
        // The last two groups rest on the one before them.
        let texts = [FILES[2], FILES[3], FILES[4]];
        let mut groups = texts.map(|(_, raw)| pear(raw));
        groups[0].flags = BASE;
        (1..3).for_each(|group| (groups[group].base_kind, groups[group].base) = (1, group as u32));
        edit(&mut groups);
        let mut all = sections(&[Batch::of_files(&FILES[..2])]);
        for (text, group) in texts.into_iter().zip(groups) {
            let entry = Batch::of_files(&[text]).table();
            all.extend([Section::stored(ENTRY, &entry.bytes()), group]);
        }
        let one = case(name, fault, &Archive::of(&all), FIRST);
        // An unknown base concerns those who need the group, and no others.
        if fault == Unsupported { in_data(one) } else { one }
    };
    let edits: [(&str, Fault, Edit); 23] = [
        ("two groups on a base", Nothing, |_| {}),
        ("a base of distance 0", Damaged, |all| all[1].base = 0),
        ("a base before the first group", Damaged, |all| all[1].base = 3),
        ("a base that is none", Damaged, |all| all[0].flags = 0),
        ("a base that rests on a base", Damaged, |all| (all[1].flags, all[2].base) = (BASE, 1)),
        ("a base of another model", Damaged, |all| all[0].model = 2),
        ("a base of another filter", Damaged, |all| all[0].filter = 2),
        ("a base of another capacity", Damaged, |all| all[0].capacity = 17),
        ("a base of another codec", Damaged, |all| (all[0].codec, all[0].raw_length) = (1, 9)),
        ("a codec that cannot go on", Damaged, |all| all[1].codec = 1),
        ("a base without capacity", Damaged, |all| all.iter_mut().for_each(|one| one.capacity = 0)),
        ("capacity 11", Damaged, |all| all.iter_mut().for_each(|one| one.capacity = 11)),
        ("capacity 33", Damaged, |all| all.iter_mut().for_each(|one| one.capacity = 33)),
        ("capacity of a group alone", Damaged, |all| (all[2].base_kind, all[2].base) = (0, 0)),
        ("a distance without a base", Damaged, |all| all[0].base = 1),
        ("base and group beyond 32 bits", TooMuch, |all| all[0].raw_length = u32::MAX),
        ("Base_Kind 3", Unsupported, |all| all[2].base_kind = 3),
        ("a shipped base", Nothing, |all| (all[0].base_kind, all[0].base) = (2, 0x0403_0201)),
        ("a given base", Nothing, |all| {
            (all[0].codec, all[0].payload) = (5, digest(FILES[2].1).to_vec());
        }),
        ("a given base of 31 bytes", Damaged, |all| {
            (all[0].codec, all[0].payload) = (5, digest(FILES[2].1)[1..].to_vec());
        }),
        ("a given base of filter 1", Damaged, |all| {
            (all[0].codec, all[0].payload) = (5, digest(FILES[2].1).to_vec());
            all.iter_mut().for_each(|one| one.filter = 1);
        }),
        ("a given base that has a base", Damaged, |all| {
            (all[0].codec, all[0].payload) = (5, digest(FILES[2].1).to_vec());
            (all[0].base_kind, all[0].base) = (2, 0x0403_0201);
        }),
        ("a given base that is no base", Damaged, |all| {
            (all[0].codec, all[0].payload) = (5, digest(FILES[2].1).to_vec());
            (all[0].flags, all[0].capacity) = (0, 0);
            for one in &mut all[1..] {
                (one.base_kind, one.base, one.capacity) = (0, 0, 0);
            }
        }),
    ];
    edits.into_iter().map(with).collect()
}
