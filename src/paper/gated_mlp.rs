//! The gated MLP, which has nearly all of the weights.

use super::chain::{Residual, Stages};
use super::layers::{layer_norm, perceptron};
use super::{PaperError, Parameters, ops};
use crate::arith::Isa;

/// Makes the gated MLP: `y = LN(x)`, output `(y + GELU(LN(V(GELU(U(y)))))) / 2`: `[B,
/// W]` to the same shape, of `width` with `hidden` inner units.
///
/// # Errors
/// Those of the source of `parameters`.
pub(super) fn gated_mlp(
    (width, hidden): (usize, usize),
    parameters: &mut Parameters<'_>,
    isa: Isa,
) -> Result<Stages, PaperError> {
    parameters.part("mlp", |parameters| {
        let norm_in = layer_norm("norm_in", width, parameters, isa)?;
        let maps = perceptron(("up", "down"), (width, hidden), parameters, isa)?;
        let norm_out = layer_norm("norm_out", width, parameters, isa)?;
        let gate: Stages = vec![Box::new(maps), Box::new(norm_out), Box::new(ops::Gelu(isa))];
        let stages: Stages = vec![Box::new(norm_in), Box::new(Residual::mean(gate))];
        Ok(stages)
    })
}
