//! Bytes of files that are in an archive already are stored once, and come back right whichever
//! way the archive is read.

#[allow(dead_code)]
#[path = "../spec/reference/container.rs"]
mod reference;
mod support;

use pear_archive::archive::{
    Archive, At, Builder, Control, CreateOptions, Event, Events, ExtractOptions, GivenBases,
    Limits, MergeOptions, RepackOptions, Silent, UpdateOptions, UpdateSummary, Volumes, create,
    create_stream, extract, extract_stream, merge, repack, salvage, update, verify_stream,
};
use pear_archive::codec::{Choice, Codec, CodecOptions};
use pear_archive::entry::Entry;
use pear_archive::tree::WalkOptions;
use std::cell::Cell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use support::noise;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

type Files = Vec<(String, Vec<u8>)>;

fn options(codec: Codec, group_size: u64) -> CreateOptions {
    let codec = CodecOptions { choice: Choice::Only(codec), level: 1, ..Default::default() };
    CreateOptions { codec, group_size, jobs: 1, ..CreateOptions::default() }
}

fn archive_of(files: &Files, options: &CreateOptions) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut builder = Builder::new(&mut bytes).options(options.clone());
    for (path, content) in files {
        builder.append_data(Entry::file(path.clone()), content.clone()).unwrap();
    }
    builder.finish().unwrap();
    bytes
}

/// Makes a directory that costs no disk, if there is one.
fn scratch() -> tempfile::TempDir {
    tempfile::TempDir::new_in("/dev/shm").or_else(|_| tempfile::TempDir::new()).unwrap()
}

/// Reads an archive in every way and compares all files.
fn check(bytes: &[u8], files: &Files) {
    let limits = Limits::default();
    let archive = Archive::open(bytes, &limits).unwrap();
    assert_eq!(archive.entries().len(), files.len());
    let verified = archive.verify(2, &CONTROL).unwrap();
    assert!(verified.failures.is_empty(), "{verified:?}");
    assert_eq!(verified.groups_decoded, archive.groups().count() as u64, "each group once");
    let options = ExtractOptions { jobs: 2, ..ExtractOptions::default() };
    for way in ["index", "pipe", "search"] {
        let to = scratch();
        let summary = match way {
            "index" => extract(bytes, to.path(), &options, &limits, &CONTROL),
            "pipe" => extract_stream(bytes, to.path(), &options, &limits, &CONTROL),
            _ => salvage(bytes, to.path(), &options, &limits, &CONTROL),
        };
        let summary = summary.unwrap();
        assert!(summary.failures.is_empty(), "{way}: {summary:?}");
        for (path, content) in files {
            assert!(fs::read(to.path().join(path)).unwrap() == *content, "{way}: {path}");
        }
        let left = fs::read_dir(to.path()).unwrap().count();
        assert_eq!(left, files.len(), "{way}: nothing else is left");
    }
    let piped = verify_stream(bytes, 2, &GivenBases::default(), &limits, &CONTROL).unwrap();
    assert!(piped.failures.is_empty(), "{piped:?}");
    for (path, content) in files {
        let mut printed = Vec::new();
        archive.cat(path, &mut printed, 2, &CONTROL).unwrap();
        assert!(printed == *content, "cat {path}");
    }
    archive.keep_groups(0);
    for (path, content) in files.iter().rev().take(2) {
        assert!(archive.read(path).unwrap() == *content, "read {path}");
    }
}

/// Returns the bytes that runs save.
fn repeated(bytes: &[u8]) -> u64 {
    Archive::open(bytes, &Limits::default()).unwrap().repeated_bytes()
}

#[test]
fn copies_that_are_shifted_and_appended_to_cost_one_per_cent() {
    let one = noise(1, 24 << 20);
    let files: Files = vec![
        ("a.bin".to_owned(), one.clone()),
        ("b.bin".to_owned(), [&noise(2, 12_345)[..], &one].concat()),
        ("c.bin".to_owned(), [&one[..], &noise(3, 54_321)].concat()),
    ];
    let settings = options(Codec::Store, 8 << 20);
    let single = archive_of(&files[..1].to_vec(), &settings).len();
    let all = archive_of(&files, &settings);
    let new = 12_345 + 54_321;
    assert!(all.len() < single + new + (single / 100), "{} and {single}", all.len());
    assert!(repeated(&all) > 47 << 20);
    check(&all, &files);
    let apart = CreateOptions { deduplicate: false, ..settings };
    let apart = archive_of(&files, &apart);
    assert!(apart.len() > 3 * single && repeated(&apart) == 0);
}

