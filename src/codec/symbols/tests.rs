//! Encoder, decoder and every instruction set hold the same state: where they do not,
//! the test names the place and the part.

use super::*;
use crate::model::engine::digest::Digests;
use crate::model::{Class, Contexts};
use std::cell::RefCell;

/// Symbols from one comparison to the next.
const STEP: usize = 4096;

thread_local! {
    /// Digests after every `STEP` symbols, while `recorded` runs.
    static RECORD: RefCell<Option<Vec<Digests>>> = const { RefCell::new(None) };
}

/// Called after every symbol of every group.
pub(super) fn after_symbol<S: Simd>(engine: &impl Predictor<S>) {
    RECORD.with_borrow_mut(|record| {
        if let Some(record) = record
            && engine.past().len().is_multiple_of(STEP)
        {
            record.push(engine.digests());
        }
    });
}

/// Runs `code` and records the digests of its engine.
fn recorded<T>(code: impl FnOnce() -> T) -> (T, Vec<Digests>) {
    RECORD.set(Some(Vec::new()));
    let output = code();
    (output, RECORD.take().unwrap_or_default())
}

/// The first difference of two records: symbols coded, and the parts that differ.
fn first_difference(a: &[Digests], b: &[Digests]) -> Option<(usize, Vec<&'static str>)> {
    let differs = |(a, b): (&Digests, &Digests)| {
        let parts = a.iter().zip(b).filter(|(a, b)| a != b).map(|(a, _)| a.0);
        parts.collect::<Vec<_>>()
    };
    let steps = a.iter().zip(b).map(differs);
    let mut steps = (1..).map(|step| step * STEP).zip(steps);
    steps.find(|(_, parts)| !parts.is_empty())
}

/// Lines with words, numbers and markup, something like machine code, and a copy of all.
fn sample() -> Vec<u8> {
    let mut raw = Vec::new();
    for n in 0..90u32 {
        let number = n.wrapping_mul(2_654_435_761);
        let line = format!("<item n=\"{number}\">a pear, {} apples and a plum</item>\n", n % 7);
        raw.extend_from_slice(line.as_bytes());
        raw.extend_from_slice(&[0x55, 0x48, 0x89, 0xE5, 0xE8, n as u8, 1, 0, 0, 0x0F, 0xB6]);
    }
    raw.extend_from_within(..);
    raw.truncate(2 * STEP + 300);
    raw
}

fn encoded(raw: &[u8], model: Model, isa: Isa) -> (Vec<u8>, Vec<Digests>) {
    recorded(|| encode(raw.to_vec(), model, Spelling::default(), isa).0)
}

fn anew(model: Model, isa: Isa) -> Begin<'static> {
    Begin::Anew { model, spelling: Spelling::default(), isa, tables: None }
}

fn models() -> impl Iterator<Item = Model> {
    let lists = [Contexts::Text, Contexts::Binary];
    let levels = Class::ALL.iter().map(|class| class.size().last_level);
    levels.flat_map(move |level| lists.map(|contexts| Model::of_level(level, contexts)))
}

#[test]
fn encoder_decoder_and_instruction_sets_hold_the_same_state_at_every_4_kb() {
    let raw = sample();
    for model in models() {
        let (payload, want) = encoded(&raw, model, Isa::SCALAR);
        assert_eq!(want.len(), raw.len() / STEP);
        for isa in Isa::available() {
            let (coded, encoder) = encoded(&raw, model, isa);
            let (decoded, decoder) =
                recorded(|| decode_from(&payload, anew(model, isa), raw.len(), raw.len(), false).0);
            for (name, record) in [("encoder", encoder), ("decoder", decoder)] {
                let difference = first_difference(&want, &record);
                assert_eq!(difference, None, "model {}, {name}, {}", model.id, isa.name());
            }
            assert!(coded == payload && decoded.raw == raw && decoded.fault.is_none());
        }
    }
}

#[test]
fn behind_a_base_too_and_the_state_of_the_base_stays_as_it_is() {
    let raw = sample();
    // The base ends within a word and within what the group repeats.
    let (base, group) = raw.split_at(STEP / 2 + 77);
    let begin = |model, isa| Begin::Anew {
        model,
        spelling: Spelling::default(),
        isa,
        tables: Some(1 << 12),
    };
    for model in models() {
        let mut first = None;
        for isa in Isa::available() {
            let coded = encode_from(base.to_vec(), begin(model, isa), true);
            let (decoded, kept) =
                decode_from(&coded.code, begin(model, isa), base.len(), base.len(), true);
            assert!(decoded.raw == base && decoded.fault.is_none());
            let [encoders, decoders] = [coded.behind, kept].map(Option::unwrap);
            let code = || encode_from(group.to_vec(), Begin::Behind(&encoders), false).code;
            let (payload, encoder) = recorded(code);
            let (decoded, decoder) = recorded(|| {
                let begin = Begin::Behind(&decoders);
                decode_from(&payload, begin, group.len(), group.len(), false).0
            });
            assert!(decoded.raw == group && decoded.fault.is_none());
            assert!(code() == payload, "the state has changed");
            let (want, same) = first.get_or_insert((encoder.clone(), payload.clone()));
            assert_eq!((want.len(), &payload), (2, &*same));
            for (name, record) in [("encoder", encoder), ("decoder", decoder)] {
                let difference = first_difference(want, &record);
                assert_eq!(difference, None, "model {}, {name}, {}", model.id, isa.name());
            }
        }
    }
}

#[test]
fn a_divergence_is_located_and_shows_in_every_part() {
    let raw = sample();
    let mut other = raw.clone();
    // The second one is among the symbols that the last contexts see.
    other[STEP + 70] ^= 4;
    other[2 * STEP - 2] ^= 4;
    let mut diverged = Vec::new();
    let mut names = Vec::new();
    for model in models() {
        let [a, b] = [&raw, &other].map(|raw| encoded(raw, model, Isa::SCALAR).1);
        let (symbols, parts) = first_difference(&a, &b).unwrap();
        assert_eq!(symbols, 2 * STEP, "model {}", model.id);
        diverged.extend(parts);
        names.extend(a[0].iter().map(|part| part.0));
    }
    for name in names {
        assert!(diverged.contains(&name), "{name} has a digest that never changes");
    }
}
