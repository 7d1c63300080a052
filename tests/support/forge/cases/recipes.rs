//! Forged recipes.

use super::*;

/// A batch of streams, of which `c.txt` and `d.txt` are made; `b2` is one of the streams. The
/// rows are three streams, a file with holes, and the recipes.
pub fn recipe_sample() -> Batch {
    let (c, d) = (FILES[2].1, FILES[3].1);
    let texts: [&[u8]; 4] = [b"the third", b" fileand", b" the last one", b"isle"];
    let copy = |flags, output, inputs| Step { flags, output, inputs, ..Step::default() };
    let of_c =
        vec![copy(0, 9, vec![[1, 0, 9]]), copy(1, 5, vec![[2, 0, 5]]), copy(0, 5, vec![[0, 1, 5]])];
    let of_d = vec![copy(0, 16, vec![[2, 5, 3], [3, 0, 13], [1, 4, 0]])];
    let mut rows: Vec<Row> = texts.iter().map(|text| Row::of(text.len())).collect();
    rows[3].map = Some((50, vec![(9, 4)]));
    rows.extend([Row::made(of_c, c), Row::made(of_d, d)]);
    let items = [("b2", 2), ("c.txt", 4), ("d.txt", 5), ("e", 3)];
    Batch {
        groups: vec![[texts[0], texts[1]].concat(), [texts[2], texts[3]].concat()],
        rows,
        items: items.map(|(path, row)| Item::new(path, Kind::File(row))).to_vec(),
        ..Batch::default()
    }
}

/// Rows of `c.txt` and `d.txt` in the sample.
const C: usize = 4;
const D: usize = 5;

fn with(name: &str, fault: Fault, edit: impl FnOnce(&mut Batch)) -> Case {
    let mut batch = recipe_sample();
    edit(&mut batch);
    case(name, fault, &Archive::of_batches(&[Batch::of_files(&FILES[..2]), batch]), FIRST)
}

fn in_recipes(name: &str, fault: Fault, edit: impl FnOnce(&mut Table)) -> Case {
    let batches = [Batch::of_files(&FILES[..2]), recipe_sample()];
    let mut table = batches[1].table();
    edit(&mut table);
    let mut all = sections(&batches);
    all[2] = Section::stored(ENTRY, &table.bytes());
    case(name, fault, &Archive::of(&all), FIRST)
}

/// What is wrong with one file alone: all others come out.
fn of_d(name: &str, fault: Fault, edit: impl FnOnce(&mut Row)) -> Case {
    let mut one = with(name, fault, |batch| edit(&mut batch.rows[D]));
    (one.is_in_data, one.out) = (true, &["a.txt", "b.txt", "c.txt"]);
    one
}

/// A chain of so many steps, each of which copies the one before.
fn chain(length: usize, content: &[u8]) -> Row {
    let output = content.len() as u64;
    let mut steps =
        vec![Step { flags: 1, output, inputs: vec![[0, 1, output]], ..Step::default() }; length];
    steps[0].inputs = vec![[2, 5, 3], [3, 0, 13]];
    steps[length - 1].flags = 0;
    Row::made(steps, content)
}

