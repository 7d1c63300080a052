//! The work of taking one file apart, or a piece of one, and what comes of it.

use super::pieces::Unread;
use super::{Recipes, Room};
use crate::checksum::{Digest, Hasher};
use crate::container::recipe_of;
use crate::entry::{self, Recipe};
use crate::recipe::{self, Front, Limits, Midway, Piece, Split};

/// Greatest depth of transforms.
const DEPTH: u32 = 6;

/// A file to be taken apart, or what comes next of it.
pub struct SplitJob {
    pub bytes: Vec<u8>,
    /// What follows.
    pub unread: Option<Unread>,
    /// Whether something came before.
    pub went_before: bool,
    /// Of all that came before.
    pub hasher: Hasher,
    /// Set if what came before ends in a stream.
    pub midway: Option<Midway>,
    pub room: Room,
    pub recipes: Recipes,
}

/// A file that was taken apart, or a piece of it.
pub struct Taken {
    pub split: Split,
    /// Bytes of each stream.
    pub lengths: Vec<u64>,
    /// Bytes of the piece.
    pub size: u64,
    pub went_before: bool,
    /// Of the file up to the end of the piece.
    pub hasher: Hasher,
    /// What is behind the piece.
    pub rest: Vec<u8>,
    /// Set if the piece ends in a stream.
    pub midway: Option<Midway>,
    pub unread: Option<Unread>,
}

impl SplitJob {
    /// Takes the file apart; `None` if it is stored as it is.
    pub fn work(self) -> Option<Taken> {
        let plain = self.room.plain_of(self.bytes.len() as u64);
        let limits = Limits { most_plain: plain, depth: DEPTH, transforms: self.recipes.0 };
        let length = self.bytes.len();
        let front = Front {
            // What begins behind it is looked at again when more of the file is there.
            bytes: if self.unread.is_some() { length / 4 } else { usize::MAX },
            plain: self.room.unpacked_of(self.bytes.len() as u64),
        };
        let found = recipe::split_front(&self.bytes, &limits, front, self.midway.as_ref());
        if let Some(Piece { split, length, midway }) = found
            && let Some(taken) = Taken::of(&self, split, length, plain)
        {
            return Some(Taken { midway, ..taken }.with_rest(self));
        }
        // A piece in which nothing pays; a file is not begun with one.
        let split = recipe::copied(&self.bytes).filter(|_| self.went_before)?;
        Some(Taken::of(&self, split, length, u64::MAX)?.with_rest(self))
    }
}

impl Taken {
    /// The first `length` bytes of a job, taken apart; `None` if that is more than fits.
    fn of(job: &SplitJob, split: Split, length: usize, plain: u64) -> Option<Taken> {
        let lengths = split.streams.iter().map(|stream| stream.bytes.len() as u64).collect();
        let mut hasher = job.hasher.clone();
        hasher.update(&job.bytes[..length]);
        let (size, went_before) = (length as u64, job.went_before);
        let (rest, unread, midway) = Default::default();
        let taken = Taken { split, lengths, size, went_before, hasher, rest, midway, unread };
        let made = taken.recipe(&taken.places_alone());
        let whole = made.is_some_and(|made| made.size() == size);
        (taken.length() <= plain && whole).then_some(taken)
    }

    /// Keeps what is behind the piece.
    fn with_rest(mut self, job: SplitJob) -> Taken {
        self.rest = job.bytes[self.size as usize..].to_vec();
        self.unread = job.unread;
        self
    }

    pub fn digest(&self) -> Digest {
        self.hasher.digest()
    }

    /// Bytes of all streams.
    pub fn length(&self) -> u64 {
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
    pub fn recipe(&self, places: &[u64]) -> Option<Recipe> {
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
