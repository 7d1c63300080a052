//! Extracting front to back by ENTRY sections: from a pipe, and from an
//! archive whose index is lost.

use super::extract::{ExtractOptions, ExtractSummary};
use super::incoming::Incoming;
use super::open::{Decoded, decode, decode_cost, ends_run, in_group};
use super::pool::{self, Stages, Task};
use super::{Archive, ArchiveError, Control, ErrorKind, Event, Limits};
use crate::checksum::{self, Digest};
use crate::container::{
    ContainerError, Part, ReadAt, Scanner, Section, SectionType, StreamReader, decode_index,
    decode_part, has_footer,
};
use crate::entry::Entry;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// Extracts from a pipe. Damage is reported as warnings and spoils only the
/// files it hits.
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
    let sections = Piped(StreamReader::new(input, limits)?);
    Streaming::run(sections, destination, options, limits, control)
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
    let error = match Archive::open(&source, limits) {
        Ok(archive) => return archive.extract(destination, options, control),
        Err(error) => error,
    };
    // Without its preface an archive is still known by its footer.
    let unknown = matches!(error, ArchiveError::Container(ContainerError::NotAnArchive { .. }));
    if error.kind() != ErrorKind::Integrity || (unknown && !has_footer(&source)) {
        return Err(error);
    }
    let mut summary = salvage(&source, destination, options, limits, control)?;
    summary.fail(control, error);
    Ok(summary)
}

/// Extracts what can be found in an archive whose index, footer or preface is
/// damaged: every file of which an ENTRY section and all groups are intact.
///
/// # Errors
/// As [`extract_stream`].
pub fn salvage(
    source: impl ReadAt,
    destination: &Path,
    options: &ExtractOptions,
    limits: &Limits,
    control: &Control,
) -> Result<ExtractSummary, ArchiveError> {
    let sections = Scanned(Scanner::new(source, limits)?);
    Streaming::run(sections, destination, options, limits, control)
}

/// Reads a piped archive to its end and returns the entries of its index.
///
/// # Errors
/// [`ArchiveError::Container`], [`ArchiveError::Interrupted`].
pub fn list_stream(
    input: impl Read,
    limits: &Limits,
    control: &Control,
) -> Result<Vec<Entry>, ArchiveError> {
    let mut reader = StreamReader::new(input, limits)?;
    let mut entries = None;
    while let Some(found) = reader.next_section()? {
        control.check()?;
        let header = found.section.header;
        if header.known_type() == Some(SectionType::Index) {
            let index = decode_index(&found.payload?, header.raw_length, limits)?;
            entries = Some(index.entries);
        }
    }
    Ok(entries.ok_or_else(no_index)?)
}

fn no_index() -> ContainerError {
    ContainerError::Truncated { structure: "INDEX", offset: 0 }
}

/// A section and its payload, or what is wrong with it.
type Found = (Section, Result<Vec<u8>, ContainerError>);

/// Where sections come from.
trait Sections {
    /// The next section, `None` at the end.
    fn next_section(&mut self) -> Result<Option<Found>, ContainerError>;
}

struct Piped<R: Read>(StreamReader<R>);

impl<R: Read> Sections for Piped<R> {
    fn next_section(&mut self) -> Result<Option<Found>, ContainerError> {
        let found = self.0.next_section()?;
        Ok(found.map(|found| (found.section, found.payload)))
    }
}

struct Scanned<S>(Scanner<S>);

impl<S: ReadAt> Sections for Scanned<S> {
    fn next_section(&mut self) -> Result<Option<Found>, ContainerError> {
        let found = self.0.next_section()?;
        Ok(found.map(|found| (found.section, found.payload)))
    }
}

/// Reads sections, decodes groups, hands pieces to [`Incoming`].
struct Streaming<'a, T> {
    sections: T,
    incoming: Incoming<'a>,
    limits: &'a Limits,
    control: &'a Control<'a>,
    /// The ENTRY section of the group that is to come.
    pending: Option<(Section, Part)>,
    /// Whether a selected file goes on in the group after the last.
    continues: bool,
    /// What ended reading early.
    broken: Option<ContainerError>,
    /// Entries of the index, once it has come.
    index: Option<Vec<Entry>>,
}

/// A group to be decoded, or nothing for a part without data.
struct StreamJob {
    section: Section,
    payload: Result<Vec<u8>, ArchiveError>,
    wanted: bool,
    digest: Digest,
}

