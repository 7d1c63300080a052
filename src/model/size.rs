//! Size classes and registered models: all there are.
//!
//! A model id in a container stands for one row of [`MODELS`]; nothing about a
//! model is ever read from a file. Ids are never reused: a changed model gets a
//! new one.
//!
//! Normative text: spec/codec.md §5.9.

use super::engine::{Engine, Predictor};
use super::escape::EscapeThreshold;
use super::layout::Layout;
use crate::arith::Simd;

/// Which list of contexts an engine uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contexts {
    /// Words, lines, nearby bytes.
    Text,
    /// Instructions, records, nearby bytes.
    Binary,
    /// As text, for symbols that stand for byte pairs.
    Tokens,
}

/// Whole symbols are coded by one flag inside matches that are long and reliable.
const fn escape(length: u32, probability: u16) -> Option<EscapeThreshold> {
    Some(EscapeThreshold { length, probability })
}

/// A size class: a row of the table "Size classes" in spec/codec.md §5. Whatever
/// distinguishes the classes is here and nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct SizeClass {
    /// Name in the spec.
    pub name: &'static str,
    /// Id of the model with the contexts Text; Binary and Tokens are the next two.
    pub first_model: u16,
    /// Highest level that uses this class.
    pub last_level: u8,
    /// Contexts that look up bit histories, a multiple of 8.
    pub contexts: usize,
    /// Mixer contexts, the first ones of the list.
    pub mixer_contexts: usize,
    /// Width of a network row, in vectors.
    pub width: usize,
    /// Match models, the first ones of `MATCH_LENGTHS`.
    pub match_models: usize,
    /// How many contexts, the first ones, have direct counters: a multiple of 16.
    pub counters: usize,
    /// Whether the network has its residual layer.
    pub residual: bool,
    /// Largest hash table, log2 of bytes.
    pub most_hash_table: u32,
    /// Largest n-gram table of the network, log2 of rows.
    pub most_rows: u32,
    /// Indirect contexts: as many as the shared vector of inputs has room for.
    pub indirect: usize,
    /// When an escape flag is coded, if ever.
    pub escape: Option<EscapeThreshold>,
    /// APM stages, the first ones of the list.
    pub apm_stages: usize,
    /// Learning rate of the mixer on binary data.
    pub binary_rate: f32,
    /// Learning rate of the mixer on text.
    pub text_rate: f32,
    /// Bytes coded in a second, roughly: for estimates of time.
    pub bytes_per_second: f64,
}

impl SizeClass {
    /// Where each part's inputs are.
    pub const fn layout(&self) -> Layout {
        Layout::of(self.contexts, self.match_models, self.counters)
    }
}

/// A computation that is compiled for every size class.
pub trait SizeKernel {
    /// What the computation returns.
    type Output;
    /// Runs with the constants of one class.
    fn run<C: Size>(self) -> Self::Output;
}

/// A size class as a type: the constants compiled into an engine.
pub trait Size {
    /// Its row.
    const SIZE: SizeClass;
    /// Its engine.
    type Engine<S: Simd>: Predictor<S>;
}

