//! Checking an archive without writing anything.

use super::extract::{ExtractSummary, Files};
use super::index::{Archive, find};
use super::sink::Target;
use crate::archive::ErrorKind;
use crate::archive::{ArchiveError, Control, Event};
use crate::checksum::Digest;
use crate::container::{Catalog, NO_GROUP, ReadAt, Section, SectionType, decode_part};
use crate::entry::{Content, Entry, Kind};
use std::collections::BTreeMap;

/// What was found. Failures are in [`ExtractSummary::failures`].
pub type VerifySummary = ExtractSummary;

impl<S: ReadAt> Archive<S> {
    /// Checks the stored bytes of every section against their hashes, and the
    /// root hash. Decodes nothing. Damage is reported as warnings.
    ///
    /// # Errors
    /// [`ArchiveError::Interrupted`].
    pub fn verify_quick(&self, control: &Control) -> Result<VerifySummary, ArchiveError> {
        let mut summary = self.summary();
        let sections = &self.reader.index().sections;
        let bytes = sections.iter().map(|section| section.header.stored_length).sum();
        control.events.event(Event::Total { entries: 0, bytes });
        for section in sections {
            control.check()?;
            let stored = section.header.stored_length;
            match self.reader.read_section(section) {
                Ok(_) => summary.bytes += stored,
                Err(error) => summary.fail(control, error),
            }
            control.events.event(Event::Progress { bytes: stored, stored });
        }
        if let Err(error) = self.reader.check_root() {
            summary.fail(control, error);
        }
        Ok(summary)
    }

    /// Decodes everything: every file against its digest, every ENTRY section
    /// against the index, and the root hash. Damage is reported as warnings.
    ///
    /// # Errors
    /// [`ArchiveError::Interrupted`], [`ArchiveError::Limit`].
    pub fn verify(&self, jobs: usize, control: &Control) -> Result<VerifySummary, ArchiveError> {
        let mut summary = self.summary();
        if let Err(error) = self.reader.check_root() {
            summary.fail(control, error);
        }
        let mut digests = BTreeMap::new();
        let left = self.limits.memory.saturating_sub(self.tables);
        let mut catalog = Catalog::new(left);
        // Of an archive that is not whole only the files are looked at.
        let whole = self.recovery().is_none();
        for section in self.reader.index().sections.iter().filter(|_| whole) {
            control.check()?;
            let read = || self.reader.read_section(section).map_err(ArchiveError::from);
            let checked = match section.header.known_type() {
                // Read, and checked, when their files are.
                Some(SectionType::Data) => Ok(()),
                Some(SectionType::Entry) => read()
                    .and_then(|bytes| self.compare(section, &bytes, &mut catalog))
                    .map(|digest| {
                        digests.insert(section.header.group, digest);
                    }),
                _ => read().map(drop),
            };
            match checked {
                Ok(()) => {}
                // Nothing after it would fit.
                Err(error) if error.kind() == ErrorKind::Limit => return Err(error),
                Err(error) => summary.fail(control, error),
            }
        }
        // Without an announcement that stands an entry is lost to pipes and to
        // salvage.
        let announced = catalog.finish().0;
        for entry in self.entries() {
            if whole && find(&announced, &entry.path).is_none() {
                let cause = std::sync::Arc::new(ArchiveError::Unannounced);
                summary.fail(control, ArchiveError::File { path: entry.path.clone(), cause });
            }
        }
        drop(announced);
        let is_file = |entry: &&Entry| matches!(entry.kind, Kind::File(_));
        let files: Vec<Entry> = self.entries().iter().filter(is_file).cloned().collect();
        summary.entries = (self.entries().len() - files.len()) as u64;
        let open = |_: &Entry, _: &Content| Ok(Some(Target::Nowhere));
        let files = Files { digests, ..files.into() };
        self.run(files, jobs, control, Box::new(open), &mut summary)?;
        Ok(summary)
    }

    /// Compares an ENTRY section with the index and notes the paths it
    /// announces; returns the digest of its group.
    fn compare(
        &self,
        section: &Section,
        payload: &[u8],
        catalog: &mut Catalog,
    ) -> Result<Digest, ArchiveError> {
        let part = decode_part(payload, section.header.raw_length, &self.limits)?;
        let length = match section.header.group {
            NO_GROUP => 0,
            group => self.reader.group(group).map_or(0, |data| data.header.raw_length),
        };
        let last = part.pieces.len().wrapping_sub(1) as u64;
        let mut pieces = part.file_pieces.iter();
        let agrees = part.entries.iter().all(|entry| {
            let goes_on = part.following > 0
                && match entry.kind {
                    Kind::File(_) => pieces.next() == Some(&last),
                    Kind::HardLink { .. } => true,
                    _ => false,
                };
            // Then it may be revoked later.
            goes_on || find(self.entries(), &entry.path).is_some_and(|known| agree(entry, known))
        });
        let (digest, fits) = (part.group_digest, part.length() == length);
        catalog.take(part, section.header.group, &self.limits)?;
        match agrees && fits {
            true => Ok(digest),
            false => Err(ArchiveError::Disagree { offset: section.offset }),
        }
    }
}

/// Whether an announced entry is the one of the index; extents and digest,
/// which are not announced, aside.
pub(super) fn agree(announced: &Entry, known: &Entry) -> bool {
    let kinds = match (&announced.kind, &known.kind) {
        (Kind::File(one), Kind::File(other)) => {
            (one.size, &one.segments) == (other.size, &other.segments)
        }
        (one, other) => one == other,
    };
    kinds && announced.metadata == known.metadata
}
