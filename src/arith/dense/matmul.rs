//! Products of matrices, blocked for the caches and spread over threads.
//!
//! ```text
//! for each chunk of rows (one task)
//!   for each block of k, ascending
//!     pack the chunk's rows                 [panels][K, ROWS]
//!     for each block of columns
//!       pack the columns                    [panels][K, LINES]
//!       for each panel of rows, of columns: Fma::tile
//! ```
//!
//! A block of `k` starts from the sums that the block before left in the output. So
//! blocking moves sums between registers and memory but reorders nothing.

use super::bfloat16::bfloat16;
use super::fma::{Fma, FusedKernel};
use super::pack::Line;
use super::tile::{PAIRED, Tile};
use crate::arith::Isa;
use rayon::prelude::*;
use std::cell::RefCell;

/// Inner indices per block: a panel of rows then takes 24 KiB, half of a
/// first-level cache. Blocks of [`PAIRED`] are not cut.
const INNER: usize = 16 * PAIRED;
/// Columns per block: packed columns take 1 MiB, half of a second-level cache.
const COLUMNS: usize = 512;
/// Rows per task at most; a multiple of every register tile's rows.
const ROWS: usize = 516;

/// A read-only view `[rows, columns]`; one of the strides is 1.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    pub(super) data: &'a [f32],
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl<'a> Matrix<'a> {
    /// Makes a view of `data` as `[rows, columns]`, row-major.
    ///
    /// # Panics
    /// If the length differs from `rows · columns`.
    pub fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(data.len(), rows * columns);
        Matrix { data, row_stride: columns, column_stride: 1, rows, columns }
    }

    /// Returns the same elements as `[columns, rows]`.
    pub fn transposed(self) -> Self {
        Matrix {
            data: self.data,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            rows: self.columns,
            columns: self.rows,
        }
    }
}

/// The initial value of the sums of a product.
#[derive(Clone, Copy, Debug)]
pub enum Init<'a> {
    /// Zero.
    Zero,
    /// A row `[N]`, the same for every row of the output: a bias.
    Row(&'a [f32]),
    /// The present output.
    Output,
}

/// Computes `out[m, n] = init + Σₖ a[m, k] · b[k, n]`, one fused multiply-add per `k`,
/// ascending.
///
/// - `out`: `[M, N]`, overwritten (or added to, see [`Init`]).
/// - `a`: `[M, K]`, `b`: `[K, N]`.
///
/// Cost: `2·M·N·K` operations; 2 MiB of scratch memory per thread, kept.
///
/// # Panics
/// If the shapes do not fit together or `K` is zero.
pub fn matmul(isa: Isa, out: &mut [f32], a: Matrix<'_>, b: Matrix<'_>, init: Init<'_>) {
    check(out, &a, &b);
    assert!(!matches!(init, Init::Row(row) if row.len() != b.columns), "initial row");
    by_chunks::<false>(isa, out, a, b, init);
}

/// Panics if the shapes do not fit together or the inner dimension is zero.
pub(super) fn check(out: &[f32], a: &Matrix<'_>, b: &Matrix<'_>) {
    assert_eq!(a.columns, b.rows, "inner dimensions");
    assert!(a.columns > 0, "a product over nothing");
    assert_eq!(out.len(), a.rows * b.columns, "output");
}

/// Computes the product by fused multiply-adds, chunks of rows in parallel: that of
/// [`matmul`], or with `ROUNDED` that of [`super::matmul_bfloat16`].
pub(super) fn by_chunks<const ROUNDED: bool>(
    isa: Isa,
    out: &mut [f32],
    a: Matrix<'_>,
    b: Matrix<'_>,
    init: Init<'_>,
) {
    let columns = b.columns;
    if out.is_empty() {
        return;
    }
    // Chunks are multiples of 12, the least common multiple of the tiles' rows.
    let share = a.rows.div_ceil(rayon::current_num_threads()).next_multiple_of(12);
    let chunk = share.clamp(12, ROWS);
    out.par_chunks_mut(chunk * columns).enumerate().for_each(|(index, out)| {
        SCRATCH.with_borrow_mut(|scratch| {
            let first = index * chunk;
            isa.run_fused(Chunk::<ROUNDED> { out, first, a, b, init, scratch });
        });
    });
}

