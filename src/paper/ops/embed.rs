//! Rows of a table, chosen by bytes.

use super::{elements, fit, output, with_elements};
use crate::paper::parameters::Weight;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

/// Argument the table itself, `[V, E]`, the root of the graph; result
/// `[bytes, E]`. Nothing is computed forward, and backward only sums, in the
/// order of the bytes.
pub struct Embed {
    /// `[V, E]`.
    pub table: Weight,
    /// Rows to take.
    pub bytes: Vec<u8>,
}

impl CustomOp1 for Embed {
    fn name(&self) -> &'static str {
        "embed"
    }

    fn cpu_fwd(&self, table: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (symbols, width) = layout.shape().dims2()?;
        fit(symbols == 256, self.name())?;
        let table = elements(table, layout)?;
        let rows = self.bytes.iter().map(|&byte| &table[usize::from(byte) * width..][..width]);
        output(rows.flatten().copied().collect(), (self.bytes.len(), width))
    }

    fn bwd(&self, table: &Tensor, _: &Tensor, result_gradient: &Tensor) -> Result<Option<Tensor>> {
        let width = table.dim(1)?;
        self.table.write_gradient(|out| {
            out.fill(0.0);
            with_elements(result_gradient, |g| {
                for (&byte, g) in self.bytes.iter().zip(g.chunks_exact(width)) {
                    let row = &mut out[usize::from(byte) * width..][..width];
                    row.iter_mut().zip(g).for_each(|(sum, g)| *sum += g);
                }
                Ok(())
            })
        })?;
        Ok(None)
    }
}
