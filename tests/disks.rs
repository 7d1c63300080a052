//! Disks that fail while an archive is read, groups of every codec with a wrong byte,
//! descriptors that run out, and named pipes.

#[path = "support/forge/mod.rs"]
mod forge;
mod support;

use pear_archive::ReadAt;
use pear_archive::archive::{
    Archive, ArchiveError, Control, CreateOptions, ErrorKind, ExtractOptions, ExtractSummary,
    Limits, Silent, create_stream, extract, extract_stream,
};
use pear_archive::codec::{Choice, Codec, CodecOptions};
use pear_archive::tree::WalkOptions;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;
use support::*;
use tempfile::TempDir;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

type Files = BTreeMap<String, Vec<u8>>;

/// An archive with some unreadable bytes.
struct Failing<'a> {
    archive: &'a [u8],
    bad: Range<u64>,
}

fn unreadable() -> io::Error {
    io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error())
}

impl ReadAt for Failing<'_> {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let end = offset + buffer.len() as u64;
        match offset < self.bad.end && self.bad.start < end {
            true => Err(unreadable()),
            false => self.archive.read_exact_at(buffer, offset),
        }
    }

    fn length(&self) -> io::Result<u64> {
        self.archive.length()
    }
}

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.bad.contains(&0) {
            return Err(unreadable());
        }
        let count = buffer.len().min(self.archive.len()).min(self.bad.start as usize);
        buffer[..count].copy_from_slice(&self.archive[..count]);
        self.archive = &self.archive[count..];
        self.bad = self.bad.start - count as u64..self.bad.end.saturating_sub(count as u64);
        Ok(count)
    }
}

/// Returns text with little repetition, so that every codec has something to do.
fn text(seed: u32, length: usize) -> Vec<u8> {
    let mut state = seed;
    let word = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        format!("{} {:x}\n", state >> 16, state >> 24).into_bytes()
    };
    let mut text: Vec<u8> = (0..length / 4).flat_map(word).collect();
    text.truncate(length);
    text
}

/// Archives `files` files of some kilobytes each.
fn pack(codec: Codec, group_size: u64, files: u32) -> (Vec<u8>, Files) {
    let tree = TempDir::new().unwrap();
    let files: Files =
        (0..files).map(|number| (format!("{number}.txt"), text(number, 9000))).collect();
    for (name, content) in &files {
        fs::write(tree.path().join(name), content).unwrap();
    }
    let codec = CodecOptions { choice: Choice::Only(codec), level: 1, ..CodecOptions::default() };
    let options = CreateOptions { codec, group_size, jobs: 1, ..CreateOptions::default() };
    let walking = WalkOptions { base: tree.path().to_owned(), ..WalkOptions::default() };
    let mut archive = Vec::new();
    create_stream(&mut archive, &[PathBuf::from(".")], walking, &options, &CONTROL).unwrap();
    (archive, files)
}

/// Checks that the extracted files are right, and returns their number.
fn right(to: &Path, files: &Files) -> usize {
    let names = fs::read_dir(to).unwrap().map(|item| item.unwrap().file_name());
    names
        .map(|name| {
            let name = name.into_string().unwrap();
            assert!(fs::read(to.join(&name)).unwrap() == files[&name], "{name} is wrong");
        })
        .count()
}

fn one_job() -> ExtractOptions {
    ExtractOptions { jobs: 1, ..ExtractOptions::default() }
}

/// Extracts and returns the number of extracted files, which must all be right.
fn by_index(archive: impl ReadAt + Send, files: &Files) -> (usize, ExtractSummary) {
    let to = TempDir::new().unwrap();
    let done = extract(archive, to.path(), &one_job(), &Limits::default(), &CONTROL).unwrap();
    (right(to.path(), files), done)
}

#[test]
fn an_unreadable_sector_is_damage_wherever_it_lies() {
    let (archive, files) = pack(Codec::Store, 9000, 4);
    let group = forge::groups(&archive)[1].payload.clone();
    let in_group = (group.start + group.len() / 2) as u64;
    let end = archive.len() as u64;
    let footer = end - forge::FOOTER as u64;
    for (what, at, lost) in [
        ("group", in_group, 1),
        ("index", footer - 20, 0),
        ("footer", end - 8, 0),
        ("preface", forge::PREFACE as u64 / 2, 0),
    ] {
        let failing = Failing { archive: &archive, bad: at..at + 1 };
        let (found, done) = by_index(failing, &files);
        assert_eq!(found, files.len() - lost, "{what}");
        assert!(done.failed(ErrorKind::Integrity) > 0, "{what}: {done:?}");
        // The result is the same as with a wrong byte in the same place.
        let mut flipped = archive.clone();
        flipped[at as usize] ^= 1;
        let (found, other) = by_index(&flipped[..], &files);
        assert_eq!((found, other.failures), (files.len() - lost, done.failures), "{what}");
    }
}

