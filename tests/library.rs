//! The crate as a program uses it: a built archive is the one that `create` makes,
//! reading gives the original contents, and a group is decoded once.

mod support;

use pear_archive::archive::{ErrorKind, create_stream};
use pear_archive::entry::{Common, Kind, Metadata, Timestamp};
use pear_archive::options::{
    Choice, Codec, CodecOptions, CreateOptions, ExtractOptions, Limits, WalkOptions,
};
use pear_archive::patterns::Patterns;
use pear_archive::{Archive, ArchiveError, Builder, Control, Entry, Sink};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use support::noise;
use tempfile::TempDir;

fn options(codec: Codec, group_size: u64) -> CreateOptions {
    let codec = CodecOptions { choice: Choice::Only(codec), ..CodecOptions::default() };
    CreateOptions { codec, group_size, jobs: 2, ..CreateOptions::default() }
}

fn walking(base: &Path) -> WalkOptions {
    WalkOptions { base: base.to_owned(), ..WalkOptions::default() }
}

/// Makes an archive of twelve files of 9,000 bytes in groups of 24,576, and returns it
/// with their contents. They are long enough that none shares a digest.
fn twelve() -> (Vec<u8>, BTreeMap<String, Vec<u8>>) {
    let files = (0..12u64).map(|number| (format!("{number:02}.bin"), noise(number + 1, 9000)));
    let files: BTreeMap<_, _> = files.collect();
    let mut bytes = Vec::new();
    let mut builder = Builder::new(&mut bytes).options(options(Codec::Store, 24_576));
    for (name, content) in &files {
        builder.append_data(&name[..], content).unwrap();
    }
    builder.finish().unwrap();
    (bytes, files)
}

fn open(bytes: &[u8]) -> Archive<&[u8]> {
    Archive::open(bytes, &Limits::default()).unwrap()
}

#[test]
fn a_builder_makes_what_create_makes() {
    let tree = TempDir::new().unwrap();
    support::build_tree(tree.path());
    for (codec, group_size) in [(Codec::Store, 1 << 20), (Codec::Zstd, 5_000)] {
        let settings = options(codec, group_size);
        let operands = [PathBuf::from("sub"), PathBuf::from(".")];
        let (mut made, mut built) = (Vec::new(), Vec::new());
        let control = Control::default();
        create_stream(&mut made, &operands, walking(tree.path()), &settings, &control).unwrap();
        let mut builder = Builder::new(&mut built).options(settings).walking(walking(tree.path()));
        for operand in &operands {
            builder.append_path(operand).unwrap();
        }
        builder.finish_with(&control).unwrap();
        assert!(made == built, "{codec:?}");
    }
}

#[test]
fn given_data_makes_the_archive_that_files_make() {
    let tree = TempDir::new().unwrap();
    let contents = [("a.txt", noise(1, 100)), ("b.txt", noise(2, 200_000)), ("c", Vec::new())];
    for (name, content) in &contents {
        fs::write(tree.path().join(name), content).unwrap();
    }
    fs::hard_link(tree.path().join("b.txt"), tree.path().join("a link")).unwrap();
    std::os::unix::fs::symlink("c", tree.path().join("points")).unwrap();
    let settings = options(Codec::Zstd, 50_000);
    let mut made = Vec::new();
    let mut builder =
        Builder::new(&mut made).options(settings.clone()).walking(walking(tree.path()));
    builder.append_path(".").unwrap();
    builder.finish().unwrap();

    let archive = open(&made);
    let metadata = |name: &str| archive.entry(name).unwrap().metadata.clone();
    let mut built = Vec::new();
    let mut builder = Builder::new(&mut built).options(settings);
    for (name, content) in contents.iter().rev() {
        let file = Entry { metadata: metadata(name), ..Entry::file(name) };
        // In every way of giving it.
        match name.starts_with('a') {
            true => builder.append_data(file, content).unwrap(),
            false => builder.append_reader(file, io::Cursor::new(content)).unwrap(),
        }
    }
    let kind = Kind::HardLink { target: b"b.txt".to_vec() };
    let path = b"a link".to_vec();
    builder.append_entry(Entry { path, kind, metadata: metadata("a link") }).unwrap();
    let points = Entry { metadata: metadata("points"), ..Entry::symlink("points", "c") };
    builder.append_entry(points).unwrap();
    builder.finish().unwrap();
    assert!(made == built);
}

