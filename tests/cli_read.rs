//! `list`, `cat`, `verify`, `info` and the rest, as a user runs them.

mod support;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use support::*;

/// Makes `x.pear` of a tree with every kind of entry, in groups of 16 KiB.
fn archive(at: &Path) {
    build_tree(&at.join("t"));
    run(at, "create x.pear t --codec zstd --group-size 16K", 0);
}

#[test]
fn list_names_every_entry_and_escapes_what_terminals_obey() {
    let at = tempfile::tempdir().unwrap();
    archive(at.path());
    let (stdout, stderr) = run(at.path(), "list x.pear", 0);
    assert!(stderr.is_empty());
    assert_eq!(stdout.lines().count(), snapshot(&at.path().join("t")).len());
    assert!(stdout.contains("t/caf\\xe9 \\n\\u{1b}[31m"), "{stdout}");
    assert!(!stdout.contains('\u{1b}'));
    assert_eq!(run(at.path(), "ls x.pear t/sub/*", 0).0.lines().count(), 4);
    run(at.path(), "l x.pear nothing", 2);
}

#[test]
fn list_long_shows_what_ls_shows() {
    let at = tempfile::tempdir().unwrap();
    archive(at.path());
    let (stdout, _) = run(at.path(), "list --long x.pear", 0);
    let line = |end: &str| stdout.lines().find(|line| line.ends_with(end)).unwrap().to_owned();
    assert!(line(" t/notes.txt").starts_with("-rw-r-----"));
    assert!(line(" t/notes.txt").contains(" 6000 2001-09-09 "));
    assert!(line(" t/empty/").starts_with("drwx--x--x"));
    assert!(line(" t/link -> notes.txt").starts_with('l'));
    assert!(line(" t/sub/linked.txt link to t/notes.txt").starts_with('h'));
    assert!(line(" t/pipe").starts_with('p'));
}

#[test]
fn list_json_is_an_object_per_line() {
    let at = tempfile::tempdir().unwrap();
    archive(at.path());
    let (stdout, _) = run(at.path(), "list --json x.pear", 0);
    assert!(stdout.lines().all(|line| line.starts_with('{') && line.ends_with('}')));
    let line = |path: &str| stdout.lines().find(|line| line.contains(path)).unwrap();
    let notes = line("\"t/notes.txt\",\"kind\"");
    // Small files share a digest, others have one of their own.
    let digest = blake3::hash(&fs::read(at.path().join("t/sub/deep/data.bin")).unwrap()).to_hex();
    let data = line("\"t/sub/deep/data.bin\"");
    assert!(data.contains(&format!("\"blake3\":\"{digest}\"")), "{data}");
    let empty = format!("\"blake3\":\"{}\"", blake3::hash(b"").to_hex());
    assert!(line("\"t/zero\"").contains(&empty), "an empty file's follows from its size");
    assert!(notes.contains("\"modified\":\"2001-09-09T01:46:40.123456789Z\""), "{notes}");
    assert!(!notes.contains("sparse_blake3"));
    assert!(stdout.contains("\"path_base64\":\"dC9jYWbpIAobWzMxbQ==\""));
}

#[test]
fn cat_prints_files_and_only_files() {
    let at = tempfile::tempdir().unwrap();
    archive(at.path());
    let output = pear(at.path()).args(["cat", "x.pear", "t/sub/deep/data.bin"]).output().unwrap();
    assert!(output.stdout == fs::read(at.path().join("t/sub/deep/data.bin")).unwrap());
    let output = pear(at.path()).args(["cat", "x.pear", "t/sparse"]).output().unwrap();
    assert!(output.stdout == fs::read(at.path().join("t/sparse")).unwrap());
    assert_eq!(run(at.path(), "cat x.pear t/sub/linked.txt", 0).0, "hello\n".repeat(1000));
    run(at.path(), "cat x.pear t/empty", 2);
    run(at.path(), "cat x.pear t/none", 2);
    run(at.path(), "cat x.pear", 2);
}

#[test]
fn info_tells_codecs_and_costs() {
    let at = tempfile::tempdir().unwrap();
    archive(at.path());
    let (stdout, _) = run(at.path(), "info x.pear", 0);
    assert!(stdout.contains("zstd"), "{stdout}");
    let (stdout, _) = run(at.path(), "info --json x.pear", 0);
    assert!(stdout.lines().next().unwrap().contains("\"stored\":"), "{stdout}");
    assert!(stdout.lines().nth(1).unwrap().contains("\"codec\":\"zstd\""), "{stdout}");
}

