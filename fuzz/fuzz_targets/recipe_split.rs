//! Any file is left as it is, or taken apart into steps that give it again, whole and in pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pear_archive::recipe::{Front, Limits, join, split, split_front};

/// Bytes of plain text that end a piece.
const PLAIN: usize = 4096;

fuzz_target!(|file: &[u8]| {
    let limits = Limits { most_plain: 1 << 22, depth: 4, transforms: u64::MAX };
    if let Some(split) = split(file, &limits) {
        assert_eq!(join(&split).expect("own steps"), file);
    }
    let (mut rest, mut midway) = (file, None);
    while !rest.is_empty() {
        let limits = Limits { most_plain: rest.len() as u64 + (1 << 16), ..limits };
        let front = Front { bytes: usize::MAX, plain: PLAIN };
        let Some(piece) = split_front(rest, &limits, front, midway.as_ref()) else { break };
        assert!(piece.length > 0);
        assert_eq!(join(&piece.split).expect("own steps"), rest[..piece.length]);
        (rest, midway) = (&rest[piece.length..], piece.midway);
    }
});
