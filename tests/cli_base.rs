//! `pear-archive train` and `--base`, as a user runs them.

mod support;

use std::fs;
use std::path::Path;
use support::*;

/// Writes `count` records of a service that does not exist, number `from` and after.
fn records(at: &Path, directory: &str, from: u64, count: u64) {
    fs::create_dir_all(at.join(directory)).unwrap();
    for number in from..from + count {
        let noise = noise(number + 1, 8);
        let kind = ["pump", "valve", "sensor", "motor"][noise[0] as usize % 4];
        let record = format!(
            "{{ \"$schema\": \"https://plant.example/schema/device-state-v3.json\",\n  \
             \"device\": \"{kind}-{}\", \"temperature_celsius\": {}, \"maintenance_due\": {},\n  \
             \"location\": {{ \"building\": \"north\", \"floor\": {}, \"accessible\": true }},\n  \
             \"responsible\": \"Facility management, second floor, weekdays only\",\n  \
             \"warranty_expires\": null, \"serial\": \"{:02x?}\" }}\n",
            noise[1],
            noise[2],
            noise[3] > 99,
            noise[4] % 9,
            &noise[5..],
        );
        fs::write(at.join(format!("{directory}/{number:03}.json")), record).unwrap();
    }
}

fn size(at: &Path, path: &str) -> u64 {
    fs::metadata(at.join(path)).unwrap().len()
}

#[test]
fn a_trained_base_makes_archives_of_other_files_smaller() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for directory in ["old", "new"] {
        fs::create_dir(at.join(directory)).unwrap();
    }
    for old in ["cli_create.rs", "cli_read.rs", "cli_extract.rs", "cli_pipe.rs"] {
        fs::copy(tests.join(old), at.join("old").join(old)).unwrap();
    }
    for new in ["cli_output.rs", "cli_tar.rs"] {
        fs::copy(tests.join(new), at.join("new").join(new)).unwrap();
    }
    let (_, told) = run(at, "train -v -o my.base --size 64K old", 0);
    assert!(told.contains("looked at 4 files, took 4 of them"), "{told}");
    assert!((30_000..=65_536).contains(&size(at, "my.base")));
    run(at, "create none.pear new --level 1", 0);
    run(at, "create in.pear new --level 1 --base my.base", 0);
    run(at, "create out.pear new --level 1 --base my.base --base-outside --verify", 0);
    assert!(size(at, "out.pear") < size(at, "none.pear"));
    assert!(size(at, "in.pear") > size(at, "out.pear"));
    run(at, "extract in.pear -C from_in", 0);
    run(at, "extract out.pear -C from_out --base my.base", 0);
    for to in ["from_in", "from_out"] {
        assert_same(&at.join("new"), &at.join(to).join("new"));
    }
    let (one, _) = run(at, "cat out.pear new/cli_tar.rs --base my.base", 0);
    assert_eq!(one, fs::read_to_string(at.join("new/cli_tar.rs")).unwrap());
    run(at, "verify out.pear --base my.base", 0);
    run(at, "export out.pear out.tar --base my.base", 0);
    run(at, "import again.pear out.tar --level 1 --base my.base", 0);
    let piped = pear(at)
        .args(["verify", "-", "--base", "my.base"])
        .write_stdin(fs::read(at.join("out.pear")).unwrap())
        .output()
        .unwrap();
    assert_eq!(piped.status.code(), Some(0), "{piped:?}");
}

