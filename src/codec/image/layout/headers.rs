//! Headers of pictures that are not compressed.

use super::super::segments::Segment;
use super::dicom;
use crate::model::image::{Samples, Shape};

/// A picture, and where its first pixel is.
pub type Found = (usize, Segment);

/// Most strips of a TIFF that are looked at.
const MOST_STRIPS: usize = 1 << 14;
/// Most entries of its directory.
const MOST_ENTRIES: usize = 64;

/// Returns the pictures of the header at `start`; `None` if there is none. `is_end` says
/// whether something ends there: only then formats without a signature are looked for.
pub fn pictures(raw: &[u8], start: usize, is_end: bool) -> Option<Vec<Found>> {
    let data = &raw[start..];
    let found = match data {
        [0x89, b'P', b'N', b'G', ..] => png(data).map(|found| vec![found]),
        [b'B', b'M', ..] => bmp(data).map(|found| vec![found]),
        [b'P', b'5' | b'6', ..] => pnm(data).map(|found| vec![found]),
        [b'P', b'7', ..] => pam(data).map(|found| vec![found]),
        [b'I', b'I', 42, 0, ..] => tiff(data, false),
        [b'M', b'M', 0, 42, ..] => tiff(data, true),
        [b'D', b'I', b'C', b'M', ..] => dicom::dicom(data).map(|found| vec![found]),
        _ if is_end => tga(data).map(|found| vec![found]),
        _ => None,
    }?;
    Some(found.into_iter().map(|(first, picture)| (start + first, picture)).collect())
}

/// Returns whether `sample` starts with a header that can be told from its first bytes.
pub fn starts(sample: &[u8]) -> bool {
    let found = match sample {
        // Else it is a whole PNG, which is compressed.
        [0x89, b'P', b'N', b'G', ..] => return png(sample).is_some(),
        [b'B', b'M', ..] => bmp(sample),
        [b'P', b'5' | b'6', ..] => pnm(sample),
        [b'P', b'7', ..] => pam(sample),
        [b'I', b'I', 42, 0, ..] => return is_plain_tiff(sample, false),
        [b'M', b'M', 0, 42, ..] => return is_plain_tiff(sample, true),
        _ => sample
            .get(dicom::PREAMBLE..)
            .filter(|data| data.starts_with(dicom::MAGIC))
            .and_then(dicom::dicom),
    };
    found.is_some()
}

/// A picture whose rows have no padding and whose samples have their highest byte first.
pub fn picture(width: usize, planes: usize, samples: Samples, rows: usize) -> Segment {
    let shape = Shape { width, planes, samples };
    Segment { gap: 0, shape, big: true, padding: 0, rows }
}

/// Returns the number of `N` bytes at `at`.
pub fn number<const N: usize>(data: &[u8], at: usize, big: bool) -> Option<usize> {
    let bytes = data.get(at..at.checked_add(N)?)?;
    let join = |sum: usize, &byte: &u8| sum << 8 | byte as usize;
    Some(if big { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) })
}

/// The head of a PNG, then rows that are not compressed.
fn png(data: &[u8]) -> Option<Found> {
    if data.get(..16)? != b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" {
        return None;
    }
    let [width, rows] = [number::<4>(data, 16, true)?, number::<4>(data, 20, true)?];
    let [depth, colour, packing, filters, interlaced] = *data.get(24..29)? else { return None };
    // Chunks follow in a whole PNG.
    let is_chunk = data.get(37..41).is_some_and(|name| name.iter().all(u8::is_ascii_alphabetic))
        && number::<4>(data, 33, true)? < 1 << 20;
    if is_chunk || packing != 0 || filters != 0 || interlaced != 0 {
        return None;
    }
    let planes = match colour {
        0 | 3 => 1,
        2 => 3,
        4 => 2,
        6 => 4,
        _ => return None,
    };
    let found = match (depth, colour) {
        (1 | 2 | 4, 0 | 3) => {
            let bits = width.checked_mul(depth as usize)?;
            picture(bits.div_ceil(8), 1, Samples::Index, rows)
        }
        (8, 3) => picture(width, 1, Samples::Index, rows),
        (8, _) => picture(width, planes, Samples::Light, rows),
        (16, _) => picture(width, planes, Samples::Deep, rows),
        _ => return None,
    };
    Some((33, found))
}

