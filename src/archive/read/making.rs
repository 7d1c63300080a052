//! Makes files of recipes from what was decoded.

use super::groups::Decoded;
use super::index::Archive;
use crate::archive::{ArchiveError, ErrorKind};
use crate::checksum::{Digest, Hasher};
use crate::container::ReadAt;
use crate::entry::{Content, Entry, FileDigest, Input, Kind, Recipe};
use crate::recipe::{self, Source};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Bytes of a group that a recipe uses, whose digest is right.
pub(super) struct Piece {
    group: Arc<Decoded>,
    offset: usize,
    length: usize,
}

impl Piece {
    /// Takes bytes of a group; `None` if they are not proven right.
    pub fn of(group: &Arc<Decoded>, offset: usize, length: usize) -> Option<Piece> {
        group.right(offset, length)?;
        Some(Piece { group: Arc::clone(group), offset, length })
    }

    fn bytes(&self) -> &[u8] {
        &self.group.raw[self.offset..self.offset + self.length]
    }
}

/// A file to be made, or its piece in one batch.
pub(super) struct Making {
    pub recipe: Arc<Recipe>,
    /// The parts of the recipe, in their order.
    pub pieces: Vec<Piece>,
    pub proof: Proof,
}

/// How it is known that what is made is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// This is the digest of all of it; without one it is wrong.
    Digest(Option<Digest>),
    /// The digest of the whole file, which has other pieces, is compared at its end.
    Later,
}

/// The bytes of a file, in pieces.
pub(super) type Made = Vec<Vec<u8>>;

impl Making {
    /// Prepares to make a piece of the file of a content.
    pub fn of(content: &Content, number: usize, pieces: Vec<Piece>) -> Option<Making> {
        let proof = match content.digest {
            _ if content.recipes.len() > 1 => Proof::Later,
            FileDigest::File(digest) => Proof::Digest(Some(digest)),
            _ => Proof::Digest(None),
        };
        Some(Making { recipe: Arc::clone(content.recipes.get(number)?), pieces, proof })
    }

    /// Runs the steps and compares the digest of the file.
    ///
    /// # Errors
    /// [`ArchiveError::Recipe`], [`ArchiveError::Digest`].
    pub fn make(self) -> Result<Made, ArchiveError> {
        let Making { recipe, pieces, proof } = self;
        let source = |_: usize, input: &Input| match *input {
            Input::Parts { offset, length } => gather(&pieces, offset, length).map(Source::Bytes),
            Input::Step { number } => Some(Source::Step(number)),
        };
        let made: Made = recipe::make(&recipe.steps, source)?;
        let Proof::Digest(digest) = proof else { return Ok(made) };
        let mut hasher = Hasher::new();
        made.iter().for_each(|bytes| hasher.update(bytes));
        match digest == Some(hasher.digest()) {
            true => Ok(made),
            false => Err(ArchiveError::Digest),
        }
    }
}

/// Returns bytes of the parts, which are counted end to end; `None` if they are not all there.
fn gather(pieces: &[Piece], mut offset: u64, mut length: u64) -> Option<Cow<'_, [u8]>> {
    let mut gathered: Option<Cow<[u8]>> = None;
    for piece in pieces {
        let bytes = piece.bytes();
        if length == 0 {
            break;
        }
        if offset >= bytes.len() as u64 {
            offset -= bytes.len() as u64;
            continue;
        }
        let bytes = &bytes[offset as usize..];
        let bytes = &bytes[..bytes.len().min(usize::try_from(length).ok()?)];
        (offset, length) = (0, length - bytes.len() as u64);
        match &mut gathered {
            None => gathered = Some(Cow::Borrowed(bytes)),
            Some(gathered) => gathered.to_mut().extend_from_slice(bytes),
        }
    }
    (length == 0).then(|| gathered.unwrap_or_default())
}

/// Returns the bytes of memory that making a file takes, beside the groups: all outputs, the
/// inputs of a step, and what its transform needs.
pub(super) fn making_memory(recipe: &Recipe) -> u64 {
    let step = |step: &crate::entry::Step| {
        let lengths: Vec<u64> = step.inputs.iter().map(|input| recipe.length(input)).collect();
        let (transform, parameters) = (step.transform, &step.parameters[..]);
        // An unknown transform is refused when its turn comes.
        let own = recipe::transform_memory(transform, parameters, &lengths, step.output);
        let lists = (lengths.len() * size_of::<Cow<[u8]>>() * 2) as u64;
        own.unwrap_or(0).saturating_add(lengths.iter().sum()).saturating_add(lists)
    };
    let steps = recipe.steps.iter().map(step).max().unwrap_or(0);
    let list = (recipe.steps.len() * size_of::<Vec<u8>>() * 2) as u64;
    recipe.outputs().saturating_add(steps).saturating_add(list)
}

