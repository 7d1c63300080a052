//! Reading a container by its index. Normative text: spec/container.md §12.

use super::catalog::{Contents, Origin, Placed, SectionUse};
use super::limits::check;
use super::tables::{Ends, Tables, read_contents, read_tables_at};
use super::{
    ArchiveId, At, ContainerError, FOOTER_LENGTH, Footer, Foreign, HEADER_LENGTH, Index, Limits,
    PREFACE_LENGTH, Preface, ReadAt, Section, SectionHeader,
};
use crate::checksum::{Digest, digest};
use crate::entry::Entry;
use std::collections::BTreeMap;
use std::io;

/// An archive opened by its footer and index, or the remains of one.
#[derive(Debug)]
pub struct Reader<S> {
    source: S,
    limits: Limits,
    archive_id: ArchiveId,
    index: Index,
    contents: Contents,
    groups: Vec<Section>,
    /// Set if the archive is intact.
    ends: Option<Ends>,
}

/// Offset of a section that was not found.
pub const NOWHERE: u64 = u64::MAX;

impl<S: ReadAt> Reader<S> {
    /// Opens an archive: reads and checks preface, footer, index and ENTRY sections, but no
    /// group.
    ///
    /// # Errors
    /// Every [`ContainerError`].
    pub fn open(source: S, limits: &Limits) -> Result<Self, ContainerError> {
        Self::open_at(source, limits, At::Newest)
    }

    /// Opens a generation of an archive, as [`Reader::open`] opens the newest.
    ///
    /// # Errors
    /// Every [`ContainerError`].
    pub fn open_at(source: S, limits: &Limits, at: At) -> Result<Self, ContainerError> {
        let length = source.length()?;
        let tables = read_tables_at(&source, length, limits, at)?;
        let contents = read_contents(&source, &tables, limits)?;
        Ok(Self::whole(source, limits, tables, contents))
    }

    /// A whole archive, of which everything but the groups was read.
    pub(super) fn whole(source: S, limits: &Limits, tables: Tables, contents: Contents) -> Self {
        let Tables { archive_id, index, ends } = tables;
        Self::new(source, limits, archive_id, index, contents, Some(ends))
    }

    pub(super) fn new(
        source: S,
        limits: &Limits,
        archive_id: ArchiveId,
        index: Index,
        contents: Contents,
        ends: Option<Ends>,
    ) -> Self {
        let groups = index.groups();
        Reader { source, limits: limits.clone(), archive_id, index, contents, groups, ends }
    }

    /// Returns the index.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Every entry, in the order of [`crate::entry::compare_paths`].
    pub fn entries(&self) -> &[Entry] {
        &self.contents.entries
    }

    /// The entries, and nothing else.
    pub fn into_entries(self) -> Vec<Entry> {
        self.contents.entries
    }

    /// Where each of the entries was announced, and where its content is.
    pub fn origins(&self) -> &[Origin] {
        &self.contents.origins
    }

    /// Returns the ENTRY sections that are not dead, by Sequence.
    pub fn uses(&self) -> &BTreeMap<u64, SectionUse> {
        &self.contents.sections
    }

    /// Returns the batches that are not dead, in the order of their groups.
    pub fn batches(&self) -> &[Placed] {
        &self.contents.batches
    }

    /// Returns the id of the archive.
    pub fn archive_id(&self) -> ArchiveId {
        self.archive_id
    }

    /// Returns what the archive is read from.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// Returns the index as it would be for a generation behind this one: with INDEX and what
    /// stands behind it. `None` if the archive is not whole, or what closes it is damaged.
    ///
    /// # Errors
    /// As [`Reader::read_section`].
    pub fn closed_index(&self) -> Result<Option<Index>, ContainerError> {
        let Some(ends) = self.ends.as_ref().filter(|ends| ends.broken.is_none()) else {
            return Ok(None);
        };
        let mut index = self.index.clone();
        let root_hash = ends.footer.root_hash;
        index.generations.push(super::Generation { date: index.date, root_hash });
        (index.date, index.incomplete) = (None, false);
        index.copies.clear();
        index.sections.push(ends.index);
        let before = index.sections.len() as u64;
        for section in &ends.closings {
            let payload = match self.read_section(section) {
                Err(error) if error.is_salvageable() => return Ok(None),
                other => other?,
            };
            index.sections.push(Section { digest: Some(digest(&payload)), ..*section });
        }
        index.footers.extend(ends.footers.iter().map(|footers| before + footers));
        Ok(Some(index))
    }

