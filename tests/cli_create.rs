//! `pear-archive create`, as a user runs it.

mod support;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::*;

fn names(directory: &Path, archive: &str) -> Vec<String> {
    run(directory, &format!("list {archive}"), 0).0.lines().map(str::to_owned).collect()
}

/// Makes `d/a.txt d/b.o d/sub/c.txt` and a file beside the directory.
fn small_tree(at: &Path) {
    fs::create_dir_all(at.join("d/sub")).unwrap();
    for path in ["d/a.txt", "d/b.o", "d/sub/c.txt", "beside.txt"] {
        fs::write(at.join(path), format!("content of {path}\n").repeat(50)).unwrap();
    }
}

#[test]
fn paths_are_archived_under_their_names() {
    let at = tempfile::tempdir().unwrap();
    small_tree(at.path());
    run(at.path(), "create x.pear d beside.txt --codec zstd", 0);
    let all = ["beside.txt", "d", "d/a.txt", "d/b.o", "d/sub", "d/sub/c.txt"];
    let mut listed = names(at.path(), "x.pear");
    listed.sort();
    assert_eq!(listed, all);
    run(at.path(), "c y.pear -C d sub ./a.txt --codec store", 0);
    let mut listed = names(at.path(), "y.pear");
    listed.sort();
    assert_eq!(listed, ["a.txt", "sub", "sub/c.txt"]);
    let absolute = at.path().join("d/a.txt");
    let (_, notes) = run(at.path(), &format!("c z.pear {}", absolute.display()), 0);
    assert!(notes.contains("leading '/'"), "{notes}");
    assert_eq!(names(at.path(), "z.pear"), [&absolute.to_str().unwrap()[1..]]);
}

#[test]
fn excluded_names_stay_out() {
    let at = tempfile::tempdir().unwrap();
    small_tree(at.path());
    run(at.path(), "create x.pear d --exclude *.o --exclude d/sub", 0);
    assert_eq!(names(at.path(), "x.pear"), ["d", "d/a.txt"]);
    fs::write(at.path().join("patterns"), "# comment\n\nsub\n*.txt\n").unwrap();
    run(at.path(), "create x.pear d --exclude-from patterns", 0);
    assert_eq!(names(at.path(), "x.pear"), ["d", "d/b.o"]);
}

#[test]
fn exclude_files_follow_the_rules_of_gitignore() {
    let at = tempfile::tempdir().unwrap();
    for file in ["d/build/x", "d/keep.log", "d/other.log", "d/sub/build", "d/#x#", "d/z"] {
        fs::create_dir_all(at.path().join(file).parent().unwrap()).unwrap();
        fs::write(at.path().join(file), file).unwrap();
    }
    let lines = "\u{feff}# comment\r\n\r\nbuild/\r\n*.log\r\n!keep.log\r\n\\#x#\r\n/d/[z]\r\n";
    fs::write(at.path().join("patterns"), lines).unwrap();
    let (_, stderr) = run(at.path(), "create x.pear d --exclude-from patterns", 0);
    assert_eq!(names(at.path(), "x.pear"), ["d", "d/keep.log", "d/sub", "d/sub/build"]);
    assert_eq!(stderr, "");
    run(at.path(), "create y.pear d --exclude #x# --exclude *.log --exclude !d/keep.log", 0);
    let expected = ["d", "d/build", "d/build/x", "d/keep.log", "d/sub", "d/sub/build", "d/z"];
    assert_eq!(names(at.path(), "y.pear"), expected);
}

#[test]
fn a_pattern_that_leaves_nothing_out_is_a_note() {
    let at = tempfile::tempdir().unwrap();
    small_tree(at.path());
    let (_, stderr) = run(at.path(), "create x.pear d --exclude *.o --exclude *.ob", 0);
    assert_eq!(stderr, "pear-archive: --exclude *.ob: matches nothing\n");
    let (_, stderr) = run(at.path(), "create x.pear d --exclude b.o/", 0);
    assert!(stderr.contains("it matches directories only"), "{stderr}");
    let (_, stderr) = run(at.path(), "create x.pear d -q --exclude nothing", 0);
    assert_eq!(stderr, "");
}

#[test]
fn lists_of_files_are_read() {
    let at = tempfile::tempdir().unwrap();
    small_tree(at.path());
    fs::write(at.path().join("list"), "d/a.txt\nbeside.txt\n").unwrap();
    run(at.path(), "create x.pear -T list", 0);
    assert_eq!(names(at.path(), "x.pear").len(), 2);
    fs::write(bytes_path(at.path(), b"new\nline"), "odd").unwrap();
    let mut program = pear(at.path());
    program.args(["create", "y.pear", "-T", "-", "--null"]);
    program.write_stdin("new\nline\0d/b.o\0").assert().success();
    let mut listed = names(at.path(), "y.pear");
    listed.sort();
    assert_eq!(listed, ["d/b.o", "new\\nline"]);
    fs::write(at.path().join("list"), "").unwrap();
    run(at.path(), "create z.pear -T list", 2);
}

