//! The golden archive of a deflate stream that is made in parts is read by every version.

#[path = "support/forge/mod.rs"]
mod forge;

use forge::{Batch, Item, Row, Step};
use pear_archive::Archive;
use pear_archive::archive::Limits;
use pear_archive::codec::{Choice, Codec, CodecOptions, CodingNumbers, encode_group};
use pear_archive::recipe::{self, Front, Input, split_front};
use std::fs;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/parts-0.7.pear");

/// Blocks of the stream.
const BLOCKS: u32 = 6;

/// Bits of a deflate stream.
#[derive(Default)]
struct Bits(Vec<u8>, usize);

impl Bits {
    fn put(&mut self, bit: u32) {
        self.0.resize(self.1 / 8 + 1, 0);
        self.0[self.1 / 8] |= (bit as u8 & 1) << (self.1 % 8);
        self.1 += 1;
    }

    /// A Huffman code, its highest bit first.
    fn code(&mut self, code: u32, count: u32) {
        (0..count).rev().for_each(|bit| self.put(code >> bit));
    }
}

/// Returns a member of gzip of blocks of fixed codes: 500 letters, then matches of 258 bytes at
/// distance 4. Each block but the first begins with a match of 10 bytes into the block before.
fn member() -> Vec<u8> {
    let (mut bits, mut plain, mut seed) = (Bits::default(), Vec::<u8>::new(), 7u32);
    for block in 0..BLOCKS {
        [u32::from(block + 1 == BLOCKS), 1, 0].into_iter().for_each(|bit| bits.put(bit));
        let matched = |bits: &mut Bits, plain: &mut Vec<u8>, (code, count, length)| {
            bits.code(code, count);
            // Distance 4 is the fourth code.
            bits.code(3, 5);
            (0..length).for_each(|_| plain.push(plain[plain.len() - 4]));
        };
        if block > 0 {
            // 264 is the eighth behind the end of the block.
            matched(&mut bits, &mut plain, (8, 7, 10));
        }
        for _ in 0..500 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let letter = 32 + seed / (1 << 24) % 90;
            bits.code(0x30 + letter, 8);
            plain.push(letter as u8);
        }
        (0..60).for_each(|_| matched(&mut bits, &mut plain, (0xC5, 8, 258)));
        bits.code(0, 7);
    }
    let crc = crc32fast::hash(&plain).to_le_bytes();
    let head = b"\x1F\x8B\x08\0\0\0\0\0\0\x03";
    [&head[..], &bits.0, &crc, &(plain.len() as u32).to_le_bytes()].concat()
}

/// Returns an archive of the member, of one batch.
fn with_parts() -> Vec<u8> {
    let content = member();
    let (mut rest, mut midway) = (&content[..], None);
    let (mut rows, mut steps, mut raw) = (Vec::new(), Vec::new(), Vec::new());
    let mut parts = 0;
    while !rest.is_empty() {
        let most_plain = rest.len() as u64 + 60_000;
        let limits = recipe::Limits { most_plain, depth: 2, transforms: u64::MAX };
        let front = Front { bytes: usize::MAX, plain: 10_000 };
        let Some(piece) = split_front(rest, &limits, front, midway.as_ref()) else {
            raw.extend_from_slice(rest);
            rows.push(Row::of(rest.len()));
            let length = rest.len() as u64;
            let inputs = vec![[rows.len() as u64, 0, length]];
            steps.push(Step { output: length, inputs, ..Step::default() });
            break;
        };
        let before = rows.len();
        for step in &piece.split.steps {
            let input = |input: &Input| match *input {
                Input::Stream { stream, offset, length } => {
                    [(before + stream + 1) as u64, offset, length]
                }
                Input::Step { .. } => unreachable!("nothing is nested"),
            };
            parts += usize::from(step.transform == 1);
            steps.push(Step {
                transform: step.transform,
                flags: step.hidden.into(),
                output: step.output,
                parameters: step.parameters.clone(),
                inputs: step.inputs.iter().map(input).collect(),
            });
        }
        for stream in &piece.split.streams {
            rows.push(Row::of(stream.bytes.len()));
            raw.extend_from_slice(&stream.bytes);
        }
        (rest, midway) = (&rest[piece.length..], piece.midway);
    }
    assert_eq!(parts, BLOCKS as usize);
    let made = rows.len();
    rows.push(Row::made(steps, &content));
    let items = vec![Item::new("long.gz", forge::Kind::File(made))];
    let sections = forge::sections(&[Batch { groups: vec![raw], rows, items, ..Batch::default() }]);
    let coded = |mut section: forge::Section| {
        if section.kind == forge::DATA {
            let choice = Choice::Only(Codec::Zstd);
            let options = CodecOptions { choice, ..CodecOptions::default() };
            let group = encode_group(&section.payload, &options).unwrap();
            let CodingNumbers { codec, filter, model } = group.coding.numbers();
            (section.codec, section.filter, section.model) = (codec, filter, model);
            section.payload = group.payload;
        }
        section
    };
    let sections: Vec<_> = sections.into_iter().map(coded).collect();
    forge::Archive::of(&sections).with_id(*b"golden\0\0").bytes()
}

#[test]
fn the_golden_archive_of_a_stream_in_parts_still_holds_it() {
    let bytes = fs::read(GOLDEN).unwrap();
    let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
    assert!(archive.read("long.gz").unwrap() == member());
}

#[test]
#[ignore = "a deliberate act: writes the golden archive if it does not exist yet"]
fn write_golden_archive() {
    if !fs::exists(GOLDEN).unwrap() {
        fs::write(GOLDEN, with_parts()).unwrap();
    }
}
