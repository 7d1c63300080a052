//! Codes groups on many threads and writes them in their order.

use super::announce::{BATCH_BYTES, PartBuilder};
use super::apart::{Apart, SplitJob, Taken};
use super::arrange::{Arrangement, Sizes, arrange};
use super::base::LearntBase;
use super::create::CreateOptions;
use super::pack::{Filled, Packer, Start};
use super::plan::{ContentPlan, sort_by_kind};
use super::repeats::{Earlier, Repeats};
use crate::archive::pipeline::{Stages, Task};
use crate::archive::{ArchiveError, Control, Event};
use crate::codec::{self, BaseState, CodecError, CodingNumbers, EncodedFrom};
use crate::container::{Base, Chunk, GroupCoding, Part, Row, Writer};
use checkpoint::Checkpoints;
pub(super) use job::verify;
use job::{EncodeJob, EncodedGroup, JobStart};
use std::io::Write;
use std::sync::Arc;

mod checkpoint;
mod job;

/// Bytes of memory that coding a group of `length` bytes takes, and holding it. `jpeg` says
/// whether it starts as a JPEG.
pub(super) fn group_cost(options: &CreateOptions, length: u64, jpeg: bool) -> u64 {
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
                group_cost(options, longest.min(rule.whole).max(bytes.min(rule.most)), true)
            }
            0 => group_cost(options, bytes.min(rule.most), false),
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

/// The contents that are stored as they are.
pub(super) enum Others {
    /// They are known.
    Arranged(Arrangement),
    /// More of them may come, of files that could not be taken apart.
    Sorted(Vec<ContentPlan>, Sizes),
}

/// What is to be done next.
#[derive(PartialEq, Eq)]
enum Next {
    /// A group was read.
    Group,
    /// A file was read, to be taken apart.
    File,
    /// Nothing before a file was taken apart.
    Later,
    /// Nothing.
    End,
}

/// The stages of making an archive: take files apart, read a group, code it, write it.
pub(super) struct Creation<'a, W: Write> {
    apart: Apart<'a>,
    others: Others,
    /// Cuts the others into groups, once they are known.
    packer: Option<Packer<'a>>,
    /// The next file to be taken apart, and the next group, if they were read already.
    file: Option<(SplitJob, ContentPlan, u64)>,
    filled: Option<Filled>,
    base: LastBase,
    /// The base that the user gave, and its group.
    given: Option<(Arc<BaseState>, u64)>,
    writer: Writer<W>,
    options: &'a CreateOptions,
    control: &'a Control<'a>,
    /// Bytes of memory for the groups under way.
    memory: u64,
    /// Bytes of memory that are set aside for batches of files taken apart.
    reserve: u64,
    /// Coded groups of the batch.
    waiting: Vec<CodedGroup>,
    bytes: u64,
    groups: u64,
    checkpoints: Checkpoints,
    /// Bytes of the stream that are laid out, with those of earlier generations.
    stream: u64,
    /// What was stored before, until there is a packer.
    repeats: Option<Repeats>,
}

/// A coded group that waits for its batch.
struct CodedGroup {
    coding: GroupCoding,
    length: u64,
    payload: Vec<u8>,
}

/// What is left when all groups are written.
pub(super) struct Coded<W: Write> {
    /// Number of entries of all files.
    pub entries: u64,
    pub writer: Writer<W>,
    /// Bytes of file data.
    pub bytes: u64,
    pub groups: u64,
    /// Blocks of files, for later generations.
    pub blocks: Vec<Chunk>,
}

impl<'a, W: Write> Creation<'a, W> {
    /// Nothing was read yet. Groups under way may take `memory` bytes. `earlier` is what earlier
    /// generations hold.
    pub fn new(
        apart: Apart<'a>,
        others: Others,
        writer: Writer<W>,
        options: &'a CreateOptions,
        control: &'a Control<'a>,
        memory: u64,
        earlier: Earlier,
    ) -> Self {
        let (packer, file, filled, given, waiting) = Default::default();
        let base = LastBase::None;
        let reserve = apart.reserve();
        let (bytes, groups, stream) = (0, writer.groups(), writer.stream_length());
        let repeats = options.deduplicate.then(|| Repeats::behind(earlier));
        let checkpoints = Checkpoints::default();
        Creation {
            apart,
            others,
            packer,
            file,
            filled,
            base,
            given,
            writer,
            options,
            control,
            memory,
            reserve,
            waiting,
            bytes,
            groups,
            checkpoints,
            stream,
            repeats,
        }
    }

