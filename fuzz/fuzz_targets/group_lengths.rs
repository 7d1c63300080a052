//! Whatever length, codec, filter and model a group claims under right hashes, it is
//! decoded or refused, and nothing is allocated beyond the limit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pear_archive::archive::{Archive, Control, Limits, Silent, list_stream};
use pear_archive::container::{Part, Piece, Writer};
use pear_archive::entry::{Content, Entry, Extent, Kind};
use std::sync::atomic::AtomicBool;

fuzz_target!(|input: (u8, u8, u16, u64, &[u8])| {
    let (codec, filter, model, length, payload) = input;
    // Beyond that, the index itself is refused.
    let length = length.clamp(1, u64::MAX >> 1);
    let limits = Limits { memory: 1 << 24, ..Limits::default() };
    let go_on = AtomicBool::new(false);
    let control = Control { events: &Silent, cancel: &go_on };
    let mut writer = Writer::new(Vec::new(), [7; 16]).expect("memory takes all");
    let extents = vec![Extent { group: 0, offset: 0, length }];
    let content = Content { size: length, digest: [1; 32], segments: None, extents };
    let file =
        Entry { path: b"file".to_vec(), kind: Kind::File(content), metadata: Default::default() };
    let pieces = vec![Piece { length, sparse: None }];
    let part =
        Part { pieces, entries: vec![file.clone()], file_pieces: vec![0], ..Part::default() };
    writer.write_part(&part).expect("memory takes all");
    writer.write_group((codec, filter, model), length, payload).expect("memory takes all");
    let (archive, _) = writer.finish(vec![file]).expect("the index is sound");
    let opened = Archive::open(&archive[..], &limits).expect("the index is sound");
    opened.groups().for_each(drop);
    let _ = opened.verify(1, &control);
    let _ = list_stream(&archive[..], &limits, &control);
});
