//! Reading the INDEX payload.

use super::{COPIED, GENERATIONS, Generation, INCOMPLETE, Index, Shard, State};
use crate::checksum::{Digest, short};
use crate::container::bases::{Base, Bases};
use crate::container::columns::{CODEC_RAW, Columns, unpack};
use crate::container::limits::check;
use crate::container::{
    ContainerError, FOOTER_LENGTH, Limits, PREFACE_LENGTH, Section, SectionHeader, SectionType,
};

const TABLE: &str = "Section_Table";

/// Least bytes of a row that is no footer: type, flags, codec, length, digest.
const ROW_MINIMUM: u64 = 4 + size_of::<Digest>() as u64;

/// Least bytes of a row of Generation_Table.
const GENERATION_MINIMUM: u64 = 1 + size_of::<Digest>() as u64;

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
    let count = columns.count("sections", limits.extents, 1)?;
    // Sections are in two lists beside the columns: that of sections and that of groups.
    let row = 2 * size_of::<Section>() + 2 * size_of::<SectionHeader>();
    let held = (raw.len() + payload.len()) as u64 + count as u64 * row as u64;
    check("memory", held.saturating_add(raw.len() as u64), limits.memory)?;
    let types = columns.take(count as u64)?;
    index.footers = footers(types);
    let sections = columns.rows((count - index.footers.len()) as u64, ROW_MINIMUM - 1)?;
    let headers = decode_headers(&mut columns, types, sections)?;
    let states = decode_states(&mut columns, &headers, &mut index)?;
    index.sections = place_sections(&mut columns, headers, &index.footers)?;
    check_generations(&columns, types, index.generations.len())?;
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
    columns.enter("Generation_Table");
    let count = columns.rows(generation, GENERATION_MINIMUM)?;
    let dated = (0..count).map(|row| columns.flag(row)).collect::<Result<Vec<_>, _>>()?;
    let mut generations = Vec::with_capacity(count);
    for dated in dated {
        let date = if dated { Some(columns.signed()?) } else { None };
        generations.push(Generation { date, root_hash: Digest::default() });
    }
    for generation in &mut generations {
        generation.root_hash = columns.array()?;
    }
    Ok(Index { incomplete, date, shard, generations, ..Index::default() })
}

/// Returns for each footer the number of sections before it.
fn footers(types: &[u8]) -> Vec<u64> {
    let rows = types.iter().enumerate().filter(|(_, one)| **one == 0);
    rows.enumerate().map(|(footers, (row, _))| (row - footers) as u64).collect()
}

/// Reads the columns that headers have; Raw_Length comes later.
fn decode_headers(
    columns: &mut Columns,
    types: &[u8],
    count: usize,
) -> Result<Vec<SectionHeader>, ContainerError> {
    let flags = columns.take(count as u64)?;
    let codecs = columns.take(count as u64)?;
    let mut headers = Vec::with_capacity(count);
    let mut groups = 0;
    for (row, &section_type) in types.iter().filter(|one| **one != 0).enumerate() {
        let (flags, codec) = (flags[row], codecs[row]);
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

/// Reads the column State; returns the sequences of those that are copied.
fn decode_states(
    columns: &mut Columns,
    headers: &[SectionHeader],
    index: &mut Index,
) -> Result<Vec<usize>, ContainerError> {
    let mut copied = Vec::new();
    let last = headers.iter().rposition(|one| one.is(SectionType::Index));
    for (row, _) in headers.iter().enumerate().filter(|(_, one)| one.is(SectionType::Entry)) {
        let number = columns.u8()?;
        let state = match number & !COPIED {
            0 if number & COPIED == 0 => State::Dead,
            1 => State::Live,
            2 => State::Contents,
            _ => return Err(columns.invalid(row, "State has no meaning")),
        };
        if state != State::Live {
            if last.is_none_or(|last| row > last) {
                return Err(columns.invalid(row, "an ENTRY section is not live"));
            }
            index.states.insert(row as u64, state);
        }
        if number & COPIED != 0 {
            copied.push(row);
        }
    }
    Ok(copied)
}

/// Reads lengths and digests, checks the rows, and gives the sections their places.
fn place_sections(
    columns: &mut Columns,
    mut headers: Vec<SectionHeader>,
    footers: &[u64],
) -> Result<Vec<Section>, ContainerError> {
    for header in &mut headers {
        header.raw_length = match header.codec {
            CODEC_RAW => header.stored_length,
            _ => u64::from(columns.varint_u32()?),
        };
    }
    let (mut offset, mut bases) = (PREFACE_LENGTH as u64, Bases::default());
    let mut footers = footers.iter().peekable();
    let mut sections = Vec::with_capacity(headers.len());
    for (row, mut header) in headers.into_iter().enumerate() {
        while footers.next_if(|&&before| before == row as u64).is_some() {
            offset += FOOTER_LENGTH as u64;
        }
        let digest: Digest = columns.array()?;
        header.payload_hash = short(&digest);
        header.check_known(offset)?;
        let placed = header.check_place(header.group).and_then(|()| bases.follow(&header));
        placed.map_err(|cause| columns.invalid(row, cause))?;
        let section = Section { header, offset, digest: Some(digest) };
        offset = section.end();
        sections.push(section);
    }
    Ok(sections)
}

/// Checks that INDEX, what closes generations, and footers stand where §1 allows, and that
/// there are as many earlier generations as said.
fn check_generations(
    columns: &Columns,
    types: &[u8],
    generations: usize,
) -> Result<(), ContainerError> {
    // Whether INDEX came and no other generation began, and whether a footer came last.
    let (mut closing, mut closed, mut indexes) = (false, false, 0);
    for (row, &number) in types.iter().enumerate() {
        let known = SectionType::from_number(number);
        if number == 0 {
            if !closing {
                return Err(columns.invalid(row, "a footer stands where none can"));
            }
            closed = true;
        } else if known.is_some_and(SectionType::is_closing) {
            if !closing {
                let cause = "a section stands before INDEX that belongs behind";
                return Err(columns.invalid(row, cause));
            }
            closed = false;
        } else {
            if closing && !closed {
                return Err(columns.invalid(row, "a generation begins before the last one ends"));
            }
            closing = known == Some(SectionType::Index);
            (closed, indexes) = (false, indexes + usize::from(closing));
        }
    }
    if closing && !closed {
        return Err(columns.invalid(types.len(), "the last generation has no footer"));
    }
    match indexes == generations {
        true => Ok(()),
        false => Err(columns.invalid(0, "there are not as many INDEX sections as generations")),
    }
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
