//! Archives in volumes, as a user runs the program on them.

mod support;

use pear_archive::options::{CreateOptions, RenameOptions, UpdateOptions, WalkOptions};
use pear_archive::{Archive, Builder, Control, delete, update};
use proptest::prelude::*;
use std::fs::{self, File};
use std::path::Path;
use support::changing::*;
use support::*;

const SIZE: u64 = 65_536;

/// Returns the numbers of the volumes of an archive, and whether nothing else has its name.
fn volumes(at: &Path, archive: &str) -> Vec<u64> {
    let mut numbers = Vec::new();
    for item in fs::read_dir(at).unwrap() {
        let name = item.unwrap().file_name().into_string().unwrap();
        if let Some(number) = name.strip_prefix(&format!("{archive}.")) {
            numbers.push(number.parse().unwrap_or_else(|_| panic!("{name} was left")));
        }
        assert!(!name.ends_with(".partial"), "{name} was left");
    }
    numbers.sort_unstable();
    numbers
}

/// Returns the names of all that is there.
fn names(at: &Path) -> Vec<std::ffi::OsString> {
    let mut names: Vec<_> =
        fs::read_dir(at).unwrap().map(|item| item.unwrap().file_name()).collect();
    names.sort();
    names
}

/// Returns the bytes of all volumes.
fn joined(at: &Path, archive: &str) -> Vec<u8> {
    let read = |number| fs::read(at.join(format!("{archive}.{number:03}"))).unwrap();
    volumes(at, archive).into_iter().flat_map(read).collect()
}

/// Makes the tree `t`, the archive `one.pear` of it, and the same as `a.pear` in volumes. Each
/// group has a file, so that a lost volume takes few of them along.
fn begin_volumes(at: &Path) {
    write(at, "t/a.txt", "the first file\n".repeat(30));
    for number in 0..8 {
        write(at, &format!("t/{number}.bin"), noise(number, 50_000));
    }
    run(at, "create one.pear t --codec store --group-size 50000", 0);
    run(at, "create a.pear t --codec store --group-size 50000 --volume-size 64K", 0);
}

#[test]
fn every_command_reads_volumes_as_the_archive_that_their_bytes_are() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin_volumes(at);
    let one = fs::read(at.join("one.pear")).unwrap();
    assert!(joined(at, "a.pear") == one);
    assert_eq!(volumes(at, "a.pear"), [1, 2, 3, 4, 5, 6, 7]);
    assert!((1..7).all(|number| length(at, &format!("a.pear.{number:03}")) == SIZE));
    let glob: Vec<String> = (1..=7).map(|number| format!("a.pear.{number:03}")).collect();
    for name in ["a.pear", "a.pear.001", "a.pear.004", "./a.pear", &glob.join(" ")] {
        for command in ["list @", "list @ t/*.bin", "cat @ t/a.txt", "generations @"] {
            let of = |name| run(at, &command.replace('@', name), 0).0;
            assert_eq!(of(name), of("one.pear"), "{command} {name}");
        }
        run(at, &format!("verify {name}"), 0);
        run(at, &format!("verify --quick {name}"), 0);
        assert!(run(at, &format!("info {name}"), 0).0.contains("root hash"));
        assert_eq!(run(at, &format!("diff {name} one.pear --checksum"), 0).0, "");
        assert_eq!(run(at, &format!("diff one.pear {name} --checksum"), 0).0, "");
        run(at, &format!("extract {name} -C out"), 0);
        assert_same(&at.join("t"), &at.join("out/t"));
        fs::remove_dir_all(at.join("out")).unwrap();
        run(at, &format!("export {name} a.tar"), 0);
        run(at, "export one.pear one.tar", 0);
        assert!(fs::read(at.join("a.tar")).unwrap() == fs::read(at.join("one.tar")).unwrap());
        run(at, &format!("repack {name} again.pear"), 0);
        run(at, &format!("merge both.pear {name} one.pear"), 0);
        assert_eq!(run(at, "diff again.pear both.pear", 0).0, "");
    }
    // A pipe needs all of them in their order.
    let output = pear(at).args(["verify", "-"]).write_stdin(joined(at, "a.pear")).output().unwrap();
    assert!(output.status.success());
    assert!(
        Archive::open_path(at.join("a.pear")).unwrap().read("t/3.bin").unwrap() == noise(3, 50_000)
    );
    // Without -C the directory has the name of the archive.
    write(at, "u", "two names at the top");
    run(at, "create b.pear t u --codec store --volume-size 64K", 0);
    run(at, "extract b.pear.001", 0);
    assert_same(&at.join("t"), &at.join("b/t"));
}

