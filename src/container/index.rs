//! The INDEX payload: Section_Table, Content_Table, Entry_Table. It alone is
//! authoritative for what an archive holds. Normative text: spec/container.md §5.

use super::budget::{self, Left};
use super::columns::{Columns, pack, unpack};
use super::contents::{self, Piece, Sparse};
use super::limits::check;
use super::{ContainerError, Limits, PREFACE_LENGTH, Section, SectionHeader};
use super::{SectionType, table};
use crate::bytes::put_varint;
use crate::checksum::Digest;
use crate::entry::{Content, Entry, Extent, Kind, Segment};
use std::collections::BTreeMap;

const TABLE: &str = "Section_Table";

/// Digest of dead data, which belongs to no entry.
const DEAD_DATA: Digest = [0; 32];

/// The contents of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// Every section before the INDEX, in file order and without gaps.
    pub sections: Vec<Section>,
    /// Every entry, in the order of [`crate::entry::compare_paths`].
    pub entries: Vec<Entry>,
}

impl Index {
    /// Returns the DATA sections; the n-th is decode group n.
    pub fn groups(&self) -> Vec<Section> {
        let data = SectionType::Data as u16;
        self.sections.iter().filter(|one| one.header.section_type == data).copied().collect()
    }
}

/// Encodes an index; returns the payload and its decoded length.
///
/// # Errors
/// [`ContainerError::Invalid`] if entries are out of order or their extents do
/// not follow one another.
pub fn encode_index(index: &Index) -> Result<(Vec<u8>, u64), ContainerError> {
    let mut raw = Vec::new();
    encode_sections(&mut raw, &index.sections);
    let ends = group_ends(&index.groups());
    let (pieces, digests, numbers) = collect_contents(&index.entries, &ends)?;
    contents::encode(&mut raw, &pieces);
    digests.iter().for_each(|digest| raw.extend(digest));
    table::encode(&mut raw, &index.entries, &numbers)?;
    Ok((pack(&raw)?, raw.len() as u64))
}

/// Reads an index of `raw_length` decoded bytes.
///
/// # Errors
/// [`ContainerError::TooLarge`] before allocating, [`ContainerError::Bytes`],
/// [`ContainerError::Invalid`], [`ContainerError::UnsafePath`],
/// [`ContainerError::UnsupportedSection`].
pub fn decode_index(
    payload: &[u8],
    raw_length: u64,
    limits: &Limits,
) -> Result<Index, ContainerError> {
    let raw = unpack(payload, raw_length, limits, "INDEX")?;
    let mut columns = Columns::new(&raw, TABLE);
    let needed = budget::index(columns.clone(), limits)?;
    let mut left = budget::check_memory(needed, &raw, payload, limits)?;
    let sections = decode_sections(&mut columns, limits)?;
    let pieces = contents::decode(&mut columns, 0, limits)?;
    let digests: Vec<Digest> = pieces.iter().map(|_| columns.array()).collect::<Result<_, _>>()?;
    let (mut entries, numbers) = table::decode(&mut columns, pieces.len(), limits)?;
    columns.finish()?;
    let mut index = Index { sections, entries: Vec::new() };
    let ends = group_ends(&index.groups());
    let contents = place_contents(&pieces, &digests, &ends, &numbers)?;
    unfold(&contents, &mut entries, &numbers, limits, &mut left)?;
    index.entries = entries;
    Ok(index)
}

/// Returns where each group ends in the concatenation of all decoded groups.
fn group_ends(groups: &[Section]) -> Vec<u64> {
    let mut end = 0u64;
    let next = |group: &Section| {
        end = end.saturating_add(group.header.raw_length);
        end
    };
    groups.iter().map(next).collect()
}

fn encode_sections(out: &mut Vec<u8>, sections: &[Section]) {
    put_varint(out, sections.len() as u64);
    let fields: [fn(&SectionHeader) -> u64; 8] = [
        |header| u64::from(header.section_type),
        |header| u64::from(header.flags),
        |header| u64::from(header.codec),
        |header| u64::from(header.filter),
        |header| u64::from(header.model),
        // NO_GROUP, the largest number, becomes 0.
        |header| header.group.wrapping_add(1),
        |header| header.stored_length,
        |header| header.raw_length,
    ];
    for field in fields {
        sections.iter().for_each(|section| put_varint(out, field(&section.header)));
    }
}

