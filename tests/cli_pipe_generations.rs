//! Archives of several generations that come from a pipe, as a user reads them.

mod support;

use std::fs;
use std::path::Path;
use support::changing::*;
use support::*;

/// Runs a line with bytes on its standard input; returns what it printed and said.
fn piped(at: &Path, bytes: &[u8], line: &str, code: i32) -> (String, String) {
    let mut program = pear(at);
    program.args(line.split_whitespace()).write_stdin(bytes);
    let output = program.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{line}: {text}");
    (String::from_utf8_lossy(&output.stdout).into_owned(), text)
}

fn read(at: &Path) -> Vec<u8> {
    fs::read(at.join("a.pear")).unwrap()
}

/// Compares what was restored in two directories, whose own times differ.
fn assert_restored(one: &Path, other: &Path) {
    set_time(one, 1, 0);
    set_time(other, 1, 0);
    assert_same(one, other);
}

#[test]
fn each_generation_comes_from_a_pipe_as_it_comes_from_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let newest = many(at);
    let bytes = read(at);
    for number in 0..=newest {
        let more = format!("--generation {number}");
        run(at, &format!("extract a.pear -C file{number} {more}"), 0);
        let (_, said) = piped(at, &bytes, &format!("extract - -C pipe{number} {more}"), 0);
        assert_restored(&at.join(format!("file{number}")), &at.join(format!("pipe{number}")));
        let (_, by_file) = run(at, &format!("extract a.pear -C again{number} {more}"), 0);
        let entries = |said: &str| said.split(" entries").next().map(str::to_owned);
        assert_eq!(entries(&said), entries(&by_file));
    }
    piped(at, &bytes, "extract - -C newest", 0);
    assert_restored(&at.join(format!("file{newest}")), &at.join("newest"));
    let (_, stderr) = piped(at, &bytes, "extract - -C none --generation 11", 2);
    assert!(stderr.contains("11"), "{stderr}");
    let (_, stderr) = piped(at, &bytes, "extract - -C none --generation 2026-01-01", 5);
    assert!(stderr.contains("save the archive as a file"), "{stderr}");
}

#[test]
fn what_an_interrupted_update_left_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin(at);
    let first = read(at).len();
    write(at, "t/b.txt", noise(5, 30_000));
    fs::remove_file(at.join("t/a.txt")).unwrap();
    fs::remove_dir_all(at.join("t/sub")).unwrap();
    run(at, "update a.pear t --mirror --no-date --codec zstd", 0);
    let second = read(at);
    run(at, "extract a.pear -C before --generation 0", 0);
    run(at, "extract a.pear -C after", 0);
    let step = (second.len() - first) / 12;
    for (number, end) in (first + 1..second.len()).step_by(step).enumerate() {
        let to = format!("out{number}");
        // Without its footer, an INDEX says that more was to come: that is damage.
        let mut program = pear(at);
        program.args(["extract", "-", "-C", &to]).write_stdin(&second[..end]);
        let output = program.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let code = output.status.code();
        assert!(code == Some(1) || code == Some(3), "{end}: {stderr}");
        assert!(code == Some(3) || stderr.contains("behind the end of generation 0"), "{stderr}");
        assert_same(&at.join("before/t"), &at.join(&to).join("t"));
        assert_eq!(fs::read_dir(at.join(&to)).unwrap().count(), 1, "nothing else is left");
    }
    piped(at, &second, "extract - -C whole", 0);
    assert_same(&at.join("after/t"), &at.join("whole/t"));
}

#[test]
fn nothing_is_removed_or_replaced_that_the_run_did_not_make() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin(at);
    write(at, "t/sub/new.txt", "new");
    run(at, "update a.pear t --no-date --codec zstd", 0);
    run(at, "delete a.pear t/sub t/b.txt --no-date", 0);
    let bytes = read(at);
    // What stands there stays, and what is to be there is refused by its name.
    write(at, "out/t/sub/mine.txt", "mine");
    write(at, "out/t/b.txt", "also mine");
    let (_, stderr) = piped(at, &bytes, "extract - -C out", 1);
    assert!(stderr.contains("t/b.txt"), "{stderr}");
    assert_eq!(fs::read_to_string(at.join("out/t/sub/mine.txt")).unwrap(), "mine");
    assert_eq!(fs::read_to_string(at.join("out/t/b.txt")).unwrap(), "also mine");
    assert!(!at.join("out/t/sub/c.bin").exists() && at.join("out/t/a.txt").exists());
    // With --overwrite rename, the numbered ones are those that go.
    piped(at, &bytes, "extract - -C out2", 0);
    write(at, "out3/t/b.txt", "mine");
    piped(at, &bytes, "extract - -C out3 --overwrite rename", 0);
    assert_eq!(fs::read_to_string(at.join("out3/t/b.txt")).unwrap(), "mine");
    fs::remove_file(at.join("out3/t/b.txt")).unwrap();
    set_time(&at.join("out3/t"), 1, 0);
    set_time(&at.join("out2/t"), 1, 0);
    set_mode(&at.join("out3/t"), 0o755);
    set_mode(&at.join("out2/t"), 0o755);
    assert_same(&at.join("out2/t"), &at.join("out3/t"));
}

#[test]
fn a_content_that_was_not_selected_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin(at);
    run(at, "rename a.pear t/sub u --no-date", 0);
    write(at, "u/more.txt", "more");
    run(at, "append a.pear u/more.txt --no-date --codec zstd", 0);
    let (_, stderr) = piped(at, &read(at), "extract - u -C out", 5);
    assert!(stderr.contains("u/c.bin") && stderr.contains("save the archive"), "{stderr}");
    assert_eq!(fs::read_to_string(at.join("out/u/more.txt")).unwrap(), "more");
    assert!(!at.join("out/u/c.bin").exists());
    // Both names together have it.
    piped(at, &read(at), "extract - u t -C both", 0);
    run(at, "extract a.pear u t -C file", 0);
    assert_same(&at.join("file/u"), &at.join("both/u"));
}

#[test]
fn contents_are_given_out_of_the_first_generation_alone() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin(at);
    let old = fs::read_to_string(at.join("t/b.txt")).unwrap();
    write(at, "t/b.txt", "changed");
    run(at, "update a.pear t --no-date --codec zstd", 0);
    let bytes = read(at);
    let (_, stderr) = piped(at, &bytes, "cat - t/b.txt", 5);
    assert!(stderr.contains("save the archive as a file"), "{stderr}");
    assert_eq!(piped(at, &bytes, "cat - t/b.txt --generation 0", 0).0, old);
    run(at, "export a.pear first.tar --generation 0", 0);
    run(at, "export a.pear newest.tar", 0);
    for (tar, content) in [("first.tar", &old[..]), ("newest.tar", "changed")] {
        let mut members = ::tar::Archive::new(fs::File::open(at.join(tar)).unwrap());
        let found = members.entries().unwrap().map(Result::unwrap);
        let mut found = found.filter(|one| one.path_bytes()[..] == b"t/b.txt"[..]);
        assert_eq!(std::io::read_to_string(found.next().unwrap()).unwrap(), content);
    }
    piped(at, &bytes, "export - piped.tar --generation 0", 0);
    piped(at, &bytes, "export - piped1.tar --generation 1", 5);
    run(at, "export a.pear none.tar --generation 2", 2);
    assert!(!at.join("none.tar").exists());
    let (_, stderr) = piped(at, &bytes, "export - out.tar", 5);
    assert!(stderr.contains("save the archive as a file"), "{stderr}");
}
