//! The PEAR predictor: one file per part, forward beside backward.
//!
//! A group is predicted bit by bit. Context experts look up bit histories
//! ([`slots`], [`history`]) under hashed contexts ([`contexts`]) and turn them
//! into predictions ([`maps`]), beside direct counters ([`counters`]); matches
//! ([`matching`]) and what followed the same contexts before ([`followers`]) guess
//! whole symbols ([`guesses`]), and the byte-level network ([`network`]) adds its
//! prediction; gated mixing ([`mixer`]) joins them, and adaptive probability maps
//! ([`refine`]) correct the result.
//! Inside long matches a whole symbol is asked about at once ([`sure`]).
//! Everything learns online, the same in encoder and decoder. The predictor
//! knows nothing of the coder.
//!
//! Normative text: spec/codec.md §5.

pub mod contexts;
pub mod counters;
pub mod engine;
pub mod followers;
pub mod guesses;
pub mod history;
pub mod machine;
pub mod maps;
pub mod matching;
pub mod mixer;
pub mod network;
pub mod past;
pub mod refine;
pub mod shape;
pub mod slots;
pub mod sure;

pub use contexts::Spelling;
pub use engine::Engine;
pub use past::Past;
pub use shape::{Class, Contexts, Model};