fn decode_sections(columns: &mut Columns, limits: &Limits) -> Result<Vec<Section>, ContainerError> {
    let count = columns.count("sections", limits.extents, 8)?;
    let mut fields = Vec::with_capacity(8);
    for _ in 0..8 {
        fields.push(columns.varints(count)?);
    }
    let mut sections = Vec::with_capacity(count);
    let (mut offset, mut groups, mut raw_total) = (PREFACE_LENGTH as u64, 0u64, 0u64);
    for row in 0..count {
        let header = header_row(&fields, row)
            .ok_or_else(|| columns.invalid(row, "a value does not fit its section header field"))?;
        header.check_known(offset)?;
        header.check_place(groups).map_err(|cause| columns.invalid(row, cause))?;
        if header.known_type() == Some(SectionType::Index) {
            return Err(columns.invalid(row, "an INDEX section is not the last section"));
        }
        if header.known_type() == Some(SectionType::Data) {
            groups += 1;
            let total = raw_total.checked_add(header.raw_length);
            raw_total = total
                .ok_or_else(|| columns.invalid(row, "the groups are longer than 2^64 bytes"))?;
        }
        let section = Section { header, offset };
        if section.end() == u64::MAX {
            return Err(columns.invalid(row, "a section ends beyond 2^64"));
        }
        offset = section.end();
        sections.push(section);
    }
    Ok(sections)
}

/// Returns the header that a row describes; `None` if a value does not fit its field.
fn header_row(fields: &[Vec<u64>], row: usize) -> Option<SectionHeader> {
    Some(SectionHeader {
        sequence: row as u64,
        section_type: fields[0][row].try_into().ok()?,
        flags: fields[1][row].try_into().ok()?,
        codec: fields[2][row].try_into().ok()?,
        filter: fields[3][row].try_into().ok()?,
        model: fields[4][row].try_into().ok()?,
        group: fields[5][row].wrapping_sub(1),
        stored_length: fields[6][row],
        raw_length: fields[7][row],
    })
}

/// The rows of Content_Table, their digests, and the row of every file.
type Collected = (Vec<Piece>, Vec<Digest>, Vec<u64>);

/// Contents without data, distinguished by these values.
type Empty<'a> = (u64, Digest, &'a Option<Vec<Segment>>);

/// Derives Content_Table from the extents of the entries: first the contents without
/// data, in the order of their first use, then the others by position. Dead data, which
/// belongs to no entry, becomes a row with a digest of zeros.
fn collect_contents(entries: &[Entry], ends: &[u64]) -> Result<Collected, ContainerError> {
    let (mut pieces, mut digests) = (Vec::new(), Vec::new());
    let mut empty: BTreeMap<Empty, u64> = BTreeMap::new();
    let mut placed: BTreeMap<u64, (&Content, u64)> = BTreeMap::new();
    for (row, content) in files(entries) {
        if content.extents.is_empty() {
            let key = (content.size, content.digest, &content.segments);
            empty.entry(key).or_insert_with(|| {
                pieces.push(piece(content, 0));
                digests.push(content.digest);
                pieces.len() as u64 - 1
            });
        } else {
            let start = position(content, ends).ok_or_else(|| misplaced(row))?;
            placed.entry(start).or_insert((content, row as u64));
        }
    }
    let mut numbers: BTreeMap<u64, u64> = BTreeMap::new();
    let mut end = 0;
    for (&start, &(content, row)) in &placed {
        let length = content.extents.iter().map(|extent| extent.length).sum();
        let dead = start.checked_sub(end).ok_or_else(|| misplaced(row as usize))?;
        push_dead_data(&mut pieces, &mut digests, dead);
        numbers.insert(start, pieces.len() as u64);
        pieces.push(piece(content, length));
        digests.push(content.digest);
        end = start + length;
    }
    let rest = ends.last().copied().unwrap_or(0).saturating_sub(end);
    push_dead_data(&mut pieces, &mut digests, rest);
    let number = |(_, content): (usize, &Content)| match position(content, ends) {
        Some(start) => numbers[&start],
        None => empty[&(content.size, content.digest, &content.segments)],
    };
    Ok((pieces, digests, files(entries).map(number).collect()))
}

fn files(entries: &[Entry]) -> impl Iterator<Item = (usize, &Content)> {
    entries.iter().enumerate().filter_map(|(row, entry)| match &entry.kind {
        Kind::File(content) => Some((row, content)),
        _ => None,
    })
}

/// Returns the contents of the files among `entries`, in order.
pub(super) fn files_mut(entries: &mut [Entry]) -> impl Iterator<Item = &mut Content> {
    entries.iter_mut().filter_map(|entry| match &mut entry.kind {
        Kind::File(content) => Some(content),
        _ => None,
    })
}

