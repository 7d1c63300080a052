//! Checking an archive without writing anything.

use super::extract::{ExtractSummary, Files};
use super::index::Archive;
use super::sink::Target;
use crate::archive::{ArchiveError, Control, Event};
use crate::container::{ReadAt, Section, SectionType};
use crate::entry::{Content, Entry};

/// What was found. Failures are in [`ExtractSummary::failures`].
pub type VerifySummary = ExtractSummary;

impl<S: ReadAt> Archive<S> {
    /// Checks the stored bytes of every section against their digests. Decodes nothing.
    /// Damage is reported as warnings. The root hash was checked when the archive was
    /// opened.
    ///
    /// # Errors
    /// [`ArchiveError::Interrupted`].
    pub fn verify_quick(&self, control: &Control) -> Result<VerifySummary, ArchiveError> {
        let mut summary = self.summary();
        let sections = &self.reader.index().sections;
        let bytes = sections.iter().map(|section| section.header.stored_length).sum();
        control.events.event(Event::Total { entries: 0, bytes });
        self.verify_sections(sections.iter(), &mut summary, control)?;
        Ok(summary)
    }

    /// Decodes everything: every span and every file against its digest, and checks all
    /// other sections. Damage is reported as warnings.
    ///
    /// # Errors
    /// [`ArchiveError::Interrupted`], [`ArchiveError::Limit`].
    pub fn verify(&self, jobs: usize, control: &Control) -> Result<VerifySummary, ArchiveError> {
        let mut summary = self.summary();
        // Of an archive that is not whole only the files are looked at. Groups are read, and
        // checked, when they are decoded, but for dead ones.
        let whole = self.recovery().is_none();
        let sections = self.reader.index().sections.iter();
        let others = sections.filter(|section| {
            let decoded = || self.reader.batch(section.header.group).is_some();
            whole && !(section.header.is(SectionType::Data) && decoded())
        });
        self.verify_sections(others, &mut summary, control)?;
        summary.bytes = 0;
        let files: Vec<Entry> =
            self.entries().iter().filter(|entry| entry.is_file()).cloned().collect();
        summary.entries = (self.entries().len() - files.len()) as u64;
        let open = |_: &Entry, _: &Content| Ok(Some(Target::Nowhere));
        let files = Files { all_groups: whole, ..files.into() };
        self.run(files, jobs, control, Box::new(open), &mut summary)?;
        Ok(summary)
    }

    /// Reads sections; the bytes of intact ones are counted in `summary`.
    fn verify_sections<'s>(
        &self,
        sections: impl Iterator<Item = &'s Section>,
        summary: &mut VerifySummary,
        control: &Control,
    ) -> Result<(), ArchiveError> {
        for section in sections {
            control.check()?;
            let stored = section.header.stored_length;
            match self.reader.read_section(section) {
                Ok(_) => summary.bytes += stored,
                Err(error) => summary.fail(control, error),
            }
            control.events.event(Event::Progress { bytes: stored, stored });
        }
        let faults = self.reader.check_closings();
        faults.into_iter().for_each(|fault| summary.fail(control, fault));
        Ok(())
    }
}
