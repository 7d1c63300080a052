//! Ending a process in the middle of its work.
//!
//! It is alone in its file, because it affects everything in the process.

mod support;

use pear_archive::entry::{Entry, Kind, Metadata};
use pear_archive::tree::{Resolution, RestoreOptions, Restorer, abandon_all};
use support::leftovers;

#[test]
fn what_is_unfinished_can_be_abandoned_from_outside() {
    let to = tempfile::tempdir().unwrap();
    let resolution = Resolution::Components; // makes files under temporary names
    let options = RestoreOptions { resolution, ..RestoreOptions::default() };
    let restorer = Restorer::new(to.path(), options).unwrap();
    let start = |name: &str| restorer.file(name.as_bytes(), &Metadata::default(), 3).unwrap();
    let mut writer = start("d/a").unwrap();
    writer.write_at(0, b"a").unwrap();
    let unnamed = Restorer::new(to.path(), RestoreOptions::default()).unwrap();
    let mut second = unnamed.file(b"c", &Metadata::default(), 3).unwrap().unwrap();
    second.write_at(0, b"abc").unwrap();
    let partial = leftovers(to.path());
    let name = format!(".pear-archive-{}-", std::process::id());
    assert!(partial.iter().any(|path| path.starts_with(to.path().join("d"))));
    for path in partial {
        let found = path.file_name().unwrap().to_str().unwrap();
        assert!(found.starts_with(&name) && found.ends_with(".partial"), "{found}");
    }
    abandon_all();
    assert!(leftovers(to.path()).is_empty());
    assert!(writer.commit().is_err());
    assert!(second.commit().is_err());
    assert!(start("b").unwrap().write_at(0, b"b").is_err());
    let entry = |path: &str, kind| Entry { path: path.into(), kind, metadata: Metadata::default() };
    assert!(restorer.other(&entry("fifo", Kind::Fifo)).is_err());
    restorer.other(&entry("link", Kind::Symlink { target: b"a".to_vec() })).unwrap();
    assert_eq!(restorer.finish().len(), 1, "the link was not made");
    assert!(!to.path().join("c").exists());
    assert!(leftovers(to.path()).is_empty());
}
