//! Walking a tree and restoring it: what survives, and what is refused.

mod support;
#[path = "tree/wishes.rs"]
mod wishes;

use pear_archive::entry::{Common, Content, Entry, Kind, Metadata, Timestamp};
use pear_archive::tree::{
    Change, Excludes, FileId, Found, Overwrite, Resolution, RestoreOptions, Restorer, TreeError,
    WalkOptions, walk,
};
use proptest::prelude::*;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use support::*;

const BOTH: [Resolution; 2] = [Resolution::Automatic, Resolution::Components];

fn found(operands: &[&str], options: WalkOptions) -> Vec<Result<Found, TreeError>> {
    let operands: Vec<_> = operands.iter().map(PathBuf::from).collect();
    walk(&operands, options).unwrap().collect()
}

fn paths(base: &Path, operands: &[&str], excludes: &[&str]) -> Vec<String> {
    let excludes = Excludes::new(excludes).unwrap();
    let options = WalkOptions { base: base.to_owned(), excludes, ..WalkOptions::default() };
    let all = found(operands, options).into_iter();
    all.map(|item| String::from_utf8(item.unwrap().entry.path).unwrap()).collect()
}

fn restore(restorer: &Restorer, found: &Found) -> Result<(), TreeError> {
    let entry = &found.entry;
    let Kind::File(_) = entry.kind else { return restorer.other(entry).map(drop) };
    let mut source = found.source.as_ref().unwrap().open()?;
    let Some(mut writer) = restorer.file(&entry.path, &entry.metadata, source.size())? else {
        return Ok(());
    };
    let segments = source.segments().map(<[_]>::to_vec);
    let mut data = Vec::new();
    let mut buffer = [0; 1000];
    loop {
        match source.read(&mut buffer)? {
            0 => break,
            length => data.extend_from_slice(&buffer[..length]),
        }
    }
    assert_eq!(data.len() as u64, source.data_length());
    source.finish()?;
    let mut rest = &data[..];
    match segments {
        None => writer.write_at(0, rest)?,
        Some(segments) => {
            for segment in segments {
                let (part, after) = rest.split_at(segment.length as usize);
                writer.write_at(segment.offset, part)?;
                rest = after;
            }
        }
    }
    writer.commit()
}

/// Copies `from/*` into `to`; returns all failures.
fn copy(from: &Path, to: &Path, options: RestoreOptions) -> Vec<TreeError> {
    let restorer = Restorer::new(to, options).unwrap();
    let walk_options = WalkOptions { base: from.to_owned(), ..WalkOptions::default() };
    let mut failures = Vec::new();
    for item in found(&["."], walk_options) {
        failures.extend(item.and_then(|found| restore(&restorer, &found)).err());
    }
    failures.extend(restorer.finish());
    failures
}

fn preserving(resolution: Resolution) -> RestoreOptions {
    RestoreOptions { preserve: true, resolution, ..RestoreOptions::default() }
}

fn entry(path: &str, kind: Kind) -> Entry {
    let metadata = Metadata::from(Common { mode: 0o644, ..Common::default() });
    Entry { path: path.into(), kind, metadata }
}

fn write(restorer: &Restorer, path: &str, content: &[u8]) -> Result<bool, TreeError> {
    let modified = Timestamp { seconds: 1_000_000, nanoseconds: 0 };
    let common = Common { mode: 0o644, ..Common::default() };
    let metadata = Metadata { modified, common: common.into() };
    let Some(mut writer) = restorer.file(path.as_bytes(), &metadata, content.len() as u64)? else {
        return Ok(false);
    };
    writer.write_at(0, content)?;
    writer.commit().map(|()| true)
}

fn assert_unsafe<T: std::fmt::Debug>(result: Result<T, TreeError>) {
    let error = result.unwrap_err();
    assert!(error.is_unsafe(), "{error}");
}

#[test]
fn every_metadata_kind_survives_both_ways_of_resolving() {
    let from = tempfile::tempdir().unwrap();
    build_tree(from.path());
    for resolution in BOTH {
        let to = tempfile::tempdir().unwrap();
        let failures = copy(from.path(), to.path(), preserving(resolution));
        assert!(failures.is_empty(), "{failures:?}");
        // The destination itself is the caller's.
        set_mode(to.path(), fs::metadata(from.path()).unwrap().mode() & 0o7777);
        set_time(to.path(), 1_234_567_890, 987_654_321);
        assert_same(from.path(), to.path());
        let blocks = |root: &Path| fs::metadata(root.join("sparse")).unwrap().blocks();
        assert!(blocks(to.path()) <= blocks(from.path()), "holes were filled");
    }
}

