//! The PEAR predictor, one file for each part.
//!
//! [`engine`] predicts a group bit by bit. Hashed contexts ([`contexts`]) look up bit
//! histories ([`hash_table`], [`history`]), which StateMaps ([`state_map`]) turn into
//! predictions; direct counters ([`counters`]) stand beside them ([`context_models`]).
//! Match models ([`match_model`]) and indirect contexts ([`indirect`]) predict whole
//! symbols ([`predicted`]), and the byte-level network ([`network`]) adds its prediction.
//! The mixer ([`mixer`]) weighs all of them, under weights that [`selection`] selects, and
//! APM stages ([`apm`]) correct the result. In long matches one flag can code a whole
//! symbol ([`escape`]).
//!
//! The fastest class has an engine of its own, [`nibbles`], which predicts four bits at
//! once. [`predictor`] is what both engines offer to the codec.
//!
//! Pixels have an engine of their own, [`image`].
//!
//! [`size`] declares the size classes, [`layout`] places the inputs, and [`registered`]
//! lists the models that an archive can name. Everything learns while it codes, the same
//! in encoder and decoder. The predictor knows nothing of the coder.
//!
//! Normative text: spec/codec.md §5.

pub mod apm;
pub mod array;
pub mod audio;
pub mod confidence;
pub mod context_models;
pub mod contexts;
pub mod counters;
pub mod engine;
pub mod escape;
pub mod hash;
pub mod hash_table;
pub mod history;
pub mod image;
pub mod indirect;
pub mod instructions;
pub mod layout;
pub mod match_model;
pub mod match_models;
pub mod mixer;
pub mod network;
pub mod nibble_table;
pub mod nibbles;
pub mod past;
pub mod predicted;
pub mod predictor;
pub mod registered;
pub mod selection;
pub mod size;
pub mod state_map;

pub use contexts::Spelling;
pub use engine::Engine;
pub use past::Past;
pub use predictor::{BitCoder, Predictor};
pub use registered::Model;
pub use size::{Class, Contexts, Size, SizeKernel};