fn piece(content: &Content, length: u64) -> Piece {
    let size = content.size;
    let sparse = content.segments.clone().map(|segments| Sparse { size, segments });
    Piece { length, sparse }
}

fn push_dead_data(pieces: &mut Vec<Piece>, digests: &mut Vec<Digest>, length: u64) {
    if length > 0 {
        pieces.push(Piece { length, sparse: None });
        digests.push(DEAD_DATA);
    }
}

/// Returns where a content starts in the concatenation of all groups; `None` if it has
/// no data or is outside its group.
fn position(content: &Content, ends: &[u64]) -> Option<u64> {
    let first = content.extents.first()?;
    let group = usize::try_from(first.group).ok()?;
    let start = group.checked_sub(1).map_or(0, |before| ends[before]);
    let at = start.checked_add(first.offset)?;
    (at < *ends.get(group)?).then_some(at)
}

fn misplaced(row: usize) -> ContainerError {
    let cause = "extents overlap or lie outside their group";
    ContainerError::Invalid { table: "Entry_Table", row: row as u64, cause }
}

/// Makes the contents, with the extents that follow from the lengths laid end to end.
fn place_contents(
    pieces: &[Piece],
    digests: &[Digest],
    ends: &[u64],
    numbers: &[u64],
) -> Result<Vec<Content>, ContainerError> {
    let (mut contents, mut at, mut group) = (Vec::with_capacity(pieces.len()), 0u64, 0);
    for (row, piece) in pieces.iter().enumerate() {
        if piece.length == 0 && at > 0 {
            return Err(bad_content(row, "a content without data comes after one with data"));
        }
        let end = at.checked_add(piece.length);
        let end = end.filter(|end| end <= ends.last().unwrap_or(&0));
        let end = end.ok_or_else(|| bad_content(row, "contents are longer than the groups"))?;
        contents.push(Content {
            size: piece.sparse.as_ref().map_or(piece.length, |sparse| sparse.size),
            digest: digests[row],
            segments: piece.sparse.as_ref().map(|sparse| sparse.segments.clone()),
            extents: extents(at, end, ends, &mut group),
        });
        at = end;
    }
    if at != ends.last().copied().unwrap_or(0) {
        return Err(bad_content(pieces.len(), "contents are shorter than the groups"));
    }
    check_dead_data(pieces, digests, numbers)?;
    Ok(contents)
}

/// Gives every file its content.
fn unfold(
    contents: &[Content],
    entries: &mut [Entry],
    numbers: &[u64],
    limits: &Limits,
    left: &mut Left,
) -> Result<(), ContainerError> {
    let mut unfolded = 0;
    for (content, &number) in files_mut(entries).zip(numbers) {
        let shared = &contents[number as usize];
        let segments = shared.segments.as_ref().map_or(0, Vec::len);
        unfolded += (shared.extents.len() + segments) as u64;
        check("extents", unfolded, limits.extents)?;
        left.unfold(segments, shared.extents.len())?;
        *content = shared.clone();
    }
    Ok(())
}

/// Checks that a content of no entry has nothing but its length.
fn check_dead_data(
    pieces: &[Piece],
    digests: &[Digest],
    numbers: &[u64],
) -> Result<(), ContainerError> {
    let mut used = vec![false; pieces.len()];
    numbers.iter().for_each(|&number| used[number as usize] = true);
    for (row, piece) in pieces.iter().enumerate().filter(|&(row, _)| !used[row]) {
        if piece.length == 0 || digests[row] != DEAD_DATA || piece.sparse.is_some() {
            return Err(bad_content(row, "dead data has a digest, a hole or no length"));
        }
    }
    Ok(())
}

fn bad_content(row: usize, cause: &'static str) -> ContainerError {
    ContainerError::Invalid { table: "Content_Table", row: row as u64, cause }
}

/// Returns the extents of the run from `at` to `end`; `group` is where the run before
/// ended.
fn extents(mut at: u64, end: u64, ends: &[u64], group: &mut usize) -> Vec<Extent> {
    let mut extents = Vec::new();
    while at < end {
        while ends[*group] <= at {
            *group += 1;
        }
        let start = group.checked_sub(1).map_or(0, |before| ends[before]);
        let length = end.min(ends[*group]) - at;
        extents.push(Extent { group: *group as u64, offset: at - start, length });
        at += length;
    }
    extents
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
