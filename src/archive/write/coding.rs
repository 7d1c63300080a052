//! Codes groups on many threads and writes them in their order.

use super::arrange::Arrangement;
use super::base::LearntBase;
use super::create::CreateOptions;
use super::pack::{Filled, Packer, Start};
use super::plan::ContentPlan;
use crate::archive::pipeline::{Stages, Task};
use crate::archive::{ArchiveError, Control, Event};
use crate::checksum::{self, Digest};
use crate::codec::{self, BaseState, CodecError, CodingNumbers, EncodedFrom, ShippedBase};
use crate::container::{Base, GroupCoding, Part, Writer};
use std::io::Write;
use std::sync::Arc;

/// Bytes of memory that coding a group of `length` bytes takes, and holding it. `jpeg` says
/// whether it starts as a JPEG.
fn cost(options: &CreateOptions, length: u64, jpeg: bool) -> u64 {
    let coding = codec::encode_memory(&options.codec, length, jpeg);
    if length == 0 { 0 } else { coding.saturating_add(length.saturating_mul(2)) }
}

/// Bytes of memory that coding a group takes with tables that serve `reach` symbols, and
/// holding it.
fn cost_with_base(options: &CreateOptions, length: u64, reach: u64) -> Result<u64, CodecError> {
    let before = reach.saturating_sub(length);
    let coding = codec::encode_memory_from(&options.codec, capacity(reach), before, length)?;
    Ok(coding.saturating_add(length.saturating_mul(2)))
}

/// Log2 of the symbols for which base and group, together `reach` bytes, have tables.
pub(super) fn capacity(reach: u64) -> u8 {
    let log2 = reach.max(1).next_power_of_two().ilog2() as u8;
    log2.clamp(*codec::CAPACITIES.start(), *codec::CAPACITIES.end())
}

/// The most that any group of the arrangement takes, with the base that it is behind.
pub(super) fn highest_cost(
    options: &CreateOptions,
    arrangement: &Arrangement,
) -> Result<u64, CodecError> {
    let mut highest = 0;
    for (number, rule) in arrangement.rules.iter().enumerate() {
        let of_rule = || arrangement.contents.iter().filter(|content| content.rule == number);
        let bytes: u64 = of_rule().map(ContentPlan::size).sum();
        let cost = match rule.reach() {
            0 if rule.whole > 0 => {
                let longest = of_rule().map(ContentPlan::size).max().unwrap_or(0);
                cost(options, longest.min(rule.whole).max(bytes.min(rule.most)), true)
            }
            0 => cost(options, bytes.min(rule.most), false),
            reach => {
                let longest = rule.base.max(rule.given).max(rule.most);
                cost_with_base(options, longest, reach)?.saturating_mul(2)
            }
        };
        highest = highest.max(cost);
    }
    Ok(highest)
}

/// The base that groups go on from.
enum LastBase {
    /// There is none, or groups cannot go on behind it.
    None,
    /// It is being coded.
    Coming,
    /// It was coded, as this group.
    Ready { state: Arc<BaseState>, group: u64 },
}

/// The stages of making an archive: read a group, code it, write it.
pub(super) struct Creation<'a, W: Write> {
    packer: Packer<'a>,
    /// The next group, if it was read already.
    filled: Option<Filled>,
    base: LastBase,
    /// The base that the user gave, which is group 0.
    given: Option<Arc<BaseState>>,
    writer: Writer<W>,
    options: &'a CreateOptions,
    control: &'a Control<'a>,
    /// Bytes of memory for the groups under way.
    memory: u64,
    /// Coded groups of the batch.
    waiting: Vec<CodedGroup>,
    bytes: u64,
    groups: u64,
}

/// A coded group that waits for its batch.
struct CodedGroup {
    coding: GroupCoding,
    length: u64,
    payload: Vec<u8>,
}

/// What is left when all groups are written.
pub(super) struct Coded<'a, W: Write> {
    pub packer: Packer<'a>,
    pub writer: Writer<W>,
    /// Bytes of all groups.
    pub bytes: u64,
    pub groups: u64,
}

impl<'a, W: Write> Creation<'a, W> {
    /// Nothing was read yet. Groups under way may take `memory` bytes.
    pub fn new(
        packer: Packer<'a>,
        writer: Writer<W>,
        options: &'a CreateOptions,
        control: &'a Control<'a>,
        memory: u64,
    ) -> Self {
        Creation {
            packer,
            filled: None,
            base: LastBase::None,
            given: None,
            writer,
            options,
            control,
            memory,
            waiting: Vec::new(),
            bytes: 0,
            groups: 0,
        }
    }

