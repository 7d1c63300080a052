//! The PEAR predictor: one file per part, forward beside backward.
//!
//! A group is predicted bit by bit. Context contexts look up bit histories
//! ([`slots`], [`history`]) under hashed contexts ([`contexts`]) and turn them
//! into predictions ([`state_map`]), beside direct counters ([`counters`]); matches
//! ([`match_model`]) and what indirect the same contexts before ([`indirect`]) guess
//! whole symbols ([`predicted`]), and the byte-level network ([`network`]) adds its
//! prediction; gated mixing ([`mixer`]) joins them, and adaptive probability state_maps
//! ([`apm`]) correct the result.
//! Inside long matches a whole symbol is asked about at once ([`escape`]).
//! Everything learns online, the same in encoder and decoder. The predictor
//! knows nothing of the coder.
//!
//! Normative text: spec/codec.md §5.

pub mod apm;
pub mod contexts;
pub mod counters;
pub mod engine;
pub mod escape;
pub mod hash_table;
pub mod history;
pub mod indirect;
pub mod instructions;
pub mod match_model;
pub mod mixer;
pub mod network;
pub mod past;
pub mod predicted;
pub mod size;
pub mod state_map;

pub use contexts::Spelling;
pub use engine::Engine;
pub use past::Past;
pub use size::{Class, Contexts, Model};
