//! What a front-to-back reading finds of an archive that may not be whole.

use super::catalog::{Catalog, Contents, Counted};
use super::decode_part;
use super::index::State;
use super::parity::Record;
use super::reader::NOWHERE;
use super::runs::Stream;
use super::tables::misfit;
use super::{At, ContainerError, ErrorKind, FOOTER_LENGTH, Index, Limits, Part, ReadAt, Recovery};
use super::{LostBatch, Section, SectionType, StreamSection, part_memory};
use crate::checksum::digest;
use crate::entry::{Entry, Extent, Kind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

mod indexes;

/// Bytes that a section takes while it is remembered, and as often once more in the index
/// that is made of it.
const SECTION: u64 = 3 * size_of::<(u64, Section, bool)>() as u64;

/// What a front-to-back reading finds.
pub(super) struct Findings {
    limits: Limits,
    fault: Option<ContainerError>,
    /// Sections found, by Sequence, and whether their payload is intact.
    sections: BTreeMap<u64, (Section, bool)>,
    /// What ENTRY sections say, by Sequence.
    parts: BTreeMap<u64, Part>,
    index: Option<(Section, Index)>,
    /// The one before it, in case its rows are not those of the sections.
    before: Option<(Section, Index)>,
    /// Sequences of the INDEX sections, which tell generations apart without any of them.
    indexes: BTreeSet<u64>,
    /// Which generation is wanted.
    at: At,
    /// Why an index was not read.
    unsupported: Option<ContainerError>,
    /// PARITY sections and their places.
    pub parity: Vec<(u64, Record)>,
    /// Bytes of memory that parts and parity take.
    held: u64,
    /// Where the furthest section ends by its header.
    reach: u64,
}

impl Findings {
    pub fn new(limits: &Limits, fault: Option<ContainerError>, at: At) -> Findings {
        Findings {
            limits: limits.clone(),
            fault,
            sections: BTreeMap::new(),
            parts: BTreeMap::new(),
            index: None,
            before: None,
            indexes: BTreeSet::new(),
            at,
            unsupported: None,
            parity: Vec::new(),
            held: 0,
            reach: 0,
        }
    }

    /// Remembers what is wrong: that the archive ends too early says more than
    /// anything else.
    pub fn blame(&mut self, error: ContainerError) {
        let ends = |error: &ContainerError| matches!(error, ContainerError::Truncated { .. });
        match &self.fault {
            Some(first) if ends(first) || !ends(&error) => {}
            _ => self.fault = Some(error),
        }
    }

    /// Remembers what is wrong with a table. One that is unsafe or over a limit ends the
    /// search.
    fn refuse(&mut self, error: ContainerError) -> Result<(), ContainerError> {
        match error.kind() {
            ErrorKind::Unsafe | ErrorKind::Limit => Err(error),
            _ => {
                self.blame(error);
                Ok(())
            }
        }
    }

    /// Returns the index, if it came.
    pub fn index(&self) -> Option<(&Section, &Index)> {
        self.index.as_ref().map(|(section, index)| (section, index))
    }

    /// Returns what is wrong, and forgets everything else.
    pub fn into_fault(self) -> Option<ContainerError> {
        self.fault
    }

    /// Returns whether INDEX or an ENTRY section is lost or damaged, as far as it is known.
    pub fn lacks_tables(&self) -> bool {
        let Some((_, index)) = &self.index else { return true };
        let entries = index.sections.iter().filter(|one| {
            one.header.is(SectionType::Entry) && index.state(one.header.sequence) != State::Dead
        });
        let copied = |section: &&Section| index.copies.contains_key(&section.header.sequence);
        entries.filter(|one| !copied(one)).any(|one| !self.parts.contains_key(&one.header.sequence))
    }

    /// The limits, of memory what is left beside all that is held already.
    ///
    /// # Errors
    /// [`ContainerError::TooLarge`] if nothing is left.
    fn left(&self) -> Result<Limits, ContainerError> {
        let held = (self.sections.len() as u64 * SECTION).saturating_add(self.held);
        super::limits::check("memory", held, self.limits.memory)?;
        Ok(Limits { memory: self.limits.memory - held, ..self.limits.clone() })
    }

    /// Takes a section, whatever its state.
    ///
    /// # Errors
    /// [`ContainerError::TooLarge`] if there are too many,
    /// [`ContainerError::UnsafePath`].
    pub fn take(&mut self, found: StreamSection) -> Result<(), ContainerError> {
        let section = found.section;
        self.reach = self.reach.max(section.end());
        super::limits::check("sections", self.sections.len() as u64, self.limits.extents)?;
        let limits = self.left()?;
        if section.header.is(SectionType::Data) {
            self.group(found);
            return Ok(());
        }
        let payload = match found.intact() {
            Ok(payload) => payload,
            Err(fault) => {
                self.blame(fault);
                return Ok(());
            }
        };
        let header = section.header;
        match header.known_type() {
            Some(SectionType::Entry) => {
                self.sections.entry(header.sequence).or_insert((section, true));
                self.entry(&section, &payload, &limits)
            }
            Some(SectionType::Index) => self.take_index(section, &payload, &limits),
            Some(SectionType::Parity) => {
                if let Ok(record) = Record::parse(&payload, &limits) {
                    self.held += payload.len() as u64;
                    self.parity.push((section.offset, record));
                }
                Ok(())
            }
            _ => {
                self.sections.entry(header.sequence).or_insert((section, true));
                Ok(())
            }
        }
    }

    /// Remembers what an ENTRY section says, if none of its number came before.
    fn entry(
        &mut self,
        section: &Section,
        payload: &[u8],
        limits: &Limits,
    ) -> Result<(), ContainerError> {
        let header = section.header;
        if self.parts.contains_key(&header.sequence) {
            return Ok(());
        }
        match decode_part(header.codec, payload, header.raw_length, limits) {
            Ok(part) => {
                self.held = self.held.saturating_add(part_memory(&part));
                self.parts.insert(header.sequence, part);
                Ok(())
            }
            Err(error) => self.refuse(error),
        }
    }

    /// Reads ENTRY sections that were not found from where they should be as seen from INDEX.
    ///
    /// # Errors
    /// As [`Findings::take`].
    pub fn fill(&mut self, source: &impl ReadAt) -> Result<(), ContainerError> {
        let Some((found, index)) = &self.index else { return Ok(()) };
        let (length, end) = (source.length()?, index.end());
        let lacks = |one: &&Section| {
            one.header.is(SectionType::Entry) && !self.parts.contains_key(&one.header.sequence)
        };
        let place = |section: &Section| {
            let offset = (section.offset + found.offset).checked_sub(end)?;
            Some(Section { offset, ..*section })
        };
        let missing = index.sections.iter().filter(lacks).filter_map(place);
        let missing: Vec<Section> = missing.filter(|section| section.end() <= length).collect();
        for section in missing {
            let limits = self.left()?;
            let stored = section.header.stored_length;
            super::limits::check("memory", stored, limits.memory)?;
            let mut payload = vec![0; stored as usize];
            let read = source.read_exact_at(&mut payload, section.payload_offset());
            if read.is_ok() && section.has_digest(&digest(&payload)) {
                self.sections.insert(section.header.sequence, (section, true));
                self.entry(&section, &payload, &limits)?;
            }
        }
        Ok(())
    }

    /// Remembers a group; of two of one number the intact one.
    fn group(&mut self, found: StreamSection) {
        let (section, intact) = (found.section, found.fault.is_none());
        found.fault.into_iter().for_each(|fault| self.blame(fault));
        let kept = self.sections.entry(section.header.sequence).or_insert((section, intact));
        if intact && !kept.1 {
            *kept = (section, true);
        }
    }

    /// What the archive holds as far as it was found, and what is known beside it. `length`
    /// is that of the archive as it is. The last value says whether everything was found.
    ///
    /// # Errors
    /// [`ContainerError::TooLarge`], [`ContainerError::UnsafePath`];
    /// [`ContainerError::UnsupportedPart`] if there is no other index than one that is not
    /// read.
    pub fn finish(
        mut self,
        length: u64,
    ) -> Result<(Index, Contents, Recovery, bool), ContainerError> {
        let intact = self.intact_groups();
        let index = self.usable_index()?;
        let known = index.is_some();
        let (whole, index) = match index {
            Some((section, mut index)) => (self.place(&mut index, section), index),
            None => {
                let found = Index { sections: self.ascending(), ..Index::default() };
                (self.reach.saturating_add(FOOTER_LENGTH as u64), found)
            }
        };
        let lost_batches = if known { self.complete(&index)? } else { Vec::new() };
        let mut contents = self.contents(&index, known)?;
        let misfit = || misfit(&index.sections, &contents.batches, known);
        let fault = contents.fault.take().or_else(misfit);
        fault.into_iter().for_each(|fault| self.blame(fault));
        let found = known && self.fault.is_none();
        let fault = self.fault.take().unwrap_or(ContainerError::Lost { structure: "INDEX" });
        let missing = whole.checked_sub(length).filter(|&missing| missing > 0);
        let mut recovery = Recovery {
            fault: Arc::new(fault),
            index: known,
            missing: missing.map(|missing| (missing, whole)),
            spoiled: BTreeMap::new(),
            lost_batches,
            cut: contents.cut,
        };
        for extent in contents.entries.iter().flat_map(extents) {
            match intact.get(&extent.group) {
                Some(true) => {}
                Some(false) => drop(recovery.spoiled.insert(extent.group, "damaged")),
                None => drop(recovery.spoiled.insert(extent.group, "lost")),
            }
        }
        Ok((index, contents, recovery, found))
    }

    /// Drops parts that the index does not list, and takes copies in place of lost ones.
    /// Returns the batches that stay lost.
    fn complete(&mut self, index: &Index) -> Result<Vec<LostBatch>, ContainerError> {
        let listed = |sequence: &u64| {
            let row = index.sections.get(usize::try_from(*sequence).ok()?)?;
            let (section, _) = self.sections.get(sequence)?;
            let counts = index.state(*sequence) != State::Dead;
            (counts && row.header == section.header && row.digest == section.digest).then_some(())
        };
        let strangers: Vec<u64> =
            self.parts.keys().copied().filter(|sequence| listed(sequence).is_none()).collect();
        strangers.iter().for_each(|sequence| drop(self.parts.remove(sequence)));
        let mut lost = Vec::new();
        for (row, section) in index.sections.iter().enumerate() {
            let sequence = section.header.sequence;
            let counts = index.state(sequence) != State::Dead;
            let is_entry = section.header.is(SectionType::Entry);
            if !is_entry || !counts || self.parts.contains_key(&sequence) {
                continue;
            }
            if let Some(copy) = index.copies.get(&sequence) {
                let limits = self.left()?;
                self.entry(section, copy, &limits)?;
                continue;
            }
            let behind = index.sections[row + 1..].iter();
            let batch: Vec<&Section> =
                behind.take_while(|one| one.header.is(SectionType::Data)).collect();
            let bytes = batch.iter().map(|one| one.header.raw_length).sum();
            lost.push(LostBatch { offset: section.offset, groups: batch.len() as u64, bytes });
        }
        Ok(lost)
    }

    /// Makes the entries of the parts in their order.
    fn contents(&mut self, index: &Index, known: bool) -> Result<Contents, ContainerError> {
        let sections = (self.sections.len() as u64 * SECTION).min(self.limits.memory);
        let stream = self.stream(index, known);
        let mut catalog = Catalog::new(self.limits.memory - sections, stream);
        let indexes: BTreeSet<u64> = match known {
            true => index.indexes().map(|one| one.header.sequence).collect(),
            false => std::mem::take(&mut self.indexes),
        };
        let mut indexes = indexes.into_iter().peekable();
        let mut dead = index.dead().peekable();
        let mut generation = 0;
        for (sequence, part) in std::mem::take(&mut self.parts) {
            while indexes.next_if(|&before| before < sequence).is_some() {
                generation += 1;
            }
            while let Some((_, groups)) = dead.next_if(|dead| dead.0 < sequence) {
                catalog.skip_to(groups);
            }
            let state = index.state(sequence);
            let listed = usize::try_from(sequence).ok().and_then(|row| index.sections.get(row));
            let listed = listed.filter(|_| known).copied();
            let found = self.sections.get(&sequence).map(|(section, _)| *section);
            if let Some(section) = listed.or(found) {
                let counted = Counted { section: &section, state, generation };
                catalog.take(counted, part, &self.limits)?;
            }
        }
        dead.for_each(|(_, groups)| catalog.skip_to(groups));
        let groups = index.groups().len() as u64;
        Ok(catalog.finish(Some(groups).filter(|_| known)))
    }

    /// Returns where groups lie in the stream: those that were found, and those of which ENTRY
    /// sections say how long they are.
    fn stream(&self, index: &Index, known: bool) -> Stream {
        let groups = index.groups();
        let lengths = groups.iter().map(|one| (one.header.group, one.header.raw_length));
        let mut all: BTreeMap<u64, u64> = lengths.collect();
        for (sequence, part) in self.parts.iter().filter(|_| !known) {
            let Some((section, _)) = self.sections.get(sequence) else { continue };
            for (group, &length) in (section.header.group..).zip(&part.group_lengths) {
                all.entry(group).or_insert(length);
            }
        }
        Stream::of(all.into_iter())
    }

    /// Whether the groups that were found are intact.
    fn intact_groups(&self) -> BTreeMap<u64, bool> {
        let groups = self.sections.values().filter(|one| one.0.header.is(SectionType::Data));
        groups.map(|(section, intact)| (section.header.group, *intact)).collect()
    }

    /// The sections that were found. Groups ascend; only a forged archive has others.
    fn ascending(&self) -> Vec<Section> {
        let mut next = 0;
        let ascends = |section: &Section| {
            let header = &section.header;
            let data = header.is(SectionType::Data);
            let ascends = !data || header.group >= next;
            next = if data && ascends { header.group.saturating_add(1) } else { next };
            ascends
        };
        self.sections.values().map(|&(section, _)| section).filter(ascends).collect()
    }

    /// Gives the sections of an index the places where they were found; returns how
    /// long the archive was. A section that was not found is where it should be, as
    /// seen from INDEX, or nowhere.
    fn place(&self, index: &mut Index, found: Section) -> u64 {
        let end = index.end();
        for section in &mut index.sections {
            let expected = (section.offset + found.offset).checked_sub(end);
            section.offset = match self.sections.get(&section.header.sequence) {
                Some((place, _)) if place.header == section.header => place.offset,
                _ => expected.unwrap_or(NOWHERE),
            };
        }
        end.saturating_add(found.header.section_length()).saturating_add(FOOTER_LENGTH as u64)
    }
}

fn extents(entry: &Entry) -> &[Extent] {
    match &entry.kind {
        Kind::File(content) => &content.extents,
        _ => &[],
    }
}
