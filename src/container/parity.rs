//! PARITY: blocks from which damaged ones of ENTRY and INDEX sections are made again, by
//! exclusive or. Normative text: spec/container.md §10.

use super::columns::Columns;
use super::limits::check;
use super::{ContainerError, Limits, ReadAt, SectionHeader, SectionType};
use crate::bytes::put_varint;
use crate::checksum::{TAG_LENGTH, Tag, digest, short};
use std::ops::Range;

/// Code of exclusive or.
const EXCLUSIVE_OR: u64 = 2;

/// Least bytes that are worth protecting.
const LEAST: usize = 4096;

/// Bounds of the format: Block_Length, sets, ranges, and blocks of a set.
const BLOCK_STEP: u64 = 64;
const BLOCK_MOST: u64 = 1 << 24;
const COUNT_MOST: u64 = 1 << 20;
const SET_MOST: u64 = 32_768;

/// What is protected: bytes of an archive, and where they stand.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    ranges: Vec<Range<u64>>,
    bytes: Vec<u8>,
}

impl Ranges {
    /// Adds a section at `offset`.
    pub fn add(&mut self, offset: u64, pieces: &[&[u8]]) {
        pieces.iter().for_each(|piece| self.bytes.extend_from_slice(piece));
        let end = offset + pieces.iter().map(|piece| piece.len() as u64).sum::<u64>();
        match self.ranges.last_mut() {
            Some(last) if last.end == offset => last.end = end,
            _ => self.ranges.push(offset..end),
        }
    }

    /// Returns protected bytes by their place in the archive.
    pub fn bytes_at(&self, wanted: Range<u64>) -> Option<&[u8]> {
        let before = self.ranges.iter().take_while(|range| range.end <= wanted.start);
        let start = before.map(|range| range.end - range.start).sum::<u64>();
        let range = self.ranges.iter().find(|range| range.end > wanted.start)?;
        let start = start + wanted.start.checked_sub(range.start)?;
        self.bytes.get(start as usize..(start + wanted.end - wanted.start) as usize)
    }

    /// Returns the sections to be written: two, each with half of the blocks, or none if too
    /// little or too much is to be protected.
    pub fn sections(self) -> Vec<Record> {
        let length = self.bytes.len();
        let block = (length as u64 / 32).next_multiple_of(BLOCK_STEP).clamp(256, 4096);
        let blocks = (length as u64).div_ceil(block);
        let sets = (blocks / 8).clamp(4, 16);
        let fits = blocks / sets + 2 < SET_MOST && (self.ranges.len() as u64) < COUNT_MOST;
        if length < LEAST || !fits {
            return Vec::new();
        }
        let data: Vec<&[u8]> = self.bytes.chunks(block as usize).collect();
        let mut recovery = vec![vec![0; block as usize]; sets as usize];
        for (number, piece) in data.iter().enumerate() {
            exclusive_or(&mut recovery[number % sets as usize], piece);
        }
        let padded = |piece: &[u8]| {
            let mut whole = piece.to_vec();
            whole.resize(block as usize, 0);
            short(&digest(&whole))
        };
        let hashes: Vec<Tag> = data
            .iter()
            .map(|piece| padded(piece))
            .chain(recovery.iter().map(|one| padded(one)))
            .collect();
        let half = sets.div_ceil(2);
        let part = |first: u64, count: u64| Record {
            place: 0,
            block,
            sets,
            ranges: self.ranges.clone(),
            hashes: hashes.clone(),
            first,
            blocks: recovery[first as usize..(first + count) as usize].concat(),
        };
        vec![part(0, half), part(half, sets - half)]
    }
}

/// The payload of a PARITY section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    place: u64,
    block: u64,
    sets: u64,
    ranges: Vec<Range<u64>>,
    /// Those of the data blocks, then those of the recovery blocks.
    hashes: Vec<Tag>,
    /// Number of the first recovery block here, and all of them.
    first: u64,
    blocks: Vec<u8>,
}