#[test]
fn special_bits_and_devices_need_preserve() {
    if !is_root() {
        return;
    }
    let from = tempfile::tempdir().unwrap();
    build_tree(from.path());
    let to = tempfile::tempdir().unwrap();
    let failures = copy(from.path(), to.path(), RestoreOptions::default());
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(failures[0].to_string().contains("null: skipped"), "{}", failures[0]);
    assert_eq!(fs::metadata(to.path().join("special")).unwrap().mode() & 0o7777, 0o755);
    assert!(!to.path().join("null").exists());
}

#[test]
fn walks_come_in_sorted_order_with_names_as_tar_gives_them() {
    let base = tempfile::tempdir().unwrap();
    for path in ["b/2", "b/10", "b.txt", "a/x.o", "a/t/y"] {
        fs::create_dir_all(base.path().join(path).parent().unwrap()).unwrap();
        fs::write(base.path().join(path), path).unwrap();
    }
    let everything = ["a", "a/t", "a/t/y", "a/x.o", "b", "b/10", "b/2", "b.txt"];
    assert_eq!(paths(base.path(), &["."], &[]), everything);
    assert_eq!(paths(base.path(), &["./b/", "a/t"], &[]), ["b", "b/10", "b/2", "a/t", "a/t/y"]);
    assert_eq!(paths(base.path(), &["a/t/y", "a", "a"], &[]), ["a/t/y", "a", "a/t", "a/x.o"]);
    assert_eq!(paths(base.path(), &["."], &["*.o", "/b", "t"]), ["a", "b.txt"]);
    assert_eq!(paths(base.path(), &["b"], &["b"]), [""; 0]);
    assert!(walk(&["../x".into()], WalkOptions::default()).is_err());
}

#[test]
fn an_archive_is_left_out_of_itself() {
    let base = tempfile::tempdir().unwrap();
    fs::write(base.path().join("a"), "a").unwrap();
    let archive = fs::File::create(base.path().join("b.pear")).unwrap();
    let leave_out = vec![FileId::of(&archive).unwrap()];
    let options = WalkOptions { base: base.path().into(), leave_out, ..WalkOptions::default() };
    assert_eq!(found(&["."], options).len(), 1);
}

#[test]
fn what_cannot_be_archived_is_reported_and_the_walk_goes_on() {
    let base = tempfile::tempdir().unwrap();
    fs::write(base.path().join("z"), "z").unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(base.path().join("s")).unwrap();
    let options = WalkOptions { base: base.path().into(), ..WalkOptions::default() };
    let items = found(&["missing", "."], options);
    assert_eq!(items.len(), 3);
    assert!(matches!(&items[0], Err(TreeError::NotArchived { .. })));
    assert!(matches!(&items[1], Err(TreeError::Socket { .. })));
    assert_eq!(items[2].as_ref().unwrap().entry.path, b"z");
}

#[test]
fn a_file_that_changes_while_it_is_read_is_told() {
    let base = tempfile::tempdir().unwrap();
    let path = base.path().join("log");
    let walk_it = || {
        fs::write(&path, vec![7; 100_000]).unwrap();
        let options = WalkOptions { base: base.path().into(), ..WalkOptions::default() };
        found(&["log"], options).remove(0).unwrap().source.unwrap()
    };
    let mut shrinking = walk_it().open().unwrap();
    fs::write(&path, "short").unwrap();
    let (mut total, mut buffer) = (0, [1; 4096]);
    loop {
        match shrinking.read(&mut buffer).unwrap() {
            0 => break,
            length => total += length,
        }
    }
    assert_eq!(total, 5, "it ends where it ends");
    assert_eq!(shrinking.size(), 5);
    let how = Change::Shorter { read: 5, size: 100_000 };
    assert!(matches!(shrinking.finish(), Err(TreeError::Changed { how: told, .. }) if told == how));

    let replaced = walk_it();
    fs::remove_file(&path).unwrap();
    assert!(matches!(replaced.open(), Err(TreeError::Io { .. })));
    symlink("elsewhere", &path).unwrap();
    assert!(matches!(replaced.open(), Err(TreeError::Changed { how: Change::Kind, .. })));
}

#[test]
fn paths_that_leave_the_destination_are_refused() {
    for resolution in BOTH {
        let to = tempfile::tempdir().unwrap();
        let options = RestoreOptions { resolution, ..RestoreOptions::default() };
        let restorer = Restorer::new(to.path(), options).unwrap();
        for path in ["/etc/x", "../x", "a/../../x", "a/..", ".", "a//b", ""] {
            assert_unsafe(write(&restorer, path, b"x"));
            assert_unsafe(restorer.other(&entry(path, Kind::Directory)));
            assert_unsafe(restorer.other(&entry(path, Kind::Fifo)));
            let target = path.into();
            assert_unsafe(restorer.other(&entry("link", Kind::HardLink { target })));
        }
        assert!(restorer.finish().is_empty());
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0);
    }
}

