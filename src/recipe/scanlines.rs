//! Transform `scanlines`: the rows of a PNG with filters (PNG specification, §9).

use super::error::RecipeError;
use crate::bytes::{Cursor, put_varint};
use std::borrow::Cow;

/// Name for people.
pub(super) const NAME: &str = "scanlines";

/// Bytes of the signature and the IHDR chunk.
pub(super) const HEAD: usize = 33;

/// Types of filters.
const NONE: u8 = 0;
const SUB: u8 = 1;
const UP: u8 = 2;
const AVERAGE: u8 = 3;
const PAETH: u8 = 4;

fn damaged(cause: &'static str) -> RecipeError {
    RecipeError::Damaged { transform: NAME, cause }
}

/// How rows lie in the data of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Bytes of a row without its filter type.
    pub row: usize,
    /// How many bytes further left the byte of the same sample is; at least 1.
    distance: usize,
}

impl Layout {
    /// Returns the layout of `data` bytes behind the first bytes of a PNG. `None` if these do
    /// not say that the data are the rows of one pass.
    pub fn of(head: &[u8], data: usize) -> Option<Layout> {
        let head: &[u8; HEAD] = head.first_chunk()?;
        (head[8..16] == *b"\0\0\0\x0DIHDR").then_some(())?;
        let number =
            |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (width, height) = (u64::from(number(16)), u64::from(number(20)));
        let [depth, color, 0, 0, 0] = head[24..29] else { return None };
        let samples = match color {
            0 | 3 => 1,
            2 => 3,
            4 => 2,
            6 => 4,
            _ => return None,
        };
        matches!(depth, 1 | 2 | 4 | 8 | 16).then_some(())?;
        let bits = samples * u64::from(depth);
        let row = (width * bits).div_ceil(8);
        let layout = Layout { row: row as usize, distance: bits.div_ceil(8) as usize };
        (row > 0 && (row + 1).checked_mul(height)? == data as u64).then_some(layout)
    }

    pub fn parameters(self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.row as u64);
        put_varint(&mut out, self.distance as u64);
        out
    }

    fn parse(parameters: &[u8]) -> Result<Layout, RecipeError> {
        let bad = || damaged("parameters that cannot be");
        let mut cursor = Cursor::new(parameters);
        let mut number = || {
            let number = cursor.varint().ok().filter(|&number| number > 0);
            number.and_then(|number| usize::try_from(number).ok()).ok_or_else(bad)
        };
        let layout = Layout { row: number()?, distance: number()? };
        if cursor.left() > 0 { Err(bad()) } else { Ok(layout) }
    }
}

/// Writes the rows with their filters, which are `output` bytes. Cost: one pass, several
/// hundred MB a second.
pub(super) fn run(
    parameters: &[u8],
    inputs: &[&[u8]],
    output: usize,
) -> Result<Vec<u8>, RecipeError> {
    let Layout { row, distance } = Layout::parse(parameters)?;
    let (types, rows) = inputs.split_first().ok_or_else(|| damaged("no inputs"))?;
    let rows = match rows {
        [rows] => Cow::Borrowed(*rows),
        rows => Cow::Owned(rows.concat()),
    };
    if Some(rows.len()) != row.checked_mul(types.len()) {
        return Err(damaged("not as many rows as filter types"));
    }
    if rows.len() + types.len() != output {
        return Err(RecipeError::Length { transform: NAME, expected: output as u64 });
    }
    let mut out = vec![0; output];
    if types.is_empty() {
        return Ok(out);
    }
    let mut above = &vec![0; row][..];
    let lines = out.chunks_exact_mut(row + 1).zip(rows.chunks_exact(row));
    for ((line, row), &kind) in lines.zip(*types) {
        line[0] = kind;
        filter(kind, row, above, distance, &mut line[1..])?;
        above = row;
    }
    Ok(out)
}

/// Filters a row. All rows are equally long.
fn filter(
    kind: u8,
    row: &[u8],
    above: &[u8],
    distance: usize,
    out: &mut [u8],
) -> Result<(), RecipeError> {
    match kind {
        NONE => out.copy_from_slice(row),
        SUB => subtract(row, above, distance, out, |left, _, _| left),
        UP => subtract(row, above, distance, out, |_, above, _| above),
        AVERAGE => subtract(row, above, distance, out, |left, above, _| average(left, above)),
        PAETH => subtract(row, above, distance, out, paeth),
        _ => return Err(damaged("a filter type that is not known")),
    }
    Ok(())
}

