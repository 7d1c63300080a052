//! The image model: predicts the samples of pictures, bit by bit.
//!
//! Normative text: spec/codec.md §8.

pub mod bank;
pub mod cells;
pub mod class;
pub mod contexts;
pub mod engine;
pub mod linear;
pub mod mixer;
pub mod rows;
pub mod slots;

pub use class::{FAST, FULL, MOST_SAMPLES, Model};
pub use engine::Engine;
pub use rows::{Samples, Shape};
