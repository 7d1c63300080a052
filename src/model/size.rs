//! Size classes: the sizes and rates of an engine, each class declared once.
//!
//! `size_classes!` makes of each declaration a row that can be read at run time
//! ([`SizeClass`]) and a type whose constants are compiled into an engine ([`Size`]).
//! Nothing else in the crate names a class.
//!
//! Normative text: spec/codec.md §5, "Size classes", and the rates of §5.7.

use super::array::Array;
use super::engine::Engine;
use super::escape::EscapeThreshold;
use super::layout::{LANES, Layout};
use super::nibbles::Nibbles;
use super::predictor::Predictor;
use crate::arith::{Simd, Vector};
use bytemuck::Zeroable;

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

/// When a class codes escape flags: in matches of at least `length` symbols that are
/// right with at least `probability` in 1/2^16.
const fn escape(length: u32, probability: u16) -> Option<EscapeThreshold> {
    Some(EscapeThreshold { length, probability })
}

/// The numbers of a size class: a row of the table "Size classes" in spec/codec.md §5.
#[derive(Clone, Copy, Debug)]
pub struct SizeClass {
    /// Name in the spec.
    pub name: &'static str,
    /// Id of the model with the contexts Text; Binary and Tokens have the next two.
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
    /// Indirect contexts, the first ones of the list.
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
    /// How many bytes of a shipped base, the last ones, an engine learns.
    pub most_shipped: usize,
}

impl SizeClass {
    /// Inputs of a nibble engine's mixer: of contexts, match models and indirect contexts.
    pub const fn predictions(&self) -> usize {
        self.contexts + self.match_models + self.indirect
    }
}

/// A computation that is compiled for every size class.
pub trait SizeKernel {
    /// What the computation returns.
    type Output;
    /// Runs with the constants of one class.
    fn run<C: Size>(self) -> Self::Output;
}

/// What an engine's state is made of: it can be copied, and shared by threads.
pub trait Stored: Clone + Send + Sync + 'static {}

impl<T: Clone + Send + Sync + 'static> Stored for T {}

/// A size class as a type: its constants, and arrays of their lengths.
pub trait Size: Copy + Stored {
    /// The engine of the class.
    type Engine<S: Simd>: Predictor<S>;
    /// Its numbers.
    const SIZE: SizeClass;
    /// Where the inputs of each part are.
    const LAYOUT: Layout;
    /// A `T` for each context.
    type PerContext<T: Copy + Stored>: Array<T> + Copy + Stored;
    /// A `T` for each vector of contexts.
    type PerContextVector<T: Stored>: Array<T> + Stored;
    /// A `T` for each direct counter.
    type PerCounter<T: Copy + Stored>: Array<T> + Copy + Stored;
    /// A `T` for each vector of direct counters.
    type PerCounterVector<T: Stored>: Array<T> + Stored;
    /// A `T` for each match model.
    type PerMatchModel<T: Stored>: Array<T> + Stored;
    /// A `T` for each APM stage.
    type PerApmStage<T: Stored>: Array<T> + Stored;
    /// A number for each mixer context.
    type PerMixerContext: Array<usize> + Copy + Stored;
    /// All inputs of the mixer of a nibble engine, or a weight for each.
    type Predictions: Array<Vector> + Copy + Stored;
    /// All inputs of the mixer, or a weight for each.
    type Inputs: Array<Vector> + Copy + Stored;
    /// A row of the network.
    type Row: Array<Vector> + Zeroable + Copy + Stored;
    /// A row of the network in registers, `F` for each vector.
    type RowLanes<F: Copy>: Array<F> + Copy;
}

