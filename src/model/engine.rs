//! The PEAR engine: predicts and learns the symbols of one group, bit by bit.
//!
//! Before each bit [`Engine::predict`] gives its probability; after it
//! [`Engine::update`] learns. Encoder and decoder make the same calls with the
//! same bits, so they hold the same state.
//!
//! Normative text: spec/codec.md §5.

#[cfg(test)]
pub mod digest;

use super::apm::ApmStages;
use super::array::Array;
use super::context_models::ContextModels;
use super::contexts::{ContextState, Spelling};
use super::escape::{DOUBLINGS, Escape};
use super::layout::{Inputs, Part};
use super::match_model::LONGEST;
use super::match_models::MatchModels;
use super::mixer::Mixer;
use super::network::Network;
use super::past::Past;
use super::predicted::PredictedSymbols;
use super::predictor::{BitCoder, Predictor};
use super::registered::Model;
use super::selection::{BitState, WEIGHT_SETS, apm_contexts, weight_sets};
use super::size::Size;
use crate::arith::{Simd, Vector, math};

/// First weight of every input, times the number of contexts.
pub const FIRST_WEIGHT: f32 = 2.4;
/// The input that never changes.
pub const BIAS: f32 = 0.3;

/// The part whose only input is [`BIAS`].
pub struct Bias;

impl<C: Size> Part<C> for Bias {
    const INPUTS: Inputs = Inputs::lanes(1);
}

/// Lanes of the two probabilities that are computed together: of all inputs mixed, and
/// of the network alone.
const MIXED: usize = 0;
const ALONE: usize = 1;

/// The predictor of a group, for one instruction set and one size class.
///
/// The calls for each symbol, in this order: [`begin_symbol`](Engine::begin_symbol); then
/// either [`accept`](Engine::accept), or [`prepare`](Engine::prepare), eight times
/// [`predict`](Engine::predict) and [`update`](Engine::update), and
/// [`end_symbol`](Engine::end_symbol).
#[derive(Clone)]
pub struct Engine<S: Simd, C: Size> {
    simd: S,
    model: Model,
    spelling: Spelling,
    past: Past,
    state: ContextState,
    contexts: ContextModels<C>,
    match_models: MatchModels<C>,
    /// What match models and indirect contexts predict.
    predicted: PredictedSymbols,
    network: Network<C>,
    /// Only in classes that code escape flags.
    escape: Option<Escape>,
    mixer: Mixer<C::Inputs, C::PerMixerContext>,
    apms: ApmStages<C>,
    inputs: C::Inputs,
    /// The symbol's bits so far behind a leading one.
    partial: u32,
    /// Bits of the symbol that are known: 0 ..= 7.
    bit_index: u32,
    /// Probabilities before the APM stages, in the lanes `MIXED` and `ALONE`.
    probabilities: Vector,
    /// Learning rate of the mixer.
    rate: f32,
}

impl<S: Simd, C: Size> Engine<S, C> {
    /// The vector that match models, bias, indirect contexts and network share.
    const SHARED: usize = C::LAYOUT.match_models.vector;

    /// Makes an engine for the group of `past`, of which nothing was coded yet, with
    /// tables for `length` symbols. `model` is one of class `C`.
    pub fn new(simd: S, model: Model, spelling: Spelling, past: Past, length: usize) -> Self {
        const {
            let layout = C::LAYOUT;
            assert!(layout.bias.vector == Self::SHARED && layout.indirect.vector == Self::SHARED);
            assert!(layout.network.vector == Self::SHARED);
            if let Some(escape) = C::SIZE.escape {
                assert!((LONGEST / escape.length).ilog2() < DOUBLINGS as u32);
            }
        };
        debug_assert_eq!(model.class.size().first_model, C::SIZE.first_model);
        let sets = Array::from_fn(|k| WEIGHT_SETS[k]);
        Engine {
            simd,
            model,
            spelling,
            past,
            state: ContextState::new(C::SIZE.indirect),
            contexts: ContextModels::new(simd, model.hash_table_log2(length)),
            match_models: MatchModels::new(model.match_log2(length)),
            predicted: PredictedSymbols::default(),
            network: Network::new(model.rows_log2(length)),
            escape: C::SIZE.escape.map(Escape::new),
            mixer: Mixer::new(&sets, FIRST_WEIGHT / C::SIZE.contexts as f32),
            apms: ApmStages::new(model.apm_log2(length)),
            inputs: Array::from_fn(|_| Vector::ZERO),
            partial: 1,
            bit_index: 0,
            probabilities: Vector::ZERO,
            rate: C::SIZE.mixer_rate(model.contexts, 0),
        }
    }

    /// Begins a symbol. If an escape flag is to be coded, returns the predicted symbol and
    /// the probability, in 1/2^16, that it is the one that comes. If the flag says so,
    /// `accept` follows, else `prepare`.
    #[inline(always)]
    pub fn begin_symbol(&mut self) -> Option<(u8, u32)> {
        if self.past.is_empty() {
            return None;
        }
        self.match_models.advance(self.simd, &self.past, self.state.recent);
        let escape = self.escape.as_mut()?;
        let (length, symbol) = self.match_models.first_expected(&self.past);
        let probability = escape.offer(symbol, length, || self.state.agreement(symbol))?;
        Some((symbol, probability))
    }

    /// Takes in the predicted symbol after its flag. Its bits are not coded, and the
    /// contexts do not learn.
    #[inline(always)]
    pub fn accept(&mut self, symbol: u8) {
        self.match_models.find(&self.past);
        self.append(symbol);
    }

