//! `create --checkpoint`: what an interrupted run leaves, and what goes on from it.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use support::changing::*;
use support::*;

const CREATE: &str =
    "create a.pear t --checkpoint=100K --group-size 50K --codec zstd -j 2 --no-recipes";

/// Makes a tree of many groups, with links, holes and packed files.
fn tree(at: &Path) {
    for number in 0..120 {
        write(at, &format!("t/d{}/f{number}.bin", number % 7), noise(number + 1, 20_000));
    }
    write(at, "t/large.bin", noise(500, 400_000));
    write(at, "t/a.txt", "the first file\n".repeat(30));
    fs::hard_link(at.join("t/d1/f1.bin"), at.join("t/zz")).unwrap();
    fs::hard_link(at.join("t/large.bin"), at.join("t/also large")).unwrap();
    std::os::unix::fs::symlink("a.txt", at.join("t/way")).unwrap();
    sparse_file(&at.join("t/holes"));
}

fn spawn(at: &Path, line: &str) -> Child {
    let mut program = Command::new(assert_cmd::cargo::cargo_bin!("pear-archive"));
    program.args(line.split_whitespace()).current_dir(at);
    program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Returns a number of the JSON that `info` prints of an archive.
fn info(at: &Path, archive: &str, field: &str, code: i32) -> String {
    let line = run(at, &format!("info --json {archive}"), code).0;
    let record: serde_json::Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    record[field].to_string()
}

/// Checks that an archive holds the tree, as one that was made in one go does.
fn check(at: &Path, archive: &str) {
    run(at, &format!("verify {archive}"), 0);
    run(at, &format!("diff {archive} one.pear"), 0);
    run(at, &format!("diff {archive} --checksum"), 0);
    assert_eq!(info(at, archive, "incomplete", 0), "false");
}

#[test]
fn an_archive_with_checkpoints_holds_what_one_without_holds() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    tree(at);
    run(at, "create one.pear t --codec zstd", 0);
    run(at, CREATE, 0);
    check(at, "a.pear");
    assert!(!at.join("a.pear.partial").exists());
    let listed = run(at, "generations a.pear", 0).0;
    let lines: Vec<&str> = listed.lines().skip(1).collect();
    assert!(lines.len() > 8, "{listed}");
    let (last, before) = lines.split_last().unwrap();
    assert!(before.iter().all(|line| line.ends_with("incomplete")), "{listed}");
    assert!(!last.ends_with("incomplete"), "{listed}");
    let first = fs::read(at.join("a.pear")).unwrap();
    // The bytes are those of every run with the same distance, and whatever was there goes.
    run(at, &CREATE.replace("-j 2", "-j 1"), 0);
    assert!(fs::read(at.join("a.pear")).unwrap() == first);
    run(at, "repack a.pear b.pear --codec zstd", 0);
    check(at, "b.pear");
    assert_eq!(run(at, "generations b.pear", 0).0.lines().count(), 2);
    // From a pipe it is the same.
    let mut program = pear(at);
    program.args(["extract", "-", "-C", "out"]).write_stdin(first);
    program.assert().code(0);
    assert_same(&at.join("t"), &at.join("out/t"));
}

#[test]
fn what_an_interrupted_run_left_is_read_and_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    tree(at);
    run(at, "create one.pear t --codec zstd", 0);
    run(at, CREATE, 0);
    // What is written comes in its order: a killed run leaves the beginning.
    let whole = fs::read(at.join("a.pear")).unwrap();
    fs::remove_file(at.join("a.pear")).unwrap();
    let partial = "a.pear.partial";
    for part in [3, 5, 7, 9] {
        fs::write(at.join(partial), &whole[..whole.len() * part / 10]).unwrap();
        let extract = "extract -C half --overwrite always";
        for line in ["list", "verify", "info", "generations", extract] {
            let (_, stderr) = run(at, &format!("{line} {partial}"), 1);
            assert!(stderr.contains("the archive is incomplete"), "{line}: {stderr}");
        }
        assert_eq!(info(at, partial, "incomplete", 1), "true");
        let bytes = fs::read(at.join(partial)).unwrap();
        let output = pear(at).args(["verify", "-"]).write_stdin(bytes).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && stderr.contains("incomplete"), "{stderr}");
        let there = info(at, partial, "entries", 1);
        // A change of names does not complete it.
        fs::copy(at.join(partial), at.join("c.pear")).unwrap();
        run(at, "delete c.pear t/d1 --no-date", 0);
        assert_eq!(info(at, "c.pear", "incomplete", 1), "true");
        fs::copy(at.join(partial), at.join("d.pear")).unwrap();
        run(at, "update d.pear t --no-date --codec zstd", 0);
        check(at, "d.pear");
        let (_, stderr) = run(at, CREATE, 0);
        check(at, "a.pear");
        assert!(there.parse::<u64>().unwrap() > 3, "{stderr}");
        assert!(!at.join(partial).exists());
        // What was there was not coded again.
        let grown = length(at, "a.pear");
        assert!(grown < whole.len() as u64 + 20_000, "{grown}, not {}", whole.len());
    }
}