    /// Writes a base that the user gave as the first group, a batch of its own: bytes that no
    /// entry names.
    ///
    /// # Errors
    /// The writer's.
    pub fn begin_with(&mut self, base: LearntBase, bytes: &[u8]) -> Result<(), ArchiveError> {
        let LearntBase { state, coding, length, payload } = base;
        self.checkpoints.torn = true;
        let mut part = PartBuilder::default();
        part.fragment(length, true);
        part.row(Row { length, ..Row::default() }, None, []);
        part.end_group(bytes);
        self.writer.write_part(&part.finish())?;
        self.writer.write_group(coding, length, &payload)?;
        self.given = Some((state, self.groups));
        self.groups += 1;
        self.checkpoints.torn = false;
        self.stream += length;
        Ok(())
    }

    /// Ends it after the last group.
    pub fn finish(self) -> Coded<W> {
        let Creation { apart, packer, writer, bytes, groups, .. } = self;
        let entries = apart.entries() + packer.as_ref().map_or(0, Packer::entries);
        let blocks = packer.map(Packer::into_blocks).unwrap_or_default();
        Coded { entries, writer, bytes, groups, blocks }
    }

    /// Takes the file that was read, unless a group comes first.
    fn next_file(&mut self) -> Option<(SplitJob, ContentPlan, u64)> {
        if self.filled.is_none() { self.file.take() } else { None }
    }

    /// Finds out what is to be done next, and reads it.
    fn look(&mut self) -> Result<Next, ArchiveError> {
        if self.filled.is_none() {
            self.filled = self.apart.fill();
        }
        if self.filled.is_some() {
            return Ok(Next::Group);
        }
        if self.file.is_none() {
            self.file = self.apart.next()?;
        }
        if self.file.is_some() {
            return Ok(Next::File);
        }
        if self.apart.is_under_way() {
            return Ok(Next::Later);
        }
        let packer = match &mut self.packer {
            Some(packer) => packer,
            none => {
                let others = std::mem::take(&mut self.others);
                let arrangement = others.arranged(self.apart.take_rejected());
                let repeats = self.repeats.take();
                // A checkpoint needs the end of a batch.
                let batch = self.options.checkpoint.unwrap_or(BATCH_BYTES).min(BATCH_BYTES);
                let (start, control) = (self.stream, *self.control);
                none.insert(Packer::new(arrangement, batch, repeats, start, control))
            }
        };
        self.filled = packer.fill()?;
        Ok(if self.filled.is_some() { Next::Group } else { Next::End })
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
                let (state, group) = self.given.as_ref().expect("it is there");
                let cost_behind = cost_with_base(self.options, length, state.length() + length)?;
                let cost_behind = cost_behind.max(state.memory().saturating_add(length));
                // It is coded without the base too if it is short.
                let alone = group_cost(self.options, length, false);
                let cost = cost_behind.max(alone).saturating_add(length);
                Ok((JobStart::Given(Arc::clone(state)), Some(*group), cost))
            }
            _ => {
                let jpeg = codec::is_jpeg(raw);
                Ok((JobStart::Alone, None, group_cost(self.options, length, jpeg)))
            }
        }
    }
}

impl Default for Others {
    fn default() -> Others {
        Others::Sorted(Vec::new(), Sizes { group: 1, independent: true, given: None })
    }
}

impl Others {
    /// Arranges them, with those that could not be taken apart.
    fn arranged(self, rejected: Vec<ContentPlan>) -> Arrangement {
        match self {
            Others::Arranged(arrangement) => arrangement,
            Others::Sorted(mut contents, sizes) => {
                contents.extend(rejected);
                contents.iter_mut().for_each(|content| content.rule = content.kind as usize);
                sort_by_kind(&mut contents);
                arrange(contents, sizes)
            }
        }
    }
}

/// What a worker does.
pub(super) enum Job<'a> {
    Split(Box<SplitJob>),
    Encode(EncodeJob<'a>),
}

