//! The list of filters of codec `pear`: bytes of a group ⇄ symbols of the engine.
//!
//! A filter is a static that implements [`GroupFilter`], in a file of its own, and its
//! line in the list below. A filter that changes bytes in place is an
//! [`InPlace`](crate::filter::InPlace) in `src/filter`. Normative text: spec/codec.md §3.

mod bpe;
mod foreign;
mod in_place;
mod judge;

use super::symbols::{self, Behind};
use super::{CodecError, Partial};
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

    /// The filter itself, if it is the same for every group and leaves nothing in the
    /// payload.
    fn in_place(&self) -> Option<&dyn Prepared> {
        None
    }

    /// The filter made ready for a group behind `state`, which it was applied before;
    /// `None` if a group of these bytes cannot be coded there.
    fn prepare_behind(&self, raw: &[u8], state: &State) -> Option<Box<dyn Prepared>>;

    /// Decodes the first `wanted` of `raw_length` bytes of a payload of codec `pear`; all
    /// of them if the state behind them is to be kept.
    fn decode(
        &self,
        payload: &[u8],
        from: Origin,
        raw_length: usize,
        wanted: usize,
        keep: bool,
    ) -> (Partial, Option<State>);
}

/// All that a group behind another one starts from.
pub(super) struct State {
    /// The engine.
    pub engine: Behind,
    /// The byte pairs, with filter `bpe`.
    pairs: Option<bpe::Pairs>,
}

impl State {
    fn of(engine: Behind) -> State {
        State { engine, pairs: None }
    }
}

/// Where the coding of a group begins.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    /// With a fresh model, with tables for so many symbols; `None`: for those of the group.
    Anew(Model, Isa, Option<usize>),
    /// Behind another group.
    Behind(&'a State),
}

/// A group that was coded.
pub(super) struct Coded {
    /// The payload.
    pub payload: Vec<u8>,
    /// The symbols.
    pub symbols: Vec<u8>,
    /// The state behind them, if it was to be kept.
    pub state: Option<State>,
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

    /// The filter for a group that others will be coded behind; `raw` is the group that
    /// it was made ready for.
    fn for_others(self: Box<Self>, raw: &[u8]) -> Box<dyn Prepared>;

    /// Codes the symbols, and keeps the state behind them if `keep` is set.
    fn encode(&self, symbols: Vec<u8>, from: Origin, keep: bool) -> Coded {
        let coded = symbols::encode_from(symbols, from.begin(Spelling::default), keep);
        Coded { payload: coded.code, symbols: coded.symbols, state: coded.behind.map(State::of) }
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
        from: Origin,
        raw_length: usize,
        wanted: usize,
        keep: bool,
    ) -> (Partial, Option<State>) {
        self.get().decode(payload, from, raw_length, wanted, keep)
    }

    /// The state behind a group of `bytes` that begins at `from`, as if it had been coded.
    pub(super) fn learn(self, bytes: &[u8], from: Origin) -> Option<State> {
        let in_place = self.get().in_place()?;
        let symbols = in_place.apply(bytes.to_vec());
        in_place.encode(symbols, from, true).state
    }

    /// See [`GroupFilter::prepare_behind`].
    pub(super) fn prepare_behind(self, raw: &[u8], state: &State) -> Option<Box<dyn Prepared>> {
        self.get().prepare_behind(raw, state)
    }
}

impl Origin<'_> {
    /// The beginning of the range code. A fresh engine gets the spelling.
    fn begin(&self, spelling: impl FnOnce() -> Spelling) -> symbols::Begin<'_> {
        match *self {
            Origin::Anew(model, isa, tables) => {
                symbols::Begin::Anew { model, spelling: spelling(), isa, tables }
            }
            Origin::Behind(state) => symbols::Begin::Behind(&state.engine),
        }
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
