//! Operands copied into the order in which a register tile reads them.

use super::matmul::Matrix;

/// Sixteen neighbouring columns, on a cache line of their own.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Line(pub [f32; 16]);

/// Copies rows `rows` of the columns `inner` of `a` into panels of `ROWS`
/// rows, each `[K, ROWS]`; rows that do not exist are zero.
#[inline(always)]
pub fn pack_rows<const ROWS: usize>(
    packed: &mut Vec<f32>,
    a: &Matrix<'_>,
    rows: std::ops::Range<usize>,
    inner: std::ops::Range<usize>,
) {
    let depth = inner.len();
    packed.clear();
    packed.resize(rows.len().div_ceil(ROWS) * ROWS * depth, 0.0);
    for (panel, first) in packed.chunks_exact_mut(ROWS * depth).zip(rows.clone().step_by(ROWS)) {
        let count = ROWS.min(rows.end - first);
        if a.row_stride == 1 {
            for (to, k) in panel.chunks_exact_mut(ROWS).zip(inner.clone()) {
                to[..count].copy_from_slice(&a.data[k * a.column_stride + first..][..count]);
            }
        } else {
            let sources =
                |row: usize| &a.data[(first + row) * a.row_stride + inner.start..][..depth];
            interleave::<ROWS>(panel, count, sources);
        }
    }
}

/// Copies the columns `columns` of the rows `inner` of `b` into panels of
/// `LINES` lines, each `[K, LINES]`; columns that do not exist are zero.
#[inline(always)]
pub fn pack_columns<const LINES: usize>(
    packed: &mut Vec<Line>,
    b: &Matrix<'_>,
    inner: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
) {
    let depth = inner.len();
    let lines = columns.len().div_ceil(16 * LINES) * LINES;
    packed.clear();
    packed.resize(lines * depth, Line([0.0; 16]));
    for (panel, first) in
        packed.chunks_exact_mut(LINES * depth).zip(columns.clone().step_by(16 * LINES))
    {
        for line in 0..LINES {
            let start = first + 16 * line;
            let count = 16.min(columns.end.saturating_sub(start));
            if count == 0 {
                continue;
            }
            let lines = panel.iter_mut().skip(line).step_by(LINES);
            if b.column_stride == 1 {
                for (Line(to), k) in lines.zip(inner.clone()) {
                    let from = &b.data[k * b.row_stride..][start..start + count];
                    match <&[f32; 16]>::try_from(from) {
                        Ok(whole) => *to = *whole,
                        Err(_) => to[..count].copy_from_slice(from),
                    }
                }
            } else {
                let source = |column: usize| {
                    &b.data[(start + column) * b.column_stride + inner.start..][..depth]
                };
                transpose(panel, (line, LINES), count, source);
            }
        }
    }
}

/// Writes `count` contiguous runs into column `0..count` of `[K, ROWS]`.
#[inline(always)]
fn interleave<'a, const ROWS: usize>(
    panel: &mut [f32],
    count: usize,
    source: impl Fn(usize) -> &'a [f32],
) {
    for row in 0..count {
        for (to, &value) in panel.iter_mut().skip(row).step_by(ROWS).zip(source(row)) {
            *to = value;
        }
    }
}

/// Writes `count` contiguous runs into the columns of every `step`-th line
/// from `first`, in squares of sixteen so that both sides stay in cache.
#[inline(always)]
fn transpose<'a>(
    panel: &mut [Line],
    (first, step): (usize, usize),
    count: usize,
    source: impl Fn(usize) -> &'a [f32],
) {
    let depth = panel.len() / step;
    for from in (0..depth).step_by(16) {
        let run = 16.min(depth - from);
        let mut square = [[0.0f32; 16]; 16];
        for (column, row) in square.iter_mut().enumerate().take(count) {
            row[..run].copy_from_slice(&source(column)[from..from + run]);
        }
        for k in 0..run {
            let line = &mut panel[(from + k) * step + first].0;
            for (to, row) in line.iter_mut().zip(&square) {
                *to = row[k];
            }
        }
    }
}