/// Writes the bytes of a row less what is foretold of them. The loops are such as compilers
/// turn into vector instructions.
#[inline(always)]
fn subtract(
    row: &[u8],
    above: &[u8],
    distance: usize,
    out: &mut [u8],
    foretell: impl Fn(u8, u8, u8) -> u8,
) {
    let first = distance.min(row.len());
    for ((out, &byte), &above) in out.iter_mut().zip(&row[..first]).zip(above) {
        *out = byte.wrapping_sub(foretell(0, above, 0));
    }
    let (left, corner) = (row, above);
    let (row, above, out) = (&row[first..], &above[first..], &mut out[first..]);
    let around = left.iter().zip(above).zip(corner);
    for ((out, &byte), ((&left, &above), &corner)) in out.iter_mut().zip(row).zip(around) {
        *out = byte.wrapping_sub(foretell(left, above, corner));
    }
}

fn average(left: u8, above: u8) -> u8 {
    ((u16::from(left) + u16::from(above)) / 2) as u8
}

/// Chooses by masks: a branch would be taken at random.
#[inline(always)]
fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(above), i16::from(corner));
    let (to_left, to_above) = (b - c, a - c);
    let to_corner = (to_left + to_above).abs();
    let (to_left, to_above) = (to_left.abs(), to_above.abs());
    let not_left = -i16::from((to_left > to_above) | (to_left > to_corner));
    let not_above = -i16::from(to_above > to_corner);
    let other = b ^ (b ^ c) & not_above;
    (a ^ (a ^ other) & not_left) as u8
}

/// Takes the filters off: the filter types and, behind them, the rows. `None` if a type is
/// not known, or samples have another length than PNG has.
pub(super) fn take(data: &[u8], layout: Layout) -> Option<Vec<u8>> {
    match layout.distance {
        1 => take_by::<1>(data, layout.row),
        2 => take_by::<2>(data, layout.row),
        3 => take_by::<3>(data, layout.row),
        4 => take_by::<4>(data, layout.row),
        6 => take_by::<6>(data, layout.row),
        8 => take_by::<8>(data, layout.row),
        _ => None,
    }
}

fn take_by<const DISTANCE: usize>(data: &[u8], row: usize) -> Option<Vec<u8>> {
    let count = data.len() / (row + 1);
    let mut out = vec![0; data.len()];
    let (types, rows) = out.split_at_mut(count);
    let mut above = &vec![0; row][..];
    let lines = data.chunks_exact(row + 1).zip(rows.chunks_exact_mut(row));
    for ((line, out), kind) in lines.zip(types) {
        *kind = line[0];
        let line = &line[1..];
        match *kind {
            NONE => out.copy_from_slice(line),
            SUB => add::<DISTANCE>(line, above, out, |left, _, _| left),
            UP => add::<DISTANCE>(line, above, out, |_, above, _| above),
            AVERAGE => add::<DISTANCE>(line, above, out, |left, above, _| average(left, above)),
            PAETH => add::<DISTANCE>(line, above, out, paeth),
            _ => return None,
        }
        above = out;
    }
    Some(out)
}

