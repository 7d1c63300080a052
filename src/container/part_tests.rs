use super::*;
use crate::container::recipe_of;
use crate::container::{ErrorKind, JOIN};
use crate::entry::{Common, FileDigest, Input, Metadata, Segment, Step, Timestamp};
use thin_vec::{ThinVec, thin_vec};

fn entry(path: &str, kind: Kind) -> Entry {
    let xattr = (b"user.note".to_vec(), path.as_bytes().to_vec());
    let modified = Timestamp { seconds: -5, nanoseconds: 999_999_999 };
    let common = Common {
        mode: 0o4755,
        uid: path.len() as u32 % 2,
        gid: 7,
        user: b"pia"[..].into(),
        group: b"\xFF"[..].into(),
        xattrs: if path.len() > 3 { vec![xattr] } else { Vec::new() },
    };
    let metadata = Metadata { modified, common: common.into() };
    Entry { path: path.as_bytes().to_vec(), kind, metadata }
}

fn file(size: u64, digest: FileDigest, segments: Option<Vec<Segment>>) -> Kind {
    let segments = segments.map(ThinVec::from);
    Kind::File(Content { size, digest, segments, ..Content::default() })
}

/// A file of 23 bytes, made from parts of the rows 0, 1 and 3.
fn recipe() -> std::sync::Arc<crate::entry::Recipe> {
    let parts = |offset, length| Input::Parts { offset, length };
    let step = |transform, hidden, output, inputs: &[Input]| {
        let parameters = vec![transform as u8; transform as usize];
        Step { transform, hidden, output, parameters, inputs: inputs.to_vec() }
    };
    let steps = vec![
        step(0, true, 10, &[parts(25, 5), parts(30, 5)]),
        step(2, false, 20, &[Input::Step { number: 0 }, parts(70, 60)]),
        step(9, false, 3, &[parts(31, 2), Input::Step { number: 0 }]),
    ];
    let recipe = recipe_of(steps).unwrap();
    assert_eq!(recipe.parts, [25..35, 70..130], "the places of the rows are not told apart");
    assert_eq!(recipe.steps[2].inputs[0], parts(6, 2));
    std::sync::Arc::new(recipe)
}

#[test]
fn a_recipe_beyond_the_bounds_is_none() {
    let step = |output, inputs: Vec<Input>| Step {
        transform: 0,
        hidden: false,
        output,
        parameters: Vec::new(),
        inputs,
    };
    let before = |number| vec![Input::Step { number }];
    let chain = |length: usize| {
        let first = step(1, vec![Input::Parts { offset: 0, length: 1 }]);
        let others = (1..length).map(|number| step(1, before(number - 1)));
        [first].into_iter().chain(others).collect::<Vec<_>>()
    };
    assert!(recipe_of(chain(8)).is_some() && recipe_of(chain(9)).is_none());
    assert!(recipe_of(Vec::new()).is_none());
    assert!(recipe_of(vec![step(0, Vec::new())]).is_none());
    assert!(recipe_of(vec![step(1 << 28, Vec::new())]).is_some());
    assert!(recipe_of(vec![step(1 << 28, Vec::new()), step(1, Vec::new())]).is_none());
    assert!(
        recipe_of(vec![step(1 << 27, Vec::new()), step(1, [before(0), before(0)].concat())])
            .is_some()
    );
    assert!(recipe_of(vec![step(1 << 27, Vec::new()), step(1, before(0).repeat(3))]).is_none());
    let many = |count| vec![step(1, vec![Input::Parts { offset: 0, length: 0 }; count])];
    assert!(recipe_of(many(4096)).is_some() && recipe_of(many(4097)).is_none());
}

/// Every kind of entry; a file over two groups; dead data; two names of a content.
fn sample() -> Part {
    let row = Row::of;
    let holes = |size, segments: Vec<Segment>, length| Row {
        sparse: Some(Box::new(Sparse { size, segments })),
        ..Row::of(length)
    };
    let island = vec![Segment { offset: 4096, length: 20 }];
    let rows = vec![
        row(30),
        row(10),
        holes(8192, island.clone(), 20),
        row(70),
        row(0),
        holes(4096, vec![], 0),
        row(20),
        Row { recipe: Some(recipe()), ..row(0) },
    ];
    let (one, two) = ([1; 100], [2; 50]);
    let long = crate::checksum::digest(&[&one[60..], &two[..30]].concat());
    let empty = FileDigest::Span(content_digest(crate::checksum::digest(b""), 0, None));
    let hole = content_digest(crate::checksum::digest(b""), 4096, Some(&[]));
    let digest = FileDigest::File([8; 32]);
    let made = Content { size: 23, digest, recipes: thin_vec![recipe()], ..Content::default() };
    let made = Kind::File(made);
    let entries = vec![
        entry("d", Kind::Directory),
        entry("d/a", file(30, FileDigest::Shared, None)),
        entry("d/b", Kind::HardLink { target: b"d/a".to_vec() }),
        entry("d/same", file(30, FileDigest::Shared, None)),
        entry("d/sparse", file(8192, FileDigest::Shared, Some(island))),
        entry("d.txt", file(70, FileDigest::File(long), None)),
        entry("device", Kind::BlockDevice { major: 8, minor: u32::MAX }),
        entry("empty", file(0, empty, None)),
        entry("hole", file(4096, FileDigest::Span(hole), Some(vec![]))),
        entry("made", made),
        entry("null", Kind::CharacterDevice { major: 1, minor: 3 }),
        entry("other", file(0, empty, None)),
        entry("pipe", Kind::Fifo),
        entry("way", Kind::Symlink { target: b"/any/where".to_vec() }),
        entry("way2", Kind::HardLink { target: b"way".to_vec() }),
    ];
    let file_rows = vec![0, 0, 2, 3, 4, 5, 7, 4];
    let file_digests = vec![long, [8; 32]];
    let mut part = Part { rows, entries, file_rows, file_digests, ..Part::default() };
    part.seal(&[&one, &two], JOIN);
    part
}