#[test]
fn a_builder_refuses_what_no_archive_holds() {
    let mut bytes = Vec::new();
    let mut builder = Builder::new(&mut bytes);
    builder.append_data("file", "x").unwrap();
    let cause = |result: Result<(), ArchiveError>| match result.unwrap_err() {
        ArchiveError::Unfit { cause, .. } => cause,
        other => panic!("{other}"),
    };
    assert_eq!(cause(builder.append_data("file", "y")), "its path was given before");
    assert_eq!(cause(builder.append_entry("other")), "a regular file needs content");
    let directory = Entry::directory("d");
    assert_eq!(cause(builder.append_data(directory, "x")), "only regular files have content");
    let link = Entry { kind: Kind::HardLink { target: b"gone".to_vec() }, ..Entry::file("link") };
    assert_eq!(cause(builder.append_entry(link)), "nothing it may link to was given before");
    for path in ["/absolute", "a/../b", "", "a//b"] {
        assert_eq!(builder.append_data(path, "x").unwrap_err().kind(), ErrorKind::Unsafe);
    }
    assert_eq!(builder.append_path("no such file").unwrap_err().kind(), ErrorKind::Environment);
    builder.append_data("file/below", "x").unwrap();
    let below = builder.finish().unwrap_err();
    assert!(below.to_string().contains("file/below"), "{below}");
}

#[test]
fn a_strict_builder_leaves_nothing_when_a_file_is_lost() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("a.pear");
    fs::write(&path, "what was there").unwrap();
    let file = place.path().join("file");
    fs::write(&file, "content").unwrap();
    let mut builder = Builder::create(&path).unwrap();
    builder.append_path(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let lost = builder.finish().unwrap_err();
    assert!(lost.to_string().contains("file"), "{lost}");
    assert_eq!(fs::read(&path).unwrap(), b"what was there");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "nothing is left behind");
}

#[test]
fn paths_and_data_go_into_one_archive() {
    let place = TempDir::new().unwrap();
    fs::write(place.path().join("on disk"), "from disk").unwrap();
    let path = place.path().join("a.pear");
    let modified = Timestamp { seconds: 7, nanoseconds: 9 };
    let common = Common { mode: 0o600, ..Common::default() };
    let metadata = Metadata { modified, common: common.into() };
    let mut builder = Builder::create(&path).unwrap().walking(walking(place.path()));
    builder.append_path(".").unwrap();
    builder.append_entry(Entry::directory("d")).unwrap();
    let long = noise(3, 300_000);
    builder
        .append_data(Entry { metadata: metadata.clone(), ..Entry::file("d/given") }, &long)
        .unwrap();
    builder.finish().unwrap();
    let archive = Archive::open_path(&path).unwrap();
    let paths: Vec<_> = archive.into_iter().map(|entry| entry.display().to_string()).collect();
    assert_eq!(paths, ["d", "d/given", "on disk"], "the archive itself is left out");
    assert_eq!(archive.read("on disk").unwrap(), b"from disk");
    assert!(archive.read("d/given").unwrap() == long);
    let given = archive.entry("d/given").unwrap();
    assert_eq!((given.as_path(), &given.metadata), (Path::new("d/given"), &metadata));
    assert!(archive.verify(1, &Control::default()).unwrap().is_complete());
}

#[test]
fn a_loop_over_files_decodes_each_group_once() {
    let (bytes, files) = twelve();
    type Take = fn(&Archive<&[u8]>, &str) -> Vec<u8>;
    let ways: [Take; 4] = [
        |archive, name| archive.read(name).unwrap(),
        |archive, name| {
            let mut content = Vec::new();
            let mut reader = archive.reader(archive.entry(name).unwrap()).unwrap();
            reader.read_to_end(&mut content).unwrap();
            content
        },
        |archive, name| {
            let mut content = Vec::new();
            archive.cat(name, &mut content, 1, &Control::default()).unwrap();
            content
        },
        |archive, name| {
            let to = TempDir::new().unwrap();
            let patterns = Patterns::selecting(&[name]).unwrap();
            let options = ExtractOptions { patterns, jobs: 1, ..ExtractOptions::default() };
            archive.extract(to.path(), &options, &Control::default()).unwrap();
            fs::read(to.path().join(name)).unwrap()
        },
    ];
    for (number, take) in ways.iter().enumerate() {
        let archive = open(&bytes);
        let groups = archive.groups().count() as u64;
        assert!(groups > 3, "{groups}");
        for (name, content) in files.iter().chain(files.iter().rev()) {
            assert!(take(&archive, name) == *content, "{name}");
        }
        assert_eq!(archive.groups_decoded(), groups, "way {number}");
        // Cached groups can be dropped.
        archive.keep_groups(0);
        for (name, content) in &files {
            assert!(take(&archive, name) == *content, "{name}");
        }
        assert!(archive.groups_decoded() >= groups + files.len() as u64, "way {number}");
    }
}

