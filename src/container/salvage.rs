//! Finding sections without index or footer. Normative text:
//! spec/container.md §10.

use super::reader::{ReadAt, read_footer, read_payload, read_preface};
use super::section::SYNC;
use super::{ArchiveId, ContainerError, HEADER_LENGTH, Limits, Section, SectionHeader};

/// Bytes searched at a time.
const WINDOW: usize = 1 << 20;

/// A section whose header is intact.
#[derive(Debug)]
pub struct Found {
    /// Header and position.
    pub section: Section,
    /// The payload, or what is wrong with it.
    pub payload: Result<Vec<u8>, ContainerError>,
}

/// Searches an archive for sync marks, front to back.
///
/// Only sections of one archive are found: the one that preface or footer
/// names, else the one of the first intact header. Without that an archive
/// stored inside the damaged one would be mistaken for part of it.
pub struct Scanner<S> {
    source: S,
    limits: Limits,
    length: u64,
    position: u64,
    archive_id: Option<ArchiveId>,
}

impl<S: ReadAt> Scanner<S> {
    /// Starts at the first byte.
    ///
    /// # Errors
    /// [`ContainerError::Io`].
    pub fn new(source: S, limits: &Limits) -> Result<Self, ContainerError> {
        let length = source.length()?;
        let preface = read_preface(&source, length).map(|preface| preface.archive_id);
        let footer = || read_footer(&source, length).map(|footer| footer.archive_id);
        let archive_id = preface.or_else(|_| footer()).ok();
        Ok(Scanner { source, limits: limits.clone(), length, position: 0, archive_id })
    }

    /// The next section with an intact header, `None` at the end.
    /// Cost: reads the archive once, plus each payload.
    ///
    /// # Errors
    /// [`ContainerError::Io`].
    pub fn next_section(&mut self) -> Result<Option<Found>, ContainerError> {
        while let Some(offset) = self.next_sync()? {
            self.position = offset + 1;
            let Some(section) = self.header_at(offset)? else { continue };
            let id = self.archive_id.unwrap_or_default();
            let payload = read_payload(&self.source, &id, &section, self.limits.memory);
            self.position = match &payload {
                Ok(_) => section.end(),
                // Another section may start inside the lost bytes.
                Err(_) => section.payload_offset(),
            };
            return Ok(Some(Found { section, payload }));
        }
        Ok(None)
    }

    fn header_at(&mut self, offset: u64) -> Result<Option<Section>, ContainerError> {
        if self.length - offset < HEADER_LENGTH as u64 {
            return Ok(None);
        }
        let mut bytes = [0; HEADER_LENGTH];
        self.source.read_exact_at(&mut bytes, offset)?;
        let Ok((header, archive_id)) = SectionHeader::parse(&bytes) else { return Ok(None) };
        if *self.archive_id.get_or_insert(archive_id) != archive_id {
            return Ok(None);
        }
        Ok(Some(Section { header, offset }))
    }

    /// Offset of the next sync mark at or behind the position.
    fn next_sync(&mut self) -> Result<Option<u64>, ContainerError> {
        let mut window = Vec::new();
        while self.length.saturating_sub(self.position) >= SYNC.len() as u64 {
            let size = (self.length - self.position).min(WINDOW as u64) as usize;
            window.resize(size, 0);
            self.source.read_exact_at(&mut window, self.position)?;
            let found = window.windows(SYNC.len()).position(|bytes| bytes == SYNC);
            if let Some(at) = found {
                return Ok(Some(self.position + at as u64));
            }
            // A mark may lie across the end of the window.
            self.position += (size - SYNC.len() + 1) as u64;
        }
        Ok(None)
    }
}
