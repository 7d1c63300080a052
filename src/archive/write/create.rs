//! Writes archives: reads groups, codes them, writes sections.

use super::announce::{BATCH_BYTES, PartBuilder};
use super::apart::{Apart, Recipes, Room};
use super::arrange::{Arrangement, Given, Sizes, arrange};
use super::base::learn;
use super::builder::Builder;
use super::coding::{Coded, Creation, Others, group_cost, highest_cost};
use super::plan::{ContentPlan, Node, Plan, extension, plan, sort_by_kind};
use super::repeats::{Earlier, Repeats};
use super::shard::ShardOptions;
use super::source::Found;
use crate::archive::memory::check_cost;
use crate::archive::pipeline;
use crate::archive::threads;
use crate::archive::{ArchiveError, Control, Event, GivenBase, NAMELESS_OUTPUT};
use crate::checksum::Tag;
use crate::codec::{Choice, Codec, CodecOptions, kind_behind};
use crate::container::{Again, ContainerError, Footer, MEMORY_OF_RECIPES, Origin, Row, Writer};
use crate::entry::compare_paths;
use crate::tree::WalkOptions;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Bytes of a decode group that starts anew, unless the user says otherwise.
pub const DEFAULT_GROUP_SIZE: u64 = 8 << 20;

/// How an archive is written.
#[derive(Clone, Debug)]
pub struct CreateOptions {
    /// What decides the payload of a group.
    pub codec: CodecOptions,
    /// Largest decode group in bytes, or base and group together; at least 1. Only a kind
    /// of data that is not much longer is one group all the same.
    pub group_size: u64,
    /// Whether every group starts anew, so that no damage in one concerns another.
    pub independent: bool,
    /// A base from which all groups of its kind, text or binary, go on.
    pub base: Option<CreateBase>,
    /// Worker threads, 0 for one per processor. Never changes the bytes.
    pub jobs: usize,
    /// Bytes of memory to stay within: the tables of entries, and all groups under way.
    pub memory: u64,
    /// Decode every group before it is written and compare.
    pub verify: bool,
    /// Which transforms may be used to take packed files apart.
    pub recipes: Recipes,
    /// Bytes of each volume, if the archive is to be cut into volumes; `None` for one file. An
    /// archive that is written to a stream is never cut. An update of an archive that has one
    /// volume begins the next when the first has so many bytes.
    pub volume_size: Option<u64>,
    /// After so many bytes of file data, or a thirty-second of what came before if that is more,
    /// what is there becomes a generation of its own, marked as incomplete; see
    /// [`super::create_resumable`].
    pub checkpoint: Option<u64>,
    /// Which part of a plan is made, if not all of it; heeded where files of a tree and data of a
    /// program are archived ([`create`], [`Builder`]).
    pub shard: Option<ShardOptions>,
    /// Whether bytes of files of 64 KiB and more that are stored already, in runs of 64 KiB and
    /// more, are not stored again.
    pub deduplicate: bool,
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
            independent: false,
            base: None,
            jobs: 0,
            memory: 4 << 30,
            verify: false,
            recipes: Recipes::ALL,
            volume_size: None,
            checkpoint: None,
            shard: None,
            deduplicate: true,
        }
    }
}

