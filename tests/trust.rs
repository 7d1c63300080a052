//! The campaigns whose counts are in docs/trust.md: many damaged archives, kills and
//! injected errors, far more than a test suite has time for.
//!
//! `cargo test --test trust -- --ignored --nocapture --test-threads 1`

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pear-archive");

/// A generator of pseudo-random numbers, the same in every run.
struct Random(u64);

impl Random {
    /// Returns a number below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) % limit.max(1)
    }
}

type Files = BTreeMap<String, Vec<u8>>;

/// Makes a tree of texts, numbers and noise, with a link, a hole and a copy.
fn tree(at: &Path) -> Files {
    let mut random = Random(7);
    let mut files = Files::new();
    for number in 0..40u64 {
        let length = 200 + random.below(6000) as usize;
        let content: Vec<u8> = match number % 3 {
            0 => format!("line {number} of a text that is kept\n").repeat(length / 30).into(),
            1 => (0..length as u64).map(|at| (at * at / 9 % 251) as u8).collect(),
            _ => (0..length).map(|_| random.below(256) as u8).collect(),
        };
        files.insert(
            format!("d/file-{number:02}.{}", ["txt", "dat", "rnd"][number as usize % 3]),
            content,
        );
    }
    files.insert("d/copy.txt".to_owned(), files["d/file-00.txt"].clone());
    fs::create_dir_all(at.join("d")).unwrap();
    for (name, content) in &files {
        fs::write(at.join(name), content).unwrap();
    }
    files
}

fn run(at: &Path, arguments: &str) -> ExitStatus {
    let mut command = Command::new(PROGRAM);
    command.current_dir(at).args(arguments.split(' ')).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap()
}

/// Panics if an extracted file is wrong or the program crashed; returns the number of
/// extracted files.
fn sound(to: &Path, files: &Files, what: &str) -> usize {
    let intact = |(name, content): &(&String, &Vec<u8>)| match fs::read(to.join(name)) {
        Ok(found) => {
            assert!(found == **content, "{what}: {name} has wrong bytes");
            true
        }
        Err(_) => false,
    };
    files.iter().filter(intact).count()
}

/// Makes one damage: a bit, a byte, a run of zeros or noise, a cut, a loss or an
/// insertion.
fn damage(archive: &[u8], random: &mut Random) -> (Vec<u8>, String) {
    let mut bytes = archive.to_vec();
    let at = random.below(bytes.len() as u64) as usize;
    let length = 1 + random.below(600) as usize;
    let end = (at + length).min(bytes.len());
    let what = random.below(7);
    match what {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = !bytes[at],
        2 => bytes[at..end].fill(0),
        3 => bytes[at..end].iter_mut().for_each(|byte| *byte = random.below(256) as u8),
        4 => bytes.truncate(at),
        5 => drop(bytes.drain(at..end)),
        _ => drop(bytes.splice(at..at, vec![0xAA; length])),
    }
    (bytes, format!("damage {what} at {at}, {length} bytes"))
}

#[test]
#[ignore = "a campaign of minutes; its counts are in docs/trust.md"]
fn damaged_archives_give_right_bytes_or_none() {
    let rounds = 700;
    let (mut tried, mut out, mut of) = (0u64, 0u64, 0u64);
    for codec in ["store", "zstd", "bpe", "pear --level 1"] {
        let at = TempDir::new().unwrap();
        let files = tree(at.path());
        let made = run(at.path(), &format!("create a.pear d --group-size 20K --codec {codec}"));
        assert_eq!(made.code(), Some(0));
        let archive = fs::read(at.path().join("a.pear")).unwrap();
        let mut random = Random(codec.len() as u64);
        for _ in 0..rounds {
            let (bytes, what) = damage(&archive, &mut random);
            let what = format!("{codec}, {what}");
            fs::write(at.path().join("b.pear"), bytes).unwrap();
            for way in ["extract b.pear -C", "extract /dev/stdin -C"] {
                let to = TempDir::new().unwrap();
                let mut command = Command::new(PROGRAM);
                command.current_dir(at.path()).args(way.split(' ')).arg(to.path());
                command.stdin(fs::File::open(at.path().join("b.pear")).unwrap());
                command.stdout(Stdio::null()).stderr(Stdio::null());
                let code = command.status().unwrap().code();
                assert!(code.is_some_and(|code| code <= 5), "{what}: {way} ended with {code:?}");
                let found = sound(to.path(), &files, &what);
                assert!(code != Some(0) || found == files.len(), "{what}: silent loss by {way}");
                (tried, out, of) = (tried + 1, out + found as u64, of + files.len() as u64);
            }
        }
    }
    println!("{tried} damaged archives: {out} of {of} files came out, none wrong");
}