#[test]
fn an_archive_in_its_own_tree_leaves_itself_out_and_replaces_the_old_one() {
    let at = tempfile::tempdir().unwrap();
    small_tree(at.path());
    for _ in 0..2 {
        run(at.path(), "create d/x.pear d", 0);
        assert_eq!(names(at.path(), "d/x.pear").len(), 5);
    }
    assert!(leftovers(at.path()).is_empty());
}

#[test]
fn output_does_not_depend_on_the_jobs() {
    let at = tempfile::tempdir().unwrap();
    build_tree(&at.path().join("t"));
    let archive = |jobs| {
        let line = format!("create x.pear t --codec zstd --group-size 16K -j {jobs}");
        run(at.path(), &line, 0);
        fs::read(at.path().join("x.pear")).unwrap()
    };
    assert!(archive(1) == archive(5));
}

#[test]
fn wrong_usage_exits_with_2_and_writes_nothing() {
    let at = tempfile::tempdir().unwrap();
    small_tree(at.path());
    for line in [
        "",
        "create",
        "create x.pear",
        "create x.pear missing",
        "create x.pear d/../beside.txt",
        "create no/such/dir/x.pear d",
        "create x.pear d --level 0",
        "create x.pear d --level 10",
        "create x.pear d --codec gzip",
        "create x.pear d --group-size 1",
        "create x.pear d --memory lots",
        "create x.pear d --exclude a[b",
        "create x.pear d -C nowhere",
        "create x.pear d --null",
        "frobnicate",
    ] {
        let (stdout, stderr) = run(at.path(), line, 2);
        assert!(stdout.is_empty(), "{line}: {stdout}");
        assert!(!stderr.is_empty(), "{line}");
        assert!(!at.path().join("x.pear").exists(), "{line}");
    }
    assert!(leftovers(at.path()).is_empty());
}

#[test]
fn unreadable_things_are_warnings() {
    let at = tempfile::tempdir().unwrap();
    small_tree(at.path());
    // A path whose last component is longer than a name can be.
    let unreachable = format!("d/{}", "n".repeat(300));
    let (_, stderr) = run(at.path(), &format!("create x.pear d {unreachable}"), 1);
    assert!(stderr.contains("warning: d/nnn"), "{stderr}");
    assert_eq!(names(at.path(), "x.pear").len(), 5);
    let (_, stderr) = run(at.path(), &format!("create x.pear d {unreachable} -q"), 1);
    assert!(stderr.is_empty(), "{stderr}");
    fs::write(at.path().join("list"), "d/a.txt\ngone\n").unwrap();
    let (_, stderr) = run(at.path(), "create x.pear -T list", 1);
    assert!(stderr.contains("gone"), "{stderr}");
}

#[test]
fn archives_go_through_pipes() {
    let at = tempfile::tempdir().unwrap();
    build_tree(&at.path().join("t"));
    let output = pear(at.path()).args(["create", "-", "t", "--codec", "zstd"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    run(at.path(), "create x.pear t --codec zstd", 0);
    fs::create_dir(at.path().join("out")).unwrap();
    let mut program = pear(at.path());
    program.args(["extract", "-", "-p", "-C", "out"]).write_stdin(output.stdout.clone());
    program.assert().success();
    assert_same(&at.path().join("t"), &at.path().join("out/t"));
    let mut program = pear(at.path());
    let listed = program.args(["list", "-"]).write_stdin(output.stdout).output().unwrap();
    let mut piped: Vec<_> =
        String::from_utf8(listed.stdout).unwrap().lines().map(str::to_owned).collect();
    let mut direct = names(at.path(), "x.pear");
    piped.sort();
    direct.sort();
    assert_eq!(piped, direct);
}

#[test]
fn no_archive_is_written_to_a_terminal() {
    let at = tempfile::tempdir().unwrap();
    small_tree(at.path());
    let program = assert_cmd::cargo::cargo_bin!("pear-archive");
    let line = format!("{} create - d", program.display());
    let script = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .current_dir(at.path())
        .stdin(Stdio::null())
        .output();
    let Ok(output) = script else { return }; // no script(1) here
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stdout).contains("terminal"));
}

#[test]
fn what_is_no_plain_file_is_written_to_and_never_replaced() {
    let at = tempfile::tempdir().unwrap();
    small_tree(at.path());
    run(at.path(), "create d beside.txt", 2);
    run(at.path(), "create /dev/null d", 0);
    use std::os::unix::fs::FileTypeExt;
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    fs::create_dir(at.path().join("elsewhere")).unwrap();
    fs::write(at.path().join("elsewhere/x.pear"), "").unwrap();
    std::os::unix::fs::symlink("elsewhere/x.pear", at.path().join("x.pear")).unwrap();
    run(at.path(), "create x.pear d", 0);
    assert!(at.path().join("x.pear").is_symlink());
    run(at.path(), "verify elsewhere/x.pear", 0);
}

