//! Layers with weights, shared by both blocks.

use super::{Initial, PaperError, Parameters, ops};
use crate::arith::Isa;

/// `x · Wᵀ + b` from the first size to the second. Initial weights and biases are
/// uniformly distributed within ±1/√inputs.
pub(super) fn linear(
    name: &'static str,
    (inputs, outputs): (usize, usize),
    parameters: &mut Parameters<'_>,
    isa: Isa,
) -> std::result::Result<ops::Linear, PaperError> {
    let initial = Initial::Uniform { bound: 1.0 / (inputs as f32).sqrt() };
    linear_from([initial; 2], name, (inputs, outputs), parameters, isa)
}

/// Makes [`linear`] with other initial weights and bias.
pub(super) fn linear_from(
    [weight, bias]: [Initial; 2],
    name: &'static str,
    (inputs, outputs): (usize, usize),
    parameters: &mut Parameters<'_>,
    isa: Isa,
) -> std::result::Result<ops::Linear, PaperError> {
    parameters.part(name, |parameters| {
        Ok(ops::Linear {
            weight: parameters.tensor("weight", &[outputs, inputs], weight)?,
            bias: parameters.tensor("bias", &[outputs], bias)?,
            gradients: parameters.training().gradients,
            isa,
        })
    })
}

/// Makes layer normalisation over the last dimension; weight one, bias zero.
pub(super) fn layer_norm(
    name: &'static str,
    width: usize,
    parameters: &mut Parameters<'_>,
    isa: Isa,
) -> std::result::Result<ops::LayerNorm, PaperError> {
    parameters.part(name, |parameters| {
        Ok(ops::LayerNorm {
            weight: parameters.tensor("weight", &[width], Initial::Constant(1.0))?,
            bias: parameters.tensor("bias", &[width], Initial::Constant(0.0))?,
            isa,
        })
    })
}

/// Makes linear, GELU, linear, back to the same width.
pub(super) fn perceptron(
    (up, down): (&'static str, &'static str),
    (width, hidden): (usize, usize),
    parameters: &mut Parameters<'_>,
    isa: Isa,
) -> std::result::Result<ops::Perceptron, PaperError> {
    let up = linear(up, (width, hidden), parameters, isa)?;
    Ok(ops::Perceptron::new(up, linear(down, (hidden, width), parameters, isa)?))
}
