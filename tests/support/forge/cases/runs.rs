//! Forged runs: bytes that a file takes from earlier batches.

use super::*;

/// The file in runs, and the rest of its name.
pub const RUN_FILE: (&str, &[u8]) = FILES[2];

/// A group of `a.txt` and `b.txt`, 24 bytes; then `c.txt`, of which the last five bytes are
/// those of `a.txt`, and `d.txt`.
pub fn run_sample() -> [Batch; 2] {
    let mut last = Batch::of_files(&FILES[2..4]);
    last.rows[0] = Row::in_runs(&[(0, 9), (15, 5)], FILES[2].1);
    last.groups = vec![[b"the third", FILES[3].1].concat()];
    [Batch::of_files(&FILES[..2]), last]
}

fn with(name: &str, fault: Fault, edit: impl FnOnce(&mut [Batch; 2])) -> Case {
    let mut batches = run_sample();
    edit(&mut batches);
    let out = if fault == Nothing { ALL } else { FIRST };
    case(name, fault, &Archive::of_batches(&batches), out)
}

fn in_runs(name: &str, fault: Fault, runs: &[(u64, u64)]) -> Case {
    with(name, fault, |batches| batches[1].rows[0].runs = runs.to_vec())
}

fn in_run_table(name: &str, fault: Fault, edit: impl FnOnce(&mut Table)) -> Case {
    let batches = run_sample();
    let mut table = batches[1].table();
    edit(&mut table);
    let mut all = sections(&batches);
    all[2] = Section::stored(ENTRY, &table.bytes());
    case(name, fault, &Archive::of(&all), FIRST)
}

/// What is wrong with one file alone: all others come out.
fn of_c(mut case: Case) -> Case {
    (case.is_in_data, case.out) = (true, &["a.txt", "b.txt", "d.txt"]);
    case
}

/// Runs, and what may be wrong with them.
pub fn runs() -> Vec<Case> {
    let sum = |name, runs: &[(u64, u64)]| in_runs(name, Damaged, runs);
    let mut all = vec![
        in_runs("a run", Nothing, &[(0, 9), (15, 5)]),
        in_runs("a run in pieces", Nothing, &[(0, 4), (0, 5), (15, 2), (13, 3)]),
        with("runs alone", Nothing, |batches| {
            // "the ", "t", "h", "i", "r" …: letters of the first two files.
            batches[1] = Batch::of_files(&FILES[2..4]);
            let letter = |&byte: &u8| {
                let at = stream().iter().position(|one| *one == byte).expect("a letter");
                (24 - at as u64, 1)
            };
            let runs: Vec<(u64, u64)> = FILES[2].1.iter().map(letter).collect();
            batches[1].rows[0] = Row::in_runs(&runs, FILES[2].1);
            batches[1].groups = vec![FILES[3].1.to_vec()];
        }),
        with("a batch without groups", Nothing, |batches| {
            batches[1] = Batch::of_files(&FILES[..0]);
            batches[1].rows = vec![Row::in_runs(&[(24, 14)], FILES[0].1)];
            batches[1].items = vec![Item::new("e.txt", Kind::File(0))];
            batches[0] = Batch::of_files(&FILES[..2]);
            let more = Batch::of_files(&FILES[2..4]);
            batches[0].items.extend(more.items.iter().cloned().map(|item| Item {
                kind: match item.kind {
                    Kind::File(row) => Kind::File(row + 2),
                    other => other,
                },
                ..item
            }));
            batches[0].rows.extend(more.rows);
            batches[0].groups.extend(more.groups);
            // The last 30 bytes are those of c.txt and d.txt.
            batches[1].rows[0].runs[0].0 += 30;
        }),
        with("runs with holes", Nothing, |batches| {
            let mut row = Row::in_runs(&[(0, 9), (15, 5)], FILES[2].1);
            let map = (20, vec![(3, 14)]);
            row.ends = Some(content_digest(FILES[2].1, Some(&map)));
            row.map = Some(map);
            batches[1].rows.push(row);
            batches[1].items.push(Item::new("holes", Kind::File(2)));
            batches[1].groups[0].extend(b"the third");
        }),
        in_runs("a run that starts before the stream", Damaged, &[(0, 9), (25, 5)]),
        in_runs("a run far before the stream", Damaged, &[(0, 9), (u64::MAX, 5)]),
        in_runs("a run that ends within the batch", Damaged, &[(0, 9), (4, 5)]),
        in_runs("an empty run", Damaged, &[(0, 9), (15, 0), (15, 5)]),
        in_runs("an empty run of its own", Damaged, &[(0, 9), (0, 0), (15, 5)]),
        sum("fewer bytes of its own than Length", &[(0, 8), (15, 6)]),
        sum("more bytes of its own than Length", &[(0, 10), (15, 4)]),
        sum("runs beyond 64 bits", &[(0, 9), (u64::MAX, u64::MAX)]),
        in_run_table("no runs", Damaged, |table| table.set("Run_Count", 0, Varint(0))),
        in_run_table("a wrong form", TooMuch, |table| table.set("Form", 0, Raw(vec![3]))),
        of_c(in_runs("a run of other bytes", Damaged, &[(0, 9), (16, 5)])),
        of_c(in_runs("a run that is longer", Damaged, &[(0, 9), (15, 6)])),
        of_c(with("a wrong digest of a file in runs", Damaged, |batches| {
            batches[1].rows[0].ends = Some([1; 32]);
        })),
    ];
    for count in [u64::MAX, 1 << 32, 1 << 24] {
        let name = format!("{count} runs");
        all.push(in_run_table(&name, TooMuch, |table| table.set("Run_Count", 0, Varint(count))));
    }
    all.extend(continued());
    all
}

