//! `create --shard` and `merge` of what it makes, as a user runs them.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use support::changing::*;
use support::*;

/// Options that make many units and groups of little data.
const SMALL: &str = "--codec zstd --group-size 32K --shard-unit 128K";

/// Makes a tree of some 900 KB: two kinds of files, a packed one, links, holes, and what has no
/// bytes.
fn tree(at: &Path) {
    for number in 0..60u64 {
        let directory = ["a", "b/deep", "c"][number as usize % 3];
        let text = format!("line {number} of a file that is like others\n").repeat(150);
        write(at, &format!("t/{directory}/{number}.txt"), &text[..4000 + number as usize * 13]);
        write(at, &format!("t/{directory}/{number}.bin"), noise(number, 5000));
    }
    write(at, "t/b/large.bin", noise(99, 300_000));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    packed.write_all("some text that was packed\n".repeat(4000).as_bytes()).unwrap();
    write(at, "t/c/packed.gz", packed.finish().unwrap());
    for empty in ["t/a/empty", "t/z/empty", "t/c/none"] {
        write(at, empty, "");
    }
    sparse_file(&at.join("t/a/sparse"));
    fs::create_dir_all(at.join("t/hollow/inside")).unwrap();
    fs::hard_link(at.join("t/a/0.txt"), at.join("t/z/linked.txt")).unwrap();
    fs::hard_link(at.join("t/c/2.bin"), at.join("t/a/again.bin")).unwrap();
    symlink("../a/0.txt", at.join("t/c/way")).unwrap();
    for directory in ["t/a", "t/b/deep", "t/b", "t/hollow/inside", "t/hollow", "t/c", "t/z", "t"] {
        set_time(&at.join(directory), 1_234_567_890, 5);
    }
    set_mode(&at.join("t/b"), 0o750);
}

/// Makes all shards of `t`, and returns their names.
fn shards(at: &Path, count: u64, options: &str) -> Vec<String> {
    let names: Vec<String> = (1..=count).map(|number| format!("{number}-{count}.pear")).collect();
    for (number, name) in names.iter().enumerate() {
        run(at, &format!("create {name} t --shard {}/{count} {options}", number + 1), 0);
    }
    names
}

/// Makes all shards, merges them, and returns the archive.
fn merged(at: &Path, count: u64, options: &str) -> Vec<u8> {
    let mut names = shards(at, count, options);
    // The order in which they are given is of no account.
    names.rotate_left(count as usize / 2);
    run(at, &format!("merge all.pear {}", names.join(" ")), 0);
    run(at, "verify all.pear", 0);
    fs::read(at.join("all.pear")).unwrap()
}

fn names(at: &Path, archive: &str) -> Vec<String> {
    run(at, &format!("list {archive}"), 0).0.lines().map(str::to_owned).collect()
}

#[test]
fn shards_merge_to_the_same_archive_however_many_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    tree(at);
    let one = merged(at, 1, SMALL);
    assert!(fs::read(at.join("1-1.pear")).unwrap() == one, "one shard is the merged archive");
    for count in [2, 3, 7] {
        assert!(merged(at, count, SMALL) == one, "{count} shards");
    }
    run(at, "extract all.pear -C out", 0);
    assert_same(&at.join("t"), &at.join("out/t"));
    run(at, "create whole.pear t --codec zstd", 0);
    assert_eq!(names(at, "all.pear"), names(at, "whole.pear"));
}

#[test]
fn contents_that_are_in_several_units_are_stored_once_however_many_shards_there_are() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    tree(at);
    for directory in ["a", "c", "z"] {
        write(at, &format!("t/{directory}/copy.bin"), noise(99, 300_000));
    }
    let two = merged(at, 2, SMALL);
    for count in [1, 3, 7] {
        assert!(merged(at, count, SMALL) == two, "{count} shards");
    }
    let alone = length(at, "1-1.pear");
    assert!(two.len() as u64 + 800_000 < alone, "{} {alone}", two.len());
    run(at, "extract all.pear -C out", 0);
    assert_same(&at.join("t"), &at.join("out/t"));
}

