//! The determinism rule: every instruction set gives the same archive bytes.

use pear_archive::arith::Isa;
use pear_archive::codec::{Choice, Codec, CodecOptions, decode_group, encode_group, self_test};
use pear_archive::model::Class;

/// Returns text, machine-code-like and mixed bytes, a few KB each: whole groups.
fn groups() -> Vec<Vec<u8>> {
    let mut seed = 5u32;
    let mut random = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed >> 24
    };
    let words = ["archive", "<tag>", "42,", "the", "model\n", "of", "\u{e9}t\u{e9}"];
    let text = (0..1200).map(|_| words[random() as usize % words.len()]).collect::<Vec<_>>();
    let text = text.join(" ").into_bytes();
    let code: Vec<u8> = (0..600u32)
        .flat_map(|i| {
            let target = (i % 7 * 400).wrapping_sub(i * 9).to_le_bytes();
            [0x55, 0x48, 0x89, 0xE5, 0xE8, target[0], target[1], target[2], target[3]]
        })
        .collect();
    let mixed: Vec<u8> =
        text.iter().map(|&b| if random() < 20 { random() as u8 } else { b }).collect();
    vec![text, code, mixed, vec![0; 3000], vec![7], Vec::new()]
}

#[test]
fn every_instruction_set_writes_the_same_bytes_in_every_size_class() {
    for level in Class::ALL.iter().map(|class| class.size().last_level) {
        for (index, raw) in groups().iter().enumerate() {
            let encode = |isa| {
                let choice = Choice::Only(Codec::Pear);
                let options = CodecOptions { choice, level, isa, ..CodecOptions::default() };
                encode_group(raw, &options).unwrap()
            };
            let want = encode(Isa::SCALAR);
            for isa in Isa::available() {
                assert_eq!(encode(isa), want, "{} level {level} group {index}", isa.name());
            }
            let back = decode_group(want.coding, &want.payload, raw.len(), raw.len()).unwrap();
            assert_eq!(&back, raw, "level {level} group {index}");
        }
    }
}

#[test]
fn a_beginning_decodes_alone() {
    for raw in groups() {
        let coded = encode_group(&raw, &CodecOptions::default()).unwrap();
        for wanted in [0, raw.len() / 3, raw.len().saturating_sub(1)] {
            let some = decode_group(coded.coding, &coded.payload, raw.len(), wanted).unwrap();
            assert_eq!(some, raw[..wanted]);
        }
    }
}

#[test]
fn the_known_answer_holds_on_every_instruction_set() {
    for isa in Isa::available() {
        self_test(isa).unwrap();
    }
}

#[test]
fn a_cut_payload_is_an_error_not_a_panic() {
    let raw = groups().swap_remove(0);
    let coded = encode_group(&raw, &CodecOptions::default()).unwrap();
    for kept in [0, 1, coded.payload.len() / 2] {
        assert!(decode_group(coded.coding, &coded.payload[..kept], raw.len(), raw.len()).is_err());
    }
}
