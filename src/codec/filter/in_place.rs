//! Filters that change the bytes of a group in place.

use super::{GroupFilter, Origin, Prepared, State};
use crate::arith::Isa;
use crate::codec::{Partial, symbols};
use crate::filter::InPlace;
use crate::model::{Contexts, Spelling};

impl GroupFilter for InPlace {
    fn number(&self) -> u8 {
        self.number
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn prepare(&self, raw: &[u8], contexts: Contexts, _: u8, _: Isa) -> Option<Box<dyn Prepared>> {
        let pays = (self.pays)(raw, contexts == Contexts::Text);
        pays.then(|| Box::new(*self) as Box<dyn Prepared>)
    }

    fn in_place(&self) -> Option<&dyn Prepared> {
        Some(self)
    }

    fn prepare_behind(&self, _: &[u8], _: &State) -> Option<Box<dyn Prepared>> {
        Some(Box::new(*self))
    }

    fn decode(
        &self,
        payload: &[u8],
        from: Origin,
        raw_length: usize,
        wanted: usize,
        keep: bool,
    ) -> (Partial, Option<State>) {
        let some = if keep { raw_length } else { raw_length.min(wanted + self.look_ahead) };
        let begin = from.begin(Spelling::default);
        let (mut decoded, behind) = symbols::decode_from(payload, begin, raw_length, some, keep);
        (self.inverse)(&mut decoded.raw);
        decoded.raw.truncate(wanted);
        (decoded, behind.map(State::of))
    }
}

impl Prepared for InPlace {
    fn apply(&self, mut raw: Vec<u8>) -> Vec<u8> {
        (self.forward)(&mut raw);
        raw
    }

    fn undo(&self, mut symbols: Vec<u8>, _: usize) -> Vec<u8> {
        (self.inverse)(&mut symbols);
        symbols
    }

    fn for_others(self: Box<Self>, _: &[u8]) -> Box<dyn Prepared> {
        self
    }
}
