//! Outputs when something goes wrong: other files under their name, full disks, limits,
//! closed streams, and killed runs.

mod support;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::*;

/// Runs a line of the shell in a directory, with `$PEAR` as the program. Returns the
/// exit code, stdout and stderr.
fn shell(at: &Path, line: &str) -> (Option<i32>, String, String) {
    output(at, &["sh", "-c", line])
}

/// Runs a command as [`shell`] does.
fn output(at: &Path, line: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(line[0]);
    command.args(&line[1..]).current_dir(at).env("PEAR", env!("CARGO_BIN_EXE_pear-archive"));
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Makes `d` with some files of incompressible bytes, `length` each.
fn make_tree(at: &Path, files: u64, length: usize) {
    fs::create_dir(at.join("d")).unwrap();
    let mut state = 1u64;
    for number in 0..files {
        let bytes = (0..length).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        });
        fs::write(at.join(format!("d/{number}")), bytes.collect::<Vec<_>>()).unwrap();
    }
}

#[test]
fn a_file_that_is_no_archive_is_not_replaced() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    fs::write(at.join("a.txt"), "notes").unwrap();
    fs::write(at.join("b.txt"), "more").unwrap();
    let (_, stderr) = run(at, "create a.txt b.txt", 2);
    assert!(
        stderr.contains("a.txt: exists and is not a pear archive: name the archive"),
        "{stderr}"
    );
    assert_eq!(fs::read(at.join("a.txt")).unwrap(), b"notes");
    run(at, "create x.pear b.txt --codec store", 0);
    run(at, "export x.pear x.tar", 0);
    let tar = fs::read(at.join("x.tar")).unwrap();
    let (_, stderr) = run(at, "import x.tar x.pear", 2);
    assert!(stderr.contains("x.tar: exists and is not a pear archive"), "{stderr}");
    assert_eq!(fs::read(at.join("x.tar")).unwrap(), tar);
    let (_, stderr) = run(at, "export x.pear a.txt", 2);
    assert!(stderr.contains("a.txt: exists and is not a tar"), "{stderr}");
    assert_eq!(fs::read(at.join("a.txt")).unwrap(), b"notes");
    std::os::unix::fs::symlink("a.txt", at.join("link.pear")).unwrap();
    run(at, "create link.pear b.txt", 2);
    assert_eq!(fs::read(at.join("a.txt")).unwrap(), b"notes");
}

#[test]
fn files_of_the_same_kind_and_empty_ones_are_replaced_and_others_by_force() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    fs::write(at.join("b.txt"), "more").unwrap();
    File::create(at.join("x.pear")).unwrap();
    run(at, "create x.pear b.txt --codec store", 0);
    let archive = fs::read(at.join("x.pear")).unwrap();
    let mut damaged = archive.clone();
    damaged[..200].fill(0);
    for old in [&archive[..], &archive[..9], &damaged] {
        fs::write(at.join("x.pear"), old).unwrap();
        run(at, "create x.pear b.txt --codec store", 0);
        assert_eq!(fs::read(at.join("x.pear")).unwrap(), archive);
    }
    for _ in 0..2 {
        run(at, "export x.pear x.tar", 0);
    }
    fs::write(at.join("a.txt"), "notes").unwrap();
    run(at, "export x.pear a.txt --force", 0);
    assert_eq!(fs::read(at.join("a.txt")).unwrap(), fs::read(at.join("x.tar")).unwrap());
    run(at, "create a.txt b.txt --force --codec store", 0);
    assert_eq!(fs::read(at.join("a.txt")).unwrap(), archive);
    fs::write(at.join("a.txt"), "notes").unwrap();
    run(at, "import a.txt x.tar --force", 0);
    run(at, "verify a.txt", 0);
}

/// Returns a name of an unfinished file of a process that has ended.
fn dead_name() -> String {
    let mut ended = Command::new("true").spawn().unwrap();
    ended.wait().unwrap();
    format!(".pear-archive-{}-0.partial", ended.id())
}

#[test]
fn a_leftover_is_left_out_with_a_note_and_removed_where_something_is_extracted() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    make_tree(at, 1, 10);
    let name = dead_name();
    fs::write(at.join("d").join(&name), "half").unwrap();
    let (_, stderr) = run(at, "create x.pear d", 0);
    assert!(stderr.contains(&name) && stderr.contains("skipped"), "{stderr}");
    assert!(!stderr.contains("warning"), "{stderr}");
    let (_, stderr) = run(at, "create y.pear d --exclude .pear-*", 0);
    assert_eq!(stderr, "", "what is excluded is no news");
    let (listed, _) = run(at, "list x.pear", 0);
    assert_eq!(listed, "d\nd/0\n");
    fs::create_dir(at.join("out")).unwrap();
    fs::write(at.join("out").join(&name), "half").unwrap();
    run(at, "extract x.pear -C out", 0);
    assert!(leftovers(&at.join("out")).is_empty());
}

#[test]
fn a_closed_standard_output_is_an_error_and_a_null_device_is_none() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    make_tree(at, 1, 10);
    run(at, "create x.pear d", 0);
    let commands =
        ["list x.pear", "cat x.pear d/0", "info x.pear", "create - d", "export x.pear -"];
    for line in commands.into_iter().chain(["completions bash", "man", "--help"]) {
        let (code, _, stderr) = shell(at, &format!("\"$PEAR\" {line} >&-"));
        assert_eq!(code, Some(2), "{line}: {stderr}");
        let closed = "pear-archive: error: standard output";
        assert!(stderr.starts_with(closed) && stderr.contains("is closed"), "{line}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        // Daemons and Python open it like this.
        let (code, _, stderr) = shell(at, &format!("\"$PEAR\" {line} 1<>/dev/null"));
        assert_eq!(code, Some(0), "{line}: {stderr}");
    }
    assert_eq!(shell(at, "\"$PEAR\" verify x.pear >&-").0, Some(0));
}

