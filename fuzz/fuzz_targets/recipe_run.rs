//! Any step is run or refused: its output has the length that was asked for, and the crates
//! behind it neither panic through nor take memory beyond what is said before.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pear_archive::recipe::{run, transform_memory};

fuzz_target!(|input: (u8, u16, &[u8], &[u8], &[u8], &[u8])| {
    let (transform, output, parameters, first, second, third) = input;
    let inputs = [first, second, third];
    let lengths = inputs.map(|input| input.len() as u64);
    let (transform, output) = (u64::from(transform % 7), u64::from(output));
    let Ok(memory) = transform_memory(transform, parameters, &lengths, output) else { return };
    assert!(memory < 1 << 29);
    if let Ok(made) = run(transform, parameters, &inputs, output) {
        assert_eq!(made.len() as u64, output);
    }
});
