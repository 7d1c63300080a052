//! Ending a process in the middle of its work.
//!
//! Alone in its file: what it does hits everything in the process.

mod support;

use pear_archive::entry::Metadata;
use pear_archive::tree::{RestoreOptions, Restorer, abandon_all};
use support::leftovers;

#[test]
fn what_is_unfinished_can_be_abandoned_from_outside() {
    let to = tempfile::tempdir().unwrap();
    let restorer = Restorer::new(to.path(), RestoreOptions::default()).unwrap();
    let start = |name: &str| restorer.file(name.as_bytes(), &Metadata::default(), 3).unwrap();
    let mut writer = start("d/a").unwrap();
    writer.write_at(0, b"a").unwrap();
    assert_eq!(leftovers(to.path()).len(), 1);
    abandon_all();
    assert!(leftovers(to.path()).is_empty());
    assert!(writer.commit().is_err());
    assert!(start("b").unwrap().write_at(0, b"b").is_err());
    assert!(leftovers(to.path()).is_empty());
}
