//! Codec `jpeg`. Normative text: spec/codec.md §2.4.

use super::codecs::{Encoded, GroupCodec, no_parameters};
use super::{CodecError, CodecOptions, Partial, damaged};
use crate::jpeg;
use std::borrow::Cow;

/// Codec `jpeg`: JPEG files by Lepton, each as small as it gets without its neighbours.
#[derive(Clone, Copy, Debug)]
pub struct Jpeg;

impl GroupCodec for Jpeg {
    const NUMBER: u8 = 6;
    const NAME: &'static str = "jpeg";
    const ABOUT: &'static str = "JPEG files: their Huffman codes by better ones";

    fn parse(filter: u8, model: u16) -> Result<Self, CodecError> {
        no_parameters(Jpeg, filter, model)
    }

    fn encode(raw: Cow<'_, [u8]>, _: &CodecOptions) -> Result<Encoded<Self>, CodecError> {
        Ok(match jpeg::encode(&raw) {
            Some(payload) => Encoded::Payload(Jpeg, payload),
            None => Encoded::NotSmaller(raw.into_owned()),
        })
    }

    fn decode(self, payload: &[u8], raw_length: usize, wanted: usize) -> Partial {
        let (raw, fault) = jpeg::decode(payload, raw_length, wanted);
        Partial { raw, fault: fault.map(|jpeg::Fault(cause)| damaged(Self::NAME, cause)) }
    }

    fn encode_memory(_: &CodecOptions, raw_length: u64) -> u64 {
        jpeg::encode_memory(raw_length)
    }

    fn decode_memory(self, raw_length: u64) -> u64 {
        jpeg::decode_memory(raw_length)
    }

    fn decode_seconds(self, raw_length: u64) -> f64 {
        raw_length as f64 / 9e6
    }
}