/// Returns the header of a PARITY section.
pub(super) fn header(payload: &[u8]) -> SectionHeader {
    SectionHeader {
        section_type: SectionType::Parity as u8,
        flags: super::ANCILLARY,
        raw_length: payload.len() as u64,
        ..SectionHeader::default()
    }
}

impl Record {
    /// Returns the payload of the section that stands at `place`.
    pub fn payload(&self, place: u64) -> Vec<u8> {
        let mut out = Vec::new();
        let record = 0;
        for value in [EXCLUSIVE_OR, record, place, self.block, self.sets] {
            put_varint(&mut out, value);
        }
        put_varint(&mut out, self.ranges.len() as u64);
        let mut end = 0;
        for range in &self.ranges {
            put_varint(&mut out, range.start - end);
            put_varint(&mut out, range.end - range.start);
            end = range.end;
        }
        put_varint(&mut out, 1); // Recovery_Count
        self.hashes.iter().for_each(|hash| out.extend(hash));
        put_varint(&mut out, self.first);
        put_varint(&mut out, self.blocks.len() as u64 / self.block);
        out.extend(&self.blocks);
        out
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// [`ContainerError::UnsupportedPart`] for another Code, [`ContainerError::TooLarge`]
    /// before allocating, [`ContainerError::Invalid`], [`ContainerError::Bytes`].
    pub fn parse(payload: &[u8], limits: &Limits) -> Result<Record, ContainerError> {
        let mut columns = Columns::new(payload, "PARITY");
        let code = columns.varint()?;
        if code != EXCLUSIVE_OR {
            let structure = "an unknown Code of PARITY";
            return Err(ContainerError::UnsupportedPart { structure, number: code });
        }
        columns.varint()?; // Record
        let place = columns.varint()?;
        let (block, sets) = (columns.varint()?, columns.varint()?);
        let shaped = (1..=COUNT_MOST).contains(&sets)
            && (BLOCK_STEP..=BLOCK_MOST).contains(&block)
            && block % BLOCK_STEP == 0;
        if !shaped {
            return Err(columns.invalid(0, "Block_Length or Sets is out of bounds"));
        }
        let (ranges, length) = ranges(&mut columns, place)?;
        check("memory", length.saturating_mul(2), limits.memory)?;
        let data = length.div_ceil(block);
        let unfilled = data < sets || data.div_ceil(sets) >= SET_MOST;
        if columns.varint()? != 1 || unfilled {
            return Err(columns.invalid(0, "the blocks do not fit the sets"));
        }
        let hashes = columns.take((data + sets) * TAG_LENGTH as u64)?;
        let hashes = hashes.chunks_exact(TAG_LENGTH);
        let hashes = hashes.map(|hash| hash.try_into().unwrap_or_default()).collect();
        let (first, count) = (columns.varint()?, columns.varint()?);
        if first.checked_add(count).is_none_or(|end| end > sets) {
            return Err(columns.invalid(0, "there are recovery blocks of no set"));
        }
        let blocks = columns.take(count * block)?.to_vec();
        columns.finish()?;
        Ok(Record { place, block, sets, ranges, hashes, first, blocks })
    }

    /// Makes damaged blocks again; `found` is where the section was found. Returns bytes to
    /// put into the archive, with their offsets there. Only bytes of which the hash is right
    /// are returned.
    pub fn repair(&self, source: &impl ReadAt, found: u64) -> Vec<(u64, Vec<u8>)> {
        let mut bytes = Vec::new();
        for range in &self.ranges {
            let mut piece = vec![0; (range.end - range.start) as usize];
            if let Some(at) = self.place_of(range, found) {
                read_what_is_there(source, &mut piece, at);
            }
            bytes.extend(piece);
        }
        let length = bytes.len();
        let block = self.block as usize;
        let data = length.div_ceil(block);
        bytes.resize(data * block, 0);
        let wrong = |number: usize, piece: &[u8]| short(&digest(piece)) != self.hashes[number];
        let mut repaired = Vec::new();
        for (number, piece) in self.blocks.chunks_exact(block).enumerate() {
            let set = self.first as usize + number;
            if wrong(data + set, piece) {
                continue;
            }
            let members: Vec<usize> = (set..data).step_by(self.sets as usize).collect();
            let place = |one: usize| one * block..(one + 1) * block;
            let lost: Vec<usize> =
                members.iter().copied().filter(|&one| wrong(one, &bytes[place(one)])).collect();
            let [lost] = lost[..] else { continue };
            let mut made = piece.to_vec();
            for &one in members.iter().filter(|&&one| one != lost) {
                exclusive_or(&mut made, &bytes[place(one)]);
            }
            if !wrong(lost, &made) {
                repaired.push((lost * block, made));
            }
        }
        for (at, made) in &repaired {
            bytes[*at..at + block].copy_from_slice(made);
        }
        let blocks = repaired.iter().map(|(at, _)| *at..(at + block).min(length));
        blocks.flat_map(|block| self.places(block, &bytes, found)).collect()
    }

    /// Returns where a range stands if the section stands at `found`.
    fn place_of(&self, range: &Range<u64>, found: u64) -> Option<u64> {
        let distance = self.place.checked_sub(range.end)?;
        let start = found.checked_sub(distance)?.checked_sub(range.end - range.start)?;
        Some(start)
    }

    /// Returns pieces of the protected bytes with their offsets in the archive.
    fn places(&self, wanted: Range<usize>, bytes: &[u8], found: u64) -> Vec<(u64, Vec<u8>)> {
        let (mut start, mut pieces) = (0, Vec::new());
        for range in &self.ranges {
            let end = start + (range.end - range.start) as usize;
            let (from, to) = (wanted.start.max(start), wanted.end.min(end));
            let at = self.place_of(range, found);
            if let Some(at) = at.filter(|_| from < to) {
                pieces.push((at + (from - start) as u64, bytes[from..to].to_vec()));
            }
            start = end;
        }
        pieces
    }
}

/// Reads the ranges, which end at or before `place`; returns them and their length.
fn ranges(columns: &mut Columns, place: u64) -> Result<(Vec<Range<u64>>, u64), ContainerError> {
    let count = columns.count("parity ranges", COUNT_MOST, 2)?;
    let (mut end, mut length, mut ranges) = (0u64, 0u64, Vec::with_capacity(count));
    for row in 0..count {
        let (gap, bytes) = (columns.varint()?, columns.varint()?);
        let start = end.checked_add(gap);
        let next = start.and_then(|start| start.checked_add(bytes));
        let (Some(start), Some(next)) = (start, next.filter(|&next| next <= place)) else {
            return Err(columns.invalid(row, "a range ends behind its PARITY section"));
        };
        if bytes == 0 || (gap == 0 && row > 0) {
            return Err(columns.invalid(row, "a range is empty or touches the one before"));
        }
        (end, length) = (next, length + bytes);
        ranges.push(start..next);
    }
    match length {
        0 => Err(columns.invalid(0, "nothing is protected")),
        _ => Ok((ranges, length)),
    }
}

/// Reads as much as there is; the rest stays 0.
fn read_what_is_there(source: &impl ReadAt, buffer: &mut [u8], offset: u64) {
    let there = source.length().unwrap_or(0).saturating_sub(offset).min(buffer.len() as u64);
    for (number, piece) in buffer[..there as usize].chunks_mut(LEAST).enumerate() {
        if source.read_exact_at(piece, offset + (number * LEAST) as u64).is_err() {
            piece.fill(0);
        }
    }
}

fn exclusive_or(into: &mut [u8], piece: &[u8]) {
    into.iter_mut().zip(piece).for_each(|(one, other)| *one ^= other);
}

/// A source with some of its bytes replaced.
pub(super) struct Patched<'a, S> {
    pub source: &'a S,
    pub patches: Vec<(u64, Vec<u8>)>,
}

