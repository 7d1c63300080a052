//! What the destination decides, what a run leaves behind, and how failures are
//! reported.

mod support;

use pear_archive::entry::{Common, Entry, Kind, Metadata};
use pear_archive::tree::{Overwrite, Property, Resolution, RestoreOptions, Restorer, TreeError};
use rustix::fs::{AtFlags, CWD, FallocateFlags, FileType, Gid, Mode, OFlags, Uid, XattrFlags};
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use support::tar::Maker;
use support::*;

const NOBODY: u32 = 65_534;
const DEFAULT_ACL: &str = "system.posix_acl_default";
const ACCESS_ACL: &str = "system.posix_acl_access";

fn mode(path: impl AsRef<Path>) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn entry(path: &str, kind: Kind) -> Entry {
    let metadata = Metadata::from(Common { mode: 0o750, ..Common::default() });
    Entry { path: path.into(), kind, metadata }
}

fn give(path: &Path, id: u32) {
    let (uid, gid) = (Some(Uid::from_raw(id)), Some(Gid::from_raw(id)));
    rustix::fs::chownat(CWD, path, uid, gid, AtFlags::empty()).unwrap();
}

/// Runs the program with a umask, as an ordinary user if this is root.
fn ordinary(at: &Path, umask: &str, line: &str) -> Output {
    // The user may have no access to the directory of the program.
    let program = at.join("program");
    if !program.exists() {
        fs::copy(assert_cmd::cargo::cargo_bin!("pear-archive"), &program).unwrap();
    }
    set_mode(&program, 0o755);
    set_mode(at, 0o755);
    let mut command = Command::new("sh");
    command.current_dir(at).args(["-c", &format!("umask {umask}; exec ./program {line}")]);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.output().unwrap()
}

/// Makes `x.pear` of `in` with a directory `d` of the one mode and a file `d/f` of the
/// other.
fn one_file(at: &Path, directory: u32, file: u32) {
    fs::create_dir_all(at.join("in/d")).unwrap();
    fs::create_dir(at.join("out")).unwrap();
    fs::write(at.join("in/d/f"), "x").unwrap();
    set_mode(&at.join("in/d/f"), file);
    set_mode(&at.join("in/d"), directory);
    run(at, "create x.pear in --codec store", 0);
    set_mode(&at.join("x.pear"), 0o644);
}

#[test]
fn the_umask_of_an_ordinary_user_holds() {
    let at = tempfile::tempdir().unwrap();
    one_file(at.path(), 0o777, 0o666);
    if is_root() {
        give(&at.path().join("out"), NOBODY);
    }
    for (umask, directory, file) in [("077", 0o700, 0o600), ("027", 0o750, 0o640)] {
        let output = ordinary(at.path(), umask, "extract x.pear -C out --overwrite always");
        assert!(output.status.success(), "{output:?}");
        assert_eq!(mode(at.path().join("out/in/d")), directory);
        assert_eq!(mode(at.path().join("out/in/d/f")), file);
    }
}

#[test]
fn a_setgid_directory_passes_on_its_bit_and_group() {
    let at = tempfile::tempdir().unwrap();
    one_file(at.path(), 0o755, 0o644);
    let out = at.path().join("out");
    if is_root() {
        let group = Some(Gid::from_raw(54_321));
        rustix::fs::chownat(CWD, &out, None, group, AtFlags::empty()).unwrap();
    }
    set_mode(&out, 0o2775);
    let group = fs::metadata(&out).unwrap().gid();
    run(at.path(), "extract x.pear -C out", 0);
    for path in ["in", "in/d", "in/d/f"] {
        let made = fs::metadata(out.join(path)).unwrap();
        assert_eq!(made.gid(), group, "{path}");
        assert_eq!(made.mode() & 0o2000 != 0, made.is_dir(), "{path}");
    }
}

#[test]
fn a_sticky_directory_stays_sticky() {
    let at = tempfile::tempdir().unwrap();
    one_file(at.path(), 0o1777, 0o644);
    run(at.path(), "extract x.pear -C out", 0);
    assert_eq!(mode(at.path().join("out/in/d")) & 0o1002, if is_root() { 0o1002 } else { 0o1000 });
}

fn acl(entries: &[(u16, u16, u32)]) -> Vec<u8> {
    let mut acl = 2u32.to_le_bytes().to_vec();
    for (tag, permissions, number) in entries {
        acl.extend([tag.to_le_bytes(), permissions.to_le_bytes()].concat());
        acl.extend(number.to_le_bytes());
    }
    acl
}

