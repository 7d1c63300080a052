//! Extracts and verifies an archive front to back, from a pipe, by its ENTRY sections.

use super::extract::{ExtractOptions, ExtractSummary};
use super::groups::in_group;
use super::incoming::Incoming;
use super::streamed::{StreamBases, StreamGroup, StreamJob};
use crate::archive::pipeline::{self, Stages, Task};
use crate::archive::threads;
use crate::archive::{Archive, ArchiveError, Control, GivenBases, Limits, VerifySummary};
use crate::container::{
    At, Batch, ContainerError, Part, Section, SectionType, StreamReader, StreamSection,
    decode_index, decode_part, part_memory,
};
use crate::entry::Entry;
use stages::{Job, Kept, StreamTask};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

mod stages;

/// Extracts from a pipe. Damage is reported as warnings and spoils only the
/// files it hits; reading goes on at the next intact section.
///
/// # Errors
/// [`ArchiveError::Container`] if this is no archive; otherwise as
/// [`crate::archive::Archive::extract`], but patterns that select nothing are known
/// only at the end.
pub fn extract_stream(
    input: impl Read,
    destination: &Path,
    options: &ExtractOptions,
    limits: &Limits,
    control: &Control,
) -> Result<ExtractSummary, ArchiveError> {
    let sections = StreamReader::new(input, limits)?;
    let incoming = Incoming::new(Some(destination), options, limits, control)?;
    stream(sections, incoming, false, options.jobs)
}

/// Decodes a piped archive and checks every span and every file against its digest, and
/// all sections against the index. Damage is reported as warnings. Holds the paths to the
/// end.
///
/// # Errors
/// As [`crate::archive::Archive::verify`].
pub fn verify_stream(
    input: impl Read,
    jobs: usize,
    bases: &GivenBases,
    limits: &Limits,
    control: &Control,
) -> Result<VerifySummary, ArchiveError> {
    verify_stream_at(input, jobs, bases, limits, control, At::Newest)
}

/// Does the same as [`verify_stream`] with the generations up to one given by its number.
///
/// # Errors
/// As [`verify_stream`]; [`ArchiveError::FromPipe`].
pub fn verify_stream_at(
    input: impl Read,
    jobs: usize,
    bases: &GivenBases,
    limits: &Limits,
    control: &Control,
    at: At,
) -> Result<VerifySummary, ArchiveError> {
    let sections = StreamReader::new(input, limits)?;
    let (bases, generation) = (bases.clone(), at);
    let options = ExtractOptions { jobs, bases, generation, ..ExtractOptions::default() };
    let incoming = Incoming::new(None, &options, limits, control)?;
    stream(sections, incoming, true, jobs)
}

/// Reads a piped archive to its end and returns its entries.
///
/// # Errors
/// [`ArchiveError::Container`], also if the archive is not whole;
/// [`ArchiveError::Interrupted`].
pub fn list_stream(
    input: impl Read,
    limits: &Limits,
    control: &Control,
) -> Result<Vec<Entry>, ArchiveError> {
    let archive = Archive::of_stream(input, limits, control, At::Newest)?;
    match archive.recovery() {
        None => Ok(archive.into_entries()),
        Some(recovery) => Err(ArchiveError::Salvaged {
            cause: Arc::clone(&recovery.fault),
            missing: recovery.missing,
        }),
    }
}

fn no_index() -> ContainerError {
    ContainerError::Lost { structure: "INDEX" }
}

/// Reads sections, decodes groups, hands their bytes to [`Incoming`].
struct Streaming<'a, R: Read> {
    sections: StreamReader<R>,
    incoming: Incoming<'a>,
    limits: &'a Limits,
    control: &'a Control<'a>,
    /// The batch whose groups are to come.
    pending: Option<Pending>,
    /// Whether a selected file goes on in the next batch.
    continues: bool,
    /// What ended reading early.
    broken: Option<ContainerError>,
    /// Whether damage was reported.
    damaged: bool,
    /// Whether all groups are checked, those of no selected file too.
    all_groups: bool,
    /// Whether the index has come, and whether the last marks its generation as incomplete.
    indexed: bool,
    incomplete: bool,
    bases: StreamBases,
    /// Whether nothing that follows is wanted.
    ended: bool,
    /// The next task, if it was read already; `None` inside at the end.
    ahead: Option<Option<StreamTask<'a>>>,
}

/// A batch whose groups are to come.
struct Pending {
    /// Number of its first group.
    first: u64,
    batch: Arc<Batch>,
    /// For each row, whether a selected file has bytes of it.
    selected: Vec<bool>,
    /// For each group, whether a selected file is made of it.
    makes: Vec<bool>,
    /// The group that is to come.
    next: usize,
    /// Bytes of memory that it takes.
    memory: u64,
}