/// Declares the size classes: the enum, a type for each, and the dispatch.
macro_rules! size_classes {
    ($($(#[$doc:meta])* $class:ident($engine:ident) { $($field:ident: $value:expr,)* })*) => {
        /// The size classes.
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

            /// Contexts of the largest class.
            pub const MOST_CONTEXTS: usize = {
                let mut most = 0;
                $(if classes::$class::ROW.contexts > most {
                    most = classes::$class::ROW.contexts;
                })*
                most
            };

            /// Where the inputs of each part are.
            pub const fn layout(self) -> Layout {
                match self { $(Class::$class => <classes::$class as Size>::LAYOUT,)* }
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
                    type Engine<S: Simd> = $engine<S, $class>;
                    const SIZE: SizeClass = $class::ROW;
                    const LAYOUT: Layout = Layout::of::<$class>();
                    type PerContext<T: Copy + Stored> = [T; $class::ROW.contexts];
                    type PerContextVector<T: Stored> = [T; $class::ROW.contexts.div_ceil(LANES)];
                    type PerCounter<T: Copy + Stored> = [T; $class::ROW.counters];
                    type PerCounterVector<T: Stored> = [T; $class::ROW.counters.div_ceil(LANES)];
                    type PerMatchModel<T: Stored> = [T; $class::ROW.match_models];
                    type PerApmStage<T: Stored> = [T; $class::ROW.apm_stages];
                    type PerMixerContext = [usize; $class::ROW.mixer_contexts];
                    type Predictions = [Vector; $class::ROW.predictions()];
                    type Inputs = [Vector; <$class as Size>::LAYOUT.vectors];
                    type Row = [Vector; $class::ROW.width];
                    type RowLanes<F: Copy> = [F; $class::ROW.width];
                }
            )*
        }
    };
}

size_classes! {
    /// Four bits at once, 6 contexts, escape flags early: level 1.
    Swift(Nibbles) {
        first_model: 16,
        last_level: 1,
        contexts: 6,
        mixer_contexts: 2,
        width: 0,
        match_models: 1,
        counters: 0,
        residual: false,
        most_hash_table: 24,
        most_rows: 12,
        indirect: 3,
        escape: escape(8, 54_000),
        apm_stages: 0,
        binary_rate: 0.006,
        text_rate: 0.004,
        bytes_per_second: 3300e3,
        most_shipped: 1 << 18,
    }
    /// Four bits at once, 8 contexts: level 2.
    Quick(Nibbles) {
        first_model: 19,
        last_level: 2,
        contexts: 8,
        mixer_contexts: 2,
        width: 0,
        match_models: 1,
        counters: 0,
        residual: false,
        most_hash_table: 24,
        most_rows: 12,
        indirect: 5,
        escape: escape(12, 58_000),
        apm_stages: 0,
        binary_rate: 0.006,
        text_rate: 0.004,
        bytes_per_second: 2600e3,
        most_shipped: 1 << 18,
    }
    /// 8 contexts, escape flags early: level 3.
    Fast(Engine) {
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
        most_shipped: 1 << 18,
    }
    /// 16 contexts, escape flags early, a small network: level 4.
    Brisk(Engine) {
        first_model: 22,
        last_level: 4,
        contexts: 16,
        mixer_contexts: 8,
        width: 1,
        match_models: 1,
        counters: 0,
        residual: false,
        most_hash_table: 26,
        most_rows: 13,
        indirect: 5,
        escape: escape(8, 54_000),
        apm_stages: 0,
        binary_rate: 0.001,
        text_rate: 0.0005,
        bytes_per_second: 1200e3,
        most_shipped: 160 << 10,
    }
    /// 16 contexts, escape flags: level 5.
    Standard(Engine) {
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
        most_shipped: 120 << 10,
    }
    /// 24 contexts, every bit is coded: levels 6 and 7.
    Thorough(Engine) {
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
        most_shipped: 88 << 10,
    }
    /// 24 contexts, 16 of them with direct counters: level 8.
    Strong(Engine) {
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
        most_shipped: 64 << 10,
    }
    /// 56 contexts, 48 of them with direct counters, and a residual layer: level 9.
    Best(Engine) {
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
        most_shipped: 24 << 10,
    }
}
