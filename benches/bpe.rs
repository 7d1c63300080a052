//! Byte pairs: sizes, speeds, and a literal implementation for comparison.
//!
//! `cargo bench --bench bpe -- [FILE]...` prints the Markdown tables of
//! docs/bpe-benchmarks.md. Without files a small generated text is used. Times
//! are processor times of one thread, medians of [`ROUNDS`]; the literal
//! implementation runs once.

use std::collections::BTreeMap;

use pear_archive::bpe::{Decoder, Learner, MergeTable, byte_values};
use rustix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 5;

/// The block size of the published implementations.
const SMALL: usize = 10_000;

fn main() {
    let names = std::env::args().skip(1).filter(|name| !name.starts_with("--"));
    let mut files =
        names.map(|name| (name.clone(), std::fs::read(&name).unwrap())).collect::<Vec<_>>();
    if files.is_empty() {
        files.push(("generated".to_string(), generated(300_000)));
    }
    for (name, _) in &mut files {
        *name = name.rsplit('/').next().unwrap_or_default().to_string();
    }
    print_sizes(&files);
    print_speeds(&files);
    print_small(&files);
    print_literal(&files);
}

fn generated(length: usize) -> Vec<u8> {
    let line = |i: usize| format!("entry {} weighs {} grams\n", i * i % 1009, i * 7919 % 353);
    (0..).flat_map(|i| line(i).into_bytes()).take(length).collect()
}

fn now() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Returns the median processor time of this thread in seconds, and the last result.
fn time<T>(mut work: impl FnMut() -> T) -> (f64, T) {
    let mut times = Vec::new();
    loop {
        let start = now();
        let result = work();
        times.push(now() - start);
        if times.len() == ROUNDS {
            times.sort_by(f64::total_cmp);
            return (times[ROUNDS / 2], result);
        }
    }
}

/// Returns the processor time of one run, for work that takes long enough.
fn time_once<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = now();
    let result = work();
    (now() - start, result)
}

fn encode(raw: &[u8], block_size: usize) -> Vec<Vec<u8>> {
    let mut learner = Learner::new();
    raw.chunks(block_size).map(|block| learner.encode_block(block)).collect()
}

fn decode(coded: &[Vec<u8>], raw_length: usize, block_size: usize) -> Vec<u8> {
    let mut raw = Vec::with_capacity(raw_length);
    for block in coded {
        let decoder = Decoder::parse(block).expect("own table");
        let length = block_size.min(raw_length - raw.len());
        let symbols = &block[decoder.table_length()..];
        raw.extend_from_slice(&decoder.decode(symbols, length).expect("own symbols"));
    }
    raw
}

fn total(coded: &[Vec<u8>]) -> usize {
    coded.iter().map(Vec::len).sum()
}

const SIZES: [usize; 5] = [SMALL, 1 << 16, 1 << 18, 1 << 20, 1 << 22];

fn print_sizes(files: &[(String, Vec<u8>)]) {
    println!("Coded bytes, tables included, by block size\n");
    println!("| file | bytes | 10 KB | 64 KiB | 256 KiB | 1 MiB | 4 MiB |");
    println!("|---|---|---|---|---|---|---|");
    for (name, raw) in files {
        print!("| {name} | {} |", raw.len());
        for size in SIZES {
            let coded = encode(raw, size);
            assert!(decode(&coded, raw.len(), size) == *raw);
            print!(" {} |", total(&coded));
        }
        println!();
    }
}

fn print_speeds(files: &[(String, Vec<u8>)]) {
    println!("\nMB/s on one core, 1 MiB blocks\n");
    println!("| file | learn and encode | decode | tables, share of the coded bytes |");
    println!("|---|---|---|---|");
    for (name, raw) in files {
        let (encoding, coded) = time(|| encode(raw, 1 << 20));
        let (decoding, _) = time(|| decode(&coded, raw.len(), 1 << 20));
        let table_length = |block: &Vec<u8>| Decoder::parse(block).unwrap().table_length();
        let tables = coded.iter().map(table_length).sum::<usize>() as f64;
        let speed = |seconds: f64| raw.len() as f64 / seconds / 1e6;
        println!(
            "| {name} | {:.1} | {:.0} | {:.1} % |",
            speed(encoding),
            speed(decoding),
            100.0 * tables / total(&coded) as f64
        );
    }
}

