//! Takes packed files apart, and lays out what is in them.
//!
//! A file is read whole and taken apart on a worker. What is in the files is collected until
//! it fills a batch, in which it lies by kind: the text of all files, then their binary data,
//! then what stays as it is. A file that cannot be taken apart, or that is not what was found,
//! is given back: it is stored among the others of its kind.
//!
//! All of it follows from the files and their order, never from the number of threads.

use super::pack::Filled;
use super::plan::{ContentPlan, read_full};
use crate::archive::{ArchiveError, Control, Event};
use crate::checksum::{Digest, digest};
use crate::container::{BATCH_GROUPS, BATCH_WITH_RECIPES, Row, recipe_of};
use crate::entry::{self, Recipe};
use crate::recipe::{self, Limits, Split, StreamKind};
use cut::{Cutter, PICTURES};
use std::collections::VecDeque;
use std::sync::Arc;

mod cut;

/// Bytes of streams that end a batch.
const BATCH: u64 = 24 << 20;

/// Files that end a batch.
const FILES: usize = 4096;

/// How many times as long as the file its streams may be.
const EXPANSION: u64 = 64;

/// Least bytes that streams may have.
const LEAST_PLAIN: u64 = 1 << 20;

/// Greatest depth of transforms.
const DEPTH: u32 = 6;

