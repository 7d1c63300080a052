//! What suits a group: decided from samples, the same on every machine.
//!
//! Nothing here is normative: any choice decodes.

use super::tokens::{Tokens, pieces};
use super::{Codec, ContentKind, Filter, pear};
use crate::arith::Isa;
use crate::filter::x86;
use crate::model::{Contexts, Model, Spelling};

/// Length of one sample.
const SAMPLE: usize = 1 << 14;

/// See [`super::sniff`].
pub(super) fn sniff(sample: &[u8]) -> ContentKind {
    let counts = count(sample);
    if sample.len() >= 1024 && entropy(&counts, sample.len()) > 7.9 - 300.0 / sample.len() as f32 {
        return ContentKind::Incompressible;
    }
    let control = counts[..9].iter().chain(&counts[14..32]).sum::<u32>() as usize;
    if control * 50 > sample.len() { ContentKind::Binary } else { ContentKind::Text }
}

/// The codec `auto` takes: zstd (which stores what it cannot shrink) where all
/// samples look random, else pear.
pub(super) fn codec(raw: &[u8]) -> Codec {
    let mut samples = samples(raw).peekable();
    if samples.peek().is_some()
        && samples.all(|sample| sniff(sample) == ContentKind::Incompressible)
    {
        Codec::Zstd
    } else {
        Codec::Pear
    }
}

/// Expert set by majority of the samples.
pub(super) fn contexts(raw: &[u8]) -> Contexts {
    let (mut text, mut all) = (0, 0);
    for sample in samples(raw) {
        text += (sniff(sample) == ContentKind::Text) as usize;
        all += 1;
    }
    if 2 * text >= all { Contexts::Text } else { Contexts::Binary }
}

/// A filter, ready to be applied.
pub(super) enum Prepared {
    /// Bytes as they are.
    Plain,
    /// x86 call and jump targets made absolute.
    X86,
    /// Byte pairs.
    Pairs(Box<Tokens>),
}

impl Prepared {
    /// Its number, and the experts for what it makes of a group that suits
    /// those of `contexts`.
    pub fn kind(&self, contexts: Contexts) -> (Filter, Contexts) {
        match self {
            Prepared::Plain => (Filter::None, contexts),
            Prepared::X86 => (Filter::X86, contexts),
            Prepared::Pairs(_) => (Filter::Bpe, Contexts::Tokens),
        }
    }

    /// The symbols of a group. Where they are as many as its bytes they take
    /// their place; else the bytes are freed.
    pub fn apply(&self, mut raw: Vec<u8>) -> Vec<u8> {
        match self {
            Prepared::Plain => raw,
            Prepared::X86 => {
                x86::forward(&mut raw);
                raw
            }
            Prepared::Pairs(tokens) => tokens.symbols(&raw),
        }
    }

    /// The `length` bytes of the group that [`Prepared::apply`] made `symbols` of.
    pub fn undo(&self, mut symbols: Vec<u8>, length: usize) -> Vec<u8> {
        match self {
            Prepared::Plain => symbols,
            Prepared::X86 => {
                x86::inverse(&mut symbols);
                symbols
            }
            Prepared::Pairs(tokens) => tokens.bytes(symbols, length),
        }
    }

    /// Payload of the symbols. Hands them back.
    pub fn code(&self, symbols: Vec<u8>, model: Model, isa: Isa) -> (Vec<u8>, Vec<u8>) {
        match self {
            Prepared::Pairs(tokens) => tokens.encode(symbols, model, isa),
            _ => pear::encode(symbols, model, Spelling::default(), isa),
        }
    }
}

/// The filter that pays.
pub(super) fn filter(raw: &[u8], contexts: Contexts, level: u8, isa: Isa) -> Prepared {
    match contexts {
        Contexts::Binary if x86::density(raw) > 0.002 => Prepared::X86,
        Contexts::Text => byte_pairs(raw, level, isa)
            .map_or(Prepared::Plain, |tokens| Prepared::Pairs(Box::new(tokens))),
        _ => Prepared::Plain,
    }
}

/// Groups from this size on are judged by coding a sample.
const JUDGED: usize = 1 << 18;
/// The sample: this many pieces, together a share of the group, and at most.
const JUDGED_PIECES: usize = 4;
const JUDGED_SHARE: usize = 32;
const JUDGED_LEAST: usize = 1 << 14;
const JUDGED_MOST: usize = 1 << 16;
/// By how much a sample overstates what pairs cost, in 1/1000: pairs learn more slowly, so
/// they lose the more the less there is to learn from. On whole groups they take 1.3 to
/// 2.9 % less against plain bytes than on their samples.
const OVERSTATED: u64 = 12;
/// The fast levels take smaller groups without a judgement.
const LEAST_BYTES: usize = 1 << 16;

/// How much larger a group may get, in 1/1000 for all of its symbols saved.
/// Low levels take speed, high levels take size.
fn price_of_speed(level: u8) -> u64 {
    match level {
        0..=3 => 150,
        4..=5 => 100,
        6..=7 => 15,
        _ => 0,
    }
}

