//! Reading a container by its index. Normative text: spec/container.md §8.

use super::limits::check;
use super::section::header_hash;
use super::{
    ArchiveId, ContainerError, FOOTER_LENGTH, Footer, Foreign, HEADER_LENGTH, Index, Limits,
};
use super::{PAYLOAD_HASH_LENGTH, PREFACE_LENGTH, Preface, Section, SectionHeader, SectionType};
use crate::checksum::{Context, Hasher, Tag, digest};
use std::io;

/// A source whose bytes can be read at any offset, from several threads at once.
pub trait ReadAt: Sync {
    /// Fills `buffer` with the bytes at `offset`.
    ///
    /// # Errors
    /// `UnexpectedEof` if the source ends before; any error of reading.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;

    /// Returns the length in bytes.
    ///
    /// # Errors
    /// Any error of the system.
    fn length(&self) -> io::Result<u64>;
}

impl ReadAt for std::fs::File {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, buffer, offset)
    }

    fn length(&self) -> io::Result<u64> {
        self.metadata().map(|metadata| metadata.len())
    }
}

impl ReadAt for [u8] {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).ok();
        let end = start.and_then(|start| start.checked_add(buffer.len()));
        let bytes = start.zip(end).and_then(|(start, end)| self.get(start..end));
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

impl ReadAt for Vec<u8> {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self[..].read_exact_at(buffer, offset)
    }

    fn length(&self) -> io::Result<u64> {
        self[..].length()
    }
}

impl<T: ReadAt + ?Sized + Send> ReadAt for &T {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        (**self).read_exact_at(buffer, offset)
    }

    fn length(&self) -> io::Result<u64> {
        (**self).length()
    }
}

/// An archive opened by its footer and index, or the remains of one.
#[derive(Debug)]
pub struct Reader<S> {
    source: S,
    limits: Limits,
    archive_id: ArchiveId,
    index: Index,
    groups: Vec<Section>,
    /// Set if the archive is intact.
    ends: Option<(Preface, Footer)>,
}

/// Offset of a section that was not found.
pub const NOWHERE: u64 = u64::MAX;

impl<S: ReadAt> Reader<S> {
    /// Opens an archive: reads and checks preface, footer and index, but no group.
    ///
    /// # Errors
    /// Every [`ContainerError`].
    pub fn open(source: S, limits: &Limits) -> Result<Self, ContainerError> {
        let length = source.length()?;
        let (preface, footer, index) = read_tables(&source, length, limits)?;
        Ok(Self::new(source, limits, preface.archive_id, index, Some((preface, footer))))
    }

    pub(super) fn new(
        source: S,
        limits: &Limits,
        archive_id: ArchiveId,
        index: Index,
        ends: Option<(Preface, Footer)>,
    ) -> Self {
        let groups = index.groups();
        Reader { source, limits: limits.clone(), archive_id, index, groups, ends }
    }

    /// Returns the index.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// What the archive holds, and nothing else.
    pub fn into_index(self) -> Index {
        self.index
    }

    /// The footer, if the archive is whole.
    pub fn footer(&self) -> Option<&Footer> {
        self.ends.as_ref().map(|(_, footer)| footer)
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

    /// Reads the payload of a section of the index and checks it against its hash. The
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
        let fault = fault.map(ContainerError::Io).or_else(|| {
            let mut hash = [0; PAYLOAD_HASH_LENGTH];
            let structure = "Payload";
            let read = self.source.read_exact_at(&mut hash, offset + stored);
            if there < stored || read.is_err() {
                return Some(ContainerError::Truncated { structure, offset });
            }
            let cause = "Payload_Hash does not match";
            (hash != digest(&payload)).then_some(ContainerError::Damaged {
                structure,
                offset,
                cause,
            })
        });
        Ok((payload, header.or(fault)))
    }

    /// Returns whether the payload of a section is intact, whatever its header says.
    pub(super) fn is_intact(&self, section: &Section) -> bool {
        let (offset, stored) = (section.payload_offset(), section.header.stored_length);
        let there = section.offset != NOWHERE
            && stored <= self.limits.memory
            && self.source.length().is_ok_and(|length| section.end() <= length);
        let read = || -> io::Result<bool> {
            let mut payload = vec![0; stored as usize];
            self.source.read_exact_at(&mut payload, offset)?;
            let mut hash = [0; PAYLOAD_HASH_LENGTH];
            self.source.read_exact_at(&mut hash, offset + stored)?;
            Ok(hash == digest(&payload))
        };
        there && read().unwrap_or(false)
    }