impl<S: ReadAt> ReadAt for Patched<'_, S> {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<()> {
        self.source.read_exact_at(buffer, offset)?;
        let end = offset + buffer.len() as u64;
        for (at, bytes) in &self.patches {
            let (from, to) = (offset.max(*at), end.min(at + bytes.len() as u64));
            if from < to {
                let piece = &bytes[(from - at) as usize..(to - at) as usize];
                buffer[(from - offset) as usize..(to - offset) as usize].copy_from_slice(piece);
            }
        }
        Ok(())
    }

    fn length(&self) -> std::io::Result<u64> {
        self.source.length()
    }

    fn missing(&self, offset: u64) -> u64 {
        self.source.missing(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize) -> Vec<u8> {
        (0..length as u64).map(|at| ((at * at * 2_654_435_761) >> 20) as u8).collect()
    }

    /// Makes bytes with two protected ranges, and the records behind them.
    fn protected() -> (Vec<u8>, Vec<Record>) {
        let bytes = noise(30_000);
        let mut ranges = Ranges::default();
        ranges.add(100, &[&bytes[100..5000]]);
        ranges.add(20_000, &[&bytes[20_000..21_000], &bytes[21_000..29_000]]);
        let payloads = ranges.sections();
        let limits = Limits::default();
        let read = |record: &Record| Record::parse(&record.payload(30_000), &limits).unwrap();
        let records = payloads.iter().map(read).collect();
        (bytes, records)
    }

    fn repaired(damaged: &[u8], records: &[Record]) -> Vec<u8> {
        let mut bytes = damaged.to_vec();
        for (at, piece) in records.iter().flat_map(|record| record.repair(&damaged, 30_000)) {
            bytes[at as usize..at as usize + piece.len()].copy_from_slice(&piece);
        }
        bytes
    }

    #[test]
    fn as_many_damaged_blocks_in_a_row_as_there_are_sets_are_made_again() {
        let (bytes, records) = protected();
        let (block, sets) = (records[0].block as usize, records[0].sets as usize);
        for start in [100, 4900, 20_000, 29_000 - block * (sets - 1)] {
            let mut damaged = bytes.clone();
            damaged[start..start + block * (sets - 1)].fill(0xAA);
            let wanted = repaired(&damaged, &records);
            let inside = |range: Range<usize>| wanted[range.clone()] == bytes[range];
            assert!(inside(100..5000) && inside(20_000..29_000), "{start}");
        }
        let mut damaged = bytes.clone();
        damaged[20_000..20_000 + block * (sets + 2)].fill(0);
        assert!(repaired(&damaged, &records) != bytes, "more is too much");
        assert_eq!(repaired(&bytes, &records), bytes, "and nothing is changed without need");
    }

    #[test]
    fn forged_records_are_refused() {
        let (_, records) = protected();
        let limits = Limits::default();
        let refused = |change: fn(&mut Record)| {
            let mut record = records[0].clone();
            change(&mut record);
            Record::parse(&record.payload(30_000), &limits).unwrap_err()
        };
        let changes: [fn(&mut Record); 6] = [
            |record| record.sets = 0,
            |record| record.block = 63,
            |record| record.ranges[1].end = 30_001,
            |record| record.ranges[1].start = record.ranges[0].end,
            |record| record.first = 1 << 40,
            |record| record.hashes.truncate(3),
        ];
        for change in changes {
            assert_eq!(refused(change).kind(), super::super::ErrorKind::Integrity);
        }
        let small = Limits { memory: 20_000, ..Limits::default() };
        let error = Record::parse(&records[0].payload(30_000), &small).unwrap_err();
        assert_eq!(error.kind(), super::super::ErrorKind::Limit);
    }
}