/// Refuses a generation that cannot be had from a pipe.
fn check_wanted(incoming: &Incoming) -> Result<(), ArchiveError> {
    let what = match incoming.wanted() {
        At::Date(_) => "a generation by its date",
        At::Number(1..) if incoming.outlet.is_some() => "a generation but the first",
        _ => return Ok(()),
    };
    Err(ArchiveError::FromPipe { what })
}

/// Reads all sections and hands what they hold to `incoming`. With `all_groups`, those of no
/// selected file are checked too.
///
/// # Errors
/// As [`extract_stream`].
pub(super) fn stream<'a, R: Read>(
    sections: StreamReader<R>,
    incoming: Incoming<'a>,
    all_groups: bool,
    jobs: usize,
) -> Result<ExtractSummary, ArchiveError> {
    let (limits, control) = (incoming.limits, incoming.control);
    check_wanted(&incoming)?;
    let mut streaming = Streaming {
        sections,
        incoming,
        limits,
        control,
        pending: None,
        continues: false,
        broken: None,
        damaged: false,
        all_groups,
        indexed: false,
        incomplete: false,
        bases: StreamBases::new(limits.memory),
        ended: false,
        ahead: None,
    };
    let jobs = threads::workers(jobs);
    let result = pipeline::run(&mut streaming, jobs, control);
    streaming.finish(result.is_ok()).and_then(|summary| result.map(|()| summary))
}

impl<'a, R: Read> Streaming<'a, R> {
    fn finish(mut self, whole: bool) -> Result<ExtractSummary, ArchiveError> {
        // What was not looked at is no damage.
        match self.broken.take() {
            _ if !whole => {}
            Some(error) => self.incoming.fail(error),
            None if !self.damaged && !self.indexed => self.incoming.fail(no_index()),
            None => {}
        }
        if whole && self.incomplete {
            self.incoming.fail(ArchiveError::Unfinished);
        }
        let wanted = self.incoming.wanted();
        let (closed, newest) = (self.closed(), self.incoming.generation);
        let summary = self.incoming.finish(whole, closed)?;
        match wanted {
            At::Number(number) if whole && number > newest => {
                Err(ContainerError::NoGeneration { number, newest }.into())
            }
            _ => Ok(summary),
        }
    }

    /// Returns whether the last generation that came has its footer.
    fn closed(&self) -> bool {
        self.sections.is_closed() || self.ended || self.incoming.last.is_some()
    }

    /// Takes an ENTRY section.
    fn announce(&mut self, found: StreamSection) -> Result<Option<StreamTask<'a>>, ArchiveError> {
        let section = found.section;
        let (codec, raw_length) = (section.header.codec, section.header.raw_length);
        let limits = self.left();
        let part = found.intact();
        let part = part.and_then(|payload| decode_part(codec, &payload, raw_length, &limits));
        let mut part = match part {
            Ok(part) => part,
            Err(error) => {
                self.pending = None;
                self.fail_or_end(error)?;
                return Ok(None);
            }
        };
        let memory = part_memory(&part);
        let batch = Arc::new(part.take_batch());
        let selected = self.selected(&part, &batch);
        let first = section.header.group;
        let makes = made_of(&batch, &selected);
        let pending =
            Pending { first, batch: Arc::clone(&batch), selected, makes, next: 0, memory };
        self.pending = Some(pending);
        let generation = self.sections.generations();
        let kept = Kept::Part(Box::new((section, part, batch, generation)));
        Ok(Some(Task { job: Job::Nothing, kept, cost: memory }))
    }

    /// Returns the limits, with the memory that is left besides what is held until the end.
    fn left(&self) -> Limits {
        Limits { memory: self.memory(), ..self.limits.clone() }
    }

    /// Takes the index, which waits until all groups before it are done and their memory
    /// is free.
    fn index(&mut self, found: StreamSection) -> StreamTask<'a> {
        let cost = found.payload.len() as u64;
        let generation = self.sections.generations();
        Task { job: Job::Nothing, kept: Kept::Index(Box::new((found, generation))), cost }
    }

    /// Reads the index and compares it with what came.
    fn read_index(&mut self, found: StreamSection) -> Result<(), ArchiveError> {
        let (section, header) = (found.section, found.section.header);
        let limits = self.left();
        self.indexed = true;
        let index = found.intact();
        let index = index
            .and_then(|payload| decode_index(header.codec, &payload, header.raw_length, &limits));
        self.incomplete = index.as_ref().is_ok_and(|index| index.incomplete);
        match index.and_then(|index| self.sections.compare(&index, &section)) {
            Ok(()) => {}
            Err(error) => self.fail_or_end(error)?,
        }
        self.incoming.check()
    }

    /// Takes a DATA section and finds its place in the batch.
    fn data(&mut self, found: StreamSection) -> Option<StreamTask<'a>> {
        let StreamSection { section, payload, fault } = found;
        let header = section.header;
        let place = self.pending.as_ref().and_then(|pending| {
            let place = usize::try_from(header.group.checked_sub(pending.first)?).ok()?;
            let length = pending.batch.group_lengths.get(place).copied();
            (place >= pending.next && length == Some(header.raw_length)).then_some(place)
        });
        let (Some(place), Some(pending)) = (place, &mut self.pending) else {
            self.damaged = true;
            self.incoming.fail(in_group(&section, ArchiveError::Unannounced));
            return None;
        };
        pending.next = place + 1;
        let fragments = pending.batch.fragments(place);
        let named = fragments.iter().any(|fragment| pending.selected[fragment.row]);
        let wanted = named || pending.makes[place] || self.all_groups;
        let memory = pending.memory;
        let batch = Arc::clone(&pending.batch);
        let fault = fault.map(|cause| Arc::new(in_group(&section, cause.into())));
        let group = Arc::new(StreamGroup { section, payload, fault, batch, place });
        let base = self.bases.of(&group);
        let cost = self.bases.cost(&group, base.as_deref()).saturating_add(memory);
        let bases = Arc::clone(&self.bases.decoded);
        let given = self.incoming.given().clone();
        let job = StreamJob { group, wanted, base, bases, given };
        Some(Task { job: Job::Decode(job), kept: Kept::Group, cost })
    }

    /// Reports a section that stands among the groups of a batch.
    fn check_aside(&mut self, section: &Section) {
        let within = |pending: &Pending| pending.next < pending.batch.group_lengths.len();
        if self.pending.as_ref().is_some_and(within) {
            let (structure, offset) = ("Section_Header", section.offset);
            let cause = "the section stands among the groups of a batch";
            self.fail(ContainerError::Damaged { structure, offset, cause });
        }
    }

    /// Reports damage; reading goes on.
    fn fail(&mut self, error: ContainerError) {
        match error {
            ContainerError::Behind { generation, .. } => self.incoming.last = Some(generation),
            _ => self.damaged = true,
        }
        self.incoming.fail(error);
    }

    /// Reports damage, or ends the run if a table does not fit into the memory allowed:
    /// nothing after it would fit either.
    fn fail_or_end(&mut self, error: ContainerError) -> Result<(), ArchiveError> {
        match error {
            ContainerError::TooLarge { field: "memory", .. } => Err(error.into()),
            _ => {
                self.fail(error);
                Ok(())
            }
        }
    }

    /// Returns, for each row, whether selected files have bytes of it.
    fn selected(&mut self, part: &Part, batch: &Batch) -> Vec<bool> {
        let mut selected = self.incoming.selects(part, batch.rows.len());
        if batch.continued && self.continues {
            selected[0] = true;
        }
        if !batch.is_aside() {
            self.continues = batch.open.is_some_and(|open| selected[open.row as usize]);
        }
        selected
    }
}

