//! Writes archives: reads groups, codes them, writes sections.

use super::announce::{BATCH_BYTES, PartBuilder};
use super::builder::Builder;
use super::pack::Packer;
use super::plan::{Node, Plan, plan};
use super::source::Found;
use crate::archive::memory::check_cost;
use crate::archive::pipeline::{self, Stages, Task};
use crate::archive::threads;
use crate::archive::{ArchiveError, Control, Event, NAMELESS_OUTPUT};
use crate::checksum;
use crate::codec::{self, CodecError, CodecOptions, CodingNumbers, EncodedGroup};
use crate::container::{ContainerError, Footer, Part, Writer};
use crate::tree::WalkOptions;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Bytes of a decode group unless the user says otherwise.
pub const DEFAULT_GROUP_SIZE: u64 = 8 << 20;

/// How an archive is written.
#[derive(Clone, Debug)]
pub struct CreateOptions {
    /// What decides the payload of a group.
    pub codec: CodecOptions,
    /// Largest decode group in bytes; at least 1.
    pub group_size: u64,
    /// Worker threads, 0 for one per processor. Never changes the bytes.
    pub jobs: usize,
    /// Bytes of memory to stay within: the tables of entries, and all groups under way.
    pub memory: u64,
    /// Decode every group before it is written and compare.
    pub verify: bool,
}

impl CreateOptions {
    /// The usual options at a level: 1 is fast, 9 is small.
    pub fn at_level(level: u8) -> Self {
        let codec = CodecOptions { level, ..CodecOptions::default() };
        CreateOptions { codec, ..CreateOptions::default() }
    }
}

impl Default for CreateOptions {
    fn default() -> Self {
        CreateOptions {
            codec: CodecOptions::default(),
            group_size: DEFAULT_GROUP_SIZE,
            jobs: 0,
            memory: 4 << 30,
            verify: false,
        }
    }
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateSummary {
    /// Entries in the archive.
    pub entries: u64,
    /// Bytes of file data in the groups: each content once, holes left out.
    pub bytes: u64,
    /// Bytes of the archive.
    pub stored: u64,
    /// Decode groups.
    pub groups: u64,
    /// BLAKE3 over the preface and the list of all sections with their digests.
    pub root_hash: [u8; 32],
}

/// Archives `operands` into the file `path`, which appears whole or not at
/// all and is never archived itself. What stood there is replaced.
///
/// # Errors
/// [`ArchiveError::Io`] if the archive cannot be written,
/// [`ArchiveError::Interrupted`], [`ArchiveError::Codec`],
/// [`ArchiveError::Limit`] if one group needs more than the memory allowed.
/// Files that cannot be read are reported as warnings and left out.
pub fn create(
    path: &Path,
    operands: &[PathBuf],
    walking: WalkOptions,
    options: &CreateOptions,
    control: &Control,
) -> Result<CreateSummary, ArchiveError> {
    let builder = Builder::create(path)?.options(options.clone()).walking(walking);
    builder.operands(operands).finish_with(control)
}

/// Archives `operands` into `output`, front to back, without seeking.
///
/// # Errors
/// As [`create`].
pub fn create_stream(
    output: impl Write,
    operands: &[PathBuf],
    walking: WalkOptions,
    options: &CreateOptions,
    control: &Control,
) -> Result<CreateSummary, ArchiveError> {
    let builder = Builder::new(output).options(options.clone()).walking(walking);
    builder.operands(operands).finish_with(control)
}

/// Writes the archive of what was found: an `Err` is reported and left out.
///
/// # Errors
/// As [`create`].
pub(in crate::archive) fn write_archive(
    output: impl Write,
    found: impl Iterator<Item = Result<Found, ArchiveError>>,
    options: &CreateOptions,
    control: &Control,
) -> Result<CreateSummary, ArchiveError> {
    let planned = plan(found, options.jobs, options.memory, control)?;
    let Plan { contents, others, entries, bytes, held, archive_id } = planned;
    // Known before the first byte is written: no group is larger than this.
    let largest = cost(options, bytes.min(options.group_size));
    // Payloads wait until the batch is complete, if it has several groups.
    let waiting = if bytes > options.group_size { bytes.min(2 * BATCH_BYTES) } else { 0 };
    let waiting = if options.group_size < BATCH_BYTES { waiting } else { 0 };
    let held = held.saturating_add(waiting);
    check_cost(held.saturating_add(largest), options.memory)?;
    control.events.event(Event::Total { entries, bytes });
    let mut writer = Writer::new(BufWriter::with_capacity(1 << 20, output), archive_id)?;
    write_others(&mut writer, &others, control)?;
    let group_size = usize::try_from(options.group_size).unwrap_or(usize::MAX);
    let packer = Packer::new(contents, group_size, *control);
    let memory = options.memory - held;
    let waiting = Vec::new();
    let mut creation =
        Creation { packer, writer, options, control, memory, waiting, bytes: 0, groups: 0 };
    pipeline::run(&mut creation, threads::workers(options.jobs), control)?;
    let Creation { packer, writer, bytes, groups, .. } = creation;
    let others = others.iter().map(|node| node.names.len() as u64).sum::<u64>();
    let entries = packer.entries() + others;
    let (mut output, footer): (_, Footer) = writer.finish()?;
    output.flush().map_err(ContainerError::from)?;
    let Footer { file_length: stored, root_hash, .. } = footer;
    Ok(CreateSummary { entries, bytes, stored, groups, root_hash })
}

/// Announces what has no content, before all groups.
fn write_others(
    writer: &mut Writer<impl Write>,
    others: &[Node],
    control: &Control,
) -> Result<(), ArchiveError> {
    let mut part = PartBuilder::default();
    for node in others {
        if part.is_full() {
            writer.write_part(&std::mem::take(&mut part).finish())?;
        }
        part.other(node);
        for found in &node.names {
            control.events.event(Event::Entry { path: &found.entry.path });
        }
    }
    if !part.is_empty() {
        writer.write_part(&part.finish())?;
    }
    Ok(())
}

/// Bytes of memory that coding a group of `length` bytes takes, and holding it.
fn cost(options: &CreateOptions, length: u64) -> u64 {
    let coding = codec::encode_memory(&options.codec, length);
    if length == 0 { 0 } else { coding.saturating_add(length.saturating_mul(2)) }
}

/// The stages of making an archive: read a group, code it, write it.
struct Creation<'a, W: Write> {
    packer: Packer<'a>,
    writer: Writer<W>,
    options: &'a CreateOptions,
    control: &'a Control<'a>,
    /// Bytes of memory for the groups under way.
    memory: u64,
    /// Coded groups of the batch, with their lengths.
    waiting: Vec<(EncodedGroup, u64)>,
    bytes: u64,
    groups: u64,
}

