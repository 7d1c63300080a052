//! Groups behind a base: the model goes on where another group left it.
//!
//! Normative text: spec/codec.md §7.

use super::codecs::Encoded;
use super::filter::{Filter, Origin, State, that_pays};
use super::pear::Pear;
use super::{
    Codec, CodecError, CodecOptions, Coding, CodingNumbers, ContentKind, EncodedGroup, MOST_BYTES,
    Partial, check_length, chosen, decode_damaged, encode_group, samples, test_once,
};
use crate::arith::Isa;
use crate::model::{Contexts, Model};
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// Capacities: tables are made for 2^this symbols.
pub const CAPACITIES: RangeInclusive<u8> = 12..=32;

/// All that the groups behind a base start from: the model with everything that it has
/// learnt, its past, and the byte pairs.
///
/// Starting a group copies it. Shared by threads in an `Arc`.
pub struct BaseState {
    coding: Pear,
    capacity: u8,
    state: State,
}

/// Where the coding of a group starts.
#[derive(Clone, Copy)]
pub enum Start<'a> {
    /// From nothing, with tables for its own symbols.
    Anew,
    /// From nothing, with tables for `2^capacity` symbols: so that others can be coded
    /// behind it. The number is one of [`CAPACITIES`].
    Capacity(u8),
    /// Behind a base, whose tables it uses.
    Behind(&'a BaseState),
}

/// A group coded by [`encode_group_from`].
pub struct EncodedFrom {
    /// The group.
    pub group: EncodedGroup,
    /// Whether it is coded behind the base that was given.
    pub based: bool,
    /// Capacity that the section header stores: 0 if the tables are made for the group.
    pub capacity: u8,
    /// The state behind the group, if it was to be kept and others can be coded behind it.
    pub state: Option<BaseState>,
}

/// A group decoded by [`decode_group_from`].
pub struct DecodedFrom {
    /// What could be decoded.
    pub partial: Partial,
    /// The state behind the group, if it was to be kept and all of the group was decoded.
    pub state: Option<BaseState>,
}

impl BaseState {
    /// How the groups behind it are coded.
    pub fn coding(&self) -> Coding {
        Coding::Pear(self.coding)
    }

    /// Log2 of the number of symbols for which there are tables.
    pub fn capacity(&self) -> u8 {
        self.capacity
    }

    /// Symbols of its past: of the base, and of what the base itself is behind.
    pub fn length(&self) -> u64 {
        self.state.engine.length() as u64
    }

    /// Bytes of memory that it takes: an upper bound, at most 2 MiB too high.
    pub fn memory(&self) -> u64 {
        memory(self.coding, self.capacity) + self.length() + (1 << 20)
    }

    /// Makes the state behind bytes that are known and not coded, as if a group of them
    /// had been coded. Costs what coding them costs.
    ///
    /// # Errors
    /// [`CodecError::NoBase`] if `coding` cannot go on, or if its filter is `bpe`: byte
    /// pairs are read from the payload of a base. [`CodecError::OtherState`] if `start`
    /// has another coding; [`CodecError::Capacity`]; [`CodecError::TooLarge`];
    /// [`CodecError::SelfTest`].
    pub fn learn(
        coding: Coding,
        bytes: &[u8],
        start: Start,
        isa: Isa,
    ) -> Result<BaseState, CodecError> {
        let (coding, from, capacity) = begin(coding, start, bytes.len(), isa)?;
        test_once(Codec::Pear, isa)?;
        match coding.filter.learn(bytes, from) {
            Some(state) => Ok(BaseState { coding, capacity, state }),
            None => Err(CodecError::NoBase { codec: Codec::Pear.name() }),
        }
    }
}

/// The parts of a start that codec `pear` needs for a group of `length` bytes.
fn begin(
    coding: Coding,
    start: Start,
    length: usize,
    isa: Isa,
) -> Result<(Pear, Origin, u8), CodecError> {
    check_length(length as u64)?;
    let Coding::Pear(pear) = coding else {
        return Err(CodecError::NoBase { codec: coding.codec().name() });
    };
    match start {
        Start::Anew => Err(CodecError::Capacity { found: 0 }),
        Start::Capacity(capacity) => {
            let tables = Some(tables(capacity)?);
            Ok((pear, Origin::Anew(pear.model, isa, tables), capacity))
        }
        Start::Behind(base) if base.coding() != coding => {
            Err(CodecError::OtherState { state: base.coding().numbers(), group: coding.numbers() })
        }
        Start::Behind(base) => {
            check_length(base.length() + length as u64)?;
            Ok((pear, Origin::Behind(&base.state), base.capacity))
        }
    }
}

