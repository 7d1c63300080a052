//! The INDEX payload: all sections with their digests. What an archive holds stands in
//! its ENTRY sections alone. Normative text: spec/container.md §5.

use super::bases::{Base, Bases, base_numbers};
use super::columns::{CODEC_RAW, Columns, pack, unpack};
use super::limits::check;
use super::{ContainerError, Limits, PREFACE_LENGTH, Section, SectionHeader, SectionType};
use crate::bytes::{put_signed, put_varint};
use crate::checksum::{Digest, short};
use std::collections::BTreeMap;

const TABLE: &str = "Section_Table";

/// Most earlier generations.
const GENERATIONS: u64 = 1 << 20;

/// Bit of Index_Flags: the writer was interrupted.
const INCOMPLETE: u64 = 1;

/// State of an ENTRY section that counts, and the bit of one that is copied.
const LIVE: u8 = 1;
const COPIED: u8 = 4;

/// Least bytes of a row: type, flags, codec, length, digest.
const ROW_MINIMUM: u64 = 4 + size_of::<Digest>() as u64;

/// The sections of an archive, according to its INDEX or to a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// Whether the writer was interrupted, and left what it had.
    pub incomplete: bool,
    /// Seconds since 1970 at which the archive was written, if it says so.
    pub date: Option<i64>,
    /// The part of a plan that the archive is, if it is one of several.
    pub shard: Option<Shard>,
    /// Every section before the INDEX, in file order and without gaps.
    pub sections: Vec<Section>,
    /// Payloads of ENTRY sections, by Sequence.
    pub copies: BTreeMap<u64, Vec<u8>>,
    /// Row of a copy that is not that of its section.
    pub wrong_copy: Option<u64>,
}

/// One of several archives that share a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Number of shards, at least 2.
    pub count: u64,
    /// Number of this one, counted from 0.
    pub number: u64,
    /// Digest of the plan.
    pub plan: [u8; 16],
}

impl Index {
    /// Returns the DATA sections; the n-th is decode group n.
    pub fn groups(&self) -> Vec<Section> {
        self.sections.iter().filter(|one| one.header.is(SectionType::Data)).copied().collect()
    }

    /// Refuses a wrong copy. What it is a copy of may be intact.
    pub(super) fn check_copies(&self) -> Result<(), ContainerError> {
        let cause = "a copy is not that of its section";
        let wrong = |row| Err(ContainerError::Invalid { table: "INDEX", row, cause });
        self.wrong_copy.map_or(Ok(()), wrong)
    }

    /// Returns the offset at which the sections end.
    pub fn end(&self) -> u64 {
        self.sections.last().map_or(PREFACE_LENGTH as u64, Section::end)
    }
}

/// Encodes an index; returns the codec, the payload and its decoded length. Sections have
/// digests.
///
/// # Errors
/// [`ContainerError::Io`] without memory.
pub fn encode_index(index: &Index) -> Result<(u8, Vec<u8>, u64), ContainerError> {
    let mut raw = Vec::new();
    put_varint(&mut raw, 0); // Generation
    put_varint(&mut raw, if index.incomplete { INCOMPLETE } else { 0 });
    raw.push(index.date.is_some() as u8);
    index.date.into_iter().for_each(|date| put_signed(&mut raw, date));
    put_varint(&mut raw, index.shard.map_or(1, |shard| shard.count));
    if let Some(Shard { number, plan, .. }) = index.shard {
        put_varint(&mut raw, number);
        raw.extend(plan);
    }
    encode_sections(&mut raw, index);
    index.copies.values().for_each(|copy| raw.extend(copy));
    let (codec, payload) = pack(&raw)?;
    Ok((codec, payload, raw.len() as u64))
}

fn encode_sections(out: &mut Vec<u8>, index: &Index) {
    let headers = || index.sections.iter().map(|section| &section.header);
    let groups = || headers().filter(|header| header.is(SectionType::Data));
    put_varint(out, index.sections.len() as u64);
    out.extend(headers().map(|header| header.section_type));
    out.extend(headers().map(|header| header.flags));
    out.extend(headers().map(|header| header.codec));
    headers().for_each(|header| put_varint(out, header.stored_length));
    for header in groups() {
        out.push(header.filter);
        put_varint(out, u64::from(header.model));
    }
    groups().for_each(|header| out.extend([base_numbers(header.base).0, header.capacity]));
    for header in groups().filter(|header| header.base.is_some()) {
        put_varint(out, u64::from(base_numbers(header.base).1));
    }
    for header in headers().filter(|header| header.is(SectionType::Entry)) {
        let copied = index.copies.contains_key(&header.sequence);
        out.push(if copied { LIVE | COPIED } else { LIVE });
    }
    for header in headers().filter(|header| header.codec != CODEC_RAW) {
        put_varint(out, header.raw_length);
    }
    index.sections.iter().for_each(|section| out.extend(section.digest.unwrap_or_default()));
}

/// Reads an index of `raw_length` decoded bytes.
///
/// # Errors
/// [`ContainerError::TooLarge`] before allocating, [`ContainerError::Bytes`],
/// [`ContainerError::Invalid`], [`ContainerError::UnsupportedSection`],
/// [`ContainerError::UnsupportedPart`].
pub fn decode_index(
    codec: u8,
    payload: &[u8],
    raw_length: u64,
    limits: &Limits,
) -> Result<Index, ContainerError> {
    let raw = unpack(codec, payload, raw_length, limits, "INDEX")?;
    let mut columns = Columns::new(&raw, "INDEX");
    let mut index = decode_head(&mut columns)?;
    columns.enter(TABLE);
    let count = columns.count("sections", limits.extents, ROW_MINIMUM)?;
    // Sections are in two lists beside the columns: that of sections and that of groups.
    let row = 2 * size_of::<Section>() + 2 * size_of::<SectionHeader>();
    let held = (raw.len() + payload.len()) as u64 + count as u64 * row as u64;
    check("memory", held.saturating_add(raw.len() as u64), limits.memory)?;
    let headers = decode_headers(&mut columns, count)?;
    let states = decode_states(&mut columns, &headers)?;
    index.sections = place_sections(&mut columns, headers)?;
    decode_copies(&mut columns, &states, &mut index)?;
    columns.finish()?;
    Ok(index)
}

