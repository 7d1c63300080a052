//! The tables of spec/codec.md and spec/arithmetic.md agree with the code: with the
//! crate's numbers and names if it exposes them, else with the text of the source.

use pear_archive::arith::{Isa, LaneKernel, Simd, math};
use pear_archive::codec::{codec_name, filter_name};
use pear_archive::model::history::{self, NEXT};
use pear_archive::model::size::{Class, Contexts, MODELS};

const SPEC: &str = include_str!("../spec/codec.md");
const ARITHMETIC: &str = include_str!("../spec/arithmetic.md");

const CODEC: &str = include_str!("../src/codec/pear.rs");
const CONTEXTS: &str = include_str!("../src/model/contexts/lists.rs");
const ENGINE: &str = include_str!("../src/model/engine.rs");
const APM: &str = include_str!("../src/model/apm.rs");
const COUNTERS: &str = include_str!("../src/model/counters.rs");
const PARTS: [&str; 8] = [
    include_str!("../src/model/confidence.rs"),
    include_str!("../src/model/state_map.rs"),
    include_str!("../src/model/match_model.rs"),
    include_str!("../src/model/mixer.rs"),
    include_str!("../src/model/network.rs"),
    include_str!("../src/model/size.rs"),
    include_str!("../src/model/escape.rs"),
    APM,
];

/// Returns the rows of the first table whose head begins with the cells `head`.
fn table<'a>(spec: &'a str, head: &str) -> Vec<Vec<&'a str>> {
    let mut lines = spec.lines().skip_while(|line| !line.starts_with(head));
    assert!(lines.next().is_some(), "no table {head}");
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// Returns the text between `start` and the next `end`.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no end of {start}")).0
}

/// Returns numbers without the separators between groups of their digits.
fn plain(text: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let words = text.split_inclusive(|c| !is_word(c));
    words
        .map(|word| match word.starts_with(|c: char| c.is_ascii_digit()) {
            true => word.replace('_', ""),
            false => word.to_owned(),
        })
        .collect()
}

/// Returns the names and values of the constants of a source.
fn constants(source: &str) -> impl Iterator<Item = (&str, String)> {
    let lines = source.lines().map(|line| line.trim_start_matches("pub "));
    let lines = lines.filter_map(|line| line.strip_prefix("const ")?.strip_suffix(';'));
    lines.filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let value = value.split_once(" = ")?.1;
        Some((name, plain(value.trim_matches(['[', ']']))))
    })
}

#[test]
fn codecs_and_filters_have_the_numbers_of_the_spec() {
    for (head, name) in
        [("| Codec | Name |", codec_name as fn(u8) -> _), ("| Filter | Name |", filter_name)]
    {
        let rows = table(SPEC, head);
        for (number, row) in rows.iter().enumerate() {
            let known = name(number as u8).replace('?', "–");
            assert_eq!([row[0], row[1]], [&number.to_string(), &known]);
        }
        assert_eq!(name(rows.len() as u8), "?");
    }
}

#[test]
fn the_models_of_the_spec_are_registered() {
    let code = MODELS.map(|model| {
        [model.id.to_string(), format!("{:?}", model.class), format!("{:?}", model.contexts)]
    });
    assert_eq!(table(SPEC, "| Model | Class |"), code);
    for model in MODELS {
        let size = model.class.size();
        let length = 1 << 16;
        let clamped = (length * size.contexts * 8).ilog2().clamp(14, size.most_hash_table);
        assert_eq!(model.hash_table_log2(length), clamped);
        for (length, least) in [(0, 8), (1, 8), (1 << 10, 10)] {
            assert_eq!(model.rows_log2(length), least);
            assert_eq!(model.match_log2(length), least);
            assert_eq!(model.apm_log2(length), least);
        }
        assert_eq!(model.rows_log2(usize::MAX), size.most_rows);
        assert_eq!(model.match_log2(usize::MAX), 22);
        assert_eq!(model.apm_log2(usize::MAX), 16);
    }
}

