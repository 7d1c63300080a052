//! Prediction, then learning: the order that encoder and decoder share.

use super::chain::Stage;
use super::ops::{self, with_elements};
use super::parameters::{Optimiser, splitmix64};
use super::{Initial, Network, PaperError, Parameters, Shape, seeded};
use crate::arith::Isa;
use crate::arith::dense::softmax;
use candle_core::Tensor;

/// Number of parts into which a probability is divided, as published.
pub const FREQUENCY_SCALE: f32 = 1e7;

/// A network with its optimiser.
pub struct Model {
    network: Network,
    optimiser: Optimiser,
    logits: Option<Tensor>,
    steps: usize,
    isa: Isa,
}

impl Model {
    /// The model of the specification: weights from [`seeded`].
    ///
    /// # Errors
    /// [`PaperError::Candle`], only by a bug.
    pub fn new(shape: &Shape, lanes: usize, isa: Isa) -> Result<Self, PaperError> {
        Self::with_weights(shape, lanes, isa, &seeded)
    }

    /// Makes a model whose weights come from `source`, see [`Parameters::new`].
    ///
    /// # Errors
    /// [`PaperError::Candle`] if the source gives a wrong number of elements.
    pub fn with_weights(
        shape: &Shape,
        lanes: usize,
        isa: Isa,
        source: &dyn Fn(usize, &str, usize, Initial) -> Vec<f32>,
    ) -> Result<Self, PaperError> {
        keep_freed_memory();
        let mut parameters = Parameters::new(source, shape.training);
        let network = Network::new(shape, lanes, &mut parameters, isa)?;
        Ok(Model { network, optimiser: parameters.optimiser(), logits: None, steps: 0, isa })
    }

    /// Computes the frequencies of the next byte of every lane.
    ///
    /// - `contexts`: `[B, T]`, oldest byte first.
    /// - `frequencies`: `[B, V]`, overwritten: `⌊p · 10⁷⌋ + 1`, so never zero,
    ///   with a sum below 2²⁴.
    ///
    /// # Errors
    /// [`PaperError::Diverged`] if a probability is not a number in 0 ..= 1.
    pub fn predict(
        &mut self,
        contexts: &[u8],
        frequencies: &mut Vec<u32>,
    ) -> Result<(), PaperError> {
        let logits = self.network.logits(contexts)?;
        let mut probabilities = vec![0.0; logits.elem_count()];
        with_elements(&logits, |logits| {
            softmax(self.isa, &mut probabilities, logits, 256);
            Ok(())
        })?;
        if !probabilities.iter().all(|p| (0.0..=1.0).contains(p)) {
            return Err(PaperError::Diverged { step: self.steps });
        }
        frequencies.clear();
        frequencies.extend(probabilities.iter().map(|p| (p * FREQUENCY_SCALE) as u32 + 1));
        self.logits = Some(logits);
        Ok(())
    }

    /// Makes one optimiser step on the mean cross-entropy of the last prediction.
    /// Returns that loss, before the step, in natural-log units.
    ///
    /// - `symbols`: `[B]`, the actual bytes.
    ///
    /// # Errors
    /// [`PaperError::Candle`], only by a bug.
    ///
    /// # Panics
    /// If there was no prediction before.
    pub fn learn(&mut self, symbols: &[u8]) -> Result<f32, PaperError> {
        let logits = self.logits.take().expect("`learn` follows `predict`");
        let operation = ops::CrossEntropy { targets: symbols.to_vec(), isa: self.isa };
        let loss = operation.forward(&logits)?;
        let gradient = operation.backward(&logits, &loss, &loss.ones_like()?)?;
        drop(logits);
        self.network.backward(&gradient)?;
        self.optimiser.step(self.isa)?;
        self.steps += 1;
        Ok(loss.to_scalar()?)
    }

    /// Returns the logits of the last prediction, `[B, V]`, until [`Model::learn`].
    ///
    /// # Errors
    /// [`PaperError::Candle`], only by a bug.
    pub fn logits(&self) -> Result<Vec<f32>, PaperError> {
        let logits = self.logits.as_ref().map(|logits| logits.flatten_all()?.to_vec1());
        Ok(logits.transpose()?.unwrap_or_default())
    }
}

/// Makes glibc keep freed blocks. It returns a large freed block to the system, and gets
/// it again page by page at the next step, unless a larger one was freed before: that
/// takes a tenth of the time. This frees one of the largest size that counts. Without
/// effect on other systems.
fn keep_freed_memory() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(31 << 20)));
}

/// Computes a digest of frequencies for the known-answer test: each is mixed into the
/// state by [`splitmix64`].
pub(super) fn digest(state: u64, frequencies: &[u32]) -> u64 {
    frequencies.iter().fold(state, |state, &frequency| splitmix64(state ^ u64::from(frequency)))
}
