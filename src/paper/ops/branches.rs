//! The convolution of kernel size one over branches, with its skip.

use super::{elements, fit, gradient, output, with_elements};
use crate::arith::Isa;
use crate::arith::dense::{mix_branches, mix_branches_backward};
use crate::paper::parameters::Weight;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

/// The operation; argument and result `[B, S, D]`.
#[derive(Clone)]
pub struct MixBranches {
    /// `[S, S]`.
    pub weight: Weight,
    /// `[S]`.
    pub bias: Weight,
    /// Instruction set.
    pub isa: Isa,
}

impl CustomOp1 for MixBranches {
    fn name(&self) -> &'static str {
        "mix-branches"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, branches, width) = layout.shape().dims3()?;
        fit(self.bias.dims() == [branches], self.name())?;
        let x = elements(x, layout)?;
        let mut out = vec![0.0; x.len()];
        self.weight.read(|weight| {
            self.bias.read(|bias| {
                mix_branches(self.isa, &mut out, x, weight, bias, width);
                Ok(())
            })
        })?;
        output(out, layout.shape().clone())
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, result_gradient: &Tensor) -> Result<Option<Tensor>> {
        let width = x.dim(2)?;
        let (dx, dw, db) = with_elements(x, |x| {
            with_elements(result_gradient, |g| {
                self.weight.read(|weight| Ok(mix_branches_backward(self.isa, x, weight, g, width)))
            })
        })?;
        self.weight.write_gradient(|out| out.copy_from_slice(&dw));
        self.bias.write_gradient(|out| out.copy_from_slice(&db));
        gradient(dx, x)
    }
}