/// Byte pairs, if they are worth it.
fn byte_pairs(raw: &[u8], level: u8, isa: Isa) -> Option<Tokens> {
    if raw.len() < if level <= 3 { LEAST_BYTES } else { JUDGED } {
        return None;
    }
    let tokens = Tokens::learn(raw);
    let any = !tokens.table().merges().is_empty();
    let pays = any && (raw.len() < JUDGED || judge(raw, &tokens, level, isa));
    pays.then_some(tokens)
}

/// Codes a sample with and without the pairs by the model of the level, and compares
/// what they take: the pairs may take more by what a sample overstates, and by the price
/// of each symbol saved.
fn judge(raw: &[u8], tokens: &Tokens, level: u8, isa: Isa) -> bool {
    let length = (raw.len() / JUDGED_SHARE).clamp(JUDGED_LEAST, JUDGED_MOST);
    let sample = pieces(raw, JUDGED_PIECES, length / JUDGED_PIECES);
    let model = |contexts| Model::of_level(level, contexts);
    let (pairs, symbols) = tokens.code(tokens.symbols(&sample), model(Contexts::Tokens), isa);
    let (plain, sample) = pear::encode(sample, model(Contexts::Text), Spelling::default(), isa);
    let (pairs, plain) = (pairs.len(), plain.len());
    let entries = tokens.table().wire().len() * sample.len() / raw.len();
    let price = price_of_speed(level) * (sample.len() - symbols.len()) as u64;
    let length = sample.len() as u64;
    let most = plain as u64 * ((1000 + OVERSTATED) * length + price);
    (pairs + entries) as u64 * (1000 * length) <= most
}

/// Sixteen samples spread over the group, or all of a small one.
fn samples(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let count = (raw.len() / SAMPLE).clamp(1, 16);
    let step = raw.len() / count;
    (0..count).map(move |k| &raw[k * step..(k * step + SAMPLE).min(raw.len())])
}

fn count(sample: &[u8]) -> [u32; 256] {
    let mut counts = [0u32; 256];
    sample.iter().for_each(|&byte| counts[byte as usize] += 1);
    counts
}

/// Order-0 entropy in bits per byte.
fn entropy(counts: &[u32; 256], total: usize) -> f32 {
    let bits = |&count: &u32| count as f32 * log2(total as f32 / count as f32);
    counts.iter().filter(|&&count| count > 0).map(bits).sum::<f32>() / total as f32
}

/// log2 to about 0.01, from the float's own exponent and a parabola: no library,
/// so the choice is the same everywhere.
fn log2(x: f32) -> f32 {
    let bits = x.to_bits();
    let mantissa = f32::from_bits(bits & 0x007F_FFFF | 0x3F80_0000);
    let fraction = (-0.344_845 * mantissa + 2.024_658) * mantissa - 1.674_877;
    (bits >> 23) as f32 - 127.0 + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize) -> Vec<u8> {
        let mut seed = 1u32;
        let mut next = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn noise_is_incompressible_and_prose_is_text() {
        assert_eq!(sniff(&noise(1 << 16)), ContentKind::Incompressible);
        assert_eq!(sniff(&b"What is kept for decades ".repeat(1000)), ContentKind::Text);
        assert_eq!(codec(&noise(1 << 20)), Codec::Zstd);
        assert_eq!(codec(b""), Codec::Pear);
    }

    #[test]
    fn text_between_noise_keeps_the_model() {
        let mut mixed = noise(1 << 18);
        mixed.extend(b"words and more words, ".repeat(8000));
        assert_eq!(codec(&mixed), Codec::Pear);
    }

    fn pairs(raw: &[u8], level: u8) -> bool {
        matches!(filter(raw, Contexts::Text, level, Isa::best()), Prepared::Pairs(_))
    }

    #[test]
    fn byte_pairs_go_before_the_model_where_they_pay() {
        let line =
            |n: u8| format!("<item number=\"{n}\">a pear from the garden</item>\n").into_bytes();
        let markup: Vec<u8> = noise(10_000).into_iter().flat_map(line).collect();
        assert!([1, 5, 9].iter().all(|&level| pairs(&markup, level)));
        assert!(pairs(&markup[..LEAST_BYTES], 1), "low levels take speed");
        assert!(!pairs(&markup[..LEAST_BYTES], 5), "small groups are not worth it");
    }

    #[test]
    fn what_a_filter_does_is_undone() {
        let mut code = noise(1 << 16);
        code.chunks_mut(50).for_each(|chunk| [chunk[0], chunk[4]] = [0xE8, 0]);
        let words = b"words and more words, and other words. ".repeat(2000);
        let pairs = Prepared::Pairs(Box::new(Tokens::learn(&words)));
        for (prepared, raw) in [(Prepared::Plain, &code), (Prepared::X86, &code), (pairs, &words)] {
            let symbols = prepared.apply(raw.clone());
            assert_eq!(symbols == *raw, matches!(prepared, Prepared::Plain));
            assert!(prepared.undo(symbols, raw.len()) == *raw);
        }
    }

    #[test]
    fn byte_pairs_need_free_values_and_size_counts_more_at_higher_levels() {
        let all: Vec<u8> = (0..=255).cycle().take(JUDGED).collect();
        assert!(!pairs(&all, 1));
        let prices = (1..=9).map(price_of_speed).collect::<Vec<_>>();
        assert!(prices.is_sorted_by(|low, high| low >= high) && prices[8] == 0, "{prices:?}");
    }
}