#[test]
fn an_interrupt_keeps_the_old_archive_and_leaves_nothing() {
    use rustix::process::{Pid, Signal, kill_process};
    let at = tempfile::tempdir().unwrap();
    small_tree(at.path());
    run(at.path(), "create x.pear d --codec store", 0);
    let old = fs::read(at.path().join("x.pear")).unwrap();
    // Enough work for seconds: the learned codec on one job.
    let mut file = fs::File::create(at.path().join("d/large")).unwrap();
    for number in 0..400_000u64 {
        writeln!(file, "{} {}", number, number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).unwrap();
    }
    drop(file);
    for signal in [Signal::INT, Signal::TERM] {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("pear-archive"))
            .args(["create", "x.pear", "d", "--codec", "pear", "-j1", "--group-size", "256K"])
            .current_dir(at.path())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while !writes_in(child.id(), at.path()) {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(100));
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert!(fs::read(at.path().join("x.pear")).unwrap() == old);
        assert!(leftovers_beside(at.path()).is_empty());
    }
}

#[test]
fn an_interrupt_does_not_wait_for_a_long_group() {
    use rustix::process::{Pid, Signal, kill_process};
    let at = tempfile::tempdir().unwrap();
    small_tree(at.path());
    let lines: String = (0..1_500_000u64)
        .map(|n| format!("{} {}\n", n, n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    fs::write(at.path().join("d/large"), lines).unwrap();
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("pear-archive"))
        .args(["create", "x.pear", "d", "--codec", "zstd", "--level", "9", "--group-size", "1G"])
        .current_dir(at.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !writes_in(child.id(), at.path()) {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(leftovers_beside(at.path()).is_empty());
    assert!(!at.path().join("x.pear").exists());
}

/// Returns whether a process has a file of this directory open that has no name yet, or
/// that of an unfinished archive.
fn writes_in(process: u32, directory: &Path) -> bool {
    let open = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    let mut targets = open.filter_map(|item| fs::read_link(item.path()).ok());
    targets.any(|target| target.parent() == Some(directory) && !target.ends_with("d"))
}

/// Returns the names in the directory other than the inputs and the archive.
fn leftovers_beside(at: &Path) -> Vec<String> {
    let items = fs::read_dir(at).unwrap().map(|item| item.unwrap().file_name());
    let names = items.map(|name| name.into_string().unwrap());
    names.filter(|name| !["d", "x.pear", "beside.txt"].contains(&name.as_str())).collect()
}

#[test]
fn a_full_disk_keeps_the_old_archive_and_leaves_nothing() {
    let at = tempfile::tempdir().unwrap();
    let Some(_disk) = SmallDisk::mount(at.path()) else { return };
    let inside = tempfile::tempdir().unwrap();
    let noise: Vec<u8> =
        (0..200_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    fs::write(inside.path().join("noise"), noise).unwrap();
    fs::write(inside.path().join("small"), "small").unwrap();
    let archive = at.path().join("x.pear");
    let line = |name: &str| {
        format!("create {} -C {} {name} --codec store", archive.display(), inside.path().display())
    };
    run(inside.path(), &line("small"), 0);
    let old = fs::read(&archive).unwrap();
    let (_, stderr) = run(inside.path(), &line("noise"), 2);
    assert!(stderr.contains("No space left"), "{stderr}");
    assert!(fs::read(&archive).unwrap() == old);
    assert_eq!(fs::read_dir(at.path()).unwrap().count(), 1);
}

/// A file system of 512 KiB, if this user can mount one.
struct SmallDisk<'a>(&'a Path);

impl SmallDisk<'_> {
    fn mount(at: &Path) -> Option<SmallDisk<'_>> {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=512k", "tmpfs"]).arg(at).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success()).then_some(SmallDisk(at))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn other_file_systems_can_be_left_out() {
    let at = tempfile::tempdir().unwrap();
    small_tree(at.path());
    let mount = at.path().join("d/sub/mount");
    fs::create_dir(&mount).unwrap();
    let Some(_disk) = SmallDisk::mount(&mount) else { return };
    fs::write(mount.join("inside"), "inside").unwrap();
    run(at.path(), "create x.pear d", 0);
    assert!(names(at.path(), "x.pear").contains(&"d/sub/mount/inside".to_owned()));
    run(at.path(), "create x.pear d --one-file-system", 0);
    let all = ["d", "d/a.txt", "d/b.o", "d/sub", "d/sub/c.txt", "d/sub/mount"];
    assert_eq!(names(at.path(), "x.pear"), all);
    // Leaving out the mount point must not leave out what comes after it.
    fs::write(at.path().join("d/sub/z.txt"), "z").unwrap();
    run(at.path(), "create x.pear d --one-file-system --exclude mount", 0);
    let all = ["d", "d/a.txt", "d/b.o", "d/sub", "d/sub/c.txt", "d/sub/z.txt"];
    assert_eq!(names(at.path(), "x.pear"), all);
}
