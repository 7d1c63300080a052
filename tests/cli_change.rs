//! `update`, `append`, `delete`, `rename` and `generations`, as a user runs them.

mod support;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use support::changing::*;
use support::*;

/// Lists an archive; `more` are options.
fn names(at: &Path, archive: &str, more: &str) -> Vec<String> {
    let listed = run(at, &format!("list {archive} {more}"), 0).0;
    listed.lines().map(str::to_owned).collect()
}

#[test]
fn what_changed_is_added_and_earlier_generations_stay() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin(at);
    let (first, all) = (fs::read(at.join("a.pear")).unwrap(), names(at, "a.pear", ""));
    let before = snapshot(&at.join("t"));
    run(at, "update a.pear t --codec zstd", 0);
    assert!(fs::read(at.join("a.pear")).unwrap() == first, "nothing changed");
    write(at, "t/b.txt", "rather longer than it was\n".repeat(40));
    write(at, "t/new.txt", "new");
    fs::remove_file(at.join("t/way")).unwrap();
    run(at, "update a.pear t --date 2026-11-01 --codec zstd", 0);
    let second = fs::read(at.join("a.pear")).unwrap();
    assert!(second.starts_with(&first), "what is complete is never changed");
    assert!(second.len() - first.len() < 3_000, "the large file is not stored again");
    assert!(names(at, "a.pear", "").contains(&"t/way".to_owned()), "nothing is forgotten");
    run(at, "update a.pear t --mirror --date 2026-11-20 --codec zstd", 0);
    let mut expected = all.clone();
    expected.retain(|name| name != "t/way");
    expected.insert(4, "t/new.txt".to_owned());
    expected.sort();
    let mut listed = names(at, "a.pear", "");
    listed.sort();
    assert_eq!(listed, expected);
    assert_eq!(names(at, "a.pear", "--generation 0"), all);
    assert!(names(at, "a.pear", "--generation 2026-11-05").contains(&"t/way".to_owned()));
    run(at, "list a.pear --generation 2026-10-01", 2);
    run(at, "list a.pear --generation 3", 2);
    run(at, "extract a.pear -C newest", 0);
    assert_same(&at.join("t"), &at.join("newest/t"));
    run(at, "extract a.pear -C oldest --generation 0", 0);
    assert!(snapshot(&at.join("oldest/t")) == before);
    run(at, "verify a.pear", 0);
    run(at, "verify a.pear --generation 0", 0);
    assert_eq!(run(at, "cat a.pear t/b.txt --generation 0", 0).0, "another one\n".repeat(20));
    let listed = run(at, "generations a.pear", 0).0;
    assert_eq!(listed.lines().count(), 4);
    assert!(listed.contains("2026-11-20"), "{listed}");
    let info = run(at, "info a.pear", 0).0;
    assert!(info.contains("generation  2") && info.contains("dead"), "{info}");
}

#[test]
fn a_pipe_gives_the_newest_list() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin(at);
    write(at, "t/b.txt", "changed\n".repeat(9));
    run(at, "update a.pear t --no-date --codec zstd", 0);
    run(at, "delete a.pear t/sub --no-date", 0);
    run(at, "rename a.pear t/a.txt t/z.txt --no-date", 0);
    let piped = |line: &str, code: i32| {
        let mut program = pear(at);
        program.args(line.split_whitespace()).write_stdin(fs::read(at.join("a.pear")).unwrap());
        let output = program.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{line}: {text}");
        (String::from_utf8_lossy(&output.stdout).into_owned(), text)
    };
    let listed = run(at, "list a.pear", 0).0;
    assert_eq!(piped("list -", 0).0, listed);
    assert_eq!(piped("list - --generation 1", 0).0, run(at, "list a.pear --generation 1", 0).0);
    piped("verify -", 0);
    piped("verify - --generation 0", 0);
}

#[test]
fn a_new_mode_stores_no_content_again() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin(at);
    let before = length(at, "a.pear");
    set_mode(&at.join("t/sub/c.bin"), 0o600);
    set_mode(&at.join("t/a.txt"), 0o604);
    run(at, "update a.pear t --no-date --codec zstd", 0);
    assert!(length(at, "a.pear") - before < 1500);
    // A copy of what is stored already, under another name and with another time.
    write(at, "t/copy.bin", noise(1, 100_000));
    let before = length(at, "a.pear");
    run(at, "update a.pear t --no-date --codec zstd", 0);
    assert!(length(at, "a.pear") - before < 1500);
    run(at, "extract a.pear -C out", 0);
    assert_same(&at.join("t"), &at.join("out/t"));
    run(at, "verify a.pear", 0);
}

