//! The tables of spec/codec.md and spec/arithmetic.md and the code are the same.
//! The lists of contexts are in `spec_contexts.rs`.

use pear_archive::arith::{Isa, LaneKernel, Simd, math};
use pear_archive::codec::{codec_name, filter_name};
use pear_archive::model::history::{self, NEXT};
use pear_archive::model::registered::MODELS;
use pear_archive::model::selection::WEIGHT_SETS;
use pear_archive::model::size::{Class, Contexts};
use pear_archive::model::{
    apm, confidence, counters, engine, escape, match_model, match_models, mixer, network,
    nibble_table, nibbles, state_map,
};

const SPEC: &str = include_str!("../spec/codec.md");
const ARITHMETIC: &str = include_str!("../spec/arithmetic.md");

const CODEC: &str = include_str!("../src/codec/pear.rs");

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
        let length = 1usize << 16;
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
            class.layout().vectors,
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
        assert_eq!(
            model.class.size().mixer_rate(model.contexts, 0),
            rate * (1.0 + warm_up),
            "model {}",
            model.id
        );
    }
}

#[test]
fn the_constants_of_the_spec_are_those_of_the_code() {
    macro_rules! constants {
        ($($module:ident: $($name:ident),+;)+) => {
            vec![$($((stringify!($name), format!("{:?}", $module::$name)),)+)+]
        };
    }
    let code = constants! {
        engine: FIRST_WEIGHT;
        mixer: BINARY_WARM_UP, TEXT_WARM_UP, WARM_UP_HALF, DECAY;
        network: HEAD_RATE, LAYER_RATE, ROW_RATE;
        state_map: STATE_MAP_LIMIT;
        apm: APM_RATE_FIRST, APM_RATE_FALL, APM_RATE_LAST, APM_WEIGHT;
        match_models: MATCH_LENGTHS;
        engine: BIAS;
        mixer: CLAMP;
        network: POSITIONS, NGRAMS, ENERGY_RATE;
        match_model: LONGEST;
        confidence: CONFIDENCE_RATE, CONFIDENCE_FIRST, CONFIDENCE_STRETCH;
        escape: ESCAPE_FIRST, ESCAPE_SHIFT;
    };
    let spec = table(SPEC, "| Name | Value | Meaning |");
    assert_eq!(spec.len(), code.len());
    for (row, (name, value)) in spec.iter().zip(code) {
        assert_eq!([row[0].trim_matches('`'), row[1]], [name, value.trim_matches(['[', ']'])]);
    }
}

#[test]
fn the_weight_sets_of_the_spec_are_those_of_the_code() {
    let spec = table(SPEC, "| k | Sets |");
    let code = WEIGHT_SETS.iter().map(usize::to_string).enumerate();
    let code: Vec<_> = code.map(|(k, sets)| [k.to_string(), sets]).collect();
    assert_eq!(spec.iter().map(|row| [row[0], row[1]]).collect::<Vec<_>>(), code);
}

/// The table of inputs, computed as the spec says.
#[test]
fn the_inputs_are_laid_out_as_the_spec_says() {
    let rows = table(SPEC, "| Part | Inputs | The first of them is |");
    for class in Class::ALL {
        let (size, layout) = (class.size(), class.layout());
        let mut next = 0usize;
        let mut placed = rows.iter().zip(layout.parts());
        for (row, (name, lanes)) in placed.by_ref() {
            let count = match row[1] {
                "`contexts`" => size.contexts,
                "`match_models`" => size.match_models,
                "`indirect`" => size.indirect,
                "`counters`" => size.counters,
                number => number.parse().unwrap(),
            };
            let first = match row[2] {
                "lane 0 of vector 0" => 0,
                "the next input" => next,
                "lane 15 of the vector of the next input" => next / 16 * 16 + 15,
                "lane 0 of the next vector" => next.next_multiple_of(16),
                rule => panic!("unknown rule: {rule}"),
            };
            assert_eq!((16 * lanes.vector + lanes.lane, lanes.count), (first, count), "{name}");
            next = first + count;
        }
        assert_eq!((rows.len(), layout.vectors), (layout.parts().len(), next.div_ceil(16)));
    }
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
    let rows = table(SPEC, "| count | `RATE_OF` |");
    for (column, code) in [(1, counters::RATE_OF), (2, counters::RAISE)] {
        let spec: Vec<f32> = rows.iter().map(|row| row[column].parse().unwrap()).collect();
        assert_eq!(spec, code);
    }
}

#[test]
fn the_nibble_engine_of_the_spec_is_that_of_the_code() {
    let rows = table(SPEC, "| count | `NIBBLE_RATE` |");
    for (column, code) in [(1, nibble_table::NIBBLE_RATE), (2, nibble_table::NIBBLE_RAISE)] {
        let spec: Vec<i8> = rows.iter().map(|row| row[column].parse().unwrap()).collect();
        assert_eq!(spec, code);
    }
    let constants = table(SPEC, "| Name of §5.12 | Value |");
    let spec: Vec<f32> = constants.iter().map(|row| row[1].parse().unwrap()).collect();
    assert_eq!(spec, [nibbles::BIT_STRETCH, nibbles::NIBBLE_WEIGHT]);
    let section = between(SPEC, "### 5.12", "## 6.");
    let sets = nibbles::NIBBLE_SETS.map(|sets| sets.to_string()).join(" + ");
    assert!(section.contains(&format!("weights[{sets}]")));
    let contexts = nibbles::NIBBLE_CONTEXTS.map(|list| list.map(|k| k.to_string()).join(", "));
    for list in contexts {
        let (first, last) = list.rsplit_once(", ").unwrap();
        let section = section.replace("\n   ", " ");
        assert!(section.contains(&format!("{first} and {last}")), "{list}");
    }
}

#[test]
fn the_points_and_the_known_answer_of_the_spec_are_those_of_the_code() {
    let spec = between(between(SPEC, "### 5.8", "### 5.9"), "```\n", "```");
    let spec: Vec<u16> = spec.split_whitespace().map(|point| point.parse().unwrap()).collect();
    assert_eq!(spec, apm::POINTS);
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
