//! The registered shapes: dimensions are never read from a payload.

use crate::arith::dense::Precision;

/// Maximum number of lanes of a payload.
pub const MAX_LANES: usize = 4096;

/// How a network learns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    /// Adam's rate.
    pub rate: f64,
    /// Steps in which the rate is reached; 1 means at once.
    pub warm_up: u32,
    /// Operands of the products that give the gradients of linear maps.
    pub gradients: Precision,
}

impl Training {
    /// The published training.
    pub const PUBLISHED: Training =
        Training { rate: 1e-3, warm_up: 1, gradients: Precision::Single };

    /// Training that is mostly smaller, and 1.5 times as fast if the CPU has matrix
    /// tiles: docs/pear.md.
    pub const WARMED: Training =
        Training { rate: 1.5e-3, warm_up: 20, gradients: Precision::Bfloat16 };
}

/// Dimensions of a network, and how it learns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// `T`, bytes of context.
    pub context: usize,
    /// `E`, width of an embedding.
    pub embedding: usize,
    /// Branches of the byte-level fusion block.
    pub byte_branches: usize,
    /// Hidden width of its token mixer.
    pub byte_mixer: usize,
    /// Hidden width of its gated MLP.
    pub byte_hidden: usize,
    /// Branches of the batch-adaptive fusion block.
    pub batch_branches: usize,
    /// Hidden width of its token mixer.
    pub batch_mixer: usize,
    /// `R`, rank of its weights.
    pub rank: usize,
    /// Hidden width of its gated MLP.
    pub batch_hidden: usize,
    /// How it learns.
    pub training: Training,
}

impl Shape {
    /// The published sizes: 12.9 M parameters and 8,704 more per lane.
    pub const PUBLISHED: Shape = Shape {
        context: 16,
        embedding: 32,
        byte_branches: 8,
        byte_mixer: 128,
        byte_hidden: 4096,
        batch_branches: 4,
        batch_mixer: 512,
        rank: 64,
        batch_hidden: 8192,
        training: Training::PUBLISHED,
    };

    /// The same network for tests and small inputs, about 1 % of the work.
    pub const SMALL: Shape = Shape {
        context: 16,
        embedding: 8,
        byte_branches: 8,
        byte_mixer: 32,
        byte_hidden: 256,
        batch_branches: 4,
        batch_mixer: 64,
        rank: 16,
        batch_hidden: 512,
        training: Training::PUBLISHED,
    };

    /// Returns the same dimensions with another training.
    pub const fn trained(self, training: Training) -> Shape {
        Shape { training, ..self }
    }

    /// Returns `W`, the width of a lane.
    pub const fn width(&self) -> usize {
        self.context * self.embedding
    }

    /// Returns the width of a branch of the byte-level fusion block.
    pub const fn byte_width(&self) -> usize {
        self.width() / self.byte_branches
    }

    /// Returns the width of a branch of the batch-adaptive fusion block.
    pub const fn batch_width(&self) -> usize {
        self.width() / self.batch_branches
    }

    /// Returns the number of weights of a network for `lanes` lanes.
    pub const fn parameters(&self, lanes: usize) -> usize {
        let (width, byte, batch) = (self.width(), self.byte_width(), self.batch_width());
        let byte_block = mixer_parameters(self.byte_branches, byte, self.byte_mixer)
            + 2 * byte
            + mlp_parameters(width, self.byte_hidden);
        let batch_block = 2 * batch
            + mixer_parameters(self.batch_branches, batch, self.batch_mixer)
            + 2 * batch
            + (self.rank + 1) * batch
            + mlp_parameters(width, self.batch_hidden);
        let own = batch * self.rank + width;
        256 * self.embedding + byte_block + batch_block + lanes * own + (width + 1) * 256
    }

    /// Returns the maximum memory, in bytes, of a [`super::Model`] of `lanes` lanes
    /// while it learns: weights, both moments and gradients; activations, their
    /// gradients and candle's temporaries; packed operands of a product, scratch memory
    /// of one thread.
    pub const fn memory(&self, lanes: usize) -> u64 {
        let hidden = self.byte_hidden + self.batch_hidden;
        let mixers = self.byte_branches * self.byte_mixer + self.batch_branches * self.batch_mixer;
        let activations = lanes * (2 * hidden + 3 * mixers + 48 * self.width() + 4 * 256);
        let transient =
            3 * self.batch_hidden * if lanes > self.width() { lanes } else { self.width() };
        let packed = self.batch_hidden * (lanes + self.width()) / 2;
        4 * (4 * self.parameters(lanes) + activations + transient + packed) as u64 + (8 << 20)
    }
}

/// Returns the number of weights of a token mixer.
const fn mixer_parameters(branches: usize, width: usize, hidden: usize) -> usize {
    branches * (branches + 1) + 2 * width + (width + 1) * hidden + (hidden + 1) * width
}

/// Returns the number of weights of a gated MLP.
const fn mlp_parameters(width: usize, hidden: usize) -> usize {
    4 * width + (width + 1) * hidden + (hidden + 1) * width
}