#[test]
fn damage_is_found_named_and_contained() {
    let at = tempfile::tempdir().unwrap();
    fs::create_dir(at.path().join("t")).unwrap();
    // Four files that cannot be compressed, each in its own group.
    for number in 0..4u64 {
        let mut state = number + 1;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .take(8192)
        .collect();
        fs::write(at.path().join(format!("t/{number}")), noise).unwrap();
    }
    run(at.path(), "create x.pear t --codec store --group-size 8K", 0);
    run(at.path(), "verify x.pear", 0);
    run(at.path(), "t --quick x.pear", 0);
    let mut bytes = fs::read(at.path().join("x.pear")).unwrap();
    let original = fs::read(at.path().join("t/2")).unwrap();
    let place = bytes.windows(64).position(|window| window == &original[1000..1064]).unwrap();
    bytes[place] ^= 1;
    fs::write(at.path().join("x.pear"), bytes).unwrap();
    for line in ["verify x.pear", "verify --quick x.pear", "cat x.pear t/2"] {
        let (_, stderr) = run(at.path(), line, 3);
        assert!(stderr.contains("byte ") && stderr.contains("x.pear"), "{line}: {stderr}");
    }
    run(at.path(), "cat x.pear t/1", 0);
    let (_, stderr) = run(at.path(), "extract x.pear -C out", 3);
    assert!(stderr.contains("t/2"), "{stderr}");
    for (name, there) in [("0", true), ("1", true), ("2", false), ("3", true)] {
        assert_eq!(at.path().join("out/t").join(name).exists(), there, "{name}");
    }
    assert!(leftovers(at.path()).is_empty());
}

#[test]
fn what_is_no_archive_or_too_new_says_so() {
    let at = tempfile::tempdir().unwrap();
    fs::write(
        at.path().join("text"),
        "not an archive at all, but long enough to be read\n".repeat(9),
    )
    .unwrap();
    for command in ["list", "extract", "verify", "info"] {
        let (_, stderr) = run(at.path(), &format!("{command} text"), 3);
        assert!(stderr.contains("text") && stderr.contains("not a pear archive"), "{stderr}");
        run(at.path(), &format!("{command} missing"), 2);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let at = tempfile::tempdir().unwrap();
    fs::write(at.path().join("zeros"), vec![b'0'; 4 << 20]).unwrap();
    run(at.path(), "create x.pear zeros --codec zstd", 0);
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("pear-archive"))
        .args(["cat", "x.pear", "zeros"])
        .current_dir(at.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap(); // and closed
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn help_version_and_manuals_are_there() {
    let at = tempfile::tempdir().unwrap();
    let (stdout, _) = run(at.path(), "--help", 0);
    assert!(stdout.contains("Exit status:"));
    assert!(run(at.path(), "--version", 0).0.contains(env!("CARGO_PKG_VERSION")));
    for command in ["create", "extract", "list", "cat", "verify", "info", "completions", "man"] {
        let (help, _) = run(at.path(), &format!("{command} --help"), 0);
        assert!(help.contains("Examples:") && help.contains("Exit status:"), "{command}");
        assert!(run(at.path(), &format!("man {command}"), 0).0.contains(".TH"));
    }
    assert!(run(at.path(), "man", 0).0.contains(".TH"));
    run(at.path(), "man frobnicate", 2);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(run(at.path(), &format!("completions {shell}"), 0).0.contains("pear-archive"));
    }
}

#[test]
fn colour_is_only_used_where_wanted() {
    let at = tempfile::tempdir().unwrap();
    let coloured =
        |flag: &str| run(at.path(), &format!("list missing.pear {flag}"), 2).1.contains('\u{1b}');
    assert!(!coloured(""));
    assert!(!coloured("--color never"));
    assert!(coloured("--color always"));
}

/// Makes `x.pear` of files whose names are globs, or would be invalid ones.
fn archive_of_glob_names(at: &Path) {
    fs::create_dir(at.join("in")).unwrap();
    for name in ["a[1].txt", "a1.txt", "x{y", "q[z", "*", "b"] {
        fs::write(at.join("in").join(name), name).unwrap();
    }
    run(at, "create x.pear -C in . --codec store", 0);
}

#[test]
fn an_exact_name_selects_itself_alone_whatever_characters_it_has() {
    let at = tempfile::tempdir().unwrap();
    archive_of_glob_names(at.path());
    for name in ["a[1].txt", "x{y", "q[z", "*"] {
        assert_eq!(run(at.path(), &format!("cat x.pear {name}"), 0).0, name);
        assert_eq!(run(at.path(), &format!("list x.pear {name}"), 0).0, format!("{name}\n"));
        run(at.path(), &format!("extract x.pear {name} -C out"), 0);
        assert_eq!(fs::read_dir(at.path().join("out")).unwrap().count(), 1, "{name}");
        fs::remove_dir_all(at.path().join("out")).unwrap();
    }
    // A text that is not a name is still a pattern.
    assert_eq!(run(at.path(), "cat x.pear a?.txt", 0).0, "a1.txt");
}

#[test]
fn literal_names_are_never_patterns() {
    let at = tempfile::tempdir().unwrap();
    archive_of_glob_names(at.path());
    for command in ["list", "cat", "extract"] {
        run(at.path(), &format!("{command} x.pear --literal a?.txt"), 2);
    }
    let archive = fs::File::open(at.path().join("x.pear")).unwrap();
    let piped = ["extract", "-", "--literal", "a[1].txt", "*", "-C", "out"];
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("pear-archive"));
    command.args(piped).current_dir(at.path()).stdin(archive);
    assert!(command.status().unwrap().success());
    assert_eq!(fs::read_dir(at.path().join("out")).unwrap().count(), 2);
}

