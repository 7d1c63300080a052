//! Decode groups: where they lie, their bytes, and what decoding them costs.

use super::index::Archive;
use crate::archive::ArchiveError;
use crate::arith::Isa;
use crate::codec::{self, CodecError, Coding, CodingNumbers};
use crate::container::{
    Batch, ContainerError, NOWHERE, ReadAt, Section, SectionHeader, SectionType,
};
use std::ops::Range;
use std::sync::Arc;

/// Returns the section of a group that was not found, and the nothing that was decoded of it.
pub(super) fn lost_group(group: u64) -> (Section, Decoded) {
    let section_type = SectionType::Data as u8;
    let header = SectionHeader { section_type, group, ..SectionHeader::default() };
    let section = Section { header, offset: NOWHERE, digest: None };
    (section, Decoded::nothing(&section, ContainerError::Lost { structure: "DATA" }))
}

impl<S: ReadAt> Archive<S> {
    /// Returns the section of a decode group; one at `NOWHERE` if it was not found.
    pub(in crate::archive) fn group(&self, group: u64) -> Section {
        self.reader.group(group).copied().unwrap_or_else(|| lost_group(group).0)
    }

    /// Returns how many bytes of a group prove its first `wanted` bytes: up to the end of a
    /// span.
    pub(super) fn span_end(&self, group: u64, wanted: usize) -> usize {
        let placed = self.reader.batch(group);
        placed.map_or(wanted, |(one, at)| one.batch.span_end(at, wanted as u64) as usize)
    }

    /// Reads a group, decodes its first `wanted` bytes, or as many as can be decoded, and
    /// checks the digests of all spans among them.
    pub(super) fn decode(&self, section: &Section, wanted: usize) -> Decoded {
        self.cache.count();
        // What cannot be decoded is not read.
        if let Err(error) = known(section) {
            return Decoded::nothing(section, error);
        }
        let decoded = match self.reader.read_damaged(section) {
            Ok((payload, fault)) => decode(section, &payload, fault, wanted),
            Err(error) => Decoded::nothing(section, error),
        };
        match self.reader.batch(section.header.group) {
            Some((placed, group)) => decoded.check(section, &placed.batch, group),
            None => decoded,
        }
    }
}

/// Decoded bytes of a group.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    /// The wanted bytes, or the first of them.
    pub raw: Vec<u8>,
    /// What is wrong with the group.
    pub fault: Option<Arc<ArchiveError>>,
    /// Ranges of the bytes whose digests are right, ascending and apart.
    pub(super) proven: Vec<Range<usize>>,
}

impl Decoded {
    /// A group without bytes.
    pub fn nothing(section: &Section, cause: impl Into<ArchiveError>) -> Decoded {
        let fault = Some(Arc::new(in_group(section, cause.into())));
        Decoded { fault, ..Decoded::default() }
    }

    /// Compares the spans with their digests, which prove bytes in spite of a fault of the
    /// codec or the container.
    pub fn check(mut self, section: &Section, batch: &Batch, group: usize) -> Decoded {
        self.proven = batch.proven(group, &self.raw);
        let all = 0..self.raw.len();
        if self.fault.is_none() && !all.is_empty() && self.proven[..] != [all] {
            self.fault = Some(Arc::new(in_group(section, ArchiveError::Digest)));
        }
        self
    }

    /// Returns bytes whose digest is right.
    pub fn right(&self, offset: usize, length: usize) -> Option<&[u8]> {
        let range = offset..offset + length;
        let found = self.proven.partition_point(|proven| proven.end < range.end);
        let proven = self.proven.get(found)?;
        (proven.start <= range.start).then(|| &self.raw[range])
    }

    /// Returns bytes that may be wrong.
    pub fn bytes(&self, offset: usize, length: usize) -> Option<&[u8]> {
        self.raw.get(offset..offset.checked_add(length)?)
    }
}

/// Decodes the first `wanted` bytes of a group whose payload may have a fault. Digests are
/// not compared.
pub(super) fn decode(
    section: &Section,
    payload: &[u8],
    fault: Option<ContainerError>,
    wanted: usize,
) -> Decoded {
    let tested = known(section).and_then(|(coding, _)| {
        codec::test_once(coding.codec(), Isa::best())?;
        Ok(coding)
    });
    let coding = match tested {
        Ok(coding) => coding,
        Err(error) => return Decoded::nothing(section, error),
    };
    let fault = fault.map(ArchiveError::from);
    let raw_length = section.header.raw_length as usize;
    let (raw, error) = match payload.is_empty() && fault.is_some() {
        true => (Vec::new(), None),
        false => {
            let decoded =
                codec::decode_damaged(coding, payload, raw_length, wanted.min(raw_length));
            (decoded.raw, decoded.fault.map(ArchiveError::from))
        }
    };
    let fault = fault.or(error).map(|cause| Arc::new(in_group(section, cause)));
    Decoded { raw, fault, proven: Vec::new() }
}

/// Names the group a failure happened in.
pub(super) fn in_group(section: &Section, cause: ArchiveError) -> ArchiveError {
    let (group, offset) = (section.header.group, section.offset);
    ArchiveError::Group { group, offset, cause: Arc::new(cause) }
}

/// Fails if no group can be decoded: this CPU computes something else.
///
/// # Errors
/// [`ArchiveError::Group`].
pub(super) fn ends_run(decoded: &Decoded) -> Result<(), ArchiveError> {
    if let Some(fault) = &decoded.fault
        && let ArchiveError::Group { group, offset, cause } = &**fault
        && let ArchiveError::Codec(CodecError::SelfTest { .. }) = **cause
    {
        let (group, offset, cause) = (*group, *offset, Arc::clone(cause));
        return Err(ArchiveError::Group { group, offset, cause });
    }
    Ok(())
}

/// Bytes that decoding a group takes: payload, decoded bytes, and what the
/// codec needs. A group that no codec takes costs nothing: it is refused.
pub(in crate::archive) fn decode_cost(section: &Section) -> u64 {
    let header = &section.header;
    match known(section) {
        Ok((_, memory)) => {
            memory.saturating_add(header.stored_length).saturating_add(header.raw_length)
        }
        Err(_) => 0,
    }
}

/// How a group is coded, and the bytes of memory that its codec takes to decode it.
fn known(section: &Section) -> Result<(Coding, u64), ArchiveError> {
    check_base(section)?;
    let coding = Coding::parse(numbers(section))?;
    Ok((coding, codec::decode_memory(coding, section.header.raw_length)?))
}

/// Refuses a group that starts behind a base, and one that is a base: its tables have another
/// size.
fn check_base(section: &Section) -> Result<(), ContainerError> {
    let number = u64::from(section.header.capacity);
    let structure = "a base, or a group that starts behind one";
    if number == 0 { Ok(()) } else { Err(ContainerError::UnsupportedPart { structure, number }) }
}

/// How a group is coded, as its section says.
pub(super) fn numbers(section: &Section) -> CodingNumbers {
    let header = &section.header;
    CodingNumbers { codec: header.codec, filter: header.filter, model: header.model }
}
