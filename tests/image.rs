//! Codec image and the independent decoder in spec/reference: pictures of every kind of
//! samples, and what is around them, come back by both.

#[allow(dead_code)] // other codecs are tried in tests/reference_decoder.rs
#[path = "../spec/reference/decoder.rs"]
mod decoder;

use pear_archive::codec::{Choice, Codec, CodecOptions, decode_group, encode_group};

/// Returns a head and pixels of `row` bytes a row behind it.
fn picture(head: &str, row: usize, rows: usize) -> Vec<u8> {
    let mut seed = 7u32;
    let mut noise = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 29) as usize
    };
    let place = (0..rows).flat_map(|y| (0..row).map(move |x| 2 * x + 3 * y));
    head.bytes().chain(place.map(|light| (light + noise()) as u8)).collect()
}

#[test]
fn the_reference_decodes_pictures_of_every_kind() {
    let pictures = [
        b"text before".to_vec(),
        picture("P6 20 15 255\n", 60, 15),
        picture("P5 20 15 255\n", 20, 15),
        picture("P5 20 15 65535\n", 40, 15),
        picture("P7\nWIDTH 20\nHEIGHT 9\nDEPTH 4\nMAXVAL 255\nENDHDR\n", 80, 9),
        picture("P7\nWIDTH 20\nHEIGHT 9\nDEPTH 2\nMAXVAL 65535\nENDHDR\n", 80, 9),
        b"and more text behind them".repeat(40),
    ];
    let raw = pictures.concat();
    for level in [1, 5] {
        let choice = Choice::Only(Codec::Image);
        let options = CodecOptions { choice, level, ..CodecOptions::default() };
        let group = encode_group(&raw, &options).unwrap();
        assert_eq!(group.coding.codec(), Codec::Image);
        let own = decode_group(group.coding, &group.payload, raw.len(), raw.len()).unwrap();
        let model = group.coding.numbers().model;
        let other = decoder::decode([7, 0], model, &group.payload, raw.len()).unwrap();
        assert!(own == raw && other == raw, "level {level}");
    }
}
