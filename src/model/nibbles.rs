//! The nibble engine: predicts a symbol as two nibbles, all fifteen nodes of one at once.
//!
//! A prediction of a bit waits for the bit before it. This engine does not: a lane is a
//! node of the nibble, so one pass over the inputs predicts every bit that may come, and
//! only the range coder goes from bit to bit. It has few inputs, each cheap: direct
//! counters of a few contexts ([`NibbleTable`]), and whole symbols that a match model and
//! indirect contexts predict.
//!
//! Normative text: spec/codec.md §5.12.

use super::array::Array;
use super::contexts::{ContextState, Spelling};
#[cfg(test)]
use super::engine::digest::{Digests, digest};
use super::escape::Escape;
use super::hash::GOLDEN;
use super::match_model::MatchModel;
use super::match_models::MATCH_LENGTHS;
use super::mixer::CLAMP;
use super::nibble_table::{NibbleTable, Slot, SlotPlace, next_bit};
use super::past::Past;
use super::predicted::PredictedSymbols;
use super::predictor::{BitCoder, Predictor};
use super::registered::Model;
use super::size::{Contexts, Size};
use crate::arith::{Simd, Vector, math};
use core::marker::PhantomData;

/// Contexts of a list that are computed.
const COMPUTED: usize = 8;
/// Which contexts of the lists Text and Tokens have counters, and which of the list Binary.
/// A class has the first ones.
pub const NIBBLE_CONTEXTS: [[usize; COMPUTED]; 2] =
    [[0, 1, 2, 3, 5, 6, 4, 7], [0, 1, 2, 5, 6, 7, 3, 4]];
/// Weight sets of each mixer context.
pub const NIBBLE_SETS: [usize; 2] = [68, 512];
/// Sum of the first weights of all inputs, in the selected sets together.
pub const NIBBLE_WEIGHT: f32 = 4.0;
/// Natural logarithm of 2 times 2^−23: what a step of a number's encoding is worth.
pub const BIT_STRETCH: f32 = 8.262_958e-8;

/// Numbers of each node for one nibble; lane 0 is unused.
struct Path {
    /// 1 for a node on the path of the nibble, else 0.
    visited: [f32; 16],
    /// The bit that is coded there, else 0.
    bits: [f32; 16],
    /// 1 or −1 for that bit, else 0.
    signs: [f32; 16],
}

static PATHS: [Path; 16] = {
    const NOWHERE: Path = Path { visited: [0.0; 16], bits: [0.0; 16], signs: [0.0; 16] };
    let mut paths = [NOWHERE; 16];
    let mut nibble = 0;
    while nibble < 16 {
        let mut node = 1;
        while node < 16 {
            let bit = next_bit(nibble, node);
            paths[nibble].visited[node] = 1.0;
            paths[nibble].bits[node] = bit as f32;
            paths[nibble].signs[node] = 2.0 * bit as f32 - 1.0;
            node = 2 * node + bit;
        }
        nibble += 1;
    }
    paths
};

/// The predictor of a group, for one instruction set. Of the size class it has the rates,
/// the limits of tables and the threshold of the escape flag.
#[derive(Clone)]
pub struct Nibbles<S: Simd, C: Size> {
    simd: S,
    model: Model,
    spelling: Spelling,
    past: Past,
    state: ContextState,
    table: NibbleTable,
    /// Hashes of the contexts of the next symbol, if `hashed`; else of one before.
    hashes: C::PerContext<u32>,
    hashed: bool,
    /// The slots of the nibble as they were found, and where.
    slots: C::PerContext<Slot>,
    places: C::PerContext<SlotPlace>,
    match_model: MatchModel,
    /// Lane 0: the match model; from lane 1 on the indirect contexts.
    predicted: PredictedSymbols,
    escape: Escape,
    /// The weight of each input at each node, of each set.
    weights: Vec<C::Predictions>,
    selected: [usize; 2],
    /// Of the contexts, of the match model, of the indirect contexts.
    inputs: C::Predictions,
    /// The probability of a one at each node.
    probabilities: Vector,
    /// Learning rate of the mixer.
    rate: f32,
    class: PhantomData<C>,
}

impl<S: Simd, C: Size> Predictor<S> for Nibbles<S, C> {
    const LANES: usize = 16;

    fn new(simd: S, model: Model, spelling: Spelling, past: Past, length: usize) -> Self {
        const {
            assert!(C::SIZE.contexts <= COMPUTED && C::SIZE.match_models == 1);
        };
        let sets = NIBBLE_SETS[0] + NIBBLE_SETS[1];
        let first = Vector([NIBBLE_WEIGHT / C::SIZE.predictions() as f32 / 2.0; 16]);
        Nibbles {
            simd,
            model,
            spelling,
            past,
            state: ContextState::new(C::SIZE.indirect),
            table: NibbleTable::new(model.hash_table_log2(length)),
            hashes: Array::from_fn(|_| 0),
            hashed: false,
            slots: Array::from_fn(|_| [0; 16]),
            places: Array::from_fn(|_| SlotPlace::default()),
            match_model: MatchModel::new(MATCH_LENGTHS[0], model.match_log2(length)),
            predicted: PredictedSymbols::default(),
            escape: Escape::new(C::SIZE.escape.expect("the class codes escape flags")),
            weights: vec![C::Predictions::from_fn(|_| first); sets],
            selected: [0; 2],
            inputs: Array::from_fn(|_| Vector::ZERO),
            probabilities: Vector::ZERO,
            rate: C::SIZE.mixer_rate(model.contexts, 0),
            class: PhantomData,
        }
    }

