//! The stages of reading front to back: groups are decoded and files made on workers.

use super::Streaming;
use crate::archive::pipeline::{Stages, Task};
use crate::archive::read::groups::{Decoded, ends_run};
use crate::archive::read::made::Ready;
use crate::archive::read::making::{BATCHES, Made, Making};
use crate::archive::read::streamed::StreamJob;
use crate::archive::{ArchiveError, Event};
use crate::container::{Batch, Part, Section, StreamSection};
use std::io::Read;
use std::sync::Arc;

/// What waits for all groups before it, or for its own.
pub(in crate::archive::read) enum Kept<'a> {
    Part(Box<(Section, Part, Arc<Batch>, u64)>),
    Group,
    Made(Box<Ready<'a>>),
    Index(Box<(StreamSection, u64)>),
}

/// What a worker does.
pub(in crate::archive::read) enum Job {
    Nothing,
    Decode(StreamJob),
    Make(Making),
}

/// What comes of it.
pub(in crate::archive::read) enum Done {
    Nothing,
    Decoded(Section, bool, Arc<Decoded>),
    Made(Result<Made, ArchiveError>),
}

pub(super) type StreamTask<'a> = Task<Job, Kept<'a>>;

impl<'a, R: Read> Streaming<'a, R> {
    /// Returns the task of making the next file of which everything came.
    fn make(&mut self) -> Option<StreamTask<'a>> {
        loop {
            let mut ready = self.incoming.ready.pop_front()?;
            let (cost, memory) = (ready.cost(), self.memory());
            match ready.making.take() {
                Some(making) if cost <= memory => {
                    let kept = Kept::Made(Box::new(ready));
                    return Some(Task { job: Job::Make(making), kept, cost });
                }
                _ => {
                    let (field, found, limit) = ("memory", cost, memory);
                    self.incoming.made(ready, Err(ArchiveError::Limit { field, found, limit }));
                }
            }
        }
    }
}

impl<'a, R: Read> Stages for Streaming<'a, R> {
    type Job = Job;
    type Kept = Kept<'a>;
    type Output = Done;

    fn waits(&mut self) -> Result<bool, ArchiveError> {
        if !self.incoming.ready.is_empty() {
            return Ok(false);
        }
        if self.ahead.is_none() {
            self.ahead = Some(self.read()?);
        }
        let unmade = self.incoming.unmade;
        Ok(match self.ahead.as_ref().and_then(Option::as_ref).map(|task| &task.kept) {
            // What is under way may be all that a file is made of.
            None | Some(Kept::Index(_)) => unmade > 0,
            Some(Kept::Part(announced)) => {
                let wants = announced.2.has_recipes() && unmade >= BATCHES;
                wants || self.incoming.awaits_piece
            }
            _ => false,
        })
    }

    fn next(&mut self) -> Result<Option<StreamTask<'a>>, ArchiveError> {
        if let Some(task) = self.make() {
            return Ok(Some(task));
        }
        let next = match self.ahead.take() {
            Some(next) => next,
            None => self.read()?,
        };
        let ends = next.as_ref().is_none_or(|task| match &task.kept {
            Kept::Index(_) => true,
            Kept::Part(_) => self.incoming.awaits_piece,
            _ => false,
        });
        if ends && (self.incoming.unmade > 0 || self.incoming.awaits_piece) {
            // All that is to come of the last batch has come.
            self.incoming.end_batch();
            if let Some(task) = self.make() {
                self.ahead = Some(next);
                return Ok(Some(task));
            }
        }
        if let Some(Kept::Part(announced)) = next.as_ref().map(|task| &task.kept) {
            let batch = &announced.2;
            let open = batch.open.and_then(|open| batch.rows.get(open.row as usize));
            self.incoming.awaits_piece |= open.is_some_and(|row| row.recipe.is_some());
        }
        Ok(next)
    }

    fn work(job: Job) -> Done {
        match job {
            Job::Nothing => Done::Nothing,
            Job::Make(making) => Done::Made(making.make()),
            Job::Decode(job) => {
                let decoded = if job.wanted { job.decode() } else { Arc::default() };
                Done::Decoded(job.group.section, job.wanted, decoded)
            }
        }
    }

    fn memory(&self) -> u64 {
        self.bases.leave(self.limits.memory.saturating_sub(self.incoming.memory()))
    }

    fn done(&mut self, kept: Kept<'a>, output: Done) -> Result<(), ArchiveError> {
        match (kept, output) {
            (Kept::Index(found), _) => {
                let (found, generation) = *found;
                self.incoming.end_batch();
                self.incoming.reach(generation);
                self.incoming.end_generation();
                return self.read_index(found);
            }
            (Kept::Part(announced), _) => {
                let (section, part, batch, generation) = *announced;
                self.incoming.begin(&section, &part, &batch, generation);
            }
            (Kept::Made(ready), Done::Made(made)) => self.incoming.made(*ready, made),
            (Kept::Group, Done::Decoded(section, wanted, decoded)) => {
                ends_run(&decoded)?;
                let (bytes, stored) = (section.header.raw_length, section.header.stored_length);
                self.incoming.summary.groups_decoded += wanted as u64;
                self.control.events.event(Event::Progress { bytes, stored });
                self.incoming.group(&section, &decoded);
            }
            (Kept::Group | Kept::Made(_), _) => {}
        }
        self.incoming.check()
    }
}