/// The number of symbols for which there are tables.
fn tables(capacity: u8) -> Result<usize, CodecError> {
    match CAPACITIES.contains(&capacity) {
        true => Ok(symbols(capacity)),
        false => Err(CodecError::Capacity { found: capacity }),
    }
}

/// The number of symbols of a capacity, at most [`MOST_BYTES`].
fn symbols(capacity: u8) -> usize {
    1usize.checked_shl(capacity.into()).unwrap_or(MOST_BYTES)
}

/// Bytes of an engine's tables.
fn memory(coding: Pear, capacity: u8) -> u64 {
    coding.model.state_memory(symbols(capacity))
}

/// Bytes that coding a group takes, in either direction, beside input and output and the
/// state that it starts from.
fn coding_memory(coding: Pear, capacity: u8, base_length: u64, raw_length: u64) -> u64 {
    memory(coding, capacity) + base_length + 3 * raw_length + (2 << 20)
}

/// Codes one group from `start` on; with `keep`, keeps the state behind it.
///
/// Behind a base the coding of the group is that of the base, whatever the options say.
/// But a group that does not suit it (of another kind, with byte values that its byte
/// pairs have not, or one that would not shrink) is coded anew or stored. No state is
/// kept of a group that starts with [`Start::Anew`], or that has another codec than
/// `pear`.
///
/// # Errors
/// Those of [`encode_group`]; [`CodecError::Capacity`]; [`CodecError::TooLarge`] if base
/// and group are too long together.
pub fn encode_group_from<'a>(
    raw: impl Into<Cow<'a, [u8]>>,
    options: &CodecOptions,
    start: Start,
    keep: bool,
) -> Result<EncodedFrom, CodecError> {
    let raw = raw.into();
    check_length(raw.len() as u64)?;
    let alone = |raw: Cow<[u8]>| {
        let group = encode_group(raw, options)?;
        Ok(EncodedFrom { group, based: false, capacity: 0, state: None })
    };
    let codec = chosen(&raw, options);
    if codec != Codec::Pear {
        return alone(raw);
    }
    test_once(codec, options.isa)?;
    let (based, capacity, (encoded, state)) = match start {
        Start::Anew => return alone(raw),
        Start::Capacity(capacity) => {
            let base = Some((tables(capacity)?, keep));
            (false, capacity, Pear::encode_anew(raw.into_owned(), options, base))
        }
        Start::Behind(base) => {
            check_length(base.length() + raw.len() as u64)?;
            if !suits(base.coding, &raw) {
                return alone(raw);
            }
            match base.coding.encode_behind(raw.into_owned(), &base.state, keep) {
                Ok(coded) => (true, base.capacity, coded),
                Err(raw) => return alone(raw.into()),
            }
        }
    };
    Ok(finished(encoded, state, based, capacity))
}

/// The result of a group that codec `pear` coded, or left as it was.
fn finished(
    encoded: Encoded<Pear>,
    state: Option<State>,
    based: bool,
    capacity: u8,
) -> EncodedFrom {
    let coding = match &encoded {
        Encoded::Payload(coding, _) => Some(*coding),
        Encoded::NotSmaller(_) => None,
    };
    let state = coding.zip(state).map(|(coding, state)| BaseState { coding, capacity, state });
    let (based, capacity) = if coding.is_some() { (based, capacity) } else { (false, 0) };
    EncodedFrom { group: encoded.into_group(Coding::Pear), based, capacity, state }
}

impl Coding {
    /// The coding of groups behind bytes that are known and not coded: `filter` and `model`
    /// as a section header stores them.
    ///
    /// # Errors
    /// [`CodecError::NoBase`] if the filter is `bpe`; otherwise as [`Coding::parse`].
    pub fn behind_known(filter: u8, model: u16) -> Result<Coding, CodecError> {
        let codec = Codec::Pear as u8;
        match Coding::parse(CodingNumbers { codec, filter, model })? {
            Coding::Pear(Pear { filter: Filter::Bpe, .. }) => {
                Err(CodecError::NoBase { codec: Codec::Pear.name() })
            }
            coding => Ok(coding),
        }
    }

