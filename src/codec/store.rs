//! Codec `store`. Normative text: spec/codec.md §2.1.

use super::codecs::{Encoded, GroupCodec, no_parameters};
use super::{CodecError, CodecOptions, Partial, damaged};
use std::borrow::Cow;

/// Codec `store`: the bytes as they are.
#[derive(Clone, Copy, Debug)]
pub struct Store;

impl GroupCodec for Store {
    const NUMBER: u8 = 0;
    const NAME: &'static str = "store";
    const ABOUT: &'static str = "No compression";

    fn parse(filter: u8, model: u16) -> Result<Self, CodecError> {
        no_parameters(Store, filter, model)
    }

    fn encode(raw: Cow<'_, [u8]>, _: &CodecOptions) -> Result<Encoded<Self>, CodecError> {
        Ok(Encoded::Payload(Store, raw.into_owned()))
    }

    fn decode(self, payload: &[u8], raw_length: usize, wanted: usize) -> Partial {
        let raw = payload[..wanted.min(payload.len())].to_vec();
        let differs = payload.len() != raw_length;
        Partial { raw, fault: differs.then(|| damaged(Self::NAME, "the decoded length is wrong")) }
    }

    fn encode_memory(_: &CodecOptions, raw_length: u64) -> u64 {
        raw_length
    }

    fn decode_memory(self, _: u64) -> u64 {
        0
    }

    fn decode_seconds(self, raw_length: u64) -> f64 {
        raw_length as f64 / 2e9
    }
}