fn raw_of(part: &Part) -> Vec<u8> {
    let (codec, payload, raw_length) = encode_part(part).unwrap();
    unpack(codec, &payload, raw_length, &Limits::default(), "ENTRY").unwrap().into_owned()
}

fn read(raw: &[u8]) -> Result<Part, ContainerError> {
    decode_part(0, raw, raw.len() as u64, &Limits::default())
}

#[test]
fn a_part_comes_back_as_it_was() {
    let part = sample();
    let (codec, payload, raw_length) = encode_part(&part).unwrap();
    assert_eq!(decode_part(codec, &payload, raw_length, &Limits::default()).unwrap(), part);
    assert_eq!(part.length(), 150);
    // The last row is whole and stands alone in its span.
    assert_eq!(part.clone().take_batch().row_digests()[1], FileDigest::Shared);
    assert!(matches!(part.clone().take_batch().row_digests()[6], FileDigest::Short(_)));
}

#[test]
fn a_part_that_goes_on_and_is_left_open_comes_back_as_it_was() {
    let raw = [7; 62];
    let sparse = Sparse { size: 99, segments: vec![Segment { offset: 0, length: 60 }] };
    let segments = Some(sparse.segments.clone());
    let rows = vec![Row::of(5), Row::of(7), Row { sparse: Some(Box::new(sparse)), ..Row::of(50) }];
    let start = crate::checksum::digest(&raw[5..12]);
    let seven = FileDigest::Short(start[..16].try_into().unwrap());
    let mut part = Part {
        continued: true,
        open: Some(Open { row: 2, following: 10 }),
        revoked: vec![0, 3],
        rows,
        file_digests: vec![[9; 32]],
        entries: vec![
            entry("a", file(7, seven, None)),
            entry("b", Kind::HardLink { target: b"a".to_vec() }),
            entry("c", file(99, FileDigest::Unknown, segments)),
        ],
        file_rows: vec![1, 2],
        ..Part::default()
    };
    part.seal(&[&raw], JOIN);
    let read = read(&raw_of(&part)).unwrap();
    assert_eq!(read, part);
    let batch = part.take_batch();
    assert_eq!(batch.file_digest(0), Some([9; 32]), "the continued file ends here");
    let all = 0..62;
    assert_eq!(batch.proven(0, &raw), [all]);
    let mut wrong = raw;
    wrong[8] ^= 1;
    assert_eq!(batch.proven(0, &wrong), [0..5, 12..62], "one span of three is wrong");
    let came = 0..12;
    assert_eq!(batch.proven(0, &raw[..20]), [came], "and one did not come");
}

#[test]
fn no_changed_byte_of_a_table_panics_and_none_keeps_the_same_meaning() {
    let part = sample();
    let raw = raw_of(&part);
    for at in 0..raw.len() {
        for change in [1, 0x7F, 0x80, 0xFF] {
            let mut changed = raw.clone();
            changed[at] ^= change;
            if let Ok(other) = read(&changed) {
                assert_ne!(other, part, "byte {at} is not canonical");
            }
        }
        assert!(read(&raw[..at]).is_err());
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
    let raw = raw_of(&sample());
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
        if let Ok(part) = read(&changed) {
            valid += 1;
            assert_eq!(read(&raw_of(&part)).unwrap(), part);
        }
    }
    assert!(valid > 100, "{valid}");
}

#[test]
fn hostile_paths_and_kinds_are_refused() {
    let broken = |change: fn(&mut Vec<Entry>)| {
        let mut part = Part::default();
        change(&mut part.entries);
        read(&raw_of(&part)).unwrap_err()
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
    let (codec, payload, raw_length) = encode_part(&sample()).unwrap();
    let refused = |limits: Limits| {
        let error = decode_part(codec, &payload, raw_length, &limits).unwrap_err();
        assert!(matches!(error, ContainerError::TooLarge { .. }), "{error}");
    };
    refused(Limits { entries: 3, ..Limits::default() });
    refused(Limits { path_length: 3, ..Limits::default() });
    refused(Limits { path_depth: 1, ..Limits::default() });
    refused(Limits { xattr_bytes: 10, ..Limits::default() });
    refused(Limits { index_bytes: 10, ..Limits::default() });
    refused(Limits { extents: 0, ..Limits::default() });
    let huge = decode_part(codec, &payload, u64::MAX, &Limits::default()).unwrap_err();
    assert_eq!(huge.kind(), ErrorKind::Limit);
}