#[test]
fn groups_behind_bases_and_recipes_merge_to_the_same_archive() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let text = |number: u64| -> String {
        (0..400).map(|line| format!("{} of {number}\n", line * 7)).collect()
    };
    (0..12).for_each(|number| write(at, &format!("t/{number}.txt"), text(number)));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    packed.write_all("some text that was packed\n".repeat(400).as_bytes()).unwrap();
    write(at, "t/packed.gz", packed.finish().unwrap());
    write(at, "like.base", text(99));
    let model = "--level 1 --group-size 8K --shard-unit 64K";
    for options in [model, &format!("{model} --base like.base --jobs 1")] {
        let one = merged(at, 1, options);
        assert!(run(at, "info all.pear", 0).0.contains("is a base"));
        assert!(run(at, "info all.pear", 0).0.contains("recipes"));
        for count in [2, 3] {
            assert!(merged(at, count, options) == one, "{count} shards, {options}");
        }
    }
}

#[test]
fn each_shard_is_a_whole_archive_of_its_share() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    tree(at);
    let mut files = BTreeSet::new();
    let all = shards(at, 3, SMALL);
    for (number, shard) in all.iter().enumerate() {
        run(at, &format!("verify {shard}"), 0);
        let to = format!("out{number}");
        run(at, &format!("extract {shard} -C {to}"), 0);
        let (whole, part) = (snapshot(&at.join("t")), snapshot(&at.join(&to).join("t")));
        let mut bytes = 0;
        for (path, seen) in &part {
            let original = &whole[path];
            if original.mode & 0o170_000 == 0o040_000 {
                // A directory stands above what is in the shard, or is in it.
                assert!(seen.mode == original.mode && seen.modified == original.modified);
                continue;
            }
            assert!(files.insert(path.clone()), "{path:?} is in two shards");
            assert!(seen.content == original.content && seen.modified == original.modified);
            // All names of a file are in one shard.
            assert_eq!(seen.first_name, original.first_name, "{path:?}");
            bytes += seen.content.len();
        }
        // A third of some 4.0 MB, of which 3 MiB are one file with holes, and a unit at most.
        assert!(bytes > 150_000, "{shard}: {bytes}");
        let info = run(at, &format!("info {shard}"), 0).0;
        assert!(info.contains(&format!("shard       {} of 3, plan ", number + 1)), "{info}");
        let json = run(at, &format!("info --json {shard}"), 0).0;
        assert!(json.contains(&format!("\"shard\":{},\"shards\":3,\"plan\":\"", number + 1)));
    }
    let whole = snapshot(&at.join("t")).into_iter();
    let expected = whole.filter(|(_, seen)| seen.mode & 0o170_000 != 0o040_000);
    assert_eq!(files, expected.map(|(path, _)| path).collect());
}

#[test]
fn shards_that_do_not_belong_together_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    tree(at);
    shards(at, 4, SMALL);
    run(at, "create ordinary.pear t/a --codec zstd", 0);
    run(at, &format!("create 1-2.pear t --shard 1/2 {SMALL}"), 0);
    write(at, "t/a/0.txt", "longer than it was ".repeat(1000));
    run(at, &format!("create other.pear t --shard 3/4 {SMALL}"), 0);
    let refused = |archives: &str, message: &str| {
        let (_, stderr) = run(at, &format!("merge all.pear {archives}"), 2);
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains(message), "{archives}: {stderr}");
        assert!(!at.join("all.pear").exists());
    };
    refused("1-4.pear 2-4.pear 4-4.pear", "shard 3 of 4 is missing: make");
    refused("3-4.pear", "shards 1-2, 4 of 4 are missing: make");
    refused(
        "1-4.pear 2-4.pear 3-4.pear 4-4.pear 2-4.pear",
        "2-4.pear: shard 2 of 4 is given twice",
    );
    refused(
        "1-4.pear 2-4.pear other.pear 4-4.pear",
        "other.pear: shard 3 of 4 has another plan than others",
    );
    refused("1-4.pear 2-4.pear ordinary.pear", "ordinary.pear: is no shard, but others are");
    refused("3-4.pear 1-2.pear 4-4.pear", "1-2.pear: is shard 1 of 2, but others are of 4");
}

