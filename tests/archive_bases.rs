//! Archives with bases: groups that go on from another group of the archive.

use pear_archive::archive::{
    Archive, Builder, Control, CreateOptions, ErrorKind, Event, Events, ExtractOptions, Limits,
    Silent, extract_stream,
};
use pear_archive::codec::{Choice, Codec, CodecOptions};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

fn options(group_size: u64, level: u8) -> CreateOptions {
    let codec = CodecOptions { level, ..CodecOptions::default() };
    CreateOptions { codec, group_size, jobs: 1, ..CreateOptions::default() }
}

/// Sentences of a small language with words of its own, about `length` bytes.
fn text(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let parts = ["ma", "lor", "ti", "san", "ke", "rup", "ol", "dine", "sta", "vei", "mon", "qua"];
    let mut text = String::new();
    while text.len() < length {
        for _ in 0..4 + next(9) {
            let word = next(300);
            let (first, second) = (word % 12, word / 12 % 12);
            text += parts[first as usize];
            text += parts[second as usize];
            text += if word % 3 == 0 { "ne " } else { " " };
        }
        text += if next(5) == 0 { ".\n" } else { ", " };
    }
    text.into_bytes()
}

/// Sixty texts and three long ones, by path.
fn files() -> BTreeMap<String, Vec<u8>> {
    let short =
        (0..60).map(|n| (format!("d{}/t{n:02}.txt", n % 7), text(n, 2000 + 97 * n as usize)));
    let long = (0..3).map(|n| (format!("long{n}.txt"), text(100 + n, 40_000)));
    short.chain(long).collect()
}

fn pack(files: &BTreeMap<String, Vec<u8>>, options: &CreateOptions) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut builder = Builder::new(&mut bytes).options(options.clone());
    for (path, data) in files {
        builder.append_data(path.as_str(), data.clone()).unwrap();
    }
    builder.finish().unwrap();
    bytes
}

fn open(bytes: &[u8]) -> Archive<&[u8]> {
    Archive::open(bytes, &Limits::default()).unwrap()
}

/// Every file below a directory.
fn read(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => directories.push(path),
                false => {
                    let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                    found.insert(name, fs::read(&path).unwrap());
                }
            }
        }
    }
    found
}

const GROUP: u64 = 64 << 10;

#[test]
fn groups_go_on_from_a_base_and_all_files_come_back() {
    let files = files();
    for level in [1, 5] {
        let options = CreateOptions { verify: true, ..options(GROUP, level) };
        let bytes = pack(&files, &options);
        let archive = open(&bytes);
        let groups: Vec<_> = archive.groups().collect();
        assert!(groups[0].is_base && groups[0].base.is_none(), "{groups:?}");
        assert!(groups[1..].iter().all(|group| group.base == Some(0)), "{groups:?}");
        let (indexed, piped) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let extraction = ExtractOptions { jobs: 2, ..ExtractOptions::default() };
        archive.extract(indexed.path(), &extraction, &CONTROL).unwrap();
        assert_eq!(archive.groups_decoded(), groups.len() as u64, "each once");
        assert!(read(indexed.path()) == files);
        extract_stream(&bytes[..], piped.path(), &extraction, &Limits::default(), &CONTROL)
            .unwrap();
        assert!(read(piped.path()) == files);
        let summary = archive.verify(2, &CONTROL).unwrap();
        assert!(summary.failures.is_empty(), "{summary:?}");
    }
}

#[test]
fn bases_make_an_archive_smaller_and_independent_groups_have_none() {
    let files = files();
    let warm = pack(&files, &options(GROUP, 5));
    let cold = pack(&files, &CreateOptions { independent: true, ..options(GROUP, 5) });
    assert!(warm.len() < cold.len(), "{} of {}", warm.len(), cold.len());
    let archive = open(&cold);
    let alone = |group: &pear_archive::archive::GroupInfo| {
        group.base.is_none() && group.shipped.is_none() && !group.is_base
    };
    assert!(archive.groups().all(|group| alone(&group)));
}