    /// The coding of groups behind `bytes`, which are known and not coded: the model of the
    /// level, and the filter that pays if it needs no payload.
    pub fn of_known(bytes: &[u8], options: &CodecOptions) -> Coding {
        let contexts = samples::contexts(bytes);
        let filter = match contexts {
            Contexts::Binary => that_pays(bytes, contexts, options.level, options.isa).0,
            _ => Filter::None,
        };
        let filter = if filter == Filter::X86 { filter } else { Filter::None };
        Coding::Pear(Pear { filter, model: Model::of_level(options.level, contexts) })
    }
}

/// The kind of the groups that can go on behind `bytes`: text or binary.
pub fn kind_behind(bytes: &[u8]) -> ContentKind {
    match samples::contexts(bytes) {
        Contexts::Binary => ContentKind::Binary,
        _ => ContentKind::Text,
    }
}

/// Whether the contexts of a model are those for these bytes.
fn suits(coding: Pear, raw: &[u8]) -> bool {
    let binary = coding.model.contexts == Contexts::Binary;
    binary == (samples::contexts(raw) == Contexts::Binary)
}

/// Decodes as much as can be decoded of the first `wanted` bytes of a group that starts
/// at `start`; with `keep`, decodes all of it and keeps the state behind it.
///
/// A state is also returned if all bytes were decoded and the payload has a fault behind
/// them: compare the bytes with a digest before you use it. Never panics on any payload.
/// The fault is [`CodecError::NoBase`], [`CodecError::OtherState`] or
/// [`CodecError::Capacity`] if `start` is not one of this coding.
///
/// # Panics
/// If `wanted > raw_length`.
pub fn decode_group_from(
    coding: Coding,
    payload: &[u8],
    raw_length: usize,
    wanted: usize,
    start: Start,
    keep: bool,
) -> DecodedFrom {
    assert!(wanted <= raw_length);
    if let Start::Anew = start {
        let partial = decode_damaged(coding, payload, raw_length, wanted);
        return DecodedFrom { partial, state: None };
    }
    match begin(coding, start, raw_length, Isa::best()) {
        Ok((pear, from, capacity)) => {
            let (partial, state) = pear.filter.decode(payload, from, raw_length, wanted, keep);
            let state = state.map(|state| BaseState { coding: pear, capacity, state });
            DecodedFrom { partial, state }
        }
        Err(error) => DecodedFrom { partial: Partial::nothing(error), state: None },
    }
}

/// Bytes of memory that decoding a group with tables for `2^capacity` symbols takes,
/// beside payload and output and the state that it starts from, known before anything is
/// allocated. `base_length` is the [`BaseState::length`] of what it is behind, or an upper
/// bound; 0 without a base. With `keep` the result includes the state that is kept.
///
/// # Errors
/// [`CodecError::TooLarge`], [`CodecError::NoBase`], [`CodecError::Capacity`].
pub fn decode_memory_from(
    coding: Coding,
    capacity: u8,
    base_length: u64,
    raw_length: u64,
) -> Result<u64, CodecError> {
    check_length(raw_length)?;
    check_length(base_length.saturating_add(raw_length))?;
    let Coding::Pear(pear) = coding else {
        return Err(CodecError::NoBase { codec: coding.codec().name() });
    };
    tables(capacity)?;
    Ok(coding_memory(pear, capacity, base_length, raw_length))
}

/// Bytes of memory that coding a group takes beside input and payload and the state that
/// it starts from; see [`decode_memory_from`].
///
/// # Errors
/// [`CodecError::Capacity`].
pub fn encode_memory_from(
    options: &CodecOptions,
    capacity: u8,
    base_length: u64,
    raw_length: u64,
) -> Result<u64, CodecError> {
    tables(capacity)?;
    let model = Model::of_level(options.level, Contexts::Text);
    let pear = Pear { filter: Filter::None, model };
    let from = coding_memory(pear, capacity, base_length, raw_length);
    // A group that does not suit its base is coded anew.
    Ok(from.max(super::encode_memory(options, raw_length, false)))
}

/// Rough seconds of one core to copy a state and decode a group behind it.
pub fn decode_seconds_from(coding: Coding, capacity: u8, raw_length: u64) -> f64 {
    let copied = match coding {
        Coding::Pear(pear) => memory(pear, capacity),
        _ => 0,
    };
    coding.decode_seconds(raw_length) + copied as f64 / 2e9
}
