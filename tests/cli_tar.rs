//! `import` and `export` compared with GNU tar: the same trees, the same behaviour as
//! the other commands.

mod support;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use support::tar::Maker;
use support::{assert_same, build_tree, leftovers, pear, run, snapshot};
use tempfile::TempDir;

/// Runs GNU tar in a directory.
fn gnu_tar(directory: &Path, line: &str) {
    let mut tar = Command::new("tar");
    let output = tar.args(line.split_whitespace()).current_dir(directory).output();
    let output = output.expect("these tests need GNU tar");
    assert!(output.status.success(), "tar {line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Makes a directory with the tree `tree` in it.
fn with_tree() -> TempDir {
    let at = tempfile::tempdir().unwrap();
    build_tree(&at.path().join("tree"));
    at
}

fn read(at: &Path, name: &str) -> Vec<u8> {
    fs::read(at.join(name)).unwrap()
}

#[test]
fn a_tree_comes_through_a_tar_unchanged() {
    let at = with_tree();
    let at = at.path();
    run(at, "create a.pear tree --level 1", 0);
    run(at, "export a.pear a.tar", 0);
    run(at, "import b.pear a.tar --level 1", 0);
    assert!(read(at, "a.pear") == read(at, "b.pear"), "the tar lost something");
    run(at, "import c.pear a.tar --level 1 --jobs 3 --memory 1G", 0);
    run(at, "export a.pear c.tar --jobs 1", 0);
    assert!(read(at, "a.pear") == read(at, "c.pear") && read(at, "a.tar") == read(at, "c.tar"));
    assert_eq!(run(at, "list --long a.pear", 0), run(at, "list --long b.pear", 0));
}

#[test]
fn gnu_tar_unpacks_what_was_exported() {
    let at = with_tree();
    let at = at.path();
    run(at, "create a.pear tree --codec zstd", 0);
    run(at, "export a.pear a.tar", 0);
    fs::create_dir(at.join("out")).unwrap();
    gnu_tar(at, "-xpf a.tar --xattrs --xattrs-include=* --numeric-owner -C out");
    assert_same(&at.join("tree"), &at.join("out/tree"));
}

#[test]
fn what_gnu_tar_packs_is_what_create_packs() {
    let at = with_tree();
    let at = at.path();
    run(at, "create a.pear tree --level 1", 0);
    gnu_tar(
        at,
        "--format=posix --xattrs --xattrs-include=* --sparse --sort=name -cf posix.tar tree",
    );
    run(at, "import posix.pear posix.tar --level 1", 0);
    assert!(read(at, "posix.pear") == read(at, "a.pear"));
}

#[test]
fn every_format_of_tar_is_read() {
    let at = with_tree();
    let at = at.path();
    let long = "long/".repeat(30);
    fs::create_dir_all(at.join("tree").join(&long)).unwrap();
    fs::write(at.join("tree").join(&long).join("file"), "deep").unwrap();
    std::os::unix::fs::symlink("../".repeat(50), at.join("tree/long-link")).unwrap();
    // Times before 1970 and to the nanosecond, and attributes, are for posix only.
    support::set_time(&at.join("tree/zero"), 1, 0);
    let sparse_formats = ["0.0", "0.1", "1.0"];
    let posix = sparse_formats.map(|version| format!("posix --sparse-version={version}"));
    for format in ["gnu", "oldgnu"].map(str::to_owned).iter().chain(&posix) {
        gnu_tar(at, &format!("--format={format} --sparse -cf x.tar tree"));
        run(at, "import x.pear x.tar --codec zstd", 0);
        run(at, "extract -p x.pear -C out", 0);
        let [left, right] = ["tree", "out/tree"].map(|tree| {
            let mut seen = snapshot(&at.join(tree));
            for kept in seen.values_mut() {
                kept.xattrs.clear();
                kept.modified.1 = 0;
                // With an ACL, the permissions of the group have another meaning.
                kept.mode &= !0o070;
            }
            seen
        });
        assert_eq!(left.keys().collect::<Vec<_>>(), right.keys().collect::<Vec<_>>(), "{format}");
        for (path, seen) in &left {
            assert!(*seen == right[path], "{format}: {path:?}");
        }
        fs::remove_dir_all(at.join("out")).unwrap();
    }
}

#[test]
fn standard_input_and_output_serve_as_well() {
    let at = with_tree();
    let at = at.path();
    run(at, "create a.pear tree --codec zstd", 0);
    run(at, "export a.pear a.tar", 0);
    let exported = pear(at).args(["export", "a.pear", "-"]).output().unwrap();
    assert!(exported.stdout == read(at, "a.tar"));
    for target in ["b.pear", "-"] {
        let mut import = pear(at);
        import.args(["import", target, "-", "--codec", "zstd"]).write_stdin(read(at, "a.tar"));
        let output = import.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let archive = if target == "-" { output.stdout } else { read(at, target) };
        assert!(archive == read(at, "a.pear"), "{target}");
    }
    assert_eq!(leftovers(at), [""; 0].map(Path::new));
}

#[test]
fn standard_input_may_be_a_file_read_in_part() {
    use std::io::{Seek, SeekFrom};
    let at = tempfile::tempdir().unwrap();
    let tar = Maker::default().file("name", "content").end();
    fs::write(at.path().join("x"), [&[1; 700], &tar[..]].concat()).unwrap();
    for (skipped, code) in [(0, 3), (700, 0)] {
        let mut input = fs::File::open(at.path().join("x")).unwrap();
        input.seek(SeekFrom::Start(skipped)).unwrap();
        let program = assert_cmd::cargo::cargo_bin!("pear-archive");
        let mut import = Command::new(program);
        import.args(["import", "y.pear", "-"]).current_dir(at.path()).stdin(input);
        assert_eq!(import.stderr(Stdio::null()).status().unwrap().code(), Some(code));
    }
    assert_eq!(run(at.path(), "cat y.pear name", 0).0, "content");
}

#[test]
fn an_archive_is_replaced_by_a_sound_tar_only() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    fs::write(at.join("file"), "kept").unwrap();
    run(at, "create x.pear file", 0);
    let old = read(at, "x.pear");
    let sound = Maker::default().file("name", "content").end();
    let put = |name: &str, bytes: &[u8]| fs::write(at.join(name), bytes).unwrap();
    put("sound.tar", &sound);
    put("unsafe.tar", &Maker::default().file("ok", "").file("../out", "").end());
    put("cut.tar", &sound[..515]);
    put("text", &b"no tar ".repeat(100));
    put("none", b"");
    put("packed.tar.gz", b"\x1f\x8b\x08 and so on");
    put("packed.tar.lz", b"LZIP and so on");
    let cases = [
        ("unsafe.tar", 4, "unsafe.tar: at byte 512: ../out: unsafe member refused: its path has"),
        ("cut.tar", 3, "cut.tar: at byte 0: the tar ends inside the data of a member"),
        ("text", 3, "text: at byte 0: not a tar"),
        ("none", 3, "none: at byte 0: the tar is empty"),
        ("packed.tar.gz", 3, "packed.tar.gz: at byte 0: the "),
        ("packed.tar.lz", 2, "packed.tar.lz: at byte 0: compressed with lzip"),
        ("missing.tar", 2, "missing.tar"),
        (".", 2, "."),
        ("sound.tar --max-output 6", 2, "bytes of files: 7 is over the limit of 6"),
        ("sound.tar --max-entries 0", 2, "entries: 1 is over the limit of 0"),
    ];
    for (tar, code, message) in cases {
        let (_, stderr) = run(at, &format!("import x.pear {tar}"), code);
        assert!(stderr.contains(message), "{stderr}: not {message}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(read(at, "x.pear") == old, "{tar}");
    }
    assert_eq!(leftovers(at), [""; 0].map(Path::new));
    run(at, "import x.pear sound.tar", 0);
    assert_eq!(run(at, "cat x.pear name", 0).0, "content");
}

#[test]
fn nothing_replaces_what_it_is_made_from() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    let tar = Maker::default().file("name", "content").end();
    fs::write(at.join("x.tar"), &tar).unwrap();
    run(at, "import x.pear x.tar", 0);
    let archive = read(at, "x.pear");
    run(at, "import x.tar x.tar", 2);
    run(at, "export x.pear x.pear", 2);
    assert!(read(at, "x.tar") == tar && read(at, "x.pear") == archive);
}

#[test]
fn what_cannot_be_kept_is_a_warning() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    let mut maker = Maker::default();
    maker.member(b'V', "label", "").records(b'x', [("VENDOR.x", "1")]).file("name", "content");
    fs::write(at.join("x.tar"), maker.end()).unwrap();
    let (_, stderr) = run(at, "import x.pear x.tar", 1);
    let expected = [
        "x.tar: label: skipped: an archive cannot hold members of type 'V'",
        "x.tar: name: dropped: pax record VENDOR.x",
    ];
    for (line, expected) in stderr.lines().zip(expected) {
        assert_eq!(line, format!("pear-archive: warning: {expected}"));
    }
    assert_eq!(run(at, "list x.pear", 0).0, "name\n");
}