#[test]
#[ignore = "a campaign of minutes; its counts are in docs/trust.md"]
fn killed_runs_leave_nothing_in_the_way() {
    let at = TempDir::new().unwrap();
    let files = tree(at.path());
    let before = |at: &Path| {
        assert_eq!(run(at, "create a.pear d --codec zstd").code(), Some(0));
        fs::read(at.join("a.pear")).unwrap()
    };
    let archive = before(at.path());
    let whole = Instant::now();
    run(at.path(), "create c.pear d --level 1 -j 1");
    let longest = whole.elapsed().as_micros() as u64 + 3000;
    let (mut random, mut done) = (Random(3), 0);
    for round in 0..200 {
        let arguments = match round % 2 {
            0 => "create a.pear d --level 1 -j 1",
            _ => "extract a.pear -C out --overwrite always",
        };
        fs::create_dir_all(at.path().join("out")).unwrap();
        fs::write(at.path().join("a.pear"), &archive).unwrap();
        let mut command = Command::new(PROGRAM);
        command.current_dir(at.path()).args(arguments.split(' '));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(random.below(longest)));
        child.kill().unwrap();
        done += u64::from(child.wait().unwrap().success());
        assert_eq!(run(at.path(), "verify a.pear").code(), Some(0), "round {round}");
        sound(&at.path().join("out"), &files, "killed extract");
    }
    // What a killed run may have left is not in the next archive.
    assert_eq!(run(at.path(), "create b.pear d out").code(), Some(0));
    let listed = Command::new(PROGRAM).arg("list").arg(at.path().join("b.pear")).output().unwrap();
    assert!(!String::from_utf8_lossy(&listed.stdout).contains(".pear-archive-"));
    println!("200 runs killed, {done} of them had ended; no archive lost, no leftover archived");
}

#[test]
#[ignore = "a campaign of minutes, needs strace; its counts are in docs/trust.md"]
fn injected_errors_end_in_a_line_and_an_exit_code() {
    let at = TempDir::new().unwrap();
    let files = tree(at.path());
    assert_eq!(run(at.path(), "create a.pear d --codec zstd").code(), Some(0));
    let archive = fs::read(at.path().join("a.pear")).unwrap();
    let mut tried = 0;
    for arguments in ["create a.pear d --codec zstd", "extract a.pear -C out", "verify a.pear"] {
        for call in [
            "openat",
            "read",
            "pread64",
            "write",
            "pwrite64",
            "fstat",
            "fsync",
            "renameat2",
            "linkat",
            "mkdirat",
            "getdents64",
        ] {
            for error in ["EIO", "ENOSPC", "EMFILE"] {
                for when in [1, 2, 3, 5, 8, 13, 21, 34, 55] {
                    let _ = fs::remove_dir_all(at.path().join("out"));
                    fs::create_dir(at.path().join("out")).unwrap();
                    fs::write(at.path().join("a.pear"), &archive).unwrap();
                    let inject = format!("inject={call}:error={error}:when={when}");
                    let mut command = Command::new("strace");
                    command.current_dir(at.path()).args(["-f", "-qq", "-o", "/dev/null", "-e"]);
                    command.arg(inject).arg(PROGRAM).args(arguments.split(' '));
                    let output = command.stdin(Stdio::null()).output().unwrap();
                    let (code, said) =
                        (output.status.code(), String::from_utf8_lossy(&output.stderr));
                    let what = format!("{arguments}, {call} {error} {when}: {code:?} {said}");
                    // 127: the loader could not open a library.
                    assert!(code.is_some_and(|code| code <= 5 || code == 127), "{what}");
                    assert!(!said.contains("panicked"), "{what}");
                    assert!(code == Some(0) || !said.is_empty(), "{what}");
                    let found = sound(&at.path().join("out"), &files, &what);
                    let whole = arguments.starts_with("extract").then_some(files.len());
                    assert!(code != Some(0) || whole.is_none_or(|whole| whole == found), "{what}");
                    if arguments.starts_with("create") {
                        assert_eq!(run(at.path(), "verify a.pear").code(), Some(0), "{what}");
                    }
                    tried += 1;
                }
            }
        }
    }
    println!("{tried} errors injected: no panic, no wrong byte, no archive lost");
}
