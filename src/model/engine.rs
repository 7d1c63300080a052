//! The PEAR engine: experts, network, mixer and refinement for one group.
//!
//! Before each bit [`Engine::predict`] gives its probability; after it
//! [`Engine::update`] learns. Encoder and decoder make the same calls with the
//! same bits, so they hold the same state.
//!
//! Normative text: spec/codec.md §5.

mod experts;

use super::contexts::{Spelling, View};
use super::counters::Counters;
use super::guesses::Guesses;
use super::maps::Maps;
use super::matching::Matching;
use super::mixer::{LATE, Mixer};
use super::network::Network;
use super::past::Past;
use super::refine::ProbabilityMap;
use super::shape::Model;
use super::slots::{Counts, Held, Place, Slots};
use super::sure::Sure;
use crate::arith::{Block, Simd, math};

/// First weight of every input, times the number of experts.
const FIRST_WEIGHT: f32 = 2.4;
/// Learning rates of the network: output rows, residual layer, input rows.
const HEAD_RATE: f32 = 0.02;
const LAYER_RATE: f32 = 0.002;
const ROW_RATE: f32 = 0.02;
/// Most uses an adaptive map counts: its rate falls to 1/1021.5.
const MAP_LIMIT: i32 = 1020;
/// Weight of the refined probabilities against the mixed one.
const REFINED: f32 = 0.8;
/// Minimum lengths of the match models.
const MATCH_LENGTHS: [u32; 3] = [5, 8, 3];
/// The input that never changes.
const BIAS: f32 = 0.3;

/// Predictor of `N` contexts, `W` blocks of inputs, `K` selectors and a
/// network `B` blocks wide.
pub struct Engine<
    S: Simd,
    const N: usize,
    const W: usize,
    const K: usize,
    const B: usize,
    const M: usize,
    const C: usize,
    const DEEP: bool,
> {
    simd: S,
    past: Past,
    view: View,
    slots: Slots,
    hashes: [u32; N],
    places: [Place; N],
    held: Vec<Held>,
    counts: [Counts; C],
    maps: Vec<Maps>,
    counters: Vec<Counters>,
    matching: [Matching; M],
    network: Network<B, DEEP>,
    /// Only where the model asks about whole symbols.
    sure: Option<Sure>,
    guesses: Guesses,
    mixer: Mixer<W, K>,
    refine: [ProbabilityMap; 3],
    inputs: [Block; W],
    /// The byte's bits so far behind a leading one.
    partial: u32,
    /// Bits of the byte known: 0 ..= 7.
    bit_index: u32,
    /// Node of the nibble: its bits so far behind a leading one.
    node: usize,
    /// How many of the contexts 1 ..= 6 were known when the nibble began.
    seen: usize,
    /// Probabilities before refinement: in lane `MIXED` of all inputs, in lane `ALONE` of
    /// the network.
    chances: Block,
    /// Learning rate of the mixer.
    rate: f32,
    model: Model,
    spelling: Spelling,
}

impl<
    S: Simd,
    const N: usize,
    const W: usize,
    const K: usize,
    const B: usize,
    const M: usize,
    const C: usize,
    const DEEP: bool,
