//! Any bytes are an archive or an error, in every way of reading them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pear_archive::archive::{
    Archive, Control, GivenBases, Limits, Silent, list_stream, verify_stream,
};
use std::sync::atomic::AtomicBool;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { memory: 1 << 24, index_bytes: 1 << 20, ..Limits::default() };
    let go_on = AtomicBool::new(false);
    let control = Control { events: &Silent, cancel: &go_on };
    if let Ok(archive) = Archive::open(bytes, &limits) {
        let _ = archive.verify(1, &control);
    }
    let _ = list_stream(bytes, &limits, &control);
    let _ = verify_stream(bytes, 1, &GivenBases::default(), &limits, &control);
    if let Ok(archive) = Archive::salvage(bytes, &limits, &control) {
        let _ = archive.verify(1, &control);
    }
});
