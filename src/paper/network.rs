//! The whole network: bytes in, logits out.

use super::layers::linear_from;
use super::parameters::Weight;
use super::{
    BatchAdaptiveFusionBlock, ByteLevelFusionBlock, Initial, PaperError, Parameters, Shape, ops,
};
use crate::arith::Isa;
use candle_core::{Result, Tensor};

/// Embedding, sigmoid, both fusion blocks, output map.
pub struct Network {
    /// `[V, E]`.
    input_map: Weight,
    byte_fusion: ByteLevelFusionBlock,
    batch_fusion: BatchAdaptiveFusionBlock,
    output_map: ops::Linear,
    isa: Isa,
}

impl Network {
    /// The network of `shape` for `lanes` lanes.
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
        // Published: 0.01. With 1/√W the first 150 steps took 6 % fewer bytes.
        let wide = Initial::Normal { deviation: 1.0 / (shape.width() as f32).sqrt() };
        Ok(Network {
            input_map: parameters.tensor("input_map.weight", &[256, shape.embedding], narrow)?,
            byte_fusion: ByteLevelFusionBlock::new(shape, parameters, isa)?,
            batch_fusion: BatchAdaptiveFusionBlock::new(shape, lanes, parameters, isa)?,
            output_map: linear_from(
                [wide, narrow],
                "output_map",
                (shape.width(), 256),
                parameters,
                isa,
            )?,
            isa,
        })
    }

    /// Logits of the next byte, `[B, V]`.
    ///
    /// - `contexts`: `[B, T]`, oldest byte first.
    ///
    /// # Errors
    /// candle's, if the number of bytes does not fit.
    pub fn logits(&self, contexts: &[u8]) -> Result<Tensor> {
        let embed = ops::Embed { table: self.input_map.clone(), bytes: contexts.to_vec() };
        let features = self.input_map.tensor().apply_op1(embed)?;
        let width = self.input_map.dims()[1];
        let lanes = self.batch_fusion.lanes();
        let features = features.reshape((lanes, contexts.len() / lanes * width))?;
        let features = features.apply_op1(ops::Sigmoid(self.isa))?;
        let fused = self.batch_fusion.forward(&self.byte_fusion.forward(&features)?)?;
        fused.apply_op1(self.output_map.clone())
    }
}