#[test]
fn nothing_is_written_through_a_link_that_was_there() {
    for resolution in BOTH {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("victim"), "untouched").unwrap();
        let to = tempfile::tempdir().unwrap();
        symlink(outside.path(), to.path().join("dir")).unwrap();
        symlink(outside.path().join("victim"), to.path().join("file")).unwrap();
        let overwrite = Overwrite::Always;
        let options = RestoreOptions { resolution, overwrite, ..RestoreOptions::default() };
        let restorer = Restorer::new(to.path(), options).unwrap();
        assert_unsafe(write(&restorer, "dir/x", b"x"));
        assert_unsafe(write(&restorer, "dir/deep/x", b"x"));
        assert_unsafe(restorer.occupied(b"dir/victim"));
        assert!(write(&restorer, "file", b"new").unwrap());
        assert!(restorer.other(&entry("dir", Kind::Directory)).unwrap());
        assert!(write(&restorer, "dir/x", b"x").unwrap());
        assert!(restorer.finish().is_empty());
        let kind = fs::symlink_metadata(to.path().join("dir")).unwrap().file_type();
        assert!(kind.is_dir(), "the link itself was replaced");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
        assert_eq!(fs::read(outside.path().join("victim")).unwrap(), b"untouched");
        assert!(!to.path().join("file").is_symlink(), "the link itself was replaced");
    }
}

#[test]
fn a_link_of_the_archive_redirects_nothing() {
    let outside = tempfile::tempdir().unwrap();
    let to = tempfile::tempdir().unwrap();
    let restorer = Restorer::new(to.path(), RestoreOptions::default()).unwrap();
    let target = outside.path().to_str().unwrap().into();
    restorer.other(&entry("a", Kind::Symlink { target })).unwrap();
    write(&restorer, "a/x", b"x").unwrap();
    let failures = restorer.finish();
    assert!(matches!(failures[..], [TreeError::Exists { .. }]), "{failures:?}");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    assert_eq!(fs::read(to.path().join("a/x")).unwrap(), b"x");
    assert!(leftovers(to.path()).is_empty());
}

#[test]
fn hard_links_lead_only_to_files_of_this_run() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "s").unwrap();
    let to = tempfile::tempdir().unwrap();
    fs::write(to.path().join("there"), "before").unwrap();
    symlink(outside.path().join("secret"), to.path().join("symlink")).unwrap();
    let restorer = Restorer::new(to.path(), RestoreOptions::default()).unwrap();
    write(&restorer, "file", b"f").unwrap();
    let link = |path: &str, target: &str| {
        restorer.other(&entry(path, Kind::HardLink { target: target.into() })).unwrap();
    };
    link("good", "file");
    link("bad1", "there");
    link("bad2", "symlink");
    link("bad3", "missing");
    link("second", "made");
    restorer.other(&entry("made", Kind::Symlink { target: b"file".to_vec() })).unwrap();
    let failures = restorer.finish();
    assert_eq!(failures.len(), 3, "{failures:?}");
    assert!(failures.iter().all(TreeError::is_unsafe));
    let inode = |name: &str| fs::symlink_metadata(to.path().join(name)).unwrap().ino();
    assert_eq!(inode("good"), inode("file"));
    assert_eq!(inode("second"), inode("made"), "a symbolic link has two names");
    assert_ne!(inode("second"), inode("file"));
    assert!(!to.path().join("bad1").exists());
    assert!(leftovers(to.path()).is_empty());
}

#[test]
fn existing_files_are_treated_as_the_policy_says() {
    use Overwrite::*;
    for (overwrite, there_seconds, restored, expected, renamed) in [
        (Refuse, 0, None, "old", None),
        (Never, 0, Some(false), "old", None),
        (Always, 9_000_000, Some(true), "new", None),
        (Newer, 9_000_000, Some(false), "old", None),
        (Newer, 10, Some(true), "new", None),
        (Rename, 0, Some(true), "old", Some("new")),
    ] {
        let to = tempfile::tempdir().unwrap();
        let path = to.path().join("f.txt");
        fs::write(&path, "old").unwrap();
        set_time(&path, there_seconds, 0);
        let options = RestoreOptions { overwrite, ..RestoreOptions::default() };
        let restorer = Restorer::new(to.path(), options).unwrap();
        assert!(restorer.occupied(b"f.txt").unwrap());
        assert!(!restorer.occupied(b"d/f.txt").unwrap());
        match restored {
            None => {
                assert!(matches!(write(&restorer, "f.txt", b"new"), Err(TreeError::Exists { .. })))
            }
            Some(restored) => assert_eq!(write(&restorer, "f.txt", b"new").unwrap(), restored),
        }
        assert!(restorer.finish().is_empty());
        assert_eq!(fs::read_to_string(&path).unwrap(), expected, "{overwrite:?}");
        let other = fs::read_to_string(to.path().join("f.txt.1")).ok();
        assert_eq!(other.as_deref(), renamed, "{overwrite:?}");
        assert!(leftovers(to.path()).is_empty());
    }
}

