//! Rows of a table, selected by bytes.

use super::{fit, with_elements};
use crate::paper::parameters::Weight;
use candle_core::{Device, Result, Tensor};

/// The operation from the table to `[bytes, E]`. Forward it only copies, and backward
/// it only sums, in the order of the bytes.
pub struct Embed {
    /// `[V, E]`.
    pub table: Weight,
    /// Rows to take.
    pub bytes: Vec<u8>,
}

impl Embed {
    /// Returns the rows of the bytes.
    pub fn forward(&self) -> Result<Tensor> {
        let width = self.table.dims()[1];
        fit(self.table.dims()[0] == 256, "embed")?;
        let rows = self.table.read(|table| {
            let row = |&byte: &u8| &table[usize::from(byte) * width..][..width];
            Ok(self.bytes.iter().flat_map(row).copied().collect::<Vec<f32>>())
        })?;
        Tensor::from_vec(rows, (self.bytes.len(), width), &Device::Cpu)
    }

    /// Writes the table's gradient, from the gradient of the rows.
    pub fn backward(&self, gradient: &Tensor) -> Result<()> {
        let width = self.table.dims()[1];
        self.table.write_gradient(|out| {
            out.fill(0.0);
            with_elements(gradient, |g| {
                for (&byte, g) in self.bytes.iter().zip(g.chunks_exact(width)) {
                    let row = &mut out[usize::from(byte) * width..][..width];
                    row.iter_mut().zip(g).for_each(|(sum, g)| *sum += g);
                }
                Ok(())
            })
        })
    }
}
