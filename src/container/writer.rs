//! Writing a container front to back. It never seeks, so it can write to a pipe.

use super::chunks::{Chunk, SECTION_CHUNKS, encode_chunks};
use super::footer::root_hash;
use super::section::SECTION_MOST;
use super::{ANCILLARY, ArchiveId, BASE, Base, ContainerError, Footer, Generation, Index, Part};
use super::{Preface, Section, SectionHeader, SectionType, Shard, State};
use super::{encode_index, encode_part, parity};
use crate::checksum::{Digest, digest, short};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Returns the bytes of DATA payloads for each byte of a copy, at least; `count` are the
/// ENTRY sections, whose reads are saved.
const fn copied_share(count: usize) -> u64 {
    if count > 16 { 256 } else { 1024 }
}

/// A writer of one archive.
pub struct Writer<W: Write> {
    output: W,
    archive_id: ArchiveId,
    offset: u64,
    index: Index,
    groups: u64,
    /// What PARITY covers: every ENTRY section so far, and where it stands.
    protected: parity::Ranges,
    /// Gets the offset at which the last checkpoint ends.
    kept: Arc<AtomicU64>,
}

/// How a group is coded, as its header says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupCoding {
    /// Number of the codec.
    pub codec: u8,
    /// Number of the filter.
    pub filter: u8,
    /// Registered model id.
    pub model: u16,
    /// What the group starts behind.
    pub base: Option<Base>,
    /// The codec makes its tables for 2^capacity symbols; 0: for those of the group.
    pub capacity: u8,
    /// Whether other groups start behind this one.
    pub is_base: bool,
}

/// A group that starts anew: codec, filter, model.
impl From<(u8, u8, u16)> for GroupCoding {
    fn from((codec, filter, model): (u8, u8, u16)) -> GroupCoding {
        GroupCoding { codec, filter, model, ..GroupCoding::default() }
    }
}

impl<W: Write> Writer<W> {
    /// Starts an archive with its preface.
    ///
    /// # Errors
    /// [`ContainerError::Io`].
    pub fn new(mut output: W, archive_id: ArchiveId) -> Result<Self, ContainerError> {
        let bytes = Preface { archive_id }.to_bytes();
        output.write_all(&bytes)?;
        let (offset, index, protected) = (bytes.len() as u64, Index::default(), Default::default());
        let kept = Arc::default();
        Ok(Writer { output, archive_id, offset, index, groups: 0, protected, kept })
    }

    /// Goes on behind a generation: what is written now is the next. `index` is what
    /// [`super::Reader::closed_index`] gives; the output starts where that ends.
    pub fn resume(output: W, archive_id: ArchiveId, index: Index) -> Self {
        let groups = index.groups().len() as u64;
        let (offset, protected) = (index.end(), Default::default());
        let kept = Arc::default();
        Writer { output, archive_id, offset, index, groups, protected, kept }
    }

    /// Stores the offset at which each checkpoint ends in `kept`, once it is on its way to the
    /// disk.
    pub fn keep_in(mut self, kept: Arc<AtomicU64>) -> Self {
        self.kept = kept;
        self
    }

    /// Says whether the generation is marked as incomplete.
    pub fn set_incomplete(&mut self, incomplete: bool) {
        self.index.incomplete = incomplete;
    }

    /// Says when the generation is written, in seconds since 1970.
    pub fn set_date(&mut self, date: Option<i64>) {
        self.index.date = date;
    }

    /// Says which part of a plan the archive is, if it is one of several.
    pub fn set_shard(&mut self, shard: Option<Shard>) {
        self.index.shard = shard;
    }

    /// Says which ENTRY sections of earlier generations are not live, by Sequence.
    pub fn set_states(&mut self, states: BTreeMap<u64, State>) {
        self.index.states = states;
    }

    /// Returns the Sequence of the next section.
    pub fn sequence(&self) -> u64 {
        self.index.sections.len() as u64
    }

    /// Returns the number of the next group.
    pub fn groups(&self) -> u64 {
        self.groups
    }

    /// Returns the bytes of the stream so far, with those of earlier generations.
    pub fn stream_length(&self) -> u64 {
        let data = self.index.sections.iter().filter(|one| one.header.is(SectionType::Data));
        data.fold(0, |sum, one| sum.saturating_add(one.header.raw_length))
    }

