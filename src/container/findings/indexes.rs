//! Which INDEX section of those that are found counts.

use super::{Findings, SECTION};
use crate::container::{At, ContainerError, Index, Limits, Section, decode_index};

impl Findings {
    /// Fails if the generation that is wanted is not there, as far as can be known.
    ///
    /// # Errors
    /// [`ContainerError::NoGeneration`], [`ContainerError::NoneDated`].
    pub fn check_wanted(&self) -> Result<(), ContainerError> {
        match (&self.index, self.at) {
            (Some((_, index)), At::Number(number)) => {
                let newest = index.generations.len() as u64;
                let there = newest >= number;
                if there { Ok(()) } else { Err(ContainerError::NoGeneration { number, newest }) }
            }
            (None, At::Date(_)) if !self.indexes.is_empty() => {
                Err(ContainerError::NoneDated { earliest: None })
            }
            _ => Ok(()),
        }
    }

    /// Remembers an index, and one that is not supported if there is no other.
    pub(super) fn take_index(
        &mut self,
        section: Section,
        payload: &[u8],
        limits: &Limits,
    ) -> Result<(), ContainerError> {
        self.indexes.insert(section.header.sequence);
        match decode_index(section.header.codec, payload, section.header.raw_length, limits) {
            Ok(index) => {
                let newer = |(_, other): &(Section, Index)| {
                    other.generations.len() <= index.generations.len()
                };
                if self.at.reaches(&index) && self.index.as_ref().is_none_or(newer) {
                    let sections = index.sections.len() as u64;
                    self.held = self.held.saturating_add(sections * SECTION / 3);
                    self.before = self.index.replace((section, index));
                }
            }
            Err(error @ ContainerError::UnsupportedPart { .. }) => self.unsupported = Some(error),
            Err(error) => self.refuse(error)?,
        }
        Ok(())
    }

    /// Returns the index if its rows are those of the sections found.
    ///
    /// # Errors
    /// As [`Findings::finish`].
    pub(super) fn usable_index(&mut self) -> Result<Option<(Section, Index)>, ContainerError> {
        if let Some(unsupported) = self.unsupported.take() {
            match self.index {
                None => return Err(unsupported),
                Some(_) => self.blame(unsupported),
            }
        }
        let differs = |(_, index): &(Section, Index)| self.difference(index).is_some();
        if self.index.as_ref().is_some_and(differs) && self.before.is_some() {
            if let Some(Err(fault)) = self.index.as_ref().map(|(_, index)| self.agrees(index)) {
                self.blame(fault);
            }
            self.index = self.before.take();
        }
        let index = self.index.take();
        // A wrong copy is no reason not to use the rows.
        let agrees = index.as_ref().map_or(Ok(()), |(_, index)| self.agrees(index));
        agrees.map_or_else(|fault| self.blame(fault), drop);
        Ok(index.filter(|(_, index)| self.difference(index).is_none()))
    }

    /// Returns the first row of an index that is not that of the section found.
    fn difference<'i>(&self, index: &'i Index) -> Option<&'i Section> {
        index.sections.iter().find(|section| {
            let found = self.sections.get(&section.header.sequence);
            found.is_some_and(|(found, _)| found.header != section.header)
        })
    }

    /// Compares an index with the sections that were found.
    fn agrees(&self, index: &Index) -> Result<(), ContainerError> {
        match self.difference(index) {
            None => index.check_copies(),
            Some(section) => {
                let (table, row) = ("Section_Table", section.header.sequence);
                let cause = "the row is not that of the section that was found";
                Err(ContainerError::Invalid { table, row, cause })
            }
        }
    }
}
