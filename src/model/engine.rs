//! The PEAR engine: contexts, network, mixer and APM stages for one group.
//!
//! Before each bit [`Engine::predict`] gives its probability; after it
//! [`Engine::update`] learns. Encoder and decoder make the same calls with the
//! same bits, so they hold the same state.
//!
//! Normative text: spec/codec.md §5.

mod slots;

use super::apm::Apm;
use super::contexts::{ContextState, Spelling};
use super::counters::Counters;
use super::escape::Escape;
use super::hash::hashed;
use super::hash_table::{Counts, HashTable, NibbleSlots, Place};
use super::layout::Layout;
use super::match_model::MatchModel;
use super::mixer::{LATE, Mixer};
use super::network::Network;
use super::past::Past;
use super::predicted::PredictedSymbols;
use super::size::Model;
use super::state_map::StateMaps;
use crate::arith::{Simd, Vector, math};

/// First weight of every input, times the number of contexts.
const FIRST_WEIGHT: f32 = 2.4;
/// Learning rates of the network: output rows, residual layer, input rows.
const HEAD_RATE: f32 = 0.02;
const LAYER_RATE: f32 = 0.002;
const ROW_RATE: f32 = 0.02;
/// Most uses an adaptive map counts: its rate falls to 1/1021.5.
const STATE_MAP_LIMIT: i32 = 1020;
/// Weight of the APM stages against the mixed one.
const APM_WEIGHT: f32 = 0.8;
/// Minimum lengths of the match models.
const MATCH_LENGTHS: [u32; 3] = [5, 8, 3];
/// The input that never changes.
const BIAS: f32 = 0.3;

/// Predictor of one size class; the constants are fields of [`super::size::SizeClass`].
pub struct Engine<
    S: Simd,
    const CONTEXTS: usize,
    const VECTORS: usize,
    const MIXER_CONTEXTS: usize,
    const WIDTH: usize,
    const MATCH_MODELS: usize,
    const COUNTERS: usize,
    const APM_STAGES: usize,
    const RESIDUAL: bool,
> {
    simd: S,
    past: Past,
    state: ContextState,
    hash_table: HashTable,
    hashes: [u32; CONTEXTS],
    places: [Place; CONTEXTS],
    nibble_slots: Vec<NibbleSlots>,
    counts: [Counts; COUNTERS],
    state_maps: Vec<StateMaps>,
    counters: Vec<Counters>,
    match_models: [MatchModel; MATCH_MODELS],
    network: Network<WIDTH, RESIDUAL>,
    /// Only where the model asks about whole symbols.
    escape: Option<Escape>,
    predicted: PredictedSymbols,
    mixer: Mixer<VECTORS, MIXER_CONTEXTS>,
    apms: [Apm; APM_STAGES],
    inputs: [Vector; VECTORS],
    /// The byte's bits so far behind a leading one.
    partial: u32,
    /// Bits of the symbol that are known: 0 ..= 7.
    bit_index: u32,
    /// Node of the nibble: its bits so far behind a leading one.
    node: usize,
    /// How many of the contexts 1 ..= 6 had a slot that was occupied when the nibble began.
    seen: usize,
    /// Probabilities before the APM stages: in lane `MIXED` of all inputs, in lane `ALONE` of
    /// the network.
    probabilities: Vector,
    /// Learning rate of the mixer.
    rate: f32,
    model: Model,
    spelling: Spelling,
}

impl<
    S: Simd,
    const CONTEXTS: usize,
    const VECTORS: usize,
    const MIXER_CONTEXTS: usize,
    const WIDTH: usize,
    const MATCH_MODELS: usize,
    const COUNTERS: usize,
    const APM_STAGES: usize,
    const RESIDUAL: bool,
