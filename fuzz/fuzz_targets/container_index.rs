//! Any table of INDEX, ENTRY or CHUNKS is refused or has one meaning: it is unchanged after it is
//! read, written and read again. Works below the hashes, which would stop every other input.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pear_archive::container::{
    Limits, decode_chunks, decode_index, decode_part, encode_chunks, encode_index, encode_part,
};

fuzz_target!(|raw: &[u8]| {
    let limits = Limits { entries: 10_000, extents: 10_000, ..Limits::default() };
    let length = raw.len() as u64;
    // A wrong copy is left out, and told.
    if let Ok(index) = decode_index(0, raw, length, &limits)
        && index.wrong_copy.is_none()
    {
        let (codec, again, length) = encode_index(&index).expect("an index that was read is valid");
        assert_eq!(decode_index(codec, &again, length, &limits).expect("and is read again"), index);
    }
    if let Ok(part) = decode_part(0, raw, length, &limits) {
        let (codec, again, length) = encode_part(&part).expect("a part that was read is valid");
        assert_eq!(decode_part(codec, &again, length, &limits).expect("and is read again"), part);
    }
    let end = 1 << 40;
    if let Ok(chunks) = decode_chunks(0, raw, length, end, &limits) {
        let (codec, again, length) = encode_chunks(&chunks, end).expect("they were read");
        let found = decode_chunks(codec, &again, length, end, &limits);
        assert_eq!(found.expect("and are read again"), chunks);
    }
});
