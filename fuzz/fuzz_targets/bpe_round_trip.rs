//! Any block is restored, with a table learned from itself or from another block.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pear_archive::bpe::{Decoder, Learner, byte_values, learn, learn_short};

fuzz_target!(|input: (&[u8], &[u8])| {
    let (sample, other) = input;
    let coded = Learner::new().encode_block(sample);
    let decoder = Decoder::parse(&coded).expect("own table");
    let raw = decoder.decode(&coded[decoder.table_length()..], sample.len());
    assert_eq!(raw.expect("own symbols"), sample);

    let both = [sample, other].concat();
    let values = byte_values(&both);
    let short = learn_short(sample, &values, 3, |left, right| left != b' ' || right == b' ');
    for table in [learn(sample, &values, 200), short] {
        let symbols = table.encode(&both).expect("all values were told");
        assert_eq!(table.decoder().decode(&symbols, both.len()).expect("own symbols"), both);
    }
});