fn bmp(data: &[u8]) -> Option<Found> {
    let field = |at| number::<4>(data, at, false);
    let (first, header, bits) = (field(10)?, field(14)?, number::<2>(data, 28, false)?);
    let known = [40, 52, 56, 64, 108, 124].contains(&header) && number::<2>(data, 26, false)? == 1;
    let packing = field(30)?;
    // Rows that run downwards have a negative number.
    let rows = (field(22)? as u32 as i32).unsigned_abs() as usize;
    let width = field(18)?;
    let most = 14 + header + 16 + 4 * 256;
    if !known || field(6)? != 0 || first < 14 + header || first > most || width > 1 << 16 {
        return None;
    }
    let planes = match (bits, packing) {
        (1 | 4 | 8, 0) => 1,
        (24, 0) => 3,
        (32, 0 | 3) => 4,
        _ => return None,
    };
    let row = width * if bits < 8 { 1 } else { planes };
    let row = if bits < 8 { (row * bits).div_ceil(8) } else { row };
    let samples = match bits {
        8 if is_grey(data.get(14 + header..first)?) => Samples::Light,
        1..=8 => Samples::Index,
        _ => Samples::Light,
    };
    let mut found = picture(row / planes, planes, samples, rows);
    found.padding = row.next_multiple_of(4) - row;
    Some((first, found))
}

/// Returns whether a palette of four bytes a colour is a scale of greys.
fn is_grey(palette: &[u8]) -> bool {
    let colours = palette.chunks_exact(4);
    let grey = |colour: &[u8]| colour[0] == colour[1] && colour[1] == colour[2];
    let rises = |(a, b): (&[u8], &[u8])| a[0] <= b[0];
    !palette.is_empty()
        && colours.clone().all(grey)
        && colours.clone().zip(colours.skip(1)).all(rises)
}

/// A PGM or PPM: three numbers, between which there are blanks and comments.
fn pnm(data: &[u8]) -> Option<Found> {
    let mut at = 2;
    let mut numbers = [0; 3];
    for number in &mut numbers {
        loop {
            match data.get(at)? {
                b' ' | b'\t' | b'\r' | b'\n' => at += 1,
                b'#' => at += data[at..].iter().take(1000).position(|&byte| byte == b'\n')?,
                _ => break,
            }
        }
        let digits = data[at..].iter().take(8).take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 || at == 2 {
            return None;
        }
        let value = |sum: usize, &digit: &u8| sum * 10 + (digit - b'0') as usize;
        *number = data[at..at + digits].iter().fold(0, value);
        at += digits;
    }
    let [width, rows, most] = numbers;
    data.get(at).filter(|byte| byte.is_ascii_whitespace())?;
    let samples = match most {
        1..=255 => Samples::Light,
        256..=65_535 => Samples::Deep,
        _ => return None,
    };
    let planes = if data[1] == b'6' { 3 } else { 1 };
    Some((at + 1, picture(width, planes, samples, rows)))
}

/// A PAM: lines of a name and a number.
fn pam(data: &[u8]) -> Option<Found> {
    let end = data.windows(7).take(500).position(|window| window == b"ENDHDR\n")?;
    let header = std::str::from_utf8(&data[..end]).ok()?;
    let field = |name: &str| -> Option<usize> {
        header.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    };
    let samples = match field("MAXVAL ")? {
        1..=255 => Samples::Light,
        256..=65_535 => Samples::Deep,
        _ => return None,
    };
    let planes = field("DEPTH ").filter(|depth| (1..=4).contains(depth))?;
    Some((end + 7, picture(field("WIDTH ")?, planes, samples, field("HEIGHT ")?)))
}

/// A TGA without compression that is all of `data`, but for what may stand behind it.
fn tga(data: &[u8]) -> Option<Found> {
    let [name, map, kind] = *data.get(..3)? else { return None };
    let [width, rows] = [number::<2>(data, 12, false)?, number::<2>(data, 14, false)?];
    let [bits, origin] = *data.get(16..18)? else { return None };
    let (planes, samples) = match (kind, map, bits) {
        (1, 1, 8) => (1, Samples::Index),
        (2, 0, 24) => (3, Samples::Light),
        (2, 0, 32) => (4, Samples::Light),
        (3, 0, 8) => (1, Samples::Light),
        _ => return None,
    };
    let colours = if map == 1 { number::<2>(data, 5, false)? } else { 0 };
    let colour = (*data.get(7)? as usize).div_ceil(8);
    let first = 18 + name as usize + colours * if map == 1 { colour } else { 0 };
    let end = first + width * rows * planes;
    let behind = data.len().checked_sub(end)?;
    let fits = behind == 0 || data.ends_with(b"TRUEVISION-XFILE.\0") && behind < 4096;
    let found = picture(width, planes, samples, rows);
    (fits && origin & 0xC0 == 0).then_some((first, found))
}