fn xattr(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = vec![0; 4096];
    let length = rustix::fs::lgetxattr(path, name, &mut value[..]).ok()?;
    value.truncate(length);
    Some(value)
}

#[test]
fn an_inherited_acl_never_widens_what_an_entry_allows() {
    let at = tempfile::tempdir().unwrap();
    one_file(at.path(), 0o750, 0o640);
    fs::write(at.path().join("in/open"), "x").unwrap();
    set_mode(&at.path().join("in/open"), 0o644);
    run(at.path(), "create x.pear in --codec store", 0);
    let any = u32::MAX;
    let wide = acl(&[(1, 7, any), (2, 7, NOBODY), (4, 7, any), (16, 7, any), (32, 7, any)]);
    let out = at.path().join("out");
    if rustix::fs::setxattr(&out, DEFAULT_ACL, &wide, XattrFlags::empty()).is_err() {
        return; // a file system without ACLs
    }
    let named = |path: &str| {
        let acl = xattr(&out.join(path), ACCESS_ACL).expect("the ACL is inherited");
        let found = acl[4..].chunks_exact(8).find(|entry| entry[0] == 2);
        found.expect("the user is named")[2]
    };
    run(at.path(), "extract x.pear -C out", 0);
    assert_eq!(named("in/d/f"), 0, "others may do nothing, so this user may not");
    assert_eq!(named("in/d"), 0);
    assert_eq!(named("in/open"), 4);
    assert_eq!(mode(out.join("in/d/f")), 0o640);

    fs::remove_dir_all(out.join("in")).unwrap();
    run(at.path(), "extract x.pear -p -C out", 0);
    for path in ["in", "in/d", "in/d/f"] {
        assert_eq!(xattr(&out.join(path), ACCESS_ACL), None, "{path}");
        assert_eq!(xattr(&out.join(path), DEFAULT_ACL), None, "{path}");
    }
    assert_eq!(mode(out.join("in/d/f")), 0o640);
}

#[test]
fn whatever_stands_where_a_directory_goes_is_replaced_if_asked() {
    let at = tempfile::tempdir().unwrap();
    one_file(at.path(), 0o755, 0o644);
    fs::create_dir(at.path().join("out/in")).unwrap();
    let place = at.path().join("out/in/d");
    let put: [&dyn Fn(); 3] =
        [&|| fs::write(&place, "a file").unwrap(), &|| symlink("/", &place).unwrap(), &|| {
            rustix::fs::mknodat(CWD, &place, FileType::Fifo, Mode::RUSR, 0).unwrap()
        }];
    for put in put {
        put();
        run(
            at.path(),
            "extract x.pear -C out --overwrite newer",
            if place.is_symlink() { 4 } else { 1 },
        );
        let (_, stderr) = run(at.path(), "extract x.pear -C out --overwrite always -v", 0);
        assert!(stderr.contains("out/in/d: removed"), "{stderr}");
        assert_eq!(fs::read(place.join("f")).unwrap(), b"x");
        fs::remove_dir_all(&place).unwrap();
    }
}

#[test]
fn a_directory_put_in_place_of_another_is_left_as_it_is() {
    for resolution in [Resolution::Automatic, Resolution::Components] {
        let to = tempfile::tempdir().unwrap();
        let options = RestoreOptions { resolution, ..RestoreOptions::default() };
        let restorer = Restorer::new(to.path(), options).unwrap();
        restorer.other(&entry("d", Kind::Directory)).unwrap();
        fs::rename(to.path().join("d"), to.path().join("moved")).unwrap();
        fs::create_dir(to.path().join("d")).unwrap();
        set_mode(&to.path().join("d"), 0o711);
        let failures = restorer.finish();
        assert!(matches!(failures[..], [TreeError::Unsafe { .. }]), "{failures:?}");
        assert_eq!(mode(to.path().join("d")), 0o711);
    }
}

#[test]
fn fifos_devices_and_links_get_their_metadata_without_proc() {
    let at = tempfile::tempdir().unwrap();
    build_tree(&at.path().join("t"));
    run(at.path(), "create x.pear t --codec store", 0);
    let program = assert_cmd::cargo::cargo_bin!("pear-archive");
    let without_proc = |line: &str| {
        let mut command = Command::new("unshare");
        let script = format!("mount -t tmpfs none /proc && {line}");
        command.current_dir(at.path()).args(["-m", "sh", "-c", &script]).arg(program);
        command.output()
    };
    match without_proc("exit 77") {
        Ok(output) if output.status.code() == Some(77) => {}
        _ => return, // not root, or no namespace of its own
    }
    let output = without_proc("exec \"$0\" extract x.pear -p -C out").unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_same(&at.path().join("t"), &at.path().join("out/t"));
}