#[test]
fn the_size_classes_of_the_spec_are_those_of_the_code() {
    let code = Class::ALL.iter().map(|class| {
        let size = class.size();
        let numbers = [
            size.contexts,
            size.layout().vectors,
            size.mixer_contexts,
            size.width,
            size.match_models,
            size.counters,
        ];
        let dash = || "–".to_owned();
        let mut row = vec![size.name.to_owned()];
        row.extend(numbers.map(|number| number.to_string()));
        row.push(if size.residual { "yes" } else { "no" }.to_owned());
        row.extend([size.most_hash_table, size.most_rows].map(|log2| log2.to_string()));
        row.push(size.indirect.to_string());
        row.push(size.escape.map_or_else(dash, |least| least.length.to_string()));
        row.push(size.escape.map_or_else(dash, |least| least.probability.to_string()));
        row.push(size.apm_stages.to_string());
        row
    });
    assert_eq!(table(SPEC, "| Class | contexts |"), code.collect::<Vec<_>>());
    let mut levels = Class::ALL.iter().map(|class| class.size().last_level);
    assert_eq!(levels.next_back(), Some(9), "every level has a class");
}

#[test]
fn the_rates_of_the_spec_are_those_of_the_models() {
    let rows = table(SPEC, "| Class | `binary` |");
    for model in MODELS {
        let name = format!("{:?}", model.class);
        let row = rows.iter().find(|row| row[0] == name).unwrap();
        let binary = model.contexts == Contexts::Binary;
        let (column, warm_up) =
            if binary { (1, "`BINARY_WARM_UP`") } else { (2, "`TEXT_WARM_UP`") };
        let constants = table(SPEC, "| Name | Value | Meaning |");
        let warm_up = &constants.iter().find(|row| row[0] == warm_up).unwrap()[1];
        let [rate, warm_up] = [&row[column], warm_up].map(|cell| cell.parse::<f32>().unwrap());
        assert_eq!(model.mixer_rate(0), rate * (1.0 + warm_up), "model {}", model.id);
    }
}

#[test]
fn the_constants_of_the_spec_are_those_of_the_code() {
    let rows = table(SPEC, "| Name | Value | Meaning |");
    let stated = |name: &str| rows.iter().find(|row| row[0].trim_matches('`') == name);
    let mut found = 0;
    for (source, all) in PARTS.iter().map(|part| (*part, false)).chain([(ENGINE, true)]) {
        for (name, value) in constants(source) {
            match stated(name) {
                Some(row) => {
                    assert_eq!(row[1], value, "{name}");
                    found += 1;
                }
                None if name == "MIXER_CONTEXT_SIZES" => {
                    let sets = table(SPEC, "| k | Sets |");
                    let sizes = value.replace("256 * 3", "768");
                    assert_eq!(sets.iter().map(|row| row[1]).collect::<Vec<_>>().join(", "), sizes);
                }
                None => assert!(!all, "the engine's constant {name} is not in the spec"),
            }
        }
    }
    assert_eq!(found, rows.len(), "a constant of the spec is not in the code");
}

/// Converts an expression of the source to the notation of the spec.
fn expression(source: &str) -> String {
    let call = [(".wrapping_mul(", " * "), (".wrapping_sub(", " - "), (".wrapping_add(", " + ")];
    let mut text = plain(source);
    for (method, operator) in call {
        while let Some((left, right)) = text.split_once(method) {
            let (argument, right) = right.split_once(')').unwrap();
            text = format!("{left}{operator}{argument}{right}");
        }
    }
    let dropped = [(" as u64", ""), ("self.recent", "r"), ("(past)", ""), ("self.", "")];
    dropped.iter().fold(text, |text, (from, to)| text.replace(from, to))
}

#[test]
fn the_contexts_of_the_spec_are_those_of_the_source() {
    for (list, function) in
        [("The list *Text* uses:", "fn text("), ("The list *Binary* uses:", "fn binary(")]
    {
        let spec = between(between(SPEC, list, "\n####"), "```\n", "\n```");
        let spec: Vec<_> = spec.lines().map(str::trim).collect();
        let source =
            between(between(CONTEXTS, function, "\n    }"), "\n        [\n", "\n        ]");
        let source = source.lines().map(str::trim).filter(|line| !line.starts_with("//"));
        let source: Vec<_> = source
            .enumerate()
            .map(|(index, line)| format!("{index}  {}", expression(line.trim_end_matches(','))))
            .collect();
        assert_eq!(spec, source);
    }
}

