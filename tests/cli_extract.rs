//! `pear-archive extract`, as a user runs it.

#[path = "support/forge/mod.rs"]
mod forge;
mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use support::*;

fn read(at: &Path, path: &str) -> String {
    fs::read_to_string(at.join(path)).unwrap()
}

/// Makes `x.pear` with `a.txt`, `d/b.txt` and `d/sub/c.txt`; two top entries.
fn two_tops(at: &Path) {
    fs::create_dir_all(at.join("in/d/sub")).unwrap();
    for path in ["a.txt", "d/b.txt", "d/sub/c.txt"] {
        fs::write(at.join("in").join(path), path).unwrap();
        set_time(&at.join("in").join(path), 1_500_000_000, 0);
    }
    run(at, "create x.pear -C in a.txt d --codec zstd", 0);
}

#[test]
fn every_metadata_kind_comes_back() {
    let at = tempfile::tempdir().unwrap();
    build_tree(&at.path().join("t"));
    for line in ["", "--codec zstd --group-size 16K", "--codec store"] {
        run(at.path(), &format!("create x.pear t {line}"), 0);
        run(at.path(), "extract x.pear -p -C out", 0);
        assert_same(&at.path().join("t"), &at.path().join("out/t"));
        assert_eq!(fs::read_dir(at.path().join("out")).unwrap().count(), 1);
        run(at.path(), "verify x.pear", 0);
        set_mode(&at.path().join("out/t/sub/deep"), 0o755);
        fs::remove_dir_all(at.path().join("out")).unwrap();
    }
}

#[test]
fn the_destination_is_a_new_directory_named_after_the_archive() {
    let at = tempfile::tempdir().unwrap();
    two_tops(at.path());
    run(at.path(), "extract x.pear", 0);
    assert_eq!(read(at.path(), "x/d/sub/c.txt"), "d/sub/c.txt");
    // The directory exists now.
    let (_, stderr) = run(at.path(), "extract x.pear", 2);
    assert!(stderr.contains("x: already exists"), "{stderr}");
    run(at.path(), "extract x.pear --overwrite always", 0);
}

#[test]
fn a_single_top_entry_is_not_put_into_another_directory() {
    let at = tempfile::tempdir().unwrap();
    two_tops(at.path());
    run(at.path(), "create d.pear -C in d", 0);
    run(at.path(), "extract d.pear", 0);
    assert_eq!(read(at.path(), "d/b.txt"), "d/b.txt");
    let (_, stderr) = run(at.path(), "extract d.pear", 2);
    assert!(stderr.contains("d: already exists"), "{stderr}");
    run(at.path(), "create a.pear -C in a.txt", 0);
    run(at.path(), "extract a.pear", 0);
    assert_eq!(read(at.path(), "a.txt"), "a.txt");
}

#[test]
fn here_and_a_directory_of_choice() {
    let at = tempfile::tempdir().unwrap();
    two_tops(at.path());
    run(at.path(), "x x.pear --here", 0);
    assert_eq!(read(at.path(), "d/b.txt"), "d/b.txt");
    run(at.path(), "x x.pear -C out", 0);
    assert_eq!(read(at.path(), "out/a.txt"), "a.txt");
    run(at.path(), "x x.pear -C out --here", 2);
    run(at.path(), "x x.pear -C no/such", 2);
    run(at.path(), "x missing.pear", 2);
}

#[test]
fn patterns_choose_and_components_are_stripped() {
    let at = tempfile::tempdir().unwrap();
    two_tops(at.path());
    run(at.path(), "extract x.pear d/**/*.txt -C out --strip-components 1", 0);
    assert_eq!(read(at.path(), "out/b.txt"), "d/b.txt");
    assert_eq!(read(at.path(), "out/sub/c.txt"), "d/sub/c.txt");
    run(at.path(), "extract x.pear a.txt d/sub -C two", 0);
    assert!(!at.path().join("two/d/b.txt").exists());
    assert_eq!(read(at.path(), "two/d/sub/c.txt"), "d/sub/c.txt");
    let (_, stderr) = run(at.path(), "extract x.pear a.txt nothing/* -C three", 2);
    assert!(stderr.contains("nothing/*"), "{stderr}");
}