    /// Returns the number of bytes written so far, with those of earlier generations.
    pub fn written(&self) -> u64 {
        self.offset
    }

    /// Writes the ENTRY section of a batch. Its groups must follow.
    ///
    /// # Errors
    /// [`ContainerError::Io`]; [`ContainerError::Invalid`] from [`encode_part`];
    /// [`ContainerError::TooLarge`].
    pub fn write_part(&mut self, part: &Part) -> Result<(), ContainerError> {
        let (codec, payload, raw_length) = encode_part(part)?;
        let header = SectionHeader {
            section_type: SectionType::Entry as u8,
            codec,
            raw_length,
            ..SectionHeader::default()
        };
        self.write_other(header, &payload)
    }

    /// Writes the next decode group; returns its number.
    ///
    /// # Errors
    /// [`ContainerError::Io`], [`ContainerError::TooLarge`].
    pub fn write_group(
        &mut self,
        coding: impl Into<GroupCoding>,
        raw_length: u64,
        payload: &[u8],
    ) -> Result<u64, ContainerError> {
        let GroupCoding { codec, filter, model, base, capacity, is_base } = coding.into();
        let header = SectionHeader {
            section_type: SectionType::Data as u8,
            flags: if is_base { BASE } else { 0 },
            codec,
            filter,
            model,
            base,
            capacity,
            raw_length,
            ..SectionHeader::default()
        };
        self.write_other(header, payload)?;
        self.groups += 1;
        Ok(self.groups - 1)
    }

    /// Writes the digests of bytes of the stream so far, in their order; nothing if there are
    /// none.
    ///
    /// # Errors
    /// [`ContainerError::Io`], [`ContainerError::TooLarge`].
    pub fn write_chunks(&mut self, chunks: &[Chunk]) -> Result<(), ContainerError> {
        let end = self.stream_length();
        for chunks in chunks.chunks(SECTION_CHUNKS) {
            let (codec, payload, raw_length) = encode_chunks(chunks, end)?;
            let header = SectionHeader {
                section_type: SectionType::Chunks as u8,
                flags: ANCILLARY,
                codec,
                raw_length,
                ..SectionHeader::default()
            };
            self.write_other(header, &payload)?;
        }
        Ok(())
    }

    /// Writes a section; sequence, group, stored length and hash are filled in.
    ///
    /// # Errors
    /// [`ContainerError::Io`], [`ContainerError::TooLarge`].
    pub fn write_other(
        &mut self,
        header: SectionHeader,
        payload: &[u8],
    ) -> Result<(), ContainerError> {
        let section = self.write_section(header, payload)?;
        self.index.sections.push(section);
        Ok(())
    }

    /// Writes INDEX, what protects it, and the footer. Returns the output and the footer.
    /// Everything before the footer is flushed, the footer is not.
    ///
    /// # Errors
    /// [`ContainerError::Io`], [`ContainerError::TooLarge`].
    pub fn finish(mut self) -> Result<(W, Footer), ContainerError> {
        let footer = self.close()?;
        Ok((self.output, footer))
    }

    /// Ends a generation that is marked as incomplete; what is written now is the next. No
    /// content may be open. Everything is flushed, the footer too. Returns what it wrote.
    ///
    /// # Errors
    /// As [`Writer::finish`].
    pub fn checkpoint(&mut self) -> Result<Footer, ContainerError> {
        self.index.incomplete = true;
        self.end_generation()
    }

    /// Ends a generation; what is written now is the next, without a date. As
    /// [`Writer::checkpoint`] but for the mark.
    ///
    /// # Errors
    /// As [`Writer::finish`].
    pub fn end_generation(&mut self) -> Result<Footer, ContainerError> {
        let footer = self.close()?;
        self.output.flush()?;
        self.offset = footer.file_length;
        self.kept.store(self.offset, Ordering::Relaxed);
        let Footer { root_hash, .. } = footer;
        let date = self.index.date.take();
        self.index.generations.push(Generation { date, root_hash });
        self.index.incomplete = false;
        self.index.copies.clear();
        self.index.footers.push(self.index.sections.len() as u64);
        Ok(footer)
    }

