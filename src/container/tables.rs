//! Reading everything but the groups of a whole archive. Normative text: spec/container.md
//! §12.

use super::catalog::{Catalog, Contents, Counted, Placed};
use super::footer::root_hash;
use super::generation::At;
use super::index::State;
use super::reader::{read_footer, read_payload, read_preface, read_structure};
use super::runs::Stream;
use super::{
    ArchiveId, ContainerError, FOOTER_LENGTH, Footer, HEADER_LENGTH, Index, Limits, PREFACE_LENGTH,
    ReadAt, Section, SectionHeader, SectionType, decode_part,
};
use crate::checksum::digest;

/// What stands behind the sections that an index lists.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    pub footer: Footer,
    /// INDEX.
    pub index: Section,
    /// PARITY and SIGNATURE sections behind INDEX.
    pub closings: Vec<Section>,
    /// For each footer, the number of closings before it.
    pub footers: Vec<u64>,
    /// Where what stands there is no section any more, which costs nothing of the archive.
    pub broken: Option<u64>,
}

/// What a whole archive is made of.
pub(super) struct Tables {
    pub archive_id: ArchiveId,
    pub index: Index,
    pub ends: Ends,
}

/// Reads the preface, footer and index of a generation of an archive whose footer ends at
/// `length`.
pub(super) fn read_tables_at(
    source: &impl ReadAt,
    length: u64,
    limits: &Limits,
    at: At,
) -> Result<Tables, ContainerError> {
    let newest = read_tables(source, length, limits)?;
    let number = at.number_in(&newest.index)?;
    let (Some(generation), Some(&end)) =
        (newest.index.generations.get(number), newest.index.ends().get(number))
    else {
        return Ok(newest);
    };
    let tables = read_tables(source, end, limits)?;
    let known = tables.index.generations.len() == number;
    if !known || tables.ends.footer.root_hash != generation.root_hash {
        let (table, row) = ("Generation_Table", number as u64);
        let cause = "the footer of the generation says something else";
        return Err(ContainerError::Invalid { table, row, cause });
    }
    Ok(tables)
}

/// Reads the preface, footer and index of an archive whose footer ends at `length`.
pub(super) fn read_tables(
    source: &impl ReadAt,
    length: u64,
    limits: &Limits,
) -> Result<Tables, ContainerError> {
    let archive_id = read_preface(source, length)?.archive_id;
    let footer = read_footer(source, length)?;
    let offset = length - FOOTER_LENGTH as u64;
    let damaged = |cause| ContainerError::Damaged { structure: "Footer", offset, cause };
    if footer.archive_id != archive_id {
        return Err(damaged("Archive_Id belongs to another archive"));
    }
    let section = read_index_section(source, &footer)?;
    let payload = read_payload(source, &archive_id, &section, limits.index_bytes)?;
    if root_hash(&archive_id, &section.header, &digest(&payload)) != footer.root_hash {
        return Err(damaged("Root_Hash does not match the INDEX section"));
    }
    let (closings, footers, broken) = read_closings(source, &footer, &section, offset)?;
    let (codec, raw_length) = (section.header.codec, section.header.raw_length);
    let index = super::decode_index(codec, &payload, raw_length, limits)?;
    index.check_copies()?;
    let groups = index.groups().len() as u64;
    let sequence = index.sections.len() as u64;
    let placed = (section.header.group, section.header.sequence) == (groups, sequence);
    if index.end() != footer.index_offset || !placed {
        return Err(damaged("the INDEX section does not follow the sections that it lists"));
    }
    check_roots(&archive_id, &index)?;
    let index_section = Section { digest: Some(digest(&payload)), ..section };
    let ends = Ends { footer, index: index_section, closings, footers, broken };
    Ok(Tables { archive_id, index, ends })
}

