//! Decode groups: where they lie, their bytes, and what decoding them costs.

use super::index::Archive;
use crate::archive::ArchiveError;
use crate::arith::Isa;
use crate::checksum::{self, Digest};
use crate::codec::{self, CodecError, Coding, CodingNumbers};
use crate::container::{ContainerError, NOWHERE, ReadAt, Section, SectionHeader, SectionType};
use std::sync::Arc;

impl<S: ReadAt> Archive<S> {
    /// The decode group of this number: nowhere if it was not found.
    pub(in crate::archive) fn group(&self, group: u64) -> Section {
        self.reader.group(group).copied().unwrap_or(Section {
            header: SectionHeader {
                sequence: 0,
                section_type: SectionType::Data as u16,
                flags: 0,
                codec: 0,
                filter: 0,
                model: 0,
                group,
                stored_length: 0,
                raw_length: 0,
            },
            offset: NOWHERE,
        })
    }

    /// Reads a group and decodes its first `wanted` bytes, or what can be decoded
    /// of them.
    pub(super) fn decode(&self, section: &Section, wanted: usize) -> Decoded {
        self.cache.count();
        // What cannot be decoded is not read.
        if let Err(error) = known(section) {
            return Decoded::nothing(section, error);
        }
        match self.reader.read_damaged(section) {
            Ok((payload, fault)) => decode(section, &payload, fault, wanted),
            Err(error) => Decoded::nothing(section, error),
        }
    }
}

/// Decoded bytes of a group.
#[derive(Debug)]
pub(super) struct Decoded {
    /// As many of the wanted bytes as could be had. If there is a fault, any of
    /// them may be wrong.
    pub raw: Vec<u8>,
    /// What is wrong, to be told of every file it hits.
    pub fault: Option<Arc<ArchiveError>>,
    /// Whether the digest of the group is right: no byte is wrong then.
    pub proven: bool,
}

impl Decoded {
    /// A group of which there are no bytes.
    pub fn nothing(section: &Section, cause: impl Into<ArchiveError>) -> Decoded {
        Decoded {
            raw: Vec::new(),
            fault: Some(Arc::new(in_group(section, cause.into()))),
            proven: false,
        }
    }

    /// Compares the whole group with its digest, which proves it in spite of a
    /// fault of the codec or the container.
    pub fn check(mut self, section: &Section, digest: Digest) -> Decoded {
        if checksum::digest(&self.raw) == digest {
            self.proven = true;
        } else if self.fault.is_none() {
            self.fault = Some(Arc::new(in_group(section, ArchiveError::Digest)));
        }
        self
    }
}

/// Decodes the first `wanted` bytes of a group whose payload may have a fault.
pub(super) fn decode(
    section: &Section,
    payload: &[u8],
    fault: Option<ContainerError>,
    wanted: usize,
) -> Decoded {
    let tested = known(section)
        .and_then(|(coding, _)| codec::test_once(coding.codec(), Isa::best()).map(|()| coding));
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
    Decoded { raw, fault, proven: false }
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
fn known(section: &Section) -> Result<(Coding, u64), CodecError> {
    let coding = Coding::parse(numbers(section))?;
    Ok((coding, codec::decode_memory(coding, section.header.raw_length)?))
}

/// How a group says that it is coded.
pub(super) fn numbers(section: &Section) -> CodingNumbers {
    let header = &section.header;
    CodingNumbers { codec: header.codec, filter: header.filter, model: header.model }
}
