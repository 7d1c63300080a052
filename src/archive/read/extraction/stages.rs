//! The stages of an extraction: groups are decoded and files made on workers.

use super::{Extraction, Run};
use crate::archive::pipeline::{Stages, Task};
use crate::archive::read::groups::{Decoded, ends_run};
use crate::archive::read::index::Archive;
use crate::archive::read::making::{BATCHES, Made, Making};
use crate::archive::{ArchiveError, Event};
use crate::container::{ReadAt, Section};
use std::sync::Arc;

/// A group to be decoded.
pub(in crate::archive::read) struct DecodeJob<'a, S> {
    archive: &'a Archive<S>,
    section: Section,
    wanted: usize,
    /// The group, if it was decoded before.
    kept: Option<Arc<Decoded>>,
}

/// What a worker does.
pub(in crate::archive::read) enum Job<'a, S> {
    Decode(DecodeJob<'a, S>),
    Make(Result<Making, Arc<ArchiveError>>),
}

/// What waits for it.
pub(in crate::archive::read) enum Kept {
    Group(Section, Vec<Run>, bool),
    File { file: usize, number: usize },
}

/// What comes of it.
pub(in crate::archive::read) enum Done {
    Group(Arc<Decoded>),
    File(Result<Made, Arc<ArchiveError>>),
}

impl<'a, S: ReadAt> Stages for Extraction<'a, '_, S> {
    type Job = Job<'a, S>;
    type Kept = Kept;
    type Output = Done;

    fn waits(&mut self) -> Result<bool, ArchiveError> {
        if !self.ready.is_empty() {
            return Ok(false);
        }
        Ok(match self.groups.as_slice().first() {
            // What is under way may be all that a file is made of.
            None => !self.unmade.is_empty(),
            Some((group, _)) => {
                let batch = self.archive.batch_of(*group);
                let is_new = self.unmade.contains_key(&batch) && !self.begun.contains(&batch);
                is_new && self.begun.len() >= BATCHES
            }
        })
    }

    fn next(&mut self) -> Result<Option<Task<Self::Job, Self::Kept>>, ArchiveError> {
        if let Some(ready) = self.ready.pop_front() {
            return Ok(Some(self.make(ready)));
        }
        let Some((group, runs)) = self.groups.next() else { return Ok(None) };
        let batch = self.archive.batch_of(group);
        if self.unmade.contains_key(&batch) {
            self.begun.insert(batch);
        }
        let section = self.archive.group(group);
        let (cache, whole) = (&self.archive.cache, section.header.raw_length);
        let wanted = runs.iter().map(|run| run.offset + run.length).max().unwrap_or(0);
        let wanted = if self.all_groups { whole as usize } else { wanted };
        let wanted = self.archive.span_end(group, wanted);
        let kept = cache.get(group, wanted);
        let keeps = kept.is_none() && self.keeps(&section, &runs);
        let wanted = if keeps { whole as usize } else { wanted };
        let cost = if kept.is_some() { 0 } else { self.archive.cost(&section).decode };
        let job = DecodeJob { archive: self.archive, section, wanted, kept };
        Ok(Some(Task { job: Job::Decode(job), kept: Kept::Group(section, runs, keeps), cost }))
    }

    fn work(job: Job<'a, S>) -> Done {
        match job {
            Job::Make(making) => {
                Done::File(making.and_then(|making| making.make().map_err(Arc::new)))
            }
            Job::Decode(DecodeJob { archive, section, wanted, kept }) => {
                Done::Group(kept.unwrap_or_else(|| archive.decode(&section, wanted)))
            }
        }
    }

    fn memory(&self) -> u64 {
        self.memory.0
    }

    fn done(&mut self, kept: Kept, output: Done) -> Result<(), ArchiveError> {
        match (kept, output) {
            (Kept::Group(section, runs, keeps), Done::Group(output)) => {
                self.group(&section, runs, keeps, &output)?;
            }
            (Kept::File { file, number }, Done::File(made)) => self.give(file, number, made),
            _ => unreachable!("a result is of the kind of its job"),
        }
        self.broken.take().map_or(Ok(()), Err)
    }
}

impl<'a, S: ReadAt> Extraction<'a, '_, S> {
    /// Hands on what was decoded of a group.
    fn group(
        &mut self,
        section: &Section,
        runs: Vec<Run>,
        keeps: bool,
        output: &Arc<Decoded>,
    ) -> Result<(), ArchiveError> {
        ends_run(output)?;
        let group = section.header.group;
        if keeps {
            self.archive.cache.put(group, output);
            self.archive.cache.shrink(self.memory.1);
        }
        if let Some(cause) = &output.fault {
            self.tallies.damaged(group, section.offset, cause);
        }
        let missing = Arc::new(ArchiveError::Missing);
        let bytes = runs.iter().map(|run| run.length as u64).sum();
        for run in self.give_turns(section, runs, output)? {
            if self.broken.is_some() {
                break; // the next file would fail in the same way
            }
            if self.files[run.file].making.is_some() {
                self.collect(&run, group, output);
                continue;
            }
            let given = output.right(run.offset, run.length);
            if given.is_none() {
                self.files[run.file].doubt.get_or_insert(group);
            }
            let given = given.ok_or(output.fault.as_ref().unwrap_or(&missing));
            let doubtful = output.bytes(run.offset, run.length);
            self.take(run.file, run.length, given, doubtful);
        }
        let stored = section.header.stored_length;
        self.control.events.event(Event::Progress { bytes, stored });
        Ok(())
    }
}