#[test]
fn names_come_from_a_file_and_are_exact() {
    let at = tempfile::tempdir().unwrap();
    archive_of_glob_names(at.path());
    fs::write(at.path().join("lines"), "q[z\na[1].txt\n").unwrap();
    fs::write(at.path().join("nuls"), "q[z\0a[1].txt\0").unwrap();
    fs::write(at.path().join("none"), "\n").unwrap();
    for names in ["-T lines", "--files-from nuls --null"] {
        assert_eq!(run(at.path(), &format!("cat x.pear {names}"), 0).0, "q[za[1].txt");
        assert_eq!(run(at.path(), &format!("list x.pear {names}"), 0).0, "a[1].txt\nq[z\n");
        run(at.path(), &format!("extract x.pear {names} -C out --overwrite always"), 0);
        assert_eq!(fs::read_dir(at.path().join("out")).unwrap().count(), 2);
    }
    assert_eq!(run(at.path(), "cat x.pear b -T lines", 0).0, "bq[za[1].txt");
    for command in ["list", "cat", "extract"] {
        let (_, stderr) = run(at.path(), &format!("{command} x.pear -T none"), 2);
        assert!(stderr.contains("none: lists no names"), "{stderr}");
        run(at.path(), &format!("{command} x.pear -T missing"), 2);
    }
}

#[test]
fn a_name_that_selects_nothing_gets_a_pattern_to_try() {
    let at = tempfile::tempdir().unwrap();
    archive(at.path());
    for command in ["list", "cat", "extract"] {
        let (_, stderr) = run(at.path(), &format!("{command} x.pear *.txt"), 2);
        assert!(stderr.contains("*.txt") && stderr.contains("try '**/*.txt'"), "{stderr}");
    }
}

#[test]
fn only_what_selects_something_is_proposed() {
    let at = tempfile::tempdir().unwrap();
    archive(at.path());
    for (given, proposed) in [
        ("notes.txt", "try 't/notes.txt', or"),
        ("sub/*.txt", "try '**/sub/*.txt', or"),
        ("elsewhere/*.bin", "try '**/*.bin', or"),
        ("t/nodes.txt", "try 't/notes.txt', or"),
        ("T/NOTES.TXT", "try 't/notes.txt', or"),
        ("*.pdf", "matches nothing in the archive; see the names with 'list'"),
        ("t/quite-another", "matches nothing in the archive; see the names with 'list'"),
    ] {
        for command in ["list", "cat", "extract"] {
            let (_, stderr) = run(at.path(), &format!("{command} x.pear {given}"), 2);
            assert!(stderr.contains(proposed), "{command} {given}: {stderr}");
        }
    }
}

#[test]
fn cat_goes_on_behind_a_damaged_file() {
    let at = tempfile::tempdir().unwrap();
    fs::create_dir(at.path().join("t")).unwrap();
    for name in ["a", "b", "c"] {
        fs::write(at.path().join("t").join(name), name.repeat(8192)).unwrap();
    }
    run(at.path(), "create x.pear t --codec store --group-size 8K", 0);
    let mut bytes = fs::read(at.path().join("x.pear")).unwrap();
    let place = bytes.windows(64).position(|window| window == [b'b'; 64]).unwrap();
    bytes[place + 100] = b'!';
    fs::write(at.path().join("x.pear"), bytes).unwrap();
    let (stdout, stderr) = run(at.path(), "cat x.pear t/*", 3);
    assert!(stdout == "a".repeat(8192) + &"c".repeat(8192));
    assert!(stderr.contains("t/b") && !stderr.contains("t/c"), "{stderr}");
}

#[test]
fn cat_to_a_full_disk_fails() {
    let at = tempfile::tempdir().unwrap();
    archive(at.path());
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("pear-archive"));
    command.args(["cat", "x.pear", "t/zero", "t/notes.txt"]).current_dir(at.path()).stdout(full);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("standard output: cannot write"), "{stderr}");
}
