//! Any payload of codec `pear`, with any filter and model, decodes to the requested
//! length, or fails cleanly; a shorter request gives the start of the whole. Models
//! and filters that are not registered must be refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pear_archive::codec::{Codec, Coding, CodingNumbers, decode_group};

fuzz_target!(|input: (u8, u8, u16, u16, &[u8])| {
    let (filter, model, length, wanted, payload) = input;
    let (codec, model) = (Codec::Pear as u8, u16::from(model % 32));
    let coding = Coding::parse(CodingNumbers { codec, filter: filter % 4, model });
    let Ok(coding) = coding else { return };
    let length = usize::from(length % 2048);
    let wanted = usize::from(wanted) % (length + 1);
    let front = decode_group(coding, payload, length, wanted);
    if let Ok(raw) = decode_group(coding, payload, length, length) {
        assert_eq!(raw.len(), length);
        assert_eq!(front.expect("no more is read than for the whole"), raw[..wanted]);
    }
});