    /// Makes a base that the user gave the first group. The packer began with it.
    pub fn begin_with(&mut self, base: LearntBase) {
        let LearntBase { state, coding, length, payload } = base;
        self.given = Some(state);
        self.waiting.push(CodedGroup { coding, length, payload });
        self.groups += 1;
    }

    /// Ends it after the last group.
    pub fn finish(self) -> Coded<'a, W> {
        let Creation { packer, writer, bytes, groups, .. } = self;
        Coded { packer, writer, bytes, groups }
    }

    /// Returns where the model of the group `raw` starts, the group it starts behind,
    /// and the bytes of memory that coding takes.
    fn begin(
        &mut self,
        start: Start,
        raw: &[u8],
    ) -> Result<(JobStart, Option<u64>, u64), CodecError> {
        let length = raw.len() as u64;
        match (start, &self.base) {
            (Start::Base { reach }, _) if length > 0 => {
                let cost = cost_with_base(self.options, length, reach)?;
                self.base = LastBase::Coming;
                Ok((JobStart::Base { capacity: capacity(reach) }, None, cost))
            }
            (Start::Behind, LastBase::Ready { state, group }) if length > 0 => {
                let reach = state.length() + length;
                let cost = cost_with_base(self.options, length, reach)?;
                let cost = cost.max(state.memory().saturating_add(length));
                Ok((JobStart::Behind(Arc::clone(state)), Some(*group), cost))
            }
            (Start::Given, _) if length > 0 && self.given.is_some() => {
                let state = self.given.as_ref().expect("it is there");
                let cost_behind = cost_with_base(self.options, length, state.length() + length)?;
                let cost_behind = cost_behind.max(state.memory().saturating_add(length));
                // It is coded without the base too if it is short.
                let cost =
                    cost_behind.max(cost(self.options, length, false)).saturating_add(length);
                Ok((JobStart::Given(Arc::clone(state)), Some(0), cost))
            }
            _ => {
                let jpeg = codec::is_jpeg(raw);
                Ok((JobStart::Alone, None, cost(self.options, length, jpeg)))
            }
        }
    }
}

/// A group to be coded.
pub(super) struct EncodeJob<'a> {
    raw: Vec<u8>,
    options: &'a CreateOptions,
    start: JobStart,
}

/// Where the model of a group starts.
enum JobStart {
    /// Anew.
    Alone,
    /// Anew, with tables for others too.
    Base { capacity: u8 },
    /// Behind a base.
    Behind(Arc<BaseState>),
    /// Behind a base that the user gave, if that is shorter.
    Given(Arc<BaseState>),
}

impl JobStart {
    fn for_codec(&self) -> codec::Start<'_> {
        match self {
            JobStart::Alone => codec::Start::Anew,
            JobStart::Base { capacity } => codec::Start::Capacity(*capacity),
            JobStart::Behind(state) | JobStart::Given(state) => codec::Start::Behind(state),
        }
    }
}

/// What waits for the coded group.
pub(super) struct Kept {
    part: Option<Part>,
    length: u64,
    /// Whether others go on behind it.
    is_base: bool,
    /// The group that it is to be coded behind.
    base: Option<u64>,
}

