//! What an archive is read from.

use std::io;

/// A source whose bytes can be read at any offset, from several threads at once.
pub trait ReadAt: Sync {
    /// Fills `buffer` with the bytes at `offset`.
    ///
    /// # Errors
    /// `UnexpectedEof` if the source ends before; any error of reading.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;

    /// Returns the length in bytes.
    ///
    /// # Errors
    /// Any error of the system.
    fn length(&self) -> io::Result<u64>;

    /// Returns how many bytes from `offset` on are known to be missing, like those of a file
    /// that is not there. To read one of them is an error.
    fn missing(&self, _offset: u64) -> u64 {
        0
    }
}

/// Bytes that are not there, with the reason. As the source of an [`io::Error`] it tells that
/// trying again is useless.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct MissingBytes(pub String);

impl ReadAt for std::fs::File {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, buffer, offset)
    }

    fn length(&self) -> io::Result<u64> {
        self.metadata().map(|metadata| metadata.len())
    }
}

impl ReadAt for [u8] {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).ok();
        let end = start.and_then(|start| start.checked_add(buffer.len()));
        let bytes = start.zip(end).and_then(|(start, end)| self.get(start..end));
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

impl ReadAt for Vec<u8> {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self[..].read_exact_at(buffer, offset)
    }

    fn length(&self) -> io::Result<u64> {
        self[..].length()
    }
}

impl<T: ReadAt + ?Sized + Send> ReadAt for &T {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        (**self).read_exact_at(buffer, offset)
    }

    fn length(&self) -> io::Result<u64> {
        (**self).length()
    }

    fn missing(&self, offset: u64) -> u64 {
        (**self).missing(offset)
    }
}
