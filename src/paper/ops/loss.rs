//! The loss: mean cross-entropy over the lanes.

use super::{elements, fit, gradient, output, with_elements};
use crate::arith::Isa;
use crate::arith::dense::{cross_entropy, cross_entropy_backward};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

/// The loss; argument `[B, V]`, result a scalar, in natural-log units.
pub struct CrossEntropy {
    /// The actual bytes, `[B]`.
    pub targets: Vec<u8>,
    /// Instruction set.
    pub isa: Isa,
}

impl CustomOp1 for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross-entropy"
    }

    fn cpu_fwd(&self, logits: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        fit(layout.dims() == [self.targets.len(), 256], self.name())?;
        let loss = cross_entropy(self.isa, elements(logits, layout)?, &self.targets);
        output(vec![loss], ())
    }

    fn bwd(&self, logits: &Tensor, _: &Tensor, result_gradient: &Tensor) -> Result<Option<Tensor>> {
        let scale = result_gradient.to_scalar::<f32>()?;
        let mut out = vec![0.0; logits.elem_count()];
        with_elements(logits, |logits| {
            cross_entropy_backward(self.isa, &mut out, logits, &self.targets, scale);
            Ok(())
        })?;
        gradient(out, logits)
    }
}
