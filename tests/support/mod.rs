//! Trees with every kind of metadata: making and comparing them.
//!
//! Files are examined by system calls only, not through the code under test.

#![allow(dead_code, missing_docs)] // each test crate uses its part of it

pub mod changing;
pub mod tar;
pub mod through_tar;

use rustix::fs::{AtFlags, CWD, FileType, Gid, Mode, Timespec, Timestamps, Uid, XattrFlags};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Returns a path whose last component is not UTF-8.
pub fn bytes_path(directory: &Path, name: &[u8]) -> PathBuf {
    directory.join(OsStr::from_bytes(name))
}

pub fn set_time(path: &Path, seconds: i64, nanoseconds: i64) {
    let time = Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
    let times = Timestamps { last_access: time, last_modification: time };
    rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
}

pub fn set_mode(path: &Path, mode: u32) {
    rustix::fs::chmod(path, Mode::from_raw_mode(mode)).unwrap();
}

/// Makes a file of a little more than 3 MiB: data, hole, data, hole at the end.
pub fn sparse_file(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    file.write_all(&[1; 5000]).unwrap();
    file.seek(SeekFrom::Start(2 << 20)).unwrap();
    file.write_all(b"island").unwrap();
    file.set_len((3 << 20) + 17).unwrap();
}

/// Makes a tree with every kind of metadata that this user can set.
pub fn build_tree(root: &Path) {
    fs::create_dir_all(root.join("sub/deep")).unwrap();
    fs::create_dir(root.join("empty")).unwrap();
    fs::write(root.join("notes.txt"), "hello\n".repeat(1000)).unwrap();
    fs::write(root.join("zero"), "").unwrap();
    fs::write(root.join("sub/deep/data.bin"), (0..=255u8).cycle().take(70_000).collect::<Vec<_>>())
        .unwrap();
    fs::write(bytes_path(root, b"caf\xe9 \n\x1b[31m"), "odd name").unwrap();
    fs::hard_link(root.join("notes.txt"), root.join("sub/linked.txt")).unwrap();
    symlink("../nowhere/at all", root.join("sub/dangling")).unwrap();
    symlink("notes.txt", root.join("link")).unwrap();
    rustix::fs::mknodat(CWD, root.join("pipe"), FileType::Fifo, Mode::from_raw_mode(0o644), 0)
        .unwrap();
    sparse_file(&root.join("sparse"));
    let attribute = |path: &str, name: &str, value: &[u8]| {
        // Not every file system has them; then there are none to compare.
        let _ = rustix::fs::setxattr(root.join(path), name, value, XattrFlags::empty());
    };
    attribute("notes.txt", "user.comment", b"kept\0bytes");
    attribute("sub", "user.directory", b"");
    if is_root() {
        build_as_root(root);
    }
    set_mode(&root.join("notes.txt"), 0o640);
    set_mode(&root.join("zero"), 0o444);
    set_mode(&root.join("empty"), 0o711);
    let all = ["notes.txt", "zero", "link", "sub/dangling", "pipe", "sparse", "sub/deep/data.bin"];
    for (number, path) in all.into_iter().enumerate() {
        set_time(&root.join(path), 1_000_000_000 + number as i64, 123_456_789);
    }
    set_time(&root.join("zero"), -5, 999_999_999);
    for path in ["sub/deep", "sub", "empty", ""] {
        set_time(&root.join(path), 1_234_567_890, 987_654_321);
    }
    set_mode(&root.join("sub/deep"), 0o555);
    set_time(&root.join("sub"), 1_234_567_890, 1);
}

fn build_as_root(root: &Path) {
    let owner = |path: &str, uid, gid| {
        let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
        rustix::fs::chownat(CWD, root.join(path), uid, gid, AtFlags::SYMLINK_NOFOLLOW).unwrap();
    };
    owner("notes.txt", 12_345, 54_321);
    owner("link", 1, 2);
    owner("empty", 7, 0);
    fs::write(root.join("special"), "setuid").unwrap();
    set_mode(&root.join("special"), 0o6755);
    let device = rustix::fs::makedev(1, 3);
    let (kind, mode) = (FileType::CharacterDevice, Mode::from_raw_mode(0o600));
    rustix::fs::mknodat(CWD, root.join("null"), kind, mode, device).unwrap();
    // An ACL: owner rwx, user 1000 r--, group r-x, mask r-x, other ---.
    let mut acl = 2u32.to_le_bytes().to_vec();
    let any = u32::MAX;
    for (tag, permissions, id) in
        [(1u16, 7u16, any), (2, 4, 1000), (4, 5, any), (16, 5, any), (32, 0, any)]
    {
        acl.extend([tag.to_le_bytes(), permissions.to_le_bytes()].concat());
        acl.extend(id.to_le_bytes());
    }
    let name = "system.posix_acl_access";
    let _ = rustix::fs::setxattr(root.join("zero"), name, &acl, XattrFlags::empty());
}

