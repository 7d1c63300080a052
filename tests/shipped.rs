//! Shipped bases: small groups start behind a text of their kind.

#[allow(dead_code)]
#[path = "../spec/reference/decoder.rs"]
mod reference;

use pear_archive::arith::Isa;
use pear_archive::codec::{
    Choice, Codec, CodecError, CodecOptions, Coding, CodingNumbers, EncodedFrom, ShippedBase,
    Start, decode_group_from, encode_group, encode_group_shipped,
};
use pear_archive::model::registered::MODELS;
use pear_archive::model::{Class, Contexts, Model};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

const SPEC: &str = include_str!("../spec/codec.md");

/// Returns the rows of the table whose head begins with `head`.
fn table(head: &str) -> Vec<Vec<&'static str>> {
    let mut lines = SPEC.lines().skip_while(|line| !line.starts_with(head));
    assert!(lines.next().is_some(), "no table {head}");
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// Returns the texts in `spec/bases` by name.
fn texts() -> HashMap<String, Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/bases");
    let files = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
    files
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().into(), fs::read(path).unwrap()))
        .collect()
}

/// Returns something of a kind that no base was written for, but that is like one.
fn source() -> Vec<u8> {
    let files = [include_str!("tree.rs"), include_str!("damage.rs")];
    files.concat().into_bytes()
}

#[test]
fn the_shipped_bases_are_those_of_the_spec_and_of_its_texts() {
    let texts = texts();
    let total: usize = texts.values().map(Vec::len).sum();
    assert!(total <= 1 << 20, "{total} bytes");
    let rows = table("| Base | Texts |");
    assert_eq!(rows.len(), ShippedBase::ALL.len());
    let mut used = Vec::new();
    for (row, base) in rows.iter().zip(ShippedBase::ALL) {
        let bytes = base.last_bytes(usize::MAX);
        let parts: Vec<&str> = row[1].split(", ").collect();
        let joined: Vec<u8> = parts.iter().flat_map(|&name| &texts[name]).copied().collect();
        assert!(bytes == joined, "{}", base.name);
        let hash = blake3::hash(&bytes).to_hex();
        assert_eq!([row[0], row[2]], [base.name, &bytes.len().to_string()]);
        assert_eq!(row[3].trim_matches('`'), &hash[..32], "{}", base.name);
        let id: String = base.id.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(id, hash[..8], "{}", base.name);
        assert_eq!([row[4], row[5]], ["0", "Text"]);
        assert_eq!(ShippedBase::of_id(base.id), Some(base));
        assert_eq!(*parts.last().unwrap(), base.name);
        assert!(bytes.is_ascii() || std::str::from_utf8(&bytes).is_ok());
        used.extend(parts);
    }
    assert!(texts.keys().all(|name| used.contains(&name.as_str())), "a text that no base has");
    assert_eq!(ShippedBase::of_id([0; 4]), None);
}

#[test]
fn what_an_engine_learns_of_a_base_is_what_the_spec_says() {
    let rows = table("| Class | `most_shipped` |");
    let code = Class::ALL.iter().map(|class| {
        let size = class.size();
        vec![size.name.to_owned(), size.most_shipped.to_string()]
    });
    assert_eq!(rows, code.collect::<Vec<_>>());
    for model in MODELS.iter().filter(|model| model.contexts == Contexts::Text) {
        let size = model.class.size();
        // A quarter of a second.
        assert!(size.most_shipped as f64 <= 0.25 * size.bytes_per_second);
        let coding = Coding::parse(CodingNumbers { codec: 3, filter: 0, model: model.id }).unwrap();
        let base = &ShippedBase::ALL[0];
        let state = base.state(coding, 12, Isa::best()).unwrap();
        assert_eq!(state.length() as usize, base.length().min(size.most_shipped));
    }
}

#[test]
fn small_groups_start_behind_a_base_and_come_back_by_the_crate_and_by_the_reference() {
    let raw = &source()[..6_000];
    for level in [1, 5, 9] {
        let options = CodecOptions { level, ..CodecOptions::default() };
        let (coded, base) = encode_group_shipped(raw, &options).unwrap();
        let EncodedFrom { group, based, capacity, state } = coded;
        let base = base.expect("Rust is like Rust");
        assert_eq!((base.name, based, state.is_none()), ("rust", true, true));
        let alone = encode_group(raw, &options).unwrap();
        assert!(group.payload.len() * 100 < alone.payload.len() * 90, "level {level}");

        let start = ShippedBase::of_id(base.id).unwrap();
        let state = start.state(group.coding, capacity, Isa::best()).unwrap();
        let start = Start::Behind(&state);
        let decoded =
            decode_group_from(group.coding, &group.payload, raw.len(), raw.len(), start, false);
        assert!(decoded.partial.fault.is_none() && decoded.partial.raw == raw);

        let CodingNumbers { codec, filter, model } = group.coding.numbers();
        let learned = base.last_bytes(Model::of_id(model).unwrap().class.size().most_shipped);
        let start = reference::Start::Capacity(capacity);
        let state = reference::Base::learn(filter, model, &learned, start).unwrap();
        let start = reference::Start::Behind(&state);
        let decoded =
            reference::decode_from([codec, filter], model, &group.payload, raw.len(), start);
        assert!(decoded.unwrap().0 == raw, "level {level}");
    }
}

#[test]
fn a_base_is_taken_only_where_it_makes_a_group_smaller() {
    let options = CodecOptions::default();
    let text = source();
    let numbers: Vec<u8> =
        (0..3_000u32).flat_map(|n| format!("{}\n", n * n).into_bytes()).collect();
    let binary: Vec<u8> = (0..9_000u32).flat_map(|n| (n * n).to_le_bytes()).collect();
    let long = text.iter().copied().cycle().take((1 << 18) + 1).collect();
    for raw in [numbers, binary, long, vec![], b"a".to_vec()] {
        let (coded, base) = encode_group_shipped(&raw[..], &options).unwrap();
        assert!(base.is_none() && !coded.based && coded.capacity == 0);
        assert!(coded.group == encode_group(&raw[..], &options).unwrap());
    }
    for codec in [Codec::Store, Codec::Zstd, Codec::Bpe] {
        let options = CodecOptions { choice: Choice::Only(codec), ..CodecOptions::default() };
        assert_eq!(encode_group_shipped(&text[..9_000], &options).unwrap().1, None);
    }
}

#[test]
fn a_base_serves_no_other_coding_than_it_is_registered_for() {
    let base = &ShippedBase::ALL[0];
    let parse =
        |codec, filter, model| Coding::parse(CodingNumbers { codec, filter, model }).unwrap();
    for coding in [parse(0, 0, 0), parse(3, 1, 6), parse(3, 2, 4), parse(3, 0, 5), parse(3, 0, 6)] {
        let refused = base.state(coding, 14, Isa::best()).err();
        assert!(matches!(refused, Some(CodecError::NoBase { .. })), "{coding:?}");
    }
    assert!(matches!(
        base.state(parse(3, 0, 4), 11, Isa::best()),
        Err(CodecError::Capacity { .. })
    ));
}
