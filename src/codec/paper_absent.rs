//! Stands in for codec `pear-paper` if the cargo feature `paper` is off.

use super::codecs::{Encoded, GroupCodec};
use super::{CodecError, CodecOptions, Partial};
use std::borrow::Cow;

/// Codec `pear-paper`, which is not built in: no group can be coded with it.
#[derive(Clone, Copy, Debug)]
pub enum PearPaper {}

const ABSENT: CodecError = CodecError::NotBuiltIn { codec: PearPaper::NAME, feature: "paper" };

impl GroupCodec for PearPaper {
    const NUMBER: u8 = 4;
    const NAME: &'static str = "pear-paper";
    const ABOUT: &'static str = "The PEAR network as published: not built in";

    fn parse(_: u8, _: u16) -> Result<Self, CodecError> {
        Err(ABSENT)
    }

    fn encode(_: Cow<'_, [u8]>, _: &CodecOptions) -> Result<Encoded<Self>, CodecError> {
        Err(ABSENT)
    }

    fn decode(self, _: &[u8], _: usize, _: usize) -> Partial {
        match self {}
    }

    fn encode_memory(_: &CodecOptions, _: u64) -> u64 {
        0
    }

    fn decode_memory(self, _: u64) -> u64 {
        match self {}
    }

    fn decode_seconds(self, _: u64) -> f64 {
        match self {}
    }
}