#[test]
fn some_names_of_a_linked_file_suffice() {
    let at = tempfile::tempdir().unwrap();
    fs::create_dir(at.path().join("in")).unwrap();
    fs::write(at.path().join("in/1"), "shared").unwrap();
    for name in ["2", "3"] {
        fs::hard_link(at.path().join("in/1"), at.path().join("in").join(name)).unwrap();
    }
    run(at.path(), "create x.pear in", 0);
    run(at.path(), "extract x.pear in/2 in/3 -C out", 0);
    let inode = |name: &str| fs::metadata(at.path().join("out/in").join(name)).unwrap().ino();
    assert_eq!(inode("2"), inode("3"));
    assert_eq!(read(at.path(), "out/in/3"), "shared");
    assert_eq!(run(at.path(), "cat x.pear in/3", 0).0, "shared");
}

#[test]
fn existing_files_are_kept_unless_asked() {
    let at = tempfile::tempdir().unwrap();
    two_tops(at.path());
    let put = || {
        fs::create_dir_all(at.path().join("out/d")).unwrap();
        fs::write(at.path().join("out/a.txt"), "mine").unwrap();
        set_time(&at.path().join("out/a.txt"), 1_600_000_000, 0);
    };
    put();
    let (_, stderr) = run(at.path(), "extract x.pear -C out", 2);
    assert!(stderr.contains("a.txt: already exists"), "{stderr}");
    assert!(!at.path().join("out/d/b.txt").exists(), "nothing was begun");
    for (policy, expected) in [("never", "mine"), ("newer", "mine"), ("always", "a.txt")] {
        put();
        run(at.path(), &format!("extract x.pear -C out --overwrite {policy}"), 0);
        assert_eq!(read(at.path(), "out/a.txt"), expected, "{policy}");
    }
    put();
    run(at.path(), "extract x.pear -C out --overwrite rename", 0);
    assert_eq!(read(at.path(), "out/a.txt"), "mine");
    assert_eq!(read(at.path(), "out/a.txt.1"), "a.txt");
    run(at.path(), "extract x.pear -C out --overwrite sometimes", 2);
}

#[test]
fn links_in_the_destination_are_not_followed() {
    let at = tempfile::tempdir().unwrap();
    two_tops(at.path());
    fs::create_dir_all(at.path().join("outside")).unwrap();
    fs::create_dir_all(at.path().join("out")).unwrap();
    symlink("../outside", at.path().join("out/d")).unwrap();
    let (_, stderr) = run(at.path(), "extract x.pear -C out --overwrite newer", 4);
    assert!(stderr.contains("unsafe"), "{stderr}");
    assert_eq!(fs::read_dir(at.path().join("outside")).unwrap().count(), 0);
    assert_eq!(read(at.path(), "out/a.txt"), "a.txt", "the safe one came out");
}

#[test]
fn special_bits_are_dropped_without_preserve() {
    let at = tempfile::tempdir().unwrap();
    fs::write(at.path().join("tool"), "t").unwrap();
    set_mode(&at.path().join("tool"), 0o6755);
    run(at.path(), "create x.pear tool", 0);
    let mode =
        |path: &str| fs::metadata(at.path().join(path)).unwrap().permissions().mode() & 0o7777;
    run(at.path(), "extract x.pear -C plain", 0);
    assert_eq!(mode("plain/tool"), 0o755);
    run(at.path(), "extract x.pear -C kept -p", 0);
    assert_eq!(mode("kept/tool"), 0o6755);
}

#[test]
fn capabilities_need_preserve() {
    let at = tempfile::tempdir().unwrap();
    let tool = at.path().join("tool");
    fs::write(&tool, "t").unwrap();
    // Version 2, effective; CAP_NET_BIND_SERVICE permitted.
    let capability = [0x0200_0001u32, 1 << 10, 0, 0, 0].map(u32::to_le_bytes).concat();
    let flags = rustix::fs::XattrFlags::empty();
    if rustix::fs::setxattr(&tool, "security.capability", &capability, flags).is_err() {
        return; // only root may
    }
    let _ = rustix::fs::setxattr(&tool, "user.note", b"n", flags);
    run(at.path(), "create x.pear tool", 0);
    let has = |path: &str, name: &str| {
        rustix::fs::getxattr(at.path().join(path), name, &mut [0; 64][..]).is_ok()
    };
    let keeps_user = has("tool", "user.note");
    for (line, kept) in [("-C plain", false), ("-p -C kept", true)] {
        run(at.path(), &format!("extract x.pear {line}"), 0);
        let path = format!("{}/tool", line.split(' ').next_back().unwrap());
        assert_eq!(has(&path, "security.capability"), kept, "{line}");
        assert_eq!(has(&path, "user.note"), keeps_user, "{line}");
    }
}