#[test]
fn import_repack_and_merge_write_volumes_too() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin_volumes(at);
    run(at, "export one.pear one.tar", 0);
    run(at, "import i.pear one.tar --codec store --volume-size 100000", 0);
    run(at, "repack a.pear r.pear --volume-size 128K", 0);
    run(at, "merge m.pear a.pear one.pear --volume-size 64K", 0);
    for (name, count) in [("i.pear", 5), ("r.pear", 4), ("m.pear", 7)] {
        assert_eq!(volumes(at, name).len(), count, "{name}");
        run(at, &format!("verify {name}"), 0);
        assert_eq!(run(at, &format!("diff {name} one.pear --checksum"), 0).0, "", "{name}");
    }
    // Other volumes take the place of those that are there, however many they are.
    for (size, count) in [("300K", 2), ("64K", 7), ("1G", 1), ("128K", 4), ("128K", 4)] {
        run(at, &format!("repack a.pear r.pear --volume-size {size}"), 0);
        assert_eq!(volumes(at, "r.pear").len(), count, "{size}");
        run(at, "verify r.pear", 0);
    }
    set_mode(&at.join("r.pear.001"), 0o640);
    run(at, "repack a.pear r.pear --volume-size 64K", 0);
    assert_eq!(
        fs::metadata(at.join("r.pear.007")).unwrap().permissions(),
        fs::metadata(at.join("r.pear.001")).unwrap().permissions()
    );
}

#[test]
fn a_missing_volume_is_named_and_what_lies_in_the_others_comes_out() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin_volumes(at);
    let all = run(at, "list a.pear", 0).0;
    let gone = |numbers: &[u64]| {
        for number in numbers {
            fs::rename(at.join(format!("a.pear.{number:03}")), at.join(format!("gone-{number}")))
                .unwrap();
        }
    };
    let back = |numbers: &[u64]| {
        for number in numbers {
            fs::rename(at.join(format!("gone-{number}")), at.join(format!("a.pear.{number:03}")))
                .unwrap();
        }
    };
    let rescued = |least: usize| {
        let (_, stderr) = run(at, "extract a.pear -C out", 3);
        let found = fs::read_dir(at.join("out/t")).map_or(0, |names| {
            for name in names {
                let path = name.unwrap().path();
                let same = at.join("t").join(path.file_name().unwrap());
                assert!(fs::read(&path).unwrap() == fs::read(same).unwrap(), "{path:?}");
            }
            fs::read_dir(at.join("out/t")).unwrap().count()
        });
        let _ = fs::remove_dir_all(at.join("out"));
        assert!(found >= least, "{found} of {least}: {stderr}");
        stderr
    };
    gone(&[4]);
    let (listed, stderr) = run(at, "list a.pear", 3);
    assert_eq!(listed, all, "the tables are whole");
    assert_eq!(
        stderr,
        "pear-archive: error: a.pear.004: this volume is missing, 65536 bytes from byte 196608 of \
         the archive on\n"
    );
    assert!(rescued(6).contains("volume a.pear.004 is missing"));
    let (_, stderr) = run(at, "verify --quick a.pear.001", 3);
    assert!(stderr.contains("a.pear.004: this volume is missing"), "{stderr}");
    // What is damaged is neither changed nor copied.
    for line in ["update a.pear t", "delete a.pear t/1.bin", "prune a.pear", "repack a.pear n.pear"]
    {
        let (_, stderr) = run(at, line, 3);
        assert!(stderr.contains("a.pear.004"), "{line}: {stderr}");
    }
    assert!(!at.join("n.pear").exists());
    back(&[4]);
    gone(&[3, 4, 5]);
    assert!(
        rescued(4).contains("a.pear.003 to a.pear.005: these volumes are missing, 196608 bytes")
    );
    back(&[3, 4, 5]);
    gone(&[1]);
    assert!(rescued(6).contains("a.pear.001: this volume is missing, 65536 bytes from byte 0"));
    run(at, "list a.pear.001", 3);
    gone(&[2, 3, 4, 5, 6]);
    run(at, "list a.pear.007", 3);
    back(&[1, 2, 3, 4, 5, 6]);
    gone(&[7]);
    let stderr = rescued(6);
    assert!(stderr.contains("the archive ends too early"), "{stderr}");
    assert!(stderr.contains("a.pear.007: this volume is missing, and perhaps more behind it"));
    back(&[7]);
    run(at, "verify a.pear", 0);
    run(at, "list a.pear.008", 2);
    // A file of another kind with such a name is none of the volumes.
    write(at, "a.pear.2026", "a diary");
    run(at, "verify a.pear", 0);
}

