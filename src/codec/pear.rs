//! Codec `pear`: a filter, then the PEAR engine. Normative text: spec/codec.md §2.3.

use super::codecs::{Encoded, GroupCodec};
use super::filter::{self, Filter, Origin, Prepared, State};
use super::{CodecError, CodecOptions, Partial, samples, symbols};
use crate::arith::Isa;
use crate::model::{Contexts, Model, Spelling};
use std::borrow::Cow;

/// Codec `pear`: the PEAR engine, a model that learns while it codes.
#[derive(Clone, Copy, Debug)]
pub struct Pear {
    /// What was applied before the engine.
    pub filter: Filter,
    /// The registered model.
    pub model: Model,
}

/// Of a group that others are to be coded behind: for how many symbols it has tables, and
/// whether the state behind it is to be kept.
pub(super) type Base = (usize, bool);

impl Pear {
    /// Codes a group with a fresh model: applies the filter that pays, then the model of
    /// the level. The group is in memory once: as bytes, then as symbols, which the engine
    /// takes for its past.
    pub(super) fn encode_anew(
        raw: Vec<u8>,
        options: &CodecOptions,
        base: Option<Base>,
    ) -> (Encoded<Pear>, Option<State>) {
        let isa = options.isa;
        let contexts = samples::contexts(&raw);
        let (filter, mut prepared) = filter::that_pays(&raw, contexts, options.level, isa);
        if base.is_some() {
            prepared = prepared.for_others(&raw);
        }
        let model = Model::of_level(options.level, prepared.contexts(contexts));
        let (tables, keep) = base.map_or((None, false), |(tables, keep)| (Some(tables), keep));
        let from = Origin::Anew(model, isa, tables);
        Pear { filter, model }.encode_prepared(raw, &*prepared, from, keep)
    }

    /// Codes a group behind `state`, which this coding has left.
    ///
    /// # Errors
    /// The bytes, if they cannot be coded there.
    pub(super) fn encode_behind(
        self,
        raw: Vec<u8>,
        state: &State,
        keep: bool,
    ) -> Result<(Encoded<Pear>, Option<State>), Vec<u8>> {
        match self.filter.prepare_behind(&raw, state) {
            Some(prepared) => {
                Ok(self.encode_prepared(raw, &*prepared, Origin::Behind(state), keep))
            }
            None => Err(raw),
        }
    }

    fn encode_prepared(
        self,
        raw: Vec<u8>,
        prepared: &dyn Prepared,
        from: Origin,
        keep: bool,
    ) -> (Encoded<Pear>, Option<State>) {
        let length = raw.len();
        let coded = prepared.encode(prepared.apply(raw), from, keep);
        match coded.payload.len() < length {
            true => (Encoded::Payload(self, coded.payload), coded.state),
            false => (Encoded::NotSmaller(prepared.undo(coded.symbols, length)), None),
        }
    }
}

/// First bytes of the digest of the self-test's payloads.
const KNOWN_ANSWER: [u8; 8] = [204, 125, 248, 204, 40, 164, 168, 238];

impl GroupCodec for Pear {
    const NUMBER: u8 = 3;
    const NAME: &'static str = "pear";
    const ABOUT: &'static str = "The learned model";

    fn parse(filter: u8, model: u16) -> Result<Self, CodecError> {
        let model =
            Model::of_id(model).ok_or(CodecError::UnknownModel { codec: Self::NAME, model })?;
        Ok(Pear { filter: Filter::parse(filter)?, model })
    }

    fn filter(self) -> u8 {
        self.filter.number()
    }

    fn model(self) -> u16 {
        self.model.id
    }

    fn encode(raw: Cow<'_, [u8]>, options: &CodecOptions) -> Result<Encoded<Self>, CodecError> {
        Ok(Pear::encode_anew(raw.into_owned(), options, None).0)
    }

    fn decode(self, payload: &[u8], raw_length: usize, wanted: usize) -> Partial {
        let from = Origin::Anew(self.model, Isa::best(), None);
        self.filter.decode(payload, from, raw_length, wanted, false).0
    }

    fn encode_memory(options: &CodecOptions, raw_length: u64) -> u64 {
        // Once more for the symbols while the bytes are still there; the engine, which
        // takes the symbols as they are, comes after that.
        let model = Model::of_level(options.level, Contexts::Text);
        model.memory(raw_length as usize) + raw_length
    }

    fn decode_memory(self, raw_length: u64) -> u64 {
        self.model.memory(raw_length as usize) + raw_length
    }

    fn decode_seconds(self, raw_length: u64) -> f64 {
        raw_length as f64 / self.model.class.size().bytes_per_second
    }

    /// Codes a short text by four models; the digest of the payloads is part of the
    /// specification (spec/codec.md §6).
    fn self_test(isa: Isa) -> Result<(), CodecError> {
        let sample: Vec<u8> = (0u32..600)
            .flat_map(|i| (i.wrapping_mul(2_654_435_761) >> 24).to_le_bytes().into_iter().take(2))
            .chain(
                b"The same bits on every CPU, for ever. The same bits on every thread.".repeat(8),
            )
            .collect();
        let mut hasher = blake3::Hasher::new();
        for id in [2, 4, 10, 17] {
            let model = Model::of_id(id).expect("these models are registered");
            let (payload, _) = symbols::encode(sample.clone(), model, Spelling::default(), isa);
            hasher.update(&payload);
        }
        match hasher.finalize().as_bytes()[..8] == KNOWN_ANSWER {
            true => Ok(()),
            false => Err(CodecError::SelfTest { what: Self::NAME, isa: isa.name() }),
        }
    }
}