impl<'a, T: Sections> Streaming<'a, T> {
    fn run(
        sections: T,
        destination: &Path,
        options: &'a ExtractOptions,
        limits: &'a Limits,
        control: &'a Control<'a>,
    ) -> Result<ExtractSummary, ArchiveError> {
        let incoming = Incoming::new(destination, options, limits, control)?;
        let mut streaming = Streaming {
            sections,
            incoming,
            limits,
            control,
            pending: None,
            continues: false,
            broken: None,
            index: None,
        };
        let jobs = pool::workers(options.jobs);
        let result = pool::run(&mut streaming, jobs, limits.memory, control);
        let Streaming { mut incoming, broken, pending, index, .. } = streaming;
        if let Some((section, part)) = pending.filter(|_| result.is_ok()) {
            incoming.take(part, Err(missing(&section)));
        }
        match (broken, index) {
            // What was not looked at is no damage.
            _ if result.is_err() => {}
            (Some(error), _) => incoming.fail(error),
            (None, Some(entries)) => incoming.check_complete(&entries),
            (None, None) => incoming.fail(no_index()),
        }
        let summary = incoming.finish(result.is_ok())?;
        result.map(|()| summary)
    }

    /// Takes an ENTRY section; a part without data is ready at once.
    fn announce(
        &mut self,
        section: Section,
        payload: Result<Vec<u8>, ContainerError>,
    ) -> Option<Task<StreamJob, Part>> {
        let raw_length = section.header.raw_length;
        let part = payload.and_then(|payload| decode_part(&payload, raw_length, self.limits));
        let part = match part {
            Ok(part) => part,
            Err(error) => {
                self.incoming.fail(error);
                return None;
            }
        };
        if part.length() == 0 {
            let digest = part.group_digest;
            let job = StreamJob { section, payload: Ok(Vec::new()), wanted: false, digest };
            return Some(Task { job, kept: part, cost: 0 });
        }
        if let Some((section, part)) = self.pending.replace((section, part)) {
            let digest = part.group_digest;
            let job = StreamJob { section, payload: Err(lost()), wanted: true, digest };
            return Some(Task { job, kept: part, cost: 0 });
        }
        None
    }

    /// Takes the index, to be compared with what was announced.
    fn index(
        &mut self,
        section: Section,
        payload: Result<Vec<u8>, ContainerError>,
    ) -> Option<Task<StreamJob, Part>> {
        let raw_length = section.header.raw_length;
        match payload.and_then(|payload| decode_index(&payload, raw_length, self.limits)) {
            Ok(index) => self.index = Some(index.entries),
            Err(error) => self.broken = Some(error),
        }
        None
    }

    /// Takes a DATA section and pairs it with its announcement.
    fn data(
        &mut self,
        section: Section,
        payload: Result<Vec<u8>, ContainerError>,
    ) -> Option<Task<StreamJob, Part>> {
        let group = section.header.group;
        let matching = |(entry, part): &(Section, Part)| {
            entry.header.group == group && part.length() == section.header.raw_length
        };
        let Some((_, part)) = self.pending.take_if(|pending| matching(pending)) else {
            self.incoming.fail(in_group(&section, ArchiveError::Unannounced));
            return None;
        };
        let wanted = self.wanted(&part);
        let payload = payload.map_err(ArchiveError::from);
        let job = StreamJob { section, payload, wanted, digest: part.group_digest };
        Some(Task { job, kept: part, cost: decode_cost(&section) })
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

fn lost() -> ArchiveError {
    ArchiveError::Missing
}

fn missing(section: &Section) -> Arc<ArchiveError> {
    Arc::new(in_group(section, lost()))
}

impl<T: Sections> Stages for Streaming<'_, T> {
    type Job = StreamJob;
    type Kept = Part;
    type Output = (Section, bool, Decoded);

    fn next(&mut self) -> Result<Option<Task<StreamJob, Part>>, ArchiveError> {
        while self.broken.is_none() {
            self.control.check()?;
            let (section, payload) = match self.sections.next_section() {
                Ok(Some(found)) => found,
                Ok(None) => break,
                Err(error) => {
                    self.broken = Some(error);
                    break;
                }
            };
            let task = match section.header.known_type() {
                Some(SectionType::Entry) => self.announce(section, payload),
                Some(SectionType::Data) => self.data(section, payload),
                Some(SectionType::Index) => self.index(section, payload),
                None => {
                    payload.err().into_iter().for_each(|error| self.incoming.fail(error));
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
        let StreamJob { section, payload, wanted, digest } = job;
        let decoded = match payload {
            Ok(_) if !wanted => Ok(Vec::new()),
            Ok(payload) => decode(&section, &payload, section.header.raw_length as usize),
            Err(error) => Err(error),
        };
        let checked = decoded.and_then(|raw| match !wanted || checksum::digest(&raw) == digest {
            true => Ok(raw),
            false => Err(ArchiveError::Digest),
        });
        (section, wanted, checked.map_err(|cause| Arc::new(in_group(&section, cause))))
    }

    fn done(&mut self, part: Part, output: Self::Output) -> Result<(), ArchiveError> {
        let (section, wanted, decoded) = output;
        let decoded = ends_run(decoded)?;
        if section.header.known_type() == Some(SectionType::Data) {
            let (bytes, stored) = (section.header.raw_length, section.header.stored_length);
            self.incoming.summary.groups_decoded += wanted as u64;
            self.control.events.event(Event::Progress { bytes, stored });
        }
        self.incoming.take(part, decoded);
        self.incoming.check()
    }
}
