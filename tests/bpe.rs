//! The byte-pair system: exact on every kind of data, the same merges as the
//! definition, and no bytes that harm the decoder.

use std::collections::HashMap;

use pear_archive::bpe::{
    BpeError, Decoder, Learner, MAX_EXPANSION, MergeTable, byte_values, learn, learn_short,
};
use proptest::prelude::*;

/// Returns pseudo-random bytes, the same in every run.
fn noise(length: usize, mut state: u64) -> Vec<u8> {
    let step = |_| {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        (state >> 56) as u8
    };
    (0..length).map(step).collect()
}

/// Returns words by rank, the first ones most often: similar to text.
fn words(length: usize, seed: u64) -> Vec<u8> {
    let vocabulary = ["the ", "of ", "and ", "aardvark ", "in ", "nnnn", "pear, ", "archive\n"];
    let draws = noise(length, seed);
    let text =
        draws.iter().flat_map(|&draw| vocabulary[(draw as usize * draw as usize) >> 13].bytes());
    text.take(length).collect()
}

fn distributions() -> Vec<(&'static str, Vec<u8>)> {
    let cycle = |period: usize, length: usize| (0..length).map(|i| (i % period) as u8).collect();
    let fourth = |byte: u8| (u32::from(byte).pow(4) >> 24) as u8;
    let skewed = noise(90_000, 5).into_iter().map(fourth).chain(0..=255).collect::<Vec<_>>();
    let mut runs = Vec::new();
    for (index, &draw) in noise(2_000, 9).iter().enumerate() {
        runs.extend(std::iter::repeat_n(draw & 3, 1 + index % 37));
    }
    vec![
        ("empty", Vec::new()),
        ("one byte", vec![7]),
        ("two bytes", vec![7, 7]),
        ("one value", vec![0; 100_003]),
        ("one value, odd", vec![255; 4095]),
        ("two values", noise(50_000, 1).into_iter().map(|byte| byte & 1).collect()),
        ("all 256 in order", cycle(256, 256)),
        ("all 256, periodic", cycle(256, 65_536)),
        ("periodic 3", cycle(3, 10_000)),
        ("periodic 251", cycle(251, 60_000)),
        ("random", noise(60_000, 2)),
        ("all 256, skewed", skewed),
        ("runs", runs),
        ("words", words(120_000, 3)),
        ("long repeats", noise(5_000, 4).repeat(20)),
    ]
}

fn round_trip(raw: &[u8]) -> Vec<u8> {
    let coded = Learner::new().encode_block(raw);
    let decoder = Decoder::parse(&coded).expect("own table");
    let decoded = decoder.decode(&coded[decoder.table_length()..], raw.len());
    assert!(decoded.expect("own symbols") == raw, "{} bytes", raw.len());
    coded
}

#[test]
fn every_distribution_comes_back() {
    for (name, raw) in distributions() {
        let coded = round_trip(&raw);
        println!("{name}: {} -> {}", raw.len(), coded.len());
        assert!(coded.len() <= raw.len() + 64, "{name}: {} -> {}", raw.len(), coded.len());
    }
}

#[test]
fn all_256_values_still_compress() {
    for name in ["all 256, skewed", "all 256, periodic"] {
        let (_, raw) = distributions().into_iter().find(|(found, _)| *found == name).unwrap();
        assert_eq!(byte_values(&raw), [true; 256]);
        assert!(round_trip(&raw).len() < raw.len() * 9 / 10, "{name}");
    }
}

#[test]
fn a_learner_gives_the_same_bytes_after_other_blocks() {
    let mut learner = Learner::new();
    for (name, raw) in distributions().iter().chain(distributions().iter().rev()) {
        assert_eq!(learner.encode_block(raw), Learner::new().encode_block(raw), "{name}");
    }
}

#[test]
fn a_table_encodes_its_sample_as_learned() {
    let mut learner = Learner::new();
    for (name, raw) in distributions() {
        let table = learner.learn(&raw, &byte_values(&raw), usize::MAX);
        let coded = learner.encode_block(&raw);
        assert_eq!(table.wire(), &coded[..table.wire().len()], "{name}");
        assert!(table.encode(&raw).unwrap() == coded[table.wire().len()..], "{name}");
    }
}

#[test]
fn a_table_of_a_sample_encodes_everything_else() {
    let sample = words(3_000, 11);
    let other = [words(2_000_000, 12), noise(3_000, 13)].concat();
    for most_merges in [0, 1, 16, 100, usize::MAX] {
        let table = learn(&sample, &byte_values(&other), most_merges);
        assert!(table.merges().len() <= most_merges);
        let symbols = table.encode(&other).unwrap();
        assert!(table.decoder().decode(&symbols, other.len()).unwrap() == other);
    }
    let table = learn(&sample, &byte_values(&sample), 16);
    assert_eq!(table.encode(b"the \x80"), Err(BpeError::ForeignByte { value: 0x80 }));
    let symbols = table.encode(&sample).unwrap();
    assert!(symbols.len() < sample.len() * 2 / 3);
    assert!(symbols.iter().all(|&symbol| !table.decoder().expansion(symbol).is_empty()));
}

