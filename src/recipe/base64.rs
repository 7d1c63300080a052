//! Transform `base64`: bytes as lines of base64 (RFC 4648 §4, RFC 2045 §6.8).

use super::error::RecipeError;
use crate::bytes::{Cursor, put_varint};

/// Name for people.
pub(super) const NAME: &str = "base64";

/// Ends of lines, by their number: also the line feed that JSON writes as two letters.
const ENDS: [&[u8]; 3] = [b"\n", b"\r\n", b"\\n"];
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Values of letters; 64 for what is none.
const VALUES: [u8; 256] = {
    let mut values = [64; 256];
    let mut value = 0;
    while value < 64 {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// Fewest letters that are looked at.
const LEAST: usize = 160;
/// Shortest line that is one of several, and longest.
const LINE: std::ops::RangeInclusive<usize> = 32..=1024;
/// Fewest different letters among the first [`LEAST`]; other data than base64 has fewer.
const LEAST_LETTERS: u32 = 36;

/// How the letters are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    /// Letters of a line; 0 if there is but one.
    line: u64,
    /// Number of the line end.
    end: u8,
    /// Whether the last line has an end too.
    last_end: bool,
    /// Whether the last letters are filled up with `=`.
    padded: bool,
}

impl Layout {
    fn parameters(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.line);
        out.push(self.end | u8::from(self.last_end) << 4 | u8::from(self.padded) << 5);
        out
    }

    fn parse(parameters: &[u8]) -> Result<Self, RecipeError> {
        let bad = || RecipeError::Damaged { transform: NAME, cause: "parameters that cannot be" };
        let mut cursor = Cursor::new(parameters);
        let line = cursor.varint().map_err(|_| bad())?;
        let flags = cursor.u8().map_err(|_| bad())?;
        let end = flags & 15;
        if cursor.left() > 0 || usize::from(end) >= ENDS.len() || flags >> 6 > 0 {
            return Err(bad());
        }
        Ok(Layout { line, end, last_end: flags >> 4 & 1 == 1, padded: flags >> 5 & 1 == 1 })
    }
}

/// Writes bytes, which are in pieces, as base64 of at most `output` bytes.
pub(super) fn run(
    parameters: &[u8],
    pieces: &[&[u8]],
    output: usize,
) -> Result<Vec<u8>, RecipeError> {
    let layout = Layout::parse(parameters)?;
    let mut letters = Lines { out: Vec::with_capacity(output), layout, column: 0, most: output };
    let mut group = (0u32, 0);
    for &byte in pieces.iter().copied().flatten() {
        group = (group.0 << 8 | u32::from(byte), group.1 + 1);
        if group.1 == 3 {
            letters.put(group.0, 4)?;
            group = (0, 0);
        }
    }
    if group.1 > 0 {
        letters.put(group.0 << (8 * (3 - group.1)), group.1 + 1)?;
        for _ in group.1..if layout.padded { 3 } else { group.1 } {
            letters.letter(b'=')?;
        }
    }
    if layout.last_end {
        letters.out.extend_from_slice(ENDS[usize::from(layout.end)]);
    }
    Ok(letters.out)
}

struct Lines {
    out: Vec<u8>,
    layout: Layout,
    column: u64,
    most: usize,
}

impl Lines {
    /// Writes the first `count` letters of a group of four.
    fn put(&mut self, group: u32, count: u32) -> Result<(), RecipeError> {
        (0..count).try_for_each(|k| self.letter(ALPHABET[(group >> (18 - 6 * k) & 63) as usize]))
    }

    fn letter(&mut self, letter: u8) -> Result<(), RecipeError> {
        if self.out.len() > self.most {
            return Err(RecipeError::Length { transform: NAME, expected: self.most as u64 });
        }
        if self.column == self.layout.line && self.column > 0 {
            self.out.extend_from_slice(ENDS[usize::from(self.layout.end)]);
            self.column = 0;
        }
        self.out.push(letter);
        self.column += 1;
        Ok(())
    }
}

/// A stretch of base64 that was decoded.
pub(super) struct Found {
    pub start: usize,
    pub end: usize,
    pub parameters: Vec<u8>,
    pub plain: Vec<u8>,
}

/// Finds the next stretch of base64 from `from` on whose encoding gives the same bytes
/// again.
pub(super) fn find(text: &[u8], mut from: usize) -> Option<Found> {
    while from < text.len() {
        let run = letters(&text[from..]);
        if run >= *LINE.start()
            && let Some(found) = stretch(text, from, run)
        {
            return Some(found);
        }
        from += run + 1;
    }
    None
}