/// Compares the rows of earlier INDEX sections with the roots of their generations.
pub(super) fn check_roots(archive_id: &ArchiveId, index: &Index) -> Result<(), ContainerError> {
    let pairs = index.indexes().zip(&index.generations);
    let differs = |(section, generation): &(&Section, &super::Generation)| {
        let payload = section.digest.unwrap_or_default();
        root_hash(archive_id, &section.header, &payload) != generation.root_hash
    };
    match pairs.enumerate().find(|(_, pair)| differs(pair)) {
        None => Ok(()),
        Some((row, _)) => {
            let (table, row) = ("Generation_Table", row as u64);
            let cause = "Root_Hash is not that of the INDEX section of the generation";
            Err(ContainerError::Invalid { table, row, cause })
        }
    }
}

/// Sections behind INDEX, how many of them stand before each footer, and where a damaged header
/// ends the reading.
type Closings = (Vec<Section>, Vec<u64>, Option<u64>);

/// Reads the sections between INDEX and the footer at `end`, without their payloads. Returns
/// them, and where a damaged header ends the reading.
fn read_closings(
    source: &impl ReadAt,
    footer: &Footer,
    index: &Section,
    end: u64,
) -> Result<Closings, ContainerError> {
    let (mut closings, mut footers) = (Vec::new(), Vec::new());
    let mut offset = index.end();
    let mut sequence = index.header.sequence;
    while offset < end {
        let damaged = |cause| ContainerError::Damaged { structure: "Footer", offset, cause };
        let mut bytes = [0; HEADER_LENGTH];
        read_structure(source, &mut bytes, offset, "Section_Header")?;
        let mut whole = [0; FOOTER_LENGTH];
        let read = source.read_exact_at(&mut whole, offset);
        if read.is_ok() && Footer::parse(&whole).is_ok() {
            let before = Footer::from_bytes(&whole, offset)?;
            if (Footer { file_length: footer.file_length, ..before }) != *footer {
                return Err(damaged("the footers of a generation differ"));
            }
            offset += FOOTER_LENGTH as u64;
            footers.push(closings.len() as u64);
            continue;
        }
        let Ok((header, archive_id)) = SectionHeader::parse(&bytes) else {
            return Ok((closings, footers, Some(offset)));
        };
        sequence += 1;
        let closes = header.known_type().is_some_and(SectionType::is_closing)
            && header.check_place(index.header.group).is_ok()
            && (header.sequence, archive_id) == (sequence, footer.archive_id);
        if !closes {
            return Err(damaged("a section stands before it that does not belong there"));
        }
        let section = Section { header, offset, digest: None };
        offset = section.end();
        closings.push(section);
    }
    let cause = "the sections before it do not end where it starts";
    let damaged = ContainerError::Damaged { structure: "Footer", offset: end, cause };
    footers.push(closings.len() as u64);
    if offset == end { Ok((closings, footers, None)) } else { Err(damaged) }
}

/// Reads the ENTRY sections of a whole archive.
pub(super) fn read_contents(
    source: &impl ReadAt,
    tables: &Tables,
    limits: &Limits,
) -> Result<Contents, ContainerError> {
    let sections = &tables.index.sections;
    let data = sections.iter().filter(|section| section.header.is(SectionType::Data));
    let mut catalog = Catalog::new(limits.memory, Stream::of_sections(data));
    let mut dead = tables.index.dead().peekable();
    let mut generation = 0;
    for section in sections {
        generation += u32::from(section.header.is(SectionType::Index));
        let sequence = section.header.sequence;
        let state = tables.index.state(sequence);
        if !section.header.is(SectionType::Entry) || state == State::Dead {
            continue;
        }
        while let Some((_, groups)) = dead.next_if(|dead| dead.0 < sequence) {
            catalog.skip_to(groups);
        }
        let memory = limits.memory.saturating_sub(catalog.memory());
        let left = Limits { memory, ..limits.clone() };
        let copy = tables.index.copies.get(&section.header.sequence);
        let payload = copy.map_or_else(
            || read_payload(source, &tables.archive_id, section, left.memory),
            |copy| Ok(copy.clone()),
        )?;
        let (codec, raw_length) = (section.header.codec, section.header.raw_length);
        let part = decode_part(codec, &payload, raw_length, &left)?;
        drop(payload);
        catalog.take(Counted { section, state, generation }, part, limits)?;
    }
    dead.for_each(|(_, groups)| catalog.skip_to(groups));
    let mut contents = catalog.finish(Some(tables.index.groups().len() as u64));
    let fault = contents.fault.take().or_else(|| misfit(sections, &contents.batches, true));
    fault.map_or(Ok(contents), Err)
}

