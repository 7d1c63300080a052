//! Whole archives: create, list, extract all, extract one, verify.
//!
//! `cargo bench --bench archive`. The tree is generated: 400 small sources and
//! a few larger binaries, 8 MB. Groups of 1 MiB, one codec per run and one
//! worker per processor, so this measures the archiver around the codecs as
//! much as the codecs.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pear_archive::archive::{
    Archive, Control, CreateOptions, ExtractOptions, Limits, Silent, create_stream,
};
use pear_archive::codec::{Choice, Codec, CodecOptions};
use pear_archive::tree::WalkOptions;
use tempfile::TempDir;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

/// Fills a directory; returns the bytes in it.
fn fill(root: &Path) -> u64 {
    let mut bytes = 0;
    let mut put = |name: String, content: Vec<u8>| {
        bytes += content.len() as u64;
        fs::write(root.join(name), content).unwrap();
    };
    for file in 0..400u64 {
        let line =
            |n: u64| format!("let value_{n} = compute({}, {});\n", n * file % 97, n * n % 31);
        put(format!("{file}.rs"), (0..300).flat_map(|n| line(n).into_bytes()).collect());
    }
    for file in 1..4u32 {
        let word = |n: u32| (n.wrapping_mul(n) / 7 * file).to_le_bytes();
        put(format!("{file}.bin"), (0..250_000).flat_map(word).collect());
    }
    bytes
}

fn pack(tree: &Path, codec: Codec) -> Vec<u8> {
    let codec = CodecOptions { choice: Choice::Only(codec), ..CodecOptions::default() };
    let options = CreateOptions { codec, group_size: 1 << 20, ..CreateOptions::default() };
    let walking = WalkOptions { base: tree.to_owned(), ..WalkOptions::default() };
    let mut archive = Vec::new();
    create_stream(&mut archive, &[PathBuf::from(".")], walking, &options, &CONTROL).unwrap();
    archive
}

fn archives(criterion: &mut Criterion) {
    let tree = TempDir::new().unwrap();
    let bytes = fill(tree.path());
    for codec in [Codec::Store, Codec::Zstd] {
        let mut group = criterion.benchmark_group(codec.name());
        group.sample_size(10).throughput(Throughput::Bytes(bytes));
        group.bench_function("create", |bencher| {
            bencher.iter(|| black_box(pack(tree.path(), codec)).len());
        });
        let packed = pack(tree.path(), codec);
        let open = || Archive::open(&packed[..], &Limits::default()).unwrap();
        group.bench_function("open and list", |bencher| {
            bencher.iter(|| black_box(open().entries().len()));
        });
        group.bench_function("extract", |bencher| {
            bencher.iter(|| {
                let to = TempDir::new().unwrap();
                open().extract(to.path(), &ExtractOptions::default(), &CONTROL).unwrap()
            });
        });
        group.bench_function("cat one file", |bencher| {
            bencher.iter(|| {
                let mut content = Vec::new();
                let archive = open();
                archive.cat(b"200.rs", &mut content, 0, &CONTROL).unwrap();
                content.len()
            });
        });
        group.bench_function("verify", |bencher| {
            bencher.iter(|| open().verify(0, &CONTROL).unwrap());
        });
    }
}

criterion_group!(benches, archives);
criterion_main!(benches);
