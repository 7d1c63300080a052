//! Learns a base that the user gives, before the groups that go on from it.

use super::coding::{capacity, verify};
use super::create::{CreateBase, CreateOptions};
use crate::archive::ArchiveError;
use crate::arith::refusal;
use crate::checksum::digest;
use crate::codec::{self, BaseState, Coding, CodingNumbers, EncodedFrom, Start};
use crate::container::{CODEC_GIVEN, GroupCoding};
use std::sync::Arc;

/// A base that was learnt, and what the archive holds of it.
pub(super) struct LearntBase {
    pub state: Arc<BaseState>,
    pub coding: GroupCoding,
    /// Its length in bytes.
    pub length: u64,
    pub payload: Vec<u8>,
}

/// Learns a base, with tables for `reach` bytes: base and longest group together. Costs what
/// coding a group of its length costs.
///
/// # Errors
/// [`ArchiveError::NoBase`] if it has to be in the archive and does not shrink;
/// [`ArchiveError::Codec`]; [`ArchiveError::Memory`].
pub(super) fn learn(
    base: &CreateBase,
    reach: u64,
    options: &CreateOptions,
) -> Result<LearntBase, ArchiveError> {
    let capacity = capacity(reach);
    refusal::attempt(|| match base.outside {
        true => outside(base, capacity, options),
        false => embedded(base, capacity, options),
    })?
}

/// The base is a group of the archive.
fn embedded(
    base: &CreateBase,
    capacity: u8,
    options: &CreateOptions,
) -> Result<LearntBase, ArchiveError> {
    let bytes = base.given.bytes();
    let start = Start::Capacity(capacity);
    let coded = codec::encode_group_from(bytes, &options.codec, start, true)?;
    if options.verify {
        verify(&coded, start, bytes.len(), digest(bytes))?;
    }
    let EncodedFrom { group, state, capacity, .. } = coded;
    let cause = "its bytes do not shrink, so that no group can go on from them within the archive";
    let state = Arc::new(state.ok_or(ArchiveError::NoBase { cause })?);
    let CodingNumbers { codec, filter, model } = group.coding.numbers();
    let coding = GroupCoding { codec, filter, model, base: None, capacity, is_base: true };
    Ok(LearntBase { state, coding, length: bytes.len() as u64, payload: group.payload })
}

/// The archive holds the digest of the base.
fn outside(
    base: &CreateBase,
    capacity: u8,
    options: &CreateOptions,
) -> Result<LearntBase, ArchiveError> {
    let bytes = base.given.bytes();
    let coding = Coding::of_known(bytes, &options.codec);
    let start = Start::Capacity(capacity);
    let state = Arc::new(BaseState::learn(coding, bytes, start, options.codec.isa)?);
    let CodingNumbers { filter, model, .. } = coding.numbers();
    let codec = CODEC_GIVEN;
    let coding = GroupCoding { codec, filter, model, base: None, capacity, is_base: true };
    let payload = base.given.digest().to_vec();
    Ok(LearntBase { state, coding, length: bytes.len() as u64, payload })
}
