//! The register tile, which takes nearly all the time of a network.

use super::fma::Fma;
use super::matmul::Init;
use super::pack::Line;

/// The outputs one register tile computes: `rows` × `columns` of a row-major
/// matrix whose rows lie `stride` apart, from the start of `out`.
pub struct Tile<'a> {
    /// Slice that starts at the tile's first output.
    pub out: &'a mut [f32],
    /// Distance between rows.
    pub stride: usize,
    /// Rows that exist, at most the tile's.
    pub rows: usize,
    /// Columns that exist, at most the tile's.
    pub columns: usize,
    /// Initial value of the sums; a row of it starts at the tile's first column.
    pub init: Init<'a>,
}

/// Body of [`Fma::tile`]: the sums stay in `ROWS × LINES` registers.
#[inline(always)]
pub fn tile_body<F: Fma, const ROWS: usize, const LINES: usize>(
    a: &[f32],
    b: &[Line],
    tile: Tile<'_>,
) {
    // Nearly all tiles are whole: the compiler then knows every length, and the sums
    // stay in the registers.
    if tile.rows == ROWS && tile.columns == 16 * LINES {
        let start = start_whole::<F, ROWS, LINES>(&tile);
        let sums = accumulate::<F, ROWS, LINES>(a, b, start);
        finish_whole::<F, ROWS, LINES>(sums, tile);
    } else {
        let mut sums = [[F::sums(&[0.0; 16]); LINES]; ROWS];
        start::<F, ROWS, LINES>(&mut sums, &tile);
        let sums = accumulate::<F, ROWS, LINES>(a, b, sums);
        finish::<F, ROWS, LINES>(&sums, tile);
    }
}

/// Inner indices of a block of [`Fma::tile_of_pairs`].
pub const PAIRED: usize = 32;

/// Body of [`Fma::tile_of_pairs`]: the chains stay in `ROWS × LINES` registers, the
/// even one first; the sums of the blocks are in a first-level cache.
#[inline(always)]
pub fn tile_of_pairs_body<F: Fma, const ROWS: usize, const LINES: usize>(
    a: &[f32],
    b: &[Line],
    tile: Tile<'_>,
) {
    let zero = [[F::sums(&[0.0; 16]); LINES]; ROWS];
    let mut sums = zero;
    start::<F, ROWS, LINES>(&mut sums, &tile);
    for (a, b) in a.chunks(PAIRED * ROWS).zip(b.chunks(PAIRED * LINES)) {
        let even = every_other::<F, ROWS, LINES>(a, b, 0, zero);
        let odd = every_other::<F, ROWS, LINES>(a, b, 1, zero);
        for row in 0..ROWS {
            for line in 0..LINES {
                let pair = F::add(even[row][line], odd[row][line]);
                sums[row][line] = F::add(sums[row][line], pair);
            }
        }
    }
    finish::<F, ROWS, LINES>(&sums, tile);
}

/// Runs the inner loop.
#[inline(always)]
fn accumulate<F: Fma, const ROWS: usize, const LINES: usize>(
    a: &[f32],
    b: &[Line],
    mut sums: [[F::Sums; LINES]; ROWS],
) -> [[F::Sums; LINES]; ROWS] {
    for (a, b) in a.chunks_exact(ROWS).zip(b.chunks_exact(LINES)) {
        for row in 0..ROWS {
            for line in 0..LINES {
                sums[row][line] = F::accumulate(a[row], &b[line], sums[row][line]);
            }
        }
    }
    sums
}

