//! The contexts of crate, reference decoder and spec are the same: each gives the values
//! of spec/vectors/contexts.txt.

#[path = "support/expression.rs"]
mod expression;
#[allow(dead_code)]
#[path = "../spec/reference/decoder.rs"]
mod reference;

use expression::{Names, value};
use pear_archive::model::contexts::{ContextState, MOST, Spelling};
use pear_archive::model::indirect;
use pear_archive::model::{Contexts, hash};
use std::collections::BTreeMap;
use std::fmt::Write;

const SPEC: &str = include_str!("../spec/codec.md");
const VECTORS: &str = include_str!("../spec/vectors/contexts.txt");

/// One vector of the file.
#[derive(Default)]
struct Vector {
    contexts: String,
    symbols: Vec<u8>,
    names: BTreeMap<String, u64>,
    hashes: Vec<u64>,
    indirect: Vec<u64>,
    grams: Vec<u64>,
}

fn hex(text: &str) -> u64 {
    u64::from_str_radix(text, 16).unwrap_or_else(|_| panic!("{text} is not hexadecimal"))
}

fn vectors() -> Vec<Vector> {
    let mut vectors: Vec<Vector> = Vec::new();
    for line in VECTORS.lines().filter(|line| !line.starts_with('#')) {
        let (key, rest) = line.split_once(' ').unwrap();
        if key == "contexts" {
            vectors.push(Vector { contexts: rest.to_owned(), ..Vector::default() });
            continue;
        }
        let vector = vectors.last_mut().expect("a vector begins with its contexts");
        let numbers = || rest.split(' ').map(hex);
        match key {
            "symbols" => vector.symbols.extend(numbers().map(|symbol| symbol as u8)),
            "hashes" => vector.hashes.extend(numbers()),
            "indirect" => vector.indirect.extend(numbers()),
            "grams" => vector.grams.extend(numbers()),
            name => {
                let known = vector.names.insert(name.to_owned(), hex(rest));
                assert!(known.is_none(), "{name} comes twice");
            }
        }
    }
    vectors
}

impl Names for Vector {
    fn name(&self, name: &str) -> Option<u64> {
        let constant = match name {
            "MULTIPLIER" => hash::MULTIPLIER,
            "SECOND" => hash::SECOND,
            "THIRD" => hash::THIRD,
            _ => return self.names.get(name).copied(),
        };
        Some(constant)
    }

    fn function(&self, name: &str, argument: u64) -> Option<u64> {
        let argument = argument as usize;
        match name {
            "back" => {
                let at = self.symbols.len().checked_sub(argument);
                Some(at.map_or(0, |at| self.symbols[at] as u64))
            }
            "bytes" => {
                let spelt = self.names.get("spelt")?;
                Some(spelt & ((1 << (8 * argument)) - 1) | 1 << 63)
            }
            _ => None,
        }
    }
}

/// What stands between `start` and the next `end`.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no end of {start}")).0
}

/// Rows of the table whose head begins with `head`, without code marks.
fn table(head: &str) -> Vec<Vec<String>> {
    let lines = SPEC.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let rows = lines.take_while(|line| line.starts_with('|'));
    let cells = |row: &str| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
    };
    rows.map(cells).collect()
}

/// The expressions of a list of the spec.
fn list(contexts: &str) -> Vec<String> {
    let name = if contexts == "Binary" { "Binary" } else { "Text" };
    let section = between(SPEC, &format!("The list *{name}* uses:"), "\n####");
    let lines = between(section, "```\n", "\n```").lines().enumerate();
    let mut list: Vec<String> = lines
        .map(|(number, line)| {
            let (first, expression) = line.trim().split_once("  ").unwrap();
            assert_eq!(first, number.to_string());
            expression.to_owned()
        })
        .collect();
    if contexts == "Tokens" {
        for row in table("| Line | Value |") {
            list[row[0].parse::<usize>().unwrap()] = row[1].clone();
        }
    }
    list
}

#[test]
fn the_expressions_of_the_spec_give_the_vectors() {
    for vector in vectors() {
        let list = list(&vector.contexts);
        assert_eq!(list.len(), vector.hashes.len());
        for ((i, expression), want) in list.iter().enumerate().zip(&vector.hashes) {
            let names = format!("(({expression}) + 1) * MULTIPLIER ^ ({i} + 1) * THIRD");
            let hash = value(&format!("({names}) * SECOND >> 32"), &vector);
            assert_eq!(hash, *want, "{} {i}: {expression}", vector.contexts);
        }
        let rows = table("| k | Indirect in *Text* |");
        assert_eq!(rows.len(), vector.indirect.len());
        let column = if vector.contexts == "Binary" { 2 } else { 1 };
        for (row, want) in rows.iter().zip(&vector.indirect) {
            let hash = value(&format!("({}) * MULTIPLIER >> 48", row[column]), &vector);
            assert_eq!(hash, *want, "{} indirect {row:?}", vector.contexts);
        }
    }
}

