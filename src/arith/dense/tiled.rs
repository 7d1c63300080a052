//! [`super::matmul_bfloat16`] on the tiles of the CPU.
//!
//! ```text
//! pack both operands, each once               [panels of 16][blocks of 32 k]
//! for each chunk of rows (one task)
//!   for each group of blocks, ascending, and each group of columns
//!     for each two panels of rows, of columns: Tiles::multiply
//! ```

use super::bfloat16::bfloat16;
use super::fma::{Fma, FusedKernel};
use super::matmul::Matrix;
use super::tile::PAIRED;
use crate::arith::Isa;
use crate::arith::memory::prefetch;
use crate::arith::tiles::{DEPTH, Operand, SIDE, Sums, Tiles};
use bytemuck::Zeroable;
use rayon::prelude::*;
use std::cell::Cell;
use std::ops::Range;

// The blocks of the definition are those of the instruction.
const _: () = assert!(DEPTH == PAIRED);

/// Rows and columns of one [`Tiles::multiply`].
const BLOCK: usize = 2 * SIDE;
/// Maximum rows per task, and columns per group: with [`GROUP`] 512 KiB of each
/// operand, a quarter of a second-level cache.
const CHUNK: usize = 512;
/// Blocks of inner indices per group: a pair of panels then takes 32 KiB, two thirds of
/// a first-level cache.
const GROUP: usize = 16;
/// Panels that one task packs side by side: four cache lines of each run.
const STRIP: usize = 4;

thread_local! {
    /// Kept between products, because fresh pages would cost more than the packing.
    static SCRATCH: Cell<Vec<Operand>> = const { Cell::new(Vec::new()) };
}

/// Computes `out = a · b` and overwrites all of it if `isa` has tiles; returns false
/// otherwise.
pub fn matmul(isa: Isa, out: &mut [f32], a: Matrix<'_>, b: Matrix<'_>) -> bool {
    if isa.tiles().is_none() {
        return false;
    }
    let (left, right) = (Side::left(a), Side::right(b));
    let blocks = left.depth.div_ceil(DEPTH);
    // Taken, not borrowed: while it waits for others, this thread may compute another
    // product.
    let mut scratch = SCRATCH.take();
    scratch.resize((left.panels() + right.panels()) * blocks, Operand::zeroed());
    let (packed_a, packed_b) = scratch.split_at_mut(left.panels() * blocks);
    left.pack(isa, packed_a);
    right.pack(isa, packed_b);
    let columns = right.outer;
    let share = left.outer.div_ceil(rayon::current_num_threads()).next_multiple_of(BLOCK);
    let chunk = share.min(CHUNK);
    let tasks = out.par_chunks_mut(chunk * columns);
    tasks.zip(packed_a.par_chunks(chunk / SIDE * blocks)).for_each(|(out, a)| {
        let tiles = isa.tiles().expect("seen above");
        let (a, b) = (Panels { packed: a, blocks }, Panels { packed: packed_b, blocks });
        for group in (0..blocks).step_by(GROUP) {
            let group = group..blocks.min(group + GROUP);
            for start in (0..columns).step_by(CHUNK) {
                product(&tiles, out, columns, start..columns.min(start + CHUNK), a, b, &group);
            }
        }
    });
    SCRATCH.set(scratch);
    true
}

/// Packed panels of an operand.
#[derive(Clone, Copy)]
struct Panels<'a> {
    packed: &'a [Operand],
    blocks: usize,
}

impl<'a> Panels<'a> {
    /// Returns the blocks of the panel that begins with row or column `first`, and of
    /// the next.
    fn pair(self, first: usize, group: &Range<usize>) -> [&'a [Operand]; 2] {
        let panel = |number: usize| &self.packed[number * self.blocks..][group.clone()];
        [panel(first / SIDE), panel(first / SIDE + 1)]
    }
}

/// Adds the products of one group of blocks to some columns of `out`, rows `stride` apart.
fn product(
    tiles: &Tiles,
    out: &mut [f32],
    stride: usize,
    columns: Range<usize>,
    a: Panels<'_>,
    b: Panels<'_>,
    group: &Range<usize>,
) {
    let fresh = group.start == 0;
    for row in (0..out.len() / stride).step_by(BLOCK) {
        let a = a.pair(row, group);
        for column in columns.clone().step_by(BLOCK) {
            let b = b.pair(column, group);
            let out = &mut out[row * stride + column..];
            let (height, width) = (out.len().div_ceil(stride), columns.end - column);
            if height >= BLOCK && width >= BLOCK {
                tiles.multiply(out, stride, a, b, fresh);
            } else {
                at_the_edge(out, stride, width, |sums| tiles.multiply(sums, BLOCK, a, b, fresh));
            }
        }
    }
}

/// Lets `multiply` work on a copy of a block of which only a part exists.
fn at_the_edge(out: &mut [f32], stride: usize, width: usize, multiply: impl FnOnce(&mut [f32])) {
    let width = width.min(BLOCK);
    let mut sums: Sums = [0.0; BLOCK * BLOCK];
    for (sums, out) in sums.chunks_exact_mut(BLOCK).zip(out.chunks(stride)) {
        sums[..width].copy_from_slice(&out[..width]);
    }
    multiply(&mut sums);
    for (sums, out) in sums.chunks_exact(BLOCK).zip(out.chunks_mut(stride)) {
        out[..width].copy_from_slice(&sums[..width]);
    }
}

