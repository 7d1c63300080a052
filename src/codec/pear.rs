//! Codec `pear`: a filter, then the PEAR engine. Normative text: spec/codec.md §2.3.

use super::codecs::{Encoded, GroupCodec};
use super::filter::{self, Filter};
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

/// First bytes of the digest of the self-test's payloads.
const KNOWN_ANSWER: [u8; 8] = [107, 65, 216, 215, 26, 185, 144, 56];

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

    /// Applies the filter that pays, then the model of the level. The group is in
    /// memory once: as bytes, then as symbols, which the engine takes for its past.
    fn encode(raw: Cow<'_, [u8]>, options: &CodecOptions) -> Result<Encoded<Self>, CodecError> {
        let (raw, isa) = (raw.into_owned(), options.isa);
        let length = raw.len();
        let contexts = samples::contexts(&raw);
        let (filter, prepared) = filter::that_pays(&raw, contexts, options.level, isa);
        let model = Model::of_level(options.level, prepared.contexts(contexts));
        let (payload, symbols) = prepared.encode(prepared.apply(raw), model, isa);
        Ok(match payload.len() < length {
            true => Encoded::Payload(Pear { filter, model }, payload),
            false => Encoded::NotSmaller(prepared.undo(symbols, length)),
        })
    }

    fn decode(self, payload: &[u8], raw_length: usize, wanted: usize) -> Partial {
        self.filter.decode(payload, self.model, raw_length, wanted)
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

    /// Codes a short text by three models; the digest of the payloads is part of the
    /// specification (spec/codec.md §6).
    fn self_test(isa: Isa) -> Result<(), CodecError> {
        let sample: Vec<u8> = (0u32..600)
            .flat_map(|i| (i.wrapping_mul(2_654_435_761) >> 24).to_le_bytes().into_iter().take(2))
            .chain(
                b"The same bits on every CPU, for ever. The same bits on every thread.".repeat(8),
            )
            .collect();
        let mut hasher = blake3::Hasher::new();
        for id in [2, 4, 10] {
            let model = Model::of_id(id).expect("models 1 to 15 are registered");
            let (payload, _) = symbols::encode(sample.clone(), model, Spelling::default(), isa);
            hasher.update(&payload);
        }
        match hasher.finalize().as_bytes()[..8] == KNOWN_ANSWER {
            true => Ok(()),
            false => Err(CodecError::SelfTest { what: Self::NAME, isa: isa.name() }),
        }
    }
}
