//! The Batch-Adaptive Fusion Block: each lane's own weights beside shared ones.

use super::layers::{layer_norm, linear, mean};
use super::{GatedMlp, Initial, PaperError, Parameters, Shape, TokenMixer, ops};
use crate::arith::Isa;
use candle_core::{Result, Tensor};

/// A [`TokenMixer`] over wider branches, a low-rank map that is the lane's own
/// on one side and shared on the other, and a [`GatedMlp`].
pub struct BatchAdaptiveFusionBlock {
    norm_in: ops::LayerNorm,
    mixer: TokenMixer,
    norm_mixed: ops::LayerNorm,
    own_weight: ops::LaneProduct,
    shared: ops::Linear,
    own_bias: ops::LaneBias,
    mlp: GatedMlp,
    branch: (usize, usize),
}

impl BatchAdaptiveFusionBlock {
    /// The block of `shape` for `lanes` lanes.
    ///
    /// # Errors
    /// Those of the source of `parameters`.
    pub fn new(
        shape: &Shape,
        lanes: usize,
        parameters: &mut Parameters<'_>,
        isa: Isa,
    ) -> std::result::Result<Self, PaperError> {
        let (branches, width) = (shape.batch_branches, shape.batch_width());
        let own = Initial::Normal { deviation: 0.01 };
        parameters.part("batch_fusion", |parameters| {
            Ok(BatchAdaptiveFusionBlock {
                norm_in: layer_norm("norm_in", width, parameters, isa)?,
                mixer: TokenMixer::new((branches, width, shape.batch_mixer), parameters, isa)?,
                norm_mixed: layer_norm("norm_mixed", width, parameters, isa)?,
                own_weight: ops::LaneProduct {
                    own: parameters.tensor("own.weight", &[lanes, width, shape.rank], own)?,
                    isa,
                },
                own_bias: ops::LaneBias(parameters.tensor(
                    "own.bias",
                    &[lanes, branches, width],
                    own,
                )?),
                shared: linear("shared", (shape.rank, width), parameters, isa)?,
                mlp: GatedMlp::new((shape.width(), shape.batch_hidden), parameters, isa)?,
                branch: (branches, width),
            })
        })
    }

    /// `B`.
    pub(super) fn lanes(&self) -> usize {
        self.own_bias.0.dims()[0]
    }

    /// `[B, W]` to the same shape.
    ///
    /// # Errors
    /// candle's, if the shape differs.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (lanes, width) = x.dims2()?;
        let branches = x.reshape((lanes, self.branch.0, self.branch.1))?;
        let skip = branches.apply_op1(self.norm_in.clone())?;
        let mixed = self.mixer.forward(&skip)?.apply_op1(self.norm_mixed.clone())?;
        let narrow = mixed.apply_op1(self.own_weight.clone())?;
        let wide = narrow.apply_op1(self.shared.clone())?.apply_op1(self.own_bias.clone())?;
        self.mlp.forward(&mean(&skip, &wide)?.reshape((lanes, width))?)
    }
}