/// Runs [`accumulate`] over the even inner indices (`first` 0) or the odd ones (1).
#[inline(always)]
fn every_other<F: Fma, const ROWS: usize, const LINES: usize>(
    a: &[f32],
    b: &[Line],
    first: usize,
    mut sums: [[F::Sums; LINES]; ROWS],
) -> [[F::Sums; LINES]; ROWS] {
    let (a_pairs, b_pairs) = (a.chunks_exact(2 * ROWS), b.chunks_exact(2 * LINES));
    // The last pair may lack its odd half.
    let last = (a_pairs.remainder(), b_pairs.remainder());
    for (a, b) in a_pairs.zip(b_pairs) {
        let (a, b) = (&a[first * ROWS..][..ROWS], &b[first * LINES..][..LINES]);
        for row in 0..ROWS {
            for line in 0..LINES {
                sums[row][line] = F::accumulate(a[row], &b[line], sums[row][line]);
            }
        }
    }
    if first == 0 { accumulate::<F, ROWS, LINES>(last.0, last.1, sums) } else { sums }
}

/// Returns line `line` of a whole row.
#[inline(always)]
fn whole(row: &[f32], line: usize) -> &[f32; 16] {
    row[16 * line..].first_chunk().expect("a whole row")
}

/// Returns the initial sums of a whole tile. Its outputs are far apart in memory, so
/// they are prefetched now and arrive while the sums are computed.
#[inline(always)]
fn start_whole<F: Fma, const ROWS: usize, const LINES: usize>(
    tile: &Tile<'_>,
) -> [[F::Sums; LINES]; ROWS] {
    let row = |row: usize| &tile.out[row * tile.stride..][..16 * LINES];
    for number in 0..ROWS {
        for line in 0..LINES {
            F::will_write(&whole(row(number), line)[0]);
        }
    }
    let mut sums = [[F::sums(&[0.0; 16]); LINES]; ROWS];
    match tile.init {
        Init::Zero => {}
        Init::Row(values) => {
            for line in 0..LINES {
                let from = F::sums(whole(values, line));
                for sums in &mut sums {
                    sums[line] = from;
                }
            }
        }
        Init::Output => {
            for number in 0..ROWS {
                for line in 0..LINES {
                    sums[number][line] = F::sums(whole(row(number), line));
                }
            }
        }
    }
    sums
}

#[inline(always)]
fn finish_whole<F: Fma, const ROWS: usize, const LINES: usize>(
    sums: [[F::Sums; LINES]; ROWS],
    tile: Tile<'_>,
) {
    for row in 0..ROWS {
        let to = &mut tile.out[row * tile.stride..][..16 * LINES];
        for line in 0..LINES {
            to[16 * line..][..16].copy_from_slice(&F::values(sums[row][line]));
        }
    }
}

#[inline(always)]
fn start<F: Fma, const ROWS: usize, const LINES: usize>(
    sums: &mut [[F::Sums; LINES]; ROWS],
    tile: &Tile<'_>,
) {
    if let Init::Zero = tile.init {
        return;
    }
    for (row, sums) in sums.iter_mut().enumerate() {
        let from = match tile.init {
            _ if row >= tile.rows => break,
            Init::Row(values) => values,
            _ => &tile.out[row * tile.stride..],
        };
        for (sums, from) in sums.iter_mut().zip(from[..tile.columns].chunks(16)) {
            *sums = match <&[f32; 16]>::try_from(from) {
                Ok(whole) => F::sums(whole),
                Err(_) => {
                    let mut padded = [0.0; 16];
                    padded[..from.len()].copy_from_slice(from);
                    F::sums(&padded)
                }
            };
        }
    }
}

#[inline(always)]
fn finish<F: Fma, const ROWS: usize, const LINES: usize>(
    sums: &[[F::Sums; LINES]; ROWS],
    tile: Tile<'_>,
) {
    for (row, sums) in sums.iter().enumerate() {
        if row >= tile.rows {
            break;
        }
        let to = &mut tile.out[row * tile.stride..][..tile.columns];
        for (&sums, to) in sums.iter().zip(to.chunks_mut(16)) {
            let values = F::values(sums);
            match <&mut [f32; 16]>::try_from(&mut *to) {
                Ok(whole) => *whole = values,
                Err(_) => to.copy_from_slice(&values[..to.len()]),
            }
        }
    }
}
