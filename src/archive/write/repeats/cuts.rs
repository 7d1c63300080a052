//! Where chunks end: FastCDC, with numbers that are fixed for good.

use fastcdc::v2020::{MASKS, cut};

/// Least bytes of a chunk that is not the last of its file.
const LEAST: usize = 4 << 10;

/// Bytes of a chunk, about.
const USUAL: usize = 16 << 10;

/// Most bytes of a chunk.
pub(super) const MOST: usize = 64 << 10;

/// One bit more and one bit less than the 14 of [`USUAL`]: chunks near that length are likely.
const BEFORE: u64 = MASKS[15];
const BEHIND: u64 = MASKS[13];

/// Returns the length of the chunk that starts with `bytes`, which are all that is left of the
/// file, or [`MOST`] and more. Integer arithmetic only.
pub(super) fn chunk(bytes: &[u8]) -> usize {
    cut(bytes, LEAST, USUAL, MOST, BEFORE, BEHIND, BEFORE << 1, BEHIND << 1).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::{Context, Hasher};

    fn lengths(mut bytes: &[u8]) -> Vec<usize> {
        let mut lengths = Vec::new();
        while !bytes.is_empty() {
            let length = chunk(bytes);
            lengths.push(length);
            bytes = &bytes[length..];
        }
        lengths
    }

    /// Bytes that look random, the same for ever.
    fn noise(length: usize) -> Vec<u8> {
        let block = |number: usize| {
            let mut hasher = Hasher::derived(Context::ArchiveId);
            hasher.update(&(number as u64).to_le_bytes());
            hasher.digest()
        };
        let mut bytes: Vec<u8> = (0..length.div_ceil(32)).flat_map(block).collect();
        bytes.truncate(length);
        bytes
    }

    #[test]
    fn the_cut_points_of_known_data_never_change() {
        assert_eq!(lengths(&noise(300_001)), KNOWN);
        assert_eq!(lengths(&vec![0; 150_001]), [65_536, 65_536, 18_929]);
        let text: Vec<u8> = (0..20_000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        assert_eq!(lengths(&text), KNOWN_TEXT);
    }

    const KNOWN: [usize; 12] = [
        51_208, 16_848, 17_058, 21_116, 44_163, 16_805, 18_316, 21_935, 19_747, 16_619, 10_320,
        45_866,
    ];
    const KNOWN_TEXT: [usize; 10] =
        [6_665, 41_579, 28_234, 30_638, 25_951, 17_360, 15_103, 22_025, 7_618, 13_717];

    #[test]
    fn bytes_in_front_move_few_cut_points() {
        let (one, front) = (noise(2_000_000), noise(1_234));
        let ends = |bytes: &[u8]| {
            let mut end = 0;
            let next = |length| {
                end += length;
                end
            };
            lengths(bytes).into_iter().map(next).collect::<Vec<usize>>()
        };
        let moved = ends(&[&front[..], &one].concat());
        let ends = ends(&one);
        let same = ends.iter().filter(|&end| moved.contains(&(end + front.len()))).count();
        assert!(same + 6 > ends.len() && ends.len() > 80, "{same} of {}", ends.len());
    }
}
