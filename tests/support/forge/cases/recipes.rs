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
fn in_two_sections() -> Vec<Case> {
    let both = |edit: fn(&mut [Batch; 2])| {
        let mut parts = [true, false].map(|is_first| part_of_long(is_first, true));
        edit(&mut parts);
        let [first, second] = parts;
        [Batch::of_files(&FILES[..2]), first, second]
    };
    let forged = |name, fault, edit| case(name, fault, &Archive::of_batches(&both(edit)), FIRST);
    let mut sound = forged("a recipe in two sections", Nothing, |_| {});
    sound.out = &["a.txt", "b.txt", "long.bin"];
    let mut wrong = forged("a wrong digest of two pieces", Damaged, |[_, second]| {
        second.rows[0].ends = Some([1; 32]);
    });
    wrong.is_in_data = true;
    let mut all = vec![
        sound,
        wrong,
        forged("a piece more than Following", Damaged, |[first, _]| {
            first.open = first.open.map(|(row, following)| (row, following - 1));
        }),
        forged("Following beyond 64 bits", Damaged, |[first, _]| {
            first.open = first.open.map(|(row, _)| (row, u64::MAX));
        }),
        forged("a continued row that is no stream", Damaged, |[_, second]| {
            second.rows[0].steps[0].inputs[0][0] = 1;
        }),
    ];
    for is_first in [true, false] {
        let name = if is_first { "an open recipe alone" } else { "a continued recipe alone" };
        let (first, second) = (part_of_long(true, is_first), part_of_long(false, !is_first));
        let batches = [Batch::of_files(&FILES[..2]), first, second];
        all.push(case(name, Damaged, &Archive::of_batches(&batches), FIRST));
    }
    all
}

/// The batch of the first piece of a file or of the second, made by a recipe or not.
fn part_of_long(is_first: bool, is_made: bool) -> Batch {
    let [start, end]: [&[u8]; 2] = [b"the start of it", b" and the end"];
    let raw = if is_first { start } else { end };
    let length = raw.len() as u64;
    let stream = Row::of(raw.len());
    let ends = (!is_first).then(|| digest(FILES[4].1));
    let recipe = |source| {
        let step = Step { output: length, inputs: vec![[source, 0, length]], ..Step::default() };
        Row { steps: vec![step], ends, ..Row::default() }
    };
    let rows = match (is_first, is_made) {
        (true, true) => vec![stream, recipe(1)],
        (false, true) => vec![recipe(2), stream],
        (_, false) => vec![Row { ends, ..stream }],
    };
    let row = rows.len() - 1;
    Batch {
        groups: vec![raw.to_vec()],
        rows,
        open: is_first.then_some((row as u64, end.len() as u64)),
        revoked: (!is_first).then(Vec::new),
        items: is_first.then(|| Item::new("long.bin", Kind::File(row))).into_iter().collect(),
        ..Batch::default()
    }
}
