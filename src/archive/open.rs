//! An archive opened through its index.

use super::{ArchiveError, Limits};
use crate::arith::Isa;
use crate::codec::{self, CodecError, Coding};
use crate::container::{ReadAt, Reader, Section};
use crate::entry::{Entry, Kind, compare_paths};
use std::sync::Arc;

/// An archive whose index was read and checked.
///
/// Only what an operation needs is decoded: the groups of the wanted files,
/// and of those only the bytes up to the last wanted one where the codec can
/// stop early.
#[derive(Debug)]
pub struct Archive<S> {
    pub(super) reader: Reader<S>,
    pub(super) limits: Limits,
}

/// A decode group, for people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupInfo {
    /// Number of the group.
    pub group: u64,
    /// Byte offset of its section in the archive.
    pub offset: u64,
    /// How it is coded.
    pub coding: Coding,
    /// Bytes of its payload.
    pub stored_length: u64,
    /// Bytes once decoded.
    pub raw_length: u64,
    /// Rough seconds of one core to decode it.
    pub decode_seconds: f64,
    /// Bytes of memory to decode it; `None` if its codec is not known.
    pub decode_memory: Option<u64>,
}

impl<S: ReadAt> Archive<S> {
    /// Opens an archive. No group is decoded.
    ///
    /// # Errors
    /// [`ArchiveError::Container`]. For an archive whose index or footer is
    /// lost see [`super::salvage`].
    pub fn open(source: S, limits: &Limits) -> Result<Self, ArchiveError> {
        let reader = Reader::open(source, limits)?;
        Ok(Archive { reader, limits: limits.clone() })
    }

    /// Every entry, in the order of the paths.
    pub fn entries(&self) -> &[Entry] {
        &self.reader.index().entries
    }

    /// The entry of this path.
    pub fn entry(&self, path: &[u8]) -> Option<&Entry> {
        find(self.entries(), path)
    }

    /// Bytes of the archive.
    pub fn stored_length(&self) -> u64 {
        self.reader.footer().file_length
    }

    /// BLAKE3 over all sections.
    pub fn root_hash(&self) -> [u8; 32] {
        self.reader.footer().root_hash
    }

    /// The decode groups.
    pub fn groups(&self) -> impl Iterator<Item = GroupInfo> {
        self.reader.groups().iter().map(|section| {
            let (header, coding) = (section.header, coding(section));
            GroupInfo {
                group: header.group,
                offset: section.offset,
                coding,
                stored_length: header.stored_length,
                raw_length: header.raw_length,
                decode_seconds: codec::decode_seconds(coding, header.raw_length),
                decode_memory: codec::decode_memory(coding, header.raw_length).ok(),
            }
        })
    }

    /// The decode group of this number, which the index is known to have.
    pub(super) fn group(&self, group: u64) -> &Section {
        &self.reader.groups()[group as usize]
    }

    /// Reads a group and decodes its first `wanted` bytes.
    pub(super) fn decode(&self, section: &Section, wanted: usize) -> Decoded {
        // What cannot be decoded is not read.
        let known = codec::decode_memory(coding(section), section.header.raw_length);
        let payload = known
            .map_err(ArchiveError::from)
            .and_then(|_| Ok(self.reader.read_section(section)?));
        let decoded = payload.and_then(|payload| decode(section, &payload, wanted));
        decoded.map_err(|cause| Arc::new(in_group(section, cause)))
    }
}

/// Decoded bytes, or why there are none, to be told of every file they hit.
pub(super) type Decoded = Result<Vec<u8>, Arc<ArchiveError>>;

/// Decodes the first `wanted` bytes of a group.
pub(super) fn decode(
    section: &Section,
    payload: &[u8],
    wanted: usize,
) -> Result<Vec<u8>, ArchiveError> {
    let raw_length = section.header.raw_length;
    codec::decode_memory(coding(section), raw_length)?;
    codec::test_once(section.header.codec, Isa::best())?;
    Ok(codec::decode_group(coding(section), payload, raw_length as usize, wanted)?)
}

/// Names the group a failure happened in.
pub(super) fn in_group(section: &Section, cause: ArchiveError) -> ArchiveError {
    let (group, offset) = (section.header.group, section.offset);
    ArchiveError::Group { group, offset, cause: Arc::new(cause) }
}

/// Passes on what was decoded, unless no group can be: this CPU computes something else.
pub(super) fn ends_run(decoded: Decoded) -> Result<Decoded, ArchiveError> {
    let Err(error) = &decoded else { return Ok(decoded) };
    let ArchiveError::Group { group, offset, cause } = &**error else { return Ok(decoded) };
    match **cause {
        ArchiveError::Codec(CodecError::SelfTest { .. }) => {
            let (group, offset, cause) = (*group, *offset, Arc::clone(cause));
            Err(ArchiveError::Group { group, offset, cause })
        }
        _ => Ok(decoded),
    }
}

/// Bytes that decoding a group takes: payload, decoded bytes, and what the
/// codec needs. A group that no codec takes costs nothing: it is refused.
pub(super) fn decode_cost(section: &Section) -> u64 {
    let header = &section.header;
    match codec::decode_memory(coding(section), header.raw_length) {
        Ok(memory) => memory.saturating_add(header.stored_length).saturating_add(header.raw_length),
        Err(_) => 0,
    }
}

fn coding(section: &Section) -> Coding {
    let header = &section.header;
    Coding { codec: header.codec, filter: header.filter, model: header.model }
}

/// The entry of this path among entries in path order.
pub(super) fn find<'a>(entries: &'a [Entry], path: &[u8]) -> Option<&'a Entry> {
    let found = entries.binary_search_by(|entry| compare_paths(&entry.path, path));
    found.ok().map(|index| &entries[index])
}

/// Bytes of data an entry has in the groups.
pub(super) fn data_length(entry: &Entry) -> u64 {
    match &entry.kind {
        Kind::File(content) => content.extents.iter().map(|extent| extent.length).sum(),
        _ => 0,
    }
}
