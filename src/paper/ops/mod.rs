//! candle operations on the deterministic kernels, forward and backward side by side.
//!
//! Each operation holds its weights, takes the activations as its argument and, in the
//! backward pass, writes the gradients of its weights into them. candle's own
//! operations are used only if a result has one possible rounding: reshaping, sums of
//! two tensors, products with a constant.

mod activation;
mod adam;
mod branches;
mod embed;
mod lane_product;
mod layer_norm;
mod linear;
mod loss;
mod perceptron;

pub use activation::{Gelu, Sigmoid};
pub use adam::AdamStep;
pub use branches::MixBranches;
pub use embed::Embed;
pub use lane_product::{LaneBias, LaneProduct};
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use loss::CrossEntropy;
pub use perceptron::Perceptron;

use candle_core::{CpuStorage, Device, Error, Layout, Result, Shape, Storage, Tensor};

/// Returns the elements of a packed tensor, as a custom operation gets them.
fn elements<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let (start, end) =
        layout.contiguous_offsets().ok_or_else(|| Error::Msg("an operand is not packed".into()))?;
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// Calls `read` with the elements of a packed tensor.
pub fn with_elements<T>(tensor: &Tensor, read: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => read(elements(storage, layout)?),
        _ => Err(Error::Msg("a tensor is not in main memory".into())),
    }
}

/// Makes the result of a forward pass.
fn output(elements: Vec<f32>, shape: impl Into<Shape>) -> Result<(CpuStorage, Shape)> {
    Ok((CpuStorage::F32(elements), shape.into()))
}

/// Makes a gradient in the shape of the tensor it belongs to.
fn gradient(elements: Vec<f32>, of: &Tensor) -> Result<Option<Tensor>> {
    Tensor::from_vec(elements, of.shape(), &Device::Cpu).map(Some)
}

/// Returns the width of the last dimension.
fn last(layout: &Layout) -> Result<usize> {
    layout.dims().last().copied().ok_or_else(|| Error::Msg("an operand without dimensions".into()))
}

/// Refuses operands whose dimensions do not fit, which is a bug in the network.
fn fit(condition: bool, name: &'static str) -> Result<()> {
    if condition { Ok(()) } else { Err(Error::Msg(format!("{name}: the shapes do not fit"))) }
}
