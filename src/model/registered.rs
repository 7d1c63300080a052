//! Registered models: a size class with a list of contexts, and what follows from them.
//!
//! A model id in a container stands for one row of [`MODELS`]; nothing about a model
//! is ever read from a file. Ids are never reused: a changed model gets a new one.
//!
//! Normative text: spec/codec.md §5.9.

use super::network::{NGRAMS, POSITIONS};
use super::selection::WEIGHT_SETS;
use super::size::{Class, Contexts};

/// A registered model.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Its id in section headers.
    pub id: u16,
    /// Size class.
    pub class: Class,
    /// List of contexts.
    pub contexts: Contexts,
}

/// Every registered model: each class with each list of contexts.
pub const MODELS: [Model; 3 * Class::ALL.len()] = {
    let first = Model { id: 0, class: Class::ALL[0], contexts: Contexts::Text };
    let mut models = [first; 3 * Class::ALL.len()];
    let lists = [Contexts::Text, Contexts::Binary, Contexts::Tokens];
    let mut at = 0;
    while at < models.len() {
        let class = Class::ALL[at / 3];
        let id = class.size().first_model + (at % 3) as u16;
        models[at] = Model { id, class, contexts: lists[at % 3] };
        at += 1;
    }
    models
};

impl Model {
    /// Returns the model of an id, if it is registered.
    pub fn of_id(id: u16) -> Option<Model> {
        MODELS.into_iter().find(|model| model.id == id)
    }

    /// Returns the model of a level, 1 ..= 9, with a list of contexts.
    pub fn of_level(level: u8, contexts: Contexts) -> Model {
        let mut listed = MODELS.into_iter().filter(|model| model.contexts == contexts);
        let mut serves = listed.clone().filter(|model| level <= model.class.size().last_level);
        serves.next().or(listed.next_back()).expect("every list of contexts has models")
    }

    /// Returns log2 of the bytes of the hash table for a group of `length` bytes.
    pub fn hash_table_log2(&self, length: usize) -> u32 {
        (length.max(1).saturating_mul(self.class.size().contexts * 8))
            .ilog2()
            .clamp(14, self.class.size().most_hash_table)
    }

    /// Returns log2 of the rows of each n-gram table for a group of `length` bytes.
    pub fn rows_log2(&self, length: usize) -> u32 {
        length.max(1).ilog2().clamp(8, self.class.size().most_rows)
    }

    /// Returns log2 of the cells of a match table for a group of `length` bytes.
    pub fn match_log2(&self, length: usize) -> u32 {
        length.max(1).ilog2().clamp(8, 22)
    }

    /// Returns log2 of the contexts of each APM stage for a group of `length` bytes.
    pub fn apm_log2(&self, length: usize) -> u32 {
        length.max(1).ilog2().clamp(8, 16)
    }

    /// Returns the bytes of an engine with tables for `length` symbols, without those
    /// symbols: an upper bound, at most 1 MiB too high.
    pub fn state_memory(&self, length: usize) -> u64 {
        let size = self.class.size();
        let counted = if size.counters > 0 { 3 } else { 1 };
        let positions = POSITIONS * 256;
        let rows = (positions + (NGRAMS << self.rows_log2(length))).next_power_of_two() as u64;
        let sets = WEIGHT_SETS[..size.mixer_contexts].iter().sum::<usize>() as u64;
        let indirect = 2 << (16 + size.indirect.next_power_of_two().ilog2());
        (counted << self.hash_table_log2(length))
            + (rows + 256) * 64 * size.width as u64
            + ((size.match_models as u64) << (self.match_log2(length) + 2))
            + sets * 64 * self.class.layout().vectors as u64
            + ((size.apm_stages as u64) << (self.apm_log2(length) + 6))
            + indirect
            + (1 << 20)
    }

    /// Returns an upper bound of the bytes an engine allocates, without the group
    /// itself.
    pub fn memory(&self, length: usize) -> u64 {
        let size = self.class.size();
        let row = 64 * size.width as u64;
        let counted = if size.counters > 0 { 3 } else { 1 };
        (counted << self.hash_table_log2(length))
            + ((8 << self.rows_log2(length)) + 4096) * row
            + (3 << (self.match_log2(length) + 2))
            + (24 << 20)
    }
}
