//! Round trips by layout, hostile payloads, and what is found in which bytes.

use super::segments::segments;
use super::*;
use crate::bytes::Cursor;
use crate::codec::samples::tests::noise;
use crate::codec::{Coding, CodingNumbers, decode_damaged, decode_group, encode_group};

/// A sound as bytes of a layout: noise through a filter that rings.
fn sound(segment: &Segment) -> Vec<u8> {
    let mut bytes = Vec::new();
    let height = 1i64 << (8 * segment.bytes - 1);
    let random = noise(segment.frames * segment.channels);
    let mut past = [[0i64; 2]; 8];
    for (n, random) in random.into_iter().enumerate() {
        let [newest, before] = past[n % segment.channels];
        let change = ((random as i64 - 128) * height.max(1 << 10)) >> 16;
        let sample = (228 * newest - 119 * before) / 128 + change;
        let sample = sample.clamp(-height, height - 1);
        past[n % segment.channels] = [sample, newest];
        segment.put(&mut bytes, sample >> segment.shift);
    }
    bytes
}

fn forced(raw: &[u8], level: u8) -> (Coding, Vec<u8>) {
    let choice = Choice::Only(Codec::Audio);
    let group = encode_group(raw, &CodecOptions { choice, level, ..Default::default() }).unwrap();
    (group.coding, group.payload)
}

/// All layouts that a table can have, but for the shift.
fn layouts() -> Vec<Segment> {
    let mut all = Vec::new();
    for channels in [1, 2, 3, 8] {
        for bytes in 1..=4 {
            for flags in 0..4 {
                let (unsigned, big_endian) = (flags & 1 == 1, flags & 2 == 2);
                let segment =
                    Segment { channels, bytes, unsigned, big_endian, ..Segment::default() };
                all.push(segment);
            }
        }
    }
    all
}

fn round_trip(raw: &[u8], segments: &[Segment], class: Class) -> usize {
    let payload = coded::encode(raw, segments, class, Isa::best());
    let (decoded, fault) = coded::decode(&payload, class, raw.len(), raw.len(), Isa::best());
    assert_eq!(fault, None);
    assert!(decoded == raw, "{segments:?}");
    payload.len()
}

#[test]
fn every_layout_comes_back_in_every_class() {
    for (k, layout) in layouts().into_iter().enumerate() {
        let segment = Segment { frames: 90, gap: 3, ..layout };
        let raw = [&b"gap"[..], &sound(&segment), &b"end"[..]].concat();
        round_trip(&raw, &[segment], Class::ALL[k % 3]);
    }
}

#[test]
fn extreme_samples_come_back() {
    for bytes in 1..=4 {
        let layout = Segment { channels: 1, bytes, ..Segment::default() };
        let (low, high) = layout.range();
        let mut raw = Vec::new();
        for n in 0..1500usize {
            let edge = if n / 7 % 2 == 0 { low } else { high };
            layout.put(&mut raw, if n % 1000 < 500 { edge } else { 0 });
        }
        let segment = Segment { frames: 1500, ..layout };
        round_trip(&raw, &[segment], Class::ALL[bytes % 3]);
    }
}

#[test]
fn noise_silence_and_bits_that_are_not_used_come_back() {
    let layout = Segment { channels: 2, bytes: 2, ..Segment::default() };
    let random = noise(20_000);
    round_trip(&random, &[Segment { frames: 5000, ..layout }], Class::Standard);
    let silence = vec![0; 40_000];
    let length = round_trip(&silence, &[Segment { frames: 10_000, ..layout }], Class::Standard);
    assert!(length < 80, "{length}");
    // 16 bits in 24, and steps of twenty.
    let wide = Segment { channels: 1, bytes: 3, frames: 5000, shift: 8, ..Segment::default() };
    let narrow = Segment { bytes: 2, shift: 0, ..wide };
    let [wide_length, narrow_length] = [wide, narrow].map(|segment| {
        let found = Segment { shift: 0, ..segment };
        round_trip(&sound(&segment), &[found], Class::Standard)
    });
    assert!(wide_length < narrow_length + 200, "{wide_length} {narrow_length}");
    let mut steps = Vec::new();
    let segment = Segment { channels: 1, bytes: 2, frames: 20_000, ..Segment::default() };
    noise(20_000).iter().for_each(|&byte| segment.put(&mut steps, (byte as i64 / 8 - 16) * 20));
    let length = round_trip(&steps, &[segment], Class::Fast);
    assert!(length < 20_000 * 52 / 80, "{length}: five bits a sample");
}

#[test]
fn any_bytes_can_be_forced_through_the_codec() {
    let text = b"A pear tree stood in the garden. ".repeat(40);
    for raw in [&b""[..], b"x", b"ab", &text, &noise(5000), &[0; 3000]] {
        for level in [1, 5] {
            let (coding, payload) = forced(raw, level);
            assert_eq!(decode_group(coding, &payload, raw.len(), raw.len()).unwrap(), raw);
        }
    }
    assert!(forced(&text, 5).1.len() < text.len() / 8);
}

