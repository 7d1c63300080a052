//! Files that change between the walk and their turn: what of them is archived, and
//! what is reported.

mod support;

use pear_archive::archive::{
    Archive, Control, CreateOptions, Event, Events, ExtractOptions, Limits, Silent, create_stream,
    extract_stream,
};
use pear_archive::codec::{Choice, Codec, CodecOptions};
use pear_archive::entry::Kind;
use pear_archive::tree::WalkOptions;
use std::cell::{Cell, RefCell};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use support::*;
use tempfile::TempDir;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

/// The moment at which something happens to a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// All files were examined, and none was read for the archive.
    Planned,
    /// The first group is coded.
    Begun,
    /// More than a batch of groups is coded, and the first is written.
    Announced,
}

/// A control that runs an action once, and keeps the warnings.
struct Meanwhile<'a> {
    when: When,
    action: &'a dyn Fn(),
    done: Cell<bool>,
    /// Bytes coded so far.
    coded: Cell<u64>,
    warnings: RefCell<Vec<String>>,
}

impl Events for Meanwhile<'_> {
    fn event(&self, event: Event<'_>) {
        let now = match event {
            Event::Total { .. } => When::Planned,
            Event::Progress { bytes, .. } => {
                self.coded.set(self.coded.get() + bytes);
                if self.coded.get() > 10 << 20 { When::Announced } else { When::Begun }
            }
            Event::Warning(error) => return self.warnings.borrow_mut().push(error.to_string()),
            _ => return,
        };
        if now == self.when && !self.done.replace(true) {
            (self.action)();
        }
    }
}

/// Archives everything below `tree` in small stored groups, and runs `action`
/// meanwhile. Returns the archive and the warnings.
fn pack(tree: &Path, when: When, action: impl Fn()) -> (Vec<u8>, Vec<String>) {
    let codec = CodecOptions { choice: Choice::Only(Codec::Store), ..CodecOptions::default() };
    let group_size = if when == When::Announced { 1 << 20 } else { 1000 };
    let options = CreateOptions { codec, group_size, jobs: 1, ..CreateOptions::default() };
    let (done, coded, warnings) = Default::default();
    let events = Meanwhile { when, action: &action, done, coded, warnings };
    let control = Control { events: &events, cancel: &GO_ON };
    let walking = WalkOptions { base: tree.to_owned(), ..WalkOptions::default() };
    let mut archive = Vec::new();
    create_stream(&mut archive, &[PathBuf::from(".")], walking, &options, &control).unwrap();
    assert!(events.done.get());
    (archive, events.warnings.into_inner())
}

/// Returns the content of a file of the archive; the archive must be sound, and the
/// same from a pipe.
fn content(archive: &[u8], name: &str) -> Option<Vec<u8>> {
    let opened = Archive::open(archive, &Limits::default()).unwrap();
    assert!(opened.verify(1, &CONTROL).unwrap().failures.is_empty());
    let (indexed, piped) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let options = ExtractOptions::default();
    let done = opened.extract(indexed.path(), &options, &CONTROL).unwrap();
    assert!(done.failures.is_empty(), "{done:?}");
    let limits = Limits::default();
    let done = extract_stream(archive, piped.path(), &options, &limits, &CONTROL).unwrap();
    assert!(done.failures.is_empty(), "{done:?}");
    let read = |to: &TempDir| fs::read(to.path().join(name)).ok();
    assert_eq!(read(&indexed), read(&piped));
    read(&indexed)
}

/// Makes two files of five groups each.
fn two_files() -> TempDir {
    let tree = TempDir::new().unwrap();
    fs::write(tree.path().join("a"), [1; 5000]).unwrap();
    fs::write(tree.path().join("b"), [2; 5000]).unwrap();
    tree
}

#[test]
fn a_file_saved_anew_under_its_name_is_archived_as_it_is_now() {
    let tree = two_files();
    let (path, new) = (tree.path().join("a"), tree.path().join("b.new"));
    let save = || {
        fs::write(&new, "saved anew").unwrap();
        set_mode(&new, 0o604);
        fs::rename(&new, &path).unwrap();
    };
    let (archive, warnings) = pack(tree.path(), When::Planned, save);
    assert_eq!(content(&archive, "a").unwrap(), b"saved anew");
    assert_eq!(content(&archive, "b").unwrap(), [2; 5000]);
    assert!(warnings.len() == 1 && warnings[0].contains("/a: changed after"), "{warnings:?}");
    assert!(warnings[0].contains("the new content is archived"), "{warnings:?}");
    let opened = Archive::open(&archive[..], &Limits::default()).unwrap();
    assert_eq!(opened.entry(b"a").unwrap().metadata.mode, 0o604);
}

#[test]
fn only_another_kind_at_its_name_leaves_a_file_out() {
    let replace: [&dyn Fn(&Path); 3] =
        [&|path| fs::create_dir(path).unwrap(), &|path| symlink("b", path).unwrap(), &|path| {
            drop(std::os::unix::net::UnixListener::bind(path).unwrap())
        }];
    for replace in replace {
        let tree = two_files();
        let path = tree.path().join("a");
        let action = || {
            fs::remove_file(&path).unwrap();
            replace(&path);
        };
        let (archive, warnings) = pack(tree.path(), When::Planned, action);
        assert_eq!(content(&archive, "a"), None);
        assert_eq!(content(&archive, "b").unwrap(), [2; 5000]);
        assert!(warnings.len() == 1 && warnings[0].ends_with("not archived"), "{warnings:?}");
    }
}