fn stream() -> Vec<u8> {
    [FILES[0].1, FILES[1].1].concat()
}

/// Files in runs that go on in another batch.
fn continued() -> Vec<Case> {
    let content = FILES[4].1; // "the start of it and the end"
    let sample = || {
        let opened = Batch {
            groups: vec![b"start of it".to_vec()],
            rows: vec![Row { ends: None, ..Row::in_runs(&[(24, 4), (0, 11)], b"") }],
            open: Some((0, 12)),
            items: vec![Item::new("long.bin", Kind::File(0))],
            ..Batch::default()
        };
        let going = Batch {
            groups: vec![b" and ".to_vec()],
            rows: vec![Row::in_runs(&[(0, 5), (35, 4)], content)],
            open: Some((0, 3)),
            revoked: Some(Vec::new()),
            ..Batch::default()
        };
        let ends = Batch {
            groups: vec![b"end".to_vec()],
            rows: vec![Row { ends: Some(digest(content)), ..Row::of(3) }],
            revoked: Some(Vec::new()),
            ..Batch::default()
        };
        [Batch::of_files(&FILES[..2]), opened, going, ends]
    };
    let with = |name: &str, fault, edit: fn(&mut [Batch; 4])| {
        let mut batches = sample();
        edit(&mut batches);
        let out = if fault == Nothing { &["a.txt", "b.txt", "long.bin"] } else { FIRST };
        case(name, fault, &Archive::of_batches(&batches), out)
    };
    vec![
        with("a file in runs in three batches", Nothing, |_| {}),
        with("Following without what runs give", Damaged, |all| all[1].open = Some((0, 8))),
        with("a row that goes on with runs alone", Nothing, |all| {
            // "end" is not there before; the stream has "nd" at the end of "the second" only.
            all[3].rows[0] = Row::in_runs(&[(0, 1), (5 + 11 + 2, 2)], FILES[4].1);
            all[3].groups = vec![b"e".to_vec()];
        }),
        with("a continued row with runs and holes", Damaged, |all| {
            all[2].rows[0].map = Some((50, vec![(0, 9)]));
        }),
    ]
}
