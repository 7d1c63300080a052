//! Layer normalisation over the last dimension.

use super::{elements, fit, gradient, last, output, with_elements};
use crate::arith::Isa;
use crate::arith::dense::{layer_norm, layer_norm_backward};
use crate::paper::parameters::Weight;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

/// The operation; argument and result `[…, D]`.
#[derive(Clone)]
pub struct LayerNorm {
    /// `[D]`.
    pub weight: Weight,
    /// `[D]`.
    pub bias: Weight,
    /// Instruction set.
    pub isa: Isa,
}

impl CustomOp1 for LayerNorm {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        fit(self.weight.dims() == [last(layout)?], self.name())?;
        let x = elements(x, layout)?;
        let mut out = vec![0.0; x.len()];
        self.weight.read(|weight| {
            self.bias.read(|bias| {
                layer_norm(self.isa, &mut out, x, weight, bias);
                Ok(())
            })
        })?;
        output(out, layout.shape().clone())
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, result_gradient: &Tensor) -> Result<Option<Tensor>> {
        let mut out = vec![0.0; x.elem_count()];
        with_elements(x, |x| {
            with_elements(result_gradient, |g| {
                self.weight.read(|weight| {
                    self.weight.write_gradient(|dw| {
                        self.bias.write_gradient(|db| {
                            layer_norm_backward(self.isa, (&mut out, dw, db), x, weight, g);
                        });
                    });
                    Ok(())
                })
            })
        })?;
        gradient(out, x)
    }
}
