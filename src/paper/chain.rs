//! Operations in a row, and the chain rule back through them.
//!
//! candle's own backward pass adds every gradient to a tensor of zeros, on a
//! pool whose threads wait by spinning: a fifth of all CPU time on two cores. The
//! network is a chain with residuals, so its gradients need no such sums.

use super::ops::with_elements;
use candle_core::{CustomOp1, Device, Error, Result, Tensor};
use std::sync::{Mutex, PoisonError};

/// One operation of a [`Chain`].
pub trait Stage: Send + Sync {
    /// The result of `x`.
    ///
    /// # Errors
    /// candle's, if the shape does not fit.
    fn forward(&self, x: &Tensor) -> Result<Tensor>;

    /// The gradient of `x`, from that of the result `y`; those of weights go
    /// into the weights.
    ///
    /// # Errors
    /// candle's, only by a bug.
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

/// Stages in their order.
pub type Stages = Vec<Box<dyn Stage>>;

/// Stages, each on the result of the one before.
pub struct Chain {
    stages: Stages,
    /// Argument of each stage and, last, the result; from forward to backward.
    trace: Mutex<Vec<Tensor>>,
}

impl Chain {
    /// A chain of `stages`.
    pub fn new(stages: Stages) -> Self {
        Chain { stages, trace: Mutex::default() }
    }

    /// The result of `x`; keeps what [`Chain::backward`] needs.
    ///
    /// # Errors
    /// candle's, if a shape does not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut trace = vec![x.clone()];
        for stage in &self.stages {
            trace.push(stage.forward(&trace[trace.len() - 1])?);
        }
        let result = trace[trace.len() - 1].clone();
        *self.trace.lock().unwrap_or_else(PoisonError::into_inner) = trace;
        Ok(result)
    }

    /// The gradient of the last argument from that of its result; once for each
    /// forward pass.
    ///
    /// # Errors
    /// candle's, only by a bug.
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

/// `x + chain(x)`, and for a mean half of it.
pub struct Residual {
    chain: Chain,
    mean: bool,
}

impl Residual {
    /// `x + chain(x)`.
    pub fn sum(stages: Stages) -> Self {
        Residual { chain: Chain::new(stages), mean: false }
    }

    /// `(x + chain(x)) / 2`.
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
