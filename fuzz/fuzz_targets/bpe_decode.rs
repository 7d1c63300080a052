//! Any payload of codec `bpe` decodes to the requested length, or fails cleanly.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pear_archive::codec::{Bpe, Coding, decode_group};

fuzz_target!(|input: (u16, &[u8])| {
    let (raw_length, payload) = input;
    if let Ok(raw) = decode_group(Coding::Bpe(Bpe), payload, raw_length.into(), raw_length.into()) {
        assert_eq!(raw.len(), usize::from(raw_length));
    }
});