/// Makes files of pieces of one another, and of new bytes between.
fn mixed(seed: u64, count: usize) -> Files {
    let draw = noise(seed, count * 64);
    let mut draw = draw.chunks_exact(4).map(|four| u32::from_le_bytes(four.try_into().unwrap()));
    let mut next = |most: usize| draw.next().unwrap() as usize % most;
    let mut files: Files = vec![("00.bin".to_owned(), noise(seed + 1, 10 << 20))];
    for number in 1..count {
        let mut content = Vec::new();
        for _ in 0..next(4) + 1 {
            let from = &files[next(number)].1;
            let start = next(from.len());
            let length = next((from.len() - start).min(6 << 20)) + 1;
            content.extend_from_slice(&from[start..start + length]);
            content.extend(noise(next(1 << 20) as u64, next(300_000)));
        }
        files.push((format!("{number:02}.bin"), content));
    }
    files
}

#[test]
fn files_made_of_pieces_of_others_come_back_whatever_the_groups() {
    for (seed, group) in [(10, 1 << 20), (20, 3 << 20), (30, 100_000), (40, 16 << 20)] {
        let files = mixed(seed, 9);
        let archive = archive_of(&files, &options(Codec::Store, group));
        assert!(repeated(&archive) > 0, "{seed}");
        check(&archive, &files);
        let again = CreateOptions { jobs: 3, ..options(Codec::Store, group) };
        assert!(archive_of(&files, &again) == archive, "{seed}: the jobs change nothing");
        let independent = reference::read(&archive).unwrap();
        let stream: Vec<u8> =
            independent.groups.iter().flat_map(|group| group.payload.clone()).collect();
        independent.check(&stream).unwrap();
        for (entry, (path, content)) in independent.entries.iter().zip(&files) {
            assert!(independent.content(entry, &stream).unwrap() == *content, "{path}");
        }
    }
}

#[test]
fn what_a_model_codes_is_stored_once_too() {
    let text: Vec<u8> = (0..700_000u32)
        .flat_map(|line| format!("{:x} pear {line}\n", line.wrapping_mul(0x9e37_79b9)).into_bytes())
        .collect();
    let files: Files = vec![
        ("a.txt".to_owned(), text.clone()),
        ("b.txt".to_owned(), [b"one line more\n", &text[..]].concat()),
    ];
    let archive = archive_of(&files, &options(Codec::Zstd, 2 << 20));
    assert!(repeated(&archive) > text.len() as u64 * 9 / 10);
    check(&archive, &files);
}

#[test]
fn short_files_and_short_repeats_are_stored_as_they_are() {
    let one = noise(5, 9 << 20);
    let mut files: Files = vec![("a.bin".to_owned(), one.clone())];
    files.push(("b.bin".to_owned(), one[100_000..165_000].to_vec()));
    let mut pieces = Vec::new();
    for piece in one.chunks(30_000).take(40) {
        pieces.extend_from_slice(piece);
        pieces.extend(noise(piece[0].into(), 30_000));
    }
    files.push(("c.bin".to_owned(), pieces));
    let archive = archive_of(&files, &options(Codec::Store, 8 << 20));
    assert_eq!(repeated(&archive), 0);
    check(&archive, &files);
}

/// A directory `t` with a file `image` and an archive of it.
struct Images {
    at: tempfile::TempDir,
    settings: CreateOptions,
    /// The file as each generation has it.
    all: Vec<Vec<u8>>,
    /// Times that were given to the file.
    time: i64,
}

impl Images {
    fn new(first: Vec<u8>, settings: CreateOptions) -> Images {
        let at = scratch();
        fs::create_dir(at.path().join("t")).unwrap();
        fs::write(at.path().join("t/image"), &first).unwrap();
        let images = Images { at, settings, all: vec![first], time: 1_000_000 };
        let operands = [PathBuf::from("t")];
        create(&images.archive(), &operands, images.walking(), &images.settings, &CONTROL).unwrap();
        images
    }

    fn archive(&self) -> PathBuf {
        self.at.path().join("a.pear")
    }

    fn walking(&self) -> WalkOptions {
        WalkOptions { base: self.at.path().to_owned(), ..WalkOptions::default() }
    }

    /// Writes the file anew and updates the archive.
    fn change(&mut self, image: Vec<u8>) -> UpdateSummary {
        fs::write(self.at.path().join("t/image"), &image).unwrap();
        self.time += 1;
        support::set_time(&self.at.path().join("t/image"), self.time, 0);
        self.all.push(image);
        let options = UpdateOptions { create: self.settings.clone(), ..UpdateOptions::default() };
        let operands = [PathBuf::from("t")];
        update(&self.archive(), &operands, self.walking(), &options, &CONTROL).unwrap()
    }

    fn opened(&self, at: At) -> Archive {
        Archive::open_at(Volumes::open(self.archive()).unwrap(), &Limits::default(), at).unwrap()
    }