> Engine<S, N, W, K, B, M, C, DEEP>
{
    const GROUPS: usize = N.div_ceil(16);
    /// As many refining maps as there is time for.
    const REFINING_MAPS: usize = match N {
        0..=8 => 0,
        9..=24 => 2,
        _ => 3,
    };
    /// First block of what the counters predict.
    const COUNTED: usize = W - C.div_ceil(16);
    /// Where the inputs that are no experts stand: in the free half of the last
    /// group, or in a block of their own.
    const EXTRA: (usize, usize) =
        if !N.is_multiple_of(16) { (Self::GROUPS - 1, 8) } else { (Self::GROUPS, 0) };
    /// Lane of the input that never changes: behind the matches, before the followers.
    const BIASED: usize = Self::EXTRA.1 + M;
    /// Lanes of the probabilities before refinement.
    const MIXED: usize = 0;
    const ALONE: usize = 1;
    /// Block with the input that is ready late.
    const LATEST: usize = Self::COUNTED - 1;

    /// A fresh engine for the group of `past`, of which nothing was coded yet.
    /// `model` gives the sizes; its class must be the one of the constants.
    pub fn new(simd: S, model: Model, spelling: Spelling, past: Past) -> Self {
        const { assert!(matches!(N % 16, 0 | 8)) };
        const { assert!(K <= SELECTOR_SIZES.len() && M <= 3) };
        let length = past.group_length();
        let followed = model.class.followed();
        debug_assert!(Self::BIASED + followed < LATE);
        let match_log2 = model.match_log2(length);
        let sizes: [usize; K] = core::array::from_fn(|k| SELECTOR_SIZES[k]);
        Engine {
            simd,
            past,
            view: View::new(followed),
            slots: Slots::new(model.slots_log2(length), C > 0),
            hashes: [0; N],
            places: [Place::default(); N],
            held: vec![Held::default(); Self::GROUPS],
            counts: [[0; 16]; C],
            maps: (0..Self::GROUPS).map(|_| Maps::new(simd)).collect(),
            counters: vec![Counters::default(); C.div_ceil(16)],
            matching: core::array::from_fn(|k| Matching::new(MATCH_LENGTHS[k], match_log2)),
            network: Network::new(model.rows_log2(length)),
            sure: model.class.sure().map(Sure::new),
            guesses: Guesses::default(),
            mixer: Mixer::new(&sizes, FIRST_WEIGHT / N as f32),
            refine: core::array::from_fn(|k| {
                let used = k < Self::REFINING_MAPS;
                ProbabilityMap::new(if used { model.refine_log2(length) } else { 0 })
            }),
            inputs: [Block::ZERO; W],
            partial: 1,
            bit_index: 0,
            node: 1,
            seen: 0,
            chances: Block::ZERO,
            rate: model.mixer_rate(0),
            model,
            spelling,
        }
    }

    /// The next symbol, where the whole group is known.
    #[inline(always)]
    pub fn next_symbol(&self) -> Option<u8> {
        self.past.next()
    }

    /// Begins a symbol. If a long match is sure of it: the symbol, and the
    /// probability in 1/2^16 that it is that one. Then either `hold` follows or
    /// `prepare`; without one, `prepare`.
    #[inline(always)]
    pub fn begin_byte(&mut self) -> Option<(u8, u32)> {
        if self.past.is_empty() {
            return None;
        }
        for matching in &mut self.matching {
            matching.follow(self.past.len(), self.view.recent);
            matching.advance(self.simd, &self.past);
        }
        let sure = self.sure.as_mut()?;
        let (length, symbol) = self.matching[0].ahead(&self.past);
        let probability = sure.ask(symbol, length, || self.view.agreement(symbol))?;
        Some((symbol, probability))
    }

    /// The sure symbol came: nothing else is asked about it.
    #[inline(always)]
    pub fn hold(&mut self, symbol: u8) {
        for matching in &mut self.matching {
            matching.find(&self.past);
        }
        self.push(symbol);
    }

    /// Everything that depends on whole bytes and precedes the first bit.
    #[inline(always)]
    pub fn prepare(&mut self) {
        self.view.hashes(&self.past, self.model.contexts, &mut self.hashes);
        for hash in self.hashes {
            self.slots.prefetch(hash);
        }
        self.network.choose(self.view.recent, &self.view.grams());
        if !self.past.is_empty() {
            for matching in &mut self.matching {
                matching.find(&self.past);
            }
        }
        self.guess();
        self.network.forward(self.simd);
        self.select(0);
    }

    /// What the matches and what followed before guess the symbol to be.
    #[inline(always)]
    fn guess(&mut self) {
        for (k, matching) in self.matching.iter().enumerate() {
            let (symbol, strength) = matching.guess();
            self.guesses.guess(Self::EXTRA.1 + k, symbol, strength);
        }
        self.guesses.follow(Self::BIASED + 1, self.view.followers.all());
    }

    /// Probability that the next bit is one, in 1/2^16.
    #[inline(always)]
    pub fn predict(&mut self) -> u32 {
        let simd = self.simd;
        self.experts();
        let network = self.network.predict(simd, self.partial);
        let (mut expected, mut length) = (0, 0);
        for matching in &self.matching {
            if let Some(byte) = matching.expected(self.partial, self.bit_index) {
                (expected, length) = (byte as usize, length.max(1 + matching.strength()));
            }
        }
        self.fill_extra();
        let selected = self.choose(expected, length);
        let x = self.mixer.mix(simd, &self.inputs, (Self::LATEST, network), &selected);
        let mut chances = [0.0; 16];
        (chances[Self::MIXED], chances[Self::ALONE]) = (x, network);
        let chances = math::squash(simd, simd.load(&chances));
        simd.store(&mut self.chances.0, chances);
        let mut late = [0.0; 16];
        late[LATE] = network;
        self.overlay(Self::LATEST, simd.load(&late));
        let p = self.refined(x, simd.first(chances));
        ((p * 65536.0) as u32).clamp(1, 65535)
    }

    /// Refines the mixed prediction `x`, a probability of `mixed`.
    #[inline(always)]
    fn refined(&mut self, x: f32, mixed: f32) -> f32 {
        if Self::REFINING_MAPS == 0 {
            return mixed;
        }
        let mut refined = 0.0;
        for map in &mut self.refine[..Self::REFINING_MAPS] {
            refined += map.refine(x);
        }
        mixed * (1.0 - REFINED) + refined * (REFINED / Self::REFINING_MAPS as f32)
    }

    /// Fills the inputs that are no experts; the late one is 0 for now.
    #[inline(always)]
    fn fill_extra(&mut self) {
        let simd = self.simd;
        let bias = const {
            let mut lanes = [0.0; 16];
            lanes[Self::BIASED] = BIAS;
            lanes
        };
        // Adding makes 0 of the −0 of silent guesses, as `overlay` needs it.
        let guesses = self.guesses.predict(simd, self.bit_index);
        let extra = simd.add(guesses, simd.load(&bias));
        match Self::EXTRA {
            (block, 0) => simd.store(&mut self.inputs[block].0, extra),
            (block, _) => self.overlay(block, extra),
        }
    }

    /// Puts `lanes` over a block of inputs, of which one or the other is 0 in every
    /// lane. In registers: a vector load of lanes just stored one by one would wait
    /// for them.
    #[inline(always)]
    fn overlay(&mut self, block: usize, lanes: S::F) {
        let simd = self.simd;
        let inputs = &mut self.inputs[block].0;
        let bits = simd.or_i(simd.bits(simd.load(inputs)), simd.bits(lanes));
        simd.store(inputs, simd.with_bits(bits));
    }

    /// Chooses the refining maps' contexts and the mixer's weight sets, where a
    /// match of strength `length` expects the symbol `expected`.
    #[inline(always)]
    fn choose(&mut self, expected: usize, length: usize) -> [usize; K] {
        let recent = self.view.recent as usize;
        let (c1, c2) = (recent & 255, recent >> 8 & 255);
        let (partial, bit) = (self.partial as usize, self.bit_index as usize);
        let pair = recent as u32 & 0xFFFF;
        let third = hashed::<16>(pair | self.partial << 16);
        let contexts = [partial | c1 << 8, expected | partial << 8, third];
        for (map, context) in self.refine[..Self::REFINING_MAPS].iter_mut().zip(contexts) {
            map.choose(context);
        }
        let certainty = (length > 0) as usize + (length > 9) as usize;
        let classes = self.view.classes as usize;
        let other = self.matching[M - 1].expected(self.partial, self.bit_index).unwrap_or(0);
        let all = [
            partial,
            c1 + 256 * certainty,
            self.seen * 256 + length.min(15) * 8 + bit,
            (classes & 255) * 8 + bit,
            c2,
            expected * 8 + bit,
            self.view.select_position() * 8 + bit,
            (recent >> 16) & 255,
            hashed::<12>(self.view.word),
            hashed::<12>(pair),
            other as usize * 8 + bit,
            hashed::<12>(self.view.words[0]),
        ];
        core::array::from_fn(|k| all[k])
    }

    /// Learns the bit.
    #[inline(always)]
    pub fn update(&mut self, bit: u32) {
        let simd = self.simd;
        let chances = self.chances.0;
        let step = (bit as f32 - chances[Self::MIXED]) * self.rate;
        self.mixer.update(simd, &self.inputs, step);
        for map in &mut self.refine[..Self::REFINING_MAPS] {
            map.update(bit);
        }
        self.learn_experts(bit);
        self.guesses.update(simd, self.bit_index, bit);
        self.network.update(simd, self.partial, chances[Self::ALONE] - bit as f32, HEAD_RATE);
        self.partial = self.partial << 1 | bit;
        self.node = self.node << 1 | bit as usize;
        self.bit_index += 1;
        if self.bit_index == 3 {
            for hash in self.hashes {
                self.slots.prefetch(hash ^ self.partial);
            }
        }
        if self.bit_index == 4 {
            self.select(self.partial);
        }
    }

    /// Ends the byte.
    #[inline(always)]
    pub fn end_byte(&mut self) {
        self.rate = self.model.mixer_rate(self.past.len());
        self.network.backward(self.simd, LAYER_RATE, ROW_RATE);
        let symbol = self.partial as u8;
        self.guesses.learn(self.simd, symbol);
        self.push(symbol);
        self.partial = 1;
        self.bit_index = 0;
    }

    /// Takes in a symbol, however it was coded.
    #[inline(always)]
    fn push(&mut self, symbol: u8) {
        if let Some(sure) = &mut self.sure {
            sure.learn(symbol);
        }
        self.past.push(symbol);
        self.view.push(&self.past, self.spelling.of(symbol), self.model.contexts);
    }

    /// Length in bytes of what the symbol just coded stands for.
    #[inline(always)]
    pub fn last_length(&self) -> usize {
        self.past.last().map_or(0, |&symbol| self.spelling.of(symbol).len())
    }

    /// The symbols coded so far.
    pub fn into_past(self) -> Vec<u8> {
        self.past.into_symbols()
    }
}

/// Weight sets of each selector, in the order `choose` gives them.
const SELECTOR_SIZES: [usize; 12] =
    [256, 256 * 3, 2048, 2048, 256, 2048, 2048, 256, 4096, 4096, 2048, 4096];

/// A hash of `BITS` bits.
#[inline(always)]
fn hashed<const BITS: u32>(value: u32) -> usize {
    (value.wrapping_mul(0x9E37_79B1) >> (32 - BITS)) as usize
}
