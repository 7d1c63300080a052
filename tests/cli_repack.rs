//! `diff`, `repack` and `prune`, as a user runs them, and a session with everything that changes
//! an archive.

mod support;

use std::fs::{self, File};
use std::path::Path;
use support::changing::*;
use support::*;

#[test]
fn differences_are_told_in_one_line_each() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin(at);
    assert_eq!(run(at, "diff a.pear", 0).0, "");
    assert_eq!(run(at, "diff a.pear . --checksum", 0).0, "");
    let time = fs::metadata(at.join("t/b.txt")).unwrap().modified().unwrap();
    write(at, "t/b.txt", "another ten\n".repeat(20));
    File::options().write(true).open(at.join("t/b.txt")).unwrap().set_modified(time).unwrap();
    assert_eq!(run(at, "diff a.pear", 0).0, "", "size and time are the same");
    assert_eq!(run(at, "diff a.pear --checksum", 1).0, "~ t/b.txt: content\n");
    write(at, "t/sub/new", "new");
    set_mode(&at.join("t/a.txt"), 0o600);
    fs::remove_file(at.join("t/way")).unwrap();
    let long = fs::metadata(at.join("t/sub/c.bin")).unwrap().modified().unwrap();
    write(at, "t/sub/c.bin", noise(5, 100_000));
    File::options().write(true).open(at.join("t/sub/c.bin")).unwrap().set_modified(long).unwrap();
    let expected = "~ t/a.txt: mode\n~ t/b.txt: content\n~ t/same: mode\n\
                    ~ t/sub/c.bin: content\n+ t/sub/new\n- t/way\n";
    assert_eq!(run(at, "diff a.pear --checksum", 1).0, expected);
    let json = run(at, "diff a.pear --json", 1).0;
    assert!(
        json.starts_with("{\"path\":\"t/a.txt\",\"difference\":\"changed\",\"what\":[\"mode\"]}\n")
    );
    run(at, "update a.pear t --mirror --checksum --no-date --codec zstd", 0);
    assert_eq!(run(at, "diff a.pear --checksum", 0).0, "");
    let between = run(at, "diff a.pear --generation 0 --to 1 --checksum", 1).0;
    assert_eq!(
        between.lines().filter(|line| !line.contains("modified")).collect::<Vec<_>>(),
        expected.lines().collect::<Vec<_>>()
    );
    run(at, "create other.pear t --codec store", 0);
    assert_eq!(run(at, "diff a.pear other.pear --checksum", 0).0, "");
    run(at, "diff a.pear nothing-there", 2);
}

#[test]
fn what_is_dead_is_dropped_and_the_rest_copied() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin(at);
    write(at, "t/large.bin", noise(9, 400_000));
    let holes = File::create(at.join("t/holes")).unwrap();
    holes.set_len(1 << 20).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&holes, b"an island", 500_000).unwrap();
    run(at, "update a.pear t --no-date --codec zstd", 0);
    fs::remove_file(at.join("t/large.bin")).unwrap();
    write(at, "t/b.txt", "newer\n".repeat(30));
    run(at, "update a.pear t --mirror --no-date --codec zstd", 0);
    run(at, "rename a.pear t/sub t/under --no-date", 0);
    let info: serde_json::Value =
        serde_json::from_str(run(at, "info a.pear --json", 0).0.lines().next().unwrap()).unwrap();
    let dead = info["dead"].as_u64().unwrap();
    assert!(dead > 390_000 && dead < 420_000, "{dead}");
    run(at, "repack a.pear b.pear --codec zstd", 0);
    assert!(length(at, "b.pear") < length(at, "a.pear") - 390_000);
    assert_eq!(run(at, "diff a.pear b.pear --checksum", 0).0, "");
    run(at, "verify b.pear", 0);
    let groups = |archive: &str| -> Vec<String> {
        let shown = run(at, &format!("info {archive} --json"), 0).0;
        let lines = shown.lines().skip(1).map(|line| {
            let group: serde_json::Value = serde_json::from_str(line).unwrap();
            format!("{} {}", group["size"], group["stored"])
        });
        lines.collect()
    };
    let copied = groups("b.pear").iter().filter(|group| groups("a.pear").contains(group)).count();
    assert!(copied > 0, "{:?} {:?}", groups("a.pear"), groups("b.pear"));
    run(at, "repack a.pear c.pear --recode --level 1", 0);
    assert_eq!(run(at, "diff a.pear c.pear --checksum", 0).0, "");
    run(at, "verify c.pear", 0);
    run(at, "repack a.pear first.pear --generation 0 --codec zstd", 0);
    assert_eq!(run(at, "diff a.pear first.pear --generation 0 --checksum", 0).0, "");
    run(at, "extract b.pear -C out", 0);
    run(at, "extract c.pear -C out2", 0);
    assert_same(&at.join("out/t"), &at.join("out2/t"));
    run(at, "prune a.pear --codec zstd", 0);
    assert_eq!(run(at, "diff a.pear b.pear --checksum", 0).0, "");
    assert_eq!(run(at, "generations a.pear", 0).0.lines().count(), 2);
    run(at, "prune a.pear --codec zstd", 0);
    run(at, "verify a.pear", 0);
}