#[test]
fn the_indirect_contexts_of_the_spec_are_those_of_the_source() {
    let rows = table(SPEC, "| k | Indirect in *Text* |");
    for (column, function) in [(1, "fn indirect_in_text("), (2, "fn indirect_in_binary(")] {
        let source =
            between(between(CONTEXTS, function, "\n    }"), "\n        [\n", "\n        ]");
        let source = source.lines().map(str::trim).filter(|line| !line.starts_with("//"));
        let source = source.map(|line| expression(line.trim_end_matches(',')));
        let spec = rows.iter().map(|row| row[column].trim_matches('`').to_owned());
        assert_eq!(spec.collect::<Vec<_>>(), source.collect::<Vec<_>>());
    }
}

#[test]
fn the_lines_that_tokens_change_are_those_of_the_source() {
    let source = between(CONTEXTS, "fn tokens(", "\n    }").lines().map(str::trim);
    let source: Vec<_> = source
        .filter_map(|line| line.strip_prefix("values[")?.strip_suffix(';')?.split_once("] = "))
        .map(|(line, value)| [line.to_owned(), format!("`{}`", expression(value))])
        .collect();
    assert_eq!(table(SPEC, "| Line | Value |"), source);
}

#[test]
fn the_bit_histories_of_the_spec_are_those_of_the_code() {
    assert!(SPEC.contains(&format!("There are {}.", history::COUNT)));
    for row in table(SPEC, "| State | `n0`") {
        let state: u8 = row[0].parse().unwrap();
        let counts = history::counts(state).map(|count| count.to_string());
        assert_eq!(row[1].split(", ").take(2).collect::<Vec<_>>(), counts);
        let next = [0, 1].map(|bit| NEXT[2 * state as usize + bit].to_string());
        assert_eq!(row[2..], next);
    }
}

#[test]
fn the_counters_of_the_spec_are_those_of_the_code() {
    let rows = table(SPEC, "| confidence | `RATE_OF` |");
    for (column, name) in [(1, "RATE_OF"), (2, "RAISE")] {
        let code = between(COUNTERS, &format!("static {name}: [f32; 16] ="), "];");
        let code = code.trim_start().trim_start_matches('[').replace('_', "");
        let code = code.split(',').map(str::trim).filter(|cell| !cell.is_empty());
        let code: Vec<f32> = code.map(|cell| cell.parse().unwrap()).collect();
        let spec: Vec<f32> = rows.iter().map(|row| row[column].parse().unwrap()).collect();
        assert_eq!(spec, code);
    }
}

#[test]
fn the_points_and_the_known_answer_of_the_spec_are_those_of_the_code() {
    let points = between(APM, "static PRIOR: [u16; 24] = [", "]");
    let points: Vec<_> = points.split([',', ' ', '\n']).filter(|cell| !cell.is_empty()).collect();
    let spec = between(between(SPEC, "### 5.8", "### 5.9"), "```\n", "```");
    assert_eq!(spec.split_whitespace().collect::<Vec<_>>(), points);
    let answer = between(CODEC, "const KNOWN_ANSWER: [u8; 8] = [", "]");
    let answer = answer.split(", ").map(|byte| format!("{:02X}", byte.parse::<u8>().unwrap()));
    let spec = between(SPEC, "## 6. Known answer", "The sample");
    assert!(spec.contains(&answer.collect::<Vec<_>>().join(" ")));
}

/// One function of arithmetic.md §3 at one point, in every lane.
struct Function(&'static str, f32);

impl LaneKernel for Function {
    type Output = u32;
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> u32 {
        let x = simd.splat(self.1);
        let y = match self.0 {
            "ln" => math::ln(simd, x),
            "exp" => math::exp(simd, x),
            "stretch" => math::stretch(simd, x),
            "squash" => math::squash(simd, x),
            name => panic!("{name} is not a function of the code"),
        };
        simd.first(y).to_bits()
    }
}

#[test]
fn functions_have_the_bits_the_spec_gives_everywhere() {
    let rows = table(ARITHMETIC, "| | Bits");
    assert!(rows.len() >= 6);
    for row in rows {
        let (name, argument) =
            row[0].trim_matches('`').trim_end_matches(')').split_once('(').unwrap();
        let argument: f32 = argument.replace('−', "-").parse().unwrap();
        let name = ["ln", "exp", "stretch", "squash"].into_iter().find(|n| *n == name).unwrap();
        for isa in Isa::available() {
            let bits = isa.run_lanes(Function(name, argument));
            assert_eq!(format!("{bits:08X}"), row[1], "{} on {}", row[0], isa.name());
        }
    }
}
