//! Packed files taken apart into streams, and put together again, exactly.
//!
//! A *split* is the streams of a file, one for each kind, and the steps that make the file
//! from them. Normative text: spec/container.md §6.3 and spec/recipes.md.
//!
//! ```text
//! split/      a file ⇒ its streams and steps
//! run.rs      the list of transforms; a step ⇒ its output
//! deflate/    transform `deflate`
//! bzip2.rs    transform `bzip2`
//! base64.rs   transform `base64`
//! scanlines.rs transform `scanlines`
//! idat.rs     transform `idat`
//! kinds.rs    the kind of a piece
//! ```

mod base64;
mod bzip2;
mod deflate;
mod error;
mod idat;
mod kinds;
mod run;
mod scanlines;
mod split;

pub use error::RecipeError;
pub use run::{Source, join, make, run, transform_memory, transform_name};
pub use split::{Front, Midway, Piece, copied, is_candidate, split, split_front};

use crate::{container, entry};

/// Most steps that may stand one upon another.
pub const MOST_DEPTH: u32 = container::STEP_DEPTH as u32;
/// Most bytes of all outputs of a file.
pub const MOST_OUTPUT: u64 = container::MADE_MOST;
/// Most inputs of a step.
pub const MOST_INPUTS: usize = container::STEP_INPUTS as usize;
/// Most steps of a file.
pub const MOST_STEPS: usize = container::ROW_STEPS as usize;
/// Most bytes of the parameters of a step.
pub const MOST_PARAMETERS: usize = container::STEP_PARAMETERS as usize;

/// Bounds within which a file is taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes of all streams and hidden outputs of one file.
    pub most_plain: u64,
    /// How deep packed data lie in packed data; at most [`MOST_DEPTH`].
    pub depth: u32,
    /// The transforms that may be used: bit n for number n. Copying always may.
    pub transforms: u64,
}

/// A file as streams and the steps that make it from them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// At most one for each kind.
    pub streams: Vec<Stream>,
    /// The steps, each behind those that it uses.
    pub steps: Vec<Step>,
}

/// Pieces of one kind, end to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// What they are.
    pub kind: StreamKind,
    /// The pieces.
    pub bytes: Vec<u8>,
}

/// The kind of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamKind {
    /// Letters, sources, markup.
    Text,
    /// Structured data.
    Binary,
    /// Pictures: for each the first 33 bytes of a PNG, then its rows without filters.
    Image,
    /// Uncompressed sound.
    Audio,
    /// Whole JPEG files.
    Jpeg,
    /// What no model makes smaller.
    Stored,
}

/// A step: what it makes, and of what.
pub type Step = entry::Step<Input>;

/// An input of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A piece of a stream.
    Stream {
        /// Place of the stream.
        stream: usize,
        /// First byte.
        offset: u64,
        /// Bytes.
        length: u64,
    },
    /// The whole output of an earlier step.
    Step {
        /// Number of steps back, not 0.
        back: u64,
    },
}

#[cfg(test)]
mod tests;
