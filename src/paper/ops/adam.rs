//! The optimiser's step, in place.

use crate::arith::Isa;
use crate::arith::dense::{Adam, Moments};
use candle_core::{CpuStorage, Error, InplaceOp1, Layout, Result};
use std::sync::{Mutex, PoisonError};

/// Operand: the weights, which it changes. candle passes the operation by shared
/// reference, hence the lock; it is never contended.
pub struct AdamStep<'a> {
    isa: Isa,
    adam: Adam,
    moments: Mutex<&'a mut Moments>,
    gradient: &'a [f32],
}

impl<'a> AdamStep<'a> {
    /// Makes the step that `adam` has begun.
    pub fn new(isa: Isa, adam: Adam, moments: &'a mut Moments, gradient: &'a [f32]) -> Self {
        AdamStep { isa, adam, moments: Mutex::new(moments), gradient }
    }
}

impl InplaceOp1 for AdamStep<'_> {
    fn name(&self) -> &'static str {
        "adam"
    }

    fn cpu_fwd(&self, weights: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let (CpuStorage::F32(weights), Some((start, end))) = (weights, layout.contiguous_offsets())
        else {
            return Err(Error::Msg("weights are packed single-precision numbers".into()));
        };
        let mut moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        self.adam.apply(self.isa, &mut weights[start..end], &mut moments, self.gradient);
        Ok(())
    }
}