#[test]
fn room_reserved_behind_the_end_fills_no_hole() {
    let at = tempfile::tempdir().unwrap();
    sparse_file(&at.path().join("s"));
    let file = fs::OpenOptions::new().write(true).open(at.path().join("s")).unwrap();
    let flags = FallocateFlags::KEEP_SIZE;
    if rustix::fs::fallocate(&file, flags, 4 << 20, 8 << 20).is_err() {
        return; // a file system that cannot reserve
    }
    assert!(file.metadata().unwrap().blocks() * 512 > 4 << 20);
    run(at.path(), "create x.pear s --codec store", 0);
    run(at.path(), "extract x.pear -C out", 0);
    let restored = fs::metadata(at.path().join("out/s")).unwrap();
    assert!(restored.blocks() * 512 < 1 << 20, "{}", restored.blocks());
    assert_eq!(fs::read(at.path().join("s")).unwrap(), fs::read(at.path().join("out/s")).unwrap());
}

#[test]
fn a_symbolic_link_with_two_names_stays_one() {
    let at = tempfile::tempdir().unwrap();
    fs::create_dir(at.path().join("in")).unwrap();
    symlink("nowhere", at.path().join("in/a")).unwrap();
    rustix::fs::linkat(CWD, at.path().join("in/a"), CWD, at.path().join("in/b"), AtFlags::empty())
        .unwrap();
    run(at.path(), "create x.pear in", 0);
    run(at.path(), "verify x.pear", 0);
    run(at.path(), "export x.pear x.tar", 0);
    run(at.path(), "import y.pear x.tar", 0);
    for (archive, to) in [("x.pear", "one"), ("y.pear", "two")] {
        run(at.path(), &format!("extract {archive} -C {to}"), 0);
        let link = |name: &str| at.path().join(to).join("in").join(name);
        assert_eq!(fs::read_link(link("b")).unwrap(), Path::new("nowhere"));
        assert_eq!(fs::symlink_metadata(link("a")).unwrap().nlink(), 2);
        let inode = |name: &str| fs::symlink_metadata(link(name)).unwrap().ino();
        assert_eq!(inode("a"), inode("b"));
    }
    pear(at.path())
        .args(["extract", "-", "-C", "three"])
        .pipe_stdin(at.path().join("x.pear"))
        .unwrap()
        .assert()
        .success();
    assert_eq!(fs::symlink_metadata(at.path().join("three/in/a")).unwrap().nlink(), 2);
    run(at.path(), "extract x.pear in/b -C alone", 0);
    assert_eq!(fs::read_link(at.path().join("alone/in/b")).unwrap(), Path::new("nowhere"));
}

#[test]
fn a_name_the_file_system_cannot_hold_hinders_no_other() {
    let to = tempfile::tempdir().unwrap();
    let restorer = Restorer::new(to.path(), RestoreOptions::default()).unwrap();
    for long in ["n".repeat(300), format!("{}/f", "n".repeat(300))] {
        assert!(!restorer.occupied(long.as_bytes()).unwrap());
        assert!(matches!(restorer.other(&entry(&long, Kind::Fifo)), Err(TreeError::Io { .. })));
    }
    assert!(restorer.finish().is_empty());
}

#[test]
fn a_long_name_is_one_failure_and_the_rest_comes_out() {
    let at = tempfile::tempdir().unwrap();
    let mut maker = Maker::default();
    maker.file("good", b"data");
    maker.records(b'x', [("path", &"n".repeat(300)[..])]).file("n", b"x");
    fs::write(at.path().join("t.tar"), maker.end()).unwrap();
    run(at.path(), "import x.pear t.tar --codec store", 0);
    fs::create_dir(at.path().join("there")).unwrap();
    for to in ["there", "new"] {
        let (_, stderr) = run(at.path(), &format!("extract x.pear -C {to}"), 1);
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert_eq!(fs::read(at.path().join(to).join("good")).unwrap(), b"data");
    }
}

#[test]
fn nothing_is_called_unsafe_when_memory_is_too_small() {
    let at = tempfile::tempdir().unwrap();
    fs::write(at.path().join("a"), "content ".repeat(1000)).unwrap();
    fs::hard_link(at.path().join("a"), at.path().join("b")).unwrap();
    run(at.path(), "create x.pear a b --codec zstd", 0);
    let (_, stderr) = run(at.path(), "extract x.pear --memory 1K -C out", 2);
    assert!(!stderr.contains("unsafe"), "{stderr}");
    assert!(!at.path().join("out/b").exists());
}

