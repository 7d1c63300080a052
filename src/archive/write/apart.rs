//! Takes packed files apart, and lays out what is in them.
//!
//! A file is read whole and taken apart on a worker. What is in the files is collected until
//! it fills a batch, in which it lies by kind: the text of all files, then their binary data,
//! then what stays as it is. A file that cannot be taken apart, or that is not what was found,
//! is given back: it is stored among the others of its kind.
//!
//! A file whose streams are longer than a batch is taken apart in pieces (pieces.rs).
//!
//! All of it follows from the files and their order, never from the number of threads.

use super::announce::PartBuilder;
use super::pack::Filled;
use super::plan::{ContentPlan, Node};
use super::source::Found;
use crate::archive::{ArchiveError, Control, Event};
use crate::container::{BATCH_GROUPS, BATCH_WITH_RECIPES, Row};
use crate::recipe::{self, StreamKind};
use cut::{Cutter, PICTURES};
pub(super) use job::{SplitJob, Taken};
use pieces::{Pieces, Read};
use std::collections::VecDeque;
use std::sync::Arc;

mod cut;
mod job;
mod pieces;

/// Bytes of streams that end a batch.
const BATCH: u64 = 24 << 20;

/// Files that end a batch.
const FILES: usize = 4096;

/// How many times as long as the file its streams may be.
const EXPANSION: u64 = 64;

/// Most bytes of a file that are looked at at once.
const WINDOW: u64 = 32 << 20;

/// Least bytes that streams may have.
const LEAST_PLAIN: u64 = 1 << 20;

/// The kinds of streams, in their order in a batch.
const KINDS: [StreamKind; 6] = [
    StreamKind::Text,
    StreamKind::Binary,
    StreamKind::Image,
    StreamKind::Audio,
    StreamKind::Jpeg,
    StreamKind::Stored,
];

/// Which transforms may be used to take files apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipes(u64);

impl Recipes {
    /// All that this version has.
    pub const ALL: Recipes = Recipes(u64::MAX);

    /// None: every file is stored as it is.
    pub const NONE: Recipes = Recipes(0);

    /// Allows one more transform; `None` if this version has none of this name.
    pub fn and(self, name: &str) -> Option<Recipes> {
        let known = |&transform: &u64| recipe::transform_name(transform) == Some(name);
        let transform = (0..64).find(known)?;
        Some(Recipes(self.0 | 1 << transform))
    }

    /// Returns the names of the transforms that may be allowed.
    pub fn names() -> impl Iterator<Item = &'static str> {
        // Copying is no transform that anybody would do without.
        (1..64).filter_map(recipe::transform_name)
    }
}

/// What bounds a batch of streams.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Most bytes of a group.
    group: u64,
    /// Most bytes of the streams of one file.
    plain: u64,
}

impl Room {
    /// The room with groups of `group` bytes. A batch has at most 4,096 of them, which may be
    /// half full.
    pub fn of(group: u64) -> Room {
        let groups = group.saturating_mul(BATCH_GROUPS / 4);
        Room { group, plain: BATCH_WITH_RECIPES.min(groups) }
    }

    /// Returns the most bytes of a file that are looked at at once.
    fn window(self) -> u64 {
        WINDOW.min(self.plain / 2)
    }

    /// Most bytes of the streams of a file of `size` bytes.
    fn plain_of(self, size: u64) -> u64 {
        size.saturating_mul(EXPANSION).max(LEAST_PLAIN).min(self.plain)
    }

    /// Most bytes of the streams of a batch of files of these sizes.
    fn batch_of(self, sizes: impl Iterator<Item = u64>) -> u64 {
        let (mut total, mut largest) = (0u64, 0);
        for plain in sizes.map(|size| self.plain_of(size)) {
            (total, largest) = (total.saturating_add(plain), plain.max(largest));
        }
        total.min(largest.max(self.batch()))
    }

    /// Bytes that end a piece once they were unpacked, for a file of `size` bytes: nothing ends
    /// one that fits into a batch. What begins behind them must find room.
    fn unpacked_of(self, size: u64) -> usize {
        let plain = self.plain_of(size);
        match plain < self.plain {
            true => usize::MAX,
            false => self.batch().min((plain - size.min(plain)) / 4 * 3) as usize,
        }
    }

    fn batch(self) -> u64 {
        BATCH.min(self.plain)
    }
}

/// Bytes of memory that transforms take however short a file is.
const TRANSFORMS: u64 = 16 << 20;

