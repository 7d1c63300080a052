//! Whether byte pairs in front of the model are worth it: judged by coding a sample.
//!
//! Nothing here is normative: any choice decodes.

use super::bpe::{self, Tokens};
use crate::arith::Isa;
use crate::codec::symbols;
use crate::model::{Contexts, Model, Spelling};

/// Groups from this size on are judged by coding a sample.
const JUDGED: usize = 1 << 18;
/// Number of chunks of the sample.
const JUDGED_CHUNKS: usize = 4;
/// Levels that put speed first: their sample is this share of the group, between the two
/// bounds that follow.
const JUDGED_SHARE: usize = 32;
const JUDGED_LEAST: usize = 1 << 14;
const JUDGED_MOST: usize = 1 << 16;
/// By how much such a sample overstates what pairs cost, in 1/1000. The model learns more
/// slowly from pairs, so a short sample shows them larger than they are.
const OVERSTATED: u64 = 12;
/// First level that puts size first. Long contexts and matches gain what a short sample
/// hides, so groups up to `WHOLE` are coded whole, and the sample of others is long.
const CAREFUL: u8 = 7;
const WHOLE: usize = 1 << 19;
const JUDGED_LONG: usize = 1 << 18;
/// By how much a group that is coded whole may get larger, in 1/1000: pairs save time.
const ALLOWED: u64 = 3;
/// By how much pairs gain on plain bytes each time a group doubles, in 1/1000.
const DOUBLING: u64 = 4;
/// The fast levels take smaller groups without a judgement.
const LEAST_BYTES: usize = 1 << 16;

/// How much larger a group may get, in 1/1000 for all of its symbols saved.
/// Low levels take speed, high levels take size.
fn price_of_speed(level: u8) -> u64 {
    match level {
        0..=4 => 150,
        5 => 100,
        6 => 60,
        _ => 0,
    }
}

/// The tokens of a text group, if they are worth it.
pub(super) fn tokens(raw: &[u8], level: u8, isa: Isa) -> Option<Tokens> {
    if raw.len() < if level <= 3 { LEAST_BYTES } else { JUDGED } {
        return None;
    }
    let tokens = Tokens::learn(raw);
    let any = !tokens.table().merges().is_empty();
    let pays = any && (raw.len() < JUDGED || judge(raw, &tokens, level, isa));
    pays.then_some(tokens)
}

/// Length of the sample of a group of `length` bytes, and by how much it overstates what
/// pairs cost, in 1/1000.
fn sample_of(length: usize, level: u8) -> (usize, u64) {
    if level < CAREFUL {
        return ((length / JUDGED_SHARE).clamp(JUDGED_LEAST, JUDGED_MOST), OVERSTATED);
    }
    if length <= WHOLE {
        return (length, ALLOWED);
    }
    // Four times the logarithm, as an integer.
    let quarters = (length as u128).pow(4).ilog2() - (WHOLE as u128).pow(4).ilog2();
    (JUDGED_LONG, DOUBLING * u64::from(quarters) / 4)
}

/// Codes a sample with and without the pairs by the model of the level, and compares
/// the sizes: the pairs may take more by what a sample overstates, and by the price
/// of each symbol saved.
fn judge(raw: &[u8], tokens: &Tokens, level: u8, isa: Isa) -> bool {
    let (length, overstated) = sample_of(raw.len(), level);
    let sample = bpe::sample(raw, JUDGED_CHUNKS, length.div_ceil(JUDGED_CHUNKS));
    let model = |contexts| Model::of_level(level, contexts);
    let (pairs, symbols) = tokens.code(tokens.symbols(&sample), model(Contexts::Tokens), isa);
    let (plain, sample) = symbols::encode(sample, model(Contexts::Text), Spelling::default(), isa);
    let (pairs, plain) = (pairs.len(), plain.len());
    let entries = tokens.table().wire().len() * sample.len() / raw.len();
    let price = price_of_speed(level) * (sample.len() - symbols.len()) as u64;
    let length = sample.len() as u64;
    let most = plain as u64 * ((1000 + overstated) * length + price);
    (pairs + entries) as u64 * (1000 * length) <= most
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::samples::tests::noise;

    fn pays(raw: &[u8], level: u8) -> bool {
        tokens(raw, level, Isa::best()).is_some()
    }

    #[test]
    fn byte_pairs_go_before_the_model_if_they_pay() {
        let line =
            |n: u8| format!("<item number=\"{n}\">a pear from the garden</item>\n").into_bytes();
        let markup: Vec<u8> = noise(10_000).into_iter().flat_map(line).collect();
        assert!([1, 5, 9].iter().all(|&level| pays(&markup, level)));
        assert!(pays(&markup[..LEAST_BYTES], 1), "low levels take speed");
        assert!(!pays(&markup[..LEAST_BYTES], 5), "small groups are not worth it");
    }

    #[test]
    fn levels_of_size_judge_small_groups_whole_and_allow_more_as_groups_grow() {
        assert_eq!(sample_of(1 << 18, 5), (1 << 14, 12));
        assert_eq!(sample_of(8 << 20, 5), (1 << 16, 12));
        assert_eq!(sample_of(500_000, 7), (500_000, 3));
        let longer = [WHOLE + 1, 1 << 20, 3 << 19, 8 << 20].map(|length| sample_of(length, 9));
        assert_eq!(longer, [0, 4, 6, 16].map(|allowed| (1 << 18, allowed)));
    }

    #[test]
    fn byte_pairs_need_free_values_and_size_counts_more_at_higher_levels() {
        let all: Vec<u8> = (0..=255).cycle().take(JUDGED).collect();
        assert!(!pays(&all, 1));
        let prices = (1..=9).map(price_of_speed).collect::<Vec<_>>();
        assert!(prices.is_sorted_by(|low, high| low >= high) && prices[8] == 0, "{prices:?}");
    }
}
