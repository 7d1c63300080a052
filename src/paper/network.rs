//! The whole network: bytes in, logits out.

use super::batch_fusion::batch_adaptive_fusion;
use super::byte_fusion::byte_level_fusion;
use super::chain::{Chain, Stages, View};
use super::layers::linear_from;
use super::parameters::Weight;
use super::{Initial, PaperError, Parameters, Shape, ops};
use crate::arith::Isa;
use candle_core::{Error, Result, Tensor};

/// A network: embedding, sigmoid, both fusion blocks, output map.
pub struct Network {
    /// `[V, E]`.
    input_map: Weight,
    /// From features `[B · T, E]` to logits `[B, V]`.
    chain: Chain,
    embedded: Option<ops::Embed>,
}

impl Network {
    /// Makes the network of `shape` for `lanes` lanes.
    ///
    /// # Errors
    /// Those of the source of `parameters`.
    pub fn new(
        shape: &Shape,
        lanes: usize,
        parameters: &mut Parameters<'_>,
        isa: Isa,
    ) -> std::result::Result<Self, PaperError> {
        let narrow = Initial::Normal { deviation: 0.01 };
        // The published deviation is 0.01. With 1/√W the first 150 steps took 6 % fewer
        // bytes.
        let wide = Initial::Normal { deviation: 1.0 / (shape.width() as f32).sqrt() };
        let input_map = parameters.tensor("input_map.weight", &[256, shape.embedding], narrow)?;
        let mut stages: Stages =
            vec![Box::new(View(vec![lanes, shape.width()])), Box::new(ops::Sigmoid(isa))];
        stages.extend(byte_level_fusion(shape, lanes, parameters, isa)?);
        stages.extend(batch_adaptive_fusion(shape, lanes, parameters, isa)?);
        let sizes = (shape.width(), 256);
        let output_map = linear_from([wide, narrow], "output_map", sizes, parameters, isa)?;
        stages.push(Box::new(output_map));
        Ok(Network { input_map, chain: Chain::new(stages), embedded: None })
    }

    /// Computes the logits of the next byte, `[B, V]`.
    ///
    /// - `contexts`: `[B, T]`, oldest byte first.
    ///
    /// # Errors
    /// candle's error, if the number of bytes does not fit.
    pub fn logits(&mut self, contexts: &[u8]) -> Result<Tensor> {
        let embed = ops::Embed { table: self.input_map.clone(), bytes: contexts.to_vec() };
        let features = embed.forward()?;
        self.embedded = Some(embed);
        self.chain.forward(&features)
    }

    /// Writes the gradients of all weights, from the gradient of the last logits.
    ///
    /// # Errors
    /// candle's error, if there were no logits before.
    pub fn backward(&mut self, gradient: &Tensor) -> Result<()> {
        let missing = || Error::Msg("`backward` follows `logits`".into());
        let embed = self.embedded.take().ok_or_else(missing)?;
        embed.backward(&self.chain.backward(gradient)?)
    }
}
