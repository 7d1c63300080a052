//! Any file is left as it is, or taken apart into steps that give it again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pear_archive::recipe::{Limits, join, split};

fuzz_target!(|file: &[u8]| {
    let limits = Limits { most_plain: 1 << 22, depth: 4, transforms: u64::MAX };
    if let Some(split) = split(file, &limits) {
        assert_eq!(join(&split).expect("own steps"), file);
    }
});