/// Returns the content of a file that is made by recipes.
pub(in crate::archive) fn made_content(entry: &Entry) -> Option<&Content> {
    match &entry.kind {
        Kind::File(content) => Some(content).filter(|content| content.is_made()),
        _ => None,
    }
}

/// Rough bytes that a core makes in a second.
const SPEED: f64 = 20e6;

/// The files of an archive that are made by recipes, for people.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecipeInfo {
    /// Number of contents that are made; files of the same content count once.
    pub contents: u64,
    /// Their bytes.
    pub size: u64,
    /// Bytes of the groups that they are made of.
    pub of: u64,
    /// How many of them each transform is needed for.
    pub transforms: BTreeMap<u64, u64>,
    /// Rough seconds of one core to make all of them, and the one that takes longest.
    pub seconds: (f64, f64),
    /// Most bytes of memory that making one takes, beside the groups.
    pub memory: u64,
}

impl RecipeInfo {
    fn add(&mut self, content: &Content) {
        self.contents += 1;
        self.size += content.size;
        self.of += content.extents.iter().map(|extent| extent.length).sum::<u64>();
        for transform in transforms(&content.recipes) {
            *self.transforms.entry(transform).or_default() += 1;
        }
        let outputs: u64 = content.recipes.iter().map(|recipe| recipe.outputs()).sum();
        let seconds = outputs as f64 / SPEED;
        self.seconds = (self.seconds.0 + seconds, self.seconds.1.max(seconds));
        let memory = content.recipes.iter().map(|recipe| making_memory(recipe)).max();
        self.memory = self.memory.max(memory.unwrap_or(0));
    }
}

/// Returns the transforms that recipes need, in the order of their numbers.
pub fn transforms(recipes: &[Arc<Recipe>]) -> BTreeSet<u64> {
    recipes.iter().flat_map(|recipe| &recipe.steps).map(|step| step.transform).collect()
}

/// Returns why a file cannot be made of a group that was decoded.
pub(super) fn lack_of(group: &Decoded) -> Arc<ArchiveError> {
    group.fault.clone().unwrap_or_else(|| Arc::new(ArchiveError::Missing))
}

/// Returns whether a failure may be told of a file that is kept all the same.
pub(super) fn is_damage(cause: &ArchiveError) -> bool {
    cause.kind() == ErrorKind::Integrity
}

/// The memory that making files takes.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::archive) struct MakingCost {
    /// Bytes of the groups that are kept until the files of their batch are made.
    pub kept: u64,
    /// Most bytes that making one file takes.
    pub make: u64,
}

/// Most batches whose groups are kept at a time.
pub(super) const BATCHES: usize = 2;

impl<S: ReadAt> Archive<S> {
    /// Returns what is made by recipes. Cost: one pass over the entries.
    pub fn recipes(&self) -> RecipeInfo {
        let (mut info, mut seen) = (RecipeInfo::default(), BTreeSet::new());
        for entry in self.entries() {
            if let Some(content) = made_content(entry)
                && seen.insert(Arc::as_ptr(&content.recipes[0]))
            {
                info.add(content);
            }
        }
        info
    }

    /// Returns what making the files among `entries` takes.
    pub(in crate::archive) fn making_cost<'e>(
        &self,
        entries: impl Iterator<Item = &'e Entry>,
    ) -> MakingCost {
        let (mut batches, mut make): (BTreeMap<u64, BTreeSet<u64>>, u64) = Default::default();
        for entry in entries {
            let Some(content) = made_content(entry) else { continue };
            let most = content.recipes.iter().map(|recipe| making_memory(recipe)).max();
            make = make.max(most.unwrap_or(0));
            for extent in &content.extents {
                let batch = self.batch_of(extent.group);
                batches.entry(batch).or_default().insert(extent.group);
            }
        }
        let length = |group: &u64| self.group(*group).header.raw_length;
        let kept = batches.values().map(|groups| groups.iter().map(length).sum::<u64>()).max();
        MakingCost { kept: BATCHES as u64 * kept.unwrap_or(0), make }
    }

    /// Returns the first group of the batch that a group belongs to.
    pub(super) fn batch_of(&self, group: u64) -> u64 {
        self.reader.batch(group).map_or(group, |(placed, _)| placed.first)
    }
}
