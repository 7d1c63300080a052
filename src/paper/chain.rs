//! Operations in sequence, and the chain rule backward through them.
//!
//! candle's own backward pass adds every gradient to a tensor of zeros, on a pool whose
//! threads wait by spinning: a fifth of all CPU time on two cores. The network is a
//! chain with residuals, so its gradients need no such sums.

use super::ops::with_elements;
use candle_core::{CustomOp1, Device, Error, Result, Tensor};
use std::sync::{Mutex, PoisonError};

/// One operation of a [`Chain`].
pub trait Stage: Send + Sync {
    /// Returns the result for `x`.
    ///
    /// # Errors
    /// candle's error, if the shape does not fit.
    fn forward(&self, x: &Tensor) -> Result<Tensor>;

    /// Returns the gradient of `x`, from the gradient of the result `y`. Gradients of
    /// weights go into the weights.
    ///
    /// # Errors
    /// candle's error, only by a bug.
    fn backward(&self, x: &Tensor, y: &Tensor, gradient: &Tensor) -> Result<Tensor>;
}

impl<T: CustomOp1 + Send + Sync> Stage for T {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.apply_op1_no_bwd(self)
    }

    fn backward(&self, x: &Tensor, y: &Tensor, gradient: &Tensor) -> Result<Tensor> {
        let missing = || Error::Msg(format!("{}: no gradient", self.name()));
        self.bwd(x, y, gradient)?.ok_or_else(missing)
    }
}

/// Stages in order.
pub type Stages = Vec<Box<dyn Stage>>;

/// Stages, each applied to the result of the one before.
pub struct Chain {
    stages: Stages,
    /// The argument of each stage and, last, the result; kept from forward to backward.
    trace: Mutex<Vec<Tensor>>,
}

impl Chain {
    /// Makes a chain of `stages`.
    pub fn new(stages: Stages) -> Self {
        Chain { stages, trace: Mutex::default() }
    }

    /// Returns the result for `x`; keeps what [`Chain::backward`] needs.
    ///
    /// # Errors
    /// candle's error, if a shape does not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut trace = vec![x.clone()];
        for stage in &self.stages {
            trace.push(stage.forward(&trace[trace.len() - 1])?);
        }
        let result = trace[trace.len() - 1].clone();
        *self.trace.lock().unwrap_or_else(PoisonError::into_inner) = trace;
        Ok(result)
    }

    /// Returns the gradient of the last argument, from the gradient of its result. Call
    /// it once for each forward pass.
    ///
    /// # Errors
    /// candle's error, only by a bug.
    pub fn backward(&self, gradient: &Tensor) -> Result<Tensor> {
        let mut trace =
            std::mem::take(&mut *self.trace.lock().unwrap_or_else(PoisonError::into_inner));
        let mut gradient = gradient.clone();
        for stage in self.stages.iter().rev() {
            let (Some(y), Some(x)) = (trace.pop(), trace.last()) else {
                return Err(Error::Msg("`backward` follows `forward`".into()));
            };
            gradient = stage.backward(x, &y, &gradient)?;
        }
        Ok(gradient)
    }
}

/// The same elements with other dimensions.
pub struct View(pub Vec<usize>);

impl Stage for View {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.reshape(&self.0[..])
    }

    fn backward(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Tensor> {
        gradient.reshape(x.shape())
    }
}

/// A residual connection: `x + chain(x)`, or half of it for a mean.
pub struct Residual {
    chain: Chain,
    mean: bool,
}

impl Residual {
    /// Makes `x + chain(x)`.
    pub fn sum(stages: Stages) -> Self {
        Residual { chain: Chain::new(stages), mean: false }
    }

    /// Makes `(x + chain(x)) / 2`.
    pub fn mean(stages: Stages) -> Self {
        Residual { chain: Chain::new(stages), mean: true }
    }
}

impl Stage for Residual {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.chain.forward(x)?;
        if self.mean { join(x, &y, |x, y| (x + y) * 0.5) } else { join(x, &y, |x, y| x + y) }
    }

    fn backward(&self, _: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Tensor> {
        let half = |g: &[f32]| Tensor::from_vec(halves(g), gradient.shape(), &Device::Cpu);
        let gradient = if self.mean { with_elements(gradient, half)? } else { gradient.clone() };
        let through = self.chain.backward(&gradient)?;
        join(&gradient, &through, |a, b| a + b)
    }
}

fn halves(values: &[f32]) -> Vec<f32> {
    values.iter().map(|value| value * 0.5).collect()
}

fn join(a: &Tensor, b: &Tensor, join: impl Fn(f32, f32) -> f32) -> Result<Tensor> {
    if a.elem_count() != b.elem_count() {
        return Err(Error::Msg("a residual of another shape".into()));
    }
    let sum = with_elements(a, |a| {
        with_elements(b, |b| Ok(a.iter().zip(b).map(|(&a, &b)| join(a, b)).collect::<Vec<f32>>()))
    })?;
    Tensor::from_vec(sum, a.shape(), &Device::Cpu)
}
