//! Two linear maps with GELU between.

use super::{Linear, elements, fit, gradient, last, output, with_elements};
use crate::arith::dense::{gelu, gelu_backward};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// `down(GELU(up(x)))`: argument `[…, K]`, result `[…, N]`.
///
/// It is one operation, because the hidden layer is the largest part of the network.
/// The layer uses two buffers of `[M, H]` that are kept from step to step, and candle
/// sees only argument and result. Used once per step.
#[derive(Clone)]
pub struct Perceptron {
    /// `K → H`.
    pub up: Linear,
    /// `H → N`.
    pub down: Linear,
    hidden: Arc<Mutex<Hidden>>,
}

#[derive(Default)]
struct Hidden {
    /// `[M, H]`, the input of GELU.
    before: Vec<f32>,
    /// `[M, H]`, the output of GELU; in the backward pass the gradients of both.
    after: Vec<f32>,
}

impl Perceptron {
    /// Makes the operation from the maps, without buffers yet.
    pub fn new(up: Linear, down: Linear) -> Self {
        Perceptron { up, down, hidden: Arc::default() }
    }

    fn hidden(&self) -> MutexGuard<'_, Hidden> {
        self.hidden.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CustomOp1 for Perceptron {
    fn name(&self) -> &'static str {
        "perceptron"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (width, inputs) = self.up.sizes();
        let (outputs, hidden_width) = self.down.sizes();
        fit(last(layout)? == inputs && width == hidden_width, self.name())?;
        let x = elements(x, layout)?;
        let rows = x.len() / inputs;
        let mut guard = self.hidden();
        let Hidden { before, after } = &mut *guard;
        before.resize(rows * width, 0.0);
        after.resize(rows * width, 0.0);
        self.up.apply(before, x)?;
        gelu(self.up.isa, after, before);
        let mut out = vec![0.0; rows * outputs];
        self.down.apply(&mut out, after)?;
        let mut dimensions = layout.dims().to_vec();
        *dimensions.last_mut().expect("`last` found one") = outputs;
        output(out, dimensions)
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, result_gradient: &Tensor) -> Result<Option<Tensor>> {
        let mut out = vec![0.0; x.elem_count()];
        let mut guard = self.hidden();
        let Hidden { before, after } = &mut *guard;
        with_elements(result_gradient, |g| {
            self.down.weight_gradients(after, g);
            self.down.input_gradient(after, g)
        })?;
        gelu_backward(self.up.isa, after, before);
        with_elements(x, |x| {
            self.up.weight_gradients(x, after);
            Ok(())
        })?;
        self.up.input_gradient(&mut out, after)?;
        gradient(out, x)
    }
}
