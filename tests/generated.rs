//! Completion scripts and manual pages are those of the current definitions.

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
