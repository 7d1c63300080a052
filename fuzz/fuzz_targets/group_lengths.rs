//! Whatever length, codec, filter, model, base and capacity a group claims under right
//! hashes, it is decoded or refused, and nothing is allocated beyond the limit.
#![no_main]

#[path = "../../tests/support/forge/mod.rs"]
mod forge;

use forge::{Batch, DATA, ENTRY, Section, Value};
use libfuzzer_sys::fuzz_target;
use pear_archive::archive::{Archive, Control, Limits, Silent, list_stream};
use std::sync::atomic::AtomicBool;

fuzz_target!(|input: ([u8; 5], u16, u32, u32, &[u8])| {
    let ([codec, filter, flags, base_kind, capacity], model, base, raw_length, payload) = input;
    let limits = Limits { memory: 1 << 24, ..Limits::default() };
    let go_on = AtomicBool::new(false);
    let control = Control { events: &Silent, cancel: &go_on };
    let mut table = Batch::of_files(&[("file", b"content")]).table();
    table.set("Length", 0, Value::Signed(raw_length.into()));
    let digest = if raw_length < 65_536 { 16 } else { 32 };
    table.set("Span_Digest", 0, Value::Raw(vec![1; digest]));
    let entry = Section::stored(ENTRY, &table.bytes());
    let numbers = Section { codec, filter, flags, model, base_kind, ..Section::default() };
    let group = Section { kind: DATA, capacity, base, raw_length, ..numbers };
    let group = Section { payload: payload.to_vec(), ..group };
    let archive = forge::Archive::of(&[entry, group]).bytes();
    if let Ok(opened) = Archive::open(&archive[..], &limits) {
        opened.groups().for_each(drop);
        let _ = opened.verify(1, &control);
    }
    let _ = list_stream(&archive[..], &limits, &control);
});