/// Everything that should survive an archive.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    pub mode: u32,
    pub owner: (u32, u32),
    pub modified: (i64, i64),
    pub device: u64,
    pub content: Vec<u8>,
    pub target: Option<PathBuf>,
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// First path of the same file.
    pub first_name: PathBuf,
}

/// Returns everything below `root` and the root itself, by relative path.
pub fn snapshot(root: &Path) -> BTreeMap<PathBuf, Seen> {
    let mut seen = BTreeMap::new();
    let mut first_names = BTreeMap::new();
    for item in walkdir::WalkDir::new(root).sort_by_file_name() {
        let item = item.unwrap();
        let path = item.path();
        let relative = path.strip_prefix(root).unwrap().to_owned();
        let metadata = fs::symlink_metadata(path).unwrap();
        let identity = (metadata.dev(), metadata.ino());
        let first_name = first_names.entry(identity).or_insert_with(|| relative.clone()).clone();
        let kept = Seen {
            mode: metadata.mode(),
            owner: (metadata.uid(), metadata.gid()),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            device: metadata.rdev(),
            content: if metadata.is_file() { fs::read(path).unwrap() } else { Vec::new() },
            target: metadata.is_symlink().then(|| fs::read_link(path).unwrap()),
            xattrs: xattrs(path),
            first_name,
        };
        seen.insert(relative, kept);
    }
    seen
}

fn xattrs(path: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut list = vec![0; 65_536];
    let Ok(length) = rustix::fs::llistxattr(path, &mut list[..]) else { return Vec::new() };
    let names = list[..length].split(|&byte| byte == 0).filter(|name| !name.is_empty());
    let mut all: Vec<_> = names
        .map(|name| {
            let mut value = vec![0; 65_536];
            let length = rustix::fs::lgetxattr(path, name, &mut value[..]).unwrap();
            (name.to_vec(), value[..length].to_vec())
        })
        .collect();
    all.sort();
    all
}

/// Panics with the first path that differs.
pub fn assert_same(left: &Path, right: &Path) {
    let (left, right) = (snapshot(left), snapshot(right));
    let names = |tree: &BTreeMap<PathBuf, Seen>| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&left), names(&right));
    for (path, seen) in &left {
        assert!(*seen == right[path], "{path:?}: {:?}", difference(seen, &right[path]));
    }
}

/// Returns the two values without content, which would flood the message.
fn difference(left: &Seen, right: &Seen) -> [String; 2] {
    [left, right].map(|seen| {
        let Seen { mode, owner, modified, device, target, xattrs, first_name, content } = seen;
        let length = content.len();
        format!(
            "{mode:o} {owner:?} {modified:?} {device} {target:?} {xattrs:?} {first_name:?} {length}"
        )
    })
}

/// Returns the names left by something that should have cleaned up.
pub fn leftovers(root: &Path) -> Vec<PathBuf> {
    let all = walkdir::WalkDir::new(root).into_iter().map(|item| item.unwrap().into_path());
    all.filter(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().contains(".pear-"))
    })
    .collect()
}

/// Returns the program, to be run in a directory.
pub fn pear(directory: &Path) -> assert_cmd::Command {
    let mut program = assert_cmd::cargo::cargo_bin_cmd!("pear-archive");
    program.current_dir(directory).env_remove("NO_COLOR");
    program
}

/// Runs a line of arguments (split at spaces) and expects an exit code. Returns stdout
/// and stderr.
pub fn run(directory: &Path, line: &str, code: i32) -> (String, String) {
    let output = pear(directory).args(line.split_whitespace()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{line}\n{stdout}\n{stderr}");
    (stdout, stderr)
}

/// Returns bytes without repetitions, different for every seed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(step).collect()
}