#[test]
fn volumes_that_are_not_what_they_should_be_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin_volumes(at);
    run(at, "create other.pear one.pear a.pear.002 --codec store --volume-size 64K", 0);
    let third = fs::read(at.join("a.pear.003")).unwrap();
    let told = |line: &str, message: &str| {
        let (_, stderr) = run(at, line, 3);
        assert!(stderr.contains(message), "{line}: {stderr}");
    };
    fs::write(at.join("a.pear.003"), &third[..60_000]).unwrap();
    told("list a.pear", "a.pear.003: this volume is cut short, its last 5536 bytes are missing");
    told("verify a.pear", "the end of volume a.pear.003 is missing");
    fs::write(at.join("a.pear.003"), [&third[..], b"more"].concat()).unwrap();
    told(
        "verify a.pear",
        "a.pear.003: this volume is longer than the others, its last 4 bytes are",
    );
    fs::write(at.join("a.pear.003"), &third).unwrap();
    // A volume of another archive, in the middle, at the end and at the start.
    write(at, "x", noise(9, 450_000));
    run(at, "create x.pear x --codec zstd --group-size 9000 --volume-size 64K", 0);
    fs::copy(at.join("x.pear.003"), at.join("a.pear.003")).unwrap();
    told("list a.pear", "a.pear.003: this volume is a part of another archive");
    told("extract a.pear -C out", "a.pear.003: this volume is a part of another archive");
    assert!(at.join("out/t/7.bin").exists());
    fs::write(at.join("a.pear.003"), &third).unwrap();
    let last = fs::read(at.join("a.pear.007")).unwrap();
    fs::copy(at.join("x.pear.007"), at.join("a.pear.007")).unwrap();
    told("list a.pear", "a.pear.007: this volume is a part of another archive");
    fs::write(at.join("a.pear.007"), &last).unwrap();
    fs::copy(at.join("x.pear.001"), at.join("a.pear.001")).unwrap();
    told("list a.pear", "a.pear.002: this volume is a part of another archive");
}

#[test]
fn what_is_appended_fills_the_last_volume_and_then_new_ones() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin_volumes(at);
    let before = joined(at, "a.pear");
    write(at, "t/new.bin", noise(100, 150_000));
    fs::remove_file(at.join("t/0.bin")).unwrap();
    for archive in ["a.pear.001 a.pear.002", "one.pear"] {
        run(at, &format!("update {archive} t --mirror --no-date --codec store"), 0);
    }
    assert!(joined(at, "a.pear") == fs::read(at.join("one.pear")).unwrap());
    assert!(joined(at, "a.pear").starts_with(&before));
    assert_eq!(volumes(at, "a.pear").len(), 9);
    run(at, "extract a.pear -C out", 0);
    assert_same(&at.join("t"), &at.join("out/t"));
    run(at, "verify a.pear --generation 0", 0);
    write(at, "u/more", noise(101, 90_000));
    run(at, "append a.pear u --no-date --codec store", 0);
    run(at, "delete a.pear t/1.bin t/5.bin --no-date", 0);
    run(at, "rename a.pear t/2.bin t/two --no-date", 0);
    assert_eq!(run(at, "generations a.pear", 0).0.lines().count(), 6);
    assert_eq!(run(at, "cat a.pear.003 t/a.txt", 0).0, "the first file\n".repeat(30));
    run(at, "verify a.pear", 0);
    let count = volumes(at, "a.pear").len();
    run(at, "prune a.pear", 0);
    let pruned = volumes(at, "a.pear").len();
    assert!(pruned < count, "{pruned} of {count}\n{}", run(at, "info a.pear", 0).0);
    assert_eq!(length(at, "a.pear.001"), SIZE);
    assert_eq!(run(at, "generations a.pear", 0).0.lines().count(), 2);
    run(at, "verify a.pear", 0);
    run(at, "prune a.pear --volume-size 100000", 0);
    assert_eq!(length(at, "a.pear.002"), 100_000);
    // One volume says nothing of the size of others.
    run(at, "create small.pear t/a.txt --volume-size 64K --codec store", 0);
    run(at, "append small.pear t/3.bin t/4.bin --volume-size 64K --codec store", 0);
    assert_eq!(volumes(at, "small.pear").len(), 2);
    run(at, "create small.pear t/a.txt --volume-size 64K --codec store", 0);
    run(at, "append small.pear t/3.bin t/4.bin --codec store", 0);
    assert_eq!(volumes(at, "small.pear"), [1]);
    run(at, "verify small.pear.001", 0);
    run(at, "prune small.pear", 0);
    assert_eq!(volumes(at, "small.pear"), [1]);
    for (line, message) in [
        ("append a.pear u/more --volume-size 64K", "its volumes have another size"),
        ("append one.pear t/3.bin --volume-size 64K", "it is not in volumes"),
        ("update small.pear t --volume-size 64K", "its only volume is larger than that"),
    ] {
        let (_, stderr) = run(at, line, 2);
        assert!(stderr.contains(message) || stderr.contains("already in"), "{line}: {stderr}");
    }
}

