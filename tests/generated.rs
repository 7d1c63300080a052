//! Completion scripts and manual pages match the current definitions.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn checked_in_completions_and_manuals_are_fresh() {
    let fresh = tempfile::tempdir().unwrap();
    let mut program = assert_cmd::cargo::cargo_bin_cmd!("pear-archive");
    program.arg("generate").arg(fresh.path()).assert().success();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["completions", "man"] {
        let wanted = files(&fresh.path().join(folder));
        assert!(wanted.len() >= 5, "{folder}");
        let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        let found = files(&root.join(folder));
        assert_eq!(names(&found), names(&wanted), "run 'pear-archive generate .'");
        for (name, content) in &wanted {
            assert!(found[name] == *content, "{folder}/{name:?}: run 'pear-archive generate .'");
        }
    }
}

fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let items = fs::read_dir(directory).unwrap().map(|item| item.unwrap().path());
    items.map(|path| (path.file_name().unwrap().into(), fs::read(&path).unwrap())).collect()
}

/// Returns what bash offers after these words, the last of which is being typed.
fn bash_offers(words: &[&str]) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions/pear-archive.bash");
    let ask = r#"
        source "$1" || exit 1; shift
        function=$(complete -p pear-archive | sed 's/.*-F \([^ ]*\).*/\1/')
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        "$function" pear-archive "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let mut bash = std::process::Command::new("bash");
    bash.args(["--norc", "-c", ask, "bash"]).arg(script).arg("pear-archive").args(words);
    let output = bash.output().expect("bash is needed for this test");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_options_behind_every_command() {
    let commands = bash_offers(&[""]);
    for (command, option) in [
        ("create", "--exclude"),
        ("extract", "--strip-components"),
        ("list", "--literal"),
        ("cat", "--files-from"),
        ("verify", "--quick"),
        ("info", "--json"),
        ("import", "--codec"),
        ("export", "--jobs"),
        ("completions", "--help"),
        ("man", "--help"),
        ("x", "--overwrite"),
    ] {
        assert!(commands.contains(&command.to_owned()), "{command}: {commands:?}");
        let offered = bash_offers(&[command, "--"]);
        assert!(offered.contains(&option.to_owned()), "{command}: {offered:?}");
    }
}

#[test]
fn bash_completes_the_values_of_options() {
    assert_eq!(bash_offers(&["create", "x.pear", "--codec", "ze"]), [""]);
    assert_eq!(bash_offers(&["create", "x.pear", "--codec", "z"]), ["zstd"]);
    assert_eq!(bash_offers(&["extract", "--overwrite", "ne"]), ["never", "newer"]);
    assert_eq!(bash_offers(&["create", "--codec", "=", "z"]), ["zstd"]);
    assert_eq!(bash_offers(&["extract", "--overwrite", "=", "ne"]), ["never", "newer"]);
    assert_eq!(bash_offers(&["completions", "fi"]), ["fish"]);
}

#[test]
fn bash_completes_paths_behind_options_that_take_one() {
    // Names of files are offered relative to the directory of the test.
    for words in [
        &["create", "-T", "Cargo.t"][..],
        &["create", "--exclude-from", "Cargo.t"],
        &["list", "--files-from", "Cargo.t"],
    ] {
        assert!(bash_offers(words).contains(&"Cargo.toml".to_owned()), "{words:?}");
    }
}

#[test]
fn no_completion_shows_the_hidden_command() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    for (name, content) in files(&folder) {
        let script = String::from_utf8(content).unwrap();
        assert!(!script.contains("generate"), "{name:?}");
    }
}

#[test]
fn shells_that_are_here_can_read_their_completions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    let scripts =
        [("bash", "pear-archive.bash"), ("zsh", "_pear-archive"), ("fish", "pear-archive.fish")];
    for (shell, script) in scripts {
        let check = std::process::Command::new(shell).arg("-n").arg(folder.join(script)).output();
        let Ok(output) = check else { continue }; // not installed
        assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