    /// Returns the bytes of memory that entries and contents take.
    pub fn memory(&self) -> u64 {
        self.contents.memory
    }

    /// The footer, if the archive is whole.
    pub fn footer(&self) -> Option<&Footer> {
        self.ends.as_ref().map(|ends| &ends.footer)
    }

    /// Returns the DATA sections in the order of their groups. If the archive is
    /// intact, the n-th is decode group n.
    pub fn groups(&self) -> &[Section] {
        &self.groups
    }

    /// Returns the DATA section of a group.
    pub fn group(&self, group: u64) -> Option<&Section> {
        let found = self.groups.binary_search_by_key(&group, |section| section.header.group);
        found.ok().map(|index| &self.groups[index])
    }

    /// Returns the batch of a group, and the group's place in it.
    pub fn batch(&self, group: u64) -> Option<(&Placed, usize)> {
        let batches = &self.contents.batches;
        let placed = &batches[batches.partition_point(|one| one.first <= group).checked_sub(1)?];
        let place = usize::try_from(group - placed.first).ok()?;
        (place < placed.batch.group_lengths.len()).then_some((placed, place))
    }

    /// Reads the payload of a section of the index and checks it against its digest. The
    /// section's own header must agree with the index.
    ///
    /// # Errors
    /// [`ContainerError::Damaged`], [`ContainerError::Truncated`],
    /// [`ContainerError::TooLarge`], [`ContainerError::Io`].
    pub fn read_section(&self, section: &Section) -> Result<Vec<u8>, ContainerError> {
        read_payload(&self.source, &self.archive_id, section, self.limits.memory)
    }

    /// Reads the payload of a section as far as possible, and returns the section's
    /// fault. Bytes that could not be read are zeros. If there is no fault, the payload
    /// is intact.
    ///
    /// # Errors
    /// [`ContainerError::TooLarge`], [`ContainerError::Io`] if the length of the
    /// source is not known.
    pub fn read_damaged(
        &self,
        section: &Section,
    ) -> Result<(Vec<u8>, Option<ContainerError>), ContainerError> {
        let stored = section.header.stored_length;
        check("memory", stored, self.limits.memory)?;
        if section.offset == NOWHERE {
            return Ok((Vec::new(), Some(ContainerError::Lost { structure: "DATA" })));
        }
        let header = read_header(&self.source, &self.archive_id, section).err();
        let offset = section.payload_offset();
        let there = self.source.length()?.saturating_sub(offset).min(stored);
        let mut payload = vec![0; there as usize];
        let fault = read_pieces(&self.source, &mut payload, offset).err();
        let fault = fault.map(ContainerError::Io).or_else(|| match there < stored {
            true => Some(ContainerError::Truncated { structure: "Payload", offset }),
            false => check_digest(section, &digest(&payload)).err(),
        });
        Ok((payload, header.or(fault)))
    }

    /// Returns whether the payload of a section is intact, whatever its header says.
    pub(super) fn is_intact(&self, section: &Section) -> bool {
        let stored = section.header.stored_length;
        let there = section.offset != NOWHERE
            && stored <= self.limits.memory
            && self.source.length().is_ok_and(|length| section.end() <= length);
        let read = || -> io::Result<bool> {
            let mut payload = vec![0; stored as usize];
            self.source.read_exact_at(&mut payload, section.payload_offset())?;
            Ok(section.has_digest(&digest(&payload)))
        };
        there && read().unwrap_or(false)
    }

    /// Checks the sections behind INDEX: they protect the archive, which does not need them.
    /// Nothing is checked if the archive is not intact. Returns their faults.
    pub fn check_closings(&self) -> Vec<ContainerError> {
        let unprotected = |offset, cause| {
            let structure = "what protects the archive";
            ContainerError::Unprotected { structure, offset, cause }
        };
        let closings = self.ends.iter().flat_map(|ends| &ends.closings);
        let fault = |section: &Section| match self.read_section(section) {
            Err(error) if error.is_salvageable() => {
                Some(unprotected(section.offset, "its payload does not match its header"))
            }
            other => other.err(),
        };
        let broken = self.ends.as_ref().and_then(|ends| ends.broken);
        let broken = broken.map(|offset| unprotected(offset, "its header is not intact"));
        closings.filter_map(fault).chain(broken).collect()
    }
}

