//! Operations with a lane's own weights: its matrix and its bias.

use super::{elements, fit, gradient, output, with_elements};
use crate::arith::Isa;
use crate::arith::dense::{Init, Matrix, matmul};
use crate::paper::parameters::Weight;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

/// The product of each lane with its own matrix: argument `[B, S, D]`, result
/// `[B, S, R]`.
#[derive(Clone)]
pub struct LaneProduct {
    /// `[B, D, R]`.
    pub own: Weight,
    /// Instruction set.
    pub isa: Isa,
}

impl CustomOp1 for LaneProduct {
    fn name(&self) -> &'static str {
        "lane-product"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (lanes, branches, width) = layout.shape().dims3()?;
        let rank = self.own.dims()[2];
        fit(self.own.dims() == [lanes, width, rank], self.name())?;
        let x = elements(x, layout)?.par_chunks(branches * width);
        let mut out = vec![0.0; lanes * branches * rank];
        self.own.read(|own| {
            let operands = x.zip(own.par_chunks(width * rank));
            out.par_chunks_mut(branches * rank).zip(operands).for_each(|(out, (x, own))| {
                let (x, own) = (Matrix::new(x, branches, width), Matrix::new(own, width, rank));
                matmul(self.isa, out, x, own, Init::Zero);
            });
            Ok(())
        })?;
        output(out, (lanes, branches, rank))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, result_gradient: &Tensor) -> Result<Option<Tensor>> {
        let (_, branches, width) = x.dims3()?;
        let rank = self.own.dims()[2];
        let mut dx = vec![0.0; x.elem_count()];
        with_elements(result_gradient, |g| {
            let gradients = g.par_chunks(branches * rank);
            self.own.read(|own| {
                let lanes = own.par_chunks(width * rank).zip(gradients.clone());
                dx.par_chunks_mut(branches * width).zip(lanes).for_each(|(out, (own, g))| {
                    let own = Matrix::new(own, width, rank).transposed();
                    matmul(self.isa, out, Matrix::new(g, branches, rank), own, Init::Zero);
                });
                Ok(())
            })?;
            with_elements(x, |x| {
                let lanes = x.par_chunks(branches * width).zip(gradients);
                self.own.write_gradient(|out| {
                    out.par_chunks_mut(width * rank).zip(lanes).for_each(|(out, (x, g))| {
                        let x = Matrix::new(x, branches, width).transposed();
                        matmul(self.isa, out, x, Matrix::new(g, branches, rank), Init::Zero);
                    });
                });
                Ok(())
            })
        })?;
        gradient(dx, x)
    }
}

/// The sum of each lane with its own bias: argument and result `[B, S, D]`.
#[derive(Clone)]
pub struct LaneBias(pub Weight);

impl CustomOp1 for LaneBias {
    fn name(&self) -> &'static str {
        "lane-bias"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        fit(self.0.dims() == layout.dims(), self.name())?;
        let x = elements(x, layout)?;
        let out = self.0.read(|own| Ok(x.iter().zip(own).map(|(x, own)| x + own).collect()))?;
        output(out, layout.shape().clone())
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, result_gradient: &Tensor) -> Result<Option<Tensor>> {
        with_elements(result_gradient, |g| {
            self.0.write_gradient(|out| out.copy_from_slice(g));
            Ok(())
        })?;
        Ok(Some(result_gradient.clone()))
    }
}