#[test]
fn the_number_of_jobs_changes_no_byte() {
    let files = files();
    let one = pack(&files, &options(GROUP, 1));
    for jobs in [2, 5] {
        assert!(pack(&files, &CreateOptions { jobs, ..options(GROUP, 1) }) == one, "{jobs} jobs");
    }
}

#[test]
fn one_file_costs_its_group_and_the_base_and_the_next_ones_only_their_groups() {
    let files = files();
    let bytes = pack(&files, &options(GROUP, 1));
    let archive = open(&bytes);
    let mut of_group = BTreeMap::new();
    for entry in archive.entries() {
        if let pear_archive::entry::Kind::File(content) = &entry.kind
            && let [extent] = &content.extents[..]
        {
            of_group.entry(extent.group).or_insert_with(|| entry.path.clone());
        }
    }
    let read = |group: u64| {
        let path = std::str::from_utf8(&of_group[&group]).unwrap();
        assert!(archive.read(path).unwrap() == files[path], "{path}");
    };
    let groups: Vec<u64> = of_group.keys().copied().filter(|group| *group > 0).collect();
    read(groups[2]);
    assert_eq!(archive.groups_decoded(), 2);
    read(groups[1]);
    assert_eq!(archive.groups_decoded(), 3, "the base is there already");
    archive.keep_groups(0);
    read(groups[0]);
    assert_eq!(archive.groups_decoded(), 4, "a base stays without kept groups");
}

/// Collects warnings.
#[derive(Default)]
struct Warnings(Mutex<Vec<String>>);

impl Events for Warnings {
    fn event(&self, event: Event) {
        if let Event::Warning(error) = event {
            self.0.lock().unwrap().push(error.to_string());
        }
    }
}

#[test]
fn a_lost_base_takes_its_groups_along_and_verify_says_so() {
    let files = files();
    let mut bytes = pack(&files, &options(GROUP, 1));
    let (groups, base) = {
        let archive = open(&bytes);
        let groups: Vec<_> = archive.groups().collect();
        (groups.len(), groups[0])
    };
    // Behind the header and the merge table: a codec may come out right of other places.
    let hit = base.offset as usize + 56 + base.stored_length as usize / 2;
    bytes[hit] ^= 0x55;
    let warnings = Warnings::default();
    let control = Control { events: &warnings, cancel: &GO_ON };
    let archive = open(&bytes);
    let summary = archive.verify(1, &control).unwrap();
    assert!(summary.failures[&ErrorKind::Integrity] > files.len() as u64 / 2, "{summary:?}");
    let warnings = warnings.0.into_inner().unwrap();
    let behind = warnings.iter().filter(|line| line.contains("its base, group 0, is lost"));
    assert_eq!(behind.count(), groups - 1, "{warnings:#?}");
    let to = TempDir::new().unwrap();
    let piped = extract_stream(
        &bytes[..],
        to.path(),
        &ExtractOptions::default(),
        &Limits::default(),
        &CONTROL,
    )
    .unwrap();
    assert!(piped.failures[&ErrorKind::Integrity] > 0);
    for (path, data) in read(to.path()) {
        assert!(files[&path] == data, "{path}");
    }
}

#[test]
fn a_codec_that_cannot_go_on_makes_groups_without_bases() {
    let codec = CodecOptions { choice: Choice::Only(Codec::Zstd), ..CodecOptions::default() };
    let bytes = pack(&files(), &CreateOptions { codec, ..options(GROUP, 5) });
    assert!(open(&bytes).groups().all(|group| group.base.is_none() && !group.is_base));
}

#[test]
fn a_small_text_goes_on_from_a_shipped_base() {
    let source = include_bytes!("archive_bases.rs").to_vec();
    let files = BTreeMap::from([("one.rs".to_owned(), source)]);
    let bytes = pack(&files, &CreateOptions { verify: true, ..options(8 << 20, 5) });
    let archive = open(&bytes);
    let group = archive.groups().next().unwrap();
    assert_eq!(group.shipped, Some("rust"));
    assert!(archive.read("one.rs").unwrap() == files["one.rs"]);
    let cold = pack(&files, &CreateOptions { independent: true, ..options(8 << 20, 5) });
    assert!(bytes.len() * 10 < cold.len() * 9, "{} of {}", bytes.len(), cold.len());
}
