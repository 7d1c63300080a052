//! Codec image and the independent decoder in spec/reference: pictures of every kind of
//! samples, and what is around them, come back by both.

#[allow(dead_code)] // other codecs are tried in tests/reference_decoder.rs
#[path = "../spec/reference/decoder.rs"]
mod decoder;

use pear_archive::archive::{Archive, Builder, CreateOptions, Limits};
use pear_archive::codec::{Choice, Codec, CodecOptions, codec_name, decode_group, encode_group};
use std::path::Path;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/image/image-0.7.pear");

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

/// Returns files, most of them pictures.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("deep.pgm", picture("P5 90 60 65535\n", 180, 60)),
        ("grey.pgm", picture("P5 200 150 255\n", 200, 150)),
        ("note.txt", b"what is seen".to_vec()),
        ("rgb.ppm", picture("P6 150 120 255\n", 450, 120)),
    ]
}

fn archive(jobs: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options = CreateOptions { jobs, ..CreateOptions::default() };
    let mut builder = Builder::new(&mut bytes).options(options);
    for (name, content) in files() {
        builder.append_data(name, content).unwrap();
    }
    builder.finish().unwrap();
    bytes
}

fn assert_holds_the_files(bytes: &[u8]) {
    let archive = Archive::open(bytes, &Limits::default()).unwrap();
    let names: Vec<_> = archive.groups().map(|group| codec_name(group.coding.codec)).collect();
    assert_eq!(names.iter().filter(|name| **name == "image").count(), 1, "{names:?}");
    assert_eq!(archive.entries().len(), files().len());
    for (name, content) in files() {
        assert!(archive.read(name).unwrap() == content, "{name}");
    }
}

#[test]
fn pictures_are_coded_as_pictures_in_an_archive_and_come_back() {
    let one = archive(1);
    assert_eq!(one, archive(4), "the same bytes on any number of threads");
    assert_holds_the_files(&one);
}

#[test]
fn a_picture_that_repeats_is_no_larger_than_by_the_model_of_bytes() {
    let tile = picture("", 96, 32);
    let drawing = [b"P6 32 1024 255\n".to_vec(), tile.repeat(32)].concat();
    let length = |choice| {
        let options = CodecOptions { choice, ..CodecOptions::default() };
        encode_group(&drawing, &options).unwrap().payload.len()
    };
    assert!(length(Choice::Auto) <= length(Choice::Only(Codec::Pear)));
}

#[test]
fn the_golden_archive_of_pictures_still_holds_them() {
    assert_holds_the_files(&std::fs::read(GOLDEN).unwrap());
}

#[test]
#[ignore = "a deliberate act: writes the golden archive if it does not exist yet"]
fn write_golden_archives() {
    if !Path::new(GOLDEN).exists() {
        std::fs::create_dir_all(Path::new(GOLDEN).parent().unwrap()).unwrap();
        std::fs::write(GOLDEN, archive(1)).unwrap();
    }
}