#[test]
fn what_changed_since_is_archived_as_it_is_now() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    tree(at);
    run(at, CREATE, 0);
    let whole = fs::read(at.join("a.pear")).unwrap();
    fs::remove_file(at.join("a.pear")).unwrap();
    fs::write(at.join("a.pear.partial"), &whole[..whole.len() / 2]).unwrap();
    fs::remove_dir_all(at.join("t/d1")).unwrap();
    write(at, "t/d2/f2.bin", noise(900, 30_000));
    fs::remove_dir_all(at.join("t/d3")).unwrap();
    write(at, "t/d3", "no directory");
    run(at, "create one.pear t --codec zstd", 0);
    run(at, CREATE, 0);
    check(at, "a.pear");
    // Other paths are another archive, whatever was left.
    fs::write(at.join("a.pear.partial"), &whole[..whole.len() / 2]).unwrap();
    fs::rename(at.join("t/d2"), at.join("u")).unwrap();
    run(at, "create one.pear u --codec zstd", 0);
    run(at, &CREATE.replace(" t ", " u "), 0);
    run(at, "diff a.pear one.pear", 0);
    run(at, "verify a.pear", 0);
}

#[test]
fn runs_that_are_killed_again_and_again_come_to_the_same_end() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    tree(at);
    run(at, "create one.pear t --codec zstd", 0);
    let (mut seed, mut killed, mut before) = (7u64, 0, 0);
    for round in 0..40 {
        let mut child = spawn(at, CREATE);
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        sleep(Duration::from_micros(seed >> 33 & 0xffff));
        let _ = child.kill();
        let ended = child.wait().unwrap();
        // It may be killed when the archive has its name.
        if ended.success() || at.join("a.pear").exists() {
            check(at, "a.pear");
            fs::remove_file(at.join("a.pear")).unwrap();
            before = 0;
            continue;
        }
        killed += 1;
        let partial = at.join("a.pear.partial");
        let bytes = fs::read(&partial).unwrap_or_default();
        let (limits, control) = Default::default();
        let opened = pear_archive::Archive::open_any(&bytes[..], &limits, &control).ok();
        // Before the first checkpoint there is nothing to go on from.
        let opened = opened.filter(|opened| opened.recovery().is_none());
        let entries = opened.map_or(0, |opened| opened.entries().len());
        assert!(entries >= before, "{round}: {entries} after {before}");
        before = entries;
    }
    assert!(killed > 0);
    run(at, CREATE, 0);
    check(at, "a.pear");
    assert_eq!(leftovers(at), Vec::<PathBuf>::new());
}

#[test]
fn an_interrupt_keeps_what_is_done_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    tree(at);
    run(at, "create one.pear t --codec zstd", 0);
    for signal in ["INT", "TERM"] {
        // Slow enough that it cannot end before the signal comes.
        let slow = CREATE.replace("zstd", "pear --level 5").replace("-j 2", "-j 1");
        let mut program = Command::new(assert_cmd::cargo::cargo_bin!("pear-archive"));
        program.args(slow.split_whitespace()).current_dir(at).stderr(Stdio::piped());
        let mut child = program.spawn().unwrap();
        let partial = at.join("a.pear.partial");
        while fs::metadata(&partial).map_or(0, |it| it.len()) < 100_000 {
            assert!(child.try_wait().unwrap().is_none(), "it ended before its first checkpoint");
            sleep(Duration::from_millis(2));
        }
        let id = child.id().to_string();
        Command::new("kill").args(["-s", signal, &id]).status().unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{stderr}");
        // A group that takes longer than an interrupt waits ends the run without more words.
        let told = stderr.contains("a.pear.partial") && stderr.contains("goes on");
        assert!(told || stderr == "pear-archive: error: interrupted\n", "{stderr}");
        run(at, "verify a.pear.partial", 1);
        run(at, CREATE, 0);
        check(at, "a.pear");
        fs::remove_file(at.join("a.pear")).unwrap();
    }
}

#[test]
fn a_full_disk_keeps_the_last_checkpoint_and_an_early_end_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    tree(at);
    run(at, "create one.pear t --codec zstd", 0);
    let program = assert_cmd::cargo::cargo_bin!("pear-archive");
    let limited = |blocks: u32| {
        let script = format!("ulimit -f {blocks}; exec \"$0\" {CREATE}");
        let output =
            Command::new("bash").args(["-c", &script]).arg(program).current_dir(at).output();
        let output = output.unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("a.pear.partial"), "{stderr}");
    };
    limited(20);
    assert!(!at.join("a.pear.partial").exists());
    limited(1500);
    assert!(length(at, "a.pear.partial") > 1_000_000);
    run(at, "verify a.pear.partial", 1);
    limited(1600);
    run(at, CREATE, 0);
    check(at, "a.pear");
}

#[test]
fn misuse_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    write(at, "t/a", "a");
    let (_, stderr) = run(at, "create - t --checkpoint", 2);
    assert!(stderr.contains("regular file"), "{stderr}");
    run(at, "create a.pear t --checkpoint=1K", 2);
    write(at, "a.pear.partial", "notes of a person");
    let (_, stderr) = run(at, "create a.pear t --checkpoint", 2);
    assert!(stderr.contains("a.pear.partial"), "{stderr}");
    assert_eq!(fs::read_to_string(at.join("a.pear.partial")).unwrap(), "notes of a person");
    fs::remove_file(at.join("a.pear.partial")).unwrap();
    let held = fs::File::create(at.join("a.pear.partial")).unwrap();
    held.lock().unwrap();
    let (_, stderr) = run(at, "create a.pear t --checkpoint", 2);
    assert!(stderr.contains("another run"), "{stderr}");
    drop(held);
    run(at, "create a.pear t --checkpoint", 0);
    run(at, "verify a.pear", 0);
    // What is replaced stays until the end, and another kind of file is not replaced.
    write(at, "b.pear", "notes");
    run(at, "create b.pear t --checkpoint", 2);
    assert_eq!(fs::read_to_string(at.join("b.pear")).unwrap(), "notes");
}