#[test]
fn one_cause_is_one_failure_that_names_the_attribute() {
    let to = tempfile::tempdir().unwrap();
    let options = RestoreOptions { preserve: true, ..RestoreOptions::default() };
    let restorer = Restorer::new(to.path(), options).unwrap();
    for name in ["a", "b", "c"] {
        let mut entry = entry(name, Kind::Directory);
        (entry.metadata.uid, entry.metadata.gid) =
            (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        entry.metadata.xattrs = vec![(b"com.apple.provenance".to_vec(), b"x".to_vec())];
        restorer.other(&entry).unwrap();
    }
    let failures = restorer.finish();
    let [error @ TreeError::NotSet { entries, .. }] = &failures[..] else {
        panic!("{failures:?}");
    };
    let expected = Property::Xattr(b"com.apple.provenance".to_vec());
    assert!(entries.iter().all(|(_, property)| *property == expected));
    let paths: Vec<PathBuf> = entries.iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(paths, ["c", "b", "a"].map(|name| to.path().join(name)));
    let message = error.to_string();
    assert!(message.contains("/c: cannot set the extended attribute com.apple.prov"), "{message}");
    assert!(message.contains("and 2 more"), "{message}");
}

#[test]
fn all_names_come_with_verbose() {
    if !is_root() {
        return;
    }
    let at = tempfile::tempdir().unwrap();
    one_file(at.path(), 0o755, 0o644);
    give(&at.path().join("out"), NOBODY);
    // An ordinary user may not give files to root.
    let output = ordinary(at.path(), "022", "extract x.pear -p -C out");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains("cannot set the owner"), "{stderr}");
    let output = ordinary(at.path(), "022", "extract x.pear -p -C out -v --overwrite always");
    let stderr = String::from_utf8_lossy(&output.stderr);
    for path in ["out/in", "out/in/d", "out/in/d/f"] {
        assert!(stderr.contains(&format!("{path}: cannot set the owner")), "{stderr}");
    }
}

#[test]
fn links_are_not_called_unsafe_when_a_run_ends_early() {
    let to = tempfile::tempdir().unwrap();
    let restorer = Restorer::new(to.path(), RestoreOptions::default()).unwrap();
    restorer.other(&entry("d", Kind::Directory)).unwrap();
    restorer.other(&entry("d/link", Kind::HardLink { target: b"d/file".to_vec() })).unwrap();
    assert!(restorer.finish_early().is_empty());
    assert_eq!(mode(to.path().join("d")) & 0o700, 0o700);
    assert!(!to.path().join("d/link").is_symlink());
}

#[test]
fn an_unfinished_file_has_no_name_where_that_can_be() {
    let to = tempfile::tempdir().unwrap();
    let can = rustix::fs::open(to.path(), OFlags::TMPFILE | OFlags::WRONLY, Mode::RUSR).is_ok();
    let overwrite = Overwrite::Always;
    let options = RestoreOptions { overwrite, ..RestoreOptions::default() };
    let restorer = Restorer::new(to.path(), options).unwrap();
    for content in [b"one", b"two"] {
        let mut writer = restorer.file(b"f", &Metadata::default(), 3).unwrap().unwrap();
        writer.write_at(0, content).unwrap();
        assert_eq!(leftovers(to.path()).is_empty(), can);
        writer.commit().unwrap();
        let path = to.path().join("f");
        set_mode(&path, 0o600);
        assert_eq!(fs::read(&path).unwrap(), content, "the second replaced the first");
    }
    assert!(leftovers(to.path()).is_empty());
    restorer.sync().unwrap();
}

#[test]
fn what_killed_runs_left_is_removed_from_directories_below_too() {
    let at = tempfile::tempdir().unwrap();
    let mut ended = std::process::Command::new("true").spawn().unwrap();
    ended.wait().unwrap();
    fs::create_dir_all(at.path().join("d/e")).unwrap();
    let left = ["", "d", "d/e"].map(|directory| {
        at.path().join(directory).join(format!(".pear-archive-{}-0.partial", ended.id()))
    });
    left.iter().for_each(|path| fs::write(path, "half").unwrap());
    let resolution = Resolution::Components;
    let options = RestoreOptions { resolution, ..RestoreOptions::default() };
    let restorer = Restorer::new(at.path(), options).unwrap();
    let mut file = restorer.file(b"d/e/new", &Metadata::default(), 3).unwrap().unwrap();
    file.write_at(0, b"new").unwrap();
    file.commit().unwrap();
    assert!(restorer.finish().is_empty());
    assert_eq!(left.map(|path| path.exists()), [false, true, false], "nothing was put into d");
}