/// A base from which the groups of an archive go on.
#[derive(Clone, Debug)]
pub struct CreateBase {
    /// Its bytes.
    pub given: GivenBase,
    /// Whether it stays outside the archive, which can then be read only by those who have
    /// it. If not, it is coded as the first group.
    pub outside: bool,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateSummary {
    /// Entries in the archive.
    pub entries: u64,
    /// Bytes of file data: each content once, holes left out.
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
/// [`ArchiveError::Limit`] if one group needs more than the memory allowed,
/// [`ArchiveError::NoBase`] if groups cannot go on from the base.
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
    let begin =
        |archive_id| Ok(Writer::new(BufWriter::with_capacity(1 << 20, output), archive_id)?);
    let coded = write_planned(planned, Amended::default(), options, control, begin)?;
    let Coded { entries, writer, bytes, groups, .. } = coded;
    let (mut output, footer): (_, Footer) = writer.finish()?;
    output.flush().map_err(ContainerError::from)?;
    let Footer { file_length: stored, root_hash, .. } = footer;
    Ok(CreateSummary { entries, bytes, stored, groups, root_hash })
}

/// Writes what was planned, and what is amended, with the writer that `begin` makes once
/// nothing but writing can fail; INDEX is still to come.
///
/// # Errors
/// As [`create`].
pub(super) fn write_planned<W: Write>(
    planned: Plan,
    mut amended: Amended,
    options: &CreateOptions,
    control: &Control,
    begin: impl FnOnce(Tag) -> Result<Writer<W>, ArchiveError>,
) -> Result<Coded<W>, ArchiveError> {
    let Plan { contents, others: without_content, entries, bytes, held, archive_id } = planned;
    let independent = options.independent || !options.codec.choice.goes_on();
    let base = options.base.as_ref().map(|base| &base.given);
    let given = base.map(|base| Given { kind: kind_behind(base.bytes()), length: base.length() });
    if given.is_some() && independent {
        let cause = "groups of this codec, or independent ones, go on from nothing";
        return Err(ArchiveError::NoBase { cause });
    }
    let sizes = Sizes { group: options.group_size.max(1), independent, given };
    let arrangement = arrange(contents, sizes);
    let highest = highest_cost(options, &arrangement)?;
    let reach = arrangement.reach_of_given();
    let (files, others) = set_apart(arrangement, sizes, options);
    let apart = Apart::new(files, options.recipes, Room::of(sizes.group), *control);
    // Payloads wait until the batch is complete, if it has several groups.
    let waiting = if bytes > options.group_size { bytes.min(2 * BATCH_BYTES) } else { 0 };
    let held = held.saturating_add(waiting).saturating_add(apart.reserve());
    let held = held.saturating_add(given.map_or(0, |base| base.length));
    let remembered = if options.deduplicate { Repeats::memory(bytes) } else { 0 };
    let earlier = std::mem::take(&mut amended.earlier);
    let held = held.saturating_add(remembered).saturating_add(earlier.memory());
    // Known before the first byte is written: nothing takes more than this.
    let splitting = apart.highest_cost();
    let highest = highest.max(splitting);
    let (group, pictures) = apart.longest_groups();
    let highest = highest.max(group_cost(options, group, false));
    let highest = highest.max(group_cost(options, pictures, true));
    let needed = held.saturating_add(highest);
    if splitting > 0 && needed > options.memory {
        let (field, found, limit) = (MEMORY_OF_RECIPES, needed, options.memory);
        return Err(ArchiveError::Limit { field, found, limit });
    }
    check_cost(needed, options.memory)?;
    control.events.event(Event::Total { entries, bytes });
    let base = options.base.as_ref().zip(reach);
    let base = base.map(|(base, reach)| learn(base, reach, options)).transpose()?;
    let mut writer = begin(archive_id)?;
    write_others(&mut writer, amended, &without_content, control)?;
    let memory = options.memory - held;
    let mut creation = Creation::new(apart, others, writer, options, control, memory, earlier);
    if let (Some(base), Some(given)) = (base, &options.base) {
        creation.begin_with(base, given.given.bytes())?;
    }
    let ran = pipeline::run(&mut creation, threads::workers(options.jobs), control);
    ran.inspect_err(|_| creation.leave())?;
    let mut coded = creation.finish();
    coded.writer.write_chunks(&coded.blocks)?;
    coded.entries += without_content.iter().map(|node| node.names.len() as u64).sum::<u64>();
    Ok(coded)
}

/// Sets the files apart that may be taken apart, by extension and path. All others are arranged
/// once it is known which of these are to be stored among them.
fn set_apart(
    arrangement: Arrangement,
    sizes: Sizes,
    options: &CreateOptions,
) -> (Vec<ContentPlan>, Others) {
    // What is stored as it is gets no smaller by being unpacked.
    let none =
        options.recipes == Recipes::NONE || options.codec.choice == Choice::Only(Codec::Store);
    let apart = |content: &ContentPlan| !none && content.packed && content.size() > 0;
    if !arrangement.contents.iter().any(apart) {
        return (Vec::new(), Others::Arranged(arrangement));
    }
    let (mut files, mut others): (Vec<_>, Vec<_>) =
        arrangement.contents.into_iter().partition(apart);
    files.sort_by_cached_key(|content| (extension(content.path()), content.path().to_vec()));
    sort_by_kind(&mut others);
    (files, Others::Sorted(others, sizes))
}

/// What a generation says of earlier ones, without new contents.
#[derive(Debug, Default)]
pub(super) struct Amended {
    /// Paths that are gone with all below them.
    pub removed: Vec<Vec<u8>>,
    /// Files whose content is there already.
    pub again: Vec<(Node, Origin)>,
    /// Blocks of files that earlier generations hold.
    pub earlier: Earlier,
}

/// Announces what has no content of its own, before all groups.
fn write_others(
    writer: &mut Writer<impl Write>,
    amended: Amended,
    others: &[Node],
    control: &Control,
) -> Result<(), ArchiveError> {
    let mut part = PartBuilder::default();
    let Amended { mut removed, again, .. } = amended;
    removed.sort_by(|one, other| compare_paths(one, other));
    for path in removed {
        if part.is_full() {
            writer.write_part(&std::mem::take(&mut part).finish())?;
        }
        part.remove(path);
    }
    for (node, origin) in &again {
        if part.is_full() {
            writer.write_part(&std::mem::take(&mut part).finish())?;
        }
        let back = writer.sequence() - u64::from(origin.sequence);
        let again = Some(Box::new(Again { back, row: origin.row.into() }));
        part.row(Row { again, ..Row::default() }, None, [node]);
        for found in &node.names {
            control.events.event(Event::Entry { path: &found.entry.path });
        }
    }
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