#[test]
fn an_update_that_is_killed_or_fails_leaves_the_volumes_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin_volumes(at);
    let first = joined(at, "a.pear");
    let listed = run(at, "list a.pear", 0).0;
    write(at, "t/new.bin", noise(100, 180_000));
    let lay = |bytes: &[u8]| {
        for number in volumes(at, "a.pear") {
            fs::remove_file(at.join(format!("a.pear.{number:03}"))).unwrap();
        }
        for (number, piece) in bytes.chunks(SIZE as usize).enumerate() {
            fs::write(at.join(format!("a.pear.{:03}", number + 1)), piece).unwrap();
        }
    };
    // The disk is full, or a file gets too long, somewhere on the way.
    let program = assert_cmd::cargo::cargo_bin!("pear-archive");
    for blocks in [8, 16, 40, 63] {
        let script =
            format!("ulimit -f {blocks}; exec \"$0\" update a.pear t --no-date -j 1 --codec store");
        let mut bash = std::process::Command::new("bash");
        bash.args(["-c", &script]).arg(program).current_dir(at);
        let output = bash.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{blocks}: {stderr}");
        assert!(joined(at, "a.pear") == first, "{blocks}: {stderr}");
    }
    run(at, "update a.pear t --no-date --codec store", 0);
    let second = joined(at, "a.pear");
    // What is written comes in its order: a killed run leaves its beginning.
    for end in (first.len() + 1..second.len()).step_by(9_000).chain([7 * 65_536, 8 * 65_536]) {
        lay(&second[..end]);
        let (stdout, stderr) = run(at, "list a.pear", 1);
        assert_eq!(stdout, listed, "{end}");
        assert!(stderr.contains("behind the end of generation 0"), "{end}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{end}: {stderr}");
        run(at, "update a.pear t --no-date --codec store", 0);
        assert!(joined(at, "a.pear") == second, "{end}");
    }
    // An empty volume may be the last thing that a killed run made.
    lay(&first);
    let last = fs::File::options().append(true).open(at.join("a.pear.007")).unwrap();
    last.set_len(SIZE).unwrap();
    fs::write(at.join("a.pear.008"), "").unwrap();
    assert_eq!(run(at, "list a.pear", 1).0, listed);
    run(at, "update a.pear t --no-date --codec store", 0);
    assert!(joined(at, "a.pear") == second);
}

#[test]
fn volumes_that_others_change_are_let_alone() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin_volumes(at);
    let before = joined(at, "a.pear");
    let held = File::open(at.join("a.pear.001")).unwrap();
    held.lock().unwrap();
    write(at, "t/new", "new");
    for line in [
        "update a.pear t",
        "delete a.pear t/1.bin",
        "prune a.pear",
        "create a.pear t --volume-size 64K",
    ] {
        let (_, stderr) = run(at, line, 2);
        assert!(stderr.contains("being changed by another run"), "{line}: {stderr}");
        assert!(joined(at, "a.pear") == before, "{line}");
    }
    run(at, "verify a.pear", 0);
    drop(held);
    run(at, "update a.pear t --codec store", 0);
}

