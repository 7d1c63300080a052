//! Compressed bytes on their way to a decoder.

use std::cell::RefCell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

/// Bytes read at a time.
const STEP: usize = 1 << 18;

/// Compressed bytes, with the number of those consumed. Errors of reading are separate
/// from errors of decoders.
pub(super) struct Input<R> {
    reader: R,
    buffer: Vec<u8>,
    /// The part of the buffer that is filled and not yet consumed.
    begin: usize,
    end: usize,
    position: u64,
    failed: Rc<RefCell<Option<io::Error>>>,
}

impl<R: Read> Input<R> {
    /// Starts without reading. An error of reading is put into `failed`.
    pub fn new(reader: R, failed: Rc<RefCell<Option<io::Error>>>) -> Input<R> {
        Input { reader, buffer: vec![0; STEP], begin: 0, end: 0, position: 0, failed }
    }

    /// Returns the number of bytes consumed.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Returns the next bytes, at least `length` of them unless the input ends first.
    ///
    /// # Errors
    /// The error of the reader.
    pub fn peek(&mut self, length: usize) -> io::Result<&[u8]> {
        if self.end - self.begin < length {
            self.buffer.copy_within(self.begin..self.end, 0);
            (self.begin, self.end) = (0, self.end - self.begin);
        }
        while self.end < length {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(0) => break,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let kind = error.kind();
                    *self.failed.borrow_mut() = Some(error);
                    return Err(kind.into());
                }
            }
        }
        Ok(&self.buffer[self.begin..self.end])
    }

    /// Skips zeros; returns whether something follows them.
    ///
    /// # Errors
    /// As [`Input::peek`].
    pub fn skip_zeros(&mut self) -> io::Result<bool> {
        loop {
            let bytes = self.peek(1)?;
            let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
            let (all, none) = (zeros == bytes.len(), bytes.is_empty());
            self.consume(zeros);
            if none || !all {
                return Ok(!none);
            }
        }
    }
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}

impl<R: Read> BufRead for Input<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.peek(1)
    }

    fn consume(&mut self, length: usize) {
        self.begin += length;
        self.position += length as u64;
    }
}