#[test]
fn a_base_that_is_missing_or_wrong_is_named_and_the_exit_code_says_so() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    records(at, "new", 0, 40);
    records(at, "old", 100, 40);
    run(at, "train -o my.base old", 0);
    fs::write(at.join("other.base"), "\"temperature_celsius\": 13").unwrap();
    run(at, "create out.pear new --level 1 --base my.base --base-outside", 0);
    let digest = blake3::hash(&fs::read(at.join("my.base")).unwrap()).to_hex();
    let other = blake3::hash(&fs::read(at.join("other.base")).unwrap()).to_hex();
    let needs = format!("40 files need the base b3:{digest}, which is not in the archive");
    for command in ["verify out.pear", "extract out.pear -C to"] {
        let (_, told) = run(at, command, 5);
        assert!(told.contains(&needs) && told.lines().count() <= 2, "{told}");
        assert!(told.contains("give it with --base FILE"), "{told}");
        let (_, told) = run(at, &format!("{command} --base other.base"), 5);
        assert!(told.contains(&needs) && told.contains(&other[..]), "{told}");
    }
    let (_, told) = run(at, "cat out.pear new/007.json", 5);
    assert!(told.contains(&digest[..]), "{told}");
    let (listed, _) = run(at, "list out.pear", 0);
    assert_eq!(listed.lines().count(), 41);
    let (info, _) = run(at, "info out.pear", 0);
    assert!(info.contains(&digest[..]) && info.contains("given"), "{info}");
    let (json, _) = run(at, "info --json out.pear", 0);
    assert!(json.contains(&format!("\"base_blake3\":\"{digest}\"")), "{json}");
    run(at, "verify --quick out.pear", 0);
    let (_, told) = run(at, "verify out.pear --base absent.base", 2);
    assert!(told.contains("absent.base"), "{told}");
    fs::write(at.join("empty.base"), "").unwrap();
    let (_, told) = run(at, "create x.pear new --base empty.base", 2);
    assert!(told.contains("empty.base: cannot be a base: it is empty"), "{told}");
    run(at, "create x.pear new --base my.base --independent", 2);
    let (_, told) = run(at, "create x.pear new --base my.base --codec zstd", 2);
    assert!(told.contains("cannot be a base"), "{told}");
    run(at, "create x.pear new --base-outside", 2);
    assert!(!at.join("x.pear").exists());
}

#[test]
fn training_takes_and_leaves_what_it_is_told_and_replaces_nothing() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    records(at, "d", 0, 40);
    fs::write(at.join("d/secret.txt"), "the word is swordfish\n".repeat(9)).unwrap();
    fs::write(at.join("d/noise.bin"), noise(3, 70_000)).unwrap();
    run(at, "train -o one.base d --exclude secret.txt", 0);
    let base = fs::read_to_string(at.join("one.base")).unwrap();
    assert!(base.contains("temperature_celsius") && !base.contains("swordfish"));
    run(at, "train -o two.base -C d . --exclude secret.txt -j 3", 0);
    assert_eq!(fs::read_to_string(at.join("two.base")).unwrap(), base, "the same files");
    let absolute = at.join("d");
    let line = format!("train -o three.base {} --exclude secret.txt", absolute.display());
    assert_eq!(run(at, &line, 0).1, "");
    let (_, told) = run(at, "train -o one.base d", 2);
    assert!(told.contains("exists and is not empty"), "{told}");
    assert_eq!(fs::read_to_string(at.join("one.base")).unwrap(), base);
    run(at, "train -o one.base d --force", 0);
    assert!(fs::read_to_string(at.join("one.base")).unwrap().contains("swordfish"));
    let (_, told) = run(at, "train -o none.base d/noise.bin", 2);
    assert!(told.contains("no base made: there is no file of text or programs"), "{told}");
    run(at, "train -o none.base absent", 2);
    assert!(!at.join("none.base").exists());
    assert!(leftovers(at).is_empty());
    let piped =
        pear(at).args(["train", "-o", "-", "d", "--exclude", "secret.txt"]).output().unwrap();
    assert_eq!(String::from_utf8(piped.stdout).unwrap(), base);
}

#[test]
fn a_file_that_cannot_be_read_is_left_out_of_a_base() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    records(at, "d", 0, 40);
    let (_, told) = run(at, "train -o my.base d absent", 1);
    assert!(told.contains("absent"), "{told}");
    if !is_root() {
        set_mode(&at.join("d/007.json"), 0);
        let (_, told) = run(at, "train -o other.base d", 1);
        assert!(told.contains("007.json"), "{told}");
    }
}
