//! Contents that a program gives, kept until the archive is written.

use crate::archive::ArchiveError;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Most bytes of one content that are kept in memory.
const SMALL: usize = 64 << 10;

/// Most bytes of all contents that are kept in memory.
const MOST: u64 = 16 << 20;

/// Bytes read at a time.
const STEP: usize = 256 << 10;

/// Keeps small contents in memory, and the rest in a nameless file in the directory for
/// temporary files.
#[derive(Debug, Default)]
pub(super) struct Store {
    /// Bytes in memory.
    held: u64,
    aside: Option<Arc<File>>,
    /// Bytes in the file.
    length: u64,
}

/// The content of one file.
#[derive(Clone, Debug)]
pub(in crate::archive) enum Data {
    Memory(Arc<[u8]>),
    Aside { file: Arc<File>, offset: u64, length: u64 },
}

impl Store {
    /// Keeps all that a reader gives.
    ///
    /// # Errors
    /// [`ArchiveError::Io`] if the reader fails (its path is `name`), or if the
    /// directory for temporary files does.
    pub fn keep(&mut self, name: &[u8], mut reader: impl Read) -> Result<Data, ArchiveError> {
        let failed = |source| crate::archive::read::archive_error(name, source);
        let mut first = Vec::new();
        reader.by_ref().take(SMALL as u64 + 1).read_to_end(&mut first).map_err(failed)?;
        let held = self.held + first.len() as u64;
        if first.len() <= SMALL && held <= MOST {
            self.held = held;
            return Ok(Data::Memory(first.into()));
        }
        let offset = self.length;
        self.put(&first)?;
        let mut buffer = vec![0; STEP];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => self.put(&buffer[..length])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
        let file = Arc::clone(self.file()?);
        Ok(Data::Aside { file, offset, length: self.length - offset })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        let at = self.length;
        self.file()?
            .write_all_at(bytes, at)
            .map_err(|source| failed("write a file there", source))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn file(&mut self) -> Result<&Arc<File>, ArchiveError> {
        match &mut self.aside {
            Some(file) => Ok(file),
            none => {
                let made = tempfile::tempfile();
                let made = made.map_err(|source| failed("create a file there", source))?;
                Ok(none.insert(Arc::new(made)))
            }
        }
    }
}

impl Data {
    /// Bytes in all.
    pub fn size(&self) -> u64 {
        match self {
            Data::Memory(bytes) => bytes.len() as u64,
            Data::Aside { length, .. } => *length,
        }
    }

    /// Reads bytes from `position` on; 0 only at the end or for an empty buffer.
    ///
    /// # Errors
    /// [`ArchiveError::Io`].
    pub fn read_at(&self, position: u64, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
        let left = self.size().saturating_sub(position).min(buffer.len() as u64) as usize;
        match self {
            Data::Memory(bytes) => {
                let start = position as usize;
                buffer[..left].copy_from_slice(&bytes[start..start + left]);
            }
            Data::Aside { file, offset, .. } => file
                .read_exact_at(&mut buffer[..left], offset + position)
                .map_err(|source| failed("read a file there", source))?,
        }
        Ok(left)
    }
}

/// A failure of the directory for temporary files.
fn failed(operation: &'static str, source: io::Error) -> ArchiveError {
    ArchiveError::Io { path: std::env::temp_dir(), operation, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_come_back_wherever_they_are_kept() {
        let mut store = Store::default();
        let content = |seed: usize, length: usize| -> Vec<u8> {
            (0..length).map(|at| ((at * seed) >> 3) as u8).collect()
        };
        let sizes = [0, 1, SMALL, SMALL + 1, 3 * STEP + 7, 5];
        let all: Vec<Vec<u8>> =
            sizes.iter().enumerate().map(|(seed, &size)| content(seed + 1, size)).collect();
        let kept: Vec<Data> = all.iter().map(|one| store.keep(b"x", &one[..]).unwrap()).collect();
        for (one, data) in all.iter().zip(&kept) {
            assert_eq!(data.size(), one.len() as u64);
            let mut back = vec![0; one.len() + 9];
            let mut done = 0;
            loop {
                let end = back.len().min(done + 1000);
                match data.read_at(done as u64, &mut back[done..end]).unwrap() {
                    0 => break,
                    length => done += length,
                }
            }
            assert!(back[..done] == one[..]);
        }
        assert_eq!(store.length, (SMALL + 1 + 3 * STEP + 7) as u64);
        let broken = io::Error::other("the cable");
        struct Broken(Option<io::Error>);
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(self.0.take().expect("asked once"))
            }
        }
        let error = store.keep(b"name", Broken(Some(broken))).unwrap_err();
        assert!(error.to_string().contains("name") && error.to_string().contains("cable"));
    }
}
