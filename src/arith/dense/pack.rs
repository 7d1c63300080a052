//! Operands copied into the order in which a register tile reads them.

use super::fma::Fma;
use super::matmul::Matrix;
use std::ops::Range;

/// Sixteen neighbouring columns, on a cache line of their own.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Line(pub [f32; 16]);

/// A square of sixteen runs, to be turned.
pub type Square = [[f32; 16]; 16];

/// `square[i][j]` becomes `square[j][i]`.
#[inline(always)]
pub fn transpose(square: &mut Square) {
    for row in 1..16 {
        for column in 0..row {
            let (low, high) = square.split_at_mut(row);
            std::mem::swap(&mut low[column][row], &mut high[0][column]);
        }
    }
}

/// Copies rows `rows` of the columns `inner` of `a` into panels of `ROWS`
/// rows, each `[K, ROWS]`; rows that do not exist are zero.
#[inline(always)]
pub fn pack_rows<F: Fma, const ROWS: usize>(
    packed: &mut Vec<f32>,
    a: &Matrix<'_>,
    rows: Range<usize>,
    inner: Range<usize>,
) {
    let depth = inner.len();
    packed.resize(rows.len().div_ceil(ROWS) * ROWS * depth, 0.0);
    if !rows.len().is_multiple_of(ROWS) {
        let last = packed.len() - ROWS * depth;
        packed[last..].fill(0.0);
    }
    if a.row_stride == 1 {
        // Along memory: a panel at a time would touch a new page per number.
        for (k, from) in inner.enumerate() {
            let from = &a.data[from * a.column_stride..][rows.clone()];
            for (panel, values) in from.chunks(ROWS).enumerate() {
                copy::<ROWS>(&mut packed[panel * ROWS * depth + k * ROWS..], values);
            }
        }
        return;
    }
    for (panel, first) in packed.chunks_exact_mut(ROWS * depth).zip(rows.clone().step_by(ROWS)) {
        let count = ROWS.min(rows.end - first);
        let run = |row: usize| &a.data[(first + row) * a.row_stride + inner.start..][..depth];
        turn::<F>(depth, count, run, |k, values| copy::<ROWS>(&mut panel[k * ROWS..], values));
    }
}

/// Copies the columns `columns` of the rows `inner` of `b` into panels of
/// `LINES` lines, each `[K, LINES]`; columns that do not exist are zero.
#[inline(always)]
pub fn pack_columns<F: Fma, const LINES: usize>(
    packed: &mut Vec<Line>,
    b: &Matrix<'_>,
    inner: Range<usize>,
    columns: Range<usize>,
) {
    let depth = inner.len();
    let panels = columns.len().div_ceil(16 * LINES);
    packed.resize(panels * LINES * depth, Line([0.0; 16]));
    if !columns.len().is_multiple_of(16 * LINES) {
        packed[(panels - 1) * LINES * depth..].fill(Line([0.0; 16]));
    }
    let place = |line: usize, k: usize| (line / LINES * depth + k) * LINES + line % LINES;
    if b.column_stride == 1 {
        for (k, from) in inner.enumerate() {
            let from = &b.data[from * b.row_stride..][columns.clone()];
            for (line, values) in from.chunks(16).enumerate() {
                copy::<16>(&mut packed[place(line, k)].0, values);
            }
        }
        return;
    }
    for (line, first) in columns.clone().step_by(16).enumerate() {
        let count = 16.min(columns.end - first);
        let run =
            |column: usize| &b.data[(first + column) * b.column_stride + inner.start..][..depth];
        turn::<F>(depth, count, run, |k, values| {
            copy::<16>(&mut packed[place(line, k)].0, values);
        });
    }
}

/// Copies `from` to the front of `to`. A whole row has a length the compiler
/// knows: a call to copy twelve numbers costs more than the copying.
#[inline(always)]
fn copy<const WHOLE: usize>(to: &mut [f32], from: &[f32]) {
    if from.len() == WHOLE {
        to[..WHOLE].copy_from_slice(&from[..WHOLE]);
    } else {
        to[..from.len()].copy_from_slice(from);
    }
}

/// Reads `count ≤ 16` runs of `depth` side by side and gives `write` their
/// `k`-th values for every `k`, a square of sixteen at a time.
#[inline(always)]
fn turn<'a, F: Fma>(
    depth: usize,
    count: usize,
    run: impl Fn(usize) -> &'a [f32],
    mut write: impl FnMut(usize, &[f32]),
) {
    for from in (0..depth).step_by(16) {
        let length = 16.min(depth - from);
        let mut square = [[0.0; 16]; 16];
        for (number, row) in square.iter_mut().enumerate().take(count) {
            copy::<16>(row, &run(number)[from..from + length]);
        }
        F::transpose(&mut square);
        for (k, row) in square.iter().enumerate().take(length) {
            write(from + k, &row[..count]);
        }
    }
}