#[test]
fn groups_behind_bases_are_copied_with_them() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    for number in 0..30 {
        write(at, &format!("t/{number:02}.txt"), words(number));
    }
    run(at, "create a.pear t --level 1 --group-size 16K", 0);
    let bases = |archive: &str| {
        run(at, &format!("info {archive} --json"), 0).0.matches("\"base\":").count()
    };
    assert!(bases("a.pear") > 3);
    run(at, "delete a.pear t/00.txt t/07.txt --no-date", 0);
    run(at, "repack a.pear b.pear --codec zstd", 0);
    assert!(bases("b.pear") > 3);
    run(at, "verify b.pear", 0);
    assert_eq!(run(at, "diff a.pear b.pear --checksum", 0).0, "");
    // However much of a base and of its groups is dead, what is left comes out.
    for pattern in ["t/0*.txt", "t/2[3-9].txt", "t/1*.txt"] {
        run(at, &format!("delete a.pear {pattern} --no-date"), 0);
        run(at, "repack a.pear b.pear --codec zstd", 0);
        run(at, "verify b.pear", 0);
        assert_eq!(run(at, "diff a.pear b.pear --checksum", 0).0, "");
    }
    // A generation that adds such groups, and several that are kept.
    for number in 40..60 {
        let old = fs::read_to_string(at.join(format!("t/{:02}.txt", number - 35))).unwrap();
        write(at, &format!("t/{number}.txt"), old.replace("w1", "ww"));
    }
    run(at, "update a.pear t --no-date --level 1 --group-size 16K", 0);
    for count in [2, 4, 6] {
        run(at, &format!("repack a.pear b.pear --keep-last {count} --codec zstd"), 0);
        assert!(bases("b.pear") > 3);
        assert_generations(at, ("a.pear", 6 - count), ("b.pear", 0), count);
    }
}

/// A user's session, as it is meant to look.
#[test]
fn a_session() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let mut transcript = String::new();
    let mut step = |line: &str, code: i32| {
        let (stdout, stderr) = run(at, line, code);
        transcript += &format!("$ pear-archive {line}\n{stdout}{stderr}");
    };
    write(at, "letters/one.txt", "Dear one,\n");
    write(at, "letters/two.txt", "Dear two,\n");
    for path in ["letters/one.txt", "letters/two.txt", "letters"] {
        set_time(&at.join(path), 1_700_000_000, 0);
    }
    step("create letters.pear letters --level 1", 0);
    write(at, "letters/two.txt", "Dear two, once more\n");
    write(at, "letters/three.txt", "Dear three,\n");
    fs::remove_file(at.join("letters/one.txt")).unwrap();
    step("diff letters.pear", 1);
    step("update -v letters.pear letters --mirror --no-date --level 1", 0);
    step("list letters.pear", 0);
    step("list letters.pear --generation 0", 0);
    step("cat letters.pear letters/two.txt --generation 0", 0);
    step("extract letters.pear --generation 0 -C old", 0);
    step("delete letters.pear letters/three.txt --no-date", 0);
    step("diff letters.pear", 1);
    step("diff letters.pear --generation 0 --to 2", 1);
    step("repack letters.pear small.pear --level 1", 0);
    step("list small.pear", 0);
    step("list small.pear --generation 1", 2);
    let expected = "\
$ pear-archive create letters.pear letters --level 1
$ pear-archive diff letters.pear
- letters/one.txt
+ letters/three.txt
~ letters/two.txt: size, modified
$ pear-archive update -v letters.pear letters --mirror --no-date --level 1
letters
letters/three.txt
letters/two.txt
pear-archive: letters.pear: generation 1: 1 added, 2 replaced, 1 removed, 0 unchanged; 32 B of data, SIZE more
$ pear-archive list letters.pear
letters
letters/three.txt
letters/two.txt
$ pear-archive list letters.pear --generation 0
letters
letters/one.txt
letters/two.txt
$ pear-archive cat letters.pear letters/two.txt --generation 0
Dear two,
$ pear-archive extract letters.pear --generation 0 -C old
$ pear-archive delete letters.pear letters/three.txt --no-date
$ pear-archive diff letters.pear
+ letters/three.txt
$ pear-archive diff letters.pear --generation 0 --to 2
- letters/one.txt
~ letters/two.txt: size, modified
$ pear-archive repack letters.pear small.pear --level 1
$ pear-archive list small.pear
letters
letters/two.txt
$ pear-archive list small.pear --generation 1
pear-archive: error: small.pear: there is no generation 1; the newest is 0
";
    let more = transcript.split("of data, ").nth(1).and_then(|rest| rest.split(" more").next());
    let transcript = transcript.replace(more.unwrap_or(""), "SIZE");
    assert_eq!(transcript, expected);
    assert_eq!(fs::read_to_string(at.join("old/letters/one.txt")).unwrap(), "Dear one,\n");
}

