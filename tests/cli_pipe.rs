//! `cat` and `export` of an archive that comes from a pipe.

mod support;

use std::fs;
use std::path::Path;
use support::*;

/// Runs a line of arguments with a file as standard input, through a pipe. Returns
/// stdout and stderr.
fn piped(at: &Path, line: &str, input: &[u8], code: i32) -> (Vec<u8>, String) {
    let mut program = pear(at);
    let output =
        program.args(line.split_whitespace()).write_stdin(input.to_vec()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{line}: {stderr}");
    (output.stdout, stderr)
}

/// Makes an archive of a tree with every kind of entry, in groups of 16 KiB.
fn archive(at: &Path, codec: &str) -> Vec<u8> {
    build_tree(&at.join("t"));
    run(at, &format!("create x.pear t --codec {codec} --group-size 16K"), 0);
    fs::read(at.join("x.pear")).unwrap()
}

#[test]
fn files_are_printed_as_they_come_holes_and_links_too() {
    let at = tempfile::tempdir().unwrap();
    let archive = archive(at.path(), "zstd");
    for name in ["t/notes.txt", "t/sub/linked.txt", "t/sparse", "t/sub/deep/data.bin", "t/zero"] {
        let (printed, stderr) = piped(at.path(), &format!("cat - {name}"), &archive, 0);
        assert!(printed == fs::read(at.path().join(name)).unwrap(), "{name}");
        assert_eq!(stderr, "", "{name}");
    }
    let (printed, _) = piped(at.path(), "cat - t/notes.txt t/sub/linked.txt", &archive, 0);
    assert!(printed == "hello\n".repeat(2000).as_bytes(), "both names of the file");
}

#[test]
fn what_does_not_fit_into_memory_waits_in_a_file() {
    let at = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..2_000_000u32).flat_map(|n| (n % 251).to_le_bytes()).collect();
    fs::write(at.path().join("large"), &content).unwrap();
    run(at.path(), "create x.pear large --codec zstd --group-size 64K", 0);
    let archive = fs::read(at.path().join("x.pear")).unwrap();
    let (printed, _) = piped(at.path(), "cat - large --memory 8M", &archive, 0);
    assert!(printed == content, "{}", printed.len());
}

#[test]
fn what_is_no_file_or_not_there_is_an_error() {
    let at = tempfile::tempdir().unwrap();
    let archive = archive(at.path(), "zstd");
    let (_, stderr) = piped(at.path(), "cat - t/empty", &archive, 2);
    assert!(stderr.contains("t/empty: not a regular file"), "{stderr}");
    let (printed, stderr) = piped(at.path(), "cat - t/zero t/notes.tx", &archive, 2);
    assert!(printed.is_empty() && stderr.contains("t/notes.txt"), "{stderr}");
    let (_, stderr) = piped(at.path(), "cat - t/notes.txt --max-output 100", &archive, 2);
    assert!(stderr.contains("output"), "{stderr}");
}

#[test]
fn a_damaged_file_is_left_out_and_the_others_are_printed() {
    let at = tempfile::tempdir().unwrap();
    fs::create_dir(at.path().join("t")).unwrap();
    for number in 0..3u8 {
        fs::write(at.path().join(format!("t/{number}")), [b'0' + number; 20_000]).unwrap();
    }
    run(at.path(), "create x.pear t --codec store --group-size 20000", 0);
    let mut archive = fs::read(at.path().join("x.pear")).unwrap();
    let hit = archive.windows(100).position(|window| window == [b'1'; 100]).unwrap();
    archive[hit + 5000] = b'x';
    let (printed, stderr) = piped(at.path(), "cat - t/*", &archive, 3);
    assert!(printed == [[b'0'; 20_000], [b'2'; 20_000]].concat(), "{}", printed.len());
    assert!(stderr.contains("t/1: damaged: group 1"), "{stderr}");
    // Cut off behind its first group.
    let (printed, stderr) = piped(at.path(), "cat - t/0", &archive[..hit], 3);
    assert!(printed == [b'0'; 20_000] && !stderr.is_empty(), "{stderr}");
}

#[test]
fn a_tar_of_a_piped_archive_holds_all_that_the_archive_does() {
    let at = tempfile::tempdir().unwrap();
    let archive = archive(at.path(), "zstd");
    run(at.path(), "export x.pear by-index.tar", 0);
    piped(at.path(), "export - a.tar", &archive, 0);
    let (printed, stderr) = piped(at.path(), "export - -", &archive, 0);
    let tar = |name: &str| fs::read(at.path().join(name)).unwrap();
    assert!(printed == tar("a.tar") && stderr.is_empty(), "{stderr}");
    // The same members in another order.
    assert_eq!(printed.len(), tar("by-index.tar").len());
    run(at.path(), "import y.pear a.tar --codec zstd --group-size 16K", 0);
    assert!(fs::read(at.path().join("y.pear")).unwrap() == archive);
    piped(at.path(), "export - part.tar t/sub t/link", &archive, 0);
    run(at.path(), "import part.pear part.tar", 0);
    let (listed, _) = run(at.path(), "list part.pear", 0);
    let (expected, _) = run(at.path(), "list x.pear t/sub t/link", 0);
    assert_eq!(listed, expected);
    let (_, stderr) = piped(at.path(), "export - none.tar t/nothing", &archive, 2);
    assert!(stderr.contains("t/nothing") && !at.path().join("none.tar").exists(), "{stderr}");
    assert!(leftovers(at.path()).is_empty());
}

#[test]
fn a_damaged_file_of_a_piped_archive_is_not_in_the_tar() {
    let at = tempfile::tempdir().unwrap();
    fs::create_dir(at.path().join("t")).unwrap();
    for number in 0..3u8 {
        fs::write(at.path().join(format!("t/{number}")), [b'0' + number; 20_000]).unwrap();
    }
    fs::hard_link(at.path().join("t/1"), at.path().join("t/link")).unwrap();
    run(at.path(), "create x.pear t --codec store --group-size 20000", 0);
    let mut archive = fs::read(at.path().join("x.pear")).unwrap();
    piped(at.path(), "export - x.tar", &archive, 0);
    let sound = fs::read(at.path().join("x.tar")).unwrap();
    let hit = archive.windows(100).position(|window| window == [b'1'; 100]).unwrap();
    archive[hit + 5000] = b'x';
    let (_, stderr) = piped(at.path(), "export - x.tar", &archive, 3);
    assert!(stderr.contains("--keep-incomplete"), "{stderr}");
    assert!(fs::read(at.path().join("x.tar")).unwrap() == sound, "it stays as it was");
    piped(at.path(), "export - x.tar --keep-incomplete", &archive, 3);
    run(at.path(), "import y.pear x.tar", 0);
    assert_eq!(run(at.path(), "list y.pear", 0).0, "t\nt/0\nt/2\n");
}
