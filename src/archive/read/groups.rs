//! Decode groups: where they lie, their bytes, and what decoding them costs.

use super::bases::BaseGroup;
use super::index::Archive;
use crate::archive::{ArchiveError, GivenBase, GivenBases};
use crate::arith::Isa;
use crate::codec::{self, BaseState, CodecError, Coding, CodingNumbers, DecodedFrom, ShippedBase};
use crate::container::{
    Base, Batch, ContainerError, NOWHERE, ReadAt, Section, SectionHeader, SectionType,
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
    /// checks the digests of all spans among them. A base is decoded whole, once for all.
    pub(super) fn decode(&self, section: &Section, wanted: usize) -> Arc<Decoded> {
        if section.header.is_base() {
            return Arc::clone(&self.base(section).decoded);
        }
        let base = self.base_of(section).map(|section| self.base(&section));
        Arc::new(self.decode_from(section, wanted, base.as_deref(), false).0)
    }

    /// Returns a base, decoded now if it was not before.
    fn base(&self, section: &Section) -> Arc<BaseGroup> {
        self.bases.get(section.header.group, || {
            let whole = section.header.raw_length as usize;
            BaseGroup::of(self.decode_from(section, whole, None, true))
        })
    }

    /// Returns the section of the group that a group starts behind, if it does.
    fn base_of(&self, section: &Section) -> Option<Section> {
        section.header.base_group().map(|group| self.group(group))
    }

    /// Reads and decodes a group that starts behind `base`, if that is a group.
    fn decode_from(
        &self,
        section: &Section,
        wanted: usize,
        base: Option<&BaseGroup>,
        keep: bool,
    ) -> (Decoded, Option<BaseState>) {
        self.cache.count();
        if section.header.is_given() {
            let (payload, fault) = match self.reader.read_damaged(section) {
                Ok((payload, fault)) => (payload, fault),
                Err(error) => (Vec::new(), Some(error)),
            };
            let fault = fault.map(|cause| Arc::new(in_group(section, cause.into())));
            let (decoded, state) = learn(section, &payload, fault, &self.given);
            return match self.reader.batch(section.header.group) {
                Some((placed, group)) => (decoded.check(section, &placed.batch, group), state),
                None => (decoded.trusted(), state),
            };
        }
        // What cannot be decoded is not read.
        let start = match begin(section, base) {
            Ok(start) => start,
            Err(error) => return (Decoded::nothing(section, error), None),
        };
        let (decoded, state) = match self.reader.read_damaged(section) {
            Ok((payload, fault)) => {
                let fault = fault.map(|cause| Arc::new(in_group(section, cause.into())));
                decode(section, &payload, fault, wanted, start, keep)
            }
            Err(error) => (Decoded::nothing(section, error), None),
        };
        match self.reader.batch(section.header.group) {
            Some((placed, group)) => (decoded.check(section, &placed.batch, group), state),
            None => (decoded.trusted(), state),
        }
    }

    /// Returns the bytes that decoding a group takes, without the state of the base that it
    /// starts behind, and the bytes of that, or of the state behind the group itself.
    pub(in crate::archive) fn cost(&self, section: &Section) -> Cost {
        let base = self.base_of(section);
        Cost::of(section, base.map_or(0, |base| base.header.raw_length))
    }
}

impl BaseGroup {
    /// A base that was decoded: others go on from it if all of its bytes are right.
    pub(super) fn of((decoded, state): (Decoded, Option<BaseState>)) -> BaseGroup {
        let all = 0..decoded.raw.len();
        let right = decoded.proven[..] == [all];
        BaseGroup { decoded: Arc::new(decoded), state: state.filter(|_| right) }
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

    /// Takes the bytes as they are if nothing is wrong with the group: no digests of spans are
    /// known. Files that have runs there have digests of their own.
    fn trusted(mut self) -> Decoded {
        if self.fault.is_none() && !self.raw.is_empty() {
            let all = 0..self.raw.len();
            self.proven = vec![all];
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

/// Where the model of a group starts.
pub(super) enum GroupStart<'a> {
    Anew,
    Capacity(u8),
    Group(&'a BaseState),
    Shipped(Box<BaseState>),
}

impl GroupStart<'_> {
    fn for_codec(&self) -> codec::Start<'_> {
        match self {
            GroupStart::Anew => codec::Start::Anew,
            GroupStart::Capacity(capacity) => codec::Start::Capacity(*capacity),
            GroupStart::Group(state) => codec::Start::Behind(state),
            GroupStart::Shipped(state) => codec::Start::Behind(state),
        }
    }
}

/// Returns where the model of a group starts.
///
/// # Errors
/// [`ArchiveError::BaseLost`]; an unsupported base.
pub(super) fn begin<'a>(
    section: &Section,
    base: Option<&'a BaseGroup>,
) -> Result<GroupStart<'a>, ArchiveError> {
    let (header, coding) = (&section.header, known(section)?);
    match header.base {
        None if header.capacity == 0 => Ok(GroupStart::Anew),
        None => Ok(GroupStart::Capacity(header.capacity)),
        Some(Base::Group(_)) => match base.map(|base| (&base.state, &base.decoded.fault)) {
            Some((Some(state), _)) => Ok(GroupStart::Group(state)),
            lost => {
                let group = header.base_group().unwrap_or_default();
                let cause = lost.and_then(|(_, fault)| fault.clone());
                if let Some((&digest, given)) = cause.as_ref().and_then(|it| it.needed_base()) {
                    return Err(ArchiveError::NeedsBase {
                        digest,
                        given: given.to_vec(),
                        files: 0,
                    });
                }
                let cause = cause.unwrap_or_else(|| Arc::new(ArchiveError::Digest));
                Err(ArchiveError::BaseLost { group, cause })
            }
        },
        Some(Base::Shipped(id)) => {
            let number = u64::from(u32::from_be_bytes(id));
            let unknown = ContainerError::UnsupportedPart { structure: "shipped base", number };
            let base = ShippedBase::of_id(id).ok_or(unknown)?;
            let state = base.state(coding, header.capacity, Isa::best())?;
            Ok(GroupStart::Shipped(Box::new(state)))
        }
        Some(Base::Unknown(kind, _)) => {
            let number = u64::from(kind);
            Err(ContainerError::UnsupportedPart { structure: "Base_Kind", number }.into())
        }
    }
}

