//! Groups and kernels on small built-in data.
//!
//! `cargo bench --bench codec`. For comparing a change with what was before it;
//! `benches/compare` measures real data and other programs.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pear_archive::arith::Isa;
use pear_archive::arith::dense::{Init, Matrix, matmul};
use pear_archive::codec::{Choice, Codec, CodecOptions, decode_group, encode_group, self_test};
use pear_archive::filter::x86;

/// Bytes of a group.
const LENGTH: usize = 1 << 17;

/// This file and its neighbour, over and over, with numbers that differ.
fn text() -> Vec<u8> {
    let page = concat!(include_str!("codec.rs"), include_str!("archive.rs"));
    let numbered = |(n, line): (usize, &str)| format!("{} {line}\n", n * n % 9973).into_bytes();
    page.lines().cycle().enumerate().flat_map(numbered).take(LENGTH).collect()
}

/// Records of four fields, and calls of a few functions from everywhere.
fn binary() -> Vec<u8> {
    let record = |n: u32| {
        let target = (n % 7 * 4096).wrapping_sub(16 * n + 16);
        let [a, b, c, d] = target.to_le_bytes();
        let noise = (n.wrapping_mul(2_654_435_761) >> 24) as u8;
        [n as u8, (n >> 8) as u8, 0, 0, noise, noise & 7, 0x48, 0x89, 0xC7, 0x31, 0xC0, 0xE8]
            .into_iter()
            .chain([a, b, c, d])
    };
    (0..).flat_map(record).take(LENGTH).collect()
}

fn groups(criterion: &mut Criterion) {
    let level = |level| CodecOptions { level, ..CodecOptions::default() };
    let only = |codec| CodecOptions { choice: Choice::Only(codec), ..CodecOptions::default() };
    let settings = [
        ("pear level 1", level(1)),
        ("pear level 5", level(5)),
        ("pear level 7", level(7)),
        ("pear level 9", level(9)),
        ("zstd", only(Codec::Zstd)),
        ("bpe", only(Codec::Bpe)),
    ];
    for (name, options) in settings {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10).throughput(Throughput::Bytes(LENGTH as u64));
        for (kind, raw) in [("text", text()), ("binary", binary())] {
            group.bench_function(BenchmarkId::new("encode", kind), |bencher| {
                bencher.iter(|| encode_group(&raw, &options).unwrap());
            });
            let coded = encode_group(&raw, &options).unwrap();
            group.bench_function(BenchmarkId::new("decode", kind), |bencher| {
                bencher.iter(|| decode_group(coded.coding, &coded.payload, LENGTH, LENGTH));
            });
        }
    }
}

fn kernels(criterion: &mut Criterion) {
    // A layer of the published network: lanes × width × hidden width.
    let [m, k, n] = [512, 512, 1024];
    let values = |length| (0..length).map(|i| (i % 251) as f32 / 251.0).collect::<Vec<_>>();
    let (a, b, mut out) = (values(m * k), values(k * n), vec![0.0; m * n]);
    let mut group = criterion.benchmark_group("matmul");
    group.sample_size(10).throughput(Throughput::Elements((m * k * n) as u64));
    for isa in Isa::available().into_iter().filter(|isa| isa.name() != "scalar") {
        group.bench_function(isa.name(), |bencher| {
            let (a, b) = (Matrix::new(&a, m, k), Matrix::new(&b, k, n));
            bencher.iter(|| matmul(isa, &mut out, a, b, Init::Zero));
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("x86 filter");
    group.throughput(Throughput::Bytes(LENGTH as u64));
    let mut data = binary();
    group.bench_function("there and back", |bencher| {
        bencher.iter(|| {
            x86::forward(&mut data);
            x86::inverse(&mut data);
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("self-test");
    for isa in Isa::available() {
        group.bench_function(isa.name(), |bencher| bencher.iter(|| self_test(isa)));
    }
}

criterion_group!(benches, groups, kernels);
criterion_main!(benches);