/// Computes `out[n] = Σₘ a[m, n]`, rows ascending: the gradient of a bias.
///
/// - `out`: `[N]`, overwritten; `a`: `[M, N]`.
///
/// # Panics
/// If `a` is not whole rows of `out`'s length.
pub fn column_sums(out: &mut [f32], a: &[f32]) {
    let columns = out.len();
    assert!(columns > 0 && a.len().is_multiple_of(columns));
    out.par_chunks_mut(COLUMNS).enumerate().for_each(|(index, out)| {
        out.fill(0.0);
        for row in a.chunks_exact(columns) {
            for (sum, value) in out.iter_mut().zip(&row[index * COLUMNS..]) {
                *sum += value;
            }
        }
    });
}

#[derive(Default)]
struct Scratch {
    rows: Vec<f32>,
    columns: Vec<Line>,
}

thread_local! {
    /// Kept between products, because fresh pages would cost more than the copying.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// The rows of one task.
struct Chunk<'a, const ROUNDED: bool> {
    out: &'a mut [f32],
    first: usize,
    a: Matrix<'a>,
    b: Matrix<'a>,
    init: Init<'a>,
    scratch: &'a mut Scratch,
}

impl<const ROUNDED: bool> FusedKernel for Chunk<'_, ROUNDED> {
    type Output = ();
    #[inline(always)]
    fn run<F: Fma>(self) {
        let Chunk { out, first, a, b, init, scratch } = self;
        let stride = b.columns;
        let rows = first..first + out.len() / stride;
        let blocks = a.columns.div_ceil(INNER);
        for block in 0..blocks {
            let inner = block * INNER..a.columns.min((block + 1) * INNER);
            F::pack_rows(&mut scratch.rows, &a, rows.clone(), inner.clone());
            if ROUNDED {
                scratch.rows.iter_mut().for_each(|x| *x = bfloat16(*x));
            }
            for start in (0..stride).step_by(COLUMNS) {
                let columns = start..stride.min(start + COLUMNS);
                F::pack_columns(&mut scratch.columns, &b, inner.clone(), columns.clone());
                let init = if block > 0 { Init::Output } else { init };
                if ROUNDED {
                    let numbers = scratch.columns.iter_mut().flat_map(|line| &mut line.0);
                    numbers.for_each(|x| *x = bfloat16(*x));
                }
                panels::<F, ROUNDED>(out, stride, columns, inner.len(), init, scratch);
            }
        }
    }
}

/// Computes all register tiles of one block.
#[inline(always)]
fn panels<F: Fma, const ROUNDED: bool>(
    out: &mut [f32],
    stride: usize,
    columns: std::ops::Range<usize>,
    depth: usize,
    init: Init<'_>,
    scratch: &Scratch,
) {
    let width = 16 * F::LINES;
    let rows = out.len() / stride;
    for (row_panel, row) in (0..rows).step_by(F::ROWS).enumerate() {
        let a = &scratch.rows[row_panel * F::ROWS * depth..][..F::ROWS * depth];
        for (panel, column) in columns.clone().step_by(width).enumerate() {
            let b = &scratch.columns[panel * F::LINES * depth..][..F::LINES * depth];
            let init = match init {
                Init::Row(values) => Init::Row(&values[column..]),
                other => other,
            };
            let tile = Tile {
                out: &mut out[row * stride + column..],
                stride,
                rows: F::ROWS.min(rows - row),
                columns: width.min(columns.end - column),
                init,
            };
            if ROUNDED { F::tile_of_pairs(a, b, tile) } else { F::tile(a, b, tile) }
        }
    }
}
