//! The order of contents: what is alike shares a group, whatever its name.

use pear_archive::archive::{Archive, Builder, CreateOptions, Limits};
use pear_archive::codec::{Choice, Codec, CodecOptions};
use pear_archive::entry::Kind;
use std::collections::BTreeMap;

/// Bytes of a group.
const GROUP: u64 = 64 << 10;

/// Letters without repeats, about `length` bytes.
fn text(seed: u64, length: usize) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'a' + (state >> 40) as u8 % 26)
    };
    (0..length).map(|place| if place % 60 == 59 { '\n' } else { next() }).collect()
}

/// A file of a version: its text with `version` small edits, and some more at its end.
fn edited(file: u64, version: u64) -> String {
    let mut text = text(file, 8000);
    for edit in 0..version {
        let place = (edit * 1531 + 217) as usize;
        text.replace_range(place..place + 9, &format!("<{version}>"));
    }
    text + &format!("end of version {version}\n").repeat(version as usize)
}

fn pack(files: &BTreeMap<String, String>, options: &CreateOptions) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut builder = Builder::new(&mut bytes).options(options.clone());
    for (path, text) in files {
        builder.append_data(path.as_str(), text.clone().into_bytes()).unwrap();
    }
    builder.finish().unwrap();
    bytes
}

fn options(choice: Choice, group_size: u64) -> CreateOptions {
    let codec = CodecOptions { choice, level: 1, ..CodecOptions::default() };
    CreateOptions { codec, group_size, jobs: 1, ..CreateOptions::default() }
}

/// Returns the groups that each file lies in.
fn groups(bytes: &[u8]) -> BTreeMap<String, Vec<u64>> {
    let archive = Archive::open(bytes, &Limits::default()).unwrap();
    let files = archive.entries().iter().filter_map(|entry| match &entry.kind {
        Kind::File(content) => {
            let groups = content.extents.iter().map(|extent| extent.group).collect();
            Some((String::from_utf8(entry.path.clone()).unwrap(), groups))
        }
        _ => None,
    });
    files.collect()
}

/// Four versions of forty files; one version is longer than a group.
fn versions(name: impl Fn(u64, u64) -> String) -> BTreeMap<String, String> {
    let all = (0..40).flat_map(|file| (0..4).map(move |version| (file, version)));
    all.map(|(file, version)| (name(file, version), edited(file, version))).collect()
}

#[test]
fn versions_of_a_file_share_a_group() {
    let name = |file, version| format!("package-{version}/source{file:02}.txt");
    let bytes = pack(&versions(name), &options(Choice::Only(Codec::Zstd), GROUP));
    let groups = groups(&bytes);
    for file in 0..40 {
        let of_version = |version| &groups[&name(file, version)];
        let first = of_version(0);
        assert_eq!(first.len(), 1);
        assert!((1..4).all(|version| of_version(version) == first), "file {file}: {groups:?}");
    }
}

#[test]
fn copies_with_edits_share_a_group_whatever_their_names() {
    let ends = ["txt", "txt.bak", "old", "md"];
    let name = |file: u64, version: u64| {
        let (directory, name) = ((file * 7 + version * 3) % 5, (file * 17 + version * 29) % 97);
        format!("{directory}/{name:02}-{file}-{version}.{}", ends[version as usize])
    };
    let bytes = pack(&versions(name), &options(Choice::Only(Codec::Zstd), GROUP));
    let groups = groups(&bytes);
    for file in 0..40 {
        let first = &groups[&name(file, 0)];
        assert!((1..4).all(|version| groups[&name(file, version)] == *first), "file {file}");
    }
}

#[test]
fn four_versions_take_little_more_than_one() {
    let name = |file, version| format!("package-{version}/source{file:02}.txt");
    let all = versions(name);
    let one: BTreeMap<String, String> =
        all.iter().filter(|(path, _)| path.starts_with("package-0")).map(owned).collect();
    let options = options(Choice::default(), GROUP);
    let (one, all) = (pack(&one, &options).len(), pack(&all, &options).len());
    assert!(all < one * 5 / 4, "{one} and {all}");
}

fn owned((path, text): (&String, &String)) -> (String, String) {
    (path.clone(), text.clone())
}

#[test]
fn files_that_are_not_alike_stay_in_the_order_of_their_paths() {
    let files: BTreeMap<String, String> =
        (0..60).map(|file| (format!("{file:02}.txt"), text(file, 5000))).collect();
    let bytes = pack(&files, &options(Choice::Only(Codec::Zstd), GROUP));
    let groups: Vec<Vec<u64>> = groups(&bytes).into_values().collect();
    assert!(groups.is_sorted() && groups.concat().len() == 60, "{groups:?}");
}

#[test]
fn the_order_does_not_depend_on_the_number_of_threads() {
    let name = |file, version| format!("package-{version}/source{file:02}.txt");
    let (files, mut options) = (versions(name), options(Choice::default(), GROUP));
    let first = pack(&files, &options);
    for jobs in [2, 5] {
        options.jobs = jobs;
        assert!(pack(&files, &options) == first, "{jobs} jobs");
    }
}
