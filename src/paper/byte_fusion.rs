//! The Byte-Level Fusion Block: it fuses the features of the last bytes.

use super::chain::{Residual, Stages, View};
use super::gated_mlp::gated_mlp;
use super::layers::layer_norm;
use super::token_mixer::token_mixer;
use super::{PaperError, Parameters, Shape};
use crate::arith::Isa;

/// Makes the block: branches of neighbouring bytes exchange in a token mixer; the whole
/// lane then passes a gated MLP. `[B, W]` to the same shape.
///
/// # Errors
/// Those of the source of `parameters`.
pub(super) fn byte_level_fusion(
    shape: &Shape,
    lanes: usize,
    parameters: &mut Parameters<'_>,
    isa: Isa,
) -> Result<Stages, PaperError> {
    let (branches, width) = (shape.byte_branches, shape.byte_width());
    parameters.part("byte_fusion", |parameters| {
        let mut mixer = token_mixer((branches, width, shape.byte_mixer), parameters, isa)?;
        mixer.push(Box::new(layer_norm("norm", width, parameters, isa)?));
        let mut stages: Stages = vec![
            Box::new(View(vec![lanes, branches, width])),
            Box::new(Residual::mean(mixer)),
            Box::new(View(vec![lanes, shape.width()])),
        ];
        stages.extend(gated_mlp((shape.width(), shape.byte_hidden), parameters, isa)?);
        Ok(stages)
    })
}
