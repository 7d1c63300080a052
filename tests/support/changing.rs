//! A tree and an archive of it, which tests change.

use super::{noise, run, sparse_file};
use std::fs;
use std::path::Path;

/// Writes a file, and makes the directories above it.
pub fn write(at: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = at.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

pub fn length(at: &Path, archive: &str) -> u64 {
    fs::metadata(at.join(archive)).unwrap().len()
}

/// Makes the tree `t` and the archive `a.pear` of it.
pub fn begin(at: &Path) {
    write(at, "t/a.txt", "the first file\n".repeat(30));
    write(at, "t/b.txt", "another one\n".repeat(20));
    write(at, "t/sub/c.bin", noise(1, 100_000));
    fs::hard_link(at.join("t/a.txt"), at.join("t/same")).unwrap();
    std::os::unix::fs::symlink("a.txt", at.join("t/way")).unwrap();
    run(at, "create a.pear t --codec zstd", 0);
}

/// Makes an archive of many generations: names change their kinds, contents their names. Returns
/// the number of the newest.
pub fn many(at: &Path) -> u64 {
    begin(at);
    let update = || run(at, "update a.pear t --mirror --no-date --codec zstd", 0);
    // Two files change places, a third gets the old content of one.
    write(at, "t/x.bin", noise(11, 70_000));
    write(at, "t/y.bin", noise(12, 80_000));
    update();
    fs::rename(at.join("t/x.bin"), at.join("t/z.bin")).unwrap();
    fs::rename(at.join("t/y.bin"), at.join("t/x.bin")).unwrap();
    fs::rename(at.join("t/z.bin"), at.join("t/y.bin")).unwrap();
    fs::copy(at.join("t/y.bin"), at.join("t/third.bin")).unwrap();
    update();
    change_kinds(at);
    update();
    // The first name of a file goes, and the second stays; then it gets another.
    fs::remove_file(at.join("t/a.txt")).unwrap();
    update();
    fs::hard_link(at.join("t/same"), at.join("t/also")).unwrap();
    update();
    sparse_file(&at.join("t/holes"));
    update();
    run(at, "rename a.pear t/holes t/b.txt/holes --no-date", 0);
    run(at, "rename a.pear t u --no-date", 0);
    run(at, "delete a.pear u/b.txt u/y.bin --no-date", 0);
    fs::remove_dir_all(at.join("t")).unwrap();
    write(at, "t/again", noise(11, 70_000));
    run(at, "update a.pear t --no-date --codec zstd", 0);
    10
}

/// Makes a directory a file, a file a directory, and a link a file.
pub fn change_kinds(at: &Path) {
    fs::remove_dir_all(at.join("t/sub")).unwrap();
    write(at, "t/sub", "a file now");
    fs::remove_file(at.join("t/b.txt")).unwrap();
    write(at, "t/b.txt/inside", "below what was a file");
    fs::remove_file(at.join("t/way")).unwrap();
    write(at, "t/way", "no link");
}

/// Returns text of some words in no order, different for every seed.
pub fn words(seed: u64) -> String {
    let word = |pair: &[u8]| format!("w{} ", pair[0] % 32 + pair[1] % 8);
    super::noise(seed, 3_000).chunks(2).map(word).collect()
}