/// Reads what can be read, in pieces of a sector's size if it cannot be read at once.
/// Returns the first error.
fn read_pieces(source: &impl ReadAt, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    const SECTOR: usize = 4096;
    const PIECE: usize = 256 * SECTOR;
    let mut result = Ok(());
    for (number, piece) in buffer.chunks_mut(PIECE).enumerate() {
        let at = offset + (number * PIECE) as u64;
        if source.read_exact_at(piece, at).is_ok() {
            continue;
        }
        for (number, sector) in piece.chunks_mut(SECTOR).enumerate() {
            if let Err(error) = source.read_exact_at(sector, at + (number * SECTOR) as u64) {
                sector.fill(0);
                result = result.and(Err(error));
            }
        }
    }
    result
}

pub(super) fn read_structure(
    source: &impl ReadAt,
    buffer: &mut [u8],
    offset: u64,
    structure: &'static str,
) -> Result<(), ContainerError> {
    source.read_exact_at(buffer, offset).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => ContainerError::Truncated { structure, offset },
        _ => ContainerError::Io(error),
    })
}

/// Reads the preface of an archive of `length` bytes.
pub(super) fn read_preface(source: &impl ReadAt, length: u64) -> Result<Preface, ContainerError> {
    let mut bytes = [0; PREFACE_LENGTH];
    let available = (length as usize).min(PREFACE_LENGTH);
    source.read_exact_at(&mut bytes[..available], 0)?;
    if available == 0 {
        return Err(ContainerError::NotAnArchive { found: Foreign::Empty });
    }
    let magic = available.min(super::MAGIC.len());
    if bytes[..magic] == super::MAGIC[..magic] && available < PREFACE_LENGTH {
        return Err(ContainerError::Truncated { structure: "Preface", offset: 0 });
    }
    Preface::from_bytes(&bytes).map_err(|error| match error {
        ContainerError::NotAnArchive { found: Foreign::Unknown } => {
            let mut start = [0; Foreign::ENOUGH];
            let told = source.read_exact_at(&mut start, 0).map(|()| Foreign::of(&start));
            ContainerError::NotAnArchive { found: told.unwrap_or(Foreign::Unknown) }
        }
        other => other,
    })
}

/// Reads the footer of an archive of `length` bytes.
pub(super) fn read_footer(source: &impl ReadAt, length: u64) -> Result<Footer, ContainerError> {
    let offset = length.checked_sub(FOOTER_LENGTH as u64);
    let offset = offset.filter(|&offset| offset >= PREFACE_LENGTH as u64);
    let offset = offset.ok_or(ContainerError::Truncated { structure: "Footer", offset: length })?;
    let mut bytes = [0; FOOTER_LENGTH];
    read_structure(source, &mut bytes, offset, "Footer")?;
    Footer::from_bytes(&bytes, offset)
}

/// Reads the header of `section` and compares it.
fn read_header(
    source: &impl ReadAt,
    archive_id: &ArchiveId,
    section: &Section,
) -> Result<(), ContainerError> {
    let offset = section.offset;
    let mut bytes = [0; HEADER_LENGTH];
    read_structure(source, &mut bytes, offset, "Section_Header")?;
    if SectionHeader::from_bytes(&bytes, archive_id, offset)? != section.header {
        let cause = "it does not match the index";
        return Err(ContainerError::Damaged { structure: "Section_Header", offset, cause });
    }
    Ok(())
}

/// Refuses a payload of another digest than the section's.
fn check_digest(section: &Section, found: &Digest) -> Result<(), ContainerError> {
    let (structure, offset) = ("Payload", section.payload_offset());
    let cause = "Payload_Hash does not match";
    let damaged = ContainerError::Damaged { structure, offset, cause };
    if section.has_digest(found) { Ok(()) } else { Err(damaged) }
}

/// Reads and checks the payload of `section`, at most `limit` bytes.
pub(super) fn read_payload(
    source: &impl ReadAt,
    archive_id: &ArchiveId,
    section: &Section,
    limit: u64,
) -> Result<Vec<u8>, ContainerError> {
    read_header(source, archive_id, section)?;
    let (offset, stored) = (section.payload_offset(), section.header.stored_length);
    check("memory", stored, limit)?;
    if section.end() > source.length()? {
        return Err(ContainerError::Truncated { structure: "Payload", offset });
    }
    let mut payload = vec![0; stored as usize];
    read_structure(source, &mut payload, offset, "Payload")?;
    check_digest(section, &digest(&payload))?;
    Ok(payload)
}
