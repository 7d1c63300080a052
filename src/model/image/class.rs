//! The classes of the image model, and their ids in an archive.
//!
//! Normative text: spec/codec.md §8.1.

use super::cells;
use super::rows::Rows;

/// Vectors of inputs of the class `fast`, and its mixers.
pub const FAST: (usize, usize) = (2, 3);
/// Vectors of inputs of the class `full`, and its mixers.
pub const FULL: (usize, usize) = (5, 6);

/// Most samples of a row.
pub const MOST_SAMPLES: usize = 1 << 18;

/// The numbers of a class.
#[derive(Clone, Copy, Debug)]
pub struct Class {
    /// Whether it has all predictions, hashed contexts and linear predictors, or half.
    pub full: bool,
    /// Share of what linear predictors learnt that is left after a sample.
    pub keep: [f32; 2],
    /// Samples after which their weights are computed again.
    pub every: u32,
    /// Slots, log2.
    pub slots: u32,
    /// Most uses that a cell counts.
    pub limit: i32,
}

/// A class that an archive can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its number in an archive.
    pub id: u16,
    /// Whether its class is `full`.
    pub full: bool,
}

impl Class {
    /// Returns the class with `inputs` vectors of inputs.
    pub const fn of_inputs(inputs: usize) -> Class {
        let full = inputs == FULL.0;
        Class {
            full,
            keep: [0.998, 0.98],
            every: if full { 4 } else { 8 },
            slots: if full { 18 } else { 17 },
            limit: 255,
        }
    }
}

impl Model {
    /// Returns the model with this id.
    pub fn of_id(id: u16) -> Option<Model> {
        (1..=2).contains(&id).then_some(Model { id, full: id == 2 })
    }

    /// Returns the model of a level, 1 ..= 9.
    pub fn of_level(level: u8) -> Model {
        let full = level > 3;
        Model { id: 1 + full as u16, full }
    }

    /// Returns an upper bound of the bytes that an engine takes.
    pub fn memory(self) -> u64 {
        let (inputs, mixers) = if self.full { FULL } else { FAST };
        let sets = [1024, 2048, 512, 64, 512, 1024][..mixers].iter().sum::<u64>();
        cells::memory(&Class::of_inputs(inputs))
            + sets * 64 * inputs as u64
            + Rows::memory(MOST_SAMPLES)
            + (1 << 20)
    }

    /// Returns roughly how many bytes are coded in a second.
    pub fn bytes_per_second(self) -> f64 {
        if self.full { 4e5 } else { 1.5e6 }
    }
}