#[test]
fn a_directory_is_never_replaced() {
    for overwrite in [Overwrite::Refuse, Overwrite::Always, Overwrite::Newer] {
        let to = tempfile::tempdir().unwrap();
        fs::create_dir(to.path().join("d")).unwrap();
        let options = RestoreOptions { overwrite, ..RestoreOptions::default() };
        let restorer = Restorer::new(to.path(), options).unwrap();
        assert!(matches!(write(&restorer, "d", b"x"), Err(TreeError::Exists { .. })));
        let link = entry("d", Kind::Symlink { target: b"/".to_vec() });
        assert!(matches!(restorer.other(&link), Err(TreeError::Exists { .. })));
    }
}

#[test]
fn dropped_files_leave_nothing() {
    let to = tempfile::tempdir().unwrap();
    let resolution = Resolution::Components; // makes them under temporary names
    let options = RestoreOptions { resolution, ..RestoreOptions::default() };
    let restorer = Restorer::new(to.path(), options).unwrap();
    let mut writer = restorer.file(b"a", &Metadata::default(), 10).unwrap().unwrap();
    writer.write_at(0, b"half").unwrap();
    assert_eq!(leftovers(to.path()).len(), 1);
    drop(writer);
    assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0);
    let link = Kind::HardLink { target: b"a".to_vec() };
    restorer.other(&entry("b", link)).unwrap();
    assert!(matches!(restorer.finish()[..], [TreeError::LeftOut { .. }]));
}

#[test]
fn more_files_than_can_be_open_are_restored_side_by_side() {
    // The test cannot lower a soft limit for itself alone, so there are more writers
    // than a restorer ever keeps open.
    let to = tempfile::tempdir().unwrap();
    let restorer = Restorer::new(to.path(), RestoreOptions::default()).unwrap();
    let names: Vec<_> = (0..1500).map(|number| format!("d{number}/f")).collect();
    let mut writers: Vec<_> = names
        .iter()
        .map(|name| restorer.file(name.as_bytes(), &Metadata::default(), 6).unwrap().unwrap())
        .collect();
    for (offset, part) in [(0, b"abc"), (3, b"def")] {
        writers.iter_mut().for_each(|writer| writer.write_at(offset, part).unwrap());
    }
    let dropped = writers.split_off(1400);
    drop(dropped);
    writers.into_iter().for_each(|writer| writer.commit().unwrap());
    assert!(restorer.finish().is_empty());
    assert_eq!(fs::read(to.path().join("d1399/f")).unwrap(), b"abcdef");
    assert_eq!(fs::read_dir(to.path().join("d1400")).unwrap().count(), 0);
    assert!(leftovers(to.path()).is_empty());
}

#[test]
fn leading_components_are_stripped_and_missing_directories_made() {
    let to = tempfile::tempdir().unwrap();
    let options = RestoreOptions { strip_components: 1, ..RestoreOptions::default() };
    let restorer = Restorer::new(to.path(), options).unwrap();
    assert!(!restorer.other(&entry("top", Kind::Directory)).unwrap());
    assert!(!write(&restorer, "file", b"x").unwrap());
    assert!(write(&restorer, "top/d/file", b"x").unwrap());
    let link = Kind::HardLink { target: b"top/d/file".to_vec() };
    assert!(restorer.other(&entry("top/e/link", link)).unwrap());
    assert!(restorer.finish().is_empty());
    assert_eq!(fs::read(to.path().join("e/link")).unwrap(), b"x");
    let mode = fs::metadata(to.path().join("d")).unwrap().mode();
    assert_ne!(mode & 0o777, 0o700, "made on demand, then given the usual mode");
}

#[test]
#[should_panic(expected = "Restorer::file")]
fn regular_files_go_through_writers() {
    let to = tempfile::tempdir().unwrap();
    let restorer = Restorer::new(to.path(), RestoreOptions::default()).unwrap();
    let _ = restorer.other(&entry("a", Kind::File(Content::default())));
}
