//! Changes of an archive on a disk that fails at any of its calls.

use super::{Amending, Changes, Disk, Tail, write_on};
use crate::archive::{Archive, Builder, Control, CreateOptions, Limits, Silent};
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A file of which a call fails, and then all, or none, of those that follow.
#[derive(Clone, Debug)]
struct Faulty {
    file: Arc<File>,
    /// Calls so far.
    calls: Arc<AtomicU64>,
    /// Number of the call that fails.
    fails: u64,
    /// Whether it stays broken.
    for_good: bool,
}

impl Faulty {
    fn call<T>(&self, work: impl FnOnce(&File) -> io::Result<T>) -> io::Result<T> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        if number == self.fails || (self.for_good && number > self.fails) {
            return Err(io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error()));
        }
        work(&self.file)
    }
}

impl Disk for Faulty {
    fn create(&self, path: &Path) -> io::Result<Faulty> {
        self.call(|file| Disk::create(file, path))
            .map(|file| Faulty { file: Arc::new(file), ..self.clone() })
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.call(|file| file.set_len(length))
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        // No more than a part of it, as a disk may.
        let bytes = &bytes[..bytes.len().min(4000)];
        self.call(|file| Disk::write_at(file, bytes, offset))
    }

    fn sync(&self) -> io::Result<()> {
        self.call(Disk::sync)
    }

    fn again(&self) -> io::Result<Faulty> {
        Ok(self.clone())
    }
}

#[test]
fn whatever_call_fails_the_archive_is_as_it_was() {
    let at = tempfile::tempdir().unwrap();
    let path = at.path().join("a.pear");
    let go_on = AtomicBool::new(false);
    let control = Control { events: &Silent, cancel: &go_on };
    let mut builder = Builder::create(&path).unwrap().options(CreateOptions::at_level(1));
    builder.append_data("a", "the first file").unwrap();
    builder.append_data("b", vec![7; 9000]).unwrap();
    builder.finish().unwrap();
    let first = fs::read(&path).unwrap();
    for for_good in [false, true] {
        let mut failed = 0;
        for fails in 0.. {
            fs::write(&path, &first).unwrap();
            let amending = Amending::open(&path, &Limits::default(), &control).unwrap();
            let Amending { archive, end, .. } = amending;
            let file = File::options().read(true).write(true).open(&path).unwrap();
            let calls = Arc::default();
            let disk = Faulty { file: Arc::new(file), calls, fails, for_good };
            let removed = vec![b"a".to_vec()];
            let mut changes = Changes::default();
            changes.amended.removed = removed;
            let options = CreateOptions::at_level(1);
            let tail = || Tail::on(disk, end);
            let written = write_on(tail, &archive, changes, &options, None, &control);
            let found = fs::read(&path).unwrap();
            let opened = Archive::open_any(&found[..], &Limits::default(), &control).unwrap();
            assert!(opened.recovery().is_none());
            if written.is_ok() {
                assert_eq!(opened.entries().len(), 1);
                break;
            }
            assert!(found.starts_with(&first), "{fails}");
            // If the bytes cannot be cut off either, they stay behind the end.
            assert!(for_good || found == first, "{fails}");
            assert!(found == first || opened.entries().len() == 2 || for_good, "{fails}");
            failed += 1;
        }
        assert!(failed >= 5, "{failed}");
    }
}
