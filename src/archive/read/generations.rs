//! What the generations of an archive are, and how much of an archive is dead.

use super::index::Archive;
use crate::archive::{ArchiveError, Control, Limits};
use crate::container::{At, FOOTER_LENGTH, PREFACE_LENGTH, ReadAt, Section, SectionType, State};
use crate::entry::Kind;
use std::collections::{BTreeMap, BTreeSet};

/// A generation of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerationInfo {
    /// Its number, counted from 0.
    pub number: u64,
    /// Seconds since 1970 at which it was written, if it says so.
    pub date: Option<i64>,
    /// Number of its entries; `None` if it cannot be read.
    pub entries: Option<u64>,
    /// Bytes by which it made the archive longer.
    pub added: u64,
    /// Bytes of the archive as it was then that were of no use any more; `None` if it cannot be
    /// read.
    pub dead: Option<u64>,
    /// BLAKE3 over the preface and the list of all sections with their digests.
    pub root_hash: [u8; 32],
    /// Whether the writer was interrupted, and left what it had.
    pub incomplete: bool,
}

impl<S: ReadAt + Send> Archive<S> {
    /// Returns all generations up to the one that is open, oldest first. Cost: each is opened.
    ///
    /// # Errors
    /// [`ArchiveError::Interrupted`]; [`ArchiveError::NotWhole`] if the archive is damaged.
    pub fn generations(
        &self,
        limits: &Limits,
        control: &Control,
    ) -> Result<Vec<GenerationInfo>, ArchiveError> {
        let root_hash = self.root_hash().ok_or(ArchiveError::NotWhole)?;
        let index = self.reader.index();
        let mut all = Vec::with_capacity(index.generations.len() + 1);
        let mut start = PREFACE_LENGTH as u64;
        for (number, (generation, end)) in (0..).zip(index.generations.iter().zip(index.ends())) {
            control.check()?;
            let opened = Archive::open_at(self.reader.source(), limits, At::Number(number)).ok();
            all.push(GenerationInfo {
                number,
                date: generation.date,
                entries: opened.as_ref().map(|archive| archive.entries().len() as u64),
                added: end - if number == 0 { 0 } else { start },
                dead: opened.as_ref().map(Archive::dead_bytes),
                root_hash: generation.root_hash,
                incomplete: opened.as_ref().is_some_and(Archive::is_incomplete),
            });
            start = end;
        }
        let before = if all.is_empty() { 0 } else { start };
        all.push(GenerationInfo {
            number: self.generation(),
            date: index.date,
            entries: Some(self.entries().len() as u64),
            added: self.stored_length() - before,
            dead: Some(self.dead_bytes()),
            root_hash,
            incomplete: self.is_incomplete(),
        });
        Ok(all)
    }
}

impl<S: ReadAt> Archive<S> {
    /// Returns the number of the generation that is open, counted from 0.
    pub fn generation(&self) -> u64 {
        self.reader.index().generations.len() as u64
    }

    /// Returns whether the writer of the generation that is open was interrupted, and left what
    /// it had.
    pub fn is_incomplete(&self) -> bool {
        self.reader.index().incomplete
    }

    /// Returns the date of the generation that is open, in seconds since 1970, if it has one.
    pub fn date(&self) -> Option<i64> {
        self.reader.index().date
    }

    /// Returns how many bytes of the archive are of no use for the generation that is open:
    /// contents of no entry, and tables of earlier generations. Of a group that holds both, the
    /// share counts. Cost: one pass over the entries.
    pub fn dead_bytes(&self) -> u64 {
        let live = self.live_bytes();
        let index = self.reader.index();
        let group = |section: &Section| {
            let (raw, stored) = (section.header.raw_length, section.header.stored_length);
            let live = live.get(&section.header.group).copied().unwrap_or(0).min(raw);
            (u128::from(stored) * u128::from(raw - live) / u128::from(raw.max(1))) as u64
        };
        let last = index.indexes().map(|section| section.header.sequence).last();
        let dead = index.sections.iter().map(|section| {
            let sequence = section.header.sequence;
            let earlier = last.is_some_and(|last| sequence <= last);
            match section.header.known_type() {
                Some(SectionType::Data) => group(section),
                Some(SectionType::Entry) if index.state(sequence) != State::Dead => 0,
                Some(SectionType::Comment | SectionType::Chunks) | None => 0,
                // What closes the last of the earlier generations stands behind its INDEX.
                Some(SectionType::Parity | SectionType::Signature) => {
                    section.header.section_length()
                }
                _ if earlier => section.header.section_length(),
                _ => 0,
            }
        });
        dead.sum::<u64>() + (index.footers.len() * FOOTER_LENGTH) as u64
    }

    /// Returns how many bytes of contents are not stored, since they are in the archive already:
    /// those in runs. Cost: one pass over the tables.
    pub fn repeated_bytes(&self) -> u64 {
        let rows = self.reader.batches().iter().flat_map(|placed| &placed.batch.rows);
        let runs = rows.flat_map(|row| &row.runs).filter(|run| run.back > 0);
        runs.fold(0, |sum, run| sum.saturating_add(run.length))
    }

    /// Returns for each group how many of its bytes entries use; all of a base that is used.
    pub(in crate::archive) fn live_bytes(&self) -> BTreeMap<u64, u64> {
        let files = self.entries().iter().filter_map(|entry| match &entry.kind {
            Kind::File(content) => Some(&content.extents[..]),
            _ => None,
        });
        let extents = files.flatten();
        let mut pieces: Vec<(u64, u64, u64)> = extents
            .map(|extent| (extent.group, extent.offset, extent.offset + extent.length))
            .collect();
        pieces.sort_unstable();
        let mut live: BTreeMap<u64, u64> = BTreeMap::new();
        let mut before = (0, 0);
        for (group, start, end) in pieces {
            let start = if before.0 == group { start.max(before.1) } else { start };
            *live.entry(group).or_default() += end.saturating_sub(start);
            before = (group, end.max(start));
        }
        let bases: BTreeSet<u64> = live
            .keys()
            .filter_map(|&group| self.reader.group(group)?.header.base_group())
            .collect();
        for base in bases {
            let length = self.reader.group(base).map_or(0, |section| section.header.raw_length);
            live.insert(base, length);
        }
        live
    }
}
