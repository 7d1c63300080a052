//! The list of codecs, and the numbers of a section header ⇄ [`Coding`].
//!
//! A codec is a file with a type that implements [`GroupCodec`], and its line in the
//! list below. Names, numbers, help texts and dispatch follow from the list.

use super::{CodecError, CodecOptions, EncodedGroup, Partial};
use crate::arith::Isa;
use std::borrow::Cow;

/// A codec. A value holds the parameters of one coded group.
///
/// Lengths are at most [`super::MOST_BYTES`]; callers check it.
pub(super) trait GroupCodec: Copy {
    /// Number in the container.
    const NUMBER: u8;
    /// Name in messages and on the command line.
    const NAME: &'static str;
    /// What it is for, as `--help` says it: no full stop.
    const ABOUT: &'static str;

    /// Reads the parameters. Most codecs have none.
    ///
    /// # Errors
    /// [`CodecError::UnknownFilter`], [`CodecError::UnknownModel`],
    /// [`CodecError::NotBuiltIn`].
    fn parse(filter: u8, model: u16) -> Result<Self, CodecError>;

    /// Number of the filter applied before the codec.
    fn filter(self) -> u8 {
        0
    }

    /// Registered model id.
    fn model(self) -> u16 {
        0
    }

    /// Codes a group.
    ///
    /// # Errors
    /// [`CodecError::Library`], [`CodecError::NotBuiltIn`], [`CodecError::Damaged`].
    fn encode(raw: Cow<'_, [u8]>, options: &CodecOptions) -> Result<Encoded<Self>, CodecError>;

    /// Decodes the first `wanted` of `raw_length` bytes, or what can be decoded of
    /// them. Never panics on any payload.
    fn decode(self, payload: &[u8], raw_length: usize, wanted: usize) -> Partial;

    /// Bytes of memory that encoding takes beside input and payload.
    fn encode_memory(options: &CodecOptions, raw_length: u64) -> u64;

    /// Bytes of memory that decoding takes beside payload and output.
    fn decode_memory(self, raw_length: u64) -> u64;

    /// Rough seconds that one core takes to decode a group.
    fn decode_seconds(self, raw_length: u64) -> f64;

    /// Known-answer test of the arithmetic that decides bytes, if there is any.
    ///
    /// # Errors
    /// [`CodecError::SelfTest`].
    fn self_test(_: Isa) -> Result<(), CodecError> {
        Ok(())
    }
}

/// What a codec made of a group.
pub(super) enum Encoded<C> {
    /// The parameters and the payload.
    Payload(C, Vec<u8>),
    /// The bytes of the group: they did not shrink, and are to be stored.
    NotSmaller(Vec<u8>),
}

/// Refuses parameters that a codec without filters and models does not have.
pub(super) fn no_parameters<C: GroupCodec>(
    coding: C,
    filter: u8,
    model: u16,
) -> Result<C, CodecError> {
    match (filter, model) {
        (0, 0) => Ok(coding),
        (0, model) => Err(CodecError::UnknownModel { codec: C::NAME, model }),
        (filter, _) => Err(CodecError::UnknownFilter { filter }),
    }
}

/// How a group is coded, as a section header stores it: not yet known to be valid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CodingNumbers {
    /// Number of the codec.
    pub codec: u8,
    /// Number of the filter applied before the codec.
    pub filter: u8,
    /// Registered model id; 0 for codecs without models.
    pub model: u16,
}