/// Letters at the front.
fn letters(text: &[u8]) -> usize {
    text.iter().position(|&byte| VALUES[byte as usize] == 64).unwrap_or(text.len())
}

/// Takes the stretch that begins with a run of letters.
fn stretch(text: &[u8], start: usize, run: usize) -> Option<Found> {
    let mut layout = Layout { line: 0, end: 0, last_end: false, padded: true };
    let behind = &text[start + run..];
    let end = ENDS.iter().position(|end| behind.starts_with(end));
    let mut found = Vec::with_capacity(run);
    found.extend_from_slice(&text[start..start + run]);
    let mut at = start + run;
    if let Some(number) = end.filter(|_| LINE.contains(&run)) {
        (layout.line, layout.end) = (run as u64, number as u8);
        let end = ENDS[number];
        while text[at..].starts_with(end) {
            let next = &text[at + end.len()..];
            let letters = letters(next).min(run);
            let equals = next[letters..].iter().take(run - letters).take(2);
            let padded = letters + equals.take_while(|&&byte| byte == b'=').count();
            // The last line of whole groups may be as long as the others.
            if letters == 0 && padded == 0 {
                break;
            }
            found.extend_from_slice(&next[..padded]);
            at += end.len() + padded;
            if padded < run || padded > letters {
                break;
            }
        }
        layout.last_end = text[at..].starts_with(end);
        at += if layout.last_end { end.len() } else { 0 };
    } else {
        let equals = text[at..].iter().take(2).take_while(|&&byte| byte == b'=').count();
        found.resize(run + equals, b'=');
        at += equals;
    }
    let plain = decode(&found, &mut layout)?;
    let parameters = layout.parameters();
    let same =
        self::run(&parameters, &[&plain], at - start).is_ok_and(|again| again == text[start..at]);
    same.then_some(Found { start, end: at, parameters, plain })
}

/// Decodes letters without line ends. `None` if there are too few, or too few different
/// ones.
fn decode(letters: &[u8], layout: &mut Layout) -> Option<Vec<u8>> {
    let bare = letters.iter().rposition(|&letter| letter != b'=')? + 1;
    let seen = letters.get(..LEAST)?.iter().fold(0u64, |seen, &letter| {
        seen | 1u64.checked_shl(VALUES[letter as usize].into()).unwrap_or(0)
    });
    (seen.count_ones() >= LEAST_LETTERS && bare % 4 != 1).then_some(())?;
    layout.padded = letters.len().is_multiple_of(4);
    let mut plain = Vec::with_capacity(bare / 4 * 3 + 2);
    for group in letters[..bare].chunks(4) {
        let value = group
            .iter()
            .fold(0u32, |value, &letter| value << 6 | u32::from(VALUES[letter as usize] & 63));
        let value = value << (6 * (4 - group.len()));
        plain.extend_from_slice(&value.to_be_bytes()[1..group.len()]);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_is_found_and_comes_back() {
        let bytes: Vec<u8> = (0..1_000u32).map(|k| ((k * k * 7) >> 3) as u8).collect();
        for (line, end, last_end, padded) in layouts([0, 60, 64, 76, 77], [0, 1, 2]) {
            for length in 997..1_000 {
                // A single line has no line end.
                let last_end = last_end && line > 0;
                let layout = Layout { line, end, last_end, padded };
                let coded = run(&layout.parameters(), &[&bytes[..length]], 4_000).expect("valid");
                let text = [b"<a: \"", &coded[..], b"\">"].concat();
                let found = find(&text, 0).expect("base64");
                assert_eq!((found.start, found.plain), (5, bytes[..length].to_vec()));
                let again = run(&found.parameters, &[&bytes[..length]], coded.len());
                assert!(again.is_ok_and(|again| coded.starts_with(&again)));
            }
        }
    }

    /// All layouts of these lines and ends.
    fn layouts(lines: [u64; 5], ends: [u8; 3]) -> impl Iterator<Item = (u64, u8, bool, bool)> {
        lines.into_iter().flat_map(move |line| {
            ends.into_iter().flat_map(move |end| {
                (0..4).map(move |bits| (line, end, bits & 1 == 1, bits & 2 == 2))
            })
        })
    }

    #[test]
    fn other_letters_are_left_alone() {
        for text in ["ACGT".repeat(100), "0123456789abcdef".repeat(40), "word".repeat(9)] {
            assert!(find(text.as_bytes(), 0).is_none());
        }
    }
}
