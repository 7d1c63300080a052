//! The model of codec `audio`: samples, each predicted from those before it.
//!
//! ```text
//! history.rs    the last samples of a channel
//! ols.rs        least squares with a covariance that forgets
//! lms.rs        long filters over what is left of the signal
//! channel.rs    the predictors of a channel, one behind the other
//! matches.rs    samples that came before in the same order
//! shapes.rs     predictions as distributions
//! bins.rs       the bits of a sample
//! decision.rs   the mixed probability of a bit
//! maps.rs       adaptive probabilities by context
//! bytes.rs      bytes that are no samples
//! engine.rs     all of it together
//! ```
//!
//! Encoder and decoder make the same calls and hold the same state. All arithmetic is
//! +, −, ×, ÷ and √ of IEEE-754 in a fixed order, so it is the same on every CPU.
//!
//! Normative text: spec/codec.md §9.

pub mod bins;
pub mod bytes;
pub mod channel;
pub mod class;
pub mod decision;
pub mod engine;
pub mod history;
pub mod lms;
pub mod maps;
pub mod matches;
pub mod ols;
pub mod shapes;

pub use class::Class;
pub use engine::{Engine, Layout};

/// Most channels of a segment.
pub const MOST_CHANNELS: usize = 8;

/// What codes bits.
pub trait Bits {
    /// Codes `bit`, whose probability of being one is `p / 2^16`, and returns it. A decoder
    /// ignores `bit` and returns the one that it reads.
    fn code(&mut self, p: u32, bit: u32) -> u32;
}
