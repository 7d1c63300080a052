//! Any payload of codec `image` decodes to the requested length, or says what is wrong.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pear_archive::codec::{Coding, CodingNumbers, decode_damaged};

fuzz_target!(|input: (u8, u16, u16, &[u8])| {
    let (model, raw_length, wanted, payload) = input;
    let model = u16::from(model % 2) + 1;
    let numbers = CodingNumbers { codec: 7, filter: 0, model };
    let coding = Coding::parse(numbers).expect("these models are registered");
    let raw_length = usize::from(raw_length);
    let wanted = usize::from(wanted).min(raw_length);
    let partial = decode_damaged(coding, payload, raw_length, wanted);
    assert!(partial.raw.len() == wanted || partial.fault.is_some());
});
