//! The tables of the comparison.

use std::fmt::Write;
use std::fs;

use crate::measure::{Cost, Input, Measurement};
use crate::programs::{Program, YARDSTICK};
use crate::results::{Key, Results};

/// The programs on one input, or on all together.
pub struct Table {
    pub title: String,
    /// Bytes of the input.
    pub bytes: u64,
    pub rows: Vec<Row>,
}

/// One program.
pub struct Row {
    pub label: String,
    pub ours: bool,
    pub found: Measurement,
}

/// Makes one table per input and, for several inputs, one of their total. The total has
/// the programs that were measured on all of them.
pub fn tables(inputs: &[Input], programs: &[Program], results: &Results) -> Vec<Table> {
    let table = |title: String, inputs: &[Input]| Table {
        title,
        bytes: inputs.iter().map(|input| input.bytes).sum(),
        rows: programs.iter().filter_map(|program| row(program, inputs, results)).collect(),
    };
    let mut tables: Vec<_> =
        inputs.iter().map(|input| table(input.name.clone(), std::slice::from_ref(input))).collect();
    if inputs.len() > 1 {
        tables.push(table("total".into(), inputs));
    }
    tables
}

/// Makes a row of the sums over the inputs, and of the maximum memory.
fn row(program: &Program, inputs: &[Input], results: &Results) -> Option<Row> {
    let get = |input| results.get(&Key::new(input, program));
    let all = inputs.iter().map(get).collect::<Option<Vec<_>>>()?;
    let add =
        |a: Cost, b: Cost| Cost { seconds: a.seconds + b.seconds, memory: a.memory.max(b.memory) };
    let found = all.into_iter().reduce(|a, b| Measurement {
        size: a.size + b.size,
        create: add(a.create, b.create),
        extract: add(a.extract, b.extract),
    })?;
    Some(Row { label: program.label.clone(), ours: program.is_ours(), found })
}

/// Returns KB (1000 bytes) per user second.
pub fn speed(bytes: u64, cost: Cost) -> f64 {
    // At least the clock's resolution.
    bytes as f64 / 1000.0 / cost.seconds.max(0.01)
}

/// Formats all tables as Markdown. Each size and speed is given relative to the
/// yardstick's.
pub fn markdown(tables: &[Table]) -> String {
    let mut text = format!("One thread, user time, on {}.\n", processor());
    for table in tables {
        writeln!(
            text,
            "\n### {}: {} bytes\n\n\
             | program | bytes | of the input | × {YARDSTICK} | pack, KB/s | × {YARDSTICK} \
             | unpack, KB/s | × {YARDSTICK} | memory, MiB |\n\
             |---|--:|--:|--:|--:|--:|--:|--:|--:|",
            table.title,
            thousands(table.bytes)
        )
        .expect("writing to a string");
        let yardstick = table.rows.iter().find(|row| row.label == YARDSTICK);
        for row in &table.rows {
            text.push_str(&line(row, table.bytes, yardstick.map(|row| &row.found)));
        }
    }
    text
}

fn line(row: &Row, bytes: u64, yardstick: Option<&Measurement>) -> String {
    let found = &row.found;
    let relative = |value: f64, of: fn(&Measurement, u64) -> f64| {
        yardstick.map_or("–".into(), |known| format!("{:.3}", value / of(known, bytes)))
    };
    let pack = |found: &Measurement, bytes| speed(bytes, found.create);
    let unpack = |found: &Measurement, bytes| speed(bytes, found.extract);
    let bold = if row.ours { "**" } else { "" };
    let mebibytes = |cost: Cost| cost.memory.div_ceil(1 << 20);
    format!(
        "| {bold}{}{bold} | {} | {:.2} % | {} | {:.0} | {} | {:.0} | {} | {} / {} |\n",
        row.label,
        thousands(found.size),
        100.0 * found.size as f64 / bytes as f64,
        relative(found.size as f64, |known, _| known.size as f64),
        pack(found, bytes),
        relative(pack(found, bytes), pack),
        unpack(found, bytes),
        relative(unpack(found, bytes), unpack),
        mebibytes(found.create),
        mebibytes(found.extract),
    )
}

/// Formats 1234567 as 1,234,567.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns the system's name of the processor.
fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or("an unnamed processor", |(_, name)| name).into()
}

const BEGIN: &str = "<!-- begin of what cargo bench --bench compare wrote -->\n";
const END: &str = "<!-- end of what cargo bench --bench compare wrote -->\n";

/// Replaces the text between the marks, or returns it as the whole document.
pub fn into_document(document: Option<String>, tables: &str) -> String {
    let document = document.filter(|text| text.contains(BEGIN) && text.contains(END));
    let document = document.unwrap_or_else(|| format!("# Benchmarks\n\n{BEGIN}{END}"));
    let (head, rest) = document.split_once(BEGIN).expect("checked");
    let (_, tail) = rest.split_once(END).unwrap_or((rest, ""));
    format!("{head}{BEGIN}{tables}{END}{tail}")
}
