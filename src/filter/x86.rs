//! x86 branch filter: relative targets made absolute.
//!
//! All calls of one function have the same absolute target, but different relative
//! ones. The filter replaces the low 24 bits of the operands of calls, jumps and, in
//! 64-bit code, of operands relative to the instruction pointer by the absolute value,
//! highest byte first. The fourth byte, 0x00 or 0xFF, stays as it is. The encoder goes
//! from the end to the beginning and the decoder from the beginning to the end, so each
//! step meets the bytes that the step it undoes has left.
//!
//! Normative text: spec/codec.md §3.2.

use super::InPlace;

/// x86 call and jump targets made absolute.
pub static X86: InPlace = InPlace {
    number: 2,
    name: "x86",
    pays: |data, is_text| !is_text && density(data) > 0.002,
    forward: |data| {
        forward(data);
    },
    inverse,
    look_ahead: WINDOW - 1,
};

/// Whether the filter is applied or undone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Inverse,
}

/// Bytes of the longest opcode and its operand.
pub const WINDOW: usize = 7;

/// Length of the opcode before a 32-bit operand relative to its end, if there
/// is one, at the start of `window` ([`WINDOW`] bytes).
#[inline]
fn opcode_length(window: &[u8]) -> Option<usize> {
    let relative = |operand: usize| window[operand + 3].wrapping_add(1) <= 1;
    match window[0] {
        0xE8 | 0xE9 if relative(1) => Some(1),
        0x0F if window[1] & 0xF0 == 0x80 && relative(2) => Some(2),
        // REX.W or REX.WR; lea, mov to or from a register; [rip + operand].
        0x48 | 0x4C
            if matches!(window[1], 0x8D | 0x8B | 0x89)
                && window[2] & 0xC7 == 0x05
                && relative(3) =>
        {
            Some(3)
        }
        _ => None,
    }
}

/// Recodes the operand of the opcode at `at`, if there is one.
///
/// Returns whether there is one. The bytes that decide (opcode, ModRM, highest operand
/// byte) and the bytes that change (the lower three of the operand) are disjoint, so a
/// second call finds what the first found.
#[inline]
fn recode(data: &mut [u8], at: usize, direction: Direction) -> bool {
    let Some(opcode) = opcode_length(&data[at..at + WINDOW]) else {
        return false;
    };
    let operand = at + opcode;
    let end = (operand + 4) as u32;
    let [a, b, c] = [data[operand], data[operand + 1], data[operand + 2]];
    let coded = match direction {
        Direction::Forward => {
            let absolute = u32::from_le_bytes([a, b, c, 0]).wrapping_add(end).to_be_bytes();
            [absolute[1], absolute[2], absolute[3]]
        }
        Direction::Inverse => {
            let relative = u32::from_be_bytes([0, a, b, c]).wrapping_sub(end).to_le_bytes();
            [relative[0], relative[1], relative[2]]
        }
    };
    data[operand..operand + 3].copy_from_slice(&coded);
    true
}

/// Share of the places in `data` that the filter would change: about 0.01 in machine
/// code. One pass.
pub fn density(data: &[u8]) -> f32 {
    let found = data.windows(WINDOW).filter(|window| opcode_length(window).is_some()).count();
    found as f32 / data.len().max(1) as f32
}

/// Makes targets absolute, from the last to the first. Returns their number.
pub fn forward(data: &mut [u8]) -> usize {
    let places = (data.len() + 1).saturating_sub(WINDOW);
    (0..places).rev().filter(|&at| recode(data, at, Direction::Forward)).count()
}

/// Undoes [`forward`], from the first target to the last.
///
/// A beginning of the data can be undone alone: all but its last six bytes are then
/// right.
pub fn inverse(data: &mut [u8]) {
    let places = (data.len() + 1).saturating_sub(WINDOW);
    for at in 0..places {
        recode(data, at, Direction::Inverse);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_string_comes_back() {
        let mut seed = 7u32;
        for round in 0..200usize {
            let data: Vec<u8> = (0..round * 3)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    [0xE8, 0xFF, 0x00, 0x0F, 0x85, 0x48, 0x8D, 0x05][(seed >> 24) as usize % 8]
                })
                .collect();
            let mut coded = data.clone();
            forward(&mut coded);
            inverse(&mut coded);
            assert_eq!(coded, data);
        }
    }

    #[test]
    fn calls_of_one_target_get_the_same_bytes() {
        let mut data = vec![0x90; 64];
        for at in [3usize, 20, 41] {
            data[at] = 0xE8;
            data[at + 1..at + 5].copy_from_slice(&(1000 - at as i32 - 5).to_le_bytes());
        }
        assert_eq!(forward(&mut data), 3);
        assert_eq!(data[4..8], data[21..25]);
        assert_eq!(data[4..8], data[42..46]);
    }
}
