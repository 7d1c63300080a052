//! The independent decoder in spec/reference decodes the groups that the crate encodes.

#[allow(dead_code)]
#[path = "../spec/reference/decoder.rs"]
mod reference;

use pear_archive::codec::{Choice, Codec, CodecOptions, EncodedGroup, encode_group};
use pear_archive::model::registered::MODELS;
use pear_archive::model::{Class, Contexts};

fn encode(raw: &[u8], codec: Codec, level: u8) -> EncodedGroup {
    let options = CodecOptions { choice: Choice::Only(codec), level, ..CodecOptions::default() };
    encode_group(raw, &options).unwrap()
}

fn decode(group: &EncodedGroup, length: usize) -> Result<Vec<u8>, String> {
    let coding = group.coding.numbers();
    reference::decode([coding.codec, coding.filter], coding.model, &group.payload, length)
}

/// Returns pseudo-random numbers that are the same everywhere.
fn random(seed: u32) -> impl Iterator<Item = u32> {
    std::iter::successors(Some(seed), |seed| {
        Some(seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223))
    })
    .map(|seed| seed >> 16)
}

/// Returns markup, indentation, numbers, quotes and bytes above 127; words occur
/// repeatedly.
fn text(length: usize) -> Vec<u8> {
    let words = ["pear", "Archive", "kept", "für", "decades,", "3.14", "\"said\"", "x-y", "12:30"];
    let line = |r: u32| {
        let [a, b, c] = [1, 9, 81].map(|step| words[(r / step) as usize % words.len()]);
        let indent = " ".repeat((r % 4) as usize);
        format!("{indent}<{} id=\"{r}\">{a} {b} {c}</{}>\n", &a[..1], &a[..1])
    };
    random(7).flat_map(|r| line(r).into_bytes()).take(length).collect()
}

/// Returns lines with little information, so that byte pairs are worth it at every
/// level.
fn markup(length: usize) -> Vec<u8> {
    let line = |r| format!("<item number=\"{}\">a pear from the garden</item>\n", r & 255);
    random(11).flat_map(|r| line(r).into_bytes()).take(length).collect()
}

/// Returns something like machine code, with calls, then records of twelve bytes.
fn binary(length: usize) -> Vec<u8> {
    let code = |r: u32| match r % 7 {
        0 => vec![0xE8, r as u8, 1, 0, 0],
        1 => vec![0x48, 0x8D, 0x05, r as u8, 2, 0xFF, 0xFF],
        2 => vec![0x0F, 0x84, r as u8, 0, 0, 0],
        3 => vec![0x8B, 0x44, 0x24, r as u8 & 0x7C],
        4 => vec![0xC5, 0xF9, 0x6F, 0x85, r as u8, 0, 0, 0],
        5 => vec![0x66, 0xB8, r as u8, 0, 0x0F, 0x38, 0x00, 0xC1],
        _ => {
            vec![0x49, 0xB9, r as u8, 0, 0, 0, 0, 0, 0, 0, 0xF7, 0x04, 0x25, 0, 0, 0, 0, 1, 0, 0, 0]
        }
    };
    let record = |(i, r): (usize, u32)| [i as u8, 0, 0, 0, r as u8, 7, 0, 0, 255, 255, 255, 0];
    let code: Vec<u8> = random(3).flat_map(code).take(length / 2).collect();
    let records = (0..).zip(random(5)).flat_map(record);
    code.into_iter().chain(records).take(length).collect()
}

#[test]
fn the_reference_decodes_every_model_and_filter() {
    let mut seen = Vec::new();
    let all: &[u8] = &[1, 2, 3, 4, 5, 6, 7, 8, 9];
    let last_levels: Vec<u8> = Class::ALL.iter().map(|class| class.size().last_level).collect();
    for (raw, levels) in
        [(text(20_000), all), (binary(12_000), all), (markup(270_000), &last_levels[..])]
    {
        for &level in levels {
            let group = encode(&raw, Codec::Pear, level);
            let coding = group.coding.numbers();
            if seen.contains(&(coding.filter, coding.model)) {
                continue;
            }
            seen.push((coding.filter, coding.model));
            assert!(decode(&group, raw.len()) == Ok(raw.clone()), "{coding:?}");
        }
    }
    for model in MODELS {
        let filter = match model.contexts {
            Contexts::Tokens => 1,
            Contexts::Binary => 2,
            // Byte pairs serve all text at some levels.
            Contexts::Text => continue,
        };
        let coding = (filter, model.id);
        assert!(seen.contains(&coding), "filter and model {coding:?} were not tried");
    }
}

#[test]
fn the_reference_decodes_groups_of_every_small_size() {
    for length in [0, 1, 2, 7, 8, 9, 40, 257, 700] {
        for raw in [vec![255; length], vec![0; length], text(length)] {
            for (codec, level) in [(Codec::Store, 5), (Codec::Pear, 5), (Codec::Pear, 9)] {
                let group = encode(&raw, codec, level);
                assert!(decode(&group, length) == Ok(raw.clone()), "{length} {:?}", group.coding);
            }
        }
    }
}

#[test]
fn the_reference_refuses_what_is_cut_short() {
    let raw = text(3_000);
    for (codec, level) in [(Codec::Store, 5), (Codec::Pear, 3)] {
        let EncodedGroup { coding, payload } = encode(&raw, codec, level);
        for keep in [0, payload.len() / 2] {
            let payload = payload[..keep].to_vec();
            assert!(decode(&EncodedGroup { coding, payload }, raw.len()) != Ok(raw.clone()));
        }
    }
}