#[test]
fn no_more_groups_are_kept_than_there_is_room_for() {
    let (bytes, files) = twelve();
    let archive = open(&bytes);
    archive.keep_groups(20_000);
    for (name, content) in &files {
        assert!(archive.read(name).unwrap() == *content);
    }
    // The cache has room for two groups: that of the last file is cached, that of the first
    // is not.
    let before = archive.groups_decoded();
    archive.read("11.bin").unwrap();
    assert_eq!(archive.groups_decoded(), before);
    archive.read("00.bin").unwrap();
    assert_eq!(archive.groups_decoded(), before + 1);
}

#[test]
fn a_file_larger_than_the_memory_allowed_is_not_read() {
    let mut bytes = Vec::new();
    let mut builder = Builder::new(&mut bytes).options(options(Codec::Store, 20_000));
    builder.append_data("large", noise(1, 400_000)).unwrap();
    builder.finish().unwrap();
    let limits = Limits { memory: 300_000, ..Limits::default() };
    let archive = Archive::open(&bytes[..], &limits).unwrap();
    assert_eq!(archive.read("large").unwrap_err().kind(), ErrorKind::Limit);
    let mut reader = archive.reader(archive.entry("large").unwrap()).unwrap();
    assert_eq!(io::copy(&mut reader, &mut io::sink()).unwrap(), 400_000, "in pieces it fits");
}

#[test]
fn a_reader_reads_from_any_place() {
    let tree = TempDir::new().unwrap();
    support::build_tree(tree.path());
    fs::write(tree.path().join("long"), noise(5, 50_000)).unwrap();
    let mut bytes = Vec::new();
    let settings = options(Codec::Zstd, 7_000);
    let mut builder = Builder::new(&mut bytes).options(settings).walking(walking(tree.path()));
    builder.append_path(".").unwrap();
    builder.finish_with(&Control::default()).unwrap();
    let archive = open(&bytes);
    let mut files = 0;
    for entry in archive.entries() {
        let path = tree.path().join(entry.as_path());
        let Ok(mut reader) = archive.reader(entry) else {
            assert!(!path.is_file() || path.is_symlink(), "{path:?}");
            continue;
        };
        files += 1;
        let wanted = fs::read(&path).unwrap();
        assert_eq!(reader.size(), wanted.len() as u64);
        assert!(archive.read(&entry.path).unwrap() == wanted, "{path:?}");
        for at in [0, 1, 6_999, 7_000, 33_333, 65_536, wanted.len(), wanted.len() + 5] {
            let at = at.min(wanted.len() + 5);
            assert_eq!(reader.seek(SeekFrom::Start(at as u64)).unwrap(), at as u64);
            let mut found = vec![0; 1000];
            let length = read_some(&mut reader, &mut found).unwrap();
            let expected = &wanted[at.min(wanted.len())..(at + 1000).min(wanted.len())];
            assert!(found[..length] == *expected, "{path:?} at {at}");
        }
        reader.rewind().unwrap();
        let mut again = Vec::new();
        reader.read_to_end(&mut again).unwrap();
        assert!(again == wanted);
        assert!(reader.seek(SeekFrom::Current(-(again.len() as i64) - 1)).is_err());
    }
    assert!(files > 4);
}

/// Reads until the buffer is full or the file ends.
fn read_some(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match reader.read(&mut buffer[done..])? {
            0 => break,
            length => done += length,
        }
    }
    Ok(done)
}