/// Does what published implementations do with a block: tokens are the byte values that
/// the block does not use, a pair must occur at least 4 times, and after each merge
/// everything is counted again. Returns the length of the symbols and the merges.
fn plain_block(raw: &[u8]) -> (usize, usize) {
    let mut symbols = raw.to_vec();
    let present = byte_values(raw);
    let mut merges = 0;
    for token in (0..=255u8).filter(|&value| !present[value as usize]) {
        let mut counts = vec![0u32; 1 << 16];
        let mut paired = false;
        for pair in symbols.windows(2) {
            paired = pair[0] == pair[1] && !paired;
            let overlaps = pair[0] == pair[1] && !paired;
            counts[usize::from(pair[0]) << 8 | usize::from(pair[1])] += u32::from(!overlaps);
        }
        let (pair, &count) = counts.iter().enumerate().max_by_key(|&(_, count)| count).unwrap();
        if count < 4 {
            break;
        }
        replace(&mut symbols, (pair >> 8) as u8, pair as u8, token);
        merges += 1;
    }
    (symbols.len(), merges)
}

fn replace<T: Copy + PartialEq>(symbols: &mut Vec<T>, left: T, right: T, token: T) {
    let (mut read, mut write) = (0, 0);
    while read < symbols.len() {
        let is_pair = symbols[read] == left && symbols.get(read + 1) == Some(&right);
        symbols[write] = if is_pair { token } else { symbols[read] };
        read += if is_pair { 2 } else { 1 };
        write += 1;
    }
    symbols.truncate(write);
}

fn print_small(files: &[(String, Vec<u8>)]) {
    println!("\nCoded bytes of 10 KB blocks as published, and ours\n");
    println!(
        "| file | plain tables (3 bytes a merge) | implied tokens (2 bytes) | ours, 10 KB \
         | ours, 1 MiB | 1 MiB less than plain |"
    );
    println!("|---|---|---|---|---|---|");
    for (name, raw) in files {
        let blocks = raw.chunks(SMALL).map(plain_block).collect::<Vec<_>>();
        let symbols = blocks.iter().map(|&(length, _)| length).sum::<usize>();
        let merges = blocks.iter().map(|&(_, merges)| merges).sum::<usize>();
        let plain = symbols + 3 * merges;
        let ours = total(&encode(raw, 1 << 20));
        println!(
            "| {name} | {plain} | {} | {} | {ours} | {:.1} % |",
            symbols + 2 * merges,
            total(&encode(raw, SMALL)),
            100.0 - 100.0 * ours as f64 / plain as f64
        );
    }
}

/// Applies a table by the definition: counts everything before each merge. Returns how
/// many merges were of a most frequent pair, as all should be.
fn follow(table: &MergeTable, raw: &[u8]) -> usize {
    let id = |byte| table.literals().binary_search(byte).unwrap() as u16;
    let mut symbols = raw.iter().map(id).collect::<Vec<_>>();
    let total = table.literals().len() + table.merges().len();
    let index = |pair: &[u16]| usize::from(pair[0]) * total + usize::from(pair[1]);
    let mut counts = vec![0u32; total * total];
    let mut agreed = 0;
    for (token, &(left, right)) in (table.literals().len() as u16..).zip(table.merges()) {
        let mut paired = false;
        let mut most = 0;
        for pair in symbols.windows(2) {
            paired = pair[0] == pair[1] && !paired;
            let overlaps = pair[0] == pair[1] && !paired;
            let count = &mut counts[index(pair)];
            *count += u32::from(!overlaps);
            most = most.max(*count);
        }
        agreed += usize::from(most == counts[index(&[left, right])]);
        // Cheaper than clearing the whole table.
        symbols.windows(2).for_each(|pair| counts[index(pair)] = 0);
        replace(&mut symbols, left, right, token);
    }
    agreed
}

/// Blocks to compare with the definition: length in bytes, and number of merges.
const COMPARED: [(usize, usize); 3] = [(SMALL, usize::MAX), (100_000, usize::MAX), (1 << 20, 500)];

fn print_literal(files: &[(String, Vec<u8>)]) {
    println!("\nA literal implementation (counts everything after each merge) beside ours\n");
    println!("| file | block | merges | of a most frequent pair | literal, s | ours, s | factor |");
    println!("|---|---|---|---|---|---|---|");
    let mut by_size = BTreeMap::new();
    for (name, raw) in files {
        for (size, most) in COMPARED {
            let block = &raw[..size.min(raw.len())];
            by_size.insert((name, block.len()), (block, most));
        }
    }
    for ((name, _), (block, most)) in by_size {
        let present = byte_values(block);
        let mut learner = Learner::new();
        let (ours, table) = time(|| learner.learn(block, &present, most));
        let (literal, agreed) = time_once(|| follow(&table, block));
        println!(
            "| {name} | {} | {} | {agreed} | {literal:.3} | {ours:.4} | {:.0} |",
            block.len(),
            table.merges().len(),
            literal / ours
        );
    }
}