#[test]
fn archives_are_merged_and_the_later_names_count() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    write(at, "t/a.txt", "the first of this name\n".repeat(9));
    write(at, "t/only-here", "kept");
    write(at, "t/way/below", "hidden by a file");
    write(at, "t/big.bin", noise(1, 200_000));
    fs::hard_link(at.join("t/a.txt"), at.join("t/other-name")).unwrap();
    run(at, "create one.pear t --codec zstd", 0);
    fs::remove_dir_all(at.join("t")).unwrap();
    write(at, "t/a.txt", "the second\n".repeat(5));
    write(at, "t/way", "a file");
    write(at, "t/copy.bin", noise(1, 200_000));
    write(at, "u/text", "elsewhere");
    run(at, "create two.pear t u --codec zstd", 0);
    run(at, "merge all.pear one.pear two.pear --codec zstd", 0);
    let all = ["t", "t/a.txt", "t/big.bin", "t/copy.bin", "t/only-here", "t/other-name", "t/way"];
    let all: Vec<&str> = all.into_iter().chain(["u", "u/text"]).collect();
    assert_eq!(run(at, "list all.pear", 0).0.lines().collect::<Vec<_>>(), all);
    assert_eq!(run(at, "cat all.pear t/a.txt", 0).0, "the second\n".repeat(5));
    assert_eq!(run(at, "cat all.pear t/other-name", 0).0, "the first of this name\n".repeat(9));
    assert_eq!(run(at, "cat all.pear t/way u/text", 0).0, "a fileelsewhere");
    run(at, "verify all.pear", 0);
    assert!(length(at, "all.pear") < 220_000, "the large content is stored once");
    run(at, "extract all.pear -C out", 0);
    assert!(fs::read(at.join("out/t/copy.bin")).unwrap() == noise(1, 200_000));
    // The same archives give the same archive, and one that is no archive gives none.
    let first = fs::read(at.join("all.pear")).unwrap();
    run(at, "merge all.pear one.pear two.pear --codec zstd", 0);
    assert!(fs::read(at.join("all.pear")).unwrap() == first);
    fs::write(at.join("none.pear"), "no archive").unwrap();
    run(at, "merge all.pear one.pear none.pear --codec zstd", 3);
    assert!(fs::read(at.join("all.pear")).unwrap() == first);
}

/// Compares generations of two archives, from `first` and `other` on.
fn assert_generations(at: &Path, one: (&str, u64), other: (&str, u64), count: u64) {
    for number in 0..count {
        let (first, second) = (one.1 + number, other.1 + number);
        for (archive, number, to) in [(one.0, first, "one"), (other.0, second, "other")] {
            let _ = fs::remove_dir_all(at.join(to));
            run(at, &format!("extract {archive} -C {to} --generation {number}"), 0);
            set_time(&at.join(to), 1, 0);
        }
        assert_same(&at.join("one"), &at.join("other"));
        run(at, &format!("verify {} --generation {second}", other.0), 0);
    }
}

#[test]
fn several_generations_are_kept_and_the_dead_data_of_others_goes() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let newest = many(at);
    write(at, "t/gone.bin", noise(77, 500_000));
    run(at, "update a.pear t --date 2026-03-01 --codec zstd", 0);
    fs::remove_file(at.join("t/gone.bin")).unwrap();
    write(at, "t/more.bin", noise(78, 70_000));
    run(at, "update a.pear t --mirror --date 2026-03-02 --codec zstd", 0);
    run(at, "rename a.pear t/more.bin t/most.bin --date 2026-03-03", 0);
    let newest = newest + 3;
    let whole = length(at, "a.pear");
    for count in [2, 3, 6, newest + 1, 99] {
        let kept = count.min(newest + 1);
        run(at, &format!("repack a.pear b.pear --keep-last {count} --codec zstd"), 0);
        assert_generations(at, ("a.pear", newest + 1 - kept), ("b.pear", 0), kept);
        let listed = run(at, "generations b.pear", 0).0;
        assert_eq!(listed.lines().count() as u64, kept + 1, "{listed}");
        assert!(listed.contains("2026-03-03") && listed.contains("2026-03-02"), "{listed}");
        assert_eq!(listed.contains("2026-03-01"), kept > 2, "{listed}");
        // What is stored once stays stored once.
        let stored = length(at, "b.pear");
        assert!(stored < if kept < 3 { 400_000 } else { whole + whole / 10 }, "{count}: {stored}");
    }
    // From a pipe too.
    let bytes = fs::read(at.join("b.pear")).unwrap();
    pear(at).args(["verify", "-"]).write_stdin(&bytes[..]).assert().code(0);
    pear(at).args(["extract", "-", "-C", "pipe"]).write_stdin(bytes).assert().code(0);
    run(at, "extract a.pear -C file", 0);
    set_time(&at.join("pipe"), 1, 0);
    set_time(&at.join("file"), 1, 0);
    assert_same(&at.join("file"), &at.join("pipe"));
    // In place, and then a change more.
    fs::copy(at.join("a.pear"), at.join("before.pear")).unwrap();
    run(at, "prune a.pear --keep-last 3 --codec zstd", 0);
    assert_generations(at, ("before.pear", newest - 2), ("a.pear", 0), 3);
    write(at, "t/last.txt", "last");
    run(at, "update a.pear t --no-date --codec zstd", 0);
    run(at, "verify a.pear", 0);
    assert_eq!(run(at, "cat a.pear t/last.txt", 0).0, "last");
    run(at, "repack a.pear c.pear --keep-last 2 --recode", 2);
    run(at, "repack a.pear c.pear --keep-last 0", 2);
    assert!(!at.join("c.pear").exists());
}