#[test]
fn damage_costs_a_reader_only_the_files_it_hits() {
    let (mut bytes, files) = twelve();
    let at = bytes.windows(50).position(|window| *window == files["04.bin"][200..250]).unwrap();
    bytes[at] ^= 1;
    let archive = open(&bytes);
    for (name, content) in &files {
        match archive.read(name) {
            Ok(found) => assert!(found == *content && name != "04.bin"),
            Err(error) => assert!(error.kind() == ErrorKind::Integrity && name == "04.bin"),
        }
    }
    assert_eq!(archive.groups_decoded(), archive.groups().count() as u64, "damaged ones, too");
    let mut reader = archive.reader(archive.entry("04.bin").unwrap()).unwrap();
    let error = reader.read(&mut [0; 10]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    let error: ArchiveError = error.downcast().unwrap();
    assert!(error.to_string().starts_with("04.bin: damaged"), "{error}");
}

/// A sink that keeps everything it gets, with the outcome.
#[derive(Default)]
struct Shelf {
    files: BTreeMap<String, Vec<u8>>,
    others: Vec<String>,
    discarded: Vec<String>,
    fails: bool,
}

impl Sink for Shelf {
    type File = Vec<u8>;

    fn begin(&mut self, entry: &Entry) -> io::Result<Option<Vec<u8>>> {
        match self.fails && entry.is_file() {
            true => Err(io::Error::other("the shelf is full")),
            false => Ok((entry.as_path() != Path::new("03.bin")).then(Vec::new)),
        }
    }

    fn finish(&mut self, entry: &Entry, file: Vec<u8>) -> io::Result<()> {
        match entry.is_file() {
            true => drop(self.files.insert(entry.display().to_string(), file)),
            false => self.others.push(entry.display().to_string()),
        }
        Ok(())
    }

    fn discard(&mut self, entry: &Entry, _: Vec<u8>) {
        self.discarded.push(entry.display().to_string());
    }
}

#[test]
fn a_sink_gets_whole_files_and_gives_back_damaged_ones() {
    let (mut bytes, mut files) = twelve();
    let at = bytes.windows(50).position(|window| *window == files["04.bin"][200..250]).unwrap();
    bytes[at] ^= 1;
    let archive = open(&bytes);
    let mut shelf = Shelf::default();
    let control = Control::default();
    let summary = archive.extract_to(&mut shelf, &ExtractOptions::default(), &control).unwrap();
    assert_eq!((summary.entries, summary.failed(ErrorKind::Integrity)), (10, 1));
    files.retain(|name, _| name != "03.bin" && name != "04.bin");
    assert!(shelf.files == files && shelf.discarded == ["04.bin"]);
    let mut shelf = Shelf { fails: true, ..Shelf::default() };
    let failed = archive.extract_to(&mut shelf, &ExtractOptions::default(), &control).unwrap_err();
    assert!(failed.to_string().contains("the shelf is full"), "{failed}");
}

#[test]
fn a_closure_gets_every_kind_of_file_as_it_reads_on_disk() {
    let tree = TempDir::new().unwrap();
    support::build_tree(tree.path());
    let mut bytes = Vec::new();
    let settings = options(Codec::Zstd, 9_000);
    let mut builder = Builder::new(&mut bytes).options(settings).walking(walking(tree.path()));
    builder.append_path(".").unwrap();
    builder.finish_with(&Control::default()).unwrap();
    let archive = open(&bytes);
    let mut names = Vec::new();
    let summary =
        archive.for_each_file(&ExtractOptions::default(), &Control::default(), |entry, content| {
            assert!(fs::read(tree.path().join(entry.as_path()))? == content, "{}", entry.display());
            names.push(entry.path.clone());
            Ok(())
        });
    assert!(summary.unwrap().is_complete());
    let files = archive.entries().iter().filter(|entry| entry.is_file());
    assert_eq!(names.len(), files.clone().count());
    // Other entries go to a sink, too.
    let mut shelf = Shelf::default();
    archive.extract_to(&mut shelf, &ExtractOptions::default(), &Control::default()).unwrap();
    assert_eq!(shelf.others.len() + shelf.files.len(), archive.entries().len());
    // A file that is too large is refused before anything is given out.
    let largest = files.map(Entry::size).max().unwrap();
    let limits = Limits { memory: largest, ..Limits::default() };
    let small = Archive::open(&bytes[..], &limits).unwrap();
    let nothing = |_: &Entry, _| panic!("something was given out");
    let refused = small.for_each_file(&ExtractOptions::default(), &Control::default(), nothing);
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Limit);
}

#[test]
fn an_error_of_a_closure_ends_the_run_and_comes_back() {
    let (bytes, _) = twelve();
    let archive = open(&bytes);
    let mut calls = 0;
    let result = archive.for_each_file(&ExtractOptions::default(), &Control::default(), |_, _| {
        calls += 1;
        Err(io::Error::other("enough"))
    });
    assert!(result.unwrap_err().to_string().contains("enough"));
    assert_eq!(calls, 1);
}

#[test]
fn a_writer_that_fails_is_named() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("no room"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut builder = Builder::new(Full).options(options(Codec::Store, 1 << 20));
    builder.append_data("file", "content").unwrap();
    let failed = builder.finish().unwrap_err();
    assert!(failed.to_string().contains("no room"), "{failed}");
}