#[test]
fn short_tables_code_each_symbol_as_one_byte_and_join_what_they_may() {
    let joins = |left: u8, right: u8| left != b' ' && right != b'a';
    for (name, raw) in distributions() {
        let table = learn_short(&raw, &byte_values(&raw), 50, joins);
        let coded = table.encode(&raw).unwrap();
        assert!(table.decoder().decode(&coded, raw.len()).unwrap() == raw, "{name}");
        for code in 0..=255 {
            let expansion = table.decoder().expansion(code);
            let uses = coded.iter().filter(|&&found| found == code).count();
            assert!(uses == 0 || !expansion.is_empty(), "{name}: {code} is a prefix");
            assert!(expansion.windows(2).all(|pair| joins(pair[0], pair[1])), "{name}: {code}");
        }
    }
}

#[test]
fn a_token_that_saves_little_has_no_code() {
    let raw = words(120_000, 3);
    let tokens = |least| {
        let table = learn_short(&raw, &byte_values(&raw), least, |_, _| true);
        (0..=255).filter(|&code| table.decoder().expansion(code).len() > 1).count()
    };
    assert!(tokens(0) > tokens(2_000) && tokens(2_000) > 0);
    assert_eq!(tokens(120_000), 0);
}

/// Counts the non-overlapping occurrences of every pair: the definition.
fn count_pairs(symbols: &[u16]) -> HashMap<(u16, u16), u32> {
    let mut counts = HashMap::new();
    let mut last = HashMap::new();
    for (place, pair) in symbols.windows(2).enumerate() {
        let pair = (pair[0], pair[1]);
        if last.get(&pair).is_none_or(|&last| last + 1 < place) {
            *counts.entry(pair).or_default() += 1;
            last.insert(pair, place);
        }
    }
    counts
}

fn replace(symbols: &[u16], (left, right): (u16, u16), token: u16) -> Vec<u16> {
    let mut replaced = Vec::new();
    let mut rest = symbols;
    while let [first, tail @ ..] = rest {
        let is_pair = *first == left && tail.first() == Some(&right);
        replaced.push(if is_pair { token } else { *first });
        rest = if is_pair { &tail[1..] } else { tail };
    }
    replaced
}

/// Applies a table by the definition: each merge must be one of the most frequent
/// pairs. Returns the coded bytes.
fn follow(table: &MergeTable, raw: &[u8]) -> Vec<u8> {
    let ids = |byte| table.literals().binary_search(byte).unwrap() as u16;
    let mut symbols = raw.iter().map(ids).collect::<Vec<_>>();
    let mut lengths = vec![1; table.literals().len()];
    for &(left, right) in table.merges() {
        let span = |pair: (u16, u16)| lengths[pair.0 as usize] + lengths[pair.1 as usize];
        let counts = count_pairs(&symbols);
        let fits = |pair: &&(u16, u16)| span(**pair) <= MAX_EXPANSION;
        let most = counts.keys().filter(fits).map(|pair| counts[pair]).max();
        assert_eq!(counts.get(&(left, right)).copied(), most);
        symbols = replace(&symbols, (left, right), lengths.len() as u16);
        lengths.push(span((left, right)));
    }
    symbols.iter().flat_map(|&symbol| table.code_word(symbol).to_vec()).collect()
}