    fn follow(&mut self, next: Past) {
        self.past.follow(next);
    }

    #[inline(always)]
    fn past(&self) -> &Past {
        &self.past
    }

    fn into_group(self) -> Vec<u8> {
        self.past.into_group()
    }

    #[inline(always)]
    fn last_length(&self) -> usize {
        self.past.last().map_or(0, |&symbol| self.spelling.of(symbol).len())
    }

    #[inline(always)]
    fn begin_symbol(&mut self) -> Option<(u8, u32)> {
        if self.past.is_empty() {
            return None;
        }
        self.match_model.advance(self.simd, &self.past);
        let (length, symbol) = self.match_model.expected_next(&self.past);
        let probability = self.escape.offer(symbol, length, || self.state.agreement(symbol))?;
        Some((symbol, probability))
    }

    #[inline(always)]
    fn accept(&mut self, symbol: u8) {
        self.match_model.find(&self.past);
        self.hashed = false;
        self.append(symbol);
    }

    #[inline(always)]
    fn code(&mut self, coder: &mut impl BitCoder) {
        self.prepare();
        let high = self.code_nibble(coder, None);
        let low = self.code_nibble(coder, Some(high));
        let symbol = (high << 4 | low) as u8;
        self.rate = C::SIZE.mixer_rate(self.model.contexts, self.past.len());
        self.append(symbol);
        // The next symbol is seldom accepted. Its slots come while the rest is computed.
        self.hash();
        self.predicted.learn(self.simd, symbol);
    }

    #[cfg(test)]
    fn digests(&self) -> Digests {
        // Written out, so that a new field is not forgotten.
        let Nibbles {
            simd: _,
            model: _,
            spelling: _,
            past,
            state,
            table,
            hashes,
            hashed,
            slots,
            places,
            match_model,
            predicted,
            escape,
            weights,
            selected,
            inputs,
            probabilities,
            rate,
            class: _,
        } = self;
        vec![
            ("past", digest(&past[..])),
            ("context state", digest(state)),
            (
                "nibble table",
                digest((table, hashes.as_ref(), hashed, slots.as_ref(), places.as_ref())),
            ),
            ("match models", digest(match_model)),
            ("predicted symbols", digest(predicted)),
            ("escape flag", digest(escape)),
            ("mixer", digest((weights.iter().map(AsRef::as_ref).collect::<Vec<_>>(), selected))),
            ("inputs", digest((inputs.as_ref(), probabilities, rate.to_bits()))),
        ]
    }
}

/// The line of a context's slot: that of the first nibble, or of the second after `high`.
#[inline(always)]
fn line(hash: u32, high: Option<usize>) -> u32 {
    match high {
        None => hash,
        Some(high) => hash ^ (high as u32).wrapping_mul(GOLDEN) >> 7,
    }
}

/// The checksum of a context's slot: never 0, which empty slots have.
#[inline(always)]
fn checksum(hash: u32, high: Option<usize>) -> i16 {
    let nibble = high.map_or(1, |high| high as u16 + 16);
    ((hash >> 16) as u16 ^ nibble.wrapping_mul(0x9D3)) as i16 | 1
}

/// What the counters of a slot predict at each node, in the logistic domain. The encoding
/// of a number serves as its logarithm.
#[inline(always)]
fn stretched<S: Simd>(simd: S, slot: &Slot) -> S::F {
    let counters = simd.widen(simd.load_h(slot));
    let counters = simd.or_i(simd.add_i(counters, simd.splat_i(1 << 15)), simd.splat_i(15));
    let p = simd.to_float(counters);
    let rest = simd.sub(simd.splat(65_551.0), p);
    let x = simd.to_float(simd.sub_i(simd.bits(p), simd.bits(rest)));
    simd.mul(x, simd.splat(BIT_STRETCH))
}

/// What a predicted symbol predicts at each node, in the logistic domain: of the first
/// nibble, or of the second after `high`.
#[inline(always)]
fn expected<S: Simd>(simd: S, (symbol, strength): (usize, f32), high: Option<usize>) -> S::F {
    let (nibble, strength) = match high {
        None => (symbol >> 4, strength),
        Some(high) if symbol >> 4 & 15 == high => (symbol, strength),
        Some(_) => (symbol, 0.0),
    };
    simd.mul(simd.splat(strength), simd.load(&PATHS[nibble & 15].signs))
}

