//! The published PEAR network, in candle, and the coder that runs it.
//!
//! The files follow the paper: a [`Network`] is an embedding, a byte-level fusion
//! block, a batch-adaptive fusion block and an output map; both blocks are built from a
//! token mixer and a gated MLP. Tensors and operations are candle's. Every operation is
//! a custom one (`ops`) on the kernels of [`crate::arith::dense`]; `chain` runs them
//! forward and applies the chain rule backward.
//!
//! A [`Model`] predicts one byte for each of `B` lanes and then learns from the bytes
//! that came. [`compress`] and [`decompress`] call it in the same order, so that both
//! have the same weights. Normative text: spec/pear-paper.md.
//!
//! Letters of shapes: `B` lanes, `T` bytes of context, `E` width of an embedding,
//! `S` branches, `D` width of a branch, `W = T · E = S · D` width of a lane,
//! `H` hidden width, `R` rank, `V` = 256 symbols.

mod batch_fusion;
mod byte_fusion;
mod chain;
mod gated_mlp;
mod layers;
mod model;
mod network;
mod ops;
mod parameters;
mod range;
mod self_test;
mod shape;
mod stream;
#[cfg(test)]
mod tests;
mod token_mixer;

pub use model::{FREQUENCY_SCALE, Model};
pub use network::Network;
pub use parameters::{Initial, Parameters, seeded};
pub use self_test::self_test;
pub use shape::{MAX_LANES, Shape, Training};
pub use stream::{compress, decompress, decompress_damaged};

/// Why the network could not code or decode.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PaperError {
    /// A weight or probability became infinite or undefined: a bug in the encoder,
    /// damage in the decoder.
    #[error("the network diverged at step {step}")]
    Diverged {
        /// Byte position within the lanes.
        step: usize,
    },
    /// The encoder does not write such a code.
    #[error("the pear-paper stream is damaged before byte {step} of lane {lane}")]
    Code {
        /// Byte position within the lanes.
        step: usize,
        /// Index of the lane.
        lane: usize,
    },
    /// Bytes are left over after the last symbol of the code.
    #[error("bytes left over after the last symbol")]
    Rest,
    /// This CPU does not compute what the specification says.
    #[error("the known-answer test of the published network failed")]
    SelfTest,
    /// candle refused an operation: a bug.
    #[error("candle: {0}")]
    Candle(#[from] candle_core::Error),
}
