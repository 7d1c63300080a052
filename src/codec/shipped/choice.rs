//! Which shipped base suits a group, judged by short rows of bytes that both have.
//!
//! Nothing here is normative: any choice decodes.

use super::{ShippedBase, TEXTS, Text};
use std::sync::LazyLock;

/// Pieces of a group that are looked at, and their length.
const PIECES: usize = 8;
const PIECE: usize = 1 << 11;
/// Bytes of the grams that are looked up in the texts.
const GRAM: usize = 6;
/// Share of a sample's grams that the text of a kind must have and English must not, in
/// 1/1000: if it has less the content is English.
const LEAST_OWN: usize = 45;
/// Share that this text and English must have together; else no base pays.
const LEAST_KNOWN: usize = 70;

/// Log2 of the cells of [`GRAMS`].
const LOG2: u32 = 20;

/// The texts that have a gram, a bit for each; by the hash of the gram.
static GRAMS: LazyLock<Vec<u32>> = LazyLock::new(|| {
    const { assert!(TEXTS.len() <= 32) };
    let mut cells = vec![0; 1 << LOG2];
    for (number, text) in TEXTS.iter().enumerate() {
        text.windows(GRAM).for_each(|gram| cells[cell(gram)] |= 1 << number);
    }
    cells
});

fn cell(gram: &[u8]) -> usize {
    let value = gram.iter().fold(0, |value, &byte| value << 8 | byte as u64);
    (value.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - LOG2)) as usize
}

/// Pieces spread over the group; all of a small one.
fn pieces(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let count = if raw.len() <= PIECES * PIECE { 1 } else { PIECES };
    let length = if count == 1 { raw.len() } else { PIECE };
    let first = move |k| k * (raw.len() - length) / (count - 1).max(1);
    (0..count).map(move |k| &raw[first(k)..first(k) + length])
}

/// The base whose last text has most of the group's grams that are not English, or the
/// English one; `None` if both know little of the group.
pub(super) fn likely(raw: &[u8]) -> Option<&'static ShippedBase> {
    const ENGLISH: usize = Text::english as usize;
    let mut known = [0; TEXTS.len()];
    let mut looked_up = 0;
    for gram in pieces(raw).flat_map(|piece| piece.windows(GRAM)) {
        looked_up += 1;
        let mut texts = GRAMS[cell(gram)];
        if texts >> ENGLISH & 1 == 1 {
            texts = 1 << ENGLISH;
        }
        while texts != 0 {
            known[texts.trailing_zeros() as usize] += 1;
            texts &= texts - 1;
        }
    }
    let (english, others) = ShippedBase::ALL.split_first()?;
    let own = |base: &ShippedBase| base.texts.last().map_or(0, |&text| known[text]);
    // The first one of several.
    let best = others.iter().rev().max_by_key(|base| own(base))?;
    let kind = own(best) * 1000 >= LEAST_OWN * looked_up;
    let enough = (own(best) + known[ENGLISH]) * 1000 >= LEAST_KNOWN * looked_up;
    (enough && looked_up > 0).then_some(if kind { best } else { english })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_for_what_it_is() {
        assert_eq!(ShippedBase::ALL[0].name, "english", "the first base is the English one");
        for base in ShippedBase::ALL {
            let text = TEXTS[*base.texts.last().unwrap()];
            let some = &text[text.len() / 3..];
            assert_eq!(likely(&some[..4_000.min(some.len())]), Some(base));
        }
    }

    #[test]
    fn nothing_is_known_of_what_no_text_has() {
        let noise = crate::codec::samples::tests::noise(40_000);
        for raw in [&noise[..], b"", b"qzjxv"] {
            assert_eq!(likely(raw), None);
        }
    }

    #[test]
    fn pieces_are_spread_from_the_first_to_the_last_byte() {
        let raw: Vec<u8> = (0..100_000u32).map(|i| (i / 1000) as u8).collect();
        let found: Vec<_> = pieces(&raw).collect();
        assert_eq!((found.len(), found[0].as_ptr()), (PIECES, raw.as_ptr()));
        assert!(found[PIECES - 1].as_ptr_range().end == raw.as_ptr_range().end);
        assert!(pieces(b"").all(<[u8]>::is_empty));
    }
}
