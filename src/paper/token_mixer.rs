//! The token mixer: branches exchange, then each goes through the same MLP.

use super::chain::{Residual, Stages};
use super::layers::{layer_norm, perceptron};
use super::{Initial, PaperError, Parameters, ops};
use crate::arith::Isa;

/// Makes the token mixer: `y = LN(x + conv(x))`, output `y + GELU(L₂(GELU(L₁(y))))`.
/// The convolution of kernel size one mixes the branches. `[B, S, D]` to the same
/// shape, with `hidden` inner units.
///
/// # Errors
/// Those of the source of `parameters`.
pub(super) fn token_mixer(
    (branches, width, hidden): (usize, usize, usize),
    parameters: &mut Parameters<'_>,
    isa: Isa,
) -> Result<Stages, PaperError> {
    parameters.part("mixer", |parameters| {
        let even = Initial::Uniform { bound: 1.0 / (branches as f32).sqrt() };
        let convolution = ops::MixBranches {
            weight: parameters.tensor("convolution.weight", &[branches, branches], even)?,
            bias: parameters.tensor("convolution.bias", &[branches], even)?,
            isa,
        };
        let norm = layer_norm("norm", width, parameters, isa)?;
        let mlp = perceptron(("expand", "contract"), (width, hidden), parameters, isa)?;
        let mlp = Residual::sum(vec![Box::new(mlp), Box::new(ops::Gelu(isa))]);
        let stages: Stages = vec![Box::new(convolution), Box::new(norm), Box::new(mlp)];
        Ok(stages)
    })
}
