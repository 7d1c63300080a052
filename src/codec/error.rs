//! Why a group could not be coded or decoded.

use super::CodingNumbers;
use crate::error::ErrorKind;

/// Errors of the codec layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The section header has a codec that this version does not know.
    #[error("unknown codec {codec}: written by a newer pear-archive; upgrade to read it")]
    UnknownCodec {
        /// Number found in the section header.
        codec: u8,
    },
    /// The section header has a filter that this version does not know, or that its codec
    /// does not have.
    #[error("unknown filter {filter}: written by a newer pear-archive; upgrade to read it")]
    UnknownFilter {
        /// Number found in the section header.
        filter: u8,
    },
    /// The section header has a model that this version does not know, or that its codec
    /// does not have.
    #[error(
        "unknown model {model} of codec {codec}: written by a newer pear-archive; \
         upgrade to read it"
    )]
    UnknownModel {
        /// Name of the codec.
        codec: &'static str,
        /// Registered model id found in the section header.
        model: u16,
    },
    /// The codec was left out when this program was built.
    #[error("codec {codec} is not in this build; rebuild with cargo feature `{feature}`")]
    NotBuiltIn {
        /// Name of the codec.
        codec: &'static str,
        /// The cargo feature that builds it.
        feature: &'static str,
    },
    /// The payload is not one that its codec writes.
    #[error("damaged {codec} payload at byte {offset}: {cause}")]
    Damaged {
        /// Name of the codec.
        codec: &'static str,
        /// Byte offset in the payload, as near as it is known.
        offset: u64,
        /// What is wrong.
        cause: &'static str,
    },
    /// A block of codec `bpe`, or the merge table of filter `bpe`, is not one that the
    /// encoder writes.
    #[error("damaged bpe payload in the block at byte {offset}: {source}")]
    Bpe {
        /// Byte offset of the block in the payload.
        offset: u64,
        /// What is wrong.
        source: crate::bpe::BpeError,
    },
    /// A group is larger than a codec can take.
    #[error("a group of {found} bytes is larger than the {limit} bytes that a codec takes")]
    TooLarge {
        /// Size asked for.
        found: u64,
        /// Largest size.
        limit: u64,
    },
    /// The codec cannot go on behind a base, or not with its filter.
    #[error("codec {codec} cannot be coded behind a base as the section header says")]
    NoBase {
        /// Name of the codec.
        codec: &'static str,
    },
    /// A group is not coded as the base that it is behind.
    #[error("the group is coded by {group:?}, the base that it is behind by {state:?}")]
    OtherState {
        /// Numbers of the base.
        state: CodingNumbers,
        /// Numbers of the group.
        group: CodingNumbers,
    },
    /// A section header says that tables are made for a number of symbols that no group
    /// can have.
    #[error("capacity {found} is not in 12 ..= 32")]
    Capacity {
        /// Number found in the section header.
        found: u8,
    },
    /// This CPU does not compute what the specification says.
    #[error(
        "self-test failed: this CPU ({isa}) computes {what} differently from the specification; \
         please report it"
    )]
    SelfTest {
        /// Which computation differed.
        what: &'static str,
        /// Instruction set in use.
        isa: &'static str,
    },
    /// A library failed while encoding.
    #[error("{codec}: {source}")]
    Library {
        /// Name of the codec.
        codec: &'static str,
        /// What it said.
        source: std::io::Error,
    },
}

impl CodecError {
    /// What the failure means. A payload that zstd refuses is damaged: zstd gets
    /// nothing else that it could refuse.
    pub fn kind(&self) -> ErrorKind {
        match self {
            CodecError::UnknownCodec { .. }
            | CodecError::UnknownFilter { .. }
            | CodecError::UnknownModel { .. }
            | CodecError::NotBuiltIn { .. } => ErrorKind::Unsupported,
            CodecError::Damaged { .. }
            | CodecError::Bpe { .. }
            | CodecError::NoBase { .. }
            | CodecError::OtherState { .. }
            | CodecError::Capacity { .. } => ErrorKind::Integrity,
            CodecError::TooLarge { .. } => ErrorKind::Limit,
            CodecError::SelfTest { .. } | CodecError::Library { .. } => ErrorKind::Environment,
        }
    }
}