>
    Engine<
        S,
        CONTEXTS,
        VECTORS,
        MIXER_CONTEXTS,
        WIDTH,
        MATCH_MODELS,
        COUNTERS,
        APM_STAGES,
        RESIDUAL,
    >
{
    const LAYOUT: Layout = Layout::of(CONTEXTS, MATCH_MODELS, COUNTERS);
    /// Lanes of the probabilities before the APM stages.
    const MIXED: usize = 0;
    const ALONE: usize = 1;

    /// Sets the symbols that match models and indirect contexts predict.
    #[inline(always)]
    fn predict_symbols(&mut self) {
        for (k, match_models) in self.match_models.iter().enumerate() {
            let (symbol, strength) = match_models.prediction();
            self.predicted.set(Self::LAYOUT.match_models + k, symbol, strength);
        }
        self.predicted.set_indirect(Self::LAYOUT.indirect, self.state.indirect.histories());
    }

    /// Refines the mixed prediction `x`, a probability of `mixed`.
    #[inline(always)]
    fn refined(&mut self, x: f32, mixed: f32) -> f32 {
        if APM_STAGES == 0 {
            return mixed;
        }
        let mut refined = 0.0;
        for stage in &mut self.apms {
            refined += stage.refine(x);
        }
        mixed * (1.0 - APM_WEIGHT) + refined * (APM_WEIGHT / APM_STAGES as f32)
    }

    /// Fills the inputs that are no contexts; the late one is 0 for now.
    #[inline(always)]
    fn fill_extra(&mut self) {
        let simd = self.simd;
        let bias = const {
            let mut lanes = [0.0; 16];
            lanes[Self::LAYOUT.bias] = BIAS;
            lanes
        };
        // Adding makes 0 of the −0 of contradicted symbols, as `overlay` needs it.
        let predicted = self.predicted.predict(simd, self.bit_index);
        let extra = simd.add(predicted, simd.load(&bias));
        match Self::LAYOUT.match_models {
            0 => simd.store(&mut self.inputs[Self::LAYOUT.shared].0, extra),
            _ => self.overlay(Self::LAYOUT.shared, extra),
        }
    }

    /// Puts `lanes` over a vector of inputs, of which one or the other is 0 in every
    /// lane. In registers: a vector load of lanes just stored one by one would wait
    /// for them.
    #[inline(always)]
    fn overlay(&mut self, vector: usize, lanes: S::F) {
        let simd = self.simd;
        let inputs = &mut self.inputs[vector].0;
        let bits = simd.or_i(simd.bits(simd.load(inputs)), simd.bits(lanes));
        simd.store(inputs, simd.with_bits(bits));
    }

    /// Selects the contexts of the APM stages and the mixer's weight sets, if a
    /// match of strength `length` expects the symbol `expected`.
    #[inline(always)]
    fn select_contexts(&mut self, expected: usize, length: usize) -> [usize; MIXER_CONTEXTS] {
        let recent = self.state.recent as usize;
        let (c1, c2) = (recent & 255, recent >> 8 & 255);
        let (partial, bit) = (self.partial as usize, self.bit_index as usize);
        let pair = recent as u32 & 0xFFFF;
        let third = hashed::<16>(pair | self.partial << 16);
        let contexts = [partial | c1 << 8, expected | partial << 8, third];
        for (stage, context) in self.apms.iter_mut().zip(contexts) {
            stage.select(context);
        }
        let certainty = (length > 0) as usize + (length > 9) as usize;
        let classes = self.state.classes as usize;
        let other = self.match_models[MATCH_MODELS - 1]
            .expected_symbol(self.partial, self.bit_index)
            .unwrap_or(0);
        let all = [
            partial,
            c1 + 256 * certainty,
            self.seen * 256 + length.min(15) * 8 + bit,
            (classes & 255) * 8 + bit,
            c2,
            expected * 8 + bit,
            self.state.select_position() * 8 + bit,
            (recent >> 16) & 255,
            hashed::<12>(self.state.word),
            hashed::<12>(pair),
            other as usize * 8 + bit,
            hashed::<12>(self.state.words[0]),
        ];
        core::array::from_fn(|k| all[k])
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

/// What a coder calls. Its order of calls is in spec/codec.md §5.
pub trait Predictor<S: Simd>: Sized {
    /// A fresh engine for the group of `past`, of which nothing was coded yet.
    /// `model` gives the sizes; its class must be the one of the constants.
    fn new(simd: S, model: Model, spelling: Spelling, past: Past) -> Self;
    /// The next symbol, if the whole group is known: for encoders.
    fn next_symbol(&self) -> Option<u8>;
    /// Begins a symbol. If an escape flag is to be coded, returns the predicted symbol and the
    /// probability in 1/2^16 that it is that one. Then either `accept` follows or
    /// `prepare`; without one, `prepare`.
    fn begin_symbol(&mut self) -> Option<(u8, u32)>;
    /// The predicted symbol came: its bits are not coded, and the contexts do not learn.
    fn accept(&mut self, symbol: u8);
    /// Everything that depends on whole bytes and precedes the first bit.
    fn prepare(&mut self);
    /// Probability that the next bit is one, in 1/2^16.
    fn predict(&mut self) -> u32;
    /// Learns the bit.
    fn update(&mut self, bit: u32);
    /// Ends the byte.
    fn end_symbol(&mut self);
    /// Length in bytes of what the symbol just coded stands for.
    fn last_length(&self) -> usize;
    /// The symbols coded so far.
    fn into_past(self) -> Vec<u8>;
}

impl<
    S: Simd,
    const CONTEXTS: usize,
    const VECTORS: usize,
    const MIXER_CONTEXTS: usize,
    const WIDTH: usize,
    const MATCH_MODELS: usize,
    const COUNTERS: usize,
    const APM_STAGES: usize,
    const RESIDUAL: bool,
> Predictor<S>
    for Engine<
        S,
        CONTEXTS,
        VECTORS,
        MIXER_CONTEXTS,
        WIDTH,
        MATCH_MODELS,
        COUNTERS,
        APM_STAGES,
        RESIDUAL,
    >
{
    fn new(simd: S, model: Model, spelling: Spelling, past: Past) -> Self {
        const { assert!(matches!(CONTEXTS % 16, 0 | 8)) };
        const { assert!(MIXER_CONTEXTS <= MIXER_CONTEXT_SIZES.len() && MATCH_MODELS <= 3) };
        let length = past.group_length();
        let indirect = model.class.size().indirect;
        debug_assert!(indirect <= Self::LAYOUT.room_for_indirect());
        let match_log2 = model.match_log2(length);
        let sizes: [usize; MIXER_CONTEXTS] = core::array::from_fn(|k| MIXER_CONTEXT_SIZES[k]);
        Engine {
            simd,
            past,
            state: ContextState::new(indirect),
            hash_table: HashTable::new(model.hash_table_log2(length), COUNTERS > 0),
            hashes: [0; CONTEXTS],
            places: [Place::default(); CONTEXTS],
            nibble_slots: vec![NibbleSlots::default(); Self::LAYOUT.context_vectors],
            counts: [[0; 16]; COUNTERS],
            state_maps: (0..Self::LAYOUT.context_vectors).map(|_| StateMaps::new(simd)).collect(),
            counters: vec![Counters::default(); COUNTERS.div_ceil(16)],
            match_models: core::array::from_fn(|k| MatchModel::new(MATCH_LENGTHS[k], match_log2)),
            network: Network::new(model.rows_log2(length)),
            escape: model.class.size().escape.map(Escape::new),
            predicted: PredictedSymbols::default(),
            mixer: Mixer::new(&sizes, FIRST_WEIGHT / CONTEXTS as f32),
            apms: core::array::from_fn(|_| Apm::new(model.apm_log2(length))),
            inputs: [Vector::ZERO; VECTORS],
            partial: 1,
            bit_index: 0,
            node: 1,
            seen: 0,
            probabilities: Vector::ZERO,
            rate: model.mixer_rate(0),
            model,
            spelling,
        }
    }

    #[inline(always)]
    fn next_symbol(&self) -> Option<u8> {
        self.past.next()
    }

    #[inline(always)]
    fn begin_symbol(&mut self) -> Option<(u8, u32)> {
        if self.past.is_empty() {
            return None;
        }
        for match_models in &mut self.match_models {
            match_models.prefetch(self.past.len(), self.state.recent);
            match_models.update(self.simd, &self.past);
        }
        let escape = self.escape.as_mut()?;
        let (length, symbol) = self.match_models[0].expected_next(&self.past);
        let probability = escape.offer(symbol, length, || self.state.agreement(symbol))?;
        Some((symbol, probability))
    }

    #[inline(always)]
    fn accept(&mut self, symbol: u8) {
        for match_models in &mut self.match_models {
            match_models.find(&self.past);
        }
        self.append(symbol);
    }

    #[inline(always)]
    fn prepare(&mut self) {
        self.state.hashes(&self.past, self.model.contexts, &mut self.hashes);
        for hash in self.hashes {
            self.hash_table.prefetch(hash);
        }
        self.network.select(self.state.recent, &self.state.ngrams());
        if !self.past.is_empty() {
            for match_models in &mut self.match_models {
                match_models.find(&self.past);
            }
        }
        self.predict_symbols();
        self.network.forward(self.simd);
        self.select(0);
    }

    #[inline(always)]
    fn predict(&mut self) -> u32 {
        let simd = self.simd;
        self.predict_slots();
        let network = self.network.predict(simd, self.partial);
        let (mut expected, mut length) = (0, 0);
        for match_models in &self.match_models {
            if let Some(byte) = match_models.expected_symbol(self.partial, self.bit_index) {
                (expected, length) = (byte as usize, length.max(1 + match_models.length_bucket()));
            }
        }
        self.fill_extra();
        let selected = self.select_contexts(expected, length);
        let x = self.mixer.mix(simd, &self.inputs, (Self::LAYOUT.shared, network), &selected);
        let mut probabilities = [0.0; 16];
        (probabilities[Self::MIXED], probabilities[Self::ALONE]) = (x, network);
        let probabilities = math::squash(simd, simd.load(&probabilities));
        simd.store(&mut self.probabilities.0, probabilities);
        let mut late = [0.0; 16];
        late[LATE] = network;
        self.overlay(Self::LAYOUT.shared, simd.load(&late));
        let p = self.refined(x, simd.first(probabilities));
        ((p * 65536.0) as u32).clamp(1, 65535)
    }

    #[inline(always)]
    fn update(&mut self, bit: u32) {
        let simd = self.simd;
        let probabilities = self.probabilities.0;
        let step = (bit as f32 - probabilities[Self::MIXED]) * self.rate;
        self.mixer.update(simd, &self.inputs, step);
        for stage in &mut self.apms {
            stage.update(bit);
        }
        self.learn_contexts(bit);
        self.predicted.update(simd, self.bit_index, bit);
        self.network.update(simd, self.partial, probabilities[Self::ALONE] - bit as f32, HEAD_RATE);
        self.partial = self.partial << 1 | bit;
        self.node = self.node << 1 | bit as usize;
        self.bit_index += 1;
        if self.bit_index == 3 {
            for hash in self.hashes {
                self.hash_table.prefetch(hash ^ self.partial);
            }
        }
        if self.bit_index == 4 {
            self.select(self.partial);
        }
    }

    #[inline(always)]
    fn end_symbol(&mut self) {
        self.rate = self.model.mixer_rate(self.past.len());
        self.network.backward(self.simd, LAYER_RATE, ROW_RATE);
        let symbol = self.partial as u8;
        self.predicted.learn(self.simd, symbol);
        self.append(symbol);
        self.partial = 1;
        self.bit_index = 0;
    }

    #[inline(always)]
    fn last_length(&self) -> usize {
        self.past.last().map_or(0, |&symbol| self.spelling.of(symbol).len())
    }

    fn into_past(self) -> Vec<u8> {
        self.past.into_symbols()
    }
}

/// Weight sets of each mixer context, in the order of `select_contexts`.
const MIXER_CONTEXT_SIZES: [usize; 12] =
    [256, 256 * 3, 2048, 2048, 256, 2048, 2048, 256, 4096, 4096, 2048, 4096];