#[test]
fn a_pipe_that_fails_gives_what_came_before() {
    let (archive, files) = pack(Codec::Store, 9000, 4);
    let at = forge::groups(&archive)[2].offset as u64 + 100;
    let to = TempDir::new().unwrap();
    let failing = Failing { archive: &archive, bad: at..at + 1 };
    let limits = Limits::default();
    let done = extract_stream(failing, to.path(), &one_job(), &limits, &CONTROL);
    assert_eq!(right(to.path(), &files), 2);
    let failed = done.map(|done| !done.failures.is_empty());
    assert!(matches!(failed, Ok(true) | Err(ArchiveError::Container(_))), "{failed:?}");
}

#[test]
fn a_wrong_byte_in_a_group_of_any_codec_is_damage_and_what_is_right_comes_out() {
    for codec in [Codec::Store, Codec::Zstd, Codec::Bpe, Codec::Pear] {
        let (archive, files) = pack(codec, 1 << 20, 6);
        let group = forge::groups(&archive)[0].clone();
        let (payload, length) = (group.payload.start, group.payload.len());
        assert_eq!(group.codec, codec as u8);
        for part in [1, 30, 60, 90] {
            let mut damaged = archive.clone();
            damaged[payload + length * part / 100] ^= 0x10;
            let (found, done) = by_index(&damaged[..], &files);
            let all = done.failures.keys().all(|&kind| kind == ErrorKind::Integrity);
            assert!(all && found < files.len(), "{codec:?} {part}: {done:?}");
            // A model gives right bytes up to the damage; of stored files one is damaged.
            let least = match codec {
                Codec::Store => files.len() - 1,
                Codec::Pear => (files.len() * part / 100).saturating_sub(1),
                _ => 0,
            };
            assert!(found >= least, "{codec:?} {part}: {found} files came out");
            let opened = Archive::open(&damaged[..], &Limits::default()).unwrap();
            let verified = opened.verify(1, &CONTROL).unwrap();
            assert!(verified.failed(ErrorKind::Integrity) > 0, "{codec:?} {part}");
        }
    }
}

/// Runs a line of bash, with `$PEAR` as the program. Returns the exit code, stdout and
/// stderr.
fn bash(at: &Path, line: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new("bash");
    command.args(["-c", line]).current_dir(at).env("PEAR", env!("CARGO_BIN_EXE_pear-archive"));
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn too_few_descriptors_end_a_run_in_one_line() {
    let at = TempDir::new().unwrap();
    for number in 0..40 {
        let directory = at.path().join(format!("d/{number}/e"));
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("file"), number.to_string()).unwrap();
    }
    run(at.path(), "create x.pear d --codec zstd", 0);
    let mut refused = 0;
    for most in 4..16 {
        let line = format!("ulimit -n {most}; \"$PEAR\" extract x.pear -C out{most}");
        let (code, stdout, stderr) = bash(at.path(), &line);
        let out = at.path().join(format!("out{most}"));
        match code {
            Some(0) => assert_same(&at.path().join("d"), &out.join("d")),
            Some(2) => {
                refused += 1;
                assert!(stdout.is_empty() && stderr.lines().count() == 1, "{most}: {stderr}");
                assert!(!out.exists() || leftovers(&out).is_empty(), "{most}");
            }
            other => panic!("{most}: {other:?} {stderr}"),
        }
    }
    assert!(refused > 0, "no limit was too low");
}

#[test]
fn archives_are_read_from_pipes_with_names() {
    let at = TempDir::new().unwrap();
    fs::create_dir(at.path().join("d")).unwrap();
    fs::write(at.path().join("d/a"), "alpha").unwrap();
    run(at.path(), "create x.pear d", 0);
    for (line, printed) in [
        ("list", "d\nd/a\n"),
        ("verify", ""),
        ("info --json", "{"),
        ("extract -C out", ""),
        ("cat", "alpha"),
        ("export", "d/"),
    ] {
        let (command, options) = line.split_once(' ').unwrap_or((line, ""));
        let behind = match command {
            "cat" => "d/a",
            "export" => "- | tar -t",
            _ => "",
        };
        let read = |pipe: &str| format!("\"$PEAR\" {command} {pipe} {options} {behind}");
        let substituted = read("<(cat x.pear)");
        let fifo = format!("rm -f pipe; mkfifo pipe; cat x.pear > pipe & {}", read("pipe"));
        for line in [substituted, fifo] {
            let (code, stdout, stderr) = bash(at.path(), &line);
            assert_eq!((code, &stderr[..]), (Some(0), ""), "{line}");
            assert!(stdout.starts_with(printed), "{line}: {stdout}");
            if command == "extract" {
                fs::remove_dir_all(at.path().join("out")).unwrap();
            }
        }
    }
}
