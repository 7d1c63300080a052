//! The Byte-Level Fusion Block: the last bytes' features, fused.

use super::layers::{layer_norm, mean};
use super::{GatedMlp, PaperError, Parameters, Shape, TokenMixer, ops};
use crate::arith::Isa;
use candle_core::{Result, Tensor};

/// Branches of neighbouring bytes exchange in a [`TokenMixer`]; the whole lane
/// then passes a [`GatedMlp`].
pub struct ByteLevelFusionBlock {
    mixer: TokenMixer,
    norm: ops::LayerNorm,
    mlp: GatedMlp,
    branch: (usize, usize),
}

impl ByteLevelFusionBlock {
    /// The block of `shape`.
    ///
    /// # Errors
    /// Those of the source of `parameters`.
    pub fn new(
        shape: &Shape,
        parameters: &mut Parameters<'_>,
        isa: Isa,
    ) -> std::result::Result<Self, PaperError> {
        let branch = (shape.byte_branches, shape.byte_width());
        parameters.part("byte_fusion", |parameters| {
            Ok(ByteLevelFusionBlock {
                mixer: TokenMixer::new((branch.0, branch.1, shape.byte_mixer), parameters, isa)?,
                norm: layer_norm("norm", branch.1, parameters, isa)?,
                mlp: GatedMlp::new((shape.width(), shape.byte_hidden), parameters, isa)?,
                branch,
            })
        })
    }

    /// `[B, W]` to the same shape.
    ///
    /// # Errors
    /// candle's, if the shape differs.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (lanes, width) = x.dims2()?;
        let skip = x.reshape((lanes, self.branch.0, self.branch.1))?;
        let mixed = self.mixer.forward(&skip)?.apply_op1(self.norm.clone())?;
        self.mlp.forward(&mean(&skip, &mixed)?.reshape((lanes, width))?)
    }
}