/// Declares the size classes: the enum, a type for each, and the dispatch.
macro_rules! size_classes {
    ($($(#[$doc:meta])* $class:ident { $($field:ident: $value:expr,)* })*) => {
        /// Size class: what is compiled into the engine as constants.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Class { $($(#[$doc])* $class,)* }

        impl Class {
            /// Every class, in the order of the levels.
            pub const ALL: &[Class] = &[$(Class::$class),*];

            /// The numbers of the class.
            #[inline(always)]
            pub const fn size(self) -> SizeClass {
                match self { $(Class::$class => classes::$class::ROW,)* }
            }

            /// Runs `kernel` with the constants of the class.
            pub fn run<K: SizeKernel>(self, kernel: K) -> K::Output {
                match self { $(Class::$class => kernel.run::<classes::$class>(),)* }
            }
        }

        /// One type for each size class.
        pub mod classes {
            use super::*;
            $(
                $(#[$doc])*
                #[derive(Clone, Copy, Debug)]
                pub struct $class;

                impl $class {
                    pub(super) const ROW: SizeClass =
                        SizeClass { name: stringify!($class), $($field: $value,)* };
                }

                impl Size for $class {
                    const SIZE: SizeClass = $class::ROW;
                    type Engine<S: Simd> = Engine<
                        S,
                        { $class::ROW.contexts },
                        { $class::ROW.layout().vectors },
                        { $class::ROW.mixer_contexts },
                        { $class::ROW.width },
                        { $class::ROW.match_models },
                        { $class::ROW.counters },
                        { $class::ROW.apm_stages },
                        { $class::ROW.residual },
                    >;
                }
            )*
        }
    };
}

size_classes! {
    /// 8 contexts, escape flags early: levels 1 to 3.
    Fast {
        first_model: 1,
        last_level: 3,
        contexts: 8,
        mixer_contexts: 7,
        width: 1,
        match_models: 1,
        counters: 0,
        residual: false,
        most_hash_table: 24,
        most_rows: 12,
        indirect: 5,
        escape: escape(8, 54_000),
        apm_stages: 0,
        binary_rate: 0.0022,
        text_rate: 0.001,
        bytes_per_second: 1500e3,
    }
    /// 16 contexts, escape flags: levels 4 and 5.
    Standard {
        first_model: 4,
        last_level: 5,
        contexts: 16,
        mixer_contexts: 12,
        width: 2,
        match_models: 2,
        counters: 0,
        residual: false,
        most_hash_table: 28,
        most_rows: 14,
        indirect: 7,
        escape: escape(16, 65_350),
        apm_stages: 2,
        binary_rate: 0.0007,
        text_rate: 0.0003,
        bytes_per_second: 850e3,
    }
    /// 24 contexts, every bit is coded: levels 6 and 7.
    Thorough {
        first_model: 7,
        last_level: 7,
        contexts: 24,
        mixer_contexts: 12,
        width: 2,
        match_models: 2,
        counters: 0,
        residual: false,
        most_hash_table: 28,
        most_rows: 14,
        indirect: 4,
        escape: None,
        apm_stages: 2,
        binary_rate: 0.0006,
        text_rate: 0.00025,
        bytes_per_second: 450e3,
    }
    /// 24 contexts, 16 of them with direct counters: level 8.
    Strong {
        first_model: 10,
        last_level: 8,
        contexts: 24,
        mixer_contexts: 12,
        width: 2,
        match_models: 2,
        counters: 16,
        residual: false,
        most_hash_table: 28,
        most_rows: 15,
        indirect: 4,
        escape: None,
        apm_stages: 2,
        binary_rate: 0.0003,
        text_rate: 0.00015,
        bytes_per_second: 350e3,
    }
    /// 56 contexts, 48 of them with direct counters, and a residual layer: level 9.
    Best {
        first_model: 13,
        last_level: 9,
        contexts: 56,
        mixer_contexts: 12,
        width: 2,
        match_models: 3,
        counters: 48,
        residual: true,
        most_hash_table: 28,
        most_rows: 16,
        indirect: 3,
        escape: None,
        apm_stages: 3,
        binary_rate: 0.00013,
        text_rate: 0.0001,
        bytes_per_second: 150e3,
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
    /// List of contexts.
    pub contexts: Contexts,
}

/// Every registered model: each class with each list of contexts.
pub const MODELS: [Model; 3 * Class::ALL.len()] = {
    let first = Model { id: 0, class: Class::Fast, contexts: Contexts::Text };
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
    /// The model of an id, if it is registered.
    pub fn of_id(id: u16) -> Option<Model> {
        MODELS.into_iter().find(|model| model.id == id)
    }

    /// The model of a level (1 ..= 9) for data of this kind.
    pub fn of_level(level: u8, contexts: Contexts) -> Model {
        let serves = |class: &&Class| level <= class.size().last_level;
        let class = *Class::ALL.iter().find(serves).unwrap_or(&Class::Best);
        let found = MODELS.into_iter().find(|m| m.class == class && m.contexts == contexts);
        found.expect("every class is registered for every kind of contexts")
    }

    /// Learning rate of the mixer after `length` symbols: at first in warm_up, then, as
    /// text is alike for long, falling there with the square root of what was seen.
    #[inline(always)]
    pub fn mixer_rate(&self, length: usize) -> f32 {
        let SizeClass { binary_rate, text_rate, .. } = self.class.size();
        let length = length as f32;
        let early = WARM_UP_HALF / (WARM_UP_HALF + length);
        if self.contexts == Contexts::Binary {
            return binary_rate * (1.0 + BINARY_WARM_UP * early);
        }
        text_rate * (1.0 + TEXT_WARM_UP * early) * (DECAY / (DECAY + length)).sqrt()
    }

    /// log2 of the bytes of the hash table for a group of `length` bytes.
    pub fn hash_table_log2(&self, length: usize) -> u32 {
        (length.max(1) * self.class.size().contexts * 8)
            .ilog2()
            .clamp(14, self.class.size().most_hash_table)
    }

    /// log2 of the rows of each n-gram table for a group of `length` bytes.
    pub fn rows_log2(&self, length: usize) -> u32 {
        length.max(1).ilog2().clamp(8, self.class.size().most_rows)
    }

    /// log2 of the cells of a match table for a group of `length` bytes.
    pub fn match_log2(&self, length: usize) -> u32 {
        length.max(1).ilog2().clamp(8, 22)
    }

    /// log2 of the contexts of each APM stage for a group of `length` bytes.
    pub fn apm_log2(&self, length: usize) -> u32 {
        length.max(1).ilog2().clamp(8, 16)
    }

    /// Upper bound of the bytes the predictor allocates, the group itself
    /// aside.
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