    fn check(&self) {
        for (number, image) in self.all.iter().enumerate() {
            let opened = self.opened(At::Number(number as u64));
            assert!(opened.read("t/image").unwrap() == *image, "generation {number}");
            let verified = opened.verify(2, &CONTROL).unwrap();
            assert!(verified.failures.is_empty(), "{number}: {verified:?}");
        }
    }

    /// Checks an archive made of this one, of one generation.
    fn check_copy(&self, path: &Path) -> Archive {
        let copy = Archive::open_path(path).unwrap();
        assert!(copy.read("t/image").unwrap() == *self.all.last().unwrap());
        assert!(copy.verify(2, &CONTROL).unwrap().failures.is_empty());
        copy
    }
}

/// Changes a few bytes at some places.
fn with_changes(image: &[u8], seed: u64, places: usize) -> Vec<u8> {
    let mut image = image.to_vec();
    for place in 0..places {
        let at = image.len() / places * place + 77_777;
        image[at..at + 4096].copy_from_slice(&noise(seed + place as u64, 4096));
    }
    image
}

#[test]
fn an_update_of_a_large_file_adds_what_changed() {
    let mut images = Images::new(noise(50, 20 << 20), options(Codec::Store, 4 << 20));
    let second = with_changes(&images.all[0], 60, 3);
    let added = images.change(second.clone()).stored;
    assert!(added < 3 * (600 << 10), "{added} bytes for three blocks");
    let third = [&noise(70, 1000)[..], &second[..10 << 20], &second[11 << 20..]].concat();
    let added = images.change(third.clone()).stored;
    assert!(added < 2 * (600 << 10), "{added} bytes for an insertion and a deletion");
    let added = images.change(with_changes(&third, 80, 2)).stored;
    assert!(added < 2 * (600 << 10), "{added} bytes for two blocks");
    images.check();
    let again = images.all[0].clone();
    let added = images.change(again).stored;
    assert!(added < 100 << 10, "{added} bytes for what was there before");
    images.check();
}

#[test]
fn what_is_copied_keeps_its_runs_and_is_known_to_later_updates() {
    let mut images = Images::new(noise(90, 12 << 20), options(Codec::Store, 1 << 20));
    images.change(with_changes(&images.all[0], 100, 3));
    let create = images.settings.clone();
    let (to, both) = (images.at.path().join("b.pear"), images.at.path().join("c.pear"));
    let opened = images.opened(At::Newest);
    let options = RepackOptions { create: create.clone(), recode: false };
    repack(&opened, &to, &options, &CONTROL).unwrap();
    let copy = images.check_copy(&to);
    let length = fs::metadata(&to).unwrap().len();
    assert!(length < 15 << 20, "{length}");
    merge(
        &[copy, opened],
        &both,
        &MergeOptions { create: create.clone(), rename: false },
        &CONTROL,
    )
    .unwrap();
    images.check_copy(&both);
    let recode = RepackOptions { create: create.clone(), recode: true };
    repack(&images.opened(At::Newest), &both, &recode, &CONTROL).unwrap();
    images.check_copy(&both);
    fs::rename(&to, images.archive()).unwrap();
    images.all = vec![images.all[1].clone()];
    let added = images.change(with_changes(&images.all[0], 110, 2)).stored;
    assert!(added < 2 * (600 << 10), "{added} bytes after a copy");
    images.check();
}

#[test]
fn damaged_chunks_cost_room_and_nothing_else() {
    let mut images = Images::new(noise(120, 9 << 20), options(Codec::Store, 4 << 20));
    let bytes = fs::read(images.archive()).unwrap();
    let chunks = find_chunks(&bytes);
    // Digests that say nothing of what is there: the section is damaged.
    let mut wrong = bytes;
    wrong[chunks + 56 + 200] ^= 1;
    fs::write(images.archive(), &wrong).unwrap();
    let added = images.change(with_changes(&images.all[0], 130, 1)).stored;
    assert!(added > 9 << 20, "{added}");
    let newest = images.opened(At::Newest);
    assert!(newest.read("t/image").unwrap() == images.all[1]);
    assert_eq!(newest.verify(1, &CONTROL).unwrap().failures.len(), 1, "verification tells");
}

/// Returns where the section of Type 9 begins.
fn find_chunks(bytes: &[u8]) -> usize {
    let mut starts = (0..bytes.len() - 56).filter(|&at| bytes[at..at + 4] == *b"\xF0\x9F\x8D\x90");
    starts.find(|&at| bytes[at + 16] == 9 && bytes[at + 17] == 1).expect("a section of chunks")
}

