//! The two independent readers in spec/reference, that of the container and that of
//! groups, together read archives whose groups go on from bases, in the archive or not.

#[allow(dead_code)]
#[path = "../spec/reference/container.rs"]
mod container;
#[allow(dead_code)]
#[path = "../spec/reference/decoder.rs"]
mod decoder;
mod support;

use container::Base;
use decoder::Start;
use pear_archive::options::{Choice, Codec, CodecOptions, CreateBase, CreateOptions, GivenBase};
use pear_archive::{Builder, Entry};
use std::collections::BTreeMap;

/// Decodes all groups, each from where its header says; `given` is the base outside.
fn stream(archive: &container::Archive, given: &[u8]) -> Vec<u8> {
    let (mut stream, mut bases) = (Vec::new(), BTreeMap::new());
    for group in &archive.groups {
        let start = match group.base().unwrap() {
            Base::Anew if group.capacity == 0 => Start::Anew,
            Base::Anew => Start::Capacity(group.capacity),
            Base::Group(number) => Start::Behind(&bases[&number]),
            Base::Shipped(_) => panic!("the archive was made without shipped bases"),
        };
        let (coding, length) = ([group.codec, group.filter], group.raw_length as usize);
        let (raw, base) = match group.is_given(given) {
            true => {
                let base = decoder::Base::learn(group.filter, group.model, given, start);
                (given.to_vec(), base.unwrap())
            }
            false => {
                decoder::decode_from(coding, group.model, &group.payload, length, start).unwrap()
            }
        };
        stream.extend(raw);
        if group.flags & 2 != 0 {
            bases.insert(group.group, base);
        }
    }
    stream
}

/// Returns words in no order, of which no two texts have the same.
fn words(seed: u64, length: usize) -> Vec<u8> {
    let noise = support::noise(seed, length);
    let word = |bytes: &[u8]| match bytes[0] % 8 {
        0 => format!("{:x}{:x}\n", bytes[1], bytes[2]),
        other => ["pear ", "plum ", "tree ", "the ", "garden ", "of ", "and "][other as usize - 1]
            .to_owned(),
    };
    let mut text: Vec<u8> =
        noise.chunks_exact(3).flat_map(|bytes| word(bytes).into_bytes()).collect();
    text.truncate(length);
    text
}

#[test]
fn groups_are_decoded_from_their_bases_by_the_texts_alone() {
    let files: Vec<(String, Vec<u8>)> =
        (0..24).map(|number| (format!("{number:02}.txt"), words(number, 5_000))).collect();
    let codec = CodecOptions { choice: Choice::Only(Codec::Pear), level: 1, ..Default::default() };
    let options = CreateOptions { codec, group_size: 40_000, jobs: 1, ..CreateOptions::default() };
    let mut bytes = Vec::new();
    let mut builder = Builder::new(&mut bytes).options(options);
    for (path, content) in &files {
        builder.append_data(Entry::file(path.clone()), content.clone()).unwrap();
    }
    builder.finish().unwrap();
    let archive = container::read(&bytes).unwrap();
    let resting = archive.groups.iter().filter(|group| group.base_kind == 1).count();
    assert!(resting > 1, "{resting} of {} groups rest on a base", archive.groups.len());
    let stream = stream(&archive, b"");
    archive.check(&stream).unwrap();
    archive.check_parity(&bytes).unwrap();
    assert_eq!(archive.entries.len(), files.len());
    for (entry, (path, content)) in archive.entries.iter().zip(&files) {
        assert_eq!(entry.path, path.as_bytes());
        assert!(archive.content(entry, &stream).unwrap() == *content, "{path}");
    }
}

#[test]
fn groups_are_decoded_from_a_base_that_the_reader_is_given() {
    let files: Vec<(String, Vec<u8>)> =
        (0..3).map(|number| (format!("{number:02}.txt"), words(number, 5_000))).collect();
    let base = words(99, 20_000);
    for (level, outside) in [(1, true), (5, true), (1, false)] {
        let codec = CodecOptions { level, ..CodecOptions::default() };
        let given = GivenBase::new(base.clone()).unwrap();
        let base_options = Some(CreateBase { given, outside });
        let options = CreateOptions { codec, base: base_options, jobs: 1, ..Default::default() };
        let mut bytes = Vec::new();
        let mut builder = Builder::new(&mut bytes).options(options);
        for (path, content) in &files {
            builder.append_data(Entry::file(path.clone()), content.clone()).unwrap();
        }
        builder.finish().unwrap();
        let archive = container::read(&bytes).unwrap();
        assert_eq!((archive.groups[0].codec == 5, archive.groups[1].base), (outside, 1));
        assert!(!archive.groups[0].is_given(b"other bytes"));
        let stream = stream(&archive, &base);
        archive.check(&stream).unwrap();
        for (entry, (path, content)) in archive.entries.iter().zip(&files) {
            assert!(archive.content(entry, &stream).unwrap() == *content, "{path}");
        }
    }
}