/// Compares the lengths of groups with what their batches say. If all sections are `known`,
/// also checks that the groups follow their ENTRY section at once.
pub(super) fn misfit(
    sections: &[Section],
    batches: &[Placed],
    known: bool,
) -> Option<ContainerError> {
    let apart = |one: &&Placed| {
        let first = usize::try_from(one.sequence).ok().and_then(|row| row.checked_add(1));
        let end = first.and_then(|first| first.checked_add(one.batch.group_lengths.len()));
        let batch = first.zip(end).and_then(|(first, end)| sections.get(first..end));
        !batch.is_some_and(|batch| batch.iter().all(|one| one.header.is(SectionType::Data)))
    };
    if let Some(apart) = batches.iter().filter(|_| known).find(apart) {
        let (table, row) = ("Section_Table", apart.sequence);
        let cause = "the groups of a batch do not follow its ENTRY section";
        return Some(ContainerError::Invalid { table, row, cause });
    }
    let lengths = batches.iter().flat_map(|one| {
        let numbered = one.batch.group_lengths.iter().enumerate();
        numbered.map(|(number, &length)| (one.first + number as u64, length))
    });
    let mut groups = sections.iter().filter(|one| one.header.is(SectionType::Data)).peekable();
    for (number, length) in lengths {
        while groups.next_if(|one| one.header.group < number).is_some() {}
        if let Some(section) = groups.next_if(|one| one.header.group == number)
            && section.header.raw_length != length
        {
            let (structure, offset) = ("DATA", section.offset);
            let cause = "its length is not the one that its ENTRY section says";
            return Some(ContainerError::Damaged { structure, offset, cause });
        }
    }
    None
}

/// Follows the headers one after the other from the first, and returns the end of the
/// last footer that they lead to. Bytes may follow it.
///
/// # Errors
/// As [`Reader::open`]. Costs a read for each section.
pub(super) fn walk(source: &impl ReadAt, length: u64) -> Result<u64, ContainerError> {
    let preface = read_preface(source, length)?;
    let (mut offset, mut last, mut closing) = (PREFACE_LENGTH as u64, None, false);
    loop {
        let mut footer = [0; FOOTER_LENGTH];
        if closing
            && source.read_exact_at(&mut footer, offset).is_ok()
            && Footer::from_bytes(&footer, offset).is_ok()
        {
            offset += FOOTER_LENGTH as u64;
            last = Some(offset);
            continue;
        }
        let mut bytes = [0; HEADER_LENGTH];
        let header = read_structure(source, &mut bytes, offset, "Section_Header")
            .and_then(|()| SectionHeader::from_bytes(&bytes, &preface.archive_id, offset));
        let header = match (header, last) {
            (Ok(header), _) => header,
            (Err(_), Some(last)) => return Ok(last),
            (Err(error), None) => return Err(error),
        };
        offset = Section { header, offset, digest: None }.end();
        let known = header.known_type();
        closing = known == Some(SectionType::Index)
            || (closing && known.is_some_and(SectionType::is_closing));
    }
}

fn read_index_section(source: &impl ReadAt, footer: &Footer) -> Result<Section, ContainerError> {
    let offset = footer.index_offset;
    let mut bytes = [0; HEADER_LENGTH];
    read_structure(source, &mut bytes, offset, "INDEX")?;
    let header = SectionHeader::from_bytes(&bytes, &footer.archive_id, offset)?;
    if !header.is(SectionType::Index) || header.check_place(header.group).is_err() {
        let cause = "the footer and the INDEX section disagree";
        return Err(ContainerError::Damaged { structure: "INDEX", offset, cause });
    }
    Ok(Section { header, offset, digest: None })
}
