//! Files that are made by recipes: they wait until all groups came that they are made of.

use super::stages::{Job, Kept};
use super::{Extraction, Run, State, Wanted};
use crate::archive::pipeline::Task;
use crate::archive::read::groups::Decoded;
use crate::archive::read::index::{Archive, data_length};
use crate::archive::read::making::{
    Made, Making, Piece, is_damage, lack_of, making_memory, recipe_of,
};
use crate::archive::{ArchiveError, Event};
use crate::container::ReadAt;
use crate::entry::{Entry, Kind};
use std::collections::HashMap;
use std::sync::Arc;

/// What a file is made of, as far as it came.
#[derive(Default)]
pub(super) struct Collecting {
    pieces: Vec<Piece>,
    /// Why it cannot be made.
    lack: Option<Arc<ArchiveError>>,
    /// Other files of the same recipe, which are made at once.
    pub others: Vec<usize>,
}

impl<'a, S: ReadAt> Extraction<'a, '_, S> {
    /// Returns the task of making a file.
    pub(super) fn make(&mut self, file: usize) -> Option<Task<Job<'a, S>, Kept>> {
        let wanted = &mut self.files[file];
        let Kind::File(content) = &wanted.entry.kind else { return None };
        let pieces = wanted.making.as_mut().map(|making| std::mem::take(&mut making.pieces));
        let making = Making::of(content, pieces.unwrap_or_default())?;
        let cost = making_memory(&making.recipe);
        Some(Task { job: Job::Make(making), kept: Kept::File(file), cost })
    }

    /// Takes bytes that a file is made of.
    pub(super) fn collect(&mut self, run: &Run, group: u64, decoded: &Arc<Decoded>) {
        let wanted = &mut self.files[run.file];
        wanted.left = wanted.left.saturating_sub(1);
        let Some(making) = &mut wanted.making else { return };
        match Piece::of(decoded, run.offset, run.length) {
            Some(piece) if making.lack.is_none() => making.pieces.push(piece),
            Some(_) => {}
            None => {
                making.pieces.clear();
                wanted.doubt.get_or_insert(group);
                making.lack.get_or_insert_with(|| lack_of(decoded));
            }
        }
        let lack = making.lack.clone();
        match (wanted.left, lack) {
            (0, Some(lack)) => self.give(run.file, Err(lack)),
            (0, None) => self.ready.push_back(run.file),
            _ => {}
        }
    }

    /// Gives a file that was made its bytes, and others that are the same.
    pub(super) fn give(&mut self, first: usize, made: Result<Made, Arc<ArchiveError>>) {
        if let Some(batch) = batch_of(self.archive, &self.files[first])
            && let Some(count) = self.unmade.get_mut(&batch)
        {
            *count -= 1;
            if *count == 0 {
                self.unmade.remove(&batch);
                self.begun.remove(&batch);
            }
        }
        let Collecting { others, .. } = self.files[first].making.take().unwrap_or_default();
        let doubt = self.files[first].doubt;
        for file in [first].into_iter().chain(others) {
            if self.broken.is_some() {
                return; // the next file would fail in the same way
            }
            self.files[file].doubt = doubt;
            match &made {
                Ok(made) => self.write(file, made),
                Err(cause) if is_damage(cause) => {
                    let size = self.files[file].entry.size();
                    self.take(file, usize::try_from(size).unwrap_or(usize::MAX), Err(cause), None);
                }
                Err(cause) => {
                    self.begin(file);
                    self.end(file, Err(Arc::clone(cause)));
                }
            }
            if file != first {
                let bytes = data_length(&self.files[file].entry);
                self.control.events.event(Event::Progress { bytes, stored: 0 });
            }
        }
    }

    /// Writes a whole file.
    fn write(&mut self, file: usize, made: &Made) {
        self.begin(file);
        let State::Open(sink) = &mut self.files[file].state else { return };
        let written = made.iter().try_for_each(|bytes| sink.write(bytes));
        self.end(file, written.map_err(Arc::new));
    }
}

/// Returns for each file the first that is made by the same recipe; itself if it is none.
pub(super) fn firsts(files: &[Entry]) -> Vec<usize> {
    let mut known = HashMap::new();
    let first = |(number, entry): (usize, &Entry)| match recipe_of(entry) {
        Some(recipe) => *known.entry(Arc::as_ptr(recipe)).or_insert(number),
        None => number,
    };
    files.iter().enumerate().map(first).collect()
}

/// Returns the files that are made with one.
pub(super) fn others<'w>(wanted: &'w Wanted) -> &'w [usize] {
    wanted.making.as_ref().map_or(&[], |making| &making.others)
}

/// Returns the batch that a file is made of, if it is made of one.
pub(super) fn batch_of<S: ReadAt>(archive: &Archive<S>, wanted: &Wanted) -> Option<u64> {
    let Kind::File(content) = &wanted.entry.kind else { return None };
    let extent = content.extents.first().filter(|_| content.recipe.is_some())?;
    Some(archive.batch_of(extent.group))
}