/// Reads what stands before Section_Table.
fn decode_head(columns: &mut Columns) -> Result<Index, ContainerError> {
    let generation = columns.varint()?;
    check("generations", generation, GENERATIONS)?;
    let incomplete = columns.flags(INCOMPLETE, "Index_Flags")? & INCOMPLETE != 0;
    let date = match columns.flag(0)? {
        true => Some(columns.signed()?),
        false => None,
    };
    let shard = match columns.varint()? {
        0 => return Err(columns.invalid(0, "Shard_Count is 0")),
        1 => None,
        count => Some(Shard { count, number: columns.varint()?, plan: columns.array()? }),
    };
    if shard.is_some_and(|shard| shard.number >= shard.count) {
        return Err(columns.invalid(0, "Shard is not below Shard_Count"));
    }
    if generation > 0 {
        let structure = "generations";
        return Err(ContainerError::UnsupportedPart { structure, number: generation });
    }
    Ok(Index { incomplete, date, shard, ..Index::default() })
}

/// Reads the columns that headers have; Raw_Length comes later.
fn decode_headers(
    columns: &mut Columns,
    count: usize,
) -> Result<Vec<SectionHeader>, ContainerError> {
    let types = columns.take(count as u64)?;
    let flags = columns.take(count as u64)?;
    let codecs = columns.take(count as u64)?;
    let mut headers = Vec::with_capacity(count);
    let mut groups = 0;
    for row in 0..count {
        let (section_type, flags, codec) = (types[row], flags[row], codecs[row]);
        let stored_length = u64::from(columns.varint_u32()?);
        let (sequence, group) = (row as u64, groups);
        let header = SectionHeader { sequence, section_type, flags, codec, ..Default::default() };
        headers.push(SectionHeader { group, stored_length, ..header });
        groups += u64::from(header.is(SectionType::Data));
    }
    let is_group = |header: &SectionHeader| header.is(SectionType::Data);
    for (row, header) in headers.iter_mut().enumerate().filter(|(_, one)| is_group(one)) {
        header.filter = columns.u8()?;
        let model = u16::try_from(columns.varint()?);
        header.model = model.map_err(|_| columns.invalid(row, "Model has more than 16 bits"))?;
    }
    let mut kinds = Vec::new();
    for header in headers.iter_mut().filter(|one| is_group(one)) {
        kinds.push(columns.u8()?);
        header.capacity = columns.u8()?;
    }
    let rows = headers.iter_mut().filter(|one| is_group(one));
    for (header, kind) in rows.zip(kinds).filter(|(_, kind)| *kind != 0) {
        let base = Base::parse(kind, columns.varint_u32()?);
        header.base = base.map_err(|cause| columns.invalid(header.sequence as usize, cause))?;
    }
    Ok(headers)
}

/// Reads the column State; returns the rows of those that are copied.
fn decode_states(
    columns: &mut Columns,
    headers: &[SectionHeader],
) -> Result<Vec<usize>, ContainerError> {
    let mut copied = Vec::new();
    for (row, _) in headers.iter().enumerate().filter(|(_, one)| one.is(SectionType::Entry)) {
        match columns.u8()? {
            LIVE => {}
            state if state == LIVE | COPIED => copied.push(row),
            _ => return Err(columns.invalid(row, "an ENTRY section is not live")),
        }
    }
    Ok(copied)
}

/// Reads lengths and digests, checks the rows, and gives the sections their places.
fn place_sections(
    columns: &mut Columns,
    mut headers: Vec<SectionHeader>,
) -> Result<Vec<Section>, ContainerError> {
    for header in &mut headers {
        header.raw_length = match header.codec {
            CODEC_RAW => header.stored_length,
            _ => u64::from(columns.varint_u32()?),
        };
    }
    let (mut offset, mut bases) = (PREFACE_LENGTH as u64, Bases::default());
    let mut sections = Vec::with_capacity(headers.len());
    for (row, mut header) in headers.into_iter().enumerate() {
        let digest: Digest = columns.array()?;
        header.payload_hash = short(&digest);
        if header.section_type == 0 {
            return Err(columns.invalid(row, "a footer stands where none can"));
        }
        header.check_known(offset)?;
        let placed = header.check_place(header.group).and_then(|()| bases.follow(&header));
        placed.map_err(|cause| columns.invalid(row, cause))?;
        if header
            .known_type()
            .is_some_and(|known| known == SectionType::Index || known.is_closing())
        {
            return Err(columns.invalid(row, "a section stands before INDEX that belongs behind"));
        }
        let section = Section { header, offset, digest: Some(digest) };
        offset = section.end();
        sections.push(section);
    }
    Ok(sections)
}

/// Reads the copies. One that is wrong is left out: the section itself is read.
fn decode_copies(
    columns: &mut Columns,
    copied: &[usize],
    index: &mut Index,
) -> Result<(), ContainerError> {
    for &row in copied {
        let section = &index.sections[row];
        let copy = columns.take(section.header.stored_length)?;
        if section.digest == Some(crate::checksum::digest(copy)) {
            index.copies.insert(row as u64, copy.to_vec());
        } else {
            index.wrong_copy = Some(row as u64);
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