/// Decodes the first `wanted` bytes of a group whose payload may have a fault, or all of
/// them if the state behind them is to be kept. Digests are not compared.
pub(super) fn decode(
    section: &Section,
    payload: &[u8],
    fault: Option<Arc<ArchiveError>>,
    wanted: usize,
    start: GroupStart,
    keep: bool,
) -> (Decoded, Option<BaseState>) {
    let tested = known(section).and_then(|coding| {
        codec::test_once(coding.codec(), Isa::best())?;
        Ok(coding)
    });
    let coding = match tested {
        Ok(coding) => coding,
        Err(error) => return (Decoded::nothing(section, error), None),
    };
    let raw_length = section.header.raw_length as usize;
    let (raw, error, state) = match payload.is_empty() && fault.is_some() {
        true => (Vec::new(), None, None),
        false => {
            let wanted = wanted.min(raw_length);
            let decoded = codec::decode_group_from(
                coding,
                payload,
                raw_length,
                wanted,
                start.for_codec(),
                keep,
            );
            let DecodedFrom { partial, state } = decoded;
            (partial.raw, partial.fault.map(ArchiveError::from), state)
        }
    };
    let fault = fault.or_else(|| error.map(|cause| Arc::new(in_group(section, cause))));
    (Decoded { raw, fault, proven: Vec::new() }, state)
}

/// Takes the bytes of a base that is given, and learns them. `payload` names them. Digests of
/// spans are not compared.
pub(super) fn learn(
    section: &Section,
    payload: &[u8],
    fault: Option<Arc<ArchiveError>>,
    given: &GivenBases,
) -> (Decoded, Option<BaseState>) {
    let base = match &fault {
        None => named_base(section, payload, given),
        // The digests of its spans tell whether it is the one.
        Some(_) => given.of_length(section.header.raw_length).ok_or(ArchiveError::Missing),
    };
    let learnt = base.and_then(|base| {
        let start = codec::Start::Capacity(section.header.capacity);
        let state = BaseState::learn(known(section)?, base.bytes(), start, Isa::best())?;
        Ok((base.bytes().to_vec(), state))
    });
    match (learnt, fault) {
        (Ok((raw, state)), fault) => (Decoded { raw, fault, proven: Vec::new() }, Some(state)),
        (Err(_), fault @ Some(_)) => (Decoded { fault, ..Decoded::default() }, None),
        (Err(error), None) => (Decoded::nothing(section, error), None),
    }
}

/// Returns the base that a payload names.
fn named_base<'a>(
    section: &Section,
    payload: &[u8],
    given: &'a GivenBases,
) -> Result<&'a GivenBase, ArchiveError> {
    let (structure, offset) = ("DATA", section.offset);
    let broken = |cause| ContainerError::Damaged { structure, offset, cause };
    let digest = payload.try_into().map_err(|_| broken("the digest of a base has not 32 bytes"))?;
    let base = given.find(digest)?;
    match base.bytes().len() as u64 == section.header.raw_length {
        true => Ok(base),
        false => Err(broken("the base of this digest has another length").into()),
    }
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

/// Bytes of memory that a group takes.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::archive) struct Cost {
    /// Payload, decoded bytes, and what the codec needs, without the state that it starts
    /// from.
    pub decode: u64,
    /// The state that it starts from, or that is kept behind it.
    pub state: u64,
}

impl Cost {
    /// What a group takes that starts behind `base_length` bytes. A group that no codec takes
    /// costs nothing: it is refused.
    pub fn of(section: &Section, base_length: u64) -> Cost {
        let SectionHeader { capacity, raw_length, stored_length, .. } = section.header;
        let memory = known(section).and_then(|coding| {
            Ok(match capacity {
                0 => (codec::decode_memory(coding, raw_length)?, 0),
                _ => {
                    let before = match section.header.base {
                        Some(Base::Shipped(id)) => {
                            ShippedBase::of_id(id).map_or(0, |base| base.length() as u64)
                        }
                        _ => base_length,
                    };
                    let memory = codec::decode_memory_from(coding, capacity, before, raw_length)?;
                    (memory, memory)
                }
            })
        });
        let Ok((memory, state)) = memory else { return Cost::default() };
        Cost { decode: memory.saturating_add(stored_length).saturating_add(raw_length), state }
    }

    /// All of it.
    pub fn whole(self) -> u64 {
        self.decode.saturating_add(self.state)
    }
}

/// How a group is coded; of a base that is given, how the groups behind it are.
pub(super) fn known(section: &Section) -> Result<Coding, ArchiveError> {
    let SectionHeader { filter, model, .. } = section.header;
    match section.header.is_given() {
        true => Ok(Coding::behind_known(filter, model)?),
        false => Ok(Coding::parse(numbers(section))?),
    }
}

/// How a group is coded, as its section says.
pub(super) fn numbers(section: &Section) -> CodingNumbers {
    let header = &section.header;
    CodingNumbers { codec: header.codec, filter: header.filter, model: header.model }
}
