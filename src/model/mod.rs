//! The PEAR predictor: one file per part, forward beside backward.
//!
//! A group is predicted bit by bit. Hashed contexts ([`contexts`]) look up bit
//! histories ([`hash_table`], [`history`]), which StateMaps ([`state_map`]) turn into
//! predictions; direct counters ([`counters`]) stand beside them. Match models
//! ([`match_model`]) and indirect contexts ([`indirect`]) predict whole symbols
//! ([`predicted`]), and the byte-level network ([`network`]) adds its prediction. The
//! mixer ([`mixer`]) joins them, and APM stages ([`apm`]) correct the result.
//! In long matches one flag can code a whole symbol ([`escape`]).
//! [`size`] declares the size classes, [`layout`] places the inputs.
//! Everything learns online, the same in encoder and decoder. The predictor
//! knows nothing of the coder.
//!
//! Normative text: spec/codec.md §5.

pub mod apm;
pub mod confidence;
pub mod contexts;
pub mod counters;
pub mod engine;
pub mod escape;
pub mod hash;
pub mod hash_table;
pub mod history;
pub mod indirect;
pub mod instructions;
pub mod layout;
pub mod match_model;
pub mod mixer;
pub mod network;
pub mod past;
pub mod predicted;
pub mod size;
pub mod state_map;

pub use contexts::Spelling;
pub use engine::{Engine, Predictor};
pub use past::Past;
pub use size::{Class, Contexts, Model, Size, SizeKernel};
