//! Extracts and verifies an archive front to back, from a pipe, by its ENTRY sections.

use super::extract::{ExtractOptions, ExtractSummary, file_error};
use super::groups::{Decoded, decode, decode_cost, ends_run, in_group};
use super::incoming::Incoming;
use super::index::find;
use super::verify::agree;
use crate::archive::memory::part_memory;
use crate::archive::pipeline::{self, Stages, Task};
use crate::archive::threads;
use crate::archive::{Archive, ArchiveError, Control, Event, Limits, VerifySummary};
use crate::checksum::Digest;
use crate::container::{
    Catalog, ContainerError, Part, Section, SectionType, StreamReader, StreamSection, decode_index,
    decode_part,
};
use crate::entry::Entry;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

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
    stream(sections, incoming, None, options.jobs)
}

/// Decodes a piped archive and checks every file against its digest, and every
/// ENTRY section against the index. Damage is reported as warnings. Holds the
/// entries and a digest of each file until the index comes.
///
/// # Errors
/// As [`crate::archive::Archive::verify`].
pub fn verify_stream(
    input: impl Read,
    jobs: usize,
    limits: &Limits,
    control: &Control,
) -> Result<VerifySummary, ArchiveError> {
    let sections = StreamReader::new(input, limits)?;
    let options = ExtractOptions { jobs, ..ExtractOptions::default() };
    let incoming = Incoming::new(None, &options, limits, control)?;
    stream(sections, incoming, Some(Catalog::new(limits.memory)), jobs)
}

/// Reads a piped archive to its end and returns the entries of its index.
///
/// # Errors
/// [`ArchiveError::Container`], also if the archive is not whole;
/// [`ArchiveError::Interrupted`].
pub fn list_stream(
    input: impl Read,
    limits: &Limits,
    control: &Control,
) -> Result<Vec<Entry>, ArchiveError> {
    let archive = Archive::of_stream(input, limits, control)?;
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

/// Reads sections, decodes groups, hands pieces to [`Incoming`].
struct Streaming<'a, R: Read> {
    sections: StreamReader<R>,
    incoming: Incoming<'a>,
    limits: &'a Limits,
    control: &'a Control<'a>,
    /// The ENTRY section of the group that is to come.
    pending: Option<(Section, Part)>,
    /// Whether a selected file goes on in the group after the last.
    continues: bool,
    /// What ended reading early.
    broken: Option<ContainerError>,
    /// Whether damage was reported.
    damaged: bool,
    /// What ENTRY sections say, if it is to be compared with the index.
    catalog: Option<Catalog>,
    /// Entries of the index, once it has come.
    index: Option<Vec<Entry>>,
}

/// A group to be decoded, or nothing for a part without data.
struct StreamJob {
    section: Section,
    payload: Vec<u8>,
    fault: Option<ContainerError>,
    wanted: bool,
    digest: Digest,
}

/// What waits for a group to be decoded.
enum Kept {
    Part(Part),
    /// The index, for which all groups before it are to be done.
    Index(StreamSection),
}

type StreamTask = Task<StreamJob, Kept>;

/// Reads all sections and hands what they hold to `incoming`. With a catalog, what ENTRY
/// sections say is compared with the index.
///
/// # Errors
/// As [`extract_stream`].
pub(super) fn stream<'a, R: Read>(
    sections: StreamReader<R>,
    incoming: Incoming<'a>,
    catalog: Option<Catalog>,
    jobs: usize,
) -> Result<ExtractSummary, ArchiveError> {
    let (limits, control) = (incoming.limits, incoming.control);
    let mut streaming = Streaming {
        sections,
        incoming,
        limits,
        control,
        pending: None,
        continues: false,
        broken: None,
        damaged: false,
        catalog,
        index: None,
    };
    let jobs = threads::workers(jobs);
    let result = pipeline::run(&mut streaming, jobs, control);
    streaming.finish(result.is_ok()).and_then(|summary| result.map(|()| summary))
}

impl<'a, R: Read> Streaming<'a, R> {
    fn finish(mut self, whole: bool) -> Result<ExtractSummary, ArchiveError> {
        // What was not looked at is no damage.
        if let Some((section, part)) = self.pending.take().filter(|_| whole) {
            self.incoming.take(&section, part, &Decoded::nothing(&section, lost()));
        }
        match (self.broken, &self.index) {
            _ if !whole => {}
            (Some(error), _) => self.incoming.fail(error),
            (None, None) if !self.damaged => self.incoming.fail(no_index()),
            _ => {}
        }
        if let (Some(catalog), Some(index)) = (self.catalog, &self.index) {
            compare(catalog, index, &mut self.incoming);
        }
        self.incoming.finish(whole, self.index.as_deref())
    }

    /// Takes an ENTRY section; a part without data is ready at once.
    fn announce(&mut self, found: StreamSection) -> Result<Option<StreamTask>, ArchiveError> {
        let section = found.section;
        let raw_length = section.header.raw_length;
        let part = found.intact();
        let limits = self.left();
        let part = part.and_then(|payload| decode_part(&payload, raw_length, &limits));
        let part = match part {
            Ok(part) => part,
            Err(error) => {
                self.fail_or_end(error)?;
                return Ok(None);
            }
        };
        if let Some(catalog) = &mut self.catalog {
            catalog.take(part.clone(), section.header.group, self.limits)?;
        }
        if part.length() == 0 {
            if part.continued || part.following > 0 {
                self.wanted(&part);
            }
            return Ok(Some(self.without_data(section, part, None)));
        }
        let Some((section, part)) = self.pending.replace((section, part)) else { return Ok(None) };
        self.wanted(&part);
        Ok(Some(self.without_data(section, part, Some(lost()))))
    }

