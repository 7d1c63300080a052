//! Codes one group on a worker.

use crate::archive::write::create::CreateOptions;
use crate::checksum::{self, Digest};
use crate::codec::{self, BaseState, CodecError, EncodedFrom, ShippedBase};
use std::sync::Arc;

/// A coded group, and the shipped base that it goes on from.
pub(in crate::archive::write) type EncodedGroup = (EncodedFrom, Option<&'static ShippedBase>);

/// A group to be coded.
pub(in crate::archive::write) struct EncodeJob<'a> {
    pub raw: Vec<u8>,
    pub options: &'a CreateOptions,
    pub start: JobStart,
}

/// Where the model of a group starts.
pub(in crate::archive::write) enum JobStart {
    /// Anew.
    Alone,
    /// Anew, with tables for others too.
    Base { capacity: u8 },
    /// Behind a base.
    Behind(Arc<BaseState>),
    /// Behind a base that the user gave, if that is shorter.
    Given(Arc<BaseState>),
}

impl JobStart {
    fn for_codec(&self) -> codec::Start<'_> {
        match self {
            JobStart::Alone => codec::Start::Anew,
            JobStart::Base { capacity } => codec::Start::Capacity(*capacity),
            JobStart::Behind(state) | JobStart::Given(state) => codec::Start::Behind(state),
        }
    }
}

impl EncodeJob<'_> {
    /// Codes the group.
    pub fn work(self) -> Result<Option<EncodedGroup>, CodecError> {
        let EncodeJob { raw, options, start } = self;
        if raw.is_empty() {
            return Ok(None);
        }
        let length = raw.len();
        let keep = matches!(start, JobStart::Base { .. });
        // The codec consumes the bytes.
        let digest = options.verify.then(|| checksum::digest(&raw));
        let codec_start = start.for_codec();
        let (coded, shipped) = match start {
            JobStart::Alone if !options.independent => {
                codec::encode_group_shipped(raw, &options.codec)?
            }
            JobStart::Given(_) => encode_given(raw, options, codec_start)?,
            _ => (codec::encode_group_from(raw, &options.codec, codec_start, keep)?, None),
        };
        if let Some(digest) = digest {
            let state = shipped
                .map(|base| base.state(coded.group.coding, coded.capacity, options.codec.isa));
            let state = state.transpose()?;
            let start = state.as_ref().map_or(codec_start, codec::Start::Behind);
            verify(&coded, start, length, digest)?;
        }
        Ok(Some((coded, shipped)))
    }
}

/// Longest group, in bytes, that is also coded without the base that the user gave. A longer
/// one loses little by a base that does not suit it.
const TRIED_WITHOUT: usize = 1 << 18;

/// Codes a group behind a base that the user gave, or without it if that is shorter.
fn encode_given(
    raw: Vec<u8>,
    options: &CreateOptions,
    start: codec::Start,
) -> Result<EncodedGroup, CodecError> {
    if raw.len() > TRIED_WITHOUT {
        return Ok((codec::encode_group_from(raw, &options.codec, start, false)?, None));
    }
    let behind = codec::encode_group_from(&raw[..], &options.codec, start, false)?;
    let (alone, shipped) = codec::encode_group_shipped(raw, &options.codec)?;
    Ok(match behind.based && behind.group.payload.len() <= alone.group.payload.len() {
        true => (behind, None),
        false => (alone, shipped),
    })
}

/// Decodes a group that was just coded, and compares.
///
/// # Errors
/// [`CodecError::Damaged`] if it is not what it was.
pub(in crate::archive::write) fn verify(
    coded: &EncodedFrom,
    start: codec::Start,
    length: usize,
    digest: Digest,
) -> Result<(), CodecError> {
    let coding = coded.group.coding;
    let start = if coded.capacity == 0 { codec::Start::Anew } else { start };
    let decoded =
        codec::decode_group_from(coding, &coded.group.payload, length, length, start, false);
    if let Some(fault) = decoded.partial.fault {
        return Err(fault);
    }
    if checksum::digest(&decoded.partial.raw) != digest {
        let cause = "decoding the group does not restore it; this is a bug, please report it";
        return Err(CodecError::Damaged { codec: coding.codec().name(), offset: 0, cause });
    }
    Ok(())
}
