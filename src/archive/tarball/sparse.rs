//! Maps of sparse files: GNU's own, and its three ways with pax records.
//!
//! A map lists runs of data by offset and length. The data of the runs is stored one
//! after the other. Programs disagree whether a run that is not a multiple of a block
//! is padded, so only the last run may be partial.

use super::TarFault;
use super::block::{BLOCK, size};
use super::pax::{Records, decimal};
use crate::entry::Segment;
use tar::GnuSparseHeader;

/// A map being read.
#[derive(Debug, Default)]
pub(super) struct Map {
    segments: Vec<Segment>,
    /// Bytes of data listed.
    data: u64,
    /// End of the last run.
    end: u64,
}

impl Map {
    /// Adds the next run.
    ///
    /// # Errors
    /// [`TarFault::Malformed`] if it starts before the end of the last run, or if the
    /// place of its data is ambiguous.
    pub fn push(&mut self, offset: u64, length: u64) -> Result<(), TarFault> {
        let malformed = |cause| TarFault::Malformed { cause };
        if offset < self.end {
            return Err(malformed("the runs of a sparse file overlap"));
        }
        let end = offset.checked_add(length);
        let end = end.ok_or(malformed("a run of a sparse file ends after 2^64 bytes"))?;
        if length > 0 && !self.data.is_multiple_of(BLOCK) {
            return Err(malformed("a run of a sparse file does not fill its last block"));
        }
        if length > 0 {
            match self.segments.last_mut() {
                Some(last) if last.offset + last.length == offset => last.length += length,
                _ => self.segments.push(Segment { offset, length }),
            }
        }
        // The sum of the lengths is at most the last end.
        (self.data, self.end) = (self.data + length, end);
        Ok(())
    }

    /// Adds the runs of a header block; the first empty run ends them.
    ///
    /// # Errors
    /// As [`Map::push`]; [`TarFault::Number`].
    pub fn push_headers(&mut self, headers: &[GnuSparseHeader]) -> Result<(), TarFault> {
        for header in headers.iter().take_while(|header| !header.is_empty()) {
            let field = |field| size(field).ok_or(TarFault::Number { field: "sparse map" });
            self.push(field(&header.offset)?, field(&header.numbytes)?)?;
        }
        Ok(())
    }

    /// Returns the number of runs, counting adjacent runs as one.
    pub fn runs(&self) -> u64 {
        self.segments.len() as u64
    }

    /// Returns the data segments of a file of `size` bytes with `stored` bytes of data
    /// in the tar; `None` if there is no hole.
    ///
    /// # Errors
    /// [`TarFault::Malformed`] if the map contradicts these numbers.
    pub fn finish(self, size: u64, stored: u64) -> Result<Option<Vec<Segment>>, TarFault> {
        if self.data != stored || self.end > size {
            return Err(TarFault::Malformed { cause: "sizes and map of a sparse file disagree" });
        }
        Ok((self.data < size).then_some(self.segments))
    }
}

/// Reads the map in the records of formats 0.0 and 0.1; returns `None` if there is
/// none.
///
/// # Errors
/// As [`Map::push`]; [`TarFault::Number`].
pub(super) fn map_in_records(records: &Records) -> Result<Option<Map>, TarFault> {
    let numbers: Vec<&[u8]> = match records.get("GNU.sparse.map") {
        Some(map) => map.split(|&byte| byte == b',').collect(),
        None if records.blocks().is_empty() => return Ok(None),
        None => records.blocks().iter().map(Vec::as_slice).collect(),
    };
    let mut map = Map::default();
    for pair in numbers.chunks(2) {
        let number = |place: usize| pair.get(place).and_then(|text| decimal(text));
        let (Some(offset), Some(length)) = (number(0), number(1)) else {
            return Err(TarFault::Number { field: "GNU.sparse.map" });
        };
        map.push(offset, length)?;
    }
    Ok(Some(map))
}

/// Parses the data segments of a file of `size` bytes from offsets and lengths, as
/// [`segments_text`] writes them.
///
/// # Errors
/// [`TarFault::Malformed`] if they are not ascending and disjoint, or leave no hole;
/// [`TarFault::TooLarge`]; [`TarFault::Number`].
pub(super) fn segments_in_record(
    text: &[u8],
    size: u64,
    limit: u64,
) -> Result<Vec<Segment>, TarFault> {
    let malformed = TarFault::Malformed { cause: "the data segments of a file are not in order" };
    let mut numbers = text.split(|&byte| byte == b',').map(decimal);
    let (mut segments, mut end, mut data) = (Vec::new(), None, 0);
    while let Some(offset) = numbers.next() {
        let (Some(offset), Some(length)) = (offset, numbers.next().flatten()) else {
            return Err(TarFault::Number { field: "PEAR.segments" });
        };
        let (found, field) = (segments.len() as u64 + 1, "data segments");
        if found > limit {
            return Err(TarFault::TooLarge { field, found, limit });
        }
        let last = offset.checked_add(length).filter(|&last| last <= size && length > 0);
        let Some(last) = last.filter(|_| end.is_none_or(|end| offset > end)) else {
            return Err(malformed);
        };
        (end, data) = (Some(last), data + length);
        segments.push(Segment { offset, length });
    }
    if data < size { Ok(segments) } else { Err(malformed) }
}