#[test]
fn a_front_part_is_decoded_alone() {
    let segment = Segment { channels: 2, bytes: 2, frames: 4000, gap: 5, ..Segment::default() };
    let raw = [&b"front"[..], &sound(&segment), &b"the end of it"[..]].concat();
    let payload = coded::encode(&raw, &[segment], Class::Fast, Isa::best());
    for wanted in [0, 1, 5, 6, 7, 5000, 16_004, 16_005, 16_006, raw.len()] {
        let (part, fault) = coded::decode(&payload, Class::Fast, raw.len(), wanted, Isa::best());
        assert_eq!(fault, None);
        assert!(part == raw[..wanted], "{wanted}");
    }
}

#[test]
fn damaged_payloads_are_no_panic_and_give_what_comes_before() {
    let segment = Segment { channels: 2, bytes: 2, frames: 800, gap: 5, ..Segment::default() };
    let raw = [&b"front"[..], &sound(&segment), &b"behind"[..]].concat();
    for (class, id) in Class::ALL.into_iter().zip(1..) {
        let payload = coded::encode(&raw, &[segment], class, Isa::best());
        let coding = Coding::parse(CodingNumbers { codec: 8, filter: 0, model: id }).unwrap();
        let half = decode_damaged(coding, &payload[..payload.len() / 2], raw.len(), raw.len());
        assert!(half.fault.is_some() && half.raw.len() < raw.len());
        assert!(half.raw[..500] == raw[..500]);
        let longer = [&payload[..], &[7; 9]].concat();
        assert!(decode_damaged(coding, &longer, raw.len(), raw.len()).fault.is_some());
        let random = noise(2000);
        for k in 0..8 {
            let mut hurt = payload.clone();
            hurt[k * k * 7 % payload.len()] ^= random[k] | 1;
            let partial = decode_damaged(coding, &hurt, raw.len(), raw.len());
            assert!(partial.raw.len() <= raw.len());
        }
        // Any bits as samples of each layout, loud ones above all.
        for segment in layouts().into_iter().skip(id as usize).step_by(3) {
            let segment = Segment { frames: 50, ..segment };
            let mut hostile = Vec::new();
            segments::put_segments(&mut hostile, &[segment]);
            hostile.extend_from_slice(&random);
            decode_damaged(coding, &hostile, segment.length(), segment.length());
        }
    }
}

#[test]
fn tables_that_cannot_be_are_refused() {
    let good = Segment { channels: 2, bytes: 2, frames: 5000, gap: 5, ..Segment::default() };
    let read = |segment: Segment, length: usize| {
        let mut bytes = Vec::new();
        segments::put_segments(&mut bytes, &[segment]);
        segments(&mut Cursor::new(&bytes), length)
    };
    assert_eq!(read(good, 20_005).unwrap(), [good]);
    assert!(read(good, 20_004).is_err());
    assert!(read(Segment { frames: 0, ..good }, 20_005).is_err());
    assert!(read(Segment { frames: usize::MAX / 2, ..good }, 20_005).is_err());
    assert!(read(Segment { gap: usize::MAX, ..good }, 20_005).is_err());
    assert!(read(Segment { shift: 16, ..good }, 20_005).is_err());
    assert!(read(Segment { mapped: true, ..good }, 20_005).is_ok());
    assert!(read(Segment { mapped: true, frames: 2000, ..good }, 20_005).is_err());
    assert!(read(Segment { mapped: true, bytes: 3, ..good }, 40_005).is_err());
    assert!(segments(&mut Cursor::new(&[0xFF, 0xFF, 0xFF, 0x7F]), 1 << 30).is_err());
    assert!(segments(&mut Cursor::new(&[1, 0, 1]), 100).is_err());
    assert_eq!(segments(&mut Cursor::new(&[0]), 100).unwrap(), []);
}

#[test]
fn instruction_sets_agree() {
    let segment = Segment { channels: 2, bytes: 2, frames: 1000, gap: 5, ..Segment::default() };
    let raw = [&b"front"[..], &sound(&segment), &b"behind"[..]].concat();
    for class in Class::ALL {
        let one = coded::encode(&raw, &[segment], class, Isa::SCALAR);
        for isa in Isa::available() {
            assert!(coded::encode(&raw, &[segment], class, isa) == one, "{isa:?}");
            let (decoded, fault) = coded::decode(&one, class, raw.len(), raw.len(), isa);
            assert!(fault.is_none() && decoded == raw, "{isa:?}");
        }
    }
}

