//! What becomes of an archive if something goes wrong while it is made.

use super::*;

#[test]
fn an_archive_leaves_itself_out_and_replaces_only_when_whole() {
    let tree = TempDir::new().unwrap();
    fs::write(tree.path().join("file"), "content").unwrap();
    let target = tree.path().join("self.pear");
    let make = |control: &Control| {
        let operands = [PathBuf::from(".")];
        create(&target, &operands, walking(tree.path()), &options(Codec::Store, 100), control)
    };
    for _ in 0..2 {
        assert_eq!(make(&CONTROL).unwrap().entries, 1);
    }
    let before = fs::read(&target).unwrap();
    let cancel = AtomicBool::new(true);
    let stopped = make(&Control { events: &Silent, cancel: &cancel }).unwrap_err();
    assert_eq!(stopped.kind(), ErrorKind::Interrupted);
    assert_eq!(fs::read(&target).unwrap(), before);
    assert_eq!(fs::read_dir(tree.path()).unwrap().count(), 2, "nothing is left behind");
}

/// A control that cancels after a number of groups.
struct StopAfter<'a> {
    groups: Mutex<u32>,
    cancel: &'a AtomicBool,
}

impl Events for StopAfter<'_> {
    fn event(&self, event: Event<'_>) {
        if let Event::Progress { .. } = event {
            let mut groups = self.groups.lock().unwrap();
            *groups -= 1;
            self.cancel.store(*groups == 0, Ordering::Relaxed);
        }
    }
}

#[test]
fn an_interrupted_creation_leaves_nothing() {
    let tree = TempDir::new().unwrap();
    fs::write(tree.path().join("long"), noise(1, 10_000)).unwrap();
    let place = TempDir::new().unwrap();
    let cancel = AtomicBool::new(false);
    let events = StopAfter { groups: Mutex::new(3), cancel: &cancel };
    let control = Control { events: &events, cancel: &cancel };
    let target = place.path().join("a.pear");
    let operands = [PathBuf::from("long")];
    let settings = options(Codec::Store, 100);
    let stopped = create(&target, &operands, walking(tree.path()), &settings, &control);
    assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn a_full_disk_is_an_error_and_not_half_an_archive() {
    let Ok(full) = File::create("/dev/full") else { return };
    let tree = TempDir::new().unwrap();
    fs::write(tree.path().join("long"), noise(1, 10_000)).unwrap();
    let operands = [PathBuf::from("long")];
    let settings = options(Codec::Store, 100);
    let failed = create_stream(full, &operands, walking(tree.path()), &settings, &CONTROL);
    assert_eq!(failed.unwrap_err().kind(), ErrorKind::Environment);
}

/// A control that removes a file as soon as the total is known, after the walk.
struct Vanish(PathBuf, Mutex<Vec<String>>);

impl Events for Vanish {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Total { .. } => fs::remove_file(&self.0).unwrap(),
            Event::Warning(error) => self.1.lock().unwrap().push(error.to_string()),
            _ => {}
        }
    }
}

#[test]
fn a_file_that_vanishes_is_reported_and_the_rest_archived() {
    let tree = TempDir::new().unwrap();
    for name in ["a", "b", "c"] {
        fs::write(tree.path().join(name), noise(1, 500)).unwrap();
    }
    fs::write(tree.path().join("d"), noise(2, 500)).unwrap();
    fs::hard_link(tree.path().join("a"), tree.path().join("z")).unwrap();
    let events = Vanish(tree.path().join("a"), Mutex::default());
    let control = Control { events: &events, cancel: &GO_ON };
    let mut bytes = Vec::new();
    let operands = [PathBuf::from(".")];
    let settings = options(Codec::Store, 100);
    create_stream(&mut bytes, &operands, walking(tree.path()), &settings, &control).unwrap();
    let warnings = events.1.into_inner().unwrap();
    assert!(warnings.len() == 1 && warnings[0].contains("/a"), "{warnings:?}");
    let to = TempDir::new().unwrap();
    let done = unpack(&bytes, to.path(), &preserving());
    assert!(done.failures.is_empty());
    assert_same_below(tree.path(), to.path());
}

/// A control that changes the end of a file as soon as its first group is written.
struct Rewrite(PathBuf, Mutex<Vec<String>>);

impl Events for Rewrite {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Progress { .. } => {
                let file = File::options().write(true).open(&self.0).unwrap();
                std::os::unix::fs::FileExt::write_all_at(&file, b"changed", 9_990).unwrap();
            }
            Event::Warning(error) => self.1.lock().unwrap().push(error.to_string()),
            _ => {}
        }
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_spoils_no_other() {
    let tree = TempDir::new().unwrap();
    let content = noise(1, 10_000);
    for name in ["a", "b", "c"] {
        fs::write(tree.path().join(name), &content).unwrap();
    }
    fs::hard_link(tree.path().join("b"), tree.path().join("link")).unwrap();
    let events = Rewrite(tree.path().join("a"), Mutex::default());
    let control = Control { events: &events, cancel: &GO_ON };
    let mut bytes = Vec::new();
    let operands = [PathBuf::from(".")];
    let settings = CreateOptions { jobs: 1, ..options(Codec::Store, 500) };
    let summary =
        create_stream(&mut bytes, &operands, walking(tree.path()), &settings, &control).unwrap();
    assert_eq!(summary.bytes, 20_000, "b and c still share their content");
    let warnings = events.1.into_inner().unwrap();
    assert!(warnings.len() == 1 && warnings[0].contains("/a"), "{warnings:?}");
    let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
    assert!(archive.verify(1, &CONTROL).unwrap().failures.is_empty());
    for chosen in [&[][..], &["link"], &["c", "link"]] {
        let (indexed, piped) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let done = unpack(&bytes, indexed.path(), &selecting(chosen));
        assert!(done.failures.is_empty(), "{done:?}");
        let limits = Limits::default();
        let done = extract_stream(&bytes[..], piped.path(), &selecting(chosen), &limits, &CONTROL);
        assert!(done.as_ref().unwrap().failures.is_empty(), "{done:?}");
        assert_same_below(indexed.path(), piped.path());
        assert_eq!(fs::read(piped.path().join("link")).unwrap(), content);
    }
}
