//! The Batch-Adaptive Fusion Block: each lane's own weights, and shared weights.

use super::chain::{Residual, Stages, View};
use super::gated_mlp::gated_mlp;
use super::layers::{layer_norm, linear};
use super::token_mixer::token_mixer;
use super::{Initial, PaperError, Parameters, Shape, ops};
use crate::arith::Isa;

/// Makes a token mixer over wider branches, a low-rank map that is the lane's own on
/// one side and shared on the other, and a gated MLP. `[B, W]` to the same shape.
///
/// # Errors
/// Those of the source of `parameters`.
pub(super) fn batch_adaptive_fusion(
    shape: &Shape,
    lanes: usize,
    parameters: &mut Parameters<'_>,
    isa: Isa,
) -> Result<Stages, PaperError> {
    let (branches, width) = (shape.batch_branches, shape.batch_width());
    let own = Initial::Normal { deviation: 0.01 };
    parameters.part("batch_fusion", |parameters| {
        let norm_in = layer_norm("norm_in", width, parameters, isa)?;
        let mut mixer = token_mixer((branches, width, shape.batch_mixer), parameters, isa)?;
        mixer.push(Box::new(layer_norm("norm_mixed", width, parameters, isa)?));
        let weight = parameters.tensor("own.weight", &[lanes, width, shape.rank], own)?;
        mixer.push(Box::new(ops::LaneProduct { own: weight, isa }));
        let bias = parameters.tensor("own.bias", &[lanes, branches, width], own)?;
        mixer.push(Box::new(linear("shared", (shape.rank, width), parameters, isa)?));
        mixer.push(Box::new(ops::LaneBias(bias)));
        let mut stages: Stages = vec![
            Box::new(View(vec![lanes, branches, width])),
            Box::new(norm_in),
            Box::new(Residual::mean(mixer)),
            Box::new(View(vec![lanes, shape.width()])),
        ];
        stages.extend(gated_mlp((shape.width(), shape.batch_hidden), parameters, isa)?);
        Ok(stages)
    })
}