/// Returns, for each group of a batch, whether a selected row is made of it.
fn made_of(batch: &Batch, selected: &[bool]) -> Vec<bool> {
    let mut makes = vec![false; batch.group_lengths.len()];
    for (row, _) in batch.rows.iter().zip(selected).filter(|(_, selected)| **selected) {
        let places = row.recipe.iter().flat_map(|recipe| batch.places(recipe, 0));
        places.for_each(|place| makes[place.group as usize] = true);
    }
    makes
}

impl<'a, R: Read> Streaming<'a, R> {
    /// Returns whether a section is of a generation that is wanted. What an outlet was given
    /// cannot be taken back: if a generation follows the first, nothing of it is, and that is
    /// reported.
    fn is_wanted(&mut self, section: &Section) -> bool {
        let generation = self.sections.generations();
        match self.incoming.wanted() {
            At::Number(number) if generation > number => {
                self.ended = true;
                false
            }
            _ if generation == 0 || self.incoming.outlet.is_none() => true,
            _ => {
                // Without INDEX it is what an interrupted update left.
                if section.header.is(SectionType::Index) {
                    let what = "a generation that changes what came before";
                    self.incoming.fail(ArchiveError::FromPipe { what });
                    self.ended = true;
                }
                false
            }
        }
    }

    /// Reads what comes until there is something to do; `None` at the end.
    fn read(&mut self) -> Result<Option<StreamTask<'a>>, ArchiveError> {
        while self.broken.is_none() && !self.ended {
            self.control.check()?;
            let found = match self.sections.next_section() {
                Ok(Some(found)) => found,
                Ok(None) => break,
                Err(error @ ContainerError::Io(_)) => {
                    self.broken = Some(error);
                    break;
                }
                Err(error) => {
                    self.fail(error);
                    continue;
                }
            };
            if !self.is_wanted(&found.section) {
                continue;
            }
            let task = match found.section.header.known_type() {
                Some(SectionType::Entry) => self.announce(found)?,
                Some(SectionType::Data) => self.data(found),
                Some(SectionType::Index) => Some(self.index(found)),
                _ => {
                    self.check_aside(&found.section);
                    found.fault.into_iter().for_each(|error| self.fail(error));
                    None
                }
            };
            if task.is_some() {
                return Ok(task);
            }
        }
        Ok(None)
    }
}
