//! Operands copied into the order in which a register tile reads them.

use super::fma::Fma;
use super::matmul::Matrix;
use crate::arith::memory::prefetch;
use std::ops::Range;

/// Sixteen neighbouring columns, on their own cache line.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Line(pub [f32; 16]);

/// A square of sixteen runs, to be transposed.
pub type Square = [[f32; 16]; 16];

/// Transposes: `square[i][j]` becomes `square[j][i]`.
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
        // Copies along memory: one panel at a time would touch a new page per number.
        for (k, from) in inner.enumerate() {
            let start = from * a.column_stride + rows.start;
            ahead(a.data, start + AHEAD * a.column_stride, rows.len());
            for (panel, values) in a.data[start..][..rows.len()].chunks(ROWS).enumerate() {
                copy::<ROWS>(&mut packed[panel * ROWS * depth + k * ROWS..], values);
            }
        }
        return;
    }
    for (panel, first) in packed.chunks_exact_mut(ROWS * depth).zip(rows.clone().step_by(ROWS)) {
        let count = ROWS.min(rows.end - first);
        let start = first * a.row_stride + inner.start;
        let runs = Runs { data: a.data, start, stride: a.row_stride, count, depth };
        turn::<F>(runs, |k, values| copy::<ROWS>(&mut panel[k * ROWS..], values));
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
            let start = from * b.row_stride + columns.start;
            ahead(b.data, start + AHEAD * b.row_stride, columns.len());
            for (line, values) in b.data[start..][..columns.len()].chunks(16).enumerate() {
                copy::<16>(&mut packed[place(line, k)].0, values);
            }
        }
        return;
    }
    for (line, first) in columns.clone().step_by(16).enumerate() {
        let count = 16.min(columns.end - first);
        let start = first * b.column_stride + inner.start;
        let runs = Runs { data: b.data, start, stride: b.column_stride, count, depth };
        turn::<F>(runs, |k, values| copy::<16>(&mut packed[place(line, k)].0, values));
    }
}

/// Copies `from` to the front of `to`. The compiler knows the length of a whole row: a
/// call to copy twelve numbers costs more than the copying.
#[inline(always)]
fn copy<const WHOLE: usize>(to: &mut [f32], from: &[f32]) {
    if from.len() == WHOLE {
        to[..WHOLE].copy_from_slice(&from[..WHOLE]);
    } else {
        to[..from.len()].copy_from_slice(from);
    }
}

/// Rows of numbers prefetched before they are copied.
const AHEAD: usize = 2;

/// Hints that `length` numbers of `data` from `start` will be read soon.
#[inline(always)]
fn ahead(data: &[f32], start: usize, length: usize) {
    for place in (start..start + length).step_by(16) {
        soon(data, place);
    }
}

/// Hints that the cache line of `data[place]`, if there is one, will be read soon.
#[inline(always)]
fn soon(data: &[f32], place: usize) {
    if let Some(number) = data.get(place) {
        prefetch(number);
    }
}

/// `count ≤ 16` runs of `depth` numbers, `stride` apart, from `start`.
struct Runs<'a> {
    data: &'a [f32],
    start: usize,
    stride: usize,
    count: usize,
    depth: usize,
}

/// Reads runs side by side and gives `write` their `k`-th values for every `k`, a
/// square of sixteen at a time.
#[inline(always)]
fn turn<F: Fma>(runs: Runs<'_>, mut write: impl FnMut(usize, &[f32])) {
    let Runs { data, start, stride, count, depth } = runs;
    for from in (0..depth).step_by(16) {
        let length = 16.min(depth - from);
        let mut square = [[0.0; 16]; 16];
        // The next place to read: further on in these runs, or in the next runs.
        let next = from + 16 * SQUARES;
        let next = if next < depth { next } else { next - depth + count * stride };
        for (number, row) in square.iter_mut().enumerate().take(count) {
            let run = start + number * stride;
            soon(data, run + next);
            copy::<16>(row, &data[run + from..][..length]);
        }
        F::transpose(&mut square);
        for (k, row) in square.iter().enumerate().take(length) {
            write(from + k, &row[..count]);
        }
    }
}

/// Squares prefetched before they are transposed.
const SQUARES: usize = 4;
