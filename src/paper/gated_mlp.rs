//! The gated MLP: where nearly all the weights are.

use super::layers::{layer_norm, mean, perceptron};
use super::{PaperError, Parameters, ops};
use crate::arith::Isa;
use candle_core::{Result, Tensor};

/// `y = LN(x)`, output `(y + GELU(LN(V(GELU(U(y)))))) / 2`.
pub struct GatedMlp {
    norm_in: ops::LayerNorm,
    maps: ops::Perceptron,
    norm_out: ops::LayerNorm,
    isa: Isa,
}

impl GatedMlp {
    /// An MLP of `width` with `hidden` inner units.
    ///
    /// # Errors
    /// Those of the source of `parameters`.
    pub fn new(
        (width, hidden): (usize, usize),
        parameters: &mut Parameters<'_>,
        isa: Isa,
    ) -> std::result::Result<Self, PaperError> {
        parameters.part("mlp", |parameters| {
            Ok(GatedMlp {
                norm_in: layer_norm("norm_in", width, parameters, isa)?,
                maps: perceptron(("up", "down"), (width, hidden), parameters, isa)?,
                norm_out: layer_norm("norm_out", width, parameters, isa)?,
                isa,
            })
        })
    }

    /// `[B, W]` to the same shape.
    ///
    /// # Errors
    /// candle's, if the shape differs.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = x.apply_op1(self.norm_in.clone())?;
        let mapped = y.apply_op1(self.maps.clone())?.apply_op1(self.norm_out.clone())?;
        mean(&y, &mapped.apply_op1(ops::Gelu(self.isa))?)
    }
}
