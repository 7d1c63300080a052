//! Trust in a guess of a whole symbol: the probability that its next bit holds.
//!
//! It learns a step for each bit up to the first that went against the guess. Matches
//! and followed contexts share the numbers. Normative text: spec/codec.md §5.5, §5.11.

/// How fast trust follows what happens.
pub const RATE: f32 = 0.006;
/// Trust at first.
pub const FIRST: f32 = 0.75;
/// The same in the logistic domain, ln 3.
pub const FIRST_STRETCH: f32 = 1.098_612_3;
/// Bounds, so that no guess is ever sure.
pub const LEAST: f32 = 0.01;
/// The upper bound.
pub const MOST: f32 = 0.9998;