macro_rules! codecs {
    ($($module:ident::$name:ident,)*) => {
        $(pub use super::$module::$name;)*

        /// The codecs; as an integer, their numbers in the container.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Codec {
            $(#[doc = concat!("See [`struct@", stringify!($name), "`].")]
            $name = <$name>::NUMBER,)*
        }

        /// How a group is coded: its codec with its parameters, all known to this version.
        #[derive(Clone, Copy, Debug)]
        pub enum Coding {
            $(#[doc = concat!("By [`struct@", stringify!($name), "`].")]
            $name($name),)*
        }

        impl Codec {
            /// All codecs, by number.
            pub const ALL: &[Codec] = &[$(Codec::$name,)*];

            /// Name in messages and on the command line.
            pub fn name(self) -> &'static str {
                match self { $(Codec::$name => <$name>::NAME,)* }
            }

            /// What the codec is for, in one line without a full stop.
            pub fn about(self) -> &'static str {
                match self { $(Codec::$name => <$name>::ABOUT,)* }
            }

            fn parse(self, filter: u8, model: u16) -> Result<Coding, CodecError> {
                match self { $(Codec::$name => <$name>::parse(filter, model).map(Coding::$name),)* }
            }

            /// See [`GroupCodec::encode`].
            pub(super) fn encode(
                self,
                raw: Cow<'_, [u8]>,
                options: &CodecOptions,
            ) -> Result<EncodedGroup, CodecError> {
                match self {
                    $(Codec::$name => <$name>::encode(raw, options)
                        .map(|encoded| encoded.into_group(Coding::$name)),)*
                }
            }

            /// See [`GroupCodec::encode_memory`].
            pub(super) fn encode_memory(self, options: &CodecOptions, raw_length: u64) -> u64 {
                match self { $(Codec::$name => <$name>::encode_memory(options, raw_length),)* }
            }

            /// See [`GroupCodec::self_test`].
            pub(super) fn self_test(self, isa: Isa) -> Result<(), CodecError> {
                match self { $(Codec::$name => <$name>::self_test(isa),)* }
            }
        }

        impl Coding {
            /// The codec.
            pub fn codec(self) -> Codec {
                match self { $(Coding::$name(_) => Codec::$name,)* }
            }

            /// The numbers that a section header stores.
            pub fn numbers(self) -> CodingNumbers {
                let (filter, model) = match self {
                    $(Coding::$name(coding) => (coding.filter(), coding.model()),)*
                };
                CodingNumbers { codec: self.codec() as u8, filter, model }
            }

            /// See [`GroupCodec::decode`].
            pub(super) fn decode(self, payload: &[u8], raw_length: usize, wanted: usize) -> Partial {
                match self { $(Coding::$name(coding) => coding.decode(payload, raw_length, wanted),)* }
            }

            /// See [`GroupCodec::decode_memory`].
            pub(super) fn decode_memory(self, raw_length: u64) -> u64 {
                match self { $(Coding::$name(coding) => coding.decode_memory(raw_length),)* }
            }

            /// See [`GroupCodec::decode_seconds`].
            pub(super) fn decode_seconds(self, raw_length: u64) -> f64 {
                match self { $(Coding::$name(coding) => coding.decode_seconds(raw_length),)* }
            }
        }
    };
}

// By number; 5 is no codec but a base that the reader is given (spec/container.md §4.3).
// A number is never given again.
codecs! {
    store::Store,
    zstd::Zstd,
    bpe::Bpe,
    pear::Pear,
    paper::PearPaper,
    jpeg::Jpeg,
    image::Image,
    audio::Audio,
}

impl Coding {
    /// Reads the numbers of a section header.
    ///
    /// # Errors
    /// [`CodecError::UnknownCodec`], [`CodecError::UnknownFilter`],
    /// [`CodecError::UnknownModel`], [`CodecError::NotBuiltIn`].
    pub fn parse(numbers: CodingNumbers) -> Result<Coding, CodecError> {
        let CodingNumbers { codec, filter, model } = numbers;
        let known = Codec::of_number(codec).ok_or(CodecError::UnknownCodec { codec })?;
        known.parse(filter, model)
    }
}

impl Codec {
    /// The codec of this number, `None` if this version does not know it.
    pub fn of_number(number: u8) -> Option<Codec> {
        Codec::ALL.iter().copied().find(|&codec| codec as u8 == number)
    }
}

impl PartialEq for Coding {
    fn eq(&self, other: &Coding) -> bool {
        self.numbers() == other.numbers()
    }
}

impl Eq for Coding {}

impl<C> Encoded<C> {
    pub(super) fn into_group(self, coding: impl FnOnce(C) -> Coding) -> EncodedGroup {
        match self {
            Encoded::Payload(parameters, payload) => {
                EncodedGroup { coding: coding(parameters), payload }
            }
            Encoded::NotSmaller(raw) => EncodedGroup { coding: Coding::Store(Store), payload: raw },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn numbers_and_codings_are_the_same_in_both_directions() {
        let mut known = Vec::new();
        for codec in 0..=u8::MAX {
            for (filter, model) in (0..=4).flat_map(|filter| (0..=20).map(move |m| (filter, m))) {
                let numbers = CodingNumbers { codec, filter, model };
                match Coding::parse(numbers) {
                    Ok(coding) => {
                        assert_eq!(coding.numbers(), numbers);
                        assert_eq!(coding.codec() as u8, codec);
                        known.push(coding.codec());
                    }
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported, "{numbers:?}"),
                }
            }
        }
        let built_in = |codec: &&Codec| cfg!(feature = "paper") || **codec != Codec::PearPaper;
        assert!(Codec::ALL.iter().filter(built_in).all(|codec| known.contains(codec)));
    }

    #[test]
    fn codecs_have_names_and_numbers_of_their_own() {
        for (place, codec) in Codec::ALL.iter().enumerate() {
            let before = Codec::ALL[..place].last();
            assert!(
                before.is_none_or(|&before| (before as u8) < *codec as u8),
                "the list is by number"
            );
            let others = Codec::ALL.iter().filter(|other| other.name() == codec.name());
            assert_eq!(others.count(), 1, "{}", codec.name());
        }
    }
}