/// Formats data segments as the text of a record.
pub(super) fn segments_text(segments: &[Segment]) -> Vec<u8> {
    let numbers = segments.iter().flat_map(|segment| [segment.offset, segment.length]);
    let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
    numbers.join(",").into_bytes()
}

/// Numbers at the start of a member's data, one a line: the map of format 1.0.
#[derive(Debug, Default)]
pub(super) struct Lines {
    map: Map,
    digits: Vec<u8>,
    /// Numbers not yet read; `None` before the first, which is the number of runs.
    left: Option<u64>,
    offset: u64,
}

impl Lines {
    /// Reads a block; returns `true` if it was the last.
    ///
    /// # Errors
    /// As [`Map::push`]; [`TarFault::Number`].
    pub fn take(&mut self, block: &[u8]) -> Result<bool, TarFault> {
        let fault = || TarFault::Number { field: "sparse map" };
        for &byte in block {
            if self.left == Some(0) {
                return Ok(true);
            }
            if byte != b'\n' {
                self.digits.push(byte);
                continue;
            }
            let Some(number) = decimal(&self.digits) else { return Err(fault()) };
            self.digits.clear();
            match self.left {
                None => {
                    let numbers = number.checked_mul(2);
                    self.left = Some(numbers.ok_or_else(fault)?);
                    continue;
                }
                Some(left) if left % 2 == 0 => self.offset = number,
                Some(_) => self.map.push(self.offset, number)?,
            }
            self.left = self.left.map(|left| left - 1);
        }
        // No number is longer than a block.
        match self.digits.len() as u64 > BLOCK {
            true => Err(fault()),
            false => Ok(self.left == Some(0)),
        }
    }

    /// Returns the number of runs listed.
    pub fn runs(&self) -> u64 {
        self.map.runs()
    }

    /// Returns the map, once the last block was read.
    pub fn map(self) -> Map {
        self.map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(runs: &[(u64, u64)]) -> Result<Map, TarFault> {
        let mut map = Map::default();
        runs.iter().try_for_each(|&(offset, length)| map.push(offset, length))?;
        Ok(map)
    }

    #[test]
    fn a_map_becomes_segments_with_holes_between_them() {
        let runs = [(0, 512), (512, 1024), (1536, 0), (4096, 10), (9000, 0)];
        let segments = map(&runs).unwrap().finish(9000, 1546).unwrap().unwrap();
        let expected = [Segment { offset: 0, length: 1536 }, Segment { offset: 4096, length: 10 }];
        assert_eq!(segments, expected);
        assert_eq!(map(&[(0, 70)]).unwrap().finish(70, 70).unwrap(), None);
        assert_eq!(map(&[]).unwrap().finish(5, 0).unwrap(), Some(vec![]));
    }

    #[test]
    fn maps_that_contradict_themselves_are_refused() {
        assert!(map(&[(0, 1024), (512, 512)]).is_err(), "overlap");
        assert!(map(&[(0, 10), (512, 512)]).is_err(), "not a whole block");
        assert!(map(&[(u64::MAX, 2)]).is_err(), "beyond all sizes");
        assert!(map(&[(0, 512)]).unwrap().finish(511, 512).is_err(), "longer than the file");
        assert!(map(&[(0, 512)]).unwrap().finish(600, 511).is_err(), "more than is stored");
    }

    #[test]
    fn segments_come_back_and_wrong_ones_are_refused() {
        let segments = [(0, 5), (6, 1), (1000, 24)];
        let segments = segments.map(|(offset, length)| Segment { offset, length });
        let read = |text: &[u8]| segments_in_record(text, 1024, 3);
        assert_eq!(read(&segments_text(&segments)), Ok(segments.to_vec()));
        let bad = ["", "1", "1,", "1,0", "0,5,5,1", "9,1,3,1", "0,1025", "0,1024", "-1,2"];
        for text in bad.into_iter().chain(["0,1,2,1,4,1,6,1", "18446744073709551615,2"]) {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn lines_may_break_anywhere() {
        let text = b"2\n0\n512\n1024\n7\n";
        for cut in 0..text.len() {
            let mut lines = Lines::default();
            assert!(!lines.take(&text[..cut]).unwrap(), "cut at {cut}");
            assert!(lines.take(&text[cut..]).unwrap(), "cut at {cut}");
            assert_eq!(lines.map().finish(1031, 519).unwrap().unwrap().len(), 2);
        }
        for bad in [&b"x\n"[..], b"\n", b"1\n-5\n", b"99999999999999999999\n", &[b'1'; 600]] {
            assert!(Lines::default().take(bad).is_err(), "{}", bad.escape_ascii());
        }
    }
}
