//! The INDEX payload: all sections with their digests. What an archive holds stands in
//! its ENTRY sections alone. Normative text: spec/container.md §5.

use super::bases::base_numbers;
use super::columns::{CODEC_RAW, pack};
use super::{ContainerError, FOOTER_LENGTH, PREFACE_LENGTH, Section, SectionType};
use crate::bytes::{put_signed, put_varint};
use crate::checksum::Digest;
use std::collections::BTreeMap;

mod decode;

pub use decode::decode_index;

/// Most earlier generations.
const GENERATIONS: u64 = 1 << 20;

/// Bit of Index_Flags: the writer was interrupted.
const INCOMPLETE: u64 = 1;

/// Bit of State: the section is copied.
const COPIED: u8 = 4;

/// Whether an ENTRY section counts, and the numbers of State.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// Nothing of it counts.
    Dead = 0,
    /// All of it counts.
    #[default]
    Live = 1,
    /// Rows of later sections may name its contents; its entries do not count.
    Contents = 2,
}

/// An earlier generation, as Generation_Table has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation {
    /// Seconds since 1970 at which it was written, if it says so.
    pub date: Option<i64>,
    /// Root_Hash of its footers.
    pub root_hash: Digest,
}

/// The sections of an archive, according to its INDEX or to a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// Whether the writer was interrupted, and left what it had.
    pub incomplete: bool,
    /// Seconds since 1970 at which the archive was written, if it says so.
    pub date: Option<i64>,
    /// The part of a plan that the archive is, if it is one of several.
    pub shard: Option<Shard>,
    /// All earlier generations, oldest first.
    pub generations: Vec<Generation>,
    /// Every section before the INDEX, in file order; between them stand footers alone.
    pub sections: Vec<Section>,
    /// For each footer before the INDEX, the number of sections before it.
    pub footers: Vec<u64>,
    /// The ENTRY sections that are not live, by Sequence.
    pub states: BTreeMap<u64, State>,
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

    /// Returns the offset at which the sections and footers end.
    pub fn end(&self) -> u64 {
        let behind = self.footers.iter().rev();
        let behind = behind.take_while(|&&before| before == self.sections.len() as u64).count();
        self.sections.last().map_or(PREFACE_LENGTH as u64, Section::end)
            + (behind * FOOTER_LENGTH) as u64
    }

    /// Returns whether an ENTRY section counts.
    pub fn state(&self, sequence: u64) -> State {
        self.states.get(&sequence).copied().unwrap_or_default()
    }

    /// Returns the INDEX sections of the earlier generations.
    pub fn indexes(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(|one| one.header.is(SectionType::Index))
    }

    /// Returns the offset at which each of the earlier generations ends: behind its last footer.
    pub fn ends(&self) -> Vec<u64> {
        let mut ends = Vec::new();
        let mut footers = self.footers.iter().peekable();
        let mut open = false;
        let mut end = PREFACE_LENGTH as u64;
        for (number, section) in self.sections.iter().enumerate() {
            let known = section.header.known_type();
            // The first section that does not close a generation begins the next.
            if open && !known.is_some_and(SectionType::is_closing) {
                ends.push(end);
                open = false;
            }
            open |= known == Some(SectionType::Index);
            end = section.end();
            while footers.next_if(|&&before| before == number as u64 + 1).is_some() {
                end += FOOTER_LENGTH as u64;
            }
        }
        if open {
            ends.push(end);
        }
        ends
    }

    /// Returns the dead ENTRY sections with the number of the group behind their batch.
    pub(super) fn dead(&self) -> impl Iterator<Item = (u64, u64)> {
        let dead = self.states.iter().filter(|(_, state)| **state == State::Dead);
        dead.filter_map(|(&sequence, _)| {
            let row = usize::try_from(sequence).ok()?;
            let behind = self.sections.get(row + 1..)?.iter();
            let groups = behind
                .take_while(|one| {
                    !one.header.is(SectionType::Entry) && !one.header.is(SectionType::Index)
                })
                .filter(|one| one.header.is(SectionType::Data))
                .count() as u64;
            Some((sequence, self.sections[row].header.group + groups))
        })
    }
}

/// Encodes an index; returns the codec, the payload and its decoded length. Sections have
/// digests.
///
/// # Errors
/// [`ContainerError::Io`] without memory.
pub fn encode_index(index: &Index) -> Result<(u8, Vec<u8>, u64), ContainerError> {
    let mut raw = Vec::new();
    put_varint(&mut raw, index.generations.len() as u64);
    put_varint(&mut raw, if index.incomplete { INCOMPLETE } else { 0 });
    raw.push(index.date.is_some() as u8);
    index.date.into_iter().for_each(|date| put_signed(&mut raw, date));
    put_varint(&mut raw, index.shard.map_or(1, |shard| shard.count));
    if let Some(Shard { number, plan, .. }) = index.shard {
        put_varint(&mut raw, number);
        raw.extend(plan);
    }
    raw.extend(index.generations.iter().map(|one| one.date.is_some() as u8));
    let dates = index.generations.iter().filter_map(|one| one.date);
    dates.for_each(|date| put_signed(&mut raw, date));
    index.generations.iter().for_each(|one| raw.extend(one.root_hash));
    encode_sections(&mut raw, index);
    index.copies.values().for_each(|copy| raw.extend(copy));
    let (codec, payload) = pack(&raw)?;
    Ok((codec, payload, raw.len() as u64))
}

fn encode_sections(out: &mut Vec<u8>, index: &Index) {
    let headers = || index.sections.iter().map(|section| &section.header);
    let groups = || headers().filter(|header| header.is(SectionType::Data));
    put_varint(out, (index.sections.len() + index.footers.len()) as u64);
    let mut footers = index.footers.iter().peekable();
    for (number, header) in headers().enumerate() {
        while footers.next_if(|&&before| before <= number as u64).is_some() {
            out.push(0);
        }
        out.push(header.section_type);
    }
    out.extend(footers.map(|_| 0));
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
        out.push(index.state(header.sequence) as u8 | if copied { COPIED } else { 0 });
    }
    for header in headers().filter(|header| header.codec != CODEC_RAW) {
        put_varint(out, header.raw_length);
    }
    index.sections.iter().for_each(|section| out.extend(section.digest.unwrap_or_default()));
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