/// A WAV file with the samples of a segment.
fn wav(segment: &Segment, extensible: bool) -> Vec<u8> {
    let data = sound(segment);
    let frame = segment.frame() as u16;
    let mut format = Vec::new();
    format.extend_from_slice(&if extensible { 0xFFFEu16 } else { 1 }.to_le_bytes());
    format.extend_from_slice(&(segment.channels as u16).to_le_bytes());
    format.extend_from_slice(&44_100u32.to_le_bytes());
    format.extend_from_slice(&(44_100 * frame as u32).to_le_bytes());
    format.extend_from_slice(&frame.to_le_bytes());
    format.extend_from_slice(&(8 * segment.bytes as u16).to_le_bytes());
    if extensible {
        format.extend_from_slice(&[22, 0, 16, 0, 3, 0, 0, 0, 1, 0]);
        format.extend_from_slice(b"\0\0\0\0\x10\0\x80\0\0\xAA\x008\x9Bq");
    }
    let chunk =
        |name: &[u8], data: &[u8]| [name, &(data.len() as u32).to_le_bytes(), data].concat();
    let inside = [&b"WAVE"[..], &chunk(b"fmt ", &format), &chunk(b"data", &data)].concat();
    chunk(b"RIFF", &inside)
}

#[test]
fn samples_are_found_by_the_headers_of_files() {
    for (bytes, extensible, header) in
        [(1, false, 44), (2, false, 44), (3, true, 68), (4, true, 68)]
    {
        let segment =
            Segment { channels: 2, bytes, frames: 50, unsigned: bytes == 1, ..Segment::default() };
        let file = wav(&segment, extensible);
        assert!(is_audio(&file));
        let two = [&file[..], b"between", &file, b"behind"].concat();
        let first = Segment { gap: header, ..segment };
        let second = Segment { gap: header + 7, ..segment };
        assert_eq!(formats::segments(&two), [first, second]);
    }
    let big = Segment { channels: 1, bytes: 2, frames: 50, big_endian: true, ..Segment::default() };
    let common = b"COMM\0\0\0\x12\0\x01\0\0\0\x32\0\x10\x40\x0E\xAC\x44\0\0\0\0\0\0";
    let start = b"SSND\0\0\0\x6C\0\0\0\0\0\0\0\0";
    let aiff = [&b"FORM\0\0\0\x92AIFF"[..], common, start, &sound(&big)].concat();
    assert_eq!(formats::segments(&aiff), [Segment { gap: 54, ..big }]);
    let sun =
        [&b".snd\0\0\0\x18\xFF\xFF\xFF\xFF\0\0\0\x03\0\0\x1F\x40\0\0\0\x01"[..], &sound(&big)];
    assert_eq!(formats::segments(&sun.concat()), [Segment { gap: 24, ..big }]);
    let little = Segment { big_endian: false, ..big };
    let list = [&b"LIST\x70\0\0\0sdtasmpl\x64\0\0\0"[..], &sound(&little)].concat();
    let font = [&b"RIFF\x00\0\0\0sfbkLIST\x04\0\0\0INFO"[..], &list].concat();
    assert_eq!(formats::segments(&font), [Segment { gap: 44, ..little }]);
    for cut in 0..font.len() {
        formats::segments(&font[..cut]);
    }
    assert!(!is_audio(b"RIFF\x00\0\0\0WEBPVP8 "));
}

#[test]
fn samples_without_a_header_are_found_and_other_data_is_not_taken_for_them() {
    for (bytes, channels) in [(2, 1), (2, 2), (3, 2), (1, 1)] {
        let unsigned = bytes == 1;
        let segment = Segment { channels, bytes, unsigned, frames: 40_000, ..Segment::default() };
        let raw = [&[1; 5][..], &sound(&segment)].concat();
        let found = bare::segment(&raw).unwrap();
        assert_eq!((found.bytes, found.gap % bytes), (bytes, 5 % bytes), "{found:?}");
        // Few values that repeat are as small by the model of bytes.
        assert!(bytes == 1 || pays(&raw), "{bytes} bytes, {channels} channels");
    }
    let text = b"What is kept for decades must be read for decades. ".repeat(1000);
    let code: Vec<u8> = noise(60_000).iter().map(|byte| byte & 0x5F).collect();
    assert!([text, code, noise(60_000)].iter().all(|raw| !pays(raw)));
}

#[test]
fn sounds_are_coded_by_this_codec_and_are_smaller_than_by_the_model_of_bytes() {
    let segment = Segment { channels: 2, bytes: 2, frames: 20_000, ..Segment::default() };
    let file = wav(&segment, false);
    let group = encode_group(&file, &CodecOptions::default()).unwrap();
    assert_eq!(group.coding.codec(), Codec::Audio);
    let choice = Choice::Only(Codec::Pear);
    let other = encode_group(&file, &CodecOptions { choice, ..Default::default() }).unwrap();
    assert!(group.payload.len() < other.payload.len() * 9 / 10);
    assert_eq!(decode_group(group.coding, &group.payload, file.len(), file.len()).unwrap(), file);
}

#[test]
fn models_that_are_not_registered_are_refused() {
    for (filter, model) in [(0, 0), (0, 4), (1, 1)] {
        assert!(Coding::parse(CodingNumbers { codec: 8, filter, model }).is_err());
    }
}

#[test]
fn the_known_answer_is_that_of_every_instruction_set() {
    for isa in Isa::available() {
        Audio::self_test(isa).unwrap();
    }
}
