//! Lengths that an archive claims falsely: every command refuses them before it
//! computes with them, for every codec and model.

#[path = "support/forge/mod.rs"]
mod forge;

use forge::{Batch, DATA, ENTRY, Section, Value};
use pear_archive::archive::{
    Archive, ArchiveError, Control, ErrorKind, ExtractOptions, ExtractSummary, Limits, Silent,
    extract_stream, list_stream, salvage,
};
use pear_archive::codec::{
    CodecError, Coding, CodingNumbers, MOST_BYTES, decode_group, decode_memory,
};
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;

/// Returns codec, filter and model of every registered coding, and of two others.
fn codings() -> Vec<(u8, u8, u16)> {
    let pear = (1..=15).flat_map(|model| [(3, 0, model), (3, 1, model), (3, 2, model)]);
    [(0, 0, 0), (1, 0, 0), (2, 0, 0), (4, 0, 511), (9, 0, 0), (3, 0, 999)]
        .into_iter()
        .chain(pear)
        .collect()
}

fn numbers(codec: u8, filter: u8, model: u16) -> CodingNumbers {
    CodingNumbers { codec, filter, model }
}

/// Makes an archive that claims one file in one group, both of `length` bytes.
fn claiming(length: u32, (codec, filter, model): (u8, u8, u16)) -> Vec<u8> {
    let mut table = Batch::of_files(&[("file", b"payload")]).table();
    table.set("Length", 0, Value::Signed(length.into()));
    table.set("Span_Digest", 0, Value::Raw(vec![1; 32]));
    let entry = Section::stored(ENTRY, &table.bytes());
    let group = Section { codec, filter, model, ..Section::stored(DATA, b"payload") };
    forge::Archive::of(&[entry, Section { raw_length: length, ..group }]).bytes()
}

#[test]
fn a_group_that_claims_more_memory_than_is_allowed_is_refused_by_every_command() {
    let go_on = AtomicBool::new(false);
    let control = Control { events: &Silent, cancel: &go_on };
    let limits = Limits { output_bytes: u64::MAX, memory: 1 << 24, ..Limits::default() };
    // A stored group has the length of its payload: that it claims another is damage.
    for coding in codings().into_iter().filter(|coding| coding.0 != 0) {
        for length in [1 << 25, 1 << 31, u32::MAX] {
            let archive = claiming(length, coding);
            let to = TempDir::new().unwrap();
            let options = ExtractOptions { jobs: 1, ..ExtractOptions::default() };
            let refused = |summary: Result<ExtractSummary, ArchiveError>, what: &str| {
                let limits = [ErrorKind::Limit, ErrorKind::Unsupported];
                let failed = match summary {
                    Ok(summary) => limits.map(|kind| summary.failed(kind)) != [0, 0],
                    Err(error) => limits.contains(&error.kind()),
                };
                assert!(failed, "{what} of {length} bytes, {coding:?}");
            };
            let opened = Archive::open(&archive[..], &limits).unwrap();
            let verified = opened.verify(1, &control);
            assert!(verified.map_or(true, |summary| !summary.failures.is_empty()), "verify");
            refused(opened.extract(to.path(), &options, &control), "extract");
            refused(extract_stream(&archive[..], to.path(), &options, &limits, &control), "pipe");
            refused(salvage(&archive[..], to.path(), &options, &limits, &control), "salvage");
            list_stream(&archive[..], &limits, &control).unwrap();
            assert_eq!(std::fs::read_dir(to.path()).unwrap().count(), 0, "a file was made");
        }
    }
}

#[test]
fn codecs_refuse_a_length_before_they_look_at_the_payload() {
    let numbers = codings().into_iter().map(|(codec, filter, model)| numbers(codec, filter, model));
    for coding in numbers.filter_map(|numbers| Coding::parse(numbers).ok()) {
        for length in [MOST_BYTES as u64 + 1, 1 << 58, u64::MAX] {
            let refused = |error: &CodecError| matches!(error, CodecError::TooLarge { .. });
            assert!(decode_memory(coding, length).is_err_and(|error| refused(&error)));
            let decoded = decode_group(coding, b"", length as usize, 0);
            assert!(decoded.is_err_and(|error| refused(&error)));
        }
    }
}

#[test]
fn a_damaged_payload_is_called_damaged_and_an_unknown_one_unsupported() {
    let kind = |codec, filter, model, payload: &[u8]| {
        let coding = Coding::parse(numbers(codec, filter, model));
        coding.and_then(|coding| decode_group(coding, payload, 100, 100)).unwrap_err().kind()
    };
    for payload in [&b""[..], b"\0", b"no payload of any codec", &[255; 40]] {
        for (codec, filter, model) in [(0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 1, 3)] {
            let found = kind(codec, filter, model, payload);
            assert_eq!(found, ErrorKind::Integrity, "codec {codec}, {payload:?}");
        }
    }
    let unknown =
        [(9, 0, 0), (0, 1, 0), (1, 0, 1), (3, 9, 2), (3, 0, 999), (4, 1, 511), (4, 0, u16::MAX)];
    for (codec, filter, model) in unknown {
        assert_eq!(kind(codec, filter, model, b"payload"), ErrorKind::Unsupported);
    }
    // Two frames, each of half the length, are not one frame.
    let half = zstd::bulk::compress(&[7; 50], 3).unwrap();
    assert_eq!(kind(1, 0, 0, &[&half[..], &half].concat()), ErrorKind::Integrity);
    let skipped = b"\x50\x2A\x4D\x18\x01\0\0\0x";
    let whole = zstd::bulk::compress(&[7; 100], 3).unwrap();
    assert_eq!(kind(1, 0, 0, &[&skipped[..], &whole].concat()), ErrorKind::Integrity);
}