#[test]
fn limits_refuse_before_writing() {
    let at = tempfile::tempdir().unwrap();
    two_tops(at.path());
    let limits = ["--max-entries 2", "--max-name 5", "--max-depth 2", "--max-output 5"];
    for limit in limits {
        let (_, stderr) = run(at.path(), &format!("extract x.pear -C out {limit}"), 2);
        let option = limit.split(' ').next().unwrap();
        assert!(stderr.contains("limit") || stderr.contains(option), "{limit}: {stderr}");
        assert!(!at.path().join("out/a.txt").exists());
    }
    run(at.path(), "extract x.pear -C out --max-entries 5 --max-depth 3 --max-output 100", 0);
}

#[test]
fn deep_trees_and_files_of_nothing_but_hole_come_back() {
    let at = tempfile::tempdir().unwrap();
    let deep = vec!["d"; 600].join("/");
    fs::create_dir_all(at.path().join(&deep)).unwrap();
    fs::write(at.path().join(&deep).join("file"), "deep").unwrap();
    fs::File::create(at.path().join("d/hole")).unwrap().set_len(1 << 28).unwrap();
    run(at.path(), "create x.pear d", 0);
    run(at.path(), "extract x.pear -C out", 0);
    assert_eq!(read(at.path(), &format!("out/{deep}/file")), "deep");
    let hole = fs::metadata(at.path().join("out/d/hole")).unwrap();
    assert_eq!((hole.len(), hole.blocks()), (1 << 28, 0));
}

/// Makes an archive by hand that no careful program would write: files of these paths
/// with one content, in a group of this codec.
fn by_hand(paths: &[&str], codec: u8) -> forge::Archive {
    use forge::{Batch, Item, Kind};
    let content = b"content";
    let batch = Batch {
        items: paths.iter().map(|path| Item::new(path, Kind::File(0))).collect(),
        ..Batch::of_files(&[("", content)])
    };
    let mut sections = forge::sections(&[batch]);
    sections[1].codec = codec;
    forge::Archive::of(&sections)
}

#[test]
fn unsafe_names_are_refused_with_4() {
    for path in ["../outside", "/tmp/outside", "a/../../outside"] {
        let at = tempfile::tempdir().unwrap();
        fs::write(at.path().join("x.pear"), by_hand(&[path], 0).bytes()).unwrap();
        for line in ["extract x.pear -C out", "list x.pear", "verify x.pear"] {
            let (stdout, stderr) = run(at.path(), line, 4);
            assert!(stdout.is_empty() && stderr.contains("unsafe path"), "{line}: {stderr}");
        }
        assert!(!at.path().join("outside").exists() && !at.path().join("out").exists());
    }
}

#[test]
fn what_is_too_new_is_refused_with_5() {
    let at = tempfile::tempdir().unwrap();
    fs::write(at.path().join("x.pear"), by_hand(&["a.txt"], 0).bytes()).unwrap();
    run(at.path(), "extract x.pear -C out", 0);
    fs::write(at.path().join("x.pear"), by_hand(&["a.txt"], 200).bytes()).unwrap();
    let (_, stderr) = run(at.path(), "extract x.pear -C new", 5);
    assert!(stderr.contains("a.txt") && stderr.contains("codec 200"), "{stderr}");
    let newer = forge::Archive { version: (99, 7), ..by_hand(&["a.txt"], 0) };
    fs::write(at.path().join("x.pear"), newer.bytes()).unwrap();
    let (_, stderr) = run(at.path(), "extract x.pear -C new", 5);
    assert!(stderr.contains("version 99"), "{stderr}");
}

#[test]
fn an_interrupt_while_a_pipe_is_silent_ends_with_130() {
    use rustix::process::{Pid, Signal, kill_process};
    use std::process::{Command, Stdio};
    let at = tempfile::tempdir().unwrap();
    two_tops(at.path());
    let bytes = fs::read(at.path().join("x.pear")).unwrap();
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("pear-archive"))
        .args(["extract", "-", "-C", "out"])
        .current_dir(at.path())
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut pipe, &bytes[..bytes.len() / 2]).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr, "pear-archive: error: interrupted\n");
    assert!(leftovers(at.path()).is_empty());
}
