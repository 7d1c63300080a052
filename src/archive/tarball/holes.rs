//! The data of a file in a tar: holes, maps, and stored runs.

use super::TarFault;
use super::block::{self, BLOCK};
use super::fields::sparse_size;
use super::part::Extent;
use super::pax::Records;
use super::scan::{Scanner, at, malformed, truncated};
use super::sparse::{Lines, Map, map_in_records, segments_in_record};
use crate::archive::ArchiveError;
use crate::entry::Segment;
use tar::{EntryType, GnuExtSparseHeader, Header};

/// The record of an exported tar that says where data ends within a block, because maps
/// of tars have whole blocks.
pub(super) const SEGMENTS: &str = "PEAR.segments";

impl Scanner<'_> {
    /// Returns a regular file with `stored` bytes in the tar, and where its data
    /// begins.
    pub(super) fn file(
        &mut self,
        offset: u64,
        header: &Header,
        records: &Records,
        stored: u64,
    ) -> Result<(Extent, u64), ArchiveError> {
        let failed = |fault| at(offset, fault);
        let start = self.position();
        let real = || sparse_size(records).map_err(failed);
        let mut in_data = 0;
        let found = if header.entry_type() == EntryType::GNUSparse {
            Some(self.gnu_map(offset, header)?)
        } else if records.get("GNU.sparse.major") == Some(b"1") {
            let map = self.map_in_data(offset, stored)?;
            in_data = self.position() - start;
            Some((map, real()?))
        } else {
            match map_in_records(records).map_err(failed)? {
                Some(map) => Some((map, real()?)),
                None => None,
            }
        };
        let (data, stored) = (self.position(), stored - in_data);
        self.skip(offset, stored)?;
        let (size, runs) = match found {
            None => (stored, None),
            Some((map, size)) => {
                self.count_runs(map.runs()).map_err(failed)?;
                (size, map.finish(size, stored).map_err(failed)?)
            }
        };
        let extent = match records.get(SEGMENTS) {
            None => Extent { size, segments: runs, stored: None },
            Some(text) => {
                let segments = segments_in_record(text, size, self.limits.extents);
                let segments = segments.map_err(failed)?;
                self.count_runs(segments.len() as u64).map_err(failed)?;
                let runs = runs.unwrap_or_else(|| vec![Segment { offset: 0, length: size }]);
                self.check_zeros(offset, data, &segments, &runs)?;
                Extent { size, segments: Some(segments), stored: Some(runs) }
            }
        };
        Ok((extent, data))
    }

    /// Checks that every segment lies within a run, and that all other stored bytes are
    /// zeros, because other programs restore them.
    fn check_zeros(
        &self,
        offset: u64,
        data: u64,
        segments: &[Segment],
        runs: &[Segment],
    ) -> Result<(), ArchiveError> {
        let mut segments = segments.iter().peekable();
        let mut before = 0;
        for run in runs {
            let (mut done, end) = (run.offset, run.offset + run.length);
            // Both end within the file.
            while let Some(segment) = segments.next_if(|segment| segment.offset < end) {
                if segment.offset < done || segment.offset + segment.length > end {
                    return Err(at(offset, malformed("a data segment is not stored")));
                }
                let place = data + before + (done - run.offset);
                self.must_be_zero(offset, place, segment.offset - done)?;
                done = segment.offset + segment.length;
            }
            self.must_be_zero(offset, data + before + (done - run.offset), end - done)?;
            before += run.length;
        }
        match segments.next() {
            None => Ok(()),
            Some(_) => Err(at(offset, malformed("a data segment is not stored"))),
        }
    }

    fn must_be_zero(&self, offset: u64, place: u64, length: u64) -> Result<(), ArchiveError> {
        match self.tar.find_bytes(place, place + length)? {
            None => Ok(()),
            Some(_) => Err(at(offset, malformed("a hole has bytes other than zero"))),
        }
    }

    /// Reads the map of GNU's own type: in the header and in the blocks after it.
    fn gnu_map(&mut self, offset: u64, header: &Header) -> Result<(Map, u64), ArchiveError> {
        let failed = |fault| at(offset, fault);
        let Some(gnu) = header.as_gnu() else {
            return Err(failed(malformed("a sparse file without a GNU header")));
        };
        let real = block::size(&gnu.realsize);
        let size = real.ok_or_else(|| failed(TarFault::Number { field: "real size" }))?;
        let mut map = Map::default();
        map.push_headers(&gnu.sparse).map_err(failed)?;
        let mut extended = gnu.is_extended();
        while extended {
            let mut extension = GnuExtSparseHeader::new();
            let bytes = extension.as_mut_bytes();
            self.tar.read_exact_at(bytes, self.position(), "the map of a sparse file")?;
            self.pass_block();
            map.push_headers(extension.sparse()).map_err(failed)?;
            self.check_runs(map.runs()).map_err(failed)?;
            extended = extension.is_extended();
        }
        Ok((map, size))
    }

    /// Reads the map at the start of a member's data.
    fn map_in_data(&mut self, offset: u64, stored: u64) -> Result<Map, ArchiveError> {
        let (mut lines, mut left) = (Lines::default(), stored);
        loop {
            let Some(bytes) = self.tar.block(self.position())?.filter(|_| left >= BLOCK) else {
                return Err(at(offset, truncated("the map of a sparse file")));
            };
            self.pass_block();
            left -= BLOCK;
            let done = lines.take(&bytes).map_err(|fault| at(offset, fault))?;
            self.check_runs(lines.runs()).map_err(|fault| at(offset, fault))?;
            if done {
                return Ok(lines.map());
            }
        }
    }
}