    /// Reads every header and every stored hash and compares Root_Hash. Payloads are
    /// not read. Nothing is compared if the archive is not intact.
    ///
    /// # Errors
    /// As [`Reader::read_section`].
    pub fn check_root(&self) -> Result<(), ContainerError> {
        let Some((preface, footer)) = &self.ends else { return Ok(()) };
        let mut root = Hasher::derived(Context::Root);
        root.update(&preface.hash());
        let index = read_index_section(&self.source, footer)?;
        for section in self.index.sections.iter().chain([&index]) {
            root.update(&read_header(&self.source, &self.archive_id, section)?);
            let mut hash = [0; PAYLOAD_HASH_LENGTH];
            let offset = section.end() - PAYLOAD_HASH_LENGTH as u64;
            read_structure(&self.source, &mut hash, offset, "Payload_Hash")?;
            root.update(&hash);
        }
        if root.digest() != footer.root_hash {
            let offset = footer.file_length - FOOTER_LENGTH as u64;
            let cause = "Root_Hash does not match the sections";
            return Err(ContainerError::Damaged { structure: "Footer", offset, cause });
        }
        Ok(())
    }
}

/// Reads the preface, footer and index of an archive whose footer ends at `length`.
pub(super) fn read_tables(
    source: &impl ReadAt,
    length: u64,
    limits: &Limits,
) -> Result<(Preface, Footer, Index), ContainerError> {
    let preface = read_preface(source, length)?;
    let footer = read_footer(source, length)?;
    let damaged = |cause| ContainerError::Damaged {
        structure: "Footer",
        offset: length - FOOTER_LENGTH as u64,
        cause,
    };
    if footer.archive_id != preface.archive_id {
        return Err(damaged("Archive_Id belongs to another archive"));
    }
    let section = read_index_section(source, &footer)?;
    let payload = read_payload(source, &footer.archive_id, &section, limits.index_bytes)?;
    if digest(&payload) != footer.index_hash {
        return Err(damaged("Index_Hash does not match the INDEX section"));
    }
    let index = super::decode_index(&payload, section.header.raw_length, limits)?;
    let end = index.sections.last().map_or(PREFACE_LENGTH as u64, Section::end);
    if end != footer.index_offset || index.sections.len() as u64 + 1 != footer.section_count {
        return Err(damaged("the footer does not match the sections that the index lists"));
    }
    Ok((preface, footer, index))
}

/// Follows the headers one after the other from the first, and returns the end of the
/// footer that they lead to. Bytes may follow it.
///
/// # Errors
/// As [`Reader::open`]. Costs a read of 80 bytes for each section.
pub(super) fn walk(source: &impl ReadAt, length: u64) -> Result<u64, ContainerError> {
    let preface = read_preface(source, length)?;
    let mut offset = PREFACE_LENGTH as u64;
    loop {
        let mut bytes = [0; HEADER_LENGTH];
        read_structure(source, &mut bytes, offset, "Section_Header")?;
        let header = SectionHeader::from_bytes(&bytes, &preface.archive_id, offset)?;
        offset = Section { header, offset }.end();
        if header.known_type() == Some(SectionType::Index) {
            return Ok(offset.saturating_add(FOOTER_LENGTH as u64));
        }
    }
}

/// Reads what can be read, in pieces of a sector's size if it cannot be read at once.
/// Returns the last error.
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
                result = Err(error);
            }
        }
    }
    result
}

fn read_structure(
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

fn read_index_section(source: &impl ReadAt, footer: &Footer) -> Result<Section, ContainerError> {
    let offset = footer.index_offset;
    let mut bytes = [0; HEADER_LENGTH];
    read_structure(source, &mut bytes, offset, "INDEX")?;
    let header = SectionHeader::from_bytes(&bytes, &footer.archive_id, offset)?;
    let expected = header.known_type() == Some(SectionType::Index)
        && header.check_place(0).is_ok()
        && header.sequence.checked_add(1) == Some(footer.section_count)
        && header.section_length() == footer.index_length;
    if !expected {
        let cause = "the footer and the INDEX section disagree";
        return Err(ContainerError::Damaged { structure: "INDEX", offset, cause });
    }
    Ok(Section { header, offset })
}

/// Reads the header of `section`, compares it, and returns Header_Hash.
fn read_header(
    source: &impl ReadAt,
    archive_id: &super::ArchiveId,
    section: &Section,
) -> Result<Tag, ContainerError> {
    let offset = section.offset;
    let mut bytes = [0; HEADER_LENGTH];
    read_structure(source, &mut bytes, offset, "Section_Header")?;
    if SectionHeader::from_bytes(&bytes, archive_id, offset)? != section.header {
        let cause = "it does not match the index";
        return Err(ContainerError::Damaged { structure: "Section_Header", offset, cause });
    }
    Ok(header_hash(&bytes))
}

/// Reads and checks the payload of `section`, at most `limit` bytes.
pub(super) fn read_payload(
    source: &impl ReadAt,
    archive_id: &super::ArchiveId,
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
    let mut hash = [0; PAYLOAD_HASH_LENGTH];
    read_structure(source, &mut hash, offset + stored, "Payload_Hash")?;
    if hash != digest(&payload) {
        let cause = "Payload_Hash does not match";
        return Err(ContainerError::Damaged { structure: "Payload", offset, cause });
    }
    Ok(payload)
}