#[test]
fn with_rename_nothing_of_an_earlier_archive_is_hidden() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    write(at, "t/a.txt", "the first of this name\n".repeat(9));
    write(at, "t/way/below", "hidden by a file");
    write(at, "t/way/sub/deep", "too");
    write(at, "t/file", "hides a directory");
    write(at, "t/big.bin", noise(1, 200_000));
    fs::hard_link(at.join("t/a.txt"), at.join("t/a-link")).unwrap();
    fs::hard_link(at.join("t/a.txt"), at.join("t/z-link")).unwrap();
    std::os::unix::fs::symlink("a.txt", at.join("t/sym")).unwrap();
    fs::hard_link(at.join("t/sym"), at.join("t/sym2")).unwrap();
    run(at, "create one.pear t --codec zstd", 0);
    fs::remove_dir_all(at.join("t")).unwrap();
    write(at, "t/a.txt", "the second\n".repeat(5));
    write(at, "t/way", "a file");
    write(at, "t/file/inside", "of a directory");
    write(at, "t/big.bin", noise(1, 200_000));
    write(at, "t/sym", "a file now");
    write(at, "t/a.txt.~1~", "has the name already");
    run(at, "create two.pear t --codec zstd", 0);
    write(at, "t/a.txt", "the third");
    run(at, "create three.pear t/a.txt --codec zstd", 0);
    run(at, "merge all.pear one.pear two.pear three.pear --rename --codec zstd", 0);
    let expected = "t\nt/a-link\nt/a.txt\nt/a.txt.~1~\nt/a.txt.~1~.~1~\nt/a.txt.~2~\nt/big.bin\n\
                    t/big.bin.~1~\nt/file\nt/file/inside\nt/file.~1~\nt/sym\nt/sym.~1~\nt/sym2\n\
                    t/way\nt/way.~1~\nt/way.~1~/below\nt/way.~1~/sub\nt/way.~1~/sub/deep\nt/z-link\n";
    assert_eq!(run(at, "list all.pear", 0).0, expected);
    for (path, content) in [
        ("t/a.txt", "the third".to_owned()),
        ("t/a.txt.~2~", "the second\n".repeat(5)),
        ("t/a.txt.~1~.~1~", "the first of this name\n".repeat(9)),
        ("t/a-link", "the first of this name\n".repeat(9)),
        ("t/way.~1~/sub/deep", "too".to_owned()),
        ("t/file.~1~", "hides a directory".to_owned()),
        ("t/a.txt.~1~", "has the name already".to_owned()),
    ] {
        assert_eq!(run(at, &format!("cat all.pear {path}"), 0).0, content, "{path}");
    }
    run(at, "verify all.pear", 0);
    assert!(length(at, "all.pear") < 220_000, "the large content is stored once");
    run(at, "extract all.pear -C out", 0);
    assert_eq!(fs::read_link(at.join("out/t/sym.~1~")).unwrap(), Path::new("a.txt"));
    assert_eq!(fs::read_link(at.join("out/t/sym2")).unwrap(), Path::new("a.txt"));
    use std::os::unix::fs::MetadataExt;
    assert_eq!(fs::metadata(at.join("out/t/z-link")).unwrap().nlink(), 3);
    // Without it, the same names are those of the last archive alone.
    run(at, "merge all.pear one.pear two.pear three.pear --codec zstd", 0);
    assert_eq!(run(at, "cat all.pear t/a.txt", 0).0, "the third");
    assert!(!run(at, "list all.pear", 0).0.contains("t/way.~1~"));
}
