//! Registered models: the only shapes there are.
//!
//! A model id in a container stands for one row of [`MODELS`]; nothing about a
//! model is ever read from a file. Ids are never reused: a changed model gets a
//! new one.
//!
//! Normative text: spec/codec.md §5.9.

use super::escape::EscapeThreshold;

/// Which contexts the contexts look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contexts {
    /// Words, lines, nearby bytes.
    Text,
    /// Instructions, records, nearby bytes.
    Binary,
    /// As text, for symbols that stand for byte pairs.
    Tokens,
}

/// Size class: what is compiled into the engine as constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// 8 contexts, escape symbols early: levels 1 to 3.
    Fast,
    /// 16 contexts, escape symbols: levels 4 and 5.
    Standard,
    /// 24 contexts, every bit: levels 6 and 7.
    Thorough,
    /// 24 contexts, 16 of them with counters: level 8.
    Strong,
    /// 56 contexts, 48 of them with counters, and a residual layer: level 9.
    Best,
}

impl Class {
    /// Number of contexts.
    pub fn contexts(self) -> usize {
        match self {
            Class::Fast => 8,
            Class::Standard => 16,
            Class::Strong | Class::Thorough => 24,
            Class::Best => 56,
        }
    }

    /// Whether some contexts have direct counters.
    pub fn counted(self) -> bool {
        matches!(self, Class::Strong | Class::Best)
    }

    /// Number of contexts of which is remembered what indirect: as many as there are
    /// lanes for.
    pub fn indirect(self) -> usize {
        match self {
            Class::Fast => 5,
            Class::Standard => 7,
            Class::Strong | Class::Thorough => 4,
            Class::Best => 3,
        }
    }

    /// When long matches are asked about whole symbols, if ever.
    pub fn escape(self) -> Option<EscapeThreshold> {
        match self {
            Class::Fast => Some(EscapeThreshold { length: 8, probability: 54_000 }),
            Class::Standard => Some(EscapeThreshold { length: 16, probability: 65_350 }),
            _ => None,
        }
    }
}

/// By how many rates the mixer learns faster at first …
const BINARY_WARM_UP: f32 = 2.0;
const TEXT_WARM_UP: f32 = 5.0;
/// … and symbols after which half of that is gone.
const WARM_UP_HALF: f32 = 20_000.0;
/// Symbols of text after which the rate itself has fallen to 1/√2.
const DECAY: f32 = 1_000_000.0;

/// A registered model.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Its id in section headers.
    pub id: u16,
    /// Size class.
    pub class: Class,
    /// Expert set.
    pub contexts: Contexts,
    /// Largest slot table, log2 of bytes.
    pub most_hash_table: u32,
    /// Largest n-gram table of the network, log2 of rows.
    pub most_rows: u32,
}

const fn model(id: u16, class: Class, contexts: Contexts) -> Model {
    let (most_hash_table, most_rows) = match class {
        Class::Fast => (24, 12),
        Class::Standard | Class::Thorough => (28, 14),
        Class::Strong => (28, 15),
        Class::Best => (28, 16),
    };
    Model { id, class, contexts, most_hash_table, most_rows }
}

/// Every registered model.
pub const MODELS: [Model; 15] = [
    model(1, Class::Fast, Contexts::Text),
    model(2, Class::Fast, Contexts::Binary),
    model(3, Class::Fast, Contexts::Tokens),
    model(4, Class::Standard, Contexts::Text),
    model(5, Class::Standard, Contexts::Binary),
    model(6, Class::Standard, Contexts::Tokens),
    model(7, Class::Thorough, Contexts::Text),
    model(8, Class::Thorough, Contexts::Binary),
    model(9, Class::Thorough, Contexts::Tokens),
    model(10, Class::Strong, Contexts::Text),
    model(11, Class::Strong, Contexts::Binary),
    model(12, Class::Strong, Contexts::Tokens),
    model(13, Class::Best, Contexts::Text),
    model(14, Class::Best, Contexts::Binary),
    model(15, Class::Best, Contexts::Tokens),
];

impl Model {
    /// The model of an id, if it is registered.
    pub fn of_id(id: u16) -> Option<Model> {
        MODELS.into_iter().find(|model| model.id == id)
    }

    /// The model of a level (1 ..= 9) for data of this kind.
    pub fn of_level(level: u8, contexts: Contexts) -> Model {
        let class = match level {
            0..=3 => Class::Fast,
            4..=5 => Class::Standard,
            6..=7 => Class::Thorough,
            8 => Class::Strong,
            _ => Class::Best,
        };
        let found = MODELS.into_iter().find(|m| m.class == class && m.contexts == contexts);
        found.expect("every class is registered for every kind of contexts")
    }

    /// Learning rate of the mixer after `length` symbols: at first in warm_up, then, as
    /// text is alike for long, falling there with the square root of what was seen.
    #[inline(always)]
    pub fn mixer_rate(&self, length: usize) -> f32 {
        let (binary, text) = match self.class {
            Class::Fast => (0.0022, 0.001),
            Class::Standard => (0.0007, 0.0003),
            Class::Thorough => (0.0006, 0.00025),
            Class::Strong => (0.0003, 0.00015),
            Class::Best => (0.00013, 0.0001),
        };
        let length = length as f32;
        let early = WARM_UP_HALF / (WARM_UP_HALF + length);
        if self.contexts == Contexts::Binary {
            return binary * (1.0 + BINARY_WARM_UP * early);
        }
        text * (1.0 + TEXT_WARM_UP * early) * (DECAY / (DECAY + length)).sqrt()
    }

    /// log2 of the bytes of the slot table for a group of `length` bytes.
    pub fn hash_table_log2(&self, length: usize) -> u32 {
        (length.max(1) * self.class.contexts() * 8).ilog2().clamp(14, self.most_hash_table)
    }

    /// log2 of the rows of each n-gram table for a group of `length` bytes.
    pub fn rows_log2(&self, length: usize) -> u32 {
        length.max(1).ilog2().clamp(8, self.most_rows)
    }

    /// log2 of the cells of a match table for a group of `length` bytes.
    pub fn match_log2(&self, length: usize) -> u32 {
        length.max(1).ilog2().clamp(8, 22)
    }

    /// log2 of the contexts of each refining map for a group of `length` bytes.
    pub fn apm_log2(&self, length: usize) -> u32 {
        length.max(1).ilog2().clamp(8, 16)
    }

    /// Upper bound of the bytes the predictor allocates, the group itself
    /// aside.
    pub fn memory(&self, length: usize) -> u64 {
        let row = if self.class == Class::Fast { 64 } else { 128 };
        let counted = if self.class.counted() { 3 } else { 1 };
        (counted << self.hash_table_log2(length))
            + ((8 << self.rows_log2(length)) + 4096) * row
            + (3 << (self.match_log2(length) + 2))
            + (24 << 20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixer_settles_on_text_and_not_on_binary_data() {
        for model in MODELS {
            let text = model.contexts != Contexts::Binary;
            let (warm_up, falls) = if text { (5.0, 0.5f32.sqrt()) } else { (2.0, 1.0) };
            let [first, half, settled, late] =
                [0, 20_000, 1_000_000, usize::MAX].map(|length| model.mixer_rate(length));
            let rate = first / (1.0 + warm_up);
            assert!((half / rate - (1.0 + warm_up / 2.0)).abs() < 0.04, "model {}", model.id);
            assert!((settled / rate - falls).abs() < 0.08, "model {}", model.id);
            assert!(if text { late < rate / 100.0 } else { (late / rate - 1.0).abs() < 1e-6 });
        }
    }
}
