//! Filters that change the bytes of a group in place.

use super::{GroupFilter, Prepared};
use crate::arith::Isa;
use crate::codec::{Partial, symbols};
use crate::filter::InPlace;
use crate::model::{Contexts, Model, Spelling};

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

    fn decode(&self, payload: &[u8], model: Model, raw_length: usize, wanted: usize) -> Partial {
        let some = raw_length.min(wanted + self.look_ahead);
        let (spelling, isa) = (Spelling::default(), Isa::best());
        let mut decoded = symbols::decode(payload, model, spelling, isa, raw_length, some);
        (self.inverse)(&mut decoded.raw);
        decoded.raw.truncate(wanted);
        decoded
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
}