    /// Prepares the eight bits of a symbol: everything that depends on whole symbols.
    #[inline(always)]
    pub fn prepare(&mut self) {
        self.state.hashes(&self.past, self.model.contexts, self.contexts.hashes());
        self.contexts.prefetch(0);
        self.network.select(self.state.recent, &self.state.ngrams());
        if !self.past.is_empty() {
            self.match_models.find(&self.past);
        }
        let lanes = C::LAYOUT.match_models.lane..;
        for (lane, (symbol, strength)) in lanes.zip(self.match_models.predictions()) {
            self.predicted.set(lane, symbol, strength);
        }
        self.predicted.set_indirect(C::LAYOUT.indirect.lane, self.state.indirect.histories());
        self.network.forward(self.simd);
        self.contexts.select(0);
    }

    /// Returns the probability, in 1/2^16, that the next bit is one.
    #[inline(always)]
    pub fn predict(&mut self) -> u32 {
        let simd = self.simd;
        self.contexts.predict(simd, &mut self.inputs);
        let network = self.network.predict(simd, self.partial);
        let expected = self.match_models.expected(self.partial, self.bit_index);
        self.fill_shared();
        let at = BitState {
            partial: self.partial as usize,
            bit: self.bit_index as usize,
            seen: self.contexts.seen(),
            expected,
            state: &self.state,
        };
        self.apms.select(apm_contexts(&at).as_ref());
        let sets = weight_sets(&at);
        let selected = Array::from_fn(|k| sets[k]);
        let x = self.mixer.mix(simd, &self.inputs, (C::LAYOUT.network, network), &selected);
        let mut probabilities = [0.0; 16];
        (probabilities[MIXED], probabilities[ALONE]) = (x, network);
        let probabilities = math::squash(simd, simd.load(&probabilities));
        simd.store(&mut self.probabilities.0, probabilities);
        let mut late = [0.0; 16];
        late[C::LAYOUT.network.lane] = network;
        self.overlay(simd.load(&late));
        let p = self.apms.refine(x, simd.first(probabilities));
        ((p * 65536.0) as u32).clamp(1, 65535)
    }

    /// Learns the bit.
    #[inline(always)]
    pub fn update(&mut self, bit: u32) {
        let simd = self.simd;
        let probabilities = self.probabilities.0;
        let step = (bit as f32 - probabilities[MIXED]) * self.rate;
        self.mixer.update(simd, &self.inputs, step);
        self.apms.update(bit);
        self.contexts.update(simd, bit);
        self.predicted.update(simd, self.bit_index, bit);
        self.network.update(simd, self.partial, probabilities[ALONE] - bit as f32);
        self.partial = self.partial << 1 | bit;
        self.bit_index += 1;
        if self.bit_index == 3 {
            self.contexts.prefetch(self.partial);
        }
        if self.bit_index == 4 {
            self.contexts.select(self.partial);
        }
    }

    /// Ends a symbol after its eight bits.
    #[inline(always)]
    pub fn end_symbol(&mut self) {
        self.rate = C::SIZE.mixer_rate(self.model.contexts, self.past.len());
        self.network.backward(self.simd);
        let symbol = self.partial as u8;
        self.predicted.learn(self.simd, symbol);
        self.append(symbol);
        self.partial = 1;
        self.bit_index = 0;
    }

    /// Fills the shared vector, in which the network's input is 0 for now.
    #[inline(always)]
    fn fill_shared(&mut self) {
        let simd = self.simd;
        let bias = const {
            let mut lanes = [0.0; 16];
            lanes[C::LAYOUT.bias.lane] = BIAS;
            lanes
        };
        // Adding makes 0 of the −0 of contradicted symbols, as `overlay` needs it.
        let predicted = self.predicted.predict(simd, self.bit_index);
        let inputs = simd.add(predicted, simd.load(&bias));
        match C::LAYOUT.match_models.lane {
            0 => simd.store(&mut self.inputs[Self::SHARED].0, inputs),
            // Contexts have the lanes below.
            _ => self.overlay(inputs),
        }
    }

    /// Puts `lanes` over the shared vector, of which one or the other is 0 in every
    /// lane. In registers: a vector load of lanes just stored one by one would wait
    /// for them.
    #[inline(always)]
    fn overlay(&mut self, lanes: S::F) {
        let simd = self.simd;
        let inputs = &mut self.inputs[Self::SHARED].0;
        let bits = simd.or_i(simd.bits(simd.load(inputs)), simd.bits(lanes));
        simd.store(inputs, simd.with_bits(bits));
    }

    /// Takes in a symbol, however it was coded.
    #[inline(always)]
    fn append(&mut self, symbol: u8) {
        if let Some(escape) = &mut self.escape {
            escape.learn(symbol);
        }
        self.past.push(symbol);
        self.state.push(&self.past, self.spelling.of(symbol), self.model.contexts);
    }
}

impl<S: Simd, C: Size> Predictor<S> for Engine<S, C> {
    const LANES: usize = if C::SIZE.contexts <= 8 { 8 } else { 16 };

    fn new(simd: S, model: Model, spelling: Spelling, past: Past, length: usize) -> Self {
        Engine::new(simd, model, spelling, past, length)
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
        Engine::begin_symbol(self)
    }

    #[inline(always)]
    fn accept(&mut self, symbol: u8) {
        Engine::accept(self, symbol);
    }

    #[inline(always)]
    fn code(&mut self, coder: &mut impl BitCoder) {
        self.prepare();
        for _ in 0..8 {
            let bit = coder.code(self.predict());
            self.update(bit);
        }
        self.end_symbol();
    }

    #[cfg(test)]
    fn digests(&self) -> digest::Digests {
        Engine::digests(self)
    }
}
