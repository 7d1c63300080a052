//! Kernels of dense networks: products of matrices, normalisation, GELU,
//! sigmoid, softmax with cross-entropy, and the Adam step.
//!
//! One output is computed by one chain of fused multiply-adds in ascending order of its
//! inner index. So neither the width of a register, nor the blocking, nor the number of
//! threads can change a bit. The sums that cannot be split over outputs (a norm, a
//! softmax) run over sixteen virtual lanes, see [`reduce`]. Normative text:
//! spec/arithmetic.md, "Dense kernels".
//!
//! Shape letters: `M` rows, `N` columns, `K` inner index, `D` width of a row. Every
//! slice is row-major and packed. Work is spread over the current rayon pool.

mod adam;
mod bfloat16;
mod branches;
mod elementwise;
mod fma;
mod functions;
mod matmul;
mod pack;
mod rows;
#[cfg(test)]
mod tests;
mod tile;
#[cfg(target_arch = "x86_64")]
mod tiled;

pub use adam::{Adam, Moments};
pub use bfloat16::{Precision, bfloat16, matmul_bfloat16};
pub use branches::{mix_branches, mix_branches_backward};
pub use elementwise::{gelu, gelu_backward, sigmoid, sigmoid_backward};
pub use fma::{Fma, FusedKernel, fma_soft};
pub use functions::{erf, exp, ln, reduce};
pub use matmul::{Init, Matrix, column_sums, matmul};
pub use rows::{
    LAYER_NORM_EPSILON, cross_entropy, cross_entropy_backward, layer_norm, layer_norm_backward,
    softmax,
};

/// Elements per task of a loop without inner structure: long enough that scheduling it
/// costs nothing, short enough to stay in a first-level cache.
const TASK: usize = 8192;
