//! Sizes of files alone and behind a base.
//!
//! `cargo test --bench bases -- LEVELS SIZES BASE FILE…`, for example
//! `1,5,9 20000,100000 spec/bases/english.txt some.txt other.txt`. LEVELS are of the
//! model, SIZES say how many of the first bytes of each file are coded. BASE is a file, or
//! several with `+` between them, of which the model learns the whole; with `@N` behind
//! it, the last N bytes. For each line: file, bytes, level, bytes alone, bytes behind the
//! base, bytes behind the shipped base that the encoder takes and its name.
//!
//! `cargo test --bench bases -- state LEVELS CAPACITIES FILE`: the model learns the first
//! half of FILE, then codes and decodes the second. For each line: level, capacity, bytes
//! of the state, seconds of CPU time to learn, to copy the state, to decode behind it.
//!
//! For choosing bases. `benches/compare` measures archives and other programs.

use pear_archive::arith::Isa;
use pear_archive::codec::{
    BaseState, Choice, Codec, CodecOptions, Coding, Start, decode_group_from, encode_group,
    encode_group_from, encode_group_shipped,
};
use rustix::time::{ClockId, clock_gettime};
use std::fs;

/// Runs `work`; returns its result and the seconds of CPU time that this thread took.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let seconds = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    };
    let before = seconds();
    let result = work();
    (result, seconds() - before)
}

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
    let state = BaseState::learn(Coding::Pear(pear), base, start, Isa::best()).expect("a base");
    let behind = encode_group_from(raw, &options, Start::Behind(&state), false).expect("a group");
    let (shipped, taken) = encode_group_shipped(raw, &options).expect("a group");
    let taken = taken.map_or("-", |base| base.name);
    let [alone, behind, shipped] =
        [alone, behind.group, shipped.group].map(|group| group.payload.len());
    println!("{name}\t{}\t{level}\t{alone}\t{behind}\t{shipped}\t{taken}", raw.len());
}

/// Times of a state, with the first half of `raw` for its base.
fn state(raw: &[u8], level: u8, capacity: u8) {
    let (first, second) = raw.split_at(raw.len() / 2);
    let options = CodecOptions { level, ..CodecOptions::default() };
    let sample = &first[..first.len().min(16 << 10)];
    let coding = encode_group(sample, &options).expect("a sample").coding;
    let learn = || BaseState::learn(coding, first, Start::Capacity(capacity), Isa::best());
    let (state, learning) = timed(|| learn().expect("a base of codec pear"));
    let start = Start::Behind(&state);
    let group = encode_group_from(second, &options, start, false).expect("a group").group;
    let one = encode_group_from(&second[..1], &options, start, false).expect("a byte").group;
    let decode = |payload: &[u8], length| {
        timed(|| decode_group_from(group.coding, payload, length, length, start, false))
    };
    let ((_, copying), (_, decoding)) =
        (decode(&one.payload, 1), decode(&group.payload, second.len()));
    let memory = state.memory();
    println!("{level}\t{capacity}\t{memory}\t{learning:.3}\t{copying:.4}\t{decoding:.3}");
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [levels, sizes, name, files @ ..] = &arguments[..] else {
        return println!("usage: bases LEVELS SIZES BASE FILE… | state LEVELS CAPACITIES FILE");
    };
    if let ("state", [file]) = (levels.as_str(), files) {
        let raw = fs::read(file).expect(file);
        for (level, capacity) in
            numbers(sizes).into_iter().flat_map(|l| numbers(name).into_iter().map(move |c| (l, c)))
        {
            state(&raw, level as u8, capacity as u8);
        }
        return;
    }
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