#[test]
fn what_is_no_archive_is_named() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    make_tree(at, 1, 10);
    run(at, "create x.pear d", 0);
    run(at, "export x.pear x.tar", 0);
    for (name, content) in
        [("empty", &b""[..]), ("x.gz", b"\x1F\x8B\x08"), ("x.zip", b"PK\x03\x04")]
    {
        fs::write(at.join(name), content).unwrap();
    }
    let cases = [
        ("empty", "empty: not a pear archive: it is empty\n"),
        ("x.tar", "x.tar: not a pear archive but a tar: make an archive of it with 'import'\n"),
        ("x.gz", "x.gz: not a pear archive but a gzip file: if it holds a tar, make"),
        ("x.zip", "x.zip: not a pear archive but a zip file"),
    ];
    for (name, message) in cases {
        let (_, stderr) = run(at, &format!("list {name}"), 3);
        assert!(stderr.contains(message), "{stderr}");
    }
}

#[test]
fn a_limit_of_the_file_size_is_one_line_and_leaves_nothing() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    make_tree(at, 1, 400_000);
    run(at, "create x.pear d --codec store", 0);
    let before = fs::read(at.join("x.pear")).unwrap();
    fs::create_dir(at.join("out")).unwrap();
    for line in ["create x.pear d --codec store", "extract x.pear -C out"] {
        let (code, _, stderr) = shell(at, &format!("ulimit -f 100; exec \"$PEAR\" {line}"));
        assert_eq!(code, Some(2), "{line}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{line}: {stderr}");
    }
    assert_eq!(fs::read(at.join("x.pear")).unwrap(), before);
    assert!(leftovers(at).is_empty());
    assert!(!at.join("out/d/0").exists());
}

#[test]
fn a_full_disk_is_one_line_and_leaves_nothing() {
    if !is_root() {
        return; // only root may mount one
    }
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    make_tree(at, 4, 200_000);
    run(at, "create x.pear d --codec store", 0);
    fs::create_dir(at.join("disk")).unwrap();
    // In a namespace of its own, which ends with the shell.
    for (line, left) in [
        ("create disk/y.pear d --codec store", "disk"),
        ("extract x.pear -C disk", "disk\ndisk/d"),
        ("export x.pear disk/y.tar", "disk"),
    ] {
        let script = format!(
            "mount -t tmpfs -o size=300k tmpfs disk || exit 77; \
             \"$PEAR\" {line}; code=$?; find disk -type d; find disk -name .pear\\*; exit $code"
        );
        let (code, stdout, stderr) = output(at, &["unshare", "-m", "sh", "-c", &script]);
        if code == Some(77) || stderr.contains("unshare") {
            return; // a container may not mount
        }
        assert_eq!(code, Some(2), "{line}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{line}: {stderr}");
        assert!(stderr.contains("No space left"), "{stderr}");
        assert_eq!(stdout.trim_end(), left);
    }
}

#[test]
fn an_ignored_hangup_stays_ignored() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    make_tree(at, 1, 10);
    // The list comes from a pipe, so the program is certainly running. Whether it has
    // set up its signals or not, the signal must not end it.
    let line = "mkfifo list; trap '' HUP; \"$PEAR\" create x.pear -T list & pid=$!; \
                exec 3>list; kill -HUP $pid; echo d >&3; exec 3>&-; wait $pid";
    let (code, _, stderr) = shell(at, line);
    assert_eq!(code, Some(0), "{stderr}");
    run(at, "verify x.pear", 0);
}

/// Starts the program, and kills it after some time unless it has ended.
fn kill_after(at: &Path, arguments: &[&str], time: Duration) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pear-archive"));
    command.args(arguments).current_dir(at).stdout(Stdio::null()).stderr(Stdio::null());
    let mut running = command.spawn().unwrap();
    std::thread::sleep(time);
    let _ = running.kill();
    running.wait().unwrap();
}

#[test]
fn runs_that_are_killed_leave_the_old_archive_and_nothing_that_stays() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    make_tree(at, 12, 50_000);
    run(at, "create x.pear d --codec store", 0);
    let before = fs::read(at.join("x.pear")).unwrap();
    fs::create_dir(at.join("out")).unwrap();
    for number in 0..20u64 {
        let time = Duration::from_micros(number * number * 100);
        kill_after(at, &["create", "x.pear", "d", "--codec", "store"], time);
        assert!(fs::read(at.join("x.pear")).unwrap() == before, "the same bytes, old or new");
        let extract = ["extract", "x.pear", "-C", "out", "--overwrite", "always"];
        kill_after(at, &extract, time);
        for item in fs::read_dir(at.join("out/d")).into_iter().flatten() {
            let path = item.unwrap().path();
            if let Some(name) = path.file_name().filter(|name| name.len() < 3) {
                let right = fs::read(at.join("d").join(name)).unwrap();
                assert!(fs::read(&path).unwrap() == right, "{path:?} is not whole");
            }
        }
    }
    run(at, "create x.pear d --codec store", 0);
    run(at, "extract x.pear -C out --overwrite always", 0);
    assert!(leftovers(at).is_empty(), "{:?}", leftovers(at));
    assert_same(&at.join("d"), &at.join("out/d"));
}
