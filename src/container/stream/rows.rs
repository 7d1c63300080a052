//! Comparing what came with what INDEX lists.

use super::StreamReader;
use crate::checksum::{Digest, Hasher};
use crate::container::tables::check_roots;
use crate::container::{ArchiveId, ContainerError, Index, Section, SectionHeader};
use std::io::Read;

/// Stands for a footer in the hash of all.
pub(super) const FOOTER_ROW: [u8; 1] = [0];

/// Adds a section to the hash of all.
pub(super) fn hash_row(rows: &mut Hasher, header: &SectionHeader, digest: &Digest) {
    rows.update(&header.to_bytes(&ArchiveId::default()));
    rows.update(digest);
}

impl<R: Read> StreamReader<R> {
    /// Compares the sections that came before the INDEX section `at` with what it lists.
    /// Nothing is compared if some were lost, which was reported.
    ///
    /// # Errors
    /// [`ContainerError::Damaged`], [`ContainerError::Invalid`].
    pub fn compare(&self, index: &Index, at: &Section) -> Result<(), ContainerError> {
        index.check_copies()?;
        check_roots(&self.archive_id, index)?;
        let Some(rows) = self.listed.get(&at.header.sequence) else { return Ok(()) };
        let mut listed = Hasher::new();
        let mut footers = index.footers.iter().peekable();
        for (number, section) in index.sections.iter().enumerate() {
            while footers.next_if(|&&before| before == number as u64).is_some() {
                listed.update(&FOOTER_ROW);
            }
            hash_row(&mut listed, &section.header, &section.digest.unwrap_or_default());
        }
        footers.for_each(|_| listed.update(&FOOTER_ROW));
        if *rows == listed.digest() {
            return Ok(());
        }
        let (structure, cause) = ("INDEX", "it does not list the sections that stand before it");
        let offset = at.offset;
        Err(ContainerError::Damaged { structure, offset, cause })
    }
}
