//! `split`, and `merge` as its opposite, as a user runs them.

mod support;

use std::fs;
use std::path::Path;
use support::changing::*;
use support::*;

/// Makes a tree with directories, files at its top, links and an empty directory.
fn tree(at: &Path) {
    for number in 0..6 {
        write(at, &format!("a/{number}.bin"), noise(number, 60_000));
        write(at, &format!("b/in/{number}.txt"), format!("line {number}\n").repeat(200));
        write(at, &format!("b/on/{number}.bin"), noise(10 + number, 70_000));
    }
    write(at, "b/loose", "between");
    write(at, "top", "at the top");
    fs::create_dir_all(at.join("c/empty")).unwrap();
    std::os::unix::fs::symlink("0.bin", at.join("a/way")).unwrap();
    fs::hard_link(at.join("a/1.bin"), at.join("a/same")).unwrap();
}

fn names(directory: &Path) -> Vec<String> {
    let of = |item: std::io::Result<fs::DirEntry>| item.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = fs::read_dir(directory).unwrap().map(of).collect();
    names.sort();
    names
}

/// Merges what is in `p` and compares it with `a.pear`.
fn merged(at: &Path) {
    let parts: Vec<String> = names(&at.join("p")).iter().map(|name| format!("p/{name}")).collect();
    for part in &parts {
        run(at, &format!("verify {part}"), 0);
    }
    run(at, &format!("merge back.pear {} --codec zstd", parts.join(" ")), 0);
    assert_eq!(run(at, "diff a.pear back.pear --checksum", 0).0, "");
    run(at, "verify back.pear", 0);
    fs::remove_dir_all(at.join("p")).unwrap();
}

#[test]
fn the_parts_of_an_archive_are_archives_and_merge_to_equal_entries() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    tree(at);
    run(at, "create a.pear a b c top --codec zstd --group-size 60000", 0);
    run(at, "split a.pear -o p --codec zstd", 0);
    assert_eq!(names(&at.join("p")), ["a-2.pear", "a.pear", "b.pear", "c.pear"]);
    // What lies at the top is called after the archive, and that name came first.
    assert_eq!(run(at, "list p/a.pear", 0).0, "top\n");
    assert_eq!(run(at, "list p/c.pear", 0).0, "c\nc/empty\n");
    assert_eq!(run(at, "list p/a-2.pear", 0).0.lines().count(), 9);
    run(at, "extract p/b.pear -C out", 0);
    assert_same(&at.join("b"), &at.join("out/b"));
    merged(at);
    run(at, "split -v a.pear -o p --depth 2 --codec zstd", 0);
    let deeper = ["a-2.pear", "a.pear", "b-in.pear", "b-on.pear", "b.pear", "c-empty.pear"];
    assert_eq!(names(&at.join("p")), deeper);
    assert_eq!(run(at, "list p/b.pear", 0).0, "b\nb/loose\n");
    assert_eq!(run(at, "list p/c-empty.pear", 0).0, "c\nc/empty\n");
    merged(at);
    for (size, least) in [("64K", 12), ("150K", 6), ("300K", 3), ("500000", 2)] {
        run(at, &format!("split a.pear -o p --size {size} --codec zstd"), 0);
        let parts = names(&at.join("p"));
        assert!(parts.len() >= least && parts[1] == "a-002.pear", "{size}: {parts:?}");
        let most = match size {
            "500000" => 500_000,
            other => other.trim_end_matches('K').parse::<u64>().unwrap() * 1024,
        };
        // A file of 70,000 bytes is more than 64 KiB.
        let most = most.max(71_500);
        for part in &parts {
            assert!(length(&at.join("p"), part) <= most, "{size}: {part}");
        }
        merged(at);
    }
}

