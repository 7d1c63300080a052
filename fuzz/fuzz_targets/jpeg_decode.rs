//! Any payload of codec `jpeg` decodes to the requested length, or says what is wrong.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pear_archive::jpeg::decode;

fuzz_target!(|input: (u16, u16, &[u8])| {
    let (raw_length, wanted, payload) = input;
    let raw_length = usize::from(raw_length);
    let wanted = usize::from(wanted).min(raw_length);
    let (raw, fault) = decode(payload, raw_length, wanted);
    assert!(raw.len() == wanted || fault.is_some());
});