    fn close(&mut self) -> Result<Footer, ContainerError> {
        self.copy_entries();
        let (codec, payload, raw_length) = encode_index(&self.index)?;
        let header = SectionHeader {
            section_type: SectionType::Index as u8,
            codec,
            raw_length,
            ..SectionHeader::default()
        };
        let section = self.write_section(header, &payload)?;
        self.index.sections.push(section);
        let payload_digest: Digest = section.digest.unwrap_or_default();
        let root_hash = root_hash(&self.archive_id, &section.header, &payload_digest);
        for part in std::mem::take(&mut self.protected).sections() {
            let payload = part.payload(self.offset);
            let section = self.write_section(parity::header(&payload), &payload)?;
            self.index.sections.push(section);
        }
        let footer = Footer {
            index_offset: section.offset,
            file_length: self.offset + super::FOOTER_LENGTH as u64,
            archive_id: self.archive_id,
            root_hash,
        };
        self.output.flush()?;
        self.output.write_all(&footer.to_bytes())?;
        Ok(footer)
    }

    /// Puts copies of the ENTRY payloads into INDEX if they cost next to nothing.
    fn copy_entries(&mut self) {
        let of = |wanted: SectionType| {
            self.index.sections.iter().filter(move |section| section.header.is(wanted))
        };
        let stored = |wanted| of(wanted).map(|one| one.header.stored_length).sum::<u64>();
        // Payloads of earlier generations are not at hand.
        if !self.index.generations.is_empty() {
            return;
        }
        let share = copied_share(of(SectionType::Entry).count());
        if stored(SectionType::Entry).saturating_mul(share) > stored(SectionType::Data) {
            return;
        }
        let copy = |section: &Section| {
            let payload = self.protected.bytes_at(section.payload_offset()..section.end())?;
            Some((section.header.sequence, payload.to_vec()))
        };
        self.index.copies = of(SectionType::Entry).filter_map(copy).collect();
    }

    fn write_section(
        &mut self,
        header: SectionHeader,
        payload: &[u8],
    ) -> Result<Section, ContainerError> {
        let digest = digest(payload);
        let sequence = self.index.sections.len() as u64;
        let stored_length = payload.len() as u64;
        for value in [sequence, self.groups, stored_length, header.raw_length] {
            super::limits::check("bytes of a section", value, SECTION_MOST)?;
        }
        let (group, payload_hash) = (self.groups, short(&digest));
        let header = SectionHeader { sequence, group, stored_length, payload_hash, ..header };
        let bytes = header.to_bytes(&self.archive_id);
        self.output.write_all(&bytes)?;
        self.output.write_all(payload)?;
        if header.is(SectionType::Entry) || header.is(SectionType::Index) {
            self.protected.add(self.offset, &[&bytes, payload]);
        }
        let section = Section { header, offset: self.offset, digest: Some(digest) };
        self.offset = section.end();
        Ok(section)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::{Limits, Reader, Row};

    /// Makes an archive of so many batches of a group, and returns it opened.
    fn batches(count: usize, group: usize) -> Reader<Vec<u8>> {
        let mut writer = Writer::new(Vec::new(), [7; 8]).unwrap();
        for number in 0..count {
            let raw = vec![number as u8; group];
            let mut part = Part { rows: vec![Row::of(group as u64)], ..Part::default() };
            part.seal(&[&raw], crate::container::JOIN);
            writer.write_part(&part).unwrap();
            writer.write_group((0, 0, 0), raw.len() as u64, &raw).unwrap();
        }
        Reader::open(writer.finish().unwrap().0, &Limits::default()).unwrap()
    }

    #[test]
    fn tables_that_are_a_small_part_of_an_archive_have_copies_in_the_index() {
        let copies = |count, group| batches(count, group).index().copies.len();
        assert_eq!(copies(17, 20_000), 17);
        assert_eq!(copies(16, 20_000), 0, "few are read at once anyway");
        assert_eq!(copies(17, 2_000), 0, "small ones would cost too much");
        assert_eq!(copies(1, 200_000), 1, "a large file keeps its name if a sector is lost");
        assert!(batches(17, 20_000).groups().len() == 17);
    }
}