impl<'a, W: Write> Stages for Creation<'a, W> {
    type Job = EncodeJob<'a>;
    type Kept = Kept;
    type Output = Result<Option<(EncodedFrom, Option<&'static ShippedBase>)>, CodecError>;

    fn waits(&mut self) -> Result<bool, ArchiveError> {
        if self.filled.is_none() {
            self.filled = self.packer.fill()?;
        }
        let behind = self.filled.as_ref().is_some_and(|filled| filled.start == Start::Behind);
        Ok(behind && matches!(self.base, LastBase::Coming))
    }

    fn next(&mut self) -> Result<Option<Task<Self::Job, Self::Kept>>, ArchiveError> {
        let filled = match self.filled.take() {
            Some(filled) => Some(filled),
            None => self.packer.fill()?,
        };
        let Some(Filled { raw, part, start }) = filled else { return Ok(None) };
        let length = raw.len() as u64;
        let (start, base, cost) = self.begin(start, &raw)?;
        let is_base = matches!(start, JobStart::Base { .. });
        let job = EncodeJob { raw, options: self.options, start };
        Ok(Some(Task { job, kept: Kept { part, length, is_base, base }, cost }))
    }

    fn work(EncodeJob { raw, options, start }: EncodeJob) -> Self::Output {
        if raw.is_empty() {
            return Ok(None);
        }
        let length = raw.len();
        let keep = matches!(start, JobStart::Base { .. });
        // The codec consumes the bytes.
        let digest = options.verify.then(|| checksum::digest(&raw));
        let codec_start = start.for_codec();
        let (coded, shipped) = match start {
            JobStart::Alone if !options.independent => {
                codec::encode_group_shipped(raw, &options.codec)?
            }
            JobStart::Given(_) => encode_given(raw, options, codec_start)?,
            _ => (codec::encode_group_from(raw, &options.codec, codec_start, keep)?, None),
        };
        if let Some(digest) = digest {
            let state = shipped
                .map(|base| base.state(coded.group.coding, coded.capacity, options.codec.isa));
            let state = state.transpose()?;
            let start = state.as_ref().map_or(codec_start, codec::Start::Behind);
            verify(&coded, start, length, digest)?;
        }
        Ok(Some((coded, shipped)))
    }

    fn memory(&self) -> u64 {
        let given = self.given.as_ref().map_or(0, |state| state.memory());
        let last = match &self.base {
            LastBase::Ready { state, .. } => state.memory(),
            _ => 0,
        };
        self.memory.saturating_sub(given).saturating_sub(last)
    }

    fn done(&mut self, kept: Kept, output: Self::Output) -> Result<(), ArchiveError> {
        let Kept { part, length, is_base, base } = kept;
        if let Some((EncodedFrom { group, based, capacity, state }, shipped)) = output? {
            let CodingNumbers { codec, filter, model } = group.coding.numbers();
            let distance = base.filter(|_| based).map(|base| (self.groups - base) as u32);
            // Behind a shipped base it does not go on from the one that was given.
            let shipped = shipped.map(|base| Base::Shipped(base.id));
            let base = shipped.or(distance.map(Base::Group));
            let coding =
                GroupCoding { codec, filter, model, base, capacity, is_base: state.is_some() };
            if is_base {
                self.base = match state {
                    Some(state) => LastBase::Ready { state: Arc::new(state), group: self.groups },
                    None => LastBase::None,
                };
            }
            self.bytes += length;
            self.groups += 1;
            let payload = group.payload;
            let stored = payload.len() as u64;
            self.control.events.event(Event::Progress { bytes: length, stored });
            self.waiting.push(CodedGroup { coding, length, payload });
        }
        let Some(part) = part else { return Ok(()) };
        self.writer.write_part(&part)?;
        for CodedGroup { coding, length, payload } in self.waiting.drain(..) {
            self.writer.write_group(coding, length, &payload)?;
        }
        Ok(())
    }
}

/// Longest group, in bytes, that is also coded without the base that the user gave. A longer
/// one loses little by a base that does not suit it.
const TRIED_WITHOUT: usize = 1 << 18;

/// Codes a group behind a base that the user gave, or without it if that is shorter.
fn encode_given(
    raw: Vec<u8>,
    options: &CreateOptions,
    start: codec::Start,
) -> Result<(EncodedFrom, Option<&'static ShippedBase>), CodecError> {
    if raw.len() > TRIED_WITHOUT {
        return Ok((codec::encode_group_from(raw, &options.codec, start, false)?, None));
    }
    let behind = codec::encode_group_from(&raw[..], &options.codec, start, false)?;
    let (alone, shipped) = codec::encode_group_shipped(raw, &options.codec)?;
    Ok(match behind.based && behind.group.payload.len() <= alone.group.payload.len() {
        true => (behind, None),
        false => (alone, shipped),
    })
}

/// Decodes a group that was just coded, and compares.
///
/// # Errors
/// [`CodecError::Damaged`] if it is not what it was.
pub(super) fn verify(
    coded: &EncodedFrom,
    start: codec::Start,
    length: usize,
    digest: Digest,
) -> Result<(), CodecError> {
    let coding = coded.group.coding;
    let start = if coded.capacity == 0 { codec::Start::Anew } else { start };
    let decoded =
        codec::decode_group_from(coding, &coded.group.payload, length, length, start, false);
    if let Some(fault) = decoded.partial.fault {
        return Err(fault);
    }
    if checksum::digest(&decoded.partial.raw) != digest {
        let cause = "decoding the group does not restore it; this is a bug, please report it";
        return Err(CodecError::Damaged { codec: coding.codec().name(), offset: 0, cause });
    }
    Ok(())
}
