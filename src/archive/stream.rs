//! Extracting front to back by ENTRY sections: from a pipe, and from an
//! archive whose index is lost.

use super::extract::{ExtractOptions, ExtractSummary, file_error};
use super::incoming::Incoming;
use super::open::{Decoded, decode, decode_cost, ends_run, find, in_group};
use super::pool::{self, Stages, Task};
use super::verify::agree;
use super::{Archive, ArchiveError, Control, Event, Limits, VerifySummary};
use crate::checksum::Digest;
use crate::container::{
    Catalog, ContainerError, Part, ReadAt, Section, SectionType, StreamReader, StreamSection,
    decode_index, decode_part,
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
/// [`super::Archive::extract`], but patterns that select nothing are known
/// only at the end.
pub fn extract_stream(
    input: impl Read,
    destination: &Path,
    options: &ExtractOptions,
    limits: &Limits,
    control: &Control,
) -> Result<ExtractSummary, ArchiveError> {
    let sections = StreamReader::new(input, limits)?;
    Streaming::run(sections, Some(destination), options, limits, control)
}

/// Decodes a piped archive and checks every file against its digest, and every
/// ENTRY section against the index. Damage is reported as warnings. Holds the
/// entries and a digest of each file until the index comes.
///
/// # Errors
/// As [`super::Archive::verify`].
pub fn verify_stream(
    input: impl Read,
    jobs: usize,
    limits: &Limits,
    control: &Control,
) -> Result<VerifySummary, ArchiveError> {
    let sections = StreamReader::new(input, limits)?;
    let options = ExtractOptions { jobs, ..ExtractOptions::default() };
    Streaming::run(sections, None, &options, limits, control)
}

/// Extracts through the index, or, if that is damaged, reports so and salvages.
///
/// # Errors
/// As [`Archive::extract`]; [`ArchiveError::Container`] if this is no archive
/// or one for a newer version.
pub fn extract(
    source: impl ReadAt + Send,
    destination: &Path,
    options: &ExtractOptions,
    limits: &Limits,
    control: &Control,
) -> Result<ExtractSummary, ArchiveError> {
    Archive::open_any(source, limits, control)?.extract(destination, options, control)
}

/// Extracts what a search finds in an archive, without use of its footer: every
/// file whose bytes are proven by the index, or, without it, by the digests of
/// its groups.
///
/// # Errors
/// As [`extract`].
pub fn salvage(
    source: impl ReadAt,
    destination: &Path,
    options: &ExtractOptions,
    limits: &Limits,
    control: &Control,
) -> Result<ExtractSummary, ArchiveError> {
    Archive::salvage(source, limits, control)?.extract(destination, options, control)
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
        None => Ok(archive.entries().to_vec()),
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

impl<'a, R: Read> Streaming<'a, R> {
    fn run(
        sections: StreamReader<R>,
        destination: Option<&Path>,
        options: &'a ExtractOptions,
        limits: &'a Limits,
        control: &'a Control<'a>,
    ) -> Result<ExtractSummary, ArchiveError> {
        let incoming = Incoming::new(destination, options, limits, control)?;
        let catalog = destination.is_none().then(Catalog::default);
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
        let jobs = pool::workers(options.jobs);
        let result = pool::run(&mut streaming, jobs, limits.memory, control);
        streaming.finish(result.is_ok()).and_then(|summary| result.map(|()| summary))
    }

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
    fn announce(&mut self, found: StreamSection) -> Option<Task<StreamJob, Part>> {
        let section = found.section;
        let raw_length = section.header.raw_length;
        let part = found.intact();
        let part = part.and_then(|payload| decode_part(&payload, raw_length, self.limits));
        let part = match part {
            Ok(part) => part,
            Err(error) => {
                self.fail(error);
                return None;
            }
        };
        if let Some(catalog) = &mut self.catalog {
            catalog.take(part.clone(), section.header.group, self.limits);
        }
        if part.length() == 0 {
            if part.continued || part.following > 0 {
                self.wanted(&part);
            }
            return Some(self.without_data(section, part, None));
        }
        let (section, part) = self.pending.replace((section, part))?;
        self.wanted(&part);
        Some(self.without_data(section, part, Some(lost())))
    }

    fn without_data(
        &self,
        section: Section,
        part: Part,
        fault: Option<ContainerError>,
    ) -> Task<StreamJob, Part> {
        let (wanted, digest) = (fault.is_some(), part.group_digest);
        let job = StreamJob { section, payload: Vec::new(), fault, wanted, digest };
        Task { job, kept: part, cost: 0 }
    }

    /// Takes the index, to be compared with what was announced.
    fn index(&mut self, found: StreamSection) -> Option<Task<StreamJob, Part>> {
        let raw_length = found.section.header.raw_length;
        let payload = found.intact();
        match payload.and_then(|payload| decode_index(&payload, raw_length, self.limits)) {
            Ok(index) => self.index = Some(index.entries),
            Err(error) => self.fail(error),
        }
        None
    }

    /// Takes a DATA section and pairs it with its announcement.
    fn data(&mut self, found: StreamSection) -> Option<Task<StreamJob, Part>> {
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
        Some(Task { job, kept: part, cost: decode_cost(&section) })
    }

    /// Reports damage; reading goes on.
    fn fail(&mut self, error: ContainerError) {
        self.damaged |= !matches!(error, ContainerError::Behind { .. });
        self.incoming.fail(error);
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
    type Kept = Part;
    type Output = (Section, bool, Decoded);

    fn next(&mut self) -> Result<Option<Task<StreamJob, Part>>, ArchiveError> {
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
                Some(SectionType::Entry) => self.announce(found),
                Some(SectionType::Data) => self.data(found),
                Some(SectionType::Index) => self.index(found),
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

    fn done(&mut self, part: Part, output: Self::Output) -> Result<(), ArchiveError> {
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
