//! Functions of single elements.

use super::{elements, gradient, output, with_elements};
use crate::arith::{Isa, dense};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

/// The exact GELU.
pub struct Gelu(pub Isa);

impl CustomOp1 for Gelu {
    fn name(&self) -> &'static str {
        "gelu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = elements(x, layout)?;
        let mut out = vec![0.0; x.len()];
        dense::gelu(self.0, &mut out, x);
        output(out, layout.shape().clone())
    }

    fn bwd(
        &self,
        x: &Tensor,
        _result: &Tensor,
        result_gradient: &Tensor,
    ) -> Result<Option<Tensor>> {
        let mut out = with_elements(result_gradient, |g| Ok(g.to_vec()))?;
        with_elements(x, |x| {
            dense::gelu_backward(self.0, &mut out, x);
            Ok(())
        })?;
        gradient(out, x)
    }
}

/// The logistic function.
pub struct Sigmoid(pub Isa);

impl CustomOp1 for Sigmoid {
    fn name(&self) -> &'static str {
        "sigmoid"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = elements(x, layout)?;
        let mut out = vec![0.0; x.len()];
        dense::sigmoid(self.0, &mut out, x);
        output(out, layout.shape().clone())
    }

    fn bwd(&self, x: &Tensor, result: &Tensor, result_gradient: &Tensor) -> Result<Option<Tensor>> {
        let mut out = with_elements(result_gradient, |g| Ok(g.to_vec()))?;
        with_elements(result, |y| {
            dense::sigmoid_backward(self.0, &mut out, y);
            Ok(())
        })?;
        gradient(out, x)
    }
}