#[test]
fn a_file_that_is_gone_is_said_to_be_missing() {
    let tree = two_files();
    let path = tree.path().join("a");
    let (archive, warnings) = pack(tree.path(), When::Planned, || fs::remove_file(&path).unwrap());
    assert_eq!(content(&archive, "a"), None);
    assert!(warnings.len() == 1 && warnings[0].ends_with(": not archived"), "{warnings:?}");
}

#[test]
fn a_file_that_ends_early_is_archived_to_its_end_and_no_further() {
    // Its first bytes were announced with an earlier group, with a size that is too
    // large.
    for end in [1500, 3000] {
        let tree = two_files();
        let path = tree.path().join("a");
        let cut = || File::options().write(true).open(&path).unwrap().set_len(end).unwrap();
        let (archive, warnings) = pack(tree.path(), When::Begun, cut);
        assert_eq!(content(&archive, "a").unwrap(), vec![1; end as usize]);
        assert_eq!(content(&archive, "b").unwrap(), [2; 5000]);
        assert!(warnings.len() == 1, "{warnings:?}");
        // Either its end came while it was read, or it had changed when it was opened.
        assert!(warnings[0].contains("archived") && !warnings[0].contains("not archived"));
    }
}

#[test]
fn a_file_that_ends_early_is_taken_back_if_it_was_announced() {
    // The first batch has said how long it is; that is revoked, and the file read again.
    for (end, rest) in [(15 << 20, 0), ((15 << 20) + 77, 9000)] {
        let tree = TempDir::new().unwrap();
        let path = tree.path().join("a");
        let whole = noise(3, 24 << 20);
        fs::write(&path, &whole).unwrap();
        fs::write(tree.path().join("b"), vec![2; rest]).unwrap();
        fs::hard_link(&path, tree.path().join("link")).unwrap();
        let cut = || File::options().write(true).open(&path).unwrap().set_len(end).unwrap();
        let (archive, warnings) = pack(tree.path(), When::Announced, cut);
        assert!(content(&archive, "a").unwrap() == whole[..end as usize]);
        assert!(content(&archive, "link").unwrap() == whole[..end as usize]);
        assert_eq!(content(&archive, "b").unwrap(), vec![2; rest]);
        assert!(warnings.len() == 1, "{warnings:?}");
    }
}

#[test]
fn a_file_that_grows_is_archived_as_it_was_when_it_was_opened() {
    let tree = two_files();
    let path = tree.path().join("a");
    let grow = || File::options().write(true).open(&path).unwrap().set_len(9000).unwrap();
    let (archive, warnings) = pack(tree.path(), When::Begun, grow);
    assert_eq!(content(&archive, "a").unwrap(), [1; 5000]);
    assert!(warnings.len() == 1 && warnings[0].contains("changed while"), "{warnings:?}");
}

#[test]
fn a_file_without_a_size_is_read_to_its_end() {
    let path = Path::new("/proc/version");
    let Ok(version) = fs::read(path) else { return };
    assert_eq!(fs::metadata(path).unwrap().len(), 0);
    let at = TempDir::new().unwrap();
    // Its time is that of the look at it: perhaps it seems to have changed.
    let arguments = ["create", "x.pear", "-C", "/", "proc/version", "--codec", "store"];
    assert!(pear(at.path()).args(arguments).output().unwrap().status.code() < Some(2));
    let (printed, _) = run(at.path(), "cat x.pear proc/version", 0);
    assert_eq!(printed.as_bytes(), version);
}

#[test]
fn only_files_with_holes_have_a_digest_of_their_own_kind() {
    let at = TempDir::new().unwrap();
    sparse_file(&at.path().join("sparse"));
    fs::write(at.path().join("full"), "abc").unwrap();
    // Each stands alone: files of one archive may share a digest.
    run(at.path(), "create y.pear full --codec store", 0);
    run(at.path(), "create x.pear sparse --codec store", 0);
    let listed = |archive: &str| run(at.path(), &format!("list --json {archive}"), 0).0;
    // The start of the published digest of "abc".
    let abc = "6437b3ac38465133ffb63b75273a8db5";
    assert!(listed("y.pear").contains(&format!("\"blake3_16\":\"{abc}\"")));
    let line = listed("x.pear");
    let opened = Archive::open(fs::read(at.path().join("x.pear")).unwrap(), &Limits::default());
    let has_holes = |entry: &pear_archive::entry::Entry| match &entry.kind {
        Kind::File(content) => content.segments.is_some(),
        _ => false,
    };
    // A file system without holes has nothing to report.
    if has_holes(opened.unwrap().entry(b"sparse").unwrap()) {
        assert!(line.contains("\"sparse_blake3_16\":\"") && !line.contains("\"blake3"), "{line}");
    }
}
