//! Runs of the program that are killed at any moment, or whose disk is full: the archive is what
//! it was, or what it was to become.

mod support;

use pear_archive::archive::{Archive, Control, Limits, Silent};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::thread::sleep;
use std::time::{Duration, Instant};
use support::changing::*;
use support::*;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Returns a part of a time.
    fn part(&mut self, whole: Duration) -> Duration {
        whole.mul_f64((self.next() >> 11) as f64 / (1u64 << 53) as f64)
    }
}

fn spawn(at: &Path, line: &str) -> std::process::Child {
    let mut program = Command::new(assert_cmd::cargo::cargo_bin!("pear-archive"));
    program.args(line.split_whitespace()).current_dir(at);
    program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Returns the paths of an archive after all of it was found right.
fn paths(archive: &Path) -> Vec<String> {
    let file = fs::File::open(archive).unwrap();
    let opened = Archive::open_any(file, &Limits::default(), &CONTROL).unwrap();
    assert!(opened.recovery().is_none(), "{archive:?} is damaged");
    let failed = opened.verify(1, &CONTROL).unwrap().failures;
    // Bytes behind the end are all that may be wrong.
    let harmless = failed.keys().all(|kind| *kind == pear_archive::archive::ErrorKind::Environment);
    assert!(harmless, "{failed:?}");
    opened.entries().iter().map(|entry| entry.display().to_string()).collect()
}

/// Makes a directory on the usual disk with a tree and an archive `first` of it, then changes
/// the tree.
fn prepared() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().to_owned();
    begin(&at);
    fs::copy(at.join("a.pear"), at.join("first")).unwrap();
    write(&at, "t/b.txt", "changed\n".repeat(9));
    write(&at, "t/new.bin", noise(3, 300_000));
    write(&at, "t/sub/new.txt", "new\n".repeat(500));
    fs::remove_file(at.join("t/way")).unwrap();
    (dir, at)
}

/// Kills a run of `line`, which changes `a.pear`, so many times: half of them anywhere, half once
/// the archive has begun to change. Each leaves what was or what is to be, and the next run makes
/// of it what is to be.
fn kill(at: &Path, line: &str, count: u64, seed: u64) {
    let archive = at.join("a.pear");
    let first = fs::read(at.join("first")).unwrap();
    fs::write(&archive, &first).unwrap();
    let before = paths(&archive);
    let began = Instant::now();
    run(at, line, 0);
    let whole = began.elapsed();
    let last = fs::read(&archive).unwrap();
    let after = paths(&archive);
    let (mut numbers, mut cut) = (Numbers(seed), 0);
    for number in 0..count {
        fs::write(&archive, &first).unwrap();
        let mut child = spawn(at, line);
        if number % 2 == 0 {
            sleep(numbers.part(whole));
        } else {
            let changes = || fs::metadata(&archive).unwrap().len() != first.len() as u64;
            while !changes() && child.try_wait().unwrap().is_none() {
                std::thread::yield_now();
            }
            sleep(numbers.part(whole / 8));
        }
        let _ = child.kill();
        child.wait().unwrap();
        let found = fs::read(&archive).unwrap();
        let listed = paths(&archive);
        if found == last {
            assert_eq!(listed, after);
            continue;
        }
        assert!(found.starts_with(&first), "{line}: what is complete was changed");
        assert_eq!(listed, before, "{line}");
        cut += 1;
        if number % 20 < 2 {
            let code = if found.len() > first.len() { 1 } else { 0 };
            assert_eq!(run(at, "list a.pear", code).0.lines().count(), before.len());
            run(at, "verify a.pear", code);
            run(at, line, 0);
            assert!(fs::read(&archive).unwrap() == last, "{line}: went on to something else");
        }
    }
    assert!(cut > 0, "{line}: no run was killed before its end");
    assert_eq!(leftovers(at), Vec::<PathBuf>::new());
}

#[test]
fn an_update_that_is_killed_leaves_what_was_or_what_is_to_be() {
    let (_dir, at) = prepared();
    kill(&at, "update a.pear t --mirror --no-date --codec zstd -j 2", 200, 1);
}

#[test]
fn other_changes_that_are_killed_leave_what_was_or_what_is_to_be() {
    let (_dir, at) = prepared();
    kill(&at, "append a.pear t --skip-existing --no-date --codec zstd", 20, 2);
    kill(&at, "delete a.pear t/sub --no-date", 20, 3);
    kill(&at, "rename a.pear t u --no-date", 20, 4);
    // What is pruned takes the place of what was in one step.
    fs::write(at.join("a.pear"), fs::read(at.join("first")).unwrap()).unwrap();
    run(&at, "update a.pear t --mirror --no-date --codec zstd", 0);
    fs::copy(at.join("a.pear"), at.join("first")).unwrap();
    kill(&at, "prune a.pear --codec zstd", 20, 5);
}

#[test]
fn a_change_for_which_the_disk_has_no_room_leaves_the_archive_as_it_was() {
    let (_dir, at) = prepared();
    let first = fs::read(at.join("first")).unwrap();
    let program = assert_cmd::cargo::cargo_bin!("pear-archive");
    // Units of 1,024 bytes: the archive fits, and nothing or a little more.
    let fits = first.len().div_ceil(1024);
    for line in [
        "update a.pear t --mirror --no-date --codec zstd",
        "append a.pear t --skip-existing --no-date --codec zstd",
        "delete a.pear t/sub --no-date",
        "rename a.pear t u --no-date",
    ] {
        for blocks in [fits - 1, fits] {
            if blocks == fits && !line.ends_with("zstd") {
                continue; // that little fits
            }
            let script = format!("ulimit -f {blocks}; exec \"$0\" {line}");
            let mut bash = Command::new("bash");
            bash.args(["-c", &script]).arg(program).current_dir(&at);
            let output = bash.output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{line}: {stderr}");
            assert!(stderr.contains("a.pear") && stderr.lines().count() == 1, "{stderr}");
            assert!(fs::read(at.join("a.pear")).unwrap() == first, "{line}: {stderr}");
        }
    }
    let script = "ulimit -f 20; exec \"$0\" prune a.pear";
    let output = Command::new("bash").args(["-c", script]).arg(program).current_dir(&at).output();
    assert_eq!(output.unwrap().status.code(), Some(2));
    assert!(fs::read(at.join("a.pear")).unwrap() == first);
    assert_eq!(leftovers(&at), Vec::<PathBuf>::new());
}