#[test]
fn with_checksum_contents_decide() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin(at);
    for (path, seed) in [("t/b.txt", 7), ("t/sub/c.bin", 8)] {
        let (long, time) = (length(at, path), fs::metadata(at.join(path)).unwrap().modified());
        write(at, path, noise(seed, long as usize));
        File::options()
            .write(true)
            .open(at.join(path))
            .unwrap()
            .set_modified(time.unwrap())
            .unwrap();
    }
    let before = length(at, "a.pear");
    run(at, "update a.pear t --no-date --codec zstd", 0);
    assert_eq!(length(at, "a.pear"), before, "size and time are the same");
    set_time(&at.join("t/a.txt"), 1_000_000_000, 0);
    run(at, "update a.pear t --no-date --checksum --codec zstd", 0);
    run(at, "extract a.pear -C out", 0);
    assert_same(&at.join("t"), &at.join("out/t"));
    let before = length(at, "a.pear");
    run(at, "update a.pear t --no-date --checksum --codec zstd", 0);
    assert_eq!(length(at, "a.pear"), before);
}

#[test]
fn kinds_and_links_change_in_every_way() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin(at);
    let check = |number: usize| {
        run(at, "update a.pear t --mirror --no-date --codec zstd", 0);
        let out = format!("out{number}");
        run(at, &format!("extract a.pear -C {out}"), 0);
        assert_same(&at.join("t"), &at.join(&out).join("t"));
        run(at, "verify a.pear", 0);
    };
    change_kinds(at);
    check(0);
    // The first name of a file goes, and the second stays.
    fs::remove_file(at.join("t/a.txt")).unwrap();
    check(1);
    // One name more, before the other, and then both are two files.
    fs::hard_link(at.join("t/same"), at.join("t/also")).unwrap();
    check(2);
    fs::remove_file(at.join("t/also")).unwrap();
    write(at, "t/also", fs::read(at.join("t/same")).unwrap());
    check(3);
    fs::remove_file(at.join("t/sub")).unwrap();
    write(at, "t/sub/deep/er", "and back");
    check(4);
    for number in 0..4 {
        let line = format!("extract a.pear -C again{number} --generation {}", number + 1);
        run(at, &line, 0);
        assert_same(&at.join(format!("again{number}/t")), &at.join(format!("out{number}/t")));
    }
}

#[test]
fn links_outside_the_given_paths_keep_their_content() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin(at);
    fs::remove_file(at.join("t/a.txt")).unwrap();
    write(at, "t/a.txt", "another file of that name");
    run(at, "update a.pear t/a.txt --no-date --codec zstd", 0);
    let old = "the first file\n".repeat(30);
    assert_eq!(run(at, "cat a.pear t/same", 0).0, old);
    assert_eq!(run(at, "cat a.pear t/a.txt", 0).0, "another file of that name");
    run(at, "delete a.pear t/a.txt --no-date", 0);
    assert_eq!(run(at, "cat a.pear t/same", 0).0, old);
    run(at, "verify a.pear", 0);
}

#[test]
fn append_only_adds() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin(at);
    let before = fs::read(at.join("a.pear")).unwrap();
    write(at, "t/b.txt", "changed, but not to be replaced");
    write(at, "t/new", "new");
    let (_, stderr) = run(at, "append a.pear t --no-date", 2);
    assert!(stderr.contains("t/a.txt and 4 more: already in the archive"), "{stderr}");
    assert!(fs::read(at.join("a.pear")).unwrap() == before);
    run(at, "append a.pear t --skip-existing --no-date", 0);
    assert_eq!(run(at, "cat a.pear t/b.txt", 0).0, "another one\n".repeat(20));
    assert_eq!(run(at, "cat a.pear t/new", 0).0, "new");
    write(at, "t/sub/other", "more");
    run(at, "append a.pear t/sub/other --no-date", 0);
    assert_eq!(names(at, "a.pear", "").len(), 9);
    run(at, "append none.pear t", 2);
}

#[test]
fn names_change_without_their_contents() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin(at);
    let before = length(at, "a.pear");
    run(at, "rename a.pear t u/v --no-date", 0);
    run(at, "rename a.pear u/v/same u/same --no-date", 0);
    assert!(length(at, "a.pear") - before < 3000);
    let all = ["u/same", "u/v", "u/v/a.txt", "u/v/b.txt", "u/v/sub", "u/v/sub/c.bin", "u/v/way"];
    assert_eq!(names(at, "a.pear", ""), all);
    run(at, "extract a.pear -C out", 0);
    fs::create_dir(at.join("w")).unwrap();
    fs::rename(at.join("t"), at.join("w/v")).unwrap();
    fs::rename(at.join("w/v/same"), at.join("w/same")).unwrap();
    let renamed = snapshot(&at.join("out/u"));
    assert_eq!(renamed.len(), 8);
    for (path, seen) in snapshot(&at.join("w")) {
        // The directory that the names are moved out of has another time on disk.
        let same = path == Path::new("") || path == Path::new("v") || seen == renamed[&path];
        assert!(same, "{path:?}");
    }
    run(at, "verify a.pear", 0);
    for (line, message) in [
        ("u/v u/v/w", "below the name"),
        ("u/v u/same", "already in the archive"),
        ("nothing x", "matches nothing"),
        ("u/v u/same/x", "below what is no directory"),
    ] {
        let (_, stderr) = run(at, &format!("rename a.pear {line}"), 2);
        assert!(stderr.contains(message), "{line}: {stderr}");
    }
    run(at, "rename a.pear u/v ../x", 4);
    run(at, "delete a.pear u/v/*.txt --no-date", 0);
    assert_eq!(names(at, "a.pear", ""), ["u/same", "u/v", "u/v/sub", "u/v/sub/c.bin", "u/v/way"]);
    run(at, "delete a.pear none", 2);
    run(at, "verify a.pear", 0);
    run(at, "extract a.pear -C last", 0);
    assert_eq!(fs::read_to_string(at.join("last/u/same")).unwrap(), "the first file\n".repeat(30));
}

