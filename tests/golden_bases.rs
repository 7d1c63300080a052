//! Golden archives (see `golden.rs`) of groups that go on from a base which a user gave:
//! within the archive, and outside of it.

#[path = "support/forge/mod.rs"]
mod forge;

use forge::{BASE, Batch, DATA, ENTRY, Row, Section};
use pear_archive::archive::{Archive, Control, ErrorKind, Limits, Silent, verify_stream};
use pear_archive::codec::{
    BaseState, CodecOptions, Coding, CodingNumbers, EncodedFrom, Start, encode_group_from,
};
use pear_archive::options::{GivenBase, GivenBases};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

const CAPACITY: u8 = 13;

/// What both archives hold.
const FILE: (&str, &[u8]) =
    ("orchard.txt", b"The third pear tree bears 71 pears, and the last none.\n");

/// The base of both archives.
fn base() -> GivenBase {
    let lines = (1..40)
        .map(|number| format!("The pear tree number {number} bears {} pears.\n", number * 37 % 90));
    GivenBase::new(lines.collect::<String>().into_bytes()).unwrap()
}

fn path(outside: bool) -> PathBuf {
    let name = if outside { "base-outside-0.7.pear" } else { "base-embedded-0.7.pear" };
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

#[test]
fn golden_archives_behind_a_base_still_hold_their_file() {
    for outside in [false, true] {
        let bytes = fs::read(path(outside)).unwrap();
        let bases = if outside { GivenBases::from_iter([base()]) } else { GivenBases::default() };
        let limits = Limits::default();
        let archive = Archive::open(&bytes[..], &limits).unwrap().with_bases(bases.clone());
        assert_eq!(archive.groups().last().unwrap().base, Some(0));
        assert!(archive.read(FILE.0).unwrap() == FILE.1);
        assert!(archive.verify(1, &CONTROL).unwrap().is_complete());
        assert!(verify_stream(&bytes[..], 1, &bases, &limits, &CONTROL).unwrap().is_complete());
        let without = Archive::open(&bytes[..], &limits).unwrap().read(FILE.0);
        let unsupported = without.err().map(|error| error.kind());
        assert_eq!(unsupported, outside.then_some(ErrorKind::Unsupported));
    }
}

#[test]
#[ignore = "a deliberate act: writes golden archives that do not exist yet"]
fn write_golden_archives_behind_a_base() {
    for outside in [false, true].into_iter().filter(|&outside| !path(outside).exists()) {
        fs::write(path(outside), build(outside)).unwrap();
    }
}

/// Builds an archive by hand, so that it does not depend on the writer of the crate.
fn build(outside: bool) -> Vec<u8> {
    let (base, options) = (base(), CodecOptions::default());
    let start = Start::Capacity(CAPACITY);
    let (coding, payload, state) = match outside {
        true => {
            let coding = Coding::of_known(base.bytes(), &options);
            let state = BaseState::learn(coding, base.bytes(), start, options.isa).unwrap();
            let numbers = CodingNumbers { codec: 5, ..coding.numbers() };
            (numbers, base.digest().to_vec(), state)
        }
        false => {
            let coded = encode_group_from(base.bytes(), &options, start, true).unwrap();
            let EncodedFrom { group, state, .. } = coded;
            (group.coding.numbers(), group.payload, state.unwrap())
        }
    };
    let behind = encode_group_from(FILE.1, &options, Start::Behind(&state), false).unwrap();
    assert!(behind.based);
    let data = |coding: CodingNumbers, raw: &[u8], payload| {
        let CodingNumbers { codec, filter, model } = coding;
        let raw_length = raw.len() as u32;
        let capacity = CAPACITY;
        Section {
            kind: DATA,
            codec,
            filter,
            model,
            capacity,
            raw_length,
            payload,
            ..Section::default()
        }
    };
    let first = Section { flags: BASE, ..data(coding, base.bytes(), payload) };
    let second = data(behind.group.coding.numbers(), FILE.1, behind.group.payload);
    let second = Section { base_kind: 1, base: 1, ..second };
    let named = Batch::of_files(&[FILE]);
    // The base is a row that no entry names.
    let batch = Batch {
        rows: vec![Row::of(base.bytes().len())],
        groups: vec![base.bytes().to_vec()],
        ..Batch::default()
    };
    let [unnamed, named] =
        [batch, named].map(|batch| Section::stored(ENTRY, &batch.table().bytes()).shortest());
    forge::Archive::of(&[unnamed, first, named, second]).with_id(*b"golden\0\x01").bytes()
}