#[test]
fn the_crate_gives_the_vectors() {
    for vector in vectors() {
        let (contexts, spelling) = match vector.contexts.as_str() {
            "Text" => (Contexts::Text, Spelling::default()),
            "Binary" => (Contexts::Binary, Spelling::default()),
            _ => (Contexts::Tokens, Spelling::new(token)),
        };
        let mut state = ContextState::new(indirect::MOST);
        for end in 1..=vector.symbols.len() {
            let past = &vector.symbols[..end];
            state.push(past, spelling.of(past[end - 1]), contexts);
        }
        let mut hashes = [0; MOST];
        state.hashes(&vector.symbols, contexts, &mut hashes);
        for (i, (hash, want)) in hashes.iter().zip(&vector.hashes).enumerate() {
            assert_eq!(u64::from(*hash), *want, "{contexts:?} {i}");
        }
        let grams = state.ngrams().map(u64::from);
        let indirect: Vec<_> = state.indirect.hashes().iter().copied().map(u64::from).collect();
        assert_eq!((&grams[..], indirect), (&vector.grams[..], vector.indirect), "{contexts:?}");
    }
}

/// What a symbol stands for in the vectors of Tokens.
fn token(symbol: u8) -> &'static [u8] {
    static BYTES: [u8; 128] = {
        let mut bytes = [0; 128];
        let mut at = 0;
        while at < 128 {
            bytes[at] = at as u8;
            at += 1;
        }
        bytes
    };
    static PAIRS: [[u8; 2]; 128] = {
        let mut pairs = [[0, 101]; 128];
        let mut at = 0;
        while at < 128 {
            pairs[at][0] = at as u8;
            at += 1;
        }
        pairs
    };
    match symbol {
        0..128 => &BYTES[symbol as usize..][..1],
        _ => &PAIRS[symbol as usize - 128],
    }
}

/// Texts whose ends lie in a tag's value, in a number, and at the end of a line.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let text = "<book>\n  <page id=\"7\">The pear and the plum stood by the pear tree.\n\
                  <note>The Pear, 12.5 kg, and the plum;\tand THE PEAR\n  \
                <row a=\"x\" b=\"the pear and the pl";
    let text = text.as_bytes();
    let number = [text, b"um\">\n  12.5 kg at 3:4"].concat();
    let line = [number.as_slice(), b"5\n\xC3\xA9t\xC3\xA9 </note> the pear an\n    "].concat();
    let tokens = line.iter().enumerate();
    let tokens = tokens.map(|(at, &byte)| if at % 3 == 0 { byte | 128 } else { byte }).collect();
    let code: Vec<u8> = (0..40u8)
        .flat_map(|n| [0x48, 0x8B, 0x44, 0x24, n, 0xE8, n, 2, 0, 0, 0xC7, 0x45, n, 1, 0, 0, 0])
        .chain([0x0F, 0xB6, 0x84, 0x0A, 0x11])
        .collect();
    let records: Vec<u8> = (0..120u8)
        .flat_map(|n| [n, 0, 7, n / 3, 255, 255, 9, b'p', b'e', b'a', b'r', 0x10])
        .chain(*b"\x41\x00pear")
        .collect();
    vec![
        ("Text", text.to_vec()),
        ("Text", number),
        ("Text", line),
        ("Tokens", tokens),
        ("Binary", code),
        ("Binary", records),
    ]
}

/// The file as the reference decoder gives it.
fn written() -> String {
    let mut file = "# Contexts after some symbols, see spec/codec.md §5.1.6.\n".to_owned();
    let mut line = |key: &str, values: &[String]| writeln!(file, "{key} {}", values.join(" "));
    for (contexts, symbols) in samples() {
        line("contexts", &[contexts.to_owned()]).unwrap();
        for symbols in symbols.chunks(24) {
            line("symbols", &symbols.iter().map(|s| format!("{s:02x}")).collect::<Vec<_>>())
                .unwrap();
        }
        let list = match contexts {
            "Text" => reference::Contexts::Text,
            "Binary" => reference::Contexts::Binary,
            _ => reference::Contexts::Tokens,
        };
        let vector = reference::context_values(list, &symbols);
        for (name, value) in vector.names {
            line(name, &[format!("{value:x}")]).unwrap();
        }
        for hashes in vector.hashes.chunks(8) {
            line("hashes", &hashes.iter().map(|hash| format!("{hash:08x}")).collect::<Vec<_>>())
                .unwrap();
        }
        line("indirect", &vector.indirect.iter().map(|h| format!("{h:04x}")).collect::<Vec<_>>())
            .unwrap();
        line("grams", &vector.grams.map(|gram| format!("{gram:08x}"))).unwrap();
    }
    file
}

#[test]
fn the_reference_gives_the_vectors() {
    let differs = VECTORS.lines().zip(written().lines()).position(|(a, b)| a != b);
    assert!(VECTORS == written(), "first in line {differs:?}, from 0");
}

/// Every name is told from 0 by some vector, or an expression could leave it out.
#[test]
fn every_name_has_a_value_somewhere() {
    let vectors = vectors();
    let names = vectors.iter().flat_map(|vector| vector.names.keys());
    for name in names {
        let told = vectors.iter().any(|vector| vector.names.get(name).is_some_and(|&v| v != 0));
        assert!(told, "{name} is 0 in every vector");
    }
}

#[test]
#[ignore = "writes spec/vectors/contexts.txt anew, from the reference decoder"]
fn write_the_vectors() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/spec/vectors/contexts.txt");
    std::fs::write(path, written()).unwrap();
}
