//! Files that are made by recipes: each piece waits until all groups came that it is made of.

use super::stages::{Job, Kept};
use super::{Extraction, Run, State, Wanted};
use crate::archive::pipeline::Task;
use crate::archive::read::groups::Decoded;
use crate::archive::read::index::{Archive, data_length};
use crate::archive::read::making::{
    Made, Making, Piece, is_damage, lack_of, made_content, making_memory,
};
use crate::archive::{ArchiveError, Event};
use crate::container::ReadAt;
use crate::entry::{Content, Entry};
use std::collections::HashMap;
use std::sync::Arc;

/// What a file is made of, as far as it came.
pub(super) struct Collecting {
    /// Extents of each piece.
    counts: Vec<usize>,
    /// The piece whose bytes come, and how many extents came of it.
    number: usize,
    came: usize,
    pieces: Vec<Piece>,
    /// Why it cannot be made.
    lack: Option<Arc<ArchiveError>>,
    /// Other files of the same recipes, which are made at once.
    pub others: Vec<usize>,
}

/// A piece of a file of which everything came.
pub(super) struct Ready {
    file: usize,
    /// Number of the piece.
    number: usize,
    /// What is to be done, or why it cannot be.
    making: Result<Making, Arc<ArchiveError>>,
}

impl Collecting {
    /// Nothing came yet.
    pub fn of(content: &Content) -> Collecting {
        let counts = content.pieces().map(|(_, extents)| extents.len()).collect();
        let (pieces, lack, others) = Default::default();
        Collecting { counts, number: 0, came: 0, pieces, lack, others }
    }
}

impl<'a, S: ReadAt> Extraction<'a, '_, S> {
    /// Returns the task of making a piece.
    pub(super) fn make(&mut self, ready: Ready) -> Task<Job<'a, S>, Kept> {
        let Ready { file, number, making } = ready;
        let cost = making.as_ref().map_or(0, |making| making_memory(&making.recipe));
        Task { job: Job::Make(making), kept: Kept::File { file, number }, cost }
    }

    /// Takes bytes that a file is made of.
    pub(super) fn collect(&mut self, run: &Run, group: u64, decoded: &Arc<Decoded>) {
        let wanted = &mut self.files[run.file];
        wanted.left = wanted.left.saturating_sub(1);
        let Some(making) = &mut wanted.making else { return };
        making.came += 1;
        match Piece::of(decoded, run.offset, run.length) {
            Some(piece) if making.lack.is_none() => making.pieces.push(piece),
            Some(_) => {}
            None => {
                making.pieces.clear();
                wanted.doubt.get_or_insert(group);
                making.lack.get_or_insert_with(|| lack_of(decoded));
            }
        }
        self.advance(run.file);
    }

    /// Makes all pieces of a file ready of which everything came.
    pub(super) fn advance(&mut self, file: usize) {
        let wanted = &mut self.files[file];
        let (Some(collecting), Some(content)) = (&mut wanted.making, made_content(&wanted.entry))
        else {
            return;
        };
        while collecting.counts.get(collecting.number) == Some(&collecting.came) {
            let (number, pieces) = (collecting.number, std::mem::take(&mut collecting.pieces));
            let making = match collecting.lack.take() {
                Some(lack) => Err(lack),
                None => Making::of(content, number, pieces)
                    .ok_or_else(|| Arc::new(ArchiveError::Missing)),
            };
            self.ready.push_back(Ready { file, number, making });
            (collecting.number, collecting.came) = (number + 1, 0);
        }
    }

    /// Gives a file a piece that was made, and others that are the same.
    pub(super) fn give(
        &mut self,
        first: usize,
        number: usize,
        made: Result<Made, Arc<ArchiveError>>,
    ) {
        let batch = batches_of(self.archive, &self.files[first]).get(number).copied().flatten();
        if let Some(batch) = batch
            && let Some(count) = self.unmade.get_mut(&batch)
        {
            *count -= 1;
            if *count == 0 {
                self.unmade.remove(&batch);
                self.begun.remove(&batch);
            }
        }
        let Some(content) = made_content(&self.files[first].entry) else { return };
        let (size, last) = (content.recipes[number].size(), number + 1 == content.recipes.len());
        let others = others(&self.files[first]).to_vec();
        if last {
            self.files[first].making = None;
        }
        let doubt = self.files[first].doubt;
        for file in [first].into_iter().chain(others) {
            if self.broken.is_some() {
                return; // the next file would fail in the same way
            }
            self.files[file].doubt = doubt;
            self.write(file, size, &made, last);
            if file != first && last {
                let bytes = data_length(&self.files[file].entry);
                self.control.events.event(Event::Progress { bytes, stored: 0 });
            }
        }
    }

    /// Gives a file its next piece, of `size` bytes, and ends it after the last.
    fn write(
        &mut self,
        file: usize,
        size: u64,
        made: &Result<Made, Arc<ArchiveError>>,
        last: bool,
    ) {
        self.begin(file);
        let keeps = self.keep_damaged;
        let wanted = &mut self.files[file];
        let State::Open(sink) = &mut wanted.state else { return };
        let result = match made {
            Ok(made) => made.iter().try_for_each(|bytes| sink.write(bytes)).map_err(Arc::new),
            Err(cause) if keeps && is_damage(cause) => {
                wanted.lost.get_or_insert_with(|| Arc::clone(cause));
                sink.lose(size);
                Ok(())
            }
            Err(cause) => Err(Arc::clone(cause)),
        };
        if result.is_err() || last {
            self.end(file, result);
        }
    }
}

/// Returns for each file the first that is made by the same recipes; itself if it is none.
pub(super) fn firsts(files: &[Entry]) -> Vec<usize> {
    let mut known = HashMap::new();
    let first = |(number, entry): (usize, &Entry)| match made_content(entry) {
        Some(content) => *known.entry(Arc::as_ptr(&content.recipes[0])).or_insert(number),
        None => number,
    };
    files.iter().enumerate().map(first).collect()
}

/// Returns the files that are made with one.
pub(super) fn others<'w>(wanted: &'w Wanted) -> &'w [usize] {
    wanted.making.as_ref().map_or(&[], |making| &making.others)
}

/// Returns, for each piece of a file, the batch that it is made of, if it is made of one.
pub(super) fn batches_of<S: ReadAt>(archive: &Archive<S>, wanted: &Wanted) -> Vec<Option<u64>> {
    let pieces = made_content(&wanted.entry).into_iter().flat_map(Content::pieces);
    let batch = |extents: &[crate::entry::Extent]| {
        extents.first().map(|extent| archive.batch_of(extent.group))
    };
    pieces.map(|(_, extents)| batch(extents)).collect()
}
