//! The list of filters of codec `pear`: bytes of a group ⇄ symbols of the engine.
//!
//! A filter is a static that implements [`GroupFilter`], in a file of its own, and its
//! line in the list below. A filter that changes bytes in place is an
//! [`InPlace`](crate::filter::InPlace) in `src/filter`. Normative text: spec/codec.md §3.

mod bpe;
mod in_place;
mod judge;

use super::{CodecError, Partial, symbols};
use crate::arith::Isa;
use crate::model::{Contexts, Model, Spelling};

/// A filter.
trait GroupFilter: Sync {
    /// Number in the container.
    fn number(&self) -> u8;

    /// Name in messages.
    fn name(&self) -> &'static str;

    /// The filter made ready for a group that suits the model contexts `contexts`, if it
    /// pays at `level`. Deterministic: the same bytes give the same answer on every
    /// machine.
    fn prepare(
        &self,
        raw: &[u8],
        contexts: Contexts,
        level: u8,
        isa: Isa,
    ) -> Option<Box<dyn Prepared>>;

    /// Decodes the first `wanted` of `raw_length` bytes of a payload of codec `pear`.
    fn decode(&self, payload: &[u8], model: Model, raw_length: usize, wanted: usize) -> Partial;
}

/// A filter made ready for one group.
pub(super) trait Prepared {
    /// The model contexts that suit the symbols of a group whose bytes suit `contexts`.
    fn contexts(&self, contexts: Contexts) -> Contexts {
        contexts
    }

    /// The symbols of a group. If they are as many as its bytes they take their place;
    /// else the bytes are freed.
    fn apply(&self, raw: Vec<u8>) -> Vec<u8>;

    /// The `length` bytes of the group of which [`Prepared::apply`] made `symbols`.
    fn undo(&self, symbols: Vec<u8>, length: usize) -> Vec<u8>;

    /// The payload of the symbols, and the symbols again.
    fn encode(&self, symbols: Vec<u8>, model: Model, isa: Isa) -> (Vec<u8>, Vec<u8>) {
        symbols::encode(symbols, model, Spelling::default(), isa)
    }
}

macro_rules! filters {
    ($($(#[$doc:meta])* $name:ident = $filter:path,)*) => {
        /// The filters of codec `pear`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Filter { $($(#[$doc])* $name,)* }

        impl Filter {
            /// All filters, by number.
            pub const ALL: &[Filter] = &[$(Filter::$name,)*];

            fn get(self) -> &'static dyn GroupFilter {
                match self { $(Filter::$name => &$filter,)* }
            }
        }
    };
}

// By number. If several filters pay for a group, it gets the last of them.
filters! {
    /// Bytes as they are.
    None = crate::filter::none::NONE,
    /// Byte pairs replaced by tokens.
    Bpe = bpe::BPE,
    /// x86 call and jump targets made absolute.
    X86 = crate::filter::x86::X86,
}

impl Filter {
    /// Number in the container.
    pub fn number(self) -> u8 {
        self.get().number()
    }

    /// Name in messages.
    pub fn name(self) -> &'static str {
        self.get().name()
    }

    /// The filter of this number.
    ///
    /// # Errors
    /// [`CodecError::UnknownFilter`].
    pub fn parse(number: u8) -> Result<Filter, CodecError> {
        let found = Filter::ALL.iter().copied().find(|filter| filter.number() == number);
        found.ok_or(CodecError::UnknownFilter { filter: number })
    }

    /// See [`GroupFilter::decode`].
    pub(super) fn decode(
        self,
        payload: &[u8],
        model: Model,
        raw_length: usize,
        wanted: usize,
    ) -> Partial {
        self.get().decode(payload, model, raw_length, wanted)
    }
}

/// The last filter of the list that pays for a group. `none` always does.
pub(super) fn that_pays(
    raw: &[u8],
    contexts: Contexts,
    level: u8,
    isa: Isa,
) -> (Filter, Box<dyn Prepared>) {
    let paying = |&filter: &Filter| {
        filter.get().prepare(raw, contexts, level, isa).map(|prepared| (filter, prepared))
    };
    Filter::ALL.iter().rev().find_map(paying).expect("`none` always pays")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_have_names_and_numbers_of_their_own() {
        for &filter in Filter::ALL {
            assert_eq!(Filter::parse(filter.number()).unwrap(), filter);
            let others = Filter::ALL.iter().filter(|other| other.name() == filter.name());
            assert_eq!(others.count(), 1, "{}", filter.name());
        }
        assert!(Filter::parse(u8::MAX).is_err());
    }

    #[test]
    fn every_filter_that_pays_is_undone() {
        let mut code: Vec<u8> = super::super::samples::tests::noise(1 << 18);
        code.chunks_mut(50).for_each(|chunk| [chunk[0], chunk[4]] = [0xE8, 0]);
        let words = b"words and more words, and other words. ".repeat(8000);
        let mut paid = Vec::new();
        for (raw, contexts) in [(&code, Contexts::Binary), (&words, Contexts::Text)] {
            for &filter in Filter::ALL {
                let prepared = filter.get().prepare(raw, contexts, 1, Isa::best());
                let Some(prepared) = prepared else { continue };
                let symbols = prepared.apply(raw.clone());
                assert_eq!(symbols == *raw, filter == Filter::None);
                assert!(prepared.undo(symbols, raw.len()) == *raw);
                paid.push(filter);
            }
        }
        let must = [Filter::None, Filter::Bpe, Filter::X86];
        assert!(must.iter().all(|filter| paid.contains(filter)), "{paid:?}");
    }
}
