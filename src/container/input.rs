//! A pipe with lookahead.

use std::io::{self, ErrorKind, Read};

/// Bytes requested at a time. A pipe gives what it has, and does not wait for more.
const STEP: usize = 1 << 18;

/// A buffer of bytes that were read but not yet consumed. Memory grows with what the
/// input really holds, not with what a header claims.
pub(super) struct Input<R> {
    input: R,
    /// Consumed bytes, then those that were only peeked at.
    buffer: Vec<u8>,
    /// How many of them were consumed.
    passed: usize,
    /// Offset of the first byte not consumed.
    offset: u64,
    ended: bool,
}

impl<R: Read> Input<R> {
    pub fn new(input: R) -> Self {
        Input { input, buffer: Vec::new(), passed: 0, offset: 0, ended: false }
    }

    /// Returns the offset of the first byte that was not consumed.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the number of bytes read from the input, consumed or not.
    pub fn read_so_far(&self) -> u64 {
        self.offset + (self.buffer.len() - self.passed) as u64
    }

    /// Returns the next `count` bytes and perhaps more; fewer only at the end.
    ///
    /// # Errors
    /// Any error of reading.
    pub fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.buffer.len() - self.passed < count && !self.ended {
            self.read()?;
        }
        Ok(&self.buffer[self.passed..])
    }

    fn read(&mut self) -> io::Result<()> {
        // Moving the rest costs no more than consuming the discarded bytes did.
        if self.passed >= self.buffer.len() - self.passed {
            self.buffer.drain(..self.passed);
            self.passed = 0;
        }
        let held = self.buffer.len();
        self.buffer.resize(held + STEP, 0);
        let read = loop {
            match self.input.read(&mut self.buffer[held..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.buffer.truncate(held + *read.as_ref().unwrap_or(&0));
        self.ended |= read? == 0;
        Ok(())
    }

    /// Consumes `count` bytes that were peeked at.
    pub fn pass(&mut self, count: usize) {
        self.passed += count;
        self.offset += count as u64;
    }

    /// Consumes `count` bytes, or fewer at the end, holding few of them at a time.
    ///
    /// # Errors
    /// Any error of reading.
    pub fn skip(&mut self, mut count: u64) -> io::Result<()> {
        while count > 0 {
            let held = self.peek(1)?.len() as u64;
            if held == 0 {
                break;
            }
            let step = held.min(count);
            self.pass(step as usize);
            count -= step;
        }
        Ok(())
    }

    /// Consumes everything before the next `mark`; returns `false` if the input ends
    /// first.
    ///
    /// # Errors
    /// Any error of reading.
    pub fn find(&mut self, mark: &[u8; 4]) -> io::Result<bool> {
        loop {
            let held = self.peek(mark.len())?;
            if let Some(at) = memchr::memmem::find(held, mark) {
                self.pass(at);
                return Ok(true);
            }
            // A mark may extend beyond the end of the buffer.
            let rest = held.len().min(mark.len() - 1);
            let (count, ended) = (held.len() - rest, self.ended);
            self.pass(count);
            if ended {
                return Ok(false);
            }
            self.read()?;
        }
    }

    /// Consumes `head` bytes and returns `length` more, all of which were peeked at. The
    /// cost depends only on what is returned, not on what is buffered.
    pub fn take(&mut self, head: usize, length: usize) -> Vec<u8> {
        let start = self.passed + head;
        let end = start + length;
        self.pass(head + length);
        if self.buffer.len() - self.passed > length {
            return self.buffer[start..end].to_vec();
        }
        // A long payload is not copied, because it would be in memory twice.
        let rest = self.buffer[self.passed..].to_vec();
        let mut bytes = std::mem::replace(&mut self.buffer, rest);
        self.passed = 0;
        bytes.truncate(end);
        bytes.drain(..start);
        bytes.shrink_to_fit();
        bytes
    }
}