/// A group to be coded.
struct EncodeJob<'a> {
    raw: Vec<u8>,
    options: &'a CreateOptions,
}

impl<'a, W: Write> Stages for Creation<'a, W> {
    type Job = EncodeJob<'a>;
    type Kept = (Option<Part>, u64);
    type Output = Result<Option<EncodedGroup>, CodecError>;

    fn next(&mut self) -> Result<Option<Task<Self::Job, Self::Kept>>, ArchiveError> {
        let Some(filled) = self.packer.fill()? else { return Ok(None) };
        let length = filled.raw.len() as u64;
        let cost = cost(self.options, length);
        let job = EncodeJob { raw: filled.raw, options: self.options };
        Ok(Some(Task { job, kept: (filled.part, length), cost }))
    }

    fn work(EncodeJob { raw, options }: EncodeJob) -> Self::Output {
        if raw.is_empty() {
            return Ok(None);
        }
        let length = raw.len();
        // The codec consumes the bytes.
        let digest = options.verify.then(|| checksum::digest(&raw));
        let group = codec::encode_group(raw, &options.codec)?;
        if let Some(digest) = digest {
            let decoded = codec::decode_group(group.coding, &group.payload, length, length)?;
            if checksum::digest(&decoded) != digest {
                let codec = group.coding.codec().name();
                let cause =
                    "decoding the group does not restore it; this is a bug, please report it";
                return Err(CodecError::Damaged { codec, offset: 0, cause });
            }
        }
        Ok(Some(group))
    }

    fn memory(&self) -> u64 {
        self.memory
    }

    fn done(
        &mut self,
        (part, length): (Option<Part>, u64),
        output: Self::Output,
    ) -> Result<(), ArchiveError> {
        if let Some(group) = output? {
            self.bytes += length;
            self.groups += 1;
            let stored = group.payload.len() as u64;
            self.control.events.event(Event::Progress { bytes: length, stored });
            self.waiting.push((group, length));
        }
        let Some(part) = part else { return Ok(()) };
        self.writer.write_part(&part)?;
        for (group, length) in self.waiting.drain(..) {
            let CodingNumbers { codec, filter, model } = group.coding.numbers();
            self.writer.write_group((codec, filter, model), length, &group.payload)?;
        }
        Ok(())
    }
}

/// Says which file could not be written. A failing disk under an output is no
/// damage: there is no archive yet.
pub(in crate::archive) fn name_output(error: ArchiveError, path: &Path) -> ArchiveError {
    match error {
        ArchiveError::Container(ContainerError::Io(source)) => {
            ArchiveError::Io { path: path.to_owned(), operation: "write", source }
        }
        ArchiveError::Io { path: nameless, operation, source }
            if nameless == Path::new(NAMELESS_OUTPUT) =>
        {
            ArchiveError::Io { path: path.to_owned(), operation, source }
        }
        other => other,
    }
}
