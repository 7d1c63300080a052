//! Sounds are stored smaller than by the model of bytes, and come back bit for bit.

#[path = "../spec/reference/decoder.rs"]
#[allow(dead_code)] // bases are tried in tests/reference_forged.rs
mod decoder;

use pear_archive::archive::{Archive, Builder, Control, CreateOptions, Limits, Silent};
use pear_archive::codec::{Choice, Codec, CodecOptions, codec_name, decode_group, encode_group};
use std::path::Path;
use std::sync::atomic::AtomicBool;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/audio/audio-0.7.pear");

/// Returns samples of a sound: noise through a filter that rings, louder and softer.
fn samples(count: usize, seed: u32, height: i64) -> Vec<i64> {
    let (mut random, mut past) = (seed, [0i64; 2]);
    let mut next = |n: usize| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (random >> 16) as i64 - 32_768;
        let loud = if n / 700 % 3 == 2 { 0 } else { (height / 400).max(3) };
        let sample = (225 * past[0] - 117 * past[1]) / 128 + noise * loud / 32_768;
        past = [sample.clamp(-height, height - 1), past[0]];
        past[0]
    };
    (0..count).map(&mut next).collect()
}

/// Returns the last `bytes` bytes of each number, the lowest first or last.
fn data(samples: &[i64], bytes: usize, big_endian: bool) -> Vec<u8> {
    let sample = |sample: &i64| {
        let mut all = sample.to_le_bytes()[..bytes].to_vec();
        if big_endian {
            all.reverse();
        }
        all
    };
    samples.iter().flat_map(sample).collect()
}

/// Returns a WAV file.
fn wav(channels: u16, bytes: u16, samples: &[i64]) -> Vec<u8> {
    let middle = if bytes == 1 { 128 } else { 0 };
    let samples: Vec<i64> = samples.iter().map(|sample| sample + middle).collect();
    let data = data(&samples, bytes as usize, false);
    let frame = channels * bytes;
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(36 + data.len() as u32).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0");
    file.extend_from_slice(&channels.to_le_bytes());
    file.extend_from_slice(&44_100u32.to_le_bytes());
    file.extend_from_slice(&(44_100 * frame as u32).to_le_bytes());
    file.extend_from_slice(&frame.to_le_bytes());
    file.extend_from_slice(&(8 * bytes).to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&(data.len() as u32).to_le_bytes());
    [file, data].concat()
}

/// Returns an AIFF file of 16 bits and one channel.
fn aiff(samples: &[i64]) -> Vec<u8> {
    let data = data(samples, 2, true);
    let mut file = b"FORM".to_vec();
    file.extend_from_slice(&(46 + data.len() as u32).to_be_bytes());
    file.extend_from_slice(b"AIFFCOMM\0\0\0\x12\0\x01");
    file.extend_from_slice(&(samples.len() as u32).to_be_bytes());
    file.extend_from_slice(b"\0\x10\x40\x0E\xAC\x44\0\0\0\0\0\0SSND");
    file.extend_from_slice(&(8 + data.len() as u32).to_be_bytes());
    file.extend_from_slice(&[0; 8]);
    [file, data].concat()
}

/// Returns files, most of them sounds.
fn files() -> Vec<(String, Vec<u8>)> {
    let scaled: Vec<i64> = samples(5000, 4, 1500).iter().map(|sample| sample * 20).collect();
    let wide: Vec<i64> = samples(1500, 5, 30_000).iter().map(|sample| sample << 8).collect();
    vec![
        ("eight.wav".to_owned(), wav(1, 1, &samples(3000, 1, 120))),
        ("loud.wav".to_owned(), wav(1, 2, &scaled)),
        ("mono.aiff".to_owned(), aiff(&samples(3000, 2, 30_000))),
        ("note.txt".to_owned(), b"what is heard".to_vec()),
        ("stereo.wav".to_owned(), wav(2, 2, &samples(8000, 3, 30_000))),
        ("wide.wav".to_owned(), wav(1, 3, &wide)),
    ]
}