#[test]
fn a_merge_without_all_shards_is_an_archive_that_update_completes() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    tree(at);
    shards(at, 3, SMALL);
    let (_, stderr) = run(at, "merge all.pear 1-3.pear 3-3.pear --partial", 1);
    assert!(stderr.contains("warning: shard 2 of 3 is missing"), "{stderr}");
    run(at, "verify all.pear", 0);
    let before = length(at, "all.pear");
    run(at, "update all.pear t --codec zstd", 0);
    assert!(length(at, "all.pear") > before);
    run(at, "extract all.pear -C out", 0);
    assert_same(&at.join("t"), &at.join("out/t"));
    // Shards that were changed are no shards any more.
    let last = names(at, "2-3.pear").pop().unwrap();
    run(at, &format!("delete 2-3.pear {last}"), 0);
    let (_, stderr) = run(at, "merge again.pear 1-3.pear 2-3.pear 3-3.pear", 2);
    assert!(stderr.contains("2-3.pear: is no shard"), "{stderr}");
}

#[test]
fn more_shards_than_files_leave_some_empty() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    write(at, "t/one", noise(1, 100_000));
    write(at, "t/two", noise(2, 100_000));
    let all = shards(at, 5, SMALL);
    let counts: Vec<usize> = all.iter().map(|shard| names(at, shard).len()).collect();
    assert_eq!(counts.iter().filter(|&&count| count == 0).count(), 3, "{counts:?}");
    run(at, &format!("merge all.pear {}", all.join(" ")), 0);
    assert_eq!(names(at, "all.pear"), ["t", "t/one", "t/two"]);
}

#[test]
fn lists_in_any_order_make_the_same_shards_and_excludes_are_heeded() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    tree(at);
    let mut files: Vec<String> = (0..60)
        .map(|number| format!("t/{}/{number}.txt", ["a", "b/deep", "c"][number % 3]))
        .collect();
    fs::write(at.join("list"), files.join("\n")).unwrap();
    files.reverse();
    fs::write(at.join("reversed"), files.join("\n")).unwrap();
    run(at, &format!("create one.pear -T list --shard 2/2 {SMALL}"), 0);
    run(at, &format!("create two.pear -T reversed --shard 2/2 {SMALL} --jobs 1"), 0);
    assert!(fs::read(at.join("one.pear")).unwrap() == fs::read(at.join("two.pear")).unwrap());
    run(at, &format!("create 1.pear t --exclude *.bin --exclude sparse --shard 1/2 {SMALL}"), 0);
    run(at, &format!("create 2.pear t --exclude *.bin --exclude sparse --shard 2/2 {SMALL}"), 0);
    run(at, "merge all.pear 1.pear 2.pear", 0);
    let merged = names(at, "all.pear");
    assert!(merged.contains(&"t/a/0.txt".to_owned()));
    assert!(!merged.iter().any(|name| name.ends_with(".bin")), "{merged:?}");
    // One machine that leaves out something else has another plan.
    run(at, &format!("create 2.pear t --exclude *.bin --shard 2/2 {SMALL}"), 0);
    run(at, "merge all.pear 1.pear 2.pear", 2);
}

#[test]
fn parts_that_cannot_be_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    write(at, "t/a", "text");
    let refused = |options: &str, message: &str| {
        let (_, stderr) = run(at, &format!("create a.pear t {options}"), 2);
        assert!(stderr.contains(message), "{options}: {stderr}");
        assert!(!at.join("a.pear").exists());
    };
    refused("--shard 0/0", "there can be 1 to 1048576 parts, not 0");
    refused("--shard 5/4", "there is no part 5 of 4; the last is 4/4");
    refused("--shard 0/4", "parts are numbered from 1; the last is 4/4");
    refused("--shard 1/2000000", "there can be 1 to 1048576 parts");
    for text in ["3", "a/b", "1/", "/2", "+1/2", "1/2/3", "-1/2"] {
        refused(&format!("--shard={text}"), "expected two numbers, such as 3/8");
    }
    refused("--shard 1/2 --shard-unit 1K", "use 64K or more");
    refused("--shard-unit 1M", "--shard");
    // Another machine would archive the part of this one.
    let (_, stderr) = run(at, "create t/a.pear t --shard 1/2", 2);
    assert!(stderr.contains("t/a.pear: other machines would find it"), "{stderr}");
    run(at, "create t/a.pear t --shard 1/2 --exclude *.pear", 0);
}
