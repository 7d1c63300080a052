//! What `pear-archive create` finds: paths of any length, sockets, operands that do not
//! exist.

mod support;

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, mkdirat, openat};
use std::fs;
use std::io::Write;
use std::path::Path;
use support::*;

/// Makes directories below `top` until their path is longer than `PATH_MAX`, with a
/// file in the last one, and returns the path from `top`.
fn long_path(top: &Path) -> String {
    let mut directory = OwnedFd::from(fs::File::open(top).unwrap());
    let name = "d".repeat(200);
    let mut path = String::new();
    for _ in 0..25 {
        mkdirat(&directory, &name, Mode::RWXU).unwrap();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        directory = openat(&directory, &name, flags, Mode::empty()).unwrap();
        path.push_str(&name);
        path.push('/');
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC;
    let file = openat(&directory, "deep", flags, Mode::RUSR | Mode::WUSR).unwrap();
    fs::File::from(file).write_all(b"far down").unwrap();
    path + "deep"
}

#[test]
fn a_path_longer_than_a_system_call_takes_is_archived_and_comes_back() {
    let at = tempfile::tempdir().unwrap();
    fs::create_dir(at.path().join("top")).unwrap();
    let path = long_path(&at.path().join("top"));
    assert!(path.len() > 4096);
    run(at.path(), "create x.pear top --codec zstd", 0);
    let (listed, _) = run(at.path(), "list x.pear", 0);
    assert_eq!(listed.lines().last().unwrap(), format!("top/{path}"));
    run(at.path(), "extract x.pear -C out", 0);
    run(at.path(), "create y.pear -C out top --codec zstd", 0);
    let archive = |name: &str| fs::read(at.path().join(name)).unwrap();
    assert!(archive("x.pear") == archive("y.pear"), "what came out is what went in");
}

#[test]
fn a_socket_is_a_note() {
    let at = tempfile::tempdir().unwrap();
    fs::create_dir(at.path().join("d")).unwrap();
    fs::write(at.path().join("d/file"), "content").unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at.path().join("d/socket")).unwrap();
    let (_, notes) = run(at.path(), "create x.pear d", 0);
    assert!(notes.contains("d/socket: skipped"), "{notes}");
    assert_eq!(run(at.path(), "list x.pear", 0).0, "d\nd/file\n");
    let (_, notes) = run(at.path(), "create y.pear d --exclude socket", 0);
    assert!(!notes.contains("socket"), "what is excluded is not spoken of: {notes}");
}

#[test]
fn an_operand_that_is_not_there_is_reported_and_the_rest_archived() {
    let at = tempfile::tempdir().unwrap();
    fs::write(at.path().join("here"), "content").unwrap();
    let (_, warnings) = run(at.path(), "create x.pear here gone", 1);
    assert!(warnings.contains("gone"), "{warnings}");
    assert_eq!(run(at.path(), "list x.pear", 0).0, "here\n");
    let (_, error) = run(at.path(), "create y.pear gone away", 2);
    assert!(error.contains("gone"), "{error}");
    assert!(!at.path().join("y.pear").exists());
}