/// Bytes of memory that taking a file apart takes: itself, what is in it, and as much again
/// twice while it is compared.
fn splitting_memory(size: u64, plain: u64) -> u64 {
    size.saturating_mul(2).saturating_add(plain.saturating_mul(3)).saturating_add(TRANSFORMS)
}

/// Takes files apart and cuts what is in them into groups.
pub(super) struct Apart<'a> {
    control: Control<'a>,
    recipes: Recipes,
    room: Room,
    /// Files to be taken apart.
    queue: VecDeque<ContentPlan>,
    /// How many are being taken apart.
    under_way: usize,
    /// What the next batch is made of, and its bytes.
    collected: Vec<(ContentPlan, Taken)>,
    bytes: u64,
    /// Groups that are cut.
    filled: VecDeque<Filled>,
    /// What is stored as it is.
    rejected: Vec<ContentPlan>,
    /// Number of entries of files taken apart.
    entries: u64,
    pieces: Pieces,
}

impl<'a> Apart<'a> {
    /// Nothing was read yet.
    pub fn new(
        files: Vec<ContentPlan>,
        recipes: Recipes,
        room: Room,
        control: Control<'a>,
    ) -> Apart<'a> {
        let (under_way, bytes, entries) = (0, 0, 0);
        let (collected, filled, rejected, pieces) = Default::default();
        let queue = files.into();
        Apart {
            control,
            recipes,
            room,
            queue,
            under_way,
            collected,
            bytes,
            filled,
            rejected,
            entries,
            pieces,
        }
    }

    /// Returns the bytes of memory that are held of batches as a rule: one is cut and coded while
    /// the next is collected.
    pub fn reserve(&self) -> u64 {
        self.room.batch_of(self.queue.iter().map(ContentPlan::size)).saturating_mul(2)
    }

    /// Returns the bytes that are held now.
    pub fn held(&self) -> u64 {
        let filled = self.filled.iter().map(|filled| filled.raw.len() as u64).sum::<u64>();
        self.bytes + filled + self.pieces.held()
    }

    /// Returns the most bytes of memory that taking one file apart takes.
    pub fn highest_cost(&self) -> u64 {
        let cost = |size| splitting_memory(size, self.room.plain_of(size));
        let sizes = self.queue.iter().map(|plan| plan.size().min(self.room.window()));
        sizes.map(cost).max().unwrap_or(0)
    }

    /// Returns the most bytes of a group, and of one of pictures.
    pub fn longest_groups(&self) -> (u64, u64) {
        let sizes = || self.queue.iter().map(ContentPlan::size);
        // Pictures are hardly packed: they are about as long as the file they are in.
        let pictures = sizes().max().unwrap_or(0).saturating_mul(2).min(PICTURES);
        (self.room.batch_of(sizes()).min(self.room.group), pictures)
    }

    /// Returns whether files were read that are not taken apart yet.
    pub fn is_under_way(&self) -> bool {
        self.under_way > 0
    }

    /// Number of entries of the files that were taken apart.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Returns the files that are stored as they are, once all were looked at.
    pub fn take_rejected(&mut self) -> Vec<ContentPlan> {
        std::mem::take(&mut self.rejected)
    }

    /// Reads the next file, or more of one. Returns what a worker does with it, the file, and the
    /// bytes of memory that it takes. Files that are not as they were found are given back.
    ///
    /// # Errors
    /// [`ArchiveError::Interrupted`].
    pub fn next(&mut self) -> Result<Option<(SplitJob, ContentPlan, u64)>, ArchiveError> {
        loop {
            self.control.check()?;
            if self.pieces.waits(self.is_under_way()) {
                return Ok(None);
            }
            let (window, room, recipes) = (self.room.window(), self.room, self.recipes);
            let (plan, read, went_before) = match self.pieces.next(window) {
                Some((plan, Some(read))) => (plan, read, true),
                Some((plan, None)) => {
                    self.break_off(plan);
                    self.settle_later();
                    continue;
                }
                None => {
                    let Some(plan) = self.queue.pop_front() else { return Ok(None) };
                    match self.pieces.begin(&plan, window) {
                        Some(read) => (plan, read, false),
                        None => {
                            self.rejected.push(plan);
                            continue;
                        }
                    }
                }
            };
            let Read { bytes, unread, hasher, midway } = read;
            self.under_way += 1;
            let size = bytes.len() as u64;
            let cost = splitting_memory(size, room.plain_of(size));
            let job = SplitJob { bytes, unread, went_before, hasher, midway, room, recipes };
            return Ok(Some((job, plan, cost)));
        }
    }

    /// Takes what a worker made of a file. Other files than the one that is being taken apart in
    /// pieces wait for its end.
    pub fn took(&mut self, plan: ContentPlan, taken: Option<Taken>) {
        self.under_way -= 1;
        if !self.is_under_way() {
            self.pieces.settled();
        }
        let goes_on = taken.as_ref().is_some_and(|taken| taken.went_before);
        if self.pieces.is_open() && !goes_on {
            return self.pieces.later.push_back((plan, taken));
        }
        self.settle(plan, taken);
        self.settle_later();
    }

    /// Takes what waited for the end of a file that was taken apart in pieces.
    fn settle_later(&mut self) {
        while !self.pieces.is_open()
            && let Some((plan, taken)) = self.pieces.later.pop_front()
        {
            self.settle(plan, taken);
        }
    }

    fn settle(&mut self, plan: ContentPlan, taken: Option<Taken>) {
        let whole = |taken: &Taken| !taken.went_before && taken.size == plan.size();
        if let Some(taken) = taken {
            match whole(&taken) {
                true => self.collect(plan, taken),
                false => self.piece(plan, taken),
            }
        } else {
            self.rejected.push(plan);
        }
    }

    /// Collects a whole file.
    fn collect(&mut self, plan: ContentPlan, taken: Taken) {
        // Equal files were found equal to what this file held then.
        if plan.digest.is_some_and(|digest| digest != taken.digest()) {
            self.rejected.push(plan);
            return;
        }
        let length = taken.length();
        if self.bytes + length > self.room.batch() {
            self.lay_out();
        }
        self.bytes += length;
        self.collected.push((plan, taken));
        let names = |(plan, _): &(ContentPlan, Taken)| {
            plan.nodes.iter().map(|node| node.names.len()).sum::<usize>()
        };
        if self.bytes >= self.room.batch()
            || self.collected.iter().map(names).sum::<usize>() >= FILES
        {
            self.lay_out();
        }
    }

    /// Returns the next group; `None` if files must be taken apart first, or all were.
    pub fn fill(&mut self) -> Option<Filled> {
        let ended = self.queue.is_empty() && !self.is_under_way() && !self.pieces.is_open();
        if self.filled.is_empty() && ended {
            self.lay_out();
        }
        self.filled.pop_front()
    }

    /// Cuts the streams of a batch into groups.
    fn lay_out(&mut self) {
        if self.collected.is_empty() {
            return;
        }
        self.bytes = 0;
        let mut files = std::mem::take(&mut self.collected);
        let mut cutter = Cutter::new(self.room.group, PartBuilder::default());
        let places = put(&mut cutter, files.iter_mut().map(|(_, taken)| taken).collect());
        let mut sizes = 0;
        for ((plan, taken), places) in files.iter().zip(&places) {
            let recipe = taken.recipe(places).map(Arc::new);
            let row = Row { recipe, ..Row::default() };
            cutter.part.row(row, Some(taken.digest()), &plan.nodes);
            sizes += taken.size;
            self.entries += announce(&plan.nodes, &self.control);
        }
        self.filled.extend(cutter.finish(sizes));
    }
}