#[test]
fn a_deleted_file_whose_bytes_others_use_keeps_them() {
    let mut images = Images::new(noise(140, 10 << 20), options(Codec::Store, 2 << 20));
    let second = with_changes(&images.all[0], 150, 2);
    fs::rename(images.at.path().join("t/image"), images.at.path().join("t/old")).unwrap();
    images.change(second);
    let options =
        UpdateOptions { create: images.settings.clone(), mirror: true, ..UpdateOptions::default() };
    fs::remove_file(images.at.path().join("t/old")).unwrap();
    for round in 0..3 {
        fs::write(images.at.path().join("t/note"), format!("{round}")).unwrap();
        let operands = [PathBuf::from("t")];
        update(&images.archive(), &operands, images.walking(), &options, &CONTROL).unwrap();
        let newest = images.opened(At::Newest);
        assert!(newest.read("t/image").unwrap() == images.all[1], "{round}");
        assert!(newest.verify(1, &CONTROL).unwrap().failures.is_empty());
        assert!(newest.dead_bytes() < 2 << 20, "{round}: what runs use is not dead");
    }
}

/// A control that cuts a file short once a number of bytes is coded.
struct Cut<'a> {
    file: &'a Path,
    to: u64,
    /// Bytes that are to be coded before.
    left: Cell<u64>,
}

impl Events for Cut<'_> {
    fn event(&self, event: Event<'_>) {
        if let Event::Progress { bytes, .. } = event {
            let left = self.left.get();
            self.left.set(left.saturating_sub(bytes));
            if left > 0 && self.left.get() == 0 {
                File::options().write(true).open(self.file).unwrap().set_len(self.to).unwrap();
            }
        }
    }
}

#[test]
fn what_was_read_of_a_file_that_is_cut_short_is_not_taken_for_stored() {
    for (after, to) in [(1, 5 << 20), (12 << 20, 18 << 20), (12 << 20, 15_500_000)] {
        let at = scratch();
        let (one, walking) = (
            noise(160, 20 << 20),
            WalkOptions { base: at.path().to_owned(), ..WalkOptions::default() },
        );
        let second = [&noise(161, 1000)[..], &one].concat();
        fs::write(at.path().join("a.bin"), &one).unwrap();
        fs::write(at.path().join("b.bin"), &second).unwrap();
        fs::write(at.path().join("c.bin"), &one[..10 << 20]).unwrap();
        let events = Cut { file: &at.path().join("a.bin"), to, left: Cell::new(after) };
        let control = Control { events: &events, cancel: &GO_ON };
        let mut bytes = Vec::new();
        let operands = [PathBuf::from(".")];
        let settings = options(Codec::Store, 1 << 20);
        create_stream(&mut bytes, &operands, walking, &settings, &control).unwrap();
        let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
        let verified = archive.verify(1, &CONTROL).unwrap();
        assert!(verified.failures.is_empty(), "{after} {to}: {verified:?}");
        assert!(archive.read("b.bin").unwrap() == second, "{after} {to}");
        assert!(archive.read("c.bin").unwrap() == one[..10 << 20], "{after} {to}");
        let found = archive.read("a.bin").unwrap();
        assert!(found == one[..found.len()] && found.len() as u64 == to, "{after} {to}");
    }
}

#[test]
fn a_user_sees_what_is_stored_once_and_may_turn_it_off() {
    let dir = scratch();
    let (at, one) = (dir.path(), noise(170, 9 << 20));
    fs::create_dir_all(at.join("t")).unwrap();
    fs::create_dir(at.join("out")).unwrap();
    fs::write(at.join("t/a.bin"), &one).unwrap();
    fs::write(at.join("t/b.bin"), [&noise(171, 100)[..], &one].concat()).unwrap();
    support::run(at, "create a.pear t --codec store", 0);
    support::run(at, "create b.pear t --codec store --no-deduplication", 0);
    let info = |archive: &str| support::run(at, &format!("info {archive}"), 0).0;
    assert!(info("a.pear").contains("more, stored once\n") && !info("b.pear").contains("repeated"));
    assert!(!info("a.pear --json").contains("\"deduplicated\":0"));
    assert!(info("b.pear --json").contains("\"deduplicated\":0"));
    let archive = fs::read(at.join("a.pear")).unwrap();
    assert!((archive.len() as u64) + (8 << 20) < fs::metadata(at.join("b.pear")).unwrap().len());
    // From a pipe a file is only made of what was decoded: here the other is passed over.
    let extract = |names: &[&str]| {
        let command = [&["extract", "-", "-C", "out"], names].concat();
        support::pear(at).args(command).write_stdin(archive.clone()).assert()
    };
    let refused = extract(&["t/b.bin"]).code(5);
    let told = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(told.contains("t/b.bin") && told.contains("cannot be read from a pipe"), "{told}");
    assert!(!at.join("out/t/b.bin").exists());
    extract(&[]).code(0);
    assert!(fs::read(at.join("out/t/a.bin")).unwrap() == one);
    assert!(fs::read(at.join("out/t/b.bin")).unwrap()[100..] == one);
}