#[test]
fn merges_are_those_of_the_definition() {
    for (name, raw) in distributions() {
        let raw = &raw[..raw.len().min(4_500)];
        let table = learn(raw, &byte_values(raw), usize::MAX);
        assert!(table.encode(raw).unwrap() == follow(&table, raw), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn small_alphabets_follow_the_definition(
        raw in (1u8..5).prop_flat_map(|top| prop::collection::vec(0..=top, 0..400)),
    ) {
        let table = learn(&raw, &byte_values(&raw), usize::MAX);
        prop_assert_eq!(table.encode(&raw).unwrap(), follow(&table, &raw));
        round_trip(&raw);
    }

    #[test]
    fn any_bytes_come_back(raw in prop::collection::vec(any::<u8>(), 0..3000)) {
        round_trip(&raw);
    }

    #[test]
    fn any_bytes_decode_or_fail_cleanly(
        bytes in prop::collection::vec(any::<u8>(), 0..600), length in 0usize..5000,
    ) {
        if let Ok(decoder) = Decoder::parse(&bytes) {
            let _ = decoder.decode(&bytes[decoder.table_length()..], length);
        }
    }

    #[test]
    fn damaged_blocks_decode_or_fail_cleanly(
        seed in any::<u64>(), at in any::<prop::sample::Index>(), flip in 1u8..,
    ) {
        let raw = words(3000, seed);
        let mut coded = Learner::new().encode_block(&raw);
        let at = at.index(coded.len());
        coded[at] ^= flip;
        if let Ok(decoder) = Decoder::parse(&coded) {
            let decoded = decoder.decode(&coded[decoder.table_length()..], raw.len());
            prop_assert!(decoded.is_err() || decoded.is_ok_and(|decoded| decoded.len() == raw.len()));
        }
    }
}

/// A writer of bits as in spec/bpe.md §2.
struct Bits(Vec<bool>);

impl Bits {
    fn gamma(mut self, value: u32) -> Self {
        let low_bits = value.ilog2();
        self.0.extend((0..low_bits).map(|_| false));
        self.0.push(true);
        self.0.extend((0..low_bits).map(|index| value >> index & 1 == 1));
        self
    }

    fn subset(mut self, members: &[u32], universe: u32) -> Self {
        self = self.gamma(members.len() as u32 + 1);
        let low_bits = (universe / members.len().max(1) as u32).max(1).ilog2();
        let mut least = 0;
        for &member in members {
            let gap = member - least;
            self.0.extend((0..gap >> low_bits).map(|_| false));
            self.0.push(true);
            self.0.extend((0..low_bits).map(|index| gap >> index & 1 == 1));
            least = member + 1;
        }
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let fold =
            |bits: &[bool]| bits.iter().rev().fold(0, |byte, &bit| byte << 1 | u8::from(bit));
        self.0.chunks(8).map(fold).collect()
    }
}

/// Starts the table of the one literal `a`, before its waves.
fn only_a() -> Bits {
    Bits(Vec::new()).gamma(98).gamma(1).gamma(158)
}

#[test]
fn a_hand_made_table_decodes() {
    // aa, then (aa)(aa); free values from 0: aa = 0, aaaa = 1.
    let table = only_a().subset(&[0], 1).subset(&[3], 4).subset(&[], 9).subset(&[], 2).bytes();
    assert_eq!(table, [0x40, 0x31, 0xa0, 0x47, 0xf5, 0x01], "the example of spec/bpe.md");
    let decoder = Decoder::parse(&table).unwrap();
    assert_eq!(decoder.table_length(), table.len());
    assert_eq!(decoder.decode(&[0x01, 0x00, 0x61], 7).unwrap(), b"aaaaaaa");
    assert_eq!(decoder.decode(&[1, 2], 7), Err(BpeError::UndefinedCode { at: 4 }));
    assert_eq!(decoder.decode(&[1], 5), Err(BpeError::LengthDiffers { expected: 5 }));
    assert_eq!(decoder.decode(&[1], 3), Err(BpeError::LengthDiffers { expected: 3 }));
    assert_eq!(decoder.decode(&[1; 99], 3), Err(BpeError::LengthDiffers { expected: 3 }));
    for length in 0..table.len() {
        assert_eq!(Decoder::parse(&table[..length]).err(), Some(BpeError::TableTruncated));
    }
}

#[test]
fn exponential_expansion_is_refused() {
    let mut bits = only_a();
    for known in 1..20 {
        bits = bits.subset(&[known * known - 1], known * known);
    }
    let error = Decoder::parse(&bits.bytes()).err();
    assert_eq!(error, Some(BpeError::TokenTooLong { found: 8192, limit: MAX_EXPANSION }));
}

#[test]
fn numbers_out_of_range_are_refused() {
    let is_refused = |bits: Bits| {
        let error = Decoder::parse(&bits.bytes()).err();
        assert!(matches!(error, Some(BpeError::TableNumber { .. })), "{error:?}");
    };
    // More byte values than 256; more tokens than pairs; a pair of unknown symbols;
    // more symbols than are allowed.
    is_refused(Bits(Vec::new()).gamma(98).gamma(160).gamma(1).gamma(1));
    is_refused(only_a().gamma(3).gamma(1));
    is_refused(only_a().subset(&[0], 1).subset(&[5], 4).gamma(1).gamma(1));
    is_refused(only_a().gamma(40_000).gamma(1));
    is_refused(only_a().gamma(1 << 18));
    assert_eq!(Decoder::parse(&[0; 9]).err().map(|_| ()), Some(()));
    assert_eq!(Decoder::parse(&[]).err(), Some(BpeError::TableTruncated));
}

#[test]
fn codes_that_do_not_fit_are_refused() {
    // 257 symbols share one prefix, but all claim short codes.
    let all = (0..257).collect::<Vec<_>>();
    let table = Bits(Vec::new())
        .gamma(1)
        .gamma(256)
        .subset(&[0], 65_536)
        .subset(&[], 257 * 257)
        .subset(&[], 1)
        .subset(&all, 257)
        .bytes();
    assert_eq!(Decoder::parse(&table).err(), Some(BpeError::TableCrowded { symbols: 257 }));
}

#[test]
fn padding_must_be_zero() {
    let mut table = [0x40, 0x31, 0xa0, 0x47, 0xf5, 0x01];
    for bit in 1..8 {
        table[5] = 0x01 | 1 << bit;
        assert_eq!(Decoder::parse(&table).err(), Some(BpeError::TablePadding));
    }
}
