//! A tree and an archive of it, which tests change.

use super::{noise, run};
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
