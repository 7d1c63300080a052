//! The weights of a network, in a fixed order, with their optimiser.

use super::ops::{AdamStep, with_elements};
use super::{PaperError, Training};
use crate::arith::Isa;
use crate::arith::dense::{Adam, Moments};
use candle_core::{Device, Result, Var};
use std::sync::{Arc, Mutex, PoisonError};

/// L2 decay, as published.
const DECAY: f32 = 1e-7;

/// Initial elements of a tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initial {
    /// All elements are the same.
    Constant(f32),
    /// Uniformly distributed between `−bound` and `bound`: 1/√fan-in in all linear maps.
    Uniform {
        /// The bound.
        bound: f32,
    },
    /// Normally distributed around zero with this standard deviation.
    Normal {
        /// The standard deviation.
        deviation: f32,
    },
}

/// A tensor of weights with space for its gradient.
///
/// Operations hold their weights and write the gradients here, in place.
#[derive(Clone)]
pub struct Weight {
    values: Var,
    gradient: Arc<Mutex<Vec<f32>>>,
}

impl Weight {
    /// Returns the dimensions.
    pub fn dims(&self) -> &[usize] {
        self.values.dims()
    }

    /// Calls `read` with the weights.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn read<T>(&self, read: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
        with_elements(&self.values, read)
    }

    /// Calls `write` with the gradient, which it overwrites.
    pub fn write_gradient<T>(&self, write: impl FnOnce(&mut [f32]) -> T) -> T {
        write(&mut self.gradient.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// All tensors of a network, in the order in which it requested them.
pub struct Parameters<'a> {
    source: &'a dyn Fn(usize, &str, usize, Initial) -> Vec<f32>,
    training: Training,
    weights: Vec<Weight>,
    prefix: Vec<&'static str>,
}

impl<'a> Parameters<'a> {
    /// No tensors yet. `source(ordinal, name, length, initial)` gives the elements of
    /// each tensor; [`seeded`] is the normative source. `training` is how they
    /// learn.
    pub fn new(
        source: &'a dyn Fn(usize, &str, usize, Initial) -> Vec<f32>,
        training: Training,
    ) -> Self {
        Parameters { source, training, weights: Vec::new(), prefix: Vec::new() }
    }

    /// Returns how the tensors learn.
    pub fn training(&self) -> Training {
        self.training
    }

    /// Builds a part of the network, under its name.
    ///
    /// # Errors
    /// Those of `build`.
    pub fn part<T>(
        &mut self,
        name: &'static str,
        build: impl FnOnce(&mut Self) -> std::result::Result<T, PaperError>,
    ) -> std::result::Result<T, PaperError> {
        self.prefix.push(name);
        let part = build(self);
        self.prefix.pop();
        part
    }

    /// Makes the next tensor.
    ///
    /// # Errors
    /// [`PaperError::Candle`] if the source gives a wrong number of elements.
    pub fn tensor(
        &mut self,
        name: &'static str,
        dimensions: &[usize],
        initial: Initial,
    ) -> std::result::Result<Weight, PaperError> {
        let path = [&self.prefix[..], &[name]].concat().join(".");
        let length = dimensions.iter().product();
        let elements = (self.source)(self.weights.len(), &path, length, initial);
        let values = Var::from_vec(elements, dimensions, &Device::Cpu)?;
        let weight = Weight { values, gradient: Arc::new(Mutex::new(vec![0.0; length])) };
        self.weights.push(weight.clone());
        Ok(weight)
    }

    /// Makes the optimiser over all tensors.
    pub fn optimiser(self) -> Optimiser {
        let length = |weight: &Weight| weight.values.elem_count();
        let moments = self.weights.iter().map(|weight| Moments::new(length(weight))).collect();
        let Training { rate, warm_up, .. } = self.training;
        Optimiser { adam: Adam::new(rate, warm_up, DECAY), weights: self.weights, moments }
    }
}

/// Adam over all tensors of a network.
pub struct Optimiser {
    adam: Adam,
    weights: Vec<Weight>,
    moments: Vec<Moments>,
}

impl Optimiser {
    /// Makes one step against the gradients that the backward pass has written.
    ///
    /// # Errors
    /// candle's error, only by a bug.
    pub fn step(&mut self, isa: Isa) -> Result<()> {
        self.adam.begin_step();
        for (weight, moments) in self.weights.iter().zip(&mut self.moments) {
            weight.write_gradient(|gradient| {
                weight.values.inplace_op1(&AdamStep::new(isa, self.adam, moments, gradient))
            })?;
        }
        Ok(())
    }
}

/// Returns the normative initial elements of tensor `ordinal`: spec/pear-paper.md §3.
pub fn seeded(ordinal: usize, _name: &str, length: usize, initial: Initial) -> Vec<f32> {
    let words = (0..length as u64).map(|index| splitmix64((ordinal as u64) << 32 | index));
    match initial {
        Initial::Constant(value) => vec![value; length],
        Initial::Uniform { bound } => {
            let scale = bound * 2.0;
            words.map(|word| ((word >> 40) as f32 / 16_777_216.0 - 0.5) * scale).collect()
        }
        Initial::Normal { deviation } => {
            // Four numbers of sixteen bits: their sum has variance 2^32 / 3.
            let scale = deviation * (1.732_050_8 / 65_536.0);
            let sum =
                |word: u64| (0..4).map(|part| (word >> (16 * part) & 0xffff) as i32).sum::<i32>();
            words.map(|word| (sum(word) - 131_070) as f32 * scale).collect()
        }
    }
}

/// Computes the output function of Steele, Lea and Flood's SplitMix (2014) for state
/// `x`.
pub fn splitmix64(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}