#[test]
fn one_cause_is_one_warning_and_all_names_with_verbose() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    let mut maker = Maker::default();
    for name in ["a", "b", "c"] {
        maker.records(b'x', [("VENDOR.x", "1")]).file(name, "content");
    }
    maker.file("a", "again").file("b", "again");
    fs::write(at.join("x.tar"), maker.end()).unwrap();
    let (_, stderr) = run(at, "import x.pear x.tar", 1);
    let record = "a and 2 more: dropped: pax record VENDOR.x";
    let twice = "a and 1 more: several members have this name: the last one is kept";
    assert_eq!(
        stderr,
        format!("pear-archive: warning: x.tar: {record}\npear-archive: x.tar: {twice}\n")
    );
    let (_, stderr) = run(at, "import x.pear x.tar --verbose", 1);
    for name in ["a", "b", "c"] {
        let line = format!("{name}: dropped: pax record VENDOR.x");
        assert!(stderr.lines().any(|found| found == line), "{stderr}");
    }
    assert_eq!(run(at, "cat x.pear a", 0).0, "again");
}

#[test]
fn compressed_tars_are_read_by_their_first_bytes() {
    let at = with_tree();
    let at = at.path();
    run(at, "create a.pear tree --codec store", 0);
    run(at, "export a.pear a.tar", 0);
    let tar = read(at, "a.tar");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar).unwrap();
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(&tar).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 0);
    xz.write_all(&tar).unwrap();
    let packed = [
        gzip.finish().unwrap(),
        bzip2.finish().unwrap(),
        xz.finish().unwrap(),
        zstd::encode_all(&tar[..], 1).unwrap(),
    ];
    for packed in packed {
        fs::write(at.join("packed"), &packed).unwrap();
        run(at, "import b.pear packed --codec store", 0);
        assert!(read(at, "b.pear") == read(at, "a.pear"));
        let mut import = pear(at);
        import.args(["import", "-", "-", "--codec", "store"]).write_stdin(packed.clone());
        assert!(import.output().unwrap().stdout == read(at, "a.pear"));
        let (_, stderr) = run(at, "import c.pear packed --max-output 10K", 2);
        assert!(stderr.contains("bytes of the tar: "), "{stderr}");
        fs::write(at.join("packed"), &packed[..packed.len() - 9]).unwrap();
        let (_, stderr) = run(at, "import c.pear packed", 3);
        assert!(stderr.contains("packed: at byte 0: the tar ends inside its"), "{stderr}");
        fs::write(at.join("packed"), [&packed[..], b"more"].concat()).unwrap();
        let (_, stderr) = run(at, "import b.pear packed --codec store", 1);
        let behind = format!("data ends before byte {}; the rest was not read", packed.len());
        assert!(stderr.contains(&behind), "{stderr}");
        assert!(read(at, "b.pear") == read(at, "a.pear"));
    }
    assert!(!at.join("c.pear").exists());
    assert_eq!(leftovers(at), [""; 0].map(Path::new));
}