    /// Returns the limits, with the memory that is left besides what is held until the end.
    fn left(&self) -> Limits {
        Limits { memory: self.memory(), ..self.limits.clone() }
    }

    fn without_data(
        &self,
        section: Section,
        part: Part,
        fault: Option<ContainerError>,
    ) -> StreamTask {
        let (wanted, digest) = (fault.is_some(), part.group_digest);
        let job = StreamJob { section, payload: Vec::new(), fault, wanted, digest };
        let cost = part_memory(&part);
        Task { job, kept: Kept::Part(part), cost }
    }

    /// Takes the index, which waits until all groups before it are done and their memory
    /// is free.
    fn index(&mut self, mut found: StreamSection) -> StreamTask {
        let section = found.section;
        let payload = std::mem::take(&mut found.payload);
        let cost = payload.len() as u64;
        let kept = Kept::Index(StreamSection { payload, ..found });
        let (wanted, digest) = (false, Digest::default());
        let job = StreamJob { section, payload: Vec::new(), fault: None, wanted, digest };
        Task { job, kept, cost }
    }

    /// Reads the index, to be compared with what was announced.
    fn read_index(&mut self, found: StreamSection) -> Result<(), ArchiveError> {
        let (raw_length, limits) = (found.section.header.raw_length, self.left());
        let payload = found.intact();
        match payload.and_then(|payload| decode_index(&payload, raw_length, &limits)) {
            Ok(index) => self.index = Some(index.entries),
            Err(error) => self.fail_or_end(error)?,
        }
        self.incoming.check()
    }

    /// Takes a DATA section and pairs it with its announcement.
    fn data(&mut self, found: StreamSection) -> Option<StreamTask> {
        let section = found.section;
        let group = section.header.group;
        let matching = |(entry, part): &(Section, Part)| {
            entry.header.group == group && part.length() == section.header.raw_length
        };
        let Some((_, part)) = self.pending.take_if(|pending| matching(pending)) else {
            self.damaged = true;
            self.incoming.fail(in_group(&section, ArchiveError::Unannounced));
            return None;
        };
        let wanted = self.wanted(&part);
        let StreamSection { payload, fault, .. } = found;
        let job = StreamJob { section, payload, fault, wanted, digest: part.group_digest };
        let cost = decode_cost(&section).saturating_add(part_memory(&part));
        Some(Task { job, kept: Kept::Part(part), cost })
    }

    /// Reports damage; reading goes on.
    fn fail(&mut self, error: ContainerError) {
        self.damaged |= !matches!(error, ContainerError::Behind { .. });
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

    /// Whether selected files have bytes in a group.
    fn wanted(&mut self, part: &Part) -> bool {
        let selected = self.incoming.selects(part);
        let continues = part.continued && self.continues;
        let last = selected.last().copied().unwrap_or(false);
        let same = continues && part.pieces.len() == 1;
        self.continues = part.following > 0 && (last || same);
        continues || selected.contains(&true)
    }
}

fn lost() -> ContainerError {
    ContainerError::Lost { structure: "DATA" }
}

/// Compares what was announced with the index. What was not announced at all is
/// reported by [`Incoming`].
fn compare(catalog: Catalog, index: &[Entry], incoming: &mut Incoming) {
    let (announced, _) = catalog.finish();
    for entry in announced {
        let known = find(index, &entry.path);
        if !known.is_some_and(|known| agree(&entry, known)) {
            incoming.fail(file_error(&entry.path, Arc::new(ArchiveError::Differs)));
        }
    }
}

impl<R: Read> Stages for Streaming<'_, R> {
    type Job = StreamJob;
    type Kept = Kept;
    type Output = (Section, bool, Decoded);

    fn next(&mut self) -> Result<Option<StreamTask>, ArchiveError> {
        while self.broken.is_none() {
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
            let task = match found.section.header.known_type() {
                Some(SectionType::Entry) => self.announce(found)?,
                Some(SectionType::Data) => self.data(found),
                Some(SectionType::Index) => Some(self.index(found)),
                None => {
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

    fn work(job: StreamJob) -> Self::Output {
        let StreamJob { section, payload, fault, wanted, digest } = job;
        let decoded = match wanted {
            true => {
                let whole = section.header.raw_length as usize;
                decode(&section, &payload, fault, whole).check(&section, digest)
            }
            false => Decoded { raw: Vec::new(), fault: None, proven: true },
        };
        (section, wanted, decoded)
    }

    fn memory(&self) -> u64 {
        let catalog = self.catalog.as_ref().map_or(0, Catalog::memory);
        let held = self.incoming.memory().saturating_add(catalog);
        self.limits.memory.saturating_sub(held)
    }

    fn done(&mut self, kept: Kept, output: Self::Output) -> Result<(), ArchiveError> {
        let part = match kept {
            Kept::Part(part) => part,
            Kept::Index(found) => {
                return self.read_index(found);
            }
        };
        let (section, wanted, decoded) = output;
        ends_run(&decoded)?;
        if section.header.known_type() == Some(SectionType::Data) {
            let (bytes, stored) = (section.header.raw_length, section.header.stored_length);
            self.incoming.summary.groups_decoded += wanted as u64;
            self.control.events.event(Event::Progress { bytes, stored });
        }
        self.incoming.take(&section, part, &decoded);
        self.incoming.check()
    }
}