/// Tells of the entries of nodes; returns their number.
fn announce(nodes: &[Node], control: &Control) -> u64 {
    let names = nodes.iter().flat_map(|node| &node.names);
    let tell = |name: &Found| control.events.event(Event::Entry { path: &name.entry.path });
    names.map(tell).count() as u64
}

/// Puts all streams into groups, by kind. Returns where each stream of each file lies.
fn put(cutter: &mut Cutter, mut files: Vec<&mut Taken>) -> Vec<Vec<u64>> {
    let mut places: Vec<Vec<u64>> =
        files.iter().map(|taken| vec![0; taken.split.streams.len()]).collect();
    let totals = KINDS.map(|kind| {
        let streams = files.iter().flat_map(|taken| &taken.split.streams);
        let of_kind = streams.filter(|stream| stream.kind == kind);
        of_kind.map(|stream| stream.bytes.len()).sum::<usize>()
    });
    for (number, kind) in KINDS.into_iter().enumerate() {
        cutter.begin(kind, totals[number], totals[number..].iter().sum());
        for (file, taken) in files.iter_mut().enumerate() {
            for (number, stream) in taken.split.streams.iter_mut().enumerate() {
                if stream.kind == kind {
                    places[file][number] = cutter.end;
                    cutter.put(stream);
                }
            }
        }
    }
    places
}