#[test]
fn unsafe_names_are_stripped_on_request() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    let mut maker = Maker::default();
    maker.file("/etc/a", "1").file("b/../../c", "2").member(b'1', "/d", "//etc/a");
    maker.member(b'5', "/", "").member(b'2', "../s", "/kept/../as it is").file("e", "3");
    fs::write(at.join("x.tar"), maker.end()).unwrap();
    let (_, stderr) = run(at, "import x.pear x.tar", 4);
    assert!(stderr.contains("/etc/a: unsafe member refused: its path is absolute"), "{stderr}");
    assert!(stderr.contains("(use --strip-unsafe to remove"), "{stderr}");
    let (_, stderr) = run(at, "import x.pear x.tar --strip-unsafe", 0);
    assert!(stderr.contains("/etc/a and 4 more: leading '/' or '..' removed"), "{stderr}");
    assert_eq!(run(at, "list x.pear", 0).0, "c\nd\ne\netc/a\ns\n");
    assert_eq!(run(at, "cat x.pear etc/a c d", 0).0, "121");
    fs::write(at.join("y.tar"), Maker::default().file("a/..", "1").end()).unwrap();
    let (_, stderr) = run(at, "import y.pear y.tar --strip-unsafe", 4);
    assert!(stderr.contains("a/..: unsafe member refused: its path is empty"), "{stderr}");
}

#[test]
fn patterns_choose_what_is_exported() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    let mut maker = Maker::default();
    maker.file("a/x", "1").file("a/y", "2").member(b'1', "b/x", "a/x").file("c", "3");
    fs::write(at.join("x.tar"), maker.end()).unwrap();
    run(at, "import x.pear x.tar", 0);
    run(at, "export x.pear part.tar b c", 0);
    gnu_tar(at, "-xf part.tar");
    // The file that the link leads to is not selected, so the link becomes the file.
    assert_eq!(read(at, "b/x"), b"1");
    assert_eq!(read(at, "c"), b"3");
    assert!(!at.join("a").exists());
    let (_, stderr) = run(at, "export x.pear part.tar missing", 2);
    assert!(stderr.contains("missing: matches nothing in the archive"), "{stderr}");
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let at = with_tree();
    run(at.path(), "create a.pear tree --codec store", 0);
    let (_, stderr) = run(at.path(), "export a.pear /dev/full", 2);
    assert!(stderr.contains("No space left"), "{stderr}");
    let (_, stderr) = run(at.path(), "export a.pear no/such/directory/x.tar", 2);
    assert!(stderr.contains("no/such/directory"), "{stderr}");
}