/// Undoes [`subtract`]. Samples to the left stay in registers. Costs 80 MB a second at worst:
/// for single bytes, each of which waits for the one before.
#[inline(always)]
fn add<const DISTANCE: usize>(
    line: &[u8],
    above: &[u8],
    out: &mut [u8],
    foretell: impl Fn(u8, u8, u8) -> u8,
) {
    let (mut left, mut corner) = ([0; DISTANCE], [0; DISTANCE]);
    // A row is whole samples, so nothing is left behind the last chunk.
    let ((lines, _), (aboves, _)) = (line.as_chunks::<DISTANCE>(), above.as_chunks::<DISTANCE>());
    for ((out, line), above) in out.as_chunks_mut::<DISTANCE>().0.iter_mut().zip(lines).zip(aboves)
    {
        let byte = |k: usize| line[k].wrapping_add(foretell(left[k], above[k], corner[k]));
        let row: [u8; DISTANCE] = std::array::from_fn(byte);
        (*out, left, corner) = (row, row, *above);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the first bytes of a PNG.
    fn head(width: u32, height: u32, depth: u8, color: u8, interlaced: u8) -> Vec<u8> {
        let mut head = b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR".to_vec();
        head.extend(width.to_be_bytes());
        head.extend(height.to_be_bytes());
        head.extend([depth, color, 0, 0, interlaced]);
        head.extend([0; 4]);
        head
    }

    fn bytes(length: usize, seed: u32) -> Vec<u8> {
        (0..length as u32).map(|k| (k.wrapping_mul(seed) ^ k >> 3) as u8).collect()
    }

    #[test]
    fn filters_come_off_and_on_for_every_pixel_and_type() {
        for (depth, color) in [(1, 0), (4, 3), (8, 0), (8, 4), (8, 2), (8, 6), (16, 2), (16, 6)] {
            for width in [1, 3, 50] {
                let bits = width * usize::from(depth) * [1, 0, 3, 1, 2, 0, 4][usize::from(color)];
                let row = bits.div_ceil(8);
                let mut data = bytes(11 * (row + 1), 97);
                data.chunks_mut(row + 1).enumerate().for_each(|(k, row)| row[0] = k as u8 % 5);
                let layout = Layout::of(&head(width as u32, 11, depth, color, 0), data.len());
                let layout = layout.expect("rows of such a picture");
                let taken = take(&data, layout).expect("known types");
                let (types, rows) = taken.split_at(11);
                let parameters = layout.parameters();
                let again = run(&parameters, &[types, rows], data.len());
                assert!(again.unwrap() == data, "{depth} {color} {width}");
                let (one, other) = rows.split_at(rows.len() / 3);
                let again = run(&parameters, &[types, one, other], data.len());
                assert!(again.unwrap() == data, "{depth} {color} {width}");
            }
        }
    }

    /// Rows by hand: the filters are those of the PNG specification.
    #[test]
    fn every_filter_foretells_what_png_says() {
        let rows = [10, 20, 30, 40, 15, 15, 60, 30];
        let lines = |kind| run(&[4, 2], &[&[0, kind], &rows], 10).unwrap()[6..].to_vec();
        assert_eq!(lines(0), [15, 15, 60, 30]);
        assert_eq!(lines(1), [15, 15, 45, 15]);
        assert_eq!(lines(2), [5, 251, 30, 246]);
        assert_eq!(lines(3), [10, 5, 38, 3]);
        assert_eq!(lines(4), [5, 251, 30, 246]);
    }

    #[test]
    fn other_data_than_the_rows_are_left_alone() {
        let data = |head: &[u8]| Layout::of(head, 5 * 31).is_some();
        assert!(data(&head(10, 5, 8, 2, 0)));
        for other in [
            head(10, 5, 8, 2, 1),
            head(10, 6, 8, 2, 0),
            head(10, 5, 8, 1, 0),
            head(10, 5, 3, 2, 0),
            head(0, 155, 8, 2, 0),
            head(u32::MAX, u32::MAX, 16, 6, 0),
        ] {
            assert!(!data(&other), "{other:?}");
        }
        assert!(!data(&head(10, 5, 8, 2, 0)[..HEAD - 1]));
        let layout = Layout::of(&head(10, 5, 8, 2, 0), 5 * 31).unwrap();
        let mut unknown = vec![0; 5 * 31];
        unknown[31] = 5;
        assert!(take(&unknown, layout).is_none());
    }

    #[test]
    fn steps_that_do_not_fit_are_refused() {
        let rows = [0; 12];
        assert!(run(&[4, 1], &[&[0, 1, 2], &rows], 15).is_ok());
        type Step<'a> = (&'a [u8], &'a [&'a [u8]], usize);
        let wrong: [Step; 9] = [
            (&[4, 1], &[&[0, 1, 5], &rows], 15),
            (&[4, 1], &[&[0, 1], &rows], 14),
            (&[4, 1], &[&[0, 1, 2], &rows[1..]], 14),
            (&[4, 1], &[&[0, 1, 2], &rows], 16),
            (&[0, 1], &[&[0, 1, 2]], 3),
            (&[4, 0], &[&[0, 1, 2], &rows], 15),
            (&[4, 1, 0], &[&[0, 1, 2], &rows], 15),
            (&[4], &[&[0, 1, 2], &rows], 15),
            (&[4, 1], &[], 0),
        ];
        for (parameters, inputs, output) in wrong {
            assert!(run(parameters, inputs, output).is_err(), "{parameters:?} {inputs:?}");
        }
        // A row that is longer than any memory costs none.
        let long = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 1];
        assert!(run(&long, &[&[0], &rows], 13).is_err());
        assert_eq!(run(&long, &[&[]], 0), Ok(Vec::new()));
    }
}