/// The kinds of streams, in their order in a batch.
const KINDS: [StreamKind; 5] =
    [StreamKind::Text, StreamKind::Binary, StreamKind::Image, StreamKind::Jpeg, StreamKind::Stored];

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

    /// Returns whether a file of `size` bytes may fit into a batch.
    pub fn takes(self, size: u64) -> bool {
        size > 0 && size <= self.plain
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

/// A file to be taken apart.
pub(super) struct SplitJob {
    bytes: Vec<u8>,
    plain: u64,
    recipes: Recipes,
}

/// A file that was taken apart.
pub(super) struct Taken {
    split: Split,
    /// Bytes of each stream.
    lengths: Vec<u64>,
    size: u64,
    digest: Digest,
}

impl SplitJob {
    /// Takes the file apart; `None` if it is stored as it is.
    pub fn work(self) -> Option<Taken> {
        let SplitJob { bytes, plain, recipes } = self;
        let limits = Limits { most_plain: plain, depth: DEPTH, transforms: recipes.0 };
        let split = recipe::split(&bytes, &limits)?;
        let lengths = split.streams.iter().map(|stream| stream.bytes.len() as u64).collect();
        let taken = Taken { split, lengths, size: bytes.len() as u64, digest: digest(&bytes) };
        let made = taken.recipe(&taken.places_alone());
        let whole = made.is_some_and(|made| made.size() == taken.size);
        (taken.length() <= plain && whole).then_some(taken)
    }
}

impl Taken {
    /// Bytes of all streams.
    fn length(&self) -> u64 {
        self.lengths.iter().sum()
    }

    /// Where the streams would lie one behind the other.
    fn places_alone(&self) -> Vec<u64> {
        let mut end = 0;
        let place = |length: &u64| {
            end += length;
            end - length
        };
        self.lengths.iter().map(place).collect()
    }

    /// Returns the recipe if the streams lie at these places of the batch; `None` if the format
    /// does not take it.
    fn recipe(&self, places: &[u64]) -> Option<Recipe> {
        let mut steps = Vec::with_capacity(self.split.steps.len());
        for (number, step) in self.split.steps.iter().enumerate() {
            let input = |input: &recipe::Input| match *input {
                recipe::Input::Stream { stream, offset, length } => {
                    let whole = *self.lengths.get(stream)?;
                    let ends = offset.checked_add(length).is_some_and(|end| end <= whole);
                    let offset = places.get(stream)? + offset;
                    ends.then_some(entry::Input::Parts { offset, length })
                }
                recipe::Input::Step { back } => {
                    let back = usize::try_from(back).ok().filter(|&back| back > 0)?;
                    Some(entry::Input::Step { number: number.checked_sub(back)? })
                }
            };
            steps.push(entry::Step {
                transform: step.transform,
                hidden: step.hidden,
                output: step.output,
                parameters: step.parameters.clone(),
                inputs: step.inputs.iter().map(input).collect::<Option<_>>()?,
            });
        }
        recipe_of(steps)
    }
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
        let (collected, filled, rejected) = Default::default();
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
        }
    }

    /// Returns the bytes of memory that are held of batches as a rule: one is cut and coded while
    /// the next is collected.
    pub fn reserve(&self) -> u64 {
        self.room.batch_of(self.queue.iter().map(ContentPlan::size)).saturating_mul(2)
    }

    /// Returns the bytes that are held now.
    pub fn held(&self) -> u64 {
        self.bytes + self.filled.iter().map(|filled| filled.raw.len() as u64).sum::<u64>()
    }

    /// Returns the most bytes of memory that taking one file apart takes.
    pub fn highest_cost(&self) -> u64 {
        let cost = |size| splitting_memory(size, self.room.plain_of(size));
        self.queue.iter().map(|plan| cost(plan.size())).max().unwrap_or(0)
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

    /// Reads the next file. Returns what a worker does with it, the file, and the bytes of
    /// memory that it takes. Files that are not as they were found are given back.
    ///
    /// # Errors
    /// [`ArchiveError::Interrupted`].
    pub fn next(&mut self) -> Result<Option<(SplitJob, ContentPlan, u64)>, ArchiveError> {
        while let Some(plan) = self.queue.pop_front() {
            self.control.check()?;
            let Some(bytes) = read_as_found(&plan) else {
                self.rejected.push(plan);
                continue;
            };
            self.under_way += 1;
            let plain = self.room.plain_of(plan.size());
            let cost = splitting_memory(plan.size(), plain);
            return Ok(Some((SplitJob { bytes, plain, recipes: self.recipes }, plan, cost)));
        }
        Ok(None)
    }

    /// Takes what a worker made of a file.
    pub fn took(&mut self, plan: ContentPlan, taken: Option<Taken>) {
        self.under_way -= 1;
        // Equal files were found equal to what this file held then.
        let same = |taken: &Taken| plan.digest.is_none_or(|digest| digest == taken.digest);
        let Some(taken) = taken.filter(same) else {
            self.rejected.push(plan);
            return;
        };
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
        if self.filled.is_empty() && self.queue.is_empty() && !self.is_under_way() {
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
        let mut places: Vec<Vec<u64>> =
            files.iter().map(|(_, taken)| vec![0; taken.split.streams.len()]).collect();
        let mut cutter = Cutter::new(self.room.group);
        let totals = KINDS.map(|kind| {
            let streams = files.iter().flat_map(|(_, taken)| &taken.split.streams);
            let of_kind = streams.filter(|stream| stream.kind == kind);
            of_kind.map(|stream| stream.bytes.len()).sum::<usize>()
        });
        for (number, kind) in KINDS.into_iter().enumerate() {
            cutter.begin(kind, totals[number], totals[number..].iter().sum());
            for (file, (_, taken)) in files.iter_mut().enumerate() {
                for (number, stream) in taken.split.streams.iter_mut().enumerate() {
                    if stream.kind == kind {
                        places[file][number] = cutter.end;
                        cutter.put(stream);
                    }
                }
            }
        }
        let mut sizes = 0;
        for ((plan, taken), places) in files.iter().zip(&places) {
            let recipe = taken.recipe(places).map(Arc::new);
            cutter.part.row(Row { recipe, ..Row::default() }, Some(taken.digest), &plan.nodes);
            sizes += taken.size;
            for name in plan.nodes.iter().flat_map(|node| &node.names) {
                self.control.events.event(Event::Entry { path: &name.entry.path });
                self.entries += 1;
            }
        }
        self.filled.extend(cutter.finish(sizes));
    }
}

/// Reads a file whole; `None` if it cannot be read, has holes, or is not what was found: then
/// it is read again when its turn comes among the others, and that is reported.
fn read_as_found(plan: &ContentPlan) -> Option<Vec<u8>> {
    let source = plan.nodes.first()?.names.first()?.source.as_ref()?;
    let mut open = source.open().ok()?;
    let size = source.size();
    let is_found = open.is_same()
        && open.new_metadata().is_ok_and(|new| new.is_none())
        && open.segments().is_none()
        && (open.size(), open.data_length()) == (size, size);
    if !is_found {
        return None;
    }
    // A byte more than there should be, to see the end.
    let mut bytes = vec![0; usize::try_from(size).ok()? + 1];
    let length = read_full(&mut open, &mut bytes).ok()?;
    bytes.pop();
    (length == bytes.len() && open.finish().is_ok()).then_some(bytes)
}
