use super::*;
use crate::container::NO_GROUP;
use crate::container::{Part, decode_part, encode_part};
use crate::entry::{Metadata, Timestamp};

fn section(sequence: u64, section_type: SectionType, group: u64, raw_length: u64) -> Section {
    let data = section_type == SectionType::Data;
    let header = SectionHeader {
        sequence,
        section_type: section_type as u16,
        flags: 0,
        codec: if data { 3 } else { 1 },
        filter: if data { 2 } else { 0 },
        model: if data { 0x0105 } else { 0 },
        group,
        stored_length: 10,
        raw_length,
    };
    Section { header, offset: PREFACE_LENGTH as u64 + sequence * header.section_length() }
}

fn entry(path: &str, kind: Kind) -> Entry {
    let xattr = (b"user.note".to_vec(), path.as_bytes().to_vec());
    let metadata = Metadata {
        mode: 0o4755,
        uid: path.len() as u32 % 2,
        gid: 7,
        user: b"pia".to_vec(),
        group: b"\xFF".to_vec(),
        modified: Timestamp { seconds: -5, nanoseconds: 999_999_999 },
        xattrs: if path.len() > 3 { vec![xattr] } else { Vec::new() },
    };
    Entry { path: path.as_bytes().to_vec(), kind, metadata }
}

fn file(size: u64, name: u8, segments: Option<Vec<Segment>>, extents: Vec<Extent>) -> Kind {
    Kind::File(Content { size, digest: [name; 32], segments, extents })
}

fn extent(group: u64, offset: u64, length: u64) -> Extent {
    Extent { group, offset, length }
}

/// Every kind of entry; a file over two groups; dead data; two names of a content.
fn sample() -> Index {
    let sections = vec![
        section(0, SectionType::Entry, NO_GROUP, 9),
        section(1, SectionType::Data, 0, 100),
        section(2, SectionType::Entry, 1, 9),
        section(3, SectionType::Data, 1, 50),
    ];
    let holes = Some(vec![Segment { offset: 4096, length: 20 }]);
    let long = vec![extent(0, 70, 30), extent(1, 0, 40)];
    let entries = vec![
        entry("d", Kind::Directory),
        entry("d/a", file(30, 1, None, vec![extent(0, 0, 30)])),
        entry("d/b", Kind::HardLink { target: b"d/a".to_vec() }),
        entry("d/same", file(30, 1, None, vec![extent(0, 0, 30)])),
        entry("d/sparse", file(8192, 2, holes, vec![extent(0, 40, 20)])),
        entry("d.txt", file(70, 3, None, long)),
        entry("device", Kind::BlockDevice { major: 8, minor: u32::MAX }),
        entry("empty", file(0, 4, None, vec![])),
        entry("hole", file(4096, 5, Some(vec![]), vec![])),
        entry("null", Kind::CharacterDevice { major: 1, minor: 3 }),
        entry("other", file(0, 4, None, vec![])),
        entry("pipe", Kind::Fifo),
        entry("way", Kind::Symlink { target: b"/any/where".to_vec() }),
        entry("way2", Kind::HardLink { target: b"way".to_vec() }),
    ];
    Index { sections, entries }
}

#[test]
fn an_index_comes_back_as_it_was() {
    let index = sample();
    let (payload, raw_length) = encode_index(&index).unwrap();
    assert_eq!(decode_index(&payload, raw_length, &Limits::default()).unwrap(), index);
}

#[test]
fn overlapping_extents_cannot_be_written() {
    let mut index = sample();
    let overlap = file(5, 9, None, vec![extent(0, 98, 5)]);
    index.entries.push(entry("z", overlap));
    assert!(encode_index(&index).is_err());
}

#[test]
fn no_changed_byte_of_a_table_panics_and_none_keeps_the_same_meaning() {
    let index = sample();
    let (payload, raw_length) = encode_index(&index).unwrap();
    let raw = zstd::bulk::decompress(&payload, raw_length as usize).unwrap();
    for at in 0..raw.len() {
        for change in [1, 0x7F, 0x80, 0xFF] {
            let mut changed = raw.clone();
            changed[at] ^= change;
            let packed = pack(&changed).unwrap();
            if let Ok(other) = decode_index(&packed, raw_length, &Limits::default()) {
                assert_ne!(other, index, "byte {at} is not canonical");
            }
        }
        let cut = pack(&raw[..at]).unwrap();
        assert!(decode_index(&cut, at as u64, &Limits::default()).is_err());
    }
}

/// A generator of mutations, which are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) as usize % bound
    }
}