/// What comes of it.
pub(super) enum Done {
    Split(Option<Box<Taken>>),
    Encoded(Result<Option<EncodedGroup>, CodecError>),
}

/// What waits for a worker.
pub(super) enum Kept {
    File(Box<ContentPlan>),
    Group(Box<KeptGroup>),
}

/// What waits for the coded group.
pub(super) struct KeptGroup {
    part: Option<Part>,
    length: u64,
    stands_for: u64,
    /// Whether others go on behind it.
    is_base: bool,
    /// The group that it is to be coded behind.
    base: Option<u64>,
}

impl<'a, W: Write> Stages for Creation<'a, W> {
    type Job = Job<'a>;
    type Kept = Kept;
    type Output = Done;

    fn waits(&mut self) -> Result<bool, ArchiveError> {
        if self.look()? == Next::Later {
            return Ok(true);
        }
        let behind = self.filled.as_ref().is_some_and(|filled| filled.start == Start::Behind);
        Ok(behind && matches!(self.base, LastBase::Coming))
    }

    fn next(&mut self) -> Result<Option<Task<Self::Job, Self::Kept>>, ArchiveError> {
        self.look()?;
        if let Some((job, plan, cost)) = self.next_file() {
            let kept = Kept::File(Box::new(plan));
            return Ok(Some(Task { job: Job::Split(Box::new(job)), kept, cost }));
        }
        let Some(Filled { raw, part, start, stands_for }) = self.filled.take() else {
            return Ok(None);
        };
        let length = raw.len() as u64;
        self.stream += length;
        let (start, base, cost) = self.begin(start, &raw)?;
        let is_base = matches!(start, JobStart::Base { .. });
        let job = Job::Encode(EncodeJob { raw, options: self.options, start });
        let kept = KeptGroup { part, length, stands_for, is_base, base };
        let kept = Kept::Group(Box::new(kept));
        Ok(Some(Task { job, kept, cost }))
    }

    fn work(job: Job) -> Done {
        match job {
            Job::Split(job) => Done::Split(job.work().map(Box::new)),
            Job::Encode(job) => Done::Encoded(job.work()),
        }
    }

    fn memory(&self) -> u64 {
        let coded = self.waiting.iter().map(|group| group.payload.len() as u64).sum::<u64>();
        // More may be held than was reckoned with: results come whether there is room or not.
        let more = (self.apart.held() + coded).saturating_sub(self.reserve);
        let left = self.memory.saturating_sub(if self.reserve > 0 { more } else { 0 });
        let given = self.given.as_ref().map_or(0, |(state, _)| state.memory());
        let last = match &self.base {
            LastBase::Ready { state, .. } => state.memory(),
            _ => 0,
        };
        left.saturating_sub(given).saturating_sub(last)
    }

    fn done(&mut self, kept: Kept, output: Done) -> Result<(), ArchiveError> {
        match (kept, output) {
            (Kept::File(plan), Done::Split(taken)) => {
                self.apart.took(*plan, taken.map(|taken| *taken));
                Ok(())
            }
            (Kept::Group(kept), Done::Encoded(coded)) => self.write(*kept, coded?),
            _ => unreachable!("a result is of the kind of its job"),
        }
    }
}

impl<W: Write> Creation<'_, W> {
    /// Takes a coded group, and writes the batch if it ends with it.
    fn write(&mut self, kept: KeptGroup, coded: Option<EncodedGroup>) -> Result<(), ArchiveError> {
        let KeptGroup { part, length, stands_for, is_base, base } = kept;
        let mut stored = 0;
        if let Some((EncodedFrom { group, based, capacity, state }, shipped)) = coded {
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
            self.groups += 1;
            let payload = group.payload;
            stored = payload.len() as u64;
            self.waiting.push(CodedGroup { coding, length, payload });
        }
        self.bytes += stands_for;
        self.control.events.event(Event::Progress { bytes: stands_for, stored });
        let Some(part) = part else { return Ok(()) };
        self.checkpoints.torn = true;
        self.writer.write_part(&part)?;
        for CodedGroup { coding, length, payload } in self.waiting.drain(..) {
            self.writer.write_group(coding, length, &payload)?;
        }
        self.checkpoints.torn = part.open.is_some();
        self.checkpoint_if_due()
    }
}