#[test]
fn two_updates_at_once_do_not_mix() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin(at);
    let held = File::open(at.join("a.pear")).unwrap();
    held.lock().unwrap();
    write(at, "t/new", "new");
    for line in [
        "update a.pear t --codec zstd",
        "prune a.pear",
        "prune a.pear --keep-last 2",
        "repack a.pear a.pear",
        "repack a.pear a.pear --keep-last 2",
        "merge a.pear a.pear",
    ] {
        let (_, stderr) = run(at, line, 2);
        assert!(stderr.contains("being changed by another run"), "{line}: {stderr}");
    }
    run(at, "list a.pear", 0);
    drop(held);
    run(at, "update a.pear t --codec zstd", 0);
}

#[test]
fn an_update_that_was_killed_anywhere_leaves_the_archive_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin(at);
    let first = fs::read(at.join("a.pear")).unwrap();
    let listed = names(at, "a.pear", "");
    write(at, "t/new.bin", noise(3, 30_000));
    fs::remove_file(at.join("t/b.txt")).unwrap();
    run(at, "update a.pear t --mirror --no-date --codec zstd", 0);
    let second = fs::read(at.join("a.pear")).unwrap();
    // What is written comes in its order: a killed run leaves its beginning.
    let step = (second.len() - first.len()) / 200;
    for number in 0..200 {
        let end = first.len() + 1 + number * step;
        fs::write(at.join("cut.pear"), &second[..end]).unwrap();
        let more = end - first.len();
        if number % 20 > 0 {
            let archive = pear_archive::Archive::open_any(
                &second[..end],
                &Default::default(),
                &Default::default(),
            );
            assert_eq!(archive.unwrap().entries().len(), listed.len(), "{end}");
            continue;
        }
        let (stdout, stderr) = run(at, "list cut.pear", 1);
        assert_eq!(stdout.lines().collect::<Vec<_>>(), listed);
        let message = format!(
            "{more} byte{} behind the end of generation 0",
            if more == 1 { "" } else { "s" }
        );
        assert!(stderr.contains(&message) && stderr.lines().count() == 1, "{stderr}");
        run(at, "update cut.pear t --mirror --no-date --codec zstd", 0);
        assert!(fs::read(at.join("cut.pear")).unwrap() == second, "{end}");
    }
    // Other bytes than those of an update are cut off as well.
    fs::write(at.join("cut.pear"), [&first[..], &[0; 70_000]].concat()).unwrap();
    run(at, "list cut.pear", 1);
    run(at, "update cut.pear t --mirror --no-date --codec zstd", 0);
    assert!(fs::read(at.join("cut.pear")).unwrap() == second);
}

#[test]
fn an_update_that_cannot_be_written_leaves_the_archive_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin(at);
    let first = fs::read(at.join("a.pear")).unwrap();
    write(at, "t/new.bin", noise(3, 90_000));
    let program = assert_cmd::cargo::cargo_bin!("pear-archive");
    for blocks in [99, 101, 120, 160, 180] {
        // The limit of the file size is in units of 1,024 bytes.
        let script =
            format!("ulimit -f {blocks}; exec \"$0\" update a.pear t --no-date -j 1 --codec zstd");
        let mut bash = std::process::Command::new("bash");
        bash.args(["-c", &script]).arg(program).current_dir(at);
        let output = bash.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{blocks}: {stderr}");
        assert!(fs::read(at.join("a.pear")).unwrap() == first, "{blocks}: {stderr}");
    }
    run(at, "update a.pear t --no-date --codec zstd", 0);
    run(at, "verify a.pear", 0);
}

#[test]
fn a_damaged_archive_is_not_changed() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin(at);
    let mut bytes = fs::read(at.join("a.pear")).unwrap();
    let end = bytes.len();
    bytes[end - 100] ^= 1;
    File::create(at.join("a.pear")).unwrap().write_all(&bytes).unwrap();
    write(at, "t/new", "new");
    run(at, "update a.pear t --codec zstd", 3);
    assert!(fs::read(at.join("a.pear")).unwrap() == bytes);
}

#[test]
fn a_generation_that_could_not_be_read_is_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin(at);
    let first = fs::read(at.join("a.pear")).unwrap();
    write(at, "t/new", "one entry more than is accepted");
    let (_, stderr) = run(at, "update a.pear t --codec zstd --max-entries 7", 2);
    assert!(stderr.contains("cannot be read back"), "{stderr}");
    assert!(fs::read(at.join("a.pear")).unwrap() == first);
    run(at, "update a.pear t --codec zstd --max-entries 9", 0);
}
