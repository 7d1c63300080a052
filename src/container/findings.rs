//! What a front-to-back reading finds of an archive that may not be whole.

use super::catalog::Catalog;
use super::reader::NOWHERE;
use super::{ContainerError, ErrorKind, FOOTER_LENGTH, Index, Limits, NO_GROUP, Recovery};
use super::{Section, SectionType, StreamSection, decode_index, decode_part};
use crate::checksum::Digest;
use crate::entry::{Entry, Extent, Kind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes that a section takes while it is remembered, and as often once more in the index
/// that is made of it.
const SECTION: u64 = 3 * size_of::<(u64, Section, bool)>() as u64;

/// What a front-to-back reading finds.
pub(super) struct Findings {
    limits: Limits,
    fault: Option<ContainerError>,
    /// Sections found, by Sequence, and whether their payload is intact.
    sections: BTreeMap<u64, (Section, bool)>,
    index: Option<(Section, Index)>,
    catalog: Catalog,
    digests: BTreeMap<u64, Digest>,
    /// Where the furthest section ends by its header.
    reach: u64,
}

impl Findings {
    pub fn new(limits: &Limits, fault: Option<ContainerError>) -> Findings {
        Findings {
            limits: limits.clone(),
            fault,
            sections: BTreeMap::new(),
            index: None,
            catalog: Catalog::new(limits.memory),
            digests: BTreeMap::new(),
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

    pub fn is_whole(&self) -> bool {
        self.fault.is_none() && self.index.is_some()
    }

    /// The limits, of memory what is left beside all that is held already.
    ///
    /// # Errors
    /// [`ContainerError::TooLarge`] if nothing is left.
    fn left(&self) -> Result<Limits, ContainerError> {
        let sections = (self.sections.len() + self.digests.len()) as u64 * SECTION;
        let held = sections.saturating_add(self.catalog.memory());
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
        if section.header.known_type() == Some(SectionType::Data) {
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
        let first = self.sections.insert(header.sequence, (section, true)).is_none();
        match header.known_type() {
            Some(SectionType::Entry) if self.index.is_none() && first => {
                match decode_part(&payload, header.raw_length, &limits) {
                    Ok(part) => {
                        if header.group != NO_GROUP {
                            self.digests.insert(header.group, part.group_digest);
                        }
                        self.catalog.take(part, header.group, &limits)?;
                    }
                    Err(error) => self.refuse(error)?,
                }
            }
            Some(SectionType::Index) => match decode_index(&payload, header.raw_length, &limits) {
                Ok(index) => self.index = Some((section, index)),
                Err(error) => self.refuse(error)?,
            },
            _ => {}
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

    /// The index as found or put together, and what is known beside it. `length` is that
    /// of the archive as it is.
    pub fn finish(mut self, length: u64) -> (Index, Recovery) {
        let fault = self.fault.take().unwrap_or(ContainerError::Lost { structure: "INDEX" });
        let mut recovery = Recovery {
            fault: Arc::new(fault),
            index: self.index.is_some(),
            missing: None,
            spoiled: BTreeMap::new(),
            digests: BTreeMap::new(),
            cut: 0,
        };
        let intact = self.intact_groups();
        let (whole, index) = match self.index.take() {
            Some((section, mut index)) => (place(&mut index, section, &self.sections), index),
            None => {
                recovery.digests = std::mem::take(&mut self.digests);
                (self.reach.saturating_add(FOOTER_LENGTH as u64), self.made(&mut recovery))
            }
        };
        let missing = whole.checked_sub(length).filter(|&missing| missing > 0);
        recovery.missing = missing.map(|missing| (missing, whole));
        for extent in index.entries.iter().flat_map(extents) {
            match intact.get(&extent.group) {
                Some(true) => {}
                Some(false) => drop(recovery.spoiled.insert(extent.group, "damaged")),
                None => drop(recovery.spoiled.insert(extent.group, "lost")),
            }
        }
        (index, recovery)
    }

    /// Whether the groups that were found are intact.
    fn intact_groups(&self) -> BTreeMap<u64, bool> {
        let data = |section: &Section| section.header.known_type() == Some(SectionType::Data);
        let groups = self.sections.values().filter(|(section, _)| data(section));
        groups.map(|(section, intact)| (section.header.group, *intact)).collect()
    }

    /// An index made of what ENTRY sections say.
    fn made(self, recovery: &mut Recovery) -> Index {
        let (entries, cut) = self.catalog.finish();
        recovery.cut = cut;
        let found = self.sections.values().map(|&(section, _)| section);
        // Groups ascend; only a forged archive has others.
        let mut next = 0;
        let ascends = |section: &Section| {
            let header = &section.header;
            let data = header.known_type() == Some(SectionType::Data);
            let ascends = !data || header.group >= next;
            next = if data && ascends { header.group.saturating_add(1) } else { next };
            ascends
        };
        Index { sections: found.filter(ascends).collect(), entries }
    }
}

fn extents(entry: &Entry) -> &[Extent] {
    match &entry.kind {
        Kind::File(content) => &content.extents,
        _ => &[],
    }
}

/// Gives the sections of an index the places where they were found; returns how
/// long the archive was. A section that was not found is where it should be, as
/// seen from INDEX, or nowhere.
fn place(index: &mut Index, found: Section, sections: &BTreeMap<u64, (Section, bool)>) -> u64 {
    let end = index.sections.last().map_or(super::PREFACE_LENGTH as u64, Section::end);
    for section in &mut index.sections {
        let expected = (section.offset + found.offset).checked_sub(end);
        section.offset = match sections.get(&section.header.sequence) {
            Some((place, _)) if place.header == section.header => place.offset,
            _ => expected.unwrap_or(NOWHERE),
        };
    }
    end.saturating_add(found.header.section_length()).saturating_add(FOOTER_LENGTH as u64)
}