#[test]
fn whatever_table_is_read_is_written_and_read_unchanged() {
    let (payload, raw_length) = encode_index(&sample()).unwrap();
    let raw = zstd::bulk::decompress(&payload, raw_length as usize).unwrap();
    let mut dice = Dice(1);
    let mut valid = 0;
    for _ in 0..20_000 {
        let mut changed = raw.clone();
        for _ in 0..=dice.below(3) {
            let at = dice.below(changed.len());
            match dice.below(3) {
                0 => changed[at] = dice.below(256) as u8,
                1 => changed[at] = dice.below(4) as u8,
                _ => changed.copy_within(at..(at + 3).min(raw.len()), dice.below(raw.len() - 3)),
            }
        }
        let packed = zstd::bulk::compress(&changed, 1).unwrap();
        if let Ok(index) = decode_index(&packed, raw_length, &Limits::default()) {
            valid += 1;
            let (again, length) = encode_index(&index).unwrap();
            assert_eq!(decode_index(&again, length, &Limits::default()).unwrap(), index);
        }
    }
    assert!(valid > 100, "{valid}");
}

#[test]
fn hostile_paths_and_kinds_are_refused() {
    let broken = |change: fn(&mut Vec<Entry>)| {
        let mut index = Index { sections: Vec::new(), entries: Vec::new() };
        change(&mut index.entries);
        let (payload, raw_length) = encode_index(&index).unwrap();
        decode_index(&payload, raw_length, &Limits::default()).unwrap_err()
    };
    let paths: [fn(&mut Vec<Entry>); 4] = [
        |entries| entries.push(entry("../x", Kind::Directory)),
        |entries| entries.push(entry("/etc/passwd", Kind::Directory)),
        |entries| entries.push(entry("a/./b", Kind::Directory)),
        |entries| entries.push(entry("a//b", Kind::Directory)),
    ];
    for change in paths {
        assert!(matches!(broken(change), ContainerError::UnsafePath { .. }));
    }
    let under_a_link = broken(|entries| {
        entries.push(entry("a", Kind::Symlink { target: b"/".to_vec() }));
        entries.push(entry("a/b", Kind::Directory));
    });
    assert!(matches!(under_a_link, ContainerError::Invalid { row: 1, .. }));
    let link_to_directory = broken(|entries| {
        entries.push(entry("a", Kind::Directory));
        entries.push(entry("b", Kind::HardLink { target: b"a".to_vec() }));
    });
    assert!(matches!(link_to_directory, ContainerError::Invalid { row: 1, .. }));
    let link_to_link = broken(|entries| {
        entries.push(entry("a", Kind::Fifo));
        entries.push(entry("b", Kind::HardLink { target: b"a".to_vec() }));
        entries.push(entry("c", Kind::HardLink { target: b"b".to_vec() }));
    });
    assert!(matches!(link_to_link, ContainerError::Invalid { row: 2, .. }));
}

#[test]
fn limits_are_checked_before_allocating() {
    let (payload, raw_length) = encode_index(&sample()).unwrap();
    let refused = |limits: Limits| {
        let error = decode_index(&payload, raw_length, &limits).unwrap_err();
        assert!(matches!(error, ContainerError::TooLarge { .. }), "{error}");
    };
    refused(Limits { entries: 3, ..Limits::default() });
    refused(Limits { path_length: 3, ..Limits::default() });
    refused(Limits { path_depth: 1, ..Limits::default() });
    refused(Limits { xattr_bytes: 10, ..Limits::default() });
    refused(Limits { index_bytes: 10, ..Limits::default() });
    refused(Limits { extents: 5, ..Limits::default() });
    let huge = decode_index(&payload, u64::MAX, &Limits::default()).unwrap_err();
    assert!(matches!(huge, ContainerError::TooLarge { .. }));
}

#[test]
fn a_part_comes_back_as_it_was() {
    let sparse = Sparse { size: 99, segments: vec![Segment { offset: 0, length: 60 }] };
    let segments = Some(sparse.segments.clone());
    let part = Part {
        continued: true,
        revoked: vec![0, 3],
        following: 10,
        group_digest: [9; 32],
        pieces: vec![
            Piece { length: 5, sparse: None },
            Piece { length: 7, sparse: None },
            Piece { length: 50, sparse: Some(sparse) },
        ],
        entries: vec![
            entry("a", file(7, 0, None, vec![])),
            entry("b", Kind::HardLink { target: b"a".to_vec() }),
            entry("c", file(99, 0, segments, vec![])),
        ],
        file_pieces: vec![1, 2],
    };
    let (payload, raw_length) = encode_part(&part).unwrap();
    assert_eq!(decode_part(&payload, raw_length, &Limits::default()).unwrap(), part);
    assert_eq!(part.length(), 62);
}