/// An operand by its outer index (a row of the left one, a column of the right one) and
/// its inner index `k`.
#[derive(Clone, Copy)]
struct Side<'a> {
    data: &'a [f32],
    outer: usize,
    depth: usize,
    outer_stride: usize,
    inner_stride: usize,
    is_left: bool,
}

impl<'a> Side<'a> {
    fn left(a: Matrix<'a>) -> Self {
        Side {
            data: a.data,
            outer: a.rows,
            depth: a.columns,
            outer_stride: a.row_stride,
            inner_stride: a.column_stride,
            is_left: true,
        }
    }

    fn right(b: Matrix<'a>) -> Self {
        Side { is_left: false, ..Side::left(b.transposed()) }
    }

    /// Returns the number of panels of sixteen, an even number: [`Tiles::multiply`]
    /// takes two.
    fn panels(&self) -> usize {
        self.outer.div_ceil(BLOCK) * 2
    }

    /// Packs all panels, `[panels][blocks]`.
    fn pack(self, isa: Isa, packed: &mut [Operand]) {
        let blocks = self.depth.div_ceil(DEPTH);
        packed.par_chunks_mut(STRIP * blocks).enumerate().for_each(|(strip, packed)| {
            isa.run_fused(Strip { side: self, first: strip * STRIP * SIDE, packed, blocks });
        });
    }

    /// Packs sixteen outer indices from `first` and 32 inner ones from `from`, rounded;
    /// zero where none exist.
    #[inline(always)]
    fn operand<F: Fma>(&self, first: usize, from: usize, operand: &mut Operand) {
        if self.outer < first + SIDE || self.depth < from + DEPTH {
            *operand = Operand::zeroed();
        }
        let outer = first..self.outer.min(first + SIDE).max(first);
        let inner = from..self.depth.min(from + DEPTH);
        if self.inner_stride == 1 {
            self.along(outer, inner, operand);
        } else {
            self.across(outer, inner, operand);
        }
        // Pairs of neighbouring k are stored as [outer][pair] after `along`, as
        // [pair][outer] after `across`.
        if self.is_left != (self.inner_stride == 1) {
            F::transpose(bytemuck::cast_mut(operand));
        }
    }

    /// Packs if memory runs along the inner index.
    #[inline(always)]
    fn along(&self, outer: Range<usize>, inner: Range<usize>, operand: &mut Operand) {
        let rows = operand.0.as_chunks_mut::<DEPTH>().0;
        for (number, to) in outer.zip(rows) {
            let run = &self.data[number * self.outer_stride..];
            let from = &run[inner.clone()];
            if let Some(next) = run.get(inner.end + DEPTH) {
                prefetch(next);
            }
            match <&[f32; DEPTH]>::try_from(from) {
                Ok(whole) => *to = whole.map(upper),
                Err(_) => to.iter_mut().zip(from).for_each(|(to, &x)| *to = upper(x)),
            }
        }
    }

    /// Packs if memory runs along the outer index.
    #[inline(always)]
    fn across(&self, outer: Range<usize>, inner: Range<usize>, operand: &mut Operand) {
        let run = |k: usize| {
            let start = k * self.inner_stride + outer.start;
            if let Some(next) = self.data.get(start + DEPTH * self.inner_stride) {
                prefetch(next);
            }
            let from = self.data.get(start..start + outer.len()).unwrap_or_default();
            match <&[f32; SIDE]>::try_from(from) {
                Ok(whole) => *whole,
                Err(_) => std::array::from_fn(|i| from.get(i).copied().unwrap_or(0.0)),
            }
        };
        let pairs = operand.0.as_chunks_mut::<{ 2 * SIDE }>().0;
        for (k, to) in inner.clone().step_by(2).zip(pairs) {
            let even = run(k);
            let odd = if k + 1 < inner.end { run(k + 1) } else { [0.0; SIDE] };
            let to: &mut [u32; SIDE] = bytemuck::cast_mut(to);
            for i in 0..SIDE {
                to[i] = bfloat16(even[i]).to_bits() >> 16 | bfloat16(odd[i]).to_bits();
            }
        }
    }
}

/// Returns the bfloat16 nearest to `x`, in the form that a tile takes.
#[inline(always)]
fn upper(x: f32) -> u16 {
    (bfloat16(x).to_bits() >> 16) as u16
}

/// Some panels, packed by one task.
struct Strip<'a> {
    side: Side<'a>,
    first: usize,
    packed: &'a mut [Operand],
    blocks: usize,
}

impl FusedKernel for Strip<'_> {
    type Output = ();
    #[inline(always)]
    fn run<F: Fma>(self) {
        for block in 0..self.blocks {
            for (panel, packed) in self.packed.chunks_exact_mut(self.blocks).enumerate() {
                let first = self.first + panel * SIDE;
                self.side.operand::<F>(first, block * DEPTH, &mut packed[block]);
            }
        }
    }
}
