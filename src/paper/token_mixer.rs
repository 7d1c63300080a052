//! The token mixer: branches exchange, then each goes through the same MLP.

use super::layers::{layer_norm, perceptron};
use super::{Initial, PaperError, Parameters, ops};
use crate::arith::Isa;
use candle_core::{Result, Tensor};

/// `y = LN(x + conv(x))`, output `y + GELU(L₂(GELU(L₁(y))))`, where the
/// convolution of kernel size one mixes the branches.
pub struct TokenMixer {
    convolution: ops::MixBranches,
    norm: ops::LayerNorm,
    mlp: ops::Perceptron,
    isa: Isa,
}

impl TokenMixer {
    /// A mixer of `branches` branches of `width`, with `hidden` inner units.
    ///
    /// # Errors
    /// Those of the source of `parameters`.
    pub fn new(
        (branches, width, hidden): (usize, usize, usize),
        parameters: &mut Parameters<'_>,
        isa: Isa,
    ) -> std::result::Result<Self, PaperError> {
        parameters.part("mixer", |parameters| {
            let even = Initial::Uniform { bound: 1.0 / (branches as f32).sqrt() };
            Ok(TokenMixer {
                convolution: ops::MixBranches {
                    weight: parameters.tensor("convolution.weight", &[branches, branches], even)?,
                    bias: parameters.tensor("convolution.bias", &[branches], even)?,
                    isa,
                },
                norm: layer_norm("norm", width, parameters, isa)?,
                mlp: perceptron(("expand", "contract"), (width, hidden), parameters, isa)?,
                isa,
            })
        })
    }

    /// `[B, S, D]` to the same shape.
    ///
    /// # Errors
    /// candle's, if the shape differs.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = x.apply_op1(self.convolution.clone())?.apply_op1(self.norm.clone())?;
        &y + y.apply_op1(self.mlp.clone())?.apply_op1(ops::Gelu(self.isa))?
    }
}
