//! Sizes of files alone and behind a base.
//!
//! `cargo test --bench bases -- LEVELS SIZES BASE FILE…`, for example
//! `1,5,9 20000,100000 spec/bases/english.txt some.txt other.txt`. LEVELS are of the
//! model, SIZES say how many of the first bytes of each file are coded. BASE is a file, or
//! several with `+` between them, of which the model learns the whole; with `@N` behind
//! it, the last N bytes. For each line: file, bytes, level, bytes alone, bytes behind the
//! base, seconds to learn the base, seconds to copy its state.
//!
//! For choosing bases. `benches/compare` measures archives and other programs.

use pear_archive::arith::Isa;
use pear_archive::codec::{
    BaseState, Choice, Codec, CodecOptions, Coding, Start, encode_group, encode_group_from,
};
use std::fs;
use std::time::Instant;

/// Returns the bytes of a base, as the command line names it.
fn base(name: &str) -> Vec<u8> {
    let (names, last) = name.split_once('@').map_or((name, None), |(a, b)| (a, Some(b)));
    let texts = names.split('+').map(|name| fs::read(name).expect(name));
    let bytes = texts.collect::<Vec<_>>().concat();
    let last = last.map_or(bytes.len(), |last| last.parse().expect("a number behind @"));
    bytes[bytes.len().saturating_sub(last)..].to_vec()
}

fn numbers(list: &str) -> Vec<usize> {
    list.split(',').map(|number| number.parse().expect("a list of numbers")).collect()
}

fn measure(raw: &[u8], level: u8, base: &[u8], name: &str) {
    let options = CodecOptions { level, ..CodecOptions::default() };
    let alone = encode_group(raw, &options).expect("a group of a few bytes");
    let pear = CodecOptions { choice: Choice::Only(Codec::Pear), ..options.clone() };
    // A sample without byte pairs: bases have none.
    let sample = &raw[..raw.len().min(16 << 10)];
    let Coding::Pear(pear) = encode_group(sample, &pear).expect("a sample").coding else {
        return println!("{name}\t{}\t{level}\t{}\t-", raw.len(), alone.payload.len());
    };
    let symbols = (base.len() + raw.len()).next_power_of_two();
    let start = Start::Capacity((symbols.ilog2() as u8).max(12));
    let clock = Instant::now();
    let state = BaseState::learn(Coding::Pear(pear), base, start, Isa::best()).expect("a base");
    let learning = clock.elapsed().as_secs_f64();
    let behind = encode_group_from(raw, &options, Start::Behind(&state), false).expect("a group");
    let clock = Instant::now();
    let empty = encode_group_from(&b"a"[..], &options, Start::Behind(&state), false);
    let copying = clock.elapsed().as_secs_f64();
    drop(empty);
    let (alone, behind) = (alone.payload.len(), behind.group.payload.len());
    println!("{name}\t{}\t{level}\t{alone}\t{behind}\t{learning:.3}\t{copying:.4}", raw.len());
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [levels, sizes, name, files @ ..] = &arguments[..] else {
        return println!("usage: bases LEVELS SIZES BASE FILE…");
    };
    let base = base(name);
    for file in files {
        let raw = fs::read(file).expect(file);
        for size in numbers(sizes) {
            for level in numbers(levels) {
                measure(&raw[..raw.len().min(size)], level as u8, &base, file);
            }
        }
    }
}
