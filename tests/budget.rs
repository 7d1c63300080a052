//! What the container costs: bytes of an archive that are not contents.

use pear_archive::entry::{Common, Metadata, Timestamp};
use pear_archive::options::{Choice, Codec, CodecOptions, CreateOptions, Limits};
use pear_archive::{Archive, Builder, Entry};

/// Makes an archive of these files, whose owner has names.
fn archive(codec: Codec, files: impl Iterator<Item = (String, Vec<u8>, Timestamp)>) -> Vec<u8> {
    let codec = CodecOptions { choice: Choice::Only(codec), ..CodecOptions::default() };
    let mut bytes = Vec::new();
    let options = CreateOptions { codec, ..CreateOptions::default() };
    let mut builder = Builder::new(&mut bytes).options(options);
    for (path, content, modified) in files {
        let common = Common {
            mode: 0o644,
            uid: 1000,
            gid: 1000,
            user: b"user"[..].into(),
            group: b"user"[..].into(),
            ..Common::default()
        };
        let metadata = Metadata { modified, common: common.into() };
        builder.append_data(Entry { metadata, ..Entry::file(path) }, content).unwrap();
    }
    builder.finish().unwrap();
    bytes
}

#[test]
fn fifty_thousand_tiny_files_take_less_than_eight_bytes_each() {
    let mut random = 1u64;
    let mut at = 1_764_167_000_123_456_789u64;
    let files = (0..50_000).map(|number| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        // Made one after the other, some 20 microseconds apart.
        at += 5_000 + (random >> 33) % 30_000;
        let (seconds, nanoseconds) = ((at / 1_000_000_000) as i64, (at % 1_000_000_000) as u32);
        let content = format!("{number:06}\n").into_bytes();
        (format!("t/f{number:05}"), content, Timestamp { seconds, nanoseconds })
    });
    let bytes = archive(Codec::Zstd, files);
    assert!(bytes.len() <= 400_000, "{}", bytes.len());
    let opened = Archive::open(&bytes[..], &Limits::default()).unwrap();
    assert_eq!(opened.entries().len(), 50_000);
    assert_eq!(opened.read("t/f49999").unwrap(), b"049999\n");
}

#[test]
fn one_small_file_takes_no_more_than_450_bytes_beside_its_content() {
    let content: Vec<u8> = (0..5000u32).map(|at| ((at * at) >> 5) as u8).collect();
    let modified = Timestamp { seconds: 1_764_167_000, nanoseconds: 123_456_789 };
    let bytes = archive(Codec::Store, [("hello.txt".to_owned(), content, modified)].into_iter());
    assert!(bytes.len() <= 5000 + 450, "{}", bytes.len() - 5000);
}