fn archive(files: &[(String, Vec<u8>)], jobs: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options = CreateOptions { jobs, ..CreateOptions::default() };
    let mut builder = Builder::new(&mut bytes).options(options);
    for (name, content) in files {
        builder.append_data(name.as_str(), content).unwrap();
    }
    builder.finish().unwrap();
    bytes
}

fn contents(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let archive = Archive::open(bytes, &Limits::default()).unwrap();
    let read = |name: String| {
        let mut content = Vec::new();
        archive.cat(name.as_bytes(), &mut content, 1, &CONTROL).unwrap();
        (name, content)
    };
    archive.entries().iter().map(|entry| read(entry.display().to_string())).collect()
}

#[test]
fn sounds_are_coded_as_sounds_in_an_archive_and_come_back() {
    let files = files();
    let one = archive(&files, 1);
    assert_eq!(one, archive(&files, 4), "the same bytes on any number of threads");
    assert_eq!(contents(&one), files);
    let archive = Archive::open(&one[..], &Limits::default()).unwrap();
    let names: Vec<_> = archive.groups().map(|group| codec_name(group.coding.codec)).collect();
    assert_eq!(names.iter().filter(|name| **name == "audio").count(), 1, "{names:?}");
    assert!(archive.verify(1, &CONTROL).unwrap().failures.is_empty());
}

#[test]
fn a_group_of_sounds_is_decoded_by_the_text_alone() {
    let mut raw: Vec<u8> = files().into_iter().flat_map(|(_, content)| content).collect();
    raw.extend_from_slice(&wav(2, 2, &samples(3000, 3, 30_000)));
    for level in [1, 5, 9] {
        let choice = Choice::Only(Codec::Audio);
        let options = CodecOptions { choice, level, ..CodecOptions::default() };
        let group = encode_group(&raw, &options).unwrap();
        let numbers = group.coding.numbers();
        assert_eq!(numbers.codec, 8);
        let text = decoder::decode([8, 0], numbers.model, &group.payload, raw.len());
        assert!(text == Ok(raw.clone()), "level {level}: {:?}", text.err());
        let length = group.payload.len();
        for at in [0, 1, 3, 5, 9, length / 3, length - 1] {
            let mut payload = group.payload[..length - at % 2].to_vec();
            payload[at / 2] ^= 1 + at as u8;
            // What the program takes the text takes too.
            if level == 1
                && let Ok(decoded) = decode_group(group.coding, &payload, raw.len(), raw.len())
            {
                assert!(decoder::decode([8, 0], 1, &payload, raw.len()) == Ok(decoded), "{at}");
            }
        }
    }
}

#[test]
fn sounds_are_a_tenth_smaller_than_by_the_model_of_bytes() {
    let file = wav(2, 2, &samples(40_000, 7, 30_000));
    let length = |choice| {
        let options = CodecOptions { choice, ..CodecOptions::default() };
        let group = encode_group(&file, &options).unwrap();
        (group.coding.codec(), group.payload.len())
    };
    let (chosen, audio) = length(Choice::Auto);
    assert_eq!(chosen, Codec::Audio);
    let (_, other) = length(Choice::Only(Codec::Pear));
    assert!(audio * 10 < other * 9, "{audio} {other}");
}

#[test]
fn the_golden_archive_of_sounds_still_holds_them() {
    assert_eq!(contents(&std::fs::read(GOLDEN).unwrap()), files());
}

#[test]
#[ignore = "a deliberate act: writes the golden archive if it does not exist yet"]
fn write_golden_archives() {
    if !Path::new(GOLDEN).exists() {
        std::fs::create_dir_all(Path::new(GOLDEN).parent().unwrap()).unwrap();
        std::fs::write(GOLDEN, archive(&files(), 1)).unwrap();
    }
}