#[test]
fn volumes_are_refused_where_they_could_not_be_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    begin_volumes(at);
    let state = || (fs::read(at.join("one.pear")).unwrap(), joined(at, "a.pear"), names(at));
    let before = state();
    for (line, message) in [
        ("create - t --volume-size 64K", "standard output: cannot be cut into volumes"),
        ("create /dev/null t --volume-size 64K", "/dev/null: cannot be cut into volumes"),
        ("create one.pear t --volume-size 64K", "would hide the volumes"),
        ("create a.pear.001 t --volume-size 64K", "leave the number out"),
        ("create b.pear.002 t --volume-size 64K", "leave the number out"),
        ("create a.pear t", "is there in volumes"),
        ("create a.pear.003 t --force", "it is a volume of another archive"),
        ("create a.pear.009 t --force", "it is a volume of another archive"),
        ("repack a.pear a.pear", "is there in volumes"),
        ("export a.pear a.pear.002 --force", "would replace the archive it is made from"),
        ("create b.pear t --volume-size 10K", "use 64K or more"),
    ] {
        let (stdout, stderr) = run(at, line, 2);
        assert!(stderr.contains(message), "{line}: {stderr}");
        assert_eq!(stdout, "");
        assert!(state() == before, "{line}");
    }
    write(at, "diary.001", "is no archive");
    let (_, stderr) = run(at, "create diary t --volume-size 64K", 2);
    assert!(stderr.contains("diary.001: exists and is not a pear archive"), "{stderr}");
    run(at, "create diary t --volume-size 64K --force --codec store", 0);
    run(at, "verify diary", 0);
    // One archive may be called so, if it has a preface of its own.
    run(at, "create backup.2026 t --codec zstd", 0);
    run(at, "verify backup.2026", 0);
    run(at, "update backup.2026 t/a.txt", 0);
    // What is archived is never the archive itself.
    run(at, "create a.pear . --exclude t --volume-size 64K --codec store", 0);
    let listed = run(at, "list a.pear", 0).0;
    assert!(!listed.contains("a.pear.0") && listed.contains("one.pear"), "{listed}");
}

/// Makes or updates an archive with volumes of so many bytes by the library.
fn options(size: u64) -> CreateOptions {
    let mut options = CreateOptions {
        volume_size: Some(size),
        group_size: 4096,
        jobs: 1,
        ..CreateOptions::default()
    };
    options.codec.choice = pear_archive::options::Choice::Only(pear_archive::options::Codec::Store);
    options
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn volumes_of_any_size_hold_the_same_bytes(size in 30u64..20_000, length in 0usize..20_000, more in 1usize..9_000) {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path();
        let control = Control::default();
        write(at, "t/one", noise(length as u64, length));
        let walking = || WalkOptions { base: at.to_owned(), ..WalkOptions::default() };
        for (name, size) in [("whole", None), ("cut", Some(size))] {
            let options = CreateOptions { volume_size: size, ..options(1) };
            let mut builder = Builder::create(at.join(name)).unwrap().options(options).walking(walking());
            builder.append_path("t").unwrap();
            builder.finish().unwrap();
        }
        let same = || {
            let whole = fs::read(at.join("whole")).unwrap();
            let cut = joined(at, "cut");
            let count = volumes(at, "cut").len() as u64;
            // A deletion of an archive in one volume does not know how long others may be.
            cut == whole && (count == 1 || count == (whole.len() as u64).div_ceil(size))
        };
        prop_assert!(same());
        write(at, "t/two", noise(more as u64, more));
        for name in ["whole", "cut"] {
            let volume_size = (name == "cut").then_some(size);
            let create = CreateOptions { volume_size, ..options(1) };
            let options = UpdateOptions { create, ..UpdateOptions::default() };
            update(&at.join(name), &["t".into()], walking(), &options, &control).unwrap();
        }
        prop_assert!(same());
        let archive = Archive::open_path(at.join("cut.001")).unwrap();
        prop_assert_eq!(volumes(at, "cut").len() as u64, archive.stored_length().div_ceil(size));
        prop_assert!(archive.read("t/two").unwrap() == noise(more as u64, more));
        for name in ["whole", "cut"] {
            let patterns = pear_archive::patterns::Patterns::selecting(&["t/one"]).unwrap();
            delete(&at.join(name), &patterns, &RenameOptions::default(), &control).unwrap();
        }
        prop_assert!(same());
    }
}