/// Recipes, and the rows they use.
pub fn recipes() -> Vec<Case> {
    let set = |name: &'static str, row, value| {
        in_recipes(&format!("{name} {row} is {value:?}"), Damaged, |table| {
            table.set(name, row, value);
        })
    };
    let d = FILES[3].1;
    let mut sound = with("recipes", Nothing, |_| {});
    sound.out = ALL;
    let mut all = vec![
        sound,
        set("Output_Length", 0, Varint(13)),
        set("Output_Length", 0, Varint(15)),
        set("Output_Length", 1, Varint(0)),
        set("Output_Length", 1, Varint(u64::MAX)),
        set("Step_Count", 0, Varint(0)),
        set("Step_Count", 1, Varint(u64::MAX)),
        set("Output", 0, Varint(0)),
        set("Output", 1, Varint(1 << 28)),
        set("Output", 1, Varint(u64::MAX)),
        // Inputs that are not there, or no streams: the row itself, one with holes.
        set("Source", 0, Varint(7)),
        set("Source", 0, Varint(u64::MAX)),
        set("Source", 0, Varint(5)),
        set("Source", 0, Varint(4)),
        set("Source", 0, Varint(0)),
        set("Place", 0, Varint(1)),
        set("Place", 0, Varint(u64::MAX)),
        set("Input_Length", 0, Varint(10)),
        set("Input_Length", 0, Varint(u64::MAX)),
        // An input of no bytes lies in its stream all the same.
        set("Place", 5, Varint(10)),
        // Steps that are not earlier ones, or have another length.
        set("Place", 2, Varint(0)),
        set("Place", 2, Varint(3)),
        set("Place", 2, Varint(u64::MAX)),
        set("Place", 2, Varint(2)),
        set("Input_Length", 2, Varint(4)),
        with("a chain of 9 steps", Damaged, |batch| batch.rows[D] = chain(9, d)),
        with("4,097 inputs", Damaged, |batch| {
            batch.rows[D].steps[0].inputs.extend([[1, 0, 0]; 4094]);
        }),
        with("4,097 bytes of parameters", Damaged, |batch| {
            batch.rows[D].steps[0].parameters = vec![0; 4097];
        }),
        with("inputs of more than 2^28 bytes", Damaged, |batch| {
            batch.groups[1].extend(vec![7; 70_000]);
            batch.rows.insert(4, Row::of(70_000));
            batch.items.iter_mut().for_each(|item| {
                if let Kind::File(row @ 4..) = &mut item.kind {
                    *row += 1;
                }
            });
            let inputs = vec![[5, 0, 70_000]; 4000];
            batch.rows[D + 1].steps[0].inputs = inputs;
        }),
        in_recipes("an unfinished step", Unsupported, |table| {
            table.set("Step_Flags", 0, Varint(2))
        }),
        in_recipes("an unknown flag", Unsupported, |table| table.set("Step_Flags", 0, Varint(4))),
        of_d("an unknown transform", Unsupported, |row| row.steps[0].transform = 1 << 40),
        of_d("a wrong digest", Damaged, |row| row.ends = Some([1; 32])),
        of_d("a copy with parameters", Damaged, |row| row.steps[0].parameters = vec![1]),
        of_d("a copy of another length", Damaged, |row| row.steps[0].output = 17),
    ];
    for mut one in [
        with("a chain of 8 steps", Nothing, |batch| batch.rows[D] = chain(8, d)),
        with("4,096 inputs", Nothing, |batch| {
            batch.rows[D].steps[0].inputs.extend([[1, 0, 0]; 4093]);
        }),
    ] {
        one.out = ALL;
        all.push(one);
    }
    all.push(long_batch());
    all.extend(in_two_sections());
    all
}

/// A batch of a byte more than recipes may have.
fn long_batch() -> Case {
    let mut batch = recipe_sample();
    let length = (1 << 26) + 1 - batch.groups.concat().len();
    batch.rows.push(Row::of(length));
    batch.groups.push(vec![0; length]);
    let mut all = sections(&[Batch::of_files(&FILES[..2])]);
    all.push(Section::stored(ENTRY, &batch.table().bytes()));
    all.extend(batch.groups[..2].iter().map(|group| Section::stored(DATA, group)));
    // Nobody comes as far as to decode it.
    let raw_length = length as u32;
    all.push(Section { codec: 1, raw_length, ..Section::stored(DATA, b"x") });
    case("a batch of 2^26 + 1 bytes", Damaged, &Archive::of(&all), FIRST)
}

/// Recipes that go on in another section.
fn in_two_sections() -> [Case; 2] {
    let [start, end]: [&[u8]; 2] = [b"the start of it", b" and the end"];
    let all_of = |source, length| {
        vec![Step { output: length, inputs: vec![[source, 0, length]], ..Step::default() }]
    };
    let [opened, continued] = [true, false].map(|is_first| {
        let mut first = Batch {
            groups: vec![start.to_vec()],
            rows: vec![Row::of(start.len())],
            open: Some((0, end.len() as u64)),
            items: vec![Item::new("long.bin", Kind::File(0))],
            ..Batch::default()
        };
        let mut second = Batch {
            groups: vec![end.to_vec()],
            rows: vec![Row { ends: Some(digest(FILES[4].1)), ..Row::of(end.len()) }],
            revoked: Some(Vec::new()),
            ..Batch::default()
        };
        if is_first {
            first.rows.push(Row { steps: all_of(1, start.len() as u64), ..Row::default() });
            (first.open, first.items[0].kind) = (Some((1, end.len() as u64)), Kind::File(1));
        } else {
            let row = Row { steps: all_of(2, end.len() as u64), ..second.rows[0].clone() };
            second.rows = vec![Row { length: 0, ..row }, Row::of(end.len())];
        }
        let batches = [Batch::of_files(&FILES[..2]), first, second];
        let name = if is_first { "an open recipe" } else { "a continued recipe" };
        case(name, Unsupported, &Archive::of_batches(&batches), FIRST)
    });
    [opened, continued]
}