impl<S: Simd, C: Size> Nibbles<S, C> {
    /// Computes the hashes of the contexts and starts fetching the slots of the first nibble.
    #[inline(always)]
    fn hash(&mut self) {
        let mut hashes = [0; COMPUTED];
        self.state.hashes(&self.past, self.model.contexts, &mut hashes);
        let list = NIBBLE_CONTEXTS[usize::from(self.model.contexts == Contexts::Binary)];
        self.hashes = Array::from_fn(|k| hashes[list[k]]);
        self.hashed = true;
        self.prefetch(None);
    }

    /// Prepares a symbol: everything that depends on whole symbols.
    #[inline(always)]
    fn prepare(&mut self) {
        if !self.hashed {
            self.hash();
        }
        if !self.past.is_empty() {
            self.match_model.find(&self.past);
        }
        let (symbol, strength) = self.match_model.prediction();
        self.predicted.set(0, symbol, strength);
        self.predicted.set_indirect(1, self.state.indirect.histories());
    }

    /// Starts fetching the slots of a nibble.
    #[inline(always)]
    fn prefetch(&self, high: Option<usize>) {
        for &hash in self.hashes.iter() {
            self.table.prefetch(line(hash, high));
        }
    }

    /// Codes a nibble, the second one if the first is `high`, and learns it.
    #[inline(always)]
    fn code_nibble(&mut self, coder: &mut impl BitCoder, high: Option<usize>) -> usize {
        let nodes = self.predict(high);
        let mut node = 1;
        for _ in 0..4 {
            node = node << 1 | coder.code(nodes[node & 15] as u32) as usize;
        }
        let nibble = node & 15;
        if high.is_none() {
            self.prefetch(Some(nibble));
        }
        self.update(nibble);
        nibble
    }

    /// Returns the probability of a one at each node, in 1/2^16.
    #[inline(always)]
    fn predict(&mut self, high: Option<usize>) -> [i32; 16] {
        let simd = self.simd;
        for (k, &hash) in self.hashes.iter().enumerate() {
            let found = self.table.find(line(hash, high), checksum(hash, high));
            (self.places[k], self.slots[k]) = found;
        }
        self.select(high);
        for (input, slot) in self.inputs.iter_mut().zip(self.slots.iter()) {
            simd.store(&mut input.0, stretched(simd, slot));
        }
        for (k, input) in self.inputs.iter_mut().skip(C::SIZE.contexts).enumerate() {
            simd.store(&mut input.0, expected(simd, self.predicted.of_lane(k), high));
        }
        let [first, second] = self.selected.map(|set| &self.weights[set]);
        let mut sum = simd.splat(0.0);
        for (input, (first, second)) in self.inputs.iter().zip(first.iter().zip(second.iter())) {
            let weight = simd.add(simd.load(&first.0), simd.load(&second.0));
            sum = simd.add(sum, simd.mul(simd.load(&input.0), weight));
        }
        let x = simd.min(simd.max(sum, simd.splat(-CLAMP)), simd.splat(CLAMP));
        let p = math::squash(simd, x);
        simd.store(&mut self.probabilities.0, p);
        let p = simd.add_i(simd.truncate(simd.mul(p, simd.splat(65_536.0))), simd.splat_i(1));
        let mut nodes = [0; 16];
        simd.store_i(&mut nodes, simd.min_i(p, simd.splat_i(65_535)));
        nodes
    }

    /// Selects the weight sets of a nibble.
    #[inline(always)]
    fn select(&mut self, high: Option<usize>) {
        let (symbol, _) = self.match_model.prediction();
        let active = symbol != 0 && high.is_none_or(|high| symbol as usize >> 4 & 15 == high);
        let certainty = match active {
            true => (self.match_model.length_bucket() / 4 + 1).min(3),
            false => 0,
        };
        let before = match self.model.contexts {
            Contexts::Binary => self.state.position(),
            _ => (self.state.recent & 255) as usize,
        };
        let (nibble, second) = high.map_or((0, 0), |high| (high + 1, 256));
        self.selected = [4 * nibble + certainty, NIBBLE_SETS[0] + second + before];
    }

    /// Learns a nibble.
    #[inline(always)]
    fn update(&mut self, nibble: usize) {
        let simd = self.simd;
        let path = &PATHS[nibble & 15];
        let error = simd.sub(simd.load(&path.bits), simd.load(&self.probabilities.0));
        let step = simd.mul(simd.mul(error, simd.load(&path.visited)), simd.splat(self.rate));
        for set in self.selected {
            for (weight, input) in self.weights[set].iter_mut().zip(self.inputs.iter()) {
                let change = simd.mul(step, simd.load(&input.0));
                let new = simd.add(simd.load(&weight.0), change);
                simd.store(&mut weight.0, new);
            }
        }
        self.table.step(simd);
        for (place, slot) in self.places.iter().zip(self.slots.iter()) {
            self.table.learn(simd, *place, slot, nibble);
        }
    }

    /// Takes in a symbol, however it was coded.
    #[inline(always)]
    fn append(&mut self, symbol: u8) {
        self.escape.learn(symbol);
        self.past.push(symbol);
        self.match_model.prefetch(self.past.len(), self.state.recent << 8 | symbol as u64);
        self.state.push(&self.past, self.spelling.of(symbol), self.model.contexts);
    }
}
