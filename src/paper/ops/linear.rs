//! `x · Wᵀ + b`.

use super::{elements, fit, gradient, last, output, with_elements};
use crate::arith::Isa;
use crate::arith::dense::{Init, Matrix, Precision, column_sums, matmul};
use crate::paper::parameters::Weight;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

/// The operation; argument `x: […, K]`, result `[…, N]`.
#[derive(Clone)]
pub struct Linear {
    /// `[N, K]`, as PyTorch stores it.
    pub weight: Weight,
    /// `[N]`.
    pub bias: Weight,
    /// Operands of the products that give the gradients.
    pub gradients: Precision,
    /// Instruction set.
    pub isa: Isa,
}

impl Linear {
    /// Returns `N` and `K`.
    pub fn sizes(&self) -> (usize, usize) {
        (self.bias.dims()[0], self.weight.dims()[1])
    }

    /// Computes `out = x · Wᵀ + b`; `x: [M, K]`, `out: [M, N]`.
    pub fn apply(&self, out: &mut [f32], x: &[f32]) -> Result<()> {
        let (outputs, inputs) = self.sizes();
        let x = Matrix::new(x, x.len() / inputs, inputs);
        self.weight.read(|weight| {
            let weight = Matrix::new(weight, outputs, inputs).transposed();
            self.bias.read(|bias| {
                matmul(self.isa, out, x, weight, Init::Row(bias));
                Ok(())
            })
        })
    }

    /// Writes the gradients of the weights; `x: [M, K]`, `g: [M, N]`.
    pub fn weight_gradients(&self, x: &[f32], g: &[f32]) {
        let (outputs, inputs) = self.sizes();
        let rows = x.len() / inputs;
        let (x, g_matrix) = (Matrix::new(x, rows, inputs), Matrix::new(g, rows, outputs));
        self.weight.write_gradient(|out| {
            self.gradients.matmul(self.isa, out, g_matrix.transposed(), x);
        });
        self.bias.write_gradient(|out| column_sums(out, g));
    }

    /// Computes `out = g · W`; `out: [M, K]`, `g: [M, N]`.
    pub fn input_gradient(&self, out: &mut [f32], g: &[f32]) -> Result<()> {
        let (outputs, inputs) = self.sizes();
        let g = Matrix::new(g, g.len() / outputs, outputs);
        self.weight.read(|weight| {
            self.gradients.matmul(self.isa, out, g, Matrix::new(weight, outputs, inputs));
            Ok(())
        })
    }
}

impl CustomOp1 for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (outputs, inputs) = self.sizes();
        fit(last(layout)? == inputs, self.name())?;
        let x = elements(x, layout)?;
        let mut out = vec![0.0; x.len() / inputs * outputs];
        self.apply(&mut out, x)?;
        let mut dimensions = layout.dims().to_vec();
        *dimensions.last_mut().expect("`last` found one") = outputs;
        output(out, dimensions)
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, result_gradient: &Tensor) -> Result<Option<Tensor>> {
        let mut out = vec![0.0; x.elem_count()];
        with_elements(result_gradient, |g| {
            with_elements(x, |x| {
                self.weight_gradients(x, g);
                Ok(())
            })?;
            self.input_gradient(&mut out, g)
        })?;
        gradient(out, x)
    }
}
