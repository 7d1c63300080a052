//! Any index table is refused or has one meaning: it is unchanged after it is read,
//! written and read again. Works below the hashes, which would stop every other input.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pear_archive::container::{Limits, decode_index, decode_part, encode_index, encode_part};

fuzz_target!(|raw: &[u8]| {
    let limits = Limits { entries: 10_000, extents: 10_000, ..Limits::default() };
    let payload = zstd::bulk::compress(raw, 1).expect("memory suffices");
    let length = raw.len() as u64;
    if let Ok(index) = decode_index(&payload, length, &limits) {
        let (again, length) = encode_index(&index).expect("an index that was read is valid");
        assert_eq!(decode_index(&again, length, &limits).expect("and is read again"), index);
    }
    if let Ok(part) = decode_part(&payload, length, &limits) {
        let (again, length) = encode_part(&part).expect("a part that was read is valid");
        assert_eq!(decode_part(&again, length, &limits).expect("and is read again"), part);
    }
});