/// The fields of a TIFF that say what its pixels are.
#[derive(Default)]
struct Tiff {
    width: usize,
    bits: usize,
    packing: usize,
    meaning: usize,
    planes: usize,
    apart: usize,
    strips: Vec<usize>,
    lengths: Vec<usize>,
}

/// Returns whether a TIFF whose first directory is in `sample` is not compressed. One whose
/// directory is behind its pixels is taken for such a one.
fn is_plain_tiff(sample: &[u8], big: bool) -> bool {
    match number::<4>(sample, 4, big) {
        Some(at) if at < sample.len() => {
            directory(sample, big).is_some_and(|tiff| tiff.packing == 1)
        }
        at => at.is_some(),
    }
}

/// Reads the first directory of a TIFF.
fn directory(data: &[u8], big: bool) -> Option<Tiff> {
    let at = number::<4>(data, 4, big)?;
    let mut tiff = Tiff { bits: 1, packing: 1, planes: 1, apart: 1, ..Tiff::default() };
    for entry in 0..number::<2>(data, at, big)?.min(MOST_ENTRIES) {
        let at = at.checked_add(2 + 12 * entry)?;
        let (tag, kind) = (number::<2>(data, at, big)?, number::<2>(data, at + 2, big)?);
        let count = number::<4>(data, at + 4, big)?;
        let size = match kind {
            3 => 2,
            4 => 4,
            _ => continue,
        };
        let place = match count.checked_mul(size)? {
            0..=4 => at + 8,
            _ => number::<4>(data, at + 8, big)?,
        };
        let value = |k: usize| match size {
            2 => number::<2>(data, place.checked_add(2 * k)?, big),
            _ => number::<4>(data, place.checked_add(4 * k)?, big),
        };
        let all = || (0..count.min(MOST_STRIPS)).map(value).collect::<Option<Vec<usize>>>();
        match tag {
            256 => tiff.width = value(0)?,
            258 => tiff.bits = value(0)?,
            259 => tiff.packing = value(0)?,
            262 => tiff.meaning = value(0)?,
            273 if tiff.strips.is_empty() => tiff.strips = all().unwrap_or_default(),
            277 => tiff.planes = value(0)?,
            279 if tiff.lengths.is_empty() => tiff.lengths = all().unwrap_or_default(),
            284 => tiff.apart = value(0)?,
            _ => {}
        }
    }
    Some(tiff)
}

/// The strips of a TIFF without compression; strips that follow one another are one picture.
fn tiff(data: &[u8], big: bool) -> Option<Vec<Found>> {
    let tiff = directory(data, big)?;
    let planes = if tiff.apart == 1 { tiff.planes } else { 1 };
    let (width, samples) = match (tiff.bits, tiff.meaning) {
        (1 | 2 | 4, _) => (tiff.width.checked_mul(tiff.bits * planes)?.div_ceil(8), Samples::Index),
        (8, 3) => (tiff.width, Samples::Index),
        (8, _) => (tiff.width, Samples::Light),
        (16, _) => (tiff.width, Samples::Deep),
        _ => return None,
    };
    let planes = if samples == Samples::Index { 1 } else { planes };
    if tiff.packing != 1 || !(1..=4).contains(&planes) {
        return None;
    }
    let mut found: Vec<Found> = Vec::new();
    for (&first, &length) in tiff.strips.iter().zip(&tiff.lengths) {
        let mut strip = picture(width, planes, samples, 1);
        strip.big = big;
        strip.rows = length / strip.length()?.max(1);
        if let Some((start, before)) = found.last_mut()
            && *start + before.length().unwrap_or(0) == first
        {
            before.rows += strip.rows;
        } else if strip.rows > 0 {
            found.push((first, strip));
        }
    }
    (!found.is_empty()).then_some(found)
}