#[test]
fn groups_are_copied_and_an_earlier_generation_can_be_split() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    tree(at);
    run(at, "create a.pear a b --codec zstd --group-size 70000", 0);
    let groups = |archive: &str| -> Vec<String> {
        let shown = run(at, &format!("info {archive} --json"), 0).0;
        let group = |line: &str| {
            let group: serde_json::Value = serde_json::from_str(line).unwrap();
            format!("{} {}", group["size"], group["stored"])
        };
        shown.lines().skip(1).map(group).collect()
    };
    let all = groups("a.pear");
    run(at, "split a.pear -o p --size 200K --codec zstd", 0);
    let parts = names(&at.join("p"));
    assert!(parts.len() > 3);
    let copied = parts.iter().flat_map(|part| groups(&format!("p/{part}")));
    assert!(copied.filter(|group| all.contains(group)).count() >= all.len() - 1);
    merged(at);
    // The same archive gives the same parts, each with an id of its own.
    let bytes = || -> Vec<Vec<u8>> {
        run(at, "split a.pear -o p --size 200K -j 2 --codec zstd", 0);
        let read = names(&at.join("p")).into_iter().map(|name| fs::read(at.join("p").join(name)));
        let bytes: Vec<Vec<u8>> = read.collect::<Result<_, _>>().unwrap();
        fs::remove_dir_all(at.join("p")).unwrap();
        bytes
    };
    let first = bytes();
    assert!(bytes() == first);
    assert!(first[0][16..24] != first[1][16..24]);
    run(at, "delete a.pear a --no-date", 0);
    run(at, "split a.pear -o p", 2);
    run(at, "split a.pear -o p --generation 0", 0);
    assert_eq!(names(&at.join("p")), ["a.pear", "b.pear"]);
}

#[test]
fn what_cannot_be_split_says_why_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    tree(at);
    run(at, "create a.pear a b top --codec zstd", 0);
    let refused = |line: &str, code: i32, message: &str| {
        let (stdout, stderr) = run(at, line, code);
        assert!(stderr.contains(message) && stdout.is_empty(), "{line}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(!at.join("p").exists());
    };
    run(at, "create one.pear b/in --codec zstd", 0);
    refused("split one.pear -o p", 2, "one.pear: nothing to split");
    refused("split one.pear -o p --size 1M", 2, "nothing to split");
    refused("split a.pear -o no/p", 2, "no/p");
    write(at, "q/b.pear", "something else");
    refused("split a.pear -o q", 2, "q/b.pear: cannot create: it is there already");
    assert_eq!(names(&at.join("q")), ["b.pear"]);
    let long = "n".repeat(252);
    write(at, &format!("{long}/file"), "deep");
    run(at, &format!("create long.pear a {long} --codec zstd"), 0);
    refused("split long.pear -o p", 2, "the name is too long for a file");
    run(at, "split long.pear -o p --size 64K --codec zstd", 0);
    fs::remove_dir_all(at.join("p")).unwrap();
    // Damage of what is copied: no part is left.
    let mut bytes = fs::read(at.join("a.pear")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(at.join("bad.pear"), bytes).unwrap();
    refused("split bad.pear -o p --size 200K", 3, "bad.pear");
    let output = pear(at).args(["split", "-", "-o", "p"]).write_stdin("").output().unwrap();
    assert_eq!(output.status.code(), Some(5));
}

#[test]
fn hard_links_between_parts_become_files() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    write(at, "a/file", "linked");
    write(at, "b/other", "other");
    for path in ["b/link", "b/link2"] {
        fs::hard_link(at.join("a/file"), at.join(path)).unwrap();
    }
    std::os::unix::fs::symlink("file", at.join("a/way")).unwrap();
    fs::hard_link(at.join("a/way"), at.join("b/way")).unwrap();
    run(at, "create x.pear a b --level 1", 0);
    let (_, stderr) = run(at, "split x.pear -o p --level 1", 1);
    assert!(stderr.contains("a/file and 1 more: hard links to a file in another"), "{stderr}");
    run(at, "extract p/b.pear -C out", 0);
    assert_eq!(fs::read_to_string(at.join("out/b/link2")).unwrap(), "linked");
    assert_eq!(fs::read_link(at.join("out/b/way")).unwrap(), Path::new("file"));
    let listed = run(at, "list p/b.pear --json", 0).0;
    assert!(listed.contains("\"target\":\"b/link\""), "{listed}");
    // By size, all names of a file stay together.
    write(at, "b/large", noise(1, 100_000));
    run(at, "create x.pear a b --level 1", 0);
    run(at, "split x.pear -o q --size 64K --level 1", 0);
    fs::rename(at.join("q"), at.join("p2")).unwrap();
    run(at, "merge back.pear p2/x-001.pear p2/x-002.pear", 0);
    assert_eq!(run(at, "diff x.pear back.pear --checksum", 0).0, "");
}

#[test]
fn an_archive_of_bases_is_split_with_them() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    for number in 0..30 {
        write(
            at,
            &format!("{}/{number:02}.txt", ["a", "b", "c"][number as usize % 3]),
            words(number),
        );
    }
    run(at, "create a.pear a b c --level 1 --group-size 16K", 0);
    run(at, "split a.pear -o p --level 1", 0);
    merged(at);
}
